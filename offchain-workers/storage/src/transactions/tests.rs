use std::{sync::atomic::Ordering, time::Duration};

use peoples_cloud_client::chain::{ColumnState, Event, ProofParams};
use peoples_cloud_primitives::challenge;
use proptest::prelude::*;

use super::*;
use crate::{
	prover::{Columns, ProvenChunk, Trouble},
	simulation::{NewColumn, SimulatedChain},
	tasks::{end_agreements::EndAgreements, submit_proofs::SubmitProofs},
	test_rig::Rig,
};

const WITHDRAW: Duty = Duty::Withdraw { at_least: 1 };

fn earn(rig: &Rig) {
	rig.chain.decree(|state, _| state.earnings.insert(rig.account(), 50));
}

fn stages(rig: &Rig) -> Vec<Stage> {
	rig.shared.queue.all().into_iter().map(|queued| queued.stage).collect()
}

/// A provider with earnings and a duty to withdraw them.
async fn with_duty() -> Rig {
	let mut rig = Rig::new("//Provider//0").await;
	rig.blocks(3).await;
	earn(&rig);
	assert!(rig.shared.queue.enqueue(WITHDRAW, 0).unwrap());
	assert!(!rig.shared.queue.enqueue(WITHDRAW, 0).unwrap(), "the same duty twice is no news");
	rig
}

#[tokio::test]
async fn a_duty_is_sent_once_and_forgotten_when_final() {
	let mut rig = with_duty().await;
	rig.chain.set_mood(|mood| mood.finality_lag = 3);
	rig.send().await;
	assert!(matches!(stages(&rig)[..], [Stage::Included { .. }]));
	for _ in 0..5 {
		rig.blocks(1).await;
		rig.send().await;
	}
	assert_eq!(stages(&rig), vec![]);
	assert_eq!(rig.chain.submissions(), vec![Call::Withdraw]);
}

#[tokio::test]
async fn what_is_done_already_is_not_sent() {
	let mut rig = with_duty().await;
	rig.chain.decree(|state, _| state.earnings.clear());
	rig.send().await;
	assert_eq!(rig.chain.submissions(), vec![]);
	assert_eq!(stages(&rig), vec![]);
}

#[tokio::test]
async fn a_transaction_that_waits_in_the_pool_is_not_sent_again_after_a_crash() {
	let mut rig = with_duty().await;
	rig.chain.set_mood(|mood| (mood.breaks_on_submit, mood.full_blocks) = (true, true));
	let _ = rig.send.work().await;
	assert_eq!(rig.chain.pool_len(), 1);
	let mut rig = rig.crash().await;
	rig.chain.set_mood(|mood| mood.breaks_on_submit = false);
	for _ in 0..5 {
		rig.blocks(1).await;
		let _ = rig.send.work().await;
	}
	assert!(matches!(stages(&rig)[..], [Stage::Sent { .. }]));
	rig.chain.set_mood(|mood| mood.full_blocks = false);
	rig.blocks(2).await;
	rig.send().await;
	assert_eq!(rig.chain.submissions(), vec![Call::Withdraw]);
	assert_eq!(rig.chain.executed(), vec![Call::Withdraw]);
	assert_eq!(stages(&rig), vec![]);
}

#[tokio::test]
async fn a_transaction_that_the_node_lost_is_sent_again() {
	let mut rig = with_duty().await;
	rig.chain.set_mood(|mood| mood.breaks_on_submit = true);
	let _ = rig.send.work().await;
	rig.chain.lose_pool();
	rig.chain.set_mood(|mood| mood.breaks_on_submit = false);
	let mut rig = rig.crash().await;
	rig.blocks(1).await;
	rig.send().await;
	assert_eq!(rig.chain.submissions().len(), 2);
	assert_eq!(rig.chain.executed(), vec![Call::Withdraw]);
	assert_eq!(rig.chain.doubles(), vec![]);
}

#[tokio::test]
async fn a_node_that_never_answers_does_not_block_the_queue() {
	let mut rig = with_duty().await;
	rig.chain.set_mood(|mood| (mood.silent, mood.full_blocks) = (true, true));
	let started = std::time::Instant::now();
	rig.send.work().await.unwrap();
	assert!(started.elapsed() < Duration::from_secs(2));
	assert!(matches!(stages(&rig)[..], [Stage::Sent { .. }]));
	rig.chain.set_mood(|mood| (mood.silent, mood.full_blocks) = (false, false));
	rig.blocks(1).await;
	rig.send().await;
	assert_eq!(rig.chain.submissions().len(), 1, "the pool still had it");
}

