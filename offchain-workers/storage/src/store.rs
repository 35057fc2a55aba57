//! A provider's columns: files on disk beside an index; nothing acknowledged is ever lost, nothing half is ever left.
//!
//! What a crash at any point leaves, and what the next [`ColumnStore::open`] makes of it:
//!
//! | crash during | left behind | at start |
//! | --- | --- | --- |
//! | receiving | staged files | removed |
//! | giving the column its name | a file that the index does not know | removed: it was not acknowledged |
//! | after the index was written | everything | kept |
//! | dropping a column | a file that the index no longer knows | removed |
//!
//! If the index itself is lost, it is rebuilt from the files; the chain then tells which of them are owed.
//!
//! All functions block on the disk: call them from `spawn_blocking`.
use std::{
	collections::{BTreeSet, HashMap},
	fmt, fs, io,
	path::{Path, PathBuf},
	sync::{Arc, Mutex, MutexGuard},
};

use peoples_cloud_primitives::{
	column::{bytes_of, CHUNK_BYTES},
	terms::IntentNonce,
	AccountBytes, AgreementId, Balance, BlockNumber, Hash32,
};

mod files;
mod index;
mod manifests;
mod read;
mod record;
mod tree;
mod write;

pub use index::IndexError;
pub use read::{ChunkProof, Corruption, StreamError};
pub use record::{Claimed, Held, Pending, Record};
pub use write::{ColumnWriter, Purpose};

pub(crate) use read::{column_tree, group_range};
pub(crate) use tree::TreeHasher;

use files::{Files, Staged};
use index::{Batch, Index, Table};
use record::StoredRecord;
use write::Reservation;

use crate::known_chain::{KnownChain, StoredKnownChain};

/// Left free on the disk whatever the configured capacity: the index, logs and the chain client need room too.
const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// Records read at a time when all are walked.
const WALK: usize = 1024;
/// Damaged columns that are remembered for the scrubber; the scrubber finds the rest by itself.
const MAX_SUSPECTS: usize = 1024;
/// Set once the index has been complete.
const INDEXED: &[u8] = b"indexed";
/// Holds [`KnownChain`].
const CHAIN: &[u8] = b"chain";
/// See [`Store::probe`].
const PROBE: &[u8] = b"probe";

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
	/// The configured capacity is used up.
	#[error("only {free_chunks} of the offered chunks are free")]
	NoRoom {
		/// What is free.
		free_chunks: u64,
	},
	/// The disk is full.
	#[error("the disk is full")]
	DiskFull,
	/// More bytes than announced.
	#[error("the column is longer than the {max_chunks} chunks announced")]
	TooLong {
		/// What was announced.
		max_chunks: u64,
	},
	/// Not the number of bytes that was stated, or none.
	#[error("{bytes} bytes came where {chunks} chunks were stated")]
	WrongLength {
		/// What came.
		bytes: u64,
		/// What was stated.
		chunks: u64,
	},
	/// Another root than stated.
	#[error("the bytes do not have the stated root")]
	WrongRoot {
		/// What they have.
		actual: Box<Hash32>,
	},
	/// The column is here already under another length: impossible for honest BLAKE3 roots.
	#[error("another column of this root is here")]
	Conflict,
	/// The upload was acknowledged before.
	#[error("this upload was acknowledged before")]
	Replayed,
	/// There is no such column, chunk or upload.
	#[error("there is no such column or part of it here")]
	Unknown,
	/// What is on the disk is not what was stored.
	#[error("the column is damaged")]
	Damaged,
	/// The index fails.
	#[error(transparent)]
	Index(IndexError),
	/// The disk fails.
	#[error("the disk fails: {0}")]
	Io(io::Error),
	/// The index is here, the columns' directories are not.
	#[error("there is an index of columns, but {path} with the columns is gone; is a disk not mounted?")]
	NotMounted {
		/// Where they should be.
		path: PathBuf,
	},
	/// The directory cannot be used.
	#[error("the data directory {path} cannot be used: {source}")]
	Directory {
		/// Which.
		path: PathBuf,
		/// Why.
		source: io::Error,
	},
}

