//! Providers that lie, hang up or say nothing, beside honest ones.
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::AsyncWriteExt as _;
use peoples_cloud_network::{framing, Stream};

use super::*;
use crate::{
	client::{get::read, locate::ProviderColumns},
	protocol::{Refusal, Reply, Request, MAX_DATA, MAX_MESSAGE, PROTOCOL},
	simulation::NewColumn,
	store::{Held, Purpose},
	transfer::{ClientLimits, ProviderPeer},
};

const PATIENCE: Duration = Duration::from_secs(600);
/// What honest providers ask; the others ask a millionth.
const PRICE: u128 = 1 << 20;

/// How somebody misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
	/// Takes requests and never answers.
	Silent,
	/// Agrees to take a column, and takes nothing of it.
	Idle,
	/// Agrees to take a column, and hangs up when it comes.
	HangsUp,
	/// Sends noise in place of columns.
	Lies,
}

/// A peer that misbehaves under any number of accounts.
struct Hostile {
	network: NetworkHandle,
	/// Columns that were pushed or fetched.
	asked: Arc<AtomicUsize>,
}

impl Drop for Hostile {
	fn drop(&mut self) {
		self.network.shutdown();
	}
}

impl Hostile {
	async fn start(manner: Manner) -> Self {
		let listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
		let (network, _) = Network::start(NetworkConfig { listen, ..NetworkConfig::default() }).await.unwrap();
		let mut streams = network.accept(PROTOCOL).unwrap();
		let asked = Arc::new(AtomicUsize::new(0));
		tokio::spawn({
			let asked = asked.clone();
			async move {
				while let Some((_, stream)) = streams.next().await {
					tokio::spawn(serve(manner, stream, asked.clone()));
				}
			}
		});
		Self { network, asked }
	}

	fn asked(&self) -> usize {
		self.asked.load(Ordering::SeqCst)
	}

	fn peer(&self, account: AccountBytes) -> ProviderPeer {
		ProviderPeer { account, peer: self.network.peer_id(), addresses: self.network.listen_addresses() }
	}

	/// Registers accounts that ask less than all others.
	fn register(&self, world: &World, accounts: usize) -> Vec<AccountBytes> {
		let accounts: Vec<AccountBytes> = (0..accounts).map(|number| [0x80 + number as u8; 32]).collect();
		world.chain.decree(|state, _| {
			for (number, account) in accounts.iter().enumerate() {
				state.add_provider(*account, &format!("hostile {number}"));
			}
		});
		self.take_the_place_of(world, &accounts);
		accounts
	}

	fn take_the_place_of(&self, world: &World, accounts: &[AccountBytes]) {
		world.chain.decree(|state, _| {
			for account in accounts {
				let info = state.providers.get_mut(account).unwrap();
				info.peer_id = self.network.peer_id().to_bytes();
				info.addresses = self.network.listen_addresses().iter().map(|address| address.to_vec()).collect();
			}
		});
	}
}

async fn serve(manner: Manner, mut stream: Stream, asked: Arc<AtomicUsize>) {
	let request = framing::read_message(&mut stream, MAX_MESSAGE, PATIENCE).await;
	let transfer = matches!(request, Ok(Request::Push(_) | Request::Fetch { .. }));
	asked.fetch_add(usize::from(transfer), Ordering::SeqCst);
	match (request, manner) {
		(_, Manner::Silent) => std::future::pending().await,
		(Ok(Request::Push(_)), Manner::Idle | Manner::HangsUp) => {
			reply(&mut stream, Reply::Ready).await;
			if manner == Manner::Idle {
				std::future::pending().await
			}
			let _ = framing::read_length(&mut stream, MAX_DATA, PATIENCE).await;
		},
		(Ok(Request::Fetch { first_chunk, chunks, .. }), Manner::Lies) => {
			reply(&mut stream, Reply::Sending { chunks_total: first_chunk + chunks }).await;
			// Whoever notices hangs up.
			let _ = stream.write_all(&vec![7; chunks as usize * 1024]).await;
			let _ = stream.close().await;
		},
		_ => reply(&mut stream, Reply::Refused(Refusal::NotFound)).await,
	}
}

async fn reply(stream: &mut Stream, reply: Reply) {
	// Clients that have had enough are gone.
	let _ = framing::write_message(stream, &reply, MAX_MESSAGE, PATIENCE).await;
}

