//! The runtime is upgraded on the running chain, by its governance: the technical committee whitelists, the people vote.
//! Providers prove on meanwhile.

use std::{
	env, fs,
	path::{Path, PathBuf},
	time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_zombienet::{
	chain::{is, Chain, Events},
	market::Market,
	network::Net,
	plan::Genesis,
	process::{succeed, NODE},
	run,
};
use sp_maybe_compressed_blob::{compress_weakly, CODE_BLOB_BOMB_LIMIT};
use zombienet_sdk::{
	subxt::{
		dynamic::{tx, Value},
		utils::to_hex,
	},
	subxt_signer::sr25519::{dev, Keypair},
};

/// What each of six people votes with: together they have more than half of all PPL, so that it is decided at once.
const VOTE: u128 = 900_000_000_000_000_000;
/// `Vote`: aye, with the lowest conviction.
const AYE: u128 = 0x81;
/// As few as a file can be with.
const PROVIDERS: usize = 2;
/// Seconds of a slot in the preset.
const SLOT: f64 = 2.0;
/// Longest that a node may take to compile the runtime, while others run.
const COMPILE: Duration = Duration::from_secs(120);
/// Slots that may stay empty at the upgrade beyond the time to compile: the one in which that begins, and the one in
/// which it ends too late to make a block.
const EDGES: u64 = 2;
/// Slots that may be missed otherwise, of the two dozen that are looked at: the machine has other things to do.
const MISSES: u64 = 2;
/// Blocks before and after the upgrade that are looked at.
const BEFORE: u32 = 8;
const AFTER: u32 = 16;
/// What of the chain's state the runtime is, in a raw specification: `:code`.
const CODE: &str = "/genesis/raw/top/0x3a636f6465";

/// The runtime of this tree with the next `spec_version` and a migration, as `scripts/next-runtime.sh` has made it, compressed
/// as releases are.
fn next_runtime() -> Result<Vec<u8>> {
	let target = || Some(Path::new(&env::var_os("CARGO_TARGET_DIR")?).join("next-runtime/runtime.wasm"));
	let path = env::var_os("NEXT_RUNTIME").map(PathBuf::from).or_else(target);
	let path = path.context("set NEXT_RUNTIME to what scripts/next-runtime.sh prints")?;
	let code = fs::read(&path).with_context(|| format!("{}: run scripts/next-runtime.sh", path.display()))?;
	compress_weakly(&never_seen(code)?, CODE_BLOB_BOMB_LIMIT).context("a runtime too large to compress")
}

/// The runtime with a section that nobody reads, and that no earlier run had: otherwise nodes would find it compiled in
/// the cache that they share, where an earlier run left it, and there would be no pause to measure.
fn never_seen(mut code: Vec<u8>) -> Result<Vec<u8>> {
	let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos().to_le_bytes();
	let name = b"run";
	// WebAssembly's custom section: its kind, how long the rest is, how long the name is, the name, anything. Lengths
	// below 128 are one byte.
	code.extend([0, u8::try_from(1 + name.len() + now.len())?, u8::try_from(name.len())?]);
	code.extend_from_slice(name);
	code.extend_from_slice(&now);
	Ok(code)
}

/// How long one node takes to compile that runtime, while those of the network run: it opens a chain that begins with it,
/// in a cache of its own, and ends.
async fn time_to_compile(net: &Net, code: &[u8]) -> Result<Duration> {
	let directory = tempfile::tempdir()?;
	let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
	let (chain, base, cache) = (path("chain.json"), path("base"), path("runtimes"));
	let mut genesis: serde_json::Value = serde_json::from_slice(&fs::read(net.directory().join("genesis.json"))?)?;
	*genesis.pointer_mut(CODE).context("genesis has no runtime")? = to_hex(code).into();
	fs::write(&chain, serde_json::to_vec(&genesis)?)?;
	// There is no block 1: nothing is exported.
	let arguments = ["export-blocks", "--to", "1", "--chain", chain.as_str(), "--base-path", base.as_str()];
	let start = Instant::now();
	succeed(NODE, &arguments, &[("PEOPLES_CLOUD_RUNTIME_CACHE", cache.as_str())], COMPILE).await?;
	Ok(start.elapsed())
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

/// The committee whitelists the authorisation of that code, the people vote for it. Answers the events from there on.
async fn authorise(chain: &Chain, code: &[u8]) -> Result<Events> {
	let authorise = tx("System", "authorize_upgrade", vec![Value::from_bytes(chain.hash(code))]);
	let call_hash = chain.hash(&chain.encode(&authorise)?);
	whitelist(chain, call_hash.as_bytes()).await?;
	let dispatch = vec![authorise.into_value()];
	let dispatch = tx("Whitelist", "dispatch_whitelisted_call_with_preimage", dispatch);
	let mut events = chain.events_from(chain.finalised().await?);
	referendum(chain, &chain.encode(&dispatch)?).await?;
	events
		.until(Duration::from_secs(180), "the authorisation", |_, event| {
			is(event, "System", "UpgradeAuthorized").then_some(())
		})
		.await?;
	Ok(events)
}

/// Slots without a block: between the upgrade's block and the next one, and all others from some before to `last`.
async fn missed(chain: &Chain, upgraded: u32, last: u32) -> Result<(u64, u64)> {
	let (mut pause, mut misses) = (0, 0);
	let mut before: Option<u64> = None;
	for height in upgraded.saturating_sub(BEFORE)..=last {
		let slot = chain.claim(height).await?.1.slot;
		let missed = before.map_or(0, |before| slot - before - 1);
		match height == upgraded + 1 {
			true => pause += missed,
			false => misses += missed,
		}
		before = Some(slot);
	}
	Ok((pause, misses))
}

#[test]
fn governance_upgrades_the_runtime() -> Result<()> {
	let code = next_runtime()?;
	run(
		Duration::from_secs(1_200),
		// GIVEN three validators, and providers with a file
		async || Net::validators(&Genesis::new(&["Alice", "Bob", "Charlie"], 30)).await,
		async |net| {
			let names = net.names();
			net.finalise(&names, BEFORE.into(), Duration::from_secs(120)).await?;
			let chain = net.chain("alice").await?;
			let version = chain.spec_version().await?;
			let (stored, half_life) = (chain.storage_version("Reputation").await?, chain.half_life().await?);
			ensure!(stored == 0, "the reputation pallet has stored version {stored} before the upgrade");
			let alone = time_to_compile(net, &code).await?.as_secs_f64();
			let mut market = Market::start(net, "alice", PROVIDERS).await?;

			// WHEN the committee whitelists the authorisation of an upgrade, and the people vote for it
			let ((), mut events) = tokio::try_join!(market.store(), authorise(&chain, &code))?;

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

			// AND no block is missed beyond the time in which they compile it. Each node does so as soon as it has the
			// block with the new code, and executes nothing meanwhile, of the old runtime neither. Here they share one
			// machine, and take as long as one after the other at most; each on its own would take as long as one does.
			let (pause, misses) = missed(&chain, upgraded, last).await?;
			let most = (names.len() as f64 * alone / SLOT).ceil() as u64 + EDGES;
			println!(
				"upgrade: {pause} slots of {SLOT} s without a block, while {} nodes compiled the new runtime at once; at \
				 most {most} were to be expected, since one node takes {alone:.1} s; {misses} other slots missed",
				names.len()
			);
			ensure!(pause <= most && misses <= MISSES, "{pause} slots missed at the upgrade, {misses} others");

			// AND takes transactions
			let remark = tx("System", "remark_with_event", vec![Value::from_bytes(b"after the upgrade")]);
			chain.submit(&dev::dave(), "system.remarkWithEvent", &remark).await?;

			// AND the providers have proven every period by the old code and the new, and nobody was slashed
			market.follow(chain);
			market.prove_on(upgraded, "after the upgrade").await?;
			market.is_whole().await
		},
	)
}
