//! How stake elects validators: by Phragmén's method, computed off-chain by the validators, checked on-chain.

use alloc::{vec, vec::Vec};
use codec::Decode;
use frame_election_provider_support::{
	bounds::{ElectionBounds, ElectionBoundsBuilder},
	onchain, BalancingConfig, BoundedSupportsOf, ElectionDataProvider, ElectionProvider, InstantElectionProvider,
	PageIndex, SequentialPhragmen, VoterOf,
};
use frame_support::{
	dispatch::DispatchClass,
	parameter_types,
	traits::{ConstBool, ConstU32, Get},
	weights::Weight,
};
use frame_system::EnsureRoot;
use pallet_election_provider_multi_phase::{GeometricDepositBase, SolutionAccuracyOf, WeightInfo};
use sp_runtime::{
	traits::{SaturatedConversion, TrailingZeroInput},
	transaction_validity::TransactionPriority,
	PerU16, Perbill, Percent,
};

use super::{
	babe::{MaxAuthorities, MaxNominators},
	governance::DepositsToTreasury,
	system::BlockLength,
	BlockWeights,
};
use crate::{
	AccountId, Balance, Balances, BlockNumber, Runtime, RuntimeEvent, Staking, TransactionPayment, MICRO, PPL,
};

/// Validators that one nominator can name.
pub(super) const NOMINATIONS: u32 = 16;
/// A miner balances its solution in so many rounds at most.
const BALANCING_ROUNDS: u32 = 10;

frame_election_provider_support::generate_solution_type!(
	#[compact]
	pub struct Solution16::<
		VoterIndex = u32,
		TargetIndex = u16,
		Accuracy = PerU16,
		MaxVoters = ElectingVoters,
	>(16)
);

parameter_types! {
	/// The voters with the most stake; others' votes do not count in that election.
	pub const ElectingVoters: u32 = 10_000;
	pub ElectionSize: ElectionBounds =
		ElectionBoundsBuilder::default().voters_count(10_000.into()).targets_count(1_000.into()).build();
	/// What one block can elect by itself if nobody has sent a solution: of all candidates, by the largest voters.
	pub OnChainElectionSize: ElectionBounds =
		ElectionBoundsBuilder::default().voters_count(1_000.into()).targets_count(1_000.into()).build();

	/// A quarter of the era's last session each.
	pub Phase: BlockNumber = (pallet_clock::EpochDuration::<Runtime>::get() / 4).saturated_into::<BlockNumber>().max(1);
	/// Tries of a miner lie so far apart.
	pub OffchainRepeat: BlockNumber = (Phase::get() / 5).max(1);
	/// Before all that people send, behind what consensus needs.
	pub const MinerPriority: TransactionPriority = TransactionPriority::MAX / 4;
	pub MinerMaxWeight: Weight = BlockWeights::get()
		.get(DispatchClass::Normal)
		.max_extrinsic
		.unwrap_or_default();
	pub MinerMaxLength: u32 = Perbill::from_percent(90) * *BlockLength::get().max.get(DispatchClass::Normal);

	pub const SignedReward: Balance = PPL;
	pub const SignedDeposit: Balance = 10 * PPL;
	pub const SignedDepositIncrease: Percent = Percent::from_percent(10);
	pub const SignedDepositByte: Balance = 10 * MICRO;
}

/// Random, so that miners do not all find the same.
#[derive(Debug)]
pub struct Balancing;

impl Get<Option<BalancingConfig>> for Balancing {
	fn get() -> Option<BalancingConfig> {
		let seed = sp_io::offchain::random_seed();
		let random = u32::decode(&mut TrailingZeroInput::new(&seed)).unwrap_or_default();
		let iterations = random.checked_rem(BALANCING_ROUNDS.saturating_add(1)).unwrap_or_default();
		Some(BalancingConfig { iterations: iterations.saturated_into(), tolerance: 0 })
	}
}

/// The election that genesis, and a block without a solution, hold by themselves.
#[derive(Debug)]
pub struct OnChainSeqPhragmen;

impl onchain::Config for OnChainSeqPhragmen {
	type Sort = ConstBool<true>;
	type System = Runtime;
	type Solver = SequentialPhragmen<AccountId, SolutionAccuracyOf<Runtime>>;
	type MaxBackersPerWinner = MaxNominators;
	type MaxWinnersPerPage = MaxAuthorities;
	type DataProvider = Staking;
	type WeightInfo = frame_election_provider_support::weights::SubstrateWeight<Runtime>;
	type Bounds = OnChainElectionSize;
}

