//! What the calls cost, measured by the benchmarks. Written by `make weights`: do not edit.
//!
//! Date 2026-11-26, CPU AMD EPYC, 16 steps, 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens, clippy::unnecessary_cast, reason = "generated")]

use frame::weights_prelude::*;

/// What the calls cost.
pub trait WeightInfo {
	/// `open_storage`, `n` from 1 to 64.
	fn open_storage(n: u32, ) -> Weight;
	/// `extend`, `n` from 1 to 64.
	fn extend(n: u32, ) -> Weight;
	/// `close`, `n` from 1 to 64.
	fn close(n: u32, ) -> Weight;
	/// `settle`, `n` from 1 to 64.
	fn settle(n: u32, ) -> Weight;
	/// `declare_lost`.
	fn declare_lost() -> Weight;
	/// `mark_lost`.
	fn mark_lost() -> Weight;
	/// `replace_column`.
	fn replace_column() -> Weight;
	/// `set_params`.
	fn set_params() -> Weight;
	/// `forget_upload`.
	fn forget_upload() -> Weight;
	/// `is_released`.
	fn is_released() -> Weight;
}

/// For a Substrate chain, with its own database weights.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Marketplace::Params` (r:1 w:0)
	/// Proof: `Marketplace::Params` (`max_values`: Some(1), `max_size`: Some(20), added: 515, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Uploads` (r:1 w:1)
	/// Proof: `Marketplace::Uploads` (`max_values`: None, `max_size`: Some(69), added: 2544, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::NextAgreement` (r:1 w:1)
	/// Proof: `Marketplace::NextAgreement` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::Locks` (r:1 w:1)
	/// Proof: `Escrow::Locks` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::TotalLocked` (r:1 w:1)
	/// Proof: `Escrow::TotalLocked` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByProvider` (r:63 w:63)
	/// Proof: `Marketplace::ByProvider` (`max_values`: None, `max_size`: Some(66), added: 2541, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:63 w:0)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Offers` (r:63 w:0)
	/// Proof: `Providers::Offers` (`max_values`: None, `max_size`: Some(89), added: 2564, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Committed` (r:126 w:63)
	/// Proof: `Providers::Committed` (`max_values`: None, `max_size`: Some(65), added: 2540, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Params` (r:1 w:0)
	/// Proof: `Providers::Params` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:63 w:63)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:63 w:63)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Snapshots` (r:504 w:504)
	/// Proof: `StorageProofs::Snapshots` (`max_values`: None, `max_size`: Some(2630), added: 5105, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:126 w:126)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByObject` (r:0 w:1)
	/// Proof: `Marketplace::ByObject` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Agreements` (r:0 w:1)
	/// Proof: `Marketplace::Agreements` (`max_values`: None, `max_size`: Some(9415), added: 11890, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByClient` (r:0 w:1)
	/// Proof: `Marketplace::ByClient` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn open_storage(n: u32, ) -> Weight {
		// Minimum execution time: 481_098_000 picoseconds.
		Weight::from_parts(505_443_000, 6196)
			// Standard error: 4_043_601
			.saturating_add(Weight::from_parts(299_963_044, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(11_u64))
			.saturating_add(T::DbWeight::get().reads((17_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(10_u64))
			.saturating_add(T::DbWeight::get().writes((14_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 40840).saturating_mul(n.into()))
	}
	/// Storage: `Marketplace::Agreements` (r:1 w:1)
	/// Proof: `Marketplace::Agreements` (`max_values`: None, `max_size`: Some(9415), added: 11890, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Params` (r:1 w:0)
	/// Proof: `Marketplace::Params` (`max_values`: Some(1), `max_size`: Some(20), added: 515, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:63 w:0)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Offers` (r:63 w:0)
	/// Proof: `Providers::Offers` (`max_values`: None, `max_size`: Some(89), added: 2564, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Committed` (r:126 w:0)
	/// Proof: `Providers::Committed` (`max_values`: None, `max_size`: Some(65), added: 2540, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Params` (r:1 w:0)
	/// Proof: `Providers::Params` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:63 w:0)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:63 w:63)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:126 w:126)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::Locks` (r:1 w:1)
	/// Proof: `Escrow::Locks` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::TotalLocked` (r:1 w:1)
	/// Proof: `Escrow::TotalLocked` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn extend(n: u32, ) -> Weight {
		// Minimum execution time: 176_369_000 picoseconds.
		Weight::from_parts(187_190_000, 12880)
			// Standard error: 1_686_959
			.saturating_add(Weight::from_parts(103_618_512, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(8_u64))
			.saturating_add(T::DbWeight::get().reads((8_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(5_u64))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 5144).saturating_mul(n.into()))
	}
	/// Storage: `Marketplace::Agreements` (r:1 w:1)
	/// Proof: `Marketplace::Agreements` (`max_values`: None, `max_size`: Some(9415), added: 11890, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Params` (r:1 w:0)
	/// Proof: `Marketplace::Params` (`max_values`: Some(1), `max_size`: Some(20), added: 515, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:63 w:0)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:63 w:63)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:126 w:126)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::Locks` (r:1 w:1)
	/// Proof: `Escrow::Locks` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::TotalLocked` (r:1 w:1)
	/// Proof: `Escrow::TotalLocked` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn close(n: u32, ) -> Weight {
		// Minimum execution time: 141_664_000 picoseconds.
		Weight::from_parts(302_251_509, 12880)
			// Standard error: 1_337_261
			.saturating_add(Weight::from_parts(44_976_590, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(7_u64))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(5_u64))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 5144).saturating_mul(n.into()))
	}
	/// Storage: `Marketplace::Agreements` (r:1 w:1)
	/// Proof: `Marketplace::Agreements` (`max_values`: None, `max_size`: Some(9415), added: 11890, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:63 w:0)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:63 w:63)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:126 w:126)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Committed` (r:63 w:63)
	/// Proof: `Providers::Committed` (`max_values`: None, `max_size`: Some(65), added: 2540, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:63 w:63)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(77), added: 2552, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::HalfLife` (r:1 w:0)
	/// Proof: `Reputation::HalfLife` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Params` (r:1 w:0)
	/// Proof: `Marketplace::Params` (`max_values`: Some(1), `max_size`: Some(20), added: 515, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:63 w:63)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:64 w:64)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:66 w:66)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::Locks` (r:1 w:1)
	/// Proof: `Escrow::Locks` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Escrow::TotalLocked` (r:1 w:1)
	/// Proof: `Escrow::TotalLocked` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByObject` (r:0 w:1)
	/// Proof: `Marketplace::ByObject` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByClient` (r:0 w:1)
	/// Proof: `Marketplace::ByClient` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::LostColumns` (r:0 w:63)
	/// Proof: `Marketplace::LostColumns` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByProvider` (r:0 w:63)
	/// Proof: `Marketplace::ByProvider` (`max_values`: None, `max_size`: Some(66), added: 2541, mode: `MaxEncodedLen`)
	fn settle(n: u32, ) -> Weight {
		// Minimum execution time: 478_122_000 picoseconds.
		Weight::from_parts(612_172_280, 12880)
			// Standard error: 8_550_191
			.saturating_add(Weight::from_parts(214_418_679, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(10_u64))
			.saturating_add(T::DbWeight::get().reads((9_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(9_u64))
			.saturating_add(T::DbWeight::get().writes((10_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 5144).saturating_mul(n.into()))
	}
	/// Storage: `Marketplace::Agreements` (r:1 w:1)
	/// Proof: `Marketplace::Agreements` (`max_values`: None, `max_size`: Some(9415), added: 11890, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:1 w:0)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:1 w:1)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:2 w:2)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Committed` (r:1 w:1)
	/// Proof: `Providers::Committed` (`max_values`: None, `max_size`: Some(65), added: 2540, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(77), added: 2552, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::HalfLife` (r:1 w:0)
	/// Proof: `Reputation::HalfLife` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Params` (r:1 w:0)
	/// Proof: `Marketplace::Params` (`max_values`: Some(1), `max_size`: Some(20), added: 515, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:1 w:1)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:3 w:3)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::LostColumns` (r:0 w:1)
	/// Proof: `Marketplace::LostColumns` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByProvider` (r:0 w:1)
	/// Proof: `Marketplace::ByProvider` (`max_values`: None, `max_size`: Some(66), added: 2541, mode: `MaxEncodedLen`)
	fn declare_lost() -> Weight {
		// Minimum execution time: 338_461_000 picoseconds.
		Weight::from_parts(540_459_000, 12880)
			.saturating_add(T::DbWeight::get().reads(15_u64))
			.saturating_add(T::DbWeight::get().writes(13_u64))
	}
	/// Storage: `Marketplace::Agreements` (r:1 w:1)
	/// Proof: `Marketplace::Agreements` (`max_values`: None, `max_size`: Some(9415), added: 11890, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:1 w:0)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:1 w:1)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:2 w:2)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Committed` (r:1 w:1)
	/// Proof: `Providers::Committed` (`max_values`: None, `max_size`: Some(65), added: 2540, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(77), added: 2552, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::HalfLife` (r:1 w:0)
	/// Proof: `Reputation::HalfLife` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Params` (r:1 w:0)
	/// Proof: `Marketplace::Params` (`max_values`: Some(1), `max_size`: Some(20), added: 515, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:1 w:1)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:3 w:3)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::LostColumns` (r:0 w:1)
	/// Proof: `Marketplace::LostColumns` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByProvider` (r:0 w:1)
	/// Proof: `Marketplace::ByProvider` (`max_values`: None, `max_size`: Some(66), added: 2541, mode: `MaxEncodedLen`)
	fn mark_lost() -> Weight {
		// Minimum execution time: 331_538_000 picoseconds.
		Weight::from_parts(454_498_000, 12880)
			.saturating_add(T::DbWeight::get().reads(15_u64))
			.saturating_add(T::DbWeight::get().writes(13_u64))
	}
	/// Storage: `Marketplace::Agreements` (r:1 w:1)
	/// Proof: `Marketplace::Agreements` (`max_values`: None, `max_size`: Some(9415), added: 11890, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Params` (r:1 w:0)
	/// Proof: `StorageProofs::Params` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Params` (r:1 w:0)
	/// Proof: `Marketplace::Params` (`max_values`: Some(1), `max_size`: Some(20), added: 515, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Uploads` (r:2 w:2)
	/// Proof: `Marketplace::Uploads` (`max_values`: None, `max_size`: Some(69), added: 2544, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::ByProvider` (r:1 w:1)
	/// Proof: `Marketplace::ByProvider` (`max_values`: None, `max_size`: Some(66), added: 2541, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:1 w:0)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1388), added: 3863, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Offers` (r:1 w:0)
	/// Proof: `Providers::Offers` (`max_values`: None, `max_size`: Some(89), added: 2564, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Committed` (r:2 w:1)
	/// Proof: `Providers::Committed` (`max_values`: None, `max_size`: Some(65), added: 2540, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Params` (r:1 w:0)
	/// Proof: `Providers::Params` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Duties` (r:1 w:1)
	/// Proof: `StorageProofs::Duties` (`max_values`: None, `max_size`: Some(2631), added: 5106, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Ledgers` (r:1 w:1)
	/// Proof: `Marketplace::Ledgers` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `StorageProofs::Snapshots` (r:8 w:8)
	/// Proof: `StorageProofs::Snapshots` (`max_values`: None, `max_size`: Some(2630), added: 5105, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Schedule` (r:2 w:2)
	/// Proof: `Marketplace::Schedule` (`max_values`: None, `max_size`: Some(97), added: 2572, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::LostColumns` (r:0 w:1)
	/// Proof: `Marketplace::LostColumns` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
	fn replace_column() -> Weight {
		// Minimum execution time: 468_133_000 picoseconds.
		Weight::from_parts(695_006_000, 41830)
			.saturating_add(T::DbWeight::get().reads(24_u64))
			.saturating_add(T::DbWeight::get().writes(18_u64))
	}
	/// Storage: `Marketplace::Params` (r:0 w:1)
	/// Proof: `Marketplace::Params` (`max_values`: Some(1), `max_size`: Some(20), added: 515, mode: `MaxEncodedLen`)
	fn set_params() -> Weight {
		// Minimum execution time: 8_406_000 picoseconds.
		Weight::from_parts(16_211_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Marketplace::PrunedUpTo` (r:1 w:0)
	/// Proof: `Marketplace::PrunedUpTo` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Uploads` (r:1 w:1)
	/// Proof: `Marketplace::Uploads` (`max_values`: None, `max_size`: Some(69), added: 2544, mode: `MaxEncodedLen`)
	fn forget_upload() -> Weight {
		// Minimum execution time: 13_535_000 picoseconds.
		Weight::from_parts(23_343_000, 3534)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Marketplace::ByProvider` (r:1 w:0)
	/// Proof: `Marketplace::ByProvider` (`max_values`: None, `max_size`: Some(66), added: 2541, mode: `MaxEncodedLen`)
	/// Storage: `Marketplace::Agreements` (r:1 w:0)
	/// Proof: `Marketplace::Agreements` (`max_values`: None, `max_size`: Some(9415), added: 11890, mode: `MaxEncodedLen`)
	fn is_released() -> Weight {
		// Minimum execution time: 47_068_000 picoseconds.
		Weight::from_parts(69_219_000, 12880)
			.saturating_add(T::DbWeight::get().reads(2_u64))
	}
}

// For tests, and for other runtimes on RocksDB.
impl WeightInfo for () {
	fn open_storage(n: u32, ) -> Weight {
		Weight::from_parts(505_443_000, 6196)
			.saturating_add(Weight::from_parts(299_963_044, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(11_u64))
			.saturating_add(RocksDbWeight::get().reads((17_u64).saturating_mul(n.into())))
			.saturating_add(RocksDbWeight::get().writes(10_u64))
			.saturating_add(RocksDbWeight::get().writes((14_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 40840).saturating_mul(n.into()))
	}
	fn extend(n: u32, ) -> Weight {
		Weight::from_parts(187_190_000, 12880)
			.saturating_add(Weight::from_parts(103_618_512, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(8_u64))
			.saturating_add(RocksDbWeight::get().reads((8_u64).saturating_mul(n.into())))
			.saturating_add(RocksDbWeight::get().writes(5_u64))
			.saturating_add(RocksDbWeight::get().writes((3_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 5144).saturating_mul(n.into()))
	}
	fn close(n: u32, ) -> Weight {
		Weight::from_parts(302_251_509, 12880)
			.saturating_add(Weight::from_parts(44_976_590, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(7_u64))
			.saturating_add(RocksDbWeight::get().reads((4_u64).saturating_mul(n.into())))
			.saturating_add(RocksDbWeight::get().writes(5_u64))
			.saturating_add(RocksDbWeight::get().writes((3_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 5144).saturating_mul(n.into()))
	}
	fn settle(n: u32, ) -> Weight {
		Weight::from_parts(612_172_280, 12880)
			.saturating_add(Weight::from_parts(214_418_679, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(10_u64))
			.saturating_add(RocksDbWeight::get().reads((9_u64).saturating_mul(n.into())))
			.saturating_add(RocksDbWeight::get().writes(9_u64))
			.saturating_add(RocksDbWeight::get().writes((10_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 5144).saturating_mul(n.into()))
	}
	fn declare_lost() -> Weight {
		Weight::from_parts(540_459_000, 12880)
			.saturating_add(RocksDbWeight::get().reads(15_u64))
			.saturating_add(RocksDbWeight::get().writes(13_u64))
	}
	fn mark_lost() -> Weight {
		Weight::from_parts(454_498_000, 12880)
			.saturating_add(RocksDbWeight::get().reads(15_u64))
			.saturating_add(RocksDbWeight::get().writes(13_u64))
	}
	fn replace_column() -> Weight {
		Weight::from_parts(695_006_000, 41830)
			.saturating_add(RocksDbWeight::get().reads(24_u64))
			.saturating_add(RocksDbWeight::get().writes(18_u64))
	}
	fn set_params() -> Weight {
		Weight::from_parts(16_211_000, 0)
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn forget_upload() -> Weight {
		Weight::from_parts(23_343_000, 3534)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn is_released() -> Weight {
		Weight::from_parts(69_219_000, 12880)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
	}
}
