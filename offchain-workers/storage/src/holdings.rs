//! A provider's own full copy of its holdings: the Merkle-sum mountain range whose peaks the chain keeps.
//!
//! Every change is O(log n) database writes, every path and every position lookup O(log n) reads. Only complete
//! subtrees are stored; those never change by appending, so the same rows answer for the current commitment and for
//! every older one since the last removal, which is what a challenge refers to.
//!
//! - [`Holdings`]: the persisted tree.
//! - [`sync`]: following the chain, undoing what a reorganisation undid, rebuilding from nothing.
//! - `journal`: what outlives the loss of the database.
use std::{
	io,
	path::Path,
	sync::{
		atomic::{AtomicU64, Ordering},
		Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
	},
};

use codec::{Decode, Encode};
use peoples_cloud_primitives::{
	holdings::{Commitment, Leaf, Node, MAX_HEIGHT},
	AgreementId, BlockNumber, Period,
};

use crate::{
	database::{Changes, Database, DatabaseError, HOLDINGS, STATE},
	known_chain::{KnownChain, StoredKnownChain},
};

mod forest;
mod journal;
mod rows;
pub mod sync;
#[cfg(test)]
mod tests;

use forest::Forest;
use journal::{Journal, Note};
use rows::{
	change_block, change_key, decode, due_key, index_record, key, key_number, leaf_key, node_key, note, put_node,
	put_record, regenerate, unindex_record, State, StoredLeaf, StoredState, Table,
};

/// Under which the tree's own state is kept.
const STATE_KEY: &[u8] = b"holdings";
/// Under which [`KnownChain`] is kept.
const CHAIN_KEY: &[u8] = b"chain";
/// Entries of one write when the tree is rebuilt: some MiB.
const BULK: usize = 50_000;

/// Why the tree could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
	/// The database failed.
	#[error(transparent)]
	Database(#[from] DatabaseError),
	/// `holdings.log` failed.
	#[error("holdings.log cannot be written: {0}")]
	Journal(#[from] io::Error),
	/// A leaf or node that must be there is not: the tree has to be rebuilt.
	#[error("the holdings tree lacks {0}; it has to be rebuilt from the chain")]
	Incomplete(&'static str),
	/// The chunks overflow their counter.
	#[error("more chunks than a counter holds")]
	Overflow,
	/// A leaf was appended or removed that does not follow from what is known.
	#[error("leaf {number} does not fit the {leaves} leaves that are known")]
	OutOfStep {
		/// The leaf's number.
		number: u64,
		/// Leaves known.
		leaves: u64,
	},
	/// The position is not below the sum of all chunks.
	#[error("position {0} lies beyond the holdings")]
	Beyond(u64),
	/// The chain has more leaves than are known here.
	#[error("the chain knows {asked} leaves, the daemon {known}: it has not caught up yet")]
	Behind {
		/// Leaves known here.
		known: u64,
		/// Leaves asked for.
		asked: u64,
	},
}

/// A leaf's record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafRecord {
	/// What was appended; `None` once a removal is final.
	pub leaf: Option<Leaf>,
	/// Whether it still counts.
	pub live: bool,
	/// First period in which it may turn out to be owed no longer; 0 if that was never looked up.
	pub due: Period,
}

impl LeafRecord {
	fn node(&self) -> Result<Node, TreeError> {
		match (self.live, &self.leaf) {
			(true, Some(leaf)) => Ok(leaf.node()),
			(true, None) => Err(TreeError::Incomplete("a live leaf's contents")),
			(false, _) => Ok(Node::ZERO),
		}
	}

	fn live_leaf(&self) -> Option<&Leaf> {
		self.leaf.as_ref().filter(|_| self.live)
	}
}

/// Where a position leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
	/// The leaf's number.
	pub number: u64,
	/// The leaf.
	pub leaf: Leaf,
	/// Siblings from the leaf up to its peak.
	pub path: Vec<Node>,
	/// The chunk's index within the column.
	pub chunk: u64,
}

