//! Objects: how a plain file becomes sealed stripes and back. No I/O but positioned reads, no network.
//!
//! ```text
//! plain file ──segments, sealed (seal)──▶ payload ──stripes (stripes)──▶ k · shard bytes ──codec──▶ n shards
//! ```
//!
//! The primary type is [`Layout`]: where which byte lies. What objects are made of says
//! [`peoples_cloud_primitives::manifest`].
use std::ops::Range;

use peoples_cloud_primitives::{
	column::{bytes_of, CHUNK_BYTES},
	manifest::{ManifestError, ManifestV1, TAG_BYTES},
};

pub mod seal;
pub mod stripes;

/// Bytes of a shard of a long object. Four of the 16 KiB groups that downloads verify by, so that fetching one stripe
/// fetches nothing beside it; a stripe at 8 of 24 is 512 KiB of plain bytes and 1.5 MiB of shards: small enough to
/// keep dozens in flight, large enough that handing one to a thread (microseconds) is nothing beside encoding it.
pub const SHARD_BYTES: u32 = 64 * 1024;

/// Plain bytes of a segment: sealed it is as long as a shard. So a stripe holds `k` whole segments, and stripes are
/// sealed, encoded, decoded and opened independently of each other, on all cores.
pub const SEGMENT_BYTES: u32 = SHARD_BYTES - 16;

/// Longest segment that is accepted in a manifest: it has to fit into memory before any of it can be trusted.
pub const MAX_SEGMENT_BYTES: u32 = 16 * 1024 * 1024;

/// Longest stripe that is accepted in a manifest, for the same reason; at 64 KiB a shard that is `k` = 512.
pub const MAX_STRIPE_BYTES: u64 = 32 * 1024 * 1024;

/// Most segments: their number is 32 bits of the nonce, and STREAM leaves the highest out. About 256 TiB.
pub const MAX_SEGMENTS: u64 = u32::MAX as u64;

/// Why an object cannot be laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
	/// Nothing to store.
	#[error("the file is empty; there is nothing to store")]
	Empty,
	/// Too long.
	#[error("{0} bytes are too many for one object; split the file into parts below 256 TiB")]
	TooLong(u64),
	/// The manifest contradicts itself.
	#[error("the object's manifest is broken ({0:?}); it was written by another program or tampered with")]
	Manifest(ManifestError),
	/// The manifest asks for buffers that no honest object needs.
	#[error("the object's manifest asks for {bytes} bytes at once; at most {limit} are accepted")]
	TooLarge {
		/// Bytes of a stripe or a segment.
		bytes: u64,
		/// The limit.
		limit: u64,
	},
}

/// Where which byte of an object lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
	plain_bytes: u64,
	segment_bytes: u32,
	k: u16,
	shard_bytes: u32,
}

impl Layout {
	/// The layout for a new object. Short objects are one stripe of shards as short as possible, so that a small file
	/// does not cost 64 KiB a column.
	pub fn plan(plain_bytes: u64, k: u16) -> Result<Self, LayoutError> {
		if plain_bytes == 0 {
			return Err(LayoutError::Empty);
		}
		let segments = plain_bytes.div_ceil(u64::from(SEGMENT_BYTES));
		if segments > MAX_SEGMENTS {
			return Err(LayoutError::TooLong(plain_bytes));
		}
		let payload = plain_bytes + segments * TAG_BYTES;
		let chunks = payload.div_ceil(u64::from(k.max(1))).div_ceil(CHUNK_BYTES as u64);
		let shard_bytes = bytes_of(chunks).min(u64::from(SHARD_BYTES));
		let shard_bytes = u32::try_from(shard_bytes).unwrap_or(SHARD_BYTES);
		Ok(Self { plain_bytes, segment_bytes: SEGMENT_BYTES, k: k.max(1), shard_bytes })
	}

