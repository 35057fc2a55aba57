//! What keeps a node from its work is said, and not only to be guessed from its silence.
use std::{
	fs,
	net::TcpListener,
	path::{Path, PathBuf},
	process::{Command, Output, Stdio},
	time::{Duration, SystemTime},
};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_tests::{
	local::Node,
	network::free_port,
	process::{self, binary, spawn, tail, wait_for},
	shared,
};
use serde_json::Value;

/// Time to compile a runtime on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a node says once it runs.
const RUNS: &str = "Running JSON-RPC server";

/// The node's name, and folder, where a test has one.
const NODE: &str = "node";
/// Where it listens for peers when that does not matter.
const ANY_ADDRESS: &str = "/ip4/127.0.0.1/tcp/0";
/// Where it listens for JSON-RPC unless it is told otherwise.
const DEFAULT_RPC_PORT: u16 = 9944;

/// Another program on the usual ones would be the reason why a node does not start.
const ANY_PORTS: [&str; 6] = ["--no-prometheus", "--no-mdns", "--listen-addr", ANY_ADDRESS, "--rpc-port", "0"];

/// Starts the node of `dir` until it says `needle`; then it is killed.
fn run_until(dir: &Path, extra: &[&str], needle: &str) -> Result<()> {
	// An earlier start's, in which it has said so.
	let _ = fs::remove_file(dir.join(NODE).with_extension("log"));
	let mut node = Node::start(dir, NODE, free_port()?, extra)?;
	node.says(needle, PATIENCE)?;
	node.process.kill_hard()
}

/// Runs the node with these arguments on its folder in `dir`, to its end.
fn run(dir: &Path, arguments: &[&str], specification: &Path) -> Result<Output> {
	let (base_path, chain) = (dir.join(NODE), specification.to_string_lossy());
	let places = ["--base-path", &base_path.to_string_lossy(), "--chain", &chain];
	process::node(&[arguments, &places].concat())
}

/// Starts a node of that specification, which must fail; answers what it says.
fn refusal(dir: &Path, specification: &Path) -> Result<String> {
	let said = failure(&run(dir, &ANY_PORTS, specification)?)?;
	Ok(said.lines().find(|line| line.starts_with("Error: ")).context(said.clone())?.to_owned())
}

/// What a command says that must fail, but not by a panic.
fn failure(output: &Output) -> Result<String> {
	let said = String::from_utf8_lossy(&output.stderr).into_owned();
	ensure!(output.status.code() == Some(1) && !said.contains("panicked"), "{}: {said}", output.status);
	Ok(said)
}

#[test]
fn a_port_in_use_is_named_and_nothing_starts() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let specification = shared::specification("local")?;
	// GIVEN a port of another program's, and JSON-RPC's usual one, which is another's already if it cannot be had here
	let taken = TcpListener::bind("127.0.0.1:0")?;
	let _default = TcpListener::bind(("127.0.0.1", DEFAULT_RPC_PORT));
	let port = taken.local_addr()?.port().to_string();
	let listen = format!("/ip4/127.0.0.1/tcp/{port}");

	let peers = ["--listen-addr", &listen, "--rpc-port", "0", "--no-prometheus"];
	let rpc = ["--listen-addr", ANY_ADDRESS, "--rpc-port", &port, "--no-prometheus"];
	let default_rpc = ["--listen-addr", ANY_ADDRESS, "--no-prometheus"];
	let prometheus = ["--listen-addr", ANY_ADDRESS, "--rpc-port", "0", "--prometheus-port", &port];
	for arguments in [&peers[..], &rpc, &default_rpc, &prometheus] {
		// WHEN a node is to listen there
		let said = failure(&run(dir.path(), &[arguments, &["--no-mdns"]].concat(), &specification)?)?;

		// THEN it says so, and has made nothing
		ensure!(said.contains("a port to listen on is in use"), "{arguments:?}: {said}");
		ensure!(!dir.path().join(NODE).join("chains").exists(), "{arguments:?}: it left something");
	}
	Ok(())
}

#[test]
fn a_validator_without_keys_says_so() -> Result<()> {
	let dir = tempfile::tempdir()?;
	run_until(dir.path(), &["--validator"], "has no session keys (")
}

/// Compiled runtimes in a folder, and when each was written.
fn compiled(folder: PathBuf) -> Result<Vec<(PathBuf, SystemTime)>> {
	let mut found = Vec::new();
	let mut folders = vec![folder];
	while let Some(folder) = folders.pop() {
		for entry in fs::read_dir(folder)? {
			let entry = entry?;
			match entry.file_type()?.is_dir() {
				true => folders.push(entry.path()),
				// What has been used how often is beside it.
				false if entry.path().extension().is_some() => {},
				false => found.push((entry.path(), entry.metadata()?.modified()?)),
			}
		}
	}
	Ok(found)
}

