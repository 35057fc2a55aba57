//! What the technical committee can decide, and with how many votes.

use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchResultWithPostInfo, GetDispatchInfo},
};
use pallet_collective::{Error, Event, RawOrigin};
use peoples_cloud_runtime::{
	configs::TechnicalCollective, AccountId, Hash, Hashing, Marketplace, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeOrigin, System, TechnicalCommittee, Whitelist, PPL,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::{
	traits::{Dispatchable, Hash as _},
	DispatchError,
};

use crate::{
	chain::{begin_block, end_block, genesis, run_to, state},
	staking::{origin, short, ERA},
};

/// Blocks in which the committee decides on a motion: three eras.
const MOTION: u32 = 3 * ERA;

/// A motion that whitelists a call.
struct Motion {
	whitelists: Hash,
	call: RuntimeCall,
	index: u32,
}

impl Motion {
	/// Proposes to whitelist the call of that hash with so many votes.
	fn propose(proposer: Sr25519Keyring, threshold: u32, name: &[u8]) -> Self {
		let whitelists = Hashing::hash(name);
		let call = RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call { call_hash: whitelists });
		let index = pallet_collective::ProposalCount::<Runtime, TechnicalCollective>::get();
		let motion = Self { whitelists, call, index };
		let call = Box::new(motion.call.clone());
		assert_ok!(TechnicalCommittee::propose(origin(proposer), threshold, call, motion.length()));
		motion
	}

	fn hash(&self) -> Hash {
		Hashing::hash_of(&self.call)
	}

	fn length(&self) -> u32 {
		self.call.encoded_size() as u32
	}

	fn approve(&self, member: Sr25519Keyring) {
		assert_ok!(TechnicalCommittee::vote(origin(member), self.hash(), self.index, true));
	}

	fn close(&self) -> DispatchResultWithPostInfo {
		let weight = self.call.get_dispatch_info().call_weight;
		TechnicalCommittee::close(origin(Eve), self.hash(), self.index, weight, self.length())
	}

	fn is_whitelisted(&self) -> bool {
		pallet_whitelist::WhitelistedCall::<Runtime>::contains_key(self.whitelists)
	}
}

/// The origin of so many votes out of so many.
fn votes(ayes: u32, members: u32) -> RuntimeOrigin {
	RuntimeOrigin::from(RawOrigin::<AccountId, TechnicalCollective>::Members(ayes, members))
}

fn set_members(members: &[Sr25519Keyring], prime: Option<Sr25519Keyring>) {
	let accounts = members.iter().map(|member| member.to_account_id()).collect();
	let prime = prime.map(|prime| prime.to_account_id());
	assert_ok!(TechnicalCommittee::set_members(RuntimeOrigin::root(), accounts, prime, 3));
}

#[test]
fn silence_does_not_follow_the_prime() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN a prime whose motion nobody else votes on
		begin_block(1);
		set_members(&[Alice, Bob, Charlie], Some(Alice));
		let motion = Motion::propose(Alice, 2, b"what the prime wants");
		motion.approve(Alice);
		assert_noop!(motion.close(), Error::<Runtime, TechnicalCollective>::TooEarly);
		end_block();
		run_to(MOTION);

		// WHEN its time is over THEN it is not approved
		begin_block(MOTION + 1);
		assert_ok!(motion.close());
		let rejected = Event::<Runtime, TechnicalCollective>::Disapproved { proposal_hash: motion.hash() };
		System::assert_has_event(rejected.into());
		assert!(!motion.is_whitelisted());

		// WHEN another one votes for it too THEN it is, at once
		let motion = Motion::propose(Alice, 2, b"what two want");
		motion.approve(Alice);
		motion.approve(Charlie);
		assert_ok!(motion.close());
		assert!(motion.is_whitelisted());
	});
}

