//! Providers' scores.

use super::governance::MarketAdmins;
use crate::Runtime;

impl pallet_reputation::Config for Runtime {
	type ParamsOrigin = MarketAdmins;
	type WeightInfo = pallet_reputation::weights::SubstrateWeight<Self>;
}
