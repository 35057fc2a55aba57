//! The proof clock's calls.

use std::sync::OnceLock;

use pallet_marketplace::{Ledgers, Milestone, Schedule};
use pallet_storage_proofs::{ProofParams, Snapshots};
use peoples_cloud_primitives::{
	challenge,
	holdings::{Leaf, Node},
	traits::ProviderRegistry,
	Period,
};
use peoples_cloud_runtime::{AccountId, Providers, Runtime};

use super::{
	providers::nothing,
	world::{
		change_duty, keep_aside, last_fixed, note_blocks, person, provider, randomness, tall, COLUMNS, CURRENT, FIRST,
	},
	Case, Sent,
};
use crate::{columns::Column, transactions::account};

type Call = pallet_storage_proofs::Call<Runtime>;

/// Nodes from a column up to its peak: of a provider that holds a million.
const LEAF_PATH: u32 = 20;
/// Chunks that are asked for, by the parameters of production.
const CHALLENGES: u32 = 20;
/// The longest path that a leaf can have.
const LONGEST_PATH: u32 = 60;
/// Providers that one block can have answers or reports of, and more.
const MANY: u32 = 700;
/// One miss less than terminates a provider, by the parameters of production.
const STREAK: u32 = 47;

/// A column of 1,024 chunks.
fn column() -> &'static Column {
	static COLUMN: OnceLock<Column> = OnceLock::new();
	COLUMN.get_or_init(|| Column::new(10))
}

fn some_accounts() -> impl Iterator<Item = AccountId> {
	(0..MANY).map(|number| account(provider(number)))
}

/// Lets something of a provider start or end in each of those periods.
fn schedule(provider: &AccountId, periods: impl Iterator<Item = Period>) {
	for period in periods {
		Schedule::<Runtime>::insert(provider, period, Milestone::Pending { add: 0, sub: 0, refs: 1 });
		Ledgers::<Runtime>::mutate_extant(provider, |ledger| ledger.pending += 1);
	}
}

/// For answers: full blocks have kept the windows open, so that it takes as many steps as there can be to find what is
/// challenged; a milestone comes next; and a suspension ends.
fn challenged() {
	let (holdings, _) = tall(&column().leaf(0), LEAF_PATH);
	for provider in some_accounts() {
		change_duty(&provider, |duty| duty.misses_in_row = 7);
		<Providers as ProviderRegistry<_>>::suspend(&provider);
		Snapshots::<Runtime>::insert(&provider, last_fixed(&provider), &holdings);
		schedule(&provider, [FIRST + 1].into_iter());
	}
}

/// For reports: of the miss that terminates the provider.
fn missed() {
	note_blocks(true);
	for provider in some_accounts() {
		change_duty(&provider, |duty| duty.misses_in_row = STREAK);
		keep_aside(&provider, FIRST);
		schedule(&provider, [FIRST + 1].into_iter());
	}
}

/// For providers that nobody has looked after: of the periods that are over most are excused, some are missed, and the fifth
/// of those terminates.
fn neglected() {
	note_blocks(true);
	for provider in some_accounts() {
		change_duty(&provider, |duty| {
			duty.first_unresolved = 1;
			duty.misses_in_row = STREAK - 4;
		});
		Ledgers::<Runtime>::mutate_extant(&provider, |ledger| ledger.next = 1);
		keep_aside(&provider, FIRST - 1);
		schedule(&provider, 2..=CURRENT);
	}
}

/// The leaf that a provider does not owe: of an agreement that it has another column of.
fn released(number: u32) -> (Leaf, Vec<Node>) {
	let leaf = Leaf { agreement: (number / COLUMNS).into(), root: [255; 32], chunks: 2 };
	let (_, path) = tall(&leaf, LONGEST_PATH);
	(leaf, path)
}

/// For removals: the provider owes nothing, and all that was kept aside goes.
fn removable() {
	for number in 0..MANY {
		let provider = account(provider(number));
		Ledgers::<Runtime>::remove(&provider);
		keep_aside(&provider, FIRST);
		let (leaf, _) = released(number);
		let (holdings, _) = tall(&leaf, LONGEST_PATH);
		change_duty(&provider, |duty| duty.holdings = holdings);
	}
}

pub(crate) fn cases() -> Vec<Case> {
	vec![
		Case {
			call: "StorageProofs.prove",
			prepare: challenged,
			sent: Sent::Signed(|number| {
				let who: [u8; 32] = account(provider(number)).into();
				let slot = challenge::slot_block(&who, FIRST, ProofParams::default().period_blocks).unwrap();
				let seed = challenge::seed(&randomness(slot), &who);
				let (_, leaf_path) = tall(&column().leaf(0), LEAF_PATH);
				let proof = Box::new(column().answers(0, &leaf_path, &seed, CHALLENGES));
				(provider(number), Call::prove { provider: who.into(), period: FIRST, proof }.into())
			}),
		},
		Case {
			call: "StorageProofs.report_missed",
			prepare: missed,
			sent: Sent::Signed(|number| {
				let call = Call::report_missed { provider: account(provider(number)), period: FIRST };
				(person(number), call.into())
			}),
		},
		Case {
			call: "StorageProofs.advance",
			prepare: neglected,
			sent: Sent::Signed(|number| (person(number), Call::advance { provider: account(provider(number)) }.into())),
		},
		Case {
			call: "StorageProofs.remove_leaf",
			prepare: removable,
			sent: Sent::Signed(|number| {
				let (leaf, path) = released(number);
				let call = Call::remove_leaf { provider: account(provider(number)), number: 0, leaf, path };
				(person(number), call.into())
			}),
		},
		Case {
			call: "StorageProofs.set_params",
			prepare: nothing,
			sent: Sent::Root(|| {
				let params = ProofParams { challenges: 21, ..ProofParams::default() };
				Call::set_params { params }.into()
			}),
		},
	]
}
