//! Receiving a column.
use peoples_cloud_primitives::{column::bytes_of, Hash32};

use super::{files::Staged, tree::TreeHasher, ColumnStore, Held, Pending, Record, StoreError};

/// Outboard bytes that are gathered before they are written: one write per 16 MiB of column.
const PAIR_BUFFER: usize = 64 * 1024;

/// Why a column is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
	/// A client uploaded it and may open an agreement.
	Pending(Pending),
	/// An agreement on the chain already names us.
	Held(Held),
}

/// Room that is set aside for a column while it comes in.
#[derive(Debug)]
pub(super) struct Reservation {
	pub(super) store: ColumnStore,
	pub(super) chunks: u64,
}

impl Drop for Reservation {
	fn drop(&mut self) {
		let mut state = self.store.state();
		state.reserved = state.reserved.saturating_sub(self.chunks);
	}
}

/// A column that is being received: hashes while it writes. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct ColumnWriter {
	pub(super) reservation: Reservation,
	pub(super) max_chunks: u64,
	pub(super) staged: Staged,
	pub(super) hasher: TreeHasher,
	pub(super) bytes: u64,
}

impl ColumnWriter {
	/// Bytes written so far.
	pub fn bytes(&self) -> u64 {
		self.bytes
	}

	/// Appends to the column. Blocks on the disk; best in pieces of 64 KiB and more.
	pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
		let total = self.bytes.saturating_add(bytes.len() as u64);
		let max = bytes_of(self.max_chunks);
		if total > max {
			return Err(StoreError::TooLong { max_chunks: self.max_chunks });
		}
		self.staged.write(bytes).map_err(StoreError::from_io)?;
		self.hasher.update(bytes);
		if self.hasher.pending_pairs() >= PAIR_BUFFER {
			let pairs = self.hasher.take_pairs();
			self.staged.write_pairs(&pairs).map_err(StoreError::from_io)?;
		}
		self.bytes = total;
		Ok(())
	}

	/// Checks length and root, puts the column on the disk for good and notes why it is here.
	/// When this returns, the column survives a crash; when it fails, nothing of it is left.
	pub fn finish(mut self, root: &Hash32, chunks: u64, purpose: Purpose) -> Result<Record, StoreError> {
		if self.bytes == 0 || self.bytes != bytes_of(chunks) {
			return Err(StoreError::WrongLength { bytes: self.bytes, chunks });
		}
		let (actual, pairs) = std::mem::take(&mut self.hasher).finish();
		if actual != *root {
			return Err(StoreError::WrongRoot { actual: Box::new(actual) });
		}
		self.staged.write_pairs(&pairs).map_err(StoreError::from_io)?;
		self.staged.sync().map_err(StoreError::from_io)?;
		let store = self.reservation.store.clone();
		store.commit(self.staged, root, chunks, purpose)
	}
}
