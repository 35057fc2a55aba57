//! Providers that lie, stall and send garbage beside honest ones: files are stored and come back all the same.
//!
//! The hostile ones ask least, so that clients without experience take them first. Every case is a region of its own
//! beside the honest ones' and an account of its own, so that all run at the same time, before the honest providers
//! have earned a better name than the others.
use std::{
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

use anyhow::{bail, ensure, Context, Result};
use futures::future::try_join_all;
use peoples_cloud_client::{chain::Chain, format::object_from_cid, node::NodeChain, wallet::Signer};
use peoples_cloud_tests::{
	files,
	hostile::{Hostile, Mode},
	network::{wait_for_offers, Provider, Validator},
	process::refused,
};

const HONEST: usize = 4;
/// What a client may take for a command, whoever stalls: a stall costs it half a minute, which may come twice.
const BOUND: Duration = Duration::from_secs(120);
/// Longer than what fits into buffers between two processes, so that a provider that takes nothing is noticed.
const FILE_BYTES: u64 = 12 << 20;

/// Gets until a hostile provider was asked at all: one that happens to answer late is not needed.
const GETS: usize = 10;

/// A put and a get of one client among some hostile providers and the honest ones.
struct Case {
	/// Names the region too.
	name: &'static str,
	suri: &'static str,
	code: &'static str,
	modes: &'static [Mode],
	/// Whether the hostile ones are found out before they get a column. Else their turn comes with the download.
	kept_out: bool,
}

const fn push(name: &'static str, suri: &'static str, modes: &'static [Mode]) -> Case {
	Case { name, suri, code: "2/4", modes, kept_out: true }
}

/// The hostile one is cheapest and so has the first column, which a get would like best.
const fn fetch(name: &'static str, suri: &'static str, modes: &'static [Mode]) -> Case {
	Case { name, suri, code: "2/3", modes, kept_out: false }
}

static CASES: [Case; 10] = [
	push("acknowledge", "//Alice", &[Mode::OtherRoot, Mode::OtherLength, Mode::OtherRate, Mode::ForgedAcknowledgement]),
	push("garbage", "//Bob", &[Mode::Garbage, Mode::EndlessFrame, Mode::WrongReply]),
	push("silent", "//Charlie", &[Mode::Silent]),
	push("stall", "//Dave", &[Mode::StallsAfterReady]),
	// Provider accounts that nobody else uses here have money as well.
	fetch("other column", "//Provider//26", &[Mode::OtherColumn]),
	fetch("other chunks", "//Provider//27", &[Mode::OtherChunks]),
	fetch("noise", "//Provider//28", &[Mode::GarbageColumn]),
	fetch("other length", "//Provider//29", &[Mode::OtherColumnLength]),
	fetch("stalled fetch", "//Provider//30", &[Mode::StallsInFetch]),
	fetch("other manifest", "//Provider//31", &[Mode::OtherManifest]),
];

/// Runs one case to its end.
async fn run(
	validator: &Validator,
	chain: &NodeChain,
	hostile: &[Hostile],
	file: &Path,
	copy: PathBuf,
	case: &Case,
) -> Result<()> {
	let (Case { name, suri, code, .. }, path) = (case, file.to_string_lossy());
	let put = ["put", &path, "--code", code, "--periods", "100", "--region", "honest", "--region", name];
	let cid = finish(validator, suri, &put).await?;
	let agreement = chain.agreements_by_object(object_from_cid(&cid)?).await?.pop().context("the agreement")?;
	let honest = honest_accounts()?;
	let strangers = agreement.columns.iter().filter(|column| !honest.contains(&column.provider)).count();
	let expected = if case.kept_out { 0 } else { case.modes.len() };
	ensure!(strangers == expected, "{strangers} columns are with hostile providers, and not {expected}");
	let untried = || hostile.iter().find(|hostile| case.modes.contains(&hostile.mode) && hostile.lies() == 0);
	for _ in 0..GETS {
		finish(validator, suri, &["get", &cid, "-o", &copy.to_string_lossy()]).await?;
		files::assert_same(file, &copy)?;
		if untried().is_none() {
			return Ok(());
		}
	}
	bail!("{:?} was never asked: this shows nothing about it", untried().map(|hostile| hostile.mode))
}

/// A `ppl` that must succeed within the bound.
async fn finish(validator: &Validator, suri: &str, args: &[&str]) -> Result<String> {
	let ppl = validator.start_ppl(suri, args)?;
	tokio::task::spawn_blocking(move || ppl.succeed(BOUND)).await?
}

fn honest_accounts() -> Result<Vec<[u8; 32]>> {
	(0..HONEST).map(|index| Ok(Signer::from_suri(&format!("//Provider//{index}"))?.account())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_providers_neither_stop_a_put_nor_spoil_a_get() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start(dir.path())?;
	let chain = validator.chain().await?;
	let file = dir.path().join("file");
	files::write_random(&file, FILE_BYTES, 1)?;

	// GIVEN honest providers, and hostile ones that are cheaper
	let mut providers = (0..HONEST)
		.map(|index| Provider::start(dir.path(), index, &validator, &["--region", "honest"]))
		.collect::<Result<Vec<_>>>()?;
	let all = CASES.iter().flat_map(|case| case.modes.iter().map(|mode| (case.name, *mode)));
	let started = (HONEST..).zip(all).map(|(index, (region, mode))| Hostile::start(&chain, index, region, mode));
	let hostile: Vec<Hostile> = try_join_all(started).await?;
	wait_for_offers(&chain, &mut providers).await?;

	// WHEN files are stored among them and fetched again, THEN they come back byte-identical, in time
	let run_case = |case: &'static Case| {
		let copy = dir.path().join(case.name);
		let (validator, chain, hostile, file) = (&validator, &chain, &hostile, &file);
		async move { (case.name, run(validator, chain, hostile, file, copy, case).await) }
	};
	let results = futures::future::join_all(CASES.iter().map(run_case)).await;
	let failed: Vec<String> = results
		.into_iter()
		.filter_map(|(name, result)| result.err().map(|error| format!("{name}: {error:#}")))
		.collect();
	ensure!(failed.is_empty(), "{}", failed.join("\n"));

	// WHEN there are not enough honest ones, THEN a put fails in a sentence and nothing is paid
	too_few(&validator, &chain, &file).await?;
	for provider in &mut providers {
		provider.stop().with_context(|| provider.tail())?;
	}
	Ok(())
}

/// All providers of that region lie.
async fn too_few(validator: &Validator, chain: &Arc<NodeChain>, file: &Path) -> Result<()> {
	let ferdie = Signer::from_suri("//Ferdie")?.account();
	let before = chain.free_balance(ferdie).await?;
	for (region, code) in [("acknowledge", "2/4"), ("garbage", "1/2")] {
		let args = ["put", &file.to_string_lossy(), "--code", code, "--periods", "100", "--region", region];
		let ppl = validator.start_ppl("//Ferdie", &args)?;
		refused(&tokio::task::spawn_blocking(move || ppl.finish(BOUND)).await??, "nothing was paid")?;
	}
	assert_eq!(chain.free_balance(ferdie).await?, before);
	assert!(chain.agreements_of(ferdie).await?.is_empty());
	Ok(())
}