	/// The layout that a manifest describes, if it is one that can be worked with.
	pub fn of(manifest: &ManifestV1) -> Result<Self, LayoutError> {
		manifest.check().map_err(LayoutError::Manifest)?;
		let too_large = |bytes, limit| Err(LayoutError::TooLarge { bytes, limit });
		if manifest.segment_bytes > MAX_SEGMENT_BYTES {
			return too_large(manifest.segment_bytes.into(), MAX_SEGMENT_BYTES.into());
		}
		if manifest.stripe_bytes() > MAX_STRIPE_BYTES {
			return too_large(manifest.stripe_bytes(), MAX_STRIPE_BYTES);
		}
		let ManifestV1 { plain_bytes, segment_bytes, k, shard_bytes, .. } = *manifest;
		let layout = Self { plain_bytes, segment_bytes, k, shard_bytes };
		if layout.segments() > MAX_SEGMENTS {
			return Err(LayoutError::TooLong(plain_bytes));
		}
		Ok(layout)
	}

	/// Bytes of the plain file.
	pub fn plain_bytes(&self) -> u64 {
		self.plain_bytes
	}

	/// Plain bytes of a segment; the last may have fewer.
	pub fn segment_bytes(&self) -> u32 {
		self.segment_bytes
	}

	/// Shards that restore a stripe.
	pub fn k(&self) -> u16 {
		self.k
	}

	/// Bytes of a shard.
	pub fn shard_bytes(&self) -> u32 {
		self.shard_bytes
	}

	/// 1 KiB chunks of a shard.
	pub fn shard_chunks(&self) -> u64 {
		u64::from(self.shard_bytes) / CHUNK_BYTES as u64
	}

	/// Segments in all.
	pub fn segments(&self) -> u64 {
		self.plain_bytes.div_ceil(u64::from(self.segment_bytes).max(1))
	}

	/// Plain bytes of one segment.
	pub fn plain_bytes_of(&self, segment: u64) -> u64 {
		let start = segment.saturating_mul(self.segment_bytes.into());
		self.plain_bytes.saturating_sub(start).min(self.segment_bytes.into())
	}

	/// Bytes of a full sealed segment.
	pub fn sealed_bytes(&self) -> u64 {
		u64::from(self.segment_bytes) + TAG_BYTES
	}

	/// Bytes of the payload: the sealed segments in a row.
	pub fn payload_bytes(&self) -> u64 {
		self.plain_bytes + self.segments() * TAG_BYTES
	}

	/// Where a segment lies in the payload; the end of the payload for segments past the last.
	pub fn segment_start(&self, segment: u64) -> u64 {
		segment.saturating_mul(self.sealed_bytes()).min(self.payload_bytes())
	}

	/// Payload bytes of a stripe.
	pub fn stripe_bytes(&self) -> u64 {
		u64::from(self.k) * u64::from(self.shard_bytes)
	}

	/// Stripes in all.
	pub fn stripes(&self) -> u64 {
		self.payload_bytes().div_ceil(self.stripe_bytes().max(1))
	}

	/// The part of the payload that a stripe holds; the rest of the last stripe is padding.
	pub fn payload_of(&self, stripe: u64) -> Range<u64> {
		let start = stripe.saturating_mul(self.stripe_bytes()).min(self.payload_bytes());
		start..start.saturating_add(self.stripe_bytes()).min(self.payload_bytes())
	}

	/// 1 KiB chunks of a column.
	pub fn column_chunks(&self) -> u64 {
		self.stripes() * self.shard_chunks()
	}

	/// The segments that hold these plain bytes. Empty for an empty range.
	pub fn segments_of(&self, plain: &Range<u64>) -> Range<u64> {
		if plain.is_empty() {
			return 0..0;
		}
		let size = u64::from(self.segment_bytes).max(1);
		(plain.start / size).min(self.segments())..plain.end.div_ceil(size).min(self.segments())
	}

	/// The stripes that hold these segments. Empty for an empty range.
	pub fn stripes_of(&self, segments: &Range<u64>) -> Range<u64> {
		if segments.is_empty() {
			return 0..0;
		}
		let size = self.stripe_bytes().max(1);
		self.segment_start(segments.start) / size..self.segment_start(segments.end).div_ceil(size)
	}
}

/// A length as an index. Lengths in memory are far below the limit on all machines that we build for.
pub(crate) fn to_usize(length: u64) -> usize {
	usize::try_from(length).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
