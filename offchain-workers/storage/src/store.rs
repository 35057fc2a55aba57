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
	column::CHUNK_BYTES, terms::IntentNonce, AccountBytes, AgreementId, Balance, BlockNumber, Hash32,
};

mod files;
mod index;
mod read;
mod record;
mod tree;
mod write;

pub use index::IndexError;
pub use read::{ChunkProof, Corruption, StreamError};
pub use record::{Held, Pending, Record};
pub use write::{ColumnWriter, Purpose};

pub(crate) use read::{column_tree, group_range};
pub(crate) use tree::TreeHasher;

use files::{Files, Staged};
use index::{Batch, Index, Table};
use record::{StoredManifest, StoredRecord};
use write::Reservation;

/// Left free on the disk whatever the configured capacity: the index, logs and the chain client need room too.
const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// Records read at a time when all are walked.
const WALK: usize = 1024;
/// Damaged columns that are remembered for the scrubber; the scrubber finds the rest by itself.
const MAX_SUSPECTS: usize = 1024;
/// Set once the index has been complete.
const INDEXED: &[u8] = b"indexed";

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
	/// Columns that were found on the disk although the index was new; see [`ColumnStore::unreferenced`].
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
		if length(self.files().column(root)) != Some(chunks.saturating_mul(CHUNK_BYTES as u64)) {
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

	/// Takes a file into a new index.
	fn adopt(&self, root: &Hash32, path: &Path) -> Result<(), StoreError> {
		let bytes = fs::metadata(path).map_err(StoreError::from_io)?.len();
		let record = Record { chunks: bytes / CHUNK_BYTES as u64, ..Record::default() };
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
		let bytes = max_chunks.saturating_mul(CHUNK_BYTES as u64);
		let disk = nix::sys::statvfs::statvfs(&self.inner.dir).map_err(|errno| StoreError::from_io(errno.into()))?;
		let on_disk = disk.blocks_available().saturating_mul(disk.fragment_size());
		if bytes.saturating_add(DISK_RESERVE_BYTES) > on_disk {
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
		let staged = self.files().stage().map_err(StoreError::from_io)?;
		Ok(ColumnWriter { reservation, staged, hasher: TreeHasher::default(), bytes: 0 })
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
		let found = self.change(root, |record| {
			if record.is_held_for(held.agreement) {
				return;
			}
			// Prefer the upload whose manifest this is, else the oldest.
			let of_client = |pending: &&Pending| pending.client == *client;
			let mine = record.pending.iter().filter(of_client);
			let chosen = mine.clone().find(|pending| pending.object == Some(held.object));
			let chosen = chosen.or_else(|| mine.min_by_key(|pending| pending.valid_until)).map(|pending| pending.nonce);
			if let Some(nonce) = chosen {
				record.pending.retain(|pending| pending.client != *client || pending.nonce != nonce);
			}
			record.held.push(held);
		});
		Ok(found?.is_some())
	}

	/// Notes that an agreement no longer needs the column; its files go when nothing does. Idempotent; true if
	/// the files went.
	pub fn release(&self, root: &Hash32, agreement: AgreementId) -> Result<bool, StoreError> {
		let gone = self.change(root, |record| record.held.retain(|held| held.agreement != agreement));
		Ok(gone? == Some(true))
	}

	/// Uploads whose agreement can no longer be opened at block `before`.
	pub fn expired_pending(&self, before: BlockNumber) -> Result<Vec<(Hash32, Pending)>, StoreError> {
		let expired: Vec<_> = {
			let state = self.state();
			let end = (before, Hash32::default(), AccountBytes::default(), IntentNonce::default());
			state.expiries.range(..end).copied().collect()
		};
		let mut uploads = Vec::new();
		for (_, root, client, nonce) in expired {
			let record = self.record(&root)?.unwrap_or_default();
			let pending = record.pending.into_iter().find(|pending| pending.client == client && pending.nonce == nonce);
			uploads.extend(pending.map(|pending| (root, pending)));
		}
		Ok(uploads)
	}

	/// Forgets a pending upload; true if the files went.
	pub fn drop_pending(&self, root: &Hash32, client: &AccountBytes, nonce: &IntentNonce) -> Result<bool, StoreError> {
		let gone = self.change(root, |record| {
			record.pending.retain(|pending| pending.client != *client || pending.nonce != *nonce);
		});
		Ok(gone? == Some(true))
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

	/// Up to `limit` columns that nothing speaks for: an index that was rebuilt from the files has them.
	/// [`ColumnStore::mark_held`] what the chain says, and [`ColumnStore::drop_unreferenced`] the rest.
	pub fn unreferenced(&self, limit: usize) -> Result<Vec<Hash32>, StoreError> {
		let mut found = Vec::new();
		let mut after = None;
		while found.len() < limit {
			let records = self.columns(after.as_ref(), WALK)?;
			let Some((last, _)) = records.last() else { break };
			after = Some(*last);
			found.extend(records.iter().filter(|(_, record)| record.is_unreferenced()).map(|(root, _)| *root));
		}
		found.truncate(limit);
		Ok(found)
	}

	/// Removes a column if nothing speaks for it; true if it went.
	pub fn drop_unreferenced(&self, root: &Hash32) -> Result<bool, StoreError> {
		let _guard = self.commits();
		match self.record(root)? {
			Some(record) if record.is_unreferenced() => {
				self.remove(root, &record)?;
				Ok(true)
			},
			_ => Ok(false),
		}
	}

	/// Columns that were found damaged while they were read; the scrubber should look at them first.
	pub fn suspects(&self) -> Vec<Hash32> {
		self.state().suspects.iter().copied().collect()
	}

	/// Keeps the manifest that the pusher of a pending column leaves, in place of one it left before.
	pub fn put_pending_manifest(
		&self,
		root: &Hash32,
		peer: &[u8],
		object: &Hash32,
		bytes: &[u8],
	) -> Result<(), StoreError> {
		let mut batch = Batch::default();
		batch.put(Table::Manifests, object, &StoredManifest::V0(bytes.to_vec()));
		let mut found = false;
		let edit = |record: &mut Record| {
			// The newest upload of this peer that has none yet, else its newest.
			let mine = record.pending.iter_mut().filter(|pending| pending.peer == peer);
			if let Some(pending) = mine.max_by_key(|pending| (pending.object.is_none(), pending.valid_until)) {
				pending.object = Some(*object);
				found = true;
			}
		};
		let result = self.change_with(root, edit, batch)?;
		if result.is_none() || !found {
			return Err(StoreError::Unknown);
		}
		Ok(())
	}

	/// Keeps the manifest of an object that a column is held for.
	pub fn put_held_manifest(&self, root: &Hash32, object: &Hash32, bytes: &[u8]) -> Result<(), StoreError> {
		let _guard = self.commits();
		let record = self.record(root)?.ok_or(StoreError::Unknown)?;
		if !record.held.iter().any(|held| held.object == *object) {
			return Err(StoreError::Unknown);
		}
		let mut batch = Batch::default();
		batch.put(Table::Manifests, object, &StoredManifest::V0(bytes.to_vec()));
		Ok(self.inner.index.write(batch)?)
	}

	/// An object's manifest.
	pub fn manifest(&self, object: &Hash32) -> Result<Option<Vec<u8>>, StoreError> {
		let stored = self.inner.index.get(Table::Manifests, object)?;
		Ok(stored.map(|StoredManifest::V0(bytes)| bytes))
	}

	/// Up to `limit` objects whose manifests are here, after `after`.
	pub fn objects(&self, after: Option<&Hash32>, limit: usize) -> Result<Vec<Hash32>, StoreError> {
		let from = after.map(|object| [object.as_slice(), &[0]].concat()).unwrap_or_default();
		let entries = self.inner.index.scan::<StoredManifest>(Table::Manifests, &from, limit)?;
		Ok(entries.iter().filter_map(|(key, _)| Hash32::try_from(&key[..]).ok()).collect())
	}

	/// Everything onto the disk; what was acknowledged is there already.
	pub fn flush(&self) -> Result<(), StoreError> {
		Ok(self.inner.index.flush()?)
	}

	fn change(&self, root: &Hash32, edit: impl FnOnce(&mut Record)) -> Result<Option<bool>, StoreError> {
		self.change_with(root, edit, Batch::default())
	}

	/// Edits a record. Manifests that nothing refers to any longer go with it, and so does the column if nothing
	/// speaks for it. `None` if there is no such column; true if it went.
	fn change_with(
		&self,
		root: &Hash32,
		edit: impl FnOnce(&mut Record),
		mut batch: Batch,
	) -> Result<Option<bool>, StoreError> {
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
		let kept: BTreeSet<_> = record.objects().collect();
		for object in before.objects().filter(|object| !kept.contains(object)) {
			batch.delete(Table::Manifests, &object);
		}
		batch.put(Table::Columns, root, &StoredRecord::V0(record.clone()));
		self.inner.index.write(batch)?;
		self.account(root, Some(&before), Some(&record));
		Ok(Some(false))
	}

	/// Index first, then the files: what a crash leaves in between goes at the next start.
	fn remove(&self, root: &Hash32, record: &Record) -> Result<(), StoreError> {
		let mut batch = Batch::default();
		batch.delete(Table::Columns, root);
		for object in record.objects() {
			batch.delete(Table::Manifests, &object);
		}
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
			for pending in &record.pending {
				state.expiries.remove(&(pending.valid_until, *root, pending.client, pending.nonce));
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
			for pending in &record.pending {
				state.expiries.insert((pending.valid_until, *root, pending.client, pending.nonce));
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
