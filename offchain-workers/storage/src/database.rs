//! The daemon's own database: holdings and transactions, as column families of one RocksDB.
//!
//! It can be deleted while the daemon is down: holdings come back from the chain and `holdings.log`, and the chain's
//! state decides which transactions are still due.
use std::{
	fmt,
	path::{Path, PathBuf},
	sync::Arc,
};

use rocksdb::{
	BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, Direction, ErrorKind, IteratorMode, Options,
	ReadOptions, WriteBatch, WriteOptions, DB,
};
use tokio::runtime::{Handle, RuntimeFlavor};

/// Leaves, nodes and indices of the holdings.
pub(crate) const HOLDINGS: &str = "holdings";
/// The transaction queue.
pub(crate) const TRANSACTIONS: &str = "transactions";
/// Small values: one per key, versioned by their owners.
pub(crate) const STATE: &str = "state";

const FAMILIES: [&str; 3] = [HOLDINGS, TRANSACTIONS, STATE];
/// Holds the upper levels of a tree of a million leaves; the rest comes from the page cache.
const CACHE_BYTES: usize = 32 * 1024 * 1024;
/// The write-ahead log is replayed at start: this much takes well below a second.
const LOG_BYTES: u64 = 32 * 1024 * 1024;
/// Table files that are open at a time: RocksDB keeps all of them open otherwise, and fails for good when the process
/// has no descriptors left.
const OPEN_FILES: i32 = 256;

/// See [`Database::probe`].
const PROBE_KEY: &[u8] = b"probe";

/// Why the database failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
	/// RocksDB said no: a full disk, a broken file, another process.
	#[error("the database failed: {0}")]
	Rocks(#[from] rocksdb::Error),
	/// A record does not decode: it was written by a newer version, or is broken.
	#[error("the database has a record of {0} that this version cannot read")]
	Record(&'static str),
	/// The directory cannot be used.
	#[error("the database directory {path} cannot be used: {source}")]
	Directory {
		/// Which directory.
		path: PathBuf,
		/// Why.
		source: std::io::Error,
	},
}

/// A handle on the database; clones share it.
#[derive(Clone)]
pub struct Database {
	db: Arc<DB>,
	/// Tests: nothing can be written.
	#[cfg(test)]
	pub(crate) disk_full: Arc<std::sync::atomic::AtomicBool>,
}

impl fmt::Debug for Database {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Database").field("path", &self.db.path()).finish()
	}
}

impl Database {
	/// Opens or creates the database in `path`. A corrupt one is moved aside, since all of it can be rebuilt.
	pub fn open(path: &Path) -> Result<Self, DatabaseError> {
		match Self::open_existing(path) {
			Err(DatabaseError::Rocks(error)) if error.kind() == ErrorKind::Corruption => {
				let aside = aside(path);
				tracing::error!(target: "storage::database", %error, aside = %aside.display(), "corrupt database moved aside");
				std::fs::rename(path, &aside)
					.map_err(|source| DatabaseError::Directory { path: path.to_owned(), source })?;
				Self::open_existing(path)
			},
			other => other,
		}
	}

	fn open_existing(path: &Path) -> Result<Self, DatabaseError> {
		std::fs::create_dir_all(path).map_err(|source| DatabaseError::Directory { path: path.to_owned(), source })?;
		let mut options = Options::default();
		options.create_if_missing(true);
		options.create_missing_column_families(true);
		options.set_max_total_wal_size(LOG_BYTES);
		options.set_keep_log_file_num(2);
		options.set_max_open_files(OPEN_FILES);
		let mut table = BlockBasedOptions::default();
		table.set_block_cache(&Cache::new_lru_cache(CACHE_BYTES));
		table.set_bloom_filter(10.0, false);
		let mut family = Options::default();
		family.set_block_based_table_factory(&table);
		let families = FAMILIES.iter().map(|name| ColumnFamilyDescriptor::new(*name, family.clone()));
		let db = DB::open_cf_descriptors(&options, path, families)?;
		Ok(Self {
			db: Arc::new(db),
			#[cfg(test)]
			disk_full: Arc::default(),
		})
	}

	fn family(&self, name: &'static str) -> Result<&ColumnFamily, DatabaseError> {
		self.db.cf_handle(name).ok_or(DatabaseError::Record(name))
	}

