//! One provider on a simulated chain, for tests: real store, real holdings, real queue.
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use peoples_cloud_client::{
	chain::{AgreementInfo, Chain},
	wallet::Signer,
};
use peoples_cloud_primitives::{
	column::CHUNK_BYTES,
	manifest::{self, Cipher, Manifest, ManifestV1},
	AccountBytes, AgreementId, Balance, ColumnIndex, Hash32,
};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::{
	client::RebuildError,
	database::Database,
	holdings::Holdings,
	metrics::Metrics,
	prover::Prover,
	simulation::{NewColumn, SimulatedChain},
	store::{ColumnStore, Pending, Purpose},
	tasks::{follow_chain::FollowChain, rebuild::Source, Claims, Shared, Views},
	transactions::{Context, SendTransactions, TransactionQueue},
	worker::{Progress, Worker},
};

pub(crate) const CLIENT: AccountBytes = [9; 32];
pub(crate) const RATE: Balance = 1_000;

/// A provider.
pub(crate) struct Rig {
	pub(crate) chain: Arc<SimulatedChain>,
	pub(crate) dir: Arc<TempDir>,
	pub(crate) signer: Arc<Signer>,
	pub(crate) shared: Shared,
	pub(crate) follow: FollowChain,
	pub(crate) send: SendTransactions,
}

impl Rig {
	pub(crate) async fn new(suri: &str) -> Self {
		Self::on(SimulatedChain::fast(), suri).await
	}

	/// Another provider on the same chain.
	pub(crate) async fn on(chain: Arc<SimulatedChain>, suri: &str) -> Self {
		let signer = Arc::new(Signer::from_suri(suri).unwrap());
		chain.decree(|state, _| {
			state.add_provider(signer.account(), suri);
			// For fees and the bond: without, a daemon waits for money.
			state.balances.insert(signer.account(), 1 << 60);
		});
		Self::open(chain, Arc::new(tempfile::tempdir().unwrap()), signer).await
	}

	async fn open(chain: Arc<SimulatedChain>, dir: Arc<TempDir>, signer: Arc<Signer>) -> Self {
		// Blocking work of the process that died may still be ending.
		let mut opened = Database::open(&dir.path().join("daemon"));
		for _ in 0..1_000 {
			if opened.is_ok() {
				break;
			}
			tokio::time::sleep(Duration::from_millis(5)).await;
			opened = Database::open(&dir.path().join("daemon"));
		}
		let database = opened.unwrap();
		let holdings = Arc::new(Holdings::open(database.clone(), &dir.path().join("holdings.log")).unwrap());
		let (store, _) = ColumnStore::open(&dir.path().join("store"), 1 << 20).unwrap();
		let prover = Arc::new(Prover::new(holdings.clone(), Arc::new(store.clone())));
		let metrics = Metrics::default();
		let queue = TransactionQueue::open(database, metrics.clone()).unwrap();
		let mut context = Context::read(chain.clone(), signer.account(), holdings, prover, metrics).await.unwrap();
		context.shortest_submit_timeout = Duration::from_millis(300);
		let (publisher, views) = Views::channel();
		let shared = Shared {
			context: context.clone(),
			queue: queue.clone(),
			store,
			views: views.clone(),
			claims: Claims::default(),
		};
		let follow = FollowChain::new(shared.clone(), publisher);
		let send = SendTransactions::new(queue, context, signer.clone(), views);
		Self { chain, dir, signer, shared, follow, send }
	}

	/// The process dies without a chance to flush, and starts again.
	pub(crate) async fn crash(self) -> Self {
		let Self { chain, dir, signer, shared, follow, send } = self;
		drop((shared, follow, send));
		Self::open(chain, dir, signer).await
	}

	/// The same, and these files below the data directory are gone.
	pub(crate) async fn crash_and_lose(self, names: &[&str]) -> Self {
		let Self { chain, dir, signer, shared, follow, send } = self;
		drop((shared, follow, send));
		for name in names {
			let path = dir.path().join(name);
			if path.is_dir() {
				std::fs::remove_dir_all(path).unwrap();
			} else {
				std::fs::remove_file(path).unwrap();
			}
		}
		Self::open(chain, dir, signer).await
	}

	pub(crate) fn account(&self) -> AccountBytes {
		self.signer.account()
	}

	pub(crate) fn holdings(&self) -> &Holdings {
		&self.shared.context.holdings
	}

	/// Stores a column as a client's upload.
	pub(crate) fn upload(&self, seed: u64, chunks: u64) -> Hash32 {
		self.upload_until(seed, chunks, 1_000)
	}

	pub(crate) fn upload_until(&self, seed: u64, chunks: u64, valid_until: u32) -> Hash32 {
		let (root, bytes) = column(seed, chunks);
		let mut writer = self.shared.store.begin(chunks).unwrap();
		writer.write(&bytes).unwrap();
		let nonce = rand::random();
		let pending = Pending { client: CLIENT, nonce, valid_until, price: 0, peer: vec![], object: None };
		writer.finish(&root, chunks, Purpose::Pending(pending)).unwrap();
		root
	}

