//! Following the chain: what a block appended or removed, undoing what a reorganisation undid, and rebuilding the
//! tree when it is lost.
//!
//! The chain's commitment judges everything here: whatever was read, missed or guessed, the tree is in step exactly
//! when its peaks are the chain's. Four ways lead there, tried in this order:
//! 1. replay the events of the blocks since the last one that was applied;
//! 2. undo everything that is not final, and replay from there;
//! 3. rebuild from the agreements that the chain keeps, and for the leaves that it no longer knows an agreement of
//!    (settled, not yet removed) from the own tree or `holdings.log`;
//! 4. settle what is still unknown by events, backwards from the newest block until the peaks agree: needs a node
//!    that keeps old blocks' events only if everything else was lost.
//!
//! After a long absence of a provider with little to rebuild, 3 goes before 1.
use std::{
	sync::Arc,
	time::{Duration, Instant},
};

use futures::{stream, StreamExt};
use peoples_cloud_client::chain::{Chain, ChainError, ChainLeaf, ColumnState, Duty, Event, Head};
use peoples_cloud_primitives::{
	holdings::{Leaf, Node},
	AccountBytes, BlockNumber,
};

use super::{forest::Forest, Holdings, LeafRecord, TreeError};

const LOG_TARGET: &str = "storage::holdings";
/// Up to this many blocks a replay goes before a rebuild, however few leaves there are: nodes that prune keep about as
/// many. Beyond it whichever reads less of the chain goes first.
const REPLAY_BLOCKS: BlockNumber = 240;
/// Blocks whose events are asked for at a time: hides the latency, spares the node.
const PARALLEL_READS: usize = 8;
/// Attempts to read where we stand without a block coming in between: a read takes milliseconds, a block seconds.
const STANDING_READS: u32 = 5;
/// How long a read may be ahead of the head that started it.
const RACE: Duration = Duration::from_millis(200);
/// Single leaves that are tried per mountain before events are read: microseconds each.
const GUESSES: usize = 512;
/// Pause after a rebuild that failed, doubled each time up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// A rebuild reads every agreement: not more often than this when it does not help.
const MAX_PAUSE: Duration = Duration::from_secs(600);

/// Why the tree is not in step with the chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
	/// The chain cannot be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// The tree cannot be read or changed.
	#[error(transparent)]
	Tree(#[from] TreeError),
	/// Some leaves could not be found anywhere.
	#[error(
		"the holdings cannot be rebuilt: {mountains} of their trees do not match the chain; restore holdings.log, or \
		 use a node that keeps all blocks' states (--state-pruning archive)"
	)]
	Unknown {
		/// Trees that do not match.
		mountains: usize,
	},
	/// A rebuild failed a moment ago.
	#[error("the last rebuild of the holdings failed; the next is tried in a while")]
	Pausing,
	/// The process is shutting down.
	#[error("interrupted")]
	Interrupted,
}

/// Keeps [`Holdings`] in step with the chain. Belongs to one task.
pub struct Follower {
	chain: Arc<dyn Chain>,
	account: AccountBytes,
	holdings: Arc<Holdings>,
	pause: Duration,
	not_before: Option<Instant>,
}

impl std::fmt::Debug for Follower {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("Follower").field("holdings", &self.holdings).finish_non_exhaustive()
	}
}

/// What following a head led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
	/// Where the provider stands with its proofs.
	pub duty: Option<Duty>,
	/// Whether the tree is what the chain committed to. If not, a newer head has come in between.
	pub in_step: bool,
}

impl Follower {
	/// Follows `account`'s holdings on `chain`.
	pub fn new(chain: Arc<dyn Chain>, account: AccountBytes, holdings: Arc<Holdings>) -> Self {
		Self { chain, account, holdings, pause: FIRST_PAUSE, not_before: None }
	}

