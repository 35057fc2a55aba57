//! Nodes that a test starts one by one on the `local` chain, or on another, and that know each other by address.
use std::{fmt::Display, future::Future, path::Path, sync::Arc, time::Duration};

use anyhow::{ensure, Context, Result};
use peoples_cloud_client::node::NodeChain;
use subxt_rpcs::RpcClient;

use crate::{
	network::free_port,
	process::{node_ok, wait_for, Process},
	shared,
};

/// Time for a node to start on a busy machine.
const START: Duration = Duration::from_secs(120);

/// A node.
#[derive(Debug)]
pub struct Node {
	/// Its process.
	pub process: Process,
	/// Its WebSocket URL.
	pub url: String,
}

impl Node {
	/// Starts `who` in `dir` with these arguments too: on `local`, unless they name a chain.
	pub fn start(dir: &Path, who: &str, port: u16, extra: &[&str]) -> Result<Self> {
		Self::start_with(dir, who, port, extra, &[])
	}

	/// As [`Node::start`], with these variables in its environment.
	pub fn start_with(
		dir: &Path,
		who: &str,
		port: u16,
		extra: &[&str],
		environment: &[(&str, String)],
	) -> Result<Self> {
		let rpc = free_port()?;
		let mut arguments: Vec<String> = [
			"--no-prometheus",
			"--no-mdns",
			"--allow-private-ip",
			"--listen-addr",
			&format!("/ip4/127.0.0.1/tcp/{port}"),
			"--rpc-port",
			&rpc.to_string(),
			"--node-key",
			&node_key(who),
			"--base-path",
			&dir.join(who).to_string_lossy(),
		]
		.map(str::to_owned)
		.into();
		if !extra.contains(&"--chain") {
			arguments.extend(["--chain".into(), shared::specification("local")?.to_string_lossy().into_owned()]);
		}
		arguments.extend(extra.iter().map(|&argument| argument.to_owned()));
		let process = Process::start("peoples-cloud-node", &arguments, environment, &dir.join(format!("{who}.log")))?;
		Ok(Self { process, url: format!("ws://127.0.0.1:{rpc}") })
	}

	/// Waits until it says that.
	pub fn says(&mut self, needle: &str, deadline: Duration) -> Result<()> {
		wait_for(deadline, needle, || {
			// In this order: what it says before it ends counts.
			let runs = self.process.is_running();
			let said = self.has_said(needle)?;
			ensure!(said || runs, "it ended, and has not said {needle:?}");
			Ok(said.then_some(()))
		})
		.with_context(|| self.process.tail())
	}

	/// Whether it has said that.
	pub fn has_said(&self, needle: &str) -> Result<bool> {
		let log = std::fs::read(&self.process.log)?;
		Ok(String::from_utf8_lossy(&log).contains(needle))
	}

	/// Connects, waiting for it to come up.
	pub async fn rpc(&mut self) -> Result<RpcClient> {
		self.connected(RpcClient::from_url).await
	}

	/// Connects as our programs do, waiting for it to come up.
	pub async fn chain(&mut self) -> Result<Arc<NodeChain>> {
		self.connected(|url| async move { NodeChain::connect(&url).await }).await
	}

	async fn connected<T, E, F>(&mut self, connect: impl Fn(String) -> F) -> Result<T>
	where
		E: Display,
		F: Future<Output = Result<T, E>>,
	{
		let deadline = tokio::time::Instant::now() + START;
		loop {
			match connect(self.url.clone()).await {
				Ok(client) => return Ok(client),
				Err(error) => {
					let waits = self.process.is_running() && tokio::time::Instant::now() < deadline;
					ensure!(waits, "{error}\n{}", self.process.tail());
					tokio::time::sleep(Duration::from_millis(300)).await;
				},
			}
		}
	}
}

/// A fixed network key, so that the peer id is known before the start.
fn node_key(who: &str) -> String {
	format!("{:0>64}", hex::encode(who))
}

/// Where others reach the node `who` that listens on that port.
pub fn address(who: &str, port: u16) -> Result<String> {
	let dir = tempfile::tempdir()?;
	let key = dir.path().join("key");
	std::fs::write(&key, node_key(who))?;
	let peer = node_ok(&["key", "inspect-node-key", "--file", &key.to_string_lossy()])?;
	Ok(format!("/ip4/127.0.0.1/tcp/{port}/p2p/{peer}"))
}
