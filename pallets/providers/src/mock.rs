//! A chain of balances and providers.
use core::cell::RefCell;

use crate as pallet_providers;
use frame::{
	deps::sp_io,
	testing_prelude::*,
	token::{fungible::Balanced, OnUnbalanced},
	traits::Imbalance,
};

use super::*;

/// Accounts that tests speak of.
pub(crate) const PROVIDER: u64 = 1;
pub(crate) const OTHER_PROVIDER: u64 = 2;
pub(crate) const REPORTER: u64 = 3;
pub(crate) const CLIENT: u64 = 4;
/// Never has an account.
pub(crate) const NOBODY: u64 = 98;
pub(crate) const TREASURY: u64 = 99;
/// What everyone but nobody owns at genesis.
pub(crate) const ENDOWMENT: Balance = 100_000;
/// Large enough that falling below it is easy.
pub(crate) const EXISTENTIAL_DEPOSIT: Balance = 10;
pub(crate) const MIN_BOND: Balance = 1_000;
/// Bond per GiB.
pub(crate) const STAKE_PER_GIB: Balance = 100;
pub(crate) const UNBONDING_BLOCKS: BlockNumber = 50;
/// Units of storage in a GiB.
pub(crate) const GIB: u64 = 1 << 20;

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
	pub type Registry = pallet_providers;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Self>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
}

thread_local! {
	static SLASHED: RefCell<Vec<Balance>> = const { RefCell::new(Vec::new()) };
	static FORGOTTEN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Pays slashed stake to the treasury, and remembers each amount.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the trait that names it is public")]
pub struct ToTreasury;

impl OnUnbalanced<CreditOf<Test>> for ToTreasury {
	fn on_nonzero_unbalanced(credit: CreditOf<Test>) {
		SLASHED.with_borrow_mut(|slashed| slashed.push(credit.peek()));
		Balances::resolve(&TREASURY, credit).map_err(drop).unwrap();
	}
}

/// What went to the treasury since the last look.
pub(crate) fn to_treasury() -> Vec<Balance> {
	SLASHED.take()
}

/// What others say that forgetting takes.
pub(crate) const FORGET_WEIGHT: Weight = Weight::from_parts(12_345, 678);

/// Other pallets' records: remembers whose they were to forget.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the trait that names it is public")]
pub struct OtherRecords;

impl ProviderRecords<u64> for OtherRecords {
	fn forget(provider: &u64) {
		FORGOTTEN.with_borrow_mut(|forgotten| forgotten.push(*provider));
	}
	fn forget_weight() -> Weight {
		FORGET_WEIGHT
	}
}

/// Whose records went since the last look.
pub(crate) fn forgotten() -> Vec<u64> {
	FORGOTTEN.take()
}

impl Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OnSlash = ToTreasury;
	type Records = OtherRecords;
	type ParamsOrigin = EnsureRoot<u64>;
	type WeightInfo = ();
}

/// The rules of staking at genesis.
pub(crate) fn params() -> StakeParams {
	StakeParams { min_bond: MIN_BOND, stake_per_quote: STAKE_PER_GIB, unbonding_blocks: UNBONDING_BLOCKS }
}

/// A chain at block 1.
pub(crate) fn genesis() -> sp_io::TestExternalities {
	let rich = [PROVIDER, OTHER_PROVIDER, REPORTER, CLIENT, TREASURY];
	let balances = pallet_balances::GenesisConfig {
		balances: rich.map(|account| (account, ENDOWMENT)).into(),
		..Default::default()
	};
	let registry = GenesisConfig { params: params(), ..Default::default() };
	let mut state: sp_io::TestExternalities =
		RuntimeGenesisConfig { balances, registry, ..Default::default() }.build_storage().unwrap().into();
	state.execute_with(|| System::set_block_number(1));
	to_treasury();
	forgotten();
	state
}

/// Runs a test at block 1, and checks that all invariants hold after it, and that no money was made or lost.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	genesis().execute_with(|| {
		let issuance = Balances::total_issuance();
		test();
		assert_eq!(Balances::total_issuance(), issuance);
		Registry::do_try_state().unwrap();
	});
}

/// Lets blocks pass.
pub(crate) fn pass(blocks: BlockNumber) {
	System::set_block_number(System::block_number() + blocks);
}

/// All events of this pallet since the last look.
pub(crate) fn events() -> Vec<Event<Test>> {
	let events = System::read_events_for_pallet::<Event<Test>>();
	System::reset_events();
	events
}

/// A peer id like libp2p's of an Ed25519 key.
pub(crate) fn peer_id(number: u8) -> PeerId {
	let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
	bytes.extend([number; 32]);
	bytes.try_into().unwrap()
}

/// `/ip4/10.0.0.<number>/udp/4001/quic-v1`
pub(crate) fn addresses(number: u8) -> Addresses {
	let address = vec![0x04, 10, 0, 0, number, 0x91, 0x02, 0x0f, 0xa1, 0xcd, 0x03];
	vec![Address::try_from(address).unwrap()].try_into().unwrap()
}

/// A label.
pub(crate) fn label<B: TryFrom<Vec<u8>, Error = Vec<u8>>>(text: &str) -> B {
	text.as_bytes().to_vec().try_into().unwrap()
}

/// An offer of this many GiB.
pub(crate) fn offer(gib: u64) -> Offer {
	Offer { price: 5, capacity: gib * GIB, min_duration: 2, max_duration: 1_000 }
}

/// Registers a provider with this bond.
pub(crate) fn try_register(provider: u64, bond: Balance) -> DispatchResult {
	let number = provider as u8;
	Registry::register(
		RuntimeOrigin::signed(provider),
		peer_id(number),
		addresses(number),
		label("operator"),
		label("eu-west"),
		bond,
	)
}

/// Registers a provider with this bond, which must work.
pub(crate) fn register(provider: u64, bond: Balance) {
	assert_ok!(try_register(provider, bond));
	events();
}

/// Registers a provider with this bond that offers this many GiB.
pub(crate) fn register_with_offer(provider: u64, bond: Balance, gib: u64) {
	register(provider, bond);
	assert_ok!(Registry::set_offer(RuntimeOrigin::signed(provider), ResourceKind::Storage, offer(gib)));
	events();
}

/// What is on record.
pub(crate) fn info(provider: u64) -> ProviderInfo {
	Providers::<Test>::get(provider).unwrap()
}
