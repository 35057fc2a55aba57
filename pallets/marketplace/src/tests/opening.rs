//! Opening agreements, and what an acknowledgement is good for.
use crate::{mock::*, ByClient, ByObject, ByProvider, Error, Event, PrunedUpTo, SignedAck, Uploads};
use frame::testing_prelude::*;
use peoples_cloud_primitives::{holdings::Leaf, terms::AcknowledgementV1};

/// Opens with one column whose terms are changed.
fn open_changed(change: impl FnOnce(&mut AcknowledgementV1)) -> Result<u64, DispatchError> {
	let mut terms = terms(1, 1);
	change(&mut terms);
	open_with(vec![sign(terms)])
}

/// Opens with two columns, the second of which has its terms changed.
fn open_second_changed(change: impl FnOnce(&mut AcknowledgementV1)) -> Result<u64, DispatchError> {
	let mut second = terms(1, 2);
	change(&mut second);
	open_with(vec![sign(terms(1, 1)), sign(second)])
}

#[test]
fn opening_locks_the_price_and_places_the_columns() {
	build_and_execute(|| {
		// GIVEN acknowledgements of three providers
		go_to(4);
		let acks = (1..=3).map(|number| sign(terms(1, number))).collect();
		// WHEN Alice opens an agreement
		let id = open_with(acks).unwrap();
		// THEN its price is locked, and it runs from the next period
		assert_eq!(free(&alice()), WEALTH - 3 * 10 * 10);
		let view = agreement(id);
		assert_eq!((view.client, view.end, view.closing, view.columns.len()), (alice(), 15, false, 3));
		for (place, column) in (0..).zip(view.columns) {
			assert_eq!((column.start, column.end, column.rate), (5, 15, 10));
			assert_eq!(ByProvider::<Test>::get(&column.provider, id), Some(place));
			assert_eq!(Committed::get()[&column.provider], 4);
			let leaf = Leaf { agreement: id, root: column.root, chunks: 4 };
			assert_eq!(Leaves::get()[&column.provider], vec![leaf]);
		}
		// AND it is found by its client and its object, for which a deposit was taken
		assert!(ByClient::<Test>::contains_key(alice(), id));
		assert!(ByObject::<Test>::contains_key([7; 32], id));
		assert_eq!(Deposits::get()[&alice()], 3);
		let event = Event::AgreementOpened { agreement: id, client: alice(), object: [7; 32], columns: 3, price: 300 };
		System::assert_last_event(event.into());
	});
}

#[test]
fn an_acknowledgement_works_once() {
	build_and_execute(|| {
		// GIVEN an upload that was opened
		let acks = vec![sign(terms(1, 1)), sign(terms(1, 2))];
		open_with(acks.clone()).unwrap();
		// WHEN it is opened again, as a whole or in part THEN it is refused
		assert_noop!(open_with(acks.clone()), Error::<Test>::AlreadyUsed);
		assert_noop!(open_with(acks[1..].to_vec()), Error::<Test>::AlreadyUsed);
	});
}

#[test]
fn used_uploads_are_forgotten_once_they_have_expired() {
	build_and_execute(|| {
		// GIVEN a used upload
		let ack = sign(terms(1, 1));
		let valid_until = System::block_number() + 20;
		open_with(vec![ack.clone()]).unwrap();
		// WHEN its last block has come THEN it is still remembered
		System::set_block_number(valid_until);
		Market::on_idle(valid_until, Weight::MAX);
		assert_eq!(Uploads::<Test>::iter().count(), 1);
		assert_noop!(open_with(vec![ack.clone()]), Error::<Test>::AlreadyUsed);
		// WHEN the next has THEN it is forgotten, and has expired
		System::set_block_number(valid_until + 1);
		Market::on_idle(valid_until + 1, Weight::MAX);
		assert_eq!(Uploads::<Test>::iter().count(), 0);
		assert_eq!(PrunedUpTo::<Test>::get(), valid_until + 1);
		assert_noop!(open_with(vec![ack]), Error::<Test>::AcknowledgementExpired);
	});
}

#[test]
fn forgetting_keeps_to_the_weight_that_is_left() {
	build_and_execute(|| {
		// GIVEN several uploads that have expired
		for nonce in 1..5 {
			open(nonce, [nonce]);
		}
		System::set_block_number(100);
		// WHEN there is no weight THEN nothing happens
		assert_eq!(Market::on_idle(100, Weight::zero()), Weight::zero());
		assert_eq!(Uploads::<Test>::iter().count(), 4);
		// WHEN there is some THEN it is not exceeded, and in time all are forgotten
		let some = <() as crate::WeightInfo>::forget_upload().saturating_mul(10);
		for _ in 0..12 {
			assert!(Market::on_idle(100, some).all_lte(some));
		}
		assert_eq!(Uploads::<Test>::iter().count(), 0);
		assert_eq!(PrunedUpTo::<Test>::get(), 100);
	});
}

#[test]
fn an_expired_acknowledgement_is_refused() {
	build_and_execute(|| {
		System::set_block_number(50);
		assert_noop!(open_changed(|terms| terms.valid_until = 49), Error::<Test>::AcknowledgementExpired);
		assert_ok!(open_changed(|terms| terms.valid_until = 50));
	});
}

#[test]
fn an_acknowledgement_valid_for_too_long_is_refused() {
	build_and_execute(|| {
		let last = System::block_number() + PARAMS.max_ack_validity;
		assert_noop!(open_changed(|terms| terms.valid_until = last + 1), Error::<Test>::ValidityTooLong);
		assert_ok!(open_changed(|terms| terms.valid_until = last));
	});
}

