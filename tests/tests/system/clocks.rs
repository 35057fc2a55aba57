//! A clock that is ten minutes off is told loudly, whichever way it is off.
use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_tests::{
	network::free_port,
	process::{binary, wait_for, Process},
	shared,
};

/// What the peers' addresses end with: Alice's, of the secret below.
const NODE_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000001";
/// A chain without progress is told of after once or twice twelve slots of 2 s.
const PATIENCE: Duration = Duration::from_secs(150);
const OFF_SECONDS: u64 = 600;

/// faketime's library, which makes a program see another time.
fn library() -> Result<String> {
	for folder in fs::read_dir("/usr/lib")? {
		let path = folder?.path().join("faketime/libfaketimeMT.so.1");
		if path.exists() {
			return Ok(path.to_string_lossy().into_owned());
		}
	}
	bail!("libfaketime is missing; run scripts/setup.sh --tests")
}

/// Starts a node of `local` with these arguments, whose clock is that many seconds off.
fn start(dir: &Path, name: &str, arguments: &[&str], off: Option<&str>) -> Result<Process> {
	let own = [
		"--chain",
		&shared::specification("local")?.to_string_lossy(),
		"--base-path",
		&dir.join(name).to_string_lossy(),
		"--rpc-port",
		&free_port()?.to_string(),
		"--no-prometheus",
		"--no-mdns",
		"--allow-private-ip",
	]
	.map(str::to_owned);
	let arguments: Vec<String> = own.into_iter().chain(arguments.iter().map(|&argument| argument.to_owned())).collect();
	let mut environment = Vec::new();
	if let Some(off) = off {
		environment.push(("LD_PRELOAD", library()?));
		environment.push(("FAKETIME", off.to_owned()));
		// Timers go on as they are.
		environment.push(("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()));
	}
	Process::start("peoples-cloud-node", &arguments, &environment, &dir.join(format!("{name}.log")))
}

/// Waits until the node's log has a line with both words; answers it.
fn said(node: &mut Process, words: [&str; 2]) -> Result<String> {
	wait_for(PATIENCE, &format!("{words:?}"), || {
		ensure!(node.is_running(), "it ended: {}", node.tail());
		let log = fs::read_to_string(&node.log)?;
		Ok(log.lines().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned))
	})
}

#[test]
fn a_wrong_clock_is_told() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN a validator that makes blocks
	let port = free_port()?;
	let listen = format!("/ip4/127.0.0.1/tcp/{port}");
	let arguments = ["--alice", "--validator", "--node-key", NODE_KEY, "--listen-addr", &listen];
	let mut alice = start(dir.path(), "alice", &arguments, None)?;
	let key = dir.path().join("key");
	fs::write(&key, NODE_KEY)?;
	let output =
		Command::new(binary("peoples-cloud-node")?).args(["key", "inspect-node-key", "--file"]).arg(&key).output()?;
	let boot = format!("{listen}/p2p/{}", String::from_utf8(output.stdout)?.trim());

	// WHEN others follow it whose clocks are ten minutes fast and slow
	let peer = ["--listen-addr", "/ip4/127.0.0.1/tcp/0", "--unsafe-force-node-key-generation", "--bootnodes", &boot];
	let mut fast = start(dir.path(), "fast", &peer, Some(&format!("+{OFF_SECONDS}")))?;
	let mut slow = start(dir.path(), "slow", &peer, Some(&format!("-{OFF_SECONDS}")))?;

	// THEN the one says by how much, and the other, to whom all blocks are of the future, why it stands still
	let line = said(&mut fast, [" s ahead of that of block", "set it, with NTP"])?;
	let seconds = line.split("clock is ").nth(1).and_then(|rest| rest.split(' ').next()).context("a number")?;
	let seconds: u64 = seconds.parse()?;
	ensure!(seconds.abs_diff(OFF_SECONDS) < 30, "{line}");
	said(&mut slow, [" s behind that of block", "set it, with NTP"])?;
	said(&mut slow, ["none after block 0 was imported", "check this machine's clock"])?;

	// AND the validator, whose clock is right, says nothing of the kind
	ensure!(!fs::read_to_string(&alice.log)?.contains("clock"), "{}", alice.tail());
	for node in [&mut fast, &mut slow, &mut alice] {
		node.stop(Duration::from_secs(30))?;
	}
	Ok(())
}
