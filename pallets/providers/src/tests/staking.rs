//! Bonding and unbonding.
use super::*;

#[test]
fn bond_more_adds_to_the_bond() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_ok!(Registry::bond_more(signed(PROVIDER), 500));
		assert_eq!(info(PROVIDER).bonded, MIN_BOND + 500);
		assert_eq!(on_hold(PROVIDER), MIN_BOND + 500);
		assert_eq!(events(), [Event::Bonded { provider: PROVIDER, amount: 500 }]);
	});
}

#[test]
fn bond_more_of_nothing_fails() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_noop!(Registry::bond_more(signed(PROVIDER), 0), Error::<Test>::ZeroAmount);
	});
}

#[test]
fn bond_more_than_the_account_has_fails() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_noop!(Registry::bond_more(signed(PROVIDER), ENDOWMENT), TokenError::FundsUnavailable);
	});
}

#[test]
fn bond_more_of_no_provider_fails() {
	build_and_execute(|| {
		assert_noop!(Registry::bond_more(signed(CLIENT), 5), Error::<Test>::NotRegistered);
	});
}

#[test]
fn unbond_then_withdraw_frees_stake() {
	build_and_execute(|| {
		// GIVEN a provider with more than the least bond.
		register(PROVIDER, 3_000);
		// WHEN it unbonds.
		assert_ok!(Registry::unbond(signed(PROVIDER), 800));
		// THEN the stake waits, still on hold.
		let at = 1 + UNBONDING_BLOCKS;
		assert_eq!(events(), [Event::Unbonding { provider: PROVIDER, amount: 800, at }]);
		assert_eq!(info(PROVIDER).bonded, 2_200);
		assert_eq!(info(PROVIDER).unbonding.into_inner(), [UnbondChunk { amount: 800, at }]);
		assert_eq!(Registry::stake(&PROVIDER), 3_000);
		assert_eq!(on_hold(PROVIDER), 3_000);
		// WHEN it is too early, THEN nothing comes out.
		pass(UNBONDING_BLOCKS - 1);
		assert_noop!(Registry::withdraw_unbonded(signed(PROVIDER)), Error::<Test>::NothingUnbonded);
		// WHEN the time has come, THEN it is free, and the provider stays.
		pass(1);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_eq!(events(), [Event::Withdrawn { provider: PROVIDER, amount: 800 }]);
		assert_eq!(on_hold(PROVIDER), 2_200);
		assert_eq!(info(PROVIDER).unbonding.into_inner(), []);
	});
}

#[test]
fn withdraw_takes_only_what_is_due() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_ok!(Registry::unbond(signed(PROVIDER), 100));
		pass(10);
		assert_ok!(Registry::unbond(signed(PROVIDER), 200));
		pass(UNBONDING_BLOCKS - 10);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_eq!(on_hold(PROVIDER), 2_900);
		assert_noop!(Registry::withdraw_unbonded(signed(PROVIDER)), Error::<Test>::NothingUnbonded);
		pass(10);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_eq!(on_hold(PROVIDER), 2_700);
	});
}

#[test]
fn unbond_in_one_block_is_one_amount() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		for _ in 0..20 {
			assert_ok!(Registry::unbond(signed(PROVIDER), 10));
		}
		assert_eq!(info(PROVIDER).unbonding.into_inner(), [UnbondChunk { amount: 200, at: 1 + UNBONDING_BLOCKS }]);
	});
}

#[test]
fn unbond_too_often_fails() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		for _ in 0..crate::MAX_UNBONDING {
			assert_ok!(Registry::unbond(signed(PROVIDER), 10));
			pass(1);
		}
		assert_noop!(Registry::unbond(signed(PROVIDER), 10), Error::<Test>::TooManyUnbonding);
		// WHEN some is withdrawn, THEN there is room again.
		pass(UNBONDING_BLOCKS);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_ok!(Registry::unbond(signed(PROVIDER), 10));
	});
}

#[test]
fn unbond_of_nothing_fails() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_noop!(Registry::unbond(signed(PROVIDER), 0), Error::<Test>::ZeroAmount);
	});
}

#[test]
fn unbond_of_more_than_is_bonded_fails() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_noop!(Registry::unbond(signed(PROVIDER), 3_001), Error::<Test>::ExceedsBond);
	});
}

#[test]
fn unbond_below_the_least_bond_fails() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_noop!(Registry::unbond(signed(PROVIDER), 3_000 - MIN_BOND + 1), Error::<Test>::BondNeeded);
		assert_ok!(Registry::unbond(signed(PROVIDER), 3_000 - MIN_BOND));
	});
}

#[test]
fn unbond_of_what_backs_agreements_fails() {
	build_and_execute(|| {
		// GIVEN 20 GiB committed, and a byte more: 21 GiB's worth of hundredths.
		register_with_offer(PROVIDER, 3_000, 100);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 20 * GIB + 1));
		// THEN 2,001 must stay: what is committed counts by the unit, rounded up.
		assert_eq!(Registry::provider(PROVIDER).unwrap().required, 2_001);
		assert_noop!(Registry::unbond(signed(PROVIDER), 1_000), Error::<Test>::BondNeeded);
		assert_ok!(Registry::unbond(signed(PROVIDER), 999));
	});
}

#[test]
fn unbond_of_no_provider_fails() {
	build_and_execute(|| {
		assert_noop!(Registry::unbond(signed(CLIENT), 5), Error::<Test>::NotRegistered);
		assert_noop!(Registry::withdraw_unbonded(signed(CLIENT)), Error::<Test>::NotRegistered);
	});
}

#[test]
fn staking_calls_of_a_terminated_provider_fail() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		Registry::terminate(&PROVIDER);
		assert_noop!(Registry::bond_more(signed(PROVIDER), 5), Error::<Test>::Terminated);
		assert_noop!(Registry::unbond(signed(PROVIDER), 5), Error::<Test>::Terminated);
	});
}

#[test]
fn suspended_provider_may_bond_and_unbond() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		Registry::suspend(&PROVIDER);
		assert_ok!(Registry::bond_more(signed(PROVIDER), 5));
		assert_ok!(Registry::unbond(signed(PROVIDER), 5));
	});
}

#[test]
fn stake_is_not_spendable() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert!(Balances::transfer_allow_death(signed(PROVIDER), CLIENT, ENDOWMENT - 2_000).is_err());
	});
}
