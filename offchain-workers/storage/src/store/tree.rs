//! A column's BLAKE3 tree at 16 KiB groups: hashing while bytes come, and the way from a chunk to the root.
//!
//! The **outboard** holds the hash pairs of all inner nodes above groups in post-order, 64 bytes each: the
//! layout of `bao-tree`'s `PostOrderOutboard`, which can be appended to before the length is known.
use std::io;

use peoples_cloud_primitives::{
	column::{chunk_value, left_chunks, parent_value, root_value, CHUNK_BYTES},
	Hash32,
};

/// Chunks of one group: a sixteenth part of a percent of a column's size goes into its outboard.
pub(crate) const GROUP_CHUNKS: u64 = 16;
/// Bytes of one group.
pub(crate) const GROUP_BYTES: usize = GROUP_CHUNKS as usize * CHUNK_BYTES;
/// Bytes of a hash pair.
pub(crate) const PAIR_BYTES: usize = 64;

/// Bytes of the outboard of a column.
pub(crate) fn outboard_bytes(chunks: u64) -> u64 {
	chunks.div_ceil(GROUP_CHUNKS).saturating_sub(1).saturating_mul(PAIR_BYTES as u64)
}

/// Hashes a column whose length is not known beforehand and produces its outboard.
#[derive(Debug, Default)]
pub(crate) struct TreeHasher {
	/// Up to one group that may turn out to be the last.
	tail: Vec<u8>,
	/// Groups finished.
	groups: u64,
	/// Chaining values of finished subtrees, largest first. Merging lags by one, as the last merge is the root.
	stack: Vec<Hash32>,
	/// Hash pairs not taken yet.
	pairs: Vec<u8>,
}

impl TreeHasher {
	pub(crate) fn update(&mut self, mut bytes: &[u8]) {
		use blake3::hazmat::HasherExt as _;

		while !bytes.is_empty() {
			if self.tail.len() == GROUP_BYTES {
				// More bytes follow: it was not the last group.
				let mut hasher = blake3::Hasher::new();
				hasher.set_input_offset(self.groups.wrapping_mul(GROUP_BYTES as u64));
				hasher.update(&self.tail);
				self.push(hasher.finalize_non_root());
				self.tail.clear();
			}
			if self.tail.is_empty() && bytes.len() > GROUP_BYTES {
				let (group, rest) = bytes.split_at(GROUP_BYTES);
				let mut hasher = blake3::Hasher::new();
				hasher.set_input_offset(self.groups.wrapping_mul(GROUP_BYTES as u64));
				hasher.update(group);
				self.push(hasher.finalize_non_root());
				bytes = rest;
				continue;
			}
			let room = GROUP_BYTES.saturating_sub(self.tail.len()).min(bytes.len());
			let (now, rest) = bytes.split_at(room);
			self.tail.extend_from_slice(now);
			bytes = rest;
		}
	}

	/// The pairs that have come about since the last call.
	pub(crate) fn take_pairs(&mut self) -> Vec<u8> {
		std::mem::take(&mut self.pairs)
	}

	/// Bytes of pairs that wait to be taken.
	pub(crate) fn pending_pairs(&self) -> usize {
		self.pairs.len()
	}

	/// The root and the last pairs.
	pub(crate) fn finish(mut self) -> (Hash32, Vec<u8>) {
		use blake3::hazmat::HasherExt as _;

		if self.groups == 0 {
			return (*blake3::hash(&self.tail).as_bytes(), self.pairs);
		}
		// Not empty: a full tail is only cleared when more bytes follow.
		let mut hasher = blake3::Hasher::new();
		hasher.set_input_offset(self.groups.wrapping_mul(GROUP_BYTES as u64));
		hasher.update(&self.tail);
		self.push(hasher.finalize_non_root());
		let mut value = self.stack.pop().unwrap_or_default();
		while let Some(left) = self.stack.pop() {
			self.pairs.extend_from_slice(&left);
			self.pairs.extend_from_slice(&value);
			value = if self.stack.is_empty() { root_value(&left, &value) } else { parent_value(&left, &value) };
		}
		(value, self.pairs)
	}

	fn push(&mut self, group: Hash32) {
		while self.stack.len() > self.groups.count_ones() as usize {
			let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) else { break };
			self.pairs.extend_from_slice(&left);
			self.pairs.extend_from_slice(&right);
			self.stack.push(parent_value(&left, &right));
		}
		self.stack.push(group);
		self.groups = self.groups.saturating_add(1);
	}
}

/// The siblings of the nodes from group `group` up to the root, top first, read from an outboard.
///
/// `read_pair` reads 64 bytes at an offset; it is called once per level.
pub(crate) fn group_path(
	chunks: u64,
	group: u64,
	mut read_pair: impl FnMut(u64) -> io::Result<[u8; PAIR_BYTES]>,
) -> io::Result<Vec<Hash32>> {
	let mut groups = chunks.div_ceil(GROUP_CHUNKS);
	let mut index = group;
	// Pairs of subtrees to the left of the one we are in.
	let mut before = 0u64;
	let mut path = Vec::new();
	while groups > 1 {
		let pair = read_pair((before + groups - 2).saturating_mul(PAIR_BYTES as u64))?;
		let (left_hash, right_hash) = split_pair(&pair);
		let left = left_chunks(groups);
		if index < left {
			path.push(right_hash);
			groups = left;
		} else {
			path.push(left_hash);
			before += left - 1;
			index -= left;
			groups -= left;
		}
	}
	Ok(path)
}

