//! What is stored and what clients read.
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use peoples_cloud_primitives::BlockNumber;
use scale_info::TypeInfo;

use crate::decay;

/// The evidence about one service of one provider, as of block `updated`.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Record {
	/// For it, in millionths of a piece.
	pub good: u64,
	/// Against it, in millionths of a piece.
	pub bad: u64,
	/// The block up to which both have decayed.
	pub updated: BlockNumber,
}

/// A provider's standing in one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Score {
	/// Expected share of work done well, in parts per million; 500,000 if nothing is known.
	pub ppm: u32,
	/// Pieces of evidence behind it that are not yet forgotten, rounded down.
	pub evidence: u64,
}

impl Record {
	/// The record as of block `now`.
	pub(crate) fn at(self, now: BlockNumber, half_life: BlockNumber) -> Self {
		let elapsed = now.saturating_sub(self.updated);
		Self {
			good: decay::decay(self.good, elapsed, half_life),
			bad: decay::decay(self.bad, elapsed, half_life),
			updated: now,
		}
	}

	/// The record with this many more pieces. Saturates: past 18 million million pieces there is nothing to learn.
	pub(crate) fn with(self, good: u32, bad: u32) -> Self {
		Self {
			good: self.good.saturating_add(u64::from(good) * decay::ONE),
			bad: self.bad.saturating_add(u64::from(bad) * decay::ONE),
			..self
		}
	}

	/// What the record says of the provider.
	pub(crate) fn score(self) -> Score {
		Score { ppm: decay::score_ppm(self.good, self.bad), evidence: self.good.saturating_add(self.bad) / decay::ONE }
	}
}
