//! From a challenge to a proof: finds the challenged chunks, reads them, and verifies the proof as the chain will.
//!
//! Cost: per challenge two database reads per level of the tree and one read of 16 KiB: independent of how much is
//! held but for the logarithm.
use std::{collections::BTreeSet, fmt, sync::Arc};

use peoples_cloud_client::chain::Challenge;
use peoples_cloud_primitives::{
	challenge,
	column::{self, CHUNK_BYTES},
	holdings::Leaf,
	storage_proof::{self, Answer, Content, ProofError, StorageProof, MAX_CHALLENGES},
	AgreementId, Hash32,
};

use crate::{
	holdings::{Holdings, TreeError},
	store::ColumnStore,
};

/// A chunk and its siblings up to the column's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenChunk {
	/// The chunk.
	pub bytes: [u8; CHUNK_BYTES],
	/// Siblings from the chunk up.
	pub path: Vec<Hash32>,
}

/// Why a chunk cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
	/// It is gone or wrong, and stays so.
	#[error("the column is lost: {0}")]
	Lost(String),
	/// The disk does not answer; it may later.
	#[error("the column cannot be read: {0}")]
	Unavailable(String),
}

/// Where chunks come from. The daemon's is [`ColumnStore`]; benches simulate a PiB. Calls block.
pub trait Columns: Send + Sync + 'static {
	/// Chunk `index` of the column with this root.
	fn proven_chunk(&self, root: &Hash32, index: u64) -> Result<ProvenChunk, Trouble>;
	/// Reads and checks the whole column.
	fn check(&self, root: &Hash32) -> Result<(), Trouble>;
}

impl Columns for ColumnStore {
	fn proven_chunk(&self, root: &Hash32, index: u64) -> Result<ProvenChunk, Trouble> {
		match self.chunk_proof(root, index) {
			Ok(proof) => Ok(ProvenChunk { bytes: *proof.bytes, path: proof.path }),
			// Whether that is a loss or an incident, the whole column tells.
			Err(error) => match self.check(root) {
				Ok(()) => Err(Trouble::Unavailable(error.to_string())),
				Err(trouble) => Err(trouble),
			},
		}
	}

	fn check(&self, root: &Hash32) -> Result<(), Trouble> {
		self.verify_column(root).map_err(|corruption| {
			let text = corruption.to_string();
			if corruption.is_loss() {
				Trouble::Lost(text)
			} else {
				Trouble::Unavailable(text)
			}
		})
	}
}

/// A challenged column that cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingColumn {
	/// Its leaf's number.
	pub number: u64,
	/// Its leaf.
	pub leaf: Leaf,
	/// Why.
	pub trouble: Trouble,
}

/// Columns that the chain knows not to be owed any more: agreement and root.
pub type Released = BTreeSet<(AgreementId, Hash32)>;

/// What a challenge led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// A proof that the chain will accept.
	Proof(Box<StorageProof>),
	/// These columns are missing and not known to be released; `shown` others of the challenge can be shown.
	Missing {
		/// What is missing: one entry per column.
		columns: Vec<MissingColumn>,
		/// Challenged positions that can be answered.
		shown: usize,
	},
}

/// Why no proof was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
	/// The tree cannot be read, or is not what the chain challenges.
	#[error(transparent)]
	Tree(#[from] TreeError),
	/// The tree does not match the commitment.
	#[error("the holdings tree is not what the chain challenges")]
	OutOfStep,
	/// The chain would refuse the proof.
	#[error("the proof that was made does not verify: {0:?}")]
	Invalid(ProofError),
}

/// Makes proofs. Calls block: some milliseconds.
pub struct Prover {
	holdings: Arc<Holdings>,
	columns: Arc<dyn Columns>,
}

impl fmt::Debug for Prover {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Prover").field("holdings", &self.holdings).finish_non_exhaustive()
	}
}

impl Prover {
	/// A prover over these holdings and columns.
	pub fn new(holdings: Arc<Holdings>, columns: Arc<dyn Columns>) -> Self {
		Self { holdings, columns }
	}

	/// The columns.
	pub fn columns(&self) -> &dyn Columns {
		&*self.columns
	}

	/// Answers `challenges` positions. Chunks of the columns in `released` are not shown.
	pub fn answer(&self, challenge: &Challenge, challenges: u32, released: &Released) -> Result<Outcome, ProveError> {
		if !self.holdings.matches(&challenge.holdings)? {
			return Err(ProveError::OutOfStep);
		}
		let total = challenge.holdings.total_chunks();
		let positions = challenge::positions(&challenge.seed, total, challenges.min(MAX_CHALLENGES));
		let mut answers = Vec::with_capacity(positions.len());
		let mut missing: Vec<MissingColumn> = Vec::new();
		for position in positions {
			let located = self.holdings.locate(position, challenge.holdings.leaves())?;
			let content = if released.contains(&(located.leaf.agreement, located.leaf.root)) {
				Content::Released
			} else {
				match self.show(&located.leaf, located.chunk) {
					Ok(ProvenChunk { bytes, path }) => Content::Chunk { bytes, path },
					Err(trouble) => {
						if missing.iter().all(|known| known.number != located.number) {
							missing.push(MissingColumn { number: located.number, leaf: located.leaf, trouble });
						}
						continue;
					},
				}
			};
			answers.push(Answer { number: located.number, leaf: located.leaf, leaf_path: located.path, content });
		}
		if !missing.is_empty() {
			return Ok(Outcome::Missing { columns: missing, shown: answers.len() });
		}
		let proof = StorageProof::V1(answers);
		storage_proof::verify(&challenge.holdings, &challenge.seed, challenges, &proof, |leaf| {
			released.contains(&(leaf.agreement, leaf.root))
		})
		.map_err(ProveError::Invalid)?;
		Ok(Outcome::Proof(Box::new(proof)))
	}

	fn show(&self, leaf: &Leaf, index: u64) -> Result<ProvenChunk, Trouble> {
		let shown = self.columns.proven_chunk(&leaf.root, index)?;
		if column::verify_chunk(&leaf.root, leaf.chunks, index, &shown.bytes, &shown.path) {
			return Ok(shown);
		}
		// The store keeps another length or tree than the chain: as good as gone unless a full check disagrees.
		self.columns.check(&leaf.root)?;
		Err(Trouble::Lost(format!("chunk {index} does not belong to it")))
	}
}

#[cfg(test)]
mod tests;
