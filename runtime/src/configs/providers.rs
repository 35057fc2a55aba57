//! The register of providers and their stake.

use frame_support::traits::tokens::imbalance::ResolveTo;

use super::{governance::MarketAdmins, TreasuryAccount};
use crate::{Balances, Escrow, Marketplace, Reputation, Runtime, RuntimeHoldReason, StorageProofs};

impl pallet_providers::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OnSlash = ResolveTo<TreasuryAccount, Balances>;
	type Records = (Marketplace, StorageProofs, Reputation, Escrow);
	type ParamsOrigin = MarketAdmins;
	type WeightInfo = pallet_providers::weights::SubstrateWeight<Self>;
}
