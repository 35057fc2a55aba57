//! A chain of balances and escrow.
use crate as pallet_escrow;
use frame::{deps::sp_io, testing_prelude::*};

use super::*;

/// Accounts that tests speak of.
pub(crate) const CLIENT: u64 = 1;
pub(crate) const OTHER_CLIENT: u64 = 2;
pub(crate) const PROVIDER: u64 = 3;
pub(crate) const OTHER_PROVIDER: u64 = 4;
/// What each client owns at genesis.
pub(crate) const ENDOWMENT: Balance = 1_000_000;
/// Existential deposit: large enough that falling below it is easy.
pub(crate) const EXISTENTIAL_DEPOSIT: Balance = 100;

#[frame_construct_runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeTask,
		RuntimeHoldReason,
		RuntimeFreezeReason,
		RuntimeViewFunction
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(2)]
	pub type Escrow = pallet_escrow;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlock<Self>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
}

parameter_types! {
	pub const EscrowPalletId: PalletId = PalletId(*b"ppl/escr");
}

impl Config for Test {
	type Currency = Balances;
	type PalletId = EscrowPalletId;
	type WeightInfo = ();
}

/// The genesis: two clients own money.
pub(crate) fn genesis() -> sp_io::TestExternalities {
	let balances = pallet_balances::GenesisConfig {
		balances: vec![(CLIENT, ENDOWMENT), (OTHER_CLIENT, ENDOWMENT)],
		..Default::default()
	};
	let mut state: sp_io::TestExternalities =
		RuntimeGenesisConfig { balances, ..Default::default() }.build_storage().unwrap().into();
	state.execute_with(|| System::set_block_number(1));
	state
}

/// Runs a test at block 1, and checks that all invariants hold after it, and that no money was made or lost.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	genesis().execute_with(|| {
		let issuance = Balances::total_issuance();
		test();
		assert_eq!(Balances::total_issuance(), issuance);
		check_state();
	});
}

/// All invariants, and exactly nothing in the pot but what is owed.
pub(crate) fn check_state() {
	Escrow::do_try_state().unwrap();
	let totals = Escrow::totals();
	assert_eq!(Balances::free_balance(Escrow::pot()), totals.locked + totals.earned + EXISTENTIAL_DEPOSIT);
}

/// All events of this pallet since the last look.
pub(crate) fn events() -> Vec<Event<Test>> {
	let events = System::read_events_for_pallet::<Event<Test>>();
	System::reset_events();
	events
}
