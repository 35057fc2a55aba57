//! Taking columns on, removing leaves, and starting anew.
use crate::{mock::*, Duties, Error, Event, Snapshots};
use frame::testing_prelude::*;
use peoples_cloud_primitives::{
	challenge,
	holdings::{Leaf, Node},
	traits::{Holdings, PeriodLedger, ProviderRecords},
};

#[test]
fn a_first_column_before_the_slot_counts_from_this_period() {
	build_and_execute(|| {
		// GIVEN a block before the provider's slot of the period
		run_to(slot(&alice(), 3) - 1);
		// WHEN it takes its first column on THEN its cursor is at this period
		Holder::new(alice()).take_on(1).unwrap();
		assert_eq!(cursor(&alice()), 3);
	});
}

#[test]
fn a_first_column_from_the_slot_on_counts_from_the_next_period() {
	build_and_execute(|| {
		// GIVEN the block of the provider's slot
		run_to(slot(&alice(), 3));
		// WHEN it takes its first column on THEN its cursor is at the next period
		Holder::new(alice()).take_on(1).unwrap();
		assert_eq!(cursor(&alice()), 4);
		assert_eq!(Snapshots::<Test>::iter().count(), 0);
	});
}

#[test]
fn appending_tells_number_and_leaf() {
	build_and_execute(|| {
		let mut holder = Holder::new(alice());
		holder.take_on(1).unwrap();
		let number = holder.take_on(2).unwrap();
		let leaf = holder.leaves[1];
		System::assert_last_event(Event::LeafAppended { provider: alice(), number, leaf }.into());
	});
}

#[test]
fn more_chunks_than_can_be_counted_are_refused() {
	build_and_execute(|| {
		let leaf = Leaf { agreement: 0, root: [1; 32], chunks: u64::MAX };
		assert_ok!(StorageProofs::append(&alice(), &leaf));
		assert_noop!(StorageProofs::append(&alice(), &leaf), Error::<Test>::HoldingsFull);
	});
}

#[test]
fn an_idle_provider_starts_anew() {
	build_and_execute(|| {
		// GIVEN a provider that was suspended, and then owed nothing for long
		let mut holder = Holder::with_columns();
		let period = cursor(&alice());
		for missed in [period, period + 1] {
			run_to(slot(&alice(), missed) + PARAMS.window_blocks + 1);
			assert_ok!(report(&alice(), missed));
		}
		assert!(Suspended::get().contains(&alice()));
		Owing::set(Default::default());
		run_to(slot(&alice(), 30) + 1);
		// WHEN it takes a column on
		holder.take_on(4).unwrap();
		// THEN the periods in between were left out, and the streak is forgotten
		System::assert_has_event(Event::Rested { provider: alice(), from: period + 2, until: 31 }.into());
		System::assert_has_event(Event::Reinstated { provider: alice() }.into());
		assert_eq!(cursor(&alice()), 31);
		assert_eq!(Resolved::get().len(), 2);
		// AND it proves the next one as ever
		run_to(slot(&alice(), 31) + 1);
		assert_ok!(holder.prove());
	});
}

#[test]
fn an_idle_provider_loses_its_snapshots() {
	build_and_execute(|| {
		// GIVEN an open challenge and a column taken on since
		let mut holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period) + 1);
		holder.take_on(1).unwrap();
		assert_eq!(Snapshots::<Test>::iter().count(), 1);
		// WHEN it owes nothing any more, and is advanced
		Owing::set(Default::default());
		assert_ok!(advance(&alice()));
		// THEN nothing is kept aside
		assert_eq!(Snapshots::<Test>::iter().count(), 0);
		assert_eq!(cursor(&alice()), period + 1);
	});
}

#[test]
fn a_provider_that_left_is_forgotten_and_may_start_anew() {
	build_and_execute(|| {
		// GIVEN a provider that was challenged, took a column on since, and owes nothing any more
		let mut holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period) + 1);
		holder.take_on(1).unwrap();
		Owing::set(Default::default());
		assert_eq!((Duties::<Test>::iter().count(), Snapshots::<Test>::iter().count()), (1, 1));
		// WHEN it is forgotten THEN nothing is left of it
		<StorageProofs as ProviderRecords<_>>::forget(&alice());
		assert_eq!((Duties::<Test>::iter().count(), Snapshots::<Test>::iter().count()), (0, 0));
		assert_noop!(report(&alice(), period), Error::<Test>::NoDuty);
		// WHEN it comes back THEN its leaves are numbered from zero, and the period of the past is no duty again
		let mut holder = Holder::new(alice());
		assert_eq!(holder.take_on(2), Ok(0));
		assert_eq!(cursor(&alice()), period + 1);
		run_to(slot(&alice(), period + 1) + 1);
		assert_ok!(holder.prove());
	});
}

