use std::path::Path;

use proptest::prelude::*;

use super::*;

fn open(dir: &Path) -> Holdings {
	Holdings::open(Database::open(&dir.join("daemon")).unwrap(), &dir.join("holdings.log")).unwrap()
}

fn leaf(agreement: u64, chunks: u64) -> Leaf {
	Leaf { agreement, root: *blake3::hash(&agreement.to_le_bytes()).as_bytes(), chunks }
}

/// The plain model: all leaves in a list, the chain's own commitment beside it.
#[derive(Clone, Default)]
struct Model {
	leaves: Vec<Option<Leaf>>,
	commitment: Commitment,
}

impl Model {
	fn node(&self, first: usize, height: usize) -> Node {
		if height == 0 {
			return self.leaves[first].map_or(Node::ZERO, |leaf| leaf.node());
		}
		let half = 1 << (height - 1);
		Node::parent(&self.node(first, height - 1), &self.node(first + half, height - 1)).unwrap()
	}

	fn path(&self, number: usize) -> Vec<Node> {
		let (_, height, offset) = self.commitment.locate(number as u64).unwrap();
		let first = number - offset as usize;
		(0..height).map(|level| self.node(first + ((((number - first) >> level) ^ 1) << level), level)).collect()
	}

	fn append(&mut self, leaf: Leaf) -> u64 {
		self.leaves.push(Some(leaf));
		self.commitment.append(&leaf).unwrap()
	}

	fn remove(&mut self, number: usize) -> bool {
		let Some(leaf) = self.leaves[number] else { return false };
		let path = self.path(number);
		self.commitment.remove(number as u64, &leaf, &path).unwrap();
		self.leaves[number] = None;
		true
	}
}

#[derive(Clone, Debug)]
enum Step {
	Append(u64),
	Remove(prop::sample::Index),
	NextBlock,
	Reopen,
	RollBack(u32),
	Rebuild,
	Finalise,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
	let step = prop_oneof![
		6 => (1u64..40).prop_map(Step::Append),
		2 => any::<prop::sample::Index>().prop_map(Step::Remove),
		3 => Just(Step::NextBlock),
		1 => Just(Step::Reopen),
		1 => (0u32..4).prop_map(Step::RollBack),
		1 => Just(Step::Rebuild),
		1 => Just(Step::Finalise),
	];
	prop::collection::vec(step, 1..60)
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

	/// Peaks, paths and positions agree with the model, for the current commitment and for every older one that no
	/// removal lies behind; whatever is appended, removed, rolled back, rebuilt, and whenever the process dies.
	#[test]
	fn agrees_with_the_plain_model(steps in steps()) {
		let dir = tempfile::tempdir().unwrap();
		let mut holdings = open(dir.path());
		let mut model = Model::default();
		let mut block = 1u32;
		// The model at the end of each block, and the first block that can be returned to.
		let mut history = vec![Model::default()];
		let mut base = 0u32;
		let mut final_block = 0u32;
		let mut snapshots: Vec<Commitment> = Vec::new();
		for (agreement, step) in (0u64..).zip(steps) {
			match step {
				Step::Append(chunks) => {
					let leaf = leaf(agreement, chunks);
					snapshots.push(model.commitment.clone());
					let number = model.append(leaf);
					prop_assert!(holdings.append(number, &leaf, block).unwrap());
					prop_assert!(!holdings.append(number, &leaf, block).unwrap(), "the same event twice is no news");
					prop_assert!(holdings.append(number + 2, &leaf, block).is_err());
				},
				Step::Remove(pick) if !model.leaves.is_empty() => {
					let number = pick.index(model.leaves.len());
					let removed = model.remove(number);
					prop_assert_eq!(holdings.remove(number as u64, block).unwrap(), removed);
					if removed {
						snapshots.clear();
					}
				},
				Step::Remove(_) => prop_assert!(holdings.remove(0, block).is_err()),
				Step::NextBlock => {
					holdings.set_synced(block).unwrap();
					history.push(model.clone());
					block += 1;
				},
				Step::Reopen => {
					// Dropped without a flush: as after kill -9.
					drop(holdings);
					holdings = open(dir.path());
				},
				Step::RollBack(depth) => {
					let to = (block - 1).saturating_sub(depth).max(final_block);
					let possible = holdings.roll_back(to).unwrap();
					prop_assert_eq!(possible, to >= base);
					if possible {
						model = history[to as usize].clone();
						history.truncate(to as usize + 1);
						block = to + 1;
						snapshots.clear();
					}
				},
				Step::Rebuild => {
					let records: Vec<LeafRecord> = model
						.leaves
						.iter()
						.map(|leaf| LeafRecord { leaf: *leaf, live: leaf.is_some(), due: 3 })
						.collect();
					holdings.rebuild(&records, block - 1).unwrap();
					history[block as usize - 1] = model.clone();
					base = block - 1;
				},
				Step::Finalise => {
					// What is final is acted on and forgotten; its caller never rolls back behind it.
					let to = block - 1;
					for change in holdings.changes_until(to, 1000).unwrap() {
						holdings.forget(&change).unwrap();
					}
					final_block = to;
				},
			}
			check(&holdings, &model, &snapshots)?;
		}
	}

