use super::*;
use crate::{
	simulation::NewColumn,
	tasks::drop_expired::DropExpired,
	test_rig::{idle, Rig, CLIENT, RATE},
};

fn open(rig: &Rig, root: Hash32, chunks: u64) -> u64 {
	let column = NewColumn { provider: rig.account(), root, rate: RATE };
	rig.chain.decree(|state, events| state.open(events, CLIENT, [1; 32], chunks, 500, &[column]))
}

#[tokio::test]
async fn a_rebuild_in_between_starts_it_anew() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.blocks(1).await;
	let root = rig.upload_until(1, 8, 200);
	let mut matching = MatchColumns::new(rig.shared.clone());
	while !matches!(matching.stage, Stage::Columns(_)) {
		matching.work().await.unwrap();
	}
	// WHEN an agreement is opened, and the tree is rebuilt without its event
	let id = open(&rig, root, 8);
	rig.chain.produce(300);
	rig.chain.set_mood(|mood| mood.pruned_before = 1_000_000);
	rig.follow().await;
	assert_eq!(rig.holdings().rebuilds(), 1);
	// THEN the column is claimed before anything unclaimed is deleted
	idle(&mut matching).await;
	idle(&mut DropExpired::new(rig.shared.clone())).await;
	assert!(rig.shared.store.record(&root).unwrap().unwrap().is_held_for(id));
}

#[tokio::test]
async fn acknowledged_uploads_outlive_the_index() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.blocks(3).await;
	let (used, unused) = (rig.upload(1, 8), rig.upload(2, 8));
	let mut rig = rig.crash_and_lose(&["store/index"]).await;
	rig.blocks(1).await;
	let mut matching = MatchColumns::new(rig.shared.clone());
	let mut drop = DropExpired::new(rig.shared.clone());
	idle(&mut matching).await;
	idle(&mut drop).await;
	let kept = |rig: &Rig, root: &Hash32| rig.shared.store.record(root).unwrap();
	assert!(kept(&rig, &used).is_some() && kept(&rig, &unused).is_some());
	// WHEN the agreement is opened
	let id = open(&rig, used, 8);
	rig.blocks(2).await;
	assert!(kept(&rig, &used).unwrap().is_held_for(id));
	// THEN the other goes once nobody can open one any more
	rig.chain.produce(1_180);
	rig.follow().await;
	idle(&mut matching).await;
	idle(&mut drop).await;
	assert!(kept(&rig, &unused).is_some());
	rig.chain.produce(50);
	rig.follow().await;
	idle(&mut matching).await;
	idle(&mut drop).await;
	assert_eq!(kept(&rig, &unused), None);
	assert!(kept(&rig, &used).unwrap().is_held_for(id));
}
