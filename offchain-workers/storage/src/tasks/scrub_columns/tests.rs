use peoples_cloud_client::chain::{Call, ColumnState};

use super::*;
use crate::{
	store::StoreError,
	test_rig::{idle, Copies, Rig},
};

fn settings(heal: bool) -> ScrubSettings {
	ScrubSettings { interval: Duration::from_secs(3_600), bytes_per_second: u64::MAX, heal }
}

fn scrub(rig: &Rig, heal: bool, copies: Copies) -> ScrubColumns {
	ScrubColumns::new(rig.shared.clone(), settings(heal), Rebuilder::new(copies))
}

/// Changes a byte of the column's file.
fn damage(rig: &Rig, root: &Hash32) {
	let path = rig.file(root);
	let mut bytes = std::fs::read(&path).unwrap();
	bytes[0] ^= 1;
	std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_disk_that_is_not_mounted_is_no_loss() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	for seed in 0..3 {
		rig.take_on(seed, 4, 50);
	}
	rig.blocks(1).await;
	let (mounted, away) = (rig.dir.path().join("store/columns"), rig.dir.path().join("away"));
	std::fs::rename(&mounted, &away).unwrap();
	let mut task = scrub(&rig, false, Copies::none(&rig.chain));
	for _ in 0..3 {
		task.begin_pass();
		idle(&mut task).await;
		rig.live(1, &mut []).await;
	}
	assert!(rig.chain.submissions().is_empty(), "{:?}", rig.chain.submissions());
	// A start without it is refused, and leaves nothing behind that looks like it.
	let store = rig.dir.path().join("store");
	drop((task, rig.follow, rig.send));
	let dir = rig.dir.clone();
	drop(rig.shared);
	let opened = loop {
		match crate::store::ColumnStore::open(&store, 100) {
			// Blocking work may still be ending.
			Err(StoreError::Index(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
			other => break other,
		}
	};
	assert!(matches!(opened, Err(StoreError::NotMounted { .. })), "{opened:?}");
	assert!(!mounted.exists());
	drop(dir);
}

#[tokio::test]
async fn a_file_that_is_gone_is_a_loss() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (id, root) = rig.take_on(1, 4, 50);
	rig.blocks(1).await;
	std::fs::remove_file(rig.file(&root)).unwrap();
	let mut task = scrub(&rig, false, Copies::none(&rig.chain));
	idle(&mut task).await;
	rig.live(4, &mut []).await;
	assert!(matches!(rig.chain.executed()[..], [Call::DeclareLost(lost, 0)] if lost == id));
}

#[tokio::test]
async fn a_full_provider_heals() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (id, root) = rig.take_on(1, 20, 50);
	rig.blocks(1).await;
	// GIVEN a store that has room for this column and nothing else
	rig.shared.store.set_capacity(20);
	assert_eq!(rig.shared.store.usage().free_chunks(), 0);
	damage(&rig, &root);
	let mut task = scrub(&rig, true, Copies::of(&rig.chain, [(1, 20)]));
	idle(&mut task).await;
	assert_eq!(task.healed, 1);
	rig.shared.store.verify_column(&root).unwrap();
	rig.live(2, &mut []).await;
	assert!(rig.chain.submissions().is_empty());
	assert_eq!(rig.chain.read(|state| state.agreements[&id].columns[0].state), ColumnState::Held);
	assert_eq!(rig.shared.store.usage().held_chunks, 20);
}

#[tokio::test]
async fn what_is_found_damaged_while_it_is_read_is_looked_at_although_the_pass_is_over() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (_, root) = rig.take_on(1, 20, 50);
	rig.blocks(1).await;
	let mut task = scrub(&rig, true, Copies::of(&rig.chain, [(1, 20)]));
	idle(&mut task).await;
	assert_eq!(task.passes, 1);
	damage(&rig, &root);
	let store = rig.shared.store.clone();
	assert!(matches!(store.chunk_proof(&root, 0), Err(StoreError::Damaged)));
	idle(&mut task).await;
	assert_eq!((task.passes, task.healed), (1, 1));
	store.chunk_proof(&root, 0).unwrap();
	assert_eq!(store.suspects(), Vec::<Hash32>::new());
}
