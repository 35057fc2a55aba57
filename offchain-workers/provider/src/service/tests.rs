use std::{collections::BTreeSet, path::Path, time::Duration};

use peoples_cloud_client::{
	chain::{Call, Certainty, ColumnState, Offer, ProofParams},
	wallet::Signer,
};
use peoples_cloud_network::NetworkConfig;
use peoples_cloud_storage::{
	client::{get, put, GetOptions, PutOptions, Unlock},
	simulation::{NewColumn, SimulatedChain},
	tasks::{keep_registered::Registration, scrub_columns::ScrubSettings},
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// A block of the simulated chain.
const BLOCK: Duration = Duration::from_millis(150);
/// Far longer than anything here takes on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A chain whose blocks come by themselves, until it is dropped.
struct Running {
	chain: Arc<SimulatedChain>,
	blocks: JoinHandle<()>,
}

impl Running {
	fn start(params: ProofParams) -> Self {
		let chain = SimulatedChain::new(params);
		let blocks = tokio::spawn({
			let chain = chain.clone();
			async move {
				loop {
					tokio::time::sleep(BLOCK).await;
					chain.produce(1);
				}
			}
		});
		Self { chain, blocks }
	}

	fn fast() -> Self {
		Self::start(ProofParams { period_blocks: 16, window_blocks: 10, challenges: 8 })
	}

	/// Nobody is challenged while a test runs.
	fn slow() -> Self {
		Self::start(ProofParams { period_blocks: 100_000, window_blocks: 60, challenges: 8 })
	}
}

impl Drop for Running {
	fn drop(&mut self) {
		self.blocks.abort();
	}
}

fn settings(number: u8, data_dir: &Path, heal: bool) -> Settings {
	let offer = Offer { price: 1_000, capacity_chunks: 1 << 16, min_duration: 1, max_duration: 10_000 };
	Settings {
		url: "memory".into(),
		signer: Signer::from_suri(&format!("//Provider//{number}")).unwrap(),
		data_dir: data_dir.into(),
		network: NetworkConfig {
			keypair_path: Some(data_dir.join("network.key")),
			listen: vec!["/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()],
			..NetworkConfig::default()
		},
		registration: Registration {
			bond: Some(5),
			operator: format!("operator {number}"),
			region: "lab".into(),
			offer,
		},
		scrub: ScrubSettings { interval: Duration::from_secs(1), bytes_per_second: 1 << 30, heal },
		withdraw_at_least: 1,
		status_port: 0,
		workers: BTreeSet::from(WorkerKind::ALL),
		accept_empty_store: false,
	}
}

struct Cluster {
	running: Running,
	dirs: Vec<TempDir>,
	services: Vec<Service>,
	client: Signer,
	transfer: TransferClient,
	network: NetworkHandle,
}

impl Cluster {
	async fn start(running: Running, providers: u8, heal: bool) -> Self {
		let mut dirs = Vec::new();
		let mut services = Vec::new();
		for number in 0..providers {
			let dir = tempfile::tempdir().unwrap();
			// A provider that is not there yet makes its own data directory.
			let settings = settings(number, &dir.path().join("data"), heal);
			// A daemon that cannot pay its fees and bond waits for money.
			let account = settings.signer.account();
			running.chain.decree(|state, _| state.balances.insert(account, 1 << 60));
			services.push(Service::start(settings, running.chain.clone()).await.unwrap());
			dirs.push(dir);
		}
		let client = Signer::from_suri("//Alice").unwrap();
		running.chain.decree(|state, _| state.balances.insert(client.account(), 1 << 60));
		let (network, _) = Network::start(NetworkConfig::default()).await.unwrap();
		let transfer = TransferClient::new(network.clone());
		let cluster = Self { running, dirs, services, client, transfer, network };
		cluster
			.until("all offers are on the chain", |state| {
				state.providers.values().filter(|info| info.offer.is_some()).count() == usize::from(providers)
			})
			.await;
		cluster
	}

	async fn until(&self, what: &str, mut condition: impl FnMut(&peoples_cloud_storage::simulation::State) -> bool) {
		let waited = timeout(PATIENCE, async {
			while !self.running.chain.read(&mut condition) {
				sleep(BLOCK / 3).await;
			}
		});
		if waited.await.is_err() {
			let statuses: Vec<_> = self.services.iter().map(|service| service.runner.statuses.all()).collect();
			panic!("{what}: not within {PATIENCE:?}; {statuses:#?}");
		}
	}

	async fn put(&self, bytes: &[u8], k: u16, n: u16) -> (peoples_cloud_primitives::Hash32, u64) {
		let path = self.dirs[0].path().join("file");
		std::fs::write(&path, bytes).unwrap();
		let mut options = PutOptions::for_periods(500);
		options.code = Some((k, n));
		options.certainty = Certainty::Included;
		let outcome = put(&*self.running.chain, &self.transfer, &self.client, &path, &options, &|_| {}).await.unwrap();
		(outcome.object, outcome.agreement)
	}

	async fn get(&self, object: peoples_cloud_primitives::Hash32) -> Vec<u8> {
		let mut bytes = Vec::new();
		let unlock = Unlock::Account(&self.client);
		get(&*self.running.chain, &self.transfer, &unlock, object, &GetOptions::default(), &mut bytes, &|_| {})
			.await
			.unwrap();
		bytes
	}

	fn service(&self, account: &[u8; 32]) -> usize {
		self.services.iter().position(|service| service.shared.context.account == *account).unwrap()
	}

	/// Turns every bit of a column's file around.
	fn corrupt(&self, service: usize, root: &[u8; 32]) {
		let path = find(self.dirs[service].path(), &hex::encode(root)).unwrap();
		let bytes: Vec<u8> = std::fs::read(&path).unwrap().into_iter().map(|byte| !byte).collect();
		std::fs::write(path, bytes).unwrap();
	}

	async fn stop(self) {
		let started = std::time::Instant::now();
		for service in self.services {
			service.shutdown().await;
		}
		assert!(started.elapsed() < DRAIN, "an idle daemon stops at once: {:?}", started.elapsed());
		self.network.shutdown();
	}
}

fn find(dir: &Path, name: &str) -> Option<PathBuf> {
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

fn plain(length: usize) -> Vec<u8> {
	(0..length).map(|at| (at * 31 % 251) as u8).collect()
}

async fn http(address: SocketAddr, path: &str) -> String {
	let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
	let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	stream.write_all(request.as_bytes()).await.unwrap();
	let mut answer = String::new();
	stream.read_to_string(&mut answer).await.unwrap();
	answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_stores_proves_declares_a_loss_and_repairs_it() {
	let cluster = Cluster::start(Running::fast(), 4, false).await;
	let bytes = plain(200_000);
	let (object, agreement) = cluster.put(&bytes, 2, 3).await;
	let columns = cluster.running.chain.read(|state| state.agreements[&agreement].columns.clone());
	cluster
		.until("every holder proves two periods", |state| {
			columns.iter().all(|column| state.proven(&column.provider).len() >= 2)
		})
		.await;

	let address = cluster.services[0].status_address().unwrap();
	let noted = std::fs::read_to_string(cluster.dirs[0].path().join("data").join(STATUS_ADDRESS)).unwrap();
	assert_eq!(noted.trim(), address.to_string());
	let status = http(address, "/status").await;
	assert!(status.starts_with("HTTP/1.1 200") && status.contains("\"in_step\":true"), "{status}");
	let metrics = http(address, "/metrics").await;
	assert!(metrics.contains("peoples_cloud_provider_storage_in_step 1"), "{metrics}");
	assert!(metrics.contains("peoples_cloud_provider_network_connections"), "{metrics}");
	assert!(metrics.contains("peoples_cloud_provider_store_capacity_chunks 65536\n"), "{metrics}");
	assert!(metrics.contains("peoples_cloud_provider_store_free_chunks "), "{metrics}");

	let lost = &columns[1];
	cluster.corrupt(cluster.service(&lost.provider), &lost.root);
	cluster
		.until("the lost column is with somebody else", |state| {
			let column = &state.agreements[&agreement].columns[1];
			column.state == ColumnState::Held && column.provider != lost.provider
		})
		.await;
	let admitted = cluster.running.chain.executed().contains(&Call::DeclareLost(agreement, 1));
	assert!(admitted, "the loss was admitted by its provider");
	let taker = cluster.running.chain.read(|state| state.agreements[&agreement].columns[1].provider);
	let before = cluster.running.chain.read(|state| state.proven(&taker).len());
	cluster.until("the new holder proves it", |state| state.proven(&taker).len() > before + 1).await;
	cluster
		.until("the loser is rid of its leaf and misses nothing", |state| {
			state.commitment(&lost.provider).total_chunks() == 0 && state.misses(&lost.provider) == 0
		})
		.await;
	assert_eq!(cluster.get(object).await, bytes);
	assert_eq!(cluster.running.chain.doubles(), vec![]);
	cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scrub_finds_a_corrupt_column_and_heals_it_in_place() {
	let cluster = Cluster::start(Running::slow(), 3, true).await;
	let bytes = plain(150_000);
	let (object, agreement) = cluster.put(&bytes, 2, 3).await;
	let column = cluster.running.chain.read(|state| state.agreements[&agreement].columns[2].clone());
	let service = cluster.service(&column.provider);
	let store = cluster.services[service].shared.store.clone();
	cluster
		.until("the store knows what it holds", |_| {
			store.record(&column.root).unwrap().is_some_and(|record| record.is_held_for(agreement))
		})
		.await;
	cluster.corrupt(service, &column.root);
	assert!(store.verify_column(&column.root).is_err());
	cluster.until("the column is whole again", |_| store.verify_column(&column.root).is_ok()).await;
	let state = cluster.running.chain.read(|state| state.agreements[&agreement].columns[2].state);
	assert_eq!(state, ColumnState::Held, "nothing was admitted");
	assert_eq!(cluster.get(object).await, bytes);
	cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_provider_goes_on_where_it_was() {
	let mut cluster = Cluster::start(Running::fast(), 2, true).await;
	let (_, agreement) = cluster.put(&plain(50_000), 1, 2).await;
	let account = cluster.running.chain.read(|state| state.agreements[&agreement].columns[0].provider);
	cluster.until("a period is proven", |state| !state.proven(&account).is_empty()).await;
	let service = cluster.service(&account);
	let number = u8::try_from(service).unwrap();
	cluster.services.remove(service).shutdown().await;
	let settings = settings(number, &cluster.dirs[service].path().join("data"), true);
	let again = Service::start(settings, cluster.running.chain.clone()).await.unwrap();
	cluster.services.push(again);
	let before = cluster.running.chain.read(|state| state.proven(&account).len());
	cluster.until("two more are proven", |state| state.proven(&account).len() >= before + 2).await;
	assert_eq!(cluster.running.chain.read(|state| state.misses(&account)), 0);
	cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_gone_for_a_while_is_survived_and_does_not_hold_a_shutdown_up() {
	let cluster = Cluster::start(Running::fast(), 2, true).await;
	let (_, agreement) = cluster.put(&plain(20_000), 1, 2).await;
	let account = cluster.running.chain.read(|state| state.agreements[&agreement].columns[0].provider);
	cluster.running.chain.set_mood(|mood| mood.offline = true);
	sleep(BLOCK * 8).await;
	cluster.running.chain.set_mood(|mood| mood.offline = false);
	cluster.until("a period is proven", |state| !state.proven(&account).is_empty()).await;
	cluster.running.chain.set_mood(|mood| (mood.silent, mood.full_blocks) = (true, true));
	let submitted = cluster.running.chain.submissions().len();
	let waited = timeout(PATIENCE, async {
		while cluster.running.chain.submissions().len() == submitted {
			sleep(BLOCK).await;
		}
	});
	waited.await.expect("the next proof is sent, and no answer comes");
	cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_that_is_not_mounted_is_not_started_with() {
	let dir = TempDir::new().unwrap();
	let chain = Running::slow().chain.clone();
	let account = settings(0, dir.path(), false).signer.account();
	let column = NewColumn { provider: account, root: [1; 32], rate: 1 };
	chain.decree(|state, events| state.open(events, [9; 32], [2; 32], 40, 50, &[column]));
	// Twice: the first start has made the directories.
	for _ in 0..2 {
		let started = Service::start(settings(0, dir.path(), false), chain.clone()).await;
		assert!(matches!(started, Err(ServiceError::EmptyStore { chunks: 40, .. })), "{started:?}");
	}
	let accepted = Settings { accept_empty_store: true, ..settings(0, dir.path(), false) };
	Service::start(accepted, chain.clone()).await.unwrap().shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_that_are_well_stand_a_probe_and_keep_what_they_know() {
	let mut cluster = Cluster::start(Running::fast(), 1, true).await;
	let service = &mut cluster.services[0];
	let before = service.shared.store.known_chain().unwrap().expect("the daemon has noted its chain");
	let shared = service.shared.clone();
	tokio::task::spawn_blocking(move || health::probe(&shared)).await.unwrap().unwrap();
	let after = service.shared.store.known_chain().unwrap().unwrap();
	assert!(after.genesis == before.genesis && after.finalised >= before.finalised, "{before:?}, {after:?}");
	assert!(timeout(BLOCK * 4, service.failed()).await.is_err());
	cluster.stop().await;
}
