//! Background jobs: one trait, one loop that runs them, one place where their state can be seen.
use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, Instant},
};

use async_trait::async_trait;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::metrics::Metrics;

const LOG_TARGET: &str = "storage::worker";
/// Pause after a failure, doubled each time up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Below a proof window of a fast network, so that a node that comes back finds the workers awake.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Why a unit of work failed: said in logs and in the status.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct WorkError(Box<dyn std::error::Error + Send + Sync>);

impl WorkError {
	/// Wraps what went wrong.
	pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
		Self(error.into())
	}
}

macro_rules! from_error {
	($($error:ty),* $(,)?) => {
		$(impl From<$error> for WorkError {
			fn from(error: $error) -> Self {
				Self::new(error)
			}
		})*
	};
}
from_error!(
	peoples_cloud_client::chain::ChainError,
	crate::database::DatabaseError,
	crate::holdings::TreeError,
	crate::holdings::sync::SyncError,
	crate::known_chain::UnfitChain,
	crate::prover::ProveError,
	crate::store::StoreError,
	crate::tasks::rebuild::RebuildFailed,
	crate::transactions::QueueError,
	tokio::task::JoinError,
);

/// Whether there is more to do right away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
	/// Call again at once.
	More,
	/// Nothing to do until [`Worker::wait_for_work`] returns.
	Idle,
}

/// A background job.
#[async_trait]
pub trait Worker: Send + 'static {
	/// A short name, unique in a daemon.
	fn name(&self) -> &'static str;
	/// What it is doing, for people.
	fn status(&self) -> String;
	/// Does one unit of work to its end. It is dropped only when a shutdown's deadline passes.
	async fn work(&mut self) -> Result<Progress, WorkError>;
	/// Returns when there may be work. It may be dropped at any time.
	async fn wait_for_work(&mut self);
}

/// A worker's state, as shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorkerStatus {
	/// What the worker says of itself.
	pub doing: String,
	/// Units done.
	pub done: u64,
	/// Failures since the last success.
	pub failures: u32,
	/// The last failure, if nothing has succeeded since.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub error: Option<String>,
}

/// All workers' states. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct WorkerStatuses(Arc<Mutex<BTreeMap<&'static str, WorkerStatus>>>);

impl WorkerStatuses {
	/// A snapshot.
	pub fn all(&self) -> BTreeMap<&'static str, WorkerStatus> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
	}

	fn update(&self, name: &'static str, change: impl FnOnce(&mut WorkerStatus)) {
		change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
	}
}

/// What all workers of a daemon share.
#[derive(Clone, Debug)]
pub struct Runner {
	/// Cancelled: finish the unit and end.
	pub stop: CancellationToken,
	/// Where states are shown.
	pub statuses: WorkerStatuses,
	/// Where units and failures are counted.
	pub metrics: Metrics,
}

impl Runner {
	/// Runs a worker until the daemon stops. Failures are retried for ever with a growing pause.
	pub async fn run(self, worker: impl Worker) {
		let span = tracing::info_span!(target: "storage::worker", "worker", name = worker.name());
		run(self, worker).instrument(span).await;
	}
}

async fn run(runner: Runner, mut worker: impl Worker) {
	let name = worker.name();
	let mut pause = FIRST_PAUSE;
	while !runner.stop.is_cancelled() {
		let started = Instant::now();
		let outcome = worker.work().await;
		let doing = worker.status();
		match outcome {
			Ok(progress) => {
				pause = FIRST_PAUSE;
				runner.statuses.update(name, |status| {
					*status = WorkerStatus { doing, done: status.done.saturating_add(1), ..WorkerStatus::default() };
				});
				runner.metrics.unit(name, true, started.elapsed());
				if progress == Progress::Idle {
					tokio::select! {
						() = runner.stop.cancelled() => break,
						() = worker.wait_for_work() => {},
					}
				}
			},
			Err(error) => {
				let text = error.to_string();
				// The same trouble again and again is said once.
				let mut known = false;
				runner.statuses.update(name, |status| {
					known = status.error.as_ref() == Some(&text);
					status.doing = doing;
					status.failures = status.failures.saturating_add(1);
					status.error = Some(text.clone());
				});
				if known {
					tracing::debug!(target: LOG_TARGET, worker = name, error = %text, "still failing");
				} else {
					tracing::warn!(target: LOG_TARGET, worker = name, error = %text, "failed; trying again");
				}
				runner.metrics.unit(name, false, started.elapsed());
				tokio::select! {
					() = runner.stop.cancelled() => break,
					() = tokio::time::sleep(pause) => {},
				}
				pause = (pause * 2).min(MAX_PAUSE);
			},
		}
	}
	tracing::debug!(target: LOG_TARGET, worker = name, "ended");
}
