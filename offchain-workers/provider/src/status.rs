//! What the daemon is doing, over HTTP on the loopback interface: `/status` for people and tools, `/metrics` for
//! Prometheus. Nothing depends on it: if the port is taken, the daemon says so and goes on.
use std::{
	collections::BTreeMap,
	net::{Ipv4Addr, SocketAddr},
	sync::Arc,
};

use axum::{extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::get, Json, Router};
use peoples_cloud_client::format::account_to_ss58;
use peoples_cloud_network::NetworkHandle;
use peoples_cloud_storage::{
	store::{ColumnStore, Usage},
	tasks::Shared,
	transactions::Queued,
	worker::{WorkerStatus, WorkerStatuses},
};
use prometheus_client::{
	collector::Collector,
	encoding::{text::encode, DescriptorEncoder, EncodeMetric},
	metrics::gauge::ConstGauge,
	registry::Registry,
};
use serde::Serialize;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

const LOG_TARGET: &str = "provider::status";
/// What Prometheus expects of this text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Duties shown: the most urgent.
const SHOWN_DUTIES: usize = 50;

/// What the pages are made from.
#[derive(Debug)]
pub struct Sources {
	/// The node's URL.
	pub url: String,
	/// The workers' shared state.
	pub shared: Shared,
	/// The network.
	pub network: NetworkHandle,
	/// The workers' states.
	pub workers: WorkerStatuses,
	/// All metrics.
	pub registry: Registry,
}

/// The answer to `/status`.
#[derive(Debug, Serialize)]
pub struct Status {
	/// The daemon's version.
	pub version: &'static str,
	/// The provider's address.
	pub account: String,
	/// libp2p peer id.
	pub peer_id: String,
	/// Where it listens.
	pub addresses: Vec<String>,
	/// The chain.
	pub chain: ChainStatus,
	/// Proofs.
	pub proofs: Option<ProofStatus>,
	/// Leaves ever appended to the holdings.
	pub leaves: u64,
	/// Whether the holdings match the chain.
	pub in_step: bool,
	/// The store's room in 1 KiB chunks.
	pub store: StoreStatus,
	/// Duties that wait or are under way.
	pub queue_length: usize,
	/// The most urgent of them.
	pub queue: Vec<Queued>,
	/// The workers.
	pub workers: BTreeMap<&'static str, WorkerStatus>,
}

/// The chain, as followed.
#[derive(Debug, Serialize)]
pub struct ChainStatus {
	/// The node's URL.
	pub url: String,
	/// Newest block that was followed.
	pub best: u32,
	/// Newest finalised block.
	pub finalised: u32,
}

/// Where the provider stands with its proofs.
#[derive(Debug, Serialize)]
pub struct ProofStatus {
	/// First period not yet resolved.
	pub period: u32,
	/// Block of its slot.
	pub slot_block: u32,
	/// Whether a challenge is open.
	pub challenged: bool,
	/// Periods proven in all.
	pub proven: u32,
	/// Periods missed in a row.
	pub misses_in_row: u32,
	/// Chunks that the chain counts.
	pub chunks: u64,
}

/// The store's room in 1 KiB chunks.
#[derive(Debug, Serialize)]
pub struct StoreStatus {
	/// Offered.
	pub capacity: u64,
	/// Held for agreements.
	pub held: u64,
	/// Waiting for theirs.
	pub pending: u64,
	/// Coming in.
	pub reserved: u64,
	/// Free.
	pub free: u64,
}

impl From<Usage> for StoreStatus {
	fn from(usage: Usage) -> Self {
		Self {
			capacity: usage.capacity_chunks,
			held: usage.held_chunks,
			pending: usage.pending_chunks,
			reserved: usage.reserved_chunks,
			free: usage.free_chunks(),
		}
	}
}

/// The store's room, read whenever Prometheus asks.
#[derive(Debug)]
pub struct Room(pub ColumnStore);

impl Collector for Room {
	fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
		let StoreStatus { capacity, held, pending, reserved, free } = self.0.usage().into();
		for (name, help, chunks) in [
			("store_capacity_chunks", "Chunks of 1 KiB offered", capacity),
			("store_held_chunks", "Chunks held for agreements", held),
			("store_pending_chunks", "Chunks that wait for their agreement", pending),
			("store_reserved_chunks", "Chunks set aside for columns that are coming in", reserved),
			("store_free_chunks", "Chunks that can still be taken on", free),
		] {
			let gauge = ConstGauge::new(i64::try_from(chunks).unwrap_or(i64::MAX));
			gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
		}
		// A disk that does not answer shows no number.
		if let Ok(bytes) = self.0.disk_free_bytes() {
			let gauge = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
			let help = "Bytes free on the store's disk, whatever is offered";
			gauge.encode(encoder.encode_descriptor("store_disk_free_bytes", help, None, gauge.metric_type())?)?;
		}
		Ok(())
	}
}

impl Sources {
	/// The answer to `/status` right now.
	pub fn status(&self) -> Status {
		let view = self.shared.views.clone().latest();
		let mut queue = self.shared.queue.all();
		let queue_length = queue.len();
		queue.truncate(SHOWN_DUTIES);
		Status {
			version: env!("CARGO_PKG_VERSION"),
			account: account_to_ss58(&self.shared.context.account),
			peer_id: self.network.peer_id().to_string(),
			addresses: self.network.listen_addresses().iter().map(ToString::to_string).collect(),
			chain: ChainStatus {
				url: self.url.clone(),
				best: view.as_ref().map_or(0, |view| view.head.best),
				finalised: view.as_ref().map_or(0, |view| view.head.finalised),
			},
			proofs: view.as_ref().and_then(|view| view.duty.as_ref()).map(|duty| ProofStatus {
				period: duty.first_unresolved,
				slot_block: duty.slot_block,
				challenged: duty.challenge.is_some(),
				proven: duty.proven,
				misses_in_row: duty.misses_in_row,
				chunks: duty.holdings.total_chunks(),
			}),
			leaves: self.shared.context.holdings.leaves(),
			in_step: view.is_some_and(|view| view.in_step),
			store: self.shared.store.usage().into(),
			queue_length,
			queue,
			workers: self.workers.all(),
		}
	}
}

/// Serves the pages until `stop` is cancelled. Answers where; `None` if the port cannot be had.
pub async fn serve(sources: Sources, port: u16, stop: CancellationToken) -> Option<(SocketAddr, JoinHandle<()>)> {
	let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
	let bound = async {
		let listener = TcpListener::bind(wanted).await?;
		Ok::<_, std::io::Error>((listener.local_addr()?, listener))
	};
	let (address, listener) = match bound.await {
		Ok(bound) => bound,
		Err(error) => {
			tracing::warn!(target: LOG_TARGET, %wanted, %error, "no status server");
			return None;
		},
	};
	tracing::info!(target: LOG_TARGET, %address, "status at /status, metrics at /metrics");
	let router = Router::new()
		.route("/status", get(|State(sources): State<Arc<Sources>>| async move { Json(sources.status()) }))
		.route("/metrics", get(metrics))
		.with_state(Arc::new(sources));
	let task = tokio::spawn(async move {
		let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
		if let Err(error) = served.await {
			tracing::warn!(target: LOG_TARGET, %error, "the status server ended");
		}
	});
	Some((address, task))
}

async fn metrics(State(sources): State<Arc<Sources>>) -> impl IntoResponse {
	let mut text = String::new();
	// Writing to a string cannot fail.
	let _ = encode(&mut text, &sources.registry);
	([(CONTENT_TYPE, OPENMETRICS)], text)
}
