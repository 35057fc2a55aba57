//! Another chain can follow this one: by justifications that it checks itself, and proofs of blocks under their roots.
use std::{path::Path, time::Duration};

use anyhow::{ensure, Context, Result};
use codec::{Decode, Encode};
use peoples_cloud_tests::{
	light_client::{
		check_justification, root_of, Commitment, Justification, Leaf, LeafProof, SignedCommitment, Validators,
	},
	local::{address, Node},
	network::{free_port, Validator},
	shared,
};
use serde::Deserialize;
use sp_core::{ecdsa, ed25519, sr25519, Pair};
use sp_crypto_hashing::{twox_128, twox_64};
use subxt_rpcs::{client::RpcSubscription, rpc_params, RpcClient};

/// Time for some blocks, or a session, for the vote on them, and for a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A slot of the network of two: as on `dev`.
const SLOT_MILLIS: u64 = 1_000;
/// A session of it: short, and a busy machine still makes most of its blocks.
const EPOCH_SLOTS: u64 = 10;
/// The secret of another BEEFY key of Bob's.
const NEW_KEY: &str = "//Bob//BEEFY";
/// The first set that signs with that key. The session before it, like that of genesis, has the keys of genesis.
const CHANGED_SET: u64 = 2;

#[derive(Deserialize)]
struct LeavesProof {
	leaves: String,
	proof: String,
}

fn bytes(hex_text: &str) -> Result<Vec<u8>> {
	Ok(hex::decode(hex_text.trim_start_matches("0x"))?)
}

async fn block_hash(node: &RpcClient, block: u32) -> Result<String> {
	Ok(node.request("chain_getBlockHash", rpc_params![block]).await?)
}

/// Whose signatures count after that block, as the node says.
async fn validators_at(node: &RpcClient, block: u32) -> Result<Validators> {
	let hash = block_hash(node, block).await?;
	let set: String = node.request("state_call", rpc_params!["BeefyApi_validator_set", "0x", hash]).await?;
	Option::<Validators>::decode(&mut &*bytes(&set)?)?.context("validators sign from block 1 on")
}

/// From now on, all justifications.
async fn justifications(node: &RpcClient) -> Result<RpcSubscription<String>> {
	let (begin, end) = ("beefy_subscribeJustifications", "beefy_unsubscribeJustifications");
	Ok(node.subscribe(begin, rpc_params![], end).await?)
}

async fn next_of(stream: &mut RpcSubscription<String>) -> Result<Vec<u8>> {
	let next = tokio::time::timeout(PATIENCE, stream.next()).await.context("no justification")?;
	bytes(&next.context("the stream goes on")??)
}

/// The first justification that comes of the set of that number.
async fn first_of(stream: &mut RpcSubscription<String>, set: u64) -> Result<Vec<u8>> {
	loop {
		let justification = next_of(stream).await?;
		let Justification::V1(signed) = Justification::decode(&mut &*justification)?;
		let signer = signed.commitment.validators;
		ensure!(signer <= set, "set {signer} signs, and nothing came of set {set}");
		if signer == set {
			return Ok(justification);
		}
	}
}

/// The leaf of a block, and the proof that it is under the root that was signed.
async fn proven_leaf(node: &RpcClient, block: u32, commitment: &Commitment) -> Result<(Vec<u8>, LeafProof)> {
	let hash = block_hash(node, commitment.block).await?;
	let arguments = rpc_params![[block], Option::<u32>::None, hash];
	let proof: LeavesProof = node.request("mmr_generateProof", arguments).await?;
	let leaf = Vec::<Vec<u8>>::decode(&mut &*bytes(&proof.leaves)?)?.pop().context("a leaf")?;
	let path = LeafProof::decode(&mut &*bytes(&proof.proof)?)?;
	ensure!(path.leaves == [u64::from(block) - 1], "a proof of {:?} for block {block}", path.leaves);
	ensure!(root_of(&leaf, &path)? == commitment.root()?, "block {block} is not under the root");
	Ok((leaf, path))
}

