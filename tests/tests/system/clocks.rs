//! A clock that is ten minutes off is told loudly, whichever way it is off.
use std::{fs, path::Path, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_tests::{
	local::{address, Node},
	network::free_port,
	process::wait_for,
};

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

/// Starts a node that follows the one at `boot`, and whose clock is that many seconds off.
fn start_off(dir: &Path, who: &str, boot: &str, seconds: &str) -> Result<Node> {
	let environment = [
		("LD_PRELOAD", library()?),
		("FAKETIME", seconds.to_owned()),
		// Timers go on as they are.
		("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
	];
	Node::start_with(dir, who, free_port()?, &["--bootnodes", boot], &environment)
}

/// Waits until the node's log has a line with both words; answers it.
fn said(node: &mut Node, words: [&str; 2]) -> Result<String> {
	wait_for(PATIENCE, &format!("{words:?}"), || {
		ensure!(node.process.is_running(), "it ended: {}", node.process.tail());
		let log = fs::read_to_string(&node.process.log)?;
		Ok(log.lines().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned))
	})
}

#[test]
fn a_wrong_clock_is_told() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN a validator that makes blocks
	let port = free_port()?;
	let boot = address("alice", port)?;
	let mut alice = Node::start(dir.path(), "alice", port, &["--alice", "--validator"])?;

	// WHEN others follow it whose clocks are ten minutes fast and slow
	let mut fast = start_off(dir.path(), "fast", &boot, &format!("+{OFF_SECONDS}"))?;
	let mut slow = start_off(dir.path(), "slow", &boot, &format!("-{OFF_SECONDS}"))?;

	// THEN the one says by how much, and the other, to whom all blocks are of the future, why it stands still
	let line = said(&mut fast, [" s ahead of that of block", "set it, with NTP"])?;
	let seconds = line.split("clock is ").nth(1).and_then(|rest| rest.split(' ').next()).context("a number")?;
	let seconds: u64 = seconds.parse()?;
	ensure!(seconds.abs_diff(OFF_SECONDS) < 30, "{line}");
	said(&mut slow, [" s behind that of block", "set it, with NTP"])?;
	said(&mut slow, ["none after block 0 was imported", "check this machine's clock"])?;

	// AND the validator, whose clock is right, says nothing of the kind
	ensure!(!alice.has_said("clock")?, "{}", alice.process.tail());
	for node in [&mut fast, &mut slow, &mut alice] {
		node.process.stop(Duration::from_secs(30))?;
	}
	Ok(())
}
