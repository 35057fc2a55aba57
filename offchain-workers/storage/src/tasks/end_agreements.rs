//! Ends what is over: removes leaves that are owed no longer, since they stay challenged until then, and settles
//! agreements that have ended, since their room stays committed until then.
use async_trait::async_trait;
use peoples_cloud_client::chain::{AgreementInfo, ColumnState};
use peoples_cloud_primitives::{holdings::Leaf, AgreementId, BlockNumber, Period};

use super::{Shared, View};
use crate::{
	transactions::{
		duty::{owed_place, removable_as_of},
		Duty,
	},
	worker::{Progress, WorkError, Worker},
};

/// Leaves looked at per round: one read each.
const LEAVES: usize = 64;
/// Duties in the queue beyond which no removals are added: each is judged anew with every few blocks. What is due
/// stays due.
const QUEUED: usize = 128;
/// Periods between two looks at everything that the chain keeps under our name.
const SWEEP_PERIODS: Period = 24;

/// See the module.
#[derive(Debug)]
pub struct EndAgreements {
	shared: Shared,
	sweep: Period,
	removed: u64,
	settled: u64,
}

impl EndAgreements {
	/// Works from the views of `shared`.
	pub fn new(shared: Shared) -> Self {
		Self { shared, sweep: 0, removed: 0, settled: 0 }
	}

	/// Decides about one leaf that may be over as of `as_of`.
	async fn look_at(
		&mut self,
		view: &View,
		(unresolved, as_of): (Period, Period),
		number: u64,
		leaf: Leaf,
	) -> Result<(), WorkError> {
		let me = self.shared.account();
		let info = self.shared.context.chain.agreement(leaf.agreement).await?;
		if let Some(column) =
			info.as_ref().and_then(|info| owed_place(info, me, &leaf.root, as_of).map(|at| (info, at)))
		{
			let (info, at) = column;
			let end = info.columns.get(usize::from(at)).map_or(as_of, |column| column.end);
			return Ok(self.shared.context.holdings.set_due(number, end)?);
		}
		if self.shared.queue.enqueue(Duty::RemoveLeaf { number }, view.head.best)? {
			self.removed += 1;
		}
		if let Some(info) = info {
			self.settle(&info, unresolved, view.head.best)?;
		}
		// Should the removal fail for good, it is found again next period.
		Ok(self.shared.context.holdings.set_due(number, as_of.saturating_add(1))?)
	}

	/// Queues the settlement of an agreement that has ended. Its providers take turns, half a period apart.
	fn settle(&mut self, info: &AgreementInfo, unresolved: Period, best: BlockNumber) -> Result<(), WorkError> {
		let me = self.shared.account();
		let mut holders = info.columns.iter().filter(|column| column.state == ColumnState::Held);
		let Some(turn) = holders.position(|column| column.provider == me && column.end <= unresolved) else {
			return Ok(());
		};
		let pause = (self.shared.context.period_blocks() / 2).max(1);
		let turn = BlockNumber::try_from(turn).unwrap_or(BlockNumber::MAX);
		let from = best.saturating_add(turn.saturating_mul(pause));
		if self.shared.queue.enqueue(Duty::Settle { agreement: info.id }, from)? {
			self.settled += 1;
		}
		Ok(())
	}

	/// Finds agreements under our name whose leaf is gone already: a settlement that failed for good, or one that
	/// was due when the database was lost.
	async fn sweep(&mut self, unresolved: Period, best: BlockNumber) -> Result<(), WorkError> {
		let context = self.shared.context.clone();
		for (id, _) in context.chain.columns_of(context.account).await? {
			if context.holdings.numbers_of(id)?.is_empty() {
				self.sweep_one(id, unresolved, best).await?;
			}
		}
		Ok(())
	}

	async fn sweep_one(&mut self, id: AgreementId, unresolved: Period, best: BlockNumber) -> Result<(), WorkError> {
		if let Some(info) = self.shared.context.chain.agreement(id).await? {
			self.settle(&info, unresolved, best)?;
		}
		Ok(())
	}
}

#[async_trait]
impl Worker for EndAgreements {
	fn name(&self) -> &'static str {
		"end_agreements"
	}

	fn status(&self) -> String {
		format!("{} removals and {} settlements queued", self.removed, self.settled)
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest() else { return Ok(Progress::Idle) };
		let Some(duty) = view.duty.as_ref().filter(|_| view.in_step) else { return Ok(Progress::Idle) };
		let unresolved = duty.first_unresolved;
		if unresolved >= self.sweep {
			self.sweep(unresolved, view.head.best).await?;
			self.sweep = unresolved.saturating_add(SWEEP_PERIODS);
		}
		if self.shared.queue.len() >= QUEUED {
			return Ok(Progress::Idle);
		}
		let as_of = removable_as_of(unresolved, view.head.best, self.shared.context.period_blocks());
		let due = self.shared.context.holdings.due(as_of, LEAVES)?;
		let count = due.len();
		for (number, leaf) in due {
			self.look_at(&view, (unresolved, as_of), number, leaf).await?;
		}
		Ok(if count == LEAVES { Progress::More } else { Progress::Idle })
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}
