//! Reads and checks every column once in an interval, so that a loss is found before a challenge finds it. A lost
//! column is rebuilt in place from the others of its object; if that cannot be done, the loss is admitted.
use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};

use async_trait::async_trait;
use peoples_cloud_primitives::{column::bytes_of, holdings::Leaf, Hash32};

use super::{rebuild::Rebuilder, Shared};
use crate::{
	prover::{Columns, Trouble},
	store::{Held, Purpose},
	transactions::{duty::owed_place, Duty},
	worker::{Progress, WorkError, Worker},
};

const LOG_TARGET: &str = "storage::scrub_columns";
/// Failed attempts to rebuild a column before its loss is admitted: others may be down for a while.
const HEAL_ATTEMPTS: u32 = 3;
/// Pause between two attempts.
const HEAL_PAUSE: Duration = Duration::from_secs(60);
/// Longest pause between two columns: a rate far below the disk's is met in small steps.
const MAX_STEP: Duration = Duration::from_secs(60);

/// How the scrub goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrubSettings {
	/// Time in which every column is read once.
	pub interval: Duration,
	/// Bytes per second that are read at most, on average over a column.
	pub bytes_per_second: u64,
	/// Rebuild a lost column before admitting the loss.
	pub heal: bool,
}

/// A column that was found to be lost.
#[derive(Clone, Copy, Debug)]
struct Sick {
	leaf: Leaf,
	attempts: u32,
	next: Instant,
}

/// See the module.
#[derive(Debug)]
pub struct ScrubColumns {
	shared: Shared,
	settings: ScrubSettings,
	rebuilder: Rebuilder,
	/// Next leaf of the running pass.
	cursor: u64,
	pass_started: Instant,
	pause: Duration,
	sick: BTreeMap<u64, Sick>,
	checked: u64,
	passes: u64,
	lost: u64,
	healed: u64,
}

impl ScrubColumns {
	/// Scrubs the columns of `shared`.
	pub fn new(shared: Shared, settings: ScrubSettings, rebuilder: Rebuilder) -> Self {
		Self {
			shared,
			settings,
			rebuilder,
			cursor: 0,
			pass_started: Instant::now(),
			pause: Duration::ZERO,
			sick: BTreeMap::new(),
			checked: 0,
			passes: 0,
			lost: 0,
			healed: 0,
		}
	}

	/// Reads one column.
	async fn check(&mut self, number: u64, leaf: Leaf) -> Result<(), WorkError> {
		let started = Instant::now();
		let store = self.shared.store.clone();
		let outcome = tokio::task::spawn_blocking(move || store.check(&leaf.root)).await?;
		let bytes = bytes_of(leaf.chunks);
		self.checked += 1;
		self.shared.context.metrics.scrubbed_bytes.inc_by(bytes);
		let least = Duration::from_secs_f64(bytes as f64 / self.settings.bytes_per_second.max(1) as f64);
		self.pause = least.saturating_sub(started.elapsed()).min(MAX_STEP);
		match outcome {
			Ok(()) => {
				self.sick.remove(&number);
			},
			Err(Trouble::Unavailable(reason)) => {
				tracing::warn!(target: LOG_TARGET, agreement = leaf.agreement, reason, "a column cannot be read now");
			},
			Err(Trouble::Lost(reason)) => {
				if !self.sick.contains_key(&number) {
					tracing::error!(target: LOG_TARGET, agreement = leaf.agreement, reason, "a column is lost");
					self.lost += 1;
					self.shared.context.metrics.columns_lost.inc();
					self.sick.insert(number, Sick { leaf, attempts: 0, next: Instant::now() });
				}
			},
		}
		Ok(())
	}

