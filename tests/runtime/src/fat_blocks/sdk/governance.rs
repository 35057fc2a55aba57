//! Calls of voters, of those who submit referenda, of the committee, and of whoever claims what was decided.

use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::GetDispatchInfo,
	traits::{fungible::Mutate, schedule::DispatchTime, Bounded, QueryPreimage, ReservableCurrency, StorePreimage},
	BoundedVec,
};
use frame_system::RawOrigin;
use pallet_conviction_voting::{AccountVote, ClassLocksFor, Conviction, Delegating, Vote, Voting, VotingFor};
use pallet_referenda::{DecidingCount, Deposit, ReferendumInfoFor, ReferendumInfoOf, TrackQueue};
use pallet_treasury::{PaymentState, SpendStatus, Spends};
use pallet_whitelist::{DeferredDispatch, WhitelistedCall};
use peoples_cloud_runtime::{
	configs::{pallet_origins::Origin, TreasuryAccount},
	AccountId, Balance, Balances, ConvictionVoting, Hash, Hashing, OriginCaller, Preimage, Referenda, Runtime,
	RuntimeCall, RuntimeOrigin, System, TechnicalCommittee, PPL,
};
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::traits::Hash as _;

use super::{few, many, signed_by, some, FEW};
use crate::{
	fat_blocks::{
		providers::nothing,
		world::{nobody, person, provider, unique, NOW},
		Case,
	},
	transactions::account,
};

/// Referenda that are voted on.
const REFERENDA: u32 = 20;
/// Voters, and more than a block has votes of.
const VOTERS: u32 = 1_200;
/// The votes that somebody can have cast at one time: the most.
const VOTES: u32 = 512;
/// From here on, referenda that are over.
const OVER: u32 = 10_000;
/// People to whom votes are delegated: a block takes few.
const DELEGATES: u32 = 3;
/// The block of the first referendum. Each has its own, so that each has its alarm in another block.
const SUBMITTED: u32 = 1_000;
/// The track of referenda that root decides.
const ROOT_TRACK: u16 = 0;
/// The track of those that spend a little.
const SMALL_TRACK: u16 = 31;
/// All tracks.
const TRACKS: [u16; 6] = [ROOT_TRACK, 1, 10, 20, 30, SMALL_TRACK];
/// Referenda of that track that can be decided upon at one time.
const DECIDING: u32 = 50;
/// Those that can wait for that: all but one of the most.
const WAITING: u32 = 99;
/// Deposits that are paid in one block, and motions that are made in one.
const TWENTY: u32 = 20;
/// Members of the committee: the most.
const MEMBERS: u32 = 32;
/// Motions that are open: with those of the block, the most.
const MOTIONS: u32 = 80;
/// Bytes of a motion.
const MOTION: usize = 10_000;
/// Bytes of what a referendum proposes: too many to be kept in it.
const PROPOSAL: usize = 1_024;

fn ballot() -> AccountVote<Balance> {
	AccountVote::Standard { vote: Vote { aye: true, conviction: Conviction::Locked1x }, balance: PPL }
}

fn remark(number: u32, length: usize) -> RuntimeCall {
	let mut remark = vec![0; length];
	remark[..4].copy_from_slice(&number.to_le_bytes());
	RuntimeCall::System(frame_system::Call::remark { remark })
}

fn root() -> Box<OriginCaller> {
	Box::new(OriginCaller::system(RawOrigin::Root))
}

/// Alice submits referenda, one in each block from the first one on.
fn submit(referenda: u32, origin: fn() -> Box<OriginCaller>) {
	for number in 0..referenda {
		System::set_block_number(SUBMITTED + number);
		let proposal = Preimage::bound(remark(number, 4)).unwrap();
		let alice = RuntimeOrigin::signed(Alice.to_account_id());
		assert_ok!(Referenda::submit(alice, origin(), proposal, DispatchTime::After(0)));
	}
	System::set_block_number(NOW - 1);
}

/// Somebody has cast votes on those, in their order.
fn cast(voter: AccountId, referenda: impl Iterator<Item = u32>) {
	VotingFor::<Runtime>::mutate(voter, ROOT_TRACK, |voting| {
		let Voting::Casting(casting) = voting else { panic!("nobody delegates") };
		casting.votes = BoundedVec::truncate_from(referenda.map(|referendum| (referendum, ballot())).collect());
	});
}