	/// Brings the tree to `head`.
	pub async fn follow(&mut self, head: Head) -> Result<Followed, SyncError> {
		let gap = match self.holdings.synced() {
			Some(synced) if synced > head.best => self.holdings.roll_back(head.best)?.then_some(0),
			Some(synced) => Some(head.best - synced),
			None => None,
		};
		// A rebuild reads each leaf's agreement, a replay each block's events.
		let short = gap.filter(|gap| u64::from(*gap) <= self.holdings.leaves().max(REPLAY_BLOCKS.into())).is_some();
		if short {
			self.replay(head.best).await?;
		}
		let (duty, in_step) = self.compare().await?;
		if in_step {
			return self.done(head, duty);
		}
		// The reads may be of a block that the head does not name yet.
		tokio::time::sleep(RACE).await;
		if *self.chain.heads().borrow() != head {
			return Ok(Followed { duty, in_step: false });
		}
		let (duty, in_step) = self.compare().await?;
		if in_step {
			return self.done(head, duty);
		}
		if short && self.holdings.roll_back(head.finalised.min(head.best))? && self.replay(head.best).await? {
			let (duty, in_step) = self.compare().await?;
			if in_step {
				tracing::info!(target: LOG_TARGET, block = head.best, "holdings followed a reorganisation");
				return self.done(head, duty);
			}
		}
		if self.not_before.is_some_and(|at| Instant::now() < at) {
			return Err(SyncError::Pausing);
		}
		let error = match self.rebuild().await {
			Ok(duty) => {
				(self.pause, self.not_before) = (FIRST_PAUSE, None);
				return Ok(Followed { duty, in_step: true });
			},
			Err(error) => error,
		};
		self.not_before = Some(Instant::now() + self.pause);
		self.pause = (self.pause * 2).min(MAX_PAUSE);
		// The long way, for as far as events are to be had. What it has applied need not be read again.
		let long = gap.is_some() && !short;
		if long {
			tracing::info!(target: LOG_TARGET, ?gap, %error, "the holdings cannot be rebuilt; replaying all blocks since");
			if self.replay(head.best).await? {
				let (duty, in_step) = self.compare().await?;
				if in_step {
					(self.pause, self.not_before) = (FIRST_PAUSE, None);
					return self.done(head, duty);
				}
				if *self.chain.heads().borrow() != head {
					// Blocks came meanwhile: a short way is left.
					return Ok(Followed { duty, in_step: false });
				}
			}
		}
		Err(error)
	}

	fn done(&self, head: Head, duty: Option<Duty>) -> Result<Followed, SyncError> {
		self.holdings.set_synced(head.best)?;
		Ok(Followed { duty, in_step: true })
	}

	async fn compare(&self) -> Result<(Option<Duty>, bool), SyncError> {
		let duty = self.chain.duty(self.account).await?;
		let in_step = match &duty {
			None => self.holdings.leaves() == 0,
			Some(duty) => duty.holdings.leaves() == self.holdings.leaves() && self.holdings.matches(&duty.holdings)?,
		};
		Ok((duty, in_step))
	}

	/// Applies the events of all blocks up to `best`. Answers false if they do not lead from what is known.
	async fn replay(&self, best: BlockNumber) -> Result<bool, SyncError> {
		let Some(synced) = self.holdings.synced() else { return Ok(false) };
		let chain = self.chain.clone();
		let blocks = stream::iter(synced.saturating_add(1)..=best).map(move |block| {
			let chain = chain.clone();
			async move { (block, chain.events(block).await) }
		});
		let mut blocks = std::pin::pin!(blocks.buffered(PARALLEL_READS));
		while let Some((block, events)) = blocks.next().await {
			let events = match events {
				Ok(events) => events,
				Err(error) if error.is_retryable() => return Err(error.into()),
				Err(error) => {
					tracing::debug!(target: LOG_TARGET, block, %error, "a block's events are not to be had");
					return Ok(false);
				},
			};
			for event in events {
				match self.apply(block, event) {
					Ok(()) => {},
					Err(TreeError::OutOfStep { .. } | TreeError::Incomplete(_)) => return Ok(false),
					Err(error) => return Err(error.into()),
				}
			}
			self.holdings.set_synced(block)?;
		}
		Ok(true)
	}

	fn apply(&self, block: BlockNumber, event: Event) -> Result<(), TreeError> {
		match event {
			Event::LeafAppended { provider, number, leaf } if provider == self.account => {
				self.holdings.append(number, &leaf, block)?;
			},
			Event::LeafRemoved { provider, number } if provider == self.account => {
				self.holdings.remove(number, block)?;
			},
			Event::AgreementClosing { agreement, .. }
			| Event::AgreementEnded { agreement, .. }
			| Event::ColumnLost { agreement, .. }
			| Event::ColumnReplaced { agreement, .. } => {
				for number in self.holdings.numbers_of(agreement)? {
					self.holdings.set_due(number, 0)?;
				}
			},
			_ => {},
		}
		Ok(())
	}

