//! What is stored and what clients read.
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use peoples_cloud_primitives::Balance;
use scale_info::TypeInfo;

/// The money of one agreement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Lock<AccountId> {
	/// Who paid, and who is paid back.
	pub client: AccountId,
	/// All that was ever locked, less what was paid back. What providers were credited is not taken off: that is the
	/// caller's account.
	pub amount: Balance,
}

/// What the pot holds and for whom.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Totals {
	/// Locked for agreements, and not yet credited.
	pub locked: Balance,
	/// Credited, and not yet withdrawn.
	pub earned: Balance,
}
