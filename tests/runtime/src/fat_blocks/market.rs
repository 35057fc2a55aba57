//! The market's calls, and those that change the other parameters.

use frame_support::assert_ok;
use pallet_marketplace::{Agreements, Ledgers, MarketParams};
use peoples_cloud_primitives::traits::{PeriodLedger, ProviderRegistry};
use peoples_cloud_runtime::{AccountId, Balance, Marketplace, Providers, Runtime, RuntimeCall, RuntimeOrigin};

use super::{
	providers::nothing,
	world::{
		acknowledge, acknowledge_all, change_duty, column_of, holder, keep_aside, note_blocks, person, provider, root,
		unique, AGREEMENTS, COLUMNS, CURRENT, FIRST, PROVIDERS,
	},
	Case, Sent,
};
use crate::transactions::account;

type Call = pallet_marketplace::Call<Runtime>;

/// Agreements that a block can open or settle, and more.
const LARGE: u32 = 20;
/// Columns of each agreement that a block can lose or place, and more.
const LOST: u32 = 16;
/// Where the new holders of an agreement's lost columns are: among those of the next one, behind its own.
const ELSEWHERE: u32 = 30;

fn holder_account(agreement: u32, column: u32) -> AccountId {
	account(provider(holder(agreement, column)))
}

/// Makes that provider one that owes nothing since long, with all that is kept aside for it until it takes on something.
fn rested(provider: &AccountId) {
	Ledgers::<Runtime>::remove(provider);
	keep_aside(provider, FIRST);
}

fn terminate(provider: &AccountId) {
	<Providers as ProviderRegistry<_>>::terminate(provider);
	<Marketplace as PeriodLedger<_>>::on_terminated(provider, FIRST);
	change_duty(provider, |duty| duty.terminated = true);
}

/// For openings: nobody among the first owes anything.
fn all_rested() {
	(0..LARGE * COLUMNS).for_each(|number| rested(&account(provider(number))));
}

/// For settlements: they find out that all columns are lost.
fn all_terminated() {
	for agreement in 0..LARGE {
		Agreements::<Runtime>::mutate(u64::from(agreement), |record| record.as_mut().unwrap().closing = true);
		(0..COLUMNS).for_each(|column| terminate(&holder_account(agreement, column)));
	}
}

fn some_terminated() {
	for agreement in 0..AGREEMENTS {
		(0..LOST).for_each(|column| terminate(&holder_account(agreement, column)));
	}
}

/// For losses that are admitted: as many periods were missed as are resolved on the way, and the last of them suspends.
fn behind() {
	note_blocks(true);
	for number in 0..PROVIDERS {
		let provider = account(provider(number));
		change_duty(&provider, |duty| {
			duty.first_unresolved = CURRENT - 3;
			duty.misses_in_row = 3;
		});
		Ledgers::<Runtime>::mutate_extant(&provider, |ledger| ledger.next = CURRENT - 3);
	}
}

/// For replacements: columns are lost, and their new holders owe nothing.
fn lost() {
	for agreement in 0..AGREEMENTS {
		for column in 0..LOST {
			let holder = RuntimeOrigin::signed(holder_account(agreement, column));
			assert_ok!(Marketplace::declare_lost(holder, agreement.into(), column as u16));
			rested(&holder_account(agreement, ELSEWHERE + column));
		}
	}
}

pub(crate) fn cases() -> Vec<Case> {
	vec![
		Case {
			call: "Marketplace.open_storage",
			prepare: all_rested,
			sent: Sent::Signed(|number| {
				let client = person(number);
				let acks = acknowledge_all(client, number * COLUMNS, &format!("new {number}"));
				let call = Call::open_storage {
					object: unique("new", number),
					codec: 1,
					k: 1,
					acks: acks.try_into().unwrap(),
					max_price: Balance::MAX,
				};
				(client, call.into())
			}),
		},
		Case {
			call: "Marketplace.extend",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let call = Call::extend { agreement: number.into(), periods: 3, max_price: Balance::MAX };
				(person(number), call.into())
			}),
		},
		Case {
			call: "Marketplace.close",
			prepare: nothing,
			sent: Sent::Signed(|number| (person(number), Call::close { agreement: number.into() }.into())),
		},
		Case {
			call: "Marketplace.settle",
			prepare: all_terminated,
			sent: Sent::Signed(|number| (person(number), Call::settle { agreement: number.into() }.into())),
		},
		Case {
			call: "Marketplace.declare_lost",
			prepare: behind,
			sent: Sent::Signed(|number| {
				let (agreement, column) = column_of(number);
				let call = Call::declare_lost { agreement: agreement.into(), column: column as u16 };
				(provider(holder(agreement, column)), call.into())
			}),
		},
		Case {
			call: "Marketplace.mark_lost",
			prepare: some_terminated,
			sent: Sent::Signed(|number| {
				let (agreement, column) = column_of(number);
				let call = Call::mark_lost { agreement: agreement.into(), column: column as u16 };
				(person(number), call.into())
			}),
		},
		Case {
			call: "Marketplace.replace_column",
			prepare: lost,
			sent: Sent::Signed(|number| {
				let (agreement, column) = column_of(number);
				let new = provider(holder((agreement + 1) % AGREEMENTS, ELSEWHERE + column));
				let ack = acknowledge(person(agreement), new, &format!("repair {number}"), root(column));
				let call = Call::replace_column { agreement: agreement.into(), column: column as u16, ack };
				(person(number), call.into())
			}),
		},
		Case {
			call: "Marketplace.set_params",
			prepare: nothing,
			sent: Sent::Root(|| {
				let params = MarketParams { min_term: 7, ..MarketParams::default() };
				Call::set_params { params }.into()
			}),
		},
		Case {
			call: "Reputation.set_half_life",
			prepare: nothing,
			sent: Sent::Root(|| RuntimeCall::Reputation(pallet_reputation::Call::set_half_life { blocks: 7 })),
		},
	]
}
