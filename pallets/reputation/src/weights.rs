//! What the calls cost, measured by the benchmarks. Written by `make weights`: do not edit.
//!
//! Date 2026-11-26, CPU AMD EPYC, 16 steps, 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens, clippy::unnecessary_cast, reason = "generated")]

use frame::weights_prelude::*;

/// What the calls cost.
pub trait WeightInfo {
	/// `set_half_life`.
	fn set_half_life() -> Weight;
}

/// For a Substrate chain, with its own database weights.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Reputation::HalfLife` (r:0 w:1)
	/// Proof: `Reputation::HalfLife` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_half_life() -> Weight {
		// Minimum execution time: 8_485_000 picoseconds.
		Weight::from_parts(15_760_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
}

// For tests, and for other runtimes on RocksDB.
impl WeightInfo for () {
	fn set_half_life() -> Weight {
		Weight::from_parts(15_760_000, 0)
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
}
