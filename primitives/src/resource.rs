//! Resource kinds: what the market trades. A new kind is a new value, never a copy of a pallet.
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What is bought and sold.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ResourceKind {
	/// Disk space with proofs of storage. Unit: one 1 KiB chunk.
	#[codec(index = 0)]
	Storage,
}

impl ResourceKind {
	/// All kinds.
	pub const ALL: [Self; 1] = [Self::Storage];

	/// Units that an offer's price is quoted for: a GiB of storage.
	pub const fn units_per_quote(self) -> u64 {
		match self {
			Self::Storage => 1 << 20,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn all_kinds_are_listed_in_order() {
		for (at, kind) in ResourceKind::ALL.into_iter().enumerate() {
			// A new kind makes this fail to compile: it belongs into the list, too.
			let expected = match kind {
				ResourceKind::Storage => 0,
			};
			assert_eq!(at, expected);
		}
	}
}
