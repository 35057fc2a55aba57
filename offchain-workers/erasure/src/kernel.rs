//! The inner loop: multiplying many symbols by one factor and adding them up.
//!
//! Multiplication by a fixed factor is linear over GF(2), so the product of a symbol is the sum of the products of
//! its four nibbles, and a nibble has 16 values: eight tables of 16 bytes say it all (Plank, Greenan, Miller 2013,
//! "Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions"). A vector shuffle looks 32 bytes up at
//! once. Where there is an instruction for it (GFNI), four matrices of 8 by 8 bits say it shorter. High and low bytes
//! of symbols lie in separate planes, so that each vector has one meaning.
use crate::field::{multiply, Symbol};

/// A factor with its tables.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
	value: Symbol,
	/// Per nibble of a symbol, lowest first: the products' high bytes.
	high: [[u8; 16]; 4],
	/// And their low bytes.
	low: [[u8; 16]; 4],
	/// What high bytes of symbols add to the products' high bytes, and low bytes to those, as matrices of bits.
	#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "no other machine has the instruction"))]
	high_bits: [u64; 2],
	/// The same for the products' low bytes.
	#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "no other machine has the instruction"))]
	low_bits: [u64; 2],
}

/// Symbols as a plane of high bytes and a plane of low bytes of the same length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planes<'a> {
	pub(crate) high: &'a [u8],
	pub(crate) low: &'a [u8],
}

/// See [`Planes`].
#[derive(Debug)]
pub(crate) struct PlanesMut<'a> {
	pub(crate) high: &'a mut [u8],
	pub(crate) low: &'a mut [u8],
}

/// Which instructions do the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
	Portable,
	#[cfg(target_arch = "x86_64")]
	Avx2,
	#[cfg(target_arch = "x86_64")]
	Gfni,
}

impl Factor {
	pub(crate) fn new(value: Symbol) -> Self {
		let mut factor = Self { value, high: [[0; 16]; 4], low: [[0; 16]; 4], high_bits: [0; 2], low_bits: [0; 2] };
		for (nibble, (high, low)) in factor.high.iter_mut().zip(&mut factor.low).enumerate() {
			for (digit, (high, low)) in (0u16..).zip(high.iter_mut().zip(low)) {
				[*high, *low] = multiply(digit << (4 * nibble), value).to_be_bytes();
			}
		}
		for bit in 0..8 {
			for (half, shift) in [8, 0].into_iter().enumerate() {
				let [high, low] = multiply(1 << (bit + shift), value).to_be_bytes();
				for (matrix, product) in [(&mut factor.high_bits, high), (&mut factor.low_bits, low)] {
					if let Some(matrix) = matrix.get_mut(half) {
						// The row of a product's bit 7 is the matrix's lowest byte.
						*matrix |=
							(0..8).fold(0, |rows, row| rows | u64::from(product >> row & 1) << (8 * (7 - row) + bit));
					}
				}
			}
		}
		factor
	}
}

impl Kernel {
	/// The fastest that this machine has.
	pub(crate) fn best() -> Self {
		Self::all().last().copied().unwrap_or(Self::Portable)
	}

	/// All that this machine has, the fastest last.
	pub(crate) fn all() -> Vec<Self> {
		let mut all = vec![Self::Portable];
		#[cfg(target_arch = "x86_64")]
		if std::arch::is_x86_feature_detected!("avx2") {
			all.push(Self::Avx2);
			if std::arch::is_x86_feature_detected!("gfni") {
				all.push(Self::Gfni);
			}
		}
		all
	}

	/// `sum += factor * symbols`, element by element.
	pub(crate) fn multiply_add(self, factor: &Factor, symbols: Planes<'_>, sum: &mut PlanesMut<'_>) {
		match (factor.value, self) {
			(0, _) => {},
			(1, _) => {
				add(symbols.high, sum.high);
				add(symbols.low, sum.low);
			},
			(_, Self::Portable) => multiply_add_portable(factor, symbols, sum),
			#[cfg(target_arch = "x86_64")]
			// SAFETY: `Avx2` is only made by `all`, after it found the feature.
			(_, Self::Avx2) => unsafe { x86::multiply_add_avx2(factor, symbols, sum) },
			#[cfg(target_arch = "x86_64")]
			// SAFETY: `Gfni` is only made by `all`, after it found both features.
			(_, Self::Gfni) => unsafe { x86::multiply_add_gfni(factor, symbols, sum) },
		}
	}
}

