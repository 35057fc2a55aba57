//! After a start or a rebuild: makes the store's columns and the holdings' leaves say the same.
//!
//! Normally [`super::follow_chain`] keeps them so; this repairs what the loss of either database left behind.
use async_trait::async_trait;
use peoples_cloud_primitives::{holdings::Leaf, BlockNumber, Hash32};

use super::Shared;
use crate::{
	store::Held,
	transactions::duty::owed_place,
	worker::{Progress, WorkError, Worker},
};

const LOG_TARGET: &str = "storage::match_columns";
/// Columns looked at per unit of work.
const BATCH: usize = 256;
/// Blocks for which an acknowledgement is good at most: what the chain takes, and the transfer server gives.
const VALIDITY_BLOCKS: BlockNumber = 1_200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
	/// Leaves from this number on.
	Leaves(u64),
	/// Columns after this root.
	Columns(Option<Hash32>),
	/// All done.
	Done,
}

/// See the module.
#[derive(Debug)]
pub struct MatchColumns {
	shared: Shared,
	stage: Stage,
	/// The tree that is walked, by its count of rebuilds: what was seen of another says nothing about it.
	rebuilds: Option<u64>,
	claimed: u64,
	released: u64,
	missing: u64,
}

impl MatchColumns {
	/// Works from the views of `shared`.
	pub fn new(shared: Shared) -> Self {
		Self { shared, stage: Stage::Leaves(0), rebuilds: None, claimed: 0, released: 0, missing: 0 }
	}

	/// Tells the store which agreements its columns belong to.
	async fn claim(&mut self, leaf: Leaf) -> Result<(), WorkError> {
		let record = self.shared.blocking(move |shared| shared.store.record(&leaf.root)).await?;
		if record.is_some_and(|record| record.is_held_for(leaf.agreement)) {
			return Ok(());
		}
		let Some(info) = self.shared.context.chain.agreement(leaf.agreement).await? else { return Ok(()) };
		let (client, held) = (info.client, Held { agreement: leaf.agreement, object: info.object });
		let found = self.shared.blocking(move |shared| shared.store.mark_held(&leaf.root, held, &client));
		if found.await? {
			self.claimed += 1;
		} else if owed_place(&info, self.shared.account(), &leaf.root, 0).is_some() {
			self.missing += 1;
			tracing::error!(target: LOG_TARGET, agreement = leaf.agreement, "a column that is owed is not in the store");
		}
		Ok(())
	}

	/// Releases what no leaf and no agreement on the chain speaks for. The block that opened it may have been undone.
	async fn release(&mut self, root: Hash32, agreement: u64, chunks: u64) -> Result<(), WorkError> {
		if self.shared.context.holdings.holds(&Leaf { agreement, root, chunks })? {
			return Ok(());
		}
		let info = self.shared.context.chain.agreement(agreement).await?;
		if info.is_some_and(|info| owed_place(&info, self.shared.account(), &root, 0).is_some()) {
			return Ok(());
		}
		self.shared.blocking(move |shared| shared.store.disown(&root, agreement)).await?;
		self.released += 1;
		Ok(())
	}
}

#[async_trait]
impl Worker for MatchColumns {
	fn name(&self) -> &'static str {
		"match_columns"
	}

	fn status(&self) -> String {
		let stage = match self.stage {
			Stage::Leaves(next) => format!("looking at leaf {next}"),
			Stage::Columns(_) => "looking at columns".into(),
			Stage::Done => "done".into(),
		};
		format!("{stage}; {} claimed, {} released, {} missing", self.claimed, self.released, self.missing)
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest().filter(|view| view.in_step) else { return Ok(Progress::Idle) };
		if self.rebuilds != Some(view.rebuilds) {
			(self.rebuilds, self.stage) = (Some(view.rebuilds), Stage::Leaves(0));
		}
		match self.stage {
			Stage::Done => return Ok(Progress::Idle),
			Stage::Leaves(next) => {
				let leaves = self.shared.context.holdings.live_from(next, BATCH)?;
				self.stage = match leaves.last() {
					Some((last, _)) => Stage::Leaves(last + 1),
					None => Stage::Columns(None),
				};
				for (_, leaf) in leaves {
					self.claim(leaf).await?;
				}
			},
			Stage::Columns(after) => {
				let page = self.shared.blocking(move |shared| shared.store.columns(after.as_ref(), BATCH)).await?;
				self.stage = match page.last() {
					Some((root, _)) => Stage::Columns(Some(*root)),
					None => {
						self.shared.claims.set(|claimed| claimed.rebuilds = Some(view.rebuilds));
						Stage::Done
					},
				};
				for (root, record) in page {
					for held in &record.held {
						self.release(root, held.agreement, record.chunks).await?;
					}
					if record.is_adopted() {
						// What it was acknowledged for is not known, so it is kept as long as anything may be.
						let until = view.head.best.saturating_add(VALIDITY_BLOCKS);
						self.shared.blocking(move |shared| shared.store.keep_adopted_until(&root, until)).await?;
					}
				}
			},
		}
		Ok(Progress::More)
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}

#[cfg(test)]
mod tests;
