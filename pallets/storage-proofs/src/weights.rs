//! What the calls cost, measured by the benchmarks. Written by `make weights`: do not edit.
//!
//! Date 2026-11-26, CPU AMD EPYC, 16 steps, 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens, clippy::unnecessary_cast, reason = "generated")]

use frame::weights_prelude::*;

/// What the calls cost.
pub trait WeightInfo {
	/// `note_block`.
	fn note_block() -> Weight;
	/// `prove`, `a` from 1 to 32.
	fn prove(a: u32, ) -> Weight;
	/// `path_nodes`, `n` from 0 to 60.
	fn path_nodes(n: u32, ) -> Weight;
	/// `report_missed`.
	fn report_missed() -> Weight;
	/// `advance`, `n` from 1 to 16.
	fn advance(n: u32, ) -> Weight;
	/// `remove_leaf`, `l` from 0 to 60.
	fn remove_leaf(l: u32, ) -> Weight;
	/// `set_params`.
	fn set_params() -> Weight;
}

/// For a Substrate chain, with its own database weights.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `StorageProofs::BlockSeeds` (r:1 w:1)
	/// Proof: `StorageProofs::BlockSeeds` (`max_values`: None, `max_size`: Some(45), added: 2520, mode: `MaxEncodedLen`)
	fn note_block() -> Weight {
		// Minimum execution time: 8_687_000 picoseconds.
		Weight::from_parts(17_172_000, 3510)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:1 w:1)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:1 w:1)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Snapshots` (r:8 w:1)
	/// Proof: `StorageProofs::Snapshots` (`max_values`: None, `max_size`: Some(2630), added: 5105, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::BlockSeeds` (r:2 w:0)
	/// Proof: `StorageProofs::BlockSeeds` (`max_values`: None, `max_size`: Some(45), added: 2520, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::PreviousParams` (r:1 w:0)
	/// Proof: `StorageProofs::PreviousParams` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::TotalLocked` (r:1 w:1)
	/// Proof: `Escrow::TotalLocked` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::TotalEarned` (r:1 w:1)
	/// Proof: `Escrow::TotalEarned` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::Earnings` (r:1 w:1)
	/// Proof: `Escrow::Earnings` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:1 w:1)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(77), added: 2552, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::HalfLife` (r:1 w:0)
	/// Proof: `Reputation::HalfLife` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:1 w:1)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	fn prove(a: u32, ) -> Weight {
		// Minimum execution time: 157_995_000 picoseconds.
		Weight::from_parts(211_685_023, 41830)
			// Standard error: 131_966
			.saturating_add(Weight::from_parts(9_808_793, 0).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(21_u64))
			.saturating_add(T::DbWeight::get().writes(9_u64))
	}
	fn path_nodes(n: u32, ) -> Weight {
		// Minimum execution time: 9_518_000 picoseconds.
		Weight::from_parts(11_352_139, 0)
			// Standard error: 2_033
			.saturating_add(Weight::from_parts(811_604, 0).saturating_mul(n.into()))
	}
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:1 w:1)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:1 w:1)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Snapshots` (r:8 w:8)
	/// Proof: `StorageProofs::Snapshots` (`max_values`: None, `max_size`: Some(2630), added: 5105, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::BlockSeeds` (r:2 w:0)
	/// Proof: `StorageProofs::BlockSeeds` (`max_values`: None, `max_size`: Some(45), added: 2520, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::PreviousParams` (r:1 w:0)
	/// Proof: `StorageProofs::PreviousParams` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:1 w:1)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:1 w:1)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(77), added: 2552, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::HalfLife` (r:1 w:0)
	/// Proof: `Reputation::HalfLife` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Offers` (r:2 w:1)
	/// Proof: `Providers::Offers` (`max_values`: None, `max_size`: Some(89), added: 2564, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Tombstones` (r:0 w:1)
	/// Proof: `Providers::Tombstones` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	fn report_missed() -> Weight {
		// Minimum execution time: 246_941_000 picoseconds.
		Weight::from_parts(292_656_000, 41830)
			.saturating_add(T::DbWeight::get().reads(23_u64))
			.saturating_add(T::DbWeight::get().writes(18_u64))
	}
	/// Storage: `StorageProofs::Duties` (r:1 w:1)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:1 w:1)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Snapshots` (r:16 w:16)
	/// Proof: `StorageProofs::Snapshots` (`max_values`: None, `max_size`: Some(2630), added: 5105, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::BlockSeeds` (r:17 w:0)
	/// Proof: `StorageProofs::BlockSeeds` (`max_values`: None, `max_size`: Some(45), added: 2520, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::PreviousParams` (r:1 w:0)
	/// Proof: `StorageProofs::PreviousParams` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:16 w:16)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:1 w:1)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(77), added: 2552, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::HalfLife` (r:1 w:0)
	/// Proof: `Reputation::HalfLife` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Offers` (r:2 w:1)
	/// Proof: `Providers::Offers` (`max_values`: None, `max_size`: Some(89), added: 2564, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Tombstones` (r:0 w:1)
	/// Proof: `Providers::Tombstones` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	fn advance(n: u32, ) -> Weight {
		// Minimum execution time: 223_487_000 picoseconds.
		Weight::from_parts(168_685_122, 29578)
			// Standard error: 711_711
			.saturating_add(Weight::from_parts(118_200_445, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(19_u64))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(15_u64))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 2793).saturating_mul(n.into()))
	}
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:1 w:1)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:1 w:0)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByProvider` (r:1 w:0)
	/// Proof: `Marketplace::ByProvider` (`max_values`: None, `max_size`: Some(66), added: 2541, mode: `MaxEncodedLen`)
	fn remove_leaf(l: u32, ) -> Weight {
		// Minimum execution time: 33_012_000 picoseconds.
		Weight::from_parts(49_308_500, 6096)
			// Standard error: 10_068
			.saturating_add(Weight::from_parts(2_073_856, 0).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `StorageProofs::Params` (r:1 w:1)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::PreviousParams` (r:1 w:1)
	/// Proof: `StorageProofs::PreviousParams` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	fn set_params() -> Weight {
		// Minimum execution time: 12_954_000 picoseconds.
		Weight::from_parts(25_528_000, 1517)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
}

