//! Everything real but the chain: files, disks, connections on loopback.
mod hostile;

use std::{
	path::{Path, PathBuf},
	sync::Mutex,
};

use peoples_cloud_client::chain::{Call, Certainty, ColumnState, Needs};
use peoples_cloud_network::{Network, NetworkConfig, NetworkHandle};
use peoples_cloud_primitives::{AccountBytes, AgreementId, Hash32};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::{
	client::{
		get, put, repair, GetError, GetOptions, Progress, PutError, PutOptions, PutOutcome, RepairError, RepairOptions,
		Unlock,
	},
	simulation::SimulatedChain,
	store::ColumnStore,
	transfer::{ServerConfig, ServerHandle, TransferClient, TransferServer},
};

struct Provider {
	account: AccountBytes,
	signer: Signer,
	network: NetworkHandle,
	server: ServerHandle,
	store: ColumnStore,
	directory: TempDir,
}

struct World {
	chain: Arc<SimulatedChain>,
	providers: Vec<Provider>,
	alice: Signer,
	transfer: TransferClient,
	files: TempDir,
	blocks: JoinHandle<()>,
}

impl Drop for World {
	fn drop(&mut self) {
		self.blocks.abort();
	}
}

impl World {
	async fn new(providers: usize) -> Self {
		let chain = SimulatedChain::fast();
		let alice = Signer::from_suri("//Alice").unwrap();
		chain.decree(|state, _| state.balances.insert(alice.account(), 1 << 60));
		let mut world = Self {
			providers: Vec::new(),
			alice,
			transfer: TransferClient::new(Network::start(NetworkConfig::default()).await.unwrap().0),
			files: TempDir::new().unwrap(),
			blocks: tokio::spawn({
				let chain = chain.clone();
				async move {
					loop {
						tokio::time::sleep(Duration::from_millis(100)).await;
						chain.produce(1);
					}
				}
			}),
			chain,
		};
		for number in 0..providers {
			world.add_provider(number).await;
		}
		world
	}

	async fn add_provider(&mut self, number: usize) {
		let signer = Signer::from_suri(&format!("//Provider//{number}")).unwrap();
		let directory = TempDir::new().unwrap();
		let (store, _) = ColumnStore::open(directory.path(), 1 << 20).unwrap();
		let listen = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"][number % 2].parse().unwrap();
		let config = NetworkConfig { listen: vec![listen], ..NetworkConfig::default() };
		let (network, _) = Network::start(config).await.unwrap();
		let config = ServerConfig { drain: Duration::ZERO, ..ServerConfig::default() };
		let (server, _) =
			TransferServer::start(self.chain.clone(), Arc::new(signer.clone()), store.clone(), network.clone(), config)
				.unwrap();
		let account = signer.account();
		self.chain.decree(|state, _| {
			state.add_provider(account, &format!("operator {number}"));
			let info = state.providers.get_mut(&account).unwrap();
			info.peer_id = network.peer_id().to_bytes();
			info.addresses = network.listen_addresses().iter().map(|address| address.to_vec()).collect();
		});
		self.providers.push(Provider { account, signer, network, server, store, directory });
	}

	fn file(&self, length: usize) -> (PathBuf, Vec<u8>) {
		let plain: Vec<u8> = (0..length).map(|at| (at * 7 + at / 256 + at / 65_521) as u8).collect();
		let path = self.files.path().join("file");
		std::fs::write(&path, &plain).unwrap();
		(path, plain)
	}

	fn options(&self, k: u16, n: u16) -> PutOptions {
		PutOptions { code: Some((k, n)), certainty: Certainty::Included, ..PutOptions::for_periods(100) }
	}

	async fn put(&self, path: &Path, k: u16, n: u16) -> Result<PutOutcome, PutError> {
		put(&*self.chain, &self.transfer, &self.alice, path, &self.options(k, n), &|_| {}).await
	}

