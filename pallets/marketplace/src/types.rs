//! What is stored, what calls take, and what the view functions answer.
use alloc::vec::Vec;
use frame::prelude::*;
use peoples_cloud_primitives::{
	resource::ResourceKind, terms::Acknowledgement, AgreementId, Balance, BlockNumber, Hash32, Period,
};

use crate::{Config, Error};

/// A million parts per million: all of it.
pub(crate) const ALL_PPM: u32 = 1_000_000;

/// An acknowledgement with its provider's signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SignedAck {
	/// What the provider grants.
	pub ack: Acknowledgement,
	/// sr25519 over [`Acknowledgement::signing_bytes`] with the provider's account as the public key.
	pub signature: [u8; 64],
}

/// An agreement that is not settled.
#[derive(
	frame::derive::CloneNoBound,
	frame::derive::DebugNoBound,
	frame::derive::PartialEqNoBound,
	frame::derive::EqNoBound,
	Encode,
	Decode,
	MaxEncodedLen,
	TypeInfo,
)]
#[scale_info(skip_type_params(T))]
pub struct Agreement<T: Config> {
	/// Who pays.
	pub client: T::AccountId,
	/// What is bought.
	pub kind: ResourceKind,
	/// BLAKE3 hash of the object's manifest.
	pub object: Hash32,
	/// The erasure codec's id.
	pub codec: u8,
	/// Columns that restore the object.
	pub k: u16,
	/// Length of each column in 1 KiB chunks.
	pub chunks: u64,
	/// When it was opened.
	pub opened_at: BlockNumber,
	/// First period that is no longer paid.
	pub end: Period,
	/// The client ended it early: nothing is placed anew or extended.
	pub closing: bool,
	/// Planck paid back before the settlement.
	pub refunded: Balance,
	/// The columns, in the codec's order.
	pub columns: BoundedVec<Column<T::AccountId>, T::MaxColumns>,
	/// The client's deposit.
	pub ticket: T::Consideration,
}

/// A column of an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Column<AccountId> {
	/// Who holds it, or lost it last.
	pub provider: AccountId,
	/// BLAKE3 hash.
	pub root: Hash32,
	/// Leaf number in the provider's holdings.
	pub leaf: u64,
	/// Planck per period to this provider.
	pub rate: Balance,
	/// Most planck per period that the client agreed to: the first provider's rate.
	pub max_rate: Balance,
	/// First period that this provider is paid for.
	pub start: Period,
	/// First period that it is no longer paid for.
	pub end: Period,
	/// Locked for this column when the agreement was opened and extended, less what was paid back.
	pub budget: Balance,
	/// Earned by earlier providers of this column.
	pub earned: Balance,
	/// Held or lost.
	pub state: ColumnState,
}

/// Where a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum ColumnState {
	/// Its provider owes it until its end.
	#[codec(index = 0)]
	Held,
	/// Lost, and not placed elsewhere. Its end is the first period that was not paid.
	#[codec(index = 1)]
	Lost,
}

/// A provider's ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Ledger {
	/// Planck that it earns by proving period `next`.
	pub rate: Balance,
	/// Periods before `next` that it has proven and was paid for.
	pub proven: u32,
	/// Its first unresolved period: milestones up to and including it have passed.
	pub next: Period,
	/// Milestones after `next`. None means that it owes nothing at or after `next`.
	pub pending: u32,
	/// Terminated: `next` stands still.
	pub terminated: bool,
	/// Periods before this one are not paid even if they are proven: it knew what they ask for when it admitted a loss.
	pub unpaid_until: Period,
}

/// A period in which columns of one provider start or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Milestone {
	/// Still to come.
	#[codec(index = 0)]
	Pending {
		/// Rates of the columns that start.
		add: Balance,
		/// Rates of the columns that end.
		sub: Balance,
		/// Starts and ends that refer to it.
		refs: u32,
	},
	/// It has come, and the changes have been made.
	#[codec(index = 1)]
	Passed {
		/// Periods that the provider had proven and was paid for before it.
		proven_before: u32,
		/// Starts and ends that refer to it.
		refs: u32,
	},
}

/// What an upload's acknowledgements were used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum UploadUse {
	/// To open an agreement, all of them at once.
	#[codec(index = 0)]
	Opened(AgreementId),
	/// To place lost columns anew, one by one: each is remembered beside this.
	#[codec(index = 1)]
	Repairing,
	/// To place this column anew.
	#[codec(index = 2)]
	Replaced(AgreementId),
}

