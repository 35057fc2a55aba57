//! Calls that move money, that act for others, and that keep bytes.

use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::GetDispatchInfo,
	traits::{fungible::Mutate, ReservableCurrency},
	weights::Weight,
	BoundedVec,
};
use pallet_multisig::{Multisigs, Timepoint};
use pallet_proxy::ProxyDefinition;
use peoples_cloud_runtime::{
	configs::ProxyType, AccountId, Balance, Balances, Hash, Hashing, Multisig, Preimage, Proxy, Runtime, RuntimeCall,
	EXISTENTIAL_DEPOSIT, PPL,
};
use sp_core::sr25519;
use sp_io::hashing::blake2_256;
use sp_runtime::traits::Hash as _;

use super::{few, many, signed_by, some, transfer, FEW};
use crate::{
	fat_blocks::{
		providers::nothing,
		world::{nobody, person, provider, unique, AGREEMENTS, NOW},
		Case,
	},
	transactions::account,
};

/// Transfers in a batch, and accounts that are looked at in one call.
const BATCH: u32 = 100;
/// Bytes of a remark: a block of bytes has room for some dozens.
const REMARK: usize = 100_000;
/// Proxies of an account: the most.
const PROXIES: u32 = 32;
/// Announcements that a proxy can have open: the most.
const PENDING: u32 = 32;
/// Accounts with that many proxies, and more than a block has transactions of.
const REAL: u32 = 1_800;
/// Who shares an account with the sender: the most.
const OTHERS: u32 = 99;
/// All who share an account.
const ALL: u16 = 100;
/// When shared operations were begun.
const BEGUN: Timepoint<u32> = Timepoint { height: NOW - 1, index: 0 };
/// Bytes that are noted: a large call.
const NOTED: usize = 1_024;
/// Hashes that one call can name: the most.
const HASHES: u32 = 1_024;

/// Transfers to accounts that there are not, others for each number.
fn transfers(number: u32) -> Vec<RuntimeCall> {
	(number * BATCH..(number + 1) * BATCH).map(|dest| transfer(nobody(dest))).collect()
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
	RuntimeCall::Utility(pallet_utility::Call::batch { calls })
}

fn remark(number: u32) -> Vec<u8> {
	vec![number as u8; REMARK]
}

/// The account that somebody has beside their own.
fn derived(number: u32) -> AccountId {
	pallet_utility::derivative_account_id(account(person(number)), 0)
}

fn derived_paid() {
	for number in 0..FEW {
		Balances::mint_into(&derived(number), PPL).unwrap();
	}
}

/// As many proxies as there can be, the last one of them this one.
fn with_last(last: &sr25519::Pair) -> Vec<ProxyDefinition<AccountId, ProxyType, u32>> {
	let delegates = (1..PROXIES).map(|number| account(provider(number))).chain([account(last)]);
	delegates.map(|delegate| ProxyDefinition { delegate, proxy_type: ProxyType::Any, delay: 0 }).collect()
}

fn give_proxies(real: &AccountId, last: &sr25519::Pair) {
	pallet_proxy::Proxies::<Runtime>::mutate(real, |(kept, _)| *kept = BoundedVec::truncate_from(with_last(last)));
}

/// Accounts whose last proxy is the person before them.
fn proxied_by_the_last(accounts: u32) {
	for number in 0..accounts {
		give_proxies(&account(person(number + 1)), person(number));
	}
}

fn proxied() {
	proxied_by_the_last(REAL);
}

/// People with so many proxies.
fn with_proxies(proxies: u32) {
	for number in 0..FEW {
		for delegate in 1..=proxies {
			let delegate = account(provider(delegate));
			assert_ok!(Proxy::add_proxy_delegate(&account(person(number)), delegate, ProxyType::Any, 0));
		}
	}
}

fn nearly_all_proxies() {
	with_proxies(PROXIES - 1);
}

fn all_proxies() {
	with_proxies(PROXIES);
}

/// The account without a key that somebody has made.
fn pure(number: u32) -> AccountId {
	Proxy::pure_account(&account(person(number)), &ProxyType::Any, 0, Some((NOW - 1, 0)))
}