fn add(terms: &[u8], sum: &mut [u8]) {
	let (words, rest) = terms.as_chunks::<8>();
	let (sum_words, sum_rest) = sum.as_chunks_mut::<8>();
	for (sum, term) in sum_words.iter_mut().zip(words) {
		*sum = (u64::from_ne_bytes(*sum) ^ u64::from_ne_bytes(*term)).to_ne_bytes();
	}
	for (sum, term) in sum_rest.iter_mut().zip(rest) {
		*sum ^= term;
	}
}

fn multiply_add_portable(factor: &Factor, symbols: Planes<'_>, sum: &mut PlanesMut<'_>) {
	let (high, low) = (&factor.high, &factor.low);
	let sums = sum.high.iter_mut().zip(sum.low.iter_mut());
	for ((sum_high, sum_low), (a, b)) in sums.zip(symbols.high.iter().zip(symbols.low)) {
		let nibbles = [b & 15, b >> 4, a & 15, a >> 4];
		*sum_high ^= look_up(high, nibbles);
		*sum_low ^= look_up(low, nibbles);
	}
}

#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "nibbles are below 16")]
fn look_up(tables: &[[u8; 16]; 4], [a, b, c, d]: [u8; 4]) -> u8 {
	let [first, second, third, fourth] = tables;
	first[usize::from(a & 15)] ^ second[usize::from(b & 15)] ^ third[usize::from(c & 15)] ^ fourth[usize::from(d & 15)]
}

#[cfg(target_arch = "x86_64")]
mod x86 {
	use std::{arch::x86_64::*, mem::transmute};

	use super::{multiply_add_portable, Factor, Planes, PlanesMut};

	/// Bytes of a vector.
	const WIDTH: usize = 32;

	#[target_feature(enable = "avx2")]
	pub(super) fn multiply_add_avx2(factor: &Factor, symbols: Planes<'_>, sum: &mut PlanesMut<'_>) {
		let [high_0, high_1, high_2, high_3] = spread(&factor.high);
		let [low_0, low_1, low_2, low_3] = spread(&factor.low);
		let nibble = _mm256_set1_epi8(15);
		let (highs, rest_high) = symbols.high.as_chunks::<WIDTH>();
		let (lows, rest_low) = symbols.low.as_chunks::<WIDTH>();
		let (sum_highs, rest_sum_high) = sum.high.as_chunks_mut::<WIDTH>();
		let (sum_lows, rest_sum_low) = sum.low.as_chunks_mut::<WIDTH>();
		for ((high, low), (sum_high, sum_low)) in highs.iter().zip(lows).zip(sum_highs.iter_mut().zip(sum_lows)) {
			let (high, low) = (load(high), load(low));
			let digit_0 = _mm256_and_si256(low, nibble);
			let digit_1 = _mm256_and_si256(_mm256_srli_epi16::<4>(low), nibble);
			let digit_2 = _mm256_and_si256(high, nibble);
			let digit_3 = _mm256_and_si256(_mm256_srli_epi16::<4>(high), nibble);
			let product_high = _mm256_xor_si256(
				_mm256_xor_si256(_mm256_shuffle_epi8(high_0, digit_0), _mm256_shuffle_epi8(high_1, digit_1)),
				_mm256_xor_si256(_mm256_shuffle_epi8(high_2, digit_2), _mm256_shuffle_epi8(high_3, digit_3)),
			);
			let product_low = _mm256_xor_si256(
				_mm256_xor_si256(_mm256_shuffle_epi8(low_0, digit_0), _mm256_shuffle_epi8(low_1, digit_1)),
				_mm256_xor_si256(_mm256_shuffle_epi8(low_2, digit_2), _mm256_shuffle_epi8(low_3, digit_3)),
			);
			store(sum_high, _mm256_xor_si256(load(sum_high), product_high));
			store(sum_low, _mm256_xor_si256(load(sum_low), product_low));
		}
		let mut rest = PlanesMut { high: rest_sum_high, low: rest_sum_low };
		multiply_add_portable(factor, Planes { high: rest_high, low: rest_low }, &mut rest);
	}

