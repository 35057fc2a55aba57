//! What a transaction costs, and who gets it.

use frame_support::{
	parameter_types,
	traits::{
		fungible::{Balanced, Credit},
		tokens::imbalance::ResolveTo,
		ConstU8, Imbalance, OnUnbalanced,
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
	type OnChargeTransaction = FungibleAdapter<Balances, FeesShared>;
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

/// Half of each fee is the treasury's, the other half and the tip are for whoever makes the block.
#[derive(Debug)]
pub struct FeesShared;

impl OnUnbalanced<Credit<AccountId, Balances>> for FeesShared {
	fn on_unbalanceds(mut fee_then_tip: impl Iterator<Item = Credit<AccountId, Balances>>) {
		let Some(fee) = fee_then_tip.next() else { return };
		let half = fee.peek().div_ceil(2);
		let (mut reward, treasury) = fee.split(half);
		if let Some(tip) = fee_then_tip.next() {
			reward.subsume(tip);
		}
		// A treasury that was emptied takes nothing below the existential deposit.
		if let Err(treasury) = Balances::resolve(&TreasuryAccount::get(), treasury) {
			reward.subsume(treasury);
		}
		Self::on_unbalanced(reward);
	}

	fn on_nonzero_unbalanced(reward: Credit<AccountId, Balances>) {
		let unpaid = match Authorship::author() {
			Some(author) => Balances::resolve(&author, reward),
			None => Err(reward),
		};
		if let Err(reward) = unpaid {
			ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(reward);
		}
	}
}
