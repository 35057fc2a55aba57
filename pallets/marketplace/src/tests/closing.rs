//! Extending, closing, settling.
use crate::{mock::*, Agreements, ByClient, ByObject, ByProvider, Error, Event, Ledgers, Schedule};
use frame::testing_prelude::*;
use peoples_cloud_primitives::{holdings::Leaf, traits::PeriodLedger};

#[test]
fn a_proven_agreement_is_settled_to_the_planck() {
	build_and_execute(|| {
		// GIVEN an agreement of two, one of whom misses two periods
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		go_to(6);
		for _ in 0..2 {
			resolve(&provider(1), false);
		}
		prove_until([1, 2], 11);
		// WHEN it is settled
		assert_ok!(settle(id));
		// THEN each has earned its proven periods, the rest and the deposit are back, and nothing remains
		assert_eq!((earned(&provider(1)), earned(&provider(2))), (80, 100));
		assert_eq!(free(&alice()), WEALTH - 180);
		assert_eq!(Deposits::get()[&alice()], 0);
		assert!(Committed::get().values().all(|chunks| *chunks == 0));
		System::assert_last_event(Event::AgreementEnded { agreement: id, earned: 180, refunded: 20 }.into());
		assert_eq!(Market::agreement(id), None);
		assert_eq!(Agreements::<Test>::iter().count(), 0);
		assert_eq!(ByClient::<Test>::iter().count() + ByObject::<Test>::iter().count(), 0);
		assert_eq!(ByProvider::<Test>::iter().count() + Schedule::<Test>::iter().count(), 0);
		assert!(Ledgers::<Test>::iter_values().all(|ledger| ledger.rate == 0 && ledger.pending == 0));
		assert_noop!(settle(id), Error::<Test>::UnknownAgreement);
	});
}

#[test]
fn a_settlement_before_the_end_is_refused() {
	build_and_execute(|| {
		let id = open(1, [1, 2]);
		prove_until([1, 2], 10);
		assert_noop!(settle(id), Error::<Test>::NotYetEnded);
	});
}

#[test]
fn a_settlement_waits_for_the_last_proof() {
	build_and_execute(|| {
		// GIVEN two providers, one of whom has proven its last paid period while that lasts
		let id = open(1, [1, 2]);
		prove_until([1, 2], 10);
		resolve(&provider(1), true);
		// WHEN the other has not THEN there is no settlement yet
		assert_noop!(settle(id), Error::<Test>::NotYetEnded);
		// WHEN it has THEN there is, before the period is over
		resolve(&provider(2), true);
		assert_ok!(settle(id));
		assert_eq!(free(&alice()), WEALTH - 200);
		// AND the last period is not paid twice
		prove_until([1, 2], 12);
		assert_eq!(earned(&provider(1)), 100);
	});
}

#[test]
fn a_settlement_moves_lagging_cursors() {
	build_and_execute(|| {
		// GIVEN a provider that misses its last three periods, and nobody says so
		let id = open(1, [1, 2]);
		prove_until([1, 2], 8);
		prove_until([1], 11);
		// WHEN the agreement is settled
		let info = settle(id).unwrap();
		// THEN they are resolved as missed on the way, and the weight is of one laggard
		assert_eq!(cursor(&provider(2)), 11);
		assert_eq!(free(&alice()), WEALTH - 170);
		let expected = <() as crate::WeightInfo>::settle(2)
			.saturating_add(Weight::from_parts(1_000, 2 * crate::COLUMN_PROOF_BYTES));
		assert_eq!(info.actual_weight, Some(expected));
	});
}

#[test]
fn a_settlement_moves_a_cursor_only_so_far() {
	build_and_execute(|| {
		// GIVEN a provider further behind than one settlement moves it
		let id = open(1, [1]);
		prove_until([1], 5);
		go_to(11);
		// WHEN it is settled THEN it is refused
		assert_noop!(settle(id), Error::<Test>::NotYetEnded);
		// WHEN the cursor has been moved on THEN it is not
		resolve(&provider(1), false);
		resolve(&provider(1), false);
		assert_ok!(settle(id));
		assert_eq!(free(&alice()), WEALTH - 40);
	});
}

#[test]
fn closing_ends_with_the_next_period_and_refunds_the_rest() {
	build_and_execute(|| {
		// GIVEN a running agreement
		let id = open(1, [1, 2]);
		prove_until([1, 2], 5);
		// WHEN Alice closes it
		assert_ok!(close(id));
		// THEN this period is its last, and what lies beyond is hers at once
		assert_eq!(agreement(id).end, 6);
		assert_eq!(free(&alice()), WEALTH - 2 * 5 * 10);
		System::assert_last_event(Event::Closing { agreement: id, end: 6, refunded: 100 }.into());
		check();
		// AND later periods are not paid
		prove_until([1, 2], 8);
		assert_ok!(settle(id));
		assert_eq!((earned(&provider(1)), free(&alice())), (50, WEALTH - 100));
	});
}

#[test]
fn closing_before_the_start_pays_the_minimum_term() {
	build_and_execute(|| {
		// GIVEN an agreement opened in this very period
		let id = open(1, [1]);
		// WHEN it is closed
		assert_ok!(close(id));
		// THEN the minimum term remains
		let column = &agreement(id).columns[0];
		assert_eq!((column.start, column.end), (1, 1 + PARAMS.min_term));
		assert_eq!(free(&alice()), WEALTH - 20);
		prove_until([1], 3);
		assert_ok!(settle(id));
		assert_eq!(earned(&provider(1)), 20);
	});
}

