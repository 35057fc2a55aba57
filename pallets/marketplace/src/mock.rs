//! A chain of this pallet alone, with neighbours that do what the test says. `tests/integration.rs` wires the real ones.
#![allow(unreachable_pub, missing_debug_implementations, reason = "FRAME configures a runtime with public types only")]

use alloc::collections::{BTreeMap, BTreeSet};
use frame::{
	deps::{
		frame_support::storage::with_storage_layer,
		frame_system::{self, EnsureRoot},
		sp_core::{sr25519, Pair},
		sp_runtime::{traits::IdentityLookup, AccountId32},
	},
	testing_prelude::*,
	traits::{Consideration, Convert, Footprint},
};
use peoples_cloud_primitives::{
	holdings::Leaf,
	resource::ResourceKind,
	terms::{Acknowledgement, AcknowledgementV1},
	traits::{Escrow, Holdings, PeriodLedger, ProviderRegistry, ReputationSink},
	AgreementId, Balance, ColumnIndex, Hash32, Period,
};

use crate::{self as pallet_marketplace, AgreementView, CostView, MarketParams, SignedAck};

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
	#[runtime::pallet_index(41)]
	pub type Market = pallet_marketplace::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
}

impl crate::Config for Test {
	type Registry = Register;
	type Escrow = Pot;
	type Reputation = Reputation;
	type Holdings = Clock;
	type Consideration = Deposit;
	type DepositPrice = ColumnPrice;
	type ParamsOrigin = EnsureRoot<AccountId>;
	type MaxColumns = ConstU32<8>;
	type WeightInfo = ();
}

/// Blocks of a period.
pub(crate) const PERIOD: u32 = 10;
/// What each client has at first.
pub(crate) const WEALTH: Balance = 1_000_000;
pub(crate) const PARAMS: MarketParams = MarketParams {
	min_term: 2,
	max_duration: 50,
	max_ack_validity: 100,
	loss_penalty_periods: 3,
	loss_client_share_ppm: 400_000,
};

/// Whose stake, how much of it, and for whom which part.
type Slash = (AccountId, Balance, Vec<(AccountId, u32)>);

parameter_types! {
	/// First unresolved periods.
	pub static Cursors: BTreeMap<AccountId, Period> = BTreeMap::new();
	/// Leaves by provider.
	pub static Leaves: BTreeMap<AccountId, Vec<Leaf>> = BTreeMap::new();
	/// Whether all providers' slots of the current period have passed.
	pub static SlotPassed: bool = false;
	/// Misses that the clock found, by provider.
	pub static Missed: BTreeMap<AccountId, u32> = BTreeMap::new();
	/// The cursor at which misses terminate a provider.
	pub static TerminateAt: Option<Period> = None;
	/// Free money.
	pub static Free: BTreeMap<AccountId, Balance> = BTreeMap::new();
	/// Earned money.
	pub static Earned: BTreeMap<AccountId, Balance> = BTreeMap::new();
	/// Locks less refunds, by agreement.
	pub static Locks: BTreeMap<AgreementId, (AccountId, Balance)> = BTreeMap::new();
	/// Locked and neither credited nor refunded.
	pub static TotalLocked: Balance = 0;
	/// Chunks committed.
	pub static Committed: BTreeMap<AccountId, u64> = BTreeMap::new();
	/// Providers that take nothing on and extend nothing.
	pub static Unwilling: BTreeSet<AccountId> = BTreeSet::new();
	/// Slashes: whose, how much, for whom which part.
	pub static Slashes: Vec<Slash> = Vec::new();
	/// Bad evidence by provider.
	pub static Blame: BTreeMap<AccountId, u32> = BTreeMap::new();
	/// Columns that deposits were taken for, by client.
	pub static Deposits: BTreeMap<AccountId, u64> = BTreeMap::new();
}

