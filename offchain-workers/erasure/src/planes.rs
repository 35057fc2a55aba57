//! Bringing symbols into planes and back.
//!
//! A stripe holds symbols in rows of `k`, big-endian: symbol `i` of each row belongs to data shard `i`. Read as a
//! matrix of bytes, `2k` wide, its transpose is the planes: row `2i` the high bytes of shard `i`, row `2i + 1` the
//! low ones. A shard by itself is such a matrix of width 2.

/// Side of the square tiles that a transposition works in: eight bytes fill a machine word.
const TILE: usize = 8;

/// Transposes a matrix of bytes with rows of `width` bytes into `planes`, which is as large.
pub(crate) fn transpose(matrix: &[u8], width: usize, planes: &mut [u8]) {
	let height = matrix.len().checked_div(width).unwrap_or(0);
	debug_assert_eq!((height * width, planes.len()), (matrix.len(), matrix.len()), "whole rows");
	if width == 2 {
		let (high, low) = planes.split_at_mut(height);
		split_pairs(matrix, high, low);
	} else if width.is_multiple_of(TILE) && height.is_multiple_of(TILE) {
		transpose_tiles(matrix, width, height, planes);
	} else {
		transpose_bytes(matrix, width, height, planes);
	}
}

/// The inverse of [`transpose`]: `planes` of `width` rows into a matrix with rows of `width` bytes.
pub(crate) fn interleave(planes: &[u8], width: usize, matrix: &mut [u8]) {
	let height = planes.len().checked_div(width).unwrap_or(0);
	debug_assert_eq!((height * width, matrix.len()), (planes.len(), planes.len()), "whole rows");
	if width == 2 {
		let (high, low) = planes.split_at(height);
		join_pairs(high, low, matrix);
	} else if width.is_multiple_of(TILE) && height.is_multiple_of(TILE) {
		transpose_tiles(planes, height, width, matrix);
	} else {
		transpose_bytes(planes, height, width, matrix);
	}
}

/// Symbols that are split or joined at once: loops of fixed length over arrays become vector instructions whatever the
/// build checks, loops over iterators do not.
const RUN: usize = 32;

#[allow(clippy::indexing_slicing, clippy::needless_range_loop, reason = "indices are below the arrays' lengths")]
fn split_pairs(pairs: &[u8], high: &mut [u8], low: &mut [u8]) {
	let (runs, rest) = pairs.as_chunks::<{ 2 * RUN }>();
	let (high_runs, high_rest) = high.as_chunks_mut::<RUN>();
	let (low_runs, low_rest) = low.as_chunks_mut::<RUN>();
	for ((run, high), low) in runs.iter().zip(high_runs).zip(low_runs) {
		for at in 0..RUN {
			high[at] = run[2 * at];
			low[at] = run[2 * at + 1];
		}
	}
	for ((pair, high), low) in rest.as_chunks::<2>().0.iter().zip(high_rest).zip(low_rest) {
		[*high, *low] = *pair;
	}
}

#[allow(clippy::indexing_slicing, clippy::needless_range_loop, reason = "indices are below the arrays' lengths")]
fn join_pairs(high: &[u8], low: &[u8], pairs: &mut [u8]) {
	let (runs, rest) = pairs.as_chunks_mut::<{ 2 * RUN }>();
	let (high_runs, high_rest) = high.as_chunks::<RUN>();
	let (low_runs, low_rest) = low.as_chunks::<RUN>();
	for ((run, high), low) in runs.iter_mut().zip(high_runs).zip(low_runs) {
		for at in 0..RUN {
			run[2 * at] = high[at];
			run[2 * at + 1] = low[at];
		}
	}
	for ((pair, high), low) in rest.as_chunks_mut::<2>().0.iter_mut().zip(high_rest).zip(low_rest) {
		*pair = [*high, *low];
	}
}

fn transpose_bytes(from: &[u8], width: usize, height: usize, to: &mut [u8]) {
	for (column, out) in to.chunks_exact_mut(height.max(1)).enumerate() {
		for (out, row) in out.iter_mut().zip(from.chunks_exact(width.max(1))) {
			*out = row.get(column).copied().unwrap_or(0);
		}
	}
}

/// Both sides must be multiples of [`TILE`].
#[allow(clippy::indexing_slicing, reason = "tiles lie inside the matrix: both sides are whole tiles")]
fn transpose_tiles(from: &[u8], width: usize, height: usize, to: &mut [u8]) {
	let (from, _) = from.as_chunks::<TILE>();
	let (to, _) = to.as_chunks_mut::<TILE>();
	let (from_stride, to_stride) = (width / TILE, height / TILE);
	for down in 0..to_stride {
		for across in 0..from_stride {
			let mut words: [u64; TILE] =
				std::array::from_fn(|row| u64::from_le_bytes(from[(down * TILE + row) * from_stride + across]));
			transpose_words(&mut words);
			for (row, word) in words.into_iter().enumerate() {
				to[(across * TILE + row) * to_stride + down] = word.to_le_bytes();
			}
		}
	}
}

/// Transposes an 8 by 8 matrix of bytes in place, one row a word, by swapping ever smaller squares across the
/// diagonal (Warren, "Hacker's Delight", section 7-3).
#[inline(always)]
fn transpose_words(words: &mut [u64; TILE]) {
	let [a, b, c, d, e, f, g, h] = words;
	for (upper, lower) in [(&mut *a, &mut *e), (&mut *b, &mut *f), (&mut *c, &mut *g), (&mut *d, &mut *h)] {
		swap(upper, lower, 32, 0x0000_0000_ffff_ffff);
	}
	for (upper, lower) in [(&mut *a, &mut *c), (&mut *b, &mut *d), (&mut *e, &mut *g), (&mut *f, &mut *h)] {
		swap(upper, lower, 16, 0x0000_ffff_0000_ffff);
	}
	for (upper, lower) in [(a, b), (c, d), (e, f), (g, h)] {
		swap(upper, lower, 8, 0x00ff_00ff_00ff_00ff);
	}
}

#[inline(always)]
fn swap(upper: &mut u64, lower: &mut u64, shift: u32, mask: u64) {
	let change = ((*upper >> shift) ^ *lower) & mask;
	*lower ^= change;
	*upper ^= change << shift;
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn every_byte_finds_its_place_and_back(half_width in 1usize..20, height in 0usize..100, seed: u8) {
			let width = 2 * half_width;
			let matrix: Vec<u8> = (0..width * height).map(|at| (at * 7 + at / 251) as u8 ^ seed).collect();
			let mut planes = vec![0; matrix.len()];
			transpose(&matrix, width, &mut planes);
			for row in 0..height {
				for column in 0..width {
					prop_assert_eq!(planes[column * height + row], matrix[row * width + column]);
				}
			}
			let mut back = vec![0; matrix.len()];
			interleave(&planes, width, &mut back);
			prop_assert_eq!(back, matrix);
		}
	}
}
