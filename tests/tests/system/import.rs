//! Blocks that were exported from one node and imported by another are as good as blocks from peers.
use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use codec::Decode;
use peoples_cloud_client::chain::Chain;
use peoples_cloud_tests::{
	light_client::{root_of, LeafProof},
	local::Node,
	network::{free_port, Validator},
	process::node_ok,
	shared,
};
use serde::Deserialize;
use subxt_rpcs::rpc_params;

/// Blocks to export at least.
const BLOCKS: u32 = 4;
/// Time for them to be made on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
struct LeavesProof {
	leaves: String,
	proof: String,
}

fn bytes(hex_text: &str) -> Result<Vec<u8>> {
	Ok(hex::decode(hex_text.trim_start_matches("0x"))?)
}

/// Runs a command of the node that reads or writes a file of blocks.
fn run(command: &str, specification: &Path, base_path: &Path, file: &Path) -> Result<()> {
	let [specification, base_path, file] = [specification, base_path, file].map(Path::to_string_lossy);
	node_ok(&[command, "--chain", &specification, "--base-path", &base_path, &file]).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_blocks_leave_their_leaves() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let specification = shared::specification("dev")?;
	let file = dir.path().join("blocks");

	// GIVEN blocks in a file
	let mut validator = Validator::start(dir.path())?;
	let chain = validator.chain().await?;
	let mut heads = chain.heads();
	tokio::time::timeout(PATIENCE, heads.wait_for(|head| head.best >= BLOCKS)).await?.context("heads go on")?;
	validator.kill()?;
	run("export-blocks", &specification, &dir.path().join("node"), &file)?;

	// WHEN a node imports them that has never had a peer
	run("import-blocks", &specification, &dir.path().join("imported"), &file)?;
	let mut node = Node::start(dir.path(), "imported", free_port()?, &["--chain", &specification.to_string_lossy()])?;
	let rpc = node.rpc().await?;

	// THEN it proves that the first of them is under the newest root
	let arguments = rpc_params![[1], Option::<u32>::None, Option::<String>::None];
	let proof: LeavesProof = rpc.request("mmr_generateProof", arguments).await?;
	let root: String = rpc.request("mmr_root", rpc_params![Option::<String>::None]).await?;
	let leaves = Vec::<Vec<u8>>::decode(&mut &*bytes(&proof.leaves)?)?;
	let path = LeafProof::decode(&mut &*bytes(&proof.proof)?)?;
	assert_eq!(path.leaves, [0]);
	assert!(path.count >= u64::from(BLOCKS), "{path:?}");
	assert_eq!(bytes(&root)?, root_of(&leaves[0], &path)?);
	node.process.stop(Duration::from_secs(30))
}
