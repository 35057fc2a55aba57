//! What a contract on another chain checks: BEEFY's justifications and leaves of the Merkle mountain range, from their
//! published form alone, without a line of the SDK.
use anyhow::{bail, ensure, Context, Result};
use codec::{Decode, Encode};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use peoples_cloud_primitives::Hash32;
use sha3::{Digest, Keccak256};

/// Names the range's root among what is signed.
const MMR_ROOT: [u8; 2] = *b"mh";
/// Bytes of a secp256k1 signature, with the byte that helps to recover its key.
const SIGNATURE_BYTES: usize = 65;
/// Bytes of an address on Ethereum.
const ADDRESS_BYTES: usize = 20;
/// Bits of a part of the field that says who has signed.
const FIELD_BITS: usize = 8;

/// The validators' keys, compressed, and the set's number.
#[derive(Clone, Debug, Decode)]
pub struct Validators {
	/// Compressed secp256k1 keys.
	pub keys: Vec<[u8; 33]>,
	/// Grows with each session.
	pub id: u64,
}

/// What validators sign.
#[derive(Clone, Debug, Decode, Encode)]
pub struct Commitment {
	payload: Vec<([u8; 2], Vec<u8>)>,
	/// The block that is final.
	pub block: u32,
	/// Whose keys sign.
	pub validators: u64,
}

/// A commitment, and who has signed it.
#[derive(Clone, Debug, Decode, Encode)]
pub struct SignedCommitment {
	/// What was signed.
	pub commitment: Commitment,
	/// A bit for each validator, the first one's the highest of the first byte.
	pub signed_by: Vec<u8>,
	/// How many there are.
	pub validators: u32,
	/// Of those whose bits are set, in the same order.
	pub signatures: Vec<[u8; SIGNATURE_BYTES]>,
}

/// What a node publishes.
#[derive(Clone, Debug, Decode, Encode)]
pub enum Justification {
	/// The only form until now.
	#[codec(index = 1)]
	V1(SignedCommitment),
}

impl Commitment {
	/// The root over all blocks before this one.
	pub fn root(&self) -> Result<Hash32> {
		let root = self.payload.iter().find(|(name, _)| *name == MMR_ROOT).context("no root was signed")?;
		root.1.as_slice().try_into().context("a root of 32 bytes")
	}
}

/// The commitment, if more than two thirds of the validators have signed it.
pub fn check_justification(encoded: &[u8], validators: &Validators) -> Result<Commitment> {
	let Justification::V1(signed) = Justification::decode(&mut &*encoded)?;
	let count = validators.keys.len();
	ensure!(signed.validators as usize == count, "signed by another number of validators");
	ensure!(signed.commitment.validators == validators.id, "signed by other validators");
	let message = keccak(&[&signed.commitment.encode()]);
	let mut signatures = signed.signatures.iter();
	let mut valid = 0;
	for (index, key) in validators.keys.iter().enumerate() {
		let part = signed.signed_by.get(index / FIELD_BITS).context("a field too short")?;
		if part >> (FIELD_BITS - 1 - index % FIELD_BITS) & 1 == 0 {
			continue;
		}
		let signature = signatures.next().context("a signature is missing")?;
		ensure!(recover(&message, signature)? == *key, "not the signature of validator {index}");
		valid += 1;
	}
	ensure!(signatures.next().is_none(), "signatures of nobody");
	ensure!(valid > count * 2 / 3, "{valid} of {count} are too few");
	Ok(signed.commitment)
}

fn recover(message: &Hash32, signature: &[u8; SIGNATURE_BYTES]) -> Result<[u8; 33]> {
	let (recovery, signature) = signature.split_last().context("never empty")?;
	let recovery = RecoveryId::from_byte(*recovery).context("a recovery byte of 0 to 3")?;
	let key = VerifyingKey::recover_from_prehash(message, &Signature::from_slice(signature)?, recovery)?;
	key.to_encoded_point(true).as_bytes().try_into().context("33 bytes")
}

