//! Every call of the runtime is measured, or somebody has decided why not.

use std::collections::BTreeSet;

use frame_support::traits::GetCallMetadata;
use peoples_cloud_runtime::{RuntimeCall, RuntimeOrigin};
use sp_keyring::Sr25519Keyring::Eve;
use sp_runtime::{traits::Dispatchable, DispatchError};

use super::all_cases;
use crate::{
	chain::{attempt, begin_block, genesis, state},
	proxies::every_call,
};

/// Our own pallets, all of whose calls are measured.
const OURS: [&str; 6] = ["Clock", "Providers", "Marketplace", "Escrow", "Reputation", "StorageProofs"];

/// Calls that people cannot make: root can, referenda with an origin of their own, or the committee's motions. They come
/// as rarely as those decide.
const NOT_FOR_PEOPLE: &[&str] = &[
	"System.set_heap_pages",
	"System.set_code",
	"System.set_code_without_checks",
	"System.set_storage",
	"System.kill_storage",
	"System.kill_prefix",
	"System.authorize_upgrade",
	"System.authorize_upgrade_without_checks",
	"Babe.plan_config_change",
	"Balances.force_transfer",
	"Balances.force_unreserve",
	"Balances.force_set_balance",
	"Balances.force_adjust_total_issuance",
	"Staking.set_validator_count",
	"Staking.increase_validator_count",
	"Staking.scale_validator_count",
	"Staking.force_no_eras",
	"Staking.force_new_era",
	"Staking.set_invulnerables",
	"Staking.force_unstake",
	"Staking.force_new_era_always",
	"Staking.cancel_deferred_slash",
	"Staking.set_staking_configs",
	"Staking.set_min_commission",
	"Staking.deprecate_controller_batch",
	"Staking.restore_ledger",
	"Staking.manual_slash",
	"ElectionProviderMultiPhase.set_minimum_untrusted_score",
	"ElectionProviderMultiPhase.set_emergency_election_result",
	"ElectionProviderMultiPhase.governance_fallback",
	"Grandpa.note_stalled",
	"Beefy.set_new_genesis",
	"Utility.dispatch_as",
	"Utility.dispatch_as_fallible",
	"Utility.with_weight",
	"Scheduler.schedule",
	"Scheduler.cancel",
	"Scheduler.schedule_named",
	"Scheduler.cancel_named",
	"Scheduler.schedule_after",
	"Scheduler.schedule_named_after",
	"Scheduler.set_retry",
	"Scheduler.set_retry_named",
	"Scheduler.cancel_retry",
	"Scheduler.cancel_retry_named",
	"Preimage.request_preimage",
	"Preimage.unrequest_preimage",
	"Treasury.spend_local",
	"Treasury.remove_approval",
	"Treasury.spend",
	"Treasury.void_spend",
	"Referenda.cancel",
	"Referenda.kill",
	"Referenda.nudge_referendum",
	"Referenda.one_fewer_deciding",
	"TechnicalCommittee.set_members",
	"TechnicalCommittee.disapprove_proposal",
	"TechnicalCommittee.kill",
	// Closing a motion, which is measured, makes it.
	"Whitelist.whitelist_call",
	"Whitelist.remove_whitelisted_call",
];

/// Other calls that are not measured: why, and which.
const UNMEASURED: &[(&str, &[&str])] = &[
	("only whoever makes a block can put it in, and only once", &["Timestamp.set"]),
	(
		"only whoever makes a block can put it in; it is refused unless it is better than the last one",
		&["ElectionProviderMultiPhase.submit_unsigned"],
	),
	(
		"only with proof of a validator's offence, each of which counts once and costs it its stake",
		&[
			"Babe.report_equivocation",
			"Babe.report_equivocation_unsigned",
			"Grandpa.report_equivocation",
			"Grandpa.report_equivocation_unsigned",
			"Beefy.report_double_voting",
			"Beefy.report_double_voting_unsigned",
			"Beefy.report_fork_voting",
			"Beefy.report_fork_voting_unsigned",
			"Beefy.report_future_block_voting",
			"Beefy.report_future_block_voting_unsigned",
		],
	),
	(
		"only for the one who has the key that can do everything",
		&["Sudo.sudo", "Sudo.sudo_unchecked_weight", "Sudo.set_key", "Sudo.sudo_as", "Sudo.remove_key"],
	),
	("only with the code that root has authorised, once", &["System.apply_authorized_upgrade"]),
	(
		"never succeeds: this chain has had neither controllers nor stake that is locked and not held",
		&["Staking.set_controller", "Staking.migrate_currency"],
	),
];

/// What the runtime has.
fn calls() -> BTreeSet<String> {
	let pallets = RuntimeCall::get_module_names().iter();
	pallets
		.flat_map(|pallet| RuntimeCall::get_call_names(pallet).iter().map(move |call| format!("{pallet}.{call}")))
		.collect()
}

fn measured() -> BTreeSet<String> {
	all_cases().into_iter().map(|case| case.call.to_string()).collect()
}

#[test]
fn every_call_of_ours_is_measured() {
	let (measured, calls) = (measured(), calls());
	let ours: Vec<_> = calls.iter().filter(|call| OURS.iter().any(|pallet| call.starts_with(pallet))).collect();
	assert!(ours.len() > 20, "{ours:?}");
	let missing: Vec<_> = ours.into_iter().filter(|call| !measured.contains(*call)).collect();
	assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_call_is_measured_or_it_says_why_not() {
	let named = UNMEASURED.iter().flat_map(|(_, calls)| calls.iter()).chain(NOT_FOR_PEOPLE);
	let named: Vec<_> = named.map(|call| call.to_string()).collect();
	let mut decided = measured();
	for call in named {
		assert!(decided.insert(call.clone()), "{call} is measured, or named twice");
	}
	let calls = calls();
	let open: Vec<_> = calls.difference(&decided).collect();
	assert!(open.is_empty(), "nobody has decided about {open:?}");
	let gone: Vec<_> = decided.difference(&calls).collect();
	assert!(gone.is_empty(), "the runtime does not have {gone:?}");
}

#[test]
fn people_are_refused_what_is_not_for_them() {
	let calls = every_call();
	state(&genesis("testnet")).execute_with(|| {
		begin_block(1);
		for name in NOT_FOR_PEOPLE {
			let call = calls[*name].clone();
			let outcome = attempt(|| call.dispatch(RuntimeOrigin::signed(Eve.to_account_id())));
			let outcome = outcome.map(|_| ()).map_err(|refused| refused.error);
			assert_eq!(outcome, Err(DispatchError::BadOrigin), "{name}");
		}
	});
}
