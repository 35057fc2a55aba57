//! A column over loopback through the real server: TCP with Noise and Yamux against QUIC, one stream and eight.
use std::{
	sync::Arc,
	time::{Duration, Instant},
};

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use peoples_cloud_client::{chain::Offer, wallet::Signer};
use peoples_cloud_network::{Network, NetworkConfig};
use peoples_cloud_primitives::terms::{StorageIntent, StorageIntentV1};
use peoples_cloud_storage::{
	protocol::SignedIntent,
	store::ColumnStore,
	transfer::{ProviderPeer, Rate, ServerConfig, TransferClient, TransferServer},
};
use test_chain::TestChain;

#[allow(dead_code, clippy::unwrap_used, reason = "shared with the unit tests, which use all of it")]
#[path = "../src/test_chain.rs"]
mod test_chain;

const CHUNKS: u64 = 64 * 1024;
const PIECE: usize = 256 * 1024;
const UNLIMITED: Rate = Rate { burst: 1 << 50, per_second: 1 << 50 };

struct World {
	chain: Arc<TestChain>,
	store: ColumnStore,
	provider: ProviderPeer,
	client: TransferClient,
	alice: Signer,
	bytes: Arc<Vec<u8>>,
	nonce: u128,
	_dir: tempfile::TempDir,
}

impl World {
	async fn new(listen: &str) -> Self {
		let dir = tempfile::tempdir().expect("a directory");
		let (store, _) = ColumnStore::open(dir.path(), 1 << 40).expect("a store");
		let signer = Arc::new(Signer::from_suri("//Provider//0").expect("a signer"));
		let alice = Signer::from_suri("//Alice").expect("a signer");
		let chain = Arc::new(TestChain::new());
		let offer = Offer { price: 1, capacity_chunks: 1 << 40, min_duration: 1, max_duration: 1000 };
		chain.add_provider(signer.account(), offer);
		chain.set_balance(alice.account(), 1 << 60);
		let listen = vec![listen.parse().expect("an address")];
		let (network, _) = Network::start(NetworkConfig { listen, ..Default::default() }).await.expect("a node");
		let config = ServerConfig {
			intents: UNLIMITED,
			requests: UNLIMITED,
			reads: UNLIMITED,
			max_pending_per_client: u32::MAX,
			..ServerConfig::default()
		};
		TransferServer::start(chain.clone(), signer.clone(), store.clone(), network.clone(), config).expect("a server");
		let provider =
			ProviderPeer { account: signer.account(), peer: network.peer_id(), addresses: network.listen_addresses() };
		let client = TransferClient::new(Network::start(NetworkConfig::default()).await.expect("a node").0);
		let bytes = Arc::new((0..CHUNKS as usize * 1024).map(|i| (i / 7 + i % 251) as u8).collect());
		Self { chain, store, provider, client, alice, bytes, nonce: 0, _dir: dir }
	}

	/// Pushes `streams` columns at once and answers how long it took; they are dropped afterwards.
	async fn push(&mut self, streams: u8) -> Duration {
		let mut intents = Vec::new();
		for _ in 0..streams {
			self.nonce += 1;
			let intent = StorageIntentV1 {
				genesis: TestChain::GENESIS,
				client: self.alice.account(),
				provider: self.provider.account,
				nonce: self.nonce.to_le_bytes(),
				max_chunks: CHUNKS,
				price: 1,
				duration: 10,
				valid_until: 100,
			};
			intents.push(SignedIntent::sign(StorageIntent::V1(intent), &self.alice));
		}
		let start = Instant::now();
		let pushes = intents.clone().into_iter().map(|intent| {
			let (client, provider, bytes) = (self.client.clone(), self.provider.clone(), self.bytes.clone());
			tokio::spawn(async move {
				let mut session = client.push(&provider, intent).await.expect("room");
				for piece in bytes.chunks(PIECE) {
					session.send(piece).await.expect("a connection");
				}
				session.finish().await.expect("an acknowledgement").fields().root
			})
		});
		let mut root = [0; 32];
		for push in pushes.collect::<Vec<_>>() {
			root = push.await.expect("a push");
		}
		let spent = start.elapsed();
		for intent in intents {
			self.store.drop_pending(&root, &self.alice.account(), &intent.fields().nonce).expect("a record");
		}
		spent
	}

	async fn fetch(&self, root: [u8; 32]) {
		let mut stream = self.client.fetch(&self.provider, root, CHUNKS, 0..CHUNKS).await.expect("a column");
		while stream.next().await.expect("right bytes").is_some() {}
	}
}

fn transfer(criterion: &mut Criterion) {
	let runtime = tokio::runtime::Runtime::new().expect("a runtime");
	for (name, listen) in [("tcp", "/ip4/127.0.0.1/tcp/0"), ("quic", "/ip4/127.0.0.1/udp/0/quic-v1")] {
		let mut world = runtime.block_on(World::new(listen));
		world.chain.set_block(1);
		let mut group = criterion.benchmark_group(format!("transfer/{name}"));
		group.sample_size(10);
		for streams in [1u8, 8] {
			group.throughput(Throughput::Bytes(CHUNKS * 1024 * u64::from(streams)));
			group.bench_function(format!("push_{streams}"), |bencher| {
				bencher.iter_custom(|rounds| {
					runtime.block_on(async {
						let mut spent = Duration::ZERO;
						for _ in 0..rounds {
							spent += world.push(streams).await;
						}
						spent
					})
				});
			});
		}
		let root = *blake3::hash(&world.bytes).as_bytes();
		let mut writer = world.store.begin(CHUNKS).expect("room");
		writer.write(&world.bytes).expect("room");
		let held = peoples_cloud_storage::store::Held { agreement: 1, object: [1; 32] };
		let purpose = peoples_cloud_storage::store::Purpose::Held(held);
		writer.finish(&root, CHUNKS, purpose).expect("a column");
		group.throughput(Throughput::Bytes(CHUNKS * 1024));
		group.bench_function("fetch_1", |bencher| bencher.iter(|| runtime.block_on(world.fetch(root))));
		group.finish();
	}
}

criterion_group!(benches, transfer);
criterion_main!(benches);
