use peoples_cloud_client::chain::Chain;
use peoples_cloud_primitives::{AgreementId, Hash32};

use super::*;
use crate::{
	known_chain::UnfitChain,
	simulation::NewColumn,
	store::Record,
	tasks::{drop_expired::DropExpired, match_columns::MatchColumns},
	test_rig::{idle, Rig, CLIENT, RATE},
};

fn open(rig: &Rig, root: Hash32, chunks: u64) -> AgreementId {
	let column = NewColumn { provider: rig.account(), root, rate: RATE };
	rig.chain.decree(|state, events| state.open(events, CLIENT, [1; 32], chunks, 50, &[column]))
}

fn record(rig: &Rig, root: &Hash32) -> Option<Record> {
	rig.shared.store.record(root).unwrap()
}

#[tokio::test]
async fn nothing_is_deleted_by_the_word_of_a_node_that_is_behind() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let columns: Vec<_> = (0..5).map(|seed| rig.take_on(seed, 4, 50)).collect();
	rig.blocks(10).await;
	// WHEN the node starts from nothing
	rig.chain.reorganise(100, false);
	let refused = rig.follow.work().await.unwrap_err();
	assert!(refused.to_string().contains("waiting until it has caught up"), "{refused}");
	// THEN nothing follows from what it says, also not after a restart that finds the holdings lost
	let mut rig = rig.crash_and_lose(&["daemon", "holdings.log"]).await;
	let mut matching = MatchColumns::new(rig.shared.clone());
	let mut drop = DropExpired::new(rig.shared.clone());
	for _ in 0..5 {
		assert!(rig.follow.work().await.is_err());
		idle(&mut matching).await;
		idle(&mut drop).await;
		rig.chain.produce(1);
	}
	for (agreement, root) in columns {
		assert!(record(&rig, &root).unwrap().is_held_for(agreement));
	}
	// AND once it has come as far again it is believed
	rig.chain.produce(10);
	rig.follow().await;
	assert!(rig.shared.views.latest().unwrap().in_step);
}

#[tokio::test]
async fn another_chain_is_refused() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.blocks(2).await;
	let (_, root) = rig.take_on(1, 4, 50);
	rig.blocks(1).await;
	let theirs = rig.chain.genesis();
	let known = KnownChain { genesis: [1; 32], finalised: 0 };
	rig.holdings().set_known_chain(known).unwrap();
	let mut rig = rig.crash().await;
	let refused = rig.follow.work().await.unwrap_err();
	assert_eq!(refused.to_string(), UnfitChain::Other { ours: [1; 32], theirs }.to_string());
	assert!(rig.shared.views.latest().is_none(), "the other tasks do not work either");
	assert!(record(&rig, &root).is_some());
}

#[tokio::test]
async fn a_column_outlives_the_block_that_opened_its_agreement() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.chain.set_mood(|mood| mood.finality_lag = 6);
	rig.blocks(8).await;
	let root = rig.upload(1, 4);
	let first = open(&rig, root, 4);
	rig.blocks(1).await;
	assert!(record(&rig, &root).unwrap().is_held_for(first));
	assert_eq!(rig.shared.store.pending_of(&CLIENT).uploads, 0, "a claimed upload does not count as pending");
	// WHEN another block takes the place of the one that opened it, and becomes final
	rig.chain.reorganise(2, false);
	rig.blocks(10).await;
	// THEN the upload waits again
	let waiting = record(&rig, &root).unwrap();
	assert!(waiting.held.is_empty() && waiting.pending.len() == 1, "{waiting:?}");
	assert_eq!(rig.shared.store.pending_of(&CLIENT).uploads, 1);
	// AND the transaction may still be included
	let second = open(&rig, root, 4);
	rig.blocks(10).await;
	assert!(record(&rig, &root).unwrap().is_held_for(second));
	rig.shared.store.verify_column(&root).unwrap();
}

#[tokio::test]
async fn the_same_leaf_that_comes_back_is_claimed_again() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.chain.set_mood(|mood| mood.finality_lag = 2);
	rig.blocks(4).await;
	let root = rig.upload(1, 4);
	let first = open(&rig, root, 4);
	rig.blocks(1).await;
	rig.chain.reorganise(2, false);
	rig.blocks(4).await;
	assert!(record(&rig, &root).unwrap().held.is_empty());
	let second = open(&rig, root, 4);
	assert_eq!(first, second, "number and leaf are the same");
	rig.blocks(1).await;
	assert!(record(&rig, &root).unwrap().is_held_for(second));
}

#[tokio::test]
async fn leaves_that_change_places_are_claimed() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.chain.set_mood(|mood| mood.finality_lag = 6);
	rig.blocks(8).await;
	let (one, two) = (rig.upload(1, 4), rig.upload(2, 4));
	open(&rig, one, 4);
	open(&rig, two, 4);
	rig.blocks(1).await;
	// WHEN the transactions are included in another order: the agreements change their numbers
	rig.chain.reorganise(2, false);
	let (two_id, one_id) = (open(&rig, two, 4), open(&rig, one, 4));
	rig.blocks(10).await;
	for (root, id) in [(one, one_id), (two, two_id)] {
		let record = record(&rig, &root).unwrap();
		assert_eq!(record.held.iter().map(|held| held.agreement).collect::<Vec<_>>(), vec![id]);
	}
}

#[tokio::test]
async fn a_leaf_whose_agreement_is_not_to_be_seen_yet_is_claimed_later() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.blocks(3).await;
	let root = rig.upload(1, 4);
	let id = open(&rig, root, 4);
	// As if the node answered from another block.
	let agreement = rig.chain.decree(|state, _| state.agreements.remove(&id)).unwrap();
	rig.blocks(2).await;
	assert!(record(&rig, &root).unwrap().held.is_empty());
	rig.chain.decree(|state, _| state.agreements.insert(id, agreement));
	rig.blocks(1).await;
	assert!(record(&rig, &root).unwrap().is_held_for(id));
}

#[tokio::test]
async fn more_changes_than_a_page_are_worked_off_while_nothing_is_final() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.chain.set_mood(|mood| mood.finality_lag = 10_000);
	rig.blocks(1).await;
	for seed in 0..CHANGES as u64 + 100 {
		let root = *blake3::hash(&seed.to_le_bytes()).as_bytes();
		open(&rig, root, 1);
	}
	let last = rig.upload(1, 4);
	let id = open(&rig, last, 4);
	// Comes to rest.
	rig.blocks(1).await;
	assert!(record(&rig, &last).unwrap().is_held_for(id));
	rig.blocks(1).await;
}
