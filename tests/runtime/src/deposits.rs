//! Whoever makes the chain keep something has money bound for it, and has it back with what it was bound for.
//!
//! [`KEPT`] says for each map of the chain's state who pays for its entries, or why nobody has to.

use codec::Decode;
use frame_metadata::{
	v15::{StorageEntryMetadata, StorageEntryType},
	RuntimeMetadata, RuntimeMetadataPrefixed,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{schedule::DispatchTime, StorePreimage},
	weights::Weight,
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_marketplace::{Ledgers, SignedAck};
use pallet_providers::Offer;
use pallet_reputation::Records;
use pallet_staking::RewardDestination;
use pallet_storage_proofs::Duties;
use peoples_cloud_primitives::{
	resource::ResourceKind,
	terms::{Acknowledgement, AcknowledgementV1},
	traits::ReputationSink,
};
use peoples_cloud_runtime::{
	configs::{ProxyType, TechnicalCollective},
	AccountId, Balance, Balances, ConvictionVoting, Hash, Hashing, Marketplace, Multisig, OriginCaller, Preimage,
	Providers, Proxy, Referenda, Reputation, Runtime, RuntimeCall, RuntimeOrigin, Session, Staking, System,
	EXISTENTIAL_DEPOSIT, MILLI, PPL,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Eve, Ferdie};
use sp_runtime::{
	traits::{Dispatchable, Hash as _},
	DispatchError, TokenError,
};

use crate::{
	chain::{begin_block, end_block, genesis, run_to, state},
	governance::submit,
	staking::{keys_of, origin, short, ERA},
};

/// Who pays for what the chain keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payer {
	/// Whoever leaves it behind has money bound for it: the case of that name.
	Bound(&'static str),
	/// It comes with something that is paid for: one of it, or a few.
	With(&'static str),
	/// An account has the existential deposit.
	Existence,
	/// The chain writes it by itself: so much a block, a session, an era, or a validator.
	Chain,
	/// Governance, or those whom it chose.
	Governance,
	/// Whoever leaves it behind pays once, and it goes by itself.
	Expires(&'static str),
	/// Whoever leaves it behind has lost more by it.
	Cost(&'static str),
}
use Payer::{Bound, Chain, Cost, Existence, Expires, Governance, With};

/// Who pays for the entries of each map. Of the SDK's pallets, a map without a line of its own is as its pallet's line says. Each
/// map of ours has a line.
const KEPT: &[(&str, Payer)] = &[
	("System", Chain),
	("System.Account", Existence),
	("Babe", Chain),
	("Grandpa", Chain),
	("Beefy", Chain),
	("Mmr", Chain),
	("Historical", Chain),
	("Offences", Cost("an offence, which is slashed, is reported once")),
	("Balances", With("an account: what other pallets bind of its money")),
	("Staking", Chain),
	("Staking.Bonded", Bound("a stake that nominates")),
	("Staking.Ledger", Bound("a stake that nominates")),
	("Staking.Payee", With("a stake")),
	("Staking.Validators", With("a stake")),
	("Staking.Nominators", With("a stake")),
	("VoterList", With("a stake")),
	("ElectionProviderMultiPhase", Expires("solutions of an election, with a deposit, until it is over")),
	("Session", Bound("session keys")),
	("Proxy.Proxies", Bound("a proxy")),
	("Proxy.Announcements", Bound("an announcement")),
	("Multisig", Bound("an operation of a multisig")),
	("Scheduler", With("a referendum: alarms, and what was approved")),
	("Preimage", Bound("a preimage")),
	("Treasury", Governance),
	("TechnicalCommittee", Governance),
	("Whitelist", Governance),
	("ConvictionVoting", Bound("a vote")),
	("Referenda.ReferendumInfoFor", Bound("a referendum that nobody paid the decision deposit of")),
	("Referenda.TrackQueue", Bound("a referendum that is decided upon")),
	("Referenda.DecidingCount", Chain),
	("Referenda.MetadataOf", With("a referendum, and a preimage")),
	("Providers.Providers", Bound("a provider with an offer")),
	("Providers.PeerIds", Bound("a provider with an offer")),
	("Providers.Offers", Bound("a provider with an offer")),
	("Providers.Committed", With("an agreement")),
	("Providers.Tombstones", Cost("a provider loses its standing, and a part of its stake")),
	("Marketplace.Agreements", Bound("an agreement")),
	("Marketplace.ByClient", Bound("an agreement")),
	("Marketplace.ByObject", Bound("an agreement")),
	("Marketplace.ByProvider", Bound("an agreement")),
	("Marketplace.LostColumns", Bound("an agreement")),
	("Marketplace.Ledgers", With("a provider's registration")),
	("Marketplace.Schedule", Bound("an agreement")),
	("Marketplace.Uploads", Expires("names of uploads, when their acknowledgements do: within a week")),
	("Escrow.Locks", Bound("an agreement")),
	(
		"Escrow.Earnings",
		With("a provider's registration: it is paid when it leaves; refunds that an account cannot take"),
	),
	("Reputation.Records", With("a provider's registration")),
	("StorageProofs.Duties", With("a provider's registration")),
	("StorageProofs.Snapshots", With("a provider's registration")),
	("StorageProofs.BlockSeeds", Chain),
];

/// Our pallets.
const OURS: [&str; 6] = ["Clock", "Providers", "Marketplace", "Escrow", "Reputation", "StorageProofs"];

/// Something that Eve can leave behind.
struct Case {
	what: &'static str,
	/// What must be there before.
	given: fn(),
	/// Leaves it behind.
	leave: fn(),
	/// Takes it away again.
	take_away: fn(),
}

const CASES: [Case; 13] = [
	Case {
		what: "a proxy",
		given: || (),
		leave: || {
			assert_ok!(Proxy::add_proxy(eve(), Ferdie.to_account_id().into(), ProxyType::Any, 0));
		},
		take_away: || {
			assert_ok!(Proxy::remove_proxy(eve(), Ferdie.to_account_id().into(), ProxyType::Any, 0));
		},
	},
	Case {
		what: "a pure proxy",
		given: || (),
		leave: || {
			assert_ok!(Proxy::create_pure(eve(), ProxyType::Any, 0, 0));
		},
		take_away: || {
			let pure = Proxy::pure_account(&Eve.to_account_id(), &ProxyType::Any, 0, None);
			let (height, spawner) = (System::block_number(), Eve.to_account_id().into());
			assert_ok!(Proxy::kill_pure(RuntimeOrigin::signed(pure), spawner, ProxyType::Any, 0, height, 0));
		},
	},
	Case {
		what: "an announcement",
		given: || {
			assert_ok!(Proxy::add_proxy(origin(Ferdie), Eve.to_account_id().into(), ProxyType::Any, 1));
		},
		leave: || {
			assert_ok!(Proxy::announce(eve(), Ferdie.to_account_id().into(), Hash::zero()));
		},
		take_away: || {
			assert_ok!(Proxy::remove_announcement(eve(), Ferdie.to_account_id().into(), Hash::zero()));
		},
	},
	Case {
		what: "an operation of a multisig",
		given: || (),
		leave: || {
			let others = vec![Ferdie.to_account_id()];
			assert_ok!(Multisig::approve_as_multi(eve(), 2, others, None, [7; 32], Weight::zero()));
		},
		take_away: || {
			let others = vec![Ferdie.to_account_id()];
			assert_ok!(Multisig::cancel_as_multi(eve(), 2, others, Multisig::timepoint(), [7; 32]));
		},
	},
	Case {
		what: "a preimage",
		given: || (),
		leave: || {
			assert_ok!(Preimage::note_preimage(eve(), vec![7; 100]));
		},
		take_away: || {
			assert_ok!(Preimage::unnote_preimage(eve(), Hashing::hash(&[7; 100])));
		},
	},
	Case {
		what: "a referendum that nobody paid the decision deposit of",
		given: || (),
		leave: || {
			let proposal = Preimage::bound(remark()).unwrap();
			assert_ok!(Referenda::submit(eve(), Box::new(root()), proposal, DispatchTime::After(0)));
		},
		take_away: || {
			assert_ok!(Referenda::cancel(RuntimeOrigin::root(), 0));
			assert_ok!(Referenda::refund_submission_deposit(eve(), 0));
		},
	},
	Case {
		what: "a referendum that is decided upon",
		given: || {
			submit(Ferdie, root(), remark());
		},
		leave: || {
			submit(Eve, root(), remark());
		},
		take_away: || {
			assert_ok!(Referenda::cancel(RuntimeOrigin::root(), 1));
			assert_ok!(Referenda::refund_decision_deposit(eve(), 1));
			assert_ok!(Referenda::refund_submission_deposit(eve(), 1));
		},
	},
	Case {
		what: "a vote",
		given: || {
			submit(Ferdie, root(), remark());
		},
		leave: || {
			let vote = Vote { aye: true, conviction: Conviction::None };
			let vote = AccountVote::Standard { vote, balance: PPL };
			assert_ok!(ConvictionVoting::vote(eve(), 0, vote));
		},
		take_away: || {
			assert_ok!(ConvictionVoting::remove_vote(eve(), Some(0), 0));
			assert_ok!(ConvictionVoting::unlock(eve(), 0, Eve.to_account_id().into()));
		},
	},
	Case {
		what: "a delegation of votes",
		given: || (),
		leave: || {
			let to = Ferdie.to_account_id().into();
			assert_ok!(ConvictionVoting::delegate(eve(), 0, to, Conviction::None, PPL));
		},
		take_away: || {
			assert_ok!(ConvictionVoting::undelegate(eve(), 0));
			assert_ok!(ConvictionVoting::unlock(eve(), 0, Eve.to_account_id().into()));
		},
	},
	Case {
		what: "a stake that nominates",
		given: || (),
		leave: || {
			assert_ok!(Staking::bond(eve(), 1_000 * PPL, RewardDestination::Stash));
			assert_ok!(Staking::nominate(eve(), vec![Alice.to_account_id().into()]));
		},
		take_away: || {
			assert_ok!(Staking::chill(eve()));
			assert_ok!(Staking::unbond(eve(), 1_000 * PPL));
			pass(5 * ERA);
			assert_ok!(Staking::withdraw_unbonded(eve(), 0));
		},
	},
	Case {
		what: "session keys",
		given: || (),
		leave: || {
			let (keys, proof) = keys_of(Eve);
			assert_ok!(Session::set_keys(eve(), keys, proof));
		},
		take_away: || {
			assert_ok!(Session::purge_keys(eve()));
		},
	},
	Case {
		what: "a provider with an offer",
		given: || (),
		leave: || register(Eve),
		take_away: || {
			assert_ok!(Providers::leave(eve()));
			// Local networks unbond in half a minute.
			pass(30);
			assert_ok!(Providers::withdraw_unbonded(eve()));
			assert_eq!(pallet_providers::Offers::<Runtime>::iter().count(), 0);
		},
	},
	Case {
		what: "an agreement",
		given: || register(Ferdie),
		leave: open,
		take_away: || {
			// Several periods, so that all that it ran for are over.
			pass(60);
			assert_ok!(Marketplace::settle(origin(Alice), 0));
		},
	},
];

fn eve() -> RuntimeOrigin {
	origin(Eve)
}

fn root() -> OriginCaller {
	frame_system::RawOrigin::Root.into()
}

fn remark() -> RuntimeCall {
	RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() })
}

/// Ends the block, makes so many more, and begins the next.
fn pass(blocks: u32) {
	end_block();
	run_to(System::block_number() + blocks);
	begin_block(System::block_number() + 1);
}

/// Makes somebody a provider that offers a GiB.
fn register(key: Sr25519Keyring) {
	// A multihash that is its own digest.
	let peer_id = vec![0_u8, 1, 7].try_into().unwrap();
	let operator = b"somebody".to_vec().try_into().unwrap();
	let (addresses, region) = (Default::default(), Default::default());
	assert_ok!(Providers::register(origin(key), peer_id, addresses, operator, region, 1_000 * PPL));
	let offer = Offer { price: MILLI, capacity: 1 << 20, min_duration: 1, max_duration: 1_000 };
	assert_ok!(Providers::set_offer(origin(key), ResourceKind::Storage, offer));
}

/// Eve opens an agreement with Ferdie, for one period.
fn open() {
	let ack = Acknowledgement::V1(AcknowledgementV1 {
		genesis: System::block_hash(0_u32).0,
		client: Eve.to_account_id().into(),
		provider: Ferdie.to_account_id().into(),
		nonce: [7; 16],
		root: [7; 32],
		chunks: 4,
		rate: PPL,
		duration: 1,
		valid_until: System::block_number() + 20,
	});
	let signature = Ferdie.sign(&ack.signing_bytes()).0;
	let acks = vec![SignedAck { ack, signature }].try_into().unwrap();
	assert_ok!(Marketplace::open_storage(eve(), [7; 32], 1, 1, acks, PPL));
}

/// What of her money Eve cannot spend: reserved, held or locked.
fn bound() -> Balance {
	let money = frame_system::Account::<Runtime>::get(Eve.to_account_id()).data;
	money.reserved + money.frozen
}

#[test]
fn whoever_leaves_something_behind_has_money_bound_for_it() {
	for case in CASES {
		state(&short(genesis("local"))).execute_with(|| {
			// GIVEN Eve
			begin_block(1);
			(case.given)();
			let before = bound();

			// WHEN she leaves something behind THEN she has money bound for it
			(case.leave)();
			assert!(bound() > before, "{}", case.what);

			// WHEN it is taken away THEN she has that back
			(case.take_away)();
			assert_eq!(bound(), before, "{}", case.what);
		});
	}
}

/// All maps of the chain's state.
fn maps() -> Vec<String> {
	let opaque = state(&genesis("local")).execute_with(|| Runtime::metadata_at_version(15)).unwrap();
	let metadata: RuntimeMetadataPrefixed = Decode::decode(&mut opaque.as_slice()).unwrap();
	let RuntimeMetadata::V15(metadata) = metadata.1 else { panic!("asked for version 15") };
	let mut maps = Vec::new();
	for storage in metadata.pallets.into_iter().filter_map(|pallet| pallet.storage) {
		let is_map = |entry: &StorageEntryMetadata<_>| matches!(entry.ty, StorageEntryType::Map { .. });
		maps.extend(
			storage.entries.into_iter().filter(is_map).map(|entry| format!("{}.{}", storage.prefix, entry.name)),
		);
	}
	maps
}

#[test]
fn for_each_map_it_is_known_who_pays() {
	let maps = maps();
	let pallet = |map: &str| map.split_once('.').map_or(map.to_owned(), |(pallet, _)| pallet.to_owned());
	let lines = |map: &str| KEPT.iter().filter(|(line, _)| *line == map || *line == pallet(map)).count();
	let unknown: Vec<_> = maps.iter().filter(|map| lines(map) == 0).collect();
	assert!(unknown.is_empty(), "nobody pays for {unknown:?}");
	for (line, payer) in KEPT {
		assert!(maps.iter().any(|map| map == line || pallet(map) == *line), "there is no {line}");
		assert!(line.contains('.') || !OURS.contains(line), "each map of {line} must have a line");
		if let Bound(case) = payer {
			assert!(CASES.iter().any(|tried| tried.what == *case), "{line}: nobody tries {case}");
		}
	}
}

/// All storage keys that name this account.
fn keys_naming(who: &AccountId) -> Vec<Vec<u8>> {
	let name: &[u8] = who.as_ref();
	let next = |key: &Vec<u8>| sp_io::storage::next_key(key);
	std::iter::successors(next(&Vec::new()), next)
		.filter(|key| key.windows(name.len()).any(|part| part == name))
		.collect()
}

#[test]
fn of_a_provider_that_left_only_its_account_is_kept() {
	state(&short(genesis("local"))).execute_with(|| {
		// GIVEN Ferdie, who took a column on, of which there is evidence and nothing is owed any more
		begin_block(1);
		let ferdie = Ferdie.to_account_id();
		let before = keys_naming(&ferdie);
		register(Ferdie);
		open();
		pass(60);
		assert_ok!(Marketplace::settle(origin(Alice), 0));
		assert!(Duties::<Runtime>::contains_key(&ferdie) && Ledgers::<Runtime>::contains_key(&ferdie));
		Reputation::note(&ferdie, ResourceKind::Storage, 1, 1);
		assert!(Records::<Runtime>::iter_prefix(&ferdie).count() > 0);
		assert!(keys_naming(&ferdie).len() > before.len());
		// WHEN he has left and taken the last of his stake THEN nothing names him any more that did not before
		assert_ok!(Providers::leave(origin(Ferdie)));
		pass(30);
		assert_ok!(Providers::withdraw_unbonded(origin(Ferdie)));
		assert_eq!(keys_naming(&ferdie), before);
	});
}

#[test]
fn an_account_has_the_existential_deposit() {
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		let transfer = |amount| Balances::transfer_keep_alive(eve(), AccountId::from([7; 32]).into(), amount);
		assert_noop!(transfer(EXISTENTIAL_DEPOSIT - 1), TokenError::BelowMinimum);
		assert_ok!(transfer(EXISTENTIAL_DEPOSIT));
	});
}

