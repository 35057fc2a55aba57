//! One stream on loopback: TCP with Noise and Yamux against QUIC.
use std::time::{Duration, Instant};

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use peoples_cloud_network::{framing, Network, NetworkConfig};

const PROTOCOL: &str = "/peoples-cloud/bench/1";
const DEADLINE: Duration = Duration::from_secs(30);
const FRAME: usize = 256 * 1024;
const FRAMES: usize = 256;

fn one_stream(criterion: &mut Criterion) {
	let runtime = tokio::runtime::Runtime::new().expect("a runtime");
	let mut group = criterion.benchmark_group("one_stream");
	group.throughput(Throughput::Bytes((FRAME * FRAMES) as u64)).sample_size(10);
	for (name, listen) in [("tcp", "/ip4/127.0.0.1/tcp/0"), ("quic", "/ip4/127.0.0.1/udp/0/quic-v1")] {
		group.bench_function(name, |bencher| {
			bencher.iter_custom(|rounds| {
				runtime.block_on(async {
					let listen = vec![listen.parse().expect("an address")];
					let (server, _) =
						Network::start(NetworkConfig { listen, ..Default::default() }).await.expect("a server");
					let (client, _) = Network::start(NetworkConfig::default()).await.expect("a client");
					let mut streams = server.accept(PROTOCOL).expect("the protocol is free");
					tokio::spawn(async move {
						while let Some((_, mut stream)) = streams.next().await {
							let mut buffer = Vec::new();
							for _ in 0..FRAMES {
								framing::read_frame(&mut stream, &mut buffer, FRAME, DEADLINE).await.expect("a frame");
							}
							framing::write_message(&mut stream, &1u8, 64, DEADLINE).await.expect("an answer");
						}
					});
					let bytes = vec![0x5a; FRAME];
					let mut spent = Duration::ZERO;
					for _ in 0..rounds {
						let addresses = server.listen_addresses();
						let mut stream =
							client.open(server.peer_id(), &addresses, PROTOCOL, DEADLINE).await.expect("a stream");
						let start = Instant::now();
						for _ in 0..FRAMES {
							framing::write_frame(&mut stream, &bytes, DEADLINE).await.expect("room");
						}
						framing::flush(&mut stream, DEADLINE).await.expect("room");
						let _: u8 = framing::read_message(&mut stream, 64, DEADLINE).await.expect("an answer");
						spent += start.elapsed();
					}
					spent
				})
			});
		});
	}
	group.finish();
}

criterion_group!(benches, one_stream);
criterion_main!(benches);