impl World {
	fn ask_prices(&self) {
		self.chain.decree(|state, _| {
			for info in state.providers.values_mut() {
				info.offer.as_mut().unwrap().price = PRICE;
			}
		});
	}

	/// Stores an object with the first providers, and opens another agreement about it with the rest, who get copies of
	/// its columns. Answers both holders of each column.
	async fn store_twice(&self, path: &Path, k: u16) -> (PutOutcome, Vec<[AccountBytes; 2]>) {
		let n = self.providers.len() / 2;
		let (first, rest) = self.providers.split_at(n);
		let set_active = |active| {
			self.chain.decree(|state, _| {
				for provider in rest {
					state.providers.get_mut(&provider.account).unwrap().active = active;
				}
			});
		};
		set_active(false);
		let stored = self.put(path, k, n as u16).await.unwrap();
		set_active(true);
		let fields = stored.manifest.fields();
		let chunks = fields.column_chunks();
		let mut columns = Vec::new();
		for (column, copy) in fields.columns.iter().zip(rest) {
			let bytes = self.column(first, &column.provider, column.root, chunks).await;
			let mut writer = copy.store.begin(chunks).unwrap();
			writer.write(&bytes).unwrap();
			let held = Held { agreement: 1, object: stored.object };
			writer.finish(&column.root, chunks, Purpose::Held(held)).unwrap();
			self.transfer.put_manifest(&self.peer(copy), &stored.manifest).await.unwrap();
			columns.push(NewColumn { provider: copy.account, root: column.root, rate: 1 });
		}
		self.chain.decree(|state, events| {
			let id = state.open(events, self.alice.account(), stored.object, chunks, 100, &columns);
			state.agreements.get_mut(&id).unwrap().k = k;
		});
		let holders = fields.columns.iter().zip(&columns).map(|(column, copy)| [column.provider, copy.provider]);
		(stored.clone(), holders.collect())
	}

	async fn column(&self, among: &[Provider], holder: &AccountBytes, root: Hash32, chunks: u64) -> Vec<u8> {
		let provider = among.iter().find(|provider| provider.account == *holder).unwrap();
		let mut stream = self.transfer.fetch(&self.peer(provider), root, chunks, 0..chunks).await.unwrap();
		let mut bytes = vec![0; chunks as usize * 1024];
		stream.read_exact(&mut bytes).await.unwrap();
		bytes
	}