	/// Heals a lost column, or admits the loss.
	async fn treat(&mut self, number: u64, sick: Sick) -> Result<(), WorkError> {
		let leaf = sick.leaf;
		let unresolved =
			self.shared.views.latest().and_then(|view| view.duty.as_ref().map(|duty| duty.first_unresolved));
		let info = self.shared.context.chain.agreement(leaf.agreement).await?;
		let place = info.as_ref().and_then(|info| {
			owed_place(info, self.shared.account(), &leaf.root, unresolved.unwrap_or(0)).map(|column| (info, column))
		});
		let Some((info, column)) = place else {
			// Ended, or admitted by the answer to a challenge.
			self.sick.remove(&number);
			return Ok(());
		};
		if self.settings.heal && sick.attempts < HEAL_ATTEMPTS {
			let held = Held { agreement: leaf.agreement, object: info.object };
			match self.rebuilder.rebuild(&self.shared, info, column, Purpose::Held(held)).await {
				Ok(()) => {
					tracing::info!(target: LOG_TARGET, agreement = leaf.agreement, column, "a lost column was rebuilt");
					self.healed += 1;
					self.shared.context.metrics.columns_healed.inc();
					self.sick.remove(&number);
				},
				Err(error) => {
					tracing::warn!(target: LOG_TARGET, agreement = leaf.agreement, column, %error, "cannot rebuild a column");
					let attempts = sick.attempts + 1;
					self.sick.insert(number, Sick { attempts, next: Instant::now() + HEAL_PAUSE, leaf });
				},
			}
			return Ok(());
		}
		let best = self.shared.views.latest().map_or(0, |view| view.head.best);
		self.shared.queue.enqueue(Duty::DeclareLost { agreement: leaf.agreement, column }, best)?;
		self.sick.remove(&number);
		Ok(())
	}

	/// A column that was found damaged when it was read, if it is owed.
	async fn check_suspect(&mut self, root: Hash32) -> Result<(), WorkError> {
		let found = self.shared.blocking(move |shared| {
			let held = shared.store.record(&root)?.map_or_else(Vec::new, |record| record.held);
			for held in held {
				for number in shared.context.holdings.numbers_of(held.agreement)? {
					let record = shared.context.holdings.record(number)?;
					let leaf = record.and_then(|record| record.leaf.filter(|leaf| record.live && leaf.root == root));
					if let Some(leaf) = leaf {
						return Ok(Some((number, leaf)));
					}
				}
			}
			Ok::<_, WorkError>(None)
		});
		match found.await? {
			// One that is being treated is known to be damaged.
			Some((number, leaf)) if !self.sick.contains_key(&number) => self.check(number, leaf).await,
			_ => Ok(()),
		}
	}

	fn begin_pass(&mut self) {
		self.cursor = 0;
		self.pass_started = Instant::now();
	}
}

#[async_trait]
impl Worker for ScrubColumns {
	fn name(&self) -> &'static str {
		"scrub_columns"
	}

	fn status(&self) -> String {
		format!(
			"pass {}, at leaf {}; {} columns checked, {} lost, {} rebuilt",
			self.passes + 1,
			self.cursor,
			self.checked,
			self.lost,
			self.healed
		)
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		self.pause = Duration::ZERO;
		let Some(view) = self.shared.views.latest().filter(|view| view.in_step) else { return Ok(Progress::Idle) };
		let now = Instant::now();
		if let Some((number, sick)) = self.sick.iter().find(|(_, sick)| sick.next <= now).map(|(at, sick)| (*at, *sick))
		{
			self.treat(number, sick).await?;
			return Ok(Progress::More);
		}
		if let Some(root) = self.shared.store.take_suspect() {
			self.check_suspect(root).await?;
			return Ok(if self.pause.is_zero() { Progress::More } else { Progress::Idle });
		}
		if self.cursor == u64::MAX {
			// This pass is over; the next begins when its time has come.
			if self.pass_started.elapsed() < self.settings.interval {
				return Ok(Progress::Idle);
			}
			self.begin_pass();
		}
		match self.shared.context.holdings.live_from(self.cursor, 1)?.first() {
			Some((number, leaf)) => {
				self.cursor = number + 1;
				self.check(*number, *leaf).await?;
			},
			None => {
				self.passes += 1;
				self.cursor = u64::MAX;
				tracing::debug!(target: LOG_TARGET, block = view.head.best, checked = self.checked, "a scrub pass ended");
			},
		}
		Ok(if self.pause.is_zero() { Progress::More } else { Progress::Idle })
	}

	async fn wait_for_work(&mut self) {
		if self.pause.is_zero() {
			// A pass is over: look again with a new block, which is often enough for any interval.
			self.shared.views.changed().await;
		} else {
			tokio::time::sleep(self.pause).await;
		}
	}
}

#[cfg(test)]
mod tests;