/// What a block changed, kept until the block is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Change {
	/// A leaf was appended.
	#[codec(index = 0)]
	Appended {
		/// Its number.
		number: u64,
	},
	/// A leaf was removed.
	#[codec(index = 1)]
	Removed {
		/// Its number.
		number: u64,
		/// The leaf.
		leaf: Leaf,
	},
	/// A leaf was believed to be there, and is not: a reorganisation undid its agreement.
	#[codec(index = 2)]
	Dropped {
		/// The leaf.
		leaf: Leaf,
	},
}

/// The persisted tree. One task changes it; any number read.
#[derive(Debug)]
pub struct Holdings {
	database: Database,
	journal: Mutex<Journal>,
	state: RwLock<State>,
	/// Rises when something is undone or built anew. Not kept: who relies on it lives as long as the process.
	undone: AtomicU64,
}

impl Holdings {
	/// Opens the tree in `database`, with its journal at `journal`.
	pub fn open(database: Database, journal: &Path) -> Result<Self, TreeError> {
		let state = match database.get(STATE, STATE_KEY)? {
			None => State::default(),
			Some(bytes) => {
				let StoredState::V0 { generation, leaves, synced, changes, base } = decode(&bytes, "holdings")?;
				State { generation, leaves, synced, changes, base }
			},
		};
		Ok(Self {
			database,
			journal: Mutex::new(Journal::open(journal)?),
			state: RwLock::new(state),
			undone: AtomicU64::new(0),
		})
	}

	/// Leaves ever appended.
	pub fn leaves(&self) -> u64 {
		self.read().leaves
	}

	/// The last block whose events were applied; `None` before the first.
	pub fn synced(&self) -> Option<BlockNumber> {
		self.read().synced
	}

	/// Rises with every rebuild.
	pub fn rebuilds(&self) -> u64 {
		u64::from(self.read().generation)
	}

	/// Rises whenever something that had been applied is undone or built anew.
	pub(crate) fn undone(&self) -> u64 {
		self.undone.load(Ordering::Acquire)
	}

	/// Which chain the tree follows, and how far that was final.
	pub fn known_chain(&self) -> Result<Option<KnownChain>, TreeError> {
		let stored = self.database.get(STATE, CHAIN_KEY)?;
		let known = stored.map(|bytes| decode(&bytes, "the known chain")).transpose()?;
		Ok(known.map(|StoredKnownChain::V0(known)| known))
	}

	/// Notes that.
	pub fn set_known_chain(&self, known: KnownChain) -> Result<(), TreeError> {
		let mut changes = Changes::default();
		changes.put(STATE, CHAIN_KEY.to_vec(), StoredKnownChain::V0(known).encode());
		Ok(self.database.write(changes, false)?)
	}

	/// Chunks held in all.
	pub fn total_chunks(&self) -> Result<u64, TreeError> {
		let state = self.read();
		self.peaks_in(&state, state.leaves)?
			.iter()
			.try_fold(0u64, |sum, peak| sum.checked_add(peak.chunks))
			.ok_or(TreeError::Overflow)
	}

	/// Whether the first leaves of this tree are what the chain committed to.
	pub fn matches(&self, commitment: &Commitment) -> Result<bool, TreeError> {
		let state = self.read();
		match self.peaks_in(&state, commitment.leaves()) {
			Ok(peaks) => Ok(peaks == commitment.peaks()),
			Err(TreeError::Behind { .. } | TreeError::Incomplete(_)) => Ok(false),
			Err(error) => Err(error),
		}
	}

	/// A leaf's record.
	pub fn record(&self, number: u64) -> Result<Option<LeafRecord>, TreeError> {
		let state = self.read();
		if number >= state.leaves {
			return Ok(None);
		}
		self.record_in(&state, number).map(Some)
	}