	/// Stores a column and opens an agreement over it.
	pub(crate) fn take_on(&self, seed: u64, chunks: u64, duration: u32) -> (AgreementId, Hash32) {
		let root = self.upload(seed, chunks);
		let column = NewColumn { provider: self.account(), root, rate: RATE };
		let id = self.chain.decree(|state, events| state.open(events, CLIENT, [1; 32], chunks, duration, &[column]));
		(id, root)
	}

	/// The column's file.
	pub(crate) fn file(&self, root: &Hash32) -> std::path::PathBuf {
		find(self.dir.path(), &hex::encode(root)).expect("the column's file")
	}

	/// Makes blocks one by one, following each.
	pub(crate) async fn blocks(&mut self, count: u32) {
		for _ in 0..count {
			self.chain.produce(1);
			self.follow().await;
		}
	}

	pub(crate) async fn follow(&mut self) {
		idle(&mut self.follow).await;
	}

	/// Makes blocks until the provider's challenge is open.
	pub(crate) async fn until_challenged(&mut self) {
		for _ in 0..100 {
			let duty = self.chain.duty(self.account()).await.unwrap();
			if duty.is_some_and(|duty| duty.challenge.is_some()) {
				self.follow().await;
				return;
			}
			self.blocks(1).await;
		}
		panic!("no challenge came");
	}

	/// Sends what is due, with blocks coming as transactions wait, until nothing is left to do.
	pub(crate) async fn send(&mut self) {
		let chain = self.chain.clone();
		tokio::select! {
			() = idle(&mut self.send) => {},
			() = produce_for_pool(&chain) => {},
		}
	}

	/// Follows and sends for so many blocks.
	pub(crate) async fn live(&mut self, blocks: u32, tasks: &mut [&mut dyn Worker]) {
		for _ in 0..blocks {
			self.follow().await;
			for task in tasks.iter_mut() {
				while task.work().await.unwrap() == Progress::More {}
			}
			self.send().await;
			self.chain.produce(1);
		}
		self.follow().await;
	}
}

/// Works until there is nothing to do. Failures are part of the tests.
pub(crate) async fn idle(worker: &mut impl Worker) {
	let mut last = None;
	for _ in 0..200 {
		last = Some(worker.work().await);
		if matches!(last, Some(Ok(Progress::Idle))) {
			return;
		}
	}
	panic!("{} does not come to rest: {last:?}", worker.name());
}

async fn produce_for_pool(chain: &SimulatedChain) {
	loop {
		tokio::time::sleep(Duration::from_millis(2)).await;
		if chain.pool_len() > 0 {
			chain.produce(1);
		}
	}
}

/// Columns as other providers give them.
pub(crate) struct Copies {
	pub(crate) chain: Arc<SimulatedChain>,
	pub(crate) columns: BTreeMap<Hash32, Vec<u8>>,
	/// Blocks that pass meanwhile.
	pub(crate) blocks: u32,
}

impl Copies {
	/// Of these [`column`]s: seed and length.
	pub(crate) fn of(chain: &Arc<SimulatedChain>, columns: impl IntoIterator<Item = (u64, u64)>) -> Self {
		let columns = columns.into_iter().map(|(seed, chunks)| column(seed, chunks)).collect();
		Self { chain: chain.clone(), columns, blocks: 0 }
	}

	/// Nobody has anything.
	pub(crate) fn none(chain: &Arc<SimulatedChain>) -> Self {
		Self::of(chain, [])
	}
}

#[async_trait]
impl Source for Copies {
	async fn column(
		&self,
		_: &dyn Chain,
		agreement: &AgreementInfo,
		column: ColumnIndex,
		out: mpsc::Sender<Bytes>,
	) -> Result<Manifest, RebuildError> {
		self.chain.produce(self.blocks);
		let root = agreement.columns[usize::from(column)].root;
		let bytes = self.columns.get(&root).ok_or(RebuildError::NoSuchColumn(column))?;
		for piece in bytes.chunks(4_096) {
			out.send(Bytes::copy_from_slice(piece)).await.map_err(|_| RebuildError::Unwanted)?;
		}
		let provider = agreement.columns[usize::from(column)].provider;
		Ok(Manifest::V1(ManifestV1 {
			plain_bytes: bytes.len() as u64 - 16,
			segment_bytes: u32::MAX,
			cipher: Cipher::XChaCha20Poly1305Stream { nonce_prefix: [1; 19], wrapped_key: [2; 72] },
			codec: manifest::CODEC_NOVELPOLY,
			k: 1,
			shard_bytes: bytes.len() as u32,
			columns: vec![manifest::Column { root, provider }],
		}))
	}
}

/// A column's bytes, different for each seed.
pub(crate) fn column(seed: u64, chunks: u64) -> (Hash32, Vec<u8>) {
	let mut bytes = vec![0; chunks as usize * CHUNK_BYTES];
	blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
	(*blake3::hash(&bytes).as_bytes(), bytes)
}

fn find(dir: &Path, name: &str) -> Option<std::path::PathBuf> {
	for entry in std::fs::read_dir(dir).ok()?.flatten() {
		let path = entry.path();
		if path.is_dir() {
			if let Some(found) = find(&path, name) {
				return Some(found);
			}
		} else if entry.file_name().to_string_lossy() == name {
			return Some(path);
		}
	}
	None
}
