//! What keeps a node from its work is said, and not only to be guessed from its silence.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
	io::{BufRead, BufReader},
	net::TcpListener,
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	sync::mpsc,
	time::{Duration, Instant, SystemTime},
};

/// Time to compile a runtime on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where compiled runtimes are kept, other than in the base path.
const CACHE: &str = "PEOPLES_CLOUD_RUNTIME_CACHE";

/// What whole-system tests share, too.
fn runtimes() -> PathBuf {
	Path::new(env!("CARGO_BIN_EXE_peoples-cloud-node")).with_file_name("shared-by-tests").join("runtimes")
}

fn node(base_path: &Path, listen: &str) -> Command {
	let mut command = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node"));
	command
		.env(CACHE, runtimes())
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

/// Starts a node until it says `needle`; kills it then, or panics with its log.
fn run_until(command: &mut Command, needle: &str) {
	let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
	let mut running = Running(
		command.args(["--rpc-port", &free.to_string()]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap(),
	);
	let log = BufReader::new(running.0.stderr.take().unwrap());
	let (lines, heard) = mpsc::channel();
	std::thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));

	let deadline = Instant::now() + PATIENCE;
	let mut log = String::new();
	loop {
		match heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
			Ok(line) if line.contains(needle) => return,
			Ok(line) => log.push_str(&format!("{line}\n")),
			Err(error) => panic!("{error}:\n{log}"),
		}
	}
}

#[test]
fn a_validator_without_keys_says_so() {
	let dir = tempfile::tempdir().unwrap();
	let mut validator = node(dir.path(), "/ip4/127.0.0.1/tcp/0");
	validator.args(["--validator", "--node-key", &format!("{:064x}", 1)]);
	run_until(&mut validator, "has no session keys (");
}

/// Compiled runtimes of a node, and when each was written.
fn compiled(base_path: &Path) -> Vec<(PathBuf, SystemTime)> {
	let mut found = Vec::new();
	let mut folders = vec![base_path.join("runtimes")];
	while let Some(folder) = folders.pop() {
		for entry in std::fs::read_dir(folder).unwrap() {
			let entry = entry.unwrap();
			match entry.file_type().unwrap().is_dir() {
				true => folders.push(entry.path()),
				// What has been used how often is beside it.
				false if entry.path().extension().is_some() => {},
				false => found.push((entry.path(), entry.metadata().unwrap().modified().unwrap())),
			}
		}
	}
	found
}

#[test]
fn a_runtime_is_compiled_once_and_again_when_that_is_broken() {
	let dir = tempfile::tempdir().unwrap();
	let started = "Running JSON-RPC server";
	let start = || run_until(node(dir.path(), "/ip4/127.0.0.1/tcp/0").env_remove(CACHE), started);

	// GIVEN a node that was started once
	start();
	let first = compiled(dir.path());
	assert_eq!(first.len(), 1, "{first:?}");

	// WHEN it starts again THEN it compiles nothing
	start();
	assert_eq!(compiled(dir.path()), first);

	// WHEN what it has compiled is broken THEN it compiles it anew
	std::fs::write(&first[0].0, b"broken").unwrap();
	start();
	let last = compiled(dir.path());
	assert!(std::fs::metadata(&last[0].0).unwrap().len() > 1 << 20, "{last:?}");
}

/// The specification `local` as a file, with its genesis changed by `change`.
fn specification(
	dir: &Path,
	name: &str,
	change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>),
) -> PathBuf {
	let path = dir.join(name);
	let made = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node"))
		.args(["export-chain-spec", "--raw", "--chain", "local", "--output"])
		.arg(&path)
		.output()
		.unwrap();
	assert!(made.status.success());
	let mut specification: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
	change(specification.pointer_mut("/genesis/raw/top").unwrap().as_object_mut().unwrap());
	std::fs::write(&path, serde_json::to_vec(&specification).unwrap()).unwrap();
	path
}

/// Starts a node of that specification, which must fail; answers what it says.
fn refusal(base_path: &Path, specification: &Path) -> String {
	let output = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node"))
		.env(CACHE, runtimes())
		.args(["--no-prometheus", "--no-mdns", "--listen-addr", "/ip4/127.0.0.1/tcp/0", "--base-path"])
		.arg(base_path)
		.arg("--chain")
		.arg(specification)
		.output()
		.unwrap();
	assert_eq!(output.status.code(), Some(1));
	let said = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(!said.contains("panicked"), "{said}");
	said.lines().find(|line| line.starts_with("Error: ")).unwrap_or_else(|| panic!("{said}")).to_owned()
}

/// The folder of RocksDB's files.
fn database(base_path: &Path) -> PathBuf {
	base_path.join("chains/peoples_cloud_local/db/full")
}

