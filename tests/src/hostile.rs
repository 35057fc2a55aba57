//! Providers that register on the real chain like any other, ask less than all others, and then misbehave.
//!
//! Each is a peer of the storage network inside the test, with a development account of its own. What it does besides
//! its [`Mode`] is right: it keeps columns and manifests and gives them back, so that only the one lie is under test.
use std::{
	collections::HashMap,
	future::pending,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, Mutex, MutexGuard, PoisonError,
	},
	time::Duration,
};

use anyhow::{anyhow, bail, Result};
use futures::AsyncWriteExt;
use peoples_cloud_client::{
	chain::{Call, Certainty, Chain, Offer},
	format::parse_ppl,
	node::NodeChain,
	wallet::Signer,
};
use peoples_cloud_network::{framing, Network, NetworkConfig, NetworkHandle, Stream};
use peoples_cloud_primitives::{
	column::CHUNK_BYTES,
	terms::{storage_rate, Acknowledgement, AcknowledgementV1},
	AccountBytes, Hash32,
};
use peoples_cloud_storage::{
	protocol::{
		acknowledgement, PushEnd, Refusal, Reply, Request, SignedAck, SignedIntent, MAX_DATA, MAX_MESSAGE, PROTOCOL,
	},
	store::{ColumnStore, Held, Purpose},
};
use tokio::task::JoinHandle;

/// Longer than any client waits: who is hostile has time.
const PATIENCE: Duration = Duration::from_secs(600);
/// A hundredth of what the tests' honest providers ask: clients without experience take these first.
const PRICE: &str = "0.0001";
/// Sent before a transfer stalls: clients have begun to use it.
const BEFORE_STALL: usize = 100_000;

/// What a provider does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
	/// Acknowledges another root than it was sent.
	OtherRoot,
	/// Acknowledges another length than it was sent.
	OtherLength,
	/// Acknowledges what it was sent, for more money.
	OtherRate,
	/// Acknowledges what it was sent, in another account's name.
	ForgedAcknowledgement,
	/// Answers with a frame that is no message.
	Garbage,
	/// Answers with a frame of 4 GiB.
	EndlessFrame,
	/// Answers with a message that answers something else.
	WrongReply,
	/// Takes a request and says nothing, for ever.
	Silent,
	/// Agrees to take a column and then takes nothing of it, for ever.
	StallsAfterReady,
	/// Answers a fetch with the bytes of another column.
	OtherColumn,
	/// Answers a fetch with other chunks of the same column.
	OtherChunks,
	/// Answers a fetch with random bytes.
	GarbageColumn,
	/// Answers a fetch with the column of another length.
	OtherColumnLength,
	/// Answers a fetch with the first bytes and then with nothing, for ever.
	StallsInFetch,
	/// Gives out another manifest.
	OtherManifest,
}

/// A hostile provider; gone with its owner.
#[derive(Debug)]
pub struct Hostile {
	/// Its account.
	pub account: AccountBytes,
	/// What it does wrong.
	pub mode: Mode,
	shared: Arc<Shared>,
	network: NetworkHandle,
	serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
	mode: Mode,
	signer: Signer,
	store: ColumnStore,
	_dir: tempfile::TempDir,
	/// By object.
	manifests: Mutex<HashMap<Hash32, Vec<u8>>>,
	/// By the column that each stands for.
	decoys: Mutex<HashMap<Hash32, Hash32>>,
	lies: AtomicU64,
}

