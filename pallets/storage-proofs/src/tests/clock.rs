//! Slots, windows, room, and lost randomness.
use crate::{mock::*, Error, Event};
use frame::{deps::frame_system::limits, testing_prelude::*};

#[test]
fn a_challenge_opens_in_the_block_after_the_slot() {
	build_and_execute(|| {
		// GIVEN holdings from before the slot
		let holder = Holder::with_columns();
		let slot = slot(&alice(), 1);
		run_to(slot_after_resolving(&holder, 1));
		// WHEN the slot's block is under way THEN there is no challenge yet
		assert_eq!(System::block_number(), slot);
		assert_eq!(holder.challenge(), None);
		let empty = peoples_cloud_primitives::storage_proof::StorageProof::V1(vec![]);
		assert_noop!(prove(&alice(), 1, empty), Error::<Test>::NotChallengedYet);
		// WHEN the next block begins THEN there is, with the whole window left
		next_block();
		let challenge = holder.challenge().unwrap();
		assert_eq!((challenge.period, challenge.slot_block), (1, slot));
		assert_eq!(challenge.blocks_left, PARAMS.window_blocks);
	});
}

#[test]
fn the_window_closes_after_so_many_blocks() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let holder = Holder::with_columns();
		run_to(slot_after_resolving(&holder, 1) + 1);
		let proof = holder.proof();
		// WHEN the last block of the window begins THEN it may be proven
		run_to(slot(&alice(), 1) + PARAMS.window_blocks);
		assert_eq!(holder.challenge().unwrap().blocks_left, 1);
		hypothetically!({
			assert_ok!(prove(&alice(), 1, proof.clone()));
		});
		// WHEN another block has passed THEN it may not
		next_block();
		assert_eq!(holder.challenge(), None);
		let view = StorageProofs::duty(alice()).unwrap();
		assert_eq!((view.overdue, view.reportable, view.behind), (true, true, false));
		assert_noop!(prove(&alice(), 1, proof), Error::<Test>::WindowClosed);
	});
}

#[test]
fn full_blocks_do_not_count() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let holder = Holder::with_columns();
		run_to(slot_after_resolving(&holder, 1) + 1);
		// WHEN many blocks are full THEN the window stays as it is
		for _ in 0..30 {
			next_block_after_a_full_one();
		}
		assert_eq!(holder.challenge().unwrap().blocks_left, PARAMS.window_blocks);
		assert_noop!(report(&alice(), 1), Error::<Test>::WindowOpen);
		// AND it may still be proven
		assert_ok!(holder.prove());
	});
}

#[test]
fn blocks_full_by_length_do_not_count() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let holder = Holder::with_columns();
		run_to(slot_after_resolving(&holder, 1) + 1);
		// WHEN a block is filled with bytes that weigh nothing
		let limits: limits::BlockLength = <Test as frame_system::Config>::BlockLength::get();
		let most = *limits.max.get(DispatchClass::Normal);
		System::set_block_consumed_resources(Weight::zero(), most as usize);
		next_block();
		// THEN it does not count, and the next one does
		assert_eq!(holder.challenge().unwrap().blocks_left, PARAMS.window_blocks);
		next_block();
		assert_eq!(holder.challenge().unwrap().blocks_left, PARAMS.window_blocks - 1);
	});
}

#[test]
fn blocks_full_of_operational_transactions_do_not_count() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let holder = Holder::with_columns();
		run_to(slot_after_resolving(&holder, 1) + 1);
		// WHEN operational transactions take a whole block, in which no ordinary one is
		let limits: limits::BlockWeights = <Test as frame_system::Config>::BlockWeights::get();
		System::register_extra_weight_unchecked(limits.max_block, DispatchClass::Operational);
		next_block();
		// THEN it does not count
		assert_eq!(holder.challenge().unwrap().blocks_left, PARAMS.window_blocks);
		assert_noop!(report(&alice(), 1), Error::<Test>::WindowOpen);
		assert_ok!(holder.prove());
	});
}

