//! The transaction queue: duties that are persisted before they are sent and forgotten only when the chain shows
//! them done.
//!
//! A duty is not a transaction but what one is for: "period 17 is proven". Before every sending, and after every
//! restart, the chain is asked whether that is so already; so a crash at any point neither repeats a duty nor
//! forgets it. Who does what: any task calls [`TransactionQueue::enqueue`]; the one [`SendTransactions`] worker judges,
//! signs, submits and follows up. Nothing else sends with the provider's key, so at most one transaction is under
//! way at a time; the most urgent duty goes first.
use std::{
	collections::{BTreeMap, BTreeSet},
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use codec::{Decode, Encode};
use peoples_cloud_client::{
	chain::{Call, Certainty, Chain, ChainError, Head},
	format::format_ppl,
	wallet::Signer,
};
use peoples_cloud_primitives::{AgreementId, Balance, BlockNumber, ColumnIndex};
use serde::Serialize;
use tokio::sync::Notify;

use crate::{
	database::{waiting_for_disk, Changes, Database, DatabaseError, TRANSACTIONS},
	metrics::{gauge, Metrics},
	tasks::Views,
	worker::{Progress, WorkError, Worker},
};

pub mod duty;
#[cfg(test)]
mod tests;

pub use duty::{Context, Duty, Verdict};

const LOG_TARGET: &str = "storage::transactions";
/// Longest pause between two attempts, in blocks: ten minutes at 6 s.
const MAX_BACKOFF_BLOCKS: BlockNumber = 100;
/// The same where every block counts: each refusal costs a fee, each block of waiting a part of the window.
const PRESSING_BACKOFF_BLOCKS: BlockNumber = 4;
/// Blocks after which a transaction of unknown fate is held for dead although the pool counts something: subxt's
/// default mortality.
const MORTALITY_BLOCKS: BlockNumber = 64;
/// Fees of an ordinary transaction that what can wait leaves in the account: as many proofs and admissions of loss as
/// a bad window takes.
const RESERVE_FEES: Balance = 16;
/// Blocks between two looks at an account that has too little.
const POOR_BLOCKS: BlockNumber = 10;
/// Most duties kept: far above what 32 challenges, all ends of a period and a sweep of removals make.
const MAX_QUEUE: usize = 100_000;

/// Why the queue could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
	/// The database failed.
	#[error(transparent)]
	Database(#[from] DatabaseError),
	/// Too many duties wait already.
	#[error("{MAX_QUEUE} transactions wait already")]
	Full,
}

/// How far a duty has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
	/// To be judged and sent.
	#[codec(index = 0)]
	Waiting,
	/// Handed to the node when `at` was best; what became of it is not known.
	#[codec(index = 1)]
	Sent {
		/// Best block then.
		at: BlockNumber,
	},
	/// Seen in block `at`; kept until that is final.
	#[codec(index = 2)]
	Included {
		/// The block.
		at: BlockNumber,
	},
}

/// A duty in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queued {
	/// What is to be done.
	#[serde(serialize_with = "duty::serialize")]
	pub duty: Duty,
	/// How far it has come.
	pub stage: Stage,
	/// Times it was sent in vain.
	pub attempts: u32,
	/// Not looked at before this block.
	pub not_before: BlockNumber,
	/// The last failure.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub error: Option<String>,
}

/// [`Queued`] as stored.
#[derive(Encode, Decode)]
enum Stored {
	#[codec(index = 0)]
	V0 { duty: Duty, stage: Stage, attempts: u32, not_before: BlockNumber },
}

#[derive(Debug)]
struct Inner {
	database: Database,
	/// Held while an entry changes on the disk and in memory.
	writes: Mutex<()>,
	/// Never held while anything blocks.
	queued: Mutex<BTreeMap<Vec<u8>, Queued>>,
	news: Notify,
	metrics: Metrics,
}

/// The queue. Clones share it.
#[derive(Clone, Debug)]
pub struct TransactionQueue(Arc<Inner>);

