//! The answering side: what a provider does for clients.
//!
//! Who starts whom, and which way data flows:
//!
//! ```text
//! TransferServer::start ──spawns──▶ accept loop ──spawns──▶ one task per stream, at most `max_streams`
//!                                                              │        ▲
//!                          push: buffers, 4 at a time ──▶ blocking writer (hash, file)
//!                         fetch: buffers, 4 at a time ◀── blocking reader (file, check)
//! accept loop ◀──shutdown── ServerHandle
//! ```
use std::{
	collections::HashMap,
	sync::{Arc, Mutex, MutexGuard},
	time::{Duration, Instant},
};

use peoples_cloud_client::{
	chain::{Chain, ProviderInfo},
	wallet::Signer,
};
use peoples_cloud_network::{
	framing::{self, FrameError},
	AcceptError, IncomingStreams, NetworkHandle, PeerId, Stream,
};
use peoples_cloud_primitives::{terms::IntentNonce, AccountBytes, Balance, BlockNumber, Hash32};
use tokio::{
	sync::{mpsc, Semaphore},
	task::JoinHandle,
	time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
	limits::{Buckets, Rate},
	metrics::ServerMetrics,
};
use crate::{
	protocol::{ProviderStatus, Refusal, Reply, Request, MAX_MESSAGE, PROTOCOL, VERSION},
	store::{ColumnStore, StoreError},
};

mod announce;
mod fetch;
mod manifest;
mod pace;
mod push;

use pace::Pace;

/// Objects that wait to be announced; more are announced at the next look at everything.
const ANNOUNCEMENTS: usize = 256;
/// How long a refusal may take to be taken: it is a courtesy.
const COURTESY: Duration = Duration::from_secs(2);

/// Limits and deadlines of the server. Price and durations come from the provider's offer on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
	/// How long a new stream may take to state its request. Default: 10 s.
	pub request_deadline: Duration,
	/// How long a transfer may stand still. Default: 30 s.
	pub idle: Duration,
	/// How long the first bytes of a column may take: its client looks for the other columns' providers meanwhile.
	/// Default: 120 s.
	pub first_frame: Duration,
	/// Bytes per second that a transfer must move. Default: 4,096, which a line of 1 Mbit/s still gives to each of
	/// the 24 columns that its owner stores.
	pub min_rate: u64,
	/// How far a transfer may fall behind that. Default: 60 s.
	pub grace: Duration,
	/// How long to wait for the chain. Default: 10 s.
	pub chain_deadline: Duration,
	/// How old what we know of our own offer may be. Default: 3 s.
	pub offer_age: Duration,
	/// Streams served at a time. Default: 256.
	pub max_streams: usize,
	/// Streams served at a time for one peer. Default: 64.
	pub max_streams_per_peer: usize,
	/// Columns received at a time. Default: 64, which takes 64 MiB of buffers.
	pub max_pushes: usize,
	/// The same for one client, whose columns may stand idle for a while: it must not keep out all others. Default: 16,
	/// a quarter; an object brings one column here.
	pub max_pushes_per_client: usize,
	/// Most blocks from now to the end of an intent. Default: 1,200, two hours in production.
	pub max_validity: BlockNumber,
	/// Uploads that a client may have pending here. Default: 256.
	pub max_pending_per_client: u32,
	/// A client's columns that are coming in may take this part of the capacity, or be one. Default: 8, an eighth.
	pub client_share: u64,
	/// Requests of one peer. Default: 256 at once, 64 per second.
	pub requests: Rate,
	/// Signed intents of one client. Default: 128 at once, 16 per second.
	pub intents: Rate,
	/// Bytes sent to one peer. Default: 1 GiB at once, 256 MiB per second.
	pub reads: Rate,
	/// How often what is announced to the network is held against what is here. Default: 30 minutes.
	pub announce_every: Duration,
	/// How long a peer that breaks the protocol is kept away. Default: 60 s.
	pub ban: Duration,
	/// How long transfers may go on at shutdown. Default: 10 s.
	pub drain: Duration,
}

impl Default for ServerConfig {
	fn default() -> Self {
		Self {
			request_deadline: Duration::from_secs(10),
			idle: Duration::from_secs(30),
			first_frame: Duration::from_secs(120),
			min_rate: 4096,
			grace: Duration::from_secs(60),
			chain_deadline: Duration::from_secs(10),
			offer_age: Duration::from_secs(3),
			max_streams: 256,
			max_streams_per_peer: 64,
			max_pushes: 64,
			max_pushes_per_client: 16,
			max_validity: 1200,
			max_pending_per_client: 256,
			client_share: 8,
			requests: Rate { burst: 256, per_second: 64 },
			intents: Rate { burst: 128, per_second: 16 },
			reads: Rate { burst: 1 << 30, per_second: 256 << 20 },
			announce_every: Duration::from_secs(30 * 60),
			ban: Duration::from_secs(60),
			drain: Duration::from_secs(10),
		}
	}
}