	#[test]
	fn broken_records_are_errors(bytes: Vec<u8>) {
		let dir = tempfile::tempdir().unwrap();
		let holdings = open(dir.path());
		for number in 0..3 {
			holdings.append(number, &leaf(number, 4), 1).unwrap();
		}
		for table in [Table::Leaves, Table::Nodes] {
			let state = *holdings.read();
			let keys = [key(&state, table, &[&1u64.to_be_bytes()]), node_key(&state, 1, 0)];
			for key in keys {
				let mut changes = Changes::default();
				changes.put(HOLDINGS, key, bytes.clone());
				holdings.database.write(changes, false).unwrap();
			}
		}
		let _ = (holdings.locate(5, 3), holdings.path(0, 3), holdings.record(1), holdings.live_from(0, 10));
	}
}

fn check(holdings: &Holdings, model: &Model, snapshots: &[Commitment]) -> Result<(), TestCaseError> {
	prop_assert_eq!(holdings.leaves(), model.commitment.leaves());
	prop_assert!(holdings.matches(&model.commitment).unwrap());
	prop_assert_eq!(holdings.total_chunks().unwrap(), model.commitment.total_chunks());
	let live: Vec<(u64, Leaf)> = (0u64..).zip(&model.leaves).filter_map(|(at, leaf)| Some((at, (*leaf)?))).collect();
	prop_assert_eq!(&holdings.live_from(0, 1000).unwrap(), &live);
	for (number, leaf) in &live {
		prop_assert_eq!(holdings.numbers_of(leaf.agreement).unwrap(), vec![*number]);
		prop_assert!(holdings.holds(leaf).unwrap());
		prop_assert_eq!(holdings.path(*number, model.commitment.leaves()).unwrap(), model.path(*number as usize));
	}
	for commitment in snapshots.iter().rev().take(4).chain([&model.commitment]) {
		prop_assert!(holdings.matches(commitment).unwrap());
		let total = commitment.total_chunks();
		for position in [0, total / 3, total / 2, total.saturating_sub(1)].into_iter().filter(|at| *at < total) {
			let Located { number, leaf, path, chunk } = holdings.locate(position, commitment.leaves()).unwrap();
			prop_assert_eq!(commitment.verify_position(position, number, &leaf, &path), Some(chunk));
		}
		prop_assert!(matches!(holdings.locate(total, commitment.leaves()), Err(TreeError::Beyond(_))));
	}
	Ok(())
}

