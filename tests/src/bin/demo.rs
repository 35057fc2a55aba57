//! The storage cloud's story, told while it happens: one validator, eight providers, a real file.
//!
//! `demo FILE` exits with an error if any part of the story fails to come true, and leaves no process behind.
#![allow(clippy::print_stdout, reason = "the demo tells its story on stdout")]
use std::{
	collections::BTreeSet,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::{ensure, Context, Result};
use peoples_cloud_client::{
	chain::{AgreementInfo, Chain, ColumnState, Event},
	format::{format_ppl, object_from_cid},
};
use peoples_cloud_primitives::AccountBytes;
use peoples_cloud_tests::{
	devnet::{Devnet, Watcher},
	files,
};

/// Any 2 of 6 columns restore the file: two of eight providers stay free for repairs.
const CODE: &str = "2/6";
const PROVIDERS: usize = 8;
/// Long enough that the agreement is still running when it is closed early.
const PERIODS: &str = "200";

fn main() -> Result<()> {
	let file = std::env::args_os().nth(1).map(PathBuf::from).context("usage: demo FILE")?;
	let dir = tempfile::Builder::new().prefix("peoples-cloud-demo-").tempdir()?;
	let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
	let result = runtime.block_on(story(&file, dir.path()));
	if result.is_err() {
		println!("The demo failed; logs are kept in {}", dir.keep().display());
	}
	result
}

fn say(start: Instant, text: &str) {
	println!("[{:>5.1} s] {text}", start.elapsed().as_secs_f64());
}

async fn story(file: &Path, dir: &Path) -> Result<()> {
	let start = Instant::now();
	let bytes = std::fs::metadata(file).with_context(|| file.display().to_string())?.len();
	let mebibytes = bytes as f64 / f64::from(1 << 20);

	say(start, &format!("starting 1 validator and {PROVIDERS} providers"));
	let net = Devnet::start(&dir.join("net"), PROVIDERS, &["--scrub-interval", "10s"])?;
	let chain = net.chain().await?;
	let alice = peoples_cloud_client::wallet::Signer::from_suri("//Alice")?.account();
	let mut watcher = Watcher::new(chain.clone());

	say(
		start,
		&format!(
			"storing {} ({mebibytes:.0} MiB) as //Alice: any {} columns restore it",
			file.display(),
			CODE.replace('/', " of ")
		),
	);
	let before_put = Instant::now();
	let cid = net.ppl(&["put", &file.to_string_lossy(), "--code", CODE, "--periods", PERIODS])?;
	let upload = mebibytes / before_put.elapsed().as_secs_f64();
	let object = object_from_cid(&cid)?;
	let agreement = chain.agreements_by_object(object).await?.into_iter().next().context("the agreement")?;
	let locked = agreement.locked;
	say(
		start,
		&format!(
			"stored as {cid}: {} columns on {} providers, {} locked in escrow",
			agreement.columns.len(),
			holders(&agreement).len(),
			format_ppl(locked)
		),
	);

	say(start, "waiting until every holder has proven three periods");
	let holding = holders(&agreement);
	watcher
		.until(Duration::from_secs(120), "three proofs of every holder", |events| {
			holding.iter().all(|holder| proofs(events, holder) >= 3)
		})
		.await?;
	for holder in &holding {
		let earned = chain.earnings(*holder).await?;
		ensure!(earned > 0, "a provider that proved has earned nothing");
		say(
			start,
			&format!(
				"  {} proved {} periods and earned {}",
				net.provider(holder)?.name,
				proofs(watcher.seen(), holder),
				format_ppl(earned)
			),
		);
	}

	let dead: Vec<AccountBytes> = holding.iter().copied().take(2).collect();
	for holder in &dead {
		let provider = net.provider(holder)?;
		say(start, &format!("kill -9 {} (pid {})", provider.name, provider.pid));
		provider.kill_hard()?;
	}

	say(start, "getting the file back without them");
	let copy = dir.join("copy");
	let before_get = Instant::now();
	net.ppl(&["get", &cid, "-o", &copy.to_string_lossy()])?;
	let download = mebibytes / before_get.elapsed().as_secs_f64();
	files::assert_same(file, &copy)?;
	say(start, "the copy is byte-identical");

	say(start, "waiting for the missed proofs to be reported and slashed, and for the columns' repair");
	watcher
		.until(Duration::from_secs(150), "the repair of the dead providers' columns", |events| {
			dead.iter().all(|holder| {
				events.iter().any(|event| matches!(event, Event::Missed { provider, .. } if provider == holder))
			}) && replaced(events) >= dead.len()
		})
		.await?;
	let slashed_for_misses: u128 =
		watcher.seen().iter().map(|event| if let Event::Missed { slashed, .. } = event { *slashed } else { 0 }).sum();
	ensure!(slashed_for_misses > 0, "nobody was slashed for missing proofs");
	let agreement = chain.agreement(agreement.id).await?.context("the agreement")?;
	ensure!(
		agreement.columns.iter().all(|column| column.state == ColumnState::Held && !dead.contains(&column.provider)),
		"a column is still with a dead provider"
	);
	for event in watcher.seen() {
		if let Event::ColumnReplaced { column, provider, .. } = event {
			say(start, &format!("  column {column} is now with {}", net.provider(provider)?.name));
		}
	}

	let victim = holding.iter().copied().find(|holder| !dead.contains(holder)).context("a holder that lives")?;
	let column = agreement.columns.iter().find(|column| column.provider == victim).context("its column")?;
	let path = files::find_column(&net.provider(&victim)?.data_dir, &column.root)?;
	say(start, &format!("overwriting the column on {}'s disk behind its back", net.provider(&victim)?.name));
	files::corrupt(&path)?;
	watcher
		.until(Duration::from_secs(90), "the corruption to be found and declared", |events| {
			events.iter().any(|event| matches!(event, Event::ColumnLost { provider, .. } if *provider == victim))
		})
		.await?;
	say(start, "it found out and declared the loss; getting the file once more");
	let again = dir.join("again");
	net.ppl(&["get", &cid, "-o", &again.to_string_lossy()])?;
	files::assert_same(file, &again)?;
	say(start, "byte-identical again");

	say(start, "closing the agreement early and settling it");
	net.ppl(&["rm", &cid, "--settle"])?;
	let id = agreement.id;
	watcher
		.until(Duration::from_secs(120), "the settlement", |events| {
			events.iter().any(|event| matches!(event, Event::AgreementEnded { agreement, .. } if *agreement == id))
		})
		.await?;
	let earned = watcher
		.seen()
		.iter()
		.find_map(|event| match event {
			Event::AgreementEnded { agreement, earned, .. } if *agreement == id => Some(*earned),
			_ => None,
		})
		.context("the settlement")?;
	let mut paid = 0;
	for provider in &net.info.providers {
		paid += chain.earnings(provider.account_bytes()?).await?;
	}
	ensure!(
		earned == paid,
		"the providers' earnings ({paid} planck) are not what the agreement paid ({earned} planck)"
	);
	let refunded = locked - earned;
	ensure!(chain.agreements_of(alice).await?.is_empty(), "the agreement is still there");
	say(
		start,
		&format!(
			"locked {} = paid {} + refunded {}, to the plank",
			format_ppl(locked),
			format_ppl(earned),
			format_ppl(refunded)
		),
	);

	let accepted = watcher.seen().iter().filter(|event| matches!(event, Event::Proven { .. })).count();
	let rows = [
		("file", format!("{mebibytes:.1} MiB")),
		("upload", format!("{upload:.1} MiB/s")),
		("download", format!("{download:.1} MiB/s, two holders dead")),
		("columns", format!("{} ({CODE})", agreement.columns.len())),
		("providers killed", dead.len().to_string()),
		("columns repaired", replaced(watcher.seen()).to_string()),
		("proofs accepted", accepted.to_string()),
		("PPL paid", format_ppl(earned)),
		("PPL refunded", format_ppl(refunded)),
		("PPL slashed", format_ppl(slashed_for_misses)),
	];
	net.stop()?;
	println!();
	for (name, value) in rows {
		println!("{name:<18} {value}");
	}
	Ok(())
}

fn holders(agreement: &AgreementInfo) -> BTreeSet<AccountBytes> {
	agreement.columns.iter().map(|column| column.provider).collect()
}

fn proofs(events: &[Event], holder: &AccountBytes) -> usize {
	events.iter().filter(|event| matches!(event, Event::Proven { provider, .. } if provider == holder)).count()
}

fn replaced(events: &[Event]) -> usize {
	events.iter().filter(|event| matches!(event, Event::ColumnReplaced { .. })).count()
}
