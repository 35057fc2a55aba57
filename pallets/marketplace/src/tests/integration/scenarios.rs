//! The market's stories, one by one, and the ways that providers and clients have to cheat each other.
use frame::testing_prelude::*;
use pallet_providers::{Providers as Registered, Standing};
use peoples_cloud_primitives::Balance;

use super::{
	chain::*,
	world::{column_of, Order, World, PRICE},
};
use crate::{Agreements, ColumnState, LostColumns};

/// What a client has at most of its first money after it stored columns for so much.
fn after_paying(price: Balance) -> Balance {
	WEALTH - price
}

fn set_proofs(world: &mut World, change: impl FnOnce(&mut pallet_storage_proofs::ProofParams)) {
	let mut params = StorageProofs::params();
	change(&mut params);
	assert_ok!(world.force(pallet_storage_proofs::Call::set_params { params }));
}

#[test]
fn a_stored_object_is_paid_to_the_planck() {
	execute(0, || {
		// GIVEN three columns of five chunks for six periods
		let mut world = World::new(3);
		let before: Vec<_> = (0..3).map(|slot| wealth(&world.provider(slot))).collect();
		let id = world.open(&Order::new([0, 1, 2], 5, 6)).unwrap();
		assert_eq!(Escrow::totals().locked, 3 * 5 * 6);
		assert_eq!(frame_system::Account::<Test>::get(client(0)).data.reserved, Marketplace::deposit(3));
		// WHEN all of them are proven
		world.run_to_period(7);
		assert_eq!(world.count("proven"), 3 * 7, "the period of the opening included");
		// THEN the agreement is settled with nothing to pay back, and nothing remains
		assert_ok!(world.settle(id));
		assert_eq!(wealth(&client(0)), after_paying(90));
		for (slot, before) in (0..3).zip(before) {
			let who = world.provider(slot);
			assert_ok!(world.dispatch(&who, pallet_escrow::Call::withdraw {}));
			assert_eq!(wealth(&who), before + 30);
			assert_ok!(world.remove(slot, 0));
			assert_eq!(StorageProofs::duty(who).unwrap().holdings.total_chunks(), 0);
		}
		assert_eq!((world.count("slashed"), world.count("refunded")), (0, 0));
		world.drain();
	});
}

#[test]
fn a_provider_that_comes_back_starts_anew_and_is_paid_for_that_alone() {
	execute(0, || {
		// GIVEN a provider that was paid for six periods, missed some, and has left
		let mut world = World::new(1);
		let id = world.open(&Order::new([0], 5, 6)).unwrap();
		world.run_to_period(3);
		world.awake[0] = false;
		world.run_to_period(5);
		assert_ok!(world.report(0, 3));
		world.awake[0] = true;
		world.run_to_period(8);
		assert_ok!(world.settle(id));
		let (who, earned) = (world.provider(0), world.earned(0));
		assert!(earned > 0 && earned < 30, "{earned}");
		let owned = wealth(&who);
		assert_ok!(world.dispatch(&who, pallet_providers::Call::leave {}));
		world.run_to(System::block_number() + UNBONDING);
		assert_ok!(world.dispatch(&who, pallet_providers::Call::withdraw_unbonded {}));
		// THEN it has its earnings, and the chain keeps nothing about it
		assert_eq!(StorageProofs::duty(who.clone()), None);
		assert_eq!(crate::Ledgers::<Test>::iter().count(), 0);
		assert_eq!(pallet_reputation::Records::<Test>::iter().count(), 0);
		assert_eq!((world.earned(0), wealth(&who)), (0, owned + earned));
		// WHEN it comes back THEN its leaves are numbered from zero, and it is paid for what it takes on
		assert_ok!(world.register(0));
		let id = world.open(&Order::new([0], 4, 3)).unwrap();
		assert_eq!(column_of(id, 0).unwrap().leaf, 0);
		let until = column_of(id, 0).unwrap().end;
		world.run_to_period(until + 1);
		assert_ok!(world.settle(id));
		assert_eq!(world.earned(0), 4 * 3);
		world.drain();
	});
}

#[test]
fn a_loss_is_fined_repaired_and_paid_for_once() {
	execute(0, || {
		// GIVEN three columns, one of which is lost before the slot of its period
		let mut world = World::new(4);
		let id = world.open(&Order::new([0, 1, 2], 5, 6)).unwrap();
		world.run_to_period(3);
		assert!(world.slot_block(1, 3) > System::block_number());
		assert_ok!(world.declare_lost(1, id, 1, true));
		// THEN its provider pays three periods' price, two fifths of it to the client, and is done with it
		assert_eq!(world.stake(1), world.stake(0) - 15);
		assert_eq!(wealth(&client(0)), after_paying(90) + 6);
		assert_eq!((world.earned(1), LostColumns::<Test>::contains_key(id, 1)), (10, true));
		assert_eq!(pallet_providers::Committed::<Test>::iter_prefix(world.provider(1)).count(), 0);
		// WHEN another one takes the column over for less
		assert_ok!(world.replace(id, 1, 3, 4));
		world.run_to_period(7);
		assert_ok!(world.settle(id));
		// THEN each is paid for its periods, and the client gets back the period without a holder and the difference
		assert_eq!((world.earned(0), world.earned(1), world.earned(3)), (30, 10, 3 * 4));
		assert_eq!(wealth(&client(0)), after_paying(90) + 6 + (30 - 10 - 12));
		world.drain();
	});
}

