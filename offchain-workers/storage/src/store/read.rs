//! Reading columns: proofs, verified streams, scrubbing.
use std::{
	fs::File,
	hash::{DefaultHasher, Hash as _, Hasher as _},
	io::{self, Read as _, Write},
	os::unix::fs::{FileExt as _, MetadataExt as _},
};

use bao_tree::{
	io::{outboard::PostOrderOutboard, sync::encode_ranges_validated, EncodeError},
	BaoTree, BlockSize, ChunkNum, ChunkRanges,
};
use peoples_cloud_primitives::{
	column::{bytes_of, verify_chunk, CHUNK_BYTES},
	Hash32,
};

use super::{
	tree::{chunk_path, group_path, outboard_bytes, TreeHasher, GROUP_BYTES, GROUP_CHUNKS, PAIR_BYTES},
	ColumnStore, StoreError,
};

/// Read at a time when a whole column is checked.
const SCRUB_BYTES: usize = 1024 * 1024;

/// 16 KiB groups: the unit of verified streams.
pub(crate) const BLOCK_SIZE: BlockSize = BlockSize::from_chunk_log(4);

/// What is wrong with a column.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Corruption {
	/// The index does not know it.
	#[error("there is no such column here")]
	Unknown,
	/// Its file is gone.
	#[error("its file is gone")]
	Missing,
	/// Its file has another length.
	#[error("its file has {bytes} bytes, not {chunks} chunks")]
	WrongLength {
		/// Found.
		bytes: u64,
		/// Expected.
		chunks: u64,
	},
	/// Its bytes are not those that were stored.
	#[error("its bytes have changed")]
	WrongData,
	/// The disk or the index fails; the column may be fine.
	#[error("it cannot be read: {0}")]
	Unreadable(String),
}

impl Corruption {
	/// Whether the column is gone for good.
	pub fn is_loss(&self) -> bool {
		!matches!(self, Self::Unreadable(_))
	}
}

/// A chunk and its siblings up to the root, as [`verify_chunk`] takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkProof {
	/// The chunk.
	pub bytes: Box<[u8; CHUNK_BYTES]>,
	/// Siblings, bottom first.
	pub path: Vec<Hash32>,
}

/// Why a column could not be streamed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
	/// There is no such column, or not this part of it.
	#[error("there is no such column or part of it here")]
	NotFound,
	/// What is on the disk is not what was stored; nothing wrong was written.
	#[error("the column is damaged")]
	Damaged,
	/// Whoever took the bytes no longer does.
	#[error("the receiver has gone")]
	ReceiverGone,
	/// The disk fails.
	#[error(transparent)]
	Store(#[from] StoreError),
}

impl ColumnStore {
	fn open_column(&self, root: &Hash32) -> Result<(File, u64), StoreError> {
		let record = self.record(root)?.ok_or(StoreError::Unknown)?;
		let file = File::open(self.files().column(root)).map_err(StoreError::from_io)?;
		Ok((file, record.chunks))
	}

	/// Group `group` of a column: 16 KiB, or less at its end. Not verified. Blocks.
	pub fn read_group(&self, root: &Hash32, group: u64) -> Result<Vec<u8>, StoreError> {
		let (file, chunks) = self.open_column(root)?;
		read_group(&file, chunks, group)
	}