impl StoreError {
	pub(crate) fn from_io(error: io::Error) -> Self {
		if files::is_disk_full(&error) {
			Self::DiskFull
		} else {
			Self::Io(error)
		}
	}
}

impl From<IndexError> for StoreError {
	fn from(error: IndexError) -> Self {
		if error.is_disk_full() {
			Self::DiskFull
		} else {
			Self::Index(error)
		}
	}
}

/// What [`ColumnStore::open`] found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
	/// Files of columns that were being received.
	pub removed_staging: u64,
	/// Files that the index did not know.
	pub removed_orphans: u64,
	/// Columns whose outboard was made anew.
	pub rebuilt_outboards: u64,
	/// Columns that were found on the disk although the index was new; see [`ColumnStore::keep_adopted_until`].
	pub adopted: u64,
	/// Columns whose file is gone or has another length.
	pub missing: Vec<Hash32>,
}

/// How the capacity is used, in 1 KiB chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
	/// What may be used.
	pub capacity_chunks: u64,
	/// Columns held for agreements.
	pub held_chunks: u64,
	/// Columns that wait for theirs.
	pub pending_chunks: u64,
	/// Set aside for columns that are coming in.
	pub reserved_chunks: u64,
}

impl Usage {
	/// What is left.
	pub fn free_chunks(&self) -> u64 {
		self.capacity_chunks
			.saturating_sub(self.held_chunks)
			.saturating_sub(self.pending_chunks)
			.saturating_sub(self.reserved_chunks)
	}
}

/// What a client has pending here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientPending {
	/// Uploads.
	pub uploads: u32,
	/// Planck that they will cost it.
	pub price: Balance,
}

/// Numbers that follow from the records, kept in memory.
#[derive(Debug, Default)]
struct State {
	capacity: u64,
	held: u64,
	pending: u64,
	reserved: u64,
	clients: HashMap<AccountBytes, ClientPending>,
	expiries: BTreeSet<(BlockNumber, Hash32, AccountBytes, IntentNonce)>,
	suspects: BTreeSet<Hash32>,
}

impl State {
	fn usage(&self) -> Usage {
		Usage {
			capacity_chunks: self.capacity,
			held_chunks: self.held,
			pending_chunks: self.pending,
			reserved_chunks: self.reserved,
		}
	}
}

struct Inner {
	dir: PathBuf,
	files: Files,
	index: Index,
	/// Held while files and index change together.
	commits: Mutex<()>,
	/// Never held while anything blocks.
	state: Mutex<State>,
}

/// The columns of one provider. Clones share them; two processes cannot open the same directory.
#[derive(Clone)]
pub struct ColumnStore {
	inner: Arc<Inner>,
}

impl fmt::Debug for ColumnStore {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.debug_struct("ColumnStore").field("dir", &self.inner.dir).finish()
	}
}

impl ColumnStore {
	/// Opens or makes the store in `dir`, and repairs what a crash left.
	pub fn open(dir: &Path, capacity_chunks: u64) -> Result<(Self, OpenReport), StoreError> {
		let unusable = |source| StoreError::Directory { path: dir.into(), source };
		fs::create_dir_all(dir).map_err(unusable)?;
		// First the index, whose lock keeps a second process away from the files.
		let index = Index::open(&dir.join("index"))?;
		if index.get::<()>(Table::Meta, INDEXED)?.is_some() && !Files::exist(dir) {
			return Err(StoreError::NotMounted { path: dir.join("columns") });
		}
		let (files, removed_staging) = Files::open(dir).map_err(unusable)?;
		let state = State { capacity: capacity_chunks, ..State::default() };
		let inner = Inner { dir: dir.into(), files, index, commits: Mutex::default(), state: Mutex::new(state) };
		let store = Self { inner: Arc::new(inner) };
		let mut report = OpenReport { removed_staging, ..OpenReport::default() };
		store.recover(&mut report)?;
		if report != OpenReport::default() {
			tracing::warn!(target: "storage::store", ?report, "store recovered");
		}
		Ok((store, report))
	}

