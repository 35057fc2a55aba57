//! A flood of intents, paid for or not, neither fills a provider's memory nor costs it a proof.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_client::{
	chain::{Chain, Event, ProviderInfo},
	format::object_from_cid,
	node::NodeChain,
};
use peoples_cloud_primitives::AccountBytes;
use peoples_cloud_storage::{
	protocol::{Refusal, SignedIntent, PROTOCOL},
	transfer::client::{ProviderPeer, TransferError},
};
use peoples_cloud_tests::{
	devnet::Watcher,
	files,
	network::{start_providers, Validator},
	resources::{metric, peak_memory_mib, MEMORY_LIMIT_MIB},
	uploader::{info, push, Uploader, CHUNK},
};
use tokio::{task::JoinSet, time::Instant};

const PROVIDERS: usize = 3;
/// Peers that flood at a time, each with an account that nobody has paid anything into.
const PEERS: usize = 4;
/// Requests of each peer that are under way at a time.
const STREAMS: usize = 16;
/// Peers that take all streams that one may have, and say nothing. They and the flood together stay below the 256
/// streams that a provider serves at a time: else the flood would be cut off and show nothing.
const LINGERING: usize = 2;
/// How long they flood: an account with money is allowed 128 intents at once and 16 per second, and has 256 pending
/// after 8 s.
const FLOOD: Duration = Duration::from_secs(16);
/// How long an honest client may have to wait for streams that were left open in the flood.
const AFTERWARDS: Duration = Duration::from_secs(90);

/// How often which answer came.
type Tally = BTreeMap<&'static str, u64>;

fn name(answer: &Result<(), TransferError>) -> &'static str {
	match answer {
		Ok(()) => "stored",
		Err(TransferError::Refused(Refusal::RateLimited { .. })) => "rate limited",
		Err(TransferError::Refused(Refusal::NoFunds)) => "no funds",
		Err(TransferError::Refused(Refusal::TooManyPending)) => "too many pending",
		Err(TransferError::Refused(Refusal::Busy)) => "busy",
		Err(TransferError::Refused(_)) => "refused otherwise",
		// Streams beyond those served are closed without a word.
		Err(_) => "cut off",
	}
}

/// One stream after another, as fast as the provider answers: a column for Bob, who has money, or for nobody.
async fn flood(client: Arc<Uploader>, provider: ProviderInfo, valid_until: u32, until: Instant) -> Result<Tally> {
	let peer = ProviderPeer::from_info(&provider).context("an address")?;
	let mut tally = Tally::new();
	while Instant::now() < until {
		let nonce: [u8; 16] = rand::random();
		let intent: SignedIntent = client.intent(&provider, nonce, 1, valid_until)?;
		let mut column = vec![0; CHUNK];
		column[..16].copy_from_slice(&nonce);
		let answer = push(&client.transfer, &peer, intent, &column).await.map(drop);
		*tally.entry(name(&answer)).or_default() += 1;
	}
	Ok(tally)
}

/// Streams that say nothing and stay.
async fn linger(client: Arc<Uploader>, provider: ProviderInfo, until: Instant) -> Result<Tally> {
	let peer = ProviderPeer::from_info(&provider).context("an address")?;
	let mut open = Vec::new();
	for _ in 0..100 {
		if Instant::now() >= until {
			break;
		}
		open.push(client.network.open(peer.peer, &peer.addresses, PROTOCOL, Duration::from_secs(15)).await);
	}
	tokio::time::sleep_until(until).await;
	Ok(Tally::from([("lingered", open.iter().flatten().count() as u64)]))
}