#[test]
fn a_provider_too_far_behind_takes_nothing_on() {
	build_and_execute(|| {
		// GIVEN more unresolved periods than may be open
		let mut holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period + 4));
		// WHEN a column is appended THEN it is refused
		assert_noop!(holder.take_on(1), Error::<Test>::TooFarBehind);
		// WHEN the oldest is resolved THEN it is not
		assert_ok!(report(&alice(), period));
		assert_ok!(holder.take_on(1));
	});
}

#[test]
fn what_a_provider_is_asked_for_is_known_from_the_slots_block_on() {
	build_and_execute(|| {
		let challenged_until = || <StorageProofs as Holdings<AccountId>>::challenged_until(&alice());
		// GIVEN an account that never held anything THEN nothing is asked of it
		assert_eq!(challenged_until(), cursor(&alice()));
		// GIVEN columns
		let holder = Holder::with_columns();
		let period = cursor(&alice());
		// WHEN the slot is ahead THEN no challenge is fixed
		run_to(slot(&alice(), period) - 1);
		assert_eq!(challenged_until(), period);
		// WHEN its block has come THEN one is, until it is resolved
		next_block();
		assert_eq!(challenged_until(), period + 1);
		next_block();
		assert_eq!(challenged_until(), period + 1);
		assert_ok!(holder.prove());
		assert_eq!((challenged_until(), cursor(&alice())), (period + 1, period + 1));
		// WHEN full blocks keep a window open beyond the next slot THEN both are
		run_to(slot(&alice(), period + 1) + 1);
		while System::block_number() <= slot(&alice(), period + 2) {
			next_block_after_a_full_one();
		}
		assert_eq!((challenged_until(), cursor(&alice())), (period + 3, period + 1));
	});
}

#[test]
fn a_provider_is_behind_while_a_period_could_be_resolved() {
	build_and_execute(|| {
		let is_behind = || <StorageProofs as Holdings<AccountId>>::is_behind(&alice());
		assert!(!is_behind());
		Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period) + PARAMS.window_blocks);
		assert!(!is_behind());
		next_block();
		assert!(is_behind());
		assert_ok!(report(&alice(), period));
		assert!(!is_behind());
	});
}

#[test]
fn holdings_advance_stops_where_it_is_told() {
	build_and_execute(|| {
		// GIVEN three missed periods
		Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period + 2) + PARAMS.window_blocks + 1);
		// WHEN it is advanced to the second THEN only the first is resolved
		assert_eq!(<StorageProofs as Holdings<AccountId>>::advance(&alice(), period + 1), period + 1);
		assert_eq!(Resolved::get().len(), 1);
	});
}

/// Alice with columns, of which those of `released` are no longer owed, after a proven period.
fn with_released(released: &[u64]) -> Holder {
	let holder = Holder::with_columns();
	// A period whose slot is not the last block, so that there is a time without a challenge after it.
	let calm = (cursor(&alice())..).find(|period| slot(&alice(), period + 1) > slot(&alice(), *period) + 6).unwrap();
	while cursor(&alice()) <= calm {
		run_to(slot(&alice(), cursor(&alice())) + 1);
		holder.prove().unwrap();
	}
	Released::set(released.iter().copied().collect());
	holder
}

#[test]
fn a_released_leaf_is_removed() {
	build_and_execute(|| {
		// GIVEN a leaf that is no longer owed, and no challenge
		let mut holder = with_released(&[1]);
		// WHEN it is removed
		assert_ok!(holder.remove(1));
		// THEN its chunks are gone, and the next challenge is about the rest
		System::assert_last_event(Event::LeafRemoved { provider: alice(), number: 1 }.into());
		assert_eq!(StorageProofs::duty(alice()).unwrap().holdings.total_chunks(), 11);
		run_to(slot(&alice(), cursor(&alice())) + 1);
		assert_ok!(holder.prove());
		// AND it cannot be removed again
		assert_err!(holder.remove(1), Error::<Test>::WrongPath);
	});
}

#[test]
fn removing_a_leaf_is_free_and_weighs_what_it_does() {
	build_and_execute(|| {
		let holder = with_released(&[1]);
		let remove = |path| {
			let origin = RuntimeOrigin::signed(reporter());
			StorageProofs::remove_leaf(origin, alice(), 1, holder.leaves[1], path)
		};
		// WHEN a removal fails THEN it costs what it was announced with
		let refused = remove(vec![]).unwrap_err().post_info;
		assert_eq!((refused.pays_fee, refused.actual_weight), (Pays::Yes, None));
		// WHEN it succeeds THEN it is free, and no period was resolved on the way
		let path = holder.path(3, 1);
		let weight = <() as crate::WeightInfo>::remove_leaf(path.len() as u32) + Market::is_released_weight();
		let info = remove(path).unwrap();
		assert_eq!((info.pays_fee, info.actual_weight), (Pays::No, Some(weight)));
	});
}