/// Such accounts, with as many proxies as there can be, the last one of them who made it.
fn pures() {
	for number in 0..FEW {
		assert_ok!(Proxy::create_pure(signed_by(person(number)), ProxyType::Any, 0, 0));
		assert!(pallet_proxy::Proxies::<Runtime>::contains_key(pure(number)));
		give_proxies(&pure(number), person(number));
	}
}

fn announced_hash(announcement: u32) -> Hash {
	unique("announced", announcement).into()
}

/// Proxies of the person after them who have announced all but one of the calls that they can.
fn nearly_all_announced() {
	proxied_by_the_last(FEW + 1);
	for number in 0..=FEW {
		let real = account(person(number + 1));
		for announcement in 1..PENDING {
			let hash = announced_hash(announcement);
			assert_ok!(Proxy::announce(signed_by(person(number)), real.clone().into(), hash));
		}
	}
}

/// The last call that they have announced is a transfer.
fn all_announced() {
	nearly_all_announced();
	for number in 0..=FEW {
		let real = account(person(number + 1));
		let hash = Hashing::hash_of(&transfer(nobody(number)));
		assert_ok!(Proxy::announce(signed_by(person(number)), real.into(), hash));
	}
}

/// Accounts whose deposits, for proxies and for announcements, are other ones than they would be today.
fn wrong_deposits() {
	all_announced();
	for number in 1..=FEW {
		pallet_proxy::Announcements::<Runtime>::mutate(account(person(number)), |(_, deposit)| *deposit += 1);
	}
}

/// Those who share an account with the sender, as calls name them.
fn others() -> Vec<AccountId> {
	let mut others: Vec<_> = (0..OTHERS).map(|other| account(provider(other))).collect();
	others.sort();
	others
}

/// The account that so many of them can use.
fn shared(number: u32, threshold: u16) -> AccountId {
	let mut all = others();
	all.push(account(person(number)));
	all.sort();
	Multisig::multi_account_id(&all, threshold)
}

/// Begins an operation that so many have approved: a transfer out of the account that all of them share.
fn operate(number: u32, approvals: u32, depositor: &sr25519::Pair, deposit: Balance) {
	let depositor = account(depositor);
	assert_ok!(Balances::reserve(&depositor, deposit));
	let approvals = others().into_iter().take(approvals as usize).collect();
	let approvals = BoundedVec::<_, <Runtime as pallet_multisig::Config>::MaxSignatories>::truncate_from(approvals);
	let operation = pallet_multisig::Multisig { when: BEGUN, deposit, depositor, approvals };
	Multisigs::<Runtime>::insert(shared(number, ALL), operation_hash(number), operation);
	Balances::mint_into(&shared(number, ALL), PPL).unwrap();
}

fn operation_hash(number: u32) -> [u8; 32] {
	transfer(nobody(number)).using_encoded(blake2_256)
}

/// Only the sender has not approved yet, and somebody else has begun.
fn one_approval_missing() {
	(0..FEW).for_each(|number| operate(number, OTHERS, provider(number), Multisig::deposit(ALL)));
}

fn two_approvals_missing() {
	(0..FEW).for_each(|number| operate(number, OTHERS - 1, provider(number), Multisig::deposit(ALL)));
}

/// The sender has begun.
fn begun() {
	(0..FEW).for_each(|number| operate(number, OTHERS, person(number), Multisig::deposit(ALL)));
}

/// The sender has begun, for a smaller deposit than today's.
fn begun_cheaply() {
	(0..FEW).for_each(|number| operate(number, OTHERS, person(number), EXISTENTIAL_DEPOSIT));
}

/// Accounts that each of those who share it can use alone.
fn shared_by_any() {
	for number in 0..FEW {
		Balances::mint_into(&shared(number, 1), PPL).unwrap();
	}
}

fn noted(number: u32) -> Vec<u8> {
	let mut bytes = vec![0; NOTED];
	bytes[..4].copy_from_slice(&number.to_le_bytes());
	bytes
}

fn all_noted() {
	for number in 0..FEW {
		assert_ok!(Preimage::note_preimage(signed_by(person(number)), noted(number)));
	}
}

pub(crate) fn cases() -> Vec<Case> {
	money().into_iter().chain(proxies()).chain(multisigs()).chain(bytes()).collect()
}

