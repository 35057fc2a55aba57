//! Parameters.
use crate::{mock::*, Error, Event, Params, PreviousParams, ProofParams};
use frame::testing_prelude::*;
use peoples_cloud_primitives::challenge;

fn set(params: ProofParams) -> DispatchResult {
	StorageProofs::set_params(RuntimeOrigin::root(), params)
}

#[test]
fn root_changes_parameters() {
	build_and_execute(|| {
		let params = ProofParams { challenges: 9, ..PARAMS };
		assert_ok!(set(params.clone()));
		assert_eq!(Params::<Test>::get(), params);
		System::assert_last_event(Event::ParamsSet { params }.into());
	});
}

#[test]
fn others_do_not() {
	build_and_execute(|| {
		assert_noop!(StorageProofs::set_params(RuntimeOrigin::signed(alice()), PARAMS), BadOrigin);
	});
}

#[test]
fn a_period_keeps_its_length_while_anybody_counts_in_it() {
	build_and_execute(|| {
		let longer = ProofParams { period_blocks: 21, window_blocks: 6, ..PARAMS };
		// GIVEN rules that were changed a moment ago, and somebody who may have offered something
		assert_ok!(set(ProofParams { challenges: 3, ..PARAMS }));
		Registered::mutate(|registered| registered.insert(alice()));
		assert_noop!(set(longer.clone()), Error::<Test>::PeriodLengthFixed);
		// WHEN nobody is registered THEN an agreement may still be open
		Registered::set(Default::default());
		Owing::mutate(|owing| owing.insert(account(9)));
		assert_noop!(set(longer.clone()), Error::<Test>::PeriodLengthFixed);
		// WHEN nothing is agreed on either THEN it changes, together with the window, and at once
		Owing::set(Default::default());
		assert_ok!(set(longer));
		assert_eq!(PreviousParams::<Test>::get(), None);
		// AND whoever takes something on is challenged by it
		run_to(100);
		let holder = Holder::with_columns();
		let period = cursor(&alice());
		let slot = challenge::slot_block(&alice().into(), period, 21).unwrap();
		assert!((period * 21..(period + 1) * 21).contains(&slot));
		run_to(slot + 1);
		assert_eq!(holder.challenge().unwrap().blocks_left, 6);
		assert_ok!(holder.prove());
	});
}

#[test]
fn parameters_must_fit_together() {
	build_and_execute(|| {
		for period_blocks in [0, 9, 2_049] {
			assert_noop!(set(ProofParams { period_blocks, ..PARAMS }), Error::<Test>::InvalidPeriodLength);
		}
		for period_blocks in [10, 2_048] {
			assert_ok!(set(ProofParams { period_blocks, ..PARAMS }));
		}
		assert_ok!(set(PARAMS));
		for window_blocks in [0, 20, 51] {
			assert_noop!(set(ProofParams { window_blocks, ..PARAMS }), Error::<Test>::InvalidWindow);
		}
		for challenges in [0, 33] {
			assert_noop!(set(ProofParams { challenges, ..PARAMS }), Error::<Test>::InvalidChallenges);
		}
		assert_noop!(set(ProofParams { missed_slash_ppm: 100_001, ..PARAMS }), Error::<Test>::InvalidShare);
		assert_noop!(set(ProofParams { reporter_share_ppm: 500_001, ..PARAMS }), Error::<Test>::InvalidShare);
		assert_noop!(set(ProofParams { suspend_after: 0, ..PARAMS }), Error::<Test>::InvalidStreaks);
		for terminate_after in [1, 10_001] {
			assert_noop!(set(ProofParams { terminate_after, ..PARAMS }), Error::<Test>::InvalidStreaks);
		}
	});
}

#[test]
fn a_shorter_window_holds_for_later_slots() {
	build_and_execute(|| {
		// GIVEN a challenge whose window is half over
		let holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period) + 3);
		// WHEN windows become shorter than that
		assert_ok!(set(ProofParams { window_blocks: 2, ..PARAMS }));
		// THEN this one stays as it was
		assert_eq!(holder.challenge().unwrap().blocks_left, 3);
		assert_noop!(report(&alice(), period), Error::<Test>::WindowOpen);
		next_block();
		assert_noop!(report(&alice(), period), Error::<Test>::WindowOpen);
		assert_ok!(holder.prove());
		// AND the next one is shorter
		run_to(slot(&alice(), period + 1) + 3);
		assert_ok!(report(&alice(), period + 1));
	});
}

#[test]
fn the_view_minds_a_later_challenge_that_closes_first() {
	build_and_execute(|| {
		// GIVEN a challenge that full blocks keep open until the next one
		let holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period) + 1);
		assert_ok!(set(ProofParams { window_blocks: 2, ..PARAMS }));
		while System::block_number() <= slot(&alice(), period + 1) {
			next_block_after_a_full_one();
		}
		// WHEN the later one has less time THEN that is all the time there is for both
		let challenge = holder.challenge().unwrap();
		assert_eq!((challenge.period, challenge.blocks_left), (period, 2));
		next_block();
		assert_eq!(holder.challenge().unwrap().blocks_left, 1);
	});
}

#[test]
fn more_challenges_hold_for_later_slots() {
	build_and_execute(|| {
		// GIVEN a proof that is under way
		let holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period) + 1);
		let proof = holder.proof();
		// WHEN more chunks are to be asked for
		assert_ok!(set(ProofParams { challenges: 9, ..PARAMS }));
		// THEN it is good, and the view says how many a proof needs
		assert_eq!(holder.challenge().unwrap().challenges, PARAMS.challenges);
		assert_ok!(prove(&alice(), period, proof));
		run_to(slot(&alice(), period + 1) + 1);
		assert_eq!(holder.challenge().unwrap().challenges, 9);
		assert_ok!(holder.prove());
	});
}

#[test]
fn challenges_of_the_block_of_the_change_are_judged_as_before() {
	build_and_execute(|| {
		let holder = Holder::with_columns();
		run_to(slot(&alice(), cursor(&alice())));
		assert_ok!(set(ProofParams { challenges: 9, ..PARAMS }));
		next_block();
		assert_eq!(holder.challenge().unwrap().challenges, PARAMS.challenges);
	});
}

#[test]
fn window_and_challenges_change_once_in_a_seed_ring() {
	build_and_execute(|| {
		// GIVEN a change
		assert_ok!(set(ProofParams { challenges: 9, ..PARAMS }));
		// WHEN another one follows while challenges from before the first may be open THEN it is refused
		run_to(System::block_number() + SEED_RING);
		assert_noop!(set(PARAMS), Error::<Test>::ChangedRecently);
		assert_noop!(set(ProofParams { challenges: 9, window_blocks: 6, ..PARAMS }), Error::<Test>::ChangedRecently);
		// BUT what does not judge challenges may change at any time
		assert_ok!(set(ProofParams { challenges: 9, suspend_after: 3, ..PARAMS }));
		// WHEN the ring has forgotten them THEN it is not
		next_block();
		assert_ok!(set(PARAMS));
	});
}

#[test]
#[should_panic(expected = "invalid proof parameters")]
fn genesis_checks_them() {
	let params = ProofParams { challenges: 0, ..PARAMS };
	let _ = crate::GenesisConfig::<Test> { params, ..Default::default() }.build_storage();
}
