//! The proof clock of storage.

use frame_support::traits::ConstU32;

use super::{governance::MarketAdmins, VrfRandomness};
use crate::{Marketplace, Providers, Reputation, Runtime};

impl pallet_storage_proofs::Config for Runtime {
	type Registry = Providers;
	type Reputation = Reputation;
	type Ledger = Marketplace;
	type Randomness = VrfRandomness;
	type ParamsOrigin = MarketAdmins;
	// Nearly 7 hours of blocks of 6 s: far more than any window stays open, at 150 KiB of state.
	type SeedRing = ConstU32<4_096>;
	type MaxOpen = ConstU32<8>;
	type MaxAdvance = ConstU32<16>;
	type WeightInfo = pallet_storage_proofs::weights::SubstrateWeight<Self>;
}
