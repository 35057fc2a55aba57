//! When a provider is challenged, and which chunks it must show.
//!
//! Time is cut in periods of a fixed number of blocks. Within each period every provider has one slot,
//! spread by hash so that load is even. The block at the slot fixes the challenge: its VRF randomness is
//! the seed, and the holdings as they stood before that block's transactions are what is challenged.
use alloc::vec::Vec;

use crate::{AccountBytes, BlockNumber, Hash32, Period};

/// The first block of a period. `None` past the last block number.
pub fn period_start(period: Period, period_blocks: BlockNumber) -> Option<BlockNumber> {
	period.checked_mul(period_blocks.max(1))
}

/// The period that a block belongs to.
pub fn period_of(block: BlockNumber, period_blocks: BlockNumber) -> Period {
	block / period_blocks.max(1)
}

/// The block at which `provider` is challenged in `period`. `None` past the last block number.
pub fn slot_block(provider: &AccountBytes, period: Period, period_blocks: BlockNumber) -> Option<BlockNumber> {
	let mut hasher = blake3::Hasher::new_derive_key("peoples-cloud 2026 challenge slot v1");
	hasher.update(provider);
	hasher.update(&period.to_le_bytes());
	let offset = low_u64(hasher.finalize().as_bytes()) % u64::from(period_blocks.max(1));
	// Smaller than `period_blocks`, which is a u32.
	period_start(period, period_blocks)?.checked_add(u32::try_from(offset).ok()?)
}

/// The challenge of one provider: the block's randomness bound to the account.
pub fn seed(block_randomness: &Hash32, provider: &AccountBytes) -> Hash32 {
	let mut hasher = blake3::Hasher::new_derive_key("peoples-cloud 2026 challenge seed v1");
	hasher.update(block_randomness);
	hasher.update(provider);
	*hasher.finalize().as_bytes()
}

/// The `count` positions in `[0, total_chunks)` that `seed` asks for, duplicates possible; none if nothing is held.
///
/// The modulo bias is below 2^-64 for any holdings: 128 bits are reduced by at most 64.
pub fn positions(seed: &Hash32, total_chunks: u64, count: u32) -> Vec<u64> {
	if total_chunks == 0 {
		return Vec::new();
	}
	(0..count)
		.map(|number| {
			let mut hasher = blake3::Hasher::new_derive_key("peoples-cloud 2026 challenge position v1");
			hasher.update(seed);
			hasher.update(&number.to_le_bytes());
			let mut wide = [0u8; 16];
			for (to, from) in wide.iter_mut().zip(hasher.finalize().as_bytes()) {
				*to = *from;
			}
			// The remainder is below `total_chunks`, a u64.
			u64::try_from(u128::from_le_bytes(wide) % u128::from(total_chunks)).unwrap_or_default()
		})
		.collect()
}

fn low_u64(hash: &Hash32) -> u64 {
	let mut low = [0u8; 8];
	for (to, from) in low.iter_mut().zip(hash) {
		*to = *from;
	}
	u64::from_le_bytes(low)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn slots_spread_over_the_period() {
		let mut seen = [0u32; 10];
		for period in 0..1000 {
			let slot = slot_block(&[7; 32], period, 10).unwrap();
			seen[(slot - period * 10) as usize] += 1;
		}
		assert!(seen.iter().all(|count| (60..140).contains(count)), "{seen:?}");
	}

	#[test]
	fn positions_differ_by_provider_and_number() {
		let a = positions(&seed(&[1; 32], &[1; 32]), u64::MAX, 8);
		let b = positions(&seed(&[1; 32], &[2; 32]), u64::MAX, 8);
		assert_eq!(a.iter().chain(&b).collect::<std::collections::BTreeSet<_>>().len(), 16);
	}

	proptest! {
		#[test]
		fn within_bounds(provider: [u8; 32], period: u32, length: u32, total: u64, count in 0u32..40) {
			if let Some(slot) = slot_block(&provider, period, length) {
				prop_assert_eq!(period_of(slot, length), period);
			}
			let drawn = positions(&provider, total, count);
			prop_assert_eq!(drawn.len(), if total == 0 { 0 } else { count as usize });
			prop_assert!(drawn.iter().all(|position| *position < total));
		}
	}
}
