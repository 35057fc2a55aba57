//! Signs, sends and follows transactions.
//!
//! One transaction of a signer is under way at a time: until it is in a block, others of that signer wait. Each
//! is mortal, so that one that nobody includes is certainly dead after [`MORTAL_BLOCKS`], and a caller that was
//! told so may send again. If the connection is lost meanwhile, the chain is searched for the transaction until
//! it is found or dead.
use std::{
	collections::HashMap,
	sync::{Arc, Mutex, PoisonError},
	time::Duration,
};

use peoples_cloud_primitives::{AccountBytes, Balance, BlockNumber};
use subxt::{
	config::DefaultExtrinsicParamsBuilder,
	error::{ArithmeticError, DispatchError, TokenError},
	events::Phase,
	rpcs::{client::RpcSubscription, methods::legacy::TransactionStatus, Error as TransportError, UserError},
	transactions::{TransactionInvalid, ValidationResult},
	utils::H256,
};
use tokio::{
	sync::{watch, Mutex as AsyncMutex},
	time::timeout,
};

use super::{
	calls,
	connection::{AtBlock, Config, Connection, Hash},
	events::{self, Outcome},
};
use crate::{
	chain::{Call, Certainty, ChainError, Head, Inclusion},
	wallet::Signer,
};

/// Blocks that a transaction lives: a power of two; some minutes in production, a minute on a fast local chain.
const MORTAL_BLOCKS: u32 = 64;
/// A finalised block at most this far behind is what a transaction's life is counted from; when finality lags
/// more, the best block is, lest the transaction be born old.
const MAX_FINALITY_LAG: u32 = MORTAL_BLOCKS / 4;
/// Blocks past its life after which a transaction that was not found is given up, finality or not: deeper
/// reorganisations of the best chain do not happen in practice.
const CERTAIN_DEATH: u32 = 16;
/// How much higher a fee may be when a transaction is sent than when it was asked for: full blocks double it within
/// three days, and an upload takes hours at most.
const FEE_MARGIN: Balance = 2;
/// Attempts with a fresh nonce, when another program uses the account at the same time.
const ATTEMPTS: usize = 4;
/// Longest time without a new block before a followed transaction's fate is called unknown.
const SILENCE: Duration = Duration::from_secs(90);
/// Longest time that the head watcher may lag behind a block that we know of.
const WATCHER_LAG: Duration = Duration::from_secs(10);

/// JSON-RPC error codes of `author_submitAndWatchExtrinsic`: sc-rpc-api's `author::error`.
mod code {
	/// The runtime calls it invalid.
	pub(super) const INVALID: i32 = 1010;
	/// Banned for a while: it was tried and failed just before.
	pub(super) const BANNED: i32 = 1012;
	/// The pool has it.
	pub(super) const IMPORTED: i32 = 1013;
	/// The pool has another with this nonce.
	pub(super) const LOW_PRIORITY: i32 = 1014;
	/// The pool is full.
	pub(super) const DROPPED: i32 = 1016;
}

/// What became of one attempt to send.
enum Sent {
	/// In the pool, followed.
	Followed(RpcSubscription<TransactionStatus<H256>>),
	/// Perhaps in the pool.
	Unknown,
	/// Not in the pool: the nonce was used meanwhile.
	NonceUsed,
}

/// A signed transaction.
struct Signed {
	bytes: Vec<u8>,
	/// First block that may contain it.
	from: BlockNumber,
	/// Last block that may contain it.
	until: BlockNumber,
}

/// Sends transactions.
#[derive(Debug)]
pub(super) struct Submitter {
	connection: Arc<Connection>,
	heads: watch::Receiver<Head>,
	/// One lock a signer; a process has few.
	lanes: Mutex<HashMap<AccountBytes, Arc<AsyncMutex<()>>>>,
}

impl Submitter {
	pub(super) fn new(connection: Arc<Connection>, heads: watch::Receiver<Head>) -> Self {
		Self { connection, heads, lanes: Mutex::default() }
	}

