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
	/// Acknowledged uploads whose agreement has shown up, until it can no longer be undone.
	pub claimed: Vec<Claimed>,
}

/// An acknowledged upload that an agreement has used.
///
/// The block that opened the agreement may still be undone, and its transaction included again by another, under
/// another number: the column has to outlive that, as long as the acknowledgement is good for anything.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Claimed {
	/// The agreement.
	pub agreement: AgreementId,
	/// The upload.
	pub upload: Pending,
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

impl Pending {
	/// What stands for the unknown upload of a column that was found beside a new index: somebody may still open an
	/// agreement over it. No client has this account, so that none ever claims it.
	pub(crate) fn unknown(valid_until: BlockNumber) -> Self {
		let (client, nonce) = (AccountBytes::default(), IntentNonce::default());
		Self { client, nonce, valid_until, price: 0, peer: Vec::new(), object: None }
	}

	/// Whether it stands for an unknown upload whose end has not been set yet.
	fn is_endless(&self) -> bool {
		*self == Self::unknown(BlockNumber::MAX)
	}
}

impl Record {
	/// Whether it was found beside a new index, and nobody has said yet until when it is kept.
	pub fn is_adopted(&self) -> bool {
		self.pending.iter().any(Pending::is_endless)
	}

	/// Sets the end of an adopted column's unknown upload.
	pub(crate) fn keep_adopted_until(&mut self, valid_until: BlockNumber) {
		for pending in self.pending.iter_mut().filter(|pending| pending.is_endless()) {
			pending.valid_until = valid_until;
		}
	}

	/// Notes that an agreement of `client` uses the column, in place of the client's upload of it.
	pub(crate) fn claim(&mut self, held: Held, client: &AccountBytes) {
		if self.is_held_for(held.agreement) {
			return;
		}
		// Prefer the upload whose manifest this is, else the oldest.
		let mine = || (0..).zip(&self.pending).filter(|(_, pending)| pending.client == *client);
		let chosen = mine().find(|(_, pending)| pending.object == Some(held.object));
		let chosen: Option<usize> =
			chosen.or_else(|| mine().min_by_key(|(_, pending)| pending.valid_until)).map(|(at, _)| at);
		if let Some(at) = chosen {
			// A manifest that the agreement does not name is of no use to anybody.
			let upload = Pending { object: Some(held.object), ..self.pending.remove(at) };
			self.claimed.push(Claimed { agreement: held.agreement, upload });
		}
		self.held.push(held);
	}

	/// The agreement is over, and what it has used up is used up.
	pub(crate) fn release(&mut self, agreement: AgreementId) {
		self.held.retain(|held| held.agreement != agreement);
		self.claimed.retain(|claimed| claimed.agreement != agreement);
	}

	/// The agreement was never opened: its upload waits again.
	pub(crate) fn disown(&mut self, agreement: AgreementId) {
		self.held.retain(|held| held.agreement != agreement);
		let (undone, claimed) =
			std::mem::take(&mut self.claimed).into_iter().partition(|claimed| claimed.agreement == agreement);
		self.claimed = claimed;
		let undone: Vec<Claimed> = undone;
		self.pending.extend(undone.into_iter().map(|claimed| claimed.upload));
	}

	/// All uploads, claimed or not.
	pub(crate) fn uploads(&self) -> impl Iterator<Item = &Pending> {
		self.pending.iter().chain(self.claimed.iter().map(|claimed| &claimed.upload))
	}

	/// Forgets an upload. The agreement that has claimed it stays.
	pub(crate) fn forget_upload(&mut self, client: &AccountBytes, nonce: &IntentNonce) {
		let other = |pending: &Pending| pending.client != *client || pending.nonce != *nonce;
		self.pending.retain(other);
		self.claimed.retain(|claimed| other(&claimed.upload));
	}

	/// Whether nothing speaks for keeping it.
	pub fn is_unreferenced(&self) -> bool {
		self.held.is_empty() && self.pending.is_empty()
	}

	/// Whether it is held for this agreement.
	pub fn is_held_for(&self, agreement: AgreementId) -> bool {
		self.held.iter().any(|held| held.agreement == agreement)
	}

	/// The objects whose manifests are kept with it. Those of claimed uploads are the agreements'.
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