#[tokio::test]
async fn a_reorganisation_that_loses_the_transaction_brings_it_back() {
	let mut rig = with_duty().await;
	rig.chain.set_mood(|mood| mood.finality_lag = 4);
	rig.send().await;
	rig.chain.reorganise(1, false);
	rig.blocks(6).await;
	rig.send().await;
	assert_eq!(rig.chain.submissions().len(), 2);
	assert_eq!(rig.chain.executed(), vec![Call::Withdraw]);
	assert_eq!(rig.chain.doubles(), vec![]);
}

#[tokio::test]
async fn a_reorganisation_that_keeps_the_transaction_does_not_repeat_it() {
	let mut rig = with_duty().await;
	rig.chain.set_mood(|mood| mood.finality_lag = 4);
	rig.send().await;
	rig.chain.reorganise(1, true);
	rig.chain.set_mood(|mood| mood.full_blocks = true);
	rig.blocks(6).await;
	let _ = rig.send.work().await;
	rig.chain.set_mood(|mood| mood.full_blocks = false);
	for _ in 0..8 {
		rig.blocks(1).await;
		rig.send().await;
	}
	assert_eq!(rig.chain.submissions(), vec![Call::Withdraw]);
	assert_eq!(stages(&rig), vec![]);
}

#[tokio::test]
async fn refusals_are_retried_more_and_more_rarely_and_given_up() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.blocks(1).await;
	// Somebody else's column of a provider that is not registered at all: the simulated chain refuses the name.
	let column = NewColumn { provider: [3; 32], root: [1; 32], rate: 1 };
	let id = rig.chain.decree(|state, events| state.open(events, [9; 32], [1; 32], 4, 50, &[column]));
	rig.chain.decree(|state, _| state.refuse_marks = true);
	rig.shared.queue.enqueue(Duty::MarkLost { agreement: id, column: 0 }, 0).unwrap();
	let mut sent = Vec::new();
	for _ in 0..12 {
		let before = rig.chain.submissions().len();
		rig.send().await;
		sent.push(rig.chain.submissions().len() - before);
		rig.blocks(1).await;
	}
	assert_eq!(sent.iter().sum::<usize>(), 3, "{sent:?}");
	assert_eq!(stages(&rig), vec![]);
}

#[tokio::test]
async fn the_most_urgent_duty_goes_first() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	rig.take_on(1, 20, 50);
	rig.blocks(1).await;
	rig.until_challenged().await;
	earn(&rig);
	rig.shared.queue.enqueue(WITHDRAW, 0).unwrap();
	SubmitProofs::new(rig.shared.clone()).work().await.unwrap();
	rig.send().await;
	let names: Vec<bool> = rig.chain.submissions().iter().map(|call| matches!(call, Call::Prove { .. })).collect();
	assert_eq!(names, vec![true, false]);
}

#[tokio::test]
async fn a_full_disk_does_not_stop_proofs() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	rig.take_on(1, 20, 50);
	rig.blocks(1).await;
	rig.until_challenged().await;
	rig.shared.queue.database().disk_full.store(true, Ordering::Relaxed);
	earn(&rig);
	assert!(rig.shared.queue.enqueue(WITHDRAW, 0).is_err(), "what can wait waits");
	SubmitProofs::new(rig.shared.clone()).work().await.unwrap();
	rig.send().await;
	assert_eq!(rig.chain.read(|state| state.proven(&rig.account()).len()), 1);
	// Nothing can be noted of new blocks either; periods go on being proven.
	let mut prove = SubmitProofs::new(rig.shared.clone());
	for _ in 0..40 {
		rig.chain.produce(1);
		let _ = rig.follow.work().await;
		prove.work().await.unwrap();
		rig.send().await;
	}
	let (proven, misses) = rig.chain.read(|state| (state.proven(&rig.account()).len(), state.misses(&rig.account())));
	assert!(proven >= 3 && misses == 0, "{proven} proven, {misses} missed");
	rig.shared.queue.database().disk_full.store(false, Ordering::Relaxed);
	rig.blocks(1).await;
	assert!(rig.shared.views.latest().unwrap().in_step, "with room again it catches up");
}

