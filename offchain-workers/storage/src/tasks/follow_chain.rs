//! Brings the holdings to every new head, tells the store what became of its columns, and publishes the [`View`]
//! that all other tasks work from.
use std::collections::BTreeMap;

use async_trait::async_trait;
use peoples_cloud_client::chain::Head;
use peoples_cloud_primitives::{holdings::Leaf, BlockNumber};
use tokio::sync::watch;

use super::{Shared, View, ViewPublisher};
use crate::{
	holdings::{sync::Follower, sync::SyncError, Change, FinalChange},
	known_chain::KnownChain,
	metrics::gauge,
	store::Held,
	worker::{Progress, WorkError, Worker},
};

const LOG_TARGET: &str = "storage::follow_chain";
/// Changes handled per round: bounds the pause between two views.
const CHANGES: usize = 1_000;
/// Finalised blocks between two notes in the store of how far the chain has come: each is one synced write, and it
/// is needed only if the holdings' own is lost. A node that is less far behind than this may then be believed.
const MARK_BLOCKS: BlockNumber = 10;

/// A walk over the changes that are not final yet, in pages.
#[derive(Debug)]
struct Scan {
	/// The last change of the page before.
	after: Option<FinalChange>,
	/// The newest block when it began.
	until: BlockNumber,
	/// Nothing up to this block is unclaimed.
	claimed: BlockNumber,
	/// What [`crate::holdings::Holdings`] had undone when it began: what is undone later may lie behind us.
	undone: u64,
}

/// See the module.
#[derive(Debug)]
pub struct FollowChain {
	shared: Shared,
	follower: Follower,
	heads: watch::Receiver<Head>,
	publisher: ViewPublisher,
	/// Leaves that the store was told of, and are not final yet, by number: a reorganisation may put another in a
	/// leaf's place.
	told: BTreeMap<u64, Leaf>,
	scan: Option<Scan>,
	/// `None` until a chain was found to be the right one.
	known: Option<KnownChain>,
	/// Finalised block that the store knows.
	marked: BlockNumber,
	followed: Option<Head>,
	in_step: bool,
}

impl FollowChain {
	/// Follows the chain of `shared` and publishes to `publisher`.
	pub fn new(shared: Shared, publisher: ViewPublisher) -> Self {
		let context = &shared.context;
		let follower = Follower::new(context.chain.clone(), context.account, context.holdings.clone());
		let heads = context.chain.heads();
		Self {
			shared,
			follower,
			heads,
			publisher,
			told: BTreeMap::new(),
			scan: None,
			known: None,
			marked: 0,
			followed: None,
			in_step: false,
		}
	}

	/// Refuses a chain that cannot be the one that the data directory belongs to.
	async fn recognise(&self, head: Head) -> Result<(), WorkError> {
		let genesis = self.shared.context.chain.genesis();
		if let Some(known) = self.known {
			return Ok(known.check(genesis, head.finalised)?);
		}
		let noted = self.shared.blocking(|shared| {
			Ok::<_, WorkError>([shared.context.holdings.known_chain()?, shared.store.known_chain()?])
		});
		noted.await?.into_iter().flatten().try_for_each(|known| Ok(known.check(genesis, head.finalised)?))
	}

	/// Notes how far the chain has come.
	async fn remember(&mut self, head: Head) -> Result<(), WorkError> {
		let known = KnownChain { genesis: self.shared.context.chain.genesis(), finalised: head.finalised };
		if self.known == Some(known) {
			return Ok(());
		}
		let mark = self.known.is_none() || head.finalised >= self.marked.saturating_add(MARK_BLOCKS);
		let noted = self.shared.blocking(move |shared| {
			shared.context.holdings.set_known_chain(known)?;
			if mark {
				shared.store.set_known_chain(known)?;
			}
			Ok::<_, WorkError>(())
		});
		noted.await?;
		self.known = Some(known);
		if mark {
			self.marked = head.finalised;
		}
		Ok(())
	}

	/// Tells the store about columns whose agreement opened, and about those that are final and gone. Answers whether
	/// there is more of it.
	async fn update_store(&mut self, head: Head) -> Result<bool, WorkError> {
		let full = self.claim_page(head).await?;
		let holdings = self.shared.context.holdings.clone();
		for change in holdings.changes_until(head.finalised, CHANGES)? {
			match change.change {
				Change::Appended { number } => {
					// It is tried again with the next head.
					if self.unclaimed(number)?.is_some() {
						continue;
					}
					self.told.remove(&number);
				},
				Change::Removed { leaf, .. } => self.release(leaf, false).await?,
				Change::Dropped { leaf } => self.release(leaf, true).await?,
			}
			holdings.forget(&change)?;
		}
		Ok(full)
	}

