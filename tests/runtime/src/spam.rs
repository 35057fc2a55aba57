//! Whoever fills blocks pays for it, and cannot get honest providers slashed.
//!
//! A block is made as validators make it: of what waits, by the priority that the runtime gives to each, as long as it fits.
//! Spam is two transactions a block that fail, weigh as much as there is room for, and take hardly a byte: nothing fills a
//! block for less. With a tip of next to nothing it goes before proofs, which are ordinary transactions without one.

use std::cmp::Reverse;

use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	storage::{with_transaction_unchecked, TransactionOutcome},
	traits::fungible::Inspect,
	weights::Weight,
};
use pallet_marketplace::SignedAck;
use pallet_providers::{Offer, Operator, PeerId, Region, Standing};
use pallet_storage_proofs::BlockSeeds;
use pallet_transaction_payment::{Event::TransactionFeePaid, Multiplier};
use peoples_cloud_primitives::{
	resource::ResourceKind,
	terms::{Acknowledgement, AcknowledgementV1},
};
use peoples_cloud_runtime::{
	configs::{TreasuryAccount, MAXIMUM_BLOCK_WEIGHT, NORMAL_DISPATCH_RATIO},
	AccountId, Babe, Balance, Balances, Escrow, Executive, Marketplace, Providers, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeOrigin, Session, StorageProofs, System, TransactionPayment, UncheckedExtrinsic, MILLI, PPL,
};
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryVRFPreDigest},
	make_vrf_sign_data, Slot,
};
use sp_core::{crypto::VrfSecret, sr25519, Pair};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::{
	transaction_validity::{TransactionPriority, TransactionSource},
	ApplyExtrinsicResult, Digest, FixedPointNumber,
};

use crate::{
	chain::{digest, genesis, plain_digest, state, FIRST_SLOT},
	columns::Column,
	consensus::babe_pair,
	transactions::{account, apply, begin_block, signed, weight, NO_ROOM},
};

type ProofsCall = pallet_storage_proofs::Call<Runtime>;

/// Providers that do what they promised.
const HONEST: u32 = 3;
/// What each of them has at stake.
const BOND: Balance = 1_000 * PPL;
/// Blocks of a period, by the preset.
const PERIOD: u32 = 12;
/// Blocks before the spam.
const QUIET: u32 = 2 * PERIOD + 5;
/// Blocks of spam: four periods.
const SPAM: u32 = 4 * PERIOD;
/// Blocks after it. The last block is still in the first epoch.
const CALM: u32 = PERIOD + 5;
/// What spam leaves of a block: less than a proof takes.
const REST: u64 = 3_000_000_000;
/// The tip of the spam in planck: enough to go before proofs.
const TIP: Balance = 1_000;

/// The key of an honest provider.
fn provider(number: u32) -> sr25519::Pair {
	sr25519::Pair::from_string(&format!("//Provider//{number}"), None).unwrap()
}

fn honest() -> impl Iterator<Item = sr25519::Pair> {
	(0..HONEST).map(provider)
}

/// The column that each of them holds.
fn column() -> Column {
	Column::new(3)
}

/// Two accounts of whoever sends spam.
fn spammers() -> [sr25519::Pair; 2] {
	[Dave.pair(), Ferdie.pair()]
}

/// The digest of Alice's block in a slot, with its randomness.
fn claim(slot: u64) -> Digest {
	let sign_data = make_vrf_sign_data(&Babe::randomness(), Slot::from(slot), 0);
	digest(PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
		authority_index: 0,
		slot: Slot::from(slot),
		vrf_signature: babe_pair(Alice).as_ref().vrf_sign(&sign_data),
	}))
}

/// The priority with which a transaction waits for the next block.
fn priority(transaction: &UncheckedExtrinsic) -> TransactionPriority {
	let validity = with_transaction_unchecked(|| {
		let source = TransactionSource::External;
		let validity = Executive::validate_transaction(source, transaction.clone(), System::parent_hash());
		TransactionOutcome::Rollback(validity)
	});
	validity.unwrap().priority
}

/// Begins the next block.
fn next_block() {
	let number = System::block_number() + 1;
	let slot = FIRST_SLOT + u64::from(number) - 1;
	begin_block(number, slot, claim(slot));
}

