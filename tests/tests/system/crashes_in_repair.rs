//! `kill -9` in the middle of a repair, of whoever repairs: the column ends up placed exactly once.
use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_client::{
	chain::{AgreementInfo, Call, Chain, ColumnState, Event},
	format::object_from_cid,
	node::NodeChain,
};
use peoples_cloud_primitives::ColumnIndex;
use peoples_cloud_tests::{
	deaths::Deaths,
	devnet::Watcher,
	files,
	network::{start_providers, Provider, Validator},
	process::wait_for,
};

/// Three columns and two spares.
const PROVIDERS: usize = 5;
const BOUND: Duration = Duration::from_secs(120);
/// Everything but repairs, so that only `ppl` repairs.
const NO_REPAIR: [&str; 8] = ["--worker", "serve", "--worker", "prove", "--worker", "register", "--worker", "report"];
/// A look at a directory, between which a rebuild of some hundred milliseconds does not slip through.
const LOOK: Duration = Duration::from_millis(2);

struct World {
	chain: Arc<NodeChain>,
	validator: Validator,
	providers: Vec<Provider>,
	cid: String,
}

impl World {
	async fn agreement(&self) -> Result<AgreementInfo> {
		self.chain.agreements_by_object(object_from_cid(&self.cid)?).await?.pop().context("the agreement")
	}

	/// The provider of a column admits its loss, though it is not lost: that is quicker than losing it.
	async fn lose(&self, column: ColumnIndex) -> Result<()> {
		let agreement = self.agreement().await?;
		let holder = agreement.columns[usize::from(column)].provider;
		for provider in &self.providers {
			if provider.account()? == holder {
				let call = Call::DeclareLost(agreement.id, column);
				return provider.submit(&self.chain, call).await;
			}
		}
		bail!("nobody holds column {column}")
	}

	/// The first provider that takes a column in, by its place.
	async fn receiving(&self) -> Result<usize> {
		let deadline = tokio::time::Instant::now() + BOUND;
		loop {
			if let Some(place) = self.providers.iter().position(Provider::is_receiving) {
				return Ok(place);
			}
			ensure!(tokio::time::Instant::now() < deadline, "nobody repairs");
			tokio::time::sleep(LOOK).await;
		}
	}

	/// Waits until the column has a provider again; that must have come about exactly once, and the file be whole.
	async fn placed_once(&self, watcher: &mut Watcher, column: ColumnIndex, file: &Path, copy: &Path) -> Result<()> {
		let seen = watcher.seen().len();
		let replaced = |events: &[Event]| {
			let of_column =
				|event: &&Event| matches!(event, Event::ColumnReplaced { column: place, .. } if *place == column);
			events[seen..].iter().filter(of_column).count()
		};
		watcher.until(BOUND, "the column's new provider", |events| replaced(events) > 0).await?;
		// Whoever else was at it notices by then.
		let heads = self.chain.heads();
		let later = heads.borrow().best + 6;
		self.chain.heads().wait_for(|head| head.best >= later).await?;
		watcher.until(BOUND, "the newest block", |_| true).await?;
		ensure!(replaced(watcher.seen()) == 1, "column {column} was placed {} times", replaced(watcher.seen()));
		let agreement = self.agreement().await?;
		let mut holders: Vec<_> = agreement.columns.iter().map(|column| column.provider).collect();
		holders.sort_unstable();
		holders.dedup();
		ensure!(holders.len() == agreement.columns.len(), "a provider has two columns");
		ensure!(agreement.columns.iter().all(|column| column.state == ColumnState::Held), "a column is still lost");
		// Every provider's column is needed once if each in turn is left out; two others restore the file.
		let get = ["get", &self.cid, "-o", &copy.to_string_lossy()];
		self.validator.start_ppl("//Alice", &get)?.succeed(BOUND)?;
		files::assert_same(file, copy)
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_is_killed_places_the_column_once() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start(dir.path())?;
	let chain = validator.chain().await?;
	let providers = start_providers(dir.path(), &validator, &chain, PROVIDERS, &NO_REPAIR).await?;
	let (file, copy) = (dir.path().join("file"), dir.path().join("copy"));
	files::write_random(&file, 96 << 20, 1)?;
	let put = ["put", &file.to_string_lossy(), "--code", "2/3", "--periods", "300"];
	let cid = validator.start_ppl("//Alice", &put)?.succeed(BOUND)?;
	let mut world = World { chain: chain.clone(), validator, providers, cid };
	let mut watcher = Watcher::new(chain.clone());
	let mut deaths = Deaths::new(chain);

	// GIVEN a lost column, and a `ppl repair` that is killed at several points
	world.lose(0).await?;
	for millis in [0, 150, 400, 1_000] {
		let mut repair = world.validator.start_ppl("//Alice", &["repair", &world.cid])?;
		wait_for(BOUND, "the repair to send bytes", || {
			Ok((!repair.is_running() || world.providers.iter().any(Provider::is_receiving)).then_some(()))
		})?;
		tokio::time::sleep(Duration::from_millis(millis)).await;
		repair.kill()?;
	}
	// WHEN it is run once more
	world.validator.start_ppl("//Alice", &["repair", &world.cid])?.succeed(BOUND)?;
	// THEN the column is placed exactly once, whatever the killed ones had come to
	world.placed_once(&mut watcher, 0, &file, &copy).await?;

	// GIVEN providers that repair by themselves
	for provider in &mut world.providers {
		provider.stop().with_context(|| provider.tail())?;
		provider.restart_with(&[])?;
	}
	// WHEN the one that rebuilds a column is killed in the middle of it, and starts again
	world.lose(1).await?;
	let repairing = world.receiving().await?;
	deaths.kill(&mut world.providers[repairing])?;
	deaths.restart(&mut world.providers[repairing])?;
	// THEN it or another takes the column on, once
	world.placed_once(&mut watcher, 1, &file, &copy).await?;

	// WHEN it is killed when the column is on its disk and the transaction is not yet sent, or on its way
	world.lose(2).await?;
	let repairing = world.receiving().await?;
	let deadline = tokio::time::Instant::now() + BOUND;
	while world.providers[repairing].is_receiving() {
		ensure!(tokio::time::Instant::now() < deadline, "the rebuild does not end");
		tokio::time::sleep(LOOK).await;
	}
	deaths.kill(&mut world.providers[repairing])?;
	deaths.restart(&mut world.providers[repairing])?;
	// THEN the same
	world.placed_once(&mut watcher, 2, &file, &copy).await?;

	// AND nobody missed a proof over all this that it was there to give
	deaths.cost_nothing(watcher.seen())?;
	for provider in &mut world.providers {
		provider.stop().with_context(|| provider.tail())?;
	}
	Ok(())
}