impl TransactionQueue {
	/// Opens the queue in `database` with what was left in it.
	pub fn open(database: Database, metrics: Metrics) -> Result<Self, QueueError> {
		let mut queued = BTreeMap::new();
		// Keys are at most 40 bytes.
		for (key, value) in database.range(TRANSACTIONS, &[], &[0xff; 64], false, usize::MAX)? {
			match Stored::decode(&mut &value[..]) {
				Ok(Stored::V0 { duty, stage, attempts, not_before }) => {
					queued.insert(key.into_vec(), Queued { duty, stage, attempts, not_before, error: None });
				},
				// The chain's state brings back every duty that is still due.
				Err(_) => {
					tracing::warn!(target: LOG_TARGET, "an unreadable transaction record was dropped");
					let mut changes = Changes::default();
					changes.delete(TRANSACTIONS, key.into_vec());
					database.write(changes, false)?;
				},
			}
		}
		metrics.queue_length.set(gauge(queued.len()));
		let (writes, queued, news) = (Mutex::default(), Mutex::new(queued), Notify::new());
		Ok(Self(Arc::new(Inner { database, writes, queued, news, metrics })))
	}

	/// Adds a duty, unless the same is there already. Answers whether it was news. It is on the disk when this
	/// returns, and looked at from block `not_before` on.
	pub fn enqueue(&self, duty: Duty, not_before: BlockNumber) -> Result<bool, QueueError> {
		let key = duty.key();
		// Most are not news, and that can be said without waiting for anything.
		if self.knows(&key, &duty) {
			return Ok(false);
		}
		waiting_for_disk(|| {
			let _guard = self.writes();
			if self.knows(&key, &duty) {
				return Ok(false);
			}
			if self.len() >= MAX_QUEUE {
				return Err(QueueError::Full);
			}
			let entry = Queued { duty, stage: Stage::Waiting, attempts: 0, not_before, error: None };
			self.store(&key, &entry, true)?;
			tracing::debug!(target: LOG_TARGET, duty = %entry.duty, "queued");
			self.insert(key, entry);
			self.0.news.notify_one();
			Ok(true)
		})
	}

	/// Whether adding the duty would change nothing. A setting may change while it waits; what is on its way is
	/// judged again afterwards.
	fn knows(&self, key: &[u8], duty: &Duty) -> bool {
		self.queued().get(key).is_some_and(|known| known.duty == *duty || known.stage != Stage::Waiting)
	}

	fn insert(&self, key: Vec<u8>, entry: Queued) {
		let mut queued = self.queued();
		queued.insert(key, entry);
		self.0.metrics.queue_length.set(gauge(queued.len()));
	}

	/// Whether this duty is in the queue.
	pub fn contains(&self, duty: &Duty) -> bool {
		self.queued().contains_key(&duty.key())
	}

	/// Whether taking on this column is in the queue.
	pub(crate) fn is_replacing(&self, agreement: AgreementId, column: ColumnIndex) -> bool {
		self.queued().contains_key(&Duty::replacement_key(agreement, column))
	}

	/// The database that it is kept in.
	pub fn database(&self) -> &Database {
		&self.0.database
	}

	/// Duties that wait or are under way.
	pub fn len(&self) -> usize {
		self.queued().len()
	}

	/// Whether there is nothing to do.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// A snapshot, most urgent first.
	pub fn all(&self) -> Vec<Queued> {
		let mut all: Vec<Queued> = self.queued().values().cloned().collect();
		all.sort_by_key(|queued| queued.duty.urgency());
		all
	}