	/// One value.
	pub(crate) fn get(&self, family: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, DatabaseError> {
		Ok(self.db.get_cf(self.family(family)?, key)?)
	}

	/// Several changes at once, all or none. A durable write is on the disk when this returns; another may be lost
	/// with the machine's power, never with the process alone, and never out of order.
	pub(crate) fn write(&self, changes: Changes, durable: bool) -> Result<(), DatabaseError> {
		#[cfg(test)]
		if self.disk_full.load(std::sync::atomic::Ordering::Relaxed) {
			return Err(DatabaseError::Record("a full disk"));
		}
		let mut batch = WriteBatch::default();
		for (family, key, value) in changes.0 {
			let family = self.family(family)?;
			match value {
				Some(value) => batch.put_cf(family, key, value),
				None => batch.delete_cf(family, key),
			}
		}
		let mut options = WriteOptions::default();
		options.set_sync(durable);
		Ok(self.db.write_opt(batch, &options)?)
	}

	/// Whether it can be written: writes a value of no meaning.
	pub fn probe(&self) -> Result<(), DatabaseError> {
		let mut changes = Changes::default();
		changes.put(STATE, PROBE_KEY.to_vec(), Vec::new());
		self.write(changes, true)
	}

	/// Many changes that are worthless unless [`Database::flush`] follows.
	pub(crate) fn write_bulk(&self, changes: Changes) -> Result<(), DatabaseError> {
		let mut batch = WriteBatch::default();
		for (family, key, value) in changes.0 {
			if let Some(value) = value {
				batch.put_cf(self.family(family)?, key, value);
			}
		}
		let mut options = WriteOptions::default();
		options.disable_wal(true);
		Ok(self.db.write_opt(batch, &options)?)
	}

	/// Forgets all keys in `[from, to)`.
	pub(crate) fn delete_range(&self, family: &'static str, from: &[u8], to: &[u8]) -> Result<(), DatabaseError> {
		Ok(self.db.delete_range_cf(self.family(family)?, from, to)?)
	}

	/// Up to `limit` entries with keys in `[from, to)`, in order, or from the end if `backwards`.
	pub(crate) fn range(
		&self,
		family: &'static str,
		from: &[u8],
		to: &[u8],
		backwards: bool,
		limit: usize,
	) -> Result<Vec<Entry>, DatabaseError> {
		let mut options = ReadOptions::default();
		options.set_iterate_lower_bound(from);
		options.set_iterate_upper_bound(to);
		// Bounds alone limit a backwards iteration from the very end.
		let mode = if backwards { IteratorMode::End } else { IteratorMode::From(from, Direction::Forward) };
		let mut entries = Vec::new();
		for entry in self.db.iterator_cf_opt(self.family(family)?, options, mode).take(limit) {
			entries.push(entry?);
		}
		Ok(entries)
	}

	/// Writes everything that is only in memory to the disk.
	pub fn flush(&self) -> Result<(), DatabaseError> {
		for name in FAMILIES {
			self.db.flush_cf(self.family(name)?)?;
		}
		Ok(self.db.flush_wal(true)?)
	}
}

/// Runs what waits for the disk without keeping the runtime's other tasks waiting as well.
pub(crate) fn waiting_for_disk<T>(work: impl FnOnce() -> T) -> T {
	match Handle::try_current() {
		Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
		_ => work(),
	}
}

/// Key and value.
pub(crate) type Entry = (Box<[u8]>, Box<[u8]>);

/// Changes to be written together.
#[derive(Default)]
pub(crate) struct Changes(Vec<Change>);

/// A column family, a key, and its new value; none to remove it.
type Change = (&'static str, Vec<u8>, Option<Vec<u8>>);

impl Changes {
	/// Sets a value.
	pub(crate) fn put(&mut self, family: &'static str, key: Vec<u8>, value: Vec<u8>) {
		self.0.push((family, key, Some(value)));
	}

	/// Deletes a value.
	pub(crate) fn delete(&mut self, family: &'static str, key: Vec<u8>) {
		self.0.push((family, key, None));
	}

	/// How many there are.
	pub(crate) fn len(&self) -> usize {
		self.0.len()
	}
}

/// A free name beside `path`.
fn aside(path: &Path) -> PathBuf {
	let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
	(1u32..)
		.map(|number| path.with_file_name(format!("{name}.broken-{number}")))
		.find(|candidate| !candidate.exists())
		.unwrap_or_else(|| path.with_extension("broken"))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_number_of_open_files_is_limited() {
		let dir = tempfile::tempdir().unwrap();
		let database = Database::open(dir.path()).unwrap();
		database.flush().unwrap();
		let mut names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
		let options =
			names.find(|path| path.to_string_lossy().contains("OPTIONS-")).expect("RocksDB notes its options");
		let options = std::fs::read_to_string(options).unwrap();
		assert!(options.contains(&format!("max_open_files={OPEN_FILES}\n")), "{options}");
	}
}
