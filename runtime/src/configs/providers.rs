//! The register of providers and their stake.

use frame_support::traits::tokens::imbalance::ResolveTo;

use super::{governance::MarketAdmins, TreasuryAccount};
use crate::{Balances, Runtime, RuntimeHoldReason};

impl pallet_providers::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OnSlash = ResolveTo<TreasuryAccount, Balances>;
	type ParamsOrigin = MarketAdmins;
	type WeightInfo = pallet_providers::weights::SubstrateWeight<Self>;
}
