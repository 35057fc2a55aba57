//! Stake taken.
use super::*;

#[test]
fn slash_goes_to_shares_and_treasury() {
	build_and_execute(|| {
		// GIVEN a provider.
		register(PROVIDER, 3_000);
		// WHEN it is slashed, with shares for a reporter and a client.
		assert_eq!(Registry::slash(&PROVIDER, 1_000, &[(REPORTER, 100_000), (CLIENT, 250_000)]), 1_000);
		// THEN each has its share, and the treasury the rest.
		assert_eq!(Balances::free_balance(REPORTER), ENDOWMENT + 100);
		assert_eq!(Balances::free_balance(CLIENT), ENDOWMENT + 250);
		assert_eq!(Balances::free_balance(TREASURY), ENDOWMENT + 650);
		assert_eq!(to_treasury(), [650]);
		assert_eq!(info(PROVIDER).bonded, 2_000);
		assert_eq!(on_hold(PROVIDER), 2_000);
		assert_eq!(
			events(),
			[
				Event::Slashed { provider: PROVIDER, amount: 1_000 },
				Event::SlashShared { provider: PROVIDER, beneficiary: REPORTER, amount: 100 },
				Event::SlashShared { provider: PROVIDER, beneficiary: CLIENT, amount: 250 },
			]
		);
	});
}

#[test]
fn slash_rounds_in_the_treasurys_favour() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_eq!(Registry::slash(&PROVIDER, 7, &[(REPORTER, 333_333)]), 7);
		assert_eq!(Balances::free_balance(REPORTER), ENDOWMENT + 2);
		assert_eq!(to_treasury(), [5]);
	});
}

#[test]
fn slash_takes_no_more_than_the_stake() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_eq!(Registry::slash(&PROVIDER, Balance::MAX, &[]), 3_000);
		assert_eq!(Registry::stake(&PROVIDER), 0);
		assert_eq!(on_hold(PROVIDER), 0);
		assert_eq!(Balances::free_balance(PROVIDER), ENDOWMENT - 3_000);
		// WHEN nothing is left, THEN nothing happens.
		events();
		assert_eq!(Registry::slash(&PROVIDER, 5, &[(REPORTER, 1_000_000)]), 0);
		assert_eq!(events(), []);
	});
}

#[test]
fn slash_of_nothing_and_of_no_provider_takes_nothing() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		assert_eq!(Registry::slash(&PROVIDER, 0, &[(REPORTER, 500_000)]), 0);
		assert_eq!(Registry::slash(&CLIENT, 5, &[(REPORTER, 500_000)]), 0);
		assert_eq!(events(), []);
	});
}

#[test]
fn slash_takes_the_bond_first_then_what_is_free_soonest() {
	build_and_execute(|| {
		// GIVEN a bond of 1,000 and three amounts unbonding.
		register(PROVIDER, MIN_BOND + 600);
		for amount in [100, 200, 300] {
			assert_ok!(Registry::unbond(signed(PROVIDER), amount));
			pass(1);
		}
		// WHEN the bond does not suffice.
		assert_eq!(Registry::slash(&PROVIDER, MIN_BOND + 150, &[]), MIN_BOND + 150);
		// THEN the first amount is gone, and a part of the second.
		assert_eq!(info(PROVIDER).bonded, 0);
		assert_eq!(
			info(PROVIDER).unbonding.into_inner(),
			[
				UnbondChunk { amount: 150, at: 2 + UNBONDING_BLOCKS },
				UnbondChunk { amount: 300, at: 3 + UNBONDING_BLOCKS }
			]
		);
		assert_eq!(on_hold(PROVIDER), 450);
	});
}

#[test]
fn stake_on_its_way_out_cannot_outrun_a_slash() {
	build_and_execute(|| {
		// GIVEN a provider that left, and whose time has come, but that has not withdrawn yet.
		register(PROVIDER, 3_000);
		assert_ok!(Registry::leave(signed(PROVIDER)));
		pass(UNBONDING_BLOCKS);
		// WHEN it is slashed, THEN it pays.
		assert_eq!(Registry::slash(&PROVIDER, 1_000, &[]), 1_000);
		assert_ok!(Registry::withdraw_unbonded(signed(PROVIDER)));
		assert_eq!(Balances::free_balance(PROVIDER), ENDOWMENT - 1_000);
	});
}

#[test]
fn understaked_provider_gets_no_new_work_until_it_tops_up() {
	build_and_execute(|| {
		// GIVEN a provider whose bond covers its work exactly.
		register_with_offer(PROVIDER, 3_000, 1_000);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 30 * GIB));
		// WHEN it is slashed.
		Registry::slash(&PROVIDER, 500, &[]);
		// THEN it keeps its work, even after some of it ends, and gets no more.
		assert_eq!(crate::Committed::<Test>::get(PROVIDER, Storage), 30 * GIB);
		Registry::release(&PROVIDER, Storage, GIB);
		assert_noop!(Registry::commit(&PROVIDER, Storage, 1), Error::<Test>::Understaked);
		Registry::release(&PROVIDER, Storage, 1);
		assert_ok!(Registry::bond_more(signed(PROVIDER), 500));
		assert_ok!(Registry::commit(&PROVIDER, Storage, GIB));
	});
}

#[test]
fn share_of_an_account_that_cannot_exist_goes_to_the_treasury() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		// WHEN a share is less than the existential deposit of an account that is not there.
		assert_eq!(Registry::slash(&PROVIDER, EXISTENTIAL_DEPOSIT, &[(NOBODY, 500_000)]), EXISTENTIAL_DEPOSIT);
		// THEN nothing is lost.
		assert_eq!(Balances::free_balance(NOBODY), 0);
		assert_eq!(to_treasury(), [EXISTENTIAL_DEPOSIT]);
		// WHEN it is enough, THEN the account comes to be.
		Registry::slash(&PROVIDER, 2 * EXISTENTIAL_DEPOSIT, &[(NOBODY, 500_000)]);
		assert_eq!(Balances::free_balance(NOBODY), EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn shares_of_more_than_all_get_what_is_there() {
	build_and_execute(|| {
		register(PROVIDER, 3_000);
		Registry::slash(&PROVIDER, 100, &[(REPORTER, 800_000), (CLIENT, 800_000), (OTHER_PROVIDER, u32::MAX)]);
		assert_eq!(Balances::free_balance(REPORTER), ENDOWMENT + 80);
		assert_eq!(Balances::free_balance(CLIENT), ENDOWMENT + 20);
		assert_eq!(Balances::free_balance(OTHER_PROVIDER), ENDOWMENT);
		assert_eq!(to_treasury(), Vec::<Balance>::new());
	});
}

#[test]
fn slashed_provider_without_other_money_is_no_obstacle() {
	build_and_execute(|| {
		// GIVEN a provider with all but the existential deposit at stake.
		register(PROVIDER, ENDOWMENT - EXISTENTIAL_DEPOSIT);
		// WHEN it loses all of it, THEN the account lives on with its deposit.
		assert_eq!(Registry::slash(&PROVIDER, ENDOWMENT, &[]), ENDOWMENT - EXISTENTIAL_DEPOSIT);
		assert_eq!(Balances::free_balance(PROVIDER), EXISTENTIAL_DEPOSIT);
	});
}