	fn recover(&self, report: &mut OpenReport) -> Result<(), StoreError> {
		let complete = self.inner.index.get::<()>(Table::Meta, INDEXED)?.is_some();
		let mut unknown = Vec::new();
		let mut failed = None;
		let walk =
			self.files().for_each(|root, path| match self.inner.index.get::<StoredRecord>(Table::Columns, &root) {
				Ok(Some(_)) => {},
				Ok(None) => unknown.push((root, path.to_owned())),
				Err(error) => failed = Some(error),
			});
		walk.map_err(StoreError::from_io)?;
		if let Some(error) = failed {
			return Err(error.into());
		}
		for (root, path) in unknown {
			if complete {
				fs::remove_file(&path).map_err(StoreError::from_io)?;
				report.removed_orphans += 1;
			} else if path.extension().is_none() {
				self.adopt(&root, &path)?;
				report.adopted += 1;
			}
		}
		let mut batch = Batch::default();
		batch.put(Table::Meta, INDEXED, &());
		self.inner.index.write(batch)?;

		let mut after = None;
		loop {
			let records = self.columns(after.as_ref(), WALK)?;
			let Some((last, _)) = records.last() else { break };
			after = Some(*last);
			for (root, record) in &records {
				self.account(root, None, Some(record));
				self.check_files(root, record.chunks, report);
			}
		}
		Ok(())
	}

	/// Cheap checks at start: lengths only. Bytes are the scrubber's business.
	fn check_files(&self, root: &Hash32, chunks: u64, report: &mut OpenReport) {
		let length = |path: PathBuf| fs::metadata(path).map(|metadata| metadata.len()).ok();
		if length(self.files().column(root)) != Some(bytes_of(chunks)) {
			tracing::error!(target: "storage::store", root = %hex::encode(root), "a column's file is gone or cut");
			report.missing.push(*root);
			self.suspect(root);
		} else if length(self.files().outboard(root)) != Some(tree::outboard_bytes(chunks)) {
			match self.rebuild_outboard(root) {
				Ok(()) => report.rebuilt_outboards += 1,
				Err(error) => {
					tracing::error!(target: "storage::store", root = %hex::encode(root), %error, "no outboard");
					self.suspect(root);
				},
			}
		}
	}

	/// Takes a file into a new index. What it was for the chain may tell; it may also be an upload that was
	/// acknowledged a moment ago.
	fn adopt(&self, root: &Hash32, path: &Path) -> Result<(), StoreError> {
		let bytes = fs::metadata(path).map_err(StoreError::from_io)?.len();
		let pending = vec![Pending::unknown(BlockNumber::MAX)];
		let record = Record { chunks: bytes / CHUNK_BYTES as u64, pending, ..Record::default() };
		let mut batch = Batch::default();
		batch.put(Table::Columns, root, &StoredRecord::V0(record));
		Ok(self.inner.index.write(batch)?)
	}

	/// How the capacity is used. Does not block.
	pub fn usage(&self) -> Usage {
		self.state().usage()
	}

	/// Changes the capacity; what is stored stays. Does not block.
	pub fn set_capacity(&self, chunks: u64) {
		self.state().capacity = chunks;
	}

	/// What a client has pending here. Does not block.
	pub fn pending_of(&self, client: &AccountBytes) -> ClientPending {
		self.state().clients.get(client).copied().unwrap_or_default()
	}

	/// Sets room aside for a column of at most `max_chunks` and makes files for it.
	pub fn begin(&self, max_chunks: u64) -> Result<ColumnWriter, StoreError> {
		let bytes = bytes_of(max_chunks);
		if bytes.saturating_add(DISK_RESERVE_BYTES) > self.disk_free_bytes()? {
			return Err(StoreError::DiskFull);
		}
		let reservation = {
			let mut state = self.state();
			let free_chunks = state.usage().free_chunks();
			if max_chunks > free_chunks {
				return Err(StoreError::NoRoom { free_chunks });
			}
			state.reserved = state.reserved.saturating_add(max_chunks);
			Reservation { store: self.clone(), chunks: max_chunks }
		};
		self.writer(reservation, max_chunks)
	}

