//! Reports other providers' missed periods: the chain learns of them only when somebody says so. Where a period is
//! excused, and nobody earns anything by saying so, it gets the provider past it all the same: behind it misses may wait
//! that can still be reported, and agreements to be settled.
//!
//! One read per provider and period, just after its window. Reporters take turns by lot, so that one transaction
//! is sent and not one per provider.
use std::collections::BTreeMap;

use async_trait::async_trait;
use peoples_cloud_client::chain::Duty as ChainDuty;
use peoples_cloud_primitives::{challenge, AccountBytes, BlockNumber, Period};

use super::{lot, Shared};
use crate::{
	transactions::Duty,
	worker::{Progress, WorkError, Worker},
};

/// Most blocks that a reporter waits for others: the reward is shared out fairly, and the report still comes soon.
const MAX_TURN_BLOCKS: u64 = 12;
/// Providers asked about per head: bounds the node's load when many are due at once.
const READS: usize = 64;

/// Periods after which a provider is helped past an excused period: its own next proof does that for nothing.
const PATIENCE_PERIODS: BlockNumber = 2;

/// Blocks that a report may take before it is looked after.
const REPORT_BLOCKS: BlockNumber = 4;

#[derive(Debug)]
struct Watched {
	/// Asked about again in this block.
	next: BlockNumber,
	/// The overdue period that was seen at the last look.
	overdue: Option<Period>,
}

/// See the module.
#[derive(Debug)]
pub struct ReportMissed {
	shared: Shared,
	watched: BTreeMap<AccountBytes, Watched>,
	refresh: BlockNumber,
	reported: u64,
}

impl ReportMissed {
	/// Works from the views of `shared`.
	pub fn new(shared: Shared) -> Self {
		Self { shared, watched: BTreeMap::new(), refresh: 0, reported: 0 }
	}

	/// New providers appear, others leave: looked up once a period.
	async fn refresh(&mut self, best: BlockNumber) -> Result<(), WorkError> {
		let providers = self.shared.context.chain.providers().await?;
		let me = self.shared.account();
		let mut watched = std::mem::take(&mut self.watched);
		for provider in providers {
			if provider.account != me && provider.standing != "terminated" {
				let known = watched.remove(&provider.account).unwrap_or(Watched { next: best, overdue: None });
				self.watched.insert(provider.account, known);
			}
		}
		self.refresh = best.saturating_add(self.shared.context.period_blocks());
		Ok(())
	}

	/// When to look at a provider again.
	fn next_look(&self, provider: &AccountBytes, duty: Option<&ChainDuty>, best: BlockNumber) -> BlockNumber {
		let context = &self.shared.context;
		let soon = best.saturating_add(1);
		match duty {
			None => best.saturating_add(context.period_blocks()),
			Some(duty) if duty.overdue => self.ripe_at(duty).max(soon),
			Some(duty) => {
				// Full blocks lengthen the window: blocks_left says so while it is open.
				let left = duty.challenge.as_ref().map_or(context.window_blocks(), |challenge| challenge.blocks_left);
				let slot = challenge::slot_block(provider, duty.first_unresolved, context.period_blocks());
				slot.unwrap_or(best).max(best).saturating_add(left.max(1)).max(soon)
			},
		}
	}

	/// The block from which somebody else has to do something about an overdue period.
	fn ripe_at(&self, duty: &ChainDuty) -> BlockNumber {
		match duty.reportable {
			true => 0,
			false => {
				let patience = self.shared.context.period_blocks().saturating_mul(PATIENCE_PERIODS);
				duty.slot_block.saturating_add(patience)
			},
		}
	}

	fn turn(&self, provider: &AccountBytes, period: Period) -> BlockNumber {
		let parts: [&[u8]; 3] = [&self.shared.account(), provider, &period.to_le_bytes()];
		let turn = lot("peoples-cloud 2026 report turn", &parts)
			% MAX_TURN_BLOCKS.min(u64::from(self.shared.context.period_blocks() / 2).max(1));
		BlockNumber::try_from(turn).unwrap_or(0)
	}
}

#[async_trait]
impl Worker for ReportMissed {
	fn name(&self) -> &'static str {
		"report_missed"
	}

	fn status(&self) -> String {
		format!("watching {} providers; {} missed periods seen", self.watched.len(), self.reported)
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest() else { return Ok(Progress::Idle) };
		let best = view.head.best;
		if best >= self.refresh {
			self.refresh(best).await?;
		}
		let due: Vec<AccountBytes> = self
			.watched
			.iter()
			.filter(|(_, watched)| watched.next <= best)
			.map(|(provider, _)| *provider)
			.take(READS)
			.collect();
		for provider in &due {
			let duty = self.shared.context.chain.duty(*provider).await?;
			let overdue = duty
				.as_ref()
				.filter(|duty| duty.overdue && self.ripe_at(duty) <= best)
				.map(|duty| duty.first_unresolved);
			let mut next = self.next_look(provider, duty.as_ref(), best);
			let seen = self.watched.get(provider).and_then(|watched| watched.overdue);
			if let Some(period) = overdue {
				if seen == Some(period) {
					// Our turn has come, and nobody else has done anything.
					let provider = *provider;
					if !duty.as_ref().is_some_and(|duty| duty.reportable) {
						self.shared.queue.enqueue(Duty::Advance { provider, period }, best)?;
					} else if self.shared.queue.enqueue(Duty::ReportMissed { provider, period }, best)? {
						self.reported += 1;
					}
					next = best.saturating_add(REPORT_BLOCKS);
				} else {
					next = best.saturating_add(self.turn(provider, period).max(1));
				}
			}
			self.watched.insert(*provider, Watched { next, overdue });
		}
		Ok(if due.len() == READS { Progress::More } else { Progress::Idle })
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}
