//! The preset of a network of one validator.

use alloc::{string::ToString, vec, vec::Vec};
use frame_support::build_struct_json_patch;
use sp_core::crypto::get_public_from_string_or_panic;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET};
use sp_keyring::Sr25519Keyring;

use crate::{AccountId, Balance, BalancesConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys};

/// What each well-known person has: as on the chain's own network for development.
const PERSON_BALANCE: Balance = 1_000_000 * 1_000_000_000_000;

/// The preset of that name: `development`.
pub(crate) fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	if id.as_str() != DEV_RUNTIME_PRESET {
		return None;
	}
	let patch = build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig { balances: balances() },
		session: SessionConfig { keys: vec![owned_keys(Sr25519Keyring::Alice)] },
	});
	Some(patch.to_string().into_bytes())
}

/// The names of the presets.
pub(crate) fn preset_names() -> Vec<PresetId> {
	vec![DEV_RUNTIME_PRESET.into()]
}

fn owned_keys(validator: Sr25519Keyring) -> (AccountId, AccountId, SessionKeys) {
	let account = validator.to_account_id();
	let name: &str = validator.into();
	let keys = SessionKeys {
		babe: get_public_from_string_or_panic::<sp_consensus_babe::AuthorityId>(name),
		grandpa: get_public_from_string_or_panic::<sp_consensus_grandpa::AuthorityId>(name),
	};
	(account.clone(), account, keys)
}

fn balances() -> Vec<(AccountId, Balance)> {
	use Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};

	[Alice, Bob, Charlie, Dave, Eve, Ferdie].map(|person| (person.to_account_id(), PERSON_BALANCE)).to_vec()
}