	/// Makes files for a column that is here already, to replace it by a good copy: takes no room that it does not
	/// have, so that a store which is full can be healed. On the disk both copies are there for a moment, for which
	/// the reserve may be used.
	pub fn begin_replacement(&self, root: &Hash32) -> Result<ColumnWriter, StoreError> {
		let chunks = self.record(root)?.ok_or(StoreError::Unknown)?.chunks;
		if bytes_of(chunks) > self.disk_free_bytes()? {
			return Err(StoreError::DiskFull);
		}
		self.writer(Reservation { store: self.clone(), chunks: 0 }, chunks)
	}

	fn writer(&self, reservation: Reservation, max_chunks: u64) -> Result<ColumnWriter, StoreError> {
		let staged = self.files().stage().map_err(StoreError::from_io)?;
		Ok(ColumnWriter { reservation, max_chunks, staged, hasher: TreeHasher::default(), bytes: 0 })
	}

	/// Files first, then the index; on failure neither.
	fn commit(&self, staged: Staged, root: &Hash32, chunks: u64, purpose: Purpose) -> Result<Record, StoreError> {
		let _guard = self.commits();
		let before = self.record(root)?;
		if before.as_ref().is_some_and(|record| record.chunks != chunks) {
			return Err(StoreError::Conflict);
		}
		let mut record = before.clone().unwrap_or(Record { chunks, ..Record::default() });
		let mut batch = Batch::default();
		match purpose {
			Purpose::Pending(pending) => {
				let used = nonce_key(pending.valid_until, &pending.client, &pending.nonce);
				if self.inner.index.get::<()>(Table::Nonces, &used)?.is_some() {
					return Err(StoreError::Replayed);
				}
				batch.put(Table::Nonces, &used, &());
				record.pending.push(pending);
			},
			Purpose::Held(held) if !record.is_held_for(held.agreement) => record.held.push(held),
			Purpose::Held(_) => {},
		}
		self.index_objects(&mut batch, root, before.as_ref(), Some(&record))?;
		batch.put(Table::Columns, root, &StoredRecord::V0(record.clone()));
		// A damaged or missing file under this name is replaced by the good one.
		self.files().publish(staged, root).map_err(StoreError::from_io)?;
		if let Err(error) = self.inner.index.write(batch) {
			if before.is_none() {
				// If this fails as well, the next start removes the file.
				let _ = self.files().remove(root);
			}
			return Err(error.into());
		}
		self.account(root, before.as_ref(), Some(&record));
		self.clear_suspicion(root);
		Ok(record)
	}

	/// Whether this upload was acknowledged before.
	pub fn is_used(
		&self,
		valid_until: BlockNumber,
		client: &AccountBytes,
		nonce: &IntentNonce,
	) -> Result<bool, StoreError> {
		let key = nonce_key(valid_until, client, nonce);
		Ok(self.inner.index.get::<()>(Table::Nonces, &key)?.is_some())
	}

	/// What is known of a column.
	pub fn record(&self, root: &Hash32) -> Result<Option<Record>, StoreError> {
		let stored = self.inner.index.get(Table::Columns, root)?;
		Ok(stored.map(|StoredRecord::V0(record)| record))
	}

	/// Up to `limit` columns in the order of their roots, after `after`.
	pub fn columns(&self, after: Option<&Hash32>, limit: usize) -> Result<Vec<(Hash32, Record)>, StoreError> {
		// The smallest key above `after` is `after` with a zero appended.
		let from = after.map(|root| [root.as_slice(), &[0]].concat()).unwrap_or_default();
		let entries = self.inner.index.scan(Table::Columns, &from, limit)?;
		let with_root = |(key, StoredRecord::V0(record)): (Box<[u8]>, _)| {
			Ok((Hash32::try_from(&key[..]).map_err(|_| IndexError::Record("columns"))?, record))
		};
		entries.into_iter().map(with_root).collect()
	}

	/// Notes that a column is held for an agreement, in place of the client's pending upload of it. Idempotent;
	/// false if there is no such column.
	pub fn mark_held(&self, root: &Hash32, held: Held, client: &AccountBytes) -> Result<bool, StoreError> {
		Ok(self.change(root, |record| record.claim(held, client))?.is_some())
	}

	/// Notes that an agreement no longer needs the column; its files go when nothing does. Idempotent; true if
	/// the files went. For agreements that have ended: what they used up stays used up.
	pub fn release(&self, root: &Hash32, agreement: AgreementId) -> Result<bool, StoreError> {
		Ok(self.change(root, |record| record.release(agreement))? == Some(true))
	}

