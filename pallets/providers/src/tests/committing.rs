//! Work taken on and given back.
use super::*;
use crate::Committed;

#[test]
fn commit_reserves_units() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 2 * GIB));
		assert_ok!(Registry::commit(&PROVIDER, Storage, 3 * GIB));
		assert_eq!(Committed::<Test>::get(PROVIDER, Storage), 5 * GIB);
		assert_eq!(
			events(),
			[2, 3].map(|gib| Event::UnitsCommitted { provider: PROVIDER, kind: Storage, units: gib * GIB })
		);
	});
}

#[test]
fn commit_of_nothing_leaves_no_trace() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 0));
		Registry::release(&PROVIDER, Storage, 0);
		assert_eq!(Committed::<Test>::iter().count(), 0);
		assert_eq!(events(), []);
	});
}

#[test]
fn commit_of_no_provider_fails() {
	build_and_execute(|| {
		assert_noop!(Registry::commit(&CLIENT, Storage, 1), Error::<Test>::NotRegistered);
	});
}

#[test]
fn commit_without_an_offer_fails() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_noop!(Registry::commit(&PROVIDER, Storage, 1), Error::<Test>::NoOffer);
	});
}

#[test]
fn commit_over_capacity_fails() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 9 * GIB));
		assert_noop!(Registry::commit(&PROVIDER, Storage, GIB + 1), Error::<Test>::OverCapacity);
		assert_noop!(Registry::commit(&PROVIDER, Storage, u64::MAX), Error::<Test>::OverCapacity);
		assert_ok!(Registry::commit(&PROVIDER, Storage, GIB));
	});
}

#[test]
fn lower_capacity_keeps_what_is_committed() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 9 * GIB));
		assert_ok!(Registry::set_offer(signed(PROVIDER), Storage, offer(5)));
		assert_eq!(Committed::<Test>::get(PROVIDER, Storage), 9 * GIB);
		assert_noop!(Registry::commit(&PROVIDER, Storage, 1), Error::<Test>::OverCapacity);
	});
}

#[test]
fn commit_beyond_the_stake_fails() {
	build_and_execute(|| {
		// GIVEN a bond for exactly 30 GiB.
		register_with_offer(PROVIDER, 3_000, 1_000);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 29 * GIB));
		// THEN one unit more than that is too much.
		let commit = |units| Registry::commit(&PROVIDER, Storage, units);
		assert_noop!(commit(GIB + 1), Error::<Test>::Understaked);
		assert_ok!(commit(GIB));
		// WHEN it bonds more, THEN there is room again.
		assert_ok!(Registry::bond_more(signed(PROVIDER), 100));
		assert_ok!(commit(GIB));
	});
}

#[test]
fn unbonding_stake_backs_nothing() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 1_000);
		assert_ok!(Registry::unbond(signed(PROVIDER), 1_000));
		assert_noop!(Registry::commit(&PROVIDER, Storage, 21 * GIB), Error::<Test>::Understaked);
	});
}

#[test]
fn commit_while_suspended_leaving_or_terminated_fails() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		Registry::suspend(&PROVIDER);
		assert_noop!(Registry::commit(&PROVIDER, Storage, 1), Error::<Test>::Suspended);
		assert_ok!(Registry::leave(signed(PROVIDER)));
		assert_noop!(Registry::commit(&PROVIDER, Storage, 1), Error::<Test>::Leaving);
		Registry::terminate(&PROVIDER);
		assert_noop!(Registry::commit(&PROVIDER, Storage, 1), Error::<Test>::Terminated);
	});
}

#[test]
fn release_gives_units_back() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 5));
		events();
		Registry::release(&PROVIDER, Storage, 3);
		assert_eq!(Committed::<Test>::get(PROVIDER, Storage), 2);
		assert_eq!(events(), [Event::UnitsReleased { provider: PROVIDER, kind: Storage, units: 3 }]);
		// WHEN the last go, THEN so does the entry.
		Registry::release(&PROVIDER, Storage, 2);
		assert!(!Committed::<Test>::contains_key(PROVIDER, Storage));
	});
}

#[test]
fn release_works_whatever_the_standing() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 5));
		assert_ok!(Registry::remove_offer(signed(PROVIDER), Storage));
		Registry::terminate(&PROVIDER);
		Registry::release(&PROVIDER, Storage, 5);
		assert!(!Committed::<Test>::contains_key(PROVIDER, Storage));
	});
}

#[test]
#[should_panic(expected = "no more is released than was committed")]
fn release_of_more_than_committed_is_noticed() {
	genesis().execute_with(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 5));
		Registry::release(&PROVIDER, Storage, 6);
	});
}
