//! What an honest provider may rely on, whatever others do.
use frame::testing_prelude::*;
use proptest::prelude::*;

use super::{
	chain::*,
	steps::{step, Step, SLOTS},
	world::{Order, World},
};

/// The slot of the honest provider.
const HONEST: usize = 0;
/// Full blocks are common here: they are what an attacker can buy.
const FULL: f64 = 0.35;

/// Proves in the last block of the window, or earlier at some whim: whenever a block has room for it.
fn answer_in_time(world: &mut World, whim: bool) {
	while let Some(challenge) = world.holder(HONEST).challenge() {
		// Nor does it wait while a later challenge is fixed as well: if windows were made shorter in between, that one may be
		// over before this one is, and they are answered in order.
		let piled_up = world.slot_block(HONEST, challenge.period + 1) < System::block_number();
		if !whim && !piled_up && challenge.blocks_left > 1 {
			break;
		}
		assert_ok!(world.prove(HONEST).unwrap());
	}
}

/// Takes a step as the world does, but has the honest provider answer in each block with room that passes.
fn take(world: &mut World, step: Step, whims: u64) {
	match step {
		Step::Blocks(blocks, kind) => {
			for number in 0..blocks {
				if kind != BlockKind::Full {
					answer_in_time(world, (whims >> (number % 64)) & 1 == 1);
				}
				// Whoever wants to harm it, tries.
				let cursor = world.cursor(HONEST);
				assert!(world.report(HONEST, cursor).is_err());
				let _ = world.advance(HONEST);
				world.block(kind);
			}
		},
		step if step.is_dishonest_for(HONEST) => {},
		step => world.take(step),
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn an_honest_provider_is_paid_and_never_punished(
		salt: u64,
		steps in prop::collection::vec((step(FULL), any::<u64>()), 50..200),
	) {
		execute(salt, || {
			let mut world = World::new(SLOTS);
			world.watch(HONEST);
			world.awake[HONEST] = false;
			for (step, whims) in steps {
				// A step that makes blocks pass by itself must not find it asleep.
				world.awake[HONEST] = matches!(step, Step::ExtendLate { .. });
				take(&mut world, step, whims);
				world.check();
			}
			world.awake[HONEST] = true;
			world.drain();
		});
	}
}

#[test]
fn idle_and_busy_in_turns_it_is_paid_each_time() {
	execute(1, || {
		// GIVEN a provider with short agreements and nothing in between
		let mut world = World::new(2);
		world.watch(0);
		let mut owed = 0;
		for round in 0..5u32 {
			let begin = System::block_number() / PERIOD + 1;
			let id = world.open(&Order { content: round.into(), ..Order::new([0, 1], 4, 2) }).unwrap();
			owed += 2;
			world.run_to_period(begin + 2);
			world.run_to(System::block_number() + WINDOW + 1 + PERIOD);
			assert_ok!(world.settle(id));
			// WHEN it rests for some periods, with its leaves removed or still there
			if round % 2 == 0 {
				for number in world.holder(0).remaining() {
					let _ = world.remove(0, number);
				}
			}
			world.run_to(System::block_number() + round * 7);
		}
		// THEN it was paid for all that it owed
		assert_eq!(world.paid(), owed);
		world.drain();
	});
}

#[test]
fn another_ones_loss_is_its_gain() {
	execute(2, || {
		// GIVEN a column that its provider loses
		let mut world = World::new(3);
		world.watch(0);
		let id = world.open(&Order::new([1, 2], 4, 8)).unwrap();
		world.run_to_period(3);
		assert_ok!(world.declare_lost(1, id, 0, true));
		// WHEN the honest one takes it over in the middle of an agreement THEN it is paid from the next period to the end
		assert_ok!(world.replace(id, 0, 0, 4));
		world.run_to_period(12);
		assert_eq!((world.paid(), world.earned(0)), (5, 5 * 4));
		world.drain();
	});
}

#[test]
fn an_extension_in_the_last_period_keeps_it_in_pay_and_under_challenge() {
	execute(3, || {
		// GIVEN the last period of its only agreement, proven already
		let mut world = World::new(2);
		world.watch(0);
		let id = world.open(&Order::new([0], 4, 3)).unwrap();
		world.run_to(4 * PERIOD - 1);
		assert_eq!(world.cursor(0), 4);
		// WHEN anyone tries to remove its leaf THEN that is refused, though the cursor is where the agreement ends
		let removed = world.remove(0, 0);
		assert!(removed.is_err());
		// WHEN the agreement is extended THEN it is challenged and paid until the new end
		assert_ok!(world.extend(id, 2));
		world.run_to_period(8);
		assert_eq!((world.paid(), world.earned(0)), (5, 5 * 4));
		world.drain();
	});
}

#[test]
fn full_blocks_and_blocks_without_randomness_do_not_harm_it() {
	execute(4, || {
		// GIVEN a provider, and blocks that are full from its slot on for two periods
		let mut world = World::new(2);
		world.watch(0);
		world.open(&Order::new([0], 4, 12)).unwrap();
		world.run_to_period(2);
		let slot = world.slot_block(0, 2);
		while System::block_number() < slot + 2 * PERIOD {
			let kind = if System::block_number() < slot { BlockKind::Plain } else { BlockKind::Full };
			world.block(kind);
		}
		// WHEN there is room again THEN it answers what has piled up, and is paid for all of it
		world.block(BlockKind::Plain);
		assert_eq!((world.cursor(0), world.paid()), (4, 3));
		// WHEN its slot's block has no randomness THEN that period is neither paid nor held against it
		let slot = world.slot_block(0, 5);
		world.run_to(slot);
		world.block(BlockKind::Seedless);
		world.run_to_period(14);
		assert_eq!(world.count("excused"), 1);
		assert_eq!((world.paid(), world.count("slashed")), (11, 0));
		world.drain();
	});
}
