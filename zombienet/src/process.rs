//! The programs of this repository: where they are, and running them.

use std::{
	env,
	ffi::OsString,
	fs::{File, OpenOptions},
	net::TcpListener,
	path::{Path, PathBuf},
	process::Stdio,
	sync::OnceLock,
	time::Duration,
};

use anyhow::{anyhow, bail, Context, Result};
use tokio::process::{Child, Command};
use tracing_subscriber::EnvFilter;

/// The node's name.
pub const NODE: &str = "peoples-cloud-node";
/// Lines of a log that an error message shows.
const TAIL: usize = 30;

/// A program of this repository: in `$CARGO_TARGET_DIR/debug`, where `make build` puts it, or on `PATH`.
pub fn binary(name: &str) -> Result<PathBuf> {
	let built = env::var_os("CARGO_TARGET_DIR").map(|target| Path::new(&target).join("debug"));
	let path = env::var_os("PATH").unwrap_or_default();
	built
		.into_iter()
		.chain(env::split_paths(&path))
		.map(|directory| directory.join(name))
		.find(|program| program.is_file())
		.ok_or_else(|| {
			anyhow!(
				"{name} is neither in $CARGO_TARGET_DIR/debug nor on PATH; run `make build`, and name its directory"
			)
		})
}

/// What a scenario needs of its process: the node on `PATH`, where zombienet's configurations look for it, and a log of what
/// zombienet does, by `RUST_LOG`.
pub(crate) fn prepare() -> Result<()> {
	static PREPARED: OnceLock<Result<(), String>> = OnceLock::new();
	PREPARED
		.get_or_init(|| put_node_on_path().map_err(|error| format!("{error:#}")))
		.clone()
		.map_err(anyhow::Error::msg)
}

fn put_node_on_path() -> Result<()> {
	let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
	let logging = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
	logging.map_err(|error| anyhow!("logging: {error}"))?;
	let node = binary(NODE)?;
	let directory = node.parent().context("a program's directory")?.to_path_buf();
	let runtimes = directory.join("shared-by-tests/runtimes");
	let path = env::var_os("PATH").unwrap_or_default();
	let paths: Vec<PathBuf> = std::iter::once(directory).chain(env::split_paths(&path)).collect();
	let joined: OsString = env::join_paths(paths)?;
	// No other thread reads the environment yet: each scenario begins here.
	env::set_var("PATH", joined);
	// All nodes have the same runtime: whoever comes first compiles it.
	env::set_var("PEOPLES_CLOUD_RUNTIME_CACHE", runtimes);
	Ok(())
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
	Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Runs a program to its end, which must be a success within `deadline`; answers its trimmed stdout.
pub async fn succeed(
	name: &str,
	arguments: &[&str],
	environment: &[(&str, &str)],
	deadline: Duration,
) -> Result<String> {
	let command = format!("{name} {}", arguments.join(" "));
	let mut process = Command::new(binary(name)?);
	process.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
	let output = crate::within(deadline, &command, async { Ok(process.output().await?) }).await?;
	if !output.status.success() {
		bail!("{command} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr));
	}
	Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A program that runs beside the network; killed with its owner.
#[derive(Debug)]
pub struct Daemon {
	child: Child,
	name: String,
	log: PathBuf,
}

impl Daemon {
	/// Starts it, its output in `log`.
	pub fn start(name: &str, arguments: &[&str], environment: &[(&str, &str)], log: &Path) -> Result<Self> {
		let file = OpenOptions::new().create(true).append(true).open(log)?;
		let mut command = Command::new(binary(name)?);
		command
			.args(arguments)
			.envs(environment.iter().copied())
			.stdin(Stdio::null())
			.stdout(file.try_clone()?)
			.stderr(file)
			.kill_on_drop(true);
		let child = command.spawn().with_context(|| format!("starting {name}"))?;
		Ok(Self { child, name: name.to_owned(), log: log.to_owned() })
	}

	/// Fails, with the end of its log, if it does not run any more.
	pub fn must_run(&mut self) -> Result<()> {
		match self.child.try_wait()? {
			None => Ok(()),
			Some(status) => bail!("{} ended by itself ({status}): {}", self.name, self.tail()),
		}
	}

	/// The end of its log.
	pub fn tail(&self) -> String {
		tail(&self.log)
	}
}

/// The last lines of a file.
pub fn tail(path: &Path) -> String {
	let text = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
	let lines: Vec<&str> = text.lines().collect();
	lines.iter().skip(lines.len().saturating_sub(TAIL)).copied().collect::<Vec<_>>().join("\n")
}

/// A file that is as long as asked, of bytes that no compression or zero handling makes special.
pub fn write_noise(path: &Path, bytes: usize) -> Result<()> {
	use std::io::Write;

	// xorshift: it must look random, no more.
	let mut state = 0x9e37_79b9_7f4a_7c15_u64;
	let mut noise = Vec::with_capacity(bytes + 8);
	while noise.len() < bytes {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		noise.extend_from_slice(&state.to_le_bytes());
	}
	noise.truncate(bytes);
	File::create(path)?.write_all(&noise)?;
	Ok(())
}
