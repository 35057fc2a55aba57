//! The SDK's most frequent calls, as this chain configures them.

use frame_support::{
	assert_ok,
	traits::{schedule::DispatchTime, StorePreimage},
	weights::Weight,
	BoundedVec,
};
use frame_system::RawOrigin;
use pallet_conviction_voting::{AccountVote, Conviction, Vote, Voting, VotingFor};
use pallet_proxy::ProxyDefinition;
use pallet_staking::{
	EraInfo, ErasRewardPoints, ErasValidatorReward, Exposure, IndividualExposure, RewardDestination, ValidatorPrefs,
	Validators,
};
use peoples_cloud_runtime::{
	configs::ProxyType, AccountId, Balance, OriginCaller, Preimage, Referenda, Runtime, RuntimeCall, RuntimeOrigin,
	Staking, EXISTENTIAL_DEPOSIT, PPL,
};
use sp_core::sr25519;
use sp_keyring::Sr25519Keyring::Alice;

use super::{
	providers::nothing,
	world::{nobody, person, provider},
	Case, Sent,
};
use crate::transactions::account;

/// Transfers in a batch.
const BATCH: u32 = 100;
/// Proxies of an account: the most.
const PROXIES: u32 = 32;
/// Accounts with that many, and more than a block has transactions of.
const REAL: u32 = 1_800;
/// Who shares an account with the sender: the most.
const OTHERS: u32 = 99;
/// Bytes that are noted: a large call.
const NOTED: usize = 1_024;
/// Nominators whose nominations a block takes, and more.
const NOMINATORS: u32 = 1_000;
/// Validators that one nominator names: the most.
const TARGETS: u32 = 16;
/// Validators whose stakers a block pays, and more.
const PAID: u32 = 13;
/// Nominators behind each of them: a full page.
const PAGE: u32 = 256;
/// The era that is paid.
const ERA: u32 = 0;
/// Referenda that are voted on.
const REFERENDA: u32 = 20;
/// Voters, and more than a block has votes of.
const VOTERS: u32 = 1_200;
/// The votes that each of them has cast: all but one of the most.
const VOTES: u32 = 511;
/// The track of referenda that root decides.
const ROOT_TRACK: u16 = 0;

fn transfer(dest: AccountId) -> RuntimeCall {
	RuntimeCall::Balances(pallet_balances::Call::transfer_allow_death { dest: dest.into(), value: EXISTENTIAL_DEPOSIT })
}

fn ballot() -> AccountVote<Balance> {
	AccountVote::Standard { vote: Vote { aye: true, conviction: Conviction::Locked1x }, balance: PPL }
}

fn bond(staker: &sr25519::Pair) {
	let origin = RuntimeOrigin::signed(account(staker));
	assert_ok!(Staking::bond(origin, 100 * PPL, RewardDestination::Staked));
}

/// Accounts whose last proxy is the person before them.
fn proxied() {
	for number in 0..REAL {
		let delegates = (1..PROXIES).map(provider).chain([person(number)]);
		let proxies: Vec<_> = delegates
			.map(|key| ProxyDefinition { delegate: account(key), proxy_type: ProxyType::Any, delay: 0 })
			.collect();
		pallet_proxy::Proxies::<Runtime>::mutate(account(person(number + 1)), |(kept, _)| {
			*kept = BoundedVec::truncate_from(proxies);
		});
	}
}

/// Validators to name, and nominators with stake.
fn nominating() {
	for number in 0..TARGETS {
		Validators::<Runtime>::insert(account(provider(number)), ValidatorPrefs::default());
	}
	(0..NOMINATORS).for_each(|number| bond(person(number)));
}

/// An era in which validators earned rewards for themselves and a page of nominators each, who all put them to their stake.
fn rewarded() {
	ErasValidatorReward::<Runtime>::insert(ERA, 10_000 * PPL);
	for number in 0..PAID {
		let stash = account(person(number));
		bond(person(number));
		let nominators = (number * PAGE..(number + 1) * PAGE).map(provider);
		let others: Vec<_> = nominators
			.map(|nominator| {
				bond(nominator);
				IndividualExposure { who: account(nominator), value: 100 * PPL }
			})
			.collect();
		let own = 100 * PPL;
		let exposure = Exposure { total: own * Balance::from(PAGE + 1), own, others };
		EraInfo::<Runtime>::set_exposure(ERA, &stash, exposure);
		ErasRewardPoints::<Runtime>::mutate(ERA, |points| {
			points.total += 20;
			points.individual.insert(stash, 20);
		});
	}
}

