//! Both sides over real connections on loopback, with a chain in memory.
use std::{sync::Arc, time::Duration};

use codec::Encode;
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use peoples_cloud_client::{
	chain::{AgreementInfo, Chain, ColumnInfo, ColumnState, Offer},
	wallet::Signer,
};
use peoples_cloud_network::{framing, Network, NetworkConfig, NetworkHandle, Stream};
use peoples_cloud_primitives::{
	column::CHUNK_BYTES,
	manifest::{self, Cipher, Manifest, ManifestV1},
	terms::{storage_rate, StorageIntent, StorageIntentV1},
	Hash32,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::{
	protocol::{PushEnd, Refusal, Reply, Request, SignedIntent, MAX_DATA, MAX_MESSAGE, PROTOCOL},
	store::{ColumnStore, Held},
	test_chain::TestChain,
};

const DEADLINE: Duration = Duration::from_secs(10);
const PRICE: u128 = 1 << 20;

/// A provider with everything real but the chain, and a client.
struct World {
	chain: Arc<TestChain>,
	store: ColumnStore,
	server: ServerHandle,
	joined: JoinHandle<()>,
	provider: ProviderPeer,
	provider_network: NetworkHandle,
	alice: Signer,
	client: TransferClient,
	network: NetworkHandle,
	_dir: TempDir,
}

impl World {
	async fn new() -> Self {
		Self::with(ServerConfig::default(), "/ip4/127.0.0.1/tcp/0").await
	}

	async fn with(config: ServerConfig, listen: &str) -> Self {
		let dir = TempDir::new().unwrap();
		let (store, _) = ColumnStore::open(dir.path(), 1 << 20).unwrap();
		let signer = Arc::new(Signer::from_suri("//Provider//0").unwrap());
		let alice = Signer::from_suri("//Alice").unwrap();
		let chain = Arc::new(TestChain::new());
		let offer = Offer { price: PRICE, capacity_chunks: 1 << 20, min_duration: 2, max_duration: 1000 };
		chain.add_provider(signer.account(), offer);
		chain.set_balance(alice.account(), 1 << 60);
		chain.set_block(100);
		let listen = vec![listen.parse().unwrap()];
		let (provider_network, _) = Network::start(NetworkConfig { listen, ..NetworkConfig::default() }).await.unwrap();
		let (server, joined) =
			TransferServer::start(chain.clone(), signer.clone(), store.clone(), provider_network.clone(), config)
				.unwrap();
		let provider = ProviderPeer {
			account: signer.account(),
			peer: provider_network.peer_id(),
			addresses: provider_network.listen_addresses(),
		};
		let (network, _) = Network::start(NetworkConfig::default()).await.unwrap();
		let client = TransferClient::new(network.clone());
		Self { chain, store, server, joined, provider, provider_network, alice, client, network, _dir: dir }
	}

	/// Another client on the network, not banned for what the first did.
	async fn another_client(&self) -> TransferClient {
		TransferClient::new(Network::start(NetworkConfig::default()).await.unwrap().0)
	}

	fn fields(&self, nonce: u8, max_chunks: u64) -> StorageIntentV1 {
		StorageIntentV1 {
			genesis: TestChain::GENESIS,
			client: self.alice.account(),
			provider: self.provider.account,
			nonce: [nonce; 16],
			max_chunks,
			price: PRICE,
			duration: 10,
			valid_until: 200,
		}
	}

	fn intent(&self, nonce: u8, max_chunks: u64) -> SignedIntent {
		SignedIntent::sign(StorageIntent::V1(self.fields(nonce, max_chunks)), &self.alice)
	}

	async fn push(&self, nonce: u8, bytes: &[u8]) -> Result<crate::protocol::SignedAck, TransferError> {
		let chunks = (bytes.len() / CHUNK_BYTES) as u64;
		let mut session = self.client.push(&self.provider, self.intent(nonce, chunks)).await?;
		for piece in bytes.chunks(100_000) {
			session.send(piece).await?;
		}
		session.finish().await
	}

	async fn fetch(&self, root: Hash32, total: u64, range: std::ops::Range<u64>) -> Result<Vec<u8>, TransferError> {
		let mut stream = self.client.fetch(&self.provider, root, total, range).await?;
		let mut bytes = Vec::new();
		while let Some(piece) = stream.next().await? {
			bytes.extend_from_slice(&piece);
		}
		Ok(bytes)
	}

	/// A stream for saying what no client of ours says.
	async fn raw(&self) -> Stream {
		self.network.open(self.provider.peer, &self.provider.addresses, PROTOCOL, DEADLINE).await.unwrap()
	}

	async fn raw_push(&self, nonce: u8, max_chunks: u64) -> Stream {
		let mut stream = self.raw().await;
		write(&mut stream, &Request::Push(self.intent(nonce, max_chunks))).await;
		assert_eq!(read(&mut stream).await, Some(Reply::Ready));
		stream
	}

	fn is_clean(&self) -> bool {
		let staged = std::fs::read_dir(self._dir.path().join("staging")).unwrap().count();
		staged == 0 && self.store.usage().reserved_chunks == 0
	}

	/// Until the server has put everything away.
	async fn clean(&self) {
		for _ in 0..100 {
			if self.is_clean() {
				return;
			}
			tokio::time::sleep(Duration::from_millis(50)).await;
		}
		panic!("something was left behind");
	}

	async fn banned(&self) {
		for _ in 0..40 {
			if self.provider_network.metrics().bans.get() > 0 {
				return;
			}
			tokio::time::sleep(Duration::from_millis(50)).await;
		}
		panic!("not banned");
	}
}

fn column(chunks: usize, seed: u8) -> Vec<u8> {
	(0..chunks * CHUNK_BYTES).map(|i| (i / 3 + i % 249) as u8 ^ seed).collect()
}

fn root_of(bytes: &[u8]) -> Hash32 {
	*blake3::hash(bytes).as_bytes()
}

async fn write(stream: &mut Stream, message: &impl Encode) {
	framing::write_message(stream, message, MAX_MESSAGE, DEADLINE).await.unwrap();
}

async fn read(stream: &mut Stream) -> Option<Reply> {
	framing::read_message(stream, MAX_MESSAGE, DEADLINE).await.ok()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, TransferError>) -> Refusal {
	match result {
		Err(TransferError::Refused(refusal)) => refusal,
		other => panic!("not refused: {other:?}"),
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_go_there_and_come_back() {
	for listen in ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"] {
		let world = World::with(ServerConfig::default(), listen).await;
		for (nonce, chunks) in [1, 16, 17, 700, 5000].into_iter().enumerate() {
			let bytes = column(chunks, nonce as u8);
			let ack = world.push(nonce as u8, &bytes).await.unwrap();
			let fields = ack.fields();
			assert_eq!((fields.root, fields.chunks), (root_of(&bytes), chunks as u64));
			assert_eq!(fields.rate, storage_rate(chunks as u64, PRICE).unwrap());
			let record = world.store.record(&fields.root).unwrap().unwrap();
			assert_eq!(record.pending.len(), 1);
			world.store.verify_column(&fields.root).unwrap();

			let total = chunks as u64;
			assert_eq!(world.fetch(fields.root, total, 0..total).await.unwrap(), bytes);
			for range in [0..1, total - 1..total, total / 3..total / 2 + 1] {
				let expected = &bytes[range.start as usize * CHUNK_BYTES..range.end as usize * CHUNK_BYTES];
				assert_eq!(world.fetch(fields.root, total, range.clone()).await.unwrap(), expected, "{range:?}");
			}
		}
		assert_eq!(world.server.metrics().columns_stored.get(), 5);
		assert_eq!(world.server.metrics().malformed.get(), 0);
		world.clean().await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_of_any_size_are_read_exactly() {
	let world = World::new().await;
	let bytes = column(100, 1);
	let root = world.push(1, &bytes).await.unwrap().fields().root;
	let mut stream = world.client.fetch(&world.provider, root, 100, 3..90).await.unwrap();
	let mut read = vec![0; 87 * CHUNK_BYTES];
	let (head, tail) = read.split_at_mut(12_345);
	stream.read_exact(head).await.unwrap();
	stream.read_exact(tail).await.unwrap();
	assert_eq!(read, bytes[3 * CHUNK_BYTES..90 * CHUNK_BYTES]);
	assert!(stream.next().await.unwrap().is_none());
	assert!(stream.read_exact(&mut [0]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_columns_at_once() {
	let config = ServerConfig { max_pushes_per_client: 32, ..ServerConfig::default() };
	let world = Arc::new(World::with(config, "/ip4/127.0.0.1/tcp/0").await);
	let pushes = (0..32u8).map(|nonce| {
		let world = world.clone();
		tokio::spawn(async move { world.push(nonce, &column(300, nonce)).await.unwrap() })
	});
	for push in pushes.collect::<Vec<_>>() {
		push.await.unwrap();
	}
	assert_eq!(world.store.usage().pending_chunks, 32 * 300);
	assert_eq!(world.store.pending_of(&world.alice.account()).uploads, 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_for_intents_are_asked_in_full() {
	let world = World::new().await;
	let bob = Signer::from_suri("//Bob").unwrap();
	let good = world.fields(1, 10);
	let sign = |fields: StorageIntentV1| SignedIntent::sign(StorageIntent::V1(fields), &world.alice);
	let cases = [
		(sign(StorageIntentV1 { genesis: [1; 32], ..good.clone() }), Refusal::WrongChain),
		(sign(StorageIntentV1 { provider: [1; 32], ..good.clone() }), Refusal::WrongProvider),
		(sign(StorageIntentV1 { price: PRICE - 1, ..good.clone() }), Refusal::PriceTooLow { price: PRICE }),
		(sign(StorageIntentV1 { duration: 1, ..good.clone() }), Refusal::WrongDuration { min: 2, max: 1000 }),
		(sign(StorageIntentV1 { valid_until: 100, ..good.clone() }), Refusal::WrongValidity { now: 100, max: 1300 }),
		(sign(StorageIntentV1 { valid_until: 1301, ..good.clone() }), Refusal::WrongValidity { now: 100, max: 1300 }),
		(sign(StorageIntentV1 { max_chunks: (1 << 20) + 1, ..good.clone() }), Refusal::NoRoom { free_chunks: 1 << 20 }),
		// Bob signs for himself but has no money.
		(
			SignedIntent::sign(StorageIntent::V1(StorageIntentV1 { client: bob.account(), ..good.clone() }), &bob),
			Refusal::NoFunds,
		),
	];
	for (intent, expected) in cases {
		assert_eq!(refusal(world.client.push(&world.provider, intent).await), expected);
	}
	let account = world.provider.account;
	world.chain.contents().down = true;
	tokio::time::sleep(Duration::from_millis(3100)).await;
	assert_eq!(refusal(world.push(2, &column(1, 1)).await), Refusal::ChainUnavailable);
	world.chain.contents().down = false;
	world.chain.contents().providers.get_mut(&account).unwrap().active = false;
	assert_eq!(refusal(world.push(2, &column(1, 1)).await), Refusal::NotOffering);
	assert!(world.is_clean());
	assert_eq!(world.server.metrics().malformed.get(), 0);

	// Last, for it gets the peer banned.
	let forged = SignedIntent::sign(StorageIntent::V1(good), &bob);
	tokio::time::sleep(Duration::from_millis(3100)).await;
	world.chain.contents().providers.get_mut(&account).unwrap().active = true;
	tokio::time::sleep(Duration::from_millis(3100)).await;
	assert_eq!(refusal(world.client.push(&world.provider, forged).await), Refusal::BadSignature);
	world.banned().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_counts_against_the_clients_money() {
	let world = World::new().await;
	// A column of 10 chunks for 10 periods costs 100 planck at this price.
	world.chain.set_balance(world.alice.account(), 250);
	world.push(1, &column(10, 1)).await.unwrap();
	world.push(2, &column(10, 2)).await.unwrap();
	assert_eq!(refusal(world.push(3, &column(10, 3)).await), Refusal::NoFunds);
	let root = root_of(&column(10, 1));
	world.store.mark_held(&root, Held { agreement: 1, object: [1; 32] }, &world.alice.account()).unwrap();
	world.push(3, &column(10, 3)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uploads_at_once_only_those_that_the_money_is_there_for_are_taken() {
	let world = World::new().await;
	world.chain.set_balance(world.alice.account(), 199);
	let pushes = (0..8).map(|nonce| world.client.push(&world.provider, world.intent(nonce, 10)));
	let (taken, refused): (Vec<_>, Vec<_>) =
		futures::future::join_all(pushes).await.into_iter().partition(Result::is_ok);
	assert_eq!(refused.into_iter().map(refusal).collect::<Vec<_>>(), [Refusal::NoFunds; 7]);
	// The one that was taken is good.
	let mut session = taken.into_iter().next().unwrap().unwrap();
	session.send(&column(10, 1)).await.unwrap();
	session.finish().await.unwrap();
	assert_eq!(refusal(world.push(9, &column(10, 2)).await), Refusal::NoFunds, "pending counts as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_works_once() {
	let world = World::new().await;
	let first = world.raw_push(1, 10).await;
	assert_eq!(refusal(world.push(1, &column(10, 1)).await), Refusal::Replayed, "under way");
	drop(first);
	world.clean().await;
	world.push(1, &column(10, 1)).await.unwrap();
	assert_eq!(refusal(world.push(1, &column(10, 2)).await), Refusal::Replayed, "used");
	let root = root_of(&column(10, 1));
	world.store.drop_pending(&root, &world.alice.account(), &[1; 16]).unwrap();
	assert_eq!(refusal(world.push(1, &column(10, 1)).await), Refusal::Replayed, "used, though dropped since");
	assert_eq!(world.server.metrics().replayed.get(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_upload_leaves_nothing_and_may_be_tried_again() {
	let world = World::new().await;
	let mut session = world.client.push(&world.provider, world.intent(1, 1000)).await.unwrap();
	session.send(&column(500, 1)).await.unwrap();
	assert!(matches!(session.send(&column(501, 1)).await, Err(TransferError::TooLong { max_chunks: 1000 })));
	drop(session);
	world.clean().await;
	let mut session = world.client.push(&world.provider, world.intent(2, 10)).await.unwrap();
	session.send(&[1; 1500]).await.unwrap();
	assert!(matches!(session.finish().await, Err(TransferError::NotWhole { bytes: 1500 })));
	world.clean().await;
	world.push(1, &column(1000, 1)).await.unwrap();
	assert_eq!(world.server.metrics().malformed.get(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_root_is_refused_and_the_liar_banned() {
	let world = World::new().await;
	let mut stream = world.raw_push(1, 10).await;
	framing::write_frame(&mut stream, &column(10, 1), DEADLINE).await.unwrap();
	framing::write_frame(&mut stream, &[], DEADLINE).await.unwrap();
	write(&mut stream, &PushEnd { root: [7; 32], chunks: 10 }).await;
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::WrongRoot)));
	world.clean().await;
	world.banned().await;
	assert_eq!(world.store.usage().free_chunks(), 1 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_length_is_refused() {
	for chunks in [0, 9, 11, u64::MAX] {
		let world = World::new().await;
		let mut stream = world.raw_push(1, 10).await;
		framing::write_frame(&mut stream, &column(10, 1), DEADLINE).await.unwrap();
		framing::write_frame(&mut stream, &[], DEADLINE).await.unwrap();
		write(&mut stream, &PushEnd { root: root_of(&column(10, 1)), chunks }).await;
		assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::WrongLength)), "{chunks}");
		world.clean().await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn more_data_than_announced_is_refused() {
	let world = World::new().await;
	let mut stream = world.raw_push(1, 10).await;
	framing::write_frame(&mut stream, &column(11, 1), DEADLINE).await.unwrap();
	framing::flush(&mut stream, DEADLINE).await.unwrap();
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::TooLong)));
	world.clean().await;
	world.banned().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_frames_are_refused_before_they_are_read() {
	let world = World::new().await;
	let mut stream = world.raw_push(1, 1 << 19).await;
	stream.write_all(&(MAX_DATA as u32 + 1).to_le_bytes()).await.unwrap();
	stream.flush().await.unwrap();
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::Malformed)));
	world.clean().await;
	world.banned().await;

	let world = World::new().await;
	let mut stream = world.raw().await;
	stream.write_all(&(MAX_MESSAGE as u32 + 1).to_le_bytes()).await.unwrap();
	stream.flush().await.unwrap();
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::Malformed)));
	world.banned().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused_counted_and_its_sender_cut_off() {
	let world = World::new().await;
	let mut stream = world.raw().await;
	framing::write_frame(&mut stream, &[0xff; 100], DEADLINE).await.unwrap();
	framing::flush(&mut stream, DEADLINE).await.unwrap();
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::Malformed)));
	world.banned().await;
	assert_eq!(world.server.metrics().malformed.get(), 1);
	assert!(world.client.status(&world.provider).await.is_err(), "banned");
	world.another_client().await.status(&world.provider).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_never_take_the_server_down() {
	let config = ServerConfig { ban: Duration::ZERO, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let mut noise = blake3::Hasher::new().update(b"noise").finalize_xof();
	for round in 0..40u32 {
		let (network, _) = Network::start(NetworkConfig::default()).await.unwrap();
		let opened = network.open(world.provider.peer, &world.provider.addresses, PROTOCOL, DEADLINE).await;
		let Ok(mut stream) = opened else { continue };
		let mut bytes = vec![0; 1 + (round as usize * 37) % 900];
		noise.fill(&mut bytes);
		if round % 2 == 0 {
			let length = bytes.len() as u32 - 1;
			bytes.splice(..0, length.to_le_bytes());
			bytes[4] = (round % 6) as u8;
		}
		let _ = stream.write_all(&bytes).await;
		let _ = stream.close().await;
		let mut answer = Vec::new();
		let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
		network.shutdown();
	}
	world.clean().await;
	world.another_client().await.status(&world.provider).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_sender_is_given_up() {
	let config = ServerConfig {
		idle: Duration::from_millis(300),
		request_deadline: Duration::from_millis(300),
		..ServerConfig::default()
	};
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let mut stream = world.raw_push(1, 100).await;
	framing::write_frame(&mut stream, &column(10, 1), DEADLINE).await.unwrap();
	stream.write_all(&[0, 4]).await.unwrap();
	stream.flush().await.unwrap();
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::TooSlow)));
	world.clean().await;

	let mut silent = world.raw().await;
	silent.write_all(&[9]).await.unwrap();
	silent.flush().await.unwrap();
	assert_eq!(read(&mut silent).await, Some(Reply::Refused(Refusal::TooSlow)));
	assert_eq!(world.server.metrics().stalled.get(), 2);
	assert_eq!(world.server.metrics().malformed.get(), 0, "bad luck is no crime");
	world.push(2, &column(10, 1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creeping_sender_is_given_up() {
	let config = ServerConfig { grace: Duration::from_millis(500), min_rate: 1 << 20, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let mut stream = world.raw_push(1, 1 << 19).await;
	let creep = async {
		loop {
			framing::write_frame(&mut stream, &[1], DEADLINE).await?;
			framing::flush(&mut stream, DEADLINE).await?;
			tokio::time::sleep(Duration::from_millis(50)).await;
		}
	};
	let _: Result<Result<(), framing::FrameError>, _> = tokio::time::timeout(Duration::from_secs(5), creep).await;
	world.clean().await;
	assert_eq!(world.server.metrics().stalled.get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_creeps_within_a_frame_is_given_up() {
	let config = ServerConfig { grace: Duration::from_millis(500), min_rate: 1 << 20, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let mut stream = world.raw_push(1, 1 << 19).await;
	// The longest frame, of which a byte comes now and then.
	stream.write_all(&(MAX_DATA as u32).to_le_bytes()).await.unwrap();
	let begun = std::time::Instant::now();
	let creep = async {
		while world.server.metrics().stalled.get() == 0 {
			// Once it has been given up, this may fail.
			let _ = stream.write_all(&[1]).await;
			let _ = stream.flush().await;
			tokio::time::sleep(Duration::from_millis(50)).await;
		}
	};
	tokio::time::timeout(DEADLINE, creep).await.expect("it is given up");
	// What it has in hand, and what 256 KiB bring at 1 MiB a second.
	assert!(begun.elapsed() >= Duration::from_millis(700), "{:?}", begun.elapsed());
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::TooSlow)));
	world.clean().await;
	assert_eq!(world.server.metrics().malformed.get(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_intents_is_slowed_down() {
	let config = ServerConfig { intents: Rate { burst: 5, per_second: 1 }, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let mut taken = 0;
	for nonce in 0..20 {
		match world.push(nonce, &column(1, nonce)).await {
			Ok(_) => taken += 1,
			Err(TransferError::Refused(Refusal::RateLimited { retry_after_ms })) => assert!(retry_after_ms <= 1000),
			Err(other) => panic!("{other}"),
		}
	}
	assert!((5..10).contains(&taken), "{taken} taken");
	assert_eq!(world.server.metrics().limited.get(), 20 - taken);

	let config = ServerConfig { requests: Rate { burst: 5, per_second: 1 }, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let mut taken = 0;
	for _ in 0..20 {
		taken += u32::from(world.client.status(&world.provider).await.is_ok());
	}
	assert!((5..10).contains(&taken), "{taken} taken");
	world.another_client().await.status(&world.provider).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_have_so_many_uploads_pending() {
	let config = ServerConfig { max_pending_per_client: 3, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	world.push(1, &column(1, 1)).await.unwrap();
	world.push(2, &column(1, 2)).await.unwrap();
	let third = world.raw_push(3, 1).await;
	assert_eq!(refusal(world.push(4, &column(1, 4)).await), Refusal::TooManyPending, "one is under way");
	drop(third);
	world.clean().await;
	world.push(5, &column(1, 5)).await.unwrap();
	assert_eq!(refusal(world.push(6, &column(1, 6)).await), Refusal::TooManyPending);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_streams_are_served_at_once() {
	let config = ServerConfig { max_streams_per_peer: 3, max_pushes: 2, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let one = world.raw_push(1, 1).await;
	let _two = world.raw_push(2, 1).await;
	assert_eq!(refusal(world.push(3, &column(1, 3)).await), Refusal::Busy);
	let third = world.raw().await;
	assert!(matches!(world.client.status(&world.provider).await, Err(TransferError::Closed)));
	drop((one, third));
	for _ in 0..100 {
		if world.server.metrics().streams.get() == 1 {
			break;
		}
		tokio::time::sleep(Duration::from_millis(50)).await;
	}
	world.client.status(&world.provider).await.unwrap();
	world.push(4, &column(1, 4)).await.unwrap();
}

/// Uploads that stand idle cost their client nothing.
#[tokio::test(flavor = "multi_thread")]
async fn one_client_cannot_take_all_places_for_uploads() {
	let config = ServerConfig { max_pushes: 4, max_pushes_per_client: 2, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let one = world.raw_push(1, 1).await;
	let _two = world.raw_push(2, 1).await;
	let third = world.push(3, &column(1, 3)).await;
	assert_eq!(refusal(third), Refusal::TooManyPending);
	// Not through another connection either.
	let elsewhere = world.another_client().await;
	assert_eq!(refusal(elsewhere.push(&world.provider, world.intent(3, 1)).await), Refusal::TooManyPending);

	let bob = Signer::from_suri("//Bob").unwrap();
	world.chain.set_balance(bob.account(), 1 << 60);
	let fields = StorageIntentV1 { client: bob.account(), ..world.fields(1, 1) };
	let mut session =
		elsewhere.push(&world.provider, SignedIntent::sign(StorageIntent::V1(fields), &bob)).await.unwrap();
	session.send(&column(1, 4)).await.unwrap();
	session.finish().await.unwrap();

	drop(one);
	for _ in 0..100 {
		match world.push(3, &column(1, 3)).await {
			Ok(_) => return,
			Err(TransferError::Refused(Refusal::TooManyPending)) => {},
			Err(other) => panic!("{other}"),
		}
		tokio::time::sleep(Duration::from_millis(50)).await;
	}
	panic!("its place is not given back");
}

#[test]
fn one_client_gets_a_quarter_of_the_places_for_uploads() {
	let config = ServerConfig::default();
	assert_eq!(config.max_pushes_per_client, config.max_pushes / 4);
}

fn manifest(columns: &[(Hash32, [u8; 32])], chunks: u64) -> Manifest {
	let columns = columns.iter().map(|(root, provider)| manifest::Column { root: *root, provider: *provider });
	Manifest::V1(ManifestV1 {
		// One stripe of one shard of that many chunks.
		plain_bytes: chunks * 1024 - 16,
		segment_bytes: u32::MAX,
		cipher: Cipher::XChaCha20Poly1305Stream { nonce_prefix: [1; 19], wrapped_key: [2; 72] },
		codec: manifest::CODEC_NOVELPOLY,
		k: 1,
		shard_bytes: chunks as u32 * 1024,
		columns: columns.collect(),
	})
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_are_kept_for_who_pushed_the_column() {
	let world = World::new().await;
	let bytes = column(10, 1);
	let root = root_of(&bytes);
	let manifest = manifest(&[(root, world.provider.account)], 10);
	assert_eq!(manifest.fields().column_chunks(), 10);
	assert_eq!(refusal(world.client.put_manifest(&world.provider, &manifest).await), Refusal::NotHeld);
	let missing = world.client.get_manifest(&world.provider, manifest.id()).await;
	assert_eq!(refusal(missing), Refusal::NotFound);

	world.push(1, &bytes).await.unwrap();
	let stranger = world.another_client().await;
	assert_eq!(refusal(stranger.put_manifest(&world.provider, &manifest).await), Refusal::NotHeld);
	world.client.put_manifest(&world.provider, &manifest).await.unwrap();
	assert_eq!(stranger.get_manifest(&world.provider, manifest.id()).await.unwrap(), manifest);
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_are_kept_for_agreements_on_the_chain() {
	let world = World::new().await;
	let bytes = column(10, 1);
	let root = root_of(&bytes);
	let manifest = manifest(&[(root, world.provider.account)], 10);
	world.push(1, &bytes).await.unwrap();
	let stranger = world.another_client().await;
	let agreement = AgreementInfo {
		id: 4,
		client: world.alice.account(),
		object: manifest.id(),
		k: 1,
		chunks: 10,
		end: 20,
		closing: false,
		columns: vec![ColumnInfo {
			provider: world.provider.account,
			root,
			leaf: 0,
			rate: 1,
			max_rate: 1,
			start: 1,
			end: 20,
			state: ColumnState::Held,
		}],
		locked: 0,
		earned: 0,
	};
	world.chain.contents().agreements.insert(4, agreement);
	stranger.put_manifest(&world.provider, &manifest).await.unwrap();
	assert!(world.store.record(&root).unwrap().unwrap().is_held_for(4));
	assert_eq!(world.client.get_manifest(&world.provider, manifest.id()).await.unwrap(), manifest);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_manifests_are_refused() {
	let world = World::new().await;
	let bytes = column(10, 1);
	world.push(1, &bytes).await.unwrap();
	let wrong_length = manifest(&[(root_of(&bytes), world.provider.account)], 11);
	assert_eq!(refusal(world.client.put_manifest(&world.provider, &wrong_length).await), Refusal::NotHeld);
	let mut stream = world.raw().await;
	write(&mut stream, &Request::PutManifest(vec![1; 100])).await;
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::BadManifest)));
	let mut stream = world.raw().await;
	write(&mut stream, &Request::PutManifest(vec![1; manifest::MAX_MANIFEST_BYTES + 1])).await;
	assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::BadManifest)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_outside_the_column_is_refused() {
	let world = World::new().await;
	let bytes = column(10, 1);
	let root = world.push(1, &bytes).await.unwrap().fields().root;
	assert_eq!(refusal(world.fetch([1; 32], 10, 0..1).await), Refusal::NotFound);
	for (first_chunk, chunks) in [(0, 0), (0, 11), (10, 1), (u64::MAX, 1), (1, u64::MAX)] {
		let mut stream = world.raw().await;
		write(&mut stream, &Request::Fetch { root, first_chunk, chunks }).await;
		assert_eq!(read(&mut stream).await, Some(Reply::Refused(Refusal::NotFound)));
	}
	let wrong_total = world.fetch(root, 11, 0..1).await;
	assert!(matches!(wrong_total, Err(TransferError::Lied(Lie::WrongLength))));
	assert!(matches!(world.fetch(root, 10, 5..5).await, Err(TransferError::WrongRange)));
	assert!(matches!(world.fetch(root, 10, 0..11).await, Err(TransferError::WrongRange)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_column_is_never_sent_on() {
	use std::os::unix::fs::FileExt as _;

	let world = World::new().await;
	let bytes = column(5000, 1);
	let root = world.push(1, &bytes).await.unwrap().fields().root;
	let name = hex::encode(root);
	let path = world._dir.path().join("columns").join(&name[..2]).join(&name);
	let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
	file.write_all_at(&[bytes[4_000_000] ^ 1], 4_000_000).unwrap();
	let mut stream = world.client.fetch(&world.provider, root, 5000, 0..5000).await.unwrap();
	let mut good = 0;
	let error = loop {
		match stream.next().await {
			Ok(Some(piece)) => {
				assert_eq!(piece, bytes[good..good + piece.len()]);
				good += piece.len();
			},
			Ok(None) => panic!("the damage went unnoticed"),
			Err(error) => break error,
		}
	};
	assert!(matches!(error, TransferError::Closed), "{error}");
	assert!(good <= 4_000_000);
	assert_eq!(world.server.metrics().damaged.get(), 1);
	assert_eq!(world.store.suspects(), [root]);
}

/// A provider that sends other bytes than asked for: the receiver notices at the first wrong group.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_chunk_is_detected_by_the_receiver() {
	let world = World::new().await;
	let bytes = column(100, 1);
	let root = world.push(1, &bytes).await.unwrap().fields().root;
	let mut honest = Vec::new();
	world.store.stream(&root, 0, 100, &mut honest).unwrap();

	for wrong_at in [0, 70, 20_000, 60_000, honest.len() - 1] {
		let listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
		let (liar, _) = Network::start(NetworkConfig { listen, ..NetworkConfig::default() }).await.unwrap();
		let mut streams = liar.accept(PROTOCOL).unwrap();
		let mut answer = honest.clone();
		answer[wrong_at] ^= 1;
		tokio::spawn(async move {
			let (_, mut stream) = streams.next().await.unwrap();
			let _: Request = framing::read_message(&mut stream, MAX_MESSAGE, DEADLINE).await.unwrap();
			write(&mut stream, &Reply::Sending { chunks_total: 100 }).await;
			let _ = stream.write_all(&answer).await;
			let _ = stream.flush().await;
			tokio::time::sleep(DEADLINE).await;
		});
		let peer = ProviderPeer { account: [1; 32], peer: liar.peer_id(), addresses: liar.listen_addresses() };
		let mut stream = world.client.fetch(&peer, root, 100, 0..100).await.unwrap();
		let mut good = 0;
		let error = loop {
			match stream.next().await {
				Ok(Some(piece)) => {
					assert_eq!(piece, bytes[good..good + piece.len()]);
					good += piece.len();
				},
				Ok(None) => panic!("the lie went unnoticed"),
				Err(error) => break error,
			}
		};
		assert!(matches!(error, TransferError::Lied(Lie::WrongBytes)), "{error}");
		assert!(error.is_providers_fault() && !error.is_retryable());
		assert!(matches!(stream.next().await, Err(TransferError::Closed)));
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_acknowledgement_is_detected() {
	let world = World::new().await;
	let mallory = Signer::from_suri("//Mallory").unwrap();
	let listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
	let (liar, _) = Network::start(NetworkConfig { listen, ..NetworkConfig::default() }).await.unwrap();
	let mut streams = liar.accept(PROTOCOL).unwrap();
	let signer = mallory.clone();
	tokio::spawn(async move {
		let (_, mut stream) = streams.next().await.unwrap();
		let Request::Push(signed) = framing::read_message(&mut stream, MAX_MESSAGE, DEADLINE).await.unwrap() else {
			panic!("not a push")
		};
		write(&mut stream, &Reply::Ready).await;
		let mut frame = Vec::new();
		loop {
			framing::read_frame(&mut stream, &mut frame, MAX_DATA, DEADLINE).await.unwrap();
			if frame.is_empty() {
				break;
			}
		}
		let end: PushEnd = framing::read_message(&mut stream, MAX_MESSAGE, DEADLINE).await.unwrap();
		let ack = crate::protocol::acknowledgement(signed.fields(), &end.root, end.chunks, 1_000_000);
		let ack = peoples_cloud_primitives::terms::Acknowledgement::V1(ack);
		write(&mut stream, &Reply::Stored(crate::protocol::SignedAck::sign(ack, &signer))).await;
		tokio::time::sleep(DEADLINE).await;
	});
	let peer = ProviderPeer { account: mallory.account(), peer: liar.peer_id(), addresses: liar.listen_addresses() };
	let fields = StorageIntentV1 { provider: mallory.account(), ..world.fields(1, 10) };
	let intent = SignedIntent::sign(StorageIntent::V1(fields), &world.alice);
	let mut session = world.client.push(&peer, intent).await.unwrap();
	session.send(&column(10, 1)).await.unwrap();
	let error = session.finish().await.unwrap_err();
	assert!(matches!(error, TransferError::Lied(Lie::WrongAcknowledgement)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_one_peer_are_limited() {
	let config = ServerConfig { reads: Rate { burst: 1 << 19, per_second: 1 }, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let bytes = column(400, 1);
	let root = world.push(1, &bytes).await.unwrap().fields().root;
	assert_eq!(world.fetch(root, 400, 0..400).await.unwrap(), bytes);
	assert!(matches!(refusal(world.fetch(root, 400, 0..400).await), Refusal::RateLimited { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_is_cut_off_is_charged_for_what_was_sent_and_can_be_resumed() {
	let chunks = 30_000;
	// Enough for the column, and for what fills the buffers on the way before anybody notices; not for the column twice.
	let burst = 50_000 * CHUNK_BYTES as u64;
	let config = ServerConfig { reads: Rate { burst, per_second: 1 }, ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let bytes = column(chunks as usize, 1);
	let root = world.push(1, &bytes).await.unwrap().fields().root;
	let mut stream = world.client.fetch(&world.provider, root, chunks, 0..chunks).await.unwrap();
	let mut first = vec![0; 16 * CHUNK_BYTES];
	stream.read_exact(&mut first).await.unwrap();
	drop(stream);
	let rest = world.fetch(root, chunks, 16..chunks).await.unwrap();
	assert!([first, rest].concat() == bytes);
	// What came is paid for all the same.
	assert!(!matches!(world.fetch(root, chunks, 0..chunks).await, Ok(all) if all == bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_how_the_provider_is() {
	let world = World::new().await;
	let status = world.client.status(&world.provider).await.unwrap();
	assert_eq!((status.account, status.price), (world.provider.account, Some(PRICE)));
	assert_eq!((status.free_chunks, status.min_duration, status.max_duration), (1 << 20, 2, 1000));
	world.push(1, &column(10, 1)).await.unwrap();
	assert_eq!(world.client.status(&world.provider).await.unwrap().free_chunks, (1 << 20) - 10);
	let account = world.provider.account;
	world.chain.contents().providers.remove(&account);
	tokio::time::sleep(Duration::from_millis(3100)).await;
	let status = world.client.status(&world.provider).await.unwrap();
	assert_eq!((status.free_chunks, status.price), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_not_asked_for_every_request() {
	let world = World::new().await;
	for _ in 0..50 {
		world.client.status(&world.provider).await.unwrap();
	}
	assert!(world.chain.contents().reads < 10);
	let _ = world.chain.genesis();
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_lets_transfers_end_and_drops_stalled_ones() {
	let config = ServerConfig { drain: Duration::from_secs(2), ..ServerConfig::default() };
	let world = World::with(config, "/ip4/127.0.0.1/tcp/0").await;
	let mut going = world.client.push(&world.provider, world.intent(1, 1000)).await.unwrap();
	going.send(&column(500, 1)).await.unwrap();
	let mut stalled = world.raw_push(2, 10).await;
	world.server.shutdown();
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert!(world.client.status(&world.provider).await.is_err(), "nothing new");
	going.send(&column(500, 1)).await.unwrap();
	going.finish().await.unwrap();
	assert_eq!(read(&mut stalled).await, Some(Reply::Refused(Refusal::ShuttingDown)));
	world.joined.await.unwrap();
	let staged = std::fs::read_dir(world._dir.path().join("staging")).unwrap().count();
	assert_eq!(staged, 0);
}