fn money() -> Vec<Case> {
	use pallet_balances::Call;

	vec![
		many("Balances.transfer_allow_death", nothing, |number| (person(number), transfer(nobody(number)))),
		many("Balances.transfer_keep_alive", nothing, |number| {
			let call = Call::transfer_keep_alive { dest: nobody(number).into(), value: EXISTENTIAL_DEPOSIT };
			(person(number), RuntimeCall::Balances(call))
		}),
		// The sender's account is gone then.
		few("Balances.transfer_all", nothing, |number| {
			let call = Call::transfer_all { dest: nobody(number).into(), keep_alive: false };
			(person(AGREEMENTS + number), RuntimeCall::Balances(call))
		}),
		few("Balances.burn", nothing, |number| {
			(person(number), RuntimeCall::Balances(Call::burn { value: PPL, keep_alive: false }))
		}),
		// They have been upgraded since genesis.
		some(20, "Balances.upgrade_accounts", nothing, |number| {
			let who = (number * BATCH..(number + 1) * BATCH).map(|other| account(provider(other))).collect();
			(person(number), RuntimeCall::Balances(Call::upgrade_accounts { who }))
		}),
		many("Utility.batch_all", nothing, |number| {
			let calls = transfers(number);
			(person(number), RuntimeCall::Utility(pallet_utility::Call::batch_all { calls }))
		}),
		some(5, "Utility.batch", nothing, |number| (person(number), batch(transfers(number)))),
		some(5, "Utility.force_batch", nothing, |number| {
			let calls = transfers(number);
			(person(number), RuntimeCall::Utility(pallet_utility::Call::force_batch { calls }))
		}),
		few("Utility.as_derivative", derived_paid, |number| {
			// A batch tells what it weighed.
			let call = Box::new(batch(vec![transfer(nobody(number))]));
			(person(number), RuntimeCall::Utility(pallet_utility::Call::as_derivative { index: 0, call }))
		}),
		few("Utility.if_else", nothing, |number| {
			let too_much = Call::transfer_allow_death { dest: nobody(FEW + number).into(), value: 1_000_000 * PPL };
			let main = Box::new(RuntimeCall::Balances(too_much));
			let fallback = Box::new(transfer(nobody(number)));
			(person(number), RuntimeCall::Utility(pallet_utility::Call::if_else { main, fallback }))
		}),
	]
}

fn proxies() -> Vec<Case> {
	use pallet_proxy::Call;

	vec![
		many("Proxy.proxy", proxied, |number| {
			let call = Call::proxy {
				real: account(person(number + 1)).into(),
				force_proxy_type: None,
				call: Box::new(transfer(nobody(number))),
			};
			(person(number), RuntimeCall::Proxy(call))
		}),
		few("Proxy.add_proxy", nearly_all_proxies, |number| {
			let delegate = account(provider(PROXIES)).into();
			let call = Call::add_proxy { delegate, proxy_type: ProxyType::Any, delay: 0 };
			(person(number), RuntimeCall::Proxy(call))
		}),
		few("Proxy.remove_proxy", all_proxies, |number| {
			let delegate = account(provider(1)).into();
			let call = Call::remove_proxy { delegate, proxy_type: ProxyType::Any, delay: 0 };
			(person(number), RuntimeCall::Proxy(call))
		}),
		few("Proxy.remove_proxies", all_proxies, |number| {
			(person(number), RuntimeCall::Proxy(Call::remove_proxies {}))
		}),
		few("Proxy.create_pure", nothing, |number| {
			let call = Call::create_pure { proxy_type: ProxyType::Any, delay: 0, index: 0 };
			(person(number), RuntimeCall::Proxy(call))
		}),
		few("Proxy.kill_pure", pures, |number| {
			let kill = Call::kill_pure {
				spawner: account(person(number)).into(),
				proxy_type: ProxyType::Any,
				index: 0,
				height: NOW - 1,
				ext_index: 0,
			};
			let call = Box::new(RuntimeCall::Proxy(kill));
			let call = Call::proxy { real: pure(number).into(), force_proxy_type: None, call };
			(person(number), RuntimeCall::Proxy(call))
		}),
		few("Proxy.announce", nearly_all_announced, |number| {
			let real = account(person(number + 1)).into();
			(person(number), RuntimeCall::Proxy(Call::announce { real, call_hash: announced_hash(0) }))
		}),
		few("Proxy.remove_announcement", all_announced, |number| {
			let real = account(person(number + 1)).into();
			(person(number), RuntimeCall::Proxy(Call::remove_announcement { real, call_hash: announced_hash(1) }))
		}),
		few("Proxy.reject_announcement", all_announced, |number| {
			let call =
				Call::reject_announcement { delegate: account(person(number)).into(), call_hash: announced_hash(1) };
			(person(number + 1), RuntimeCall::Proxy(call))
		}),
		few("Proxy.proxy_announced", all_announced, |number| {
			let call = Call::proxy_announced {
				delegate: account(person(number)).into(),
				real: account(person(number + 1)).into(),
				force_proxy_type: None,
				call: Box::new(transfer(nobody(number))),
			};
			(provider(number), RuntimeCall::Proxy(call))
		}),
		few("Proxy.poke_deposit", wrong_deposits, |number| {
			(person(number + 1), RuntimeCall::Proxy(Call::poke_deposit {}))
		}),
	]
}

