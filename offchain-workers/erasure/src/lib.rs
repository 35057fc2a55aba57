//! Erasure codes: a **stripe** of `k` equal parts becomes `n` **shards** of that size, any `k` of which restore it.
//!
//! - [`Codec`] is what objects are written against; an agreement records its [`Codec::id`].
//! - [`NovelPoly`] is codec 1: the code of the crate `reed-solomon-novelpoly`, byte for byte.
//! - A [`Decoder`] or [`Restorer`] belongs to one set of present shards and does the work that depends on it once,
//!   however many stripes follow.
//!
//! Nothing here does I/O, starts threads or keeps state between calls: callers spread stripes over cores.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]
#![warn(missing_docs)]

mod field;
mod kernel;
mod novelpoly;
mod planes;

use std::{fmt::Debug, sync::Arc};

use peoples_cloud_primitives::manifest::CODEC_NOVELPOLY;

pub use novelpoly::NovelPoly;

/// Most shards of a stripe. Four times what an agreement can name; keeps the tables of a codec below 2.1 MiB
/// (128 parity rows of 128 factors of 130 bytes).
pub const MAX_SHARDS: usize = 256;

/// Why a codec could not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
	/// No codec has this id.
	#[error("erasure codec {0} is unknown; the object was stored by a newer version, update this program")]
	UnknownCodec(u8),
	/// `k` and `n` are outside what the codec can do.
	#[error(
		"a code of {k} out of {n} is not possible; k must be a power of two, smaller than n, and n at most {MAX_SHARDS}"
	)]
	Unsupported {
		/// Shards that restore a stripe.
		k: usize,
		/// Shards in all.
		n: usize,
	},
	/// The stripe is empty or does not divide into `k` shards of whole 2-byte symbols.
	#[error("a stripe of {bytes} bytes does not divide into {k} shards of whole 2-byte symbols")]
	StripeLength {
		/// Bytes of the stripe.
		bytes: usize,
		/// Shards that restore it.
		k: usize,
	},
	/// A shard is not as long as the others or as the stripe asks for.
	#[error("shard {index} has {bytes} bytes instead of {wanted}")]
	ShardLength {
		/// Its place.
		index: usize,
		/// Its bytes.
		bytes: usize,
		/// What it should have.
		wanted: usize,
	},
	/// Not every shard has a place to be written to.
	#[error("{given} shard buffers were given for {n} shards")]
	ShardCount {
		/// Buffers given.
		given: usize,
		/// Shards of the code.
		n: usize,
	},
	/// There is no shard of this index.
	#[error("there is no shard {index}; the code has {n}")]
	NoSuchShard {
		/// The index.
		index: usize,
		/// Shards of the code.
		n: usize,
	},
	/// Fewer different shards than the code needs.
	#[error("{have} shards are not enough to restore a stripe; {need} are needed")]
	TooFewShards {
		/// Different shards given.
		have: usize,
		/// Shards needed.
		need: usize,
	},
	/// A shard that the decoder was made for is not among those given.
	#[error("shard {0}, which this decoder was made for, was not given")]
	MissingShard(usize),
}

/// An erasure code with fixed `k` and `n`.
pub trait Codec: Debug + Send + Sync {
	/// What agreements record.
	fn id(&self) -> u8;

	/// Shards that restore a stripe.
	fn k(&self) -> usize;

	/// Shards in all.
	fn n(&self) -> usize;

	/// Encodes a stripe into all `n` shards, each a `k`-th of its length.
	fn encode(&self, stripe: &[u8], shards: &mut [&mut [u8]]) -> Result<(), CodeError>;

	/// Encodes a stripe into shard `index` alone, at the cost of that shard alone.
	fn encode_shard(&self, index: usize, stripe: &[u8], shard: &mut [u8]) -> Result<(), CodeError>;

	/// Prepares to restore stripes from these shards. Of more than `k` the cheapest `k` are used.
	fn decoder(&self, present: &[usize]) -> Result<Box<dyn Decoder>, CodeError>;

	/// Prepares to restore shard `index` from these shards, without the stripe in between.
	fn restorer(&self, index: usize, present: &[usize]) -> Result<Box<dyn Restorer>, CodeError>;

	/// Restores one stripe from shards and their indices.
	fn reconstruct(&self, shards: &[(usize, &[u8])], stripe: &mut [u8]) -> Result<(), CodeError> {
		self.decoder(&indices(shards))?.decode(shards, stripe)
	}

	/// Restores one shard of a stripe from others.
	fn restore_shard(&self, index: usize, shards: &[(usize, &[u8])], shard: &mut [u8]) -> Result<(), CodeError> {
		self.restorer(index, &indices(shards))?.restore(shards, shard)
	}
}

/// Restores stripes from one fixed set of shards.
pub trait Decoder: Debug + Send + Sync {
	/// The `k` shards that it reads; others may be left out.
	fn needs(&self) -> &[usize];

	/// Restores a stripe. `shards` must include those of [`Decoder::needs`], in any order.
	fn decode(&self, shards: &[(usize, &[u8])], stripe: &mut [u8]) -> Result<(), CodeError>;
}

/// Restores one fixed shard from one fixed set of others.
pub trait Restorer: Debug + Send + Sync {
	/// The shards that it reads; others may be left out.
	fn needs(&self) -> &[usize];

	/// Restores the shard. `shards` must include those of [`Restorer::needs`], in any order.
	fn restore(&self, shards: &[(usize, &[u8])], shard: &mut [u8]) -> Result<(), CodeError>;
}

/// The codec that an agreement or a manifest names.
pub fn codec(id: u8, k: usize, n: usize) -> Result<Arc<dyn Codec>, CodeError> {
	match id {
		CODEC_NOVELPOLY => Ok(Arc::new(NovelPoly::new(k, n)?)),
		_ => Err(CodeError::UnknownCodec(id)),
	}
}

fn indices(shards: &[(usize, &[u8])]) -> Vec<usize> {
	shards.iter().map(|(index, _)| *index).collect()
}

#[cfg(test)]
mod tests;
