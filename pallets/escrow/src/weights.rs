//! Weights of the calls, for a 2 GHz core and RocksDB.
//!
//! Upper estimates: twice what the same work costs in the published weights of `pallet-balances`, with each storage
//! access counted. The benchmarks of this pallet regenerate them.
use frame::weights_prelude::*;

/// What each call of this pallet may cost at most.
pub trait WeightInfo {
	/// `withdraw`.
	fn withdraw() -> Weight;
}

/// Weights for a chain with its own costs of storage access.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Reads and writes: the earnings, their total, the pot, the account.
	fn withdraw() -> Weight {
		Weight::from_parts(120_000_000, 6_196).saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
}

impl WeightInfo for () {
	fn withdraw() -> Weight {
		Weight::from_parts(120_000_000, 6_196).saturating_add(RocksDbWeight::get().reads_writes(4, 4))
	}
}
