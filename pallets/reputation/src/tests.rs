//! One test for each rule.
use frame::testing_prelude::*;
use peoples_cloud_primitives::{
	resource::ResourceKind::{self, Storage},
	traits::{ProviderRecords, ReputationSink},
};

use crate::{mock::*, Error, Event, GenesisConfig, HalfLife, Records, Score, DEFAULT_HALF_LIFE, MAX_HALF_LIFE};

mod arithmetic;

fn score(provider: u64) -> (u32, u64) {
	let Score { ppm, evidence } = Reputation::score(provider, Storage);
	(ppm, evidence)
}

#[test]
fn unknown_provider_scores_one_half_on_nothing() {
	build_and_execute(|| assert_eq!(score(PROVIDER), (500_000, 0)));
}

#[test]
fn good_evidence_raises_the_score() {
	build_and_execute(|| {
		// WHEN a provider does well eight times.
		Reputation::note(&PROVIDER, Storage, 8, 0);
		// THEN nine of ten are expected to be good, one of each being assumed beforehand.
		assert_eq!(score(PROVIDER), (900_000, 8));
		System::assert_last_event(
			Event::EvidenceNoted { provider: PROVIDER, kind: Storage, good: 8, bad: 0, ppm: 900_000 }.into(),
		);
	});
}

#[test]
fn bad_evidence_lowers_the_score() {
	build_and_execute(|| {
		// GIVEN a good provider.
		Reputation::note(&PROVIDER, Storage, 8, 0);
		// WHEN it fails once.
		Reputation::note(&PROVIDER, Storage, 0, 1);
		// THEN 9 of 11.
		assert_eq!(score(PROVIDER), (818_181, 9));
	});
}

#[test]
fn evidence_is_kept_apart_by_provider() {
	build_and_execute(|| {
		Reputation::note(&PROVIDER, Storage, 5, 5);
		assert_eq!(score(OTHER_PROVIDER), (500_000, 0));
		assert_eq!(Records::<Test>::iter().count(), 1);
	});
}

#[test]
fn whoever_has_left_is_unknown_again() {
	build_and_execute(|| {
		// GIVEN evidence about all services of two providers
		for provider in [PROVIDER, OTHER_PROVIDER] {
			for kind in ResourceKind::ALL {
				Reputation::note(&provider, kind, 0, 8);
			}
		}
		// WHEN one is forgotten THEN nothing is known of it, and all of the other
		<Reputation as ProviderRecords<u64>>::forget(&PROVIDER);
		assert_eq!(Records::<Test>::iter_prefix(PROVIDER).count(), 0);
		assert_eq!(score(PROVIDER), (500_000, 0));
		assert_eq!(Records::<Test>::iter_prefix(OTHER_PROVIDER).count(), ResourceKind::ALL.len());
	});
}

#[test]
fn no_evidence_leaves_no_trace() {
	build_and_execute(|| {
		Reputation::note(&PROVIDER, Storage, 0, 0);
		assert_eq!(Records::<Test>::iter().count(), 0);
		assert_eq!(System::events(), []);
	});
}

#[test]
fn evidence_halves_each_half_life() {
	build_and_execute(|| {
		// GIVEN much evidence.
		Reputation::note(&PROVIDER, Storage, 600, 200);
		// WHEN half-lives pass, THEN it halves each time, whether or not it is touched.
		pass(HALF_LIFE);
		assert_eq!(score(PROVIDER).1, 400);
		pass(HALF_LIFE);
		assert_eq!(score(PROVIDER).1, 200);
		Reputation::note(&PROVIDER, Storage, 50, 0);
		assert_eq!(score(PROVIDER).1, 250);
		pass(HALF_LIFE);
		assert_eq!(score(PROVIDER).1, 125);
	});
}

#[test]
fn all_is_forgotten_in_the_end() {
	build_and_execute(|| {
		Reputation::note(&PROVIDER, Storage, 0, 1_000);
		pass(HALF_LIFE * 40);
		assert_eq!(score(PROVIDER), (500_000, 0));
	});
}

#[test]
fn evidence_saturates() {
	build_and_execute(|| {
		for _ in 0..5_000 {
			Reputation::note(&PROVIDER, Storage, u32::MAX, 0);
		}
		assert_eq!(Records::<Test>::get(PROVIDER, Storage).good, u64::MAX);
		assert_eq!(score(PROVIDER).0, 999_999);
	});
}

#[test]
fn set_half_life_changes_the_pace() {
	build_and_execute(|| {
		Reputation::note(&PROVIDER, Storage, 800, 0);
		// WHEN root shortens the half-life.
		assert_ok!(Reputation::set_half_life(RuntimeOrigin::root(), 10));
		System::assert_last_event(Event::HalfLifeSet { blocks: 10 }.into());
		// THEN evidence decays by it.
		assert_eq!(Reputation::half_life(), 10);
		pass(20);
		assert_eq!(score(PROVIDER).1, 200);
	});
}

#[test]
fn set_half_life_by_others_fails() {
	build_and_execute(|| {
		assert_noop!(Reputation::set_half_life(RuntimeOrigin::signed(PROVIDER), 10), BadOrigin);
		assert_noop!(Reputation::set_half_life(RuntimeOrigin::none(), 10), BadOrigin);
	});
}

#[test]
fn half_life_has_bounds() {
	build_and_execute(|| {
		assert_noop!(Reputation::set_half_life(RuntimeOrigin::root(), 0), Error::<Test>::HalfLifeZero);
		assert_ok!(Reputation::set_half_life(RuntimeOrigin::root(), MAX_HALF_LIFE));
		let longer = Reputation::set_half_life(RuntimeOrigin::root(), MAX_HALF_LIFE + 1);
		assert_eq!(longer, Err(Error::<Test>::HalfLifeTooLong.into()));
	});
}

#[test]
fn default_genesis_is_production() {
	TestState::from(RuntimeGenesisConfig::default().build_storage().unwrap())
		.execute_with(|| assert_eq!(HalfLife::<Test>::get(), DEFAULT_HALF_LIFE));
}

#[test]
#[should_panic(expected = "reputation.halfLife must be at least 1")]
fn genesis_half_life_of_zero_fails() {
	let reputation = GenesisConfig { half_life: 0, ..Default::default() };
	let _ = RuntimeGenesisConfig { reputation, ..Default::default() }.build_storage();
}

#[test]
fn indices_are_pinned() {
	let noted: Event<Test> = Event::EvidenceNoted { provider: 0, kind: ResourceKind::Storage, good: 0, bad: 0, ppm: 0 };
	assert_eq!(noted.encode()[0], 0);
	assert_eq!(Event::<Test>::HalfLifeSet { blocks: 1 }.encode()[0], 1);
	assert_eq!(Error::<Test>::HalfLifeZero.encode(), [0]);
	assert_eq!(Error::<Test>::HalfLifeTooLong.encode(), [1]);
	assert_eq!(crate::Call::<Test>::set_half_life { blocks: 1 }.encode()[0], 0);
}
