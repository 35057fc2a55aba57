//! A provider that really has its bytes: it signs what it stores, follows the events about its leaves, and answers
//! challenges from nothing but the public views.
use frame::deps::sp_core::{sr25519, Pair};
use pallet_storage_proofs::ChallengeView;
use peoples_cloud_primitives::{
	challenge,
	column::{chunk_value, left_chunks, parent_value, CHUNK_BYTES},
	holdings::{Leaf, Node},
	storage_proof::{Answer, Content, StorageProof},
	terms::{Acknowledgement, AcknowledgementV1},
	Hash32,
};

use super::chain::{AccountId, StorageProofs};
use crate::SignedAck;

/// A leaf of its holdings.
struct Held {
	leaf: Leaf,
	/// The column's bytes, unless they were lost.
	bytes: Option<Vec<u8>>,
	/// Whether the chain has set the leaf to zero.
	removed: bool,
}

pub(crate) struct Holder {
	pub(crate) account: AccountId,
	key: sr25519::Pair,
	leaves: Vec<Held>,
}

impl Holder {
	pub(crate) fn new(number: u8) -> Self {
		let key = sr25519::Pair::from_seed(&[number; 32]);
		Self { account: AccountId::new(key.public().0), key, leaves: Vec::new() }
	}

	/// Its word on these terms.
	pub(crate) fn sign(&self, terms: AcknowledgementV1) -> SignedAck {
		let ack = Acknowledgement::V1(terms);
		let signature = self.key.sign(&ack.signing_bytes()).0;
		SignedAck { ack, signature }
	}

	/// The chain took a column into its holdings.
	pub(crate) fn on_appended(&mut self, number: u64, leaf: Leaf, bytes: Option<Vec<u8>>) {
		assert_eq!(number, self.leaves.len() as u64, "leaves are numbered in order");
		self.leaves.push(Held { leaf, bytes, removed: false });
	}

	/// The chain set a leaf to zero: nothing asks for its bytes any more.
	pub(crate) fn on_removed(&mut self, number: u64) {
		let held = &mut self.leaves[number as usize];
		assert!(!held.removed, "a leaf was removed twice");
		held.removed = true;
		held.bytes = None;
	}

	/// The chain forgot it: leaves are numbered from zero again.
	pub(crate) fn on_gone(&mut self) {
		self.leaves.clear();
	}

	/// Loses the bytes of a leaf.
	pub(crate) fn lose(&mut self, number: u64) {
		self.leaves[number as usize].bytes = None;
	}

	/// A leaf.
	pub(crate) fn leaf(&self, number: u64) -> Leaf {
		self.leaves[number as usize].leaf
	}

	/// Leaves that are not zeroed.
	pub(crate) fn remaining(&self) -> Vec<u64> {
		(0..).zip(&self.leaves).filter(|(_, held)| !held.removed).map(|(number, _)| number).collect()
	}

	/// Chunks of the leaves that are not zeroed.
	pub(crate) fn chunks(&self) -> u64 {
		self.leaves.iter().filter(|held| !held.removed).map(|held| held.leaf.chunks).sum()
	}

	/// The challenge that it can answer now, as the view tells it.
	pub(crate) fn challenge(&self) -> Option<ChallengeView> {
		StorageProofs::duty(self.account.clone())?.challenge
	}

	/// Its answers to a challenge: the chunks, or that it no longer owes what it has not.
	pub(crate) fn proof(&self, challenge: &ChallengeView) -> StorageProof {
		let holdings = &challenge.holdings;
		let positions = challenge::positions(&challenge.seed, holdings.total_chunks(), challenge.challenges);
		StorageProof::V1(positions.into_iter().map(|position| self.answer(holdings.leaves(), position)).collect())
	}

	fn answer(&self, leaves: u64, position: u64) -> Answer {
		let mut before = 0;
		for (number, held) in (0..leaves).zip(&self.leaves).filter(|(_, held)| !held.removed) {
			let Some(index) = position.checked_sub(before).filter(|index| *index < held.leaf.chunks) else {
				before += held.leaf.chunks;
				continue;
			};
			let content = self.bytes_of(&held.leaf.root).map_or(Content::Released, |bytes| {
				let at = index as usize * CHUNK_BYTES;
				let chunk = bytes[at..at + CHUNK_BYTES].try_into().unwrap();
				Content::Chunk { bytes: chunk, path: column_path(bytes, index) }
			});
			return Answer { number, leaf: held.leaf, leaf_path: self.path_among(leaves, number), content };
		}
		panic!("a position beyond the holdings")
	}

	/// A column's bytes, whatever leaf they came with: a provider may take a column again that it lost.
	fn bytes_of(&self, root: &Hash32) -> Option<&Vec<u8>> {
		self.leaves.iter().filter(|held| held.leaf.root == *root).find_map(|held| held.bytes.as_ref())
	}

	/// Siblings of a leaf up to its peak.
	pub(crate) fn path(&self, number: u64) -> Vec<Node> {
		self.path_among(self.leaves.len() as u64, number)
	}

	/// Siblings of a leaf in the tree over the first `leaves` leaves.
	fn path_among(&self, leaves: u64, number: u64) -> Vec<Node> {
		let mut first = 0u64;
		for height in (0..32u32).rev().filter(|height| leaves >> height & 1 == 1) {
			if number < first + (1 << height) {
				return (0..height)
					.map(|level| self.node(first + ((((number - first) >> level) ^ 1) << level), level))
					.collect();
			}
			first += 1 << height;
		}
		panic!("no such leaf")
	}

	fn node(&self, first: u64, height: u32) -> Node {
		match height.checked_sub(1) {
			None if self.leaves[first as usize].removed => Node::ZERO,
			None => self.leaves[first as usize].leaf.node(),
			Some(below) => Node::parent(&self.node(first, below), &self.node(first + (1 << below), below)).unwrap(),
		}
	}
}

/// A column's bytes: different ones for each `content`.
pub(crate) fn column(content: u64, chunks: u64) -> Vec<u8> {
	let mut bytes = vec![0; chunks as usize * CHUNK_BYTES];
	blake3::Hasher::new().update(&content.to_le_bytes()).finalize_xof().fill(&mut bytes);
	bytes
}

/// A column's name.
pub(crate) fn root(bytes: &[u8]) -> Hash32 {
	*blake3::hash(bytes).as_bytes()
}

/// Siblings of a chunk up to its column's root.
fn column_path(column: &[u8], index: u64) -> Vec<Hash32> {
	let mut path = Vec::new();
	subtree(column, 0, index, &mut path);
	path
}

fn subtree(data: &[u8], first: u64, index: u64, path: &mut Vec<Hash32>) -> Hash32 {
	let chunks = (data.len() / CHUNK_BYTES) as u64;
	if chunks == 1 {
		return chunk_value(first, data.try_into().unwrap());
	}
	let left = left_chunks(chunks);
	let (a, b) = data.split_at(left as usize * CHUNK_BYTES);
	let left_value = subtree(a, first, index, path);
	let right_value = subtree(b, first + left, index, path);
	if (first..first + left).contains(&index) {
		path.push(right_value);
	} else if (first + left..first + chunks).contains(&index) {
		path.push(left_value);
	}
	parent_value(&left_value, &right_value)
}
