use std::sync::{atomic::AtomicU8, atomic::Ordering, Arc};

use peoples_cloud_client::chain::{Call, Chain, ColumnState, Duty, Offer};

use super::{
	drop_expired::DropExpired,
	end_agreements::EndAgreements,
	keep_registered::{self, KeepRegistered, Registration},
	mark_lost::MarkLost,
	match_columns::MatchColumns,
	report_missed::ReportMissed,
	submit_proofs::SubmitProofs,
	withdraw_earnings::WithdrawEarnings,
};
use crate::{
	simulation::{NewColumn, SimulatedChain},
	test_rig::{idle, Rig, RATE},
};

fn reports(chain: &SimulatedChain) -> usize {
	chain.executed().iter().filter(|call| matches!(call, Call::ReportMissed { .. })).count()
}

#[tokio::test]
async fn periods_of_another_length_are_followed_without_a_restart() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	// GIVEN a provider that holds nothing yet when governance makes periods longer
	let before = rig.shared.context.period_blocks();
	rig.blocks(before).await;
	rig.chain.decree(|state, _| state.set_period_blocks(before * 3));
	rig.blocks(1).await;
	assert_eq!(rig.shared.context.period_blocks(), before * 3);
	// WHEN it takes a column on for four periods THEN it proves each of them, once
	rig.take_on(1, 3, 4);
	let mut prove = SubmitProofs::new(rig.shared.clone());
	rig.live(before * 3 * 6, &mut [&mut prove]).await;
	let proofs = rig.chain.executed().into_iter().filter(|call| matches!(call, Call::Prove { .. })).count();
	assert!((4..=5).contains(&proofs), "{proofs}: four periods, and perhaps that of the opening");
}

#[tokio::test]
async fn agreements_come_and_go_and_no_period_is_missed() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.chain.set_mood(|mood| mood.finality_lag = 2);
	rig.follow().await;
	let mut prove = SubmitProofs::new(rig.shared.clone());
	let mut end = EndAgreements::new(rig.shared.clone());
	let mut withdraw = WithdrawEarnings::new(rig.shared.clone(), RATE * 5);
	let mut matching = MatchColumns::new(rig.shared.clone());
	let mut roots = Vec::new();
	for seed in 0..12 {
		let (id, root) = rig.take_on(seed, 1 + seed * 3, 3 + (seed as u32 % 4));
		roots.push((id, root));
		rig.live(9, &mut [&mut prove, &mut end, &mut withdraw, &mut matching]).await;
		if seed % 5 == 4 {
			// Clients change their mind.
			rig.chain.decree(|state, events| state.close(events, id));
		}
		if seed % 4 == 3 {
			rig.chain.reorganise(2, true);
		}
	}
	rig.live(120, &mut [&mut prove, &mut end, &mut withdraw, &mut matching]).await;
	let account = rig.account();
	let (agreements, chunks, proven, misses) = rig.chain.read(|state| {
		let commitment = state.commitment(&account);
		(state.agreements.len(), commitment.total_chunks(), state.proven(&account).len(), state.misses(&account))
	});
	assert_eq!(agreements, 0, "all are settled");
	assert_eq!(chunks, 0, "all leaves are removed");
	assert!(proven >= 10, "{proven} periods proven");
	assert_eq!(misses, 0);
	assert_eq!(rig.chain.doubles(), vec![]);
	for (_, root) in roots {
		assert_eq!(rig.shared.store.record(&root).unwrap(), None, "columns are deleted when nobody needs them");
	}
	let usage = rig.shared.store.usage();
	assert_eq!((usage.held_chunks, usage.pending_chunks), (0, 0));
	assert_eq!(rig.shared.queue.all().len(), 0);
	let (paid, left) = rig.chain.read(|state| {
		(state.balances.get(&account).copied().unwrap_or(0), state.earnings.get(&account).copied().unwrap_or(0))
	});
	assert!(paid >= RATE * 5 && left < RATE * 5, "{paid} paid out, {left} left");
}

