//! What the calls cost, measured by the benchmarks. Written by `make weights`: do not edit.
//!
//! Date 2026-11-26, CPU AMD EPYC, 16 steps, 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens, clippy::unnecessary_cast, reason = "generated")]

use frame::weights_prelude::*;

/// What the calls cost.
pub trait WeightInfo {
	/// `withdraw`.
	fn withdraw() -> Weight;
}

/// For a Substrate chain, with its own database weights.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Escrow::Earnings` (r:1 w:1)
	/// Proof: `Escrow::Earnings` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::TotalEarned` (r:1 w:1)
	/// Proof: `Escrow::TotalEarned` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn withdraw() -> Weight {
		// Minimum execution time: 73_047_000 picoseconds.
		Weight::from_parts(76_713_000, 3593)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
}

// For tests, and for other runtimes on RocksDB.
impl WeightInfo for () {
	fn withdraw() -> Weight {
		Weight::from_parts(76_713_000, 3593)
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
}