/// The register's stand-in.
pub struct Register;
impl ProviderRegistry<AccountId> for Register {
	fn commit(provider: &AccountId, _: ResourceKind, units: u64) -> DispatchResult {
		ensure!(!Unwilling::get().contains(provider), DispatchError::Other("unwilling"));
		Committed::mutate(|all| *all.entry(provider.clone()).or_default() += units);
		Ok(())
	}
	fn release(provider: &AccountId, _: ResourceKind, units: u64) {
		Committed::mutate(|all| *all.get_mut(provider).unwrap() -= units);
	}
	fn committed(provider: &AccountId, _: ResourceKind) -> u64 {
		Committed::get().get(provider).copied().unwrap_or_default()
	}
	fn slash(provider: &AccountId, amount: Balance, shares: &[(AccountId, u32)]) -> Balance {
		Slashes::mutate(|slashes| slashes.push((provider.clone(), amount, shares.to_vec())));
		amount
	}
	fn stake(_: &AccountId) -> Balance {
		0
	}
	fn suspend(_: &AccountId) -> bool {
		false
	}
	fn reinstate(_: &AccountId) -> bool {
		false
	}
	fn terminate(_: &AccountId) {}
	fn is_unused() -> bool {
		Committed::get().is_empty()
	}
	fn is_active(provider: &AccountId) -> bool {
		!Unwilling::get().contains(provider)
	}
	fn would_extend(provider: &AccountId, _: ResourceKind, _: u64, _: Balance, _: u32) -> bool {
		!Unwilling::get().contains(provider)
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn prepare(_: &AccountId) {}
}

/// The reputation's stand-in.
pub struct Reputation;
impl ReputationSink<AccountId> for Reputation {
	fn note(provider: &AccountId, _: ResourceKind, good: u32, bad: u32) {
		assert_eq!(good, 0, "the clock notes proofs");
		Blame::mutate(|all| *all.entry(provider.clone()).or_default() += bad);
	}
}

/// The escrow's stand-in.
pub struct Pot;
impl Escrow<AccountId> for Pot {
	fn lock(agreement: AgreementId, client: &AccountId, amount: Balance) -> DispatchResult {
		let left = free(client).checked_sub(amount).ok_or(DispatchError::Other("poor"))?;
		Free::mutate(|all| all.insert(client.clone(), left));
		Locks::mutate(|all| assert!(all.insert(agreement, (client.clone(), amount)).is_none()));
		TotalLocked::mutate(|total| *total += amount);
		Ok(())
	}
	fn top_up(agreement: AgreementId, amount: Balance) -> DispatchResult {
		let client = Locks::get()[&agreement].0.clone();
		let left = free(&client).checked_sub(amount).ok_or(DispatchError::Other("poor"))?;
		Free::mutate(|all| all.insert(client, left));
		Locks::mutate(|all| all.get_mut(&agreement).unwrap().1 += amount);
		TotalLocked::mutate(|total| *total += amount);
		Ok(())
	}
	fn credit(provider: &AccountId, amount: Balance) -> DispatchResult {
		TotalLocked::mutate(|total| *total = total.checked_sub(amount).expect("only locked money is credited"));
		Earned::mutate(|all| *all.entry(provider.clone()).or_default() += amount);
		Ok(())
	}
	fn refund(agreement: AgreementId, amount: Balance) -> DispatchResult {
		assert_ne!(amount, 0);
		let client = Locks::get()[&agreement].0.clone();
		Locks::mutate(|all| all.get_mut(&agreement).unwrap().1 -= amount);
		TotalLocked::mutate(|total| *total = total.checked_sub(amount).expect("only locked money is refunded"));
		Free::mutate(|all| *all.entry(client).or_default() += amount);
		Ok(())
	}
	fn close(agreement: AgreementId, refund: Balance) -> DispatchResult {
		let (client, locked) = Locks::mutate(|all| all.remove(&agreement)).unwrap();
		assert!(refund <= locked);
		TotalLocked::mutate(|total| *total = total.checked_sub(refund).expect("only locked money is refunded"));
		Free::mutate(|all| *all.entry(client).or_default() += refund);
		Ok(())
	}
	fn locked(agreement: AgreementId) -> Option<Balance> {
		Locks::get().get(&agreement).map(|(_, amount)| *amount)
	}
	fn total_locked() -> Balance {
		TotalLocked::get()
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn fund(who: &AccountId) {
		Free::mutate(|all| all.insert(who.clone(), WEALTH * WEALTH));
	}
}

/// The proof clock's stand-in: periods are resolved when the test says so.
pub struct Clock;
impl Holdings<AccountId> for Clock {
	fn current_period() -> Period {
		System::block_number() / PERIOD
	}
	fn append(provider: &AccountId, leaf: &Leaf) -> Result<u64, DispatchError> {
		if Market::is_idle(provider) {
			let ahead = Self::current_period() + u32::from(SlotPassed::get());
			Cursors::mutate(|all| {
				let cursor = all.entry(provider.clone()).or_default();
				*cursor = ahead.max(*cursor);
			});
		}
		Leaves::mutate(|all| {
			let leaves = all.entry(provider.clone()).or_default();
			leaves.push(*leaf);
			Ok(leaves.len() as u64 - 1)
		})
	}
	fn first_unresolved(provider: &AccountId) -> Period {
		Cursors::get()[provider]
	}
	fn advance(provider: &AccountId, until: Period) -> Period {
		for _ in 0..4 {
			if is_terminated(provider) || cursor(provider) >= until.min(Self::current_period()) {
				break;
			}
			resolve(provider, false);
			if TerminateAt::get() == Some(cursor(provider)) {
				Market::on_terminated(provider, cursor(provider));
			}
		}
		cursor(provider)
	}
	fn is_behind(provider: &AccountId) -> bool {
		!is_terminated(provider) && cursor(provider) < Self::current_period()
	}
	fn challenged_until(provider: &AccountId) -> Period {
		cursor(provider).max(Self::current_period() + u32::from(SlotPassed::get()))
	}
	fn total_chunks(provider: &AccountId) -> u64 {
		Leaves::get().get(provider).map_or(0, |leaves| leaves.iter().map(|leaf| leaf.chunks).sum())
	}
	fn advance_weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn pass_periods(provider: &AccountId, periods: u32) {
		for _ in 0..periods {
			go_to(current().max(cursor(provider)));
			resolve(provider, true);
		}
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn make_heavy(_: &AccountId) {}
}

/// A deposit of one unit per column.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Deposit(u64);
impl Consideration<AccountId, Footprint> for Deposit {
	fn new(who: &AccountId, footprint: Footprint) -> Result<Self, DispatchError> {
		Deposits::mutate(|all| *all.entry(who.clone()).or_default() += footprint.count);
		Ok(Self(footprint.count))
	}
	fn update(self, _: &AccountId, _: Footprint) -> Result<Self, DispatchError> {
		unreachable!("an agreement keeps its columns")
	}
	fn drop(self, who: &AccountId) -> Result<(), DispatchError> {
		Deposits::mutate(|all| *all.get_mut(who).unwrap() -= self.0);
		Ok(())
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn ensure_successful(_: &AccountId, _: Footprint) {}
}

/// What a client's deposit comes to: a planck a column, as [`Deposits`] counts them.
pub struct ColumnPrice;
impl Convert<Footprint, Balance> for ColumnPrice {
	fn convert(footprint: Footprint) -> Balance {
		footprint.count.into()
	}
}

/// The state at genesis.
pub(crate) fn genesis_state() -> TestState {
	// Tests share threads, and so do the cases of a property test.
	Cursors::set(BTreeMap::new());
	Leaves::set(BTreeMap::new());
	SlotPassed::set(false);
	Missed::set(BTreeMap::new());
	TerminateAt::set(None);
	Free::set([(alice(), WEALTH), (bob(), WEALTH)].into());
	Earned::set(BTreeMap::new());
	Locks::set(BTreeMap::new());
	TotalLocked::set(0);
	Committed::set(BTreeMap::new());
	Unwilling::set(BTreeSet::new());
	Slashes::set(Vec::new());
	Blame::set(BTreeMap::new());
	Deposits::set(BTreeMap::new());
	let storage = RuntimeGenesisConfig {
		system: Default::default(),
		market: crate::GenesisConfig { params: PARAMS, ..Default::default() },
	}
	.build_storage()
	.unwrap();
	TestState::new(storage)
}

/// Runs a test from block 1 on and checks the invariants at its end.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	genesis_state().execute_with(|| {
		System::set_block_number(1);
		test();
		check();
	});
}

/// The state for benchmarks, with a keystore to sign acknowledgements.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn with_keystore() -> TestState {
	use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
	let mut state = genesis_state();
	state.register_extension(KeystoreExt::new(MemoryKeystore::new()));
	state.execute_with(|| System::set_block_number(1));
	state
}

