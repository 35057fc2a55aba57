//! Money to providers.
use super::*;

#[test]
fn credit_turns_locked_money_into_earnings() {
	build_and_execute(|| {
		// GIVEN two locks.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::lock(8, &OTHER_CLIENT, 1_000));
		events();
		// WHEN a provider is credited from both at once.
		assert_ok!(Escrow::credit(&PROVIDER, 1_200));
		// THEN the money is the provider's, still in the pot, and the locks do not know which of them paid.
		assert_eq!(Escrow::earnings(PROVIDER), 1_200);
		assert_eq!(Balances::free_balance(PROVIDER), 0);
		assert_eq!(Escrow::totals(), Totals { locked: 800, earned: 1_200 });
		assert_eq!(Escrow::lock_of(7).unwrap().amount, 1_000);
		assert_eq!(events(), [Event::Credited { provider: PROVIDER, amount: 1_200 }]);
	});
}

#[test]
fn credit_of_nothing_leaves_no_trace() {
	build_and_execute(|| {
		assert_ok!(Escrow::credit(&PROVIDER, 0));
		assert!(!Earnings::<Test>::contains_key(PROVIDER));
		assert_eq!(events(), []);
	});
}

#[test]
fn credit_of_more_than_is_locked_fails() {
	build_and_execute(|| {
		assert_noop!(Escrow::credit(&PROVIDER, 1), Error::<Test>::ExceedsLocked);
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, 600));
		assert_noop!(Escrow::credit(&OTHER_PROVIDER, 401), Error::<Test>::ExceedsLocked);
		assert_ok!(Escrow::credit(&OTHER_PROVIDER, 400));
	});
}

#[test]
fn withdraw_pays_out_all_earnings() {
	build_and_execute(|| {
		// GIVEN earnings of two providers.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, 300));
		assert_ok!(Escrow::credit(&PROVIDER, 200));
		assert_ok!(Escrow::credit(&OTHER_PROVIDER, 100));
		events();
		// WHEN one withdraws.
		assert_ok!(Escrow::withdraw(RuntimeOrigin::signed(PROVIDER)));
		// THEN it has all of its own, and nothing else moved.
		assert_eq!(Balances::free_balance(PROVIDER), 500);
		assert_eq!(Escrow::earnings(PROVIDER), 0);
		assert_eq!(Escrow::earnings(OTHER_PROVIDER), 100);
		assert_eq!(Escrow::totals(), Totals { locked: 400, earned: 100 });
		assert_eq!(events(), [Event::Withdrawn { account: PROVIDER, amount: 500 }]);
	});
}

#[test]
fn withdraw_of_nothing_fails() {
	build_and_execute(|| {
		assert_noop!(Escrow::withdraw(RuntimeOrigin::signed(PROVIDER)), Error::<Test>::NothingEarned);
		// WHEN all is withdrawn, THEN there is nothing left.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, 500));
		assert_ok!(Escrow::withdraw(RuntimeOrigin::signed(PROVIDER)));
		assert_noop!(Escrow::withdraw(RuntimeOrigin::signed(PROVIDER)), Error::<Test>::NothingEarned);
	});
}

#[test]
fn withdraw_too_small_for_an_account_keeps_the_earnings() {
	build_and_execute(|| {
		// GIVEN an account that does not exist, with earnings below the existential deposit.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, EXISTENTIAL_DEPOSIT - 1));
		// THEN it cannot withdraw them, and does not lose them.
		assert_noop!(Escrow::withdraw(RuntimeOrigin::signed(PROVIDER)), TokenError::BelowMinimum);
		// WHEN it earns more, THEN it has both.
		assert_ok!(Escrow::credit(&PROVIDER, 1));
		assert_ok!(Escrow::withdraw(RuntimeOrigin::signed(PROVIDER)));
		assert_eq!(Balances::free_balance(PROVIDER), EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn withdraw_unsigned_fails() {
	build_and_execute(|| {
		assert_noop!(Escrow::withdraw(RuntimeOrigin::none()), BadOrigin);
		assert_noop!(Escrow::withdraw(RuntimeOrigin::root()), BadOrigin);
	});
}

#[test]
fn last_withdrawal_leaves_the_pot_alive() {
	build_and_execute(|| {
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, 1_000));
		assert_ok!(Escrow::close(7, 0));
		assert_ok!(Escrow::withdraw(RuntimeOrigin::signed(PROVIDER)));
		assert_eq!(Balances::free_balance(Escrow::pot()), EXISTENTIAL_DEPOSIT);
		assert_ok!(Escrow::lock(8, &CLIENT, 1));
	});
}

#[test]
fn a_provider_that_left_is_paid_what_it_has_earned() {
	build_and_execute(|| {
		// GIVEN earnings of two providers
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, 300));
		assert_ok!(Escrow::credit(&OTHER_PROVIDER, 100));
		// WHEN one is forgotten THEN it has its own, and nothing else moves
		Escrow::forget(&PROVIDER);
		assert_eq!(Balances::free_balance(PROVIDER), 300);
		assert!(!Earnings::<Test>::contains_key(PROVIDER));
		assert_eq!(Escrow::totals(), Totals { locked: 600, earned: 100 });
		// WHEN there is nothing THEN nothing happens
		events();
		Escrow::forget(&PROVIDER);
		assert_eq!(events(), []);
	});
}

#[test]
fn earnings_that_an_account_cannot_take_wait_for_it() {
	build_and_execute(|| {
		// GIVEN a provider without an account, and too little for one
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, EXISTENTIAL_DEPOSIT - 1));
		events();
		// WHEN it is forgotten THEN its money is not
		Escrow::forget(&PROVIDER);
		assert_eq!(Escrow::earnings(PROVIDER), EXISTENTIAL_DEPOSIT - 1);
		assert_eq!(events(), []);
	});
}
