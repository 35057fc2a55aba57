//! What a provider sends each period, and the one function that judges it.
//!
//! The pallet, the provider (before it sends) and the tests all call [`verify`].
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

use crate::{
	challenge,
	column::{self, CHUNK_BYTES},
	holdings::{Commitment, Leaf, Node},
	Hash32,
};

/// Most challenges a period may ask for: bounds a proof's size and weight.
pub const MAX_CHALLENGES: u32 = 32;

/// The answers to all challenges of one period, in the order of [`challenge::positions`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum StorageProof {
	/// Version 1.
	#[codec(index = 1)]
	V1(Vec<Answer>),
}

/// The answer to one challenged position.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Answer {
	/// The leaf's number in the holdings.
	#[codec(compact)]
	pub number: u64,
	/// The leaf that the position falls into.
	pub leaf: Leaf,
	/// Siblings from the leaf up to its peak.
	pub leaf_path: Vec<Node>,
	/// The chunk, or why there is none.
	pub content: Content,
}

/// What stands behind a challenged position.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[allow(clippy::large_enum_variant, reason = "nearly every answer is a chunk")]
pub enum Content {
	/// The chunk and its siblings up to the column's root.
	#[codec(index = 0)]
	Chunk {
		/// The chunk's 1,024 bytes.
		bytes: [u8; CHUNK_BYTES],
		/// Siblings from the chunk up to the column's root.
		path: Vec<Hash32>,
	},
	/// The provider no longer owes this column: its agreement ended, or it declared the loss.
	/// Whether that is so is for the caller of [`verify`] to say.
	#[codec(index = 1)]
	Released,
}

/// Why a proof was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
	/// Not one answer per challenge.
	WrongCount,
	/// An answer's leaf is not where the challenge points.
	WrongLeaf,
	/// An answer's chunk does not belong to its column at the challenged index.
	WrongChunk,
	/// An answer claims a release that did not happen.
	NotReleased,
}

/// Judges a proof against the holdings as of the slot and the challenge's seed.
///
/// `is_released` says whether the provider is free of that leaf's column; it is asked at most once per challenge.
/// Answers how many positions fell into such columns and were answered by [`Content::Released`]: no bytes stand behind
/// those, so a proof of too many of them shows little (see [`is_stale`]).
///
/// Work: per challenge one holdings path and one column path, at most 118 hashes.
pub fn verify(
	holdings: &Commitment,
	seed: &Hash32,
	challenges: u32,
	proof: &StorageProof,
	is_released: impl Fn(&Leaf) -> bool,
) -> Result<u32, ProofError> {
	let StorageProof::V1(answers) = proof;
	let positions = challenge::positions(seed, holdings.total_chunks(), challenges.min(MAX_CHALLENGES));
	if answers.len() != positions.len() {
		return Err(ProofError::WrongCount);
	}
	let mut released = 0u32;
	for (position, answer) in positions.into_iter().zip(answers) {
		let index = holdings
			.verify_position(position, answer.number, &answer.leaf, &answer.leaf_path)
			.ok_or(ProofError::WrongLeaf)?;
		match &answer.content {
			Content::Chunk { bytes, path } => {
				if !column::verify_chunk(&answer.leaf.root, answer.leaf.chunks, index, bytes, path) {
					return Err(ProofError::WrongChunk);
				}
			},
			Content::Released => {
				if !is_released(&answer.leaf) {
					return Err(ProofError::NotReleased);
				}
				// At most `MAX_CHALLENGES`.
				released = released.saturating_add(1);
			},
		}
	}
	Ok(released)
}

/// Whether a proof shows too little to be paid for: more than half of its answers are [`Content::Released`].
///
/// Leaves that are not owed any more cost a provider nothing, however large they are. As long as they make up most of
/// what is drawn from, a provider could lose what it does owe and hardly ever be asked for it.
pub fn is_stale(released: u32, challenges: u32) -> bool {
	u64::from(released).saturating_mul(2) > u64::from(challenges)
}

#[cfg(test)]
mod tests;
