//! Validators come, earn, lose and go.

use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::{Inspect, InspectHold},
		KeyOwnerProofSystem,
	},
};
use pallet_election_provider_multi_phase::{CurrentPhase, Phase, QueuedSolution, Snapshot};
use pallet_staking::{Forcing, RewardDestination, ValidatorPrefs};
use peoples_cloud_runtime::{
	configs::TreasuryAccount, genesis_config_presets::session_keys, Babe, Balance, Balances,
	ElectionProviderMultiPhase, Grandpa, Historical, OriginCaller, Runtime, RuntimeCall, RuntimeHoldReason,
	RuntimeOrigin, Session, SessionKeys, Staking, System, EXISTENTIAL_DEPOSIT, PPL,
};
use serde_json::Value;
use sp_core::{ecdsa, ed25519, sr25519, Pair};
use sp_keyring::{
	Ed25519Keyring,
	Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie},
};
use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
use sp_runtime::{DispatchError, Perbill};

use crate::{
	chain::{begin_block, begin_block_with, end_block, genesis, genesis_with, plain_digest, run_to, state, FIRST_SLOT},
	consensus::{babe_pair, equivocation, FOUR},
	governance::decide,
};

/// Slots, and blocks, in an epoch of these tests.
const EPOCH: u32 = 5;
/// Sessions in an era of these tests.
const SESSIONS: u32 = 2;
/// Blocks in an era of these tests.
pub(crate) const ERA: u32 = EPOCH * SESSIONS;
const BONDING: u32 = 3;

/// Genesis with eras of ten blocks.
pub(crate) fn short(mut genesis: Value) -> Value {
	genesis["clock"]["epochSlots"] = EPOCH.into();
	genesis["clock"]["eras"] = serde_json::json!({ "sessions": SESSIONS, "bonding": BONDING });
	genesis
}

pub(crate) fn stake(key: Sr25519Keyring) -> Balance {
	let reason = RuntimeHoldReason::Staking(pallet_staking::HoldReason::Staking);
	Balances::balance_on_hold(&reason, &key.to_account_id())
}

pub(crate) fn origin(key: Sr25519Keyring) -> RuntimeOrigin {
	RuntimeOrigin::signed(key.to_account_id())
}

/// Keys, and the proof that whoever sets them has them.
pub(crate) fn keys_of(owner: Sr25519Keyring) -> (SessionKeys, Vec<u8>) {
	let mut statement = b"POP_".to_vec();
	statement.extend(owner.to_account_id().encode());
	let seed = owner.to_seed();
	let sr25519 = sr25519::Pair::from_string(&seed, None).unwrap().sign(&statement);
	let ed25519 = ed25519::Pair::from_string(&seed, None).unwrap().sign(&statement);
	let ecdsa = ecdsa::Pair::from_string(&seed, None).unwrap().sign(&statement);
	(session_keys(owner), (sr25519, ed25519, sr25519, ecdsa).encode())
}

/// Does all that it takes to become a validator.
pub(crate) fn join(key: Sr25519Keyring, bond: Balance) {
	let (keys, proof) = keys_of(key);
	assert_ok!(Staking::bond(origin(key), bond, RewardDestination::Stash));
	assert_ok!(Session::set_keys(origin(key), keys, proof));
	assert_ok!(Staking::validate(origin(key), ValidatorPrefs::default()));
}

fn is_validator(key: Sr25519Keyring) -> bool {
	Session::validators().contains(&key.to_account_id())
}