#[tokio::test]
async fn others_misses_are_reported_once_until_they_are_out_and_their_columns_freed() {
	let mut rig = Rig::new("//Provider//0").await;
	let chain = rig.chain.clone();
	let mut second = Rig::on(chain.clone(), "//Provider//1").await;
	let sleeper = Rig::on(chain.clone(), "//Provider//2").await;
	let (id, _) = sleeper.take_on(1, 30, 100);
	let mut tasks = (ReportMissed::new(rig.shared.clone()), MarkLost::new(rig.shared.clone()));
	let mut others = (ReportMissed::new(second.shared.clone()), MarkLost::new(second.shared.clone()));
	for _ in 0..110 {
		rig.live(0, &mut []).await;
		for (rig, tasks) in [(&mut rig, &mut tasks), (&mut second, &mut others)] {
			rig.follow().await;
			let workers: [&mut dyn crate::worker::Worker; 2] = [&mut tasks.0, &mut tasks.1];
			for worker in workers {
				worker.work().await.unwrap();
			}
			rig.send().await;
		}
		chain.produce(1);
	}
	assert_eq!(reports(&chain), 3, "one report per missed period, until the provider is out");
	assert!(chain.submissions().len() <= 6, "reporters and markers take turns: {:?}", chain.submissions());
	let state = chain.read(|state| state.agreements[&id].columns[0].state);
	assert_eq!(state, ColumnState::Lost);
}

#[tokio::test]
async fn others_are_helped_past_what_nobody_can_report_any_more() {
	let mut rig = Rig::new("//Provider//0").await;
	let chain = rig.chain.clone();
	let sleeper = Rig::on(chain.clone(), "//Provider//1").await;
	sleeper.take_on(1, 30, 100);
	// GIVEN a provider whose misses the chain has forgotten
	chain.decree(|state, _| state.seed_ring = 24);
	rig.blocks(12 * 12).await;
	let cursor = |duty: Option<Duty>| duty.unwrap().first_unresolved;
	let before = cursor(chain.duty(sleeper.account()).await.unwrap());
	// WHEN somebody watches
	let mut task = ReportMissed::new(rig.shared.clone());
	rig.live(60, &mut [&mut task]).await;
	// THEN its cursor is moved on to what can be reported, and that is
	let advances = chain.executed().iter().filter(|call| matches!(call, Call::Advance { .. })).count();
	assert!((1..=2).contains(&advances), "{:?}", chain.executed());
	assert!(cursor(chain.duty(sleeper.account()).await.unwrap()) > before + 8);
	assert!(reports(&chain) >= 1);
	assert_eq!(chain.doubles(), vec![]);
}

#[tokio::test]
async fn unused_columns_are_dropped_when_they_can_no_longer_be_opened() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let unused = rig.upload_until(1, 8, 20);
	let used = rig.upload_until(2, 8, 20);
	rig.blocks(2).await;
	let column = NewColumn { provider: rig.account(), root: used, rate: 1 };
	rig.chain.decree(|state, events| state.open(events, crate::test_rig::CLIENT, [1; 32], 8, 100, &[column]));
	let mut task = DropExpired::new(rig.shared.clone());
	idle(&mut task).await;
	idle(&mut MatchColumns::new(rig.shared.clone())).await;
	for _ in 0..50 {
		rig.blocks(1).await;
		idle(&mut task).await;
		let head = rig.shared.views.latest().unwrap().head;
		if head.finalised <= 20 {
			assert!(rig.shared.store.record(&unused).unwrap().is_some(), "block {}", head.finalised);
		}
	}
	assert_eq!(rig.shared.store.record(&unused).unwrap(), None);
	assert_eq!(rig.shared.store.record(&used).unwrap().unwrap().held.len(), 1);
}

#[tokio::test]
async fn a_store_whose_index_was_lost_learns_from_the_holdings_what_its_columns_are_for() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let columns: Vec<_> = (0..5).map(|seed| rig.take_on(seed, 4 + seed, 100)).collect();
	let stray = rig.upload(100, 9);
	rig.blocks(3).await;
	let mut rig = rig.crash_and_lose(&["store/index"]).await;
	rig.follow().await;
	let mut task = MatchColumns::new(rig.shared.clone());
	idle(&mut task).await;
	for (agreement, root) in columns {
		assert!(rig.shared.store.record(&root).unwrap().unwrap().is_held_for(agreement));
	}
	assert!(rig.shared.store.record(&stray).unwrap().is_some(), "somebody may yet open an agreement over it");
}