/// The dearest that losing a column may be: more than a year of periods of an hour.
pub(crate) const MAX_LOSS_PENALTY_PERIODS: u32 = 10_000;

/// The longest that acknowledgements may be valid: a week of blocks of six seconds. That an upload was paid for is kept until
/// then, without a deposit.
pub(crate) const MAX_ACK_VALIDITY: BlockNumber = 100_800;

/// Parameters of the market.
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
pub struct MarketParams {
	/// Periods that are paid even if the client closes earlier.
	pub min_term: u32,
	/// Longest time to an agreement's end, in periods.
	pub max_duration: u32,
	/// Longest time from now to an acknowledgement's last block; at most 100,800.
	pub max_ack_validity: BlockNumber,
	/// Penalty for a lost column, in periods of the most that its client agreed to pay for it; at most 10,000.
	pub loss_penalty_periods: u32,
	/// Parts per million of that penalty that go to the client.
	pub loss_client_share_ppm: u32,
}

impl Default for MarketParams {
	/// Values for production, where a period is an hour.
	fn default() -> Self {
		Self {
			// A day: taking a column in costs the provider more than it earns in an hour.
			min_term: 24,
			// Three years.
			max_duration: 26_280,
			// Six hours at six seconds: time enough to push a large object to many providers.
			max_ack_validity: 3_600,
			// Four days: more than a provider gains by dropping a column for a better paid one, less than a streak of misses.
			loss_penalty_periods: 96,
			// Half: the client pays for the repair's traffic, the rest deters clients that own providers.
			loss_client_share_ppm: 500_000,
		}
	}
}

impl MarketParams {
	/// Whether the values make sense together.
	pub(crate) fn check<T: Config>(&self) -> Result<(), Error<T>> {
		// A term of zero would let columns end before they start.
		ensure!(self.min_term >= 1 && self.min_term <= self.max_duration, Error::<T>::InvalidTerm);
		ensure!((1..=MAX_ACK_VALIDITY).contains(&self.max_ack_validity), Error::<T>::InvalidValidity);
		ensure!(
			self.loss_client_share_ppm <= ALL_PPM && self.loss_penalty_periods <= MAX_LOSS_PENALTY_PERIODS,
			Error::<T>::InvalidShare
		);
		Ok(())
	}
}

/// Answer of the view functions about agreements.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct AgreementView<AccountId> {
	/// Number.
	pub id: AgreementId,
	/// Who pays.
	pub client: AccountId,
	/// What is bought.
	pub kind: ResourceKind,
	/// BLAKE3 hash of the object's manifest.
	pub object: Hash32,
	/// The erasure codec's id.
	pub codec: u8,
	/// Columns that restore the object.
	pub k: u16,
	/// Length of each column in 1 KiB chunks.
	pub chunks: u64,
	/// When it was opened.
	pub opened_at: BlockNumber,
	/// First period that is no longer paid.
	pub end: Period,
	/// The client ended it early.
	pub closing: bool,
	/// The columns, in the codec's order.
	pub columns: Vec<ColumnView<AccountId>>,
	/// Its money.
	pub cost: CostView,
}

/// A column in an [`AgreementView`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ColumnView<AccountId> {
	/// Who holds it, or lost it last.
	pub provider: AccountId,
	/// BLAKE3 hash.
	pub root: Hash32,
	/// Leaf number in the provider's holdings.
	pub leaf: u64,
	/// Planck per period to this provider.
	pub rate: Balance,
	/// Most planck per period that a new provider may ask for if it is lost.
	pub max_rate: Balance,
	/// First period that this provider is paid for.
	pub start: Period,
	/// First period that it is no longer paid for.
	pub end: Period,
	/// Held or lost.
	pub state: ColumnState,
	/// Planck earned so far, by all providers that had this column.
	pub earned: Balance,
	/// Held, by a provider that was terminated before the column's end: `mark_lost` takes it.
	pub abandoned: bool,
}

/// What has become of an agreement's money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CostView {
	/// Planck locked when it was opened and extended, less what was paid back.
	pub locked: Balance,
	/// Planck of it that providers have earned so far.
	pub earned: Balance,
	/// Planck paid back so far.
	pub refunded: Balance,
}
