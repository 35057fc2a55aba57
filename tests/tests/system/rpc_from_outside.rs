//! What a node answers to those who reach it over the network, and to web pages: as `docs/rpc.md` says.
use std::{
	io::{BufRead, BufReader, Read, Write},
	net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
	path::Path,
	time::Duration,
};

use anyhow::{ensure, Context, Result};
use futures::future::join_all;
use peoples_cloud_tests::{local::Node, network::free_port, process, shared};
use serde_json::{json, Value};
use subxt_rpcs::{rpc_params, Error as RpcError};

/// Time for a node to start, and to answer, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The node's name.
const NODE: &str = "node";
/// How an unsafe method is denied.
const DENIED: (i64, &str) = (-32601, "RPC call is unsafe to be called externally");
/// The code of calls beyond `--rpc-rate-limit`.
const TOO_MANY: i32 = -32999;
/// Codes of the group `author`.
const OF_AUTHOR: std::ops::Range<i64> = 1000..1100;

/// A page that is allowed by name, and one that is not.
const FRIEND: &str = "https://wallet.example";
const STRANGER: &str = "https://evil.example";

/// An address of this machine that is not the loopback interface's, if there is one.
fn outer_address() -> IpAddr {
	// Nothing is sent: the system only says where from it would send to an address that is there for examples.
	let chosen = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
		socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
		socket.local_addr()
	});
	chosen.map_or_else(
		|_| {
			println!("this machine has the loopback interface only: it is asked instead of another one");
			IpAddr::V4(Ipv4Addr::LOCALHOST)
		},
		|address| address.ip(),
	)
}

/// Starts a node that listens on all interfaces; answers where it is reached from outside.
fn open(dir: &Path, extra: &[&str]) -> Result<(Node, SocketAddr)> {
	let arguments = [&["--rpc-external"][..], extra].concat();
	let mut node = Node::start(dir, NODE, free_port()?, &arguments)?;
	node.says("Running JSON-RPC server", PATIENCE)?;
	let (_, port) = node.url.rsplit_once(':').context("a port")?;
	let address = SocketAddr::new(outer_address(), port.parse()?);
	Ok((node, address))
}

/// An answer over HTTP.
#[derive(Debug)]
struct Answer {
	status: u16,
	/// Names are in lower case.
	headers: Vec<(String, String)>,
	body: String,
}

impl Answer {
	fn read(stream: TcpStream) -> Result<Self> {
		let mut reader = BufReader::new(stream);
		let mut line = String::new();
		reader.read_line(&mut line)?;
		let status = line.split_whitespace().nth(1).with_context(|| format!("no status in {line:?}"))?;
		let status = status.parse::<u16>()?;
		let mut headers = Vec::new();
		loop {
			line.clear();
			reader.read_line(&mut line)?;
			let Some((name, value)) = line.split_once(':') else { break };
			headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
		}
		let mut answer = Self { status, headers, body: String::new() };
		// A WebSocket begins without a body, and stays open.
		let length = answer.header("content-length").map_or(Ok(0), str::parse::<usize>)?;
		let mut body = vec![0; length];
		reader.read_exact(&mut body)?;
		answer.body = String::from_utf8(body)?;
		Ok(answer)
	}

	fn header(&self, wanted: &str) -> Option<&str> {
		self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
	}

	/// Which page a browser would let read it.
	fn readable_by(&self) -> Option<&str> {
		self.header("access-control-allow-origin")
	}
}

