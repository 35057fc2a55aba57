//! What is stored, and what the view functions answer.
use frame::prelude::*;
use peoples_cloud_primitives::{holdings::Commitment, storage_proof::MAX_CHALLENGES, BlockNumber, Hash32, Period};

use crate::{Config, Error};

/// A million parts per million: all of it.
pub(crate) const ALL_PPM: u32 = 1_000_000;
/// What one miss can cost at most, in parts per million of the stake: whoever misses ten periods may have been cut off.
pub(crate) const MAX_MISSED_SLASH_PPM: u32 = 100_000;
/// What its reporter can get of it at most: more would pay a provider's rivals to keep it from proving.
pub(crate) const MAX_REPORTER_SHARE_PPM: u32 = 500_000;

/// How long a period is at least: shorter ones leave no time to answer in.
pub(crate) const MIN_PERIOD_BLOCKS: BlockNumber = 10;
/// And at most: whoever looks at a provider once a period must find the seed of its last challenge, of which production keeps
/// twice as many.
pub(crate) const MAX_PERIOD_BLOCKS: BlockNumber = 2_048;
/// The longest streak that a provider may get away with: of periods of an hour, more than a year.
pub(crate) const MAX_STREAK: u32 = 10_000;

/// A provider's duty to prove.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Duty {
	/// What it has promised to hold.
	pub holdings: Commitment,
	/// The cursor: all periods before it are resolved, this and later ones are not.
	pub first_unresolved: Period,
	/// Periods missed since the last proven one.
	pub misses_in_row: u32,
	/// Periods proven in all.
	pub proven: u32,
	/// Out for good: the cursor stands still.
	pub terminated: bool,
}

/// What a block leaves behind for challenges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct BlockSeed {
	/// The block's number: tells a block from the one that had its place in the ring before.
	pub block: BlockNumber,
	/// Its VRF randomness, if it had any.
	pub seed: Option<Hash32>,
	/// Blocks with room up to and including this one.
	pub roomy: u32,
}

/// Parameters of the proof clock.
#[derive(
	Clone,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	frame::derive::Serialize,
	frame::derive::Deserialize,
)]
#[serde(crate = "frame::derive::serde", rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofParams {
	/// Length of a period in blocks. Fixed while any provider is registered: offers are made, and columns agreed on, paid and
	/// proven by the period.
	pub period_blocks: BlockNumber,
	/// Length of the answer window in blocks with room.
	pub window_blocks: BlockNumber,
	/// Chunks asked for per period.
	pub challenges: u32,
	/// Parts per million of the stake that a missed period costs.
	pub missed_slash_ppm: u32,
	/// Parts per million of such a slash that go to the reporter.
	pub reporter_share_ppm: u32,
	/// Misses in a row after which a provider gets no new work.
	pub suspend_after: u32,
	/// Misses in a row after which a provider is out for good.
	pub terminate_after: u32,
}

impl Default for ProofParams {
	/// Values for production at 6 seconds a block: a period is an hour, a window six minutes.
	fn default() -> Self {
		Self {
			period_blocks: 600,
			window_blocks: 60,
			// A provider that lost a tenth of its bytes passes with a probability of 0.9^20 = 12 % a period, 2 % twice.
			challenges: 20,
			missed_slash_ppm: 1_000,
			reporter_share_ppm: 100_000,
			// Six hours: long enough to notice and to restart a machine.
			suspend_after: 6,
			// Two days: by then its columns had better be elsewhere.
			terminate_after: 48,
		}
	}
}

impl ProofParams {
	/// Whether the values make sense together.
	pub(crate) fn check<T: Config>(&self) -> Result<(), Error<T>> {
		ensure!((MIN_PERIOD_BLOCKS..=MAX_PERIOD_BLOCKS).contains(&self.period_blocks), Error::<T>::InvalidPeriodLength);
		ensure!(
			self.window_blocks >= 1
				&& self.window_blocks < self.period_blocks
				&& self.window_blocks <= T::SeedRing::get() / 2,
			Error::<T>::InvalidWindow
		);
		ensure!((1..=MAX_CHALLENGES).contains(&self.challenges), Error::<T>::InvalidChallenges);
		ensure!(
			self.missed_slash_ppm <= MAX_MISSED_SLASH_PPM && self.reporter_share_ppm <= MAX_REPORTER_SHARE_PPM,
			Error::<T>::InvalidShare
		);
		ensure!(
			self.suspend_after >= 1 && self.terminate_after >= self.suspend_after && self.terminate_after <= MAX_STREAK,
			Error::<T>::InvalidStreaks
		);
		Ok(())
	}
}

/// A fixed challenge whose window is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
	/// The block that fixed it.
	pub(crate) slot_block: BlockNumber,
	/// Chunks that it asks for.
	pub(crate) challenges: u32,
	/// Seed of the positions.
	pub(crate) seed: Hash32,
	/// What is challenged.
	pub(crate) holdings: Commitment,
	/// Blocks with room that are left, the current one included if it turns out to have room.
	pub(crate) blocks_left: u32,
}

/// Where a period stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PeriodState {
	/// Its slot has not come.
	Ahead,
	/// It may be proven.
	Open(Challenge),
	/// The window closed without a proof.
	Closed,
	/// There is nothing to prove.
	Excused,
}

/// What a period came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<AccountId> {
	/// The challenge was answered.
	Proven,
	/// It was answered, but for so many positions, more than half, only by columns that are not owed any more.
	Stale(u32),
	/// It was not; whoever said so.
	Missed(Option<AccountId>),
	/// There was none.
	Excused,
}

/// Answer of the view function `duty`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct DutyView {
	/// First period not yet resolved.
	pub first_unresolved: Period,
	/// Current commitment.
	pub holdings: Commitment,
	/// Periods missed in a row.
	pub misses_in_row: u32,
	/// Periods proven in all.
	pub proven: u32,
	/// Out for good.
	pub terminated: bool,
	/// It owes nothing at present: no period is challenged.
	pub idle: bool,
	/// Block of the slot of `first_unresolved`; past the last block number if there is none.
	pub slot_block: BlockNumber,
	/// The challenge that `prove` takes in the next block, if any. Closed or excused periods may lie before it.
	pub challenge: Option<ChallengeView>,
	/// The time of `first_unresolved` is over: it is missed or excused, and the next block can resolve it.
	pub overdue: bool,
	/// It is missed: `report_missed` takes it in the next block. If it is overdue and not this, it is for `advance`.
	pub reportable: bool,
	/// More periods are over than other calls resolve on their way: before anything else, `advance` must be called.
	pub behind: bool,
}

/// A challenge that may be answered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ChallengeView {
	/// For which period.
	pub period: Period,
	/// Block that fixed it.
	pub slot_block: BlockNumber,
	/// Seed of the positions.
	pub seed: Hash32,
	/// Chunks that are asked for.
	pub challenges: u32,
	/// The holdings that are challenged.
	pub holdings: Commitment,
	/// Blocks with room that are left to answer in, the next one included, if no later challenge that is open already is
	/// to be missed for it.
	pub blocks_left: u32,
}