	/// Notes that an agreement was never opened after all: the upload that it had claimed waits again, since its
	/// transaction may be included by another block. Idempotent; true if the files went.
	pub fn disown(&self, root: &Hash32, agreement: AgreementId) -> Result<bool, StoreError> {
		Ok(self.change(root, |record| record.disown(agreement))? == Some(true))
	}

	/// Uploads whose agreement can no longer be opened at block `before`, nor be opened again if it was.
	pub fn expired_pending(&self, before: BlockNumber) -> Result<Vec<(Hash32, Pending)>, StoreError> {
		let expired: Vec<_> = {
			let state = self.state();
			let end = (before, Hash32::default(), AccountBytes::default(), IntentNonce::default());
			state.expiries.range(..end).copied().collect()
		};
		let mut uploads = Vec::new();
		for (_, root, client, nonce) in expired {
			let record = self.record(&root)?.unwrap_or_default();
			let mut known = record.uploads();
			let upload = known.find(|upload| upload.client == client && upload.nonce == nonce);
			uploads.extend(upload.map(|upload| (root, upload.clone())));
		}
		Ok(uploads)
	}

	/// Forgets an upload; true if the files went. Agreements that have claimed it stay.
	pub fn drop_pending(&self, root: &Hash32, client: &AccountBytes, nonce: &IntentNonce) -> Result<bool, StoreError> {
		Ok(self.change(root, |record| record.forget_upload(client, nonce))? == Some(true))
	}

	/// Forgets which uploads were acknowledged, as far as they have expired at block `before`. Answers how many.
	pub fn prune_nonces(&self, before: BlockNumber) -> Result<u64, StoreError> {
		let mut pruned = 0;
		loop {
			let used = self.inner.index.scan::<()>(Table::Nonces, &[], WALK)?;
			let old = used.iter().take_while(|(key, ())| key.get(..4) < Some(&before.to_be_bytes()[..]));
			let mut batch = Batch::default();
			let mut count = 0;
			for (key, ()) in old {
				batch.delete(Table::Nonces, key);
				count += 1;
			}
			if count == 0 {
				return Ok(pruned);
			}
			self.inner.index.write(batch)?;
			pruned += count;
		}
	}

	/// Keeps a column that was found beside a new index until block `valid_until`, which is when nobody can open an
	/// agreement over it any more, and as long as agreements need it. Without effect the second time.
	pub fn keep_adopted_until(&self, root: &Hash32, valid_until: BlockNumber) -> Result<(), StoreError> {
		self.change(root, |record| record.keep_adopted_until(valid_until))?;
		Ok(())
	}

	/// Whether there is not a single column.
	pub fn is_empty(&self) -> Result<bool, StoreError> {
		Ok(self.columns(None, 1)?.is_empty())
	}

	/// Columns that were found damaged while they were read. Does not block.
	pub fn suspects(&self) -> Vec<Hash32> {
		self.state().suspects.iter().copied().collect()
	}

	/// The next of them for the scrubber, which has it from then on. Does not block.
	pub fn take_suspect(&self) -> Option<Hash32> {
		self.state().suspects.pop_first()
	}

	/// Bytes that the store's disk has left for it. Blocks.
	pub fn disk_free_bytes(&self) -> Result<u64, StoreError> {
		let disk = nix::sys::statvfs::statvfs(&self.inner.dir).map_err(|errno| StoreError::from_io(errno.into()))?;
		Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
	}

	/// Which chain the columns were held for, and how far it was final.
	pub fn known_chain(&self) -> Result<Option<KnownChain>, StoreError> {
		let stored = self.inner.index.get(Table::Meta, CHAIN)?;
		Ok(stored.map(|StoredKnownChain::V0(known)| known))
	}

	/// Notes that.
	pub fn set_known_chain(&self, known: KnownChain) -> Result<(), StoreError> {
		let mut batch = Batch::default();
		batch.put(Table::Meta, CHAIN, &StoredKnownChain::V0(known));
		Ok(self.inner.index.write(batch)?)
	}

