//! Frees the columns of terminated providers for repair.
use async_trait::async_trait;
use peoples_cloud_client::chain::ColumnState;
use peoples_cloud_primitives::BlockNumber;

use super::{lot, Shared};
use crate::{
	transactions::Duty,
	worker::{Progress, WorkError, Worker},
};

/// Columns marked per look: one transaction each, so that a large provider's end does not fill our queue.
const COLUMNS: usize = 32;
/// Blocks over which providers take turns at a column.
const TURN_BLOCKS: u64 = 16;

/// See the module.
#[derive(Debug)]
pub struct MarkLost {
	shared: Shared,
	next: BlockNumber,
	marked: u64,
}

impl MarkLost {
	/// Works from the views of `shared`.
	pub fn new(shared: Shared) -> Self {
		Self { shared, next: 0, marked: 0 }
	}
}

#[async_trait]
impl Worker for MarkLost {
	fn name(&self) -> &'static str {
		"mark_lost"
	}

	fn status(&self) -> String {
		format!("{} columns of terminated providers queued", self.marked)
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest() else { return Ok(Progress::Idle) };
		let best = view.head.best;
		if best < self.next {
			return Ok(Progress::Idle);
		}
		let context = &self.shared.context;
		self.next = best.saturating_add((context.period_blocks() / 4).clamp(2, 50));
		let mut budget = COLUMNS;
		for provider in context.chain.providers().await? {
			if provider.standing != "terminated" || provider.account == context.account {
				continue;
			}
			for (agreement, column) in context.chain.columns_of(provider.account).await? {
				if budget == 0 {
					return Ok(Progress::Idle);
				}
				let Some(info) = context.chain.agreement(agreement).await? else { continue };
				let place = info.columns.get(usize::from(column));
				if !place.is_some_and(|place| place.state == ColumnState::Held && place.provider == provider.account) {
					continue;
				}
				let parts: [&[u8]; 3] = [&context.account, &agreement.to_le_bytes(), &column.to_le_bytes()];
				let turn = lot("peoples-cloud 2026 mark turn", &parts) % TURN_BLOCKS;
				let from = best.saturating_add(BlockNumber::try_from(turn).unwrap_or(0));
				if self.shared.queue.enqueue(Duty::MarkLost { agreement, column }, from)? {
					self.marked += 1;
				}
				budget -= 1;
			}
		}
		Ok(Progress::Idle)
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}
