use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, KeyOwnerProofSystem},
};
use peoples_cloud_primitives::traits::BlockRandomness;
use peoples_cloud_runtime::{
	configs::VrfRandomness, genesis_config_presets::session_keys, Babe, Beefy, Grandpa, Header, Historical, Runtime,
	RuntimeOrigin, Session, System,
};
use sp_consensus_babe::{
	digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
	make_vrf_sign_data, Slot,
};
use sp_core::{crypto::VrfSecret, Pair};
use sp_keyring::{
	Ed25519Keyring,
	Sr25519Keyring::{self, Alice, Bob, Charlie, Dave},
};
use sp_runtime::{traits::Header as _, DigestItem};

use crate::chain::{
	begin_block, begin_block_with, digest, end_block, genesis, genesis_with, plain_digest, run_to, state, FIRST_SLOT,
};

/// Four validators.
pub(crate) const FOUR: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];

pub(crate) fn babe_pair(key: Sr25519Keyring) -> sp_consensus_babe::AuthorityPair {
	key.pair().into()
}

/// Two blocks in one slot by the same validator.
pub(crate) fn equivocation(offender: Sr25519Keyring, slot: u64) -> sp_consensus_babe::EquivocationProof<Header> {
	let pair = babe_pair(offender);
	let index = Babe::authorities().iter().position(|(id, _)| *id == pair.public()).unwrap();
	let block = |state_root: u8| {
		let mut header = Header::new(
			System::block_number(),
			Default::default(),
			[state_root; 32].into(),
			System::parent_hash(),
			plain_digest(index as u32, slot),
		);
		let seal = <DigestItem as CompatibleDigestItem>::babe_seal(pair.sign(header.hash().as_ref()));
		header.digest_mut().push(seal);
		header
	};
	sp_consensus_babe::EquivocationProof {
		offender: pair.public(),
		slot: Slot::from(slot),
		first_header: block(1),
		second_header: block(2),
	}
}

#[test]
fn reported_equivocation_disables_the_validator() {
	state(&genesis_with(&FOUR)).execute_with(|| {
		// GIVEN Bob made two blocks in one slot
		begin_block(1);
		let evidence = equivocation(Bob, FIRST_SLOT);
		let key_proof = Historical::prove((sp_consensus_babe::KEY_TYPE, babe_pair(Bob).public())).unwrap();

		// WHEN that is reported
		let report =
			|| Babe::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(evidence.clone()), key_proof.clone());
		assert_ok!(report());

		// THEN Bob makes no more blocks, and it cannot be reported again
		let bob = Session::validators().iter().position(|validator| *validator == Bob.to_account_id()).unwrap();
		assert_eq!(Session::disabled_validators(), [bob as u32]);
		assert_noop!(report(), pallet_babe::Error::<Runtime>::DuplicateOffenceReport);
	});
}

#[test]
fn single_validator_is_never_disabled() {
	state(&genesis("dev")).execute_with(|| {
		begin_block(1);
		let evidence = equivocation(Alice, FIRST_SLOT);
		let key_proof = Historical::prove((sp_consensus_babe::KEY_TYPE, babe_pair(Alice).public())).unwrap();
		assert_ok!(Babe::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(evidence), key_proof));
		assert!(Session::disabled_validators().is_empty());
	});
}

#[test]
fn keys_are_proven_in_later_sessions() {
	let mut genesis = genesis("local");
	genesis["clock"]["epochSlots"] = 5.into();
	state(&genesis).execute_with(|| {
		// GIVEN a proof of session 0
		run_to(1);
		let key = (sp_consensus_grandpa::KEY_TYPE, Ed25519Keyring::Bob.public());
		let proof = Historical::prove((key.0, key.1.encode())).unwrap();
		assert_eq!(Session::current_index(), 0);

		// WHEN sessions pass THEN it still proves whose key it was
		run_to(16);
		assert_eq!(Session::current_index(), 3);
		let owner = Historical::check_proof((key.0, key.1.encode()), proof);
		assert_eq!(owner, Some((Bob.to_account_id(), ())));
	});
}

#[test]
fn new_keys_are_used_and_proven() {
	let mut genesis = genesis("local");
	genesis["clock"]["epochSlots"] = 5.into();
	state(&genesis).execute_with(|| {
		// GIVEN Bob changes his keys
		begin_block(1);
		let keys = session_keys(Charlie);
		pallet_session::NextKeys::<Runtime>::insert(Bob.to_account_id(), &keys);
		end_block();

		// WHEN two sessions pass
		run_to(16);

		// THEN all authority sets have the new keys, and the new keys are proven in the session after
		let babe = sp_consensus_babe::AuthorityId::from(Charlie.public());
		let grandpa = sp_consensus_grandpa::AuthorityId::from(Ed25519Keyring::Charlie.public());
		assert!(Babe::authorities().iter().any(|(id, _)| *id == babe));
		assert!(Grandpa::grandpa_authorities().iter().any(|(id, _)| *id == grandpa));
		assert!(Beefy::validator_set().unwrap().validators().contains(&session_keys(Charlie).beefy));
		let proof = Historical::prove((sp_consensus_babe::KEY_TYPE, babe.clone())).unwrap();
		run_to(26);
		let owner = Historical::check_proof((sp_consensus_babe::KEY_TYPE, babe), proof);
		assert_eq!(owner, Some((Bob.to_account_id(), ())));
	});
}

#[test]
fn old_sessions_are_forgotten() {
	let mut genesis = genesis("dev");
	genesis["clock"]["epochSlots"] = 5.into();
	// Whether there are eras or not.
	for force in ["NotForcing", "ForceNone"] {
		genesis["staking"]["forceEra"] = force.into();
		state(&genesis).execute_with(|| {
			let liable: u32 = pallet_clock::LiableSessions::<Runtime>::get();
			run_to(5 * (4 * liable + 3) + 1);
			let (first, end) = pallet_session::historical::StoredRange::<Runtime>::get().unwrap();
			// Eras are forgotten whole.
			assert!(end - first <= 2 * liable + 2, "{first}..{end}");
			assert!(pallet_session::historical::HistoricalSessions::<Runtime>::iter().count() as u32 <= end - first);
		});
	}
}

#[test]
fn randomness_is_the_authors_of_this_block() {
	state(&genesis("dev")).execute_with(|| {
		// GIVEN a block with a VRF output
		let sign_data = make_vrf_sign_data(&Babe::randomness(), Slot::from(FIRST_SLOT), 0);
		let claim = digest(PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
			authority_index: 0,
			slot: Slot::from(FIRST_SLOT),
			vrf_signature: babe_pair(Alice).as_ref().vrf_sign(&sign_data),
		}));
		begin_block_with(1, FIRST_SLOT, &claim);
		// WHEN it ends THEN that is the block's randomness
		end_block();
		let output = VrfRandomness::current();
		assert!(output.is_some());
		assert_eq!(output, Babe::author_vrf_randomness());

		// WHEN a block comes without one THEN there is none, though BABE still has the last
		begin_block(2);
		end_block();
		assert_eq!(Babe::author_vrf_randomness(), output);
		assert_eq!(VrfRandomness::current(), None);
	});
}