	fn queued(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Queued>> {
		self.0.queued.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn writes(&self) -> MutexGuard<'_, ()> {
		self.0.writes.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn store(&self, key: &[u8], entry: &Queued, durable: bool) -> Result<(), QueueError> {
		let Queued { duty, stage, attempts, not_before, .. } = entry;
		let (duty, stage, attempts, not_before) = (duty.clone(), *stage, *attempts, *not_before);
		let mut changes = Changes::default();
		changes.put(TRANSACTIONS, key.to_vec(), Stored::V0 { duty, stage, attempts, not_before }.encode());
		match self.0.database.write(changes, durable) {
			Ok(()) => Ok(()),
			// A full disk must not cost the stake: if the process dies now, the duty may be sent twice, and the
			// chain refuses the second.
			Err(error) if entry.duty.is_pressing() => {
				tracing::error!(target: LOG_TARGET, duty = %entry.duty, %error, "kept in memory only");
				Ok(())
			},
			Err(error) => Err(error.into()),
		}
	}

	/// Changes an entry, on the disk first.
	fn update(&self, key: &[u8], durable: bool, change: impl FnOnce(&mut Queued)) -> Result<(), QueueError> {
		waiting_for_disk(|| {
			let _guard = self.writes();
			let known = self.queued().get(key).cloned();
			if let Some(mut entry) = known {
				change(&mut entry);
				self.store(key, &entry, durable)?;
				self.insert(key.to_vec(), entry);
			}
			Ok(())
		})
	}

	fn remove(&self, key: &[u8]) {
		let mut changes = Changes::default();
		changes.delete(TRANSACTIONS, key.to_vec());
		let _guard = self.writes();
		if let Err(error) = self.0.database.write(changes, false) {
			// It is judged again after the next start, and found done.
			tracing::warn!(target: LOG_TARGET, %error, "a finished transaction stays on record");
		}
		let mut queued = self.queued();
		queued.remove(key);
		self.0.metrics.queue_length.set(gauge(queued.len()));
	}

	/// What to look at next with this head: the most urgent that is due, and before it what others wait for.
	fn next(
		&self,
		head: &Head,
		looked_at: &BTreeMap<Vec<u8>, Head>,
		awaited: &BTreeSet<Vec<u8>>,
	) -> Option<(Vec<u8>, Queued)> {
		self.queued()
			.iter()
			.filter(|(key, queued)| is_due(queued, head) && looked_at.get(*key) != Some(head))
			.min_by_key(|(key, queued)| {
				(!awaited.contains(*key), queued.duty.urgency(), queued.not_before, (*key).clone())
			})
			.map(|(key, queued)| (key.clone(), queued.clone()))
	}
}

fn is_due(queued: &Queued, head: &Head) -> bool {
	match queued.stage {
		Stage::Waiting => queued.not_before <= head.best,
		Stage::Sent { .. } => true,
		// Until it is final only what cannot wait for finality is looked at again: a reorganisation may drop it.
		Stage::Included { at } => head.finalised >= at || (queued.duty.is_pressing() && head.best > at),
	}
}

/// Sends what is in the queue.
pub struct SendTransactions {
	queue: TransactionQueue,
	context: Context,
	signer: Arc<Signer>,
	views: Views,
	/// Entries that were looked at with this head: nothing new can be said of them before the next one.
	looked_at: BTreeMap<Vec<u8>, Head>,
	/// Entries that another one waits for.
	awaited: BTreeSet<Vec<u8>>,
	/// Entries that wait for others: looked at anew as soon as one of those is included.
	waiting: Vec<Vec<u8>>,
	doing: String,
}

impl std::fmt::Debug for SendTransactions {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("SendTransactions").field("queue", &self.queue).finish_non_exhaustive()
	}
}

impl SendTransactions {
	/// The sender of `queue`, with the provider's key.
	pub fn new(queue: TransactionQueue, context: Context, signer: Arc<Signer>, views: Views) -> Self {
		let (looked_at, awaited) = (BTreeMap::new(), BTreeSet::new());
		Self { queue, context, signer, views, looked_at, awaited, waiting: Vec::new(), doing: String::new() }
	}

	fn chain(&self) -> &dyn Chain {
		&*self.context.chain
	}

	fn count(&self, duty: &Duty, result: &'static str) {
		self.queue.0.metrics.transaction(duty.name(), result);
	}