/// Referenda, and voters who have taken part in nearly as many as they can.
fn deciding() {
	for number in 0..REFERENDA {
		let remark = frame_system::Call::remark { remark: number.to_le_bytes().to_vec() };
		let proposal = Preimage::bound(RuntimeCall::System(remark)).unwrap();
		let root = Box::new(OriginCaller::system(RawOrigin::Root));
		let alice = RuntimeOrigin::signed(Alice.to_account_id());
		assert_ok!(Referenda::submit(alice, root, proposal, DispatchTime::After(0)));
	}
	let votes: Vec<_> = (1_000..1_000 + VOTES).map(|referendum| (referendum, ballot())).collect();
	for number in 0..VOTERS {
		VotingFor::<Runtime>::mutate(account(person(number)), ROOT_TRACK, |voting| {
			let Voting::Casting(casting) = voting else { panic!("nobody delegates") };
			casting.votes = BoundedVec::truncate_from(votes.clone());
		});
	}
}

pub(crate) fn cases() -> Vec<Case> {
	vec![
		Case {
			call: "Balances.transfer_allow_death",
			prepare: nothing,
			sent: Sent::Signed(|number| (person(number), transfer(nobody(number)))),
		},
		Case {
			call: "Balances.transfer_keep_alive",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let dest = nobody(number).into();
				let call = pallet_balances::Call::transfer_keep_alive { dest, value: EXISTENTIAL_DEPOSIT };
				(person(number), RuntimeCall::Balances(call))
			}),
		},
		Case {
			call: "Utility.batch_all",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let calls = (number * BATCH..(number + 1) * BATCH).map(|dest| transfer(nobody(dest))).collect();
				(person(number), RuntimeCall::Utility(pallet_utility::Call::batch_all { calls }))
			}),
		},
		Case {
			call: "Proxy.proxy",
			prepare: proxied,
			sent: Sent::Signed(|number| {
				let call = pallet_proxy::Call::proxy {
					real: account(person(number + 1)).into(),
					force_proxy_type: None,
					call: Box::new(transfer(nobody(number))),
				};
				(person(number), RuntimeCall::Proxy(call))
			}),
		},
		Case {
			call: "Multisig.as_multi",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let mut other_signatories: Vec<_> = (0..OTHERS).map(|other| account(provider(other))).collect();
				other_signatories.sort();
				let call = pallet_multisig::Call::as_multi {
					threshold: 2,
					other_signatories,
					maybe_timepoint: None,
					call: Box::new(transfer(nobody(number))),
					max_weight: Weight::zero(),
				};
				(person(number), RuntimeCall::Multisig(call))
			}),
		},
		Case {
			call: "Staking.bond",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let call = pallet_staking::Call::bond { value: 100 * PPL, payee: RewardDestination::Staked };
				(person(number), RuntimeCall::Staking(call))
			}),
		},
		Case {
			call: "Staking.nominate",
			prepare: nominating,
			sent: Sent::Signed(|number| {
				let targets = (0..TARGETS).map(|target| account(provider(target)).into()).collect();
				(person(number), RuntimeCall::Staking(pallet_staking::Call::nominate { targets }))
			}),
		},
		Case {
			call: "Staking.payout_stakers",
			prepare: rewarded,
			sent: Sent::Signed(|number| {
				let validator_stash = account(person(number));
				let call = pallet_staking::Call::payout_stakers { validator_stash, era: ERA };
				(person(PAID + number), RuntimeCall::Staking(call))
			}),
		},
		Case {
			call: "ConvictionVoting.vote",
			prepare: deciding,
			sent: Sent::Signed(|number| {
				let call = pallet_conviction_voting::Call::vote { poll_index: number % REFERENDA, vote: ballot() };
				(person(number), RuntimeCall::ConvictionVoting(call))
			}),
		},
		Case {
			call: "Preimage.note_preimage",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let mut bytes = vec![0; NOTED];
				bytes[..4].copy_from_slice(&number.to_le_bytes());
				(person(number), RuntimeCall::Preimage(pallet_preimage::Call::note_preimage { bytes }))
			}),
		},
	]
}
