//! What referenda can do, and what they cannot.

use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::GetDispatchInfo,
	traits::{schedule::DispatchTime, OriginTrait, StorePreimage},
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_marketplace::MarketParams;
use pallet_referenda::{ReferendumInfo, ReferendumInfoFor, TracksInfo};
use peoples_cloud_runtime::{
	configs::{pallet_origins::Origin, TreasuryAccount},
	AccountId, Balances, ConvictionVoting, Hashing, Marketplace, OriginCaller, Preimage, Referenda, Runtime,
	RuntimeCall, RuntimeEvent, RuntimeOrigin, System, TechnicalCommittee, Treasury, PPL,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::{traits::Hash as _, DispatchError};

use crate::{
	chain::{begin_block, end_block, genesis, run_to, state},
	staking::{origin, short},
};

/// Long enough for every track of these tests: their eras have ten blocks, and nobody votes against.
const BLOCKS: u32 = 280;

/// Submits a referendum on that call, with everything that lets it be decided.
pub(crate) fn submit(proposer: Sr25519Keyring, as_origin: OriginCaller, call: RuntimeCall) -> u32 {
	let index = pallet_referenda::ReferendumCount::<Runtime>::get();
	let proposal = Preimage::bound(call).unwrap();
	assert_ok!(Referenda::submit(origin(proposer), Box::new(as_origin), proposal, DispatchTime::After(0)));
	assert_ok!(Referenda::place_decision_deposit(origin(proposer), index));
	index
}

fn vote(voter: Sr25519Keyring, referendum: u32, aye: bool) {
	let vote = Vote { aye, conviction: Conviction::Locked1x };
	let vote = AccountVote::Standard { vote, balance: 900_000 * PPL };
	assert_ok!(ConvictionVoting::vote(origin(voter), referendum, vote));
}

/// Submits a referendum that most people vote for, and lets it be decided and enacted; the results of what was dispatched.
pub(crate) fn decide(as_origin: impl Into<OriginCaller>, call: RuntimeCall) -> Vec<Result<(), DispatchError>> {
	begin_block(System::block_number() + 1);
	let referendum = submit(Alice, as_origin.into(), call);
	for voter in [Alice, Bob, Charlie, Dave] {
		vote(voter, referendum, true);
	}
	end_block();
	let mut results = Vec::new();
	for _ in 0..BLOCKS {
		begin_block(System::block_number() + 1);
		results.extend(System::events().into_iter().filter_map(|record| match record.event {
			RuntimeEvent::Scheduler(pallet_scheduler::Event::Dispatched { result, id: Some(_), .. }) => Some(result),
			_ => None,
		}));
		end_block();
	}
	assert!(matches!(ReferendumInfoFor::<Runtime>::get(referendum), Some(ReferendumInfo::Approved(..))));
	results
}

#[test]
fn committee_and_referendum_authorise_an_upgrade() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN two of the committee's three whitelist an upgrade
		begin_block(1);
		let code_hash = Hashing::hash(b"the next runtime");
		let upgrade = RuntimeCall::System(frame_system::Call::authorize_upgrade { code_hash });
		let urgent =
			RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call { call_hash: Hashing::hash_of(&upgrade) });
		let (hash, length, weight) =
			(Hashing::hash_of(&urgent), urgent.encoded_size() as u32, urgent.get_dispatch_info().call_weight);
		assert_ok!(TechnicalCommittee::propose(origin(Alice), 2, Box::new(urgent), length));
		assert_ok!(TechnicalCommittee::vote(origin(Alice), hash, 0, true));
		assert_ok!(TechnicalCommittee::vote(origin(Charlie), hash, 0, true));
		assert_ok!(TechnicalCommittee::close(origin(Eve), hash, 0, weight, length));
		assert!(pallet_whitelist::WhitelistedCall::<Runtime>::contains_key(Hashing::hash_of(&upgrade)));
		end_block();

		// WHEN people vote for it
		let call = pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage { call: Box::new(upgrade) };
		let results = decide(Origin::WhitelistedCaller, call.into());

		// THEN it is authorised, and anybody can apply it
		assert_eq!(results, [Ok(())]);
		assert_eq!(System::authorized_upgrade().map(|upgrade| *upgrade.code_hash()), Some(code_hash));
	});
}