/// Referenda, and voters who have taken part in nearly as many as they can.
fn deciding_by(voters: u32) {
	submit(REFERENDA, root);
	for number in 0..voters {
		cast(account(person(number)), OVER..OVER + VOTES - 1);
	}
}

fn deciding() {
	deciding_by(VOTERS);
}

/// Voters who have taken part in as many as they can, one of which is not over.
fn voted() {
	deciding_by(FEW);
	for number in 0..FEW {
		assert_ok!(ConvictionVoting::vote(signed_by(person(number)), number % REFERENDA, ballot()));
	}
}

/// Voters of whom each has a vote in another one that they lost.
fn lost() {
	for number in 0..FEW {
		cast(account(person(number)), OVER..OVER + VOTES);
		let rejected = ReferendumInfoOf::<Runtime, ()>::Rejected(1, None, None);
		ReferendumInfoFor::<Runtime>::insert(OVER + number, rejected);
	}
}

/// Voters with as many votes as they can have, and something locked for every track.
fn locked() {
	for number in 0..FEW {
		cast(account(person(number)), OVER..OVER + VOTES);
		ClassLocksFor::<Runtime>::mutate(account(person(number)), |locks| {
			*locks = BoundedVec::truncate_from(TRACKS.iter().map(|track| (*track, PPL)).collect());
		});
	}
}

/// People who have taken part in as many as they can, of which none is over, and nobody else in the same.
fn followed() {
	submit(DELEGATES * VOTES, root);
	for number in 0..DELEGATES {
		cast(account(provider(number)), number * VOTES..(number + 1) * VOTES);
	}
}

/// The same, and people who have delegated their votes to them.
fn following() {
	followed();
	for number in 0..DELEGATES {
		VotingFor::<Runtime>::mutate(account(person(number)), ROOT_TRACK, |voting| {
			*voting = Voting::Delegating(Delegating {
				balance: PPL,
				target: account(provider(number)),
				conviction: Conviction::Locked1x,
				delegations: Default::default(),
				prior: Default::default(),
			});
		});
	}
}

/// What a person proposes.
fn proposal(number: u32) -> Vec<u8> {
	remark(number, PROPOSAL).encode()
}

fn proposal_hash(number: u32) -> Hash {
	Hashing::hash(&proposal(number))
}

fn noted() {
	for number in 0..FEW {
		assert_ok!(Preimage::note_preimage(signed_by(person(number)), proposal(number)));
	}
}

/// Referenda of the people who have noted what they propose.
fn submitted() {
	noted();
	for number in 0..FEW {
		let proposal = Preimage::bound(remark(number, 4)).unwrap();
		assert_ok!(Referenda::submit(signed_by(person(number)), root(), proposal, DispatchTime::After(0)));
	}
}

/// Referenda that could be decided upon, and a track that has as many as it can.
fn waiting() {
	submit(TWENTY, || Box::new(OriginCaller::Origins(Origin::SmallSpender)));
	DecidingCount::<Runtime>::insert(SMALL_TRACK, DECIDING);
	TrackQueue::<Runtime>::mutate(SMALL_TRACK, |queue| {
		*queue = BoundedVec::truncate_from((OVER..OVER + WAITING).map(|referendum| (referendum, 0)).collect());
	});
}

/// Referenda that were approved, with deposits of other people each.
fn approved() {
	for number in 0..FEW {
		let deposit = || {
			let who = account(person(number));
			assert_ok!(Balances::reserve(&who, PPL));
			Some(Deposit { who, amount: PPL })
		};
		let approved = ReferendumInfoOf::<Runtime, ()>::Approved(1, deposit(), deposit());
		ReferendumInfoFor::<Runtime>::insert(number, approved);
	}
}

/// What referenda have given to accounts that there are not.
fn spends(status: fn() -> PaymentState<()>) {
	Balances::mint_into(&TreasuryAccount::get(), 1_000 * PPL).unwrap();
	for number in 0..FEW {
		let spend = SpendStatus {
			asset_kind: (),
			amount: PPL,
			beneficiary: nobody(number),
			valid_from: 0u32,
			expire_at: NOW + 1_000,
			status: status(),
		};
		Spends::<Runtime>::insert(number, spend);
	}
}