#[test]
fn what_has_no_deposit_is_refused_to_ordinary_accounts() {
	state(&genesis("local")).execute_with(|| {
		begin_block(1);
		let call = || Box::new(remark());
		let bad = DispatchError::BadOrigin;
		let stranger = pallet_collective::Error::<Runtime, TechnicalCollective>::NotMember.into();
		let not_bonded = pallet_staking::Error::<Runtime>::NotController.into();
		let no_provider = pallet_providers::Error::<Runtime>::NotRegistered.into();
		let offer = Offer { price: MILLI, capacity: 1, min_duration: 1, max_duration: 1 };
		let calls: Vec<(RuntimeCall, DispatchError)> = vec![
			(
				RuntimeCall::Scheduler(pallet_scheduler::Call::schedule {
					when: 9,
					maybe_periodic: None,
					priority: 0,
					call: call(),
				}),
				bad,
			),
			(
				RuntimeCall::Scheduler(pallet_scheduler::Call::schedule_named {
					id: [7; 32],
					when: 9,
					maybe_periodic: None,
					priority: 0,
					call: call(),
				}),
				bad,
			),
			(RuntimeCall::Preimage(pallet_preimage::Call::request_preimage { hash: Hash::zero() }), bad),
			(RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call { call_hash: Hash::zero() }), bad),
			(
				RuntimeCall::Treasury(pallet_treasury::Call::spend {
					asset_kind: Box::new(()),
					amount: PPL,
					beneficiary: Box::new(Eve.to_account_id()),
					valid_from: None,
				}),
				bad,
			),
			(RuntimeCall::System(frame_system::Call::authorize_upgrade { code_hash: Hash::zero() }), bad),
			(RuntimeCall::System(frame_system::Call::set_storage { items: vec![(vec![7], vec![7])] }), bad),
			(
				RuntimeCall::TechnicalCommittee(pallet_collective::Call::propose {
					threshold: 2,
					proposal: call(),
					length_bound: 100,
				}),
				stranger,
			),
			(RuntimeCall::Staking(pallet_staking::Call::nominate { targets: Vec::new() }), not_bonded),
			(RuntimeCall::Staking(pallet_staking::Call::validate { prefs: Default::default() }), not_bonded),
			(RuntimeCall::Staking(pallet_staking::Call::set_payee { payee: RewardDestination::Stash }), not_bonded),
			(
				RuntimeCall::Providers(pallet_providers::Call::set_offer { kind: ResourceKind::Storage, offer }),
				no_provider,
			),
		];
		for (call, refused) in calls {
			assert_noop!(call.dispatch(eve()), refused);
		}
	});
}
