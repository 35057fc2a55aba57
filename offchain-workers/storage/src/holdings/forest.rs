//! The same tree in memory, for rebuilding: 80 bytes a leaf.
use peoples_cloud_primitives::holdings::{Commitment, Node};

use super::{mountains, TreeError};

/// All complete subtrees, level by level.
pub(crate) struct Forest {
	levels: Vec<Vec<Node>>,
}

impl Forest {
	/// Builds it over the leaves' nodes.
	pub(crate) fn new(leaves: Vec<Node>) -> Result<Self, TreeError> {
		let mut levels = vec![leaves];
		while let Some(below) = levels.last().filter(|below| below.len() > 1) {
			let mut level = Vec::with_capacity(below.len() / 2);
			for pair in below.chunks_exact(2) {
				let [left, right] = pair else { break };
				level.push(Node::parent(left, right).ok_or(TreeError::Overflow)?);
			}
			levels.push(level);
		}
		Ok(Self { levels })
	}

	/// Changes one leaf.
	pub(crate) fn set(&mut self, number: usize, node: Node) -> Result<(), TreeError> {
		let mut at = number;
		let mut node = node;
		for level in 0..self.levels.len() {
			let Some(row) = self.levels.get_mut(level) else { break };
			let Some(slot) = row.get_mut(at) else { break };
			*slot = node;
			let Some(sibling) = row.get(at ^ 1) else { break };
			node = if at & 1 == 1 { Node::parent(sibling, &node) } else { Node::parent(&node, sibling) }
				.ok_or(TreeError::Overflow)?;
			at >>= 1;
		}
		Ok(())
	}

	/// A subtree's node.
	pub(crate) fn node(&self, level: u32, index: u64) -> Option<Node> {
		self.levels.get(level as usize)?.get(usize::try_from(index).ok()?).copied()
	}

	/// Rows above the leaves, lowest first.
	pub(crate) fn upper_levels(&self) -> impl Iterator<Item = &[Node]> {
		self.levels.iter().skip(1).map(Vec::as_slice)
	}

	/// The number ranges of the mountains whose peaks differ from the commitment's.
	pub(crate) fn wrong_mountains(&self, commitment: &Commitment) -> Vec<std::ops::Range<u64>> {
		mountains(commitment.leaves())
			.zip(commitment.peaks())
			.filter(|((level, index), peak)| self.node(*level, *index).as_ref() != Some(*peak))
			.map(|((level, index), _)| index << level..(index + 1) << level)
			.collect()
	}
}
