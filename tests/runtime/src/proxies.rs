//! What each kind of proxy may do, over all calls of the runtime.

use std::collections::BTreeMap;

use codec::Decode;
use frame_support::{
	assert_ok,
	traits::{GetCallMetadata, InstanceFilter},
};
use peoples_cloud_primitives::storage_proof::StorageProof;
use peoples_cloud_runtime::{
	configs::ProxyType::{self, Any, CancelProxy, Governance, NonTransfer, Provider, Staking},
	Balances, Proxy, Runtime, RuntimeCall, RuntimeEvent, System, PPL,
};
use scale_info::{TypeDef, TypeInfo};
use sp_keyring::Sr25519Keyring::{Dave, Eve, Ferdie};
use sp_runtime::DispatchError;

use crate::{
	chain::{attempt, begin_block, genesis, state},
	staking::origin,
};

/// All kinds.
const PROXIES: [ProxyType; 6] = [Any, NonTransfer, CancelProxy, Provider, Staking, Governance];

/// Which proxies may make a call, beside `Any`, which may make all. A call without a line of its own is as its pallet's
/// line says. A new pallet fails the test until it has one.
const ALLOWED: &[(&str, &[ProxyType])] = &[
	("System", &[NonTransfer]),
	("Timestamp", &[NonTransfer]),
	("Babe", &[NonTransfer]),
	("Balances", &[]),
	// They risk the stake, as session keys do.
	("Staking", &[Staking]),
	("VoterList", &[Staking]),
	("ElectionProviderMultiPhase", &[]),
	("Session", &[Staking]),
	("Grandpa", &[NonTransfer]),
	("Beefy", &[]),
	("Utility", &[NonTransfer]),
	// The filter holds for what is in them.
	("Utility.batch", &[NonTransfer, Provider, Staking, Governance]),
	("Utility.batch_all", &[NonTransfer, Provider, Staking, Governance]),
	("Utility.force_batch", &[NonTransfer, Provider, Staking, Governance]),
	("Proxy", &[NonTransfer]),
	("Proxy.reject_announcement", &[NonTransfer, CancelProxy]),
	("Multisig", &[NonTransfer]),
	("Scheduler", &[NonTransfer]),
	("Preimage", &[NonTransfer, Governance]),
	("Sudo", &[]),
	("Treasury", &[]),
	("ConvictionVoting", &[Governance]),
	("Referenda", &[Governance]),
	("TechnicalCommittee", &[Governance]),
	("Whitelist", &[Governance]),
	("Providers", &[]),
	("Providers.update_info", &[NonTransfer, Provider]),
	("Providers.set_offer", &[NonTransfer, Provider]),
	("Providers.remove_offer", &[NonTransfer, Provider]),
	("Providers.pause", &[NonTransfer, Provider]),
	("Providers.resume", &[NonTransfer, Provider]),
	("Marketplace", &[]),
	("Marketplace.settle", &[NonTransfer, Provider]),
	// Costs a penalty.
	("Marketplace.declare_lost", &[Provider]),
	("Marketplace.mark_lost", &[NonTransfer, Provider]),
	("Marketplace.replace_column", &[NonTransfer, Provider]),
	// To the account itself.
	("Escrow.withdraw", &[NonTransfer, Provider]),
	("Reputation", &[]),
	("StorageProofs", &[NonTransfer, Provider]),
];

/// A call's name, as the table has it.
fn name(call: &RuntimeCall) -> String {
	let call = call.get_call_metadata();
	format!("{}.{}", call.pallet_name, call.function_name)
}

/// The pallet's part of a call's name.
fn pallet(call: &str) -> &str {
	call.split_once('.').unwrap().0
}

/// Each call of the runtime once, by its name. Filters do not look at arguments: these are whatever was easy to make.
pub(crate) fn every_call() -> BTreeMap<String, RuntimeCall> {
	let mut calls = BTreeMap::new();
	for pallet in 0..=u8::MAX {
		for index in 0..=u8::MAX {
			// Zeros are arguments of nearly all calls; the others have an enum without a variant 0.
			for filler in [1, 0] {
				let mut bytes = [filler; 4_096];
				bytes[0] = pallet;
				bytes[1] = index;
				if let Ok(call) = RuntimeCall::decode(&mut &bytes[..]) {
					calls.insert(name(&call), call);
				}
			}
		}
	}
	let proof = Box::new(StorageProof::V1(Vec::new()));
	let provider = Eve.to_account_id();
	let by_hand = RuntimeCall::StorageProofs(pallet_storage_proofs::Call::prove { provider, period: 0, proof });
	calls.insert(name(&by_hand), by_hand);

	for pallet in RuntimeCall::get_module_names() {
		for call in RuntimeCall::get_call_names(pallet) {
			assert!(calls.contains_key(&format!("{pallet}.{call}")), "{pallet}.{call} must be made by hand here");
		}
	}
	calls
}

/// What the table says.
fn allowed(call: &str) -> &'static [ProxyType] {
	let line = |wanted: &str| ALLOWED.iter().find(|(line, _)| *line == wanted).map(|(_, proxies)| *proxies);
	line(call)
		.or_else(|| line(pallet(call)))
		.unwrap_or_else(|| panic!("the table does not say which proxies may call {call}"))
}

fn transfer() -> RuntimeCall {
	let dest = Ferdie.to_account_id().into();
	RuntimeCall::Balances(pallet_balances::Call::transfer_allow_death { dest, value: PPL })
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
	RuntimeCall::Utility(pallet_utility::Call::batch { calls })
}

fn batch_all(calls: Vec<RuntimeCall>) -> RuntimeCall {
	RuntimeCall::Utility(pallet_utility::Call::batch_all { calls })
}

