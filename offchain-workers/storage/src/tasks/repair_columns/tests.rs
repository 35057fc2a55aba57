use peoples_cloud_client::chain::Call;

use super::*;
use crate::{
	simulation::NewColumn,
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
