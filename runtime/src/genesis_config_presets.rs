//! Genesis presets: of local networks, and of one with the lengths and rules of production.

mod providers;

use alloc::{string::ToString, vec, vec::Vec};
use frame_support::build_struct_json_patch;
use pallet_clock::Eras;
use pallet_marketplace::MarketParams;
use pallet_providers::StakeParams;
use pallet_staking::{Forcing, StakerStatus};
use pallet_storage_proofs::ProofParams;
use serde_json::Value;
use sp_core::crypto::get_public_from_string_or_panic;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::Sr25519Keyring;
use sp_runtime::Perbill;

use crate::{
	configs::TreasuryAccount, AccountId, Balance, BalancesConfig, BlockNumber, ClockConfig, MarketplaceConfig,
	ProvidersConfig, ReputationConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, StakingConfig,
	StorageProofsConfig, SudoConfig, TechnicalCommitteeConfig, EXISTENTIAL_DEPOSIT, PPL,
};

pub use providers::PROVIDERS;

/// One validator, Alice, and slots of 1 s.
pub const DEV: &str = "dev";
/// Two validators, Alice and Bob, and slots of 2 s.
pub const LOCAL: &str = "local";
/// Production's lengths and parameters, nobody with sudo, and a set of validators that governance opens later. Its four
/// validators are the well-known ones, for rehearsals: whoever launches a network puts its own in their place.
pub const TESTNET: &str = "testnet";

/// Eras of two epochs, three of which stake is liable for.
const ERAS: Eras = Eras { sessions: 2, bonding: 3 };

/// Who can call something urgent.
const COMMITTEE: [Sr25519Keyring; 3] = [Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie];

/// What each well-known person has.
const PERSON_BALANCE: Balance = 1_000_000 * PPL;
/// What each provider account has: enough to bond for hundreds of GiB.
const PROVIDER_BALANCE: Balance = 100_000 * PPL;

/// What each validator of genesis has at stake.
const VALIDATOR_STAKE: Balance = 10_000 * PPL;

/// Blocks in which evidence loses half its weight: 50 periods.
const REPUTATION_HALF_LIFE: BlockNumber = 600;

/// What differs between the networks.
struct Network {
	validators: Vec<Sr25519Keyring>,
	slot_millis: u64,
	epoch_slots: u64,
	eras: Eras,
}

impl Network {
	fn genesis(self) -> Value {
		build_struct_json_patch!(RuntimeGenesisConfig {
			balances: BalancesConfig { balances: balances() },
			session: SessionConfig { keys: self.validators.iter().copied().map(owned_keys).collect() },
			staking: staking(&self.validators),
			technical_committee: TechnicalCommitteeConfig {
				members: COMMITTEE.map(|key| key.to_account_id()).to_vec()
			},
			sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
			clock: ClockConfig { slot_millis: self.slot_millis, epoch_slots: self.epoch_slots, eras: self.eras },
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

/// A network as production is, whose validators are still well known.
fn testnet() -> Value {
	let founders = COMMITTEE.into_iter().chain([Sr25519Keyring::Dave]).collect::<Vec<_>>();
	let endowed = founders.iter().map(|founder| (founder.to_account_id(), PERSON_BALANCE));
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig { balances: endowed.chain([treasury()]).collect() },
		session: SessionConfig { keys: founders.iter().copied().map(owned_keys).collect() },
		staking: StakingConfig {
			force_era: Forcing::ForceNone,
			// Fewer could finalise what the others do not want.
			minimum_validator_count: 4,
			..staking(&founders)
		},
		technical_committee: TechnicalCommitteeConfig { members: COMMITTEE.map(|key| key.to_account_id()).to_vec() },
	})
}

/// Validators with stake of their own, and room for more: whoever bonds enough is elected with the next era.
fn staking(validators: &[Sr25519Keyring]) -> StakingConfig {
	let staker = |key: &Sr25519Keyring| {
		let account = key.to_account_id();
		(account.clone(), account, VALIDATOR_STAKE, StakerStatus::Validator)
	};
	StakingConfig {
		validator_count: 10,
		minimum_validator_count: 1,
		stakers: validators.iter().map(staker).collect(),
		min_nominator_bond: 10 * PPL,
		min_validator_bond: 1_000 * PPL,
		max_validator_count: Some(1_000),
		max_nominator_count: Some(10_000),
		slash_reward_fraction: Perbill::from_percent(10),
		..StakingConfig::default()
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

fn owned_keys(validator: Sr25519Keyring) -> (AccountId, AccountId, SessionKeys) {
	let account = validator.to_account_id();
	(account.clone(), account, session_keys(validator))
}

/// The keys that a node started with that person's flag (`--alice`) signs with: anybody has them.
pub fn session_keys(person: Sr25519Keyring) -> SessionKeys {
	let name: &str = person.into();
	SessionKeys {
		babe: get_public_from_string_or_panic::<sp_consensus_babe::AuthorityId>(name),
		grandpa: get_public_from_string_or_panic::<sp_consensus_grandpa::AuthorityId>(name),
		authority_discovery: get_public_from_string_or_panic::<sp_authority_discovery::AuthorityId>(name),
		beefy: get_public_from_string_or_panic::<sp_consensus_beefy::ecdsa_crypto::AuthorityId>(name),
	}
}

fn balances() -> Vec<(AccountId, Balance)> {
	use Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};

	let people = [Alice, Bob, Charlie, Dave, Eve, Ferdie].map(|person| (person.to_account_id(), PERSON_BALANCE));
	let providers = PROVIDERS.map(|key| (AccountId::from(key), PROVIDER_BALANCE));
	people.into_iter().chain(providers).chain([treasury()]).collect()
}

/// So that even the smallest amount can be paid in.
fn treasury() -> (AccountId, Balance) {
	(TreasuryAccount::get(), EXISTENTIAL_DEPOSIT)
}

fn dev() -> Value {
	Network { validators: vec![Sr25519Keyring::Alice], slot_millis: 1_000, epoch_slots: 120, eras: ERAS }.genesis()
}

fn local() -> Value {
	let validators = vec![Sr25519Keyring::Alice, Sr25519Keyring::Bob];
	Network { validators, slot_millis: 2_000, epoch_slots: 60, eras: ERAS }.genesis()
}

/// The preset of that name, as a patch of the default genesis. The names that SDK tools expect work too.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_str() {
		DEV | DEV_RUNTIME_PRESET => dev(),
		LOCAL | LOCAL_TESTNET_RUNTIME_PRESET => local(),
		TESTNET => testnet(),
		_ => return None,
	};
	Some(patch.to_string().into_bytes())
}

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![DEV.into(), LOCAL.into(), TESTNET.into()]
}