#[test]
fn whoever_bonds_is_elected_and_produces() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN the validators of genesis, with stake
		begin_block(1);
		assert_eq!(Session::validators().len(), 2);
		assert_eq!(stake(Alice), 10_000 * PPL);

		// WHEN Charlie bonds and says that he validates
		join(Charlie, 5_000 * PPL);
		assert!(!is_validator(Charlie));
		end_block();
		run_to(3 * ERA);

		// THEN he is elected, and has a vote on blocks and on finality
		assert!(is_validator(Charlie));
		assert!(Babe::authorities().iter().any(|(id, _)| *id == babe_pair(Charlie).public()));
		let vote = sp_consensus_grandpa::AuthorityId::from(Ed25519Keyring::Charlie.public());
		assert!(Grandpa::grandpa_authorities().iter().any(|(id, _)| *id == vote));

		// WHEN he stops THEN he goes with an era, and has his stake back when nobody can report him any more
		begin_block(3 * ERA + 1);
		assert_ok!(Staking::chill(origin(Charlie)));
		assert_ok!(Staking::unbond(origin(Charlie), 5_000 * PPL));
		end_block();
		run_to(5 * ERA);
		assert!(!is_validator(Charlie));
		begin_block(5 * ERA + 1);
		assert_ok!(Staking::withdraw_unbonded(origin(Charlie), 0));
		assert_eq!(stake(Charlie), 5_000 * PPL, "not yet");
		end_block();
		run_to((4 + BONDING + 1) * ERA);
		begin_block((4 + BONDING + 1) * ERA + 1);
		assert_ok!(Staking::withdraw_unbonded(origin(Charlie), 0));
		assert_eq!(stake(Charlie), 0);
	});
}

#[test]
fn too_little_stake_and_too_many_validators_are_refused() {
	state(&short(genesis("local"))).execute_with(|| {
		begin_block(1);
		assert_ok!(Staking::bond(origin(Charlie), 999 * PPL, RewardDestination::Stash));
		assert_noop!(
			Staking::validate(origin(Charlie), ValidatorPrefs::default()),
			pallet_staking::Error::<Runtime>::InsufficientBond
		);
		assert_ok!(Staking::set_validator_count(RuntimeOrigin::root(), 100));
		assert_noop!(
			Staking::set_validator_count(RuntimeOrigin::root(), 101),
			pallet_staking::Error::<Runtime>::TooManyValidators
		);
	});
}

#[test]
fn those_with_more_stake_behind_them_are_elected() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN room for two validators, and Dave who has less than Alice and Bob
		begin_block(1);
		assert_ok!(Staking::set_validator_count(RuntimeOrigin::root(), 2));
		join(Dave, 1_000 * PPL);
		end_block();
		run_to(3 * ERA);
		assert!(!is_validator(Dave));

		// WHEN Charlie puts much behind Dave
		begin_block(3 * ERA + 1);
		assert_ok!(Staking::bond(origin(Charlie), 50_000 * PPL, RewardDestination::Stash));
		assert_ok!(Staking::nominate(origin(Charlie), vec![Dave.to_account_id().into()]));
		end_block();
		run_to(6 * ERA);

		// THEN Dave is elected
		assert!(is_validator(Dave));
		assert_eq!(Session::validators().len(), 2);
	});
}

#[test]
fn eras_pay_validators_and_nominators() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN Charlie nominates whoever makes all blocks of these tests, the first of the validators
		begin_block(1);
		let author = if Session::validators()[0] == Alice.to_account_id() { Alice } else { Bob };
		assert_ok!(Staking::bond(origin(Charlie), 30_000 * PPL, RewardDestination::Stash));
		assert_ok!(Staking::nominate(origin(Charlie), vec![author.to_account_id().into()]));
		end_block();
		run_to(4 * ERA);

		assert_eq!(Session::validators()[0], author.to_account_id());

		// WHEN anybody claims an era's reward for it
		begin_block(4 * ERA + 1);
		let era = Staking::active_era().unwrap().index - 1;
		let issuance = Balances::total_issuance();
		let (own, charlie) = (stake(author), Balances::balance(&Charlie.to_account_id()));
		assert_ok!(Staking::payout_stakers(origin(Dave), author.to_account_id(), era));

		// THEN it and he are paid by their stakes, all of it is minted, and not twice
		let (own, charlie) = (stake(author) - own, Balances::balance(&Charlie.to_account_id()) - charlie);
		assert!(own > 0 && charlie > 2 * own && charlie < 4 * own, "{own} {charlie}");
		assert_eq!(Balances::total_issuance(), issuance + own + charlie);
		assert!(own + charlie <= pallet_staking::ErasValidatorReward::<Runtime>::get(era).unwrap());
		assert!(Staking::payout_stakers(origin(Dave), author.to_account_id(), era).is_err());
	});
}