/// A set of validators as leaves name it, for contracts that do not hold all keys.
#[derive(Clone, Debug, Decode)]
pub struct AuthoritySet {
	/// Its number.
	pub id: u64,
	/// How many they are.
	pub count: u32,
	/// Over the addresses that their keys have on Ethereum.
	root: Hash32,
}

impl AuthoritySet {
	/// Fails unless it is these validators, whoever told their keys.
	pub fn check(&self, validators: &Validators) -> Result<()> {
		ensure!(validators.id == self.id, "the set of another number");
		ensure!(validators.keys.len() == self.count as usize, "another number of validators");
		let mut row = Vec::new();
		for key in &validators.keys {
			row.push(keccak(&[&address(key)?]));
		}
		// Neighbours are hashed together; the last of an odd number goes up as it is.
		while row.len() > 1 {
			let above = row.chunks(2).map(|pair| match pair {
				[left, right] => keccak(&[left, right]),
				_ => pair[0],
			});
			row = above.collect();
		}
		ensure!(row == [self.root], "other validators' keys");
		Ok(())
	}
}

/// What Ethereum calls the owner of a key: the end of the hash of its point.
fn address(key: &[u8]) -> Result<[u8; ADDRESS_BYTES]> {
	let point = VerifyingKey::from_sec1_bytes(key)?.to_encoded_point(false);
	// The first byte says that the point is not compressed.
	let (_, coordinates) = point.as_bytes().split_first().context("never empty")?;
	let hash = keccak(&[coordinates]);
	hash.last_chunk().copied().context("an address is shorter than a hash")
}

/// What the range has of each block.
#[derive(Debug, Decode)]
pub struct Leaf {
	_version: u8,
	/// Number and hash of the block before it.
	pub parent: (u32, Hash32),
	/// The validators of the session after the block's.
	pub next: AuthoritySet,
	_extra: Vec<u8>,
}

/// A proof that one leaf is in the range.
#[derive(Debug, Decode)]
pub struct LeafProof {
	/// Whose it is: one.
	pub leaves: Vec<u64>,
	/// Leaves in the range.
	pub count: u64,
	items: Vec<Hash32>,
}

/// The root of the range that the proof leads to.
pub fn root_of(leaf: &[u8], proof: &LeafProof) -> Result<Hash32> {
	let [index] = *proof.leaves else { bail!("a proof of one leaf") };
	ensure!(index < proof.count, "a leaf of the range");
	let mut items = proof.items.iter().copied();
	let mut next = || items.next().context("the proof is too short");
	// Peaks are perfect trees, the largest first, one for each bit of the count.
	let mut peaks = Vec::new();
	let (mut first, mut found) = (0, false);
	for height in (0..u64::BITS).rev().filter(|height| proof.count >> height & 1 == 1) {
		let leaves = 1 << height;
		if (first..first + leaves).contains(&index) {
			let mut hash = keccak(&[leaf]);
			for level in 0..height {
				let sibling = next()?;
				let is_right = (index - first) >> level & 1 == 1;
				hash = if is_right { keccak(&[&sibling, &hash]) } else { keccak(&[&hash, &sibling]) };
			}
			peaks.push(hash);
			found = true;
		} else if !found {
			peaks.push(next()?);
		} else {
			// All to the right are one hash.
			peaks.push(next()?);
			break;
		}
		first += leaves;
	}
	ensure!(items.next().is_none(), "the proof is too long");
	let last = peaks.pop().context("never empty")?;
	Ok(peaks.into_iter().rev().fold(last, |right, left| keccak(&[&right, &left])))
}

fn keccak(parts: &[&[u8]]) -> Hash32 {
	let mut hasher = Keccak256::new();
	parts.iter().for_each(|part| hasher.update(part));
	hasher.finalize().into()
}