/// The invariants, and that no money came or went.
pub(crate) fn check() {
	Market::do_try_state().unwrap();
	assert_eq!(Locks::get().len(), crate::Agreements::<Test>::iter_keys().count(), "a lock is of no agreement");
	let costs: Vec<CostView> = crate::Agreements::<Test>::iter_keys().map(|id| Market::cost(id).unwrap()).collect();
	let open: Balance = costs.iter().map(|cost| cost.locked - cost.earned).sum();
	let all: Balance = Free::get().values().sum::<Balance>() + Earned::get().values().sum::<Balance>() + open;
	assert_eq!(all, 2 * WEALTH, "money came or went");
}

/// Does all of something or nothing, as a dispatched call would: the stand-ins do not roll back by themselves.
pub(crate) fn all_or_nothing<Done, Refused: From<DispatchError>>(
	work: impl FnOnce() -> Result<Done, Refused>,
) -> Result<Done, Refused> {
	let clock = (Cursors::get(), Leaves::get(), Missed::get());
	let money = (Free::get(), Earned::get(), Locks::get(), TotalLocked::get(), Deposits::get());
	let register = (Committed::get(), Slashes::get(), Blame::get());
	with_storage_layer(work).inspect_err(|_| {
		Cursors::set(clock.0);
		Leaves::set(clock.1);
		Missed::set(clock.2);
		Free::set(money.0);
		Earned::set(money.1);
		Locks::set(money.2);
		TotalLocked::set(money.3);
		Deposits::set(money.4);
		Committed::set(register.0);
		Slashes::set(register.1);
		Blame::set(register.2);
	})
}

