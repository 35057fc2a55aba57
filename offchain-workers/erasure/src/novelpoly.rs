//! Codec 1: the code of `reed-solomon-novelpoly`.
//!
//! The crate encodes and decodes symbol by symbol with transforms, allocating as it goes: right for one message and
//! a thousand validators, slow for gigabytes and a few dozen providers. The code is linear, though, so that here its
//! generator matrix is taken from the crate once, by encoding the unit vectors, and applied to long vectors of
//! symbols: the same bytes, more than ten times as fast at 8 of 24. Decoding inverts the `k` rows that are present,
//! once for each set of shards. Up to a few dozen shards the matrix beats the transform; [`MAX_SHARDS`] keeps it so.
use peoples_cloud_primitives::manifest::CODEC_NOVELPOLY;
use reed_solomon_novelpoly::{f2e16::encode_sub, CodeParams};

use crate::{
	field::{inverse, row_times, Matrix, Symbol},
	kernel::{Factor, Kernel, Planes, PlanesMut},
	planes::{interleave, transpose},
	CodeError, Codec, Decoder, Restorer, MAX_SHARDS,
};

/// Symbols of each shard that are worked on at once: with `k` = 8 their planes take 8 KiB and stay in the first-level
/// cache; with 128 they take 128 KiB and stay in the second. A shard of whole 1 KiB chunks is a multiple of it.
const BLOCK: usize = 512;
/// Bytes of a symbol.
const SYMBOL: usize = 2;

/// `reed-solomon-novelpoly`: systematic Reed-Solomon over GF(2^16) in the novel polynomial basis.
///
/// Shards `0..k` are the stripe's own symbols in turn: symbol `i` of each row of `k` goes to shard `i`.
#[derive(Debug)]
pub struct NovelPoly {
	k: usize,
	/// Row `i` makes shard `i` of the data; the first `k` are the unit matrix.
	generator: Matrix,
	/// The same, ready to multiply with, from row `k` on.
	parity: Vec<Vec<Factor>>,
	kernel: Kernel,
}

/// One row of output over the `k` inputs.
#[derive(Debug)]
enum Row {
	/// Input `i` as it is.
	Copy(usize),
	/// A sum of multiples.
	Sum(Vec<Factor>),
}

/// Rows to compute from a fixed set of `k` shards.
#[derive(Debug)]
struct Combination {
	needs: Vec<usize>,
	rows: Vec<Row>,
	kernel: Kernel,
}

impl NovelPoly {
	/// A code of `k` out of `n`: `k` a power of two and smaller than `n`.
	pub fn new(k: usize, n: usize) -> Result<Self, CodeError> {
		let unsupported = CodeError::Unsupported { k, n };
		if !k.is_power_of_two() || n <= k || n > MAX_SHARDS {
			return Err(unsupported);
		}
		let parameters = CodeParams::derive_parameters(n, k).map_err(|_| unsupported)?;
		if parameters.k() != k {
			return Err(unsupported);
		}
		let mut generator: Matrix = vec![Vec::with_capacity(k); n];
		for position in 0..k {
			let unit: Vec<u8> = (0..k).flat_map(|at| Symbol::from(at == position).to_be_bytes()).collect();
			let column = encode_sub(&unit, parameters.n(), k).map_err(|_| unsupported)?;
			for (row, symbol) in generator.iter_mut().zip(column) {
				row.push(symbol.0);
			}
		}
		let parity = generator.iter().skip(k).map(|row| factors(row)).collect();
		Ok(Self { k, generator, parity, kernel: Kernel::best() })
	}

