//! The register's calls, and the escrow's.

use frame_support::assert_ok;
use pallet_marketplace::Ledgers;
use pallet_providers::{Committed, Offer, StakeParams};
use peoples_cloud_primitives::{
	resource::ResourceKind,
	traits::{Escrow as _, ReputationSink},
};
use peoples_cloud_runtime::{Escrow, Providers, Reputation, Runtime, RuntimeCall, RuntimeOrigin, PPL};

use super::{
	world::{
		addresses, change_provider, keep_aside, offer, operator, peer_id, person, provider, region, FIRST, PROVIDERS,
	},
	Case, Sent,
};
use crate::transactions::account;

type Call = pallet_providers::Call<Runtime>;

const KIND: ResourceKind = ResourceKind::Storage;

/// For calls that need nothing of the state but what all have in common.
pub(crate) fn nothing() {}

/// Providers that no agreement uses.
fn free() {
	(0..PROVIDERS).for_each(|number| Committed::<Runtime>::remove(account(provider(number)), KIND));
}

fn paused() {
	for number in 0..PROVIDERS {
		assert_ok!(Providers::pause(RuntimeOrigin::signed(account(provider(number)))));
	}
}

/// Providers that have left, whose stake has waited long enough, and about whom there is most to forget.
fn gone() {
	free();
	for number in 0..PROVIDERS {
		let leaving = account(provider(number));
		assert_ok!(Providers::leave(RuntimeOrigin::signed(leaving.clone())));
		change_provider(&leaving, |info| info.unbonding.iter_mut().for_each(|chunk| chunk.at = 1));
		assert!(Ledgers::<Runtime>::contains_key(&leaving));
		keep_aside(&leaving, FIRST);
		Reputation::note(&leaving, KIND, 1, 1);
		assert_ok!(Escrow::credit(&leaving, 1_000));
	}
}

/// Providers that have earned something.
fn earned() {
	for number in 0..PROVIDERS {
		assert_ok!(Escrow::credit(&account(provider(number)), 1_000));
	}
}

pub(crate) fn cases() -> Vec<Case> {
	vec![
		Case {
			call: "Providers.register",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let call = Call::register {
					peer_id: peer_id("new", number),
					addresses: addresses(2),
					operator: operator(b'p'),
					region: region(b's'),
					bond: 200 * PPL,
				};
				(person(number), call.into())
			}),
		},
		Case {
			call: "Providers.update_info",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let call = Call::update_info {
					peer_id: Some(peer_id("new", number)),
					addresses: Some(addresses(2)),
					operator: Some(operator(b'p')),
					region: Some(region(b's')),
				};
				(provider(number), call.into())
			}),
		},
		Case {
			call: "Providers.bond_more",
			prepare: nothing,
			sent: Sent::Signed(|number| (provider(number), Call::bond_more { amount: PPL }.into())),
		},
		Case {
			call: "Providers.unbond",
			prepare: nothing,
			sent: Sent::Signed(|number| (provider(number), Call::unbond { amount: PPL }.into())),
		},
		Case {
			call: "Providers.withdraw_unbonded",
			prepare: gone,
			sent: Sent::Signed(|number| (provider(number), Call::withdraw_unbonded {}.into())),
		},
		Case {
			call: "Providers.set_offer",
			prepare: nothing,
			sent: Sent::Signed(|number| {
				let call = Call::set_offer { kind: KIND, offer: Offer { price: 7, ..offer() } };
				(provider(number), call.into())
			}),
		},
		Case {
			call: "Providers.remove_offer",
			prepare: nothing,
			sent: Sent::Signed(|number| (provider(number), Call::remove_offer { kind: KIND }.into())),
		},
		Case {
			call: "Providers.pause",
			prepare: nothing,
			sent: Sent::Signed(|number| (provider(number), Call::pause {}.into())),
		},
		Case {
			call: "Providers.resume",
			prepare: paused,
			sent: Sent::Signed(|number| (provider(number), Call::resume {}.into())),
		},
		Case {
			call: "Providers.leave",
			prepare: free,
			sent: Sent::Signed(|number| (provider(number), Call::leave {}.into())),
		},
		Case {
			call: "Providers.set_params",
			prepare: nothing,
			sent: Sent::Root(|| {
				let params = StakeParams { min_bond: PPL, ..StakeParams::default() };
				Call::set_params { params }.into()
			}),
		},
		Case {
			call: "Escrow.withdraw",
			prepare: earned,
			sent: Sent::Signed(|number| {
				let call = RuntimeCall::Escrow(pallet_escrow::Call::withdraw {});
				(provider(number), call)
			}),
		},
	]
}