#[tokio::test(flavor = "multi_thread")]
async fn justifications_and_leaves_are_checked_without_the_node() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start(dir.path())?;
	validator.chain().await?;
	let node = RpcClient::from_url(validator.url()).await?;

	// GIVEN the validators' keys
	let validators = validators_at(&node, 0).await?;

	// WHEN the node tells of a justification
	let mut justification = next_of(&mut justifications(&node).await?).await?;

	// THEN it is signed by them, for a block that is final
	let commitment = check_justification(&justification, &validators)?;
	let hash = block_hash(&node, commitment.block).await?;
	let head: String = node.request("chain_getFinalizedHead", rpc_params![]).await?;
	let header: serde_json::Value = node.request("chain_getHeader", rpc_params![head]).await?;
	let finalised = u32::from_str_radix(header["number"].as_str().context("a number")?.trim_start_matches("0x"), 16)?;
	assert!(finalised >= commitment.block);
	let root: String = node.request("mmr_root", rpc_params![hash]).await?;
	assert_eq!(bytes(&root)?, commitment.root()?);

	// THEN each block before it is proven under its root, and the leaf names the block's parent
	for block in 1..=commitment.block {
		let (leaf, path) = proven_leaf(&node, block, &commitment).await?;
		let (parent, parent_hash) = Leaf::decode(&mut &*leaf)?.parent;
		assert_eq!(parent, block - 1);
		assert_eq!(bytes(&block_hash(&node, parent).await?)?, parent_hash);

		// And another leaf is not.
		let mut forged = leaf;
		forged[10] ^= 1;
		assert_ne!(root_of(&forged, &path)?, commitment.root()?);
	}

	// WHEN a byte of a signature is changed THEN it is refused
	let last = justification.len() - 10;
	justification[last] ^= 1;
	assert!(check_justification(&justification, &validators).is_err());
	Ok(())
}