#[test]
fn blocks_that_all_classes_fill_together_do_not_count() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let holder = Holder::with_columns();
		run_to(slot_after_resolving(&holder, 1) + 1);
		// WHEN ordinary transactions take two thirds of what they may, and operational ones all the rest of the block
		let limits: limits::BlockWeights = <Test as frame_system::Config>::BlockWeights::get();
		let most = limits.get(DispatchClass::Normal).max_total.unwrap();
		let ordinary = Weight::from_parts(most.ref_time() / 3 * 2, 0);
		System::set_block_consumed_resources(ordinary, 0);
		System::register_extra_weight_unchecked(limits.max_block.saturating_sub(ordinary), DispatchClass::Operational);
		next_block();
		// THEN it does not count
		assert_eq!(holder.challenge().unwrap().blocks_left, PARAMS.window_blocks);
	});
}

#[test]
fn a_migrations_blocks_do_not_count() {
	build_and_execute(|| {
		// GIVEN an open challenge
		let holder = Holder::with_columns();
		run_to(slot_after_resolving(&holder, 1) + 1);
		// WHEN a migration begins with the next block, and keeps transactions out for longer than the window
		Migrating::set(true);
		for _ in 0..PARAMS.window_blocks + 3 {
			next_block();
		}
		// AND it ends within a block, which took no transactions either
		Migrating::set(false);
		next_block();
		// THEN only the block from before counts
		assert_eq!(holder.challenge().unwrap().blocks_left, PARAMS.window_blocks - 1);
		assert_noop!(report(&alice(), 1), Error::<Test>::WindowOpen);
		next_block();
		assert_eq!(holder.challenge().unwrap().blocks_left, PARAMS.window_blocks - 2);
		assert_ok!(holder.prove());
	});
}

#[test]
fn a_block_without_randomness_excuses() {
	build_and_execute(|| {
		// GIVEN a slot's block without randomness
		let holder = Holder::with_columns();
		run_to(slot_after_resolving(&holder, 1));
		WithSeeds::set(false);
		next_block();
		WithSeeds::set(true);
		// WHEN someone wants to prove or report THEN there is nothing to
		let empty = peoples_cloud_primitives::storage_proof::StorageProof::V1(vec![]);
		assert_noop!(prove(&alice(), 1, empty), Error::<Test>::PeriodExcused);
		assert_noop!(report(&alice(), 1), Error::<Test>::PeriodExcused);
		// AND it is overdue, but not for a report
		let view = StorageProofs::duty(alice()).unwrap();
		assert_eq!((view.overdue, view.reportable, view.behind), (true, false, false));
		// AND the period is left out, unpaid and unpunished
		assert_ok!(advance(&alice()));
		System::assert_has_event(Event::Excused { provider: alice(), period: 1 }.into());
		assert_eq!(Resolved::get().last(), Some(&(alice(), 1, false)));
		assert!(Slashes::get().is_empty());
	});
}

#[test]
fn a_challenge_that_the_ring_forgot_excuses() {
	build_and_execute(|| {
		// GIVEN an open challenge, and only full blocks since
		let holder = Holder::with_columns();
		run_to(slot_after_resolving(&holder, 1) + 1);
		for _ in 0..SEED_RING - 1 {
			assert_eq!(holder.challenge().unwrap().period, 1);
			next_block_after_a_full_one();
		}
		// WHEN its block's place in the ring is taken THEN the period is excused
		next_block_after_a_full_one();
		assert_ne!(holder.challenge().unwrap().period, 1);
		assert_ok!(advance(&alice()));
		System::assert_has_event(Event::Excused { provider: alice(), period: 1 }.into());
		assert!(Slashes::get().is_empty());
	});
}

/// Proves what is due before `period`; answers its slot, which has not come yet.
fn slot_after_resolving(holder: &Holder, period: u32) -> u32 {
	while cursor(&holder.account) < period {
		let due = slot(&holder.account, cursor(&holder.account));
		run_to(due + 1);
		holder.prove().unwrap();
	}
	slot(&holder.account, period)
}
