//! A chain of this pallet alone. Its neighbours are records of what it told them; `pallet-marketplace` wires the real
//! ones in its integration tests.
#![allow(unreachable_pub, missing_debug_implementations, reason = "FRAME configures a runtime with public types only")]

use alloc::collections::{BTreeMap, BTreeSet};
use frame::{
	deps::{
		frame_support::{migrations::MultiStepMigrator, storage::with_storage_layer},
		frame_system::{self, limits, EnsureRoot},
		sp_runtime::{traits::IdentityLookup, AccountId32},
	},
	testing_prelude::*,
};
use peoples_cloud_primitives::{
	challenge,
	column::{chunk_value, left_chunks, parent_value, CHUNK_BYTES},
	holdings::{Commitment, Leaf, Node},
	resource::ResourceKind,
	storage_proof::{Answer, Content, StorageProof},
	traits::{BlockRandomness, Holdings, PeriodLedger, ProviderRegistry, ReputationSink},
	AgreementId, Balance, BlockNumber, Hash32, Period,
};

use crate::{self as pallet_storage_proofs, ChallengeView, ProofParams};

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
	#[runtime::pallet_index(44)]
	pub type StorageProofs = pallet_storage_proofs::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type MultiBlockMigrator = Migrator;
}

impl crate::Config for Test {
	type Registry = Register;
	type Reputation = Reputation;
	type Ledger = Market;
	type Randomness = Randomness;
	type ParamsOrigin = EnsureRoot<AccountId>;
	type SeedRing = ConstU32<SEED_RING>;
	type MaxOpen = ConstU32<4>;
	type MaxAdvance = ConstU32<6>;
	type WeightInfo = ();
}

pub(crate) const SEED_RING: u32 = 128;
pub(crate) const STAKE: Balance = 1_000_000;
pub(crate) const PARAMS: ProofParams = ProofParams {
	period_blocks: 20,
	window_blocks: 5,
	challenges: 4,
	missed_slash_ppm: 10_000,
	reporter_share_ppm: 100_000,
	suspend_after: 2,
	terminate_after: 4,
};

/// Whose stake, how much of it, and for whom which part.
type Slash = (AccountId, Balance, Vec<(AccountId, u32)>);

parameter_types! {
	/// Periods that the market was told of, in order.
	pub static Resolved: Vec<(AccountId, Period, bool)> = Vec::new();
	/// Providers that owe something.
	pub static Owing: BTreeSet<AccountId> = BTreeSet::new();
	/// Columns that are no longer owed.
	pub static Released: BTreeSet<AgreementId> = BTreeSet::new();
	/// Columns that are owed only until some period.
	pub static Ends: BTreeMap<AgreementId, Period> = BTreeMap::new();
	/// Whether a migration goes on.
	pub static Migrating: bool = false;
	/// Terminations that the market was told of.
	pub static Ended: Vec<(AccountId, Period)> = Vec::new();
	/// Slashes: whose, how much, for whom which part.
	pub static Slashes: Vec<Slash> = Vec::new();
	/// Providers that the register would know.
	pub static Registered: BTreeSet<AccountId> = BTreeSet::new();
	/// Suspended and terminated providers.
	pub static Suspended: BTreeSet<AccountId> = BTreeSet::new();
	pub static Terminated: BTreeSet<AccountId> = BTreeSet::new();
	/// Good and bad evidence.
	pub static Evidence: (u32, u32) = (0, 0);
	/// Whether blocks have randomness.
	pub static WithSeeds: bool = true;
}