	/// Computes the shards with these indices into these buffers.
	fn encode_into(&self, stripe: &[u8], targets: &mut [(usize, &mut [u8])]) -> Result<(), CodeError> {
		let wanted = shard_bytes(stripe, self.k)?;
		for (index, target) in targets.iter() {
			check_shard(*index, target, wanted)?;
		}
		let width = SYMBOL * self.k;
		let mut planes = vec![0; width * BLOCK];
		let mut sum = vec![0; SYMBOL * BLOCK];
		for (number, block) in stripe.chunks(width * BLOCK).enumerate() {
			let symbols = block.len() / width;
			let (Some(planes), Some(sum)) = (planes.get_mut(..block.len()), sum.get_mut(..SYMBOL * symbols)) else {
				continue;
			};
			transpose(block, width, planes);
			for (index, target) in targets.iter_mut() {
				let start = number * SYMBOL * BLOCK;
				let Some(target) = target.get_mut(start..start + SYMBOL * symbols) else { continue };
				match self.parity.get(index.wrapping_sub(self.k)) {
					Some(row) => {
						add_up(self.kernel, row, planes, symbols, sum);
						interleave(sum, SYMBOL, target);
					},
					None => interleave(pair(planes, *index, symbols), SYMBOL, target),
				}
			}
		}
		Ok(())
	}

	/// Which `k` of the present shards to use: data shards first, since they need no arithmetic.
	fn choose(&self, present: &[usize]) -> Result<Vec<usize>, CodeError> {
		let n = self.n();
		if let Some(index) = present.iter().copied().find(|index| *index >= n) {
			return Err(CodeError::NoSuchShard { index, n });
		}
		let mut chosen = present.to_vec();
		chosen.sort_unstable();
		chosen.dedup();
		if chosen.len() < self.k {
			return Err(CodeError::TooFewShards { have: chosen.len(), need: self.k });
		}
		chosen.truncate(self.k);
		Ok(chosen)
	}

	/// The matrix that turns the shards `chosen` into the data.
	fn inverse_of(&self, chosen: &[usize]) -> Result<Matrix, CodeError> {
		let rows: Vec<&[Symbol]> =
			chosen.iter().filter_map(|index| self.generator.get(*index)).map(Vec::as_slice).collect();
		// Any k rows of a Reed-Solomon code are independent, so that this cannot fail.
		inverse(&rows).ok_or(CodeError::Unsupported { k: self.k, n: self.n() })
	}

	fn combination(&self, needs: Vec<usize>, rows: Vec<Row>) -> Combination {
		Combination { needs, rows, kernel: self.kernel }
	}
}

impl Codec for NovelPoly {
	fn id(&self) -> u8 {
		CODEC_NOVELPOLY
	}

	fn k(&self) -> usize {
		self.k
	}

	fn n(&self) -> usize {
		self.generator.len()
	}

	fn encode(&self, stripe: &[u8], shards: &mut [&mut [u8]]) -> Result<(), CodeError> {
		if shards.len() != self.n() {
			return Err(CodeError::ShardCount { given: shards.len(), n: self.n() });
		}
		let mut targets: Vec<(usize, &mut [u8])> = shards.iter_mut().map(|shard| &mut **shard).enumerate().collect();
		self.encode_into(stripe, &mut targets)
	}

	fn encode_shard(&self, index: usize, stripe: &[u8], shard: &mut [u8]) -> Result<(), CodeError> {
		if index >= self.n() {
			return Err(CodeError::NoSuchShard { index, n: self.n() });
		}
		self.encode_into(stripe, &mut [(index, shard)])
	}

	fn decoder(&self, present: &[usize]) -> Result<Box<dyn Decoder>, CodeError> {
		let needs = self.choose(present)?;
		let inverse = self.inverse_of(&needs)?;
		let rows = inverse
			.iter()
			.enumerate()
			.map(|(index, row)| match needs.iter().position(|need| *need == index) {
				Some(position) => Row::Copy(position),
				None => Row::Sum(factors(row)),
			})
			.collect();
		Ok(Box::new(self.combination(needs, rows)))
	}

	fn restorer(&self, index: usize, present: &[usize]) -> Result<Box<dyn Restorer>, CodeError> {
		let Some(row) = self.generator.get(index) else { return Err(CodeError::NoSuchShard { index, n: self.n() }) };
		let needs = self.choose(present)?;
		let row = match needs.iter().position(|need| *need == index) {
			Some(position) => Row::Copy(position),
			None => Row::Sum(factors(&row_times(row, &self.inverse_of(&needs)?))),
		};
		Ok(Box::new(self.combination(needs, vec![row])))
	}
}