#[test]
fn an_equivocator_is_disabled_at_once_and_slashed_later() {
	state(&short(genesis_with(&FOUR))).execute_with(|| {
		// GIVEN Bob made two blocks in one slot
		begin_block(1);
		let evidence = equivocation(Bob, FIRST_SLOT);
		let key_proof = Historical::prove((sp_consensus_babe::KEY_TYPE, babe_pair(Bob).public())).unwrap();

		// WHEN that is reported
		assert_ok!(Babe::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(evidence), key_proof));
		let bob = Session::validators().iter().position(|validator| *validator == Bob.to_account_id()).unwrap();
		assert_eq!(Session::disabled_validators(), [bob as u32]);
		assert_eq!(stake(Bob), 10_000 * PPL, "it can still be cancelled");
		end_block();
		let treasury = Balances::balance(&TreasuryAccount::get());
		run_to(4 * ERA);

		// THEN he loses a part of his stake to the treasury
		let lost = 10_000 * PPL - stake(Bob);
		assert!(lost > 0);
		assert!(Balances::balance(&TreasuryAccount::get()) >= treasury + lost - Perbill::from_percent(10) * lost);
		assert_eq!(treasury, EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn an_offence_that_is_reported_late_is_slashed_too() {
	state(&short(genesis_with(&FOUR))).execute_with(|| {
		// GIVEN Bob made two blocks in one slot of the first era
		begin_block(1);
		let evidence = equivocation(Bob, FIRST_SLOT);
		let key_proof = Historical::prove((sp_consensus_babe::KEY_TYPE, babe_pair(Bob).public())).unwrap();
		end_block();

		// WHEN that is reported in the last era in which stake is liable for it
		run_to((BONDING - 1) * ERA + 2);
		begin_block((BONDING - 1) * ERA + 3);
		assert_eq!(Staking::active_era().unwrap().index, BONDING - 1);
		assert_ok!(Babe::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(evidence), key_proof));
		end_block();

		// THEN he is slashed before he could have taken his stake back
		run_to((BONDING + 1) * ERA);
		assert!(stake(Bob) < 10_000 * PPL);
		assert_eq!(pallet_staking::UnappliedSlashes::<Runtime>::iter().count(), 0);
	});
}

#[test]
fn eras_go_on_after_pauses_in_which_no_election_was_prepared() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN epochs of which only the first two slots have blocks
		let mut number = 0;
		for epoch in 0..4 * SESSIONS {
			for slot in 0..2 {
				number += 1;
				let slot = FIRST_SLOT + u64::from(epoch * EPOCH + slot);
				begin_block_with(number, slot, &plain_digest(0, slot));
				end_block();

				// THEN each era's block elects by itself
				assert!(!CurrentPhase::<Runtime>::get().is_emergency(), "epoch {epoch}");
			}
		}
		assert!(Staking::active_era().unwrap().index >= 3);
	});
}

#[test]
fn root_ends_an_emergency() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN an election that failed after its snapshot
		let mut number = 0;
		while Snapshot::<Runtime>::get().is_none() {
			number += 1;
			run_to(number);
		}
		CurrentPhase::<Runtime>::put(Phase::Emergency);

		// WHEN somebody asks the block to elect THEN only root is heard
		assert_noop!(ElectionProviderMultiPhase::governance_fallback(origin(Alice)), DispatchError::BadOrigin);
		assert_ok!(ElectionProviderMultiPhase::governance_fallback(RuntimeOrigin::root()));
		assert!(QueuedSolution::<Runtime>::exists());

		// THEN the next era has validators, and the one after it is elected as usual
		let era = Staking::active_era().unwrap().index;
		run_to((era + 3) * ERA);
		assert!(Staking::active_era().unwrap().index >= era + 2);
		assert_eq!(Session::validators().len(), 2);
		assert!(!CurrentPhase::<Runtime>::get().is_emergency());
	});
}