impl Hostile {
	/// Registers the development account `//Provider//index` and serves. Each is an operator of its own.
	pub async fn start(chain: &NodeChain, index: usize, region: &str, mode: Mode) -> Result<Self> {
		let signer = Signer::from_suri(&format!("//Provider//{index}"))?;
		let listen = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
		let (network, _) = Network::start(NetworkConfig { listen, ..NetworkConfig::default() }).await?;
		let mut streams = network.accept(PROTOCOL)?;
		let dir = tempfile::tempdir()?;
		let (store, _) = ColumnStore::open(dir.path(), 1 << 21)?;
		let account = signer.account();
		let register = Call::RegisterProvider {
			peer_id: network.peer_id().to_bytes(),
			addresses: network.listen_addresses().iter().map(|address| address.to_vec()).collect(),
			operator: format!("hostile-{index}"),
			region: region.into(),
			bond: parse_ppl("1000")?,
		};
		chain.submit(&signer, register, Certainty::Included).await?;
		let offer =
			Offer { price: parse_ppl(PRICE)?, capacity_chunks: 1 << 21, min_duration: 1, max_duration: 1_000_000 };
		chain.submit(&signer, Call::SetOffer(offer), Certainty::Included).await?;

		let (manifests, decoys, lies) = (Mutex::default(), Mutex::default(), AtomicU64::new(0));
		let shared = Arc::new(Shared { mode, signer, store, _dir: dir, manifests, decoys, lies });
		let serving = tokio::spawn({
			let shared = shared.clone();
			async move {
				// All streams end with this task.
				let mut tasks = tokio::task::JoinSet::new();
				while let Some((_, stream)) = streams.next().await {
					let shared = shared.clone();
					// Clients that had enough hang up: nobody minds.
					tasks.spawn(async move { shared.serve(stream).await });
				}
			}
		});
		Ok(Self { account, mode, shared, network, serving })
	}

	/// How often it misbehaved so far.
	pub fn lies(&self) -> u64 {
		self.shared.lies.load(Ordering::Relaxed)
	}
}

impl Drop for Hostile {
	fn drop(&mut self) {
		self.serving.abort();
		self.network.shutdown();
	}
}

impl Shared {
	fn lie(&self) {
		self.lies.fetch_add(1, Ordering::Relaxed);
	}

	async fn serve(&self, mut stream: Stream) -> Result<()> {
		let request: Request = framing::read_message(&mut stream, MAX_MESSAGE, PATIENCE).await?;
		match self.mode {
			Mode::Silent => {
				self.lie();
				pending().await
			},
			Mode::Garbage => {
				self.lie();
				framing::write_frame(&mut stream, &[0xff; 1000], PATIENCE).await?;
			},
			Mode::EndlessFrame => {
				self.lie();
				stream.write_all(&[0xff; 1000]).await?;
			},
			Mode::WrongReply => {
				self.lie();
				let wrong = if matches!(request, Request::Push(_)) { Reply::Done } else { Reply::Ready };
				framing::write_message(&mut stream, &wrong, MAX_MESSAGE, PATIENCE).await?;
			},
			_ => match request {
				Request::Push(signed) => self.take_in(&mut stream, &signed).await?,
				Request::PutManifest(bytes) => {
					lock(&self.manifests).insert(*blake3::hash(&bytes).as_bytes(), bytes);
					reply(&mut stream, Reply::Done).await?;
				},
				Request::GetManifest(object) => self.give_manifest(&mut stream, object).await?,
				Request::Fetch { root, first_chunk, chunks } => {
					self.give_column(&mut stream, root, first_chunk, chunks).await?;
				},
				Request::Status => reply(&mut stream, Reply::Refused(Refusal::Busy)).await?,
			},
		}
		stream.flush().await?;
		Ok(stream.close().await?)
	}

