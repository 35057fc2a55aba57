use frame_support::traits::fungible::Inspect;
use pallet_clock::Eras;
use pallet_staking::Forcing;
use peoples_cloud_runtime::{
	configs::TreasuryAccount,
	genesis_config_presets::{get_preset, preset_names, DEV, LOCAL, PROVIDERS, TESTNET},
	AccountId, Babe, Balances, Clock, Grandpa, Marketplace, Providers, Runtime, Session, StorageProofs,
	EXISTENTIAL_DEPOSIT, PPL,
};
use sp_consensus_babe::AllowedSlots;
use sp_core::{sr25519, Pair};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave};

use crate::chain::{genesis, state};

#[test]
fn presets_build_and_differ_only_by_values() {
	assert_eq!(preset_names(), [DEV, LOCAL, TESTNET]);
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
fn testnet_is_as_production_and_nobody_rules_it() {
	state(&genesis(TESTNET)).execute_with(|| {
		assert_eq!(pallet_sudo::Key::<Runtime>::get(), None);
		assert_eq!(Clock::slot_millis(), pallet_clock::DEFAULT_SLOT_MILLIS);
		assert_eq!(Clock::epoch_slots(), pallet_clock::DEFAULT_EPOCH_SLOTS);
		assert_eq!(Clock::eras(), Eras::default());
		assert_eq!(pallet_staking::ForceEra::<Runtime>::get(), Forcing::ForceNone);
		assert_eq!(Session::validators().len(), 4);
		assert_eq!(pallet_staking::MinimumValidatorCount::<Runtime>::get(), 4);
		assert_eq!(Balances::balance(&TreasuryAccount::get()), EXISTENTIAL_DEPOSIT);
		let people = [Alice, Bob, Charlie, Dave].map(|key| Balances::total_balance(&key.to_account_id()));
		assert_eq!(people, [1_000_000 * PPL; 4]);
		assert_eq!(pallet_collective::Members::<Runtime, pallet_collective::Instance1>::get().len(), 3);
		assert_eq!(StorageProofs::params(), Default::default());
		assert_eq!(Marketplace::params(), Default::default());
		assert_eq!(Providers::params(), Default::default());
	});
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
		assert_eq!(Balances::total_balance(&Alice.to_account_id()), 1_000_000 * PPL, "its stake included");
		assert_eq!(Balances::balance(&AccountId::from(PROVIDERS[31])), 100_000 * PPL);
		assert_eq!(Balances::balance(&TreasuryAccount::get()), EXISTENTIAL_DEPOSIT);
	});
}
