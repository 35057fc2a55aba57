//! What clients read.
use crate::{mock::*, ColumnState, CostView};
use frame::testing_prelude::*;
use std::collections::BTreeSet;

#[test]
fn an_agreement_tells_its_money() {
	build_and_execute(|| {
		// GIVEN a running agreement with a lost column
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		assert_ok!(declare_lost(1, id, 0));
		prove_until([2], 6);
		// THEN it tells what is locked and what was earned, now
		assert_eq!(Market::cost(id), Some(CostView { locked: 200, earned: 30 + 50, refunded: 0 }));
		let columns = agreement(id).columns;
		assert_eq!((columns[0].state, columns[1].state), (ColumnState::Lost, ColumnState::Held));
		// AND what was refunded
		assert_ok!(close(id));
		assert_eq!(Market::cost(id), Some(CostView { locked: 90, earned: 80, refunded: 110 }));
		assert_eq!(Market::cost(id + 1), None);
	});
}

#[test]
fn the_deposit_that_is_told_is_the_deposit_that_is_taken() {
	build_and_execute(|| {
		open(1, [1, 2]);
		assert_eq!(u128::from(Deposits::get()[&alice()]), Market::deposit(2));
	});
}

#[test]
fn lists_come_in_pages() {
	build_and_execute(|| {
		// GIVEN seven agreements of one client, object and provider
		let all: BTreeSet<u64> = (1..8).map(|nonce| open(nonce, [1])).collect();
		// WHEN they are read in pages of three THEN each comes once
		let mut seen = vec![];
		let mut from = None;
		loop {
			let page = Market::agreements_of(alice(), from, 3);
			seen.extend(page.iter().map(|agreement| agreement.id));
			if page.len() < 3 {
				break;
			}
			from = seen.last().copied();
		}
		assert_eq!((seen.len(), seen.into_iter().collect::<BTreeSet<_>>()), (7, all.clone()));
		let first = Market::agreements_by_object([7; 32], None, 5);
		let second = Market::agreements_by_object([7; 32], Some(first[4].id), 5);
		assert_eq!(first.iter().chain(&second).map(|agreement| agreement.id).collect::<BTreeSet<_>>(), all);
		let first = Market::columns_of(provider(1), None, 5);
		let second = Market::columns_of(provider(1), Some(first[4].0), 5);
		assert_eq!(first.iter().chain(&second).map(|(id, _)| *id).collect::<BTreeSet<_>>(), all);
		// AND others have none
		assert!(Market::agreements_of(bob(), None, 100).is_empty());
		assert!(Market::columns_of(provider(2), None, 100).is_empty());
		assert!(Market::agreements_by_object([8; 32], None, 100).is_empty());
	});
}

#[test]
fn lost_columns_come_in_pages() {
	build_and_execute(|| {
		let id = open(1, 1..=5);
		for number in 1..=5 {
			assert_ok!(declare_lost(number, id, u16::from(number) - 1));
		}
		let first = Market::lost_columns(None, 3);
		let second = Market::lost_columns(first.last().copied(), 3);
		assert_eq!((first.len(), second.len()), (3, 2));
		let all: BTreeSet<_> = first.into_iter().chain(second).collect();
		assert_eq!(all, (0..5).map(|column| (id, column)).collect());
	});
}