/// The siblings of the nodes from chunk `index` up to its group's node, bottom first.
///
/// `bytes` is the group, `first` the number of its first chunk in the column.
pub(crate) fn chunk_path(bytes: &[u8], first: u64, index: u64) -> Vec<Hash32> {
	let values: Vec<_> = bytes
		.chunks_exact(CHUNK_BYTES)
		.zip(first..)
		.filter_map(|(chunk, number)| Some(chunk_value(number, chunk.try_into().ok()?)))
		.collect();
	let mut path = Vec::new();
	subtree(&values, usize::try_from(index).unwrap_or(usize::MAX), &mut path);
	path
}

/// The value of the subtree over `values`; notes the siblings on the way to `index`, if that is inside.
fn subtree(values: &[Hash32], index: usize, path: &mut Vec<Hash32>) -> Hash32 {
	match values {
		[] => Hash32::default(),
		[value] => *value,
		_ => {
			// At most 16 values.
			let left = left_chunks(values.len() as u64) as usize;
			let (a, b) = values.split_at(left);
			let outside = usize::MAX;
			let (in_a, in_b) =
				if index < left { (index, outside) } else { (outside, index.checked_sub(left).unwrap_or(outside)) };
			let left_value = subtree(a, in_a, path);
			let right_value = subtree(b, if in_b < b.len() { in_b } else { outside }, path);
			if index < left {
				path.push(right_value);
			} else if in_b < b.len() {
				path.push(left_value);
			}
			parent_value(&left_value, &right_value)
		},
	}
}

fn split_pair(pair: &[u8; PAIR_BYTES]) -> (Hash32, Hash32) {
	let (mut left, mut right) = (Hash32::default(), Hash32::default());
	let (a, b) = pair.split_at(left.len());
	left.copy_from_slice(a);
	right.copy_from_slice(b);
	(left, right)
}

#[cfg(test)]
mod tests {
	use super::*;
	use bao_tree::{io::outboard::PostOrderMemOutboard, BlockSize};
	use peoples_cloud_primitives::column::verify_chunk;
	use proptest::prelude::*;

	fn column(chunks: usize) -> Vec<u8> {
		(0..chunks * CHUNK_BYTES).map(|i| (i / 5 + i % 253) as u8).collect()
	}

	fn hash_in_pieces(data: &[u8], piece: usize) -> (Hash32, Vec<u8>) {
		let mut hasher = TreeHasher::default();
		let mut pairs = Vec::new();
		for piece in data.chunks(piece) {
			hasher.update(piece);
			pairs.extend(hasher.take_pairs());
		}
		let (root, rest) = hasher.finish();
		pairs.extend(rest);
		(root, pairs)
	}

	#[test]
	fn root_and_outboard_equal_those_of_bao_tree() {
		for chunks in (1..70).chain([127, 128, 129, 255, 256, 257, 1000]) {
			let data = column(chunks);
			let expected = PostOrderMemOutboard::create(&data, BlockSize::from_chunk_log(4));
			for piece in [1, 1000, CHUNK_BYTES, GROUP_BYTES, GROUP_BYTES + 1, 1 << 20] {
				if piece == 1 && chunks > 40 {
					continue;
				}
				let (root, pairs) = hash_in_pieces(&data, piece);
				assert_eq!(root, *blake3::hash(&data).as_bytes(), "{chunks} chunks in pieces of {piece}");
				assert_eq!(pairs, expected.data, "{chunks} chunks in pieces of {piece}");
				assert_eq!(pairs.len() as u64, outboard_bytes(chunks as u64));
			}
		}
	}

	#[test]
	fn every_chunk_proves() {
		for chunks in [1usize, 2, 15, 16, 17, 31, 32, 33, 48, 49, 100, 257] {
			let data = column(chunks);
			let (root, pairs) = hash_in_pieces(&data, 1 << 20);
			for index in 0..chunks as u64 {
				let group = index / GROUP_CHUNKS;
				let at = group as usize * GROUP_BYTES;
				let bytes = &data[at..data.len().min(at + GROUP_BYTES)];
				let mut path = chunk_path(bytes, group * GROUP_CHUNKS, index % GROUP_CHUNKS);
				let upper = group_path(chunks as u64, group, |offset| {
					Ok(pairs[offset as usize..][..PAIR_BYTES].try_into().unwrap())
				});
				path.extend(upper.unwrap().into_iter().rev());
				let at = index as usize * CHUNK_BYTES;
				let chunk = data[at..at + CHUNK_BYTES].try_into().unwrap();
				assert!(verify_chunk(&root, chunks as u64, index, chunk, &path), "{index} of {chunks}");
			}
		}
	}

	proptest! {
		#[test]
		fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40_000), first: u32, index: u64, chunks: u32, group: u32) {
			chunk_path(&bytes, first.into(), index);
			let _ = group_path(chunks.into(), group.into(), |_| Ok([7; PAIR_BYTES]));
			let mut hasher = TreeHasher::default();
			hasher.update(&bytes);
			prop_assert_eq!(hasher.finish().0, *blake3::hash(&bytes).as_bytes());
		}
	}
}
