//! Misses, streaks, and how cursors move without proofs.
use crate::{mock::*, Duties, Error, Event, Snapshots};
use frame::testing_prelude::*;
use peoples_cloud_primitives::storage_proof::StorageProof;

/// Moves to the first block in which the period is overdue.
fn past_window(period: u32) {
	run_to(slot(&alice(), period) + PARAMS.window_blocks + 1);
}

#[test]
fn an_open_window_cannot_be_reported() {
	build_and_execute(|| {
		// GIVEN a period
		Holder::with_columns();
		let period = cursor(&alice());
		// WHEN its slot is ahead THEN it cannot be reported
		assert_noop!(report(&alice(), period), Error::<Test>::NotChallengedYet);
		// NOR while its window is open
		run_to(slot(&alice(), period) + PARAMS.window_blocks);
		assert_noop!(report(&alice(), period), Error::<Test>::WindowOpen);
	});
}

#[test]
fn a_missed_period_is_slashed_and_the_reporter_rewarded() {
	build_and_execute(|| {
		// GIVEN a missed period
		Holder::with_columns();
		let period = cursor(&alice());
		past_window(period);
		// WHEN someone reports it
		assert_ok!(report(&alice(), period));
		// THEN a part of the stake is slashed, and a part of that is the reporter's
		let slashed = STAKE / 100;
		assert_eq!(Slashes::get(), vec![(alice(), slashed, vec![(reporter(), PARAMS.reporter_share_ppm)])]);
		let event = Event::Missed { provider: alice(), period, reporter: Some(reporter()), slashed };
		System::assert_last_event(event.into());
		assert_eq!(Resolved::get(), vec![(alice(), period, false)]);
		assert_eq!(Evidence::get(), (0, 1));
		// AND it cannot be reported again
		assert_noop!(report(&alice(), period), Error::<Test>::NotFirstUnresolved);
	});
}

#[test]
fn nobody_is_rewarded_for_its_own_miss() {
	build_and_execute(|| {
		// GIVEN a missed period
		Holder::with_columns();
		let period = cursor(&alice());
		past_window(period);
		// WHEN the provider reports it THEN there is a slash without a share
		assert_ok!(StorageProofs::report_missed(RuntimeOrigin::signed(alice()), alice(), period));
		assert_eq!(Slashes::get(), vec![(alice(), STAKE / 100, vec![])]);
	});
}

#[test]
fn excused_periods_are_skipped_by_a_report_but_missed_ones_are_not() {
	build_and_execute(|| {
		// GIVEN an excused period, and two missed ones
		Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period));
		WithSeeds::set(false);
		next_block();
		WithSeeds::set(true);
		past_window(period + 2);
		// WHEN the last is reported first THEN it is refused
		assert_noop!(report(&alice(), period + 2), Error::<Test>::NotFirstUnresolved);
		// WHEN they are reported in order THEN the excused one is skipped
		assert_ok!(report(&alice(), period + 1));
		assert_ok!(report(&alice(), period + 2));
		let resolved: Vec<_> = Resolved::get().into_iter().map(|(_, period, _)| period).collect();
		assert_eq!(resolved, vec![period, period + 1, period + 2]);
		assert_eq!(Slashes::get().len(), 2);
	});
}

#[test]
fn a_streak_suspends_and_a_proof_reinstates() {
	build_and_execute(|| {
		// GIVEN as many misses in a row as suspend
		let holder = Holder::with_columns();
		let period = cursor(&alice());
		past_window(period);
		assert_ok!(report(&alice(), period));
		assert!(Suspended::get().is_empty());
		past_window(period + 1);
		assert_ok!(report(&alice(), period + 1));
		System::assert_last_event(Event::Suspended { provider: alice() }.into());
		assert!(Suspended::get().contains(&alice()));
		// WHEN a period is proven THEN the provider is reinstated
		run_to(slot(&alice(), period + 2) + 1);
		assert_ok!(holder.prove());
		System::assert_last_event(Event::Reinstated { provider: alice() }.into());
		assert!(Suspended::get().is_empty());
		assert_eq!(Duties::<Test>::get(alice()).unwrap().misses_in_row, 0);
	});
}

