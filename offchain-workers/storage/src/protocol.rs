//! The wire protocol of storage, version 1: messages and their limits. No sockets here.
//!
//! One stream per operation. A control message is a frame (little-endian `u32` length, then that many bytes) of
//! SCALE. The client speaks first:
//!
//! ```text
//! push       ──Push(intent)──▶  ◀──Ready──  ──data frame──▶ … ──empty frame──▶  ──PushEnd──▶  ◀──Stored(ack)──
//! manifest   ──PutManifest──▶   ◀──Done──
//! manifest   ──GetManifest──▶   ◀──Manifest──
//! fetch      ──Fetch──▶         ◀──Sending──  ◀──bao stream──
//! status     ──Status──▶        ◀──Status──
//! ```
//!
//! In place of any answer may come a [`Refusal`]. Variants are only ever added, with new indices.
use codec::{Decode, Encode};
use peoples_cloud_client::wallet::{verify, Signer};
use peoples_cloud_primitives::{
	terms::{Acknowledgement, AcknowledgementV1, StorageIntent, StorageIntentV1},
	AccountBytes, Balance, BlockNumber, Hash32,
};

mod admission;

pub use admission::{admit, Admitted, Facts};

/// The protocol's name on the network.
pub const PROTOCOL: &str = "/peoples-cloud/storage/1";
/// Longest control message: a manifest of 64 columns takes 5 KiB.
pub const MAX_MESSAGE: usize = 64 * 1024;
/// Longest data frame: large enough that its overhead vanishes, small enough that a thousand of them fit in memory.
pub const MAX_DATA: usize = 256 * 1024;
/// What [`ProviderStatus::version`] says.
pub const VERSION: u32 = 1;

/// A client's signed intent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedIntent {
	/// What it intends.
	pub intent: StorageIntent,
	/// sr25519 by the client over [`StorageIntent::signing_bytes`].
	pub signature: [u8; 64],
}

impl SignedIntent {
	/// Signs an intent.
	pub fn sign(intent: StorageIntent, signer: &Signer) -> Self {
		let signature = signer.sign(&intent.signing_bytes());
		Self { intent, signature }
	}

	/// The newest version's fields.
	pub fn fields(&self) -> &StorageIntentV1 {
		let StorageIntent::V1(fields) = &self.intent;
		fields
	}

	/// Whether the client signed it.
	pub fn is_signed(&self) -> bool {
		verify(&self.fields().client, &self.intent.signing_bytes(), &self.signature)
	}
}

/// A provider's signed acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedAck {
	/// What it acknowledges.
	pub acknowledgement: Acknowledgement,
	/// sr25519 by the provider over [`Acknowledgement::signing_bytes`].
	pub signature: [u8; 64],
}

impl SignedAck {
	/// Signs an acknowledgement.
	pub fn sign(acknowledgement: Acknowledgement, signer: &Signer) -> Self {
		let signature = signer.sign(&acknowledgement.signing_bytes());
		Self { acknowledgement, signature }
	}

	/// The newest version's fields.
	pub fn fields(&self) -> &AcknowledgementV1 {
		let Acknowledgement::V1(fields) = &self.acknowledgement;
		fields
	}

	/// Whether the provider signed it.
	pub fn is_signed(&self) -> bool {
		verify(&self.fields().provider, &self.acknowledgement.signing_bytes(), &self.signature)
	}

	/// As a transaction takes it.
	pub fn into_parts(self) -> (Acknowledgement, [u8; 64]) {
		(self.acknowledgement, self.signature)
	}

	/// Whether it is what `intent` asked for, over the column with this root and length.
	pub fn answers(&self, intent: &StorageIntentV1, root: &Hash32, chunks: u64) -> bool {
		let rate = peoples_cloud_primitives::terms::storage_rate(chunks, intent.price);
		rate.is_some_and(|rate| *self.fields() == acknowledgement(intent, root, chunks, rate)) && self.is_signed()
	}
}

/// The acknowledgement that an intent asks for.
pub fn acknowledgement(intent: &StorageIntentV1, root: &Hash32, chunks: u64, rate: Balance) -> AcknowledgementV1 {
	AcknowledgementV1 {
		genesis: intent.genesis,
		client: intent.client,
		provider: intent.provider,
		nonce: intent.nonce,
		root: *root,
		chunks,
		rate,
		duration: intent.duration,
		valid_until: intent.valid_until,
	}
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Request {
	/// Store a column.
	#[codec(index = 0)]
	Push(SignedIntent),
	/// Keep an object's manifest beside its column.
	#[codec(index = 1)]
	PutManifest(Vec<u8>),
	/// Send an object's manifest.
	#[codec(index = 2)]
	GetManifest(Hash32),
	/// Send part of a column.
	#[codec(index = 3)]
	Fetch {
		/// The column.
		root: Hash32,
		/// First chunk.
		first_chunk: u64,
		/// Number of chunks.
		chunks: u64,
	},
	/// Say how you are.
	#[codec(index = 4)]
	Status,
}

/// Ends the data of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PushEnd {
	/// BLAKE3 hash of what was sent.
	pub root: Hash32,
	/// Its length in 1 KiB chunks.
	pub chunks: u64,
}

/// What a provider answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
	/// No.
	#[codec(index = 0)]
	Refused(Refusal),
	/// Send the data.
	#[codec(index = 1)]
	Ready,
	/// The column is stored for good.
	#[codec(index = 2)]
	Stored(SignedAck),
	/// Done.
	#[codec(index = 3)]
	Done,
	/// An object's manifest.
	#[codec(index = 4)]
	Manifest(Vec<u8>),
	/// The part of the column follows as a bao stream in 16 KiB groups.
	#[codec(index = 5)]
	Sending {
		/// Length of the whole column in chunks.
		chunks_total: u64,
	},
	/// How it is.
	#[codec(index = 6)]
	Status(ProviderStatus),
}

