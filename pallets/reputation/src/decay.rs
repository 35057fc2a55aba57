//! Forgetting and scoring, in integers.
//!
//! Evidence halves every half-life. Between whole halvings the factor is `2^-f` to 32 bits of the fraction `f`, put
//! together from the square roots of one half: a straight line between halvings would let a provider that is noted
//! often forget more slowly than one that is noted seldom (over one half-life to 61 % in place of 50 %).

/// The fixed-point one of stored evidence: a millionth of a piece is the smallest amount.
///
/// A `u64` then has room for 18 million million pieces, and one piece is forgotten after 20 half-lives.
pub(crate) const ONE: u64 = 1_000_000;
/// A score of one, in parts per million.
pub(crate) const FULL_SCORE_PPM: u32 = 1_000_000;

/// Bits of the fraction of a half-life that count.
const FRACTION_BITS: usize = 32;

/// `2^-(1/2)`, `2^-(1/4)`, `2^-(1/8)`...: 0.64 fixed point, rounded down.
const ROOTS_OF_HALF: [u128; FRACTION_BITS] = {
	let mut roots = [0; FRACTION_BITS];
	// One half; shifted up by 64 bits it still fits, and its integer root has 64 bits again.
	let mut value: u128 = 1 << 63;
	let mut index = 0;
	while index < FRACTION_BITS {
		value = (value << 64).isqrt();
		roots[index] = value;
		index += 1;
	}
	roots
};

/// What is left of `evidence` after `elapsed` blocks, rounded down. A half-life of zero counts as one block.
pub(crate) fn decay(evidence: u64, elapsed: u32, half_life: u32) -> u64 {
	let half_life = half_life.max(1);
	let halvings = elapsed / half_life;
	if halvings >= u64::BITS {
		return 0;
	}
	// Below 2^32, since the remainder is smaller than the half-life.
	let fraction = (u64::from(elapsed % half_life) << FRACTION_BITS) / u64::from(half_life);
	// 1.64 fixed point. No step overflows: the factor never exceeds 2^64, and the roots are below it.
	let mut factor: u128 = 1 << 64;
	for (index, root) in ROOTS_OF_HALF.iter().enumerate() {
		if fraction >> (FRACTION_BITS - 1 - index) & 1 == 1 {
			factor = (factor * root) >> 64;
		}
	}
	// At most `evidence`, a u64: the factor is at most one.
	u64::try_from((u128::from(evidence) * factor) >> 64 >> halvings).unwrap_or(evidence)
}

/// The expected share of good evidence, by the beta distribution: one piece of each kind is assumed beforehand, so that
/// an unknown provider scores one half, and a score near one takes much evidence.
pub(crate) fn score_ppm(good: u64, bad: u64) -> u32 {
	let (good, bad, one) = (u128::from(good), u128::from(bad), u128::from(ONE));
	let ppm = (good + one) * u128::from(FULL_SCORE_PPM) / (good + bad + 2 * one);
	// The numerator's first factor is below the denominator.
	u32::try_from(ppm).unwrap_or(FULL_SCORE_PPM)
}
