//! Sealing: XChaCha20-Poly1305 in the STREAM construction, and the wrapping of object keys.
//!
//! Every object has a random key of its own and a random nonce prefix. Segment `i` is sealed under the nonce
//! `prefix ‖ i ‖ last?` ([`aead::stream`](chacha20poly1305::aead::stream), big-endian 32-bit counter): segments that
//! are dropped, reordered, repeated or taken from another object do not open, nor does a shortened or lengthened
//! object. The key is wrapped, with a fresh 24-byte nonce, under the wrap key of the owner's account.
use chacha20poly1305::{
	aead::{
		rand_core::RngCore,
		stream::{NewStream, StreamBE32, StreamPrimitive},
		Aead, Buffer, Error as AeadError, OsRng, Payload,
	},
	KeyInit, XChaCha20Poly1305, XNonce,
};
use peoples_cloud_client::wallet::Signer;
use peoples_cloud_primitives::manifest::{Cipher, TAG_BYTES};
use zeroize::Zeroizing;

use super::to_usize;

/// Bytes of the authentication tag that ends a sealed segment.
const TAG: usize = TAG_BYTES as usize;
/// Bytes of the random part of a segment's nonce.
const PREFIX_BYTES: usize = 19;
/// Bytes of the nonce that wraps a key.
const WRAP_NONCE_BYTES: usize = 24;
/// Bytes of a wrapped key: nonce, key, tag.
const WRAPPED_BYTES: usize = WRAP_NONCE_BYTES + 32 + TAG;
/// Begins what is authenticated beside a wrapped key; the nonce prefix follows, so that a wrapped key opens only in
/// the manifest that it was made for.
const WRAP_DOMAIN: &[u8] = b"peoples-cloud 2026 wrapped object key v1";

/// Why something does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
	/// The wrapped key is for another account, or was changed.
	#[error(
		"this account cannot open the object's key; use the account that stored it, or the key that its owner shared"
	)]
	WrongAccount,
	/// A segment does not open: it is not what the owner sealed, or the key is wrong.
	#[error(
		"segment {0} does not open: the key is not this object's, or the object was tampered with before it was stored"
	)]
	Segment(u64),
	/// A segment has the wrong length or number.
	#[error("segment {0} is not part of this object")]
	NoSuchSegment(u64),
}

/// The key of one object. Whoever has it can read the object.
#[derive(Clone)]
pub struct ObjectKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for ObjectKey {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter.write_str("ObjectKey(..)")
	}
}

impl ObjectKey {
	/// A new random key.
	pub fn random() -> Self {
		let mut key = Zeroizing::new([0; 32]);
		OsRng.fill_bytes(key.as_mut_slice());
		Self(key)
	}

	/// A key that was shared.
	pub fn from_bytes(key: [u8; 32]) -> Self {
		Self(Zeroizing::new(key))
	}

	/// The key, to share it.
	pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
		self.0.clone()
	}

	/// How a new object is encrypted with this key, which is wrapped for the signer's account.
	pub fn wrap(&self, signer: &Signer) -> Cipher {
		let mut nonce_prefix = [0; PREFIX_BYTES];
		OsRng.fill_bytes(&mut nonce_prefix);
		let mut nonce = [0; WRAP_NONCE_BYTES];
		OsRng.fill_bytes(&mut nonce);
		let additional = wrap_domain(&nonce_prefix);
		let sealed = XChaCha20Poly1305::new(signer.wrap_key().as_slice().into())
			.encrypt(XNonce::from_slice(&nonce), Payload { msg: self.0.as_slice(), aad: &additional })
			.expect("32 bytes are below the cipher's limit of 256 GiB; qed");
		let mut wrapped_key = [0; WRAPPED_BYTES];
		let (start, rest) = wrapped_key.split_at_mut(WRAP_NONCE_BYTES);
		start.copy_from_slice(&nonce);
		rest.copy_from_slice(&sealed);
		Cipher::XChaCha20Poly1305Stream { nonce_prefix, wrapped_key }
	}

	/// The key of an object that the signer's account owns.
	pub fn unwrap(cipher: &Cipher, signer: &Signer) -> Result<Self, SealError> {
		let Cipher::XChaCha20Poly1305Stream { nonce_prefix, wrapped_key } = cipher;
		let (nonce, sealed) = wrapped_key.split_at(WRAP_NONCE_BYTES);
		let additional = wrap_domain(nonce_prefix);
		let opened = XChaCha20Poly1305::new(signer.wrap_key().as_slice().into())
			.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &additional })
			.map(Zeroizing::new)
			.map_err(|_| SealError::WrongAccount)?;
		let mut key = Zeroizing::new([0; 32]);
		if opened.len() != key.len() {
			return Err(SealError::WrongAccount);
		}
		key.copy_from_slice(&opened);
		Ok(Self(key))
	}
}

