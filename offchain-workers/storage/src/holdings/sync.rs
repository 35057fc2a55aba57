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
use std::{
	sync::Arc,
	time::{Duration, Instant},
};

use peoples_cloud_client::chain::{Chain, ChainError, ChainLeaf, ColumnState, Duty, Event, Head};
use peoples_cloud_primitives::{
	holdings::{Leaf, Node},
	AccountBytes, BlockNumber,
};

use super::{forest::Forest, Holdings, LeafRecord, TreeError};

const LOG_TARGET: &str = "storage::holdings";
/// Above this many blocks a rebuild is quicker than a replay, and nodes that prune keep about as many.
const REPLAY_BLOCKS: BlockNumber = 240;
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
		let reachable = match self.holdings.synced() {
			Some(synced) if synced > head.best => self.holdings.roll_back(head.best)?,
			Some(synced) => head.best - synced <= REPLAY_BLOCKS,
			None => false,
		};
		if reachable {
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
		if reachable && self.holdings.roll_back(head.finalised.min(head.best))? && self.replay(head.best).await? {
			let (duty, in_step) = self.compare().await?;
			if in_step {
				tracing::info!(target: LOG_TARGET, block = head.best, "holdings followed a reorganisation");
				return self.done(head, duty);
			}
		}
		if self.not_before.is_some_and(|at| Instant::now() < at) {
			return Err(SyncError::Pausing);
		}
		let rebuilt = self.rebuild(head).await;
		match &rebuilt {
			Ok(_) => (self.pause, self.not_before) = (FIRST_PAUSE, None),
			Err(_) => {
				self.not_before = Some(Instant::now() + self.pause);
				self.pause = (self.pause * 2).min(MAX_PAUSE);
			},
		}
		rebuilt.map(|duty| Followed { duty, in_step: true })
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
		for block in synced.saturating_add(1)..=best {
			let events = match self.chain.events(block).await {
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

	/// Builds the tree anew from everything that is known anywhere.
	async fn rebuild(&self, head: Head) -> Result<Option<Duty>, SyncError> {
		let Some(duty) = self.chain.duty(self.account).await? else {
			let holdings = self.holdings.clone();
			blocking(move || holdings.rebuild(&[], head.best)).await?;
			return Ok(None);
		};
		let leaves = self.chain.leaves_of(self.account).await?;
		if self.chain.duty(self.account).await?.map(|duty| duty.holdings).as_ref() != Some(&duty.holdings) {
			// A block came in between: the two reads do not belong together. The next head starts anew.
			return Err(SyncError::Pausing);
		}
		tracing::info!(
			target: LOG_TARGET, leaves = duty.holdings.leaves(), owed = leaves.len(), "rebuilding the holdings tree"
		);
		let holdings = self.holdings.clone();
		let count = duty.holdings.leaves();
		let target = duty.clone();
		let mut draft = blocking(move || {
			let mut draft = Draft::new(count, holdings.known()?)?;
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
		blocking(move || holdings.rebuild(&draft.records, head.best)).await?;
		tracing::info!(target: LOG_TARGET, leaves = count, block = head.best, "the holdings tree matches the chain");
		Ok(Some(duty))
	}

	/// Reads events backwards until the peaks agree: the newest one about a leaf says what it is.
	async fn resolve_by_events(&self, draft: &mut Draft, duty: &Duty, best: BlockNumber) -> Result<(), SyncError> {
		let mut block = best;
		while !draft.wrong(duty).is_empty() && block > 0 {
			let events = match self.chain.events(block).await {
				Ok(events) => events,
				Err(error) if error.is_retryable() => return Err(error.into()),
				Err(error) => {
					tracing::warn!(target: LOG_TARGET, block, %error, "older events are not to be had");
					return Ok(());
				},
			};
			for event in events.into_iter().rev() {
				match event {
					Event::LeafAppended { provider, number, leaf } if provider == self.account => {
						draft.resolve(number, LeafRecord { leaf: Some(leaf), live: true, due: 0 })?;
					},
					Event::LeafRemoved { provider, number } if provider == self.account => {
						let leaf = draft.record(number).and_then(|record| record.leaf);
						draft.resolve(number, LeafRecord { leaf, live: false, due: 0 })?;
					},
					_ => {},
				}
			}
			block -= 1;
			if block.is_multiple_of(10_000) {
				tracing::info!(target: LOG_TARGET, block, "still looking for unknown leaves in old events");
			}
		}
		Ok(())
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

	fn set_sure(&mut self, number: u64, record: LeafRecord) {
		let Ok(number) = usize::try_from(number) else { return };
		if let (Some(slot), Some(sure)) = (self.records.get_mut(number), self.sure.get_mut(number)) {
			*slot = record;
			*sure = true;
		}
	}

	/// Notes what leaf `number` holds, unless it was removed: it is owed no longer.
	fn suggest(&mut self, number: u64, leaf: Leaf) {
		let Some(slot) = usize::try_from(number).ok().and_then(|number| self.records.get_mut(number)) else { return };
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