/// The register's stand-in.
pub struct Register;
impl ProviderRegistry<AccountId> for Register {
	fn commit(_: &AccountId, _: ResourceKind, _: u64) -> DispatchResult {
		Ok(())
	}
	fn release(_: &AccountId, _: ResourceKind, _: u64) {}
	fn committed(_: &AccountId, _: ResourceKind) -> u64 {
		0
	}
	fn slash(provider: &AccountId, amount: Balance, shares: &[(AccountId, u32)]) -> Balance {
		Slashes::mutate(|slashes| slashes.push((provider.clone(), amount, shares.to_vec())));
		amount
	}
	fn stake(_: &AccountId) -> Balance {
		STAKE
	}
	fn suspend(provider: &AccountId) -> bool {
		Suspended::mutate(|set| set.insert(provider.clone()))
	}
	fn reinstate(provider: &AccountId) -> bool {
		Suspended::mutate(|set| set.remove(provider))
	}
	fn terminate(provider: &AccountId) {
		Terminated::mutate(|set| set.insert(provider.clone()));
	}
	fn is_unused() -> bool {
		Registered::get().is_empty()
	}
	fn is_active(provider: &AccountId) -> bool {
		!Suspended::get().contains(provider) && !Terminated::get().contains(provider)
	}
	fn would_extend(provider: &AccountId, _: ResourceKind, _: u64, _: Balance, _: u32) -> bool {
		Self::is_active(provider)
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn prepare(_: &AccountId) {}
}

/// The reputation's stand-in.
pub struct Reputation;
impl ReputationSink<AccountId> for Reputation {
	fn note(_: &AccountId, _: ResourceKind, good: u32, bad: u32) {
		Evidence::mutate(|evidence| *evidence = (evidence.0 + good, evidence.1 + bad));
	}
}

/// The market's stand-in.
pub struct Market;
impl PeriodLedger<AccountId> for Market {
	fn is_unused() -> bool {
		Owing::get().is_empty()
	}
	fn on_period_resolved(provider: &AccountId, period: Period, proven: bool) {
		Resolved::mutate(|resolved| resolved.push((provider.clone(), period, proven)));
	}
	fn is_idle(provider: &AccountId) -> bool {
		!Owing::get().contains(provider)
	}
	fn is_idle_from(provider: &AccountId, _: Period) -> bool {
		Self::is_idle(provider)
	}
	fn is_released(_: &AccountId, leaf: &Leaf, period: Period) -> bool {
		Released::get().contains(&leaf.agreement) || Ends::get().get(&leaf.agreement).is_some_and(|end| *end <= period)
	}
	fn is_released_weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn on_terminated(provider: &AccountId, first_unpaid: Period) {
		Ended::mutate(|ended| ended.push((provider.clone(), first_unpaid)));
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn make_owe(provider: &AccountId, _: u32) {
		Owing::mutate(|owing| owing.insert(provider.clone()));
	}
}

/// Says that a migration goes on while the test wants one.
pub struct Migrator;
impl MultiStepMigrator for Migrator {
	fn ongoing() -> bool {
		Migrating::get()
	}
	fn step() -> Weight {
		Weight::zero()
	}
}

/// Randomness that differs from block to block.
pub struct Randomness;
impl BlockRandomness for Randomness {
	fn current() -> Option<Hash32> {
		WithSeeds::get().then(|| frame::hashing::blake2_256(&System::block_number().encode()))
	}
}

pub(crate) fn account(number: u8) -> AccountId {
	AccountId::new([number; 32])
}

pub(crate) fn alice() -> AccountId {
	account(1)
}

pub(crate) fn reporter() -> AccountId {
	account(200)
}

/// The state at genesis.
pub(crate) fn genesis() -> TestState {
	// Tests share threads, and so do the cases of a property test.
	Resolved::set(Vec::new());
	Owing::set(BTreeSet::new());
	Released::set(BTreeSet::new());
	Ends::set(BTreeMap::new());
	Migrating::set(false);
	Ended::set(Vec::new());
	Slashes::set(Vec::new());
	Registered::set(BTreeSet::new());
	Suspended::set(BTreeSet::new());
	Terminated::set(BTreeSet::new());
	Evidence::set((0, 0));
	WithSeeds::set(true);
	let storage = RuntimeGenesisConfig {
		system: Default::default(),
		storage_proofs: crate::GenesisConfig { params: PARAMS, ..Default::default() },
	}
	.build_storage()
	.unwrap();
	TestState::new(storage)
}

/// Runs a test from block 1 on and checks the invariants at its end.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	genesis().execute_with(|| {
		System::set_block_number(1);
		test();
		StorageProofs::do_try_state().unwrap();
	});
}

/// Finalises the current block and begins the next one.
pub(crate) fn next_block() {
	let number = System::block_number();
	StorageProofs::on_finalize(number);
	System::set_block_consumed_resources(Weight::zero(), 0);
	System::set_block_number(number + 1);
	StorageProofs::on_initialize(number + 1);
}

