//! Proofs, good and bad.
use crate::{mock::*, ChallengeView, Duties, Error, Event};
use frame::testing_prelude::*;
use peoples_cloud_primitives::{
	storage_proof::{Content, StorageProof},
	traits::Holdings,
};

/// Alice with columns and an open challenge, for the period at her cursor.
fn challenged() -> (Holder, u32) {
	let holder = Holder::with_columns();
	let period = cursor(&alice());
	run_to(slot(&alice(), period) + 1);
	(holder, period)
}

#[test]
fn a_valid_proof_resolves_the_period_for_free() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let (holder, period) = challenged();
		// WHEN it is answered, by whoever signs
		let paid = holder.prove().unwrap();
		// THEN it costs nothing, the market and reputation hear of it, and the cursor moves on
		assert_eq!(paid.pays_fee, Pays::No);
		System::assert_last_event(Event::Proven { provider: alice(), period }.into());
		assert_eq!(Resolved::get(), vec![(alice(), period, true)]);
		assert_eq!(Evidence::get(), (1, 0));
		assert_eq!(cursor(&alice()), period + 1);
		assert_eq!(Duties::<Test>::get(alice()).unwrap().proven, 1);
	});
}

#[test]
fn a_period_is_proven_once() {
	build_and_execute(|| {
		// GIVEN a proven period
		let (holder, period) = challenged();
		let proof = holder.proof();
		assert_ok!(prove(&alice(), period, proof.clone()));
		// WHEN the proof is sent again THEN it is refused
		assert_noop!(prove(&alice(), period, proof), Error::<Test>::NotFirstUnresolved);
	});
}

#[test]
fn an_account_without_holdings_has_no_duty() {
	build_and_execute(|| {
		assert_noop!(prove(&alice(), 0, StorageProof::V1(vec![])), Error::<Test>::NoDuty);
		assert_noop!(report(&alice(), 0), Error::<Test>::NoDuty);
		assert_noop!(advance(&alice()), Error::<Test>::NoDuty);
		assert_eq!(StorageProofs::duty(alice()), None);
	});
}

#[test]
fn a_proof_needs_a_signature() {
	build_and_execute(|| {
		let (holder, period) = challenged();
		let proof = Box::new(holder.proof());
		assert_noop!(StorageProofs::prove(RuntimeOrigin::none(), alice(), period, proof), BadOrigin);
	});
}

#[test]
fn a_missing_answer_fails() {
	build_and_execute(|| {
		let (holder, period) = challenged();
		let mut answers = holder.answers(&holder.challenge().unwrap());
		answers.pop();
		assert_noop!(prove(&alice(), period, StorageProof::V1(answers)), Error::<Test>::WrongCount);
	});
}

#[test]
fn answers_in_another_order_fail() {
	build_and_execute(|| {
		let (holder, period) = challenged();
		let mut answers = holder.answers(&holder.challenge().unwrap());
		let turned = answers.iter().position(|answer| *answer != answers[0]).unwrap();
		answers.swap(0, turned);
		// Whether the two are of one leaf decides which error it is.
		assert!(prove(&alice(), period, StorageProof::V1(answers)).is_err());
	});
}

#[test]
fn another_leaf_fails() {
	build_and_execute(|| {
		let (holder, period) = challenged();
		let mut answers = holder.answers(&holder.challenge().unwrap());
		answers[0].leaf.chunks += 1;
		assert_noop!(prove(&alice(), period, StorageProof::V1(answers)), Error::<Test>::WrongLeaf);
	});
}

#[test]
fn a_broken_chunk_fails() {
	build_and_execute(|| {
		let (holder, period) = challenged();
		let mut answers = holder.answers(&holder.challenge().unwrap());
		let Content::Chunk { bytes, .. } = &mut answers[0].content else { panic!("honest answers are chunks") };
		bytes[1023] ^= 1;
		assert_noop!(prove(&alice(), period, StorageProof::V1(answers)), Error::<Test>::WrongChunk);
	});
}

#[test]
fn a_release_must_have_happened() {
	build_and_execute(|| {
		// GIVEN a proof that claims a release
		let (holder, period) = challenged();
		let mut answers = holder.answers(&holder.challenge().unwrap());
		answers[0].content = Content::Released;
		let released = answers[0].leaf.agreement;
		for answer in &mut answers {
			if answer.leaf.agreement == released {
				answer.content = Content::Released;
			}
		}
		let proof = StorageProof::V1(answers);
		// WHEN the column is owed THEN it fails
		assert_noop!(prove(&alice(), period, proof.clone()), Error::<Test>::NotReleased);
		// WHEN it is not THEN it passes
		Released::mutate(|set| set.insert(released));
		assert_ok!(prove(&alice(), period, proof));
	});
}

