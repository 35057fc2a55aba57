//! Real nodes on loopback.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use peoples_cloud_network::{framing, KademliaError, Multiaddr, Network, NetworkConfig, NetworkHandle, OpenError};

const ECHO: &str = "/peoples-cloud/test-echo/1";
const DEADLINE: Duration = Duration::from_secs(10);

async fn node(listen: &str) -> NetworkHandle {
	let config = NetworkConfig { listen: vec![listen.parse().unwrap()], ..Default::default() };
	Network::start(config).await.unwrap().0
}

async fn client() -> NetworkHandle {
	Network::start(NetworkConfig::default()).await.unwrap().0
}

/// Answers every stream with what it says.
fn echo(node: &NetworkHandle) {
	let mut streams = node.accept(ECHO).unwrap();
	tokio::spawn(async move {
		while let Some((_, mut stream)) = streams.next().await {
			tokio::spawn(async move {
				let mut buffer = Vec::new();
				while framing::read_frame(&mut stream, &mut buffer, 1 << 20, DEADLINE).await.is_ok() {
					framing::write_frame(&mut stream, &buffer, DEADLINE).await.unwrap();
					framing::flush(&mut stream, DEADLINE).await.unwrap();
				}
				let _ = stream.close().await;
			});
		}
	});
}

async fn call(from: &NetworkHandle, to: &NetworkHandle, bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
	let mut stream = from.open(to.peer_id(), &to.listen_addresses(), ECHO, DEADLINE).await?;
	framing::write_frame(&mut stream, bytes, DEADLINE).await.unwrap();
	framing::flush(&mut stream, DEADLINE).await.unwrap();
	let mut answer = Vec::new();
	framing::read_frame(&mut stream, &mut answer, 1 << 20, DEADLINE).await.unwrap();
	Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_run_over_tcp_and_quic() {
	for listen in ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"] {
		let (server, client) = (node(listen).await, client().await);
		echo(&server);
		let bytes = vec![7; 300_000];
		assert_eq!(call(&client, &server, &bytes).await.unwrap(), bytes, "over {listen}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn many_streams_to_many_peers_open_at_once() {
	let client = client().await;
	let mut servers = Vec::new();
	for _ in 0..24 {
		let server = node("/ip4/127.0.0.1/tcp/0").await;
		echo(&server);
		servers.push(server);
	}
	let calls = servers.iter().flat_map(|server| {
		(0..4u8).map(|number| {
			let (client, server) = (client.clone(), server.clone());
			async move { assert_eq!(call(&client, &server, &[number; 99]).await.unwrap(), [number; 99]) }
		})
	});
	futures::future::join_all(calls).await;
	assert_eq!(client.metrics().streams_opened.get(), 96);
	assert_eq!(client.metrics().connections.get(), 24, "streams to one peer share a connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_streams_on_one_connection_is_taken_whole() {
	let (server, client) = (node("/ip4/127.0.0.1/tcp/0").await, client().await);
	echo(&server);
	call(&client, &server, b"first").await.unwrap();
	let calls = (0..100u8).map(|number| {
		let (client, server) = (client.clone(), server.clone());
		async move { assert_eq!(call(&client, &server, &[number; 10]).await.unwrap(), [number; 10]) }
	});
	futures::future::join_all(calls).await;
	assert_eq!(server.metrics().streams_dropped.get(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_says_why() {
	let (server, client) = (node("/ip4/127.0.0.1/tcp/0").await, client().await);
	let unsupported = call(&client, &server, b"x").await.unwrap_err();
	assert!(matches!(unsupported, OpenError::Unsupported { .. }), "{unsupported}");

	let gone: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
	let nobody = libp2p::PeerId::random();
	let unreachable = client.open(nobody, &[gone], ECHO, DEADLINE).await.unwrap_err();
	assert!(
		matches!(&unreachable, OpenError::Unreachable { reason, .. } if reason.contains("refused")),
		"{unreachable}"
	);
	let unknown = client.open(nobody, &[], ECHO, DEADLINE).await.unwrap_err();
	assert!(matches!(&unknown, OpenError::Unreachable { .. }), "{unknown}");

	let impostor = client.open(nobody, &server.listen_addresses(), ECHO, DEADLINE).await.unwrap_err();
	assert!(matches!(&impostor, OpenError::Unreachable { .. }), "another peer's address: {impostor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_is_accepted_once_at_a_time() {
	let server = node("/ip4/127.0.0.1/tcp/0").await;
	let first = server.accept(ECHO).unwrap();
	assert!(server.accept(ECHO).is_err());
	drop(first);
	server.accept(ECHO).unwrap();
	assert!(server.accept("no-slash").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_peer_is_cut_off() {
	let (server, client) = (node("/ip4/127.0.0.1/tcp/0").await, client().await);
	echo(&server);
	let mut stream = client.open(server.peer_id(), &server.listen_addresses(), ECHO, DEADLINE).await.unwrap();
	framing::write_frame(&mut stream, b"x", DEADLINE).await.unwrap();
	framing::flush(&mut stream, DEADLINE).await.unwrap();
	let mut answer = Vec::new();
	framing::read_frame(&mut stream, &mut answer, 64, DEADLINE).await.unwrap();

	server.ban(client.peer_id(), Duration::from_secs(1)).await.unwrap();
	assert!(stream.read(&mut [0; 1]).await.map_or(true, |count| count == 0), "open streams end");
	let refused = async {
		let mut stream = client.open(server.peer_id(), &server.listen_addresses(), ECHO, DEADLINE).await.ok()?;
		framing::write_frame(&mut stream, b"x", DEADLINE).await.ok()?;
		framing::flush(&mut stream, DEADLINE).await.ok()?;
		framing::read_frame(&mut stream, &mut Vec::new(), 64, DEADLINE).await.ok()
	};
	assert!(refused.await.is_none());
	// Bans are looked at every few seconds.
	tokio::time::sleep(Duration::from_secs(7)).await;
	assert_eq!(call(&client, &server, b"again").await.unwrap(), b"again");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_disconnect_the_next_stream_dials_again() {
	let (server, client) = (node("/ip4/127.0.0.1/udp/0/quic-v1").await, client().await);
	echo(&server);
	call(&client, &server, b"1").await.unwrap();
	client.disconnect(server.peer_id()).await.unwrap();
	// Until the close has gone through, the old connection may still be tried.
	let mut last = call(&client, &server, b"2").await;
	for _ in 0..20 {
		if last.is_ok() {
			break;
		}
		tokio::time::sleep(Duration::from_millis(50)).await;
		last = call(&client, &server, b"2").await;
	}
	assert_eq!(last.unwrap(), b"2");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_everything() {
	let config = NetworkConfig { listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()], ..Default::default() };
	let (server, joined) = Network::start(config).await.unwrap();
	let client = client().await;
	let mut streams = server.accept(ECHO).unwrap();
	let mut stream = client.open(server.peer_id(), &server.listen_addresses(), ECHO, DEADLINE).await.unwrap();
	stream.write_all(b"x").await.unwrap();
	stream.flush().await.unwrap();
	let (_, kept) = streams.next().await.unwrap();
	server.shutdown();
	joined.await.unwrap();
	assert!(streams.next().await.is_none());
	assert!(stream.read(&mut [0; 1]).await.map_or(true, |count| count == 0));
	assert!(client.open(server.peer_id(), &[], ECHO, DEADLINE).await.is_err());
	assert!(matches!(server.provide(b"key").await, Err(KademliaError::NetworkDown)));
	assert!(matches!(server.open(client.peer_id(), &[], ECHO, DEADLINE).await, Err(OpenError::NetworkDown)));
	drop(kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_cannot_take_all_connections() {
	let config = NetworkConfig {
		listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
		max_connections: 8,
		..NetworkConfig::default()
	};
	let busy = Network::start(config).await.unwrap().0;
	echo(&busy);
	let mut visitors = Vec::new();
	for _ in 0..8 {
		let visitor = client().await;
		// Some are turned away.
		let stream = visitor.open(busy.peer_id(), &busy.listen_addresses(), ECHO, DEADLINE).await;
		visitors.push((visitor, stream));
	}
	let ninth = node("/ip4/127.0.0.1/tcp/0").await;
	echo(&ninth);
	assert_eq!(call(&busy, &ninth, b"ours").await.unwrap(), b"ours");
}

/// A node that knows its outside address, and so serves the table.
async fn reachable(bootstrap: Vec<Multiaddr>) -> NetworkHandle {
	let address = {
		let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
		let port = listener.local_addr().unwrap().port();
		format!("/ip4/127.0.0.1/tcp/{port}").parse::<Multiaddr>().unwrap()
	};
	let config =
		NetworkConfig { listen: vec![address.clone()], external: vec![address], bootstrap, ..NetworkConfig::default() };
	Network::start(config).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_announced_is_found_although_its_provider_is_away() {
	let hub = reachable(Vec::new()).await;
	let join = vec![hub.listen_addresses()[0].clone().with_p2p(hub.peer_id()).unwrap()];
	let (one, two) = (reachable(join.clone()).await, reachable(join).await);
	let key = [7; 32];
	// Whom it tells depends on whom it knows by then.
	for _ in 0..8 {
		one.provide(&key).await.unwrap();
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
	let gone = one.peer_id();
	one.shutdown();
	tokio::time::sleep(Duration::from_millis(700)).await;
	assert_eq!(two.find_providers(&key, DEADLINE).await.unwrap(), [gone]);
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_records_are_found_through_a_third_node() {
	let hub_listen: Multiaddr = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
	// A node that knows its outside address serves the table.
	let hub = node(&hub_listen.to_string()).await;
	let address = hub.listen_addresses()[0].clone();
	hub.shutdown();
	tokio::time::sleep(Duration::from_millis(700)).await;
	let dir = tempfile::tempdir().unwrap();
	let config = NetworkConfig {
		keypair_path: Some(dir.path().join("key")),
		listen: vec![address.clone()],
		external: vec![address.clone()],
		..Default::default()
	};
	let (hub, _task) = Network::start(config).await.unwrap();
	let join = address.with_p2p(hub.peer_id()).unwrap();
	let member = || async {
		let config = NetworkConfig {
			listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
			bootstrap: vec![join.clone()],
			..Default::default()
		};
		Network::start(config).await.unwrap().0
	};
	let (one, two) = (member().await, member().await);
	let mut found = Vec::new();
	for _ in 0..50 {
		one.provide(b"an object").await.unwrap();
		found = two.find_providers(b"an object", DEADLINE).await.unwrap();
		if !found.is_empty() {
			break;
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
	assert_eq!(found, [one.peer_id()]);
}
