//! Parameters.
use crate::{mock::*, Error, Event, Params, ProofParams};
use frame::testing_prelude::*;

fn set(params: ProofParams) -> DispatchResult {
	StorageProofs::set_params(RuntimeOrigin::root(), params)
}

#[test]
fn root_changes_parameters() {
	build_and_execute(|| {
		let params = ProofParams { challenges: 9, ..PARAMS };
		assert_ok!(set(params.clone()));
		assert_eq!(Params::<Test>::get(), params);
		System::assert_last_event(Event::ParamsSet { params }.into());
	});
}

#[test]
fn others_do_not() {
	build_and_execute(|| {
		assert_noop!(StorageProofs::set_params(RuntimeOrigin::signed(alice()), PARAMS), BadOrigin);
	});
}

#[test]
fn a_period_keeps_its_length() {
	build_and_execute(|| {
		assert_noop!(set(ProofParams { period_blocks: 21, ..PARAMS }), Error::<Test>::PeriodLengthFixed);
	});
}

#[test]
fn parameters_must_fit_together() {
	build_and_execute(|| {
		for window_blocks in [0, 20, 51] {
			assert_noop!(set(ProofParams { window_blocks, ..PARAMS }), Error::<Test>::InvalidWindow);
		}
		for challenges in [0, 33] {
			assert_noop!(set(ProofParams { challenges, ..PARAMS }), Error::<Test>::InvalidChallenges);
		}
		assert_noop!(set(ProofParams { missed_slash_ppm: 1_000_001, ..PARAMS }), Error::<Test>::InvalidShare);
		assert_noop!(set(ProofParams { reporter_share_ppm: 1_000_001, ..PARAMS }), Error::<Test>::InvalidShare);
		assert_noop!(set(ProofParams { suspend_after: 0, ..PARAMS }), Error::<Test>::InvalidStreaks);
		assert_noop!(set(ProofParams { terminate_after: 1, ..PARAMS }), Error::<Test>::InvalidStreaks);
	});
}

#[test]
#[should_panic(expected = "invalid proof parameters")]
fn genesis_checks_them() {
	let params = ProofParams { challenges: 0, ..PARAMS };
	let _ = crate::GenesisConfig::<Test> { params, ..Default::default() }.build_storage();
}
