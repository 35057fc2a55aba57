//! The rules of staking.
use super::*;
use crate::{
	types::{MAX_MIN_BOND, MAX_UNBONDING_BLOCKS},
	GenesisConfig, ParamsError,
};

fn build(params: StakeParams) -> TestState {
	let registry = GenesisConfig { params, ..Default::default() };
	RuntimeGenesisConfig { registry, ..Default::default() }.build_storage().unwrap().into()
}

#[test]
fn genesis_sets_the_rules() {
	build(params()).execute_with(|| assert_eq!(Registry::params(), params()));
}

#[test]
fn default_rules_are_sound() {
	assert_eq!(StakeParams::default().check(), Ok(()));
	build(StakeParams::default()).execute_with(|| assert_eq!(Registry::params(), StakeParams::default()));
}

#[test]
#[should_panic(expected = "providers.params: Err(MinBondZero)")]
fn genesis_without_a_least_bond_fails() {
	build(StakeParams { min_bond: 0, ..params() });
}

#[test]
#[should_panic(expected = "providers.params: Err(UnbondingBlocksZero)")]
fn genesis_without_an_unbonding_time_fails() {
	build(StakeParams { unbonding_blocks: 0, ..params() });
}

#[test]
#[should_panic(expected = "providers.params: Err(StakePerQuoteTooHigh)")]
fn genesis_with_an_overflowing_stake_fails() {
	build(StakeParams { stake_per_quote: Balance::MAX, ..params() });
}

#[test]
fn root_sets_the_rules() {
	build_and_execute(|| {
		let new = StakeParams { min_bond: 1, stake_per_quote: 0, unbonding_blocks: 1 };
		assert_ok!(Registry::set_params(RuntimeOrigin::root(), new));
		assert_eq!(Registry::params(), new);
		assert_eq!(events(), [Event::ParamsSet { params: new }]);
	});
}

#[test]
fn others_cannot_set_the_rules() {
	build_and_execute(|| {
		assert_noop!(Registry::set_params(signed(PROVIDER), params()), BadOrigin);
		assert_noop!(Registry::set_params(RuntimeOrigin::none(), params()), BadOrigin);
	});
}

#[test]
fn unsound_rules_fail() {
	build_and_execute(|| {
		let set = |params| Registry::set_params(RuntimeOrigin::root(), params);
		assert_noop!(set(StakeParams { min_bond: 0, ..params() }), Error::<Test>::MinBondZero);
		assert_noop!(set(StakeParams { unbonding_blocks: 0, ..params() }), Error::<Test>::UnbondingBlocksZero);
		assert_noop!(set(StakeParams { stake_per_quote: 1 << 64, ..params() }), Error::<Test>::StakePerQuoteTooHigh);
		let min_bond = MAX_MIN_BOND + 1;
		assert_noop!(set(StakeParams { min_bond, ..params() }), Error::<Test>::MinBondTooHigh);
		let unbonding_blocks = MAX_UNBONDING_BLOCKS + 1;
		assert_noop!(set(StakeParams { unbonding_blocks, ..params() }), Error::<Test>::UnbondingBlocksTooMany);
		assert_ok!(set(StakeParams { min_bond: MAX_MIN_BOND, unbonding_blocks: MAX_UNBONDING_BLOCKS, ..params() }));
		assert_ok!(set(StakeParams { stake_per_quote: (1 << 64) - 1, ..params() }));
	});
}

#[test]
fn stricter_rules_stop_new_work_only() {
	build_and_execute(|| {
		// GIVEN a provider with the least bond and work.
		register_with_offer(PROVIDER, MIN_BOND, 100);
		assert_ok!(Registry::commit(&PROVIDER, Storage, GIB));
		// WHEN the least bond rises.
		let new = StakeParams { min_bond: MIN_BOND + 1, ..params() };
		assert_ok!(Registry::set_params(RuntimeOrigin::root(), new));
		// THEN it keeps its work, and gets no more until it tops up.
		assert_noop!(Registry::commit(&PROVIDER, Storage, GIB), Error::<Test>::Understaked);
		assert_noop!(Registry::unbond(signed(PROVIDER), 1), Error::<Test>::BondNeeded);
		assert_ok!(Registry::bond_more(signed(PROVIDER), 1));
		assert_ok!(Registry::commit(&PROVIDER, Storage, GIB));
	});
}

#[test]
fn backing_rounds_up_and_never_overflows() {
	let params = StakeParams { stake_per_quote: u64::MAX.into(), ..params() };
	assert_eq!(params.check(), Ok::<_, ParamsError>(()));
	assert_eq!(params.backing(Storage, GIB), u64::MAX.into());
	assert!(params.backing(Storage, u64::MAX) < Balance::MAX >> 20);
	assert_eq!(super::params().backing(Storage, 1), 1);
	assert_eq!(super::params().backing(Storage, 0), 0);
}

#[test]
fn indices_are_pinned() {
	// THEN what is stored in other chains' and clients' logs keeps its meaning.
	let (provider, beneficiary, kind, units, amount) = (1, 2, Storage, 3, 4);
	let events: Vec<Event<Test>> = vec![
		Event::Registered { provider, peer_id: peer_id(1), bond: 1 },
		Event::InfoUpdated { provider },
		Event::Bonded { provider, amount },
		Event::Unbonding { provider, amount, at: 1 },
		Event::Withdrawn { provider, amount },
		Event::Removed { provider },
		Event::OfferSet { provider, kind, offer: offer(1) },
		Event::OfferRemoved { provider, kind },
		Event::Paused { provider },
		Event::Resumed { provider },
		Event::Leaving { provider },
		Event::ParamsSet { params: params() },
		Event::UnitsCommitted { provider, kind, units },
		Event::UnitsReleased { provider, kind, units },
		Event::Slashed { provider, amount },
		Event::SlashShared { provider, beneficiary, amount },
		Event::Suspended { provider },
		Event::Reinstated { provider },
		Event::Terminated { provider },
	];
	for (index, event) in events.iter().enumerate() {
		assert_eq!(usize::from(event.encode()[0]), index, "{event:?}");
	}
	let errors: [Error<Test>; 28] = [
		Error::AlreadyRegistered,
		Error::NotRegistered,
		Error::Terminated,
		Error::Suspended,
		Error::Leaving,
		Error::Paused,
		Error::NotPaused,
		Error::InvalidPeerId,
		Error::PeerIdTaken,
		Error::EmptyAddress,
		Error::InvalidOperator,
		Error::InvalidRegion,
		Error::NothingToUpdate,
		Error::BondTooLow,
		Error::ZeroAmount,
		Error::ExceedsBond,
		Error::BondNeeded,
		Error::TooManyUnbonding,
		Error::NothingUnbonded,
		Error::ZeroCapacity,
		Error::InvalidDuration,
		Error::NoOffer,
		Error::OverCapacity,
		Error::Understaked,
		Error::StillCommitted,
		Error::MinBondZero,
		Error::StakePerQuoteTooHigh,
		Error::UnbondingBlocksZero,
	];
	for (index, error) in errors.iter().enumerate() {
		assert_eq!(usize::from(error.encode()[0]), index, "{error:?}");
	}
	assert_eq!(HoldReason::Stake.encode(), [0]);
	assert_eq!(crate::Call::<Test>::leave {}.encode(), [9]);
}
