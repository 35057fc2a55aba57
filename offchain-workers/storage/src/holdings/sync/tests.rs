use std::collections::BTreeSet;

use peoples_cloud_client::chain::Call;

use super::*;
use crate::{
	simulation::{NewColumn, SimulatedChain},
	tasks::{match_columns::MatchColumns, watched_chain::WatchedChain},
	test_rig::{Rig, CLIENT, RATE},
	transactions::Duty as Task,
	worker::Worker,
};

fn in_step(rig: &Rig) -> bool {
	let commitment = rig.chain.read(|state| state.commitment(&rig.account()));
	rig.holdings().leaves() == commitment.leaves() && rig.holdings().matches(&commitment).unwrap()
}

/// Takes on so many columns, in blocks of three.
async fn fill(rig: &mut Rig, count: u64) {
	for seed in 0..count {
		rig.take_on(seed, 1 + seed % 5, 50);
		if seed % 3 == 2 {
			rig.blocks(1).await;
		}
	}
	rig.blocks(1).await;
}

/// Ends an agreement, so that its leaf can be removed, and settles it, so that the chain forgets what it was.
fn forget(chain: &SimulatedChain, id: u64) {
	chain.decree(|state, _| state.agreements.remove(&id));
}

#[tokio::test]
async fn events_of_new_blocks_are_enough() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 10).await;
	assert!(in_step(&rig));
	assert_eq!(rig.holdings().leaves(), 10);
	assert_eq!(rig.holdings().rebuilds(), 0, "no rebuild was needed");
	let held: BTreeSet<u64> = rig
		.shared
		.store
		.columns(None, 100)
		.unwrap()
		.iter()
		.flat_map(|(_, record)| &record.held)
		.map(|held| held.agreement)
		.collect();
	assert_eq!(held, (0..10).collect(), "the store knows what its columns are held for");
}

#[tokio::test]
async fn a_reorganisation_is_followed_without_a_rebuild() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.chain.set_mood(|mood| mood.finality_lag = 6);
	rig.follow().await;
	fill(&mut rig, 6).await;
	rig.blocks(8).await;
	rig.take_on(100, 3, 50);
	rig.blocks(1).await;
	rig.take_on(101, 4, 50);
	rig.blocks(1).await;
	assert_eq!(rig.holdings().leaves(), 8);
	// The same two in another order, with other numbers.
	rig.chain.reorganise(3, false);
	rig.take_on(101, 4, 50);
	rig.take_on(102, 2, 50);
	rig.blocks(1).await;
	assert!(in_step(&rig));
	assert_eq!(rig.holdings().rebuilds(), 0);
	// What the dead blocks had opened is released once the new ones are final.
	rig.blocks(10).await;
	let (dead, _) = crate::test_rig::column(100, 3);
	assert!(rig.shared.store.record(&dead).unwrap().is_none_or(|record| record.held.is_empty()));
}

#[tokio::test]
async fn a_deep_reorganisation_is_survived() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 6).await;
	// Finality was claimed and broken: as after a chain was reset from a backup.
	rig.chain.reorganise(3, false);
	for seed in 20..25 {
		rig.take_on(seed, 2, 50);
	}
	rig.chain.produce(1);
	assert!(rig.follow.work().await.is_err(), "until the node has come as far again it is not believed");
	rig.chain.produce(2);
	rig.follow().await;
	assert!(in_step(&rig));
}

/// All agreements end, and the provider leaves: the chain forgets its duty.
fn leave(rig: &Rig) {
	let account = rig.account();
	rig.chain.decree(|state, _| {
		state.agreements.clear();
		state.forget(account);
	});
}

/// Whether no column is held for any of these agreements.
fn released(rig: &Rig, mut agreements: std::ops::Range<u64>) -> bool {
	let columns = rig.shared.store.columns(None, 100).unwrap();
	let held: BTreeSet<u64> = columns.iter().flat_map(|(_, record)| &record.held).map(|held| held.agreement).collect();
	agreements.all(|agreement| !held.contains(&agreement))
}

#[tokio::test]
async fn a_provider_that_left_and_comes_back_starts_anew() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 7).await;
	leave(&rig);
	rig.blocks(10).await;
	assert!(in_step(&rig) && released(&rig, 0..7));
	assert_eq!(rig.holdings().leaves(), 0);
	// Leaves are numbered from zero again.
	for seed in [30, 31] {
		rig.take_on(seed, 2, 50);
		rig.blocks(1).await;
	}
	assert!(in_step(&rig));
	assert_eq!(rig.holdings().leaves(), 2);
	assert!(!released(&rig, 7..9));
}

