//! Validators that vote twice where they may vote once: on GRANDPA's finality, or on BEEFY's.

use codec::{Decode, Encode};
use frame_support::{assert_noop, traits::KeyOwnerProofSystem};
use peoples_cloud_runtime::{
	genesis_config_presets::session_keys, BlockNumber, Executive, Hash, Historical, Runtime, RuntimeCall,
	RuntimeOrigin, Session, UncheckedExtrinsic, PPL,
};
use sp_consensus_beefy::{
	ecdsa_crypto::{AuthorityId, AuthoritySignature},
	known_payloads::MMR_ROOT_ID,
	test_utils::{signed_vote, Keyring as BeefyKeyring},
	DoubleVotingProof, Payload, VoteMessage,
};
use sp_consensus_grandpa::localized_payload;
use sp_core::ed25519;
use sp_keyring::{
	Ed25519Keyring,
	Sr25519Keyring::{self, Bob, Charlie},
};
use sp_runtime::{
	traits::Dispatchable,
	transaction_validity::{InvalidTransaction, TransactionSource},
	DispatchError,
};

use crate::{
	chain::{begin_block, end_block, genesis_with, run_to, state, validate},
	consensus::FOUR,
	staking::{origin, short, stake, ERA},
};

/// The validators of genesis, among whom the votes are.
const SET: u64 = 0;
/// GRANDPA's round of the votes.
const ROUND: u64 = 1;
/// GRANDPA's two votes of a round, as messages number them.
const PREVOTE: u8 = 0;
const PRECOMMIT: u8 = 1;

/// A vote on GRANDPA's finality: for which block, and the signature.
type Vote = ((Hash, BlockNumber), ed25519::Signature);

/// A vote on BEEFY's finality.
type BeefyVote = VoteMessage<BlockNumber, AuthorityId, AuthoritySignature>;

/// The validator's vote for block 1 of that hash.
fn vote(voter: Ed25519Keyring, stage: u8, hash: u8) -> Vote {
	let block: (Hash, BlockNumber) = (Hash::repeat_byte(hash), 1);
	(block, voter.sign(&localized_payload(ROUND, SET, &(stage, block))))
}

/// The report that `offender` cast both votes, with the proof that `owner` has the key that it names.
fn grandpa_report(offender: Ed25519Keyring, owner: Ed25519Keyring, stage: u8, votes: [Vote; 2]) -> RuntimeCall {
	let [first, second] = votes;
	// The types of votes are those of a crate that the runtime does not depend on by itself.
	let proof = (SET, stage, ROUND, offender.public(), first, second).encode();
	RuntimeCall::Grandpa(pallet_grandpa::Call::report_equivocation_unsigned {
		equivocation_proof: Decode::decode(&mut &proof[..]).unwrap(),
		key_owner_proof: Historical::prove((sp_consensus_grandpa::KEY_TYPE, owner.public())).unwrap(),
	})
}

/// The validator's vote for a block of that number, under which it sees that root.
fn beefy_vote(voter: &BeefyKeyring<AuthorityId>, block: BlockNumber, root: u8) -> BeefyVote {
	signed_vote(block, Payload::from_single_entry(MMR_ROOT_ID, vec![root; 32]), SET, voter)
}

/// The report that one validator cast both votes, with the proof that `owner` has its key.
fn beefy_report(owner: Sr25519Keyring, first: BeefyVote, second: BeefyVote) -> RuntimeCall {
	RuntimeCall::Beefy(pallet_beefy::Call::report_double_voting_unsigned {
		equivocation_proof: Box::new(DoubleVotingProof { first, second }),
		key_owner_proof: Historical::prove((sp_consensus_beefy::KEY_TYPE, session_keys(owner).beefy)).unwrap(),
	})
}

/// Bob is reported by a validator of the same chain, disabled, and slashed once.
fn is_punished(report: impl FnOnce() -> RuntimeCall, duplicate: DispatchError) {
	state(&short(genesis_with(&FOUR))).execute_with(|| {
		// GIVEN Bob voted twice
		run_to(1);
		let report = report();
		let transaction = || UncheckedExtrinsic::new_bare(report.clone());

		// WHEN a validator's own node reports that THEN its pool takes it and sends it to nobody, and others refuse it
		assert_eq!(validate(TransactionSource::External, transaction()), Err(InvalidTransaction::Call.into()));
		assert!(!validate(TransactionSource::Local, transaction()).unwrap().propagate);

		// WHEN it is in a block
		begin_block(2);
		assert_eq!(Executive::apply_extrinsic(transaction()), Ok(Ok(())));

		// THEN Bob votes no more, and it cannot be reported again
		let bob = Session::validators().iter().position(|validator| *validator == Bob.to_account_id()).unwrap();
		assert_eq!(Session::disabled_validators(), [bob as u32]);
		assert_eq!(stake(Bob), 10_000 * PPL, "it can still be cancelled");
		assert_noop!(report.clone().dispatch(RuntimeOrigin::none()), duplicate);
		assert_eq!(validate(TransactionSource::Local, transaction()), Err(InvalidTransaction::Stale.into()));
		assert_eq!(Executive::apply_extrinsic(transaction()), Err(InvalidTransaction::Stale.into()));
		end_block();

		// THEN he loses his part of the stake, which is (3 / 4)² of it for one of four, and nobody else loses anything
		run_to(4 * ERA);
		let lost = 10_000 * PPL - stake(Bob);
		assert!(lost.abs_diff(5_625 * PPL) < PPL, "{lost}");
		assert_eq!(stake(Charlie), 10_000 * PPL);
	});
}

