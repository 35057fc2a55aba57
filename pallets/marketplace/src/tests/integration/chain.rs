//! The runtime of balances and all storage pallets, its blocks, and what must hold in every state.
#![allow(unreachable_pub, missing_debug_implementations, reason = "FRAME configures a runtime with public types only")]

use frame::{
	deps::{
		frame_support::traits::{
			fungible::HoldConsideration, tokens::imbalance::ResolveTo, LinearStoragePrice, OnFinalize, OnIdle,
			OnInitialize,
		},
		frame_system::{self, limits, EnsureRoot},
		sp_runtime::{traits::IdentityLookup, AccountId32},
	},
	testing_prelude::*,
};
use peoples_cloud_primitives::{traits::BlockRandomness, Balance, BlockNumber, Hash32};

use crate as pallet_marketplace;
use crate::MarketParams;

pub(crate) type AccountId = AccountId32;
type Block = MockBlockU32<Test>;

#[frame_construct_runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system::Pallet<Test>;
	#[runtime::pallet_index(7)]
	pub type Balances = pallet_balances::Pallet<Test>;
	#[runtime::pallet_index(40)]
	pub type Providers = pallet_providers::Pallet<Test>;
	#[runtime::pallet_index(41)]
	pub type Marketplace = pallet_marketplace::Pallet<Test>;
	#[runtime::pallet_index(42)]
	pub type Escrow = pallet_escrow::Pallet<Test>;
	#[runtime::pallet_index(43)]
	pub type Reputation = pallet_reputation::Pallet<Test>;
	#[runtime::pallet_index(44)]
	pub type StorageProofs = pallet_storage_proofs::Pallet<Test>;
}

/// The indices of the pallets above that are ours.
pub(crate) const OUR_PALLETS: core::ops::RangeInclusive<u8> = 40..=44;
/// The least balance with which an account exists.
pub(crate) const EXISTENTIAL_DEPOSIT: Balance = 10;
/// Blocks of a period.
pub(crate) const PERIOD: BlockNumber = 10;
/// Blocks with room in which a challenge may be answered.
pub(crate) const WINDOW: BlockNumber = 4;
/// Blocks whose randomness is kept: more than twelve periods. Production's window, which is the default, must fit twice.
pub(crate) const SEED_RING: u32 = 128;
/// What the rich have at first.
pub(crate) const WEALTH: Balance = 1_000_000;
/// What the poor client has at first: two or three small agreements with their deposits.
pub(crate) const POVERTY: Balance = 2_500;
/// A provider's least bond: it backs ten chunks.
pub(crate) const MIN_BOND: Balance = 100;
/// Bond for each chunk committed.
pub(crate) const BOND_PER_CHUNK: Balance = 10;
/// Blocks that stake waits on its way out.
pub(crate) const UNBONDING: BlockNumber = 25;

pub(crate) const MARKET: MarketParams = MarketParams {
	min_term: 2,
	max_duration: 20,
	max_ack_validity: 50,
	loss_penalty_periods: 3,
	loss_client_share_ppm: 400_000,
};

/// The proof clock at genesis.
pub(crate) fn proofs() -> pallet_storage_proofs::ProofParams {
	pallet_storage_proofs::ProofParams {
		period_blocks: PERIOD,
		window_blocks: WINDOW,
		challenges: 3,
		missed_slash_ppm: 100_000,
		reporter_share_ppm: 200_000,
		suspend_after: 2,
		terminate_after: 4,
	}
}

/// The rules of staking at genesis.
pub(crate) fn staking() -> pallet_providers::StakeParams {
	pallet_providers::StakeParams {
		min_bond: MIN_BOND,
		stake_per_quote: BOND_PER_CHUNK << 20,
		unbonding_blocks: UNBONDING,
	}
}

parameter_types! {
	pub TreasuryAccount: AccountId = AccountId::new([250; 32]);
	pub const EscrowPalletId: PalletId = PalletId(*b"ppl/escr");
	pub const DepositBase: Balance = 50;
	pub const DepositPerByte: Balance = 1;
	pub const DepositReason: RuntimeHoldReason =
		RuntimeHoldReason::Marketplace(pallet_marketplace::HoldReason::AgreementDeposit);
	/// Whether the current block has randomness.
	pub static WithSeed: bool = true;
	/// Makes the randomness of one test differ from another's.
	pub static Salt: u64 = 0;
	/// All money there is.
	pub static Issuance: Balance = 0;
}

type DepositPrice = LinearStoragePrice<DepositBase, DepositPerByte, Balance>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
	type DustRemoval = ResolveTo<TreasuryAccount, Balances>;
}

impl pallet_providers::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OnSlash = ResolveTo<TreasuryAccount, Balances>;
	type Records = (Marketplace, StorageProofs, Reputation, Escrow);
	type ParamsOrigin = EnsureRoot<AccountId>;
	type WeightInfo = ();
}

impl pallet_escrow::Config for Test {
	type Currency = Balances;
	type PalletId = EscrowPalletId;
	type WeightInfo = ();
}

impl pallet_reputation::Config for Test {
	type ParamsOrigin = EnsureRoot<AccountId>;
	type WeightInfo = ();
}

impl pallet_storage_proofs::Config for Test {
	type Registry = Providers;
	type Reputation = Reputation;
	type Ledger = Marketplace;
	type Randomness = Randomness;
	type ParamsOrigin = EnsureRoot<AccountId>;
	type SeedRing = ConstU32<SEED_RING>;
	type MaxOpen = ConstU32<4>;
	type MaxAdvance = ConstU32<6>;
	type WeightInfo = ();
}

