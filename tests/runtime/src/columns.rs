//! Columns that can be proven.

use pallet_storage_proofs::ChallengeView;
use peoples_cloud_primitives::{
	challenge,
	column::{chunk_value, parent_value, root_value, CHUNK_BYTES},
	holdings::{Leaf, Node},
	storage_proof::{Answer, Content, StorageProof},
	AgreementId, Hash32,
};

/// Every chunk of every column.
const CHUNK: [u8; CHUNK_BYTES] = [7; CHUNK_BYTES];

/// A column, as the tree over its chunks.
pub(crate) struct Column {
	/// The values of the chunks, of their parents, and so on, up to the two nodes below the root.
	levels: Vec<Vec<Hash32>>,
	root: Hash32,
}

impl Column {
	/// A column of 2^`height` chunks, two at least.
	pub(crate) fn new(height: u32) -> Self {
		let mut levels = vec![(0..1 << height).map(|index| chunk_value(index, &CHUNK)).collect::<Vec<_>>()];
		while levels[levels.len() - 1].len() > 2 {
			let below = &levels[levels.len() - 1];
			let level = below.chunks(2).map(|pair| parent_value(&pair[0], &pair[1])).collect();
			levels.push(level);
		}
		let top = &levels[levels.len() - 1];
		let root = root_value(&top[0], &top[1]);
		Self { levels, root }
	}

	/// Its BLAKE3 hash.
	pub(crate) fn root(&self) -> Hash32 {
		self.root
	}

	/// Its length.
	pub(crate) fn chunks(&self) -> u64 {
		self.levels[0].len() as u64
	}

	/// The column as what an agreement asks for.
	pub(crate) fn leaf(&self, agreement: AgreementId) -> Leaf {
		Leaf { agreement, root: self.root, chunks: self.chunks() }
	}

	/// The chunk of that index, with its path.
	fn chunk(&self, index: u64) -> Content {
		let path = self.levels.iter().enumerate().map(|(level, nodes)| nodes[(index as usize >> level) ^ 1]).collect();
		Content::Chunk { bytes: CHUNK, path }
	}

	/// The answers to challenges of holdings that have this column as their first leaf, and chunks in no other.
	pub(crate) fn answers(
		&self,
		agreement: AgreementId,
		leaf_path: &[Node],
		seed: &Hash32,
		challenges: u32,
	) -> StorageProof {
		let answers = challenge::positions(seed, self.chunks(), challenges).into_iter().map(|position| Answer {
			number: 0,
			leaf: self.leaf(agreement),
			leaf_path: leaf_path.to_vec(),
			content: self.chunk(position),
		});
		StorageProof::V1(answers.collect())
	}

	/// The answers of a provider that holds nothing but this column.
	pub(crate) fn prove(&self, agreement: AgreementId, asked: &ChallengeView) -> StorageProof {
		self.answers(agreement, &[], &asked.seed, asked.challenges)
	}
}