#[tokio::test]
async fn a_lost_column_is_declared_first_and_the_rest_proven() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (lost, root) = rig.take_on(1, 200, 50);
	// Enough for the proof to be worth something without the other.
	let (kept, _) = rig.take_on(2, 600, 50);
	rig.blocks(1).await;
	let path = rig.file(&root);
	let mut bytes = std::fs::read(&path).unwrap();
	bytes.iter_mut().for_each(|byte| *byte = !*byte);
	std::fs::write(&path, bytes).unwrap();
	rig.until_challenged().await;
	SubmitProofs::new(rig.shared.clone()).work().await.unwrap();
	for _ in 0..3 {
		rig.send().await;
		rig.blocks(1).await;
	}
	let calls = rig.chain.executed();
	assert!(matches!(calls[..], [Call::DeclareLost(id, 0), Call::Prove { .. }] if id == lost), "{calls:?}");
	let state = |id: u64| rig.chain.read(|state| state.agreements[&id].columns[0].state);
	assert_eq!((state(lost), state(kept)), (ColumnState::Lost, ColumnState::Held));
	assert_eq!(rig.chain.read(|state| state.proven(&rig.account()).len()), 1);
}

#[tokio::test]
async fn a_disk_that_is_not_mounted_is_not_admitted_as_lost_at_once() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let roots: Vec<_> = (1..9).map(|seed| rig.take_on(seed, 50, 50).1).collect();
	rig.blocks(1).await;
	rig.until_challenged().await;
	let aside = rig.dir.path().join("aside");
	std::fs::create_dir(&aside).unwrap();
	let files: Vec<_> = roots.iter().map(|root| (rig.file(root), aside.join(hex::encode(root)))).collect();
	for (path, away) in &files {
		std::fs::rename(path, away).unwrap();
	}
	// A whole period is missed before anything is given up.
	let mut prove = SubmitProofs::new(rig.shared.clone());
	for _ in 0..7 {
		prove.work().await.unwrap();
		rig.send().await;
		rig.blocks(1).await;
	}
	assert_eq!(rig.chain.submissions(), vec![]);
	for (path, away) in &files {
		std::fs::rename(away, path).unwrap();
	}
	rig.until_challenged().await;
	prove.work().await.unwrap();
	rig.send().await;
	assert!(matches!(rig.chain.executed()[..], [Call::Prove { .. }]));
}

#[tokio::test]
async fn a_disk_that_stays_away_is_admitted_before_a_second_period_is_missed() {
	// One admission a block: a window like that of production.
	let chain = SimulatedChain::new(ProofParams { period_blocks: 60, window_blocks: 30, challenges: 8 });
	let mut rig = Rig::on(chain, "//Provider//0").await;
	rig.follow().await;
	let columns: Vec<_> = (1..9).map(|seed| rig.take_on(seed, 50, 50)).collect();
	rig.blocks(1).await;
	for (_, root) in &columns {
		std::fs::remove_file(rig.file(root)).unwrap();
	}
	let mut prove = SubmitProofs::new(rig.shared.clone());
	for _ in 0..300 {
		prove.work().await.unwrap();
		rig.send().await;
		rig.blocks(1).await;
		let duty = rig.chain.duty(rig.account()).await.unwrap().unwrap();
		if duty.overdue {
			let report = Call::ReportMissed { provider: rig.account(), period: duty.first_unresolved };
			let _ = tokio::join!(rig.chain.submit(&rig.signer, report, Certainty::Included), async {
				rig.chain.produce(1)
			});
		}
	}
	let declared = rig.chain.executed().iter().filter(|call| matches!(call, Call::DeclareLost(..))).count();
	assert!(declared >= 3, "{declared} declared");
	// Nothing is left that could be shown. That is not paid, but costs no stake either.
	let (mut missed, mut stale) = (0, 0);
	let best = rig.chain.heads().borrow().best;
	for block in 0..=best {
		for event in rig.chain.events(block).await.unwrap() {
			missed += usize::from(matches!(event, Event::Missed { .. }));
			stale += usize::from(matches!(event, Event::Stale { .. }));
		}
	}
	assert!(missed == 1 && stale >= 1, "{missed} missed, {stale} stale");
}

/// How many transactions to advance a provider were made.
fn advances(rig: &Rig) -> usize {
	rig.chain.executed().iter().filter(|call| matches!(call, Call::Advance { .. })).count()
}

