//! What the daemons and the command line need of the chain, as a trait with plain types.
//!
//! [`crate::node::NodeChain`] implements it over a node's JSON-RPC. Workers take `Arc<dyn Chain>`, so that
//! they can be tested without a node.
use async_trait::async_trait;
use peoples_cloud_primitives::{
	holdings::{Commitment, Leaf, Node},
	storage_proof::StorageProof,
	terms::Acknowledgement,
	AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32, Period,
};
use tokio::sync::watch;

use crate::format::format_ppl;

/// A block, as far as readers care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
	/// Newest block of the best chain.
	pub best: BlockNumber,
	/// Its hash.
	pub best_hash: Hash32,
	/// Newest finalised block.
	pub finalised: BlockNumber,
}

/// The proof clock's parameters; see `docs/storage.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofParams {
	/// Length of a period in blocks.
	pub period_blocks: BlockNumber,
	/// Length of the answer window in blocks with room.
	pub window_blocks: BlockNumber,
	/// Chunks asked for per period.
	pub challenges: u32,
}

/// A provider as the chain knows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProviderInfo {
	/// Account.
	#[serde(serialize_with = "crate::format::account")]
	pub account: AccountBytes,
	/// libp2p peer id, binary.
	#[serde(serialize_with = "crate::format::peer_id")]
	pub peer_id: Vec<u8>,
	/// Multiaddresses, binary.
	#[serde(skip)]
	pub addresses: Vec<Vec<u8>>,
	/// Label of who runs it: clients place one column per operator.
	pub operator: String,
	/// Where it is.
	pub region: String,
	/// Bonded stake in planck.
	#[serde(serialize_with = "crate::format::planck")]
	pub bonded: Balance,
	/// Whether new work may be given to it.
	pub active: bool,
	/// `active`, `paused`, `suspended`, `leaving` or `terminated`.
	pub standing: String,
	/// The storage offer, if any.
	pub offer: Option<Offer>,
	/// 1 KiB chunks committed.
	pub committed_chunks: u64,
	/// Reputation for storage in parts per million; 500,000 without evidence.
	pub score_ppm: u32,
}

/// A provider's storage offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Offer {
	/// Planck per GiB and period.
	#[serde(serialize_with = "crate::format::planck")]
	pub price: Balance,
	/// 1 KiB chunks offered in all.
	pub capacity_chunks: u64,
	/// Shortest agreement in periods.
	pub min_duration: u32,
	/// Longest agreement in periods.
	pub max_duration: u32,
}

/// Where a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnState {
	/// Its provider owes it.
	Held,
	/// Lost, and not yet placed elsewhere.
	Lost,
}

/// A column of an agreement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ColumnInfo {
	/// Who holds it, or lost it.
	#[serde(serialize_with = "crate::format::account")]
	pub provider: AccountBytes,
	/// BLAKE3 hash.
	#[serde(serialize_with = "crate::format::hex")]
	pub root: Hash32,
	/// Leaf number in the provider's holdings.
	pub leaf: u64,
	/// Planck per period.
	#[serde(serialize_with = "crate::format::planck")]
	pub rate: Balance,
	/// Most planck per period that its client agreed to: what an extension locks.
	#[serde(serialize_with = "crate::format::planck")]
	pub max_rate: Balance,
	/// First paid period.
	pub start: Period,
	/// First period that is no longer paid.
	pub end: Period,
	/// Held or lost.
	pub state: ColumnState,
}

/// An agreement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AgreementInfo {
	/// Number.
	pub id: AgreementId,
	/// Who pays.
	#[serde(serialize_with = "crate::format::account")]
	pub client: AccountBytes,
	/// BLAKE3 hash of the manifest: the object's id.
	#[serde(serialize_with = "crate::format::hex")]
	pub object: Hash32,
	/// Columns that restore the object.
	pub k: u16,
	/// Length of each column in 1 KiB chunks.
	pub chunks: u64,
	/// First period that is no longer paid.
	pub end: Period,
	/// The client asked to close it early.
	pub closing: bool,
	/// The columns.
	pub columns: Vec<ColumnInfo>,
	/// Planck locked when it was opened and extended, less what was refunded.
	#[serde(serialize_with = "crate::format::planck")]
	pub locked: Balance,
	/// Planck that its providers have earned from it so far.
	#[serde(serialize_with = "crate::format::planck")]
	pub earned: Balance,
}

