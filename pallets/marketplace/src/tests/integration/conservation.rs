//! Whatever happens in whatever order, all invariants hold after each step, and in the end every planck is someone's.
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{
	chain::execute,
	steps::{step, Step, SLOTS},
	world::World,
};

/// Part of the blocks that are full.
const FULL: f64 = 0.15;
/// Steps of the long sequence: enough for the rarest thing to happen several times.
const LONG: usize = 3_000;

/// Takes the steps, checks after each, and lets everything come to its end.
fn play(salt: u64, steps: Vec<Step>) -> World {
	let mut played = World::new(0);
	execute(salt, || {
		let mut world = World::new(SLOTS);
		for step in steps {
			world.take(step);
			world.check();
		}
		world.drain();
		played = world;
	});
	played
}

#[test]
fn a_long_sequence_reaches_everything() {
	let steps = prop::collection::vec(step(FULL), LONG);
	let mut runner = TestRunner::deterministic();
	let world = play(0, steps.new_tree(&mut runner).unwrap().current());
	for what in [
		"opened",
		"extended",
		"closed",
		"settled",
		"column lost",
		"column replaced",
		"credited",
		"refunded",
		"withdrawn",
		"proven",
		"stale",
		"missed and reported",
		"missed in silence",
		"excused",
		"rested",
		"suspended",
		"reinstated",
		"terminated",
		"leaf appended",
		"leaf removed",
		"slashed",
		"slash shared",
		"bonded",
		"unbonding",
		"stake withdrawn",
		"leaving",
		"gone",
		"proof parameters set",
	] {
		assert!(world.count(what) > 0, "nothing was {what}: {:?}", world.seen);
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(24))]

	#[test]
	fn money_is_conserved_whatever_happens(salt: u64, steps in prop::collection::vec(step(FULL), 1..150)) {
		play(salt, steps);
	}
}
