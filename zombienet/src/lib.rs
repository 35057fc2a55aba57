//! Networks of several real nodes, spawned by [zombienet](https://github.com/paritytech/zombienet-sdk), and what happens to
//! them: the scenarios are in `tests/scenarios`.
//!
//! - [`plan`]: which nodes, and the genesis that they start from.
//! - [`network`]: the running network; nodes are awaited, killed, restarted and added.
//! - [`chain`]: what the chain says, and transactions.
//! - [`island`]: nodes behind a cable of their own, which can be cut.
//! - [`market`]: providers beside the network, and what they prove.
//! - [`process`]: the programs of this repository.
//!
//! [`run`] is the frame of a scenario. Every wait has a deadline, and whatever fails brings the end of each node's log
//! with it.

pub mod chain;
pub mod island;
pub mod market;
pub mod network;
pub mod plan;
pub mod process;

use std::{future::Future, time::Duration};

use anyhow::{anyhow, bail, Context, Result};
use tokio::time::{sleep, timeout, timeout_at, Instant};

use crate::network::Net;

/// Time between two looks at what is waited for: short beside a slot of 2 s.
const LOOK: Duration = Duration::from_millis(500);
/// Beyond the scenario's own time: zombienet gives the nodes 300 s to come up.
const SPAWN: Duration = Duration::from_secs(400);
/// Longest that the network may take to end. It is only killed.
const TEAR_DOWN: Duration = Duration::from_secs(30);

/// Spawns the network that `spawn` answers and lets the scenario act on it, for `deadline` at most.
pub fn run(
	deadline: Duration,
	spawn: impl AsyncFnOnce() -> Result<Net>,
	scenario: impl AsyncFnOnce(&mut Net) -> Result<()>,
) -> Result<()> {
	process::prepare()?;
	// Scenarios wait; what works are the nodes, which have two processors on the machines that this is planned for.
	let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
	runtime.block_on(async {
		let mut net = within(SPAWN, "the network to come up", spawn()).await?;
		let outcome = within(deadline, "the scenario", scenario(&mut net)).await;
		let outcome = outcome.map_err(|error| anyhow!("{error:?}\n{}", net.tails()));
		let ended = within(TEAR_DOWN, "the end of the network", net.destroy()).await;
		outcome.and(ended)
	})
}

/// What `future` answers; fails if that takes longer than `deadline`.
pub async fn within<T>(deadline: Duration, what: &str, future: impl Future<Output = Result<T>>) -> Result<T> {
	match timeout(deadline, future).await {
		Ok(answer) => answer.with_context(|| format!("waiting for {what}")),
		Err(_) => bail!("waited {} s in vain for {what}", deadline.as_secs()),
	}
}

/// Asks `question` until it answers, or fails after `deadline` with what was seen last. An error that it returns is what
/// was seen too: a node that is being restarted refuses connections.
pub async fn wait_for<T>(
	deadline: Duration,
	what: &str,
	mut question: impl AsyncFnMut() -> Result<Result<T, String>>,
) -> Result<T> {
	let until = Instant::now() + deadline;
	let mut last = "nothing".to_owned();
	loop {
		match timeout_at(until, question()).await {
			Ok(Ok(Ok(answer))) => return Ok(answer),
			Ok(Ok(Err(seen))) => last = seen,
			Ok(Err(error)) => last = format!("{error:#}"),
			Err(_) => bail!("waited {} s in vain for {what}; last seen: {last}", deadline.as_secs()),
		}
		if Instant::now() + LOOK > until {
			bail!("waited {} s in vain for {what}; last seen: {last}", deadline.as_secs());
		}
		sleep(LOOK).await;
	}
}

/// What one of [`wait_for`]'s questions answers: `Err` says what there is instead.
pub fn reached<T>(is_so: bool, answer: T, seen: impl FnOnce() -> String) -> Result<Result<T, String>> {
	Ok(match is_so {
		true => Ok(answer),
		false => Err(seen()),
	})
}