/// A provider's open challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
	/// Period it is for.
	pub period: Period,
	/// Block that fixed it.
	pub slot_block: BlockNumber,
	/// Seed of the positions.
	pub seed: Hash32,
	/// Chunks that it asks for: those of a challenge from before a change of the parameters are not today's.
	pub challenges: u32,
	/// The holdings that are challenged.
	pub holdings: Commitment,
	/// Blocks with room that are left to answer, as of the block read.
	pub blocks_left: u32,
}

/// Where a provider stands with its proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
	/// First period not yet proven, missed or excused.
	pub first_unresolved: Period,
	/// Current commitment.
	pub holdings: Commitment,
	/// Periods missed or stale in a row.
	pub misses_in_row: u32,
	/// Periods proven in all.
	pub proven: u32,
	/// Block of the slot of `first_unresolved`.
	pub slot_block: BlockNumber,
	/// The challenge for `first_unresolved`, if its slot has come and its window is open.
	pub challenge: Option<Challenge>,
	/// The time of `first_unresolved` is over: it was missed, or it is excused.
	pub overdue: bool,
	/// It was missed and can be reported. What is overdue and not reportable can only be passed over, by
	/// [`Call::Advance`].
	pub reportable: bool,
	/// More periods are over than other transactions resolve on their way: [`Call::Advance`] must come first.
	pub behind: bool,
}

/// A lost column that waits for a new provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostColumn {
	/// Agreement.
	pub agreement: AgreementId,
	/// Its place there.
	pub column: ColumnIndex,
}

/// A transaction of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
	/// Registers the signer as a provider.
	RegisterProvider {
		/// libp2p peer id, binary.
		peer_id: Vec<u8>,
		/// Multiaddresses, binary.
		addresses: Vec<Vec<u8>>,
		/// Operator label.
		operator: String,
		/// Region label.
		region: String,
		/// Planck to bond.
		bond: Balance,
	},
	/// Registers the signer as a provider and sets its storage offer: both, or neither.
	RegisterWithOffer {
		/// libp2p peer id, binary.
		peer_id: Vec<u8>,
		/// Multiaddresses, binary.
		addresses: Vec<Vec<u8>>,
		/// Operator label.
		operator: String,
		/// Region label.
		region: String,
		/// Planck to bond.
		bond: Balance,
		/// The offer.
		offer: Offer,
	},
	/// Changes the signer's addresses.
	UpdateAddresses {
		/// libp2p peer id, binary.
		peer_id: Vec<u8>,
		/// Multiaddresses, binary.
		addresses: Vec<Vec<u8>>,
	},
	/// Changes the signer's labels.
	UpdateLabels {
		/// Operator label.
		operator: String,
		/// Region label.
		region: String,
	},
	/// Sets the signer's storage offer.
	SetOffer(Offer),
	/// Bonds more.
	BondMore(Balance),
	/// Stops taking work on.
	Pause,
	/// Takes work on again.
	Resume,
	/// Leaves the register; the bond starts to unbond.
	Leave,
	/// Collects unbonded stake.
	WithdrawUnbonded,
	/// Pays the signer's earnings out.
	Withdraw,
	/// Opens an agreement.
	OpenStorage {
		/// Manifest id.
		object: Hash32,
		/// Erasure codec.
		codec: u8,
		/// Columns that restore the object.
		k: u16,
		/// Acknowledgements with their sr25519 signatures, column by column.
		acknowledgements: Vec<(Acknowledgement, [u8; 64])>,
		/// Most planck to lock.
		max_price: Balance,
	},
	/// Adds periods to an agreement.
	Extend {
		/// Agreement.
		agreement: AgreementId,
		/// Periods to add.
		periods: u32,
		/// Most planck to lock in addition.
		max_price: Balance,
	},
	/// Ends an agreement early.
	Close(AgreementId),
	/// Settles an agreement that has ended.
	Settle(AgreementId),
	/// The signer lost its column of this agreement.
	DeclareLost(AgreementId, ColumnIndex),
	/// The column's provider was terminated.
	MarkLost(AgreementId, ColumnIndex),
	/// Places a lost column anew.
	ReplaceColumn {
		/// Agreement.
		agreement: AgreementId,
		/// Its place there.
		column: ColumnIndex,
		/// The new provider's acknowledgement and signature.
		acknowledgement: (Acknowledgement, [u8; 64]),
	},
	/// Answers a challenge.
	Prove {
		/// Who was challenged.
		provider: AccountBytes,
		/// For which period.
		period: Period,
		/// The answers.
		proof: StorageProof,
	},
	/// Reports a missed period.
	ReportMissed {
		/// Who missed it.
		provider: AccountBytes,
		/// Which period.
		period: Period,
	},
	/// Resolves a provider's periods whose time is over.
	Advance {
		/// Whose.
		provider: AccountBytes,
	},
	/// Zeroes a leaf that is no longer owed.
	RemoveLeaf {
		/// Whose leaf.
		provider: AccountBytes,
		/// Its number.
		number: u64,
		/// The leaf.
		leaf: Leaf,
		/// Siblings up to its peak.
		path: Vec<Node>,
	},
	/// Sends money.
	Transfer {
		/// To whom.
		to: AccountBytes,
		/// Planck.
		amount: Balance,
	},
}

