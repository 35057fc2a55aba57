//! Money in.
use super::*;

#[test]
fn lock_moves_the_clients_money_into_the_pot() {
	build_and_execute(|| {
		// WHEN a client locks money.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		// THEN it is in the pot, and on record.
		assert_eq!(Balances::free_balance(CLIENT), ENDOWMENT - 1_000);
		assert_eq!(Balances::free_balance(Escrow::pot()), EXISTENTIAL_DEPOSIT + 1_000);
		assert_eq!(Escrow::lock_of(7), Some(Lock { client: CLIENT, amount: 1_000 }));
		assert_eq!(Escrow::totals(), Totals { locked: 1_000, earned: 0 });
		assert_eq!(events(), [Event::Locked { agreement: 7, client: CLIENT, amount: 1_000 }]);
	});
}

#[test]
fn lock_of_less_than_the_existential_deposit_works() {
	build_and_execute(|| {
		assert_ok!(Escrow::lock(7, &CLIENT, 1));
		assert_ok!(Escrow::lock(8, &CLIENT, 0));
		assert_eq!(Escrow::totals().locked, 1);
	});
}

#[test]
fn lock_twice_fails() {
	build_and_execute(|| {
		// GIVEN a lock.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		// THEN its agreement cannot have another, whoever pays.
		assert_noop!(Escrow::lock(7, &CLIENT, 1_000), Error::<Test>::AlreadyLocked);
		assert_noop!(Escrow::lock(7, &OTHER_CLIENT, 1_000), Error::<Test>::AlreadyLocked);
	});
}

#[test]
fn lock_of_more_than_the_client_has_fails() {
	build_and_execute(|| {
		assert_noop!(Escrow::lock(7, &CLIENT, ENDOWMENT + 1), TokenError::FundsUnavailable);
		assert_noop!(Escrow::lock(7, &99, 1), TokenError::FundsUnavailable);
	});
}

#[test]
fn lock_that_would_reap_the_client_fails() {
	build_and_execute(|| {
		// The whole balance would leave the client without an account.
		assert_noop!(Escrow::lock(7, &CLIENT, ENDOWMENT), TokenError::NotExpendable);
		assert_noop!(Escrow::lock(7, &CLIENT, ENDOWMENT - EXISTENTIAL_DEPOSIT + 1), TokenError::NotExpendable);
		assert_ok!(Escrow::lock(7, &CLIENT, ENDOWMENT - EXISTENTIAL_DEPOSIT));
	});
}

#[test]
fn lock_that_overflows_the_total_fails() {
	genesis().execute_with(|| {
		TotalLocked::<Test>::put(Balance::MAX);
		assert_noop!(Escrow::lock(7, &CLIENT, 1), ArithmeticError::Overflow);
	});
}

#[test]
fn top_up_adds_to_the_lock() {
	build_and_execute(|| {
		// GIVEN a lock.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		events();
		// WHEN more is locked for it.
		assert_ok!(Escrow::top_up(7, 500));
		// THEN the same client pays, and the lock has grown.
		assert_eq!(Balances::free_balance(CLIENT), ENDOWMENT - 1_500);
		assert_eq!(Escrow::lock_of(7), Some(Lock { client: CLIENT, amount: 1_500 }));
		assert_eq!(Escrow::totals(), Totals { locked: 1_500, earned: 0 });
		assert_eq!(events(), [Event::ToppedUp { agreement: 7, client: CLIENT, amount: 500 }]);
	});
}

#[test]
fn top_up_without_a_lock_fails() {
	build_and_execute(|| {
		assert_noop!(Escrow::top_up(7, 500), Error::<Test>::NotLocked);
		// WHEN a lock is closed, THEN it cannot be topped up either.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::close(7, 1_000));
		assert_noop!(Escrow::top_up(7, 500), Error::<Test>::NotLocked);
	});
}

#[test]
fn top_up_of_more_than_the_client_has_fails() {
	build_and_execute(|| {
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_noop!(Escrow::top_up(7, ENDOWMENT), TokenError::FundsUnavailable);
		assert_noop!(Escrow::top_up(7, Balance::MAX), ArithmeticError::Overflow);
	});
}
