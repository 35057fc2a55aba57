//! Weights of the calls, for a 2 GHz core and RocksDB.
//!
//! Upper estimates, with each storage access counted. The benchmarks of this pallet regenerate them.
use frame::weights_prelude::*;

/// What each call of this pallet may cost at most.
pub trait WeightInfo {
	/// `set_half_life`.
	fn set_half_life() -> Weight;
	/// Noting evidence about one provider, for pallets that account for it themselves.
	fn note() -> Weight;
}

/// Weights for a chain with its own costs of storage access.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Writes: the half-life.
	fn set_half_life() -> Weight {
		Weight::from_parts(15_000_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	/// Reads: the half-life, the record. Writes: the record.
	fn note() -> Weight {
		Weight::from_parts(30_000_000, 3_534).saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
}

impl WeightInfo for () {
	fn set_half_life() -> Weight {
		Weight::from_parts(15_000_000, 0).saturating_add(RocksDbWeight::get().writes(1))
	}
	fn note() -> Weight {
		Weight::from_parts(30_000_000, 3_534).saturating_add(RocksDbWeight::get().reads_writes(2, 1))
	}
}
