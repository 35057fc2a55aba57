//! Money back to clients.
use super::*;

/// Locks `amount`, then empties the client's account: it is reaped.
fn lock_and_reap(agreement: u64, amount: Balance) {
	assert_ok!(Escrow::lock(agreement, &CLIENT, amount));
	assert_ok!(Balances::transfer_all(RuntimeOrigin::signed(CLIENT), OTHER_CLIENT, false));
	assert!(!System::account_exists(&CLIENT));
	System::reset_events();
}

#[test]
fn refund_pays_back_a_part() {
	build_and_execute(|| {
		// GIVEN a lock.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		events();
		// WHEN a part is paid back.
		assert_ok!(Escrow::refund(7, 300));
		// THEN the client has it, and the lock lives on.
		assert_eq!(Balances::free_balance(CLIENT), ENDOWMENT - 700);
		assert_eq!(Escrow::lock_of(7), Some(Lock { client: CLIENT, amount: 700 }));
		assert_eq!(Escrow::totals(), Totals { locked: 700, earned: 0 });
		assert_eq!(events(), [Event::Refunded { agreement: 7, client: CLIENT, amount: 300 }]);
	});
}

#[test]
fn refund_of_nothing_has_no_event() {
	build_and_execute(|| {
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		events();
		assert_ok!(Escrow::refund(7, 0));
		assert_eq!(events(), []);
	});
}

#[test]
fn refund_without_a_lock_fails() {
	build_and_execute(|| {
		assert_noop!(Escrow::refund(7, 1), Error::<Test>::NotLocked);
	});
}

#[test]
fn refund_of_more_than_the_lock_fails() {
	build_and_execute(|| {
		// GIVEN that enough is locked for others.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::lock(8, &OTHER_CLIENT, 5_000));
		// THEN no client gets another's.
		assert_noop!(Escrow::refund(7, 1_001), Error::<Test>::ExceedsLock);
		assert_noop!(Escrow::close(7, 1_001), Error::<Test>::ExceedsLock);
	});
}

#[test]
fn refund_of_what_was_credited_fails() {
	build_and_execute(|| {
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, 800));
		assert_noop!(Escrow::refund(7, 201), Error::<Test>::ExceedsLocked);
		assert_ok!(Escrow::refund(7, 200));
	});
}

#[test]
fn close_pays_back_the_rest() {
	build_and_execute(|| {
		// GIVEN an agreement of which a part was earned.
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, 400));
		events();
		// WHEN it ends.
		assert_ok!(Escrow::close(7, 600));
		// THEN the client has the rest, and the lock is gone.
		assert_eq!(Balances::free_balance(CLIENT), ENDOWMENT - 400);
		assert_eq!(Escrow::lock_of(7), None);
		assert_eq!(Escrow::totals(), Totals { locked: 0, earned: 400 });
		assert_eq!(
			events(),
			[Event::Refunded { agreement: 7, client: CLIENT, amount: 600 }, Event::Closed { agreement: 7 }]
		);
	});
}

#[test]
fn close_with_nothing_left_pays_nothing() {
	build_and_execute(|| {
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::credit(&PROVIDER, 1_000));
		events();
		assert_ok!(Escrow::close(7, 0));
		assert_eq!(events(), [Event::Closed { agreement: 7 }]);
	});
}

#[test]
fn close_twice_fails() {
	build_and_execute(|| {
		assert_ok!(Escrow::lock(7, &CLIENT, 1_000));
		assert_ok!(Escrow::close(7, 1_000));
		assert_noop!(Escrow::close(7, 0), Error::<Test>::NotLocked);
	});
}

#[test]
fn refund_to_a_reaped_client_brings_the_account_back() {
	build_and_execute(|| {
		lock_and_reap(7, 1_000);
		assert_ok!(Escrow::close(7, 1_000));
		assert_eq!(Balances::free_balance(CLIENT), 1_000);
		assert_eq!(Escrow::earnings(CLIENT), 0);
	});
}

#[test]
fn refund_too_small_for_a_reaped_client_waits_for_it() {
	build_and_execute(|| {
		// GIVEN a client whose account is gone.
		lock_and_reap(7, 1_000);
		assert_ok!(Escrow::credit(&PROVIDER, 950));
		events();
		// WHEN its agreement ends with a refund that cannot bring the account back.
		assert_ok!(Escrow::close(7, 50));
		// THEN the agreement ends all the same, and the refund waits.
		assert_eq!(
			events(),
			[Event::RefundKept { agreement: 7, client: CLIENT, amount: 50 }, Event::Closed { agreement: 7 }]
		);
		assert_eq!(Escrow::earnings(CLIENT), 50);
		assert_eq!(Escrow::totals(), Totals { locked: 0, earned: 1_000 });
		check_state();
		// WHEN the client is back, THEN it can have it.
		assert_ok!(Balances::transfer_allow_death(RuntimeOrigin::signed(OTHER_CLIENT), CLIENT, 200));
		assert_ok!(Escrow::withdraw(RuntimeOrigin::signed(CLIENT)));
		assert_eq!(Balances::free_balance(CLIENT), 250);
	});
}

#[test]
fn small_refunds_to_a_reaped_client_add_up() {
	build_and_execute(|| {
		lock_and_reap(7, 1_000);
		assert_ok!(Escrow::refund(7, 60));
		assert_ok!(Escrow::refund(7, 60));
		assert_eq!(Escrow::earnings(CLIENT), 120);
		assert_eq!(Escrow::lock_of(7).unwrap().amount, 880);
		// Together they can bring the account back.
		assert_ok!(Escrow::withdraw(RuntimeOrigin::signed(CLIENT)));
		assert_eq!(Balances::free_balance(CLIENT), 120);
	});
}