#[test]
fn a_long_era_is_not_paid_for_all_its_time() {
	type Payout = <Runtime as pallet_staking::Config>::EraPayout;

	state(&short(genesis("local"))).execute_with(|| {
		let era = u64::from(ERA) * 2_000;
		let pay = |millis| <Payout as pallet_staking::EraPayout<Balance>>::era_payout(PPL, 10 * PPL, millis);
		let ((one, _), (two, _)) = (pay(era), pay(2 * era));
		assert!(one > 0 && two.abs_diff(2 * one) < one / 100, "{one} {two}");
		assert_eq!(pay(1_000 * era), pay(2 * era));
	});
}

#[test]
fn a_referendum_opens_the_testnets_fixed_set() {
	state(&short(genesis("testnet"))).execute_with(|| {
		// GIVEN a network that elects nobody, however much somebody has at stake
		begin_block(1);
		assert_eq!(pallet_staking::ForceEra::<Runtime>::get(), Forcing::ForceNone);
		let founders = Session::validators();
		for newcomer in [Eve, Ferdie] {
			assert_ok!(Balances::transfer_keep_alive(origin(Alice), newcomer.to_account_id().into(), 20_000 * PPL));
		}
		join(Eve, 15_000 * PPL);
		end_block();
		run_to(5 * ERA);
		assert_eq!(Session::validators(), founders);
		assert!(Session::current_index() > 5);

		// WHEN a referendum on the root track opens it, and nothing else is changed
		let open = RuntimeCall::Staking(pallet_staking::Call::force_new_era {});
		assert_eq!(decide(OriginCaller::system(frame_system::RawOrigin::Root), open), [Ok(())]);

		// THEN whoever waited with stake is elected beside the founders, and elections go on
		assert!(is_validator(Eve));
		assert_eq!(Session::validators().len(), founders.len() + 1);
		assert_eq!(pallet_staking::ForceEra::<Runtime>::get(), Forcing::NotForcing);

		// WHEN somebody new bonds and validates THEN he is elected too, without another referendum
		begin_block(System::block_number() + 1);
		join(Ferdie, 15_000 * PPL);
		assert!(!is_validator(Ferdie));
		end_block();
		run_to(System::block_number() + 3 * ERA);
		assert!(is_validator(Ferdie));
	});
}

#[test]
fn keys_are_set_with_their_owners_proof_only() {
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		let (keys, proof) = keys_of(Dave);
		assert_noop!(
			Session::set_keys(origin(Charlie), keys.clone(), proof.clone()),
			pallet_session::Error::<Runtime>::InvalidProof
		);
		assert_ok!(Session::set_keys(origin(Dave), keys, proof));
		assert!(Balances::total_balance_on_hold(&Dave.to_account_id()) > 0, "keys are state that somebody pays for");
	});
}

#[test]
fn keys_that_name_no_owner_are_refused() {
	let mut state = state(&genesis("local"));
	state.register_extension(KeystoreExt::new(MemoryKeystore::new()));
	state.execute_with(|| {
		// GIVEN keys as a node makes them for `author_rotateKeys`: with a proof for an empty owner, which it keeps
		begin_block(1);
		let made = SessionKeys::generate(&[], None);
		let (mut keys, for_nobody) = (made.keys, made.proof.encode());

		// WHEN they are set with that proof, or with none THEN they are refused
		for proof in [for_nobody, Vec::new()] {
			assert_noop!(
				Session::set_keys(origin(Dave), keys.clone(), proof),
				pallet_session::Error::<Runtime>::InvalidProof
			);
		}

		// WHEN the same keys come with their owner's proof, as of `author_rotateKeysWithOwner` THEN they are taken
		let for_dave = keys.create_ownership_proof(&Dave.to_account_id().encode()).unwrap().encode();
		assert_ok!(Session::set_keys(origin(Dave), keys.clone(), for_dave));
		assert_eq!(pallet_session::NextKeys::<Runtime>::get(Dave.to_account_id()), Some(keys));
	});
}

#[test]
fn stakes_fall_into_bags() {
	use peoples_cloud_runtime::configs::BagThresholds;

	let thresholds = BagThresholds::get();
	assert!(thresholds.windows(2).all(|pair| pair[0] < pair[1]));
	assert_eq!(thresholds[0], PPL as u64);
	assert!(*thresholds.last().unwrap() > 8_000_000 * PPL as u64);
}