	/// Siblings from leaf `number` up to its peak, in the tree of the first `leaves` leaves.
	pub fn path(&self, number: u64, leaves: u64) -> Result<Vec<Node>, TreeError> {
		let state = self.read();
		if leaves > state.leaves {
			return Err(TreeError::Behind { known: state.leaves, asked: leaves });
		}
		let (level, _) = mountains(leaves)
			.find(|(level, index)| number >> level == *index)
			.ok_or(TreeError::OutOfStep { number, leaves })?;
		(0..level).map(|level| self.node_in(&state, level, (number >> level) ^ 1)).collect()
	}

	/// The leaf that `position` falls into, in the tree of the first `leaves` leaves, and the path to it.
	pub fn locate(&self, position: u64, leaves: u64) -> Result<Located, TreeError> {
		let state = self.read();
		if leaves > state.leaves {
			return Err(TreeError::Behind { known: state.leaves, asked: leaves });
		}
		let mut rest = position;
		for (level, index) in mountains(leaves) {
			let peak = self.node_in(&state, level, index)?;
			if rest >= peak.chunks {
				rest -= peak.chunks;
				continue;
			}
			let mut path = Vec::with_capacity(level as usize);
			let mut number = index;
			for below in (0..level).rev() {
				let left = self.node_in(&state, below, number * 2)?;
				let right = self.node_in(&state, below, number * 2 + 1)?;
				if rest < left.chunks {
					path.push(right);
					number *= 2;
				} else {
					rest -= left.chunks;
					path.push(left);
					number = number * 2 + 1;
				}
			}
			path.reverse();
			let record = self.record_in(&state, number)?;
			let leaf = *record.live_leaf().ok_or(TreeError::Incomplete("a live leaf under its sum"))?;
			return Ok(Located { number, leaf, path, chunk: rest });
		}
		Err(TreeError::Beyond(position))
	}

	/// The numbers of all live leaves of an agreement: rarely more than one.
	pub fn numbers_of(&self, agreement: AgreementId) -> Result<Vec<u64>, TreeError> {
		let state = self.read();
		let from = key(&state, Table::Agreements, &[&agreement.to_be_bytes(), &0u64.to_be_bytes()]);
		let to = key(&state, Table::Agreements, &[&agreement.to_be_bytes(), &u64::MAX.to_be_bytes()]);
		let entries = self.database.range(HOLDINGS, &from, &to, false, usize::MAX)?;
		Ok(entries.iter().filter_map(|(key, _)| key_number(key)).collect())
	}

	/// Whether this column of this agreement counts.
	pub fn holds(&self, leaf: &Leaf) -> Result<bool, TreeError> {
		for number in self.numbers_of(leaf.agreement)? {
			if self.record(number)?.is_some_and(|record| record.live_leaf() == Some(leaf)) {
				return Ok(true);
			}
		}
		Ok(false)
	}

	/// Live leaves from `number` on, at most `limit`: for walking over everything held.
	pub fn live_from(&self, number: u64, limit: usize) -> Result<Vec<(u64, Leaf)>, TreeError> {
		let state = self.read();
		let mut found = Vec::new();
		let mut next = number;
		while found.len() < limit && next < state.leaves {
			let from = key(&state, Table::Leaves, &[&next.to_be_bytes()]);
			let to = key(&state, Table::Leaves, &[&state.leaves.to_be_bytes()]);
			let entries = self.database.range(HOLDINGS, &from, &to, false, limit.max(64))?;
			let Some((last, _)) = entries.last() else { break };
			next = key_number(last).map_or(state.leaves, |number| number + 1);
			for (key, value) in &entries {
				let StoredLeaf::V0 { leaf, live, .. } = decode(value, "a leaf")?;
				if let (Some(number), Some(leaf), true, true) = (key_number(key), leaf, live, found.len() < limit) {
					found.push((number, leaf));
				}
			}
		}
		Ok(found)
	}

