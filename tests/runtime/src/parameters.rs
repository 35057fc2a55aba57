//! The market's parameters: who sets them, and within which bounds.

use frame_support::{
	assert_ok,
	traits::{Get, OriginTrait},
};
use pallet_marketplace::{Error as MarketError, MarketParams};
use pallet_providers::{Error as StakeError, StakeParams};
use pallet_reputation::Error as ReputationError;
use pallet_storage_proofs::{Error as ProofError, ProofParams};
use peoples_cloud_runtime::{
	configs::{pallet_origins::Origin, TechnicalCollective},
	AccountId, Marketplace, Providers, Reputation, Runtime, RuntimeCall, RuntimeOrigin, StorageProofs, PPL,
};
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::{traits::Dispatchable, DispatchError};

use crate::{
	chain::{attempt, begin_block, genesis, state},
	governance::decide,
	staking::{origin, short},
};

/// A change, and why it is refused, if it is.
type Case = (RuntimeCall, Option<DispatchError>);

/// The present parameters of the market but for what is changed in them.
fn market(change: impl FnOnce(&mut MarketParams)) -> RuntimeCall {
	let mut params = Marketplace::params();
	change(&mut params);
	RuntimeCall::Marketplace(pallet_marketplace::Call::set_params { params })
}

/// As [`market`], of stakes.
fn stakes(change: impl FnOnce(&mut StakeParams)) -> RuntimeCall {
	let mut params = Providers::params();
	change(&mut params);
	RuntimeCall::Providers(pallet_providers::Call::set_params { params })
}

/// As [`market`], of proofs.
fn proofs(change: impl FnOnce(&mut ProofParams)) -> RuntimeCall {
	let mut params = StorageProofs::params();
	change(&mut params);
	RuntimeCall::StorageProofs(pallet_storage_proofs::Call::set_params { params })
}

fn half_life(blocks: u32) -> RuntimeCall {
	RuntimeCall::Reputation(pallet_reputation::Call::set_half_life { blocks })
}

/// What comes of the call; nothing of it stays.
fn result(call: &RuntimeCall, origin: RuntimeOrigin) -> Result<(), DispatchError> {
	attempt(|| call.clone().dispatch(origin).map(|_| ()).map_err(|refused| refused.error))
}

fn admin() -> RuntimeOrigin {
	Origin::MarketAdmin.into()
}

fn check(cases: impl IntoIterator<Item = Case>) {
	for (call, refused) in cases {
		assert_eq!(result(&call, admin()), refused.map_or(Ok(()), Err), "{call:?}");
		// Whoever asks.
		assert_eq!(result(&call, RuntimeOrigin::root()), refused.map_or(Ok(()), Err), "{call:?}");
	}
}

#[test]
fn the_market_has_bounds() {
	let refused = |error: MarketError<Runtime>| Some(error.into());
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		check([
			(market(|params| params.min_term = 1), None),
			(market(|params| params.min_term = 0), refused(MarketError::InvalidTerm)),
			(market(|params| params.min_term = params.max_duration), None),
			(market(|params| params.min_term = params.max_duration + 1), refused(MarketError::InvalidTerm)),
			(market(|params| params.max_ack_validity = 1), None),
			(market(|params| params.max_ack_validity = 0), refused(MarketError::InvalidValidity)),
			(market(|params| params.max_ack_validity = 100_800), None),
			(market(|params| params.max_ack_validity = 100_801), refused(MarketError::InvalidValidity)),
			(market(|params| params.loss_penalty_periods = 0), None),
			(market(|params| params.loss_penalty_periods = 10_000), None),
			(market(|params| params.loss_penalty_periods = 10_001), refused(MarketError::InvalidShare)),
			(market(|params| params.loss_client_share_ppm = 0), None),
			(market(|params| params.loss_client_share_ppm = 1_000_000), None),
			(market(|params| params.loss_client_share_ppm = 1_000_001), refused(MarketError::InvalidShare)),
		]);
	});
}

#[test]
fn stakes_have_bounds() {
	let refused = |error: StakeError<Runtime>| Some(error.into());
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		let most = u128::from(u64::MAX);
		check([
			(stakes(|params| params.min_bond = 1), None),
			(stakes(|params| params.min_bond = 0), refused(StakeError::MinBondZero)),
			(stakes(|params| params.min_bond = 100_000 * PPL), None),
			(stakes(|params| params.min_bond = 100_000 * PPL + 1), refused(StakeError::MinBondTooHigh)),
			(stakes(|params| params.stake_per_quote = 0), None),
			(stakes(|params| params.stake_per_quote = most), None),
			(stakes(|params| params.stake_per_quote = most + 1), refused(StakeError::StakePerQuoteTooHigh)),
			(stakes(|params| params.unbonding_blocks = 1), None),
			(stakes(|params| params.unbonding_blocks = 0), refused(StakeError::UnbondingBlocksZero)),
			// 12 weeks of blocks of 6 s.
			(stakes(|params| params.unbonding_blocks = 1_209_600), None),
			(stakes(|params| params.unbonding_blocks = 1_209_601), refused(StakeError::UnbondingBlocksTooMany)),
		]);
	});
}

