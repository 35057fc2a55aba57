//! Starts the workers, keeps them, and stops them in order.
//!
//! ```text
//! follow_chain ──views──▶ submit_proofs, end_agreements, report_missed, ... ──duties──▶ transaction queue
//!                                                                                        │
//! transfer server ◀──streams── network                                  send_transactions ─▶ chain
//! ```
//!
//! Shutdown: accept nothing new, let units of work and transfers end for up to [`DRAIN`], write everything to the
//! disk. What is cut off then is picked up at the next start: a kill -9 at any point does no more harm.
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use peoples_cloud_client::{
	chain::{Chain, ChainError},
	node::NodeChain,
};
use peoples_cloud_network::{AcceptError, Multiaddr, Network, NetworkHandle, StartError};
use peoples_cloud_storage::{
	database::{Database, DatabaseError},
	holdings::{Holdings, TreeError},
	metrics::Metrics,
	prover::Prover,
	store::{ColumnStore, StoreError},
	tasks::{
		drop_expired::DropExpired,
		end_agreements::EndAgreements,
		follow_chain::FollowChain,
		keep_registered::{KeepRegistered, Reach},
		mark_lost::MarkLost,
		match_columns::MatchColumns,
		rebuild::Rebuilder,
		repair_columns::RepairColumns,
		report_missed::ReportMissed,
		scrub_columns::ScrubColumns,
		submit_proofs::SubmitProofs,
		withdraw_earnings::WithdrawEarnings,
		Claims, Shared, Views,
	},
	transactions::{Context, QueueError, SendTransactions, TransactionQueue},
	transfer::{
		client::TransferClient,
		server::{ServerConfig, ServerHandle, TransferServer},
	},
	worker::{Runner, Worker, WorkerStatuses},
};
use prometheus_client::registry::Registry;
use tokio::{
	signal::unix::{signal, SignalKind},
	task::{JoinHandle, JoinSet},
	time::{sleep, timeout, Instant},
};
use tokio_util::sync::CancellationToken;

use crate::{
	config::{Settings, WorkerKind},
	status::{self, Sources},
};

mod addresses;
mod health;

use addresses::chosen_addresses;

const LOG_TARGET: &str = "provider";
/// What is under way gets so long to end: below the 30 s after which service managers kill.
pub const DRAIN: Duration = Duration::from_secs(10);
/// File in the data directory that says where the status server listens.
pub const STATUS_ADDRESS: &str = "status.address";
/// Pause between two attempts to reach the node at start.
const RETRY: Duration = Duration::from_secs(2);
/// Writing everything to the disk at the end gets so long: longer than that only a broken disk takes.
const FLUSH: Duration = Duration::from_secs(10);