#[tokio::test]
async fn a_provider_whose_daemon_was_down_while_it_left_and_came_back_starts_anew() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 7).await;
	let mut rig = rig.crash().await;
	leave(&rig);
	rig.chain.produce(3);
	rig.take_on(30, 2, 50);
	rig.chain.produce(1);
	rig.follow().await;
	let mut matching = MatchColumns::new(rig.shared.clone());
	rig.live(10, &mut [&mut matching]).await;
	assert!(in_step(&rig) && released(&rig, 0..7));
	assert_eq!(rig.holdings().leaves(), 1);
	assert!(!released(&rig, 7..8));
}

#[tokio::test]
async fn after_a_crash_the_missed_blocks_are_replayed() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 4).await;
	let mut rig = rig.crash().await;
	for seed in 10..14 {
		rig.take_on(seed, 2, 50);
		rig.chain.produce(2);
	}
	rig.follow().await;
	assert!(in_step(&rig));
	assert_eq!(rig.holdings().rebuilds(), 0);
}

#[tokio::test]
async fn a_lost_database_comes_back_from_the_chain_alone_while_all_is_owed() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 13).await;
	rig.chain.set_mood(|mood| mood.pruned_before = 1_000_000);
	let mut rig = rig.crash_and_lose(&["daemon", "holdings.log"]).await;
	rig.follow().await;
	assert!(in_step(&rig));
	assert_eq!(rig.holdings().rebuilds(), 1);
}

/// Removed leaves, and leaves whose agreement the chain has forgotten while they are still in the commitment.
async fn with_gaps(rig: &mut Rig) {
	rig.follow().await;
	fill(rig, 13).await;
	for (id, remove) in [(2, true), (7, false), (8, true), (11, false)] {
		forget(&rig.chain, id);
		if remove {
			rig.shared.queue.enqueue(Task::RemoveLeaf { number: id }, 0).unwrap();
		}
	}
	let mut prove = crate::tasks::submit_proofs::SubmitProofs::new(rig.shared.clone());
	rig.live(30, &mut [&mut prove]).await;
	let removed = rig.chain.executed().into_iter().filter(|call| matches!(call, Call::RemoveLeaf { .. })).count();
	assert_eq!(removed, 2);
	assert!(in_step(rig));
}

#[tokio::test]
async fn a_lost_database_comes_back_from_the_journal_when_the_chain_has_forgotten_agreements() {
	let mut rig = Rig::new("//Provider//0").await;
	with_gaps(&mut rig).await;
	rig.chain.set_mood(|mood| mood.pruned_before = 1_000_000);
	let mut rig = rig.crash_and_lose(&["daemon"]).await;
	rig.follow().await;
	assert!(in_step(&rig));
}

#[tokio::test]
async fn with_the_journal_lost_as_well_old_events_tell() {
	let mut rig = Rig::new("//Provider//0").await;
	with_gaps(&mut rig).await;
	let mut rig = rig.crash_and_lose(&["daemon", "holdings.log"]).await;
	rig.follow().await;
	assert!(in_step(&rig));
}

#[tokio::test]
async fn without_any_source_it_says_so_and_recovers_when_one_comes_back() {
	let mut rig = Rig::new("//Provider//0").await;
	with_gaps(&mut rig).await;
	rig.chain.set_mood(|mood| mood.pruned_before = 1_000_000);
	let rig = rig.crash_and_lose(&["daemon", "holdings.log"]).await;
	let mut follower = Follower::new(rig.chain.clone(), rig.account(), rig.shared.context.holdings.clone());
	let head = *rig.chain.heads().borrow();
	assert!(matches!(follower.follow(head).await, Err(SyncError::Unknown { .. })));
	// At once again it is not tried: every attempt reads all agreements.
	assert!(matches!(follower.follow(head).await, Err(SyncError::Pausing)));
	rig.chain.set_mood(|mood| mood.pruned_before = 0);
	follower.not_before = None;
	assert!(follower.follow(head).await.unwrap().in_step);
	assert!(in_step(&rig));
}

