//! Brings the holdings to every new head, tells the store what became of its columns, and publishes the [`View`]
//! that all other tasks work from.
use std::collections::BTreeSet;

use async_trait::async_trait;
use peoples_cloud_client::chain::Head;
use peoples_cloud_primitives::holdings::Leaf;
use tokio::sync::watch;

use super::{Shared, View, ViewPublisher};
use crate::{
	holdings::{sync::Follower, sync::SyncError, Change},
	metrics::gauge,
	store::Held,
	worker::{Progress, WorkError, Worker},
};

const LOG_TARGET: &str = "storage::follow_chain";
/// Changes handled per round: bounds the pause between two views.
const CHANGES: usize = 1_000;

/// See the module.
#[derive(Debug)]
pub struct FollowChain {
	shared: Shared,
	follower: Follower,
	heads: watch::Receiver<Head>,
	publisher: ViewPublisher,
	/// Leaves that the store was told of, and are not final yet.
	told: BTreeSet<u64>,
	followed: Option<Head>,
	in_step: bool,
}

impl FollowChain {
	/// Follows the chain of `shared` and publishes to `publisher`.
	pub fn new(shared: Shared, publisher: ViewPublisher) -> Self {
		let context = &shared.context;
		let follower = Follower::new(context.chain.clone(), context.account, context.holdings.clone());
		let heads = context.chain.heads();
		Self { shared, follower, heads, publisher, told: BTreeSet::new(), followed: None, in_step: false }
	}

	/// Tells the store about columns whose agreement opened, and about those that are final and gone.
	async fn update_store(&mut self, head: Head) -> Result<bool, WorkError> {
		let holdings = self.shared.context.holdings.clone();
		let changes = holdings.changes_until(head.best, CHANGES)?;
		let full = changes.len() == CHANGES;
		for change in &changes {
			if let Change::Appended { number } = change.change {
				if !self.told.contains(&number) {
					let leaf = holdings.record(number)?.and_then(|record| record.leaf.filter(|_| record.live));
					if let Some(leaf) = leaf {
						self.claim(number, leaf).await?;
					}
					self.told.insert(number);
				}
			}
		}
		for change in holdings.changes_until(head.finalised, CHANGES)? {
			match change.change {
				Change::Appended { number } => {
					self.told.remove(&number);
				},
				Change::Removed { leaf, .. } | Change::Dropped { leaf } => self.release(leaf).await?,
			}
			holdings.forget(&change)?;
		}
		Ok(full)
	}

	async fn claim(&self, number: u64, leaf: Leaf) -> Result<(), WorkError> {
		let Some(agreement) = self.shared.context.chain.agreement(leaf.agreement).await? else { return Ok(()) };
		let (client, held) = (agreement.client, Held { agreement: leaf.agreement, object: agreement.object });
		let found = self.shared.blocking(move |shared| shared.store.mark_held(&leaf.root, held, &client));
		if found.await? {
			tracing::info!(target: LOG_TARGET, agreement = leaf.agreement, leaf = number, chunks = leaf.chunks, "column held");
		} else {
			tracing::error!(target: LOG_TARGET, agreement = leaf.agreement, leaf = number, "a column that is owed is not in the store");
		}
		Ok(())
	}

	async fn release(&self, leaf: Leaf) -> Result<(), WorkError> {
		if self.shared.context.holdings.holds(&leaf)? {
			return Ok(());
		}
		if self.shared.blocking(move |shared| shared.store.release(&leaf.root, leaf.agreement)).await? {
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
		let full = self.update_store(head).await?;
		if !full {
			self.shared.claims.set(|claimed| claimed.block = head.best);
		}
		let newer = self.heads.has_changed().unwrap_or(false);
		Ok(if full || newer { Progress::More } else { Progress::Idle })
	}

	async fn wait_for_work(&mut self) {
		if self.heads.changed().await.is_err() {
			std::future::pending::<()>().await;
		}
	}
}
