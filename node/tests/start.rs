//! What keeps a node from its work is said, and not only to be guessed from its silence.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
	io::{BufRead, BufReader},
	net::TcpListener,
	path::Path,
	process::{Child, Command, Stdio},
	sync::mpsc,
	time::{Duration, Instant},
};

/// Time to compile a runtime on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn node(base_path: &Path, listen: &str) -> Command {
	let mut command = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node"));
	command
		.args(["--chain", "local", "--no-prometheus", "--no-mdns", "--listen-addr", listen, "--base-path"])
		.arg(base_path)
		.stdin(Stdio::null());
	command
}

/// Ends it, whatever becomes of the test.
struct Running(Child);

impl Drop for Running {
	fn drop(&mut self) {
		let _ = self.0.kill();
		let _ = self.0.wait();
	}
}

#[test]
fn a_port_in_use_is_named_and_nothing_starts() {
	let dir = tempfile::tempdir().unwrap();
	let taken = TcpListener::bind("127.0.0.1:0").unwrap();
	let port = taken.local_addr().unwrap().port();

	let output = node(dir.path(), &format!("/ip4/127.0.0.1/tcp/{port}")).output().unwrap();

	assert!(!output.status.success());
	let said = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(said.contains("a port to listen on is in use"), "{said}");
}

#[test]
fn a_validator_without_keys_says_so() {
	let dir = tempfile::tempdir().unwrap();
	let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
	let mut running = Running(
		node(dir.path(), "/ip4/127.0.0.1/tcp/0")
			.args(["--validator", "--rpc-port", &free.to_string(), "--node-key", &format!("{:064x}", 1)])
			.stdout(Stdio::null())
			.stderr(Stdio::piped())
			.spawn()
			.unwrap(),
	);
	let log = BufReader::new(running.0.stderr.take().unwrap());
	let (lines, heard) = mpsc::channel();
	std::thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));

	let deadline = Instant::now() + PATIENCE;
	let mut log = String::new();
	loop {
		match heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
			Ok(line) if line.contains("has no session keys (") => return,
			Ok(line) => log.push_str(&format!("{line}\n")),
			Err(error) => panic!("{error}:\n{log}"),
		}
	}
}