	/// Up to `limit` live leaves that may be owed no longer in `period`, earliest first.
	pub fn due(&self, period: Period, limit: usize) -> Result<Vec<(u64, Leaf)>, TreeError> {
		let state = self.read();
		let from = key(&state, Table::Due, &[&0u32.to_be_bytes(), &0u64.to_be_bytes()]);
		let to = key(&state, Table::Due, &[&period.to_be_bytes(), &u64::MAX.to_be_bytes()]);
		let mut due = Vec::new();
		for (key, _) in self.database.range(HOLDINGS, &from, &to, false, limit)? {
			let Some(number) = key_number(&key) else { continue };
			if let Some(leaf) = self.record_in(&state, number)?.live_leaf() {
				due.push((number, *leaf));
			}
		}
		Ok(due)
	}

	/// Looks at leaf `number` again in period `due`.
	pub fn set_due(&self, number: u64, due: Period) -> Result<(), TreeError> {
		let state = self.write();
		if number >= state.leaves {
			return Ok(());
		}
		let record = self.record_in(&state, number)?;
		let mut changes = Changes::default();
		if record.live {
			changes.delete(HOLDINGS, due_key(&state, record.due, number));
			changes.put(HOLDINGS, due_key(&state, due, number), Vec::new());
			put_record(&mut changes, &state, number, &LeafRecord { due, ..record });
		}
		Ok(self.database.write(changes, false)?)
	}

	/// Applies "leaf `number` was appended in `block`". Answers whether that was news.
	pub fn append(&self, number: u64, leaf: &Leaf, block: BlockNumber) -> Result<bool, TreeError> {
		let mut state = self.write();
		if number < state.leaves {
			let known = self.record_in(&state, number)?;
			// A leaf whose removal is final has no contents any more.
			if known.leaf.is_some_and(|known| known != *leaf) {
				return Err(TreeError::OutOfStep { number, leaves: state.leaves });
			}
			return Ok(false);
		}
		if number > state.leaves || number >= 1u64 << MAX_HEIGHT {
			return Err(TreeError::OutOfStep { number, leaves: state.leaves });
		}
		let record = LeafRecord { leaf: Some(*leaf), live: true, due: 0 };
		let mut changes = Changes::default();
		put_record(&mut changes, &state, number, &record);
		index_record(&mut changes, &state, number, &record);
		let mut node = leaf.node();
		for level in 0..number.trailing_ones() {
			let left = self.node_in(&state, level, (number >> level) - 1)?;
			node = Node::parent(&left, &node).ok_or(TreeError::Overflow)?;
			put_node(&mut changes, &state, level + 1, number >> (level + 1), &node);
		}
		self.journal().append(number, Note::Live(*leaf))?;
		let mut new = State { leaves: number + 1, ..*state };
		note(&mut changes, &mut new, block, Change::Appended { number });
		self.commit(&mut state, new, changes, false)?;
		Ok(true)
	}

	/// Applies "leaf `number` was removed in `block`". Answers whether that was news.
	pub fn remove(&self, number: u64, block: BlockNumber) -> Result<bool, TreeError> {
		let mut state = self.write();
		if number >= state.leaves {
			return Err(TreeError::OutOfStep { number, leaves: state.leaves });
		}
		let record = self.record_in(&state, number)?;
		let Some(leaf) = record.live_leaf().copied() else { return Ok(false) };
		let mut changes = Changes::default();
		unindex_record(&mut changes, &state, number, &record);
		put_record(&mut changes, &state, number, &LeafRecord { live: false, ..record });
		self.put_above(&mut changes, &state, number, Node::ZERO)?;
		self.journal().append(number, Note::Removed(leaf))?;
		let mut new = *state;
		note(&mut changes, &mut new, block, Change::Removed { number, leaf });
		self.commit(&mut state, new, changes, false)?;
		Ok(true)
	}

	/// All events up to and including `block` have been applied.
	pub fn set_synced(&self, block: BlockNumber) -> Result<(), TreeError> {
		let mut state = self.write();
		if state.synced != Some(block) {
			let new = State { synced: Some(block), ..*state };
			self.commit(&mut state, new, Changes::default(), false)?;
		}
		Ok(())
	}