	fn peer(&self, provider: &Provider) -> ProviderPeer {
		let (peer, addresses) = (provider.network.peer_id(), provider.network.listen_addresses());
		ProviderPeer { account: provider.account, peer, addresses }
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_holder_of_a_column_lies_the_other_is_asked() {
	let world = World::new(6).await;
	let (path, plain) = world.file(3_000_000);
	let (stored, holders) = world.store_twice(&path, 2).await;
	let fields = stored.manifest.fields();
	let liar = Hostile::start(Manner::Lies).await;
	// The liar is the first of each column's holders, twice.
	let mut at = Vec::new();
	for (column, [_, honest]) in fields.columns.iter().zip(&holders) {
		at.push((column.root, liar.peer([1; 32])));
		at.push((column.root, liar.peer([2; 32])));
		at.push((column.root, world.peer(world.provider(honest))));
	}
	let key = ObjectKey::unwrap(&fields.cipher, &world.alice).unwrap();
	let source = Arc::new(ProviderColumns::new(world.transfer.clone(), fields, &at));
	for times in 1..=2 {
		let mut out = Vec::new();
		let range = 0..fields.plain_bytes;
		read(fields, &key, source.clone(), vec![0, 1], range, &mut out, &|_| {}).await.unwrap();
		assert!(out == plain);
		assert_eq!(liar.asked(), 4, "each lie is the last about a column: round {times}");
	}

	// All who hold a column lie.
	let lies: Vec<(Hash32, ProviderPeer)> = at.into_iter().filter(|(_, peer)| peer.account[1..] == [1; 31]).collect();
	let source = ProviderColumns::new(world.transfer.clone(), fields, &lies);
	assert_eq!(source.holders(0), Holders { untried: 1, again: 0 });
	let mut bytes = source.open(0, 0..fields.column_chunks()).await.unwrap();
	let error = bytes.read_exact(&mut [0; 1024]).await.unwrap_err();
	assert!(matches!(error, TransferError::Lied(Lie::WrongBytes)), "{error}");
	assert_eq!((source.holders(0).untried, source.holders(1).untried), (0, 1));
	let error = source.open(0, 0..fields.column_chunks()).await.err().expect("nobody is left");
	assert!(matches!(error, TransferError::NobodyLeft) && !error.is_retryable(), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_is_got_though_one_holder_of_each_column_lies() {
	let world = World::new(6).await;
	let (path, plain) = world.file(3_000_000);
	let (stored, holders) = world.store_twice(&path, 2).await;
	let liar = Hostile::start(Manner::Lies).await;
	// The one whom accounts in order put first.
	let liars: Vec<AccountBytes> = holders.iter().map(|pair| *pair.iter().min().unwrap()).collect();
	liar.take_the_place_of(&world, &liars);
	assert!(world.get(stored.object, None).await.unwrap() == plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cheap_providers_that_hang_up_do_not_use_up_the_passes() {
	let world = World::new(3).await;
	world.ask_prices();
	let hostile = Hostile::start(Manner::HangsUp).await;
	// Enough for more passes than there are.
	let accounts = hostile.register(&world, 18);
	let (path, plain) = world.file(500_000);
	let stored = world.put(&path, 1, 3).await.unwrap();
	assert_eq!(hostile.asked(), accounts.len(), "once each");
	assert!(world.holders(stored.agreement).iter().all(|holder| !accounts.contains(holder)));
	assert!(world.get(stored.object, None).await.unwrap() == plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cheap_providers_that_hang_up_do_not_end_a_repair() {
	let world = World::new(4).await;
	world.ask_prices();
	let (path, _) = world.file(500_000);
	let stored = world.put(&path, 1, 3).await.unwrap();
	let holder = &world.provider(&world.holders(stored.agreement)[1]).signer;
	let call = Call::DeclareLost(stored.agreement, 1);
	peoples_cloud_client::chain::Chain::submit(&*world.chain, holder, call, Certainty::Included).await.unwrap();
	let hostile = Hostile::start(Manner::HangsUp).await;
	let accounts = hostile.register(&world, 8);
	let options = RepairOptions { certainty: Certainty::Included, ..RepairOptions::default() };
	let outcome = repair(&*world.chain, &world.transfer, &world.alice, stored.object, &options, &|_| {}).await.unwrap();
	assert_eq!(hostile.asked(), accounts.len(), "once each");
	assert!(!accounts.contains(&outcome.replaced[0].2));
}

/// Puts among six honest providers and a cheap one that stalls.
async fn put_beside_one_that_stalls(manner: Manner, length: usize) {
	let mut world = World::new(6).await;
	let (idle, store) = (Duration::from_secs(5), Duration::from_secs(10));
	let limits = ClientLimits { idle, store, ..ClientLimits::default() };
	let network = Network::start(NetworkConfig::default()).await.unwrap().0;
	world.transfer = TransferClient::with_limits(network, limits);
	world.ask_prices();
	let hostile = Hostile::start(manner).await;
	let accounts = hostile.register(&world, 1);
	let (path, plain) = world.file(length);
	let told = Mutex::new(Vec::new());
	let progress = |progress| {
		if let Progress::ProviderFailed { provider, .. } = progress {
			told.lock().unwrap().push(provider);
		}
	};
	let options = world.options(2, 6);
	let stored = put(&*world.chain, &world.transfer, &world.alice, &path, &options, &progress).await.unwrap();
	assert_eq!(hostile.asked(), 1);
	assert_eq!(*told.lock().unwrap(), accounts, "it failed, and nobody else with it");
	assert!(!world.holders(stored.agreement).contains(&accounts[0]));
	assert!(world.get(stored.object, None).await.unwrap() == plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_provider_that_never_answers_does_not_end_a_put() {
	put_beside_one_that_stalls(Manner::Silent, 500_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_provider_that_accepts_and_takes_nothing_does_not_end_a_put() {
	// A column of 20 MB: more than fits into the buffers on the way.
	put_beside_one_that_stalls(Manner::Idle, 40_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_provider_that_accepts_and_never_acknowledges_does_not_end_a_put() {
	// A column that fits into the buffers.
	put_beside_one_that_stalls(Manner::Idle, 200_000).await;
}