	/// Chunk `index` of a column with its proof, which is checked before it is returned. Blocks for a handful of
	/// small reads, whatever the column's size.
	pub fn chunk_proof(&self, root: &Hash32, index: u64) -> Result<ChunkProof, StoreError> {
		let (file, chunks) = self.open_column(root)?;
		if index >= chunks {
			return Err(StoreError::Unknown);
		}
		let group = index / GROUP_CHUNKS;
		let bytes = read_group(&file, chunks, group)?;
		let within = index % GROUP_CHUNKS;
		let mut path = chunk_path(&bytes, group.saturating_mul(GROUP_CHUNKS), within);
		let outboard = File::open(self.files().outboard(root)).map_err(StoreError::from_io)?;
		let upper = group_path(chunks, group, |offset| {
			let mut pair = [0; PAIR_BYTES];
			outboard.read_exact_at(&mut pair, offset)?;
			Ok(pair)
		});
		path.extend(upper.map_err(StoreError::from_io)?.into_iter().rev());
		// Below 16.
		let chunk = bytes.chunks_exact(CHUNK_BYTES).nth(within as usize);
		let bytes: Box<[u8; CHUNK_BYTES]> =
			Box::new(chunk.and_then(|chunk| chunk.try_into().ok()).ok_or(StoreError::Damaged)?);
		if !verify_chunk(root, chunks, index, &bytes, &path) {
			self.suspect(root);
			return Err(StoreError::Damaged);
		}
		Ok(ChunkProof { bytes, path })
	}

	/// Writes the groups that hold `chunks` chunks from `first` on, with the hashes that verify them, to `target`:
	/// a bao stream without the length. Every group is checked before it is written. Blocks.
	pub fn stream(&self, root: &Hash32, first: u64, chunks: u64, target: impl Write) -> Result<(), StreamError> {
		let (file, total) = match self.open_column(root) {
			Err(StoreError::Unknown) => return Err(StreamError::NotFound),
			other => other?,
		};
		let end = first.checked_add(chunks).filter(|end| chunks > 0 && *end <= total).ok_or(StreamError::NotFound)?;
		let outboard = PostOrderOutboard {
			root: blake3::Hash::from_bytes(*root),
			tree: column_tree(total),
			data: File::open(self.files().outboard(root)).map_err(StoreError::from_io)?,
		};
		let result = encode_ranges_validated(&file, outboard, &group_range(first, end), target);
		match result {
			Ok(()) => Ok(()),
			Err(EncodeError::ParentWrite(_) | EncodeError::LeafWrite(_)) => Err(StreamError::ReceiverGone),
			Err(EncodeError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
				self.suspect(root);
				Err(StreamError::Damaged)
			},
			Err(EncodeError::Io(error)) => Err(StoreError::from_io(error).into()),
			Err(_) => {
				self.suspect(root);
				Err(StreamError::Damaged)
			},
		}
	}

	/// Reads the whole column and checks it; a wrong outboard beside right bytes is made anew. Blocks for as long as
	/// the disk takes.
	pub fn verify_column(&self, root: &Hash32) -> Result<(), Corruption> {
		let unreadable = |error: &dyn std::fmt::Display| Corruption::Unreadable(error.to_string());
		let record = self.record(root).map_err(|error| unreadable(&error))?.ok_or(Corruption::Unknown)?;
		let mut file = match File::open(self.files().column(root)) {
			Err(error) if error.kind() == io::ErrorKind::NotFound && self.files().is_reachable(root) => {
				return Err(Corruption::Missing);
			},
			other => other.map_err(|error| unreadable(&error))?,
		};
		let bytes = file.metadata().map_err(|error| unreadable(&error))?.len();
		if bytes != bytes_of(record.chunks) {
			return Err(Corruption::WrongLength { bytes, chunks: record.chunks });
		}
		let mut outboard = OutboardCheck::open(self, root);
		let mut hasher = TreeHasher::default();
		let mut buffer = vec![0; SCRUB_BYTES];
		loop {
			let count = match file.read(&mut buffer) {
				Ok(0) => break,
				Ok(count) => count,
				Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
				Err(error) => return Err(unreadable(&error)),
			};
			hasher.update(buffer.get(..count).unwrap_or_default());
			outboard.compare(&hasher.take_pairs());
		}
		let (actual, pairs) = hasher.finish();
		if actual != *root {
			return Err(Corruption::WrongData);
		}
		outboard.compare(&pairs);
		if !outboard.is_right(record.chunks) {
			tracing::warn!(target: "storage::store", root = %hex::encode(root), "outboard made anew");
			self.rebuild_outboard(root).map_err(|error| unreadable(&error))?;
		}
		self.clear_suspicion(root);
		Ok(())
	}