	/// Signs, sends and follows a transaction.
	pub(super) async fn submit(
		&self,
		signer: &Signer,
		call: &Call,
		certainty: Certainty,
	) -> Result<Inclusion, ChainError> {
		let lane = {
			let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
			lanes.entry(signer.account()).or_default().clone()
		};
		let in_lane = lane.lock().await;
		let (signed, mut statuses) = self.send(signer, call).await?;
		let hash = match &mut statuses {
			Some(statuses) => self.follow(statuses, Certainty::Included, signed.until).await?,
			None => None,
		};
		let (mut number, mut hash) = match hash {
			Some(hash) => (self.number(hash).await?, hash),
			None => {
				statuses = None;
				self.search(&signed).await?
			},
		};
		self.catch_up(number).await;
		drop(in_lane);
		if certainty == Certainty::Finalised {
			// The block of inclusion may be retracted, and another include it.
			let finalised = match &mut statuses {
				Some(statuses) => self.follow(statuses, certainty, BlockNumber::MAX).await?,
				None => None,
			};
			(number, hash) = match finalised {
				Some(hash) => (self.number(hash).await?, hash),
				None => self.search_final(&signed).await?,
			};
		}
		self.connection.within(self.outcome(signer, call, &signed, number, hash)).await
	}

	/// Signs and sends, with a new nonce where another program was faster.
	async fn send(
		&self,
		signer: &Signer,
		call: &Call,
	) -> Result<(Signed, Option<RpcSubscription<TransactionStatus<H256>>>), ChainError> {
		let mut heads = self.heads.clone();
		for _ in 0..ATTEMPTS {
			let head = *heads.borrow_and_update();
			let attempt = async {
				let at = self.connection.at(head.best, head.best_hash).await?;
				let signed = self.sign(&at, head, signer, call).await?;
				let sent = match self.validate(&at, &signed, signer, call).await? {
					true => self.send_once(&signed, signer, call).await?,
					false => Sent::NonceUsed,
				};
				Ok((signed, sent))
			};
			match self.connection.within(attempt).await? {
				(signed, Sent::Followed(statuses)) => return Ok((signed, Some(statuses))),
				(signed, Sent::Unknown) => return Ok((signed, None)),
				(_, Sent::NonceUsed) => {
					// The next block tells the nonce.
					let _ = timeout(SILENCE, heads.changed()).await;
				},
			}
		}
		Err(ChainError::NotIncluded("another program uses the account at the same time".into()))
	}

	/// Planck of a call's fee, if it is sent soon: twice what it is now.
	pub(super) async fn fee(&self, at: &AtBlock, signer: &Signer, call: &Call) -> Result<Balance, ChainError> {
		let head = *self.heads.borrow();
		let Signed { bytes, .. } = self.sign(at, head, signer, call).await?;
		let fee =
			at.tx().from_bytes(bytes).partial_fee_estimate().await.map_err(|error| self.connection.error(error))?;
		Ok(fee.saturating_mul(FEE_MARGIN))
	}

	async fn sign(&self, at: &AtBlock, head: Head, signer: &Signer, call: &Call) -> Result<Signed, ChainError> {
		let nonce = self.connection.next_index(signer.account()).await?;
		let lag = head.best.saturating_sub(head.finalised);
		let birth = if lag <= MAX_FINALITY_LAG { head.finalised } else { head.best };
		let missing = || ChainError::Incompatible(format!("the node knows no block {birth}"));
		let birth_hash = self.connection.block_hash(birth).await?.ok_or_else(missing)?;
		let params = DefaultExtrinsicParamsBuilder::<Config>::new()
			.nonce(nonce)
			.mortal_from_unchecked(MORTAL_BLOCKS.into(), birth.into(), H256(birth_hash))
			.build();
		let bytes = calls::sign(at, call, signer, params).map_err(|error| self.connection.error(error))?;
		// An era of this length is not rounded: it starts at `birth` and is over `MORTAL_BLOCKS` later.
		Ok(Signed { bytes, from: birth.saturating_add(1), until: birth.saturating_add(MORTAL_BLOCKS) })
	}

	/// Whether the runtime would take it now; `false` if its nonce is used. Tells better than the pool why not.
	async fn validate(&self, at: &AtBlock, signed: &Signed, signer: &Signer, call: &Call) -> Result<bool, ChainError> {
		let transaction = at.tx().from_bytes(signed.bytes.clone());
		let refused = |error: String| Err(ChainError::Refused { call: calls::name(call).into(), error });
		match transaction.validate().await.map_err(|error| self.connection.error(error))? {
			ValidationResult::Valid(_) => Ok(true),
			ValidationResult::Invalid(TransactionInvalid::Payment) => {
				Err(ChainError::NoFunds { account: signer.ss58() })
			},
			ValidationResult::Invalid(TransactionInvalid::Stale) => Ok(false),
			ValidationResult::Invalid(TransactionInvalid::ExhaustsResources) => {
				Err(ChainError::NotIncluded("it does not fit into a block now".into()))
			},
			ValidationResult::Invalid(reason) => refused(format!("the transaction is invalid: {reason:?}")),
			ValidationResult::Unknown(reason) => refused(format!("the transaction cannot be judged: {reason:?}")),
		}
	}

