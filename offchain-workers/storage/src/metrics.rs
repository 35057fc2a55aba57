//! What the daemon counts, for Prometheus. Names are below, prefixed by the registry that they are registered in.
use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
	metrics::{
		counter::Counter,
		family::Family,
		gauge::Gauge,
		histogram::{exponential_buckets, Histogram},
	},
	registry::Registry,
};

type Labels = Vec<(&'static str, &'static str)>;

/// The workers' numbers. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
	/// Units of work by worker and result.
	units: Family<Labels, Counter>,
	/// Seconds that workers were busy.
	busy_seconds: Family<Labels, Counter<f64, AtomicU64>>,
	/// Newest block of the best chain that the holdings follow.
	pub best_block: Gauge,
	/// Newest finalised block.
	pub finalised_block: Gauge,
	/// Leaves ever appended.
	pub leaves: Gauge,
	/// Chunks held.
	pub chunks: Gauge,
	/// 1 while the holdings match the chain's commitment.
	pub in_step: Gauge,
	/// Periods proven in all, as the chain counts them.
	pub proven: Gauge,
	/// Periods missed in a row, as the chain counts them.
	pub misses_in_row: Gauge,
	/// Seconds that making a proof took.
	pub proof_seconds: Histogram,
	/// Duties in the queue.
	pub queue_length: Gauge,
	/// What became of transactions, by duty and result.
	transactions: Family<Labels, Counter>,
	/// Bytes read by the scrub.
	pub scrubbed_bytes: Counter,
	/// Columns found to be lost.
	pub columns_lost: Counter,
	/// Columns healed in place from the others.
	pub columns_healed: Counter,
	/// Lost columns of others that were taken on.
	pub columns_repaired: Counter,
	/// Planck earned and not withdrawn.
	pub earnings: Gauge<f64, AtomicU64>,
	/// Planck that the account can spend.
	pub free_balance: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
	fn default() -> Self {
		Self {
			units: Family::default(),
			busy_seconds: Family::default(),
			best_block: Gauge::default(),
			finalised_block: Gauge::default(),
			leaves: Gauge::default(),
			chunks: Gauge::default(),
			in_step: Gauge::default(),
			proven: Gauge::default(),
			misses_in_row: Gauge::default(),
			// 0.5 ms to 4 s: a proof should take a few milliseconds.
			proof_seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 14)),
			queue_length: Gauge::default(),
			transactions: Family::default(),
			scrubbed_bytes: Counter::default(),
			columns_lost: Counter::default(),
			columns_healed: Counter::default(),
			columns_repaired: Counter::default(),
			earnings: Gauge::default(),
			free_balance: Gauge::default(),
		}
	}
}

impl Metrics {
	/// Shows the numbers under `storage_*`.
	pub fn register(&self, registry: &mut Registry) {
		let registry = registry.sub_registry_with_prefix("storage");
		registry.register("work_units", "Units of work by worker and result", self.units.clone());
		registry.register("work_busy_seconds", "Seconds that workers were busy", self.busy_seconds.clone());
		registry.register("best_block", "Newest block that the holdings follow", self.best_block.clone());
		registry.register("finalised_block", "Newest finalised block", self.finalised_block.clone());
		registry.register("leaves", "Leaves ever appended to the holdings", self.leaves.clone());
		registry.register("chunks", "Chunks of 1 KiB held", self.chunks.clone());
		registry.register("in_step", "1 while the holdings match the chain", self.in_step.clone());
		registry.register("proven_periods", "Periods proven, as the chain counts", self.proven.clone());
		registry.register("missed_in_row", "Periods missed in a row, as the chain counts", self.misses_in_row.clone());
		registry.register("proof_seconds", "Seconds that making a proof took", self.proof_seconds.clone());
		registry.register("queue_length", "Duties in the transaction queue", self.queue_length.clone());
		registry.register("transactions", "What became of transactions", self.transactions.clone());
		registry.register("scrubbed_bytes", "Bytes read by the scrub", self.scrubbed_bytes.clone());
		registry.register("columns_lost", "Columns found to be lost", self.columns_lost.clone());
		registry.register("columns_healed", "Columns healed in place", self.columns_healed.clone());
		registry.register("columns_repaired", "Lost columns of others taken on", self.columns_repaired.clone());
		registry.register("earnings_planck", "Planck earned and not withdrawn", self.earnings.clone());
		registry.register("free_balance_planck", "Planck that the account can spend", self.free_balance.clone());
	}

	pub(crate) fn unit(&self, worker: &'static str, success: bool, took: Duration) {
		let result = if success { "ok" } else { "failed" };
		self.units.get_or_create(&vec![("worker", worker), ("result", result)]).inc();
		self.busy_seconds.get_or_create(&vec![("worker", worker)]).inc_by(took.as_secs_f64());
	}

	pub(crate) fn transaction(&self, duty: &'static str, result: &'static str) {
		self.transactions.get_or_create(&vec![("duty", duty), ("result", result)]).inc();
	}
}

/// A number as a gauge takes it.
pub(crate) fn gauge(value: impl TryInto<i64>) -> i64 {
	value.try_into().unwrap_or(i64::MAX)
}
