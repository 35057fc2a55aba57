//! A column as a BLAKE3 tree of 1 KiB chunks, and proofs that a chunk is part of it.
//!
//! Scheme: the binary tree of the [BLAKE3 paper](https://github.com/BLAKE3-team/BLAKE3-specs),
//! section 2.1. The left subtree of a node over `n` chunks holds the largest power of two below `n`;
//! the root is finalised with the ROOT flag, so a column's id equals its ordinary BLAKE3 hash.
//! A column's length is always a whole number of chunks.
use alloc::vec::Vec;
use blake3::hazmat::{merge_subtrees_non_root, merge_subtrees_root, HasherExt, Mode};

use crate::Hash32;

/// Bytes of one chunk: the leaf size of BLAKE3.
pub const CHUNK_BYTES: usize = 1024;
/// Longest path from a chunk to its root: BLAKE3 inputs have at most 2^64 bytes, 2^54 chunks.
pub const MAX_PATH: usize = 54;

/// Bytes of so many chunks. Saturates: no column is longer than 2^64 bytes.
pub const fn bytes_of(chunks: u64) -> u64 {
	chunks.saturating_mul(CHUNK_BYTES as u64)
}

/// The chaining value of the chunk at `index`, not finalised as a root.
pub fn chunk_value(index: u64, chunk: &[u8; CHUNK_BYTES]) -> Hash32 {
	let mut hasher = blake3::Hasher::new();
	hasher.set_input_offset(index.wrapping_mul(CHUNK_BYTES as u64) & !(CHUNK_BYTES as u64 - 1));
	hasher.update(chunk);
	hasher.finalize_non_root()
}

/// The chaining value of an inner node that is not the root.
pub fn parent_value(left: &Hash32, right: &Hash32) -> Hash32 {
	merge_subtrees_non_root(left, right, Mode::Hash)
}

/// The root over two subtrees.
pub fn root_value(left: &Hash32, right: &Hash32) -> Hash32 {
	*merge_subtrees_root(left, right, Mode::Hash).as_bytes()
}

/// Chunks in the left subtree of a node over `chunks` chunks: the largest power of two below it.
///
/// Needs `chunks >= 2`; answers 1 for less.
pub fn left_chunks(chunks: u64) -> u64 {
	match chunks {
		0..=2 => 1,
		_ => 1u64 << (u64::BITS - 1 - (chunks - 1).leading_zeros()),
	}
}

/// For the chunk at `index` of a tree over `chunks`: per level, root first, whether the way goes right.
///
/// Empty for a single chunk; `None` when `index` is outside the tree.
pub fn directions(index: u64, chunks: u64) -> Option<Vec<bool>> {
	if index >= chunks {
		return None;
	}
	let (mut index, mut chunks) = (index, chunks);
	let mut way = Vec::new();
	while chunks > 1 {
		let left = left_chunks(chunks);
		let right = index >= left;
		if right {
			index -= left;
			chunks -= left;
		} else {
			chunks = left;
		}
		way.push(right);
	}
	Some(way)
}

/// Whether `chunk` is chunk `index` of the column with this root and length.
///
/// `path` holds the sibling of each node on the way from the chunk up to the root.
pub fn verify_chunk(root: &Hash32, chunks: u64, index: u64, chunk: &[u8; CHUNK_BYTES], path: &[Hash32]) -> bool {
	// Longer columns than BLAKE3 can hash do not exist.
	if chunks > 1u64 << MAX_PATH || path.len() > MAX_PATH {
		return false;
	}
	let Some(way) = directions(index, chunks) else { return false };
	if way.len() != path.len() {
		return false;
	}
	if way.is_empty() {
		return blake3::hash(chunk).as_bytes() == root;
	}
	let mut value = chunk_value(index, chunk);
	let top = path.len().saturating_sub(1);
	for (level, (sibling, right)) in path.iter().zip(way.iter().rev()).enumerate() {
		let (left, right) = if *right { (sibling, &value) } else { (&value, sibling) };
		value = if level == top { root_value(left, right) } else { parent_value(left, right) };
	}
	value == *root
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	/// A plain recursive model: the chaining value of a subtree, noting siblings on the way to `index`.
	fn subtree(data: &[u8], first: u64, index: u64, path: &mut Vec<Hash32>) -> Hash32 {
		let chunks = (data.len() / CHUNK_BYTES) as u64;
		if chunks == 1 {
			return chunk_value(first, data.try_into().unwrap());
		}
		let left = left_chunks(chunks);
		let (a, b) = data.split_at(left as usize * CHUNK_BYTES);
		let inside_left = index >= first && index < first + left;
		let inside_right = index >= first + left && index < first + chunks;
		let left_value = subtree(a, first, index, path);
		let right_value = subtree(b, first + left, index, path);
		if inside_left {
			path.push(right_value);
		}
		if inside_right {
			path.push(left_value);
		}
		parent_value(&left_value, &right_value)
	}

	fn column(chunks: usize) -> Vec<u8> {
		(0..chunks * CHUNK_BYTES).map(|i| (i / 7 + i % 251) as u8).collect()
	}

	#[test]
	fn left_subtree_is_the_largest_power_of_two_below() {
		for (chunks, left) in [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (1 << 40, 1 << 39)] {
			assert_eq!(left_chunks(chunks), left, "of {chunks}");
		}
	}

	#[test]
	fn every_chunk_of_every_small_column_proves_against_the_ordinary_hash() {
		for chunks in 1..=33 {
			let data = column(chunks);
			let root = *blake3::hash(&data).as_bytes();
			for index in 0..chunks as u64 {
				let mut path = Vec::new();
				subtree(&data, 0, index, &mut path);
				let at = index as usize * CHUNK_BYTES;
				let chunk: &[u8; CHUNK_BYTES] = data[at..at + CHUNK_BYTES].try_into().unwrap();
				assert!(verify_chunk(&root, chunks as u64, index, chunk, &path), "{index} of {chunks}");
				let other = (index + 1) % chunks as u64;
				if chunks > 1 {
					assert!(!verify_chunk(&root, chunks as u64, other, chunk, &path), "moved chunk passed");
				}
				let mut broken = *chunk;
				broken[17] ^= 1;
				assert!(!verify_chunk(&root, chunks as u64, index, &broken, &path), "broken chunk passed");
			}
		}
	}

	proptest! {
		#[test]
		fn never_panics(root: [u8; 32], chunks: u64, index: u64, path in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
			verify_chunk(&root, chunks, index, &[3; CHUNK_BYTES], &path);
		}
	}
}