	/// The newest head, and where the provider stands there.
	async fn standing(&self) -> Result<(Head, Option<Duty>), SyncError> {
		for _ in 0..STANDING_READS {
			let head = *self.chain.heads().borrow();
			let duty = self.chain.duty(self.account).await?;
			if *self.chain.heads().borrow() == head {
				return Ok((head, duty));
			}
		}
		Err(SyncError::Pausing)
	}

	/// Builds the tree anew from everything that is known anywhere.
	async fn rebuild(&self) -> Result<Option<Duty>, SyncError> {
		let before = self.chain.heads().borrow().best;
		let leaves = self.chain.leaves_of(self.account).await?;
		let (head, duty) = self.standing().await?;
		let Some(duty) = duty else {
			let holdings = self.holdings.clone();
			blocking(move || holdings.rebuild(&[], head.best)).await?;
			return Ok(None);
		};
		tracing::info!(
			target: LOG_TARGET, leaves = duty.holdings.leaves(), owed = leaves.len(), "rebuilding the holdings tree"
		);
		// Many leaves take many blocks to be read, and they may change meanwhile.
		let mut meanwhile = Vec::new();
		for block in (before.saturating_add(1)..=head.best).rev() {
			meanwhile.extend(self.changes_in(block).await?.unwrap_or_default());
		}
		let holdings = self.holdings.clone();
		let count = duty.holdings.leaves();
		let target = duty.clone();
		let mut draft = blocking(move || {
			let mut draft = Draft::new(count, holdings.known()?)?;
			for (number, appended) in meanwhile {
				draft.set_sure(number, draft.changed(number, appended));
			}
			for ChainLeaf { number, leaf, end, state, .. } in leaves {
				if state == ColumnState::Held && end > target.first_unresolved {
					draft.set_sure(number, LeafRecord { leaf: Some(leaf), live: true, due: end });
				} else {
					draft.suggest(number, leaf);
				}
			}
			draft.plant()?;
			draft.guess(&target)?;
			Ok(draft)
		})
		.await?;
		self.resolve_by_events(&mut draft, &duty, head.best).await?;
		let mountains = draft.wrong(&duty).len();
		if mountains > 0 {
			return Err(SyncError::Unknown { mountains });
		}
		let holdings = self.holdings.clone();
		// Agreements may have ended after their leaves were read: those blocks' events are still to be applied, which
		// changes nothing for what is in the tree already.
		blocking(move || holdings.rebuild(&draft.records, before.min(head.best))).await?;
		tracing::info!(target: LOG_TARGET, leaves = count, block = head.best, "the holdings tree matches the chain");
		Ok(Some(duty))
	}

	/// Reads events backwards until the peaks agree: the newest one about a leaf says what it is.
	async fn resolve_by_events(&self, draft: &mut Draft, duty: &Duty, best: BlockNumber) -> Result<(), SyncError> {
		let mut block = best;
		while !draft.wrong(duty).is_empty() && block > 0 {
			let Some(changes) = self.changes_in(block).await? else { return Ok(()) };
			for (number, appended) in changes {
				draft.resolve(number, draft.changed(number, appended))?;
			}
			block -= 1;
			if block.is_multiple_of(10_000) {
				tracing::info!(target: LOG_TARGET, block, "still looking for unknown leaves in old events");
			}
		}
		Ok(())
	}

	/// What a block did to our leaves, newest first: what was appended as a number, or none if it was removed. `None`
	/// if the block's events are not to be had.
	async fn changes_in(&self, block: BlockNumber) -> Result<Option<Vec<(u64, Option<Leaf>)>>, SyncError> {
		let events = match self.chain.events(block).await {
			Ok(events) => events,
			Err(error) if error.is_retryable() => return Err(error.into()),
			Err(error) => {
				tracing::warn!(target: LOG_TARGET, block, %error, "a block's events are not to be had");
				return Ok(None);
			},
		};
		let ours = |event| match event {
			Event::LeafAppended { provider, number, leaf } if provider == self.account => Some((number, Some(leaf))),
			Event::LeafRemoved { provider, number } if provider == self.account => Some((number, None)),
			_ => None,
		};
		Ok(Some(events.into_iter().rev().filter_map(ours).collect()))
	}
}

/// A tree under reconstruction.
struct Draft {
	records: Vec<LeafRecord>,
	/// Leaves whose contents the chain or its newest event about them has told.
	sure: Vec<bool>,
	forest: Forest,
}