#[test]
fn a_streak_suspends_even_if_its_length_was_changed_meanwhile() {
	build_and_execute(|| {
		// GIVEN a provider that missed one period less than suspends
		let holder = Holder::with_columns();
		let first = cursor(&alice());
		let set = |suspend_after| {
			let params = crate::ProofParams { suspend_after, ..PARAMS };
			assert_ok!(StorageProofs::set_params(RuntimeOrigin::root(), params));
		};
		set(3);
		for period in first..first + 2 {
			past_window(period);
			assert_ok!(report(&alice(), period));
		}
		assert!(Suspended::get().is_empty());
		// WHEN fewer suspend from now on, and it misses another one
		set(1);
		past_window(first + 2);
		assert_ok!(report(&alice(), first + 2));
		// THEN it is suspended, once
		let suspensions = || {
			let suspended = Event::<Test>::Suspended { provider: alice() }.into();
			System::events().iter().filter(|record| record.event == suspended).count()
		};
		assert!(Suspended::get().contains(&alice()));
		assert_eq!(suspensions(), 1);
		// WHEN more suspend from now on, and it proves THEN it is reinstated
		set(4);
		run_to(slot(&alice(), first + 3) + 1);
		assert_ok!(holder.prove());
		System::assert_last_event(Event::Reinstated { provider: alice() }.into());
		assert!(Suspended::get().is_empty());
		assert_eq!(suspensions(), 1);
	});
}

#[test]
fn a_longer_streak_terminates() {
	build_and_execute(|| {
		// GIVEN one miss less than terminates, and something taken on in an open window
		let mut holder = Holder::with_columns();
		let period = cursor(&alice());
		for missed in period..period + 3 {
			past_window(missed);
			assert_ok!(report(&alice(), missed));
		}
		run_to(slot(&alice(), period + 3) + 1);
		holder.take_on(1).unwrap();
		// WHEN one more is missed
		past_window(period + 3);
		assert_ok!(report(&alice(), period + 3));
		// THEN the provider is out, and the market knows from when on
		System::assert_last_event(Event::Terminated { provider: alice(), first_unpaid: period + 4 }.into());
		assert_eq!(Ended::get(), vec![(alice(), period + 4)]);
		assert!(Terminated::get().contains(&alice()));
		assert_eq!(Snapshots::<Test>::iter().count(), 0);
		// AND nothing moves any more
		run_to(slot(&alice(), period + 4) + 1);
		assert_eq!(holder.challenge(), None);
		let empty = StorageProof::V1(vec![]);
		assert_noop!(prove(&alice(), period + 4, empty), Error::<Test>::ProviderTerminated);
		assert_noop!(report(&alice(), period + 4), Error::<Test>::ProviderTerminated);
		assert_noop!(advance(&alice()), Error::<Test>::ProviderTerminated);
		assert_noop!(holder.take_on(1), Error::<Test>::ProviderTerminated);
		assert_eq!(cursor(&alice()), period + 4);
	});
}

#[test]
fn a_provider_far_behind_is_advanced_in_bounded_steps() {
	build_and_execute(|| {
		// GIVEN a provider that nobody looked at for many periods, long enough that the ring forgot
		Holder::with_columns();
		let period = cursor(&alice());
		run_to(PARAMS.period_blocks * 20);
		// WHEN it wants to prove or someone wants to report THEN it is too far behind, and the view says so
		let view = StorageProofs::duty(alice()).unwrap();
		assert_eq!((view.overdue, view.reportable, view.behind), (true, false, true));
		assert_eq!(view.challenge, None);
		let current = StorageProofs::current_period();
		assert_noop!(prove(&alice(), current, StorageProof::V1(vec![])), Error::<Test>::NotFirstUnresolved);
		// WHEN it is advanced THEN each call resolves so many, first those that are excused
		assert_ok!(advance(&alice()));
		assert_eq!(cursor(&alice()), period + 6);
		assert!(Slashes::get().is_empty());
		assert_ok!(advance(&alice()));
		assert_eq!(cursor(&alice()), period + 12);
		// AND at last those that were missed, until the provider is terminated
		assert_ok!(advance(&alice()));
		assert_eq!(Slashes::get().len(), 4);
		assert!(Terminated::get().contains(&alice()));
		let resolved: Vec<_> = Resolved::get().into_iter().map(|(_, period, _)| period).collect();
		assert_eq!(resolved, (period..cursor(&alice())).collect::<Vec<_>>());
	});
}

#[test]
fn nothing_is_advanced_while_nothing_is_over() {
	build_and_execute(|| {
		Holder::with_columns();
		run_to(slot(&alice(), cursor(&alice())) + 2);
		assert_noop!(advance(&alice()), Error::<Test>::NothingToAdvance);
	});
}