#[test]
fn a_silent_provider_is_fined_suspended_terminated_and_its_columns_go_elsewhere() {
	execute(0, || {
		let mut world = World::new(3);
		let id = world.open(&Order::new([0, 1], 5, 12)).unwrap();
		world.run_to_period(2);
		assert_eq!(world.cursor(0), 2);
		// GIVEN a provider that falls silent, and someone who reports it
		world.awake[0] = false;
		let mut stake = world.stake(0);
		let mut reporter = wealth(&passer_by());
		for period in 2..6 {
			world.run_to(world.slot_block(0, period) + WINDOW + 1);
			assert_ok!(world.report(0, period));
			// THEN each period costs it a tenth, of which the reporter gets a fifth
			assert_eq!(world.stake(0), stake - stake / 10);
			assert_eq!(wealth(&passer_by()), reporter + stake / 10 / 5);
			(stake, reporter) = (world.stake(0), wealth(&passer_by()));
			let standing = Registered::<Test>::get(world.provider(0)).unwrap().standing;
			let expected = match period {
				2 => Standing::Active,
				3 | 4 => Standing::Suspended,
				_ => Standing::Terminated,
			};
			assert_eq!(standing, expected, "after period {period}");
			if period < 5 {
				assert!(world.replace(id, 0, 2, 5).is_err(), "it still has its column");
			}
		}
		// WHEN it is out THEN anyone marks its column as lost, and another one takes it over
		assert_ok!(world.dispatch(&passer_by(), crate::Call::mark_lost { agreement: id, column: 0 }));
		assert_ok!(world.replace(id, 0, 2, 5));
		let begun = column_of(id, 0).unwrap().start;
		world.run_to_period(13);
		assert_ok!(world.settle(id));
		assert_eq!(world.earned(0), 5, "it proved its first paid period");
		assert_eq!(world.earned(1), 12 * 5);
		assert_eq!(world.earned(2), Balance::from(13 - begun) * 5);
		// AND it cannot come back, but takes what is left of its stake
		let who = world.provider(0);
		assert_ok!(world.dispatch(&who, pallet_providers::Call::leave {}));
		assert!(world.register(0).is_err());
		world.drain();
		assert!(world.register(0).is_err());
	});
}

#[test]
fn leaves_that_are_not_owed_do_not_hide_those_that_are() {
	execute(0, || {
		// GIVEN a provider that opens agreements with itself at no rate and admits their loss, and that is paid for one
		// column of one chunk
		let mut world = World::new(1);
		let honest = world.open(&Order::new([0], 1, 12)).unwrap();
		let nothing = Order { client: client(1), rate: 0, content: 100, ..Order::new([0], 49, 12) };
		let phantom = world.open(&nothing).unwrap();
		world.run_to_period(2);
		assert_ok!(world.declare_lost(0, phantom, 0, true));
		assert!(world.slot_block(0, 2) > System::block_number(), "no challenge is fixed, so no period is forfeited");
		let earned = world.earned(0);
		// WHEN it answers the next challenge for the most part with leaves that it does not owe
		world.run_to_period(3);
		// THEN the period is not paid, though there is no slash, and it counts in the streak
		assert_eq!((world.count("stale"), world.count("missed in silence")), (1, 0));
		assert_eq!(world.earned(0), earned);
		world.run_to_period(4);
		assert_eq!(Registered::<Test>::get(world.provider(0)).unwrap().standing, Standing::Suspended);
		// WHEN it removes that leaf THEN it is paid and reinstated
		assert_ok!(world.remove(0, 1));
		world.run_to_period(5);
		assert_eq!(world.earned(0), earned + 1);
		assert_eq!(Registered::<Test>::get(world.provider(0)).unwrap().standing, Standing::Active);
		assert!(Agreements::<Test>::contains_key(honest));
		world.drain();
	});
}

