//! Accounts that several people share.

use frame_support::{parameter_types, traits::ConstU32};

use super::deposit;
use crate::{Balance, Balances, Runtime, RuntimeCall, RuntimeEvent, System};

parameter_types! {
	/// For an operation: 32 bytes of key, 56 of value, 32 of the account.
	pub const DepositBase: Balance = deposit(1, 120);
	/// For each approval that must be kept.
	pub const DepositFactor: Balance = deposit(0, 32);
}

impl pallet_multisig::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type DepositBase = DepositBase;
	type DepositFactor = DepositFactor;
	type MaxSignatories = ConstU32<100>;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Self>;
	type BlockNumberProvider = System;
}