/// Makes the next block of what waits; answers what became of each transaction, the one that goes first first.
fn make_block(waiting: Vec<UncheckedExtrinsic>) -> Vec<(RuntimeCall, ApplyExtrinsicResult)> {
	let mut ranked: Vec<_> = waiting.into_iter().map(|transaction| (priority(&transaction), transaction)).collect();
	ranked.sort_by_key(|(priority, _)| Reverse(*priority));
	next_block();
	let results =
		ranked.into_iter().map(|(_, transaction)| (transaction.function.clone(), apply(transaction))).collect();
	Executive::finalize_block();
	for record in System::events() {
		let harm = matches!(
			record.event,
			RuntimeEvent::StorageProofs(
				pallet_storage_proofs::Event::Missed { .. } | pallet_storage_proofs::Event::Excused { .. }
			) | RuntimeEvent::Providers(
				pallet_providers::Event::Slashed { .. } | pallet_providers::Event::Suspended { .. }
			)
		);
		assert!(!harm, "block {}: {:?}", System::block_number(), record.event);
	}
	results
}

/// The answers that honest providers have waiting.
fn proofs(tip: Balance) -> Vec<UncheckedExtrinsic> {
	let column = column();
	let answer = |key: sr25519::Pair| {
		let provider = account(&key);
		let challenge = StorageProofs::duty(provider.clone())?.challenge?;
		let proof = Box::new(column.prove(0, &challenge));
		Some(signed(&key, tip, ProofsCall::prove { provider, period: challenge.period, proof }.into()))
	};
	honest().filter_map(answer).collect()
}

fn is_proof(call: &RuntimeCall) -> bool {
	matches!(call, RuntimeCall::StorageProofs(ProofsCall::prove { .. }))
}

/// What is free in the next block for transactions of all classes.
fn free() -> u64 {
	let whole = MAXIMUM_BLOCK_WEIGHT.ref_time();
	let mandatory = with_transaction_unchecked(|| {
		next_block();
		TransactionOutcome::Rollback(System::block_weight().get(DispatchClass::Mandatory).ref_time())
	});
	whole - mandatory
}

/// A transaction of somebody that weighs so much, is ordinary, and fails.
fn ordinary(sender: &sr25519::Pair, most: u64) -> UncheckedExtrinsic {
	let spam = |filling: u64| {
		let call = pallet_multisig::Call::as_multi {
			// Too few.
			threshold: 1,
			other_signatories: vec![Alice.to_account_id()],
			maybe_timepoint: None,
			call: Box::new(RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() })),
			max_weight: Weight::from_parts(filling, 0),
		};
		signed(sender, TIP, RuntimeCall::Multisig(call))
	};
	spam(most - weight(&spam(0)).ref_time())
}

/// A transaction of somebody that weighs so much, is operational, and fails: only root may do that.
fn operational(sender: &sr25519::Pair, most: u64) -> UncheckedExtrinsic {
	let spam = |subkeys: u32| {
		let call = frame_system::Call::kill_prefix { prefix: Vec::new(), subkeys };
		signed(sender, TIP, RuntimeCall::System(call))
	};
	let least = weight(&spam(0)).ref_time();
	let each = weight(&spam(1)).ref_time() - least;
	let spam = spam(((most - least) / each) as u32);
	assert_eq!(spam.get_dispatch_info().class, DispatchClass::Operational);
	spam
}

/// Fills all that ordinary transactions may take.
fn ordinary_spam() -> Vec<UncheckedExtrinsic> {
	let most = (NORMAL_DISPATCH_RATIO * MAXIMUM_BLOCK_WEIGHT).ref_time();
	spammers().iter().map(|spammer| ordinary(spammer, (most - REST) / 2)).collect()
}

/// Fills the block, and takes nothing of what only ordinary transactions may take.
fn operational_spam() -> Vec<UncheckedExtrinsic> {
	let most = free() - REST;
	// The second is as much smaller as the first fell short of its half.
	let first = operational(&spammers()[0], most / 2);
	let second = operational(&spammers()[1], most - weight(&first).ref_time());
	vec![first, second]
}

/// Leaves more than a quarter of what ordinary transactions may take, and fills the block with operational ones.
fn mixed_spam() -> Vec<UncheckedExtrinsic> {
	let part = (NORMAL_DISPATCH_RATIO * MAXIMUM_BLOCK_WEIGHT).ref_time() / 100 * 74;
	let first = ordinary(&spammers()[0], part);
	let second = operational(&spammers()[1], free() - REST - weight(&first).ref_time());
	vec![first, second]
}