fn granted() {
	spends(|| PaymentState::Pending);
}

fn paid() {
	spends(|| PaymentState::Attempted { id: () });
}

/// What the committee can do with effect.
fn motion(number: u32) -> RuntimeCall {
	let call_hash = unique("urgent", number).into();
	RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call { call_hash })
}

/// As many members as there can be.
fn seated() {
	let members = (0..MEMBERS).map(|number| account(person(number))).collect();
	assert_ok!(TechnicalCommittee::set_members(RuntimeOrigin::root(), members, None, 3));
}

/// Motions that all members must approve.
fn moved(motions: u32) {
	seated();
	for number in 0..motions {
		let call = motion(number);
		let length = call.encoded_size() as u32;
		assert_ok!(TechnicalCommittee::propose(signed_by(person(0)), MEMBERS, Box::new(call), length));
	}
}

/// So many members approve the first motions.
fn approve(members: u32) {
	for number in 0..FEW {
		for member in 0..members {
			let hash = Hashing::hash_of(&motion(number));
			assert_ok!(TechnicalCommittee::vote(signed_by(person(member)), hash, number, true));
		}
	}
}

fn many_moved() {
	moved(MOTIONS);
}

fn nearly_agreed() {
	moved(MOTIONS);
	approve(MEMBERS - 1);
}

fn agreed() {
	moved(MOTIONS);
	approve(MEMBERS);
}

/// Whitelisted calls that a referendum approved before they were.
fn deferred(noted: bool) {
	for number in 0..FEW {
		let hash = proposal_hash(number);
		if noted {
			assert_ok!(Preimage::note_preimage(signed_by(person(number)), proposal(number)));
		}
		<Preimage as QueryPreimage>::request(&hash);
		WhitelistedCall::<Runtime>::insert(hash, ());
		DeferredDispatch::<Runtime>::insert(hash, NOW + 1_000);
	}
}

fn deferred_and_noted() {
	deferred(true);
}

fn deferred_only() {
	deferred(false);
}

/// Calls that nobody has dispatched in time.
fn expired() {
	for number in 0..FEW {
		DeferredDispatch::<Runtime>::insert(proposal_hash(number), 1u32);
	}
}

pub(crate) fn cases() -> Vec<Case> {
	votes().into_iter().chain(referenda()).chain(payments()).chain(committee()).chain(whitelisted()).collect()
}

fn votes() -> Vec<Case> {
	use pallet_conviction_voting::Call;

	vec![
		many("ConvictionVoting.vote", deciding, |number| {
			let call = Call::vote { poll_index: number % REFERENDA, vote: ballot() };
			(person(number), RuntimeCall::ConvictionVoting(call))
		}),
		some(DELEGATES, "ConvictionVoting.delegate", followed, |number| {
			let call = Call::delegate {
				class: ROOT_TRACK,
				to: account(provider(number)).into(),
				conviction: Conviction::Locked1x,
				balance: PPL,
			};
			(person(number), RuntimeCall::ConvictionVoting(call))
		}),
		some(DELEGATES, "ConvictionVoting.undelegate", following, |number| {
			(person(number), RuntimeCall::ConvictionVoting(Call::undelegate { class: ROOT_TRACK }))
		}),
		few("ConvictionVoting.unlock", locked, |number| {
			let call = Call::unlock { class: ROOT_TRACK, target: account(person(number)).into() };
			(provider(number), RuntimeCall::ConvictionVoting(call))
		}),
		few("ConvictionVoting.remove_vote", voted, |number| {
			let call = Call::remove_vote { class: None, index: number % REFERENDA };
			(person(number), RuntimeCall::ConvictionVoting(call))
		}),
		few("ConvictionVoting.remove_other_vote", lost, |number| {
			let target = account(person(number)).into();
			let call = Call::remove_other_vote { target, class: ROOT_TRACK, index: OVER + number };
			(provider(number), RuntimeCall::ConvictionVoting(call))
		}),
	]
}