impl Call {
	/// Planck that it takes from its sender's free money at most, fee and deposit aside.
	pub fn amount(&self) -> Balance {
		match self {
			Self::RegisterProvider { bond, .. } | Self::RegisterWithOffer { bond, .. } => *bond,
			Self::BondMore(amount) | Self::Transfer { amount, .. } => *amount,
			Self::OpenStorage { max_price, .. } | Self::Extend { max_price, .. } => *max_price,
			_ => 0,
		}
	}
}

/// What a transaction needs of its sender's free money, part by part, in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
	/// What the call itself takes: [`Call::amount`].
	pub amount: Balance,
	/// Held for a record on the chain, and given back with it.
	pub deposit: Balance,
	/// The fee at most: more than it is now, since it may rise until the transaction is sent.
	pub fee: Balance,
	/// What every account keeps.
	pub existential_deposit: Balance,
}

impl Needs {
	/// All parts.
	pub fn total(&self) -> Balance {
		self.amount.saturating_add(self.overhead())
	}

	/// All parts but the amount.
	pub fn overhead(&self) -> Balance {
		self.deposit.saturating_add(self.fee).saturating_add(self.existential_deposit)
	}
}

impl std::fmt::Display for Needs {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		let Self { amount, deposit, fee, existential_deposit } = *self;
		write!(f, "{} for the amount", format_ppl(amount))?;
		if deposit > 0 {
			write!(f, ", {} as a deposit", format_ppl(deposit))?;
		}
		write!(
			f,
			", up to {} as the fee, {} that every account keeps",
			format_ppl(fee),
			format_ppl(existential_deposit)
		)
	}
}

/// Where a transaction ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inclusion {
	/// The block.
	pub block: BlockNumber,
	/// Its hash.
	pub block_hash: Hash32,
	/// For [`Call::OpenStorage`]: the agreement's number.
	pub agreement: Option<AgreementId>,
	/// For [`Call::OpenStorage`], [`Call::Extend`]: planck locked; [`Call::Close`], [`Call::Settle`]: planck
	/// refunded; [`Call::Withdraw`]: planck paid out.
	pub amount: Option<Balance>,
}

/// How sure a caller wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
	/// In a block of the best chain.
	Included,
	/// In a finalised block.
	Finalised,
}