	async fn get(&self, object: Hash32, range: Option<Range<u64>>) -> Result<Vec<u8>, GetError> {
		let mut out = Vec::new();
		let unlock = Unlock::Account(&self.alice);
		get(&*self.chain, &self.transfer, &unlock, object, &GetOptions { range }, &mut out, &|_| {}).await?;
		Ok(out)
	}

	fn provider(&self, account: &AccountBytes) -> &Provider {
		self.providers.iter().find(|provider| provider.account == *account).unwrap()
	}

	fn holders(&self, agreement: AgreementId) -> Vec<AccountBytes> {
		self.chain.read(|state| state.agreements[&agreement].columns.iter().map(|column| column.provider).collect())
	}

	fn opened(&self) -> usize {
		self.chain.read(|state| state.agreements.len())
	}

	fn stop(&self, account: &AccountBytes) {
		let provider = self.provider(account);
		provider.server.shutdown();
		provider.network.shutdown();
	}

	/// Changes a byte in the middle of each column file of a provider.
	fn spoil(&self, account: &AccountBytes) -> usize {
		let mut spoilt = 0;
		let mut directories = vec![self.provider(account).directory.path().join("columns")];
		while let Some(directory) = directories.pop() {
			for entry in std::fs::read_dir(directory).unwrap() {
				let path = entry.unwrap().path();
				if path.is_dir() {
					directories.push(path);
				} else if path.file_name().is_some_and(|name| name.len() == 64) {
					let mut bytes = std::fs::read(&path).unwrap();
					let middle = bytes.len() / 2;
					bytes[middle] ^= 1;
					std::fs::write(&path, bytes).unwrap();
					spoilt += 1;
				}
			}
		}
		spoilt
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_is_got_whole_and_in_ranges_while_any_k_providers_are_left() {
	let world = World::new(6).await;
	let (path, plain) = world.file(3_000_000);
	let stored = world.put(&path, 2, 6).await.unwrap();
	assert_eq!(world.get(stored.object, None).await.unwrap(), plain);
	for range in [0..1, 2_999_999..3_000_000, 65_519..65_521, 131_000..1_700_000] {
		let slice = plain[range.start as usize..range.end as usize].to_vec();
		assert_eq!(world.get(stored.object, Some(range)).await.unwrap(), slice);
	}
	let error = world.get(stored.object, Some(5..3_000_001)).await.unwrap_err();
	assert!(matches!(error, GetError::Range { length: 3_000_000, .. }), "{error}");

	let holders = world.holders(stored.agreement);
	for account in &holders[..4] {
		world.stop(account);
	}
	assert_eq!(world.get(stored.object, None).await.unwrap(), plain, "the last two, neither with plain shards");
	world.stop(&holders[4]);
	let error = world.get(stored.object, None).await.unwrap_err();
	assert!(error.is_retryable(), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoilt_disks_do_not_spoil_downloads() {
	let world = World::new(6).await;
	let (path, plain) = world.file(5_000_000);
	let stored = world.put(&path, 2, 6).await.unwrap();
	for account in &world.holders(stored.agreement)[..4] {
		assert_eq!(world.spoil(account), 1);
	}
	assert_eq!(world.get(stored.object, None).await.unwrap(), plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_vanishes_in_the_middle_of_its_column_is_replaced() {
	let world = World::new(7).await;
	let (path, plain) = world.file(40_000_000);
	let (events, stopped) = (Mutex::new(Vec::new()), Mutex::new(None));
	let progress = |progress: Progress| {
		if let Progress::Bytes { done, total } = progress {
			let mut stopped = stopped.lock().unwrap();
			if done > total / 4 && stopped.is_none() {
				// One that is receiving: its store has room reserved.
				let victim =
					world.providers.iter().find(|provider| provider.store.usage().reserved_chunks > 0).unwrap();
				world.stop(&victim.account);
				*stopped = Some(victim.account);
			}
		}
		events.lock().unwrap().push(progress);
	};
	let options = world.options(2, 6);
	let stored = put(&*world.chain, &world.transfer, &world.alice, &path, &options, &progress).await.unwrap();
	let stopped = stopped.lock().unwrap().unwrap();
	assert!(!world.holders(stored.agreement).contains(&stopped));
	let failed = events
		.lock()
		.unwrap()
		.iter()
		.any(|event| matches!(event, Progress::ProviderFailed { provider, .. } if *provider == stopped));
	assert!(failed, "the user is told");
	assert_eq!(world.get(stored.object, None).await.unwrap(), plain);
	assert_eq!(world.opened(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_that_refuse_or_cannot_be_reached_are_passed_over() {
	let world = World::new(8).await;
	world.stop(&world.providers[2].account);
	// Its disk is smaller than its offer says.
	world.providers[5].store.set_capacity(1);
	let (path, plain) = world.file(100_000);
	let stored = world.put(&path, 2, 6).await.unwrap();
	let holders = world.holders(stored.agreement);
	assert!(!holders.contains(&world.providers[2].account) && !holders.contains(&world.providers[5].account));
	assert_eq!(world.get(stored.object, None).await.unwrap(), plain);
	world.stop(&world.providers[0].account);
	let error = world.put(&path, 2, 6).await.unwrap_err();
	assert!(matches!(error, PutError::ProvidersFailed { missing: 1, .. }), "{error}");
	assert_eq!(world.opened(), 1, "nothing was paid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_given_up_leaves_nothing_and_pays_nothing() {
	let world = World::new(6).await;
	let (path, _) = world.file(60_000_000);
	let started = Arc::new(tokio::sync::Notify::new());
	let progress = |progress| {
		if matches!(progress, Progress::Bytes { .. }) {
			started.notify_one();
		}
	};
	let options = world.options(2, 6);
	tokio::select! {
		result = put(&*world.chain, &world.transfer, &world.alice, &path, &options, &progress) => panic!("{result:?}"),
		() = started.notified() => {},
	}
	assert_eq!(world.opened(), 0);
	for _ in 0..100 {
		if world.providers.iter().all(|provider| provider.store.usage().reserved_chunks == 0) {
			return;
		}
		tokio::time::sleep(Duration::from_millis(50)).await;
	}
	panic!("reserved room was left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_columns_are_rebuilt_and_placed_with_fresh_providers() {
	let mut world = World::new(6).await;
	let (path, plain) = world.file(2_000_000);
	let stored = world.put(&path, 2, 6).await.unwrap();
	let before = world.holders(stored.agreement);
	let repaired = |world: World| async move {
		let options = RepairOptions { certainty: Certainty::Included, ..RepairOptions::default() };
		let outcome = repair(&*world.chain, &world.transfer, &world.alice, stored.object, &options, &|_| {}).await;
		(world, outcome)
	};
	let (back, outcome) = repaired(world).await;
	world = back;
	assert_eq!(outcome.unwrap().replaced, [], "nothing is lost yet");

	for column in [1, 4] {
		let holder = &world.provider(&before[usize::from(column)]).signer;
		let call = Call::DeclareLost(stored.agreement, column);
		peoples_cloud_client::chain::Chain::submit(&*world.chain, holder, call, Certainty::Included).await.unwrap();
		world.stop(&before[usize::from(column)]);
	}
	let (back, outcome) = repaired(world).await;
	world = back;
	assert!(matches!(outcome, Err(RepairError::Placement(_))), "all providers hold a column: {outcome:?}");
	// One fresh provider: a column is repaired and told, although there is nobody for the other.
	world.add_provider(6).await;
	let (back, outcome) = repaired(world).await;
	world = back;
	let outcome = outcome.unwrap();
	let [(agreement, 1, first)] = outcome.replaced[..] else { panic!("{outcome:?}") };
	assert_eq!(agreement, stored.agreement);
	assert!(matches!(outcome.failed[..], [(_, 4, RepairError::Placement(_))]), "{outcome:?}");
	world.add_provider(7).await;
	// In an agreement's last period the chain takes no replacement.
	let end = world.chain.decree(|state, _| {
		let last = state.period() + 1;
		std::mem::replace(&mut state.agreements.get_mut(&stored.agreement).unwrap().end, last)
	});
	let (back, outcome) = repaired(world).await;
	world = back;
	assert!(matches!(outcome, Err(RepairError::Ending(_))), "{outcome:?}");
	world.chain.decree(|state, _| state.agreements.get_mut(&stored.agreement).unwrap().end = end);
	let (back, outcome) = repaired(world).await;
	world = back;
	let outcome = outcome.unwrap();
	assert!(matches!(outcome.replaced[..], [(_, 4, _)]) && outcome.failed.is_empty(), "{outcome:?}");
	let after = world.holders(stored.agreement);
	assert_eq!((after[1], after[4]), (first, outcome.replaced[0].2));
	assert!(world.chain.read(|state| state.agreements[&stored.agreement]
		.columns
		.iter()
		.all(|column| column.state == ColumnState::Held)));
	// What was rebuilt serves.
	for column in [0, 2, 3, 5] {
		world.stop(&after[column]);
	}
	assert_eq!(world.get(stored.object, None).await.unwrap(), plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_stored_or_got_says_why() {
	let world = World::new(6).await;
	let (path, plain) = world.file(0);
	assert_eq!(plain.len(), 0);
	assert_eq!(world.put(&path, 2, 6).await.unwrap_err().to_string(), "the file is empty; there is nothing to store");
	let (path, _) = world.file(10_000);
	assert!(matches!(world.put(&path, 4, 12).await, Err(PutError::Placement(_))));
	world.chain.decree(|state, _| state.balances.insert(world.alice.account(), 5));
	assert!(matches!(world.put(&path, 2, 6).await, Err(PutError::TooLittleMoney { free: 5, .. })));
	// Enough for the price, but not for what opening the agreement takes beside it.
	world.chain.decree(|state, _| {
		state.balances.insert(world.alice.account(), 1 << 40);
		state.overhead = Needs { amount: 0, deposit: 1 << 40, fee: 2, existential_deposit: 1 };
	});
	let error = world.put(&path, 2, 6).await.unwrap_err();
	assert!(matches!(error, PutError::TooLittleMoney { .. }), "{error}");
	assert!(error.to_string().contains("as a deposit"), "{error}");
	assert!(world.providers.iter().all(|provider| provider.store.usage().pending_chunks == 0), "something was sent");
	world.chain.decree(|state, _| {
		state.balances.insert(world.alice.account(), 1 << 60);
		state.overhead = Needs::default();
	});
	let stored = world.put(&path, 2, 6).await.unwrap();
	let mut out = Vec::new();
	let bob = Signer::from_suri("//Bob").unwrap();
	let options = GetOptions::default();
	let unlock = Unlock::Account(&bob);
	let not_his = get(&*world.chain, &world.transfer, &unlock, stored.object, &options, &mut out, &|_| {}).await;
	assert!(matches!(not_his, Err(GetError::Seal(_))));
	assert!(out.is_empty());
	assert!(matches!(world.get([1; 32], None).await, Err(GetError::Locate(_))));
	let beyond = world.get(stored.object, Some(9_990..10_001)).await.unwrap_err();
	assert_eq!(beyond.to_string(), "the range 9990-10000 is not within the object; give one within 0-9999");
	// The owner may share the key.
	let key = ObjectKey::unwrap(&stored.manifest.fields().cipher, &world.alice).unwrap();
	get(&*world.chain, &world.transfer, &Unlock::Key(key), stored.object, &options, &mut out, &|_| {}).await.unwrap();
	assert_eq!(out.len(), 10_000);
	let options = RepairOptions::default();
	let not_his = repair(&*world.chain, &world.transfer, &bob, stored.object, &options, &|_| {}).await;
	assert!(matches!(not_his, Err(RepairError::NotYours(_))));
}
