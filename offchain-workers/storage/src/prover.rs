//! From a challenge to a proof: finds the challenged chunks, reads them, and verifies the proof as the chain will.
//!
//! Cost: per challenge two database reads per level of the tree and one read of 16 KiB: independent of how much is
//! held but for the logarithm.
use std::{
	collections::{BTreeMap, BTreeSet},
	fmt,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

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

/// Lost columns that are remembered; the rest is read again when it is asked for.
const MAX_LOST: usize = 4_096;

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
	/// Chunk `index` of the column with this root: a few small reads. Why it fails, [`Columns::check`] tells.
	fn proven_chunk(&self, root: &Hash32, index: u64) -> Result<ProvenChunk, Trouble>;
	/// Reads and checks the whole column.
	fn check(&self, root: &Hash32) -> Result<(), Trouble>;
	/// Changes when the column is stored anew, so that a verdict about the old one no longer holds.
	fn version(&self, _: &Hash32) -> u64 {
		0
	}
}

impl Columns for ColumnStore {
	fn proven_chunk(&self, root: &Hash32, index: u64) -> Result<ProvenChunk, Trouble> {
		let proof = self.chunk_proof(root, index).map_err(|error| Trouble::Unavailable(error.to_string()))?;
		Ok(ProvenChunk { bytes: *proof.bytes, path: proof.path })
	}

	fn version(&self, root: &Hash32) -> u64 {
		self.column_version(root)
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
	/// Why, as far as the chunk alone shows; see [`Prover::diagnose`].
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
	/// Columns that were read in full and found lost, and their versions then. A large one takes minutes to read,
	/// and the window is short.
	lost: Mutex<BTreeMap<Hash32, (u64, String)>>,
}

impl fmt::Debug for Prover {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Prover").field("holdings", &self.holdings).finish_non_exhaustive()
	}
}

impl Prover {
	/// A prover over these holdings and columns.
	pub fn new(holdings: Arc<Holdings>, columns: Arc<dyn Columns>) -> Self {
		Self { holdings, columns, lost: Mutex::default() }
	}

	/// Reads and checks a whole column, unless it was found lost before and is still the same.
	pub fn check(&self, root: &Hash32) -> Result<(), Trouble> {
		// Before it is read: what is stored in the meantime is checked the next time.
		let version = self.columns.version(root);
		if let Some((_, reason)) = self.lost().get(root).filter(|(known, _)| *known == version) {
			return Err(Trouble::Lost(reason.clone()));
		}
		let outcome = self.columns.check(root);
		let mut lost = self.lost();
		match &outcome {
			Err(Trouble::Lost(reason)) => {
				if lost.len() >= MAX_LOST {
					lost.clear();
				}
				lost.insert(*root, (version, reason.clone()));
			},
			_ => {
				lost.remove(root);
			},
		}
		outcome
	}

	/// Whether a chunk that cannot be shown is a loss or an incident: the whole column tells.
	pub fn diagnose(&self, missing: &MissingColumn) -> Trouble {
		self.check(&missing.leaf.root).err().unwrap_or_else(|| missing.trouble.clone())
	}

	fn lost(&self) -> MutexGuard<'_, BTreeMap<Hash32, (u64, String)>> {
		self.lost.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Answers all positions of a challenge. Chunks of the columns in `released` need not be shown, and are if they can be:
	/// whether the chain still knows them as released when the proof arrives, nobody can know; and a proof that shows less
	/// than half of what it was asked for is not paid.
	pub fn answer(&self, challenge: &Challenge, released: &Released) -> Result<Outcome, ProveError> {
		if !self.holdings.matches(&challenge.holdings)? {
			return Err(ProveError::OutOfStep);
		}
		let total = challenge.holdings.total_chunks();
		let positions = challenge::positions(&challenge.seed, total, challenge.challenges.min(MAX_CHALLENGES));
		let mut answers = Vec::with_capacity(positions.len());
		let mut missing: Vec<MissingColumn> = Vec::new();
		for position in positions {
			let located = self.holdings.locate(position, challenge.holdings.leaves())?;
			if missing.iter().any(|known| known.number == located.number) {
				continue;
			}
			let content = match self.show(&located.leaf, located.chunk) {
				Ok(ProvenChunk { bytes, path }) => Content::Chunk { bytes, path },
				Err(_) if released.contains(&(located.leaf.agreement, located.leaf.root)) => Content::Released,
				Err(trouble) => {
					missing.push(MissingColumn { number: located.number, leaf: located.leaf, trouble });
					continue;
				},
			};
			answers.push(Answer { number: located.number, leaf: located.leaf, leaf_path: located.path, content });
		}
		if !missing.is_empty() {
			return Ok(Outcome::Missing { columns: missing, shown: answers.len() });
		}
		let proof = StorageProof::V1(answers);
		storage_proof::verify(&challenge.holdings, &challenge.seed, challenge.challenges, &proof, |leaf| {
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
		// The store keeps another length or tree than the chain: as good as gone.
		Err(Trouble::Lost(format!("chunk {index} does not belong to it")))
	}
}

#[cfg(test)]
mod tests;