	/// Undoes what happened after `block`. Answers whether that was possible: not before the last rebuild.
	pub fn roll_back(&self, block: BlockNumber) -> Result<bool, TreeError> {
		let mut state = self.write();
		if block < state.base {
			return Ok(false);
		}
		let from = change_key(&state, block.saturating_add(1), 0);
		let to = change_key(&state, BlockNumber::MAX, u64::MAX);
		loop {
			let last = self.database.range(HOLDINGS, &from, &to, true, 1)?;
			let Some((at, change)) = last.first() else { break };
			self.undone.fetch_add(1, Ordering::AcqRel);
			let mut changes = Changes::default();
			let mut new = *state;
			changes.delete(HOLDINGS, at.to_vec());
			match decode(change, "a change")? {
				Change::Appended { number } => {
					// Changes are undone in reverse, so it is the last leaf and complete again.
					if number.checked_add(1) != Some(state.leaves) {
						return Err(TreeError::OutOfStep { number, leaves: state.leaves });
					}
					let record = self.record_in(&state, number)?;
					unindex_record(&mut changes, &state, number, &record);
					changes.delete(HOLDINGS, leaf_key(&state, number));
					for level in 1..=number.trailing_ones() {
						changes.delete(HOLDINGS, node_key(&state, level, number >> level));
					}
					new.leaves = number;
					if let Some(leaf) = record.leaf {
						note(&mut changes, &mut new, block, Change::Dropped { leaf });
					}
				},
				Change::Removed { number, leaf } => {
					let record = LeafRecord { leaf: Some(leaf), live: true, due: 0 };
					put_record(&mut changes, &state, number, &record);
					index_record(&mut changes, &state, number, &record);
					self.put_above(&mut changes, &state, number, leaf.node())?;
					self.journal().append(number, Note::Live(leaf))?;
				},
				dropped @ Change::Dropped { .. } => note(&mut changes, &mut new, block, dropped),
			}
			self.commit(&mut state, new, changes, false)?;
		}
		if state.synced.is_some_and(|synced| synced > block) {
			let new = State { synced: Some(block), ..*state };
			self.commit(&mut state, new, Changes::default(), false)?;
		}
		Ok(true)
	}

	/// Up to `limit` changes of blocks up to and including `block`, oldest first. What they mean is final once
	/// the block is.
	pub fn changes_until(&self, block: BlockNumber, limit: usize) -> Result<Vec<FinalChange>, TreeError> {
		self.changes_after(None, block, limit)
	}

	/// The same from behind a change on, which may have been forgotten.
	pub fn changes_after(
		&self,
		after: Option<&FinalChange>,
		block: BlockNumber,
		limit: usize,
	) -> Result<Vec<FinalChange>, TreeError> {
		let state = self.read();
		// The smallest key above another is that one with a zero appended.
		let from = after.map_or_else(|| change_key(&state, 0, 0), |after| [after.key.as_slice(), &[0]].concat());
		let to = change_key(&state, block.saturating_add(1), 0);
		let entries = self.database.range(HOLDINGS, &from, &to, false, limit)?;
		entries
			.into_iter()
			.map(|(key, value)| {
				let block = change_block(&key).ok_or(DatabaseError::Record("a change"))?;
				Ok(FinalChange { change: decode(&value, "a change")?, block, key: key.into_vec() })
			})
			.collect()
	}

	/// Forgets a final change once everything that follows from it has been done.
	pub fn forget(&self, done: &FinalChange) -> Result<(), TreeError> {
		let state = self.write();
		let mut changes = Changes::default();
		changes.delete(HOLDINGS, done.key.clone());
		if let Change::Removed { number, .. } = done.change {
			let record = self.record_in(&state, number)?;
			if !record.live {
				put_record(&mut changes, &state, number, &LeafRecord::default());
			}
		}
		Ok(self.database.write(changes, false)?)
	}

