use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::{
		fungible::{Balanced, Inspect},
		IntegrityTest, OnUnbalanced,
	},
};
use peoples_cloud_runtime::{
	configs::{BlockWeights, TreasuryAccount},
	AllPalletsWithSystem, Balances, Runtime, RuntimeCall, TxExtension, EXISTENTIAL_DEPOSIT, PPL,
};
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::traits::TransactionExtension;

use crate::chain::{begin_block, genesis, state};

#[test]
fn pallets_agree_with_their_configuration() {
	state(&genesis("dev")).execute_with(AllPalletsWithSystem::integrity_test);
}

#[test]
fn block_weights_are_valid() {
	BlockWeights::get().validate().unwrap();
}

#[test]
fn extensions_begin_with_authorize_call_and_end_with_weight_reclaim() {
	let names: Vec<_> = TxExtension::metadata().into_iter().map(|extension| extension.identifier).collect();
	assert_eq!(
		names,
		[
			"AuthorizeCall",
			"CheckNonZeroSender",
			"CheckSpecVersion",
			"CheckTxVersion",
			"CheckGenesis",
			"CheckMortality",
			"CheckNonce",
			"CheckWeight",
			"ChargeTransactionPayment",
			"CheckMetadataHash",
			"WeightReclaim",
		]
	);
}

#[test]
fn transfer_costs_little() {
	state(&genesis("dev")).execute_with(|| {
		let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
			dest: Bob.to_account_id().into(),
			value: PPL,
		});
		let info = call.get_dispatch_info();
		assert_eq!(info.class, DispatchClass::Normal);
		let fee = pallet_transaction_payment::Pallet::<Runtime>::compute_fee(150, &info, 0);
		assert!(fee > 0 && fee < PPL / 100, "{fee}");
	});
}

#[test]
fn fees_pay_the_author_and_the_treasury() {
	use peoples_cloud_runtime::configs::FeesShared;

	state(&genesis("dev")).execute_with(|| {
		// GIVEN no author is known
		let issuance = Balances::total_issuance();
		let fee = || {
			Balances::withdraw(
				&Bob.to_account_id(),
				PPL,
				frame_support::traits::tokens::Precision::Exact,
				frame_support::traits::tokens::Preservation::Preserve,
				frame_support::traits::tokens::Fortitude::Polite,
			)
			.unwrap()
		};
		// WHEN a fee and a tip are paid THEN the treasury has both
		FeesShared::on_unbalanceds([fee(), fee()].into_iter());
		assert_eq!(Balances::balance(&TreasuryAccount::get()), EXISTENTIAL_DEPOSIT + 2 * PPL);

		// GIVEN Alice makes the block
		begin_block(1);
		let before = Balances::balance(&Alice.to_account_id());
		// WHEN a fee and a tip are paid THEN she has half of the fee and the tip, and nothing was burnt
		FeesShared::on_unbalanceds([fee(), fee()].into_iter());
		assert_eq!(Balances::balance(&Alice.to_account_id()), before + PPL + PPL / 2);
		assert_eq!(Balances::balance(&TreasuryAccount::get()), EXISTENTIAL_DEPOSIT + 2 * PPL + PPL / 2);
		assert_eq!(Balances::total_issuance(), issuance);
	});
}