/// What a block elects by itself from the stakes of now, whether there was time for a snapshot or not.
///
/// The SDK's on-chain election takes the snapshot of the phases: of up to ten times the voters, and an era that ends before
/// its phases began, after a pause in which no block was made, would have none. Elections then stop until root ends it.
#[derive(Debug)]
pub struct ElectedByTheBlock;

type OnChain = onchain::OnChainExecution<OnChainSeqPhragmen>;

impl ElectionProvider for ElectedByTheBlock {
	type AccountId = AccountId;
	type BlockNumber = BlockNumber;
	type Error = <OnChain as ElectionProvider>::Error;
	type MaxWinnersPerPage = <OnChain as ElectionProvider>::MaxWinnersPerPage;
	type MaxBackersPerWinner = <OnChain as ElectionProvider>::MaxBackersPerWinner;
	type MaxBackersPerWinnerFinal = <OnChain as ElectionProvider>::MaxBackersPerWinnerFinal;
	type Pages = <OnChain as ElectionProvider>::Pages;
	type DataProvider = Staking;

	fn elect(page: PageIndex) -> Result<BoundedSupportsOf<Self>, Self::Error> {
		OnChain::elect(page)
	}

	fn start() -> Result<(), Self::Error> {
		OnChain::start()
	}

	fn duration() -> BlockNumber {
		OnChain::duration()
	}

	fn status() -> Result<Option<Weight>, ()> {
		OnChain::status()
	}
}

impl InstantElectionProvider for ElectedByTheBlock {
	fn instant_elect(
		_voters: Vec<VoterOf<Staking>>,
		_targets: Vec<AccountId>,
		_desired: u32,
	) -> Result<BoundedSupportsOf<Self>, Self::Error> {
		Self::elect(0)
	}

	fn bother() -> bool {
		false
	}
}

impl pallet_election_provider_multi_phase::MinerConfig for Runtime {
	type AccountId = AccountId;
	type Solution = Solution16;
	type MaxVotesPerVoter = <Staking as ElectionDataProvider>::MaxVotesPerVoter;
	type MaxLength = MinerMaxLength;
	type MaxWeight = MinerMaxWeight;
	type MaxWinners = MaxAuthorities;
	type MaxBackersPerWinner = MaxNominators;

	fn solution_weight(voters: u32, targets: u32, active_voters: u32, degree: u32) -> Weight {
		<Self as pallet_election_provider_multi_phase::Config>::WeightInfo::submit_unsigned(
			voters,
			targets,
			active_voters,
			degree,
		)
	}
}

impl pallet_election_provider_multi_phase::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type Currency = Balances;
	type EstimateCallFee = TransactionPayment;
	type UnsignedPhase = Phase;
	type SignedPhase = Phase;
	type BetterSignedThreshold = ();
	type OffchainRepeat = OffchainRepeat;
	type MinerTxPriority = MinerPriority;
	type MinerConfig = Self;
	type SignedMaxSubmissions = ConstU32<10>;
	type SignedMaxWeight = MinerMaxWeight;
	type SignedMaxRefunds = ConstU32<3>;
	type SignedRewardBase = SignedReward;
	type SignedDepositByte = SignedDepositByte;
	type SignedDepositWeight = ();
	type MaxWinners = MaxAuthorities;
	type MaxBackersPerWinner = MaxNominators;
	type SignedDepositBase = GeometricDepositBase<Balance, SignedDeposit, SignedDepositIncrease>;
	type ElectionBounds = ElectionSize;
	type SlashHandler = DepositsToTreasury;
	// Minted.
	type RewardHandler = ();
	type DataProvider = Staking;
	type Fallback = ElectedByTheBlock;
	type GovernanceFallback = ElectedByTheBlock;
	type Solver = SequentialPhragmen<AccountId, SolutionAccuracyOf<Self>, Balancing>;
	type ForceOrigin = EnsureRoot<AccountId>;
	type BenchmarkingConfig = BenchmarkingConfig;
	type WeightInfo = pallet_election_provider_multi_phase::weights::SubstrateWeight<Self>;
}

/// Sizes that benchmarks try.
#[derive(Debug)]
pub struct BenchmarkingConfig;

impl pallet_election_provider_multi_phase::BenchmarkingConfig for BenchmarkingConfig {
	const VOTERS: [u32; 2] = [1_000, 2_000];
	const TARGETS: [u32; 2] = [500, 1_000];
	const ACTIVE_VOTERS: [u32; 2] = [500, 800];
	const DESIRED_TARGETS: [u32; 2] = [50, 100];
	const SNAPSHOT_MAXIMUM_VOTERS: u32 = 1_000;
	const MINER_MAXIMUM_VOTERS: u32 = 1_000;
	const MAXIMUM_TARGETS: u32 = 300;
}