/// Makes providers that hold a column each, of an agreement with Eve, from period 1 on.
fn provide() {
	next_block();
	let column = column();
	let mut acks = Vec::new();
	for (number, key) in honest().enumerate() {
		let origin = RuntimeOrigin::signed(account(&key));
		let mut peer_id = vec![0x12, 0x20];
		peer_id.extend([number as u8; 32]);
		assert_ok!(Providers::register(
			origin.clone(),
			PeerId::truncate_from(peer_id),
			Default::default(),
			Operator::truncate_from(b"honest".to_vec()),
			Region::truncate_from(b"here".to_vec()),
			BOND,
		));
		let offer = Offer { price: 1, capacity: 1 << 20, min_duration: 1, max_duration: 1_000 };
		assert_ok!(Providers::set_offer(origin, ResourceKind::Storage, offer));
		let ack = Acknowledgement::V1(AcknowledgementV1 {
			genesis: System::block_hash(0u32).0,
			client: Eve.to_raw_public(),
			provider: key.public().0,
			nonce: [1; 16],
			root: column.root(),
			chunks: column.chunks(),
			rate: MILLI,
			duration: 100,
			valid_until: System::block_number() + 10,
		});
		let signature = key.sign(&ack.signing_bytes()).0;
		acks.push(SignedAck { ack, signature });
	}
	let client = RuntimeOrigin::signed(Eve.to_account_id());
	assert_ok!(Marketplace::open_storage(client, [1; 32], 1, 1, acks.try_into().unwrap(), Balance::MAX));
	Executive::finalize_block();
}

/// Makes so many blocks of nothing but proofs.
fn prove_on(blocks: u32) {
	for _ in 0..blocks {
		for (call, result) in make_block(proofs(0)) {
			assert_eq!(result, Ok(Ok(())), "{call:?}");
		}
	}
}

fn balance(who: &AccountId) -> Balance {
	Balances::balance(who)
}

/// What those accounts have paid in the last block, and what anybody has.
fn fees(payers: &[AccountId]) -> (Balance, Balance) {
	let mut fees = (0, 0);
	for record in System::events() {
		if let RuntimeEvent::TransactionPayment(TransactionFeePaid { who, actual_fee, .. }) = record.event {
			fees.1 += actual_fee;
			if payers.contains(&who) {
				fees.0 += actual_fee;
			}
		}
	}
	fees
}

/// How many periods each has proven.
fn proven() -> Vec<u32> {
	honest().map(|key| StorageProofs::duty(account(&key)).unwrap().proven).collect()
}

/// Goes on with that spam for periods, then without, while honest providers try to prove. Answers what fees are multiplied by
/// before and after the spam.
fn withstand(spam: fn() -> Vec<UncheckedExtrinsic>) -> [Multiplier; 2] {
	state(&genesis("dev")).execute_with(|| {
		// GIVEN honest providers that have proven a period
		provide();
		prove_on(QUIET);
		let before = proven();
		assert!(before.iter().all(|proven| *proven >= 1), "{before:?}");
		let spammers = spammers().map(|key| account(&key));
		let (author, treasury) = (Alice.to_account_id(), TreasuryAccount::get());
		let rich: Balance = spammers.iter().map(balance).sum();
		let (author_had, treasury_had) = (balance(&author), balance(&treasury));
		let issuance = Balances::total_issuance();
		let at_first = TransactionPayment::next_fee_multiplier();

		// WHEN blocks are full of spam for four periods
		let (mut paid, mut all_paid) = (0, 0);
		for _ in 0..SPAM {
			let mut waiting = spam();
			waiting.extend(proofs(0));
			for (call, result) in make_block(waiting) {
				if is_proof(&call) {
					assert_eq!(result, NO_ROOM);
				} else {
					assert!(matches!(result, Ok(Err(_))), "spam is included, and fails: {result:?}");
				}
			}
			let (theirs, all) = fees(&spammers);
			paid += theirs;
			all_paid += all;
		}
		let in_the_end = TransactionPayment::next_fee_multiplier();

		// THEN no proof got in, and yet nobody can be reported
		assert_eq!(proven(), before);
		for key in honest() {
			let provider = account(&key);
			let duty = StorageProofs::duty(provider.clone()).unwrap();
			assert!(duty.challenge.is_some() && !duty.overdue && !duty.reportable, "{duty:?}");
			let bob = RuntimeOrigin::signed(Bob.to_account_id());
			assert_noop!(
				StorageProofs::report_missed(bob, provider, duty.first_unresolved),
				pallet_storage_proofs::Error::<Runtime>::WindowOpen
			);
		}
		// AND the spammer has paid for all of it, to the author and the treasury, to the planck
		let lost = rich - spammers.iter().map(balance).sum::<Balance>();
		assert_eq!(lost, paid);
		assert_eq!(all_paid, paid, "nobody else sent anything");
		let gained = balance(&author) + balance(&treasury) - author_had - treasury_had;
		assert_eq!(gained, paid);
		assert_eq!(Balances::total_issuance(), issuance);
		// A picosecond costs a planck, and spam took 1.4 s of each block at least.
		let least = at_first.min(in_the_end).saturating_mul_int(Balance::from(SPAM) * 14 * PPL / 10);
		assert!(paid >= least, "{paid} {least}");

		// WHEN it ends THEN all that was asked for is proven, within the windows
		let reached = StorageProofs::current_period();
		prove_on(CALM);
		let expected = SPAM / PERIOD;
		for (key, before) in honest().zip(before) {
			let provider = account(&key);
			let duty = StorageProofs::duty(provider.clone()).unwrap();
			assert!(duty.first_unresolved > reached && duty.misses_in_row == 0, "{duty:?}");
			assert!(duty.proven >= before + expected, "{duty:?}");
			let register = Providers::provider(provider.clone()).unwrap();
			assert_eq!((register.bonded, register.standing), (BOND, Standing::Active));
			assert!(Escrow::earnings(provider) >= Balance::from(expected) * MILLI);
		}
		assert_eq!(Balances::total_issuance(), issuance);
		[at_first, in_the_end]
	})
}

