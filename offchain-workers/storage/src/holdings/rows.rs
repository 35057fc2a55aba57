//! How the tree lies in the database: rows, their keys, and what they hold.
use codec::{Decode, Encode};
use peoples_cloud_primitives::{
	holdings::{Leaf, Node},
	BlockNumber, Period,
};

use super::{Change, LeafRecord};
use crate::database::{Changes, DatabaseError, HOLDINGS};

/// [`LeafRecord`] as stored.
#[derive(Encode, Decode)]
pub(super) enum StoredLeaf {
	#[codec(index = 0)]
	V0 { leaf: Option<Leaf>, live: bool, due: Period },
}

/// The tree's own state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
	/// Rows of other generations are rubbish.
	pub(super) generation: u32,
	/// Leaves ever appended.
	pub(super) leaves: u64,
	/// Last block whose events were applied.
	pub(super) synced: Option<BlockNumber>,
	/// Changes ever noted: orders those of one block.
	pub(super) changes: u64,
	/// Nothing before this block can be undone.
	pub(super) base: BlockNumber,
}

#[derive(Encode, Decode)]
pub(super) enum StoredState {
	#[codec(index = 0)]
	V0 { generation: u32, leaves: u64, synced: Option<BlockNumber>, changes: u64, base: BlockNumber },
}

/// Rows of the holdings column family.
#[derive(Clone, Copy)]
pub(super) enum Table {
	/// number -> [`StoredLeaf`]
	Leaves = 0,
	/// level, index -> [`Node`]; complete subtrees above the leaves.
	Nodes = 1,
	/// agreement, number -> nothing; live leaves.
	Agreements = 2,
	/// period, number -> nothing; live leaves.
	Due = 3,
	/// block, count -> [`Change`]; not final yet.
	Changes = 4,
}

pub(super) fn key(state: &State, table: Table, parts: &[&[u8]]) -> Vec<u8> {
	let mut key = Vec::with_capacity(24);
	key.extend_from_slice(&state.generation.to_be_bytes());
	key.push(table as u8);
	parts.iter().for_each(|part| key.extend_from_slice(part));
	key
}

pub(super) fn leaf_key(state: &State, number: u64) -> Vec<u8> {
	key(state, Table::Leaves, &[&number.to_be_bytes()])
}

pub(super) fn node_key(state: &State, level: u32, index: u64) -> Vec<u8> {
	// Below 64.
	key(state, Table::Nodes, &[&[level as u8], &index.to_be_bytes()])
}

pub(super) fn due_key(state: &State, due: Period, number: u64) -> Vec<u8> {
	key(state, Table::Due, &[&due.to_be_bytes(), &number.to_be_bytes()])
}

pub(super) fn change_key(state: &State, block: BlockNumber, count: u64) -> Vec<u8> {
	key(state, Table::Changes, &[&block.to_be_bytes(), &count.to_be_bytes()])
}

/// The block in a change's key.
pub(super) fn change_block(key: &[u8]) -> Option<BlockNumber> {
	let block = key.get(5..)?.first_chunk::<4>()?;
	Some(BlockNumber::from_be_bytes(*block))
}

/// The same key in another generation.
pub(super) fn regenerate(key: &[u8], state: &State) -> Vec<u8> {
	let mut new = state.generation.to_be_bytes().to_vec();
	new.extend(key.iter().skip(new.len()));
	new
}

/// The number that a key of leaves, agreements or due ends with.
pub(super) fn key_number(key: &[u8]) -> Option<u64> {
	key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

pub(super) fn put_record(changes: &mut Changes, state: &State, number: u64, record: &LeafRecord) {
	let LeafRecord { leaf, live, due } = *record;
	changes.put(HOLDINGS, leaf_key(state, number), StoredLeaf::V0 { leaf, live, due }.encode());
}

pub(super) fn put_node(changes: &mut Changes, state: &State, level: u32, index: u64, node: &Node) {
	changes.put(HOLDINGS, node_key(state, level, index), node.encode());
}

pub(super) fn index_record(changes: &mut Changes, state: &State, number: u64, record: &LeafRecord) {
	if let Some(leaf) = record.live_leaf() {
		let agreement = key(state, Table::Agreements, &[&leaf.agreement.to_be_bytes(), &number.to_be_bytes()]);
		changes.put(HOLDINGS, agreement, Vec::new());
		changes.put(HOLDINGS, due_key(state, record.due, number), Vec::new());
	}
}

pub(super) fn unindex_record(changes: &mut Changes, state: &State, number: u64, record: &LeafRecord) {
	if let Some(leaf) = record.live_leaf() {
		let agreement = key(state, Table::Agreements, &[&leaf.agreement.to_be_bytes(), &number.to_be_bytes()]);
		changes.delete(HOLDINGS, agreement);
		changes.delete(HOLDINGS, due_key(state, record.due, number));
	}
}

pub(super) fn note(changes: &mut Changes, state: &mut State, block: BlockNumber, change: Change) {
	changes.put(HOLDINGS, change_key(state, block, state.changes), change.encode());
	state.changes += 1;
}

pub(super) fn decode<T: Decode>(bytes: &[u8], what: &'static str) -> Result<T, DatabaseError> {
	T::decode(&mut &*bytes).map_err(|_| DatabaseError::Record(what))
}