#[test]
fn the_seed_ring_outlasts_the_longest_period_twice() {
	let ring: u32 = <Runtime as pallet_storage_proofs::Config>::SeedRing::get();
	assert!(ring >= 2 * 2_048);
}

#[test]
fn proofs_have_bounds() {
	let refused = |error: ProofError<Runtime>| Some(error.into());
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		check([
			(proofs(|params| params.period_blocks = 9), refused(ProofError::InvalidPeriodLength)),
			(proofs(|params| params.period_blocks = 2_048), None),
			(proofs(|params| (params.period_blocks, params.window_blocks) = (2_048, 2_047)), None),
			(proofs(|params| params.period_blocks = 2_049), refused(ProofError::InvalidPeriodLength)),
			(proofs(|params| params.window_blocks = 1), None),
			(proofs(|params| params.window_blocks = 0), refused(ProofError::InvalidWindow)),
			(proofs(|params| params.window_blocks = params.period_blocks - 1), None),
			(proofs(|params| params.window_blocks = params.period_blocks), refused(ProofError::InvalidWindow)),
			(proofs(|params| params.challenges = 1), None),
			(proofs(|params| params.challenges = 0), refused(ProofError::InvalidChallenges)),
			(proofs(|params| params.challenges = 32), None),
			(proofs(|params| params.challenges = 33), refused(ProofError::InvalidChallenges)),
			(proofs(|params| params.missed_slash_ppm = 0), None),
			(proofs(|params| params.missed_slash_ppm = 100_000), None),
			(proofs(|params| params.missed_slash_ppm = 100_001), refused(ProofError::InvalidShare)),
			(proofs(|params| params.reporter_share_ppm = 500_000), None),
			(proofs(|params| params.reporter_share_ppm = 500_001), refused(ProofError::InvalidShare)),
			(proofs(|params| params.suspend_after = 1), None),
			(proofs(|params| params.suspend_after = 0), refused(ProofError::InvalidStreaks)),
			(proofs(|params| params.terminate_after = params.suspend_after), None),
			(proofs(|params| params.terminate_after = params.suspend_after - 1), refused(ProofError::InvalidStreaks)),
			(proofs(|params| params.terminate_after = 10_000), None),
			(proofs(|params| params.terminate_after = 10_001), refused(ProofError::InvalidStreaks)),
		]);

		// The window cannot be changed again while the ring knows of challenges from before.
		assert_ok!(proofs(|params| params.window_blocks = 1).dispatch(admin()));
		check([
			(proofs(|params| params.window_blocks = 2), refused(ProofError::ChangedRecently)),
			(proofs(|params| params.challenges = 1), refused(ProofError::ChangedRecently)),
			(proofs(|params| params.missed_slash_ppm = 1), None),
		]);
	});
}

#[test]
fn reputation_has_a_bound() {
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		check([
			(half_life(1), None),
			(half_life(0), Some(ReputationError::<Runtime>::HalfLifeZero.into())),
			(half_life(52_596_000), None),
			(half_life(52_596_001), Some(ReputationError::<Runtime>::HalfLifeTooLong.into())),
		]);
	});
}

#[test]
fn others_set_no_parameters() {
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		let committee = pallet_collective::RawOrigin::<AccountId, TechnicalCollective>::Members(3, 3);
		let others = [
			RuntimeOrigin::none(),
			// Who has sudo, too.
			origin(Alice),
			RuntimeOrigin::from(committee),
			Origin::WhitelistedCaller.into(),
			Origin::ReferendumCanceller.into(),
			Origin::Treasurer.into(),
			Origin::SmallSpender.into(),
		];
		for call in [market(|_| ()), stakes(|_| ()), proofs(|_| ()), half_life(1)] {
			for other in &others {
				let caller = other.caller();
				assert_eq!(result(&call, other.clone()), Err(DispatchError::BadOrigin), "{call:?} {caller:?}");
			}
			assert_eq!(result(&call, admin()), Ok(()));
		}
	});
}

#[test]
fn one_referendum_sets_the_parameters_of_all() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN other parameters of each pallet, and one that is out of its bounds
		let batch = |calls| RuntimeCall::Utility(pallet_utility::Call::batch_all { calls });
		let changes = || {
			vec![
				market(|params| params.min_term = 7),
				stakes(|params| params.min_bond = 7 * PPL),
				proofs(|params| params.challenges = 7),
				half_life(7),
			]
		};
		let mut absurd = changes();
		absurd.push(stakes(|params| params.unbonding_blocks = 0));

		// WHEN the absurd one is approved with the others THEN all stays as it was
		let refused = StakeError::<Runtime>::UnbondingBlocksZero.into();
		assert_eq!(decide(Origin::MarketAdmin, batch(absurd)), [Err(refused)]);
		assert_ne!(Marketplace::params().min_term, 7);
		assert_ne!(Reputation::half_life(), 7);

		// WHEN the others are THEN they hold
		assert_eq!(decide(Origin::MarketAdmin, batch(changes())), [Ok(())]);
		assert_eq!(Marketplace::params().min_term, 7);
		assert_eq!(Providers::params().min_bond, 7 * PPL);
		assert_eq!(StorageProofs::params().challenges, 7);
		assert_eq!(Reputation::half_life(), 7);
	});
}
