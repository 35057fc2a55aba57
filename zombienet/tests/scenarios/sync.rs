//! A fresh full node reaches the head: block by block, and by warp sync.

use std::time::Duration;

use anyhow::{ensure, Context, Result};
use peoples_cloud_zombienet::{
	network::{Net, FINALISED},
	plan::Genesis,
	reached, run, wait_for,
};

/// Whether the node has the same chain as Alice, as far as that height.
async fn agrees(net: &Net, name: &str, height: f64) -> Result<()> {
	// Heights fit by far.
	let height = height as u32;
	let (own, other) =
		(net.chain(name).await?.hash_of(height).await?, net.chain("alice").await?.hash_of(height).await?);
	ensure!(own.is_some() && own == other, "block {height} is {own:?} to {name}, and {other:?} to alice");
	Ok(())
}

/// Slots in an epoch.
const EPOCH: u64 = 20;
/// Blocks of an epoch after which warp sync is tried. The SDK (sc-service 0.62) fails if the block that it warps to follows one at
/// which validators changed: it looks for a way between that one and genesis, which it has skipped.
const MIDDLE: std::ops::RangeInclusive<u32> = 4..=10;

#[test]
fn fresh_full_node_reaches_the_head() -> Result<()> {
	run(
		Duration::from_secs(600),
		// GIVEN three validators with a chain of several epochs
		async || Net::validators(&Genesis::new(&["Alice", "Bob", "Charlie"], EPOCH)).await,
		async |net| {
			net.finalise(&["alice"], 32.0, Duration::from_secs(180)).await?;

			// WHEN a node starts from nothing
			net.add("full", false, &["--sync=full"]).await?;
			// THEN it has every block, and the head
			let head = net.finalised("alice").await?;
			net.reaches("full", FINALISED, head, Duration::from_secs(60)).await?;
			agrees(net, "full", 1.0).await?;
			agrees(net, "full", head).await?;
			net.remove("full").await?;

			// WHEN another one starts by warp sync, of the three peers that this takes, in the middle of an epoch
			wait_for(Duration::from_secs(90), "the middle of an epoch", async || {
				let chain = net.chain("alice").await?;
				let (head, start) = (chain.finalised().await?, chain.epoch_start().await?);
				let into = head.saturating_sub(start);
				reached(MIDDLE.contains(&into), (), || format!("block {head}, of an epoch that began with {start}"))
			})
			.await?;
			net.add("warp", false, &["--sync=warp"]).await?;
			// THEN it proves finality instead of executing every block
			wait_for(Duration::from_secs(120), "the end of warp sync", async || {
				let log = net.log("warp").await?;
				let last = log.lines().last().unwrap_or_default().to_owned();
				reached(log.contains("Warp sync is complete"), (), || last)
			})
			.await?;
			// AND has the head, and follows it
			let head = net.finalised("alice").await?;
			net.reaches("warp", FINALISED, head + 2.0, Duration::from_secs(60)).await?;
			agrees(net, "warp", head).await?;
			// AND fills in the history
			wait_for(Duration::from_secs(120), "the blocks before", async || {
				let first = net.chain("warp").await?.hash_of(1).await?;
				reached(first.is_some(), (), || "no block 1".into())
			})
			.await?;
			agrees(net, "warp", 1.0).await.context("history")
		},
	)
}
