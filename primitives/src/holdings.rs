//! A provider's commitment to everything it holds: a Merkle-sum mountain range.
//!
//! Leaves are (agreement, column root, chunks) in the order they were taken on. Each node carries the
//! number of chunks below it, bound into its hash, so that a position in `[0, total chunks)` names one
//! chunk of one column whatever the number of columns. The chain keeps only the peaks: appending needs
//! nothing else, zeroing a leaf and proving a position need a path that the provider supplies.
//!
//! Sources: Merkle mountain ranges as in [OpenTimestamps](https://github.com/opentimestamps/opentimestamps-server/blob/master/doc/merkle-mountain-range.md);
//! sums in nodes as in Maxwell's proof of liabilities and Chalkias et al., "Distributed Auditing Proofs of Liabilities".
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{AgreementId, Hash32};

/// Tallest tree: 2^63 leaves are more than anyone can ever append.
pub const MAX_HEIGHT: usize = 63;
/// First byte hashed for a leaf; as in RFC 6962, it keeps leaves and inner nodes apart.
const LEAF_TAG: u8 = 0;
/// First byte hashed for an inner node.
const NODE_TAG: u8 = 1;

/// One column held under one agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Leaf {
	/// The agreement that the column belongs to.
	pub agreement: AgreementId,
	/// BLAKE3 hash of the column.
	pub root: Hash32,
	/// Length of the column in 1 KiB chunks.
	pub chunks: u64,
}

impl Leaf {
	/// The leaf's node in the tree.
	pub fn node(&self) -> Node {
		let mut hasher = blake3::Hasher::new();
		hasher.update(&[LEAF_TAG]);
		hasher.update(&self.agreement.to_le_bytes());
		hasher.update(&self.root);
		hasher.update(&self.chunks.to_le_bytes());
		Node { hash: *hasher.finalize().as_bytes(), chunks: self.chunks }
	}
}

/// A node of the tree: its hash and the chunks below it.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Node {
	/// Binds everything below.
	pub hash: Hash32,
	/// Chunks below.
	pub chunks: u64,
}

impl Node {
	/// What takes a removed leaf's place: no hash preimage, no chunks.
	pub const ZERO: Self = Self { hash: [0; 32], chunks: 0 };

	/// The parent of two nodes; `None` if the chunks overflow.
	pub fn parent(left: &Self, right: &Self) -> Option<Self> {
		let chunks = left.chunks.checked_add(right.chunks)?;
		let mut hasher = blake3::Hasher::new();
		hasher.update(&[NODE_TAG]);
		hasher.update(&left.hash);
		hasher.update(&left.chunks.to_le_bytes());
		hasher.update(&right.hash);
		hasher.update(&right.chunks.to_le_bytes());
		Some(Self { hash: *hasher.finalize().as_bytes(), chunks })
	}
}

/// Why a change of the commitment was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldingsError {
	/// The chunks or leaves no longer fit their counters.
	Overflow,
	/// The leaf number is not in the tree.
	UnknownLeaf,
	/// The path does not lead from that leaf to its peak.
	WrongPath,
}

/// What the chain keeps of a provider's holdings: the number of leaves and the peaks.
///
/// At most 64 peaks of 40 bytes: it grows with the logarithm of the columns ever held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Commitment {
	/// Leaves ever appended, zeroed ones included.
	leaves: u64,
	/// Peaks, tallest first: one for each set bit of `leaves`.
	peaks: Vec<Node>,
}

impl MaxEncodedLen for Commitment {
	fn max_encoded_len() -> usize {
		// A compact length of up to 64 takes 2 bytes.
		u64::max_encoded_len() + 2 + (MAX_HEIGHT + 1) * Node::max_encoded_len()
	}
}

impl Commitment {
	/// Leaves ever appended, zeroed ones included: the next leaf's number.
	pub fn leaves(&self) -> u64 {
		self.leaves
	}

	/// The peaks, tallest first.
	pub fn peaks(&self) -> &[Node] {
		&self.peaks
	}

