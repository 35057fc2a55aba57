//! What the index says about a column.
use codec::{Decode, Encode};
use peoples_cloud_primitives::{terms::IntentNonce, AccountBytes, AgreementId, Balance, BlockNumber, Hash32};

/// A column's record, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum StoredRecord {
	#[codec(index = 0)]
	V0(Record),
}

/// Why a column is here. Without any reason left, its files go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Record {
	/// Length in 1 KiB chunks.
	pub chunks: u64,
	/// Agreements that it is held for.
	pub held: Vec<Held>,
	/// Acknowledged uploads whose agreement has not shown up yet.
	pub pending: Vec<Pending>,
}

/// A column held for an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Held {
	/// The agreement.
	pub agreement: AgreementId,
	/// The object that it is part of: the manifest's id.
	pub object: Hash32,
}

/// An acknowledged upload.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pending {
	/// Who uploaded.
	pub client: AccountBytes,
	/// The upload's name.
	pub nonce: IntentNonce,
	/// Last block at which the agreement can be opened.
	pub valid_until: BlockNumber,
	/// Planck that the client must then have.
	pub price: Balance,
	/// The peer that sent it, binary: the one that may leave the manifest.
	pub peer: Vec<u8>,
	/// The manifest that it left.
	pub object: Option<Hash32>,
}

impl Record {
	/// Whether nothing speaks for keeping it.
	pub fn is_unreferenced(&self) -> bool {
		self.held.is_empty() && self.pending.is_empty()
	}

	/// Whether it is held for this agreement.
	pub fn is_held_for(&self, agreement: AgreementId) -> bool {
		self.held.iter().any(|held| held.agreement == agreement)
	}

	/// The objects whose manifests are kept with it.
	pub(crate) fn objects(&self) -> impl Iterator<Item = Hash32> + '_ {
		self.held.iter().map(|held| held.object).chain(self.pending.iter().filter_map(|pending| pending.object))
	}
}

/// A manifest, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum StoredManifest {
	#[codec(index = 0)]
	V0(Vec<u8>),
}
