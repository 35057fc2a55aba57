//! What the calls cost.
//!
//! Estimates on the safe side until the benchmarks have run on reference hardware: each counts the reads and writes of
//! its worst case, those of the neighbour pallets included, and times hashing at about three times what wasm on a
//! modern core takes.
#![allow(clippy::arithmetic_side_effects, reason = "Weight's operators saturate")]

use frame::weights_prelude::*;

/// Nanoseconds in the picoseconds that reference time is counted in.
const NANOS: u64 = 1_000;
/// Fixed share of any call: decoding, events, the dispatch itself.
const BASE: u64 = 30_000 * NANOS;
/// One 1 KiB chunk hashed and its position drawn.
const ANSWER: u64 = 20_000 * NANOS;
/// One inner node hashed.
const NODE: u64 = 2_000 * NANOS;

/// What the calls cost.
pub trait WeightInfo {
	/// Noting a block's randomness.
	fn note_block() -> Weight;
	/// A proof with `a` answers and empty paths.
	fn prove(a: u32) -> Weight;
	/// Hashing `n` nodes of paths.
	fn path_nodes(n: u32) -> Weight;
	/// A report.
	fn report_missed() -> Weight;
	/// Resolving `n` periods as missed.
	fn advance(n: u32) -> Weight;
	/// Zeroing a leaf with a path of `l` nodes.
	fn remove_leaf(l: u32) -> Weight;
	/// New parameters.
	fn set_params() -> Weight;
}

/// For a Substrate chain.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn note_block() -> Weight {
		// Reads: the previous seed, the randomness, weight and size of the block.
		Weight::from_parts(BASE / 3, 0) + T::DbWeight::get().reads_writes(4, 1)
	}
	fn prove(a: u32) -> Weight {
		// The duty, parameters, two seeds, up to eight snapshots, the ledger and two schedule entries, the escrow's totals
		// and earnings, reputation, the register; each released answer looks up a placement and an agreement.
		let a = u64::from(a);
		Weight::from_parts(BASE + ANSWER * a, 0) + T::DbWeight::get().reads_writes(20 + 2 * a, 10)
	}
	fn path_nodes(n: u32) -> Weight {
		Weight::from_parts(NODE * u64::from(n), 0)
	}
	fn report_missed() -> Weight {
		// As a proof, and instead of the escrow: the stake's hold, the accounts of provider, reporter and treasury.
		Weight::from_parts(BASE * 3, 0) + T::DbWeight::get().reads_writes(26, 18)
	}
	fn advance(n: u32) -> Weight {
		let n = u64::from(n);
		// Each as a report; the duty and the parameters are read once.
		Weight::from_parts(BASE + BASE * 2 * n, 0) + T::DbWeight::get().reads_writes(3 + 20 * n, 1 + 15 * n)
	}
	fn remove_leaf(l: u32) -> Weight {
		Weight::from_parts(BASE + 2 * NODE * u64::from(l), 0) + T::DbWeight::get().reads_writes(6, 1)
	}
	fn set_params() -> Weight {
		Weight::from_parts(BASE, 0) + T::DbWeight::get().reads_writes(1, 1)
	}
}

impl WeightInfo for () {
	fn note_block() -> Weight {
		Weight::from_parts(BASE / 3, 0) + RocksDbWeight::get().reads_writes(4, 1)
	}
	fn prove(a: u32) -> Weight {
		let a = u64::from(a);
		Weight::from_parts(BASE + ANSWER * a, 0) + RocksDbWeight::get().reads_writes(20 + 2 * a, 10)
	}
	fn path_nodes(n: u32) -> Weight {
		Weight::from_parts(NODE * u64::from(n), 0)
	}
	fn report_missed() -> Weight {
		Weight::from_parts(BASE * 3, 0) + RocksDbWeight::get().reads_writes(26, 18)
	}
	fn advance(n: u32) -> Weight {
		let n = u64::from(n);
		Weight::from_parts(BASE + BASE * 2 * n, 0) + RocksDbWeight::get().reads_writes(3 + 20 * n, 1 + 15 * n)
	}
	fn remove_leaf(l: u32) -> Weight {
		Weight::from_parts(BASE + 2 * NODE * u64::from(l), 0) + RocksDbWeight::get().reads_writes(6, 1)
	}
	fn set_params() -> Weight {
		Weight::from_parts(BASE, 0) + RocksDbWeight::get().reads_writes(1, 1)
	}
}
