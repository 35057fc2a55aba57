//! A provider whose disk is full loses nothing, proves on, and its work goes to others until there is room again.
//!
//! Needs to mount a small tmpfs; says so and passes where that is not allowed.
use std::{path::Path, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_client::{
	chain::{Chain, Event},
	format::object_from_cid,
	node::NodeChain,
};
use peoples_cloud_primitives::AccountBytes;
use peoples_cloud_tests::{
	devnet::Watcher,
	files,
	network::{wait_for_offers, Provider, Validator},
	process::wait_for,
	resources::SmallDisk,
};

/// Three columns and a spare.
const PROVIDERS: usize = 4;
/// Columns of 64 MiB and the 64 MiB that a provider leaves free fit, and little else.
const DISK_MIB: u32 = 256;
const BOUND: Duration = Duration::from_secs(120);

async fn holders(chain: &NodeChain, cid: &str) -> Result<Vec<AccountBytes>> {
	let agreement = chain.agreements_by_object(object_from_cid(cid)?).await?.pop().context("the agreement")?;
	Ok(agreement.columns.iter().map(|column| column.provider).collect())
}

fn put<'a>(file: &'a str, code: &'a str) -> [&'a str; 6] {
	["put", file, "--code", code, "--periods", "100"]
}

fn get(validator: &Validator, cid: &str, file: &str, copy: &Path) -> Result<()> {
	validator.start_ppl("//Alice", &["get", cid, "-o", &copy.to_string_lossy()])?.succeed(BOUND)?;
	files::assert_same(Path::new(file), copy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_neither_columns_nor_proofs() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let Some(disk) = SmallDisk::mount(&dir.path().join("provider-0/data"), DISK_MIB)? else {
		println!("skipped: no tmpfs can be mounted here");
		return Ok(());
	};
	let validator = Validator::start(dir.path())?;
	let chain = validator.chain().await?;
	let mut providers = (0..PROVIDERS)
		.map(|index| {
			// The one with the small disk is cheapest, so that it is asked first.
			let price = if index == 0 { "0.005" } else { "0.01" };
			Provider::start(dir.path(), index, &validator, &["--price", price])
		})
		.collect::<Result<Vec<_>>>()?;
	wait_for_offers(&chain, &mut providers).await?;
	let small = providers[0].account()?;
	let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
	let (file, large, copy) = (path("file"), path("large"), dir.path().join("copy"));
	files::write_random(Path::new(&file), 16 << 20, 1)?;
	files::write_random(Path::new(&large), 128 << 20, 2)?;

	// GIVEN a column on the small disk
	let mut watcher = Watcher::new(chain.clone());
	let first = validator.start_ppl("//Alice", &put(&file, "2/3"))?.succeed(BOUND)?;
	ensure!(holders(&chain, &first).await?.contains(&small), "the cheapest provider got nothing");

	// WHEN the disk fills up while the next column comes in
	let mut ppl = validator.start_ppl("//Alice", &put(&large, "2/3"))?;
	wait_for(BOUND, "the column to come in", || Ok((!ppl.is_running() || providers[0].is_receiving()).then_some(())))?;
	ppl.while_stopped(|| disk.fill())?;
	// THEN the column goes to the spare provider instead
	let second = ppl.succeed(BOUND)?;
	ensure!(!holders(&chain, &second).await?.contains(&small), "the full disk took a column");
	get(&validator, &second, &large, &copy)?;

	// WHEN it is full before the upload
	let third = validator.start_ppl("//Alice", &put(&file, "2/3"))?.succeed(BOUND)?;
	// THEN the same
	ensure!(!holders(&chain, &third).await?.contains(&small), "the full disk took a column");
	// AND where there is no spare, a sentence says so, and nothing is opened
	let refused = validator.start_ppl("//Alice", &put(&file, "2/4"))?.finish(BOUND)?;
	peoples_cloud_tests::process::refused(&refused, "disk is full")?;

	// AND the full one proves on what it has, and gives it out: another holder is dead
	let proofs = |events: &[Event]| {
		events.iter().filter(|event| matches!(event, Event::Proven { provider, .. } if *provider == small)).count()
	};
	watcher.until(Duration::from_secs(30), "the newest block", |_| true).await?;
	let so_far = proofs(watcher.seen());
	watcher.until(BOUND, "two proofs with a full disk", |events| proofs(events) >= so_far + 2).await?;
	if let Some(missed) = watcher.seen().iter().find(|event| matches!(event, Event::Missed { .. })) {
		bail!("a full disk cost a proof: {missed:?}\n{}", providers[0].tail());
	}
	let other = holders(&chain, &first).await?.into_iter().find(|holder| *holder != small).context("another holder")?;
	let mut dead = None;
	for provider in &mut providers {
		if provider.account()? == other {
			provider.kill()?;
			dead = Some(provider);
		}
	}
	get(&validator, &first, &file, &copy)?;
	dead.context("the other holder")?.restart()?;

	// WHEN there is room again
	disk.free()?;
	// THEN it takes columns as before, without a restart
	let fourth = wait_for(BOUND, "a put with all providers", || {
		let put = validator.start_ppl("//Alice", &put(&file, "2/4"))?.finish(BOUND)?;
		Ok(put.status.success().then(|| String::from_utf8_lossy(&put.stdout).trim().to_owned()))
	})?;
	ensure!(holders(&chain, &fourth).await?.contains(&small));
	get(&validator, &fourth, &file, &copy)?;
	let so_far = proofs(watcher.seen());
	watcher.until(BOUND, "proofs with room again", |events| proofs(events) >= so_far + 2).await?;
	for provider in &mut providers {
		provider.stop().with_context(|| provider.tail())?;
	}
	Ok(())
}