fn wrap_domain(nonce_prefix: &[u8; PREFIX_BYTES]) -> Vec<u8> {
	[WRAP_DOMAIN, nonce_prefix].concat()
}

/// Seals and opens the segments of one object, in any order and on any thread.
pub struct Sealer {
	stream: StreamBE32<XChaCha20Poly1305>,
	segments: u64,
}

impl std::fmt::Debug for Sealer {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter.debug_struct("Sealer").field("segments", &self.segments).finish_non_exhaustive()
	}
}

impl Sealer {
	/// For an object of so many segments.
	pub fn new(key: &ObjectKey, cipher: &Cipher, segments: u64) -> Self {
		let Cipher::XChaCha20Poly1305Stream { nonce_prefix, .. } = cipher;
		let aead = XChaCha20Poly1305::new(key.0.as_slice().into());
		Self { stream: StreamBE32::from_aead(aead, nonce_prefix.into()), segments }
	}

	/// Seals the plain bytes at the start of `bytes` in place; the last 16 bytes take the tag, which is returned.
	pub fn seal(&self, segment: u64, bytes: &mut [u8]) -> Result<[u8; TAG], SealError> {
		let (counter, last) = self.position(segment)?;
		let length = bytes.len().checked_sub(TAG).ok_or(SealError::NoSuchSegment(segment))?;
		let mut buffer = InPlace { bytes, length };
		self.stream.encrypt_in_place(counter, last, &[], &mut buffer).map_err(|_| SealError::NoSuchSegment(segment))?;
		bytes.last_chunk().copied().ok_or(SealError::NoSuchSegment(segment))
	}

	/// Opens a sealed segment in place; the plain bytes are at the start, 16 fewer.
	pub fn open(&self, segment: u64, bytes: &mut [u8]) -> Result<(), SealError> {
		let (counter, last) = self.position(segment)?;
		let length = bytes.len();
		let mut buffer = InPlace { bytes, length };
		self.stream.decrypt_in_place(counter, last, &[], &mut buffer).map_err(|_| SealError::Segment(segment))
	}

	/// The counter of a segment and whether it is the last.
	fn position(&self, segment: u64) -> Result<(u32, bool), SealError> {
		let counter = u32::try_from(segment).ok().filter(|_| segment < self.segments);
		Ok((counter.ok_or(SealError::NoSuchSegment(segment))?, segment + 1 == self.segments))
	}
}

/// A slice as a buffer that the cipher may lengthen by a tag or shorten by it.
struct InPlace<'a> {
	bytes: &'a mut [u8],
	length: usize,
}

impl AsRef<[u8]> for InPlace<'_> {
	fn as_ref(&self) -> &[u8] {
		self.bytes.get(..self.length).unwrap_or_default()
	}
}

impl AsMut<[u8]> for InPlace<'_> {
	fn as_mut(&mut self) -> &mut [u8] {
		self.bytes.get_mut(..self.length).unwrap_or_default()
	}
}

impl Buffer for InPlace<'_> {
	fn extend_from_slice(&mut self, other: &[u8]) -> Result<(), AeadError> {
		let end = self.length.checked_add(other.len()).ok_or(AeadError)?;
		self.bytes.get_mut(self.length..end).ok_or(AeadError)?.copy_from_slice(other);
		self.length = end;
		Ok(())
	}

	fn truncate(&mut self, length: usize) {
		self.length = self.length.min(length);
	}
}