#[tokio::test]
async fn a_provider_that_was_away_for_long_gets_past_what_it_missed_and_proves_again() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	rig.take_on(1, 20, 500);
	// GIVEN that nobody is there for many periods, and the chain forgets most of them
	rig.chain.decree(|state, _| state.seed_ring = 24);
	rig.blocks(12 * 18).await;
	let duty = rig.chain.duty(rig.account()).await.unwrap().unwrap();
	assert!(duty.behind && duty.challenge.is_none(), "{duty:?}");
	// WHEN it comes back
	let mut prove = SubmitProofs::new(rig.shared.clone());
	rig.live(40, &mut [&mut prove]).await;
	// THEN it sends just what it takes, and proves
	let (proven, misses) = rig.chain.read(|state| (state.proven(&rig.account()).len(), state.misses(&rig.account())));
	assert!(proven >= 2 && misses == 0, "{proven} proven, {misses} missed in a row");
	assert_eq!(advances(&rig), 1, "{:?}", rig.chain.executed());
	assert_eq!(rig.chain.doubles(), vec![]);
}

#[tokio::test]
async fn a_loss_waits_until_what_was_missed_before_is_resolved() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (agreement, root) = rig.take_on(1, 20, 500);
	rig.take_on(2, 20, 500);
	rig.chain.decree(|state, _| state.seed_ring = 24);
	rig.blocks(12 * 18).await;
	std::fs::remove_file(rig.file(&root)).unwrap();
	rig.shared.queue.enqueue(Duty::DeclareLost { agreement, column: 0 }, 0).unwrap();
	for _ in 0..6 {
		rig.send().await;
		rig.blocks(1).await;
	}
	let calls = rig.chain.executed();
	assert!(matches!(calls[..], [Call::Advance { .. }, .., Call::DeclareLost(..)]), "{calls:?}");
	assert_eq!(rig.chain.submissions().len(), calls.len(), "nothing was refused");
}

#[tokio::test]
async fn a_loss_is_not_sent_into_the_slots_block() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (agreement, root) = rig.take_on(1, 20, 500);
	rig.take_on(2, 600, 500);
	let mut prove = SubmitProofs::new(rig.shared.clone());
	// GIVEN the last block before a slot
	let mut slot = None;
	for _ in 0..100 {
		let duty = rig.chain.duty(rig.account()).await.unwrap().unwrap();
		let best = rig.chain.heads().borrow().best;
		if best + 1 == duty.slot_block {
			slot = Some(duty.slot_block);
			break;
		}
		rig.live(1, &mut [&mut prove]).await;
	}
	let slot = slot.expect("a slot comes every period");
	// WHEN a loss is to be admitted
	std::fs::remove_file(rig.file(&root)).unwrap();
	rig.shared.queue.enqueue(Duty::DeclareLost { agreement, column: 0 }, 0).unwrap();
	rig.live(8, &mut [&mut prove]).await;
	// THEN it is, but not in the slot's block: that would cost the pay of a period that may not ask for it
	let is_loss = |event: &Event| matches!(event, Event::ColumnLost { .. });
	assert!(!rig.chain.events(slot).await.unwrap().iter().any(is_loss));
	let calls = rig.chain.executed();
	assert!(calls.iter().any(|call| matches!(call, Call::DeclareLost(..))), "{calls:?}");
}

#[tokio::test]
async fn a_leaf_is_not_removed_while_its_last_period_lasts() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	// GIVEN an agreement whose last period can be proven while it lasts
	let slot = |period| challenge::slot_block(&rig.account(), period, 12).unwrap();
	let last = (1..).find(|period| slot(*period) % 12 <= 7).unwrap();
	let (agreement, _) = rig.take_on(1, 20, last);
	rig.take_on(2, 20, 500);
	let end = rig.chain.read(|state| state.agreements[&agreement].end);
	assert_eq!(end, last + 1);
	let mut prove = SubmitProofs::new(rig.shared.clone());
	// AND that it is
	let mut duty = rig.chain.duty(rig.account()).await.unwrap().unwrap();
	while duty.first_unresolved < end {
		rig.live(1, &mut [&mut prove]).await;
		duty = rig.chain.duty(rig.account()).await.unwrap().unwrap();
	}
	assert_eq!((duty.first_unresolved, rig.chain.read(|state| state.period())), (end, last));
	// WHEN the leaf is to be removed THEN that is not sent: the client may still extend the agreement
	let head = *rig.chain.heads().borrow();
	let judged = Duty::RemoveLeaf { number: 0 }.judge(&rig.shared.context, &head).await.unwrap();
	assert!(!matches!(judged, Verdict::Send(_)), "{judged:?}");
	// NOR is it thought of before
	let mut end_agreements = EndAgreements::new(rig.shared.clone());
	end_agreements.work().await.unwrap();
	assert!(!rig.shared.queue.contains(&Duty::RemoveLeaf { number: 0 }));
	// WHEN the period is over THEN it goes
	rig.live(20, &mut [&mut prove, &mut end_agreements]).await;
	let removed = rig.chain.executed().iter().filter(|call| matches!(call, Call::RemoveLeaf { .. })).count();
	assert_eq!(removed, 1);
	assert_eq!(rig.chain.submissions().len(), rig.chain.executed().len(), "nothing was refused");
}