fn proofs(events: &[Event], holder: &AccountBytes) -> usize {
	events.iter().filter(|event| matches!(event, Event::Proven { provider, .. } if provider == holder)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_intents_is_refused_and_costs_no_proof() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start(dir.path())?;
	let chain: Arc<NodeChain> = validator.chain().await?;
	let mut providers = start_providers(dir.path(), &validator, &chain, PROVIDERS, &[]).await?;
	let file = dir.path().join("file");
	files::write_random(&file, 4 << 20, 1)?;
	let put = ["put", &file.to_string_lossy(), "--code", "2/3", "--periods", "100"];

	// GIVEN providers that hold a column each and prove it
	let mut watcher = Watcher::new(chain.clone());
	validator.ppl(&put)?;
	let target = &providers[0];
	let (account, pid) = (target.account()?, target.pid().context("the provider runs")?);
	watcher.until(Duration::from_secs(60), "a proof", |events| proofs(events, &account) >= 1).await?;
	let refused_before = metric(&target.data_dir(), "peoples_cloud_provider_transfer_refused_total").await?;

	// WHEN one of them is flooded with intents over many streams of many peers
	let provider = info(&chain, account).await?;
	let (valid_until, until) = (chain.heads().borrow().best + 600, Instant::now() + FLOOD);
	let mut floods = JoinSet::new();
	for number in 0..PEERS {
		// Each peer's streams share one connection, and so the peer's own limits.
		let poor = Arc::new(Uploader::start(chain.clone(), &format!("//Nobody//{number}")).await?);
		for _ in 0..STREAMS {
			floods.spawn(flood(poor.clone(), provider.clone(), valid_until, until));
		}
	}
	for _ in 0..LINGERING {
		let silent = Arc::new(Uploader::start(chain.clone(), "//Nobody").await?);
		floods.spawn(linger(silent, provider.clone(), until));
	}
	let rich = Arc::new(Uploader::start(chain.clone(), "//Bob").await?);
	for _ in 0..STREAMS {
		floods.spawn(flood(rich.clone(), provider.clone(), valid_until, until));
	}
	drop(rich);
	let mut tally = Tally::new();
	while let Some(flood) = floods.join_next().await {
		for (answer, count) in flood?? {
			*tally.entry(answer).or_default() += count;
		}
	}

	// THEN it refuses most of them, says why, and counts that
	let count = |answer: &str| tally.get(answer).copied().unwrap_or_default();
	for answer in ["rate limited", "no funds", "too many pending"] {
		ensure!(count(answer) > 0, "nothing was refused with {answer:?}: {tally:?}");
	}
	ensure!(count("stored") <= 256, "it stored more than a client may have pending: {tally:?}");
	let refused = count("rate limited") + count("no funds") + count("too many pending") + count("busy");
	ensure!(refused > 2 * count("stored"), "{tally:?}");
	let counted = metric(&target.data_dir(), "peoples_cloud_provider_transfer_refused_total").await? - refused_before;
	ensure!(counted >= refused as f64, "it counted {counted} refusals of {refused}");
	ensure!(metric(&target.data_dir(), "peoples_cloud_provider_transfer_limited_total").await? > 0.0);
	ensure!(count("lingered") > 0, "{tally:?}");

	// AND its memory stays small
	let peak = peak_memory_mib(pid)?;
	ensure!(peak < MEMORY_LIMIT_MIB, "the flood took the provider to {peak} MiB");

	// AND it proves on, as do the others
	let so_far = proofs(watcher.seen(), &account);
	watcher.until(Duration::from_secs(90), "proofs", |events| proofs(events, &account) >= so_far + 2).await?;
	if let Some(missed) = watcher.seen().iter().find(|event| matches!(event, Event::Missed { .. })) {
		bail!("the flood cost a proof: {missed:?}, {tally:?}");
	}

	// AND an honest client is served as before
	let ppl = validator.start_ppl("//Alice", &put)?;
	let cid = ppl.succeed(AFTERWARDS)?;
	let agreement = chain.agreements_by_object(object_from_cid(&cid)?).await?.pop().context("the agreement")?;
	ensure!(agreement.columns.iter().any(|column| column.provider == account), "the flooded provider got nothing");
	let copy = dir.path().join("copy");
	validator.start_ppl("//Alice", &["get", &cid, "-o", &copy.to_string_lossy()])?.succeed(AFTERWARDS)?;
	files::assert_same(&file, &copy)?;
	for provider in &mut providers {
		provider.stop().with_context(|| provider.tail())?;
	}
	Ok(())
}
