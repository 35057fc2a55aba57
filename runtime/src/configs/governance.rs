//! Who decides: everybody who holds PPL, by referenda; a technical committee can say what is urgent.
//!
//! - **Track**: a kind of referendum, by the origin that its proposal is dispatched with: how long it takes, and how much
//!   support it needs.
//! - **Era**: what periods are counted in, so that one runtime serves production, whose eras last a day, and networks
//!   whose eras last minutes.
//!
//! How it works:
//! 1. Anybody submits a referendum for a deposit; with the decision deposit it is decided upon. Votes weigh by stake and
//!    by how long it stays locked (conviction).
//! 2. What is approved is dispatched by the scheduler after the track's enactment period.
//! 3. The committee can whitelist a call: the referendum on it then has a track that decides within hours.
//! 4. The treasury, fed by fees, slashes and what stakers do not get, pays what the spending tracks approve.

mod origins;
mod tracks;

use frame_support::{
	parameter_types,
	traits::{
		tokens::{pay::PayFromAccount, UnityAssetBalanceConversion},
		ActiveIssuanceOf, AsEnsureOriginWithArg, ConstU32, Currency, EitherOf, EitherOfDiverse, OnUnbalanced,
	},
	weights::Weight,
	PalletId,
};
use frame_system::{EnsureRoot, EnsureSigned, EnsureWithSuccess};
use pallet_collective::EnsureProportionAtLeast;
use sp_runtime::{traits::IdentityLookup, Perbill, Permill};

use super::{TreasuryAccount, MAXIMUM_BLOCK_WEIGHT, TREASURY_PALLET_ID};
use crate::{
	AccountId, Balance, Balances, BlockNumber, Preimage, Referenda, Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin,
	Scheduler, System, PPL,
};

use origins::{MarketAdmin, ReferendumCanceller, SmallSpender, Treasurer, WhitelistedCaller};
use tracks::Tracks;

pub use origins::pallet_origins;

/// Who may change the market's parameters, within the bounds that each pallet enforces.
pub(super) type MarketAdmins = EitherOf<EnsureRoot<AccountId>, MarketAdmin>;

/// The technical committee's instance of the collective pallet.
pub type TechnicalCollective = pallet_collective::Instance1;

/// Two thirds of the committee.
type TwoThirds = EnsureProportionAtLeast<AccountId, TechnicalCollective, 2, 3>;

parameter_types! {
	/// Expected blocks of an era.
	pub Era: BlockNumber = tracks::era();
	/// A referendum that nobody pays the decision deposit for is over after so long.
	pub UndecidingTimeout: BlockNumber = tracks::era().saturating_mul(14);
	/// What a vote without conviction locks for is nothing, and the lowest conviction's lock is this.
	pub VoteLockingPeriod: BlockNumber = tracks::era().saturating_mul(7);
	/// For motions of the committee.
	pub MotionDuration: BlockNumber = tracks::era().saturating_mul(3);
	/// A payment that is approved can be claimed for so long.
	pub PayoutPeriod: BlockNumber = tracks::era().saturating_mul(30);

	/// A referendum can approve what is whitelisted only afterwards; but so soon.
	pub WhitelistingPeriod: BlockNumber = tracks::era().saturating_mul(3);

	pub const SubmissionDeposit: Balance = 10 * PPL;
	pub MaxMotionWeight: Weight = Perbill::from_percent(50) * MAXIMUM_BLOCK_WEIGHT;
	pub const TreasuryPalletId: PalletId = TREASURY_PALLET_ID;
	// Nothing is burnt.
	pub const Burn: Permill = Permill::zero();
	pub const MaxBalance: Balance = Balance::MAX;
	/// The most that a referendum of small spenders pays.
	pub const SmallSpend: Balance = 10_000 * PPL;
}

impl pallet_origins::Config for Runtime {}