fn force_batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
	RuntimeCall::Utility(pallet_utility::Call::force_batch { calls })
}

/// Ferdie, who is this proxy of Eve's, makes the call for her. Whether it, or anything in it, was refused to him.
fn is_refused(proxy: ProxyType, call: RuntimeCall) -> bool {
	System::reset_events();
	assert_ok!(Proxy::proxy(origin(Ferdie), Eve.to_account_id().into(), Some(proxy), Box::new(call)));
	let filtered: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
	System::events().into_iter().any(|record| match record.event {
		RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result: Err(error) })
		| RuntimeEvent::Utility(pallet_utility::Event::BatchInterrupted { error, .. })
		| RuntimeEvent::Utility(pallet_utility::Event::ItemFailed { error }) => error == filtered,
		_ => false,
	})
}

/// Makes Ferdie a proxy of Eve's, of each kind.
fn add_proxies() {
	begin_block(1);
	for proxy in PROXIES {
		assert_ok!(Proxy::add_proxy(origin(Eve), Ferdie.to_account_id().into(), proxy, 0));
	}
}

#[test]
fn the_table_has_all_kinds() {
	let TypeDef::Variant(kinds) = ProxyType::type_info().type_def else { panic!("an enum") };
	assert_eq!(kinds.variants.len(), PROXIES.len());
}

#[test]
fn filters_allow_what_the_table_says() {
	let calls = every_call();
	for (name, call) in &calls {
		let allowed = allowed(name);
		for proxy in PROXIES {
			let expected = proxy == Any || allowed.contains(&proxy);
			assert_eq!(proxy.filter(call), expected, "{proxy:?} {name}");
		}
	}
	for (line, _) in ALLOWED {
		assert!(calls.keys().any(|name| name.as_str() == *line || pallet(name) == *line), "{line} names nothing");
	}
}

#[test]
fn a_superset_may_do_what_the_other_may() {
	let calls = every_call();
	let mut supersets = Vec::new();
	for one in PROXIES {
		assert!(one.is_superset(&one));
		for other in PROXIES.into_iter().filter(|other| *other != one && one.is_superset(other)) {
			supersets.push((one, other));
			for (name, call) in &calls {
				assert!(one.filter(call) || !other.filter(call), "{one:?} {other:?} {name}");
			}
		}
	}
	// `NonTransfer` is none of `Provider`, or it could make a proxy that may cost stake.
	assert_eq!(
		supersets,
		[
			(Any, NonTransfer),
			(Any, CancelProxy),
			(Any, Provider),
			(Any, Staking),
			(Any, Governance),
			(NonTransfer, CancelProxy),
		]
	);
}

#[test]
fn batches_get_nothing_past_the_filter() {
	state(&genesis("local")).execute_with(|| {
		add_proxies();
		let before = Balances::free_balance(Eve.to_account_id());
		for proxy in [NonTransfer, Provider, Staking, Governance] {
			// GIVEN a proxy that may make batches WHEN what is in them is allowed THEN it is done
			assert!(!is_refused(proxy, batch_all(vec![batch(Vec::new()), force_batch(Vec::new())])), "{proxy:?}");

			// WHEN one has a transfer in it THEN that is not done, however deep it lies
			for call in [
				transfer(),
				batch(vec![batch(Vec::new()), transfer()]),
				batch_all(vec![batch(Vec::new()), transfer()]),
				force_batch(vec![batch(Vec::new()), transfer()]),
				batch_all(vec![batch(vec![transfer()])]),
				force_batch(vec![batch(vec![force_batch(vec![transfer()])])]),
			] {
				assert!(is_refused(proxy, call.clone()), "{proxy:?} {call:?}");
				assert_eq!(Balances::free_balance(Eve.to_account_id()), before, "{proxy:?} {call:?}");
			}
		}
		// And the accounts that are derived from hers are no way around it, nor has this proxy batches at all.
		let call = Box::new(transfer());
		let derived = RuntimeCall::Utility(pallet_utility::Call::as_derivative { index: 0, call });
		assert!(is_refused(NonTransfer, derived));
		assert!(is_refused(CancelProxy, batch(Vec::new())));

		// WHEN she allowed everything THEN it is done
		assert!(!is_refused(Any, batch(vec![transfer()])));
		assert_eq!(Balances::free_balance(Eve.to_account_id()), before - PPL);
	});
}

#[test]
fn a_proxy_makes_none_that_may_do_more() {
	state(&genesis("local")).execute_with(|| {
		add_proxies();
		for proxy in PROXIES {
			for wanted in PROXIES {
				let add = RuntimeCall::Proxy(pallet_proxy::Call::add_proxy {
					delegate: Dave.to_account_id().into(),
					proxy_type: wanted,
					delay: 0,
				});
				for call in [add.clone(), batch(vec![add])] {
					let made = attempt(|| {
						is_refused(proxy, call);
						let (proxies, _) = pallet_proxy::Proxies::<Runtime>::get(Eve.to_account_id());
						proxies.iter().any(|proxy| proxy.delegate == Dave.to_account_id())
					});
					let expected = matches!(proxy, Any | NonTransfer) && proxy.is_superset(&wanted);
					assert_eq!(made, expected, "{proxy:?} {wanted:?}");
				}
			}
		}
		// Nor does any but `Any` take all of them away.
		let remove = || RuntimeCall::Proxy(pallet_proxy::Call::remove_proxies {});
		for proxy in PROXIES {
			assert_eq!(attempt(|| is_refused(proxy, remove())), proxy != Any, "{proxy:?}");
		}
	});
}
