//! `kill -9` of a provider in the middle of a put: a spare takes its place, or nothing is paid.
use std::{collections::BTreeSet, path::Path, time::Duration};

use anyhow::{ensure, Context, Result};
use peoples_cloud_client::{
	chain::{Chain, Event},
	format::object_from_cid,
	wallet::Signer,
};
use peoples_cloud_tests::{
	deaths::Deaths,
	devnet::Watcher,
	files,
	network::{start_providers, Provider, Validator},
	process::{refused, wait_for, Ppl},
};

/// Three columns and a spare.
const PROVIDERS: usize = 4;
const BOUND: Duration = Duration::from_secs(120);

/// Kills a provider that takes a column in, some time after it began; answers which.
async fn kill_receiving(
	ppl: &mut Ppl,
	deaths: &mut Deaths,
	providers: &mut [Provider],
	after: Duration,
) -> Result<usize> {
	let place = wait_for(BOUND, "a column to come in", || {
		let place = providers.iter().position(Provider::is_receiving);
		ensure!(place.is_some() || ppl.is_running(), "the put ended before it began");
		Ok(place)
	})?;
	tokio::time::sleep(after).await;
	deaths.kill(&mut providers[place])?;
	Ok(place)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_dies_in_a_put_costs_nothing() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start(dir.path())?;
	let chain = validator.chain().await?;
	let mut providers = start_providers(dir.path(), &validator, &chain, PROVIDERS, &[]).await?;
	// Not Alice: she makes the blocks, and is paid the fees.
	let bob = Signer::from_suri("//Bob")?.account();
	let (file, copy) = (dir.path().join("file"), dir.path().join("copy"));
	files::write_random(&file, 96 << 20, 1)?;
	let path = file.to_string_lossy();
	let mut watcher = Watcher::new(chain.clone());
	let mut stored = BTreeSet::new();
	let mut deaths = Deaths::new(chain.clone());

	// WHEN a provider is killed at several points of an upload and a spare is there
	for millis in [0, 300, 900, 1_500] {
		let mut ppl = validator.start_ppl("//Bob", &["put", &path, "--code", "2/3", "--periods", "100"])?;
		let dead = kill_receiving(&mut ppl, &mut deaths, &mut providers, Duration::from_millis(millis)).await?;
		// THEN the file is stored all the same, and comes back while it is dead
		let cid = ppl.succeed(BOUND)?;
		get(&validator, &cid, &file, &copy)?;
		stored.insert(cid);
		deaths.restart(&mut providers[dead])?;
	}

	// WHEN there is no spare
	let before = (chain.free_balance(bob).await?, chain.agreements_of(bob).await?.len());
	let mut ppl = validator.start_ppl("//Bob", &["put", &path, "--code", "2/4", "--periods", "100"])?;
	let dead = kill_receiving(&mut ppl, &mut deaths, &mut providers, Duration::ZERO).await?;
	// THEN a sentence says that nothing was paid, and nothing was
	refused(&ppl.finish(BOUND)?, "nothing was paid")?;
	ensure!((chain.free_balance(bob).await?, chain.agreements_of(bob).await?.len()) == before, "it cost something");
	deaths.restart(&mut providers[dead])?;

	// THEN whoever acknowledged before it died has what it acknowledged, and proves it
	let holders: BTreeSet<_> = chain
		.agreements_of(bob)
		.await?
		.iter()
		.filter(|agreement| stored.iter().any(|cid| object_from_cid(cid).ok() == Some(agreement.object)))
		.flat_map(|agreement| agreement.columns.iter().map(|column| (column.provider, column.root)))
		.collect();
	for provider in &providers {
		let account = provider.account()?;
		for (_, root) in holders.iter().filter(|(holder, _)| *holder == account) {
			files::find_column(&provider.data_dir(), root)?;
		}
	}
	watcher.until(Duration::from_secs(30), "the newest block", |_| true).await?;
	let seen = watcher.seen().len();
	watcher
		.until(BOUND, "proofs of all", |events| {
			let proved = |account: [u8; 32]| {
				let of_it = |event: &&Event| matches!(event, Event::Proven { provider, .. } if *provider == account);
				events[seen..].iter().filter(of_it).count() >= 2
			};
			holders.iter().all(|(account, _)| proved(*account))
		})
		.await?;
	deaths.cost_nothing(watcher.seen())?;
	for cid in &stored {
		get(&validator, cid, &file, &copy)?;
	}
	for provider in &mut providers {
		provider.stop().with_context(|| provider.tail())?;
	}
	Ok(())
}

fn get(validator: &Validator, cid: &str, file: &Path, copy: &Path) -> Result<()> {
	validator.start_ppl("//Bob", &["get", cid, "-o", &copy.to_string_lossy()])?.succeed(BOUND)?;
	files::assert_same(file, copy)
}