#[test]
fn a_leaf_stays_until_its_last_period_is_over() {
	build_and_execute(|| {
		// GIVEN a provider that has proven the last period of an agreement while it lasts
		let mut holder = with_released(&[]);
		let current = StorageProofs::current_period();
		assert_eq!(cursor(&alice()), current + 1);
		Ends::mutate(|ends| ends.insert(1, current + 1));
		// WHEN it wants to be rid of the leaf THEN that stays: the client may still extend
		assert_noop!(holder.remove(1), Error::<Test>::LeafOwed);
		// WHEN the period is over THEN it goes
		let next = (current + 1) * PARAMS.period_blocks;
		if slot(&alice(), current + 1) <= next {
			run_to(slot(&alice(), current + 1) + 1);
			assert_ok!(holder.prove());
		} else {
			run_to(next);
		}
		assert_ok!(holder.remove(1));
	});
}

#[test]
fn an_owed_leaf_stays() {
	build_and_execute(|| {
		let mut holder = with_released(&[]);
		assert_noop!(holder.remove(1), Error::<Test>::LeafOwed);
	});
}

#[test]
fn leaves_stay_while_a_challenge_is_fixed() {
	build_and_execute(|| {
		// GIVEN a released leaf
		let mut holder = with_released(&[1]);
		// WHEN the slot's block has come THEN it stays until the challenge is resolved
		run_to(slot(&alice(), cursor(&alice())));
		assert_noop!(holder.remove(1), Error::<Test>::ChallengePending);
		next_block();
		assert_noop!(holder.remove(1), Error::<Test>::ChallengePending);
	});
}

#[test]
fn an_idle_providers_leaves_can_always_be_removed() {
	build_and_execute(|| {
		// GIVEN a provider that owes nothing, with an unanswered challenge
		let mut holder = with_released(&[0, 1, 2]);
		run_to(slot(&alice(), cursor(&alice())) + 1);
		Owing::set(Default::default());
		// WHEN its leaves are removed THEN nothing is in the way
		for number in 0..3 {
			assert_ok!(holder.remove(number));
		}
		assert_eq!(StorageProofs::duty(alice()).unwrap().holdings.total_chunks(), 0);
	});
}

#[test]
fn a_wrong_path_removes_nothing() {
	build_and_execute(|| {
		let holder = with_released(&[0, 1]);
		let remove = |number: u64, leaf: u64, path: Vec<Node>| {
			let leaf = holder.leaves[leaf as usize];
			StorageProofs::remove_leaf(RuntimeOrigin::signed(reporter()), alice(), number, leaf, path)
		};
		assert_noop!(remove(0, 0, vec![]), Error::<Test>::WrongPath);
		assert_noop!(remove(0, 1, holder.path(3, 0)), Error::<Test>::WrongPath);
		assert_noop!(remove(3, 0, vec![]), Error::<Test>::UnknownLeaf);
	});
}

#[test]
fn holdings_without_chunks_are_not_challenged() {
	build_and_execute(|| {
		// GIVEN a provider that owes something but has nothing that could be challenged
		assert_ok!(StorageProofs::append(&alice(), &Leaf { agreement: 0, root: [0; 32], chunks: 0 }));
		Owing::mutate(|owing| owing.insert(alice()));
		let period = cursor(&alice());
		// WHEN the slot has come THEN the period is excused
		run_to(slot(&alice(), period) + 1);
		assert_ok!(advance(&alice()));
		System::assert_last_event(Event::Excused { provider: alice(), period }.into());
	});
}

#[test]
fn the_view_is_of_the_next_block() {
	build_and_execute(|| {
		// GIVEN the finalised block of a slot
		let holder = Holder::with_columns();
		let period = cursor(&alice());
		run_to(slot(&alice(), period));
		assert_eq!(holder.challenge(), None);
		StorageProofs::on_finalize(System::block_number());
		// WHEN a client asks for the duty on its state THEN it sees the challenge that it can answer in the next block
		let view = holder.challenge().unwrap();
		assert_eq!((view.period, view.blocks_left), (period, PARAMS.window_blocks));
		let randomness = frame::hashing::blake2_256(&System::block_number().encode());
		assert_eq!(view.seed, challenge::seed(&randomness, &[1; 32]));
	});
}
