//! Manifests: kept as long as any column's record names their object.
use std::collections::BTreeSet;

use peoples_cloud_primitives::Hash32;

use super::{
	index::{Batch, Table},
	record::{StoredManifest, StoredRecord},
	ColumnStore, Record, StoreError,
};

impl ColumnStore {
	/// Keeps the manifest that the pusher of a pending column leaves, in place of one it left before.
	pub fn put_pending_manifest(
		&self,
		root: &Hash32,
		peer: &[u8],
		object: &Hash32,
		bytes: &[u8],
	) -> Result<(), StoreError> {
		let _guard = self.commits();
		let before = self.record(root)?.ok_or(StoreError::Unknown)?;
		let mut record = before.clone();
		// The newest upload of this peer that has none yet, else its newest.
		let mine = record.pending.iter_mut().filter(|pending| pending.peer == peer);
		let chosen = mine.max_by_key(|pending| (pending.object.is_none(), pending.valid_until));
		chosen.ok_or(StoreError::Unknown)?.object = Some(*object);
		let mut batch = Batch::default();
		self.index_objects(&mut batch, root, Some(&before), Some(&record))?;
		batch.put(Table::Manifests, object, &StoredManifest::V0(bytes.to_vec()));
		batch.put(Table::Columns, root, &StoredRecord::V0(record.clone()));
		self.inner.index.write(batch)?;
		self.account(root, Some(&before), Some(&record));
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

	/// Carries a change of a column's record into the table of who names which object. A manifest goes with the last
	/// column that names it: anybody can open an agreement that names the object of somebody else.
	pub(super) fn index_objects(
		&self,
		batch: &mut Batch,
		root: &Hash32,
		before: Option<&Record>,
		after: Option<&Record>,
	) -> Result<(), StoreError> {
		let objects = |record: Option<&Record>| record.into_iter().flat_map(Record::objects).collect::<BTreeSet<_>>();
		let (before, after) = (objects(before), objects(after));
		for object in after.difference(&before) {
			batch.put(Table::Objects, &object_key(object, root), &());
		}
		for object in before.difference(&after) {
			batch.delete(Table::Objects, &object_key(object, root));
			// Its own row and one more tell whether it was the last.
			let named = self.inner.index.scan::<()>(Table::Objects, object, 2)?;
			let others = named.iter().any(|(key, ())| key.starts_with(object) && !key.ends_with(root));
			if !others {
				batch.delete(Table::Manifests, object);
			}
		}
		Ok(())
	}
}

/// Sorted by object, so that those who name one are found together.
fn object_key(object: &Hash32, root: &Hash32) -> Vec<u8> {
	[object.as_slice(), root].concat()
}