/// Where the runtime keeps a value.
fn storage_key(pallet: &str, item: &str) -> Vec<u8> {
	[twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat()
}

/// Writes a specification to `path`: `local` with short sessions, and as if Bob had set `key` as his BEEFY key right
/// after genesis: it counts two sessions later. His other keys stay.
fn write_specification(path: &Path, key: &ecdsa::Public) -> Result<()> {
	let bob = sr25519::Pair::from_string("//Bob", None)?.public();
	let grandpa = ed25519::Pair::from_string("//Bob", None)?.public();
	let keys_of_bob = [&storage_key("Session", "NextKeys")[..], &twox_64(&bob.0), &bob.0].concat();
	let values = [
		(storage_key("Clock", "SlotMillis"), SLOT_MILLIS.encode()),
		(storage_key("Clock", "EpochSlots"), EPOCH_SLOTS.encode()),
		(keys_of_bob, [&bob.0[..], &grandpa.0, &bob.0, &key.0].concat()),
	];
	shared::write_specification("local", &values, path)
}

/// Fails unless that is refused for that reason.
fn refused(justification: &[u8], validators: &Validators, reason: &str) -> Result<()> {
	let error = check_justification(justification, validators).err().context("it was accepted")?.to_string();
	ensure!(error.contains(reason), "refused with {error:?} and not with {reason:?}");
	Ok(())
}

/// A justification after a change.
fn forged(signed: &SignedCommitment, change: impl FnOnce(&mut SignedCommitment)) -> Vec<u8> {
	let mut forged = signed.clone();
	change(&mut forged);
	Justification::V1(forged).encode()
}

/// Fails unless this justification of both validators is accepted, and nothing that is made of it.
fn check_with_forgeries(justification: &[u8], validators: &Validators) -> Result<Commitment> {
	let commitment = check_justification(justification, validators)?;
	let Justification::V1(signed) = Justification::decode(&mut &*justification)?;
	ensure!(signed.signed_by == [0b1100_0000_u8] && signed.signatures.len() == 2, "both have signed: {signed:?}");

	// One of two is not more than two thirds.
	for missing in 0..2 {
		let alone = forged(&signed, |forged| {
			forged.signatures.remove(missing);
			forged.signed_by[0] &= !(0b1000_0000_u8 >> missing);
		});
		refused(&alone, validators, "1 of 2 are too few")?;
	}

	// Who has signed is not who is said to have.
	let second_as_first = forged(&signed, |forged| {
		forged.signatures.remove(0);
		forged.signed_by[0] = 0b1000_0000;
	});
	refused(&second_as_first, validators, "not the signature of validator 0")?;
	let exchanged = forged(&signed, |forged| forged.signatures.swap(0, 1));
	refused(&exchanged, validators, "not the signature of validator 0")?;
	let first_twice = forged(&signed, |forged| forged.signatures[1] = forged.signatures[0]);
	refused(&first_twice, validators, "not the signature of validator 1")?;
	let third = forged(&signed, |forged| forged.signed_by[0] = 0b1010_0000);
	refused(&third, validators, "signatures of nobody")?;

	// The next set has not signed it, not even if its keys are the same.
	let next = Validators { id: validators.id + 1, ..validators.clone() };
	refused(justification, &next, "signed by other validators")?;
	let renamed = forged(&signed, |forged| forged.commitment.validators += 1);
	refused(&renamed, validators, "signed by other validators")?;
	refused(&renamed, &next, "not the signature of validator 0")?;
	Ok(commitment)
}

#[tokio::test(flavor = "multi_thread")]
async fn validators_are_followed_from_set_to_set() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let (alice_port, bob_port) = (free_port()?, free_port()?);
	let (alice_address, bob_address) = (address("alice", alice_port)?, address("bob", bob_port)?);
	let specification = dir.path().join("specification.json");
	let new_key = ecdsa::Pair::from_string(NEW_KEY, None)?.public();
	write_specification(&specification, &new_key)?;
	let chain = specification.to_string_lossy();

	// GIVEN two validators, and somebody who knows those of genesis and hears all justifications
	let arguments = ["--validator", "--alice", "--chain", &chain, "--bootnodes", &bob_address];
	let mut alice = Node::start(dir.path(), "alice", alice_port, &arguments)?;
	let node = alice.rpc().await?;
	let mut stream = justifications(&node).await?;
	let mut validators = validators_at(&node, 0).await?;
	assert_eq!((validators.id, validators.keys.len()), (0, 2));
	assert!(!validators.keys.contains(&new_key.0));
	let arguments = ["--validator", "--bob", "--chain", &chain, "--bootnodes", &alice_address];
	let mut bob = Node::start(dir.path(), "bob", bob_port, &arguments)?;
	let key = rpc_params!["beef", NEW_KEY, format!("0x{}", hex::encode(new_key.0))];
	bob.rpc().await?.request::<()>("author_insertKey", key).await?;

	// WHEN blocks of the first session are final
	let mut justification = first_of(&mut stream, 0).await.with_context(|| alice.process.tail())?;

	// THEN both have signed one of them
	let mut commitment = check_with_forgeries(&justification, &validators)?;

	for set in 1..=CHANGED_SET {
		// GIVEN the next set as a leaf names it, under the root that was signed last
		let (leaf, _) = proven_leaf(&node, commitment.block, &commitment).await?;
		let next = Leaf::decode(&mut &*leaf)?.next;
		assert_eq!((next.id, next.count), (set, 2));

		// WHEN its session begins
		let first = first_of(&mut stream, set).await.with_context(|| alice.process.tail())?;

		// THEN its keys, which the node tells, are those that the leaf named, and it has signed
		let Justification::V1(signed) = Justification::decode(&mut &*first)?;
		let told = validators_at(&node, signed.commitment.block).await?;
		next.check(&told)?;
		commitment = check_with_forgeries(&first, &told)?;

		// THEN that is the session's first block: its leaf names the set after this one, the leaf before it this one
		for (block, named) in [(commitment.block - 1, set), (commitment.block, set + 1)] {
			let (leaf, _) = proven_leaf(&node, block, &commitment).await?;
			assert_eq!(Leaf::decode(&mut &*leaf)?.next.id, named, "block {block}");
		}

		// THEN neither set has signed for the other, and keys that the leaf does not name are refused
		refused(&justification, &told, "signed by other validators")?;
		refused(&first, &validators, "signed by other validators")?;
		let exchanged = Validators { keys: told.keys.iter().rev().copied().collect(), id: set };
		assert!(next.check(&exchanged).is_err());
		let before = Validators { id: set, ..validators };
		assert_eq!(next.check(&before).is_ok(), set < CHANGED_SET);
		(validators, justification) = (told, first);
	}

	// THEN the last of these sets has signed with Bob's new key
	assert!(validators.keys.contains(&new_key.0));
	bob.process.stop(Duration::from_secs(30))?;
	alice.process.stop(Duration::from_secs(30))
}