impl pallet_referenda::Config for Runtime {
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_referenda::weights::SubstrateWeight<Self>;
	type Scheduler = Scheduler;
	type Currency = Balances;
	type SubmitOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
	type CancelOrigin = EitherOf<EnsureRoot<AccountId>, ReferendumCanceller>;
	type KillOrigin = EnsureRoot<AccountId>;
	type Slash = DepositsToTreasury;
	type Votes = Balance;
	type Tally = pallet_conviction_voting::TallyOf<Self>;
	type SubmissionDeposit = SubmissionDeposit;
	type MaxQueued = ConstU32<100>;
	type UndecidingTimeout = UndecidingTimeout;
	type AlarmInterval = ConstU32<1>;
	type Tracks = Tracks;
	type Preimages = Preimage;
	type BlockNumberProvider = System;
}

impl pallet_conviction_voting::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_conviction_voting::weights::SubstrateWeight<Self>;
	type Currency = Balances;
	type Polls = Referenda;
	// Without the treasury, which has no vote.
	type MaxTurnout = ActiveIssuanceOf<Balances, AccountId>;
	type MaxVotes = ConstU32<512>;
	type VoteLockingPeriod = VoteLockingPeriod;
	type BlockNumberProvider = System;
	type VotingHooks = ();
}

impl pallet_collective::Config<TechnicalCollective> for Runtime {
	type RuntimeOrigin = RuntimeOrigin;
	type Proposal = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type MotionDuration = MotionDuration;
	type MaxProposals = ConstU32<100>;
	type MaxMembers = ConstU32<32>;
	type DefaultVote = AbsentIsNo;
	type WeightInfo = pallet_collective::weights::SubstrateWeight<Self>;
	type SetMembersOrigin = EnsureRoot<AccountId>;
	type MaxProposalWeight = MaxMotionWeight;
	type DisapproveOrigin = EnsureRoot<AccountId>;
	type KillOrigin = EnsureRoot<AccountId>;
	// Members propose, and governance chose them.
	type Consideration = ();
}

impl pallet_whitelist::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WhitelistOrigin = EitherOfDiverse<EnsureRoot<AccountId>, TwoThirds>;
	type DispatchWhitelistedOrigin = EitherOf<EnsureRoot<AccountId>, WhitelistedCaller>;
	type Preimages = Preimage;
	type DeferredDispatchExpiration = WhitelistingPeriod;
	type BlockNumberProvider = System;
	type WeightInfo = pallet_whitelist::weights::SubstrateWeight<Self>;
}

impl pallet_treasury::Config for Runtime {
	type Currency = Balances;
	type RejectOrigin = EitherOf<EnsureRoot<AccountId>, Treasurer>;
	type RuntimeEvent = RuntimeEvent;
	type SpendPeriod = Era;
	type Burn = Burn;
	type PalletId = TreasuryPalletId;
	type BurnDestination = ();
	type WeightInfo = pallet_treasury::weights::SubstrateWeight<Self>;
	type SpendFunds = ();
	type MaxApprovals = ConstU32<100>;
	type SpendOrigin = EitherOf<
		EnsureWithSuccess<EitherOf<EnsureRoot<AccountId>, Treasurer>, AccountId, MaxBalance>,
		EnsureWithSuccess<SmallSpender, AccountId, SmallSpend>,
	>;
	type AssetKind = ();
	type Beneficiary = AccountId;
	type BeneficiaryLookup = IdentityLookup<AccountId>;
	type Paymaster = PayFromAccount<Balances, TreasuryAccount>;
	type BalanceConverter = UnityAssetBalanceConversion;
	type PayoutPeriod = PayoutPeriod;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = ();
	type BlockNumberProvider = System;
}

/// A member that does not vote has not agreed, whatever the others said.
#[derive(Debug)]
pub struct AbsentIsNo;

impl pallet_collective::DefaultVote for AbsentIsNo {
	fn default_vote(_prime: Option<bool>, _ayes: u32, _noes: u32, _members: u32) -> bool {
		false
	}
}

/// The treasury gets the deposits that are forfeited: of bad solutions, and of referenda that were killed.
#[derive(Debug)]
pub struct DepositsToTreasury;

impl OnUnbalanced<pallet_balances::NegativeImbalance<Runtime>> for DepositsToTreasury {
	fn on_nonzero_unbalanced(amount: pallet_balances::NegativeImbalance<Runtime>) {
		Balances::resolve_creating(&TreasuryAccount::get(), amount);
	}
}