// For tests, and for other runtimes on RocksDB.
impl WeightInfo for () {
	fn note_block() -> Weight {
		Weight::from_parts(17_172_000, 3510)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn prove(a: u32, ) -> Weight {
		Weight::from_parts(211_685_023, 41830)
			.saturating_add(Weight::from_parts(9_808_793, 0).saturating_mul(a.into()))
			.saturating_add(RocksDbWeight::get().reads(21_u64))
			.saturating_add(RocksDbWeight::get().writes(9_u64))
	}
	fn path_nodes(n: u32, ) -> Weight {
		Weight::from_parts(11_352_139, 0)
			.saturating_add(Weight::from_parts(811_604, 0).saturating_mul(n.into()))
	}
	fn report_missed() -> Weight {
		Weight::from_parts(292_656_000, 41830)
			.saturating_add(RocksDbWeight::get().reads(23_u64))
			.saturating_add(RocksDbWeight::get().writes(18_u64))
	}
	fn advance(n: u32, ) -> Weight {
		Weight::from_parts(168_685_122, 29578)
			.saturating_add(Weight::from_parts(118_200_445, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(19_u64))
			.saturating_add(RocksDbWeight::get().reads((3_u64).saturating_mul(n.into())))
			.saturating_add(RocksDbWeight::get().writes(15_u64))
			.saturating_add(RocksDbWeight::get().writes((2_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 2793).saturating_mul(n.into()))
	}
	fn remove_leaf(l: u32, ) -> Weight {
		Weight::from_parts(49_308_500, 6096)
			.saturating_add(Weight::from_parts(2_073_856, 0).saturating_mul(l.into()))
			.saturating_add(RocksDbWeight::get().reads(4_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn set_params() -> Weight {
		Weight::from_parts(25_528_000, 1517)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(2_u64))
	}
}
