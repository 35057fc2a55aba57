//! What an object is made of: enough to find, verify, decode and repair it; not enough to read it.
//!
//! Layout of an object, from the inside out. The plain file is cut into **segments** of
//! [`ManifestV1::segment_bytes`]; each is sealed with the object's key (see [`Cipher`]) and grows by a
//! 16-byte tag. The sealed segments in a row are the **payload**. The payload is cut into **stripes** of
//! `k * shard_bytes` bytes, the last one padded with zeros; each stripe becomes `n` shards of
//! `shard_bytes`. **Column** `i` is shard `i` of every stripe, in order.
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

use crate::{AccountBytes, Hash32};

/// Longest encoded manifest that a provider keeps: 64 columns of 64 bytes and room for the rest.
pub const MAX_MANIFEST_BYTES: usize = 8 * 1024;
/// Codec 1: `reed-solomon-novelpoly`, systematic-free GF(2^16), `k` a power of two.
pub const CODEC_NOVELPOLY: u8 = 1;

/// A manifest, versioned. Its BLAKE3 hash is the object's id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Manifest {
	/// Version 1.
	#[codec(index = 1)]
	V1(ManifestV1),
}

/// See [`Manifest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ManifestV1 {
	/// Bytes of the plain file.
	pub plain_bytes: u64,
	/// Plain bytes of one segment; the last may be shorter.
	pub segment_bytes: u32,
	/// How segments are sealed.
	pub cipher: Cipher,
	/// Erasure codec: [`CODEC_NOVELPOLY`].
	pub codec: u8,
	/// Shards that restore a stripe.
	pub k: u16,
	/// Bytes of one shard: a multiple of 1,024.
	pub shard_bytes: u32,
	/// One entry per column; their number is `n`.
	pub columns: Vec<Column>,
}

/// One column as it was first placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Column {
	/// BLAKE3 hash of the column.
	pub root: Hash32,
	/// Who took it on first; the chain knows who has it now.
	pub provider: AccountBytes,
}

/// How the object is encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Cipher {
	/// XChaCha20-Poly1305 in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015; `aead::stream`
	/// BE32): segment `i` is sealed with nonce `nonce_prefix ‖ i ‖ last?`.
	#[codec(index = 1)]
	XChaCha20Poly1305Stream {
		/// 19 random bytes.
		nonce_prefix: [u8; 19],
		/// The object's key, sealed for the client's account: 24-byte nonce, 32-byte key, 16-byte tag.
		wrapped_key: [u8; 72],
	},
}

/// Why a manifest cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestError {
	/// `k`, `n` or the codec are outside what the codec can do.
	Code,
	/// A size is zero, not whole, or overflows.
	Size,
}

/// Bytes that sealing adds to a segment: the Poly1305 tag.
pub const TAG_BYTES: u64 = 16;

impl Manifest {
	/// The object's id.
	pub fn id(&self) -> Hash32 {
		*blake3::hash(&self.encode()).as_bytes()
	}

	/// The newest version's fields.
	pub fn fields(&self) -> &ManifestV1 {
		let Self::V1(fields) = self;
		fields
	}
}

impl ManifestV1 {
	/// Columns in all.
	pub fn n(&self) -> usize {
		self.columns.len()
	}

	/// Checks every relation between the fields, so that the methods below are meaningful.
	pub fn check(&self) -> Result<(), ManifestError> {
		let n = u16::try_from(self.columns.len()).map_err(|_| ManifestError::Code)?;
		if self.codec != CODEC_NOVELPOLY || self.k == 0 || !self.k.is_power_of_two() || n < self.k {
			return Err(ManifestError::Code);
		}
		if self.plain_bytes == 0
			|| self.segment_bytes == 0
			|| self.shard_bytes == 0
			|| !self.shard_bytes.is_multiple_of(1024)
		{
			return Err(ManifestError::Size);
		}
		self.checked_column_chunks().map(|_| ()).ok_or(ManifestError::Size)
	}

	/// Bytes of the payload: the sealed segments in a row.
	pub fn payload_bytes(&self) -> u64 {
		self.checked_payload_bytes().unwrap_or_default()
	}

	/// Payload bytes of one stripe.
	pub fn stripe_bytes(&self) -> u64 {
		u64::from(self.k).saturating_mul(u64::from(self.shard_bytes))
	}

	/// Stripes in all.
	pub fn stripes(&self) -> u64 {
		self.payload_bytes().div_ceil(self.stripe_bytes().max(1))
	}

	/// Length of each column in 1 KiB chunks.
	pub fn column_chunks(&self) -> u64 {
		self.checked_column_chunks().unwrap_or_default()
	}

	fn checked_payload_bytes(&self) -> Option<u64> {
		let segments = self.plain_bytes.div_ceil(u64::from(self.segment_bytes).max(1));
		self.plain_bytes.checked_add(segments.checked_mul(TAG_BYTES)?)
	}

	fn checked_column_chunks(&self) -> Option<u64> {
		let stripes = self.checked_payload_bytes()?.div_ceil(self.stripe_bytes().max(1));
		stripes.checked_mul(u64::from(self.shard_bytes))?.checked_div(1024)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn manifest() -> ManifestV1 {
		ManifestV1 {
			plain_bytes: 100_000,
			segment_bytes: 65_536,
			cipher: Cipher::XChaCha20Poly1305Stream { nonce_prefix: [1; 19], wrapped_key: [2; 72] },
			codec: CODEC_NOVELPOLY,
			k: 2,
			shard_bytes: 16_384,
			columns: alloc::vec![Column { root: [3; 32], provider: [4; 32] }; 6],
		}
	}

	#[test]
	fn sizes_follow_from_the_layout() {
		let manifest = manifest();
		assert_eq!(manifest.check(), Ok(()));
		assert_eq!(manifest.payload_bytes(), 100_032);
		assert_eq!(manifest.stripes(), 4);
		assert_eq!(manifest.column_chunks(), 64);
	}

	#[test]
	fn impossible_codes_are_refused() {
		assert_eq!(ManifestV1 { k: 3, ..manifest() }.check(), Err(ManifestError::Code));
		assert_eq!(ManifestV1 { k: 8, ..manifest() }.check(), Err(ManifestError::Code));
		assert_eq!(ManifestV1 { codec: 0, ..manifest() }.check(), Err(ManifestError::Code));
		assert_eq!(ManifestV1 { shard_bytes: 1000, ..manifest() }.check(), Err(ManifestError::Size));
		assert_eq!(ManifestV1 { plain_bytes: u64::MAX, ..manifest() }.check(), Err(ManifestError::Size));
	}

	proptest! {
		#[test]
		fn broken_bytes_never_panic(bytes: Vec<u8>, plain_bytes: u64, segment_bytes: u32, shard_bytes: u32, k: u16) {
			if let Ok(Manifest::V1(manifest)) = Manifest::decode(&mut &bytes[..]) {
				let _ = manifest.check();
			}
			let manifest = ManifestV1 { plain_bytes, segment_bytes, shard_bytes, k, ..manifest() };
			let _ = (manifest.check(), manifest.stripes(), manifest.column_chunks());
		}
	}
}