#[test]
fn leaves_come_due_in_order_and_can_be_put_off() {
	let dir = tempfile::tempdir().unwrap();
	let holdings = open(dir.path());
	for number in 0..4 {
		holdings.append(number, &leaf(number, 1), 1).unwrap();
	}
	assert_eq!(holdings.due(0, 10).unwrap().len(), 4, "never looked up");
	for (number, due) in [(0, 30), (1, 10), (2, 20), (3, 10)] {
		holdings.set_due(number, due).unwrap();
	}
	let numbers = |period| holdings.due(period, 10).unwrap().into_iter().map(|(at, _)| at).collect::<Vec<_>>();
	assert_eq!(numbers(9), Vec::<u64>::new());
	assert_eq!(numbers(10), vec![1, 3]);
	assert_eq!(numbers(25), vec![1, 3, 2]);
	holdings.remove(3, 2).unwrap();
	holdings.set_due(1, 40).unwrap();
	assert_eq!(numbers(30), vec![2, 0]);
	assert_eq!(holdings.due(100, 1).unwrap().len(), 1, "no more than asked for");
}

#[test]
fn what_a_reorganisation_dropped_is_noted_until_it_is_final() {
	let dir = tempfile::tempdir().unwrap();
	let holdings = open(dir.path());
	holdings.append(0, &leaf(0, 1), 1).unwrap();
	holdings.append(1, &leaf(1, 1), 2).unwrap();
	holdings.remove(0, 3).unwrap();
	assert!(holdings.roll_back(1).unwrap());
	let changes: Vec<Change> = holdings.changes_until(1, 10).unwrap().into_iter().map(|done| done.change).collect();
	assert_eq!(changes, vec![Change::Appended { number: 0 }, Change::Dropped { leaf: leaf(1, 1) }]);
	assert!(holdings.holds(&leaf(0, 1)).unwrap());
	assert!(!holdings.holds(&leaf(1, 1)).unwrap());
}

#[test]
fn a_final_removal_forgets_the_leaf_and_a_rebuild_notes_what_is_gone() {
	let dir = tempfile::tempdir().unwrap();
	let holdings = open(dir.path());
	for number in 0..3 {
		holdings.append(number, &leaf(number, 1), 1).unwrap();
	}
	holdings.remove(1, 2).unwrap();
	for done in holdings.changes_until(2, 10).unwrap() {
		holdings.forget(&done).unwrap();
	}
	assert_eq!(holdings.record(1).unwrap(), Some(LeafRecord::default()));
	assert_eq!(holdings.changes_until(9, 10).unwrap(), vec![]);
	let records = [LeafRecord { leaf: Some(leaf(0, 1)), live: true, due: 0 }, LeafRecord::default()];
	holdings.rebuild(&records, 5).unwrap();
	let changes: Vec<Change> = holdings.changes_until(5, 10).unwrap().into_iter().map(|done| done.change).collect();
	assert_eq!(changes, vec![Change::Dropped { leaf: leaf(2, 1) }]);
}

#[test]
fn a_rebuild_that_dies_leaves_the_old_tree() {
	let dir = tempfile::tempdir().unwrap();
	let holdings = open(dir.path());
	let mut model = Model::default();
	for number in 0..5 {
		holdings.append(model.append(leaf(number, 2)), &leaf(number, 2), 1).unwrap();
	}
	// Rows of the next generation, as an interrupted rebuild leaves them.
	let state = State { generation: holdings.read().generation + 1, ..State::default() };
	let mut changes = Changes::default();
	put_record(&mut changes, &state, 0, &LeafRecord::default());
	put_node(&mut changes, &state, 1, 0, &Node::ZERO);
	holdings.database.write(changes, true).unwrap();
	drop(holdings);
	let holdings = open(dir.path());
	assert!(holdings.matches(&model.commitment).unwrap());
	let records: Vec<LeafRecord> = (0..5).map(|number| holdings.record(number).unwrap().unwrap()).collect();
	holdings.rebuild(&records, 2).unwrap();
	assert!(holdings.matches(&model.commitment).unwrap());
}