	/// Replaces the whole tree, as of `block`. Leaves that were held before and are not any more are noted as
	/// changes of that block. All or nothing: a crash leaves the old tree.
	pub fn rebuild(&self, records: &[LeafRecord], block: BlockNumber) -> Result<(), TreeError> {
		let nodes = records.iter().map(LeafRecord::node).collect::<Result<Vec<_>, _>>()?;
		let forest = Forest::new(nodes)?;
		let known = self.known()?;
		let mut state = self.write();
		let mut new = State {
			generation: state.generation.wrapping_add(1),
			leaves: u64::try_from(records.len()).unwrap_or(u64::MAX),
			synced: Some(block),
			base: block,
			..*state
		};
		// What an interrupted rebuild left behind.
		self.delete_generation(new.generation)?;
		let mut changes = Changes::default();
		for (number, record) in (0u64..).zip(records) {
			put_record(&mut changes, &new, number, record);
			index_record(&mut changes, &new, number, record);
			changes = self.write_when_large(changes)?;
		}
		for (level, row) in (1u32..).zip(forest.upper_levels()) {
			for (index, node) in (0u64..).zip(row) {
				put_node(&mut changes, &new, level, index, node);
				changes = self.write_when_large(changes)?;
			}
		}
		// Changes that are not final yet stay on record, and so do leaves that are gone.
		for (at, value) in self.all_changes(&state)? {
			let change = match decode(&value, "a change")? {
				Change::Appended { .. } => continue,
				Change::Removed { leaf, .. } | Change::Dropped { leaf } => Change::Dropped { leaf },
			};
			changes.put(HOLDINGS, regenerate(&at, &new), change.encode());
		}
		for (number, before) in &known {
			let now = usize::try_from(*number).ok().and_then(|number| records.get(number));
			let Some(leaf) = before.live_leaf() else { continue };
			if now.and_then(LeafRecord::live_leaf) != Some(leaf) {
				note(&mut changes, &mut new, block, Change::Dropped { leaf: *leaf });
				changes = self.write_when_large(changes)?;
			}
		}
		self.database.write_bulk(changes)?;
		self.database.flush()?;
		let notes = (0u64..).zip(records).filter_map(|(number, record)| {
			let leaf = record.leaf?;
			Some((number, if record.live { Note::Live(leaf) } else { Note::Removed(leaf) }))
		});
		self.journal().rewrite(notes)?;
		self.undone.fetch_add(1, Ordering::AcqRel);
		let old = state.generation;
		self.commit(&mut state, new, Changes::default(), true)?;
		self.delete_generation(old)
	}

	/// Everything that is known about leaf numbers: by the tree, or if that is empty by the journal.
	pub(crate) fn known(&self) -> Result<std::collections::BTreeMap<u64, LeafRecord>, TreeError> {
		let state = self.read();
		if state.leaves == 0 {
			let notes = self.journal().read()?;
			return Ok(notes
				.into_iter()
				.map(|(number, note)| match note {
					Note::Live(leaf) => (number, LeafRecord { leaf: Some(leaf), live: true, due: 0 }),
					Note::Removed(leaf) => (number, LeafRecord { leaf: Some(leaf), live: false, due: 0 }),
				})
				.collect());
		}
		(0..state.leaves).map(|number| Ok((number, self.record_in(&state, number)?))).collect()
	}

	/// Writes everything to the disk.
	pub fn flush(&self) -> Result<(), TreeError> {
		self.journal().sync()?;
		Ok(self.database.flush()?)
	}

