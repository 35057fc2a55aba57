//! Rates, milestones, and counting proven periods.
use crate::{mock::*, Ledgers, Milestone, Schedule};
use frame::testing_prelude::*;
use peoples_cloud_primitives::{holdings::Leaf, terms::AcknowledgementV1, traits::PeriodLedger};

fn ledger(number: u8) -> crate::Ledger {
	Ledgers::<Test>::get(provider(number)).unwrap()
}

#[test]
fn a_period_pays_the_sum_of_what_runs_in_it() {
	build_and_execute(|| {
		// GIVEN agreements that start one after the other
		for nonce in 1..=3 {
			prove_until([1].into_iter().filter(|_| nonce > 1), u32::from(nonce));
			let terms = AcknowledgementV1 { rate: u128::from(nonce), duration: 4, ..terms(nonce, 1) };
			open_with(vec![sign(terms)]).unwrap();
		}
		// THEN each period pays those that have started and not ended
		let mut paid = vec![];
		for period in 3..9 {
			prove_until([1], period);
			let before = earned(&provider(1));
			resolve(&provider(1), true);
			paid.push(earned(&provider(1)) - before);
		}
		// They run from 2 to 5, from 3 to 6, and from 4 to 7.
		assert_eq!(paid, vec![1 + 2, 1 + 2 + 3, 1 + 2 + 3, 2 + 3, 3, 0]);
		assert!(Market::is_idle(&provider(1)));
	});
}

#[test]
fn a_missed_period_pays_nothing() {
	build_and_execute(|| {
		open(1, [1]);
		go_to(2);
		resolve(&provider(1), false);
		resolve(&provider(1), false);
		resolve(&provider(1), true);
		assert_eq!(earned(&provider(1)), 10);
		assert_eq!((ledger(1).next, ledger(1).proven), (3, 1));
	});
}

#[test]
fn the_period_of_the_opening_is_unpaid() {
	build_and_execute(|| {
		open(1, [1]);
		assert_eq!(cursor(&provider(1)), 0);
		resolve(&provider(1), true);
		assert_eq!(earned(&provider(1)), 0);
		assert_eq!(ledger(1).rate, 10);
	});
}

#[test]
fn columns_share_milestones() {
	build_and_execute(|| {
		// GIVEN two agreements that start and end together
		let (first, second) = (open(1, [1]), open(2, [1]));
		assert_eq!(Schedule::<Test>::iter().count(), 2);
		assert_eq!(Schedule::<Test>::get(provider(1), 1), Some(Milestone::Pending { add: 20, sub: 0, refs: 2 }));
		prove_until([1], 11);
		assert_eq!(Schedule::<Test>::get(provider(1), 11), Some(Milestone::Passed { proven_before: 11, refs: 2 }));
		// WHEN one is settled THEN the milestones remain for the other
		assert_ok!(settle(first));
		assert_eq!(Schedule::<Test>::iter().count(), 2);
		check();
		assert_ok!(settle(second));
		assert_eq!(Schedule::<Test>::iter().count(), 0);
	});
}

#[test]
fn one_agreements_end_may_be_anothers_start() {
	build_and_execute(|| {
		// GIVEN an agreement that starts where another ends
		let first = open(1, [1]);
		prove_until([1], 10);
		let second = open(2, [1]);
		assert_eq!(Schedule::<Test>::get(provider(1), 11), Some(Milestone::Pending { add: 10, sub: 10, refs: 2 }));
		// THEN each earns its own
		prove_until([1], 12);
		assert_eq!(Market::cost(first).unwrap().earned, 100);
		assert_eq!(Market::cost(second).unwrap().earned, 10);
		assert_ok!(settle(first));
		prove_until([1], 21);
		assert_ok!(settle(second));
		assert_eq!(earned(&provider(1)), 200);
	});
}

#[test]
fn an_idle_ledger_follows_the_clock() {
	build_and_execute(|| {
		// GIVEN a provider whose agreement ended long ago
		let id = open(1, [1]);
		prove_until([1], 11);
		assert!(Market::is_idle(&provider(1)));
		go_to(30);
		// WHEN it takes on another one
		let next = open(2, [1]);
		// THEN its ledger stands where the clock does, and the first is settled as it was
		assert_eq!(ledger(1).next, 30);
		assert_ok!(settle(id));
		assert_eq!(earned(&provider(1)), 100);
		prove_until([1], 41);
		assert_ok!(settle(next));
		assert_eq!(earned(&provider(1)), 200);
	});
}

#[test]
fn what_is_owed_is_by_agreement_root_and_time() {
	build_and_execute(|| {
		let id = open(1, [1]);
		let leaf = Leaf { agreement: id, root: [1; 32], chunks: 4 };
		// Owed before its start and until its end.
		assert!(!Market::is_released(&provider(1), &leaf, 0));
		assert!(!Market::is_released(&provider(1), &leaf, 10));
		assert!(Market::is_released(&provider(1), &leaf, 11));
		// Not by others, nor of other agreements.
		assert!(Market::is_released(&provider(2), &leaf, 5));
		assert!(Market::is_released(&provider(1), &Leaf { agreement: id + 1, ..leaf }, 5));
		// Settled agreements are released for good.
		prove_until([1], 11);
		assert_ok!(settle(id));
		assert!(Market::is_released(&provider(1), &leaf, 11));
	});
}

#[test]
fn a_provider_without_a_ledger_is_idle() {
	build_and_execute(|| {
		assert!(Market::is_idle(&provider(1)));
		Market::on_period_resolved(&provider(1), 3, true);
		Market::on_terminated(&provider(1), 4);
		assert_eq!(Ledgers::<Test>::iter().count(), 0);
	});
}
