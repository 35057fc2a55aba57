//! Whether a provider would keep what it has for longer, which its present offer says.
use super::*;
use crate::Offer;

/// What `offer` asks for 2 GiB.
const RATE: Balance = 10;

fn would_extend(units: u64, rate: Balance, periods: u32) -> bool {
	Registry::would_extend(&PROVIDER, Storage, units, rate, periods)
}

/// A provider that has 2 of its 10 GiB committed.
fn with_work() {
	register_with_offer(PROVIDER, 3_000, 10);
	assert_ok!(Registry::commit(&PROVIDER, Storage, 2 * GIB));
	assert!(would_extend(2 * GIB, RATE, 1_000));
}

fn set_offer(offer: Offer) {
	assert_ok!(Registry::set_offer(signed(PROVIDER), Storage, offer));
}

#[test]
fn a_provider_extends_on_the_terms_of_its_offer() {
	build_and_execute(|| {
		with_work();
		// A better rate or a shorter time is welcome, too.
		assert!(would_extend(2 * GIB, RATE + 1, 1));
		// Rates round up: a unit costs a planck.
		assert!(would_extend(1, 1, 1));
		assert!(!would_extend(1, 0, 1));
	});
}

#[test]
fn nobody_extends_without_an_offer() {
	build_and_execute(|| {
		with_work();
		assert_ok!(Registry::remove_offer(signed(PROVIDER), Storage));
		assert!(!would_extend(2 * GIB, RATE, 1));
		assert!(!Registry::would_extend(&CLIENT, Storage, 0, RATE, 1));
	});
}

#[test]
fn a_higher_price_is_for_extensions_too() {
	build_and_execute(|| {
		with_work();
		set_offer(Offer { price: 6, ..offer(10) });
		assert!(!would_extend(2 * GIB, RATE, 1));
		assert!(would_extend(2 * GIB, 12, 1));
		// A price that cannot even be counted is nobody's.
		set_offer(Offer { price: Balance::MAX, ..offer(10) });
		assert!(!would_extend(2 * GIB, Balance::MAX, 1));
	});
}

#[test]
fn a_longer_time_than_offered_is_refused() {
	build_and_execute(|| {
		with_work();
		assert!(!would_extend(2 * GIB, RATE, 1_001));
	});
}

#[test]
fn more_committed_than_offered_is_not_extended() {
	build_and_execute(|| {
		with_work();
		set_offer(offer(1));
		assert!(!would_extend(2 * GIB, RATE, 1));
		set_offer(offer(2));
		assert!(would_extend(2 * GIB, RATE, 1));
	});
}

#[test]
fn an_understaked_provider_extends_nothing_until_it_tops_up() {
	build_and_execute(|| {
		// GIVEN a bond for exactly what is committed
		register_with_offer(PROVIDER, 3_000, 1_000);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 30 * GIB));
		assert!(would_extend(30 * GIB, 150, 1));
		// WHEN a planck of it is slashed THEN it cannot be held to more
		Registry::slash(&PROVIDER, 1, &[]);
		assert!(!would_extend(30 * GIB, 150, 1));
		assert_ok!(Registry::bond_more(signed(PROVIDER), 1));
		assert!(would_extend(30 * GIB, 150, 1));
	});
}

#[test]
fn inactive_providers_extend_nothing() {
	build_and_execute(|| {
		with_work();
		assert_ok!(Registry::pause(signed(PROVIDER)));
		assert!(!would_extend(2 * GIB, RATE, 1));
		assert_ok!(Registry::resume(signed(PROVIDER)));
		Registry::suspend(&PROVIDER);
		assert!(!would_extend(2 * GIB, RATE, 1));
		Registry::reinstate(&PROVIDER);
		assert!(would_extend(2 * GIB, RATE, 1));
		Registry::terminate(&PROVIDER);
		assert!(!would_extend(2 * GIB, RATE, 1));
	});
}