	async fn send_once(&self, signed: &Signed, signer: &Signer, call: &Call) -> Result<Sent, ChainError> {
		let error = match self.connection.rpc().author_submit_and_watch_extrinsic(&signed.bytes).await {
			Ok(statuses) => return Ok(Sent::Followed(statuses)),
			Err(TransportError::User(error)) => error,
			// It may have arrived, or arrive when the connection is back.
			Err(_) => return Ok(Sent::Unknown),
		};
		let reason = describe(&error);
		match error.code {
			code::IMPORTED => Ok(Sent::Unknown),
			code::LOW_PRIORITY => Ok(Sent::NonceUsed),
			code::BANNED | code::DROPPED => Err(ChainError::NotIncluded(reason)),
			code::INVALID if reason.contains("pay some fees") => Err(ChainError::NoFunds { account: signer.ss58() }),
			code::INVALID if reason.contains("outdated") => Ok(Sent::NonceUsed),
			_ => Err(ChainError::Refused { call: calls::name(call).into(), error: reason }),
		}
	}

	/// Follows the pool's reports until the transaction is as certain as asked; `None` if they end before that, or
	/// if none came until block `until`.
	async fn follow(
		&self,
		statuses: &mut RpcSubscription<TransactionStatus<H256>>,
		certainty: Certainty,
		until: BlockNumber,
	) -> Result<Option<Hash>, ChainError> {
		let mut heads = self.heads.clone();
		loop {
			let status = tokio::select! {
				status = statuses.next() => status,
				// As long as blocks come there is hope for a report.
				silent = timeout(SILENCE, heads.changed()) => match silent {
					Ok(Ok(())) if heads.borrow().best <= until => continue,
					_ => return Ok(None),
				},
			};
			let gone = |reason: &str| Err(ChainError::NotIncluded(reason.into()));
			match status {
				Some(Ok(TransactionStatus::InBlock(hash))) if certainty == Certainty::Included => {
					return Ok(Some(hash))
				},
				Some(Ok(TransactionStatus::Finalized(hash))) => return Ok(Some(hash)),
				Some(Ok(TransactionStatus::Dropped)) => return gone("the node's pool is full"),
				Some(Ok(TransactionStatus::Usurped(_))) => {
					return gone("another transaction of the account took its place")
				},
				Some(Ok(TransactionStatus::Invalid)) => return gone("it became invalid while it waited"),
				Some(Ok(
					TransactionStatus::Future
					| TransactionStatus::Ready
					| TransactionStatus::Broadcast(_)
					| TransactionStatus::InBlock(_)
					| TransactionStatus::Retracted(_),
				)) => {},
				// Included, but finality lags; or the connection is lost.
				Some(Ok(TransactionStatus::FinalityTimeout(_)) | Err(_)) | None => return Ok(None),
			}
		}
	}

	/// Searches the best chain for the transaction until it is found or dead.
	async fn search(&self, signed: &Signed) -> Result<(BlockNumber, Hash), ChainError> {
		let mut heads = self.heads.clone();
		let mut from = signed.from;
		loop {
			let head = *heads.borrow_and_update();
			for number in from..=head.best.min(signed.until) {
				let found = self.connection.within(self.find(signed, number)).await?;
				if let Some((_, hash)) = found {
					return Ok((number, hash));
				}
			}
			if head.finalised >= signed.until || head.best >= signed.until.saturating_add(CERTAIN_DEATH) {
				return Err(ChainError::NotIncluded("it waited too long".into()));
			}
			// What is final need not be searched again.
			from = from.max(head.finalised.saturating_add(1));
			self.next_head(&mut heads).await?;
		}
	}

	/// Searches the finalised chain for the transaction until it is found or dead.
	async fn search_final(&self, signed: &Signed) -> Result<(BlockNumber, Hash), ChainError> {
		let mut heads = self.heads.clone();
		loop {
			let (number, hash) = self.search(signed).await?;
			while heads.borrow_and_update().finalised < number {
				self.next_head(&mut heads).await?;
			}
			if self.connection.within(self.connection.block_hash(number)).await? == Some(hash.0) {
				return Ok((number, hash));
			}
		}
	}

	async fn next_head(&self, heads: &mut watch::Receiver<Head>) -> Result<(), ChainError> {
		match timeout(SILENCE, heads.changed()).await {
			Ok(Ok(())) => Ok(()),
			_ => Err(ChainError::Unreachable {
				url: self.connection.url().into(),
				reason: format!(
					"no block for {} seconds; whether the transaction got through is unknown",
					SILENCE.as_secs()
				),
			}),
		}
	}