	/// Looks at one entry: judges it, and sends it if that is what it needs.
	async fn attend(&mut self, key: &[u8], queued: Queued, head: Head) -> Result<(), WorkError> {
		let duty = queued.duty.clone();
		let verdict = duty.judge(&self.context, &head).await?;
		match verdict {
			Verdict::Done => {
				match queued.stage {
					Stage::Included { at } if head.finalised < at => {},
					Stage::Waiting => self.queue.remove(key),
					// Done, but maybe only in a block that will not last.
					Stage::Sent { .. } if head.finalised < head.best => {
						self.queue.update(key, false, |entry| entry.stage = Stage::Included { at: head.best })?;
					},
					Stage::Sent { .. } | Stage::Included { .. } => {
						tracing::debug!(target: LOG_TARGET, %duty, "done");
						self.queue.remove(key);
					},
				}
				Ok(())
			},
			Verdict::Impossible(reason) => {
				tracing::warn!(target: LOG_TARGET, %duty, reason, "given up");
				self.count(&duty, "given_up");
				self.queue.remove(key);
				Ok(())
			},
			Verdict::Later { blocks, reason } => {
				let until = head.best.saturating_add(blocks.max(1));
				if matches!(queued.stage, Stage::Waiting) {
					self.queue.update(key, false, |entry| {
						entry.not_before = until;
						entry.error = Some(reason);
					})?;
				}
				Ok(())
			},
			Verdict::After(duties) => {
				self.waiting.push(key.to_vec());
				for first in duties {
					self.awaited.insert(first.key());
					self.queue.enqueue(first, head.best)?;
				}
				Ok(())
			},
			Verdict::Send(call) => match queued.stage {
				Stage::Waiting => match self.lacks(&duty, &call).await? {
					None => self.send(key, queued, *call, head).await,
					Some(reason) => {
						tracing::warn!(target: LOG_TARGET, %duty, reason, "waits");
						Ok(self.queue.update(key, false, |entry| {
							entry.not_before = head.best.saturating_add(POOR_BLOCKS);
							entry.error = Some(reason);
						})?)
					},
				},
				Stage::Sent { at } => self.send_again(key, queued, at, head).await,
				Stage::Included { at } => {
					// Nodes put what a reorganisation dropped back into their pool, mostly.
					tracing::info!(target: LOG_TARGET, %duty, block = at, "undone by a reorganisation");
					self.count(&duty, "reorganised");
					self.queue.update(key, true, |entry| entry.stage = Stage::Sent { at: head.best })?;
					self.send_again(key, queued, head.best, head).await
				},
			},
		}
	}

	/// What the account lacks for a transaction that can wait: it must leave enough for those that cannot.
	async fn lacks(&self, duty: &Duty, call: &Call) -> Result<Option<String>, WorkError> {
		// A withdrawal is what fills the account.
		if duty.is_pressing() || matches!(duty, Duty::Withdraw { .. }) {
			return Ok(None);
		}
		let needs = self.chain().needs(&self.signer, call).await?;
		let free = self.chain().free_balance(self.signer.account()).await?;
		// Exact enough for a graph.
		self.context.metrics.free_balance.set(free as f64);
		let wanted = needs.total().saturating_add(needs.fee.saturating_mul(RESERVE_FEES));
		Ok((free < wanted).then(|| {
			let (free, wanted) = (format_ppl(free), format_ppl(wanted));
			format!("the account has {free} free, and should have {wanted}, so that proofs can always be sent")
		}))
	}

	/// A transaction of unknown fate is not done: it waits in the pool, or is lost. Another one behind it would not
	/// be included earlier.
	async fn send_again(&mut self, key: &[u8], queued: Queued, at: BlockNumber, head: Head) -> Result<(), WorkError> {
		let waiting = self.chain().pending_transactions(self.signer.account()).await?;
		if waiting > 0 && head.best < at.saturating_add(MORTALITY_BLOCKS) {
			return Ok(());
		}
		tracing::debug!(target: LOG_TARGET, duty = %queued.duty, "not in the pool and not done: sending again");
		self.looked_at.remove(key);
		Ok(self.queue.update(key, true, |entry| entry.stage = Stage::Waiting)?)
	}

