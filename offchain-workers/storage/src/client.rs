//! What a client does: store objects, get them back, repair them.
//!
//! - [`put`](put::put): chooses providers, seals and encodes a file on all cores, pushes its columns, opens the agreement.
//! - [`get`](get::get): fetches the fastest `k` columns, replaces those that fail, opens and writes the object in order.
//! - [`repair`](repair::repair): rebuilds lost columns and places them anew; [`rebuild_column`](repair::rebuild_column)
//!   is its core, which needs no key.
//! - [`placement`]: which providers take the columns of an object.
//! - [`locate`]: who has the columns of an object now.
//! - [`columns`]: reading many columns in step, whoever fails.
//!
//! Which way data flows, and what bounds it (all queues are bounded; memory does not grow with the object):
//!
//! ```text
//! put:  file ──pread──▶ seal + encode, one stripe a blocking thread ──in order──▶ a queue a column ──▶ n push tasks
//! get:  k column tasks ──a queue each──▶ stripe reader ──▶ decode + open, one stripe a blocking thread ──in order──▶ out
//! ```
use std::{
	future::{pending, Future},
	num::NonZero,
	panic::resume_unwind,
	time::Duration,
};

use peoples_cloud_client::chain::Head;
use peoples_cloud_primitives::{AccountBytes, Balance, BlockNumber, ColumnIndex};
use tokio::{sync::watch, task::JoinError, time::timeout};

pub mod columns;
pub mod get;
pub mod locate;
pub mod placement;
pub mod put;
pub mod repair;

pub use get::{get, GetError, GetOptions, GetOutcome, Unlock};
pub use placement::{PlacementError, Requirements};
pub use put::{put, PutError, PutOptions, PutOutcome};
pub use repair::{rebuild_column, repair, RebuildError, RepairError, RepairOptions, RepairOutcome};

/// Blocks that what was seen once may wait to be finalised: ten minutes on the main network, where it takes three blocks.
const FINALITY_BLOCKS: BlockNumber = 100;
/// How long no head may come meanwhile.
const SILENCE: Duration = Duration::from_secs(120);

/// How far an operation has come. For people to look at: nothing depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
	/// Providers are chosen and the price is known.
	Placed {
		/// Columns that restore the object.
		k: u16,
		/// Columns in all.
		n: u16,
		/// Planck for the whole term.
		price: Balance,
	},
	/// Bytes have been handled.
	Bytes {
		/// So many.
		done: u64,
		/// Of so many.
		total: u64,
	},
	/// A column's provider was given up, and another takes its place if there is one.
	ProviderFailed {
		/// The column.
		column: ColumnIndex,
		/// Who failed.
		provider: AccountBytes,
		/// Why.
		reason: String,
	},
	/// A provider has stored its column and signed for it.
	Acknowledged {
		/// So many have.
		columns: usize,
		/// Of so many.
		of: usize,
	},
	/// The transaction is under way.
	Submitting,
}

/// Takes progress; called often, from one task at a time: it should be quick.
pub type ProgressFn<'a> = dyn Fn(Progress) + Send + Sync + 'a;

/// How many stripes are worked on at once: one a core, and two so that no core waits for a queue.
fn parallel_stripes() -> usize {
	std::thread::available_parallelism().map_or(1, NonZero::get) + 2
}

/// Waits for a task of ours. Its panic is ours; if the runtime ends it, it ends us too.
async fn joined<T>(task: impl Future<Output = Result<T, JoinError>>) -> T {
	match task.await {
		Ok(output) => output,
		Err(error) => match error.try_into_panic() {
			Ok(panic) => resume_unwind(panic),
			Err(_) => pending().await,
		},
	}
}

/// Waits for the next head after `head`. Answers false when what was in block `seen` has waited long enough to become
/// final, or no head comes.
async fn may_become_final(seen: BlockNumber, head: Head, heads: &mut watch::Receiver<Head>) -> bool {
	head.best < seen.saturating_add(FINALITY_BLOCKS) && matches!(timeout(SILENCE, heads.changed()).await, Ok(Ok(())))
}

/// Finds the one column, if any, that keeps all the others waiting.
///
/// Whoever moves stripes notes which column was the last to be ready and for how long nothing else was missing. If
/// one column is to blame for half of a window, doing without it doubles the speed; for more, it does so much more. A
/// slow line of our own is to blame on all columns alike, so that none stands out.
#[derive(Debug)]
struct Blame {
	since: tokio::time::Instant,
	window: Duration,
	/// Share of the window that makes a culprit.
	percent: u32,
	waited: std::collections::BTreeMap<usize, Duration>,
}

impl Blame {
	fn new(window: Duration, percent: u32) -> Self {
		Self { since: tokio::time::Instant::now(), window, percent, waited: std::collections::BTreeMap::new() }
	}

	fn note(&mut self, column: usize, waited: Duration) {
		*self.waited.entry(column).or_default() += waited;
	}

	/// The culprit of a window that has just ended.
	fn culprit(&mut self) -> Option<usize> {
		let elapsed = self.since.elapsed();
		if elapsed < self.window {
			return None;
		}
		let worst = self.waited.iter().max_by_key(|(_, waited)| **waited).map(|(column, waited)| (*column, *waited));
		self.since = tokio::time::Instant::now();
		self.waited.clear();
		worst.filter(|(_, waited)| *waited * 100 > elapsed * self.percent).map(|(column, _)| column)
	}
}

#[cfg(test)]
mod tests;
