//! Going.
use super::*;

#[test]
fn leave_unbonds_all_and_removes_offers() {
	build_and_execute(|| {
		// GIVEN a provider with an offer.
		register_with_offer(PROVIDER, 3_000, 10);
		// WHEN it leaves.
		assert_ok!(Registry::leave(signed(PROVIDER)));
		// THEN its stake waits, and its offers are gone.
		let at = 1 + UNBONDING_BLOCKS;
		assert_eq!(
			events(),
			[
				Event::OfferRemoved { provider: PROVIDER, kind: Storage },
				Event::Unbonding { provider: PROVIDER, amount: 3_000, at },
				Event::Leaving { provider: PROVIDER },
			]
		);
		assert_eq!(info(PROVIDER).standing, Standing::Leaving);
		assert!(!Registry::is_active(&PROVIDER));
		// WHEN the time has come, THEN it is gone without a trace.
		pass(UNBONDING_BLOCKS);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_eq!(
			events(),
			[Event::Withdrawn { provider: PROVIDER, amount: 3_000 }, Event::Removed { provider: PROVIDER }]
		);
		assert_eq!(on_hold(PROVIDER), 0);
		assert_eq!(Balances::free_balance(PROVIDER), ENDOWMENT);
		assert!(!Providers::<Test>::contains_key(PROVIDER));
		assert!(!PeerIds::<Test>::contains_key(peer_id(1)));
		// THEN it may come back.
		assert_ok!(try_register(PROVIDER, MIN_BOND));
	});
}

#[test]
fn leave_with_work_fails() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 1));
		assert_noop!(Registry::leave(signed(PROVIDER)), Error::<Test>::StillCommitted);
		Registry::release(&PROVIDER, Storage, 1);
		assert_ok!(Registry::leave(signed(PROVIDER)));
	});
}

#[test]
fn leave_twice_fails() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_ok!(Registry::leave(signed(PROVIDER)));
		assert_noop!(Registry::leave(signed(PROVIDER)), Error::<Test>::Leaving);
	});
}

#[test]
fn leave_of_no_provider_fails() {
	build_and_execute(|| {
		assert_noop!(Registry::leave(signed(CLIENT)), Error::<Test>::NotRegistered);
	});
}

#[test]
fn calls_of_a_leaving_provider_fail() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_ok!(Registry::leave(signed(PROVIDER)));
		let leaving: DispatchError = Error::<Test>::Leaving.into();
		assert_noop!(Registry::bond_more(signed(PROVIDER), 5), leaving);
		assert_noop!(Registry::unbond(signed(PROVIDER), 5), leaving);
		assert_noop!(Registry::set_offer(signed(PROVIDER), Storage, offer(1)), leaving);
		assert_noop!(Registry::pause(signed(PROVIDER)), leaving);
		assert_noop!(Registry::resume(signed(PROVIDER)), leaving);
	});
}

#[test]
fn leave_works_however_much_is_unbonding() {
	build_and_execute(|| {
		// GIVEN no room for one more amount.
		register(PROVIDER, 3_000);
		for _ in 0..crate::MAX_UNBONDING {
			assert_ok!(Registry::unbond(signed(PROVIDER), 10));
			pass(1);
		}
		// WHEN the provider leaves.
		assert_ok!(Registry::leave(signed(PROVIDER)));
		// THEN the newest amount waits along.
		let unbonding = info(PROVIDER).unbonding;
		assert_eq!(unbonding.len(), crate::MAX_UNBONDING as usize);
		assert_eq!(unbonding.last(), Some(&UnbondChunk { amount: 2_930, at: 9 + UNBONDING_BLOCKS }));
		pass(UNBONDING_BLOCKS);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_eq!(on_hold(PROVIDER), 0);
		assert!(!Providers::<Test>::contains_key(PROVIDER));
	});
}

#[test]
fn leave_with_amounts_due_earlier_takes_two_withdrawals() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_ok!(Registry::unbond(signed(PROVIDER), 100));
		pass(10);
		assert_ok!(Registry::leave(signed(PROVIDER)));
		pass(UNBONDING_BLOCKS - 10);
		let post = Registry::withdraw_unbonded(signed(PROVIDER)).unwrap();
		assert_eq!(post.actual_weight, Some(<Test as Config>::WeightInfo::withdraw_unbonded()));
		assert!(Providers::<Test>::contains_key(PROVIDER));
		// Other pallets forget it together with this one, not before.
		assert!(forgotten().is_empty());
		pass(10);
		// Only then it takes all that it may.
		assert_eq!(Registry::withdraw_unbonded(signed(PROVIDER)).unwrap().actual_weight, None);
		assert!(!Providers::<Test>::contains_key(PROVIDER));
		assert_eq!(forgotten(), [PROVIDER]);
		let call = crate::Call::<Test>::withdraw_unbonded {};
		let all = <Test as Config>::WeightInfo::withdraw_unbonded() + FORGET_WEIGHT;
		assert_eq!(call.get_dispatch_info().call_weight, all);
	});
}

#[test]
fn terminated_provider_gets_what_is_left() {
	build_and_execute(|| {
		// GIVEN a terminated provider with work.
		register_with_offer(PROVIDER, 3_000, 10);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 1));
		Registry::slash(&PROVIDER, 1_000, &[]);
		Registry::terminate(&PROVIDER);
		// THEN it cannot leave before its columns are placed elsewhere.
		assert_noop!(Registry::leave(signed(PROVIDER)), Error::<Test>::StillCommitted);
		assert_noop!(Registry::withdraw_unbonded(signed(PROVIDER)), Error::<Test>::NothingUnbonded);
		// WHEN they are, THEN it gets the rest, and is gone.
		Registry::release(&PROVIDER, Storage, 1);
		assert_ok!(Registry::leave(signed(PROVIDER)));
		assert_eq!(info(PROVIDER).standing, Standing::Terminated);
		assert_noop!(Registry::leave(signed(PROVIDER)), Error::<Test>::Leaving);
		pass(UNBONDING_BLOCKS);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_eq!(Balances::free_balance(PROVIDER), ENDOWMENT - 1_000);
		assert!(!Providers::<Test>::contains_key(PROVIDER));
	});
}

#[test]
fn provider_without_any_stake_left_can_go() {
	build_and_execute(|| {
		// GIVEN a provider that lost all of its stake while leaving.
		register(PROVIDER, 3_000);
		assert_ok!(Registry::leave(signed(PROVIDER)));
		Registry::slash(&PROVIDER, 3_000, &[]);
		events();
		// THEN it needs not wait.
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_eq!(events(), [Event::Removed { provider: PROVIDER }]);
		// GIVEN one that was terminated without any.
		register(OTHER_PROVIDER, 3_000);
		Registry::slash(&OTHER_PROVIDER, 3_000, &[]);
		Registry::terminate(&OTHER_PROVIDER);
		assert_ok!(Registry::withdraw_unbonded(signed(OTHER_PROVIDER)));
		assert!(!Providers::<Test>::contains_key(OTHER_PROVIDER));
		// GIVEN an active one without any, THEN it must leave first.
		register(REPORTER, 3_000);
		Registry::slash(&REPORTER, 3_000, &[]);
		assert_noop!(Registry::withdraw_unbonded(signed(REPORTER)), Error::<Test>::NothingUnbonded);
		assert_ok!(Registry::leave(signed(REPORTER)));
		assert_ok!(Registry::withdraw_unbonded(signed(REPORTER)));
	});
}