	async fn send(&mut self, key: &[u8], queued: Queued, call: Call, head: Head) -> Result<(), WorkError> {
		let duty = queued.duty;
		// On the disk before the node has it: a crash in between is looked into, not repeated.
		self.queue.update(key, true, |entry| entry.stage = Stage::Sent { at: head.best })?;
		self.doing = format!("sending: {duty}");
		tracing::debug!(target: LOG_TARGET, %duty, "sending");
		let submit = self.context.chain.submit(&self.signer, call, Certainty::Included);
		let outcome = tokio::time::timeout(self.context.submit_timeout(), submit).await;
		self.doing.clear();
		match outcome {
			Ok(Ok(inclusion)) => {
				tracing::info!(target: LOG_TARGET, %duty, block = inclusion.block, "included");
				self.count(&duty, "included");
				if self.awaited.contains(key) {
					for waiting in self.waiting.drain(..) {
						self.looked_at.remove(&waiting);
					}
				}
				Ok(self.queue.update(key, true, |entry| {
					entry.stage = Stage::Included { at: inclusion.block };
					entry.error = None;
				})?)
			},
			// Its fate is not known: it stays sent, and the next look asks the pool.
			Err(_) => {
				tracing::warn!(target: LOG_TARGET, %duty, timeout = ?self.context.submit_timeout(), "no answer in time");
				self.count(&duty, "unknown");
				Ok(())
			},
			Ok(Err(error @ ChainError::Unreachable { .. })) => {
				self.count(&duty, "unknown");
				Err(error.into())
			},
			Ok(Err(error)) => {
				tracing::warn!(target: LOG_TARGET, %duty, %error, attempt = queued.attempts + 1, "not included");
				self.count(&duty, "refused");
				let attempts = queued.attempts.saturating_add(1);
				if duty.max_attempts().is_some_and(|most| attempts >= most) {
					tracing::error!(target: LOG_TARGET, %duty, %error, attempts, "given up");
					self.count(&duty, "given_up");
					self.queue.remove(key);
					return Ok(());
				}
				let most = if duty.is_pressing() { PRESSING_BACKOFF_BLOCKS } else { MAX_BACKOFF_BLOCKS };
				let backoff = backoff_blocks(attempts).min(most);
				Ok(self.queue.update(key, true, |entry| {
					entry.stage = Stage::Waiting;
					entry.attempts = attempts;
					entry.not_before = head.best.saturating_add(backoff);
					entry.error = Some(error.to_string());
				})?)
			},
		}
	}
}

/// 1, 2, 4, ... blocks.
fn backoff_blocks(attempts: u32) -> BlockNumber {
	1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(MAX_BACKOFF_BLOCKS).clamp(1, MAX_BACKOFF_BLOCKS)
}

#[async_trait]
impl Worker for SendTransactions {
	fn name(&self) -> &'static str {
		"send_transactions"
	}

	fn status(&self) -> String {
		match (self.doing.is_empty(), self.queue.len()) {
			(false, _) => self.doing.clone(),
			(true, 0) => "idle".into(),
			(true, count) => format!("{count} duties wait"),
		}
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		// Views come after the holdings have followed the head: proofs and paths are ready then.
		let Some(head) = self.views.latest().map(|view| view.head) else { return Ok(Progress::Idle) };
		self.looked_at.retain(|_, seen| *seen == head);
		if self.looked_at.is_empty() {
			self.waiting.clear();
		}
		{
			let known = self.queue.queued();
			self.awaited.retain(|key| known.contains_key(key));
		}
		let Some((key, queued)) = self.queue.next(&head, &self.looked_at, &self.awaited) else {
			return Ok(Progress::Idle);
		};
		self.looked_at.insert(key.clone(), head);
		// One that fails is looked at again with the next head, so that it does not keep others waiting.
		self.attend(&key, queued, head).await?;
		Ok(Progress::More)
	}

	async fn wait_for_work(&mut self) {
		tokio::select! {
			() = self.queue.0.news.notified() => {},
			() = self.views.changed() => {},
		}
	}
}
