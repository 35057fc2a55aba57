//! The next runtime is tried on the state of a chain that people have used, as `try-runtime` does it: its migrations, what they
//! check before and after, and then what each pallet says must always hold.
use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{ensure, Context, Result};
use codec::{Compact, Decode, Encode};
use peoples_cloud_client::chain::Event;
use peoples_cloud_tests::{
	devnet::Watcher,
	files,
	network::{start_providers, Validator},
	process::{binary, node_ok},
	runtime::{run, version, State},
	shared,
};
use sp_core::storage::well_known_keys::CODE;
use sp_crypto_hashing::twox_128;

/// Bytes of a key before those of an entry of a map: hashes of the pallet's name and of the map's.
const PREFIX: usize = 32;

/// What is checked: `UpgradeCheckSelect` of frame-support.
#[derive(Clone, Copy)]
enum Checks {
	All = 1,
	/// What migrations check before and after, and that nothing is stored that cannot be decoded.
	PreAndPost = 2,
	/// What each pallet says must always hold, and the same.
	TryState = 3,
}

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

/// What an upgrade came to.
struct Upgraded {
	state: State,
	/// What it took, and what a block has: picoseconds, and bytes of proofs.
	weight: (u64, u64),
	limit: (u64, u64),
}

/// Upgrades that state to the runtime `code`, with those checks.
fn upgrade(state: &State, code: &[u8], checks: Checks) -> Result<Upgraded> {
	let (answer, state) = run(state, code, "TryRuntime_on_runtime_upgrade", &(checks as u8).encode())?;
	let [weight, limit] =
		<[(Compact<u64>, Compact<u64>); 2]>::decode(&mut answer.as_slice())?.map(|(time, proof)| (time.0, proof.0));
	Ok(Upgraded { state, weight, limit })
}

/// Where a pallet stores a value, or what keys of a map begin with.
fn key(pallet: &str, item: &str) -> Vec<u8> {
	[twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat()
}

/// Where the version of what a pallet stores is.
fn version_key(pallet: &str) -> Vec<u8> {
	key(pallet, ":__STORAGE_VERSION__:")
}

fn value<T: Decode>(state: &State, key: &[u8]) -> Result<T> {
	let value = state.get(key).with_context(|| format!("nothing is stored at 0x{}", hex::encode(key)))?;
	Ok(T::decode(&mut value.as_slice())?)
}

/// What is known of providers: evidence for and against, in millionths of a piece, and the block up to which it has
/// decayed.
fn records(state: &State) -> Result<BTreeMap<Vec<u8>, (u64, u64, u32)>> {
	let prefix = key("Reputation", "Records");
	let keys = state.keys().filter(|key| key.starts_with(&prefix));
	keys.map(|key| Ok((key.clone(), value(state, key)?))).collect()
}

/// What the next runtime's migration is to do: see `tests/next-runtime`.
fn is_migrated(before: &State, after: &State) -> Result<()> {
	let versions: (u16, u16) = (value(before, &version_key("Reputation"))?, value(after, &version_key("Reputation"))?);
	ensure!(versions == (0, 1), "from version {} to {}", versions.0, versions.1);
	let half_life = key("Reputation", "HalfLife");
	let (old, new): (u32, u32) = (value(before, &half_life)?, value(after, &half_life)?);
	ensure!(new == old / 2, "the half-life was {old} blocks, and is {new}");

	let now: u32 = value(before, &key("System", "Number"))?;
	let (before, after) = (records(before)?, records(after)?);
	ensure!(!before.is_empty() && before.keys().eq(after.keys()), "records of {before:?} are now of {after:?}");
	for (key, (good, bad, updated)) in before {
		// At the old pace, within what rounding makes of millions.
		let halvings = f64::from(now - updated) / f64::from(old);
		let is_left = |before: u64, after: u64| (before as f64 * 0.5_f64.powf(halvings) - after as f64).abs() < 2.0;
		let migrated = after[&key];
		ensure!(
			is_left(good, migrated.0) && is_left(bad, migrated.1) && migrated.2 == now,
			"at block {now} the record {:?} became {migrated:?}",
			(good, bad, updated)
		);
	}
	Ok(())
}

/// The state with the best provider's record at a key whose hash is not that of its account: whoever asks for it finds
/// none, yet all that is stored can be decoded, and is plausible.
fn misplace_a_record(state: &State) -> Result<State> {
	let best = records(state)?.into_iter().max_by_key(|(_, (good, ..))| *good).context("no records")?.0;
	let mut spoilt = state.clone();
	let record = spoilt.remove(&best).context("it was read from there")?;
	let mut elsewhere = best;
	elsewhere[PREFIX] ^= 1;
	spoilt.insert(elsewhere, record);
	Ok(spoilt)
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

	// WHEN it is upgraded THEN all checks pass, a block has room for it, and what was to be migrated is
	let upgraded = upgrade(&state, &next, Checks::All)?;
	let (taken, limit) = (upgraded.weight, upgraded.limit);
	ensure!(taken.0 <= limit.0 && taken.1 <= limit.1, "the upgrade takes {taken:?} of {limit:?}");
	is_migrated(&state, &upgraded.state)?;

	// WHEN the same upgrade runs once more THEN nothing is migrated again, and all checks pass
	let again = upgrade(&upgraded.state, &next, Checks::All)?;
	ensure!(again.state == upgraded.state, "a migration ran twice");
	ensure!(again.weight.0 < taken.0, "to migrate nothing takes {:?}, as much as all", again.weight);

	// WHEN the migration cannot keep a score, which no pallet's own check looks at THEN what it checks afterwards says so
	let spoilt = misplace_a_record(&state)?;
	upgrade(&spoilt, &next, Checks::TryState).context("more is spoilt than was meant to be")?;
	ensure!(upgrade(&spoilt, &next, Checks::PreAndPost).is_err(), "a migration may lose a provider's score");

	// WHEN a pallet's state is of another version than its code, and no migration between them THEN the checks say so
	for pallet in ["Providers", "Marketplace", "Escrow", "Reputation", "StorageProofs", "Staking"] {
		let mut older = state.clone();
		let version = older.get_mut(&version_key(pallet)).with_context(|| format!("{pallet} has no version"))?;
		*version = u16::MAX.encode();
		// The reason is in the log only; nothing else has changed.
		ensure!(upgrade(&older, &next, Checks::All).is_err(), "{pallet} may be of any version");
	}

	// WHEN money is missing THEN the checks say so
	let earned = key("Escrow", "Earnings");
	let mut poorer = state.clone();
	let key = poorer.keys().find(|key| key.starts_with(&earned)).context("nobody has earned anything")?.clone();
	poorer.insert(key, 1u128.encode());
	ensure!(upgrade(&poorer, &next, Checks::All).is_err(), "earnings need not add up");
	Ok(())
}