#[test]
fn a_database_of_another_genesis_and_a_damaged_one_are_refused() {
	let dir = tempfile::tempdir().unwrap();
	let base_path = dir.path().join("node");
	let this = specification(dir.path(), "this.json", |_| ());
	let other = specification(dir.path(), "other.json", |top| {
		top.insert("0x00".into(), "0x01".into());
	});

	// GIVEN a node's database
	let mut first = node(&base_path, "/ip4/127.0.0.1/tcp/0");
	run_until(&mut first, "Running JSON-RPC server");

	// WHEN another chain of the same name is named THEN that is said, and the database stays
	let said = refusal(&base_path, &other);
	assert!(said.contains("another genesis") && said.contains("purge-chain"), "{said}");
	run_until(&mut node(&base_path, "/ip4/127.0.0.1/tcp/0"), "Running JSON-RPC server");

	// WHEN its files are damaged THEN that is said, and what helps
	for name in ["CURRENT", ".sst"] {
		let of_that_name = |path: &PathBuf| path.to_string_lossy().ends_with(name);
		let file = std::fs::read_dir(database(&base_path)).unwrap().map(|file| file.unwrap().path()).find(of_that_name);
		let file = file.unwrap_or_else(|| panic!("no {name}"));
		let whole = std::fs::read(&file).unwrap();
		std::fs::write(&file, vec![0x5a; whole.len()]).unwrap();
		let said = refusal(&base_path, &this);
		assert!(said.contains("the database cannot be used") && said.contains("purge-chain"), "{name}: {said}");
		std::fs::write(&file, whole).unwrap();
	}

	// WHEN they are restored THEN it starts again
	run_until(&mut node(&base_path, "/ip4/127.0.0.1/tcp/0"), "Running JSON-RPC server");
}

#[test]
fn a_database_that_is_found_damaged_when_it_is_read_is_no_bug() {
	let dir = tempfile::tempdir().unwrap();
	let base_path = dir.path().join("node");
	let this = specification(dir.path(), "this.json", |_| ());
	// GIVEN a database that was opened twice: the second time it moves what is in its log into tables
	for _ in 0..2 {
		run_until(&mut node(&base_path, "/ip4/127.0.0.1/tcp/0"), "Running JSON-RPC server");
	}

	// WHEN most of the largest table is overwritten, but neither its begin nor its end, so that it can be opened
	let files = std::fs::read_dir(database(&base_path)).unwrap().map(|file| file.unwrap().path());
	let tables = files.filter(|file| file.extension().is_some_and(|extension| extension == "sst"));
	let table = tables.max_by_key(|file| file.metadata().unwrap().len()).unwrap();
	let mut bytes = std::fs::read(&table).unwrap();
	let length = bytes.len();
	bytes[length / 10..length * 8 / 10].fill(0xa5);
	std::fs::write(table, bytes).unwrap();

	// THEN whoever reads it says so without a panic, and what helps
	let output = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node"))
		.env(CACHE, runtimes())
		.args(["export-state", "--base-path"])
		.arg(&base_path)
		.arg("--chain")
		.arg(&this)
		.output()
		.unwrap();
	assert_eq!(output.status.code(), Some(1));
	let said = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(!said.contains("panicked"), "{said}");
	assert!(said.contains("the database cannot be used (Corruption: ") && said.contains("purge-chain"), "{said}");

	// THEN it helps
	let purged = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node"))
		.args(["purge-chain", "-y", "--base-path"])
		.arg(&base_path)
		.arg("--chain")
		.arg(&this)
		.output()
		.unwrap();
	assert!(purged.status.success(), "{}", String::from_utf8_lossy(&purged.stderr));
	run_until(&mut node(&base_path, "/ip4/127.0.0.1/tcp/0"), "Running JSON-RPC server");
}

#[test]
fn a_file_that_is_no_specification_is_named() {
	let dir = tempfile::tempdir().unwrap();
	let base_path = dir.path().join("node");
	for (name, content) in [
		("text", "hello"),
		("of-another-kind", r#"{"openrpc": "1.2.6"}"#),
		("cut-off", r#"{"name": "Cut off", "id": "cut"#),
		("list", "[1, 2]"),
	] {
		let file = dir.path().join(name);
		std::fs::write(&file, content).unwrap();
		let said = refusal(&base_path, &file);
		let expected = format!("Error: {} is no chain specification of this node: ", file.display());
		assert!(said.starts_with(&expected), "{name}: {said}");
	}
	let said = refusal(&base_path, &dir.path().join("missing"));
	assert!(said.contains("there is no chain named") && said.contains("missing"), "{said}");
	assert!(!base_path.exists(), "something was made for a chain that there is not");
}
