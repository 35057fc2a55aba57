//! The store's index: which columns are here, and why. RocksDB; every write is synced before it returns.
use std::{
	fmt,
	path::{Path, PathBuf},
	sync::Arc,
};

use codec::{DecodeAll, Encode};
use rocksdb::{
	BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, Direction, ErrorKind, IteratorMode, Options,
	WriteBatch, WriteOptions, DB,
};

/// Serves hot records; the rest comes from the page cache.
const CACHE_BYTES: usize = 16 * 1024 * 1024;
/// The write-ahead log is replayed at start: this much takes a fraction of a second.
const LOG_BYTES: u64 = 16 * 1024 * 1024;

/// Why the index failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
	/// RocksDB said no: a full disk, a broken file, another process.
	#[error("the column index failed: {0}")]
	Rocks(#[from] rocksdb::Error),
	/// A record does not decode: a newer version wrote it, or it is broken.
	#[error("the column index has a record in `{0}` that this version cannot read")]
	Record(&'static str),
	/// Its directory cannot be used.
	#[error("the index directory {path} cannot be used: {source}")]
	Directory {
		/// Which.
		path: PathBuf,
		/// Why.
		source: std::io::Error,
	},
}

impl IndexError {
	/// Whether the disk is full.
	pub fn is_disk_full(&self) -> bool {
		// RocksDB tells the reason in words only.
		matches!(self, Self::Rocks(error) if error.as_ref().contains("No space left") || error.as_ref().contains("File too large"))
	}
}

/// A key and its value.
pub(crate) type Entry<V> = (Box<[u8]>, V);

/// The index's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
	/// Root to record.
	Columns,
	/// Last block of an intent, client and nonce: used up.
	Nonces,
	/// Object id to manifest.
	Manifests,
	/// Object id and root of a column whose record names it.
	Objects,
	/// Small values.
	Meta,
}

impl Table {
	const ALL: [Self; 5] = [Self::Columns, Self::Nonces, Self::Manifests, Self::Objects, Self::Meta];

	fn name(self) -> &'static str {
		match self {
			Self::Columns => "columns",
			Self::Nonces => "nonces",
			Self::Manifests => "manifests",
			Self::Objects => "objects",
			Self::Meta => "meta",
		}
	}
}

/// A handle on the index; clones share it.
#[derive(Clone)]
pub(crate) struct Index {
	db: Arc<DB>,
}

impl fmt::Debug for Index {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.debug_struct("Index").field("path", &self.db.path()).finish()
	}
}

impl Index {
	/// Opens or creates the index in `path`. A corrupt one is moved aside: it can be rebuilt from the files.
	pub(crate) fn open(path: &Path) -> Result<Self, IndexError> {
		match Self::open_existing(path) {
			Err(IndexError::Rocks(error)) if error.kind() == ErrorKind::Corruption => {
				let aside = (1u32..)
					.map(|number| path.with_extension(format!("broken-{number}")))
					.find(|candidate| !candidate.exists())
					.unwrap_or_else(|| path.with_extension("broken"));
				tracing::error!(target: "storage::store", %error, aside = %aside.display(), "corrupt index moved aside");
				std::fs::rename(path, &aside).map_err(|source| IndexError::Directory { path: path.into(), source })?;
				Self::open_existing(path)
			},
			other => other,
		}
	}

	fn open_existing(path: &Path) -> Result<Self, IndexError> {
		std::fs::create_dir_all(path).map_err(|source| IndexError::Directory { path: path.into(), source })?;
		let mut options = Options::default();
		options.create_if_missing(true);
		options.create_missing_column_families(true);
		options.set_max_total_wal_size(LOG_BYTES);
		options.set_keep_log_file_num(2);
		options.set_max_open_files(256);
		let mut table = BlockBasedOptions::default();
		table.set_block_cache(&Cache::new_lru_cache(CACHE_BYTES));
		table.set_bloom_filter(10.0, false);
		let mut family = Options::default();
		family.set_block_based_table_factory(&table);
		family.set_write_buffer_size(4 * 1024 * 1024);
		let families = Table::ALL.iter().map(|table| ColumnFamilyDescriptor::new(table.name(), family.clone()));
		Ok(Self { db: Arc::new(DB::open_cf_descriptors(&options, path, families)?) })
	}

	fn family(&self, table: Table) -> Result<&ColumnFamily, IndexError> {
		self.db.cf_handle(table.name()).ok_or(IndexError::Record(table.name()))
	}

	pub(crate) fn get<V: DecodeAll>(&self, table: Table, key: &[u8]) -> Result<Option<V>, IndexError> {
		let bytes = self.db.get_pinned_cf(self.family(table)?, key)?;
		bytes.map(|bytes| V::decode_all(&mut &bytes[..]).map_err(|_| IndexError::Record(table.name()))).transpose()
	}

	/// Up to `limit` entries from key `from` on, in order.
	pub(crate) fn scan<V: DecodeAll>(
		&self,
		table: Table,
		from: &[u8],
		limit: usize,
	) -> Result<Vec<Entry<V>>, IndexError> {
		let mode = IteratorMode::From(from, Direction::Forward);
		let mut entries = Vec::new();
		for entry in self.db.iterator_cf(self.family(table)?, mode).take(limit) {
			let (key, bytes) = entry?;
			let value = V::decode_all(&mut &bytes[..]).map_err(|_| IndexError::Record(table.name()))?;
			entries.push((key, value));
		}
		Ok(entries)
	}

	/// All changes or none; on the disk when this returns.
	pub(crate) fn write(&self, batch: Batch) -> Result<(), IndexError> {
		let mut writes = WriteBatch::default();
		for (table, key, value) in batch.0 {
			let family = self.family(table)?;
			match value {
				Some(value) => writes.put_cf(family, key, value),
				None => writes.delete_cf(family, key),
			}
		}
		let mut options = WriteOptions::default();
		options.set_sync(true);
		Ok(self.db.write_opt(writes, &options)?)
	}

	pub(crate) fn flush(&self) -> Result<(), IndexError> {
		for table in Table::ALL {
			self.db.flush_cf(self.family(table)?)?;
		}
		Ok(self.db.flush_wal(true)?)
	}
}

/// Changes to be written together.
#[derive(Debug, Default)]
pub(crate) struct Batch(Vec<(Table, Vec<u8>, Option<Vec<u8>>)>);

impl Batch {
	pub(crate) fn put(&mut self, table: Table, key: &[u8], value: &impl Encode) {
		self.0.push((table, key.to_vec(), Some(value.encode())));
	}

	pub(crate) fn delete(&mut self, table: Table, key: &[u8]) {
		self.0.push((table, key.to_vec(), None));
	}
}
