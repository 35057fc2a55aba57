//! What a contract on another chain checks: BEEFY's justifications and leaves of the Merkle mountain range, from their
//! published form alone, without a line of the SDK.
use anyhow::{bail, ensure, Context, Result};
use codec::Decode;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use peoples_cloud_primitives::Hash32;
use sha3::{Digest, Keccak256};

/// Names the range's root among what is signed.
const MMR_ROOT: [u8; 2] = *b"mh";
/// Bytes of a secp256k1 signature, with the byte that helps to recover its key.
const SIGNATURE_BYTES: usize = 65;
/// Bits of a part of the field that says who has signed.
const FIELD_BITS: usize = 8;

/// The validators' keys, compressed, and the set's number.
#[derive(Debug, Decode)]
pub struct Validators {
	/// Compressed secp256k1 keys.
	pub keys: Vec<[u8; 33]>,
	/// Grows with each session.
	pub id: u64,
}

/// What validators sign.
#[derive(Clone, Debug, Decode, codec::Encode)]
pub struct Commitment {
	payload: Vec<([u8; 2], Vec<u8>)>,
	/// The block that is final.
	pub block: u32,
	/// Whose keys sign.
	pub validators: u64,
}

#[derive(Debug, Decode)]
struct SignedCommitment {
	commitment: Commitment,
	signed_by: Vec<u8>,
	validators: u32,
	signatures: Vec<[u8; SIGNATURE_BYTES]>,
}

#[derive(Debug, Decode)]
enum Justification {
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
	let message = keccak(&[&codec::Encode::encode(&signed.commitment)]);
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
