//! What users get wrong, and what `ppl` says then. No node is needed.
#![allow(clippy::unwrap_used, reason = "tests and their helpers")]
use std::{
	ffi::OsStr,
	fmt::Debug,
	fs,
	path::Path,
	process::{Command, Output},
	time::{Duration, Instant},
};

use tempfile::TempDir;

/// A user with a home of their own.
struct User {
	home: TempDir,
}

impl User {
	fn new() -> Self {
		Self { home: tempfile::tempdir().unwrap() }
	}

	fn path(&self) -> &Path {
		self.home.path()
	}

	fn file(&self, name: &str, content: &str) -> String {
		let path = self.path().join(name);
		fs::write(&path, content).unwrap();
		path.to_str().unwrap().to_owned()
	}

	fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
		let mut command = Command::new(env!("CARGO_BIN_EXE_ppl"));
		for variable in ["PPL_URL", "PPL_SURI", "PPL_WALLET", "PPL_BIN_DIR", "RUST_LOG"] {
			command.env_remove(variable);
		}
		command.env("PPL_HOME", self.path()).args(arguments);
		command
	}

	fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Output {
		self.command(arguments).output().unwrap()
	}

	/// What a command says on stderr that fails with these variables set.
	fn says_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> String {
		let output = self.command(arguments).envs(environment.iter().copied()).output().unwrap();
		assert_eq!(output.status.code(), Some(1), "{arguments:?}");
		String::from_utf8(output.stderr).unwrap()
	}

	/// Fails with this code, tells these things on stderr, and has no result.
	fn fails(&self, code: i32, arguments: &[impl AsRef<OsStr> + Debug], says: &[&str]) {
		let output = self.run(arguments);
		let stderr = String::from_utf8(output.stderr).unwrap();
		assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
		assert!(output.stdout.is_empty(), "{arguments:?} printed a result");
		for part in says {
			assert!(stderr.contains(part), "{arguments:?}: {part:?} is not in {stderr:?}");
		}
		if code == 1 {
			assert!(stderr.starts_with("error: "), "{stderr}");
			assert_eq!(stderr.trim_end().lines().count(), 1, "not one sentence: {stderr}");
		}
	}

	fn succeeds(&self, arguments: &[impl AsRef<OsStr> + Debug]) -> String {
		let output = self.run(arguments);
		assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
		String::from_utf8(output.stdout).unwrap()
	}
}

/// An id that lost its end.
const CUT: &str = "bafkr4iahb4dqobyhb4dqobyhb4";
/// Where no node listens: port 1 needs root.
const NOWHERE: &str = "ws://127.0.0.1:1";

fn some_id() -> String {
	peoples_cloud_client::format::object_to_cid(&[7; 32])
}

/// Appends the password file to arguments.
fn with_file(password: &str) -> impl for<'a> Fn(&[&'a str]) -> Vec<String> + '_ {
	move |arguments| {
		let all = arguments.iter().copied().chain(["--password-file", password]);
		all.map(str::to_owned).collect()
	}
}

#[test]
fn wrong_usage_is_code_2() {
	let user = User::new();
	let id = some_id();
	user.fails(2, &[""; 0], &["Usage"]);
	user.fails(2, &["frobnicate"], &["frobnicate"]);
	user.fails(2, &["put"], &["FILE"]);
	user.fails(2, &["put", "x", "--code", "3/9"], &["power of two"]);
	user.fails(2, &["put", "x", "--code", "8-24"], &["K/N"]);
	user.fails(2, &["put", "x", "--code", "8/65"], &["64"]);
	user.fails(2, &["put", "x", "--for", "-1"], &["--for"]);
	user.fails(2, &["put", "x", "--for", "0"], &["above 0"]);
	user.fails(2, &["put", "x", "--periods", "0"], &["periods"]);
	user.fails(2, &["put", "x", "--for", "1", "--periods", "1"], &["cannot be used with"]);
	user.fails(2, &["put", "x", "--max-price", "1.0000000000001"], &["12 digits"]);
	user.fails(2, &["get", &id], &["--output"]);
	user.fails(2, &["get", &id, "-o", "x", "--range", "9-5"], &["FIRST must not be after LAST"]);
	user.fails(2, &["get", &id, "-o", "x", "--range", "5"], &["FIRST-LAST"]);
	user.fails(2, &["get", "Qm123", "-o", "x"], &["no object id"]);
	user.fails(2, &["get", CUT, "-o", "x"], &["no object id"]);
	user.fails(2, &["status", "0x00"], &["no object id"]);
	user.fails(2, &["ls", "--url", "http://127.0.0.1:9944"], &["WebSocket"]);
	user.fails(2, &["ls", "--suri", "//Alice", "--wallet", "me"], &["cannot be used with"]);
	user.fails(2, &["wallet", "send", "Alice", "1"], &["no account"]);
	user.fails(2, &["wallet", "send", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "much"], &["no amount"]);
	user.fails(2, &["devnet"], &["--dir"]);
	user.fails(2, &["devnet", "--dir", "x", "--providers", "0"], &["1..=32"]);
	user.fails(2, &["devnet", "--dir", "x", "--capacity", "lots"], &["no size"]);
	user.fails(2, &["provider", "register", "--peer-id", "me"], &["peer-id"]);
	user.fails(2, &register(&["--operator", ""]), &["no operator label"]);
	user.fails(2, &register(&["--operator", &"o".repeat(33)]), &["no operator label"]);
	user.fails(2, &register(&["--operator", "me", "--region", &"r".repeat(17)]), &["no region label"]);
}