#[test]
fn a_runtime_is_compiled_once_and_again_when_that_is_broken() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let specification = shared::specification("local")?;
	let log = dir.path().join("log");
	let start = || -> Result<()> {
		let output = fs::File::create(&log)?;
		let mut command = Command::new(binary("peoples-cloud-node")?);
		command
			.env_remove(shared::RUNTIME_CACHE)
			.args(["--no-prometheus", "--no-mdns", "--listen-addr", ANY_ADDRESS, "--rpc-port"])
			.arg(free_port()?.to_string())
			.arg("--base-path")
			.arg(dir.path().join(NODE))
			.arg("--chain")
			.arg(&specification)
			.stdin(Stdio::null())
			.stdout(output.try_clone()?)
			.stderr(output);
		let mut child = spawn(command)?;
		let runs = wait_for(PATIENCE, RUNS, || Ok(fs::read_to_string(&log)?.contains(RUNS).then_some(())));
		child.kill()?;
		child.wait()?;
		runs.with_context(|| tail(&log, 30))
	};
	let compiled = || compiled(dir.path().join(NODE).join("runtimes"));

	// GIVEN a node that was started once
	start()?;
	let first = compiled()?;
	ensure!(first.len() == 1, "{first:?}");

	// WHEN it starts again THEN it compiles nothing
	start()?;
	ensure!(compiled()? == first);

	// WHEN what it has compiled is broken THEN it compiles it anew
	let (file, _) = first.first().context("one")?;
	fs::write(file, b"broken")?;
	start()?;
	let last = compiled()?;
	let [(file, _)] = &last[..] else { bail!("not one: {last:?}") };
	ensure!(file.metadata()?.len() > 1 << 20, "{last:?}");
	Ok(())
}

/// The specification `local`, with its genesis changed by `change`.
fn changed(dir: &Path, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Result<PathBuf> {
	let mut specification: Value = serde_json::from_slice(&fs::read(shared::specification("local")?)?)?;
	let genesis = specification.pointer_mut("/genesis/raw/top").and_then(Value::as_object_mut);
	change(genesis.context("no raw genesis")?);
	let path = dir.join("changed.json");
	fs::write(&path, serde_json::to_vec(&specification)?)?;
	Ok(path)
}

/// The files of the node's database.
fn database(dir: &Path) -> Result<Vec<PathBuf>> {
	let files = fs::read_dir(dir.join(NODE).join("chains/peoples_cloud_local/db/full"))?;
	Ok(files.map(|file| Ok(file?.path())).collect::<std::io::Result<_>>()?)
}

#[test]
fn a_database_of_another_genesis_and_a_damaged_one_are_refused() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let dir = dir.path();
	let other = changed(dir, |top| {
		top.insert("0x00".into(), "0x01".into());
	})?;

	// GIVEN a node's database
	run_until(dir, &[], RUNS)?;

	// WHEN another chain of the same name is named THEN that is said, and the database stays
	let said = refusal(dir, &other)?;
	ensure!(said.contains("another genesis") && said.contains("purge-chain"), "{said}");
	run_until(dir, &[], RUNS)?;

	// WHEN its files are damaged THEN that is said, and what helps
	for name in ["CURRENT", "MANIFEST", ".sst"] {
		let file = database(dir)?.into_iter().find(|path| path.to_string_lossy().contains(name)).context(name)?;
		let whole = fs::read(&file)?;
		fs::write(&file, vec![0x5a; whole.len()])?;
		let said = refusal(dir, &shared::specification("local")?)?;
		ensure!(said.contains("the database cannot be used") && said.contains("purge-chain"), "{name}: {said}");
		fs::write(&file, whole)?;
	}

	// WHEN the file that names the others is missing THEN that is no new database
	let current = database(dir)?.into_iter().find(|path| path.ends_with("CURRENT")).context("CURRENT")?;
	let aside = dir.join("CURRENT");
	fs::rename(&current, &aside)?;
	let said = refusal(dir, &shared::specification("local")?)?;
	ensure!(said.contains("CURRENT is missing") && said.contains("purge-chain"), "{said}");
	fs::rename(&aside, &current)?;

	// WHEN they are restored THEN it starts again
	run_until(dir, &[], RUNS)
}