/// Something of interest to daemons that happened in a block of the best chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
	/// An agreement was opened.
	AgreementOpened {
		/// Agreement.
		agreement: AgreementId,
		/// Manifest id.
		object: Hash32,
	},
	/// A column was placed anew.
	ColumnReplaced {
		/// Agreement.
		agreement: AgreementId,
		/// Its place there.
		column: ColumnIndex,
		/// Who has it now.
		provider: AccountBytes,
	},
	/// A column was lost.
	ColumnLost {
		/// Agreement.
		agreement: AgreementId,
		/// Its place there.
		column: ColumnIndex,
		/// Who lost it.
		provider: AccountBytes,
		/// Planck taken from its stake for that.
		slashed: Balance,
	},
	/// An agreement was settled and forgotten.
	AgreementEnded {
		/// Agreement.
		agreement: AgreementId,
		/// Planck that its providers earned.
		earned: Balance,
		/// Planck refunded at settlement.
		refunded: Balance,
	},
	/// A period was proven.
	Proven {
		/// By whom.
		provider: AccountBytes,
		/// Which.
		period: Period,
	},
	/// A period's challenge was answered, but for the most part by columns that are not owed any more: it is not
	/// paid, and counts in the streak of misses.
	Stale {
		/// By whom.
		provider: AccountBytes,
		/// Which.
		period: Period,
	},
	/// A period was missed.
	Missed {
		/// By whom.
		provider: AccountBytes,
		/// Which.
		period: Period,
		/// Planck slashed.
		slashed: Balance,
	},
	/// A provider was terminated.
	Terminated {
		/// Who.
		provider: AccountBytes,
	},
	/// The client closed an agreement early: its columns end sooner than agreed.
	AgreementClosing {
		/// Agreement.
		agreement: AgreementId,
		/// Planck refunded at once.
		refunded: Balance,
	},
	/// Earnings were paid out.
	Withdrawn {
		/// To whom.
		account: AccountBytes,
		/// Planck.
		amount: Balance,
	},
	/// A leaf was appended to a provider's holdings.
	LeafAppended {
		/// Whose holdings.
		provider: AccountBytes,
		/// The leaf's number.
		number: u64,
		/// The leaf.
		leaf: Leaf,
	},
	/// A leaf of a provider's holdings was zeroed.
	LeafRemoved {
		/// Whose holdings.
		provider: AccountBytes,
		/// The leaf's number.
		number: u64,
	},
}

/// A leaf of a provider's holdings whose agreement the chain still keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainLeaf {
	/// Its number in the holdings.
	pub number: u64,
	/// The leaf.
	pub leaf: Leaf,
	/// Its column's place within the agreement.
	pub column: ColumnIndex,
	/// First period that is no longer paid.
	pub end: Period,
	/// Owed, or lost and not yet placed elsewhere.
	pub state: ColumnState,
}

/// Why the chain could not be asked or did not agree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
	/// No node answers.
	#[error("the node at {url} cannot be reached ({reason}); is it running, and is --url right?")]
	Unreachable {
		/// The node's URL.
		url: String,
		/// What the transport said.
		reason: String,
	},
	/// The runtime refused the call: `Pallet::Error` by name, and its documentation.
	#[error("the chain refused {call}: {error}")]
	Refused {
		/// The call.
		call: String,
		/// `Pallet::Error: documentation`.
		error: String,
	},
	/// The account cannot pay the fee or the amount.
	#[error("the account {account} has too little money for this; send it PPL first")]
	NoFunds {
		/// SS58 address.
		account: String,
	},
	/// The account cannot pay the fee or the amount: known before anything was sent.
	#[error("this needs {} ({needs}), and the account {account} has {}; send it PPL first", format_ppl(needs.total()), format_ppl(*free))]
	TooLittleMoney {
		/// SS58 address.
		account: String,
		/// What is needed.
		needs: Needs,
		/// Free planck there are.
		free: Balance,
	},
	/// The transaction was dropped, expired or replaced before inclusion: nothing happened.
	#[error("the transaction was not included ({0}); try again")]
	NotIncluded(String),
	/// The node runs another chain or an unknown runtime.
	#[error("the node speaks another protocol than this program ({0}); use matching versions")]
	Incompatible(String),
}

impl ChainError {
	/// Whether the same request may succeed later without a change.
	pub fn is_retryable(&self) -> bool {
		matches!(self, Self::Unreachable { .. } | Self::NotIncluded(_))
	}
}