#[test]
fn ordinary_spam_pays_ever_more_and_slashes_nobody() {
	let [before, after] = withstand(ordinary_spam);
	assert!(after > before, "{before:?} {after:?}");
}

#[test]
fn operational_spam_pays_and_slashes_nobody() {
	withstand(operational_spam);
}

#[test]
fn spam_of_both_classes_pays_and_slashes_nobody() {
	withstand(mixed_spam);
}

#[test]
fn a_tip_gets_a_proof_through_spam() {
	state(&genesis("dev")).execute_with(|| {
		// GIVEN blocks full of spam, and proofs that wait
		provide();
		prove_on(QUIET);
		let mut waiting = Vec::new();
		while waiting.len() < HONEST as usize {
			make_block(ordinary_spam());
			waiting = proofs(TIP);
		}
		let before = proven();
		let had: Vec<_> = honest().map(|key| balance(&account(&key))).collect();

		// WHEN they tip as much as the spam does THEN they go first, since many more proofs than such spam fit into a block
		waiting.extend(ordinary_spam());
		let results = make_block(waiting);
		let (first, rest) = results.split_at(HONEST as usize);
		assert!(first.iter().all(|(call, result)| is_proof(call) && *result == Ok(Ok(()))));
		assert!(rest.iter().any(|(_, result)| *result == NO_ROOM), "the block is full");
		let once_more: Vec<_> = before.iter().map(|proven| proven + 1).collect();
		assert_eq!(proven(), once_more);
		// AND cost that tip and nothing else
		let have: Vec<_> = honest().map(|key| balance(&account(&key)) + TIP).collect();
		assert_eq!(have, had);
	});
}

#[test]
fn blocks_with_room_take_proofs_in_whatever_goes_first() {
	state(&genesis("dev")).execute_with(|| {
		// GIVEN providers with challenges
		provide();
		prove_on(QUIET);
		let mut proven_so_far = 0;
		for _ in 0..2 * PERIOD {
			// WHEN spam takes nearly as much of each block as still counts as room, and goes first
			let part = (NORMAL_DISPATCH_RATIO * MAXIMUM_BLOCK_WEIGHT).ref_time() / 100 * 74;
			let mut waiting = vec![ordinary(&Charlie.pair(), part)];
			waiting.extend(proofs(0));
			let results = make_block(waiting);
			// THEN proofs get in behind it
			assert!(!is_proof(&results[0].0));
			assert!(results[1..].iter().all(|(_, result)| *result == Ok(Ok(()))));
			proven_so_far += results.len() - 1;
		}
		assert!(proven_so_far >= HONEST as usize, "{proven_so_far}");
	});
}

#[test]
fn blocks_that_end_sessions_take_nothing_and_do_not_count() {
	let mut genesis = genesis("dev");
	genesis["clock"]["epochSlots"] = 5.into();
	state(&genesis).execute_with(|| {
		let (mut ends, mut roomy) = (0, 0);
		for number in 1..=12 {
			// WHEN a block ends a session
			let session = Session::current_index();
			let slot = FIRST_SLOT + u64::from(number) - 1;
			begin_block(number, slot, plain_digest(0, slot));
			let is_end = Session::current_index() > session;
			// THEN it takes no transactions, and is none of those in which proofs are due; all others are
			let remark = RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() });
			assert_eq!(apply(signed(&Bob.pair(), 0, remark)) == NO_ROOM, is_end, "block {number}");
			Executive::finalize_block();
			let so_far = BlockSeeds::<Runtime>::get(number).unwrap().roomy;
			assert_eq!(so_far - roomy, u32::from(!is_end), "block {number}");
			roomy = so_far;
			ends += u32::from(is_end);
		}
		assert_eq!(ends, 2);
	});
}

#[test]
fn the_run_fits_into_the_preset() {
	state(&genesis("dev")).execute_with(|| {
		assert_eq!(StorageProofs::params().period_blocks, PERIOD);
		// Rewards of eras are minted, and none falls into the run.
		assert!(u64::from(1 + QUIET + SPAM + CALM) < pallet_clock::EpochSlots::<Runtime>::get());
	});
}