/// Why a stream ends.
#[derive(Debug, thiserror::Error)]
enum ServeError {
	/// The peer is told no.
	#[error("refused: {0}")]
	Refused(#[from] Refusal),
	/// The stream is of no more use.
	#[error(transparent)]
	Frame(#[from] FrameError),
	/// The peer crept.
	#[error("too slow")]
	TooSlow,
	/// The peer has had as much as one may have for now. It cannot be told in the middle of a column.
	#[error("the peer has had enough for now")]
	TooMuch,
	/// What was being sent is damaged on our disk.
	#[error("the column is damaged")]
	Damaged,
}

impl From<StoreError> for ServeError {
	fn from(error: StoreError) -> Self {
		let refusal = match error {
			StoreError::NoRoom { free_chunks } => Refusal::NoRoom { free_chunks },
			StoreError::DiskFull => Refusal::DiskFull,
			StoreError::TooLong { .. } => Refusal::TooLong,
			StoreError::WrongLength { .. } => Refusal::WrongLength,
			StoreError::WrongRoot { .. } => Refusal::WrongRoot,
			StoreError::Replayed => Refusal::Replayed,
			StoreError::Unknown => Refusal::NotFound,
			error => {
				tracing::error!(target: "storage::transfer", %error, "the store fails");
				Refusal::Internal
			},
		};
		Self::Refused(refusal)
	}
}

/// Serves [`crate::protocol`].
#[derive(Debug)]
pub struct TransferServer;

impl TransferServer {
	/// Starts serving. Ends after [`ServerHandle::shutdown`], or with the network.
	pub fn start(
		chain: Arc<dyn Chain>,
		signer: Arc<Signer>,
		store: ColumnStore,
		network: NetworkHandle,
		config: ServerConfig,
	) -> Result<(ServerHandle, JoinHandle<()>), AcceptError> {
		let streams = network.accept(PROTOCOL)?;
		let (announce, announcements) = mpsc::channel(ANNOUNCEMENTS);
		let shared = Arc::new(Shared {
			account: signer.account(),
			offer: tokio::sync::Mutex::new(None),
			pushes: Semaphore::new(config.max_pushes),
			flights: Mutex::default(),
			limits: Mutex::new(Limits {
				peers: HashMap::new(),
				requests: Buckets::new(config.requests),
				intents: Buckets::new(config.intents),
				reads: Buckets::new(config.reads),
			}),
			metrics: ServerMetrics::default(),
			stop: CancellationToken::new(),
			kill: CancellationToken::new(),
			announce,
			writers: TaskTracker::new(),
			chain,
			signer,
			store,
			network,
			config,
		});
		let handle = ServerHandle { stop: shared.stop.clone(), metrics: shared.metrics.clone() };
		tokio::spawn(announce::run(shared.clone(), announcements));
		let joined = tokio::spawn(shared.run(streams));
		Ok((handle, joined))
	}
}

/// A running server.
#[derive(Clone, Debug)]
pub struct ServerHandle {
	stop: CancellationToken,
	metrics: ServerMetrics,
}

impl ServerHandle {
	/// Stops accepting; running transfers may go on for [`ServerConfig::drain`]. Await the join handle afterwards.
	pub fn shutdown(&self) {
		self.stop.cancel();
	}

	/// The server's counters.
	pub fn metrics(&self) -> &ServerMetrics {
		&self.metrics
	}
}

/// A column that a client has coming in here.
#[derive(Clone, Copy, Debug)]
struct InFlight {
	nonce: IntentNonce,
	/// Planck that it will cost the client at most.
	price: Balance,
	/// Chunks set aside for it.
	chunks: u64,
}

struct Limits {
	/// Streams per peer.
	peers: HashMap<PeerId, usize>,
	requests: Buckets<PeerId>,
	intents: Buckets<AccountBytes>,
	reads: Buckets<PeerId>,
}

struct Shared {
	account: AccountBytes,
	chain: Arc<dyn Chain>,
	signer: Arc<Signer>,
	store: ColumnStore,
	network: NetworkHandle,
	config: ServerConfig,
	metrics: ServerMetrics,
	/// What the chain last said of us; the lock makes concurrent askers wait for one answer.
	offer: tokio::sync::Mutex<Option<(Instant, Option<ProviderInfo>)>>,
	pushes: Semaphore,
	flights: Mutex<HashMap<AccountBytes, Vec<InFlight>>>,
	limits: Mutex<Limits>,
	announce: mpsc::Sender<Hash32>,
	/// Those that write columns: they outlive a transfer that is cut off by a moment, in which they clean up.
	writers: TaskTracker,
	stop: CancellationToken,
	kill: CancellationToken,
}

impl Shared {
	async fn run(self: Arc<Self>, mut streams: IncomingStreams) {
		let tasks = TaskTracker::new();
		loop {
			let (peer, stream) = tokio::select! {
				() = self.stop.cancelled() => break,
				next = streams.next() => match next {
					Some(next) => next,
					None => break,
				},
			};
			match self.clone().enter(peer) {
				Some(slot) => {
					tasks.spawn(self.clone().serve(peer, stream, slot));
				},
				None => {
					// Bounded: the refusal is dropped unless it fits in at once.
					self.metrics.limited.inc();
					drop(stream);
				},
			}
		}
		drop(streams);
		self.stop.cancel();
		tasks.close();
		if timeout(self.config.drain, tasks.wait()).await.is_err() {
			self.kill.cancel();
			tasks.wait().await;
		}
		self.writers.close();
		self.writers.wait().await;
	}

	/// A place among the streams served, if there is one.
	fn enter(self: Arc<Self>, peer: PeerId) -> Option<Slot> {
		{
			let mut limits = self.limits();
			let total: usize = limits.peers.values().sum();
			let of_peer = limits.peers.entry(peer).or_default();
			if total >= self.config.max_streams || *of_peer >= self.config.max_streams_per_peer {
				if *of_peer == 0 {
					limits.peers.remove(&peer);
				}
				return None;
			}
			*of_peer += 1;
		}
		self.metrics.streams.inc();
		Some(Slot { shared: self, peer })
	}

	async fn serve(self: Arc<Self>, peer: PeerId, mut stream: Stream, slot: Slot) {
		let served = tokio::select! {
			() = self.kill.cancelled() => Err(Refusal::ShuttingDown.into()),
			served = self.clone().answer(peer, &mut stream) => served,
		};
		let (refusal, violation) = match served {
			Ok(()) => (None, false),
			Err(ServeError::Refused(refusal)) => (Some(refusal), refusal.is_violation()),
			Err(ServeError::Frame(error)) if error.is_violation() => (Some(Refusal::Malformed), true),
			Err(ServeError::TooSlow | ServeError::Frame(FrameError::TimedOut(_))) => {
				self.metrics.stalled.inc();
				(Some(Refusal::TooSlow), false)
			},
			Err(ServeError::Damaged) => {
				self.metrics.damaged.inc();
				(None, false)
			},
			Err(ServeError::TooMuch) => {
				self.metrics.limited.inc();
				(None, false)
			},
			Err(ServeError::Frame(_)) => (None, false),
		};
		if let Some(refusal) = refusal {
			tracing::debug!(target: "storage::transfer", %peer, %refusal, "refused");
			self.metrics.refused.inc();
			match refusal {
				Refusal::RateLimited { .. } | Refusal::Busy | Refusal::TooManyPending => {
					self.metrics.limited.inc();
				},
				Refusal::Replayed => {
					self.metrics.replayed.inc();
				},
				_ => {},
			}
			// The peer may be gone; then nobody misses it.
			let _ = framing::write_message(&mut stream, &Reply::Refused(refusal), MAX_MESSAGE, COURTESY).await;
			let _ = timeout(COURTESY, futures::AsyncWriteExt::close(&mut stream)).await;
		}
		if violation {
			self.metrics.malformed.inc();
			tracing::info!(target: "storage::transfer", %peer, "broke the protocol; banned for a while");
			// Time to take the refusal in.
			tokio::time::sleep(Duration::from_millis(100)).await;
			let _ = self.network.ban(peer, self.config.ban).await;
		}
		drop(slot);
	}

	async fn answer(self: Arc<Self>, peer: PeerId, stream: &mut Stream) -> Result<(), ServeError> {
		let request = framing::read_message(stream, MAX_MESSAGE, self.config.request_deadline);
		let request: Request = match timeout(self.config.request_deadline, request).await {
			Ok(request) => request?,
			Err(_) => return Err(FrameError::TimedOut(self.config.request_deadline).into()),
		};
		self.limits().requests.take(peer, 1, Instant::now()).map_err(rate_limited)?;
		match request {
			Request::Push(signed) => push::serve(self, peer, stream, signed).await,
			Request::PutManifest(bytes) => manifest::put(&self, peer, stream, bytes).await,
			Request::GetManifest(object) => manifest::get(&self, stream, object).await,
			Request::Fetch { root, first_chunk, chunks } => {
				fetch::serve(&self, peer, stream, root, first_chunk, chunks).await
			},
			Request::Status => self.status(stream).await,
		}
	}

	async fn status(&self, stream: &mut Stream) -> Result<(), ServeError> {
		let info = self.offer().await?;
		let offer = info.as_ref().filter(|info| info.active).and_then(|info| info.offer);
		let status = ProviderStatus {
			account: self.account,
			free_chunks: if offer.is_some() { self.free_chunks(info.as_ref()) } else { 0 },
			price: offer.map(|offer| offer.price),
			min_duration: offer.map_or(0, |offer| offer.min_duration),
			max_duration: offer.map_or(0, |offer| offer.max_duration),
			version: VERSION,
		};
		self.reply(stream, &Reply::Status(status)).await
	}

	/// What the chain says of us, not older than [`ServerConfig::offer_age`].
	async fn offer(&self) -> Result<Option<ProviderInfo>, Refusal> {
		let mut cached = self.offer.lock().await;
		if let Some((at, info)) = &*cached {
			if at.elapsed() < self.config.offer_age {
				return Ok(info.clone());
			}
		}
		let info = self.ask(self.chain.provider(self.account)).await?;
		*cached = Some((Instant::now(), info.clone()));
		Ok(info)
	}

	/// What fits on the disk and into the offer. Columns whose agreement has just been opened may count twice for a
	/// moment: once as committed on the chain and once as pending here.
	fn free_chunks(&self, info: Option<&ProviderInfo>) -> u64 {
		let usage = self.store.usage();
		let offered = info.and_then(|info| Some((info.offer?.capacity_chunks, info.committed_chunks)));
		let (capacity, committed) = offered.unwrap_or_default();
		let by_offer = capacity
			.saturating_sub(committed)
			.saturating_sub(usage.pending_chunks)
			.saturating_sub(usage.reserved_chunks);
		by_offer.min(usage.free_chunks())
	}

	/// Waits for the chain, but not for ever.
	async fn ask<T>(
		&self,
		question: impl std::future::Future<Output = Result<T, peoples_cloud_client::chain::ChainError>>,
	) -> Result<T, Refusal> {
		match timeout(self.config.chain_deadline, question).await {
			Ok(Ok(answer)) => Ok(answer),
			Ok(Err(error)) => {
				tracing::warn!(target: "storage::transfer", %error, "the chain does not answer");
				Err(Refusal::ChainUnavailable)
			},
			Err(_) => Err(Refusal::ChainUnavailable),
		}
	}

	/// Runs something that blocks on the disk.
	async fn blocking<T: Send + 'static>(
		&self,
		work: impl FnOnce(&ColumnStore) -> Result<T, StoreError> + Send + 'static,
	) -> Result<T, ServeError> {
		let store = self.store.clone();
		match tokio::task::spawn_blocking(move || work(&store)).await {
			Ok(result) => Ok(result?),
			// It panicked or the runtime ends.
			Err(_) => Err(Refusal::Internal.into()),
		}
	}

	async fn reply(&self, stream: &mut Stream, reply: &Reply) -> Result<(), ServeError> {
		Ok(framing::write_message(stream, reply, MAX_MESSAGE, self.config.idle).await?)
	}

	fn limits(&self) -> MutexGuard<'_, Limits> {
		self.limits.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	fn flights(&self) -> MutexGuard<'_, HashMap<AccountBytes, Vec<InFlight>>> {
		self.flights.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}
}

fn rate_limited(wait: Duration) -> Refusal {
	Refusal::RateLimited { retry_after_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX) }
}

/// A stream's place among those served.
struct Slot {
	shared: Arc<Shared>,
	peer: PeerId,
}

impl Drop for Slot {
	fn drop(&mut self) {
		let mut limits = self.shared.limits();
		if let Some(count) = limits.peers.get_mut(&self.peer) {
			*count = count.saturating_sub(1);
			if *count == 0 {
				limits.peers.remove(&self.peer);
			}
		}
		drop(limits);
		self.shared.metrics.streams.dec();
	}
}