#[test]
fn a_loss_admitted_in_sight_of_the_challenge_forfeits_the_period() {
	execute(0, || {
		// GIVEN two columns, and a challenge that is fixed
		let mut world = World::new(1);
		let first = world.open(&Order::new([0], 2, 8)).unwrap();
		let second = world.open(&Order { content: 50, ..Order::new([0], 6, 8) }).unwrap();
		world.run_to_period(3);
		world.awake[0] = false;
		world.run_to(world.slot_block(0, 3) + 1);
		let earned = world.earned(0);
		assert_eq!(world.cursor(0), 3);
		// WHEN the provider admits a loss now, and proves the rest
		assert_ok!(world.declare_lost(0, first, 0, false));
		world.awake[0] = true;
		world.run_to_period(4);
		// THEN nothing was paid for that period, and nothing is missing from the money
		assert_eq!((world.cursor(0), world.earned(0), world.count("proven")), (4, earned, 4));
		// AND later periods are paid again
		world.run_to_period(5);
		assert_eq!(world.earned(0), earned + 6);
		world.run_to_period(9);
		assert_ok!(world.settle(second));
		world.drain();
	});
}

#[test]
fn a_repair_at_no_rate_is_no_cheaper_to_lose() {
	execute(0, || {
		// GIVEN a lost column of a rate of 5, replaced at a rate of nothing
		let mut world = World::new(3);
		let id = world.open(&Order::new([0, 1], 5, 12)).unwrap();
		world.run_to_period(2);
		assert_ok!(world.declare_lost(0, id, 0, true));
		assert_ok!(world.replace(id, 0, 2, 0));
		// WHEN that is lost too THEN it costs as much as the first
		let stake = world.stake(2);
		assert_ok!(world.declare_lost(2, id, 0, true));
		assert_eq!(world.stake(2), stake - 15);
		world.drain();
	});
}

#[test]
fn a_loss_does_not_undo_what_was_missed() {
	execute(0, || {
		// GIVEN a provider that missed three periods, and nobody reported them
		let mut world = World::new(2);
		let id = world.open(&Order::new([0, 1], 5, 12)).unwrap();
		world.run_to_period(2);
		world.awake[0] = false;
		world.run_to(world.slot_block(0, 4) + WINDOW + 1);
		let stake = world.stake(0);
		// WHEN it admits the loss of its only column
		assert_ok!(world.declare_lost(0, id, 0, true));
		// THEN all three are slashed before, besides the loss, and it is suspended
		assert_eq!(world.count("missed in silence"), 3);
		assert_eq!(world.count("suspended"), 1);
		assert!(world.stake(0) < stake - 15 - stake / 5);
		world.drain();
	});
}

#[test]
fn an_extension_asks_for_offers_that_stand() {
	execute(0, || {
		// GIVEN an agreement at the offered price
		let mut world = World::new(2);
		let id = world.open(&Order::new([0, 1], 5, 6)).unwrap();
		world.run_to_period(2);
		let refused = |world: &mut World, why: &str| {
			let error = world.extend(id, 2).unwrap_err().error;
			assert_eq!(error, crate::Error::<Test>::ProviderUnwilling.into(), "{why}");
		};
		// WHEN one provider offers nothing any more, asks for more, or for a shorter time THEN it is not extended
		let who = world.provider(1);
		let kind = peoples_cloud_primitives::resource::ResourceKind::Storage;
		assert_ok!(world.dispatch(&who, pallet_providers::Call::remove_offer { kind }));
		refused(&mut world, "no offer");
		assert_ok!(world.offer(1, 2 * PRICE, 60, 20));
		refused(&mut world, "a higher price");
		assert_ok!(world.offer(1, PRICE, 60, 6));
		refused(&mut world, "a shorter time");
		// WHEN its offer is as before THEN it is
		assert_ok!(world.offer(1, PRICE, 60, 7));
		assert_ok!(world.extend(id, 2));
		world.run_to_period(9);
		assert_ok!(world.settle(id));
		assert_eq!((world.earned(0), world.earned(1)), (40, 40));
		world.drain();
	});
}

#[test]
fn a_column_lost_in_the_last_period_can_be_placed_after_an_extension() {
	execute(0, || {
		// GIVEN a column lost in the last period: too late to be placed anew
		let mut world = World::new(3);
		let id = world.open(&Order::new([0, 1], 5, 4)).unwrap();
		world.run_to_period(4);
		assert_ok!(world.declare_lost(0, id, 0, true));
		assert!(world.replace(id, 0, 2, 5).is_err());
		// WHEN the agreement is extended THEN it is listed, and can be
		assert_ok!(world.extend(id, 3));
		world.check();
		assert!(LostColumns::<Test>::contains_key(id, 0));
		assert_ok!(world.replace(id, 0, 2, 5));
		world.run_to_period(8);
		assert_ok!(world.settle(id));
		assert_eq!((world.earned(0), world.earned(2)), (15, 15));
		world.drain();
	});
}