#[tokio::test]
async fn a_leaf_removed_by_somebody_else_while_blocks_are_pruned_is_guessed() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 9).await;
	let rig = rig.crash().await;
	forget(&rig.chain, 3);
	// Anybody can remove a leaf that is owed no longer.
	let path = rig.holdings().path(3, 9).unwrap();
	let leaf = rig.holdings().record(3).unwrap().unwrap().leaf.unwrap();
	rig.chain.decree(|state, _| state.remove_leaf(&rig.account(), 3, &leaf, &path));
	rig.chain.produce(1);
	rig.chain.set_mood(|mood| mood.pruned_before = 1_000_000);
	let mut rig = rig.crash().await;
	rig.follow().await;
	assert!(in_step(&rig));
}

#[tokio::test]
async fn after_a_long_absence_blocks_are_replayed_where_a_rebuild_fails() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 4).await;
	for seed in 10..14 {
		rig.take_on(seed, 2, 500);
		rig.chain.produce(REPLAY_BLOCKS / 2);
	}
	let chain = WatchedChain::over(rig.chain.clone(), |_, read| match read {
		"leaves_of" => Err(ChainError::Unreachable { url: "memory".into(), reason: "no answer in time".into() }),
		_ => Ok(()),
	});
	let head = *rig.chain.heads().borrow();
	let mut follower = Follower::new(chain, rig.account(), rig.shared.context.holdings.clone());
	assert!(follower.follow(head).await.unwrap().in_step);
	assert!(in_step(&rig));
	assert_eq!((rig.holdings().synced(), rig.holdings().rebuilds()), (Some(head.best), 0));
}

#[tokio::test]
async fn after_a_long_absence_few_leaves_are_rebuilt_without_reading_every_block() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 4).await;
	rig.take_on(10, 2, 500);
	rig.chain.produce(REPLAY_BLOCKS + 1);
	let chain = WatchedChain::over(rig.chain.clone(), |_, read| {
		assert_ne!(read, "events");
		Ok(())
	});
	let head = *rig.chain.heads().borrow();
	let mut follower = Follower::new(chain, rig.account(), rig.shared.context.holdings.clone());
	assert!(follower.follow(head).await.unwrap().in_step);
	assert!(in_step(&rig));
	assert_eq!((rig.holdings().synced(), rig.holdings().rebuilds()), (Some(head.best), 1));
}

#[tokio::test]
async fn a_rebuild_takes_in_what_happens_while_it_reads() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	fill(&mut rig, 13).await;
	let (path, leaf) = (rig.holdings().path(3, 13).unwrap(), rig.holdings().record(3).unwrap().unwrap().leaf.unwrap());
	let head = *rig.chain.heads().borrow();
	rig.chain.set_mood(|mood| mood.pruned_before = head.best + 1);
	let rig = rig.crash_and_lose(&["daemon", "holdings.log"]).await;
	let account = rig.account();
	let done = std::sync::atomic::AtomicBool::new(false);
	// GIVEN a block that removes a leaf, appends another and closes an agreement, after the leaves were read
	let chain = WatchedChain::over(rig.chain.clone(), move |chain, read| {
		if read == "leaves_of" && !done.swap(true, std::sync::atomic::Ordering::Relaxed) {
			chain.decree(|state, events| {
				state.agreements.remove(&3);
				assert!(state.remove_leaf(&account, 3, &leaf, &path));
				events.push(Event::LeafRemoved { provider: account, number: 3 });
				let column = NewColumn { provider: account, root: [1; 32], rate: RATE };
				state.open(events, CLIENT, [1; 32], 2, 50, &[column]);
				state.close(events, 5);
			});
			chain.produce(1);
		}
		Ok(())
	});
	// WHEN the tree is rebuilt
	let mut follower = Follower::new(chain, account, rig.shared.context.holdings.clone());
	assert!(follower.follow(head).await.unwrap().in_step);
	// THEN it is as of that block, and what the block did beside is not missed either
	assert!(in_step(&rig));
	assert_eq!((rig.holdings().leaves(), rig.holdings().rebuilds()), (14, 1));
	let head = *rig.chain.heads().borrow();
	assert!(follower.follow(head).await.unwrap().in_step);
	let due = rig.holdings().due(0, 100).unwrap();
	assert!(due.iter().any(|(_, leaf)| leaf.agreement == 5), "{due:?}");
	assert_eq!(rig.holdings().rebuilds(), 1);
}
