//! What the calls cost.
//!
//! Estimates on the safe side until the benchmarks have run on reference hardware: each counts the reads and writes of
//! its worst case, those of the neighbour pallets included, and times a signature at about twice what a modern core takes.
#![allow(clippy::arithmetic_side_effects, reason = "Weight's operators saturate")]

use frame::weights_prelude::*;

/// Nanoseconds in the picoseconds that reference time is counted in.
const NANOS: u64 = 1_000;
/// Fixed share of any call: decoding, events, the dispatch itself.
const BASE: u64 = 30_000 * NANOS;
/// One sr25519 signature checked and one leaf appended.
const SIGNED: u64 = 120_000 * NANOS;
/// One column's arithmetic, and its share of coding the agreement.
const COLUMN: u64 = 10_000 * NANOS;

/// What the calls cost, with `n` columns.
pub trait WeightInfo {
	/// Opening.
	fn open_storage(n: u32) -> Weight;
	/// Extending.
	fn extend(n: u32) -> Weight;
	/// Closing.
	fn close(n: u32) -> Weight;
	/// Settling, the laggards' cursors apart.
	fn settle(n: u32) -> Weight;
	/// Admitting a loss.
	fn declare_lost() -> Weight;
	/// Marking a loss.
	fn mark_lost() -> Weight;
	/// Placing a column anew.
	fn replace_column() -> Weight;
	/// New parameters.
	fn set_params() -> Weight;
	/// Forgetting an upload, or finding that a block has none.
	fn forget_upload() -> Weight;
	/// A provider's period resolved.
	fn on_period_resolved() -> Weight;
}

/// For a Substrate chain.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn open_storage(n: u32) -> Weight {
		// Once: counters, guard, the escrow's lock, the deposit, record and indices. Per column: index, register, holdings,
		// snapshot, ledger, two milestones.
		Weight::from_parts(BASE + (SIGNED + COLUMN) * u64::from(n), 0)
			+ T::DbWeight::get().reads_writes(16 + 18 * u64::from(n), 14 + 9 * u64::from(n))
	}
	fn extend(n: u32) -> Weight {
		// Once: record, escrow. Per column: register, cursor, ledger, two milestones.
		Weight::from_parts(BASE + COLUMN * u64::from(n), 0)
			+ T::DbWeight::get().reads_writes(8 + 9 * u64::from(n), 5 + 4 * u64::from(n))
	}
	fn close(n: u32) -> Weight {
		// As an extension, without the register.
		Weight::from_parts(BASE + COLUMN * u64::from(n), 0)
			+ T::DbWeight::get().reads_writes(8 + 6 * u64::from(n), 5 + 4 * u64::from(n))
	}
	fn settle(n: u32) -> Weight {
		// Once: record, indices, escrow, deposit. Per column at worst a loss: cursor, ledger, two milestones, index, register,
		// the stake's hold and three accounts, reputation.
		Weight::from_parts(BASE + COLUMN * 2 * u64::from(n), 0)
			+ T::DbWeight::get().reads_writes(12 + 18 * u64::from(n), 12 + 14 * u64::from(n))
	}
	fn declare_lost() -> Weight {
		// One column as at a settlement, and the record.
		Weight::from_parts(BASE * 3, 0) + T::DbWeight::get().reads_writes(22, 16)
	}
	fn mark_lost() -> Weight {
		// As an admitted loss.
		Weight::from_parts(BASE * 3, 0) + T::DbWeight::get().reads_writes(22, 16)
	}
	fn replace_column() -> Weight {
		// One column as at an opening, the record, two guards, the list of lost columns.
		Weight::from_parts(BASE * 2 + SIGNED + COLUMN, 0) + T::DbWeight::get().reads_writes(26, 14)
	}
	fn set_params() -> Weight {
		Weight::from_parts(BASE, 0) + T::DbWeight::get().reads_writes(0, 1)
	}
	fn forget_upload() -> Weight {
		Weight::from_parts(BASE / 3, 0) + T::DbWeight::get().reads_writes(2, 2)
	}
	fn on_period_resolved() -> Weight {
		// Ledger, milestone, the escrow's totals and earnings.
		Weight::from_parts(BASE / 3, 0) + T::DbWeight::get().reads_writes(8, 6)
	}
}

impl WeightInfo for () {
	fn open_storage(n: u32) -> Weight {
		Weight::from_parts(BASE + (SIGNED + COLUMN) * u64::from(n), 0)
			+ RocksDbWeight::get().reads_writes(16 + 18 * u64::from(n), 14 + 9 * u64::from(n))
	}
	fn extend(n: u32) -> Weight {
		Weight::from_parts(BASE + COLUMN * u64::from(n), 0)
			+ RocksDbWeight::get().reads_writes(8 + 9 * u64::from(n), 5 + 4 * u64::from(n))
	}
	fn close(n: u32) -> Weight {
		Weight::from_parts(BASE + COLUMN * u64::from(n), 0)
			+ RocksDbWeight::get().reads_writes(8 + 6 * u64::from(n), 5 + 4 * u64::from(n))
	}
	fn settle(n: u32) -> Weight {
		Weight::from_parts(BASE + COLUMN * 2 * u64::from(n), 0)
			+ RocksDbWeight::get().reads_writes(12 + 18 * u64::from(n), 12 + 14 * u64::from(n))
	}
	fn declare_lost() -> Weight {
		Weight::from_parts(BASE * 3, 0) + RocksDbWeight::get().reads_writes(22, 16)
	}
	fn mark_lost() -> Weight {
		Weight::from_parts(BASE * 3, 0) + RocksDbWeight::get().reads_writes(22, 16)
	}
	fn replace_column() -> Weight {
		Weight::from_parts(BASE * 2 + SIGNED + COLUMN, 0) + RocksDbWeight::get().reads_writes(26, 14)
	}
	fn set_params() -> Weight {
		Weight::from_parts(BASE, 0) + RocksDbWeight::get().reads_writes(0, 1)
	}
	fn forget_upload() -> Weight {
		Weight::from_parts(BASE / 3, 0) + RocksDbWeight::get().reads_writes(2, 2)
	}
	fn on_period_resolved() -> Weight {
		Weight::from_parts(BASE / 3, 0) + RocksDbWeight::get().reads_writes(8, 6)
	}
}