/// Nobody was harmed by what was refused.
fn nobody_is_punished() {
	assert!(Session::disabled_validators().is_empty());
	assert_eq!(pallet_staking::UnappliedSlashes::<Runtime>::iter().count(), 0);
}

#[test]
fn two_votes_in_one_round_of_grandpa_are_punished() {
	for stage in [PREVOTE, PRECOMMIT] {
		let voter = Ed25519Keyring::Bob;
		is_punished(
			|| grandpa_report(voter, voter, stage, [vote(voter, stage, 1), vote(voter, stage, 2)]),
			pallet_grandpa::Error::<Runtime>::DuplicateOffenceReport.into(),
		);
	}
}

#[test]
fn two_votes_in_one_round_of_beefy_are_punished() {
	is_punished(
		|| beefy_report(Bob, beefy_vote(&BeefyKeyring::Bob, 1, 1), beefy_vote(&BeefyKeyring::Bob, 1, 2)),
		pallet_beefy::Error::<Runtime>::DuplicateOffenceReport.into(),
	);
}

#[test]
fn forged_reports_of_grandpa_are_refused() {
	use Ed25519Keyring::{Bob, Charlie};

	state(&short(genesis_with(&FOUR))).execute_with(|| {
		begin_block(1);
		for stage in [PREVOTE, PRECOMMIT] {
			let (one, other) = (vote(Bob, stage, 1), vote(Bob, stage, 2));
			for (why, second) in [
				("the same vote twice", one),
				("the signature of the first", (other.0, one.1)),
				("the signature of another validator", vote(Charlie, stage, 2)),
				("the signature of the round's other vote", vote(Bob, 1 - stage, 2)),
			] {
				let report = grandpa_report(Bob, Bob, stage, [one, second]);
				let refused = report.dispatch(RuntimeOrigin::none()).map_err(|refused| refused.error);
				let expected: DispatchError = pallet_grandpa::Error::<Runtime>::InvalidEquivocationProof.into();
				assert_eq!(refused.map(|_| ()), Err(expected), "{why}");
			}
			// Two votes of Bob's say nothing about whoever has another key.
			assert_noop!(
				grandpa_report(Bob, Charlie, stage, [one, other]).dispatch(RuntimeOrigin::none()),
				pallet_grandpa::Error::<Runtime>::InvalidKeyOwnershipProof
			);
			assert_noop!(
				grandpa_report(Bob, Bob, stage, [one, other]).dispatch(origin(Sr25519Keyring::Eve)),
				DispatchError::BadOrigin
			);
		}
		nobody_is_punished();
	});
}

#[test]
fn forged_reports_of_beefy_are_refused() {
	state(&short(genesis_with(&FOUR))).execute_with(|| {
		begin_block(1);
		let (one, other) = (beefy_vote(&BeefyKeyring::Bob, 1, 1), beefy_vote(&BeefyKeyring::Bob, 1, 2));
		for (why, second) in [
			("the same vote twice", one.clone()),
			("the signature of the first", BeefyVote { signature: one.signature.clone(), ..other.clone() }),
			("the vote of another validator", beefy_vote(&BeefyKeyring::Charlie, 1, 2)),
			("a vote in another round", beefy_vote(&BeefyKeyring::Bob, 2, 2)),
		] {
			let report = beefy_report(Bob, one.clone(), second);
			let refused = report.dispatch(RuntimeOrigin::none()).map_err(|refused| refused.error);
			let expected: DispatchError = pallet_beefy::Error::<Runtime>::InvalidDoubleVotingProof.into();
			assert_eq!(refused.map(|_| ()), Err(expected), "{why}");
		}
		// Two votes of Bob's say nothing about whoever has another key.
		assert_noop!(
			beefy_report(Charlie, one.clone(), other.clone()).dispatch(RuntimeOrigin::none()),
			pallet_beefy::Error::<Runtime>::InvalidKeyOwnershipProof
		);
		assert_noop!(beefy_report(Bob, one, other).dispatch(origin(Sr25519Keyring::Eve)), DispatchError::BadOrigin);
		nobody_is_punished();
	});
}