#[tokio::test]
async fn registration_offer_and_addresses_are_kept() {
	let mut rig = Rig::new("//Provider//0").await;
	newcomer(&rig);
	rig.blocks(1).await;
	let offer = Offer { price: 7, capacity_chunks: 1 << 20, min_duration: 1, max_duration: 100 };
	let registration = Registration { bond: None, operator: "me".into(), region: "here".into(), offer };
	let port = Arc::new(AtomicU8::new(1));
	let reach = {
		let port = port.clone();
		Arc::new(move || (vec![1, 2, 3], vec![vec![port.load(Ordering::Relaxed)]]))
	};
	let mut task = KeepRegistered::new(rig.shared.clone(), registration.clone(), reach.clone());
	assert!(crate::worker::Worker::work(&mut task).await.is_err(), "it was not asked to register");
	let registration = Registration { bond: Some(1_000), ..registration };
	let mut task = KeepRegistered::new(rig.shared.clone(), registration, reach);
	rig.live(12, &mut [&mut task]).await;
	let known = |rig: &Rig| rig.chain.read(|state| state.providers[&rig.account()].clone());
	let info = known(&rig);
	assert_eq!((info.operator.as_str(), info.bonded, info.offer), ("me", 1_000, Some(offer)));
	assert_eq!(info.addresses, vec![vec![1]]);
	// A router that flaps costs two transactions, not twenty.
	for flap in 2..22 {
		port.store(flap, Ordering::Relaxed);
		rig.live(5, &mut [&mut task]).await;
	}
	let updates = rig.chain.executed().iter().filter(|call| matches!(call, Call::UpdateAddresses { .. })).count();
	assert!((2..=3).contains(&updates), "{updates}");
	assert!(known(&rig).addresses[0][0] > 1);
}

#[tokio::test]
async fn new_labels_reach_the_chain() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.blocks(1).await;
	let mut task = KeepRegistered::new(rig.shared.clone(), registration(), Arc::new(|| (vec![], vec![])));
	rig.live(12, &mut [&mut task]).await;
	let info = rig.chain.read(|state| state.providers[&rig.account()].clone());
	assert_eq!((info.operator.as_str(), info.region.as_str()), ("me", "here"));
	let updates = rig.chain.executed().iter().filter(|call| matches!(call, Call::UpdateLabels { .. })).count();
	assert_eq!(updates, 1);
}

#[tokio::test]
async fn an_account_that_has_left_is_not_registered_again() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.chain.set_mood(|mood| mood.finality_lag = 2);
	newcomer(&rig);
	rig.blocks(1).await;
	let registrations =
		|rig: &Rig| rig.chain.executed().iter().filter(|call| matches!(call, Call::RegisterProvider { .. })).count();
	let reach = Arc::new(|| (vec![1], vec![vec![1]]));
	// GIVEN a provider that registered itself
	let mut task = KeepRegistered::new(rig.shared.clone(), registration(), reach.clone());
	rig.live(20, &mut [&mut task]).await;
	assert_eq!(registrations(&rig), 1);
	// WHEN its owner takes it off the register
	rig.chain.decree(|state, _| state.providers.clear());
	rig.live(20, &mut [&mut task]).await;
	// THEN it stays off, and says so, also after a restart
	assert_eq!(registrations(&rig), 1);
	assert_eq!(crate::worker::Worker::status(&task), keep_registered::LEFT);
	drop(task);
	let mut rig = rig.crash().await;
	let mut task = KeepRegistered::new(rig.shared.clone(), registration(), reach);
	rig.live(20, &mut [&mut task]).await;
	assert_eq!(registrations(&rig), 1);
	assert_eq!(crate::worker::Worker::status(&task), keep_registered::LEFT);
	// AND comes back when its owner registers it again
	let account = rig.account();
	rig.chain.decree(|state, _| state.add_provider(account, "me"));
	rig.live(20, &mut [&mut task]).await;
	assert_eq!(crate::worker::Worker::status(&task), "registered, active");
}

/// Takes the rig's account off the register, and gives it money to bond.
fn newcomer(rig: &Rig) {
	let account = rig.account();
	rig.chain.decree(|state, _| {
		state.providers.clear();
		state.balances.insert(account, 1 << 40);
	});
}

fn registration() -> Registration {
	let offer = Offer { price: 7, capacity_chunks: 1 << 20, min_duration: 1, max_duration: 100 };
	Registration { bond: Some(1_000), operator: "me".into(), region: "here".into(), offer }
}
