//! Offers and pauses.
use super::*;
use crate::Offer;

#[test]
fn set_offer_replaces_any_earlier_one() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		for gib in [10, 20] {
			assert_ok!(Registry::set_offer(signed(PROVIDER), Storage, offer(gib)));
			assert_eq!(Offers::<Test>::get(PROVIDER, Storage), Some(offer(gib)));
			assert_eq!(events(), [Event::OfferSet { provider: PROVIDER, kind: Storage, offer: offer(gib) }]);
		}
	});
}

#[test]
fn set_offer_without_capacity_fails() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_noop!(Registry::set_offer(signed(PROVIDER), Storage, offer(0)), Error::<Test>::ZeroCapacity);
	});
}

#[test]
fn set_offer_with_impossible_durations_fails() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		for (min_duration, max_duration) in [(0, 5), (0, 0), (6, 5)] {
			let offer = Offer { min_duration, max_duration, ..offer(1) };
			assert_noop!(Registry::set_offer(signed(PROVIDER), Storage, offer), Error::<Test>::InvalidDuration);
		}
		let offer = Offer { min_duration: 5, max_duration: 5, ..offer(1) };
		assert_ok!(Registry::set_offer(signed(PROVIDER), Storage, offer));
	});
}

#[test]
fn set_offer_of_no_provider_fails() {
	build_and_execute(|| {
		assert_noop!(Registry::set_offer(signed(CLIENT), Storage, offer(1)), Error::<Test>::NotRegistered);
	});
}

#[test]
fn remove_offer_takes_it_back() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, MIN_BOND, 10);
		assert_ok!(Registry::remove_offer(signed(PROVIDER), Storage));
		assert_eq!(Offers::<Test>::get(PROVIDER, Storage), None);
		assert_eq!(events(), [Event::OfferRemoved { provider: PROVIDER, kind: Storage }]);
		assert_noop!(Registry::remove_offer(signed(PROVIDER), Storage), Error::<Test>::NoOffer);
	});
}

#[test]
fn pause_and_resume() {
	build_and_execute(|| {
		// GIVEN an active provider.
		register_with_offer(PROVIDER, MIN_BOND, 10);
		// WHEN it pauses, THEN it takes no new work, and its offer stays.
		assert_ok!(Registry::pause(signed(PROVIDER)));
		assert!(!Registry::is_active(&PROVIDER));
		assert_noop!(Registry::commit(&PROVIDER, Storage, 1), Error::<Test>::Paused);
		assert!(Offers::<Test>::contains_key(PROVIDER, Storage));
		// WHEN it resumes, THEN it does.
		assert_ok!(Registry::resume(signed(PROVIDER)));
		assert!(Registry::is_active(&PROVIDER));
		assert_eq!(events(), [Event::Paused { provider: PROVIDER }, Event::Resumed { provider: PROVIDER }]);
	});
}

#[test]
fn pause_twice_fails() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_noop!(Registry::resume(signed(PROVIDER)), Error::<Test>::NotPaused);
		assert_ok!(Registry::pause(signed(PROVIDER)));
		assert_noop!(Registry::pause(signed(PROVIDER)), Error::<Test>::Paused);
	});
}

#[test]
fn pause_and_resume_of_no_provider_fail() {
	build_and_execute(|| {
		assert_noop!(Registry::pause(signed(CLIENT)), Error::<Test>::NotRegistered);
		assert_noop!(Registry::resume(signed(CLIENT)), Error::<Test>::NotRegistered);
	});
}
