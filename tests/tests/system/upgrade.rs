//! The next runtime is tried on the state of a chain that people have used, as `try-runtime` does it: its migrations, what they
//! check before and after, and then what each pallet says must always hold.
use std::{path::Path, time::Duration};

use anyhow::{ensure, Context, Result};
use codec::Encode;
use peoples_cloud_client::chain::Event;
use peoples_cloud_tests::{
	devnet::Watcher,
	files,
	network::{start_providers, Validator},
	process::{binary, node_ok},
	runtime::{call, version, State},
	shared,
};
use sp_core::storage::well_known_keys::CODE;
use sp_crypto_hashing::twox_128;

/// `UpgradeCheckSelect::All` of frame-support.
const ALL_CHECKS: u8 = 1;
const PROVIDERS: usize = 3;

/// A chain with providers, a file, proofs and payments; what it has stored in the end.
async fn state_of_a_used_chain(dir: &Path) -> Result<State> {
	let mut validator = Validator::start(dir)?;
	let chain = validator.chain().await?;
	let mut providers = start_providers(dir, &validator, &chain, PROVIDERS, &[]).await?;
	let file = dir.join("file");
	files::write_random(&file, 1 << 20, 1)?;
	let mut watcher = Watcher::new(chain.clone());
	validator.ppl(&["put", &file.to_string_lossy(), "--code", "1/3", "--periods", "100"])?;
	// One that stops proving leaves misses, a slash and a worse reputation.
	providers.pop().context("a provider")?.kill()?;
	let is_used = |events: &[Event]| {
		events.iter().any(|event| matches!(event, Event::Missed { .. }))
			&& events.iter().filter(|event| matches!(event, Event::Proven { .. })).count() >= 2 * PROVIDERS
	};
	watcher.until(Duration::from_secs(120), "proofs, and a miss", is_used).await?;
	validator.kill()?;
	export(&dir.join("node"))
}

/// What a node that does not run has stored at its best block.
fn export(base: &Path) -> Result<State> {
	let (chain, base) = (shared::specification("dev")?, base.to_string_lossy());
	let state = node_ok(&["export-state", "--chain", &chain.to_string_lossy(), "--base-path", &base])?;
	let specification: serde_json::Value = serde_json::from_str(&state)?;
	let top = specification.pointer("/genesis/raw/top").and_then(serde_json::Value::as_object).context("no state")?;
	let bytes = |text: &str| hex::decode(text.trim_start_matches("0x"));
	top.iter()
		.map(|(key, value)| Ok((bytes(key)?, bytes(value.as_str().context("a value that is no text")?)?)))
		.collect()
}

/// Upgrades that state to the runtime `code`, with all checks.
fn upgrade(state: &State, code: &[u8]) -> Result<()> {
	call(state, code, "TryRuntime_on_runtime_upgrade", &ALL_CHECKS.encode()).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn next_runtime_keeps_what_a_used_chain_has_stored() -> Result<()> {
	// GIVEN the next runtime, which `scripts/next-runtime.sh` compiles, and a chain of this one
	let target = binary("peoples-cloud-node")?.ancestors().nth(2).context("the target directory")?.to_path_buf();
	let next = std::fs::read(target.join("next-runtime/runtime.wasm")).context("run scripts/next-runtime.sh")?;
	let dir = tempfile::tempdir()?;
	let state = state_of_a_used_chain(dir.path()).await?;
	let current = state.get(CODE).context("the chain's runtime")?;
	let (this, next_version) = (version(current)?, version(&next)?);
	assert_eq!((this.0, this.1 + 1), next_version);

	// WHEN it is upgraded THEN all checks pass
	upgrade(&state, &next)?;

	// WHEN a pallet's state is of another version than its code, and no migration between them THEN the checks say so
	for pallet in ["Providers", "Marketplace", "Escrow", "Reputation", "StorageProofs", "Staking"] {
		let key = [twox_128(pallet.as_bytes()), twox_128(b":__STORAGE_VERSION__:")].concat();
		let mut older = state.clone();
		let version = older.get_mut(&key).with_context(|| format!("{pallet} has no version"))?;
		*version = u16::MAX.encode();
		// The reason is in the log only; nothing else has changed.
		ensure!(upgrade(&older, &next).is_err(), "{pallet} may be of any version");
	}

	// WHEN money is missing THEN the checks say so
	let earned = [twox_128(b"Escrow"), twox_128(b"Earnings")].concat();
	let mut poorer = state.clone();
	let key = poorer.keys().find(|key| key.starts_with(&earned)).context("nobody has earned anything")?.clone();
	poorer.insert(key, 1u128.encode());
	ensure!(upgrade(&poorer, &next).is_err(), "earnings need not add up");
	Ok(())
}
