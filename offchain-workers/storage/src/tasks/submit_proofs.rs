//! Sees to it that every challenge is answered.
use async_trait::async_trait;

use super::Shared;
use crate::{
	transactions::Duty,
	worker::{Progress, WorkError, Worker},
};

/// See the module.
#[derive(Debug)]
pub struct SubmitProofs {
	shared: Shared,
	misses: u32,
	doing: String,
}

impl SubmitProofs {
	/// Works from the views of `shared`.
	pub fn new(shared: Shared) -> Self {
		Self { shared, misses: 0, doing: "waiting for the first challenge".into() }
	}
}

#[async_trait]
impl Worker for SubmitProofs {
	fn name(&self) -> &'static str {
		"submit_proofs"
	}

	fn status(&self) -> String {
		self.doing.clone()
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest() else { return Ok(Progress::Idle) };
		let Some(duty) = &view.duty else { return Ok(Progress::Idle) };
		if duty.misses_in_row > self.misses {
			let in_row = duty.misses_in_row;
			tracing::error!(target: "storage::submit_proofs", in_row, "a period was missed, or too little was shown");
		}
		self.misses = duty.misses_in_row;
		self.doing = format!(
			"{} periods proven; next slot: period {}, block {}",
			duty.proven, duty.first_unresolved, duty.slot_block
		);
		if duty.behind {
			// After a long absence that nobody reported: no proof is taken before this.
			let period = duty.first_unresolved;
			let advance = Duty::Advance { provider: self.shared.account(), period };
			if self.shared.queue.enqueue(advance, view.head.best)? {
				tracing::warn!(target: "storage::submit_proofs", period, "many periods are over and unresolved");
			}
		}
		if let Some(challenge) = &duty.challenge {
			// Who holds nothing owes nothing.
			if challenge.holdings.total_chunks() > 0 {
				let prove = Duty::Prove { period: challenge.period };
				if self.shared.queue.enqueue(prove, view.head.best)? {
					tracing::debug!(
						target: "storage::submit_proofs", period = challenge.period, slot = challenge.slot_block,
						blocks_left = challenge.blocks_left, "challenged"
					);
				}
			}
		}
		Ok(Progress::Idle)
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}