	async fn take_in(&self, stream: &mut Stream, signed: &SignedIntent) -> Result<()> {
		reply(stream, Reply::Ready).await?;
		if self.mode == Mode::StallsAfterReady {
			self.lie();
			return pending().await;
		}
		let (mut column, mut frame) = (Vec::new(), Vec::new());
		loop {
			framing::read_frame(stream, &mut frame, MAX_DATA, PATIENCE).await?;
			if frame.is_empty() {
				break;
			}
			column.extend_from_slice(&frame);
		}
		let PushEnd { root, chunks } = framing::read_message(stream, MAX_MESSAGE, PATIENCE).await?;
		self.keep(&column, chunks)?;
		if self.mode == Mode::OtherColumn {
			// As long as the true one, so that only its bytes betray it.
			column.iter_mut().for_each(|byte| *byte ^= 0x55);
			let decoy = self.keep(&column, chunks)?;
			lock(&self.decoys).insert(root, decoy);
		}
		let intent = signed.fields();
		let rate = storage_rate(chunks, intent.price).ok_or_else(|| anyhow!("an impossible rate"))?;
		let mut ack: AcknowledgementV1 = acknowledgement(intent, &root, chunks, rate);
		let mut signer = self.signer.clone();
		match self.mode {
			Mode::OtherRoot => ack.root[0] ^= 1,
			Mode::OtherLength => ack.chunks += 1,
			Mode::OtherRate => ack.rate *= 2,
			Mode::ForgedAcknowledgement => signer = Signer::from_suri("//Mallory")?,
			_ => return reply(stream, Reply::Stored(SignedAck::sign(Acknowledgement::V1(ack), &signer))).await,
		}
		self.lie();
		reply(stream, Reply::Stored(SignedAck::sign(Acknowledgement::V1(ack), &signer))).await
	}

	fn keep(&self, column: &[u8], chunks: u64) -> Result<Hash32> {
		let root = *blake3::hash(column).as_bytes();
		let mut writer = self.store.begin(chunks)?;
		writer.write(column)?;
		writer.finish(&root, chunks, Purpose::Held(Held { agreement: 0, object: [0; 32] }))?;
		Ok(root)
	}

	async fn give_manifest(&self, stream: &mut Stream, object: Hash32) -> Result<()> {
		let Some(mut bytes) = lock(&self.manifests).get(&object).cloned() else {
			return reply(stream, Reply::Refused(Refusal::NotFound)).await;
		};
		if self.mode == Mode::OtherManifest {
			self.lie();
			bytes[1] ^= 1;
		}
		reply(stream, Reply::Manifest(bytes)).await
	}

	async fn give_column(&self, stream: &mut Stream, root: Hash32, first: u64, chunks: u64) -> Result<()> {
		let Some(record) = self.store.record(&root)? else {
			return reply(stream, Reply::Refused(Refusal::NotFound)).await;
		};
		let total = record.chunks;
		let mut answer = Vec::new();
		match self.mode {
			Mode::OtherColumn => {
				let decoy = lock(&self.decoys).get(&root).copied().ok_or_else(|| anyhow!("no decoy"))?;
				self.read(&decoy, first, chunks, &mut answer)?;
			},
			Mode::OtherChunks => {
				// Some of the column's, but not those asked for: downloads verify in groups of 16.
				let other = if first >= 16 { first - 16 } else { (first + 16).min(total - 1) };
				self.read(&root, other, chunks.min(total - other), &mut answer)?;
			},
			Mode::GarbageColumn => {
				answer = vec![0; (chunks as usize).saturating_mul(CHUNK_BYTES)];
				blake3::Hasher::new().update(&root).finalize_xof().fill(&mut answer);
			},
			_ => self.read(&root, first, chunks, &mut answer)?,
		}
		let chunks_total = if self.mode == Mode::OtherColumnLength { total + 1 } else { total };
		reply(stream, Reply::Sending { chunks_total }).await?;
		let lies =
			[Mode::OtherColumn, Mode::OtherChunks, Mode::GarbageColumn, Mode::OtherColumnLength, Mode::StallsInFetch];
		if lies.contains(&self.mode) {
			self.lie();
		}
		if self.mode == Mode::StallsInFetch {
			answer.truncate(BEFORE_STALL);
			framing::write_all(stream, &answer, PATIENCE).await?;
			stream.flush().await?;
			return pending().await;
		}
		Ok(framing::write_all(stream, &answer, PATIENCE).await?)
	}

	fn read(&self, root: &Hash32, first: u64, chunks: u64, out: &mut Vec<u8>) -> Result<()> {
		match self.store.stream(root, first, chunks, out) {
			Ok(()) => Ok(()),
			Err(error) => bail!("{error:?}"),
		}
	}
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
	mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn reply(stream: &mut Stream, reply: Reply) -> Result<()> {
	Ok(framing::write_message(stream, &reply, MAX_MESSAGE, PATIENCE).await?)
}
