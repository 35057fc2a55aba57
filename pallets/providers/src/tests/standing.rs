//! What the chain lets providers do.
use super::*;

#[test]
fn suspend_and_reinstate() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, MIN_BOND, 10);
		// WHEN suspended, THEN it is inactive, and its offer stays.
		Registry::suspend(&PROVIDER);
		assert_eq!(info(PROVIDER).standing, Standing::Suspended);
		assert!(!Registry::is_active(&PROVIDER));
		assert!(Offers::<Test>::contains_key(PROVIDER, Storage));
		// WHEN reinstated, THEN it is active.
		Registry::reinstate(&PROVIDER);
		assert!(Registry::is_active(&PROVIDER));
		assert_eq!(events(), [Event::Suspended { provider: PROVIDER }, Event::Reinstated { provider: PROVIDER }]);
	});
}

#[test]
fn pause_outlives_a_suspension() {
	build_and_execute(|| {
		// GIVEN a paused provider.
		register(PROVIDER, MIN_BOND);
		assert_ok!(Registry::pause(signed(PROVIDER)));
		// WHEN it is suspended and reinstated.
		Registry::suspend(&PROVIDER);
		Registry::reinstate(&PROVIDER);
		// THEN it is still paused.
		assert!(!Registry::is_active(&PROVIDER));
		assert_ok!(Registry::resume(signed(PROVIDER)));
		assert!(Registry::is_active(&PROVIDER));
	});
}

#[test]
fn resume_does_not_end_a_suspension() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_ok!(Registry::pause(signed(PROVIDER)));
		Registry::suspend(&PROVIDER);
		assert_ok!(Registry::resume(signed(PROVIDER)));
		assert!(!Registry::is_active(&PROVIDER));
	});
}

#[test]
fn repeated_and_pointless_changes_do_nothing() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert!(!Registry::reinstate(&PROVIDER));
		assert_eq!(events(), []);
		assert!(Registry::suspend(&PROVIDER));
		assert!(!Registry::suspend(&PROVIDER));
		assert_eq!(events(), [Event::Suspended { provider: PROVIDER }]);
		assert!(!Registry::suspend(&CLIENT));
		assert!(!Registry::reinstate(&CLIENT));
		Registry::terminate(&CLIENT);
		assert_eq!(events(), []);
		assert!(!Tombstones::<Test>::contains_key(CLIENT));
		assert!(!Registry::is_active(&CLIENT));
	});
}

#[test]
fn terminate_ends_all_offers_for_good() {
	build_and_execute(|| {
		// GIVEN a provider with an offer and work.
		register_with_offer(PROVIDER, MIN_BOND, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 5));
		events();
		// WHEN it is terminated.
		Registry::terminate(&PROVIDER);
		// THEN its offers are gone, and nothing brings it back.
		assert_eq!(
			events(),
			[Event::OfferRemoved { provider: PROVIDER, kind: Storage }, Event::Terminated { provider: PROVIDER }]
		);
		assert!(Tombstones::<Test>::contains_key(PROVIDER));
		Registry::reinstate(&PROVIDER);
		Registry::suspend(&PROVIDER);
		Registry::terminate(&PROVIDER);
		assert_eq!(info(PROVIDER).standing, Standing::Terminated);
		assert_eq!(events(), []);
		assert_noop!(Registry::set_offer(signed(PROVIDER), Storage, offer(1)), Error::<Test>::Terminated);
		assert_noop!(Registry::pause(signed(PROVIDER)), Error::<Test>::Terminated);
		assert_noop!(Registry::resume(signed(PROVIDER)), Error::<Test>::Terminated);
		Registry::release(&PROVIDER, Storage, 5);
	});
}

#[test]
fn terminated_account_can_never_register_again() {
	build_and_execute(|| {
		// GIVEN a provider that was terminated and has left.
		register(PROVIDER, MIN_BOND);
		Registry::terminate(&PROVIDER);
		assert_ok!(Registry::leave(signed(PROVIDER)));
		pass(UNBONDING_BLOCKS);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert!(!Providers::<Test>::contains_key(PROVIDER));
		// THEN it stays terminated.
		assert_noop!(try_register(PROVIDER, MIN_BOND), Error::<Test>::Terminated);
		assert_eq!(Tombstones::<Test>::get(PROVIDER), Some(1));
	});
}