/// Sends a request of HTTP/1.1 on a connection of its own.
fn send(address: SocketAddr, method: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
	let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
	stream.set_read_timeout(Some(PATIENCE))?;
	let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
	let request = format!("{method} / HTTP/1.1\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
	stream.write_all(request.as_bytes())?;
	Answer::read(stream)
}

/// Calls a method with these headers.
fn post(address: SocketAddr, headers: &[(&str, &str)], method: &str, params: &Value) -> Result<Answer> {
	let headers = [headers, &[("Content-Type", "application/json")]].concat();
	let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
	send(address, "POST", &headers, &body.to_string())
}

/// Asks, as a browser does, whether a page of that origin may call methods.
fn preflight(address: SocketAddr, host: &str, origin: &str) -> Result<Answer> {
	let headers = [
		("Host", host),
		("Origin", origin),
		("Access-Control-Request-Method", "POST"),
		("Access-Control-Request-Headers", "content-type"),
	];
	send(address, "OPTIONS", &headers, "")
}

/// Opens a WebSocket, as a browser does for a page of that origin.
fn open_websocket(address: SocketAddr, host: &str, origin: &str) -> Result<Answer> {
	let headers = [
		("Host", host),
		("Origin", origin),
		("Connection", "Upgrade"),
		("Upgrade", "websocket"),
		("Sec-WebSocket-Version", "13"),
		("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
	];
	send(address, "GET", &headers, "")
}

/// The node's port, by a name that it takes for its own.
fn own_name(address: SocketAddr) -> String {
	format!("localhost:{}", address.port())
}

/// The node's port, by any other name.
fn other_name(address: SocketAddr) -> String {
	format!("node.example:{}", address.port())
}

#[test]
fn strangers_may_ask_and_change_nothing() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN a node that listens on all interfaces
	let (_node, outside) = open(dir.path(), &[])?;
	let host = own_name(outside);
	let call = |address: SocketAddr, method: &str, params: &Value| -> Result<Value> {
		let answer = post(address, &[("Host", &host)], method, params)?;
		ensure!(answer.status == 200, "{method}: {answer:?}");
		Ok(serde_json::from_str(&answer.body)?)
	};

	// WHEN methods are called that change it, touch its keys, or tell of its peers
	for address in [outside, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), outside.port())] {
		for (method, params) in [
			("author_rotateKeys", json!([])),
			("author_rotateKeysWithOwner", json!(["0x00"])),
			("author_insertKey", json!(["babe", "//Alice", "0x00"])),
			("author_hasSessionKeys", json!(["0x00"])),
			("system_peers", json!([])),
			("system_addReservedPeer", json!(["/ip4/192.0.2.1/tcp/1"])),
			("system_addLogFilter", json!(["trace"])),
			("offchain_localStorageSet", json!(["PERSISTENT", "0x00", "0x00"])),
		] {
			// THEN they are denied, also to this machine: what counts is where the node listens
			let answer = call(address, method, &params)?;
			let denied = (answer["error"]["code"].as_i64(), answer["error"]["message"].as_str());
			ensure!(denied == (Some(DENIED.0), Some(DENIED.1)), "{method} at {address}: {answer}");
		}
	}

	// WHEN it is asked what everybody may ask THEN it answers
	let header = call(outside, "chain_getHeader", &json!([]))?;
	ensure!(header["result"]["number"].is_string(), "{header}");
	let version = call(outside, "state_getRuntimeVersion", &json!([]))?;
	ensure!(version["result"]["specName"] == "peoples-cloud", "{version}");

	// WHEN it gets rubbish for a transaction THEN it has looked at it
	let rubbish = call(outside, "author_submitExtrinsic", &json!(["0xff"]))?;
	ensure!(rubbish["error"]["code"].as_i64().is_some_and(|code| OF_AUTHOR.contains(&code)), "{rubbish}");
	Ok(())
}