	/// The transaction's place in block `number` of the best chain, if it is there, and the block's hash.
	async fn find(&self, signed: &Signed, number: BlockNumber) -> Result<Option<(u32, Hash)>, ChainError> {
		let Some(hash) = self.connection.block_hash(number).await? else { return Ok(None) };
		let hash = H256(hash);
		Ok(self.place(signed, hash).await?.map(|index| (index, hash)))
	}

	async fn place(&self, signed: &Signed, hash: Hash) -> Result<Option<u32>, ChainError> {
		let block =
			self.connection.rpc().chain_get_block(Some(hash)).await.map_err(|error| self.connection.error(error))?;
		let position =
			block.and_then(|details| details.block.extrinsics.iter().position(|bytes| bytes.0 == signed.bytes));
		Ok(position.and_then(|index| u32::try_from(index).ok()))
	}

	async fn number(&self, hash: Hash) -> Result<BlockNumber, ChainError> {
		self.connection
			.within(async {
				let header = self.connection.rpc().chain_get_header(Some(hash)).await;
				let header = header.map_err(|error| self.connection.error(error))?;
				let number = header.and_then(|header| BlockNumber::try_from(header.number).ok());
				number.ok_or_else(|| ChainError::Incompatible("the node forgot a block that it just reported".into()))
			})
			.await
	}

	/// Waits until readers see block `number`, so that they see what the transaction did.
	async fn catch_up(&self, number: BlockNumber) {
		let mut heads = self.heads.clone();
		// Only ever late by the time between two subscriptions' messages.
		let _ = timeout(WATCHER_LAG, heads.wait_for(|head| head.best >= number)).await;
	}

	/// What the transaction did in that block.
	async fn outcome(
		&self,
		signer: &Signer,
		call: &Call,
		signed: &Signed,
		number: BlockNumber,
		hash: Hash,
	) -> Result<Inclusion, ChainError> {
		let missing = || ChainError::NotIncluded("the block that included it was abandoned".into());
		let index = self.place(signed, hash).await?.ok_or_else(missing)?;
		let at = self.connection.at(number, hash.0).await?;
		let all = at.events().fetch().await.map_err(|error| self.connection.error(error))?;
		let mut outcome = Outcome::default();
		for event in all.iter() {
			let event = event.map_err(|error| self.connection.error(error))?;
			if event.phase() != Phase::ApplyExtrinsic(index) {
				continue;
			}
			if (event.pallet_name(), event.event_name()) == ("System", "ExtrinsicFailed") {
				let error = DispatchError::decode_from(event.field_bytes(), at.metadata())
					.map_err(|error| ChainError::Incompatible(error.to_string()))?;
				return Err(refusal(signer, call, error));
			}
			events::note(call, &event, &mut outcome).map_err(|error| self.connection.error(error))?;
		}
		let Outcome { agreement, amount } = outcome;
		Ok(Inclusion { block: number, block_hash: hash.0, agreement, amount })
	}
}

/// The pool's reason in full.
fn describe(error: &UserError) -> String {
	match &error.data {
		Some(data) => format!("{}: {}", error.message, data.get().trim_matches('"')),
		None => error.message.clone(),
	}
}

/// Whether a call takes money from its sender, its fee aside.
fn spends(call: &Call) -> bool {
	matches!(
		call,
		Call::Transfer { .. }
			| Call::OpenStorage { .. }
			| Call::Extend { .. }
			| Call::RegisterProvider { .. }
			| Call::RegisterWithOffer { .. }
			| Call::BondMore(_)
	)
}

/// The runtime's reason, with the documentation of pallets' errors.
fn refusal(signer: &Signer, call: &Call, error: DispatchError) -> ChainError {
	let poor = || ChainError::NoFunds { account: signer.ss58() };
	let error = match error {
		DispatchError::Token(TokenError::FundsUnavailable | TokenError::NotExpendable) => return poor(),
		// What balances say of more than there is.
		DispatchError::Arithmetic(ArithmeticError::Underflow) if spends(call) => return poor(),
		DispatchError::Module(module) => match module.details() {
			Ok(details) => {
				let (pallet, name) = (details.pallet.name(), &details.variant.name);
				if pallet == "Balances" && name == "InsufficientBalance" {
					return poor();
				}
				let docs = details.variant.docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
				match docs.trim() {
					"" => format!("{pallet}::{name}"),
					docs => format!("{pallet}::{name}: {docs}"),
				}
			},
			Err(_) => module.to_string(),
		},
		error => error.to_string(),
	};
	ChainError::Refused { call: calls::name(call).into(), error }
}
