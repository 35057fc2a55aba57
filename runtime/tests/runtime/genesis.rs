use frame_support::traits::fungible::Inspect;
use peoples_cloud_runtime::{
	configs::TreasuryAccount,
	genesis_config_presets::{get_preset, preset_names, DEV, LOCAL, PROVIDERS},
	AccountId, Babe, Balances, Clock, Grandpa, Runtime, Session, EXISTENTIAL_DEPOSIT, PPL,
};
use sp_consensus_babe::AllowedSlots;
use sp_core::{sr25519, Pair};
use sp_keyring::Sr25519Keyring::{Alice, Bob};

use crate::chain::{genesis, state};

#[test]
fn presets_build_and_differ_only_by_values() {
	assert_eq!(preset_names(), [DEV, LOCAL]);
	for (preset, validators, slot_millis) in
		[(DEV, vec![Alice.to_account_id()], 1_000), (LOCAL, vec![Alice.to_account_id(), Bob.to_account_id()], 2_000)]
	{
		state(&genesis(preset)).execute_with(|| {
			let mut found = Session::validators();
			found.sort();
			let mut validators = validators;
			validators.sort();
			assert_eq!(found, validators, "{preset}");
			assert_eq!(Clock::slot_millis(), slot_millis, "{preset}");
			assert_eq!(Babe::slot_duration(), slot_millis, "{preset}");
			assert_eq!(Babe::authorities().len(), validators.len(), "{preset}");
			assert_eq!(Grandpa::grandpa_authorities().len(), validators.len(), "{preset}");
			assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(Alice.to_account_id()), "{preset}");
			assert_eq!(Babe::epoch_config().unwrap().allowed_slots, AllowedSlots::PrimaryAndSecondaryVRFSlots);
		});
	}
}

#[test]
fn names_of_the_sdk_work_too() {
	for (ours, theirs) in [(DEV, "development"), (LOCAL, "local_testnet")] {
		assert_eq!(get_preset(&ours.into()), get_preset(&theirs.into()));
	}
	assert_eq!(get_preset(&"mainnet".into()), None);
}

#[test]
fn provider_accounts_are_derived_from_the_development_phrase() {
	for (number, key) in PROVIDERS.iter().enumerate() {
		let pair = sr25519::Pair::from_string(&format!("//Provider//{number}"), None).unwrap();
		assert_eq!(pair.public().0, *key, "//Provider//{number}");
	}
}

#[test]
fn accounts_are_endowed() {
	state(&genesis(DEV)).execute_with(|| {
		assert_eq!(Balances::balance(&Alice.to_account_id()), 1_000_000 * PPL);
		assert_eq!(Balances::balance(&AccountId::from(PROVIDERS[31])), 100_000 * PPL);
		assert_eq!(Balances::balance(&TreasuryAccount::get()), EXISTENTIAL_DEPOSIT);
	});
}