	/// Changes when the column's file is replaced, comes back or goes. Blocks for a moment.
	pub fn column_version(&self, root: &Hash32) -> u64 {
		let Ok(metadata) = std::fs::metadata(self.files().column(root)) else { return 0 };
		let mut hasher = DefaultHasher::new();
		(metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut hasher);
		// 0 says that there is none.
		hasher.finish().max(1)
	}

	/// Makes the outboard from the column's bytes.
	pub(super) fn rebuild_outboard(&self, root: &Hash32) -> Result<(), StoreError> {
		let mut file = File::open(self.files().column(root)).map_err(StoreError::from_io)?;
		let mut staged = self.files().stage().map_err(StoreError::from_io)?;
		let mut hasher = TreeHasher::default();
		let mut buffer = vec![0; SCRUB_BYTES];
		loop {
			let count = match file.read(&mut buffer) {
				Ok(0) => break,
				Ok(count) => count,
				Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
				Err(error) => return Err(StoreError::from_io(error)),
			};
			hasher.update(buffer.get(..count).unwrap_or_default());
			staged.write_pairs(&hasher.take_pairs()).map_err(StoreError::from_io)?;
		}
		let (actual, pairs) = hasher.finish();
		if actual != *root {
			return Err(StoreError::Damaged);
		}
		staged.write_pairs(&pairs).map_err(StoreError::from_io)?;
		staged.sync().map_err(StoreError::from_io)?;
		self.files().publish_outboard(staged, root).map_err(StoreError::from_io)
	}
}

/// The tree of a column of `chunks` chunks.
pub(crate) fn column_tree(chunks: u64) -> BaoTree {
	BaoTree::new(bytes_of(chunks), BLOCK_SIZE)
}

/// The chunks `[first, end)`, rounded out to whole groups: both sides of a transfer must agree on it.
pub(crate) fn group_range(first: u64, end: u64) -> ChunkRanges {
	let from = first / GROUP_CHUNKS * GROUP_CHUNKS;
	let to = end.div_ceil(GROUP_CHUNKS).saturating_mul(GROUP_CHUNKS);
	ChunkRanges::from(ChunkNum(from)..ChunkNum(to))
}

fn read_group(file: &File, chunks: u64, group: u64) -> Result<Vec<u8>, StoreError> {
	let first = group.checked_mul(GROUP_CHUNKS).filter(|first| *first < chunks).ok_or(StoreError::Unknown)?;
	// At most 16.
	let length = (chunks - first).min(GROUP_CHUNKS) as usize * CHUNK_BYTES;
	debug_assert!(length <= GROUP_BYTES);
	let mut bytes = vec![0; length];
	match file.read_exact_at(&mut bytes, bytes_of(first)) {
		Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(StoreError::Damaged),
		other => other.map(|()| bytes).map_err(StoreError::from_io),
	}
}

/// Compares an outboard file with the pairs as they come.
struct OutboardCheck {
	file: Option<File>,
	offset: u64,
	buffer: Vec<u8>,
}

impl OutboardCheck {
	fn open(store: &ColumnStore, root: &Hash32) -> Self {
		Self { file: File::open(store.files().outboard(root)).ok(), offset: 0, buffer: Vec::new() }
	}

	fn compare(&mut self, pairs: &[u8]) {
		let Some(file) = &self.file else { return };
		self.buffer.resize(pairs.len(), 0);
		if file.read_exact_at(&mut self.buffer, self.offset).is_err() || self.buffer != pairs {
			self.file = None;
		}
		self.offset = self.offset.saturating_add(pairs.len() as u64);
	}

	fn is_right(&self, chunks: u64) -> bool {
		let length = self.file.as_ref().and_then(|file| file.metadata().ok()).map(|metadata| metadata.len());
		length == Some(outboard_bytes(chunks))
	}
}