#[test]
fn new_rules_do_not_change_challenges_that_are_fixed() {
	execute(0, || {
		// GIVEN a challenge with one block left to answer
		let mut world = World::new(2);
		world.open(&Order::new([0, 1], 5, 12)).unwrap();
		world.run_to_period(2);
		world.awake[0] = false;
		world.run_to(world.slot_block(0, 2) + WINDOW);
		let challenge = world.holder(0).challenge().unwrap();
		assert_eq!((challenge.blocks_left, challenge.challenges), (1, 3));
		let proof = Box::new(world.holder(0).proof(&challenge));
		// WHEN windows get shorter and more chunks are asked for
		set_proofs(&mut world, |params| {
			params.window_blocks = 2;
			params.challenges = 7;
		});
		// THEN it cannot be reported, and the proof that was under way is taken
		assert!(world.report(0, 2).is_err());
		let provider = world.provider(0);
		assert_ok!(world.dispatch(&passer_by(), pallet_storage_proofs::Call::prove { provider, period: 2, proof }));
		// AND the next challenge is by the new rules
		world.run_to(world.slot_block(0, 3) + 1);
		let challenge = world.holder(0).challenge().unwrap();
		assert_eq!((challenge.blocks_left, challenge.challenges), (2, 7));
		world.awake[0] = true;
		world.run_to_period(5);
		assert_eq!((world.cursor(0), world.count("slashed")), (5, 0));
		world.drain();
	});
}

#[test]
fn stricter_rules_suspend_in_the_middle_of_a_streak() {
	execute(0, || {
		// GIVEN two misses in a row, of which three would suspend
		let mut world = World::new(1);
		set_proofs(&mut world, |params| params.suspend_after = 3);
		world.open(&Order::new([0], 5, 12)).unwrap();
		world.awake[0] = false;
		let first = world.cursor(0);
		for period in first..first + 2 {
			world.run_to(world.slot_block(0, period) + WINDOW + 1);
			assert_ok!(world.report(0, period));
		}
		assert_eq!(world.count("suspended"), 0);
		// WHEN one would, and another period is missed THEN it is suspended, and reinstated once it proves
		set_proofs(&mut world, |params| params.suspend_after = 1);
		world.run_to(world.slot_block(0, first + 2) + WINDOW + 1);
		assert_ok!(world.report(0, first + 2));
		assert_eq!(world.count("suspended"), 1);
		world.awake[0] = true;
		world.run_to_period(first + 5);
		assert_eq!(world.count("reinstated"), 1);
		world.drain();
	});
}

#[test]
fn a_provider_that_was_away_for_long_is_brought_back_by_advancing() {
	execute(0, || {
		// GIVEN a provider that slept for longer than the chain remembers seeds, and nobody reported it
		let mut world = World::new(1);
		set_proofs(&mut world, |params| params.terminate_after = 20);
		let id = world.open(&Order::new([0], 5, 20)).unwrap();
		world.run_to_period(2);
		world.awake[0] = false;
		world.run_to(2 * PERIOD + SEED_RING + 2 * PERIOD);
		let duty = StorageProofs::duty(world.provider(0)).unwrap();
		assert!(duty.overdue && !duty.reportable, "its first period is forgotten");
		assert!(duty.behind && duty.challenge.is_none(), "it cannot prove by itself");
		assert!(world.report(0, 2).is_err());
		// WHEN it is advanced until nothing is over THEN it can prove again
		while world.advance(0).is_ok() {}
		world.awake[0] = true;
		world.run_to_period(21);
		assert_ok!(world.settle(id));
		let (excused, missed) = (world.count("excused"), world.count("missed in silence"));
		assert!(excused > 0 && missed > 0);
		assert_eq!(world.earned(0), Balance::from(20 - excused - missed) * 5);
		world.drain();
	});
}

#[test]
fn a_client_that_closes_pays_the_minimum_term_and_no_more() {
	execute(0, || {
		// GIVEN a long agreement, one column of which is lost
		let mut world = World::new(3);
		let id = world.open(&Order::new([0, 1, 2], 5, 12)).unwrap();
		world.run_to_period(1);
		assert_ok!(world.declare_lost(2, id, 2, true));
		// WHEN it is closed within the minimum term THEN the rest is back at once
		assert_ok!(world.dispatch(&client(0), crate::Call::close { agreement: id }));
		let penalty_share = 6;
		assert_eq!(wealth(&client(0)), after_paying(2 * 2 * 5) + penalty_share);
		assert_eq!(column_of(id, 2).unwrap().state, ColumnState::Lost);
		assert!(world.replace(id, 2, 2, 5).is_err());
		world.run_to_period(3);
		assert_ok!(world.settle(id));
		assert_eq!((world.earned(0), world.earned(1), world.earned(2)), (10, 10, 0));
		world.drain();
	});
}