impl pallet_marketplace::Config for Test {
	type Registry = Providers;
	type Escrow = Escrow;
	type Reputation = Reputation;
	type Holdings = StorageProofs;
	type Consideration = HoldConsideration<AccountId, Balances, DepositReason, DepositPrice>;
	type DepositPrice = DepositPrice;
	type ParamsOrigin = EnsureRoot<AccountId>;
	type MaxColumns = ConstU32<8>;
	type WeightInfo = ();
}

/// Randomness that differs from block to block.
pub struct Randomness;
impl BlockRandomness for Randomness {
	fn current() -> Option<Hash32> {
		WithSeed::get().then(|| frame::hashing::blake2_256(&(Salt::get(), System::block_number()).encode()))
	}
}

/// How a block turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
	/// With randomness and room.
	Plain,
	/// Full of ordinary transactions: no proof got in.
	Full,
	/// Without randomness.
	Seedless,
}

/// The clients: two rich ones and a poor one.
pub(crate) fn client(number: u8) -> AccountId {
	AccountId::new([201 + number % CLIENTS; 32])
}

/// How many clients there are.
pub(crate) const CLIENTS: u8 = 3;

/// Pays for everything that no test counts: new providers' money, foremost.
pub(crate) fn bank() -> AccountId {
	AccountId::new([240; 32])
}

/// Signs what anyone may sign.
pub(crate) fn passer_by() -> AccountId {
	AccountId::new([241; 32])
}

/// Runs a test from block 1 on.
pub(crate) fn execute(salt: u64, test: impl FnOnce()) {
	WithSeed::set(true);
	Salt::set(salt);
	let balances = [
		(client(0), WEALTH),
		(client(1), WEALTH),
		(client(2), POVERTY),
		(bank(), 100 * WEALTH),
		(passer_by(), WEALTH),
		(TreasuryAccount::get(), EXISTENTIAL_DEPOSIT),
	];
	let genesis = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig { balances: balances.into(), ..Default::default() },
		providers: pallet_providers::GenesisConfig { params: staking(), ..Default::default() },
		marketplace: crate::GenesisConfig { params: MARKET, ..Default::default() },
		storage_proofs: pallet_storage_proofs::GenesisConfig { params: proofs(), ..Default::default() },
		..Default::default()
	};
	TestState::new(genesis.build_storage().unwrap()).execute_with(|| {
		System::set_block_number(1);
		AllPalletsWithSystem::on_initialize(1);
		Issuance::set(Balances::total_issuance());
		test();
		check();
	});
}

/// Finalises the current block and begins the next one.
pub(crate) fn finish_block(kind: BlockKind) {
	let number = System::block_number();
	if kind == BlockKind::Full {
		let limits: limits::BlockWeights = <Test as frame_system::Config>::BlockWeights::get();
		let most = limits.get(DispatchClass::Normal).max_total.unwrap();
		System::set_block_consumed_resources(most, 0);
	} else {
		AllPalletsWithSystem::on_idle(number, Weight::MAX);
	}
	WithSeed::set(kind != BlockKind::Seedless);
	AllPalletsWithSystem::on_finalize(number);
	WithSeed::set(true);
	System::set_block_consumed_resources(Weight::zero(), 0);
	System::set_block_number(number + 1);
	AllPalletsWithSystem::on_initialize(number + 1);
}

/// What must hold in every state: each pallet's own invariants, and that all money is accounted for.
pub(crate) fn check() {
	Providers::do_try_state().unwrap();
	Marketplace::do_try_state().unwrap();
	Escrow::do_try_state().unwrap();
	Reputation::do_try_state().unwrap();
	StorageProofs::do_try_state().unwrap();
	// Nothing is minted or burnt, and all of it is someone's.
	assert_eq!(Balances::total_issuance(), Issuance::get(), "money was minted or burnt");
	let owned: Balance =
		frame_system::Account::<Test>::iter_values().map(|account| account.data.free + account.data.reserved).sum();
	assert_eq!(owned, Issuance::get(), "money is nobody's");
	// The pot has what it owes, and nothing more.
	let totals = Escrow::totals();
	assert_eq!(
		Balances::free_balance(Escrow::pot()),
		totals.locked + totals.earned + EXISTENTIAL_DEPOSIT,
		"the pot is not what it owes"
	);
	// What the pallets cannot ask of each other: nothing is locked or committed but for the market.
	assert_eq!(
		pallet_escrow::Locks::<Test>::iter_keys().count(),
		crate::Agreements::<Test>::iter_keys().count(),
		"a lock is of no agreement"
	);
	assert!(
		pallet_providers::Committed::<Test>::iter_keys().all(|(who, _)| crate::Ledgers::<Test>::contains_key(who)),
		"units are committed to no agreement"
	);
	// Whatever is kept about a provider has its stake behind it.
	let registered = pallet_providers::Providers::<Test>::contains_key::<AccountId>;
	assert!(crate::Ledgers::<Test>::iter_keys().all(registered), "there is a ledger of no provider");
	assert!(pallet_storage_proofs::Duties::<Test>::iter_keys().all(registered), "there is a duty of no provider");
	assert!(
		pallet_reputation::Records::<Test>::iter_keys().all(|(who, _)| registered(who)),
		"there is evidence about no provider"
	);
}

/// What an account owns, held money included.
pub(crate) fn wealth(account: &AccountId) -> Balance {
	let data = frame_system::Account::<Test>::get(account).data;
	data.free + data.reserved
}