#[tokio::test]
async fn losses_that_no_proof_waits_for_do_not_keep_it_waiting() {
	// Fewer blocks than losses.
	let chain = SimulatedChain::new(ProofParams { period_blocks: 60, window_blocks: 16, challenges: 8 });
	let mut rig = Rig::on(chain, "//Provider//0").await;
	rig.follow().await;
	let columns: Vec<_> = (0..40).map(|seed| rig.take_on(seed, 10, 500)).collect();
	rig.blocks(1).await;
	rig.until_challenged().await;
	for (agreement, root) in columns.iter().take(20) {
		std::fs::remove_file(rig.file(root)).unwrap();
		rig.shared.queue.enqueue(Duty::DeclareLost { agreement: *agreement, column: 0 }, 0).unwrap();
	}
	let mut prove = SubmitProofs::new(rig.shared.clone());
	// Each send waits for its block.
	for _ in 0..24 {
		prove.work().await.unwrap();
		rig.send().await;
		rig.blocks(1).await;
	}
	let calls = rig.chain.executed();
	let proven = calls.iter().position(|call| matches!(call, Call::Prove { .. }));
	assert!(proven.is_some_and(|losses| losses <= 8), "{calls:?}");
	assert_eq!(rig.chain.read(|state| state.misses(&rig.account())), 0);
	let declared = calls.iter().filter(|call| matches!(call, Call::DeclareLost(..))).count();
	assert_eq!(declared, 20, "the others follow");
}

/// The store's columns, with a count of full reads.
struct Counting {
	store: crate::store::ColumnStore,
	checks: std::sync::atomic::AtomicUsize,
}

impl Columns for Counting {
	fn proven_chunk(&self, root: &[u8; 32], index: u64) -> Result<ProvenChunk, Trouble> {
		self.store.proven_chunk(root, index)
	}

	fn check(&self, root: &[u8; 32]) -> Result<(), Trouble> {
		self.checks.fetch_add(1, Ordering::Relaxed);
		self.store.check(root)
	}

	fn version(&self, root: &[u8; 32]) -> u64 {
		self.store.version(root)
	}
}

#[tokio::test]
async fn a_damaged_column_is_read_in_full_once() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (lost, root) = rig.take_on(1, 200, 50);
	rig.take_on(2, 200, 50);
	rig.blocks(1).await;
	let path = rig.file(&root);
	let damaged: Vec<u8> = std::fs::read(&path).unwrap().iter().map(|byte| !byte).collect();
	std::fs::write(&path, damaged).unwrap();
	let counting = Arc::new(Counting { store: rig.shared.store.clone(), checks: Default::default() });
	let prover = crate::prover::Prover::new(rig.shared.context.holdings.clone(), counting.clone());
	let context = Context { prover: Arc::new(prover), ..rig.shared.context.clone() };
	let views = rig.shared.views.clone();
	rig.send = SendTransactions::new(rig.shared.queue.clone(), context.clone(), rig.signer.clone(), views);
	rig.until_challenged().await;
	SubmitProofs::new(rig.shared.clone()).work().await.unwrap();
	for _ in 0..3 {
		rig.send().await;
		rig.blocks(1).await;
	}
	let calls = rig.chain.executed();
	assert!(matches!(calls[..], [Call::DeclareLost(id, 0), Call::Prove { .. }] if id == lost), "{calls:?}");
	assert_eq!(counting.checks.load(Ordering::Relaxed), 1);
	// A good copy is noticed.
	let (_, bytes) = crate::test_rig::column(1, 200);
	let mut writer = rig.shared.store.begin_replacement(&root).unwrap();
	writer.write(&bytes).unwrap();
	let held = crate::store::Held { agreement: lost, object: [1; 32] };
	writer.finish(&root, 200, crate::store::Purpose::Held(held)).unwrap();
	assert_eq!(context.prover.check(&root), Ok(()));
}

