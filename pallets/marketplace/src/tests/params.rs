//! Parameters.
use crate::{mock::*, types::MAX_ACK_VALIDITY, Error, Event, MarketParams, Params};
use frame::testing_prelude::*;

fn set(params: MarketParams) -> DispatchResult {
	Market::set_params(RuntimeOrigin::root(), params)
}

#[test]
fn root_changes_parameters() {
	build_and_execute(|| {
		let params = MarketParams { min_term: 3, ..PARAMS };
		assert_ok!(set(params.clone()));
		assert_eq!(Params::<Test>::get(), params);
		System::assert_last_event(Event::ParamsSet { params }.into());
	});
}

#[test]
fn others_do_not() {
	build_and_execute(|| {
		assert_noop!(Market::set_params(RuntimeOrigin::signed(alice()), PARAMS), BadOrigin);
	});
}

#[test]
fn parameters_must_fit_together() {
	build_and_execute(|| {
		for min_term in [0, PARAMS.max_duration + 1] {
			assert_noop!(set(MarketParams { min_term, ..PARAMS }), Error::<Test>::InvalidTerm);
		}
		for max_ack_validity in [0, MAX_ACK_VALIDITY + 1] {
			assert_noop!(set(MarketParams { max_ack_validity, ..PARAMS }), Error::<Test>::InvalidValidity);
		}
		for max_ack_validity in [1, MAX_ACK_VALIDITY] {
			assert_ok!(set(MarketParams { max_ack_validity, ..PARAMS }));
		}
		assert_noop!(set(MarketParams { loss_penalty_periods: 10_001, ..PARAMS }), Error::<Test>::InvalidShare);
		assert_noop!(set(MarketParams { loss_client_share_ppm: 1_000_001, ..PARAMS }), Error::<Test>::InvalidShare);
	});
}

#[test]
#[should_panic(expected = "invalid market parameters")]
fn genesis_checks_them() {
	let params = MarketParams { min_term: 0, ..PARAMS };
	let _ = crate::GenesisConfig::<Test> { params, ..Default::default() }.build_storage();
}
