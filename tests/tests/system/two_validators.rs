//! Two validators started by hand find each other, finalise, and a restarted one catches up. Keys that sign on two nodes
//! cost their owner stake.
use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use peoples_cloud_client::{chain::Chain, wallet::Signer};
use peoples_cloud_tests::{
	local::{address, Node},
	network::free_port,
	process::wait_for,
};
use sp_crypto_hashing::{twox_128, twox_64};
use subxt_rpcs::{rpc_params, RpcClient};

/// Time for a few blocks on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn start(dir: &Path, who: &str, port: u16, boot: &str) -> Result<Node> {
	start_with_keys(dir, who, who, port, boot)
}

/// Starts `who` with the session keys of `owner`.
fn start_with_keys(dir: &Path, who: &str, owner: &str, port: u16, boot: &str) -> Result<Node> {
	Node::start(dir, who, port, &["--validator", &format!("--{owner}"), "--bootnodes", boot])
}

async fn finalised(node: &mut Node, at_least: u32) -> Result<u32> {
	let chain = node.chain().await?;
	let mut heads = chain.heads();
	let reached = tokio::time::timeout(PATIENCE, heads.wait_for(|head| head.finalised >= at_least)).await;
	match reached {
		Ok(head) => Ok(head.context("head watcher ended")?.finalised),
		Err(_) => anyhow::bail!("{at_least} not finalised in time:\n{}", node.process.tail()),
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn two_validators_finalise_and_a_restarted_one_catches_up() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let (alice_port, bob_port) = (free_port()?, free_port()?);
	let (alice_address, bob_address) = (address("alice", alice_port)?, address("bob", bob_port)?);

	// GIVEN two of two validators: neither finalises without the other
	let mut alice = start(dir.path(), "alice", alice_port, &bob_address)?;
	let mut bob = start(dir.path(), "bob", bob_port, &alice_address)?;

	// THEN they finalise together
	finalised(&mut alice, 3).await?;
	let before = finalised(&mut bob, 3).await?;

	// WHEN one is killed and started again
	bob.process.kill_hard()?;
	wait_for(Duration::from_secs(10), "the kill", || Ok((!bob.process.is_running()).then_some(())))?;
	let mut bob = start(dir.path(), "bob", bob_port, &alice_address)?;

	// THEN it catches up and both finalise on
	finalised(&mut bob, before + 5).await?;
	finalised(&mut alice, before + 5).await?;
	alice.process.stop(Duration::from_secs(30))?;
	bob.process.stop(Duration::from_secs(30))
}

/// Keys of a map of the runtime's that begin so, at the best block.
async fn keys(node: &RpcClient, pallet: &str, map: &str, key: &[u8]) -> Result<Vec<String>> {
	let prefix = [&twox_128(pallet.as_bytes()), &twox_128(map.as_bytes()), key].concat();
	let prefix = format!("0x{}", hex::encode(prefix));
	Ok(node.request("state_getKeysPaged", rpc_params![prefix, 100, Option::<String>::None]).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_make_blocks_on_two_nodes_cost_their_owner() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let (alice_port, bob_port, twin_port) = (free_port()?, free_port()?, free_port()?);
	let (alice_address, bob_address) = (address("alice", alice_port)?, address("bob", bob_port)?);

	// GIVEN two validators
	let mut alice = start(dir.path(), "alice", alice_port, &bob_address)?;
	let mut bob = start(dir.path(), "bob", bob_port, &alice_address)?;
	finalised(&mut alice, 1).await?;

	// WHEN another node makes blocks with the keys of one of them
	let mut twin = start_with_keys(dir.path(), "twin", "alice", twin_port, &bob_address)?;

	// THEN the other one reports it, and the offence is on the chain
	let node = RpcClient::from_url(&bob.url).await?;
	let kind = b"babe:equivocatio";
	let kind = [&twox_64(kind)[..], kind].concat();
	let deadline = tokio::time::Instant::now() + PATIENCE;
	while keys(&node, "Offences", "ConcurrentReportsIndex", &kind).await?.is_empty() {
		anyhow::ensure!(tokio::time::Instant::now() < deadline, "no report:\n{}", bob.process.tail());
		tokio::time::sleep(Duration::from_millis(500)).await;
	}

	// THEN the owner's stake is slashed, and nobody else's
	let slashed = keys(&node, "Staking", "SlashingSpans", &[]).await?;
	let owner = Signer::from_suri("//Alice")?.account();
	assert_eq!(slashed.len(), 1, "{slashed:?}");
	assert!(slashed[0].ends_with(&hex::encode(owner)), "{slashed:?}");
	for node in [&mut twin, &mut bob, &mut alice] {
		node.process.stop(Duration::from_secs(30))?;
	}
	Ok(())
}