	/// Chunks held in all.
	pub fn total_chunks(&self) -> u64 {
		// Every append checked that the sum fits.
		self.peaks.iter().fold(0u64, |sum, peak| sum.saturating_add(peak.chunks))
	}

	/// Takes one more column on and returns its leaf number.
	pub fn append(&mut self, leaf: &Leaf) -> Result<u64, HoldingsError> {
		let number = self.leaves;
		let leaves = number.checked_add(1).filter(|n| *n <= 1u64 << MAX_HEIGHT).ok_or(HoldingsError::Overflow)?;
		self.total_chunks().checked_add(leaf.chunks).ok_or(HoldingsError::Overflow)?;
		let mut node = leaf.node();
		for _ in 0..number.trailing_ones() {
			let left = self.peaks.pop().ok_or(HoldingsError::Overflow)?;
			node = Node::parent(&left, &node).ok_or(HoldingsError::Overflow)?;
		}
		self.peaks.push(node);
		self.leaves = leaves;
		Ok(number)
	}

	/// Sets a leaf to zero. `path` holds the siblings from the leaf up to its peak.
	pub fn remove(&mut self, number: u64, leaf: &Leaf, path: &[Node]) -> Result<(), HoldingsError> {
		let (peak_index, height, offset) = self.locate(number).ok_or(HoldingsError::UnknownLeaf)?;
		let peak = self.peaks.get_mut(peak_index).ok_or(HoldingsError::UnknownLeaf)?;
		if path.len() != height {
			return Err(HoldingsError::WrongPath);
		}
		let (old, _) = climb(leaf.node(), offset, path).ok_or(HoldingsError::WrongPath)?;
		if old != *peak {
			return Err(HoldingsError::WrongPath);
		}
		let (new, _) = climb(Node::ZERO, offset, path).ok_or(HoldingsError::WrongPath)?;
		*peak = new;
		Ok(())
	}

	/// Whether leaf `number` is `leaf` and `position` falls into it; answers the chunk's index in its column.
	///
	/// `position` counts chunks over all holdings, from 0.
	pub fn verify_position(&self, position: u64, number: u64, leaf: &Leaf, path: &[Node]) -> Option<u64> {
		let (peak_index, height, offset) = self.locate(number)?;
		if path.len() != height {
			return None;
		}
		let (peak, before_in_peak) = climb(leaf.node(), offset, path)?;
		if peak != *self.peaks.get(peak_index)? {
			return None;
		}
		let before_peak =
			self.peaks.iter().take(peak_index).try_fold(0u64, |sum, peak| sum.checked_add(peak.chunks))?;
		let first = before_peak.checked_add(before_in_peak)?;
		let index = position.checked_sub(first)?;
		(index < leaf.chunks).then_some(index)
	}

	/// The peak over leaf `number`: its index, its height, and the leaf's place below it.
	pub fn locate(&self, number: u64) -> Option<(usize, usize, u64)> {
		if number >= self.leaves {
			return None;
		}
		let mut first = 0u64;
		let mut peak_index = 0usize;
		for height in (0..=MAX_HEIGHT).rev() {
			let size = 1u64 << height;
			if self.leaves & size == 0 {
				continue;
			}
			if number - first < size {
				return Some((peak_index, height, number - first));
			}
			first += size;
			peak_index += 1;
		}
		None
	}
}

/// From a leaf up to its peak: the peak, and the chunks to the leaf's left below that peak.
fn climb(leaf: Node, offset: u64, path: &[Node]) -> Option<(Node, u64)> {
	let mut node = leaf;
	let mut before = 0u64;
	for (level, sibling) in path.iter().enumerate() {
		if (offset >> level) & 1 == 1 {
			before = before.checked_add(sibling.chunks)?;
			node = Node::parent(sibling, &node)?;
		} else {
			node = Node::parent(&node, sibling)?;
		}
	}
	Some((node, before))
}

#[cfg(test)]
mod tests;
