//! Counters of the network node.
use prometheus_client::{
	metrics::{counter::Counter, gauge::Gauge},
	registry::Registry,
};

/// What the node counts; clones share the numbers.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
	/// Connections right now.
	pub connections: Gauge,
	/// Dials that failed.
	pub dial_failures: Counter,
	/// Streams that peers opened and a worker took.
	pub streams_accepted: Counter,
	/// Streams that peers opened and nobody took in time: the inbox was full.
	pub streams_dropped: Counter,
	/// Streams that we opened.
	pub streams_opened: Counter,
	/// Peers that were banned for a while.
	pub bans: Counter,
}

impl Metrics {
	/// Shows the numbers under `network_*`.
	pub fn register(&self, registry: &mut Registry) {
		let registry = registry.sub_registry_with_prefix("network");
		registry.register("connections", "Connections right now", self.connections.clone());
		registry.register("dial_failures", "Dials that failed", self.dial_failures.clone());
		registry.register("streams_accepted", "Streams that peers opened", self.streams_accepted.clone());
		registry.register(
			"streams_dropped",
			"Streams dropped because the inbox was full",
			self.streams_dropped.clone(),
		);
		registry.register("streams_opened", "Streams that we opened", self.streams_opened.clone());
		registry.register("bans", "Peers that were banned for a while", self.bans.clone());
	}
}
