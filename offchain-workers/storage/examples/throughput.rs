//! Stores a file and gets it back over loopback, and compares that with the codec alone over the same bytes.
//!
//! Everything is real but the chain: providers with stores on disk and servers on QUIC, all in this process, so that
//! both ends of every connection share the machine's cores with the codec.
//!
//! `cargo build --workspace --examples && $CARGO_TARGET_DIR/debug/examples/throughput [MiB] [k] [n] [directory]`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may stop, and prints its result")]
use std::{
	io::Write,
	num::NonZero,
	path::Path,
	sync::Arc,
	time::{Duration, Instant},
};

use peoples_cloud_client::{chain::Certainty, wallet::Signer};
use peoples_cloud_erasure::{codec, Codec};
use peoples_cloud_network::{Network, NetworkConfig};
use peoples_cloud_primitives::manifest::CODEC_NOVELPOLY;
use peoples_cloud_storage::{
	client::{get, put, GetOptions, PutOptions, Unlock},
	object::SHARD_BYTES,
	simulation::SimulatedChain,
	store::ColumnStore,
	transfer::{Rate, ServerConfig, TransferClient, TransferServer},
};
use reed_solomon_novelpoly::{CodeParams, WrappedShard};

const MIB: usize = 1024 * 1024;

#[tokio::main]
async fn main() {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let number = |place: usize, default: usize| {
		arguments.get(place).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{text} is no number")))
	};
	let (megabytes, k, n) = (number(0, 256), number(1, 8), number(2, 24));
	let directory = match arguments.get(3) {
		Some(directory) => tempfile::tempdir_in(directory).unwrap(),
		None => tempfile::tempdir().unwrap(),
	};
	let path = directory.path().join("file");
	write_file(&path, megabytes);
	println!("{megabytes} MiB at {k} of {n}, {} cores", cores());
	let report = |what: &str, elapsed: Duration| {
		println!("{what:<34} {:>8.1} MiB/s", megabytes as f64 / elapsed.as_secs_f64());
	};

	let codec = codec(CODEC_NOVELPOLY, k, n).unwrap();
	report("codec alone, encode", on_all_cores(megabytes, k, |stripe| encode(&*codec, stripe)));
	report("codec alone, decode", on_all_cores(megabytes, k, decoder(&*codec)));
	// A tenth of the bytes will do: it takes ten times as long.
	let theirs = CodeParams::derive_parameters(n, k).unwrap().make_encoder();
	let shards: Vec<WrappedShard> = theirs.encode(&vec![7; k * SHARD_BYTES as usize]).unwrap();
	let tenth = megabytes.div_ceil(10);
	let elapsed = on_all_cores(tenth, k, |stripe| {
		theirs.encode::<WrappedShard>(stripe).unwrap();
	});
	report("reed-solomon-novelpoly, encode", elapsed * 10);
	let elapsed = on_all_cores(tenth, k, |_| {
		let received = (0..n).map(|index| (index >= n - k).then(|| shards[index].clone())).collect();
		theirs.reconstruct(received).unwrap();
	});
	report("reed-solomon-novelpoly, decode", elapsed * 10);

	let chain = SimulatedChain::fast();
	let alice = Signer::from_suri("//Alice").unwrap();
	chain.decree(|state, _| state.balances.insert(alice.account(), 1 << 100));
	let mut running = Vec::new();
	for number in 0..n {
		running.push(start_provider(&chain, directory.path(), number).await);
	}
	let blocks = chain.clone();
	tokio::spawn(async move {
		loop {
			tokio::time::sleep(Duration::from_millis(100)).await;
			blocks.produce(1);
		}
	});

	let transfer = TransferClient::new(Network::start(NetworkConfig::default()).await.unwrap().0);
	let code = (u16::try_from(k).unwrap(), u16::try_from(n).unwrap());
	let options = PutOptions { code: Some(code), certainty: Certainty::Included, ..PutOptions::for_periods(100) };
	let begun = Instant::now();
	let stored = put(&*chain, &transfer, &alice, &path, &options, &|_| {}).await.unwrap();
	report("upload", begun.elapsed());
	let begun = Instant::now();
	let copy = directory.path().join("copy");
	let mut out = tokio::fs::File::create(&copy).await.unwrap();
	let unlock = Unlock::Account(&alice);
	get(&*chain, &transfer, &unlock, stored.object, &GetOptions::default(), &mut out, &|_| {}).await.unwrap();
	report("download", begun.elapsed());
	assert!(same(&path, &copy), "what came back is what was stored");
}