/// Alice with a column of one chunk that she owes and a long one that she does not, and its challenge, which asks for
/// chunks of the long one alone.
fn with_much_released() -> (Holder, u32, ChallengeView) {
	let mut holder = Holder::new(alice());
	holder.take_on(1).unwrap();
	holder.take_on(10_000).unwrap();
	Released::mutate(|set| set.insert(1));
	loop {
		let period = cursor(&alice());
		run_to(slot(&alice(), period) + 1);
		let challenge = holder.challenge().unwrap();
		if holder.answers(&challenge).iter().all(|answer| answer.number == 1) {
			return (holder, period, challenge);
		}
		assert_ok!(holder.prove());
	}
}

#[test]
fn released_leaves_cannot_hide_the_rest() {
	build_and_execute(|| {
		// GIVEN holdings that are for the most part not owed any more
		let (holder, period, challenge) = with_much_released();
		Resolved::set(vec![]);
		Evidence::set((0, 0));
		// WHEN a challenge is answered without showing anything
		let info = prove(&alice(), period, StorageProof::V1(holder.answers_without(&challenge, &[1]))).unwrap();
		// THEN the period is resolved at no fee, unpaid and without a slash
		System::assert_last_event(Event::Stale { provider: alice(), period, released: PARAMS.challenges }.into());
		assert_eq!(info.pays_fee, Pays::No);
		assert_eq!(Resolved::get(), vec![(alice(), period, false)]);
		assert_eq!((Slashes::get(), Evidence::get()), (vec![], (0, 0)));
		// AND counts as one that was not proven
		let duty = Duties::<Test>::get(alice()).unwrap();
		assert_eq!((duty.first_unresolved, duty.misses_in_row), (period + 1, 1));
	});
}

#[test]
fn released_leaves_that_are_shown_are_proven() {
	build_and_execute(|| {
		// GIVEN holdings that are for the most part not owed any more
		let (holder, period, challenge) = with_much_released();
		Resolved::set(vec![]);
		// WHEN the bytes are shown all the same THEN the period is paid
		assert_ok!(prove(&alice(), period, StorageProof::V1(holder.answers(&challenge))));
		assert_eq!(Resolved::get(), vec![(alice(), period, true)]);
	});
}

#[test]
fn up_to_half_of_a_proof_may_be_released() {
	build_and_execute(|| {
		// GIVEN a challenge of four chunks, all of a column that is not owed
		let (holder, period, challenge) = with_much_released();
		let answers = |count: usize| {
			let mut answers = holder.answers(&challenge);
			for answer in answers.iter_mut().take(count) {
				answer.content = Content::Released;
			}
			StorageProof::V1(answers)
		};
		// WHEN two are shown THEN it is proven
		hypothetically!({
			assert_ok!(prove(&alice(), period, answers(2)));
			assert_eq!(Resolved::get().last(), Some(&(alice(), period, true)));
		});
		// WHEN one is THEN it is stale
		assert_ok!(prove(&alice(), period, answers(3)));
		assert_eq!(Resolved::get().last(), Some(&(alice(), period, false)));
	});
}

#[test]
fn stale_periods_in_a_row_suspend_and_terminate_without_a_slash() {
	build_and_execute(|| {
		// GIVEN a provider that shows nothing of what makes up its holdings
		let (holder, first, _) = with_much_released();
		let mut stale = 0;
		for period in first.. {
			run_to(slot(&alice(), period) + 1);
			let challenge = holder.challenge().unwrap();
			assert_ok!(prove(&alice(), period, StorageProof::V1(holder.answers_without(&challenge, &[1]))));
			stale += 1;
			assert_eq!(Suspended::get().contains(&alice()), stale >= PARAMS.suspend_after);
			if stale == PARAMS.terminate_after {
				break;
			}
		}
		// THEN it is out, with all of its stake
		assert!(Terminated::get().contains(&alice()));
		assert_eq!(Ended::get(), vec![(alice(), cursor(&alice()))]);
		assert!(Slashes::get().is_empty());
	});
}