#[test]
fn closing_within_the_minimum_term_pays_it() {
	build_and_execute(|| {
		let id = open(1, [1]);
		prove_until([1], 1);
		assert_ok!(close(id));
		assert_eq!(agreement(id).end, 1 + PARAMS.min_term);
	});
}

#[test]
fn a_term_below_the_minimum_is_not_cut() {
	build_and_execute(|| {
		// GIVEN an agreement of one period
		let terms = peoples_cloud_primitives::terms::AcknowledgementV1 { duration: 1, ..terms(1, 1) };
		let id = open_with(vec![sign(terms)]).unwrap();
		// WHEN it is closed THEN nothing is refunded, and it ends as agreed
		assert_ok!(close(id));
		System::assert_last_event(Event::Closing { agreement: id, end: 2, refunded: 0 }.into());
	});
}

#[test]
fn closing_in_the_last_period_refunds_nothing() {
	build_and_execute(|| {
		// GIVEN the last paid period, proven already
		let id = open(1, [1]);
		prove_until([1], 10);
		resolve(&provider(1), true);
		// WHEN it is closed THEN nothing is cut
		assert_ok!(close(id));
		System::assert_last_event(Event::Closing { agreement: id, end: 11, refunded: 0 }.into());
		assert_ok!(settle(id));
	});
}

#[test]
fn only_the_client_closes_and_only_once() {
	build_and_execute(|| {
		let id = open(1, [1]);
		assert_noop!(Market::close(RuntimeOrigin::signed(bob()), id), Error::<Test>::NotClient);
		assert_noop!(close(id + 1), Error::<Test>::UnknownAgreement);
		assert_ok!(close(id));
		assert_noop!(close(id), Error::<Test>::AgreementClosing);
	});
}

#[test]
fn what_is_over_is_neither_closed_nor_extended() {
	build_and_execute(|| {
		let id = open(1, [1]);
		prove_until([1], 11);
		assert_noop!(close(id), Error::<Test>::AgreementOver);
		assert_noop!(extend(id, 1), Error::<Test>::AgreementOver);
	});
}

#[test]
fn closing_where_the_cursor_is_ahead_takes_effect_at_once() {
	build_and_execute(|| {
		// GIVEN a provider that has proven the current period: its cursor is where the agreement will end
		let id = open(1, [1]);
		prove_until([1], 5);
		resolve(&provider(1), true);
		// WHEN it is closed
		assert_ok!(close(id));
		// THEN it can be settled at once, and the next period is unpaid
		assert_ok!(settle(id));
		prove_until([1], 8);
		assert_eq!((earned(&provider(1)), free(&alice())), (50, WEALTH - 50));
	});
}

#[test]
fn extending_locks_more_and_moves_the_end() {
	build_and_execute(|| {
		// GIVEN a running agreement
		let id = open(1, [1, 2]);
		prove_until([1, 2], 5);
		// WHEN it is extended
		assert_ok!(extend(id, 4));
		// THEN the price of the added periods is locked
		assert_eq!(agreement(id).end, 15);
		assert_eq!(free(&alice()), WEALTH - 2 * 14 * 10);
		System::assert_last_event(Event::Extended { agreement: id, end: 15, price: 80 }.into());
		check();
		// AND it is paid to the new end
		prove_until([1, 2], 20);
		assert_ok!(settle(id));
		assert_eq!(earned(&provider(1)), 140);
	});
}

#[test]
fn extending_in_the_last_period_loses_no_pay() {
	build_and_execute(|| {
		// GIVEN the last period, which one provider has proven: the end has passed its cursor
		let id = open(1, [1, 2]);
		prove_until([1, 2], 10);
		resolve(&provider(1), true);
		// THEN its column is owed as of the period that lasts, for that must stay in its holdings
		let leaf = Leaf { agreement: id, root: [1; 32], chunks: 4 };
		assert_eq!((current(), cursor(&provider(1))), (10, 11));
		assert!(!Market::is_released(&provider(1), &leaf, 10));
		// WHEN it is extended
		assert_ok!(extend(id, 2));
		check();
		assert!(!Market::is_released(&provider(1), &leaf, 12));
		// THEN both are paid for all periods
		prove_until([1, 2], 13);
		assert_ok!(settle(id));
		assert_eq!((earned(&provider(1)), earned(&provider(2))), (120, 120));
	});
}

#[test]
fn extensions_have_bounds() {
	build_and_execute(|| {
		let id = open(1, [1]);
		prove_until([1], 5);
		assert_noop!(extend(id, 0), Error::<Test>::InvalidDuration);
		// Six periods remain, the current one included.
		assert_noop!(extend(id, PARAMS.max_duration - 5), Error::<Test>::InvalidDuration);
		assert_noop!(extend(id, u32::MAX), Error::<Test>::Overflow);
		let with_at_most = |max| Market::extend(RuntimeOrigin::signed(alice()), id, 4, max);
		assert_noop!(with_at_most(39), Error::<Test>::PriceTooHigh);
		assert_noop!(Market::extend(RuntimeOrigin::signed(bob()), id, 4, WEALTH), Error::<Test>::NotClient);
		assert_ok!(with_at_most(40));
		assert_ok!(close(id));
		assert_noop!(extend(id, 1), Error::<Test>::AgreementClosing);
	});
}

#[test]
fn unwilling_providers_are_not_extended() {
	build_and_execute(|| {
		let id = open(1, [1, 2]);
		Unwilling::mutate(|set| set.insert(provider(2)));
		assert_noop!(extend(id, 1), Error::<Test>::ProviderUnwilling);
	});
}