pub(crate) fn alice() -> AccountId {
	AccountId::new([201; 32])
}

pub(crate) fn bob() -> AccountId {
	AccountId::new([202; 32])
}

pub(crate) fn key(number: u8) -> sr25519::Pair {
	sr25519::Pair::from_seed(&[number; 32])
}

/// A provider's account.
pub(crate) fn provider(number: u8) -> AccountId {
	AccountId::new(key(number).public().0)
}

pub(crate) fn free(who: &AccountId) -> Balance {
	Free::get().get(who).copied().unwrap_or_default()
}

pub(crate) fn earned(who: &AccountId) -> Balance {
	Earned::get().get(who).copied().unwrap_or_default()
}

pub(crate) fn cursor(who: &AccountId) -> Period {
	Cursors::get()[who]
}

pub(crate) fn current() -> Period {
	Clock::current_period()
}

/// Moves to the first block of a period.
pub(crate) fn go_to(period: Period) {
	assert!(period >= current());
	System::set_block_number((period * PERIOD).max(1));
}

/// Resolves the period at the provider's cursor.
pub(crate) fn resolve(who: &AccountId, proven: bool) {
	let period = cursor(who);
	assert!(period <= current(), "period {period} is yet to come");
	Cursors::mutate(|all| all.insert(who.clone(), period + 1));
	Missed::mutate(|all| *all.entry(who.clone()).or_default() += u32::from(!proven));
	Market::on_period_resolved(who, period, proven);
}

