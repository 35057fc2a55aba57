//! What the transfer server counts.
use prometheus_client::{
	metrics::{counter::Counter, gauge::Gauge},
	registry::Registry,
};

/// Counters of the transfer server; clones share the numbers.
#[derive(Clone, Debug, Default)]
pub struct ServerMetrics {
	/// Streams being served right now.
	pub streams: Gauge,
	/// Columns stored and acknowledged.
	pub columns_stored: Counter,
	/// Column bytes received, those of failed uploads included.
	pub bytes_received: Counter,
	/// Bytes of columns sent, hashes included.
	pub bytes_sent: Counter,
	/// Fetches answered to the end.
	pub fetches: Counter,
	/// Requests refused, whatever the reason.
	pub refused: Counter,
	/// Requests refused because of a rate or concurrency limit.
	pub limited: Counter,
	/// Intents that had been used before.
	pub replayed: Counter,
	/// Messages and frames that break the protocol; their senders were banned for a while.
	pub malformed: Counter,
	/// Peers that stalled or crept.
	pub stalled: Counter,
	/// Columns found damaged while they were sent.
	pub damaged: Counter,
}

impl ServerMetrics {
	/// Shows the numbers under `transfer_*`.
	pub fn register(&self, registry: &mut Registry) {
		let registry = registry.sub_registry_with_prefix("transfer");
		registry.register("streams", "Streams being served right now", self.streams.clone());
		registry.register("columns_stored", "Columns stored and acknowledged", self.columns_stored.clone());
		registry.register("bytes_received", "Column bytes received", self.bytes_received.clone());
		registry.register("bytes_sent", "Bytes of columns sent", self.bytes_sent.clone());
		registry.register("fetches", "Fetches answered to the end", self.fetches.clone());
		registry.register("refused", "Requests refused", self.refused.clone());
		registry.register("limited", "Requests refused by a limit", self.limited.clone());
		registry.register("replayed", "Intents that had been used before", self.replayed.clone());
		registry.register("malformed", "Messages that break the protocol", self.malformed.clone());
		registry.register("stalled", "Peers that stalled or crept", self.stalled.clone());
		registry.register("damaged", "Columns found damaged while they were sent", self.damaged.clone());
	}
}
