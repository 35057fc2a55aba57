use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::{
		fungible::{Balanced, Inspect},
		InstanceFilter, IntegrityTest, OnUnbalanced,
	},
};
use peoples_cloud_runtime::{
	configs::{BlockWeights, ProxyType, TreasuryAccount},
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

#[test]
fn non_transfer_proxy_moves_no_money() {
	let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_all {
		dest: Bob.to_account_id().into(),
		keep_alive: false,
	});
	let remark = RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() });
	assert!(ProxyType::Any.filter(&transfer));
	assert!(!ProxyType::NonTransfer.filter(&transfer));
	assert!(ProxyType::NonTransfer.filter(&remark));
	assert!(!ProxyType::CancelProxy.filter(&remark));
	assert!(ProxyType::Any.is_superset(&ProxyType::NonTransfer));
	assert!(!ProxyType::NonTransfer.is_superset(&ProxyType::Any));
	assert!(!ProxyType::CancelProxy.is_superset(&ProxyType::NonTransfer));
}

#[test]
fn provider_proxy_does_daily_duties_only() {
	let calls = [
		(RuntimeCall::Escrow(pallet_escrow::Call::withdraw {}), true),
		(RuntimeCall::Marketplace(pallet_marketplace::Call::settle { agreement: 0 }), true),
		(RuntimeCall::Marketplace(pallet_marketplace::Call::declare_lost { agreement: 0, column: 0 }), true),
		(RuntimeCall::Providers(pallet_providers::Call::pause {}), true),
		(RuntimeCall::StorageProofs(pallet_storage_proofs::Call::advance { provider: Bob.to_account_id() }), true),
		(RuntimeCall::Utility(pallet_utility::Call::batch { calls: Vec::new() }), true),
		(RuntimeCall::Marketplace(pallet_marketplace::Call::close { agreement: 0 }), false),
		(RuntimeCall::Providers(pallet_providers::Call::unbond { amount: PPL }), false),
		(RuntimeCall::Providers(pallet_providers::Call::leave {}), false),
		(
			RuntimeCall::Utility(pallet_utility::Call::as_derivative {
				index: 0,
				call: Box::new(RuntimeCall::Escrow(pallet_escrow::Call::withdraw {})),
			}),
			false,
		),
	];
	for (call, allowed) in calls {
		assert_eq!(ProxyType::Provider.filter(&call), allowed, "{call:?}");
		// What `Provider` may do, `NonTransfer` may do, unless it costs stake.
		let penalised = matches!(call, RuntimeCall::Marketplace(pallet_marketplace::Call::declare_lost { .. }));
		assert!(!allowed || ProxyType::NonTransfer.filter(&call) != penalised, "{call:?}");
	}
	// Or it could make a proxy that may do what it must not.
	assert!(!ProxyType::NonTransfer.is_superset(&ProxyType::Provider));
	assert!(!ProxyType::Provider.is_superset(&ProxyType::NonTransfer));
}