/// Sealed bytes of so many plain ones.
pub(crate) fn sealed_length(plain: u64) -> usize {
	to_usize(plain.saturating_add(TAG_BYTES))
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::vec, prelude::*};

	fn signer(name: &str) -> Signer {
		Signer::from_suri(name).unwrap()
	}

	fn sealed(sealer: &Sealer, segment: u64, plain: &[u8]) -> Vec<u8> {
		let mut bytes = plain.to_vec();
		bytes.extend_from_slice(&[0; TAG]);
		let tag = sealer.seal(segment, &mut bytes).unwrap();
		assert!(bytes.ends_with(&tag));
		bytes
	}

	#[test]
	fn a_key_opens_for_its_account_alone_and_only_in_its_manifest() {
		let key = ObjectKey::random();
		let cipher = key.wrap(&signer("//Alice"));
		assert_eq!(ObjectKey::unwrap(&cipher, &signer("//Alice")).unwrap().to_bytes(), key.to_bytes());
		assert_eq!(ObjectKey::unwrap(&cipher, &signer("//Bob")).unwrap_err(), SealError::WrongAccount);
		let Cipher::XChaCha20Poly1305Stream { mut nonce_prefix, wrapped_key } = cipher;
		nonce_prefix[0] ^= 1;
		let moved = Cipher::XChaCha20Poly1305Stream { nonce_prefix, wrapped_key };
		assert_eq!(ObjectKey::unwrap(&moved, &signer("//Alice")).unwrap_err(), SealError::WrongAccount);
		assert_eq!(format!("{key:?}"), "ObjectKey(..)", "keys do not get into logs");
	}

	#[test]
	fn segments_are_those_of_the_library_in_a_row() {
		use chacha20poly1305::aead::stream::EncryptorBE32;
		let key = ObjectKey::random();
		let cipher = key.wrap(&signer("//Alice"));
		let Cipher::XChaCha20Poly1305Stream { nonce_prefix, .. } = &cipher;
		let sealer = Sealer::new(&key, &cipher, 3);
		let key = key.to_bytes();
		let mut theirs = EncryptorBE32::<XChaCha20Poly1305>::new(key.as_slice().into(), nonce_prefix.into());
		assert_eq!(sealed(&sealer, 0, b"first"), theirs.encrypt_next(&b"first"[..]).unwrap());
		assert_eq!(sealed(&sealer, 1, b"second"), theirs.encrypt_next(&b"second"[..]).unwrap());
		assert_eq!(sealed(&sealer, 2, b"last"), theirs.encrypt_last(&b"last"[..]).unwrap());
	}

	#[test]
	fn reordered_truncated_and_lengthened_objects_do_not_open() {
		let key = ObjectKey::random();
		let cipher = key.wrap(&signer("//Alice"));
		let sealer = Sealer::new(&key, &cipher, 3);
		let segments: Vec<Vec<u8>> = (0..3).map(|segment| sealed(&sealer, segment, b"the same bytes")).collect();
		assert!(segments[0] != segments[1] && segments[1] != segments[2]);
		for place in 0..3 {
			for (number, segment) in segments.iter().enumerate() {
				let opened = sealer.open(place, &mut segment.clone());
				let expected = if place == number as u64 { Ok(()) } else { Err(SealError::Segment(place)) };
				assert_eq!(opened, expected, "segment {number} at {place}");
			}
		}
		// Cut after the second: it is not the last. Taken for longer: the third is not in the middle.
		let shorter = Sealer::new(&key, &cipher, 2);
		assert_eq!(shorter.open(1, &mut segments[1].clone()), Err(SealError::Segment(1)));
		assert_eq!(shorter.open(2, &mut segments[2].clone()), Err(SealError::NoSuchSegment(2)));
		let longer = Sealer::new(&key, &cipher, 4);
		assert_eq!(longer.open(2, &mut segments[2].clone()), Err(SealError::Segment(2)));
		let other = Sealer::new(&ObjectKey::random(), &cipher, 3);
		assert_eq!(other.open(0, &mut segments[0].clone()), Err(SealError::Segment(0)), "another key");
	}

	proptest! {
		#[test]
		fn what_was_sealed_opens_and_no_changed_bit_passes(
			plain: Vec<u8>, segment in 0u64..5, place: proptest::sample::Index, bit in 0u8..8,
		) {
			let key = ObjectKey::from_bytes([7; 32]);
			let cipher = Cipher::XChaCha20Poly1305Stream { nonce_prefix: [8; 19], wrapped_key: [0; 72] };
			let sealer = Sealer::new(&key, &cipher, 5);
			let bytes = sealed(&sealer, segment, &plain);
			let mut opened = bytes.clone();
			sealer.open(segment, &mut opened).unwrap();
			prop_assert_eq!(&opened[..plain.len()], &plain[..]);
			let mut changed = bytes;
			let place = place.index(changed.len());
			changed[place] ^= 1 << bit;
			prop_assert_eq!(sealer.open(segment, &mut changed), Err(SealError::Segment(segment)));
		}

		#[test]
		fn broken_bytes_never_panic(
			mut bytes: Vec<u8>, segment: u64, segments: u64, nonce_prefix: [u8; 19], wrapped in vec(any::<u8>(), 72),
		) {
			let cipher = Cipher::XChaCha20Poly1305Stream { nonce_prefix, wrapped_key: wrapped.try_into().unwrap() };
			prop_assert!(ObjectKey::unwrap(&cipher, &signer("//Alice")).is_err());
			let sealer = Sealer::new(&ObjectKey::from_bytes([1; 32]), &cipher, segments);
			prop_assert!(sealer.open(segment, &mut bytes).is_err());
			let _ = sealer.seal(segment, &mut bytes);
		}
	}
}
