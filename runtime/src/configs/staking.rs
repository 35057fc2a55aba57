//! Nominated proof of stake: who validates, what that earns, and what it may lose.

use frame_support::{
	parameter_types,
	traits::{tokens::imbalance::ResolveTo, ConstU32, Get, Nothing},
};
use frame_system::EnsureRoot;
use sp_runtime::curve::PiecewiseLinear;
use sp_staking::currency_to_vote::U128CurrencyToVote;

use super::{
	babe::{MaxAuthorities, MaxNominators},
	elections::{OnChainSeqPhragmen, NOMINATIONS},
	TreasuryAccount,
};
use crate::{
	AccountId, Balance, Balances, ElectionProviderMultiPhase, Runtime, RuntimeEvent, RuntimeHoldReason, Session,
	Staking, Timestamp, VoterList, PPL,
};

pallet_staking_reward_curve::build! {
	// A tenth a year is minted. Stakers get all of it when half of all PPL is staked; what they do not get is the treasury's.
	const REWARD_CURVE: PiecewiseLinear<'static> = curve!(
		min_inflation: 0_025_000,
		max_inflation: 0_100_000,
		ideal_stake: 0_500_000,
		falloff: 0_050_000,
		max_piece_count: 40,
		test_precision: 0_005_000,
	);
}

/// Bags of the voters' list, each for stakes a twelfth larger than the last.
const BAGS: usize = 200;
/// The stakes in the lowest bag, in planck.
const LOWEST_BAG: u64 = PPL as u64;

parameter_types! {
	pub const RewardCurve: &'static PiecewiseLinear<'static> = &REWARD_CURVE;
	pub const BagThresholds: &'static [u64] = &BAG_THRESHOLDS;
	/// Lists that are out of order put themselves in order, so many accounts a block at most.
	pub const MaxAutoRebagPerBlock: u32 = 5;
}

/// Upper ends of the bags: a geometric series from 1 PPL to 8 million PPL, beyond which all are in the last bag.
const BAG_THRESHOLDS: [u64; BAGS] = {
	let mut thresholds = [LOWEST_BAG; BAGS];
	let mut bag = 1;
	while bag < BAGS {
		let lower = thresholds[bag - 1];
		thresholds[bag] = lower + lower / 12;
		bag += 1;
	}
	thresholds
};

impl pallet_staking::Config for Runtime {
	type OldCurrency = Balances;
	type Currency = Balances;
	type CurrencyBalance = Balance;
	type RuntimeHoldReason = RuntimeHoldReason;
	type UnixTime = Timestamp;
	type CurrencyToVote = U128CurrencyToVote;
	type ElectionProvider = ElectionProviderMultiPhase;
	type GenesisElectionProvider = frame_election_provider_support::onchain::OnChainExecution<OnChainSeqPhragmen>;
	type NominationsQuota = pallet_staking::FixedNominationsQuota<NOMINATIONS>;
	// Rewards can be claimed for so many eras: 12 weeks of production's.
	type HistoryDepth = ConstU32<84>;
	type RewardRemainder = ResolveTo<TreasuryAccount, Balances>;
	type RuntimeEvent = RuntimeEvent;
	type Slash = ResolveTo<TreasuryAccount, Balances>;
	// Minted.
	type Reward = ();
	type SessionsPerEra = pallet_clock::SessionsPerEra<Self>;
	type BondingDuration = pallet_clock::BondingDuration<Self>;
	type SlashDeferDuration = pallet_clock::SlashDeferDuration<Self>;
	type AdminOrigin = EnsureRoot<AccountId>;
	type SessionInterface = Self;
	type EraPayout = PaidByTheEra;
	type NextNewSession = Session;
	type MaxExposurePageSize = ConstU32<256>;
	type MaxValidatorSet = MaxAuthorities;
	type VoterList = VoterList;
	type TargetList = pallet_staking::UseValidatorsMap<Self>;
	type MaxUnlockingChunks = ConstU32<32>;
	// There never were controllers on this chain.
	type MaxControllersInDeprecationBatch = ConstU32<1>;
	type EventListeners = ();
	type Filter = Nothing;
	type BenchmarkingConfig = BenchmarkingConfig;
	type WeightInfo = pallet_staking::weights::SubstrateWeight<Self>;
}

/// Pays by the curve, for two eras' time at most. Where validators were fixed at first, or no block was made for long, an era
/// lasts until that is over, and nobody earns all that time's rewards at once.
#[derive(Debug)]
pub struct PaidByTheEra;

impl pallet_staking::EraPayout<Balance> for PaidByTheEra {
	fn era_payout(staked: Balance, issuance: Balance, millis: u64) -> (Balance, Balance) {
		let slots = pallet_clock::EpochSlots::<Runtime>::get()
			.saturating_mul(<pallet_clock::SessionsPerEra<Runtime> as Get<u32>>::get().into());
		let era = slots.saturating_mul(pallet_clock::SlotMillis::<Runtime>::get());
		pallet_staking::ConvertCurve::<RewardCurve>::era_payout(staked, issuance, millis.min(era.saturating_mul(2)))
	}
}

/// Sizes that benchmarks try.
#[derive(Debug)]
pub struct BenchmarkingConfig;

impl pallet_staking::BenchmarkingConfig for BenchmarkingConfig {
	type MaxNominators = MaxNominators;
	type MaxValidators = MaxAuthorities;
}

impl pallet_bags_list::Config<pallet_bags_list::Instance1> for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_bags_list::weights::SubstrateWeight<Self>;
	type ScoreProvider = Staking;
	type BagThresholds = BagThresholds;
	type MaxAutoRebagPerBlock = MaxAutoRebagPerBlock;
	type Score = sp_npos_elections::VoteWeight;
}
