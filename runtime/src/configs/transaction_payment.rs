//! What a transaction costs, and who gets it.

use frame_support::{
	parameter_types,
	traits::{
		fungible::{Balanced, Credit},
		tokens::imbalance::ResolveTo,
		ConstU8, OnUnbalanced,
	},
	weights::{ConstantMultiplier, IdentityFee},
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{traits::Bounded, FixedPointNumber, Perquintill};

use super::TreasuryAccount;
use crate::{AccountId, Authorship, Balance, Balances, Runtime, RuntimeEvent, MICRO};

parameter_types! {
	/// A byte of a transaction: 1 KiB costs about 0.001 PPL.
	pub const TransactionByteFee: Balance = MICRO;
	/// Fees rise while blocks are fuller than this, and fall while they are emptier.
	pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
	/// How fast: about a quarter a day of full blocks of 6 s.
	pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
	/// Not below a tenth, so that there is always a price on filling blocks.
	pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10u128);
	pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = FungibleAdapter<Balances, FeesToAuthor>;
	// A picosecond of execution costs a planck: a full block of 2 s comes to 2 PPL.
	type WeightToFee = IdentityFee<Balance>;
	type LengthToFee = ConstantMultiplier<Balance, TransactionByteFee>;
	type FeeMultiplierUpdate =
		TargetedFeeAdjustment<Self, TargetBlockFullness, AdjustmentVariable, MinimumMultiplier, MaximumMultiplier>;
	type OperationalFeeMultiplier = ConstU8<5>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Self>;
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_transaction_payment::BenchmarkConfig for Runtime {}

/// Fees and tips pay whoever makes the block: validators have no other income, since nothing is minted.
#[derive(Debug)]
pub struct FeesToAuthor;

impl OnUnbalanced<Credit<AccountId, Balances>> for FeesToAuthor {
	fn on_nonzero_unbalanced(fees: Credit<AccountId, Balances>) {
		let unpaid = match Authorship::author() {
			Some(author) => Balances::resolve(&author, fees),
			None => Err(fees),
		};
		if let Err(fees) = unpaid {
			ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(fees);
		}
	}
}