	#[target_feature(enable = "avx2,gfni")]
	pub(super) fn multiply_add_gfni(factor: &Factor, symbols: Planes<'_>, sum: &mut PlanesMut<'_>) {
		let [high_high, high_low] = factor.high_bits.map(|matrix| _mm256_set1_epi64x(matrix.cast_signed()));
		let [low_high, low_low] = factor.low_bits.map(|matrix| _mm256_set1_epi64x(matrix.cast_signed()));
		let (highs, rest_high) = symbols.high.as_chunks::<WIDTH>();
		let (lows, rest_low) = symbols.low.as_chunks::<WIDTH>();
		let (sum_highs, rest_sum_high) = sum.high.as_chunks_mut::<WIDTH>();
		let (sum_lows, rest_sum_low) = sum.low.as_chunks_mut::<WIDTH>();
		for ((high, low), (sum_high, sum_low)) in highs.iter().zip(lows).zip(sum_highs.iter_mut().zip(sum_lows)) {
			let (high, low) = (load(high), load(low));
			let product_high = _mm256_xor_si256(
				_mm256_gf2p8affine_epi64_epi8::<0>(high, high_high),
				_mm256_gf2p8affine_epi64_epi8::<0>(low, high_low),
			);
			let product_low = _mm256_xor_si256(
				_mm256_gf2p8affine_epi64_epi8::<0>(high, low_high),
				_mm256_gf2p8affine_epi64_epi8::<0>(low, low_low),
			);
			store(sum_high, _mm256_xor_si256(load(sum_high), product_high));
			store(sum_low, _mm256_xor_si256(load(sum_low), product_low));
		}
		let mut rest = PlanesMut { high: rest_sum_high, low: rest_sum_low };
		multiply_add_portable(factor, Planes { high: rest_high, low: rest_low }, &mut rest);
	}

	/// Each table in both halves of a vector, since shuffles stay within halves.
	#[target_feature(enable = "avx2")]
	fn spread(tables: &[[u8; 16]; 4]) -> [__m256i; 4] {
		tables.each_ref().map(|table| {
			// SAFETY: both are 16 bytes, for which every value is fine.
			_mm256_broadcastsi128_si256(unsafe { transmute::<[u8; 16], __m128i>(*table) })
		})
	}

	/// By value, not through a pointer: the standard library's loads and stores check their pointers in builds with
	/// debug assertions, such as our everyday ones, which would cost two thirds of the speed.
	#[inline(always)]
	fn load(bytes: &[u8; WIDTH]) -> __m256i {
		// SAFETY: both are 32 bytes, for which every value is fine.
		unsafe { transmute::<[u8; WIDTH], __m256i>(*bytes) }
	}

	#[inline(always)]
	fn store(bytes: &mut [u8; WIDTH], value: __m256i) {
		// SAFETY: both are 32 bytes, for which every value is fine.
		*bytes = unsafe { transmute::<__m256i, [u8; WIDTH]>(value) };
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn every_kernel_multiplies_as_the_field_does(
			value in prop_oneof![Just(0u16), Just(1), any::<u16>()],
			symbols in proptest::collection::vec((any::<u16>(), any::<u16>()), 0..150),
		) {
			let factor = Factor::new(value);
			let high: Vec<u8> = symbols.iter().map(|(symbol, _)| symbol.to_be_bytes()[0]).collect();
			let low: Vec<u8> = symbols.iter().map(|(symbol, _)| symbol.to_be_bytes()[1]).collect();
			for kernel in Kernel::all() {
				let mut sum_high: Vec<u8> = symbols.iter().map(|(_, sum)| sum.to_be_bytes()[0]).collect();
				let mut sum_low: Vec<u8> = symbols.iter().map(|(_, sum)| sum.to_be_bytes()[1]).collect();
				let mut sum = PlanesMut { high: &mut sum_high, low: &mut sum_low };
				kernel.multiply_add(&factor, Planes { high: &high, low: &low }, &mut sum);
				for (at, (symbol, before)) in symbols.iter().enumerate() {
					let got = u16::from_be_bytes([sum_high[at], sum_low[at]]);
					prop_assert_eq!(got, before ^ multiply(*symbol, value));
				}
			}
		}
	}
}