#[test]
fn columns_taken_on_in_the_slots_block_are_not_challenged() {
	build_and_execute(|| {
		// GIVEN a column taken on in the very block of the slot
		let mut holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period));
		let before = StorageProofs::duty(alice()).unwrap().holdings;
		holder.take_on(50).unwrap();
		// WHEN the challenge opens THEN it is about the holdings from before
		next_block();
		assert_eq!(holder.challenge().unwrap().holdings, before);
		assert_eq!(StorageProofs::commitment_at(alice(), period), Some(before));
		assert_ok!(holder.prove());
	});
}

#[test]
fn columns_taken_on_before_the_slot_are_challenged() {
	build_and_execute(|| {
		// GIVEN a column taken on in the block before the slot
		let mut holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period) - 1);
		holder.take_on(50).unwrap();
		// WHEN the challenge opens THEN it is about all holdings
		run_to(slot(&alice(), period) + 1);
		assert_eq!(holder.challenge().unwrap().holdings, StorageProofs::duty(alice()).unwrap().holdings);
		assert_ok!(holder.prove());
	});
}

#[test]
fn columns_taken_on_in_the_window_do_not_disturb() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let (mut holder, period) = challenged();
		let challenge = holder.challenge().unwrap();
		// WHEN columns are taken on in the window
		holder.take_on(5).unwrap();
		next_block();
		holder.take_on(2).unwrap();
		// THEN the challenge is the same, and so is its proof
		assert_eq!(holder.challenge().unwrap().holdings, challenge.holdings);
		assert_ok!(prove(&alice(), period, StorageProof::V1(holder.answers(&challenge))));
		// AND the next period's is about all holdings
		run_to(slot(&alice(), period + 1) + 1);
		assert_eq!(holder.challenge().unwrap().holdings.leaves(), 5);
		assert_ok!(holder.prove());
	});
}

#[test]
fn windows_may_overlap_when_blocks_are_full() {
	build_and_execute(|| {
		// GIVEN full blocks over the slots of three periods, and a column taken on between each two
		let (mut holder, period) = challenged();
		for at in [period + 1, period + 2] {
			holder.take_on(3).unwrap();
			while System::block_number() <= slot(&alice(), at) {
				next_block_after_a_full_one();
			}
		}
		// WHEN the later ones are to be proven first THEN they are refused
		assert_eq!(holder.challenge().unwrap().period, period);
		let later = StorageProof::V1(vec![]);
		assert_noop!(prove(&alice(), period + 1, later), Error::<Test>::NotFirstUnresolved);
		// WHEN they are proven in order THEN each is about its own holdings
		for (at, leaves) in [(period, 3), (period + 1, 4), (period + 2, 5)] {
			let challenge = holder.challenge().unwrap();
			assert_eq!((challenge.period, challenge.holdings.leaves()), (at, leaves));
			assert_ok!(holder.prove());
			StorageProofs::do_try_state().unwrap();
		}
		assert_eq!(Resolved::get().len(), 3);
	});
}

#[test]
fn missed_periods_are_resolved_on_the_way() {
	build_and_execute(|| {
		// GIVEN a missed period and an open one
		let (holder, period) = challenged();
		run_to(slot(&alice(), period + 1) + 1);
		// WHEN the open one is proven
		assert_eq!(holder.challenge().unwrap().period, period + 1);
		assert_ok!(holder.prove());
		// THEN the missed one is resolved before it, without a reporter
		assert_eq!(Resolved::get(), vec![(alice(), period, false), (alice(), period + 1, true)]);
		assert_eq!(Slashes::get(), vec![(alice(), STAKE / 100, vec![])]);
	});
}

#[test]
fn an_idle_provider_is_not_challenged() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let (holder, period) = challenged();
		let proof = holder.proof();
		// WHEN the provider owes nothing any more
		Owing::set(Default::default());
		// THEN there is nothing to prove or to report
		assert_eq!(holder.challenge(), None);
		assert!(StorageProofs::duty(alice()).unwrap().idle);
		assert_noop!(prove(&alice(), period, proof), Error::<Test>::PeriodExcused);
		run_to(slot(&alice(), period) + PARAMS.window_blocks + 1);
		let view = StorageProofs::duty(alice()).unwrap();
		assert_eq!((view.overdue, view.reportable, view.behind), (false, false, false));
		assert!(!StorageProofs::is_behind(&alice()));
		assert_noop!(report(&alice(), period), Error::<Test>::PeriodExcused);
	});
}