fn is_terminated(who: &AccountId) -> bool {
	crate::Ledgers::<Test>::get(who).is_some_and(|ledger| ledger.terminated)
}

/// Moves on to `period` while all these providers prove every period before it.
pub(crate) fn prove_until(numbers: impl IntoIterator<Item = u8>, period: Period) {
	go_to(period);
	for number in numbers {
		while cursor(&provider(number)) < period {
			resolve(&provider(number), true);
		}
	}
}

/// Terminates a provider at its cursor.
pub(crate) fn terminate(number: u8) {
	Market::on_terminated(&provider(number), cursor(&provider(number)));
	Unwilling::mutate(|set| set.insert(provider(number)));
}

pub(crate) fn genesis() -> Hash32 {
	System::block_hash(0).0
}

/// Terms of Alice's upload `nonce` with a provider: one column of 4 chunks at a rate of 10 for 10 periods.
pub(crate) fn terms(nonce: u8, number: u8) -> AcknowledgementV1 {
	AcknowledgementV1 {
		genesis: genesis(),
		client: alice().into(),
		provider: provider(number).into(),
		nonce: [nonce; 16],
		root: [number; 32],
		chunks: 4,
		rate: 10,
		duration: 10,
		valid_until: System::block_number() + 20,
	}
}

pub(crate) fn sign(terms: AcknowledgementV1) -> SignedAck {
	let number = (0..=u8::MAX).find(|number| provider(*number) == AccountId::new(terms.provider)).unwrap();
	let ack = Acknowledgement::V1(terms);
	let signature = key(number).sign(&ack.signing_bytes()).0;
	SignedAck { ack, signature }
}

pub(crate) fn open_with(acks: Vec<SignedAck>) -> Result<AgreementId, DispatchError> {
	let id = crate::NextAgreement::<Test>::get();
	let acks = acks.try_into().unwrap();
	all_or_nothing(|| Market::open_storage(RuntimeOrigin::signed(alice()), [7; 32], 1, 1, acks, WEALTH))?;
	Ok(id)
}

/// Alice opens an agreement with these providers under the default terms.
pub(crate) fn open(nonce: u8, numbers: impl IntoIterator<Item = u8>) -> AgreementId {
	open_with(numbers.into_iter().map(|number| sign(terms(nonce, number))).collect()).unwrap()
}

pub(crate) fn agreement(id: AgreementId) -> AgreementView<AccountId> {
	Market::agreement(id).unwrap()
}

pub(crate) fn extend(id: AgreementId, periods: u32) -> DispatchResultWithPostInfo {
	all_or_nothing(|| Market::extend(RuntimeOrigin::signed(alice()), id, periods, WEALTH))
}

pub(crate) fn close(id: AgreementId) -> DispatchResultWithPostInfo {
	all_or_nothing(|| Market::close(RuntimeOrigin::signed(alice()), id))
}

pub(crate) fn settle(id: AgreementId) -> DispatchResultWithPostInfo {
	all_or_nothing(|| Market::settle(RuntimeOrigin::signed(bob()), id))
}

pub(crate) fn declare_lost(number: u8, id: AgreementId, column: ColumnIndex) -> DispatchResult {
	all_or_nothing(|| Market::declare_lost(RuntimeOrigin::signed(provider(number)), id, column))
}

pub(crate) fn mark_lost(id: AgreementId, column: ColumnIndex) -> DispatchResult {
	all_or_nothing(|| Market::mark_lost(RuntimeOrigin::signed(bob()), id, column))
}

pub(crate) fn replace(id: AgreementId, column: ColumnIndex, terms: AcknowledgementV1) -> DispatchResult {
	all_or_nothing(|| Market::replace_column(RuntimeOrigin::signed(bob()), id, column, sign(terms)))
}