impl Draft {
	fn new(count: u64, known: std::collections::BTreeMap<u64, LeafRecord>) -> Result<Self, TreeError> {
		let length = usize::try_from(count).map_err(|_| TreeError::Overflow)?;
		let mut records = vec![LeafRecord::default(); length];
		for (number, record) in known {
			if let Some(slot) = usize::try_from(number).ok().and_then(|number| records.get_mut(number)) {
				*slot = LeafRecord { due: 0, ..record };
			}
		}
		Ok(Self { sure: vec![false; length], records, forest: Forest::new(Vec::new())? })
	}

	/// Takes somebody's word for a leaf, unless somebody better informed has spoken.
	fn set_sure(&mut self, number: u64, record: LeafRecord) {
		let Ok(number) = usize::try_from(number) else { return };
		if let (Some(slot), Some(sure @ false)) = (self.records.get_mut(number), self.sure.get_mut(number)) {
			*slot = record;
			*sure = true;
		}
	}

	/// Leaf `number` after it was appended, or removed.
	fn changed(&self, number: u64, appended: Option<Leaf>) -> LeafRecord {
		let leaf = appended.or_else(|| self.record(number).and_then(|record| record.leaf));
		LeafRecord { leaf, live: appended.is_some(), due: 0 }
	}

	/// Notes what leaf `number` holds, unless it was removed: it is owed no longer.
	fn suggest(&mut self, number: u64, leaf: Leaf) {
		let Ok(at) = usize::try_from(number) else { return };
		let (Some(slot), Some(false)) = (self.records.get_mut(at), self.sure.get(at)) else { return };
		let live = slot.live || slot.leaf.is_none_or(|known| known != leaf);
		*slot = LeafRecord { leaf: Some(leaf), live, due: 0 };
	}

	/// Builds the inner nodes over the records.
	fn plant(&mut self) -> Result<(), TreeError> {
		let nodes: Vec<Node> = self.records.iter().map(LeafRecord::node).collect::<Result<_, _>>()?;
		self.forest = Forest::new(nodes)?;
		Ok(())
	}

	fn record(&self, number: u64) -> Option<&LeafRecord> {
		self.records.get(usize::try_from(number).ok()?)
	}

	fn wrong(&self, duty: &Duty) -> Vec<std::ops::Range<u64>> {
		self.forest.wrong_mountains(&duty.holdings)
	}

	/// Takes an event's word for a leaf, unless a newer one has spoken.
	fn resolve(&mut self, number: u64, record: LeafRecord) -> Result<(), TreeError> {
		let Ok(at) = usize::try_from(number) else { return Ok(()) };
		if self.sure.get(at) != Some(&false) {
			return Ok(());
		}
		self.forest.set(at, record.node()?)?;
		self.set_sure(number, record);
		Ok(())
	}

	/// Tries what most often is the case when leaves were removed unseen: all that may be gone are, or one is.
	fn guess(&mut self, duty: &Duty) -> Result<(), TreeError> {
		for range in self.wrong(duty) {
			let doubtful: Vec<usize> = range
				.clone()
				.filter_map(|number| usize::try_from(number).ok())
				.filter(|at| self.sure.get(*at) == Some(&false))
				.filter(|at| self.records.get(*at).is_some_and(|record| record.leaf.is_some()))
				.collect();
			let live: Vec<usize> =
				doubtful.iter().copied().filter(|at| self.records.get(*at).is_some_and(|record| record.live)).collect();
			for at in &live {
				self.flip(*at)?;
			}
			if !self.wrong(duty).contains(&range) {
				continue;
			}
			for at in &live {
				self.flip(*at)?;
			}
			for at in doubtful.into_iter().rev().take(GUESSES) {
				self.flip(at)?;
				if !self.wrong(duty).contains(&range) {
					break;
				}
				self.flip(at)?;
			}
		}
		Ok(())
	}

	fn flip(&mut self, at: usize) -> Result<(), TreeError> {
		let Some(record) = self.records.get_mut(at) else { return Ok(()) };
		record.live = !record.live;
		let node = record.node()?;
		self.forest.set(at, node)
	}
}

async fn blocking<T: Send + 'static>(
	work: impl FnOnce() -> Result<T, TreeError> + Send + 'static,
) -> Result<T, SyncError> {
	Ok(tokio::task::spawn_blocking(work).await.map_err(|_| SyncError::Interrupted)??)
}

#[cfg(test)]
mod tests;
