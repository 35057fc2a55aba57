//! Genesis presets of local networks.

mod providers;

use alloc::{string::ToString, vec, vec::Vec};
use frame_support::build_struct_json_patch;
use pallet_marketplace::MarketParams;
use pallet_providers::StakeParams;
use pallet_storage_proofs::ProofParams;
use serde_json::Value;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

use crate::{
	configs::TreasuryAccount, AccountId, Balance, BalancesConfig, BlockNumber, ClockConfig, MarketplaceConfig,
	ProvidersConfig, ReputationConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, StorageProofsConfig,
	SudoConfig, EXISTENTIAL_DEPOSIT, PPL,
};

pub use providers::PROVIDERS;

/// One validator, Alice, and slots of 1 s.
pub const DEV: &str = "dev";
/// Two validators, Alice and Bob, and slots of 2 s.
pub const LOCAL: &str = "local";

/// What each well-known person has.
const PERSON_BALANCE: Balance = 1_000_000 * PPL;
/// What each provider account has: enough to bond for hundreds of GiB.
const PROVIDER_BALANCE: Balance = 100_000 * PPL;

/// Blocks in which evidence loses half its weight: 50 periods.
const REPUTATION_HALF_LIFE: BlockNumber = 600;

/// What differs between the networks.
struct Network {
	validators: Vec<(Sr25519Keyring, Ed25519Keyring)>,
	slot_millis: u64,
	epoch_slots: u64,
}

impl Network {
	fn genesis(self) -> Value {
		build_struct_json_patch!(RuntimeGenesisConfig {
			balances: BalancesConfig { balances: balances() },
			session: SessionConfig { keys: self.validators.into_iter().map(session_keys).collect() },
			sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
			clock: ClockConfig { slot_millis: self.slot_millis, epoch_slots: self.epoch_slots },
			providers: ProvidersConfig {
				// Half a minute or a minute: time to see it wait, and to be slashed meanwhile.
				params: StakeParams { unbonding_blocks: 30, ..StakeParams::default() }
			},
			marketplace: MarketplaceConfig { params: market_params() },
			reputation: ReputationConfig { half_life: REPUTATION_HALF_LIFE },
			storage_proofs: StorageProofsConfig { params: proof_params() },
		})
	}
}

/// Periods of 12 blocks: the whole life of an agreement can be watched within minutes.
fn proof_params() -> ProofParams {
	ProofParams {
		period_blocks: 12,
		window_blocks: 7,
		challenges: 8,
		// 1 %: seen at once in a provider's stake.
		missed_slash_ppm: 10_000,
		reporter_share_ppm: 100_000,
		suspend_after: 2,
		terminate_after: 3,
	}
}

fn market_params() -> MarketParams {
	MarketParams {
		min_term: 1,
		// A year of periods of 12 s.
		max_duration: 2_628_000,
		// 20 minutes with slots of 1 s: clients sign uploads for 1,000 blocks.
		max_ack_validity: 1_200,
		loss_penalty_periods: 10,
		loss_client_share_ppm: 500_000,
	}
}

fn session_keys((babe, grandpa): (Sr25519Keyring, Ed25519Keyring)) -> (AccountId, AccountId, SessionKeys) {
	let account = babe.to_account_id();
	(account.clone(), account, SessionKeys { babe: babe.public().into(), grandpa: grandpa.public().into() })
}

fn balances() -> Vec<(AccountId, Balance)> {
	use Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};

	let people = [Alice, Bob, Charlie, Dave, Eve, Ferdie].map(|person| (person.to_account_id(), PERSON_BALANCE));
	let providers = PROVIDERS.map(|key| (AccountId::from(key), PROVIDER_BALANCE));
	// So that even the smallest amount can be paid in.
	let treasury = [(TreasuryAccount::get(), EXISTENTIAL_DEPOSIT)];
	people.into_iter().chain(providers).chain(treasury).collect()
}

fn dev() -> Value {
	Network { validators: vec![(Sr25519Keyring::Alice, Ed25519Keyring::Alice)], slot_millis: 1_000, epoch_slots: 120 }
		.genesis()
}

fn local() -> Value {
	let validators = vec![(Sr25519Keyring::Alice, Ed25519Keyring::Alice), (Sr25519Keyring::Bob, Ed25519Keyring::Bob)];
	Network { validators, slot_millis: 2_000, epoch_slots: 60 }.genesis()
}

/// The preset of that name, as a patch of the default genesis. The names that SDK tools expect work too.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_str() {
		DEV | DEV_RUNTIME_PRESET => dev(),
		LOCAL | LOCAL_TESTNET_RUNTIME_PRESET => local(),
		_ => return None,
	};
	Some(patch.to_string().into_bytes())
}

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![DEV.into(), LOCAL.into()]
}
