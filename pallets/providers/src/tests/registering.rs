//! Coming and changing.
use super::*;
use crate::{is_label, is_peer_id};

#[test]
fn register_holds_the_bond_and_keeps_a_record() {
	build_and_execute(|| {
		// WHEN an account registers.
		assert_ok!(try_register(PROVIDER, 5_000));
		// THEN its bond is on hold, and all can find it.
		assert_eq!(on_hold(PROVIDER), 5_000);
		assert_eq!(Balances::free_balance(PROVIDER), ENDOWMENT - 5_000);
		let info = info(PROVIDER);
		assert_eq!((info.bonded, info.standing, info.paused), (5_000, Standing::Active, false));
		assert_eq!((info.peer_id, info.addresses), (peer_id(1), addresses(1)));
		assert_eq!(info.registered_at, 1);
		assert_eq!(PeerIds::<Test>::get(peer_id(1)), Some(PROVIDER));
		assert!(Registry::is_active(&PROVIDER));
		assert_eq!(events(), [Event::Registered { provider: PROVIDER, peer_id: peer_id(1), bond: 5_000 }]);
	});
}

#[test]
fn register_unsigned_fails() {
	build_and_execute(|| {
		for origin in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
			assert_noop!(
				Registry::register(origin, peer_id(1), addresses(1), label("o"), label("r"), MIN_BOND),
				BadOrigin
			);
		}
	});
}

#[test]
fn register_twice_fails() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_noop!(try_register(PROVIDER, MIN_BOND), Error::<Test>::AlreadyRegistered);
	});
}

#[test]
fn register_with_less_than_the_least_bond_fails() {
	build_and_execute(|| {
		assert_noop!(try_register(PROVIDER, MIN_BOND - 1), Error::<Test>::BondTooLow);
		assert_ok!(try_register(PROVIDER, MIN_BOND));
	});
}

#[test]
fn register_with_more_than_the_account_has_fails() {
	build_and_execute(|| {
		assert_noop!(try_register(PROVIDER, ENDOWMENT + 1), TokenError::FundsUnavailable);
		assert!(try_register(NOBODY, MIN_BOND).is_err());
	});
}

#[test]
fn register_with_a_broken_peer_id_fails() {
	build_and_execute(|| {
		let short_identity = vec![0x00, 0x24, 1, 2, 3];
		for broken in [vec![], vec![0x00, 0x00], b"12D3KooWtext".to_vec(), short_identity, vec![0x12; 33]] {
			assert_noop!(
				Registry::register(
					signed(PROVIDER),
					broken.try_into().unwrap(),
					addresses(1),
					label("o"),
					label("r"),
					MIN_BOND
				),
				Error::<Test>::InvalidPeerId
			);
		}
	});
}

#[test]
fn peer_ids_of_both_kinds_pass() {
	assert!(is_peer_id(&peer_id(1)));
	let mut hashed = vec![0x12, 0x20];
	hashed.extend([7; 32]);
	assert!(is_peer_id(&hashed));
}

#[test]
fn register_with_anothers_peer_id_fails() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		assert_noop!(
			Registry::register(signed(OTHER_PROVIDER), peer_id(1), addresses(2), label("o"), label("r"), MIN_BOND),
			Error::<Test>::PeerIdTaken
		);
	});
}

#[test]
fn register_with_an_empty_address_fails() {
	build_and_execute(|| {
		let empty = vec![Default::default()].try_into().unwrap();
		assert_noop!(
			Registry::register(signed(PROVIDER), peer_id(1), empty, label("o"), label("r"), MIN_BOND),
			Error::<Test>::EmptyAddress
		);
	});
}

#[test]
fn register_without_addresses_works() {
	build_and_execute(|| {
		let none = Default::default();
		assert_ok!(Registry::register(signed(PROVIDER), peer_id(1), none, label("o"), label(""), MIN_BOND));
	});
}