#[test]
fn a_list_of_origins_keeps_other_names_out_and_answers_from_other_pages() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN a node with pages of one origin allowed
	let (_node, address) = open(dir.path(), &["--rpc-cors", FRIEND])?;
	let (own, other) = (own_name(address), other_name(address));
	let ask = |host: &str, origin: &str| -> Result<Answer> {
		let headers = [("Host", host), ("Origin", origin)];
		post(address, &headers, "chain_getHeader", &json!([]))
	};

	// WHEN it is called by another name, or by its own without the port
	for host in [other.as_str(), "localhost"] {
		for origin in [FRIEND, STRANGER] {
			// THEN it refuses whomever: the name may be a page's own that points to this machine
			for answer in [ask(host, origin)?, open_websocket(address, host, origin)?] {
				ensure!(answer.status == 403 && !answer.body.contains("jsonrpc"), "{host}, {origin}: {answer:?}");
			}
		}
	}

	// WHEN pages call it by its name THEN the one that is allowed may read the answer, and the other may not
	let answer = ask(&own, FRIEND)?;
	ensure!(answer.status == 200 && answer.readable_by() == Some(FRIEND), "{answer:?}");
	let answer = ask(&own, STRANGER)?;
	ensure!(answer.status == 200 && answer.readable_by().is_none(), "{answer:?}");

	// THEN even the former has to use a WebSocket: a browser would not send JSON for it
	let answer = preflight(address, &own, FRIEND)?;
	ensure!(answer.header("access-control-allow-headers").is_none(), "{answer:?}");

	// THEN a WebSocket is open to every page
	for origin in [FRIEND, STRANGER] {
		let answer = open_websocket(address, &own, origin)?;
		ensure!(answer.status == 101, "{origin}: {answer:?}");
	}
	Ok(())
}

#[test]
fn all_origins_are_all_names_and_all_pages() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN a node with all pages allowed
	let (_node, address) = open(dir.path(), &["--rpc-cors", "all"])?;
	let name = other_name(address);

	// WHEN any page calls it by any name THEN it may, and may read the answer
	let headers = [("Host", name.as_str()), ("Origin", STRANGER)];
	let answer = post(address, &headers, "chain_getHeader", &json!([]))?;
	ensure!(answer.status == 200 && answer.readable_by() == Some("*"), "{answer:?}");
	let answer = preflight(address, &name, STRANGER)?;
	ensure!(answer.header("access-control-allow-headers").is_some(), "{answer:?}");
	let answer = open_websocket(address, &name, STRANGER)?;
	ensure!(answer.status == 101, "{answer:?}");

	// THEN unsafe methods are as unsafe as before
	let answer = post(address, &headers, "author_rotateKeys", &json!([]))?;
	ensure!(answer.body.contains(DENIED.1), "{answer:?}");
	Ok(())
}

#[test]
fn a_validator_is_not_opened_to_strangers() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let (base_path, specification) = (dir.path().to_string_lossy(), shared::specification("local")?);
	let output = process::node(&[
		"--validator",
		"--rpc-external",
		// Without one it would be refused for that.
		"--node-key",
		&"1".repeat(64),
		"--base-path",
		&base_path,
		"--chain",
		&specification.to_string_lossy(),
	])?;
	let said = String::from_utf8_lossy(&output.stderr);
	let expected = "Error: --rpc-external option shouldn't be used if the node is running as a validator. ";
	ensure!(output.status.code() == Some(1) && said.contains(expected), "{}: {said}", output.status);
	Ok(())
}

/// Calls a minute and connection. As many may come at once.
const LIMIT: usize = 120;
/// Far more: another one is let through each half second, while the others wait for the tenth time after five.
const CALLS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_limit_of_a_connection_wait_and_then_fail() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN a node with a limit
	let mut node = Node::start(dir.path(), NODE, free_port()?, &["--rpc-rate-limit", &LIMIT.to_string()])?;
	let rpc = node.rpc().await?;

	// WHEN more calls come at once over one WebSocket
	let calls = (0..CALLS).map(|_| rpc.request::<String>("system_chain", rpc_params![]));
	let answers = join_all(calls).await;

	// THEN those within the limit are answered, and not all of the others
	let mut refused = 0;
	for answer in answers {
		match answer {
			Ok(_) => {},
			Err(RpcError::User(error)) if error.code == TOO_MANY => refused += 1,
			Err(error) => return Err(error.into()),
		}
	}
	ensure!(refused > 0 && refused <= CALLS - LIMIT, "{refused} of {CALLS} calls were refused");
	Ok(())
}
