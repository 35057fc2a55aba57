//! The running network.

use std::{
	fs,
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::{anyhow, ensure, Context, Result};
use nix::{
	sys::signal::{kill, Signal},
	unistd::Pid,
};
use tempfile::TempDir;
use zombienet_sdk::{
	AddNodeOptions, Arg, GlobalSettingsBuilder, LocalFileSystem, Network, NetworkConfig, NetworkConfigExt, NetworkNode,
};

use crate::{
	chain::Chain,
	plan::{on_loopback, write_network, Genesis, Node},
	process::tail,
	reached, wait_for, within,
};

/// The height that is final, to a node's knowledge.
pub const FINALISED: &str = "block_height{status=\"finalized\"}";
/// The height of a node's best block.
pub const BEST: &str = "block_height{status=\"best\"}";
/// How many blocks a validator has made since its start.
pub const BLOCKS_MADE: &str = "proposer_block_constructed_count";
/// How many session keys a validator knows the addresses of, without its own.
pub const AUTHORITIES_FOUND: &str = "authority_discovery_known_authorities_count";

/// Seconds that zombienet gives all nodes to come up: each compiles the runtime, all at once.
const SPAWN_SECONDS: u32 = 300;
/// Longest that a node may take to answer or to end.
const ANSWER: Duration = Duration::from_secs(20);

/// A network that dies with its owner.
#[derive(Debug)]
pub struct Net {
	network: Network<LocalFileSystem>,
	directory: TempDir,
}

impl Net {
	/// Spawns these nodes on that genesis.
	pub async fn spawn(genesis: &Genesis, nodes: &[Node]) -> Result<Self> {
		let directory = tempfile::tempdir()?;
		let genesis = genesis.write(directory.path()).await?;
		let config = write_network(directory.path(), &genesis, nodes)?;
		Self::spawn_in(directory, &config).await
	}

	/// Spawns a validator of that genesis for each of its names.
	pub async fn validators(genesis: &Genesis) -> Result<Self> {
		let nodes: Vec<Node> = genesis.validators.iter().map(|name| Node::validator(name)).collect();
		Self::spawn(genesis, &nodes).await
	}

	/// Spawns what a file of zombienet's says.
	pub async fn from_toml(config: &Path) -> Result<Self> {
		Self::spawn_in(tempfile::tempdir()?, config).await
	}

	async fn spawn_in(directory: TempDir, config: &Path) -> Result<Self> {
		let settings = GlobalSettingsBuilder::new()
			.with_base_dir(directory.path().join("network"))
			.with_network_spawn_timeout(SPAWN_SECONDS)
			// Scenarios kill nodes on purpose.
			.with_tear_down_on_failure(false)
			.build()
			.map_err(|errors| anyhow!("zombienet's settings: {errors:?}"))?;
		let path = config.to_str().context("the configuration's path is no UTF-8")?;
		let config = NetworkConfig::load_from_toml_with_settings(path, &settings)?;
		let network = config.spawn_native().await?;
		Ok(Self { network, directory })
	}

	/// Where the network and whatever runs beside it keep their files.
	pub fn directory(&self) -> &Path {
		self.directory.path()
	}

	/// The names of all nodes.
	pub fn names(&self) -> Vec<String> {
		self.network.nodes().iter().map(|node| node.name().to_owned()).collect()
	}

	fn node(&self, name: &str) -> Result<&NetworkNode> {
		self.network.get_node(name)
	}

	/// Where a node's JSON-RPC answers.
	pub fn url(&self, name: &str) -> Result<String> {
		Ok(self.node(name)?.ws_uri().to_owned())
	}

	/// The chain as a node sees it. Made anew after a restart of the node or an upgrade of the runtime.
	pub async fn chain(&self, name: &str) -> Result<Chain> {
		Chain::connect(self.node(name)?).await
	}

	/// A Prometheus metric; 0 if the node does not have it.
	pub async fn metric(&self, name: &str, metric: &str) -> Result<f64> {
		let node = self.node(name)?;
		within(ANSWER, &format!("{metric} of {name}"), async { node.reports(metric).await }).await
	}

	/// Waits until a node's metric is that high, and answers it.
	pub async fn reaches(&self, name: &str, metric: &str, at_least: f64, deadline: Duration) -> Result<f64> {
		wait_for(deadline, &format!("{metric} of {name} to reach {at_least}"), async || {
			let value = self.metric(name, metric).await?;
			reached(value >= at_least, value, || value.to_string())
		})
		.await
	}

	/// Waits until each of these nodes knows the block of that height to be final.
	pub async fn finalise<N: AsRef<str>>(&self, names: &[N], height: f64, deadline: Duration) -> Result<()> {
		let until = tokio::time::Instant::now() + deadline;
		for name in names {
			let left = until.saturating_duration_since(tokio::time::Instant::now());
			self.reaches(name.as_ref(), FINALISED, height, left).await?;
		}
		Ok(())
	}

	/// The height that is final to a node's knowledge.
	pub async fn finalised(&self, name: &str) -> Result<f64> {
		self.metric(name, FINALISED).await
	}

	/// `kill -9`.
	pub async fn kill(&self, name: &str) -> Result<()> {
		let pid = self.pid(name)?;
		kill(Pid::from_raw(pid), Signal::SIGKILL)?;
		wait_for(ANSWER, &format!("the end of {name}"), async || {
			// A child that nobody has waited for yet is a zombie; the name before its state may have brackets itself.
			let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
			let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
			reached(matches!(state, None | Some('Z' | 'X')), (), || format!("state {state:?}"))
		})
		.await
	}

	/// Starts a node again on its own database, after [`Net::kill`] or instead of it, and waits until it answers.
	pub async fn restart(&self, name: &str) -> Result<()> {
		let node = self.node(name)?;
		within(ANSWER, &format!("the restart of {name}"), async { node.restart(None).await }).await?;
		let deadline = Duration::from_secs(SPAWN_SECONDS.into());
		self.reaches(name, "process_start_time_seconds", 1.0, deadline).await.map(drop)
	}

	/// Ends a node for good.
	pub async fn remove(&self, name: &str) -> Result<()> {
		let node = self.node(name)?;
		within(ANSWER, &format!("the end of {name}"), async { Ok(node.core().inner().destroy().await?) }).await
	}

	/// Starts a further node with these arguments too, `--option=value` each, and waits until it answers.
	pub async fn add(&mut self, name: &str, is_validator: bool, arguments: &[&str]) -> Result<()> {
		let given = arguments.iter().map(|argument| (*argument).to_owned());
		let args = on_loopback().into_iter().chain(given).map(|argument| self::argument(&argument)).collect();
		let options = AddNodeOptions { is_validator, args, ..AddNodeOptions::default() };
		self.network.add_node(name, options).await.with_context(|| format!("adding {name}"))
	}

	/// Everything that a node has printed.
	pub async fn log(&self, name: &str) -> Result<String> {
		self.node(name)?.logs().await
	}

	/// The end of each node's log.
	pub fn tails(&self) -> String {
		let log =
			|name: &str| -> PathBuf { self.directory.path().join("network").join(name).join(format!("{name}.log")) };
		let tails = self.names().into_iter().map(|name| format!("--- {name}\n{}", tail(&log(&name))));
		tails.collect::<Vec<_>>().join("\n")
	}

	/// Ends all nodes.
	pub(crate) async fn destroy(self) -> Result<()> {
		Ok(self.network.destroy().await?)
	}

	/// zombienet keeps it to itself, but writes it down.
	fn pid(&self, name: &str) -> Result<i32> {
		let node = serde_json::to_value(self.node(name)?)?;
		let pid = node.pointer("/inner/process_handle").and_then(serde_json::Value::as_i64);
		let pid = i32::try_from(pid.with_context(|| format!("zombienet does not tell the process of {name}"))?)?;
		// 0 and below would be groups of processes.
		ensure!(pid > 1, "process {pid} cannot be that of {name}");
		Ok(pid)
	}
}

fn argument(text: &str) -> Arg {
	match text.split_once('=') {
		Some((option, value)) => (option, value).into(),
		None => text.into(),
	}
}
