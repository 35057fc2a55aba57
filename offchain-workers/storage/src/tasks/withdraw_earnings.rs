//! Pays earnings out once they are worth a transaction.
use async_trait::async_trait;
use peoples_cloud_client::format::format_ppl;
use peoples_cloud_primitives::{Balance, BlockNumber};

use super::Shared;
use crate::{
	transactions::Duty,
	worker::{Progress, WorkError, Worker},
};

/// See the module.
#[derive(Debug)]
pub struct WithdrawEarnings {
	shared: Shared,
	at_least: Balance,
	next: BlockNumber,
	earnings: Balance,
}

impl WithdrawEarnings {
	/// Withdraws whenever at least `at_least` planck have been earned.
	pub fn new(shared: Shared, at_least: Balance) -> Self {
		Self { shared, at_least: at_least.max(1), next: 0, earnings: 0 }
	}
}

#[async_trait]
impl Worker for WithdrawEarnings {
	fn name(&self) -> &'static str {
		"withdraw_earnings"
	}

	fn status(&self) -> String {
		format!("{} earned and not withdrawn; paid out from {}", format_ppl(self.earnings), format_ppl(self.at_least))
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest() else { return Ok(Progress::Idle) };
		let best = view.head.best;
		if best < self.next {
			return Ok(Progress::Idle);
		}
		// Earnings change once a period.
		self.next = best.saturating_add((self.shared.context.period_blocks() / 2).max(1));
		self.earnings = self.shared.context.chain.earnings(self.shared.account()).await?;
		// Exact enough for a graph.
		self.shared.context.metrics.earnings.set(self.earnings as f64);
		let free = self.shared.context.chain.free_balance(self.shared.account()).await?;
		self.shared.context.metrics.free_balance.set(free as f64);
		if self.earnings >= self.at_least {
			self.shared.queue.enqueue(Duty::Withdraw { at_least: self.at_least }, best)?;
		}
		Ok(Progress::Idle)
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}