fn multisigs() -> Vec<Case> {
	use pallet_multisig::Call;

	vec![
		// The first approval, and the last one.
		many("Multisig.as_multi", nothing, |number| {
			let call = Call::as_multi {
				threshold: 2,
				other_signatories: others(),
				maybe_timepoint: None,
				call: Box::new(transfer(nobody(number))),
				max_weight: Weight::zero(),
			};
			(person(number), RuntimeCall::Multisig(call))
		}),
		few("Multisig.as_multi", one_approval_missing, |number| {
			let operation = transfer(nobody(number));
			let call = Call::as_multi {
				threshold: ALL,
				other_signatories: others(),
				maybe_timepoint: Some(BEGUN),
				max_weight: operation.get_dispatch_info().call_weight,
				call: Box::new(operation),
			};
			(person(number), RuntimeCall::Multisig(call))
		}),
		few("Multisig.as_multi_threshold_1", shared_by_any, |number| {
			// A batch tells what it weighed.
			let call = Box::new(batch(vec![transfer(nobody(number))]));
			let call = Call::as_multi_threshold_1 { other_signatories: others(), call };
			(person(number), RuntimeCall::Multisig(call))
		}),
		few("Multisig.approve_as_multi", two_approvals_missing, |number| {
			let call = Call::approve_as_multi {
				threshold: ALL,
				other_signatories: others(),
				maybe_timepoint: Some(BEGUN),
				call_hash: operation_hash(number),
				max_weight: Weight::zero(),
			};
			(person(number), RuntimeCall::Multisig(call))
		}),
		few("Multisig.cancel_as_multi", begun, |number| {
			let call = Call::cancel_as_multi {
				threshold: ALL,
				other_signatories: others(),
				timepoint: BEGUN,
				call_hash: operation_hash(number),
			};
			(person(number), RuntimeCall::Multisig(call))
		}),
		few("Multisig.poke_deposit", begun_cheaply, |number| {
			let call_hash = operation_hash(number);
			let call = Call::poke_deposit { threshold: ALL, other_signatories: others(), call_hash };
			(person(number), RuntimeCall::Multisig(call))
		}),
	]
}

fn bytes() -> Vec<Case> {
	use pallet_preimage::Call;

	vec![
		some(20, "System.remark", nothing, |number| {
			(person(number), RuntimeCall::System(frame_system::Call::remark { remark: remark(number) }))
		}),
		some(20, "System.remark_with_event", nothing, |number| {
			(person(number), RuntimeCall::System(frame_system::Call::remark_with_event { remark: remark(number) }))
		}),
		many("Preimage.note_preimage", nothing, |number| {
			(person(number), RuntimeCall::Preimage(Call::note_preimage { bytes: noted(number) }))
		}),
		few("Preimage.unnote_preimage", all_noted, |number| {
			let hash = Hashing::hash(&noted(number));
			(person(number), RuntimeCall::Preimage(Call::unnote_preimage { hash }))
		}),
		// None of them is an old one: this chain has none.
		some(3, "Preimage.ensure_updated", nothing, |number| {
			let hashes = (number * HASHES..(number + 1) * HASHES).map(|hash| unique("preimage", hash).into()).collect();
			(person(number), RuntimeCall::Preimage(Call::ensure_updated { hashes }))
		}),
	]
}