#[test]
fn two_thirds_whitelist() {
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		// Members, and how many of them it takes.
		for (members, enough) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (31, 21), (32, 22)] {
			let call_hash = Hash::from_low_u64_be(members.into());
			assert_noop!(Whitelist::whitelist_call(votes(enough - 1, members), call_hash), DispatchError::BadOrigin);
			assert_ok!(Whitelist::whitelist_call(votes(enough, members), call_hash));
		}
	});
}

#[test]
fn a_low_threshold_whitelists_nothing() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN four members
		begin_block(1);
		set_members(&[Alice, Bob, Charlie, Dave], None);

		// WHEN half of them approve a motion that asks for no more
		let motion = Motion::propose(Alice, 2, b"what two of four want");
		motion.approve(Alice);
		motion.approve(Bob);
		assert_ok!(motion.close());

		// THEN it is executed in vain
		let executed = |motion: &Motion| {
			let result = Err(DispatchError::BadOrigin);
			RuntimeEvent::from(Event::<Runtime, TechnicalCollective>::Executed { proposal_hash: motion.hash(), result })
		};
		System::assert_has_event(executed(&motion));
		assert!(!motion.is_whitelisted());

		// WHEN one asks for nobody's votes THEN so it is too
		let motion = Motion::propose(Alice, 1, b"what one of four wants");
		System::assert_has_event(executed(&motion));
		assert!(!motion.is_whitelisted());
		let call = Box::new(motion.call.clone());
		assert_ok!(TechnicalCommittee::execute(origin(Alice), call, motion.length()));
		let result = Err(DispatchError::BadOrigin);
		let executed = Event::<Runtime, TechnicalCollective>::MemberExecuted { proposal_hash: motion.hash(), result };
		System::assert_has_event(executed.into());
		assert!(!motion.is_whitelisted());
	});
}

#[test]
fn the_committee_does_nothing_but_whitelist() {
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		let calls = [
			RuntimeCall::System(frame_system::Call::set_heap_pages { pages: 1 }),
			RuntimeCall::Marketplace(pallet_marketplace::Call::set_params { params: Marketplace::params() }),
			RuntimeCall::Referenda(pallet_referenda::Call::cancel { index: 0 }),
			RuntimeCall::Staking(pallet_staking::Call::force_new_era {}),
			RuntimeCall::TechnicalCommittee(pallet_collective::Call::set_members {
				new_members: Vec::new(),
				prime: None,
				old_count: 3,
			}),
			RuntimeCall::Treasury(pallet_treasury::Call::spend {
				asset_kind: Box::new(()),
				amount: PPL,
				beneficiary: Box::new(Alice.to_account_id()),
				valid_from: None,
			}),
			RuntimeCall::Whitelist(pallet_whitelist::Call::dispatch_whitelisted_call {
				call_hash: Hash::zero(),
				call_encoded_len: 0,
				call_weight_witness: Default::default(),
			}),
		];
		for call in calls {
			assert_noop!(call.dispatch(votes(3, 3)), DispatchError::BadOrigin);
		}
	});
}

#[test]
fn only_members_take_part_and_only_root_chooses_them() {
	type Refused = Error<Runtime, TechnicalCollective>;

	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		let motion = Motion::propose(Alice, 2, b"what Alice wants");
		let (call, length) = (|| Box::new(motion.call.clone()), motion.length());
		assert_noop!(TechnicalCommittee::propose(origin(Eve), 2, call(), length), Refused::NotMember);
		assert_noop!(TechnicalCommittee::execute(origin(Eve), call(), length), Refused::NotMember);
		assert_noop!(TechnicalCommittee::vote(origin(Eve), motion.hash(), motion.index, true), Refused::NotMember);
		for wrong in [origin(Alice), votes(3, 3)] {
			let none = Vec::new();
			assert_noop!(TechnicalCommittee::set_members(wrong.clone(), none, None, 3), DispatchError::BadOrigin);
			assert_noop!(TechnicalCommittee::kill(wrong, motion.hash()), DispatchError::BadOrigin);
		}
	});
}
