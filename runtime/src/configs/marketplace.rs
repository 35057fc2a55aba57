//! Agreements between clients and providers.

use frame_support::{
	parameter_types,
	traits::{fungible::HoldConsideration, ConstU32, LinearStoragePrice},
};

use super::{deposit, governance::MarketAdmins};
use crate::{AccountId, Balance, Balances, Escrow, Providers, Reputation, Runtime, RuntimeHoldReason, StorageProofs};

parameter_types! {
	/// For an agreement and its entries in three indices.
	pub const AgreementBaseDeposit: Balance = deposit(4, 0);
	pub const AgreementByteDeposit: Balance = deposit(0, 1);
	pub const AgreementHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Marketplace(pallet_marketplace::HoldReason::AgreementDeposit);
}

/// What the record of an agreement costs its client until it is settled.
type AgreementDepositPrice = LinearStoragePrice<AgreementBaseDeposit, AgreementByteDeposit, Balance>;

impl pallet_marketplace::Config for Runtime {
	type Registry = Providers;
	type Escrow = Escrow;
	type Reputation = Reputation;
	type Holdings = StorageProofs;
	type Consideration = HoldConsideration<AccountId, Balances, AgreementHoldReason, AgreementDepositPrice>;
	type DepositPrice = AgreementDepositPrice;
	type ParamsOrigin = MarketAdmins;
	// Enough for 20 of 60, and few enough to check all acknowledgements in one transaction.
	type MaxColumns = ConstU32<64>;
	type WeightInfo = pallet_marketplace::weights::SubstrateWeight<Self>;
}