	/// Whether the index can be written: writes a value of no meaning. Blocks.
	pub fn probe(&self) -> Result<(), StoreError> {
		let mut batch = Batch::default();
		batch.put(Table::Meta, PROBE, &());
		Ok(self.inner.index.write(batch)?)
	}

	/// Everything onto the disk; what was acknowledged is there already.
	pub fn flush(&self) -> Result<(), StoreError> {
		Ok(self.inner.index.flush()?)
	}

	/// Edits a record. Manifests that nothing refers to any longer go with it, and so does the column if nothing
	/// speaks for it. `None` if there is no such column; true if it went.
	fn change(&self, root: &Hash32, edit: impl FnOnce(&mut Record)) -> Result<Option<bool>, StoreError> {
		let _guard = self.commits();
		let Some(before) = self.record(root)? else { return Ok(None) };
		let mut record = before.clone();
		edit(&mut record);
		if record == before {
			return Ok(Some(false));
		}
		if record.is_unreferenced() {
			self.remove(root, &before)?;
			return Ok(Some(true));
		}
		let mut batch = Batch::default();
		self.index_objects(&mut batch, root, Some(&before), Some(&record))?;
		batch.put(Table::Columns, root, &StoredRecord::V0(record.clone()));
		self.inner.index.write(batch)?;
		self.account(root, Some(&before), Some(&record));
		Ok(Some(false))
	}

	/// Index first, then the files: what a crash leaves in between goes at the next start.
	fn remove(&self, root: &Hash32, record: &Record) -> Result<(), StoreError> {
		let mut batch = Batch::default();
		batch.delete(Table::Columns, root);
		self.index_objects(&mut batch, root, Some(record), None)?;
		self.inner.index.write(batch)?;
		self.account(root, Some(record), None);
		self.clear_suspicion(root);
		self.files().remove(root).map_err(StoreError::from_io)
	}

	/// Carries a change of a record into the numbers.
	fn account(&self, root: &Hash32, before: Option<&Record>, after: Option<&Record>) {
		let mut state = self.state();
		if let Some(record) = before {
			match record.held.is_empty() {
				true => state.pending = state.pending.saturating_sub(record.chunks),
				false => state.held = state.held.saturating_sub(record.chunks),
			}
			for upload in record.uploads() {
				state.expiries.remove(&(upload.valid_until, *root, upload.client, upload.nonce));
			}
			for pending in &record.pending {
				if let Some(client) = state.clients.get_mut(&pending.client) {
					client.uploads = client.uploads.saturating_sub(1);
					client.price = client.price.saturating_sub(pending.price);
					if client.uploads == 0 {
						state.clients.remove(&pending.client);
					}
				}
			}
		}
		if let Some(record) = after {
			match record.held.is_empty() {
				true => state.pending = state.pending.saturating_add(record.chunks),
				false => state.held = state.held.saturating_add(record.chunks),
			}
			for upload in record.uploads() {
				state.expiries.insert((upload.valid_until, *root, upload.client, upload.nonce));
			}
			for pending in &record.pending {
				let client = state.clients.entry(pending.client).or_default();
				client.uploads = client.uploads.saturating_add(1);
				client.price = client.price.saturating_add(pending.price);
			}
		}
	}

	fn suspect(&self, root: &Hash32) {
		let mut state = self.state();
		if state.suspects.len() < MAX_SUSPECTS {
			state.suspects.insert(*root);
		}
	}

	fn clear_suspicion(&self, root: &Hash32) {
		self.state().suspects.remove(root);
	}

	fn files(&self) -> &Files {
		&self.inner.files
	}

	fn commits(&self) -> MutexGuard<'_, ()> {
		// The guarded changes are atomic by themselves: a panic under it leaves nothing broken.
		self.inner.commits.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	fn state(&self) -> MutexGuard<'_, State> {
		self.inner.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}
}

/// Sorted by block, so that old ones can be pruned.
fn nonce_key(valid_until: BlockNumber, client: &AccountBytes, nonce: &IntentNonce) -> Vec<u8> {
	[&valid_until.to_be_bytes(), client.as_slice(), nonce].concat()
}

#[cfg(test)]
mod tests;
