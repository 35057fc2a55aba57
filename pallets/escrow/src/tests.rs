//! One test for each rule.
use frame::testing_prelude::*;
use peoples_cloud_primitives::{
	traits::{Escrow as _, ProviderRecords},
	Balance,
};

use crate::{mock::*, Earnings, Error, Event, GenesisConfig, Lock, TotalLocked, Totals};

mod conservation;
mod locking;
mod paying;
mod refunding;

#[test]
fn genesis_gives_the_pot_the_existential_deposit() {
	build_and_execute(|| {
		// THEN the pot lives, owes nothing, and its deposit is part of the issuance.
		assert_eq!(Balances::free_balance(Escrow::pot()), EXISTENTIAL_DEPOSIT);
		assert_eq!(Balances::total_issuance(), 2 * ENDOWMENT + EXISTENTIAL_DEPOSIT);
		assert_eq!(Escrow::totals(), Totals { locked: 0, earned: 0 });
	});
}

#[test]
fn genesis_leaves_an_endowed_pot_alone() {
	// GIVEN a genesis that endows the pot itself.
	let balances = pallet_balances::GenesisConfig { balances: vec![(Escrow::pot(), 777)], ..Default::default() };
	let escrow = GenesisConfig::default();
	let genesis = RuntimeGenesisConfig { balances, escrow, ..Default::default() };
	// THEN nothing is minted.
	TestState::from(genesis.build_storage().unwrap()).execute_with(|| assert_eq!(Balances::total_issuance(), 777));
}

#[test]
fn indices_are_pinned() {
	// THEN what is stored in other chains' and clients' logs keeps its meaning.
	let first = |event: Event<Test>| event.encode()[0];
	let (agreement, client, provider, account, amount) = (0, 0, 0, 0, 0);
	assert_eq!(first(Event::Locked { agreement, client, amount }), 0);
	assert_eq!(first(Event::ToppedUp { agreement, client, amount }), 1);
	assert_eq!(first(Event::Credited { provider, amount }), 2);
	assert_eq!(first(Event::Refunded { agreement, client, amount }), 3);
	assert_eq!(first(Event::RefundKept { agreement, client, amount }), 4);
	assert_eq!(first(Event::Closed { agreement }), 5);
	assert_eq!(first(Event::Withdrawn { account, amount }), 6);
	let error = |error: Error<Test>| error.encode()[0];
	assert_eq!(error(Error::AlreadyLocked), 0);
	assert_eq!(error(Error::NotLocked), 1);
	assert_eq!(error(Error::ExceedsLock), 2);
	assert_eq!(error(Error::ExceedsLocked), 3);
	assert_eq!(error(Error::NothingEarned), 4);
	assert_eq!(crate::Call::<Test>::withdraw {}.encode(), [0]);
}
