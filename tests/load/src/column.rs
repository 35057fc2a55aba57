//! A column whose every chunk can be proven: what all providers of a measurement hold.
use peoples_cloud_primitives::{
	column::{chunk_value, parent_value, root_value, CHUNK_BYTES},
	Hash32,
};

/// A column of a power of two of chunks, with its whole tree: twice 32 bytes a chunk.
#[derive(Debug)]
pub(crate) struct Column {
	/// BLAKE3 hash of its bytes.
	pub(crate) root: Hash32,
	/// Its chunks.
	pub(crate) chunks: u64,
	/// From the chunks up to the two below the root; none of a single chunk.
	levels: Vec<Vec<Hash32>>,
}

impl Column {
	/// Two to the power of `depth` chunks.
	pub(crate) fn new(depth: u8) -> Self {
		let chunks = 1u64 << depth;
		if depth == 0 {
			return Self { root: *blake3::hash(&chunk(0)).as_bytes(), chunks, levels: Vec::new() };
		}
		let mut levels: Vec<Vec<Hash32>> = Vec::new();
		let mut level: Vec<Hash32> = (0..chunks).map(|index| chunk_value(index, &chunk(index))).collect();
		loop {
			if let [left, right] = level.as_slice() {
				let root = root_value(left, right);
				levels.push(level);
				return Self { root, chunks, levels };
			}
			let parents = level.chunks_exact(2).map(|pair| match pair {
				[left, right] => parent_value(left, right),
				_ => [0; 32],
			});
			let parents = parents.collect();
			levels.push(std::mem::replace(&mut level, parents));
		}
	}

	/// The chunk at `index`, and its siblings up to the root.
	pub(crate) fn show(&self, index: u64) -> ([u8; CHUNK_BYTES], Vec<Hash32>) {
		let mut place = index as usize;
		let mut path = Vec::with_capacity(self.levels.len());
		for level in &self.levels {
			path.extend(level.get(place ^ 1));
			place /= 2;
		}
		(chunk(index), path)
	}
}

/// Each chunk is another one.
fn chunk(index: u64) -> [u8; CHUNK_BYTES] {
	let mut bytes = [0; CHUNK_BYTES];
	for part in bytes.chunks_exact_mut(8) {
		part.copy_from_slice(&index.to_le_bytes());
	}
	bytes
}

#[cfg(test)]
mod tests {
	use super::*;
	use peoples_cloud_primitives::column::verify_chunk;

	#[test]
	fn every_chunk_proves_against_the_ordinary_hash() {
		for depth in 0..=6 {
			let column = Column::new(depth);
			assert_eq!(column.chunks, 1 << depth);
			let bytes: Vec<u8> = (0..column.chunks).flat_map(chunk).collect();
			assert_eq!(column.root, *blake3::hash(&bytes).as_bytes(), "depth {depth}");
			for index in 0..column.chunks {
				let (bytes, path) = column.show(index);
				assert!(verify_chunk(&column.root, column.chunks, index, &bytes, &path), "{index} at depth {depth}");
			}
		}
	}
}