/// As [`next_block`], with the current block full of ordinary transactions.
pub(crate) fn next_block_after_a_full_one() {
	let limits: limits::BlockWeights = <Test as frame_system::Config>::BlockWeights::get();
	let most = limits.get(DispatchClass::Normal).max_total.unwrap();
	System::set_block_consumed_resources(most, 0);
	next_block();
}

pub(crate) fn run_to(block: BlockNumber) {
	assert!(block >= System::block_number(), "block {block} has passed");
	while System::block_number() < block {
		next_block();
	}
}

pub(crate) fn slot(provider: &AccountId, period: Period) -> BlockNumber {
	challenge::slot_block(&provider.clone().into(), period, PARAMS.period_blocks).unwrap()
}

pub(crate) fn cursor(provider: &AccountId) -> Period {
	<StorageProofs as Holdings<AccountId>>::first_unresolved(provider)
}

/// Does all of something or nothing, as a dispatched call would: the stand-ins do not roll back by themselves.
pub(crate) fn all_or_nothing<Done, Refused: From<DispatchError>>(
	work: impl FnOnce() -> Result<Done, Refused>,
) -> Result<Done, Refused> {
	let told = (Resolved::get(), Ended::get(), Slashes::get(), Evidence::get());
	let sets = (Suspended::get(), Terminated::get());
	with_storage_layer(work).inspect_err(|_| {
		Resolved::set(told.0);
		Ended::set(told.1);
		Slashes::set(told.2);
		Evidence::set(told.3);
		Suspended::set(sets.0);
		Terminated::set(sets.1);
	})
}

pub(crate) fn prove(provider: &AccountId, period: Period, proof: StorageProof) -> DispatchResultWithPostInfo {
	let proof = Box::new(proof);
	all_or_nothing(|| StorageProofs::prove(RuntimeOrigin::signed(reporter()), provider.clone(), period, proof))
}

pub(crate) fn report(provider: &AccountId, period: Period) -> DispatchResult {
	all_or_nothing(|| StorageProofs::report_missed(RuntimeOrigin::signed(reporter()), provider.clone(), period))
}

pub(crate) fn advance(provider: &AccountId) -> DispatchResultWithPostInfo {
	all_or_nothing(|| StorageProofs::advance(RuntimeOrigin::signed(reporter()), provider.clone()))
}

/// A provider that really has its bytes.
#[derive(Clone)]
pub(crate) struct Holder {
	pub(crate) account: AccountId,
	pub(crate) leaves: Vec<Leaf>,
	pub(crate) removed: BTreeSet<u64>,
	columns: Vec<Vec<u8>>,
}

impl Holder {
	pub(crate) fn new(account: AccountId) -> Self {
		Self { account, leaves: Vec::new(), removed: BTreeSet::new(), columns: Vec::new() }
	}

	/// Alice with some columns of different lengths, from block 1 on.
	pub(crate) fn with_columns() -> Self {
		let mut holder = Self::new(alice());
		for chunks in [3, 1, 8] {
			holder.take_on(chunks).unwrap();
		}
		holder
	}

	/// Takes another column on; agreements are numbered like leaves.
	pub(crate) fn take_on(&mut self, chunks: u64) -> Result<u64, DispatchError> {
		let agreement = self.leaves.len() as u64;
		let column: Vec<u8> =
			(0..chunks as usize * CHUNK_BYTES).map(|at| (at / 7 + agreement as usize * 31) as u8).collect();
		let leaf = Leaf { agreement, root: *blake3::hash(&column).as_bytes(), chunks };
		let number = all_or_nothing(|| StorageProofs::append(&self.account, &leaf))?;
		assert_eq!(number, agreement);
		Owing::mutate(|owing| owing.insert(self.account.clone()));
		self.leaves.push(leaf);
		self.columns.push(column);
		Ok(number)
	}

	/// The view of its duty.
	pub(crate) fn challenge(&self) -> Option<ChallengeView> {
		StorageProofs::duty(self.account.clone()).unwrap().challenge
	}

