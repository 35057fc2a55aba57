//! Another chain can follow this one: by justifications that it checks itself, and proofs of blocks under their roots.
use std::time::Duration;

use anyhow::{Context, Result};
use codec::Decode;
use peoples_cloud_tests::{
	light_client::{check_justification, root_of, LeafProof, Validators},
	network::Validator,
};
use serde::Deserialize;
use subxt_rpcs::{rpc_params, RpcClient};

/// Time for some blocks, for the vote on them, and for a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
struct LeavesProof {
	leaves: String,
	proof: String,
}

fn bytes(hex_text: &str) -> Result<Vec<u8>> {
	Ok(hex::decode(hex_text.trim_start_matches("0x"))?)
}

/// The leaf of a block: its version, then its parent's number and hash; the rest is of no matter here.
#[derive(Decode)]
struct Leaf {
	_version: u8,
	parent: (u32, [u8; 32]),
}

#[tokio::test(flavor = "multi_thread")]
async fn justifications_and_leaves_are_checked_without_the_node() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start(dir.path())?;
	validator.chain().await?;
	let node = RpcClient::from_url(validator.url()).await?;

	// GIVEN the validators' keys
	let set: String = node.request("state_call", rpc_params!["BeefyApi_validator_set", "0x"]).await?;
	let validators = Option::<Validators>::decode(&mut &*bytes(&set)?)?.context("validators sign from block 1 on")?;

	// WHEN the node tells of a justification
	let mut stream = node
		.subscribe::<String>("beefy_subscribeJustifications", rpc_params![], "beefy_unsubscribeJustifications")
		.await?;
	let justification = tokio::time::timeout(PATIENCE, stream.next()).await?.context("the stream goes on")??;
	let mut justification = bytes(&justification)?;

	// THEN it is signed by them, for a block that is final
	let commitment = check_justification(&justification, &validators)?;
	let hash: String = node.request("chain_getBlockHash", rpc_params![commitment.block]).await?;
	let head: String = node.request("chain_getFinalizedHead", rpc_params![]).await?;
	let header: serde_json::Value = node.request("chain_getHeader", rpc_params![head]).await?;
	let finalised = u32::from_str_radix(header["number"].as_str().context("a number")?.trim_start_matches("0x"), 16)?;
	assert!(finalised >= commitment.block);
	let root: String = node.request("mmr_root", rpc_params![hash.clone()]).await?;
	assert_eq!(bytes(&root)?, commitment.root()?);

	// THEN each block before it is proven under its root, and the leaf names the block's parent
	for block in 1..=commitment.block {
		let arguments = rpc_params![[block], Option::<u32>::None, hash.clone()];
		let proof: LeavesProof = node.request("mmr_generateProof", arguments).await?;
		let leaves = Vec::<Vec<u8>>::decode(&mut &*bytes(&proof.leaves)?)?;
		let path = LeafProof::decode(&mut &*bytes(&proof.proof)?)?;
		assert_eq!(path.leaves, [u64::from(block) - 1]);
		assert_eq!(root_of(&leaves[0], &path)?, commitment.root()?, "block {block}");
		let (parent, parent_hash) = Leaf::decode(&mut &*leaves[0])?.parent;
		assert_eq!(parent, block - 1);
		let named: String = node.request("chain_getBlockHash", rpc_params![parent]).await?;
		assert_eq!(bytes(&named)?, parent_hash);

		// And another leaf is not.
		let mut forged = leaves[0].clone();
		forged[10] ^= 1;
		assert_ne!(root_of(&forged, &path)?, commitment.root()?);
	}

	// WHEN a byte of a signature is changed THEN it is refused
	let last = justification.len() - 10;
	justification[last] ^= 1;
	assert!(check_justification(&justification, &validators).is_err());
	Ok(())
}