	fn read(&self) -> RwLockReadGuard<'_, State> {
		self.state.read().unwrap_or_else(PoisonError::into_inner)
	}

	fn write(&self) -> RwLockWriteGuard<'_, State> {
		self.state.write().unwrap_or_else(PoisonError::into_inner)
	}

	fn journal(&self) -> MutexGuard<'_, Journal> {
		self.journal.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Writes the changes together with the new state.
	fn commit(&self, state: &mut State, new: State, mut changes: Changes, durable: bool) -> Result<(), TreeError> {
		let State { generation, leaves, synced, changes: count, base } = new;
		let stored = StoredState::V0 { generation, leaves, synced, changes: count, base };
		changes.put(STATE, STATE_KEY.to_vec(), stored.encode());
		self.database.write(changes, durable)?;
		*state = new;
		Ok(())
	}

	fn write_when_large(&self, changes: Changes) -> Result<Changes, TreeError> {
		if changes.len() < BULK {
			return Ok(changes);
		}
		self.database.write_bulk(changes)?;
		Ok(Changes::default())
	}

	fn delete_generation(&self, generation: u32) -> Result<(), TreeError> {
		let from = generation.to_be_bytes();
		// The last generation before the counter wraps has no upper neighbour; 2^32 rebuilds do not happen.
		let to = generation.saturating_add(1).to_be_bytes();
		Ok(self.database.delete_range(HOLDINGS, &from, &to)?)
	}

	fn all_changes(&self, state: &State) -> Result<Vec<crate::database::Entry>, TreeError> {
		let from = change_key(state, 0, 0);
		let to = change_key(state, BlockNumber::MAX, u64::MAX);
		Ok(self.database.range(HOLDINGS, &from, &to, false, usize::MAX)?)
	}

	fn record_in(&self, state: &State, number: u64) -> Result<LeafRecord, TreeError> {
		let bytes =
			self.database.get(HOLDINGS, &leaf_key(state, number))?.ok_or(TreeError::Incomplete("a leaf's record"))?;
		let StoredLeaf::V0 { leaf, live, due } = decode(&bytes, "a leaf")?;
		Ok(LeafRecord { leaf, live, due })
	}

	fn node_in(&self, state: &State, level: u32, index: u64) -> Result<Node, TreeError> {
		if level == 0 {
			return self.record_in(state, index)?.node();
		}
		let bytes = self
			.database
			.get(HOLDINGS, &node_key(state, level, index))?
			.ok_or(TreeError::Incomplete("an inner node"))?;
		Ok(decode(&bytes, "a node")?)
	}

	fn peaks_in(&self, state: &State, leaves: u64) -> Result<Vec<Node>, TreeError> {
		if leaves > state.leaves {
			return Err(TreeError::Behind { known: state.leaves, asked: leaves });
		}
		mountains(leaves).map(|(level, index)| self.node_in(state, level, index)).collect()
	}

	/// Recomputes every complete subtree above leaf `number`, whose node becomes `node`.
	fn put_above(&self, changes: &mut Changes, state: &State, number: u64, node: Node) -> Result<(), TreeError> {
		let (top, _) = mountains(state.leaves)
			.find(|(level, index)| number >> level == *index)
			.ok_or(TreeError::OutOfStep { number, leaves: state.leaves })?;
		let mut node = node;
		for level in 0..top {
			let at = number >> level;
			let sibling = self.node_in(state, level, at ^ 1)?;
			node = if at & 1 == 1 { Node::parent(&sibling, &node) } else { Node::parent(&node, &sibling) }
				.ok_or(TreeError::Overflow)?;
			put_node(changes, state, level + 1, at >> 1, &node);
		}
		Ok(())
	}
}

/// A change that is final, to be acted on and then forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalChange {
	/// The change.
	pub change: Change,
	/// The block that made it.
	pub block: BlockNumber,
	key: Vec<u8>,
}

/// The complete subtrees that make up a tree of `leaves` leaves, tallest first: level and index.
pub(crate) fn mountains(leaves: u64) -> impl Iterator<Item = (u32, u64)> {
	let mut first = 0u64;
	(0..=MAX_HEIGHT as u32).rev().filter(move |level| leaves >> level & 1 == 1).map(move |level| {
		let index = first >> level;
		first += 1 << level;
		(level, index)
	})
}