/// The chain, as the workers see it. Reads are of the best block unless they say otherwise.
#[async_trait]
pub trait Chain: Send + Sync + 'static {
	/// Genesis hash.
	fn genesis(&self) -> Hash32;
	/// The newest head, updated as blocks come; survives lost connections.
	fn heads(&self) -> watch::Receiver<Head>;
	/// Proof parameters.
	async fn proof_params(&self) -> Result<ProofParams, ChainError>;
	/// Milliseconds between slots.
	async fn slot_millis(&self) -> Result<u64, ChainError>;
	/// Free planck of an account.
	async fn free_balance(&self, account: AccountBytes) -> Result<Balance, ChainError>;
	/// What a transaction of this signer would need of its free money. Only the call's length and kind matter for
	/// what is beside the amount: signatures in it need not be good.
	async fn needs(&self, signer: &crate::wallet::Signer, call: &Call) -> Result<Needs, ChainError>;
	/// Planck that an account has earned and not withdrawn.
	async fn earnings(&self, account: AccountBytes) -> Result<Balance, ChainError>;
	/// A provider, if registered.
	async fn provider(&self, account: AccountBytes) -> Result<Option<ProviderInfo>, ChainError>;
	/// All providers.
	async fn providers(&self) -> Result<Vec<ProviderInfo>, ChainError>;
	/// Where a provider stands with its proofs; `None` if it never held anything, or has left.
	async fn duty(&self, provider: AccountBytes) -> Result<Option<Duty>, ChainError>;
	/// An agreement, unless it was settled.
	async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementInfo>, ChainError>;
	/// Open agreements of a client.
	async fn agreements_of(&self, client: AccountBytes) -> Result<Vec<AgreementInfo>, ChainError>;
	/// Open agreements over an object, oldest first.
	async fn agreements_by_object(&self, object: Hash32) -> Result<Vec<AgreementInfo>, ChainError>;
	/// Columns that a provider owes: agreement and place there.
	async fn columns_of(&self, provider: AccountBytes) -> Result<Vec<(AgreementId, ColumnIndex)>, ChainError>;
	/// The leaves behind [`Chain::columns_of`]: what a provider rebuilds its holdings from. Two reads of the
	/// chain may fall into different blocks, so a caller checks the result against [`Chain::duty`].
	async fn leaves_of(&self, provider: AccountBytes) -> Result<Vec<ChainLeaf>, ChainError> {
		let mut leaves = Vec::new();
		for (id, column) in self.columns_of(provider).await? {
			let Some(agreement) = self.agreement(id).await? else { continue };
			let Some(info) = agreement.columns.get(usize::from(column)) else { continue };
			if info.provider != provider {
				continue;
			}
			leaves.push(ChainLeaf {
				number: info.leaf,
				leaf: Leaf { agreement: id, root: info.root, chunks: agreement.chunks },
				column,
				end: info.end,
				state: info.state,
			});
		}
		Ok(leaves)
	}
	/// Transactions of an account that wait in the node's pool: its next index with the pool
	/// (`system_accountNextIndex`) less its nonce in the best block. Zero means that nothing of it is under way.
	async fn pending_transactions(&self, account: AccountBytes) -> Result<u32, ChainError>;
	/// Columns that wait for a new provider.
	async fn lost_columns(&self) -> Result<Vec<LostColumn>, ChainError>;
	/// Our events in block `number` of the best chain.
	async fn events(&self, number: BlockNumber) -> Result<Vec<Event>, ChainError>;
	/// Signs, submits and follows a transaction until it is as certain as asked. One transaction of a
	/// signer is under way at a time; the chain's refusal is an error, and so is a drop.
	async fn submit(
		&self,
		signer: &crate::wallet::Signer,
		call: Call,
		certainty: Certainty,
	) -> Result<Inclusion, ChainError>;
}

/// Fails unless a signer has what a transaction needs: a call that is refused for want of money costs its fee.
pub async fn ensure_funds(chain: &dyn Chain, signer: &crate::wallet::Signer, call: &Call) -> Result<(), ChainError> {
	let needs = chain.needs(signer, call).await?;
	let free = chain.free_balance(signer.account()).await?;
	match free < needs.total() {
		true => Err(ChainError::TooLittleMoney { account: signer.ss58(), needs, free }),
		false => Ok(()),
	}
}