/// Overwrites a part of the middle of the database's log, as a bad disk would.
fn damage_log(dir: &Path) -> Result<()> {
	let logs = database(dir)?.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "log"));
	let sizes = logs.map(|file| Ok((file.metadata()?.len(), file))).collect::<Result<Vec<_>>>()?;
	let (_, log) = sizes.into_iter().max().context("no log")?;
	let mut bytes = fs::read(&log)?;
	let middle = bytes.len() / 2;
	bytes.get_mut(middle..middle + 64).context("a log's middle")?.fill(0xa5);
	Ok(fs::write(log, bytes)?)
}

#[test]
fn a_damaged_log_of_the_database_is_told_and_a_validator_waits() -> Result<()> {
	/// What is said of it.
	const DAMAGED: &str = "the database's log was damaged (Corruption: ";
	let dir = tempfile::tempdir()?;
	let dir = dir.path();
	// GIVEN a chain of some blocks, all of them in the log, and its first one in tables, whose node was killed
	let makes_blocks = ["--validator", "--alice", "--force-authoring"];
	run_until(dir, &[], RUNS)?;
	run_until(dir, &makes_blocks, "Imported #3 ")?;

	// WHEN the log is damaged THEN a node that only follows says so, and goes on with what is left
	damage_log(dir)?;
	run_until(dir, &[], DAMAGED)?;
	run_until(dir, &[], RUNS)?;
	let said = fs::read_to_string(dir.join(NODE).with_extension("log"))?;
	ensure!(!said.contains(DAMAGED), "it has not let go of the damage: {said}");

	// WHEN it is damaged once more THEN a validator says so and waits before it votes, and then makes blocks again
	run_until(dir, &makes_blocks, "Imported #4 ")?;
	damage_log(dir)?;
	// AND no other command opens it meanwhile, so that the validator learns of it
	let block = dir.join("block").to_string_lossy().into_owned();
	for command in [vec!["chain-info"], vec!["export-state"], vec!["export-blocks", &block], vec!["revert", "1"]] {
		let said = failure(&run(dir, &command, &shared::specification("local")?)?)?;
		ensure!(said.contains("the database's log is damaged (Corruption: "), "{command:?}: {said}");
	}
	run_until(dir, &makes_blocks, "it waits for 30 s")?;
	run_until(dir, &makes_blocks, "Imported #5 ")
}

#[test]
fn a_database_that_is_found_damaged_when_it_is_read_is_no_bug() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let dir = dir.path();
	let specification = shared::specification("local")?;
	// GIVEN a database that was opened twice: the second time it moves what is in its log into tables
	for _ in 0..2 {
		run_until(dir, &[], RUNS)?;
	}

	// WHEN most of the largest table is overwritten, but neither its begin nor its end, so that it can be opened
	let tables = database(dir)?.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "sst"));
	let sizes = tables.map(|file| Ok((file.metadata()?.len(), file))).collect::<Result<Vec<_>>>()?;
	let (_, table) = sizes.into_iter().max().context("no table")?;
	let mut bytes = fs::read(&table)?;
	let length = bytes.len();
	bytes.get_mut(length / 10..length * 8 / 10).context("a table's middle")?.fill(0xa5);
	fs::write(table, bytes)?;

	// THEN whoever reads it says so without a panic, and what helps
	let said = failure(&run(dir, &["export-state"], &specification)?)?;
	ensure!(said.contains("the database cannot be used (Corruption: ") && said.contains("purge-chain"), "{said}");

	// THEN it helps
	let purged = run(dir, &["purge-chain", "-y"], &specification)?;
	ensure!(purged.status.success(), "{}", String::from_utf8_lossy(&purged.stderr));
	run_until(dir, &[], RUNS)
}

#[test]
fn a_file_that_is_no_specification_is_named() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let dir = dir.path();
	for (name, content) in [
		("text", "hello"),
		("of-another-kind", r#"{"openrpc": "1.2.6"}"#),
		("cut-off", r#"{"name": "Cut off", "id": "cut"#),
		("list", "[1, 2]"),
	] {
		let file = dir.join(name);
		fs::write(&file, content)?;
		let said = refusal(dir, &file)?;
		let expected = format!("Error: {} is no chain specification of this node: ", file.display());
		ensure!(said.starts_with(&expected), "{name}: {said}");
	}
	let said = refusal(dir, &dir.join("missing"))?;
	ensure!(said.contains("there is no chain named") && said.contains("missing"), "{said}");
	ensure!(!dir.join(NODE).exists(), "something was made for a chain that there is not");
	Ok(())
}
