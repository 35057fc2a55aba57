//! Providers' scores.

use crate::Runtime;

impl pallet_reputation::Config for Runtime {
	type WeightInfo = pallet_reputation::weights::SubstrateWeight<Self>;
}