	/// Honest answers to a challenge.
	pub(crate) fn answers(&self, challenge: &ChallengeView) -> Vec<Answer> {
		let total = challenge.holdings.total_chunks();
		challenge::positions(&challenge.seed, total, challenge.challenges)
			.into_iter()
			.map(|position| self.answer(&challenge.holdings, position))
			.collect()
	}

	/// Answers that show nothing of these leaves.
	pub(crate) fn answers_without(&self, challenge: &ChallengeView, leaves: &[u64]) -> Vec<Answer> {
		let mut answers = self.answers(challenge);
		for answer in answers.iter_mut().filter(|answer| leaves.contains(&answer.number)) {
			answer.content = Content::Released;
		}
		answers
	}

	/// An honest answer to the challenge that is open now.
	pub(crate) fn proof(&self) -> StorageProof {
		StorageProof::V1(self.answers(&self.challenge().unwrap()))
	}

	/// Proves the challenge that is open now.
	pub(crate) fn prove(&self) -> DispatchResultWithPostInfo {
		let challenge = self.challenge().unwrap();
		prove(&self.account, challenge.period, StorageProof::V1(self.answers(&challenge)))
	}

	/// Removes a leaf.
	pub(crate) fn remove(&mut self, number: u64) -> DispatchResultWithPostInfo {
		let path = self.path(self.leaves.len() as u64, number);
		let leaf = self.leaves[number as usize];
		let origin = RuntimeOrigin::signed(reporter());
		let info = all_or_nothing(|| StorageProofs::remove_leaf(origin, self.account.clone(), number, leaf, path))?;
		self.removed.insert(number);
		Ok(info)
	}

	fn answer(&self, holdings: &Commitment, position: u64) -> Answer {
		let mut before = 0;
		for (number, leaf) in self.leaves.iter().enumerate() {
			let chunks = if self.removed.contains(&(number as u64)) { 0 } else { leaf.chunks };
			if position < before + chunks {
				let index = position - before;
				let data = &self.columns[number];
				let at = index as usize * CHUNK_BYTES;
				return Answer {
					number: number as u64,
					leaf: *leaf,
					leaf_path: self.path(holdings.leaves(), number as u64),
					content: Content::Chunk {
						bytes: data[at..at + CHUNK_BYTES].try_into().unwrap(),
						path: column_path(data, index),
					},
				};
			}
			before += chunks;
		}
		panic!("position beyond the holdings")
	}

	/// Siblings of a leaf in the tree over the first `leaves` leaves.
	pub(crate) fn path(&self, leaves: u64, number: u64) -> Vec<Node> {
		let mut first = 0u64;
		for height in (0..32u32).rev().filter(|height| leaves >> height & 1 == 1) {
			if number < first + (1 << height) {
				return (0..height)
					.map(|level| self.node(first + ((((number - first) >> level) ^ 1) << level), level))
					.collect();
			}
			first += 1 << height;
		}
		panic!("no such leaf")
	}

	fn node(&self, first: u64, height: u32) -> Node {
		match height.checked_sub(1) {
			None if self.removed.contains(&first) => Node::ZERO,
			None => self.leaves[first as usize].node(),
			Some(below) => Node::parent(&self.node(first, below), &self.node(first + (1 << below), below)).unwrap(),
		}
	}
}

/// Siblings of a chunk up to its column's root.
fn column_path(column: &[u8], index: u64) -> Vec<Hash32> {
	let mut path = Vec::new();
	subtree(column, 0, index, &mut path);
	path
}

fn subtree(data: &[u8], first: u64, index: u64, path: &mut Vec<Hash32>) -> Hash32 {
	let chunks = (data.len() / CHUNK_BYTES) as u64;
	if chunks == 1 {
		return chunk_value(first, data.try_into().unwrap());
	}
	let left = left_chunks(chunks);
	let (a, b) = data.split_at(left as usize * CHUNK_BYTES);
	let left_value = subtree(a, first, index, path);
	let right_value = subtree(b, first + left, index, path);
	if (first..first + left).contains(&index) {
		path.push(right_value);
	} else if (first + left..first + chunks).contains(&index) {
		path.push(left_value);
	}
	parent_value(&left_value, &right_value)
}
