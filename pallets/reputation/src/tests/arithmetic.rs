//! What holds for all numbers.
use proptest::prelude::*;

use crate::{
	decay::{decay, score_ppm, FULL_SCORE_PPM, ONE},
	Record,
};

#[test]
fn decay_follows_the_exponential() {
	// THEN it agrees with floating point to the last digit but two of a million.
	for elapsed in (0..5_000u32).step_by(7) {
		let exact = 1e15 * (-f64::from(elapsed) / 1_000.0).exp2();
		let ours = decay(1_000_000_000_000_000, elapsed, 1_000) as f64;
		assert!((ours - exact).abs() <= exact * 1e-9 + 1.0, "after {elapsed}: {ours}, not {exact}");
	}
}

#[test]
fn decay_at_the_edges() {
	assert_eq!(decay(u64::MAX, 0, 1), u64::MAX);
	assert_eq!(decay(u64::MAX, 1, 1), u64::MAX / 2);
	assert_eq!(decay(u64::MAX, 63, 1), 1);
	assert_eq!(decay(u64::MAX, 64, 1), 0);
	assert_eq!(decay(u64::MAX, u32::MAX, 1), 0);
	assert_eq!(decay(8, 3, 0), 1);
	assert_eq!(decay(0, 12, 5), 0);
}

#[test]
fn provider_noted_often_forgets_like_one_noted_seldom() {
	// GIVEN a thousand pieces of evidence, WHEN one half-life passes in a hundred steps.
	let stepwise = (0..100).fold(1_000 * ONE, |evidence, _| decay(evidence, 10, 1_000));
	// THEN half is left, but for what rounding took: a hundred millionths at most.
	let at_once = decay(1_000 * ONE, 1_000, 1_000);
	assert_eq!(at_once, 500 * ONE);
	assert!(stepwise.abs_diff(at_once) <= 100, "{stepwise}");
}

#[test]
fn score_at_the_edges() {
	assert_eq!(score_ppm(0, 0), 500_000);
	assert_eq!(score_ppm(u64::MAX, u64::MAX), 500_000);
	assert_eq!(score_ppm(0, u64::MAX), 0);
	assert_eq!(score_ppm(u64::MAX, 0), 999_999);
	assert_eq!(score_ppm(ONE, 0), 666_666);
}

proptest! {
	#[test]
	fn score_is_a_share(good: u64, bad: u64) {
		prop_assert!(score_ppm(good, bad) <= FULL_SCORE_PPM);
	}

	#[test]
	fn score_rises_with_good_and_falls_with_bad(good: u64, bad: u64, more: u64) {
		prop_assert!(score_ppm(good.saturating_add(more), bad) >= score_ppm(good, bad));
		prop_assert!(score_ppm(good, bad.saturating_add(more)) <= score_ppm(good, bad));
	}

	#[test]
	fn decay_never_adds(evidence: u64, elapsed: u32, half_life: u32) {
		prop_assert!(decay(evidence, elapsed, half_life) <= evidence);
	}

	#[test]
	fn decay_keeps_more_of_more(evidence: u64, more: u64, elapsed: u32, half_life: u32) {
		prop_assert!(decay(evidence.saturating_add(more), elapsed, half_life) >= decay(evidence, elapsed, half_life));
	}

	#[test]
	fn decay_goes_on(evidence: u64, elapsed in 0u32..1_000_000, longer in 0u32..10, half_life in 1u32..500_000) {
		prop_assert!(decay(evidence, elapsed + longer, half_life) <= decay(evidence, elapsed, half_life));
	}

	#[test]
	fn decay_of_large_time_scales_goes_on(evidence: u64, elapsed: u32, longer: u32, half_life: u32) {
		prop_assert!(decay(evidence, elapsed.saturating_add(longer), half_life) <= decay(evidence, elapsed, half_life));
	}

	#[test]
	fn decay_in_two_steps_is_decay_in_one(evidence in 0..u64::MAX / 2, first in 0u32..10_000, second in 0u32..10_000) {
		let at_once = decay(evidence, first + second, 3_000);
		let stepwise = decay(decay(evidence, first, 3_000), second, 3_000);
		// Half a millionth of a millionth off at most, and one for rounding.
		prop_assert!(at_once.abs_diff(stepwise) <= evidence / 1_000_000_000 + 1, "{at_once} {stepwise}");
	}

	#[test]
	fn notes_never_lose_or_panic(
		(good, bad, updated) in any::<(u64, u64, u32)>(),
		(more_good, more_bad) in any::<(u32, u32)>(),
		(now, half_life) in any::<(u32, u32)>(),
	) {
		let before = Record { good, bad, updated }.at(now, half_life);
		let after = before.with(more_good, more_bad);
		prop_assert!(after.good >= before.good && after.bad >= before.bad);
		prop_assert!(before.good <= good && before.bad <= bad);
		prop_assert!(after.score().ppm <= FULL_SCORE_PPM);
		prop_assert!(after.score().evidence >= before.score().evidence);
		if more_bad == 0 {
			prop_assert!(after.score().ppm >= before.score().ppm);
		}
	}
}