#[test]
fn register_with_a_broken_operator_fails() {
	build_and_execute(|| {
		for operator in ["", "line\nbreak", "\u{1b}[31m"] {
			assert_noop!(
				Registry::register(signed(PROVIDER), peer_id(1), addresses(1), label(operator), label("r"), MIN_BOND),
				Error::<Test>::InvalidOperator
			);
		}
	});
}

#[test]
fn register_with_a_broken_region_fails() {
	build_and_execute(|| {
		assert_noop!(
			Registry::register(signed(PROVIDER), peer_id(1), addresses(1), label("o"), label("a\0"), MIN_BOND),
			Error::<Test>::InvalidRegion
		);
		assert!(!is_label(&[0xff]));
		assert!(is_label("Zürich 🏔".as_bytes()));
	});
}

#[test]
fn update_info_changes_what_is_given() {
	build_and_execute(|| {
		// GIVEN a provider.
		register(PROVIDER, MIN_BOND);
		let before = info(PROVIDER);
		// WHEN it gets a new peer id only.
		assert_ok!(Registry::update_info(signed(PROVIDER), Some(peer_id(9)), None, None, None));
		// THEN the new one leads to it, the old one is free, and the rest stays.
		assert_eq!(PeerIds::<Test>::get(peer_id(9)), Some(PROVIDER));
		assert_eq!(PeerIds::<Test>::get(peer_id(1)), None);
		assert_eq!(info(PROVIDER), crate::ProviderInfo { peer_id: peer_id(9), ..before.clone() });
		assert_eq!(events(), [Event::InfoUpdated { provider: PROVIDER }]);
		// WHEN all else changes, THEN the peer id stays.
		assert_ok!(Registry::update_info(
			signed(PROVIDER),
			None,
			Some(addresses(9)),
			Some(label("other")),
			Some(label("us"))
		));
		let after = info(PROVIDER);
		assert_eq!((after.peer_id, after.addresses), (peer_id(9), addresses(9)));
		assert_eq!((after.operator, after.region), (label("other"), label("us")));
		assert_eq!(after.bonded, before.bonded);
	});
}

#[test]
fn update_info_to_the_same_fails() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		let nothing: DispatchError = Error::<Test>::NothingToUpdate.into();
		assert_noop!(Registry::update_info(signed(PROVIDER), None, None, None, None), nothing);
		assert_noop!(
			Registry::update_info(signed(PROVIDER), Some(peer_id(1)), Some(addresses(1)), None, None),
			nothing
		);
	});
}

#[test]
fn update_info_checks_like_register() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		register(OTHER_PROVIDER, MIN_BOND);
		let update = |peer, addresses, operator, region| {
			Registry::update_info(signed(PROVIDER), peer, addresses, operator, region)
		};
		assert_noop!(update(Some(peer_id(2)), None, None, None), Error::<Test>::PeerIdTaken);
		assert_noop!(update(Some(label("x")), None, None, None), Error::<Test>::InvalidPeerId);
		let empty = vec![Default::default()].try_into().unwrap();
		assert_noop!(update(None, Some(empty), None, None), Error::<Test>::EmptyAddress);
		assert_noop!(update(None, None, Some(label("")), None), Error::<Test>::InvalidOperator);
		assert_noop!(update(None, None, None, Some(label("\t"))), Error::<Test>::InvalidRegion);
	});
}

#[test]
fn update_info_of_no_provider_fails() {
	build_and_execute(|| {
		assert_noop!(
			Registry::update_info(signed(CLIENT), Some(peer_id(1)), None, None, None),
			Error::<Test>::NotRegistered
		);
	});
}

#[test]
fn update_info_works_while_suspended_and_terminated() {
	build_and_execute(|| {
		register(PROVIDER, MIN_BOND);
		Registry::suspend(&PROVIDER);
		assert_ok!(Registry::update_info(signed(PROVIDER), None, Some(addresses(8)), None, None));
		Registry::terminate(&PROVIDER);
		assert_ok!(Registry::update_info(signed(PROVIDER), None, Some(addresses(9)), None, None));
	});
}