impl Combination {
	/// Computes the rows and interleaves them into `out`.
	fn combine(&self, shards: &[(usize, &[u8])], out: &mut [u8]) -> Result<(), CodeError> {
		let wanted = shard_bytes(out, self.rows.len())?;
		let mut inputs = Vec::with_capacity(self.needs.len());
		for need in &self.needs {
			let shard = shards.iter().find(|(index, _)| index == need).ok_or(CodeError::MissingShard(*need))?.1;
			check_shard(*need, shard, wanted)?;
			inputs.push(shard);
		}
		let mut planes = vec![0; inputs.len() * SYMBOL * BLOCK];
		let mut rows = vec![0; self.rows.len() * SYMBOL * BLOCK];
		for (number, block) in out.chunks_mut(self.rows.len() * SYMBOL * BLOCK).enumerate() {
			let symbols = block.len() / (SYMBOL * self.rows.len());
			let bytes = SYMBOL * symbols;
			let (Some(planes), Some(rows)) = (planes.get_mut(..inputs.len() * bytes), rows.get_mut(..block.len()))
			else {
				continue;
			};
			let start = number * SYMBOL * BLOCK;
			for (shard, planes) in inputs.iter().zip(planes.chunks_exact_mut(bytes)) {
				transpose(shard.get(start..start + bytes).unwrap_or_default(), SYMBOL, planes);
			}
			for (row, out) in self.rows.iter().zip(rows.chunks_exact_mut(bytes)) {
				match row {
					Row::Copy(input) => out.copy_from_slice(pair(planes, *input, symbols)),
					Row::Sum(row) => add_up(self.kernel, row, planes, symbols, out),
				}
			}
			interleave(rows, SYMBOL * self.rows.len(), block);
		}
		Ok(())
	}
}

impl Decoder for Combination {
	fn needs(&self) -> &[usize] {
		&self.needs
	}

	fn decode(&self, shards: &[(usize, &[u8])], stripe: &mut [u8]) -> Result<(), CodeError> {
		self.combine(shards, stripe)
	}
}

impl Restorer for Combination {
	fn needs(&self) -> &[usize] {
		&self.needs
	}

	fn restore(&self, shards: &[(usize, &[u8])], shard: &mut [u8]) -> Result<(), CodeError> {
		self.combine(shards, shard)
	}
}

fn factors(row: &[Symbol]) -> Vec<Factor> {
	row.iter().map(|value| Factor::new(*value)).collect()
}

/// Bytes of a `parts`-th of a stripe.
fn shard_bytes(stripe: &[u8], parts: usize) -> Result<usize, CodeError> {
	if stripe.is_empty() || !stripe.len().is_multiple_of(SYMBOL * parts) {
		return Err(CodeError::StripeLength { bytes: stripe.len(), k: parts });
	}
	Ok(stripe.len() / parts)
}

fn check_shard(index: usize, shard: &[u8], wanted: usize) -> Result<(), CodeError> {
	match shard.len() == wanted {
		true => Ok(()),
		false => Err(CodeError::ShardLength { index, bytes: shard.len(), wanted }),
	}
}

/// The planes of input `index`: its high bytes, then its low ones.
fn pair(planes: &[u8], index: usize, symbols: usize) -> &[u8] {
	planes.get(SYMBOL * symbols * index..SYMBOL * symbols * (index + 1)).unwrap_or_default()
}

/// Sets `sum` to the row's multiples of the inputs, added up.
fn add_up(kernel: Kernel, row: &[Factor], planes: &[u8], symbols: usize, sum: &mut [u8]) {
	sum.fill(0);
	let (high, low) = sum.split_at_mut(symbols);
	let mut sum = PlanesMut { high, low };
	for (factor, input) in row.iter().zip(planes.chunks_exact(SYMBOL * symbols)) {
		let (high, low) = input.split_at(symbols);
		kernel.multiply_add(factor, Planes { high, low }, &mut sum);
	}
}