#[tokio::test]
async fn what_can_wait_leaves_enough_for_proofs() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	rig.take_on(1, 20, 50);
	let sleeper = Rig::on(rig.chain.clone(), "//Provider//1").await;
	sleeper.take_on(2, 20, 500);
	// GIVEN an account with one fee left
	let account = rig.account();
	rig.chain.decree(|state, _| {
		state.overhead.fee = 100;
		state.balances.insert(account, 100);
	});
	let mut report = Duty::Prove { period: 0 };
	for _ in 0..60 {
		rig.blocks(1).await;
		let duty = rig.chain.duty(sleeper.account()).await.unwrap().unwrap();
		report = Duty::ReportMissed { provider: sleeper.account(), period: duty.first_unresolved };
		if duty.reportable {
			break;
		}
		SubmitProofs::new(rig.shared.clone()).work().await.unwrap();
		rig.send().await;
	}
	let reports =
		|rig: &Rig| rig.chain.submissions().iter().filter(|call| matches!(call, Call::ReportMissed { .. })).count();
	// WHEN there is something to report, and a challenge
	rig.shared.queue.enqueue(report.clone(), 0).unwrap();
	rig.until_challenged().await;
	let proven = rig.chain.read(|state| state.proven(&account).len());
	SubmitProofs::new(rig.shared.clone()).work().await.unwrap();
	rig.send().await;
	// THEN the proof is sent and the report waits
	assert_eq!(rig.chain.read(|state| state.proven(&account).len()), proven + 1);
	assert_eq!(reports(&rig), 0);
	let waiting = rig.shared.queue.all();
	assert!(waiting.iter().any(|queued| queued.duty == report && queued.error.is_some()), "{waiting:?}");
	// AND is sent once there is money
	rig.chain.decree(|state, _| state.balances.insert(account, 100_000));
	rig.live(12, &mut []).await;
	assert_eq!(reports(&rig), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn waiting_for_the_disk_keeps_no_other_task_waiting() {
	let ran = Arc::new(std::sync::atomic::AtomicBool::new(false));
	let other = ran.clone();
	tokio::spawn(async move {
		// Spawned on the only worker thread, which then waits for the disk.
		tokio::spawn(async move { other.store(true, Ordering::Relaxed) });
		waiting_for_disk(|| {
			for _ in 0..500 {
				if ran.load(Ordering::Relaxed) {
					return;
				}
				std::thread::sleep(Duration::from_millis(10));
			}
			panic!("the other task did not run");
		});
	})
	.await
	.unwrap();
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

	/// The process dies at random moments while it sends; the node is slow, deaf or loses its pool now and then.
	/// Every duty is done in the end, and nothing was sent that was in the pool or in the chain already.
	#[test]
	fn every_duty_is_done_and_none_twice(
		cuts in prop::collection::vec((0u64..6, 0u8..6), 8..20),
	) {
		let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
		runtime.block_on(async {
			let mut rig = Rig::new("//Provider//0").await;
			rig.follow().await;
			rig.chain.set_mood(|mood| mood.finality_lag = 2);
			let columns: Vec<_> = (0..6).map(|seed| rig.take_on(seed, 3, 500)).collect();
			rig.blocks(1).await;
			for (agreement, root) in &columns {
				std::fs::remove_file(rig.file(root)).unwrap();
				rig.shared.queue.enqueue(Duty::DeclareLost { agreement: *agreement, column: 0 }, 0).unwrap();
			}
			for (cut, mood) in cuts {
				rig.chain.set_mood(|now| {
					now.breaks_on_submit = mood == 1;
					now.full_blocks = mood == 2;
					now.silent = mood == 3;
				});
				let _ = tokio::time::timeout(Duration::from_millis(cut), rig.send()).await;
				if mood == 4 {
					rig.chain.lose_pool();
				}
				rig = rig.crash().await;
				rig.blocks(1).await;
			}
			rig.chain.set_mood(|mood| (mood.breaks_on_submit, mood.full_blocks, mood.silent) = (false, false, false));
			for _ in 0..12 {
				rig.send().await;
				rig.blocks(1).await;
			}
			assert_eq!(stages(&rig), vec![]);
			let lost = rig.chain.read(|state| {
				state.agreements.values().filter(|agreement| agreement.columns[0].state == ColumnState::Lost).count()
			});
			assert_eq!(lost, columns.len());
			assert_eq!(rig.chain.doubles(), vec![]);
		});
	}
}
