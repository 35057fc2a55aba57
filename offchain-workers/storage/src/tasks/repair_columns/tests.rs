use std::sync::atomic::{AtomicUsize, Ordering};

use peoples_cloud_client::chain::Call;

use super::*;
use crate::{
	simulation::NewColumn,
	tasks::watched_chain::WatchedChain,
	test_rig::{column, Copies, Rig, CLIENT, RATE},
};

#[tokio::test]
async fn a_rebuild_that_takes_sixty_blocks_ends_in_a_replacement() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.blocks(1).await;
	let (root, _) = column(1, 20);
	let gone = NewColumn { provider: [3; 32], root, rate: RATE };
	let id = rig.chain.decree(|state, events| {
		let id = state.open(events, CLIENT, [1; 32], 20, 50, &[gone]);
		if let Some(place) = state.agreements.get_mut(&id).and_then(|agreement| agreement.columns.first_mut()) {
			place.state = ColumnState::Lost;
		}
		id
	});
	rig.blocks(1).await;
	let rebuilder = Rebuilder::new(Copies { blocks: 60, ..Copies::of(&rig.chain, [(1, 20)]) });
	let mut task = RepairColumns::new(rig.shared.clone(), rig.signer.clone(), rebuilder);
	rig.live(12, &mut [&mut task]).await;
	let place = rig.chain.read(|state| state.agreements[&id].columns[0].clone());
	assert_eq!((place.provider, place.state), (rig.account(), ColumnState::Held));
	assert!(matches!(rig.chain.executed()[..], [Call::ReplaceColumn { .. }]), "it was rebuilt once");
	assert!(rig.shared.store.record(&root).unwrap().unwrap().is_held_for(id));
}

#[tokio::test]
async fn the_register_is_read_once_for_all_lost_columns() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.chain.decree(|state, events| {
		// Somebody who offers nothing takes nothing on.
		state.providers.values_mut().for_each(|provider| provider.offer = None);
		for seed in 0..20 {
			let gone = NewColumn { provider: [3; 32], root: column(seed, 2).0, rate: RATE };
			let id = state.open(events, CLIENT, [1; 32], 2, 50, &[gone]);
			state.agreements.get_mut(&id).unwrap().columns[0].state = ColumnState::Lost;
		}
	});
	rig.blocks(1).await;
	let reads = Arc::new(AtomicUsize::new(0));
	let counted = reads.clone();
	rig.shared.context.chain = WatchedChain::over(rig.chain.clone(), move |_, read| {
		if read == "providers" {
			counted.fetch_add(1, Ordering::Relaxed);
		}
		Ok(())
	});
	let rebuilder = Rebuilder::new(Copies::none(&rig.chain));
	let mut task = RepairColumns::new(rig.shared.clone(), rig.signer.clone(), rebuilder);
	assert_eq!(task.work().await.unwrap(), Progress::Idle);
	assert_eq!((task.seen.len(), reads.load(Ordering::Relaxed)), (20, 1));
	// Nothing is due: nothing is read.
	rig.blocks(INTERVAL_BLOCKS).await;
	task.work().await.unwrap();
	assert_eq!(reads.load(Ordering::Relaxed), 1);
}
