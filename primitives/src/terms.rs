//! What clients and providers sign: intents and acknowledgements.
//!
//! Both are signed with the account's sr25519 key over `BLAKE3(domain ‖ SCALE)`, where the domain names
//! the kind of statement, and both name the chain's genesis, so that a signature is good for one
//! statement on one chain.
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{AccountBytes, Balance, BlockNumber, Hash32};

/// Names one upload of one client: random, chosen by the client.
pub type IntentNonce = [u8; 16];

/// What a client asks of a provider before it sends a column.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum StorageIntent {
	/// Version 1.
	#[codec(index = 1)]
	V1(StorageIntentV1),
}

/// See [`StorageIntent`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct StorageIntentV1 {
	/// Genesis hash of the chain.
	pub genesis: Hash32,
	/// Who pays.
	pub client: AccountBytes,
	/// Who is asked.
	pub provider: AccountBytes,
	/// Names the upload: the same for all its columns.
	pub nonce: IntentNonce,
	/// Most 1 KiB chunks that the column will have.
	pub max_chunks: u64,
	/// Price offered: planck per quote unit (GiB) per period.
	pub price: Balance,
	/// Length of the agreement in periods.
	pub duration: u32,
	/// Last block at which the acknowledgement may be used.
	pub valid_until: BlockNumber,
}

/// What a provider grants once it has verified and stored a column.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Acknowledgement {
	/// Version 1.
	#[codec(index = 1)]
	V1(AcknowledgementV1),
}

/// See [`Acknowledgement`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct AcknowledgementV1 {
	/// Genesis hash of the chain.
	pub genesis: Hash32,
	/// Who pays.
	pub client: AccountBytes,
	/// Who stores.
	pub provider: AccountBytes,
	/// The upload's name.
	pub nonce: IntentNonce,
	/// BLAKE3 hash of the column.
	pub root: Hash32,
	/// Length of the column in 1 KiB chunks.
	pub chunks: u64,
	/// Planck per period for this column.
	pub rate: Balance,
	/// Most periods that the provider agrees to.
	pub duration: u32,
	/// Last block at which this may be used.
	pub valid_until: BlockNumber,
}

/// Planck per period for `chunks` chunks at `price` planck per GiB and period, rounded up.
///
/// `None` if the product overflows.
pub fn storage_rate(chunks: u64, price: Balance) -> Option<Balance> {
	let quote = Balance::from(crate::resource::ResourceKind::Storage.units_per_quote());
	Some(price.checked_mul(Balance::from(chunks))?.div_ceil(quote))
}

impl StorageIntent {
	/// What the client signs.
	pub fn signing_bytes(&self) -> Hash32 {
		digest("peoples-cloud 2026 storage intent", &self.encode())
	}
}

impl Acknowledgement {
	/// What the provider signs.
	pub fn signing_bytes(&self) -> Hash32 {
		digest("peoples-cloud 2026 storage acknowledgement", &self.encode())
	}
}

/// The name under which the chain remembers that an upload was opened, so that its acknowledgements work once.
pub fn upload_id(client: &AccountBytes, nonce: &IntentNonce) -> Hash32 {
	let mut bytes = Vec::with_capacity(48);
	bytes.extend_from_slice(client);
	bytes.extend_from_slice(nonce);
	digest("peoples-cloud 2026 upload id", &bytes)
}

fn digest(domain: &str, bytes: &[u8]) -> Hash32 {
	let mut hasher = blake3::Hasher::new_derive_key(domain);
	hasher.update(bytes);
	*hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn rates_round_up_and_never_overflow() {
		assert_eq!(storage_rate(1 << 20, 7), Some(7));
		assert_eq!(storage_rate(1, 7), Some(1));
		assert_eq!(storage_rate(0, 7), Some(0));
		assert_eq!(storage_rate(2, u128::MAX), None);
	}

	proptest! {
		#[test]
		fn broken_bytes_never_panic(bytes: Vec<u8>) {
			let _ = StorageIntent::decode(&mut &bytes[..]);
			let _ = Acknowledgement::decode(&mut &bytes[..]);
		}
	}
}
