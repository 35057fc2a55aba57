//! The runtime is upgraded on the running chain, by its governance: the technical committee whitelists, the people vote.

use std::{
	env, fs,
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_zombienet::{
	chain::{is, Chain},
	network::Net,
	plan::Genesis,
	run,
};
use sp_maybe_compressed_blob::{compress_weakly, CODE_BLOB_BOMB_LIMIT};
use zombienet_sdk::{
	subxt::dynamic::{tx, Value},
	subxt_signer::sr25519::{dev, Keypair},
};

/// What each of six people votes with: together they have more than half of all PPL, so that it is decided at once.
const VOTE: u128 = 900_000_000_000_000_000;
/// `Vote`: aye, with the lowest conviction.
const AYE: u128 = 0x81;
/// Slots after the upgrade in which there may be no block: every node compiles the new runtime when the first block needs
/// it, on one machine all at once.
const PAUSE: u64 = 20;
/// Slots that may be missed otherwise, of the two dozen that are looked at: the machine has other things to do.
const MISSES: u64 = 2;
/// Blocks before and after the upgrade that are looked at.
const BEFORE: u32 = 8;
const AFTER: u32 = 16;

/// The runtime of this tree with the next `spec_version` and a migration, as `scripts/next-runtime.sh` has made it, compressed
/// as releases are.
fn next_runtime() -> Result<Vec<u8>> {
	let target = || Some(Path::new(&env::var_os("CARGO_TARGET_DIR")?).join("next-runtime/runtime.wasm"));
	let path = env::var_os("NEXT_RUNTIME").map(PathBuf::from).or_else(target);
	let path = path.context("set NEXT_RUNTIME to what scripts/next-runtime.sh prints")?;
	let code = fs::read(&path).with_context(|| format!("{}: run scripts/next-runtime.sh", path.display()))?;
	compress_weakly(&code, CODE_BLOB_BOMB_LIMIT).context("a runtime too large to compress")
}

fn people() -> [Keypair; 6] {
	[dev::alice(), dev::bob(), dev::charlie(), dev::dave(), dev::eve(), dev::ferdie()]
}

/// Two of the three whitelist the call of that hash.
async fn whitelist(chain: &Chain, call_hash: &[u8]) -> Result<()> {
	let call = tx("Whitelist", "whitelist_call", vec![Value::from_bytes(call_hash)]);
	let encoded = chain.encode(&call)?;
	let (hash, length) = (chain.hash(&encoded), encoded.len() as u128);
	let hash = || Value::from_bytes(hash);
	// The first motion of this chain.
	let index = || Value::u128(0);
	let propose = tx("TechnicalCommittee", "propose", vec![Value::u128(2), call.into_value(), Value::u128(length)]);
	chain.submit(&dev::alice(), "technicalCommittee.propose", &propose).await?;
	let aye = tx("TechnicalCommittee", "vote", vec![hash(), index(), Value::bool(true)]);
	for member in [dev::alice(), dev::bob()] {
		chain.submit(&member, "technicalCommittee.vote", &aye).await?;
	}
	// More than whitelisting takes.
	let bound =
		Value::named_composite([("ref_time", Value::u128(10_000_000_000)), ("proof_size", Value::u128(1_000_000))]);
	let close = tx("TechnicalCommittee", "close", vec![hash(), index(), bound, Value::u128(length)]);
	let events = chain.submit(&dev::alice(), "technicalCommittee.close", &close).await?;
	for event in events.iter() {
		if is(&event?, "Whitelist", "CallWhitelisted") {
			return Ok(());
		}
	}
	bail!("the motion was closed, and nothing whitelisted")
}

/// All people vote for it: it is decided as soon as it can be.
async fn referendum(chain: &Chain, proposal: &[u8]) -> Result<()> {
	let origin = Value::unnamed_variant("Origins", [Value::unnamed_variant("WhitelistedCaller", [])]);
	let inline = Value::unnamed_variant("Inline", [Value::from_bytes(proposal)]);
	let soon = Value::unnamed_variant("After", [Value::u128(0)]);
	let submit = tx("Referenda", "submit", vec![origin, inline, soon]);
	chain.submit(&dev::eve(), "referenda.submit", &submit).await?;
	// The first referendum of this chain.
	let index = || Value::u128(0);
	let deposit = tx("Referenda", "place_decision_deposit", vec![index()]);
	chain.submit(&dev::eve(), "referenda.placeDecisionDeposit", &deposit).await?;
	let vote = Value::named_variant(
		"Standard",
		[("vote", Value::unnamed_composite([Value::u128(AYE)])), ("balance", Value::u128(VOTE))],
	);
	for voter in people() {
		let call = tx("ConvictionVoting", "vote", vec![index(), vote.clone()]);
		if let Err(error) = chain.submit(&voter, "convictionVoting.vote", &call).await {
			// The majority may have decided before the last ones vote.
			if !format!("{error:#}").contains("NotOngoing") {
				return Err(error);
			}
		}
	}
	Ok(())
}

#[test]
fn governance_upgrades_the_runtime() -> Result<()> {
	let code = next_runtime()?;
	run(
		Duration::from_secs(900),
		// GIVEN three validators
		async || Net::validators(&Genesis::new(&["Alice", "Bob", "Charlie"], 30)).await,
		async |net| {
			let names = net.names();
			net.finalise(&names, BEFORE.into(), Duration::from_secs(120)).await?;
			let chain = net.chain("alice").await?;
			let version = chain.spec_version().await?;
			let (stored, half_life) = (chain.storage_version("Reputation").await?, chain.half_life().await?);
			ensure!(stored == 0, "the reputation pallet has stored version {stored} before the upgrade");

			// WHEN the committee whitelists the authorisation of an upgrade, and the people vote for it
			let authorise = tx("System", "authorize_upgrade", vec![Value::from_bytes(chain.hash(&code))]);
			let call_hash = chain.hash(&chain.encode(&authorise)?);
			whitelist(&chain, call_hash.as_bytes()).await?;
			let dispatch = vec![authorise.into_value()];
			let dispatch = tx("Whitelist", "dispatch_whitelisted_call_with_preimage", dispatch);
			let mut events = chain.events_from(chain.finalised().await?);
			referendum(&chain, &chain.encode(&dispatch)?).await?;
			events
				.until(Duration::from_secs(180), "the authorisation", |_, event| {
					is(event, "System", "UpgradeAuthorized").then_some(())
				})
				.await?;

			// AND anybody applies it
			let apply = chain.call_with_bytes("System", "apply_authorized_upgrade", &code)?;
			chain.submit(&dev::dave(), "system.applyAuthorizedUpgrade", &apply).await?;
			let upgraded = events
				.until(Duration::from_secs(60), "the new code", |height, event| {
					is(event, "System", "CodeUpdated").then_some(height)
				})
				.await?;

			// THEN all nodes go on with the new runtime, and finalise
			let last = upgraded + AFTER;
			net.finalise(&names, last.into(), Duration::from_secs(180)).await?;
			for name in &names {
				let now = net.chain(name).await?.spec_version().await?;
				ensure!(now == version + 1, "{name} runs version {now} after {version}");
			}

			// AND what is stored has been migrated, once
			let chain = net.chain("alice").await?;
			let (stored, now) = (chain.storage_version("Reputation").await?, chain.half_life().await?);
			ensure!(
				stored == 1 && now == half_life / 2,
				"the reputation pallet has stored version {stored}, the half-life went from {half_life} to {now}"
			);

			// AND no block is missed beyond the pause in which they compile it
			let mut slots = Vec::new();
			for height in upgraded.saturating_sub(BEFORE)..=last {
				slots.push((height, chain.claim(height).await?.1.slot));
			}
			let (mut pause, mut misses) = (0, 0);
			for pair in slots.windows(2) {
				let ((parent, before), (_, slot)) = (pair[0], pair[1]);
				let missed = slot - before - 1;
				match parent == upgraded {
					true => pause += missed,
					false => misses += missed,
				}
			}
			ensure!(
				pause <= PAUSE && misses <= MISSES,
				"{pause} slots missed at the upgrade, {misses} others: {slots:?}"
			);

			// AND takes transactions
			let remark = tx("System", "remark_with_event", vec![Value::from_bytes(b"after the upgrade")]);
			chain.submit(&dev::dave(), "system.remarkWithEvent", &remark).await?;
			Ok(())
		},
	)
}
