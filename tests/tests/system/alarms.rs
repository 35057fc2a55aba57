//! What would be a silent stall is said loudly: finality that stands, peers of another chain. Of clocks see `clocks`.
use std::{path::Path, time::Duration};

use anyhow::{ensure, Context, Result};
use peoples_cloud_tests::{
	local::{address, Node},
	network::free_port,
	shared,
};
use subxt_rpcs::{rpc_params, RpcClient};

/// An alarm comes after once or twice twelve slots of 2 s. The rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);
const NO_PEERS: &str = "This node has no peers";

/// Starts Alice, who makes blocks alone, and tells where she is reached.
fn start_alice(dir: &Path) -> Result<(Node, String)> {
	let port = free_port()?;
	let address = address("alice", port)?;
	// Without this she makes none while nobody is there.
	Ok((Node::start(dir, "alice", port, &["--alice", "--force-authoring"])?, address))
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_of_another_chain_are_told_from_peers() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN a chain, and a specification of the same id with another genesis
	let (_alice, address) = start_alice(dir.path())?;
	let text = std::fs::read(shared::specification("local")?)?;
	let mut specification: serde_json::Value = serde_json::from_slice(&text)?;
	specification["genesis"]["raw"]["top"]["0x3a6f74686572"] = "0x01".into();
	let other = dir.path().join("other.json");
	std::fs::write(&other, specification.to_string())?;

	// WHEN one node joins with its own specification, and one with the other
	let friend = Node::start(dir.path(), "friend", free_port()?, &["--bootnodes", &address])?;
	let chain = other.to_string_lossy();
	let mut stranger =
		Node::start(dir.path(), "stranger", free_port()?, &["--chain", &chain, "--bootnodes", &address])?;

	// THEN the stranger says that it has no peers, and which genesis to compare with theirs
	stranger.says(NO_PEERS, PATIENCE)?;
	let genesis: String = stranger.rpc().await?.request("chain_getBlockHash", rpc_params![0]).await?;
	ensure!(stranger.has_said(&format!("The genesis here is {genesis}"))?, "{}", stranger.process.tail());
	ensure!(!friend.has_said(NO_PEERS)?, "{}", friend.process.tail());
	Ok(())
}

/// The newest final block.
async fn finalised(node: &RpcClient) -> Result<u32> {
	let head: String = node.request("chain_getFinalizedHead", rpc_params![]).await?;
	let header: serde_json::Value = node.request("chain_getHeader", rpc_params![head]).await?;
	let number = header["number"].as_str().context("a number")?;
	Ok(u32::from_str_radix(number.trim_start_matches("0x"), 16)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn finality_that_stands_is_told_of() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN two of two validators that finalise together
	let (mut alice, address) = start_alice(dir.path())?;
	let mut bob = Node::start(dir.path(), "bob", free_port()?, &["--bob", "--bootnodes", &address])?;
	let rpc = alice.rpc().await?;
	let deadline = tokio::time::Instant::now() + PATIENCE;
	while finalised(&rpc).await? == 0 {
		ensure!(tokio::time::Instant::now() < deadline, "nothing is final:\n{}", alice.process.tail());
		tokio::time::sleep(Duration::from_millis(500)).await;
	}

	// WHEN one is gone
	bob.process.kill_hard()?;

	// THEN the other says at which block finality stands, which is the last one that they voted on
	alice.says("Finality stands at block ", PATIENCE)?;
	let last = finalised(&rpc).await?;
	alice.says(&format!("Finality stands at block {last} for "), PATIENCE)
}