/// Why the daemon could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
	/// The data directory cannot be made.
	#[error("the data directory {path} cannot be used: {source}")]
	Directory {
		/// Which.
		path: PathBuf,
		/// Why.
		source: std::io::Error,
	},
	/// The daemon's database.
	#[error(transparent)]
	Database(#[from] DatabaseError),
	/// The holdings.
	#[error(transparent)]
	Holdings(#[from] TreeError),
	/// The transaction queue.
	#[error(transparent)]
	Queue(#[from] QueueError),
	/// The columns.
	#[error(transparent)]
	Store(#[from] StoreError),
	/// The chain.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// The chain says that columns are owed, and there is none.
	#[error(
		"the chain says that this account holds {chunks} KiB, and there is not a single column in {path}: mount the disk \
		 or set the data directory right; if the columns are really lost, start with --accept-empty-store"
	)]
	EmptyStore {
		/// What the chain says.
		chunks: u64,
		/// Where the columns should be.
		path: PathBuf,
	},
	/// The network.
	#[error(transparent)]
	Network(#[from] StartError),
	/// The storage protocol.
	#[error(transparent)]
	Accept(#[from] AcceptError),
	/// A database refuses to be written, with room on the disk.
	#[error("a database has failed for good ({0}); the daemon stops so that it can be started afresh")]
	Broken(Box<Self>),
	/// A task died.
	#[error("a task ended unexpectedly ({0}); the daemon stops so that it can be started afresh")]
	Task(String),
}

/// A token that SIGINT and SIGTERM cancel.
pub fn stop_on_signal() -> std::io::Result<CancellationToken> {
	let mut interrupt = signal(SignalKind::interrupt())?;
	let mut terminate = signal(SignalKind::terminate())?;
	let stop = CancellationToken::new();
	let cancelled = stop.clone();
	tokio::spawn(async move {
		tokio::select! {
			_ = interrupt.recv() => {},
			_ = terminate.recv() => {},
		}
		tracing::info!(target: "provider", "shutting down");
		cancelled.cancel();
	});
	Ok(stop)
}

/// Connects to the node, however long it takes to come up. `None` if `stop` came first.
pub async fn connect(url: &str, stop: &CancellationToken) -> Result<Option<Arc<dyn Chain>>, ServiceError> {
	let mut said = false;
	loop {
		let connected = tokio::select! {
			() = stop.cancelled() => return Ok(None),
			connected = NodeChain::connect(url) => connected,
		};
		match connected {
			Ok(chain) => return Ok(Some(chain)),
			Err(error) if error.is_retryable() => {
				if !said {
					tracing::warn!(target: LOG_TARGET, %error, "waiting for the node");
					said = true;
				}
			},
			Err(error) => return Err(error.into()),
		}
		tokio::select! {
			() = stop.cancelled() => return Ok(None),
			() = sleep(RETRY) => {},
		}
	}
}

/// The running daemon.
#[derive(Debug)]
pub struct Service {
	stop: CancellationToken,
	workers: JoinSet<()>,
	server: Option<(ServerHandle, JoinHandle<()>)>,
	network: (NetworkHandle, JoinHandle<()>),
	status: Option<(SocketAddr, JoinHandle<()>)>,
	shared: Shared,
	runner: Runner,
}

/// What is opened on the disk.
struct Opened {
	database: Database,
	holdings: Holdings,
	store: ColumnStore,
}

fn open(data_dir: &std::path::Path, capacity_chunks: u64) -> Result<Opened, ServiceError> {
	std::fs::create_dir_all(data_dir)
		.map_err(|source| ServiceError::Directory { path: data_dir.to_owned(), source })?;
	let database = Database::open(&data_dir.join("daemon"))?;
	let holdings = Holdings::open(database.clone(), &data_dir.join("holdings.log"))?;
	let (store, report) = ColumnStore::open(&data_dir.join("store"), capacity_chunks)?;
	if !report.missing.is_empty() {
		tracing::error!(target: LOG_TARGET, columns = report.missing.len(), "columns are missing from the store");
	}
	Ok(Opened { database, holdings, store })
}

/// A store without any column, of an account that holds some: it looks like a disk that is not mounted. To go on would
/// be to declare everything lost.
async fn refuse_empty_store(
	context: &Context,
	store: &ColumnStore,
	data_dir: &std::path::Path,
) -> Result<(), ServiceError> {
	let looked_at = store.clone();
	let empty = tokio::task::spawn_blocking(move || looked_at.is_empty()).await;
	if !empty.map_err(|error| ServiceError::Task(error.to_string()))?? {
		return Ok(());
	}
	let duty = loop {
		match context.chain.duty(context.account).await {
			Ok(duty) => break duty,
			Err(error) if error.is_retryable() => {
				tracing::warn!(target: LOG_TARGET, %error, "waiting for the node");
				sleep(RETRY).await;
			},
			Err(error) => return Err(error.into()),
		}
	};
	match duty.map_or(0, |duty| duty.holdings.total_chunks()) {
		0 => Ok(()),
		chunks => Err(ServiceError::EmptyStore { chunks, path: data_dir.join("store") }),
	}
}

impl Service {
	/// Starts everything.
	pub async fn start(settings: Settings, chain: Arc<dyn Chain>) -> Result<Self, ServiceError> {
		let Settings { signer, data_dir, network, registration, scrub, .. } = settings.clone();
		let capacity = registration.offer.capacity_chunks;
		let opened = tokio::task::spawn_blocking(move || open(&data_dir, capacity))
			.await
			.map_err(|error| ServiceError::Task(error.to_string()))??;
		let Opened { database, holdings, store } = opened;
		let (signer, holdings) = (Arc::new(signer), Arc::new(holdings));
		let prover = Arc::new(Prover::new(holdings.clone(), Arc::new(store.clone())));
		let metrics = Metrics::default();
		let queue = TransactionQueue::open(database, metrics.clone())?;
		let account = signer.account();
		let context = loop {
			let (holdings, prover) = (holdings.clone(), prover.clone());
			match Context::read(chain.clone(), account, holdings, prover, metrics.clone()).await {
				Ok(context) => break context,
				Err(error) if error.is_retryable() => {
					tracing::warn!(target: LOG_TARGET, %error, "waiting for the node");
					sleep(RETRY).await;
				},
				Err(error) => return Err(error.into()),
			}
		};
		if !settings.accept_empty_store {
			refuse_empty_store(&context, &store, &settings.data_dir).await?;
		}
		let (publisher, views) = Views::channel();
		let shared = Shared { context, queue, store: store.clone(), views, claims: Claims::default() };

		let mut registry = Registry::with_prefix("peoples_cloud_provider");
		metrics.register(&mut registry);
		registry.register_collector(Box::new(status::Room(store.clone())));
		let (network, network_task) = Network::start(network).await?;
		network.metrics().register(&mut registry);
		let transfer = TransferClient::new(network.clone());
		let rebuilder = Rebuilder::new(transfer);
		let runs = |kind| settings.workers.contains(&kind);
		let server = if runs(WorkerKind::Serve) {
			let config = ServerConfig::default();
			let started = TransferServer::start(chain, signer.clone(), store, network.clone(), config)?;
			started.0.metrics().register(&mut registry);
			Some(started)
		} else {
			None
		};

		let stop = CancellationToken::new();
		let runner = Runner { stop: stop.clone(), statuses: WorkerStatuses::default(), metrics };
		let mut workers = JoinSet::new();
		let mut start = Start { runner: &runner, workers: &mut workers };
		start.one(FollowChain::new(shared.clone(), publisher));
		let Shared { context, queue, views, .. } = shared.clone();
		start.one(SendTransactions::new(queue, context, signer.clone(), views));
		start.one(MatchColumns::new(shared.clone()));
		start.one(DropExpired::new(shared.clone()));
		if runs(WorkerKind::Prove) {
			start.one(SubmitProofs::new(shared.clone()));
			start.one(EndAgreements::new(shared.clone()));
		}
		if runs(WorkerKind::Register) {
			let reach = reach(network.clone(), settings.network.external.clone());
			start.one(KeepRegistered::new(shared.clone(), registration, reach));
		}
		if runs(WorkerKind::Report) {
			start.one(ReportMissed::new(shared.clone()));
			start.one(MarkLost::new(shared.clone()));
		}
		if runs(WorkerKind::Repair) {
			start.one(RepairColumns::new(shared.clone(), signer.clone(), rebuilder.clone()));
		}
		if runs(WorkerKind::Scrub) {
			start.one(ScrubColumns::new(shared.clone(), scrub, rebuilder));
		}
		if runs(WorkerKind::Withdraw) {
			start.one(WithdrawEarnings::new(shared.clone(), settings.withdraw_at_least));
		}
		let sources = Sources {
			url: settings.url,
			shared: shared.clone(),
			network: network.clone(),
			workers: runner.statuses.clone(),
			registry,
		};
		let status = status::serve(sources, settings.status_port, stop.clone()).await;
		if let Some((address, _)) = &status {
			// For tools on this machine: the port may be any free one.
			if let Err(error) = std::fs::write(settings.data_dir.join(STATUS_ADDRESS), format!("{address}\n")) {
				tracing::warn!(target: LOG_TARGET, %error, "the status server's address could not be noted");
			}
		}
		tracing::info!(
			target: LOG_TARGET, account = signer.ss58(), peer_id = %network.peer_id(),
			addresses = ?network.listen_addresses(), "provider started"
		);
		Ok(Self { stop, workers, server, network: (network, network_task), status, shared, runner })
	}

	/// The workers' shared state.
	pub fn shared(&self) -> &Shared {
		&self.shared
	}

	/// The workers' states.
	pub fn workers(&self) -> &WorkerStatuses {
		&self.runner.statuses
	}

	/// The network.
	pub fn network(&self) -> &NetworkHandle {
		&self.network.0
	}

	/// Where the status server listens, if it could be started.
	pub fn status_address(&self) -> Option<SocketAddr> {
		self.status.as_ref().map(|(address, _)| *address)
	}

	/// Returns when a task has died although nobody stopped it, or a database can no longer be written.
	pub async fn failed(&mut self) -> ServiceError {
		let server_ended = async {
			match &mut self.server {
				Some((_, task)) => ended(task).await,
				None => std::future::pending().await,
			}
		};
		tokio::select! {
			joined = self.workers.join_next() => ServiceError::Task(match joined {
				Some(Err(error)) => error.to_string(),
				_ => "a worker".into(),
			}),
			reason = server_ended => ServiceError::Task(format!("transfer server: {reason}")),
			reason = ended(&mut self.network.1) => ServiceError::Task(format!("network: {reason}")),
			error = health::broken(self.shared.clone()) => error,
		}
	}

	/// Stops everything in order. Returns within [`DRAIN`], a second for each of three stragglers, and [`FLUSH`].
	pub async fn shutdown(mut self) {
		let deadline = Instant::now() + DRAIN;
		let left = || deadline.saturating_duration_since(Instant::now());
		self.stop.cancel();
		if let Some((server, _)) = &self.server {
			server.shutdown();
		}
		let drained = async { while self.workers.join_next().await.is_some() {} };
		if timeout(left(), drained).await.is_err() {
			tracing::warn!(target: LOG_TARGET, "some work was cut off; it is resumed at the next start");
			// Cut off at once, unless it waits for the disk.
			self.workers.abort_all();
			let cut_off = async { while self.workers.join_next().await.is_some() {} };
			let _ = timeout(Duration::from_secs(1), cut_off).await;
		}
		if let Some((_, mut task)) = self.server.take() {
			if timeout(left(), &mut task).await.is_err() {
				task.abort();
			}
		}
		self.network.0.shutdown();
		if timeout(left().max(Duration::from_secs(1)), &mut self.network.1).await.is_err() {
			self.network.1.abort();
		}
		if let Some((_, mut task)) = self.status.take() {
			if timeout(Duration::from_secs(1), &mut task).await.is_err() {
				task.abort();
			}
		}
		let Shared { context, store, .. } = self.shared;
		let flushed = tokio::task::spawn_blocking(move || {
			if let Err(error) = context.holdings.flush() {
				tracing::error!(target: LOG_TARGET, %error, "the holdings could not be flushed");
			}
			if let Err(error) = store.flush() {
				tracing::error!(target: LOG_TARGET, %error, "the store could not be flushed");
			}
		});
		// A panic in there has been reported already.
		if timeout(FLUSH, flushed).await.is_err() {
			tracing::error!(target: LOG_TARGET, "the disk does not take what is to be written; giving up on it");
		}
		tracing::info!(target: LOG_TARGET, "provider stopped");
	}
}

struct Start<'a> {
	runner: &'a Runner,
	workers: &'a mut JoinSet<()>,
}

impl Start<'_> {
	fn one(&mut self, worker: impl Worker) {
		self.workers.spawn(self.runner.clone().run(worker));
	}
}

async fn ended(task: &mut JoinHandle<()>) -> String {
	match task.await {
		Ok(()) => "ended".into(),
		Err(error) => error.to_string(),
	}
}

/// Where the network says that we can be reached, as the chain takes it.
fn reach(network: NetworkHandle, configured: Vec<Multiaddr>) -> Arc<dyn Fn() -> Reach + Send + Sync> {
	Arc::new(move || (network.peer_id().to_bytes(), chosen_addresses(&configured, network.addresses())))
}

#[cfg(test)]
mod tests;
