//! The time, set once a block by its author.

use crate::{Babe, Runtime};

impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = Babe;
	type MinimumPeriod = pallet_clock::MinimumPeriod<Self>;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Self>;
}
