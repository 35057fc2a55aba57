//! `kill -9` anywhere loses nothing that was acknowledged or paid for.
use std::time::Duration;

use anyhow::{Context, Result};
use peoples_cloud_client::{
	chain::{Chain, Event},
	format::object_from_cid,
	wallet::Signer,
};
use peoples_cloud_tests::{
	deaths::Deaths,
	devnet::Watcher,
	files,
	network::{start_providers, Validator},
};

const PROVIDERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn kills_and_restarts_lose_nothing() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let mut validator = Validator::start(dir.path())?;
	let chain = validator.chain().await?;
	let mut providers = start_providers(dir.path(), &validator, &chain, PROVIDERS, &[]).await?;
	// Not Alice: she makes the blocks, and is paid the fees.
	let bob = Signer::from_suri("//Bob")?.account();
	let file = dir.path().join("file");
	files::write_random(&file, 24 << 20, 1)?;
	let path = file.to_string_lossy().into_owned();

	// GIVEN uploads that are killed at several points
	let before = chain.free_balance(bob).await?;
	for millis in [150, 500, 1200] {
		let put = validator.start_ppl("//Bob", &["put", &path, "--code", "2/4", "--periods", "100"])?;
		tokio::time::sleep(Duration::from_millis(millis)).await;
		put.kill()?;
	}
	// THEN nothing is paid unless an agreement was opened, which then is whole
	let opened = chain.agreements_of(bob).await?;
	let locked: u128 = opened.iter().map(|agreement| agreement.locked).sum();
	let after = chain.free_balance(bob).await?;
	// Fees and the deposits for records are small: far below a hundredth of a PPL a kill.
	assert!(
		before - after >= locked && before - after - locked < 1_000_000_000_000,
		"paid {} for {locked} locked",
		before - after
	);

	// WHEN a file is stored
	let cid = validator.ppl(&["put", &path, "--code", "2/4", "--periods", "100"])?;
	let agreement = chain.agreements_by_object(object_from_cid(&cid)?).await?.pop().context("the agreement")?;
	let mut watcher = Watcher::new(chain.clone());

	// AND each provider is killed at a random point of its proving, and started again
	let mut deaths = Deaths::new(chain);
	for provider in &mut providers {
		deaths.kill(provider)?;
		deaths.restart(provider)?;
	}
	// THEN all of them prove on, and nobody misses a period in which it was not dead for long
	let mut accounts = Vec::new();
	for provider in &providers {
		accounts.push(provider.account()?);
	}
	let proved = |events: &[Event], times: usize| {
		accounts.iter().all(|account| {
			events.iter().filter(|event| matches!(event, Event::Proven { provider, .. } if provider == account)).count()
				>= times
		})
	};
	watcher
		.until(Duration::from_secs(120), "proofs after the restart of the providers", |events| proved(events, 2))
		.await?;
	deaths.cost_nothing(watcher.seen())?;

	// WHEN the node is killed and started again
	validator.kill()?;
	tokio::time::sleep(Duration::from_secs(2)).await;
	validator.restart()?;
	let chain = validator.chain().await?;
	// THEN the providers reconnect and prove on, and the file is whole
	let mut watcher = Watcher::new(chain.clone());
	watcher.until(Duration::from_secs(150), "proofs after the restart of the node", |events| proved(events, 2)).await?;
	let copy = dir.path().join("copy");
	validator.ppl(&["get", &cid, "-o", &copy.to_string_lossy()])?;
	files::assert_same(&file, &copy)?;

	// AND a range is that slice of the file
	let part = dir.path().join("part");
	validator.ppl(&["get", &cid, "-o", &part.to_string_lossy(), "--range", "1000000-3999999"])?;
	assert!(std::fs::read(&part)? == std::fs::read(&file)?[1_000_000..4_000_000]);

	assert_eq!(chain.agreement(agreement.id).await?.context("the agreement")?.columns.len(), PROVIDERS);
	for provider in &mut providers {
		provider.stop().with_context(|| provider.tail())?;
	}
	Ok(())
}