#[test]
fn a_forged_acknowledgement_is_refused() {
	build_and_execute(|| {
		// GIVEN a good one
		let good = sign(terms(1, 1));
		// WHEN the signature is broken, of another statement, or of another provider THEN it is refused
		let mut broken = good.clone();
		broken.signature[5] ^= 1;
		let other = SignedAck { signature: sign(terms(2, 1)).signature, ..good.clone() };
		let stranger = SignedAck { signature: sign(terms(1, 2)).signature, ..good.clone() };
		for forged in [broken, other, stranger] {
			assert_noop!(open_with(vec![forged]), Error::<Test>::BadSignature);
		}
		assert_ok!(open_with(vec![good]));
	});
}

#[test]
fn an_acknowledgement_for_another_chain_is_refused() {
	build_and_execute(|| {
		assert_noop!(open_changed(|terms| terms.genesis = [1; 32]), Error::<Test>::WrongGenesis);
	});
}

#[test]
fn an_acknowledgement_for_another_client_is_refused() {
	build_and_execute(|| {
		assert_noop!(open_changed(|terms| terms.client = bob().into()), Error::<Test>::WrongClient);
	});
}

#[test]
fn acknowledgements_must_agree() {
	build_and_execute(|| {
		assert_noop!(open_second_changed(|terms| terms.nonce = [2; 16]), Error::<Test>::UnequalTerms);
		assert_noop!(open_second_changed(|terms| terms.valid_until += 1), Error::<Test>::UnequalTerms);
		assert_noop!(open_second_changed(|terms| terms.duration += 1), Error::<Test>::UnequalTerms);
		assert_noop!(open_second_changed(|terms| terms.chunks += 1), Error::<Test>::UnequalTerms);
		// Rates may differ.
		assert_ok!(open_second_changed(|terms| terms.rate += 1));
	});
}

#[test]
fn a_provider_holds_one_column_of_an_agreement() {
	build_and_execute(|| {
		let twice = vec![sign(terms(1, 1)), sign(AcknowledgementV1 { root: [9; 32], ..terms(1, 1) })];
		assert_noop!(open_with(twice), Error::<Test>::DuplicateProvider);
	});
}

#[test]
fn the_code_must_fit_the_columns() {
	build_and_execute(|| {
		let open = |k: u16, columns: u8| {
			let acks: Vec<_> = (1..=columns).map(|number| sign(terms(1, number))).collect();
			let origin = RuntimeOrigin::signed(alice());
			Market::open_storage(origin, [7; 32], 1, k, acks.try_into().unwrap(), WEALTH)
		};
		for (k, columns) in [(0, 1), (2, 1), (0, 0), (1, 0)] {
			assert_noop!(open(k, columns), Error::<Test>::InvalidCode);
		}
		assert_ok!(open(8, 8));
	});
}

#[test]
fn durations_and_sizes_have_bounds() {
	build_and_execute(|| {
		for duration in [0, PARAMS.max_duration + 1] {
			assert_noop!(open_changed(|terms| terms.duration = duration), Error::<Test>::InvalidDuration);
		}
		for chunks in [0, (1 << 54) + 1] {
			assert_noop!(open_changed(|terms| terms.chunks = chunks), Error::<Test>::InvalidSize);
		}
	});
}

#[test]
fn the_price_is_at_most_what_the_client_allows() {
	build_and_execute(|| {
		let acks: BoundedVec<_, _> = vec![sign(terms(1, 1)), sign(terms(1, 2))].try_into().unwrap();
		let open = |max| Market::open_storage(RuntimeOrigin::signed(alice()), [7; 32], 1, 1, acks.clone(), max);
		assert_noop!(open(199), Error::<Test>::PriceTooHigh);
		assert_ok!(open(200));
	});
}

#[test]
fn a_price_beyond_counting_is_refused() {
	build_and_execute(|| {
		assert_noop!(open_changed(|terms| terms.rate = u128::MAX), Error::<Test>::PriceTooHigh);
		assert_noop!(open_second_changed(|terms| terms.rate = u128::MAX / 10), Error::<Test>::PriceTooHigh);
	});
}

#[test]
fn an_opening_that_the_neighbours_refuse_changes_nothing() {
	build_and_execute(|| {
		// GIVEN a provider without room among willing ones
		Unwilling::mutate(|set| set.insert(provider(2)));
		// WHEN an agreement with it is opened THEN nothing changes
		let acks = vec![sign(terms(1, 1)), sign(terms(1, 2))];
		assert_noop!(open_with(acks), DispatchError::Other("unwilling"));
		assert_eq!(free(&alice()), WEALTH);
		// AND a client without money opens nothing either
		let acks = vec![sign(AcknowledgementV1 { rate: WEALTH / 10, ..terms(2, 1) })];
		Free::mutate(|all| all.insert(alice(), WEALTH / 2));
		assert_noop!(open_with(acks), DispatchError::Other("poor"));
		Free::mutate(|all| all.insert(alice(), WEALTH));
	});
}

#[test]
fn an_opening_needs_a_signature() {
	build_and_execute(|| {
		let acks: BoundedVec<_, _> = vec![sign(terms(1, 1))].try_into().unwrap();
		assert_noop!(Market::open_storage(RuntimeOrigin::none(), [7; 32], 1, 1, acks, WEALTH), BadOrigin);
	});
}

#[test]
fn columns_may_cost_nothing() {
	build_and_execute(|| {
		// GIVEN a provider that stores for free
		let id = open_changed(|terms| terms.rate = 0).unwrap();
		// WHEN its time has passed THEN the agreement is settled like any other
		prove_until([1], 11);
		assert_ok!(settle(id));
		assert_eq!((free(&alice()), earned(&provider(1))), (WEALTH, 0));
	});
}