fn cores() -> usize {
	std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Bytes that do not compress, written piece by piece.
fn write_file(path: &Path, megabytes: usize) {
	let mut file = std::fs::File::create(path).unwrap();
	let mut reader = blake3::Hasher::new().finalize_xof();
	let mut piece = vec![0; MIB];
	for _ in 0..megabytes {
		reader.fill(&mut piece);
		file.write_all(&piece).unwrap();
	}
}

fn same(a: &Path, b: &Path) -> bool {
	let hash = |path| {
		let mut hasher = blake3::Hasher::new();
		hasher.update_reader(std::fs::File::open(path).unwrap()).unwrap();
		hasher.finalize()
	};
	hash(a) == hash(b)
}

/// Does `work` for as many stripes as make so many MiB, on all cores.
fn on_all_cores(megabytes: usize, k: usize, work: impl Fn(&[u8]) + Sync) -> Duration {
	let stripe: Vec<u8> = (0..k * SHARD_BYTES as usize).map(|at| (at * 31 + at / 257) as u8).collect();
	let stripes = std::sync::atomic::AtomicUsize::new((megabytes * MIB).div_ceil(stripe.len()));
	let begun = Instant::now();
	std::thread::scope(|scope| {
		for _ in 0..cores() {
			scope.spawn(|| {
				use std::sync::atomic::Ordering::Relaxed;
				while stripes.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
					work(&stripe);
				}
			});
		}
	});
	begun.elapsed()
}

fn encode(codec: &dyn Codec, stripe: &[u8]) {
	let mut shards = vec![0; codec.n() * stripe.len() / codec.k()];
	let mut buffers: Vec<&mut [u8]> = shards.chunks_exact_mut(stripe.len() / codec.k()).collect();
	codec.encode(stripe, &mut buffers).unwrap();
}

/// The worst case: no plain shard is there.
fn decoder(codec: &dyn Codec) -> impl Fn(&[u8]) + Sync {
	let (k, n) = (codec.k(), codec.n());
	let present: Vec<usize> = (n - k..n).collect();
	let decoder = codec.decoder(&present).unwrap();
	move |stripe| {
		let mut out = vec![0; stripe.len()];
		let shards: Vec<(usize, &[u8])> = present.iter().copied().zip(stripe.chunks_exact(stripe.len() / k)).collect();
		decoder.decode(&shards, &mut out).unwrap();
	}
}

/// A provider that serves; what is returned keeps it running.
async fn start_provider(chain: &Arc<SimulatedChain>, directory: &Path, number: usize) -> impl Sized {
	let signer = Signer::from_suri(&format!("//Provider//{number}")).unwrap();
	let (store, _) = ColumnStore::open(&directory.join(format!("provider-{number}")), 1 << 30).unwrap();
	let listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()];
	let (network, _) = Network::start(NetworkConfig { listen, ..NetworkConfig::default() }).await.unwrap();
	let account = signer.account();
	// One client does what hundreds do elsewhere.
	let reads = Rate { burst: 1 << 40, per_second: 1 << 40 };
	let config = ServerConfig { reads, ..ServerConfig::default() };
	let (server, _) =
		TransferServer::start(chain.clone(), Arc::new(signer), store.clone(), network.clone(), config).unwrap();
	chain.decree(|state, _| {
		state.add_provider(account, &format!("operator {number}"));
		let info = state.providers.get_mut(&account).unwrap();
		info.peer_id = network.peer_id().to_bytes();
		info.addresses = network.listen_addresses().iter().map(|address| address.to_vec()).collect();
	});
	(network, server, store)
}
