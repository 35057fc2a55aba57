//! What clients read.
use super::*;
use crate::{views::MAX_PAGE, ServiceView};

#[test]
fn provider_shows_all_of_it() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 5_000, 100);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 40 * GIB));
		assert_ok!(Registry::unbond(signed(PROVIDER), 300));
		let view = Registry::provider(PROVIDER).unwrap();
		assert_eq!((view.bonded, view.required), (4_700, 4_000));
		assert_eq!(view.unbonding.into_inner(), [UnbondChunk { amount: 300, at: 1 + UNBONDING_BLOCKS }]);
		assert_eq!((view.peer_id, view.addresses), (peer_id(1), addresses(1)));
		assert_eq!((view.operator, view.region), (label("operator"), label("eu-west")));
		assert_eq!((view.standing, view.paused, view.registered_at), (Standing::Active, false, 1));
		assert_eq!(view.services, [ServiceView { kind: Storage, offer: Some(offer(100)), committed: 40 * GIB }]);
		assert_eq!(Registry::provider(CLIENT), None);
	});
}

#[test]
fn provider_shows_commitments_without_an_offer() {
	build_and_execute(|| {
		register_with_offer(PROVIDER, 5_000, 100);
		assert_ok!(Registry::commit(&PROVIDER, Storage, 7));
		assert_ok!(Registry::remove_offer(signed(PROVIDER), Storage));
		let services = Registry::provider(PROVIDER).unwrap().services;
		assert_eq!(services, [ServiceView { kind: Storage, offer: None, committed: 7 }]);
	});
}

#[test]
fn providers_come_in_pages() {
	build_and_execute(|| {
		// GIVEN more providers than fit a page.
		let all = 1_000..1_000 + u64::from(MAX_PAGE) + 44;
		for account in all.clone() {
			Balances::set_balance(&account, 2 * MIN_BOND);
			let mut peer = vec![0x12, 0x20];
			peer.extend([account.to_le_bytes(); 4].concat());
			let peer = peer.try_into().unwrap();
			assert_ok!(Registry::register(signed(account), peer, addresses(1), label("o"), label("r"), MIN_BOND));
		}
		assert_eq!(Registry::provider_count(), MAX_PAGE + 44);
		// WHEN all pages are read, THEN each provider comes once.
		for limit in [7, 100, u32::MAX] {
			let (mut seen, mut after) = (Vec::new(), None);
			loop {
				let page = Registry::providers(after, limit);
				assert!(page.len() <= MAX_PAGE.min(limit) as usize);
				let Some((last, _)) = page.last() else { break };
				after = Some(*last);
				seen.extend(page.into_iter().map(|(account, _)| account));
			}
			seen.sort_unstable();
			assert!(seen.iter().copied().eq(all.clone()), "by {limit}");
		}
		assert!(Registry::providers(None, 0).is_empty());
		// The money of these providers is new.
		for account in all {
			assert_ok!(Registry::leave(signed(account)));
		}
		pass(UNBONDING_BLOCKS);
		for account in 1_000..1_000 + u64::from(MAX_PAGE) + 44 {
			assert_ok!(Registry::withdraw_unbonded(signed(account)));
			Balances::set_balance(&account, 0);
		}
		assert_eq!(Registry::provider_count(), 0);
	});
}

#[test]
fn page_goes_on_after_a_provider_that_left() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		register(OTHER_PROVIDER, MIN_BOND);
		let first = Registry::providers(None, 1)[0].0;
		assert_ok!(Registry::leave(signed(first)));
		pass(UNBONDING_BLOCKS);
		assert_ok!(Registry::withdraw_unbonded(signed(first)));
		let rest: Vec<_> = Registry::providers(Some(first), 10).into_iter().map(|(account, _)| account).collect();
		assert_eq!(rest, [PROVIDER + OTHER_PROVIDER - first]);
	});
}

#[test]
fn by_peer_id_finds_the_provider() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_eq!(Registry::by_peer_id(peer_id(1).into_inner()), Some(PROVIDER));
		assert_eq!(Registry::by_peer_id(peer_id(2).into_inner()), None);
		assert_eq!(Registry::by_peer_id(vec![0; 1_000]), None);
	});
}