fn referenda() -> Vec<Case> {
	use pallet_referenda::Call;

	vec![
		few("Referenda.submit", noted, |number| {
			let call = Call::submit {
				proposal_origin: root(),
				proposal: Bounded::Lookup { hash: proposal_hash(number), len: proposal(number).len() as u32 },
				enactment_moment: DispatchTime::After(0),
			};
			(person(number), RuntimeCall::Referenda(call))
		}),
		some(TWENTY, "Referenda.place_decision_deposit", waiting, |number| {
			(person(number), RuntimeCall::Referenda(Call::place_decision_deposit { index: number }))
		}),
		few("Referenda.refund_decision_deposit", approved, |number| {
			(provider(number), RuntimeCall::Referenda(Call::refund_decision_deposit { index: number }))
		}),
		few("Referenda.refund_submission_deposit", approved, |number| {
			(provider(number), RuntimeCall::Referenda(Call::refund_submission_deposit { index: number }))
		}),
		few("Referenda.set_metadata", submitted, |number| {
			let call = Call::set_metadata { index: number, maybe_hash: Some(proposal_hash(number)) };
			(person(number), RuntimeCall::Referenda(call))
		}),
	]
}

fn payments() -> Vec<Case> {
	use pallet_treasury::Call;

	vec![
		few("Treasury.payout", granted, |number| {
			(person(number), RuntimeCall::Treasury(Call::payout { index: number }))
		}),
		few("Treasury.check_status", paid, |number| {
			(person(number), RuntimeCall::Treasury(Call::check_status { index: number }))
		}),
	]
}

fn committee() -> Vec<Case> {
	use pallet_collective::Call;

	vec![
		some(TWENTY, "TechnicalCommittee.propose", many_moved, |number| {
			let proposal = Box::new(remark(number, MOTION));
			let length_bound = proposal.encoded_size() as u32;
			let call = Call::propose { threshold: MEMBERS, proposal, length_bound };
			(person(number), RuntimeCall::TechnicalCommittee(call))
		}),
		some(TWENTY, "TechnicalCommittee.execute", seated, |number| {
			let proposal = Box::new(remark(number, MOTION));
			let length_bound = proposal.encoded_size() as u32;
			(person(number), RuntimeCall::TechnicalCommittee(Call::execute { proposal, length_bound }))
		}),
		few("TechnicalCommittee.vote", nearly_agreed, |number| {
			let call = Call::vote { proposal: Hashing::hash_of(&motion(number)), index: number, approve: true };
			(person(MEMBERS - 1), RuntimeCall::TechnicalCommittee(call))
		}),
		few("TechnicalCommittee.close", agreed, |number| {
			let motion = motion(number);
			let call = Call::close {
				proposal_hash: Hashing::hash_of(&motion),
				index: number,
				proposal_weight_bound: motion.get_dispatch_info().call_weight,
				length_bound: motion.encoded_size() as u32,
			};
			(provider(number), RuntimeCall::TechnicalCommittee(call))
		}),
		// Motions cost nothing here.
		few("TechnicalCommittee.release_proposal_cost", nothing, |number| {
			let proposal_hash = unique("motion", number).into();
			(person(number), RuntimeCall::TechnicalCommittee(Call::release_proposal_cost { proposal_hash }))
		}),
	]
}

fn whitelisted() -> Vec<Case> {
	use pallet_whitelist::Call;

	vec![
		few("Whitelist.dispatch_whitelisted_call", deferred_and_noted, |number| {
			let call = Call::dispatch_whitelisted_call {
				call_hash: proposal_hash(number),
				call_encoded_len: proposal(number).len() as u32,
				call_weight_witness: remark(number, PROPOSAL).get_dispatch_info().call_weight,
			};
			(provider(number), RuntimeCall::Whitelist(call))
		}),
		few("Whitelist.dispatch_whitelisted_call_with_preimage", deferred_only, |number| {
			let call = Box::new(remark(number, PROPOSAL));
			(provider(number), RuntimeCall::Whitelist(Call::dispatch_whitelisted_call_with_preimage { call }))
		}),
		few("Whitelist.remove_deferred_dispatch", expired, |number| {
			let call_hash = proposal_hash(number);
			(person(number), RuntimeCall::Whitelist(Call::remove_deferred_dispatch { call_hash }))
		}),
	]
}