#[test]
fn a_committee_alone_decides_nothing() {
	state(&short(genesis("local"))).execute_with(|| {
		begin_block(1);
		let call = RuntimeCall::System(frame_system::Call::set_heap_pages { pages: 1 });
		let members = RuntimeOrigin::from(pallet_collective::RawOrigin::<AccountId, _>::Members(3, 3));
		assert_noop!(
			pallet_whitelist::Pallet::<Runtime>::dispatch_whitelisted_call_with_preimage(members, Box::new(call)),
			DispatchError::BadOrigin
		);
		// One of three is too few to whitelist.
		let one = RuntimeOrigin::from(pallet_collective::RawOrigin::<AccountId, _>::Members(1, 3));
		assert_noop!(
			pallet_whitelist::Pallet::<Runtime>::whitelist_call(one, Default::default()),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn market_parameters_change_within_their_bounds() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN a longer minimum term, and another one that the pallet refuses
		let longer = MarketParams { min_term: 7, ..Marketplace::params() };
		let absurd = MarketParams { loss_client_share_ppm: 1_000_001, ..longer };

		// WHEN referenda approve both THEN the first holds
		let set = |params| pallet_marketplace::Call::set_params { params }.into();
		assert_eq!(decide(Origin::MarketAdmin, set(longer.clone())), [Ok(())]);
		assert_eq!(Marketplace::params(), longer);
		let refused = pallet_marketplace::Error::<Runtime>::InvalidShare.into();
		assert_eq!(decide(Origin::MarketAdmin, set(absurd)), [Err(refused)]);
		assert_eq!(Marketplace::params(), longer);
	});
}

#[test]
fn an_origin_can_do_only_what_is_its() {
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		let params = Marketplace::params();
		for wrong in [Origin::WhitelistedCaller, Origin::ReferendumCanceller, Origin::Treasurer, Origin::SmallSpender] {
			assert_noop!(Marketplace::set_params(wrong.into(), params.clone()), DispatchError::BadOrigin);
		}
		let admin = || RuntimeOrigin::from(Origin::MarketAdmin);
		assert_noop!(System::set_heap_pages(admin(), 1), DispatchError::BadOrigin);
		assert_noop!(
			Treasury::spend(admin(), Box::new(()), PPL, Box::new(Dave.to_account_id()), None),
			DispatchError::BadOrigin
		);
		assert_ok!(Marketplace::set_params(admin(), params));
	});
}

#[test]
fn small_spenders_spend_little() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN a treasury with something in it
		begin_block(1);
		assert_ok!(Balances::transfer_keep_alive(origin(Eve), TreasuryAccount::get().into(), 50_000 * PPL));
		end_block();
		let spend = |amount| {
			let beneficiary = Box::new(Eve.to_account_id());
			pallet_treasury::Call::spend { asset_kind: Box::new(()), amount, beneficiary, valid_from: None }.into()
		};

		// WHEN a referendum approves too much THEN it is refused
		let refused = pallet_treasury::Error::<Runtime>::InsufficientPermission.into();
		assert_eq!(decide(Origin::SmallSpender, spend(10_000 * PPL + 1)), [Err(refused)]);

		// WHEN it approves as much as it may THEN anybody has it paid
		assert_eq!(decide(Origin::SmallSpender, spend(10_000 * PPL)), [Ok(())]);
		begin_block(System::block_number() + 1);
		let before = Balances::free_balance(Eve.to_account_id());
		assert_ok!(Treasury::payout(origin(Dave), 0));
		assert_eq!(Balances::free_balance(Eve.to_account_id()), before + 10_000 * PPL);
		assert!(Treasury::payout(origin(Dave), 0).is_err(), "and not twice");
	});
}

#[test]
fn what_most_people_reject_is_not_enacted() {
	state(&short(genesis("local"))).execute_with(|| {
		begin_block(1);
		let call = RuntimeCall::System(frame_system::Call::set_heap_pages { pages: 1 });
		let referendum = submit(Alice, frame_system::RawOrigin::Root.into(), call);
		vote(Alice, referendum, true);
		vote(Bob, referendum, false);
		vote(Charlie, referendum, false);
		end_block();
		run_to(BLOCKS + 10);
		assert!(matches!(ReferendumInfoFor::<Runtime>::get(referendum), Some(ReferendumInfo::Rejected(..))));
		// The deposits are not lost.
		begin_block(BLOCKS + 11);
		assert_ok!(Referenda::refund_decision_deposit(origin(Alice), referendum));
	});
}

#[test]
fn each_origin_has_its_track() {
	type Tracks = <Runtime as pallet_referenda::Config>::Tracks;

	state(&genesis("local")).execute_with(|| {
		assert_ok!(Tracks::check_integrity());
		let all: Vec<_> = Tracks::track_ids().collect();
		let root = Tracks::track_for(RuntimeOrigin::root().caller()).unwrap();
		let mut found = vec![root];
		for named in [
			Origin::WhitelistedCaller,
			Origin::MarketAdmin,
			Origin::ReferendumCanceller,
			Origin::Treasurer,
			Origin::SmallSpender,
		] {
			found.push(Tracks::track_for(&OriginCaller::Origins(named)).unwrap());
		}
		assert_eq!(found, all);
		assert!(Tracks::track_for(origin(Alice).caller()).is_err());
		// Local networks have eras of 120 blocks, production of 14,400.
		let root = Tracks::info(root).unwrap();
		assert_eq!(root.decision_period, 28 * 120);
	});
}
