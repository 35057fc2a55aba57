//! A chain in memory, from genesis on, whose blocks carry BABE's digests.

use codec::Encode;
use frame_support::{
	storage::{with_transaction_unchecked, TransactionOutcome},
	traits::{OnFinalize, OnInitialize},
};
use pallet_staking::StakerStatus;
use peoples_cloud_runtime::{
	genesis_config_presets::{get_preset, session_keys},
	AccountId, AllPalletsWithSystem, Block, Executive, Header, Runtime, System, Timestamp, UncheckedExtrinsic, PPL,
};
use serde_json::Value;
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	Slot, BABE_ENGINE_ID,
};
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	traits::Header as _,
	transaction_validity::{TransactionSource, TransactionValidity},
	Digest, DigestItem,
};

/// The slot of block 1: any number that is not 0.
pub(crate) const FIRST_SLOT: u64 = 1_000;

/// The preset's full genesis.
pub(crate) fn genesis(preset: &str) -> Value {
	let default = <Runtime as GenesisBuilder<Block>>::get_preset(&None).unwrap();
	let mut genesis = serde_json::from_slice(&default).unwrap();
	let patch = get_preset(&preset.into()).unwrap();
	merge(&mut genesis, serde_json::from_slice(&patch).unwrap());
	genesis
}

/// As RFC 7386 says, and as the node does with a preset.
fn merge(target: &mut Value, patch: Value) {
	let (Value::Object(target), Value::Object(patch)) = (&mut *target, &patch) else {
		*target = patch;
		return;
	};
	for (key, value) in patch {
		merge(target.entry(key).or_insert(Value::Null), value.clone());
	}
}

/// The state that a genesis makes.
pub(crate) fn state(genesis: &Value) -> TestExternalities {
	let mut state = TestExternalities::default();
	state.execute_with(|| {
		let json = serde_json::to_vec(genesis).unwrap();
		<Runtime as GenesisBuilder<Block>>::build_state(json).unwrap();
	});
	state
}

/// A genesis of the `local` preset with these validators.
pub(crate) fn genesis_with(validators: &[Sr25519Keyring]) -> Value {
	let keys: Vec<_> = validators
		.iter()
		.map(|validator| {
			let account = validator.to_account_id();
			(account.clone(), account, session_keys(*validator))
		})
		.collect();
	let mut genesis = genesis("local");
	let stakers: Vec<_> = keys
		.iter()
		.map(|(account, ..)| (account, account, 10_000 * PPL, StakerStatus::<AccountId>::Validator))
		.collect();
	genesis["staking"]["stakers"] = serde_json::to_value(stakers).unwrap();
	genesis["session"]["keys"] = serde_json::to_value(keys).unwrap();
	genesis
}

/// A block's digest by the author of that index, without VRF output.
pub(crate) fn plain_digest(authority_index: u32, slot: u64) -> Digest {
	digest(PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index, slot: Slot::from(slot) }))
}

/// A block's digest that claims a slot.
pub(crate) fn digest(claim: PreDigest) -> Digest {
	Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, claim.encode())] }
}

/// Starts block `number` in its slot, made by the first validator.
pub(crate) fn begin_block(number: u32) {
	let slot = FIRST_SLOT + u64::from(number) - 1;
	begin_block_with(number, slot, &plain_digest(0, slot));
}

/// Starts block `number` with that digest.
pub(crate) fn begin_block_with(number: u32, slot: u64, digest: &Digest) {
	System::reset_events();
	System::initialize(&number, &System::parent_hash(), digest);
	AllPalletsWithSystem::on_initialize(number);
	let now = slot * pallet_clock::SlotMillis::<Runtime>::get();
	Timestamp::set(peoples_cloud_runtime::RuntimeOrigin::none(), now).unwrap();
}

/// Ends the current block; answers its header.
pub(crate) fn end_block() -> Header {
	AllPalletsWithSystem::on_finalize(System::block_number());
	System::finalize()
}

/// Makes blocks up to and including `last`.
pub(crate) fn run_to(last: u32) {
	while System::block_number() < last {
		begin_block(System::block_number() + 1);
		let header = end_block();
		assert_eq!(*header.number(), System::block_number());
	}
}

/// Does something of which nothing stays; answers what came of it.
pub(crate) fn attempt<R>(work: impl FnOnce() -> R) -> R {
	with_transaction_unchecked(|| TransactionOutcome::Rollback(work()))
}

/// Whether the pool would take a transaction that came from there.
pub(crate) fn validate(source: TransactionSource, transaction: UncheckedExtrinsic) -> TransactionValidity {
	attempt(|| Executive::validate_transaction(source, transaction, System::parent_hash()))
}