/// `ppl provider register` as far as it is the same in all tests.
fn register<'a>(more: &[&'a str]) -> Vec<&'a str> {
	let all = [
		&["provider", "register", "--peer-id", "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"][..],
		&["--address", "/ip4/127.0.0.1/udp/4001/quic-v1", "--bond", "1000", "--suri", "//Alice", "--url", NOWHERE],
		more,
	];
	all.concat()
}

#[test]
fn an_impossible_offer_is_refused_before_anything_is_sent() {
	let user = User::new();
	let offer =
		|more: &[&'static str]| register(&[&["--operator", "me", "--price", "1", "--capacity"][..], more].concat());
	user.fails(1, &offer(&["1GiB", "--min-periods", "3", "--max-periods", "2"]), &["--min-periods"]);
	user.fails(1, &offer(&["1GiB", "--min-periods", "0"]), &["--min-periods"]);
	user.fails(1, &offer(&["100B"]), &["--capacity"]);
	user.fails(1, &offer(&["1GiB"]), &[NOWHERE]);
	let address = ["--address", "/ip4/127.0.0.1/udp/4001/quic-v1"];
	user.fails(1, &register(&[&["--operator", "me"][..], &address.repeat(8)].concat()), &["at most 8 addresses"]);
}

#[test]
fn help_is_no_error() {
	let user = User::new();
	for arguments in [&["--help"][..], &["put", "--help"], &["provider", "register", "--help"], &["--version"]] {
		assert!(!user.succeeds(arguments).is_empty());
	}
}

#[test]
fn wrong_paths_are_named_before_anything_else() {
	let user = User::new();
	let empty = user.file("empty", "");
	let directory = user.path().to_str().unwrap();
	let put = |path: &str, says: &[&str]| user.fails(1, &["put", path, "--suri", "//Alice", "--url", NOWHERE], says);
	put("/no/such/file", &["/no/such/file", "cannot be read"]);
	put(&empty, &["empty"]);
	put(directory, &["is no file"]);
	let get = |path: &str, says: &[&str]| {
		user.fails(1, &["get", &some_id(), "-o", path, "--suri", "//Alice", "--url", NOWHERE], says)
	};
	get(directory, &["is a directory"]);
}

#[test]
fn an_unreachable_node_is_named_at_once() {
	let user = User::new();
	let file = user.file("file", "content");
	let out = user.path().join("out");
	let out = out.to_str().unwrap();
	let id = some_id();
	let started = Instant::now();
	for arguments in [
		&["ls"][..],
		&["put", &file],
		&["get", &id, "-o", out],
		&["status", &id],
		&["rm", &id],
		&["extend", &id],
		&["repair", &id],
		&["providers"],
		&["provider", "status"],
		&["provider", "pause"],
		&["wallet", "balance"],
	] {
		let arguments = [arguments, &["--suri", "//Alice", "--url", NOWHERE]].concat();
		user.fails(1, &arguments, &[NOWHERE, "is it running"]);
	}
	assert!(started.elapsed() < Duration::from_secs(30), "an unreachable node takes too long to notice");
	assert_eq!(fs::read_dir(user.path()).unwrap().count(), 1, "something was left behind");
}

#[test]
fn an_account_is_asked_for() {
	let user = User::new();
	user.fails(1, &["ls", "--url", NOWHERE], &["no account is given", "ppl wallet new"]);
	user.fails(1, &["ls", "--suri", "not words"], &["secret"]);
	user.fails(1, &["ls", "--wallet", "me"], &["no wallet \"me\""]);
	user.fails(1, &["ls", "--wallet", "../me"], &["no wallet name"]);
}

#[test]
fn an_empty_secret_is_not_the_account_that_everybody_knows() {
	let user = User::new();
	for empty in ["", "  ", "///password", "/soft"] {
		user.fails(1, &["ls", "--suri", empty, "--url", NOWHERE], &["the secret is empty"]);
	}
	for empty in ["", " "] {
		let environment = [("PPL_SURI", empty), ("PPL_WALLET", empty)];
		let says = user.says_with(&environment, &["ls", "--url", NOWHERE]);
		assert!(says.contains("no account is given"), "{says}");
	}
}

#[test]
fn what_is_typed_goes_before_the_environment() {
	let user = User::new();
	let environment = [("PPL_WALLET", "mine"), ("PPL_SURI", "no words")];
	let says = |arguments: &[&str]| user.says_with(&environment, &[arguments, &["--url", NOWHERE]].concat());
	for command in [&["ls"][..], &["wallet", "balance"]] {
		let of = |more: &[&str]| says(&[command, more].concat());
		assert!(of(&["--suri", "//Alice"]).contains(NOWHERE), "{}", of(&["--suri", "//Alice"]));
		assert!(of(&["--wallet", "other"]).contains("no wallet \"other\""), "{}", of(&["--wallet", "other"]));
		assert!(of(&[]).contains("no wallet \"mine\""), "{}", of(&[]));
	}
}

#[test]
fn a_new_wallets_words_are_not_lost_with_the_result() {
	let user = User::new();
	let password = user.file("password", "correct horse\n");
	let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
	let arguments = ["wallet", "new", "one", "--password-file", &password];
	let output = user.command(&arguments).stdout(full).stderr(std::process::Stdio::piped()).spawn().unwrap();
	let output = output.wait_with_output().unwrap();
	let stderr = String::from_utf8(output.stderr).unwrap();
	assert_eq!(output.status.code(), Some(1), "{stderr}");
	assert!(stderr.contains("the result cannot be written"), "{stderr}");
	assert!(stderr.lines().any(|line| line.split_whitespace().count() == 12 && line.starts_with("  ")), "{stderr}");
}

#[test]
fn wallets_round_trip() {
	let user = User::new();
	let password = user.file("password", "correct horse\n");
	let phrase = user.file("phrase", "//Bob\n");
	let with_password = with_file(&password);

	assert_eq!(user.succeeds(&["wallet", "list"]), "");
	assert_eq!(user.succeeds(&["wallet", "list", "--json"]), "[]\n");
	let made: serde_json::Value =
		serde_json::from_str(&user.succeeds(&with_password(&["wallet", "new", "one", "--json"]))).unwrap();
	assert_eq!(made["name"], "one");
	assert_eq!(made["phrase"].as_str().unwrap().split(' ').count(), 12);

	// The phrase is the account.
	let imported =
		user.succeeds(&with_password(&["wallet", "import", "again", "--suri", made["phrase"].as_str().unwrap()]));
	assert_eq!(imported.trim(), made["account"].as_str().unwrap());
	let bob = user.succeeds(&with_password(&["wallet", "import", "bob", "--phrase-file", &phrase]));
	assert_eq!(bob.trim(), "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty");
	let list: serde_json::Value = serde_json::from_str(&user.succeeds(&["wallet", "list", "--json"])).unwrap();
	let names: Vec<_> = list.as_array().unwrap().iter().map(|wallet| wallet["name"].as_str().unwrap()).collect();
	assert_eq!(names, ["again", "bob", "one"]);

	user.fails(1, &with_password(&["wallet", "new", "one"]), &["exists already"]);
	user.fails(1, &with_password(&["wallet", "import", "x", "--suri", "no words"]), &["secret"]);
	user.fails(1, &with_password(&["wallet", "import", "x"]), &["no terminal", "--phrase-file"]);
	user.fails(1, &with_password(&["ls", "--url", NOWHERE]), &["several wallets"]);
	// The right password comes as far as the node.
	user.fails(1, &with_password(&["ls", "--wallet", "bob", "--url", NOWHERE]), &[NOWHERE]);
	let wrong = user.file("wrong", "incorrect horse");
	user.fails(1, &["ls", "--wallet", "bob", "--password-file", &wrong], &["password", "wrong"]);
	user.fails(1, &["ls", "--wallet", "bob", "--password-file", "/no/such/file"], &["/no/such/file"]);
	user.fails(1, &["ls", "--wallet", "bob"], &["--password-file"]);
	let empty = user.file("none", "");
	user.fails(1, &["wallet", "new", "y", "--password-file", &empty], &["password is empty"]);
}

#[test]
fn a_devnet_needs_its_programs_and_its_directory() {
	let user = User::new();
	// Beside the tests' own `ppl` the other programs may be built: run it from elsewhere.
	let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
	let ppl = directory.path().join("ppl");
	fs::hard_link(env!("CARGO_BIN_EXE_ppl"), &ppl).unwrap();
	let run = |dir: &str| {
		let output = Command::new(&ppl)
			.args(["devnet", "--dir", dir])
			.env("PATH", "/nonexistent")
			.env_remove("PPL_BIN_DIR")
			.output()
			.unwrap();
		assert_eq!(output.status.code(), Some(1));
		String::from_utf8(output.stderr).unwrap()
	};
	let stderr = run(user.path().join("net").to_str().unwrap());
	assert!(stderr.contains("peoples-cloud-node is not found"), "{stderr}");
	assert!(stderr.contains("PPL_BIN_DIR"), "{stderr}");
	let stderr = run("/proc/net");
	assert!(stderr.contains("cannot be used"), "{stderr}");
}
