//! A chain of nothing but reputation.
use crate as pallet_reputation;
use frame::{deps::sp_io, testing_prelude::*};

use super::*;

/// Accounts that tests speak of.
pub(crate) const PROVIDER: u64 = 1;
pub(crate) const OTHER_PROVIDER: u64 = 2;
/// Blocks in which evidence halves.
pub(crate) const HALF_LIFE: BlockNumber = 1_000;

#[frame_construct_runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(RuntimeCall, RuntimeEvent, RuntimeError, RuntimeOrigin, RuntimeTask, RuntimeViewFunction)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Reputation = pallet_reputation;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Self>;
}

impl Config for Test {
	type ParamsOrigin = EnsureRoot<u64>;
	type WeightInfo = ();
}

/// A chain at block 1.
pub(crate) fn genesis() -> sp_io::TestExternalities {
	let reputation = GenesisConfig { half_life: HALF_LIFE, ..Default::default() };
	let mut state: sp_io::TestExternalities =
		RuntimeGenesisConfig { reputation, ..Default::default() }.build_storage().unwrap().into();
	state.execute_with(|| System::set_block_number(1));
	state
}

/// Runs a test at block 1, and checks that all invariants hold after it.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	genesis().execute_with(|| {
		test();
		Reputation::do_try_state().unwrap();
	});
}

/// Lets blocks pass.
pub(crate) fn pass(blocks: BlockNumber) {
	System::set_block_number(System::block_number() + blocks);
}