/// How a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ProviderStatus {
	/// Its account.
	pub account: AccountBytes,
	/// Chunks that it would take.
	pub free_chunks: u64,
	/// Planck per GiB and period; `None` if it offers no storage now.
	pub price: Option<Balance>,
	/// Shortest agreement in periods.
	pub min_duration: u32,
	/// Longest agreement in periods.
	pub max_duration: u32,
	/// Version of the protocol's implementation.
	pub version: u32,
}

/// Why a provider does not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
	/// The message is not one of this protocol.
	#[error("the message is malformed")]
	#[codec(index = 0)]
	Malformed,
	/// The intent is for another chain.
	#[error("the intent is for another chain")]
	#[codec(index = 1)]
	WrongChain,
	/// The intent is for another provider.
	#[error("the intent is for another provider")]
	#[codec(index = 2)]
	WrongProvider,
	/// The signature is not the client's.
	#[error("the signature is not the client's")]
	#[codec(index = 3)]
	BadSignature,
	/// The provider takes nothing on at the moment.
	#[error("it takes nothing on at the moment")]
	#[codec(index = 4)]
	NotOffering,
	/// The price is too low.
	#[error("the price is below its {price} planck per GiB and period")]
	#[codec(index = 5)]
	PriceTooLow {
		/// What it asks, in planck per GiB and period.
		price: Balance,
	},
	/// The duration is outside the offer.
	#[error("it takes agreements of {min} to {max} periods")]
	#[codec(index = 6)]
	WrongDuration {
		/// Shortest.
		min: u32,
		/// Longest.
		max: u32,
	},
	/// The intent has expired, or is valid for too long.
	#[error("the intent must end after block {now} and at block {max} at the latest")]
	#[codec(index = 7)]
	WrongValidity {
		/// The provider's best block.
		now: BlockNumber,
		/// Latest end that it takes.
		max: BlockNumber,
	},
	/// The client cannot pay for what it intends, its other pending uploads here included.
	#[error("the client's account does not hold the price of this and its other pending uploads")]
	#[codec(index = 8)]
	NoFunds,
	/// The capacity is used up.
	#[error("it has room for {free_chunks} chunks only")]
	#[codec(index = 9)]
	NoRoom {
		/// Chunks that it would take.
		free_chunks: u64,
	},
	/// The client has too many pending uploads here.
	#[error("the client has too many uploads here whose agreements are not open yet")]
	#[codec(index = 10)]
	TooManyPending,
	/// Too many requests in too short a time.
	#[error("too many requests; try again in {retry_after_ms} ms")]
	#[codec(index = 11)]
	RateLimited {
		/// When the next one is welcome, in milliseconds.
		retry_after_ms: u32,
	},
	/// This upload was acknowledged before, or is under way.
	#[error("this upload was acknowledged before or is under way")]
	#[codec(index = 12)]
	Replayed,
	/// The intent announces nothing, or more than can exist.
	#[error("the intent's size is impossible")]
	#[codec(index = 13)]
	WrongSize,
	/// More data than announced.
	#[error("more data than announced")]
	#[codec(index = 14)]
	TooLong,
	/// The data is not as long as stated, or not a whole number of chunks, or empty.
	#[error("the data does not have the stated length")]
	#[codec(index = 15)]
	WrongLength,
	/// The data does not have the stated root.
	#[error("the data does not have the stated root")]
	#[codec(index = 16)]
	WrongRoot,
	/// It does not have that.
	#[error("it does not have that")]
	#[codec(index = 17)]
	NotFound,
	/// The manifest does not belong to a column that it holds for this client or agreement.
	#[error("the manifest belongs to no column that it holds for this client or agreement")]
	#[codec(index = 18)]
	NotHeld,
	/// The manifest does not decode or contradicts itself.
	#[error("the manifest is malformed")]
	#[codec(index = 19)]
	BadManifest,
	/// The disk is full.
	#[error("its disk is full")]
	#[codec(index = 20)]
	DiskFull,
	/// It has as much to do as it takes.
	#[error("it is busy")]
	#[codec(index = 21)]
	Busy,
	/// It cannot ask the chain at the moment.
	#[error("it cannot ask the chain at the moment")]
	#[codec(index = 22)]
	ChainUnavailable,
	/// Its disk or index fails.
	#[error("it has an internal failure")]
	#[codec(index = 23)]
	Internal,
	/// It is shutting down.
	#[error("it is shutting down")]
	#[codec(index = 24)]
	ShuttingDown,
	/// The data came too slowly.
	#[error("the data came too slowly")]
	#[codec(index = 25)]
	TooSlow,
}

impl Refusal {
	/// Whether the same request to the same provider may succeed a little later.
	pub fn is_retryable(&self) -> bool {
		matches!(
			self,
			Self::RateLimited { .. }
				| Self::Busy | Self::ChainUnavailable
				| Self::Internal | Self::TooManyPending
				// Most often others kept the client waiting, or its line was bad for a while.
				| Self::TooSlow
		)
	}

	/// Whether only a broken or hostile client provokes it.
	pub fn is_violation(&self) -> bool {
		matches!(self, Self::Malformed | Self::BadSignature | Self::TooLong | Self::WrongRoot | Self::WrongLength)
	}
}

#[cfg(test)]
mod tests;