	/// Claims one page of what is not final. Answers whether there is another.
	async fn claim_page(&mut self, head: Head) -> Result<bool, WorkError> {
		let holdings = self.shared.context.holdings.clone();
		let undone = holdings.undone();
		let going_on = self.scan.take().filter(|scan| scan.undone == undone);
		let mut scan = going_on.unwrap_or(Scan { after: None, until: head.best, claimed: head.best, undone });
		let changes = holdings.changes_after(scan.after.as_ref(), scan.until, CHANGES)?;
		for change in &changes {
			let Change::Appended { number } = change.change else { continue };
			let Some(leaf) = self.unclaimed(number)? else { continue };
			if self.claim(number, leaf).await? {
				self.told.insert(number, leaf);
			} else {
				scan.claimed = scan.claimed.min(change.block.saturating_sub(1));
			}
		}
		if changes.len() == CHANGES {
			scan.after = changes.into_iter().last();
			self.scan = Some(scan);
			return Ok(true);
		}
		self.shared.claims.set(|claimed| claimed.block = scan.claimed);
		Ok(false)
	}

	/// The live leaf of this number, if the store has not been told of it.
	fn unclaimed(&self, number: u64) -> Result<Option<Leaf>, WorkError> {
		let record = self.shared.context.holdings.record(number)?;
		let leaf = record.and_then(|record| record.leaf.filter(|_| record.live));
		Ok(leaf.filter(|leaf| self.told.get(&number) != Some(leaf)))
	}

	/// Tells the store what a column is held for. Answers false if the chain has no such agreement at this moment:
	/// the node may have changed its mind since.
	async fn claim(&self, number: u64, leaf: Leaf) -> Result<bool, WorkError> {
		let Some(agreement) = self.shared.context.chain.agreement(leaf.agreement).await? else {
			tracing::debug!(target: LOG_TARGET, agreement = leaf.agreement, leaf = number, "no such agreement yet");
			return Ok(false);
		};
		let (client, held) = (agreement.client, Held { agreement: leaf.agreement, object: agreement.object });
		let found = self.shared.blocking(move |shared| shared.store.mark_held(&leaf.root, held, &client));
		if found.await? {
			tracing::info!(target: LOG_TARGET, agreement = leaf.agreement, leaf = number, chunks = leaf.chunks, "column held");
		} else {
			tracing::error!(target: LOG_TARGET, agreement = leaf.agreement, leaf = number, "a column that is owed is not in the store");
		}
		Ok(true)
	}

	/// A leaf is gone for good: removed, or in a block that was undone. Its upload can be used again only then.
	async fn release(&mut self, leaf: Leaf, undone: bool) -> Result<(), WorkError> {
		if self.shared.context.holdings.holds(&leaf)? {
			return Ok(());
		}
		self.told.retain(|_, told| *told != leaf);
		let gone = self.shared.blocking(move |shared| match undone {
			true => shared.store.disown(&leaf.root, leaf.agreement),
			false => shared.store.release(&leaf.root, leaf.agreement),
		});
		if gone.await? {
			tracing::info!(target: LOG_TARGET, agreement = leaf.agreement, chunks = leaf.chunks, "column deleted");
		}
		Ok(())
	}

	fn publish(&mut self, head: Head, duty: Option<peoples_cloud_client::chain::Duty>, in_step: bool) {
		let metrics = &self.shared.context.metrics;
		metrics.best_block.set(gauge(head.best));
		metrics.finalised_block.set(gauge(head.finalised));
		metrics.in_step.set(i64::from(in_step));
		metrics.leaves.set(gauge(self.shared.context.holdings.leaves()));
		if let Some(duty) = &duty {
			metrics.chunks.set(gauge(duty.holdings.total_chunks()));
			metrics.proven.set(gauge(duty.proven));
			metrics.misses_in_row.set(gauge(duty.misses_in_row));
		}
		self.in_step = in_step;
		let rebuilds = self.shared.context.holdings.rebuilds();
		self.publisher.publish(View { head, duty, in_step, rebuilds });
	}
}

#[async_trait]
impl Worker for FollowChain {
	fn name(&self) -> &'static str {
		"follow_chain"
	}

	fn status(&self) -> String {
		let step = if self.in_step { "in step with the chain" } else { "not in step with the chain" };
		match self.followed {
			Some(head) => format!("block {} (finalised {}), holdings {step}", head.best, head.finalised),
			None => "waiting for the first block".into(),
		}
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let head = *self.heads.borrow_and_update();
		self.recognise(head).await?;
		match self.shared.context.refresh().await {
			Err(error) if error.is_retryable() => return Err(error.into()),
			// What was read before may still be true, and proofs are worth more.
			Err(error) => {
				tracing::warn!(target: LOG_TARGET, %error, "the parameters of the proof clock cannot be read")
			},
			Ok(()) => {},
		}
		match self.follower.follow(head).await {
			Ok(followed) => {
				self.followed = Some(head);
				self.publish(head, followed.duty, followed.in_step);
			},
			Err(error @ (SyncError::Chain(_) | SyncError::Interrupted)) => return Err(error.into()),
			Err(error) => {
				// The other duties go on; proofs of what does not match cannot be made.
				let duty = self.shared.context.chain.duty(self.shared.account()).await?;
				self.followed = Some(head);
				self.publish(head, duty, false);
				return Err(error.into());
			},
		}
		self.remember(head).await?;
		let full = self.update_store(head).await?;
		let newer = self.heads.has_changed().unwrap_or(false);
		Ok(if full || newer { Progress::More } else { Progress::Idle })
	}

	async fn wait_for_work(&mut self) {
		if self.heads.changed().await.is_err() {
			std::future::pending::<()>().await;
		}
	}
}

#[cfg(test)]
mod tests;
