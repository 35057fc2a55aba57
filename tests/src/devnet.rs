//! A whole local network through `ppl devnet`, as a person would start it.
use std::{
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

use anyhow::{bail, Context, Result};
use nix::{
	sys::signal::{kill, Signal},
	unistd::Pid,
};
use peoples_cloud_client::{
	chain::{Chain, Event, Head},
	node::NodeChain,
};
use peoples_cloud_primitives::AccountBytes;
use serde::Deserialize;

use crate::{
	process::{all_ended, ppl, ppl_ok, wait_for, Ppl, Process},
	shared,
};

/// What `ppl devnet` writes to `devnet.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Info {
	/// The node's WebSocket URL.
	pub rpc: String,
	/// The node.
	pub node: NodeInfo,
	/// The providers.
	pub providers: Vec<ProviderInfo>,
}

/// The node of a devnet.
#[derive(Clone, Debug, Deserialize)]
pub struct NodeInfo {
	/// Process id.
	pub pid: i32,
	/// Database and keys.
	pub data_dir: PathBuf,
	/// Log file.
	pub log: PathBuf,
}

/// A provider of a devnet.
#[derive(Clone, Debug, Deserialize)]
pub struct ProviderInfo {
	/// Name.
	pub name: String,
	/// SS58 account.
	pub account: String,
	/// libp2p peer id.
	pub peer_id: String,
	/// Process id.
	pub pid: i32,
	/// Columns and index.
	pub data_dir: PathBuf,
	/// Log file.
	pub log: PathBuf,
}

impl ProviderInfo {
	/// The account's public key.
	pub fn account_bytes(&self) -> Result<AccountBytes> {
		peoples_cloud_client::format::account_from_ss58(&self.account).context("account in devnet.json")
	}

	/// `kill -9`.
	pub fn kill_hard(&self) -> Result<()> {
		Ok(kill(Pid::from_raw(self.pid), Signal::SIGKILL)?)
	}
}

/// A running devnet; ends with its owner.
#[derive(Debug)]
pub struct Devnet {
	process: Process,
	/// What runs.
	pub info: Info,
	/// Its directory.
	pub dir: PathBuf,
}

impl Devnet {
	/// Starts one validator and `providers` providers in `dir` and waits until all offer storage.
	pub fn start(dir: &Path, providers: usize, extra: &[&str]) -> Result<Self> {
		std::fs::create_dir_all(dir)?;
		let json = dir.join("devnet.json");
		if json.exists() {
			std::fs::remove_file(&json)?;
		}
		let mut args: Vec<String> =
			["devnet", "--providers", &providers.to_string(), "--dir"].map(str::to_owned).into();
		args.push(dir.to_string_lossy().into_owned());
		args.push(format!("--chain={}", shared::specification("dev")?.display()));
		args.extend(extra.iter().map(|arg| (*arg).to_owned()));
		let mut process = Process::start("ppl", &args, &[], &dir.join("devnet.log"))?;
		let info = wait_for(Duration::from_secs(120), "the devnet", || {
			if !process.is_running() {
				bail!("ppl devnet ended early:\n{}", process.tail());
			}
			Ok(std::fs::read(&json).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()))
		})?;
		Ok(Self { process, info, dir: dir.into() })
	}

	/// Runs `ppl` against this network as `//Alice`; must succeed.
	pub fn ppl(&self, args: &[&str]) -> Result<String> {
		ppl_ok(args, &self.environment())
	}

	/// Runs `ppl` against this network as `//Alice`, whatever comes of it.
	pub fn try_ppl(&self, args: &[&str]) -> Result<std::process::Output> {
		ppl(args, &self.environment())
	}

	/// Connects to the node.
	pub async fn chain(&self) -> Result<Arc<NodeChain>> {
		Ok(NodeChain::connect(&self.info.rpc).await?)
	}

	/// The provider with this account.
	pub fn provider(&self, account: &AccountBytes) -> Result<&ProviderInfo> {
		for provider in &self.info.providers {
			if provider.account_bytes()? == *account {
				return Ok(provider);
			}
		}
		bail!("no such provider in the devnet")
	}

	/// Starts `ppl` against this network as `//Alice`, beside the caller.
	pub fn start_ppl(&self, args: &[&str]) -> Result<Ppl> {
		Ppl::start(args, &self.environment())
	}

	/// The process ids of all that runs in it.
	pub fn pids(&self) -> Vec<i32> {
		let providers = self.info.providers.iter().map(|provider| provider.pid);
		[self.process.pid(), self.info.node.pid].into_iter().chain(providers).collect()
	}

	/// SIGTERM to all, and waits for a clean end that leaves nobody behind.
	pub fn stop(mut self) -> Result<()> {
		let pids = self.pids();
		// The devnet gives its providers 30 s, and its node as many.
		self.process.stop(Duration::from_secs(70))?;
		all_ended(&pids, Duration::from_secs(5))
	}

	fn environment(&self) -> [(&str, &str); 2] {
		[("PPL_URL", &self.info.rpc), ("PPL_SURI", "//Alice")]
	}
}

/// Walks the chain's events block by block, from where it last stopped.
pub struct Watcher {
	chain: Arc<NodeChain>,
	next: u32,
	seen: Vec<Event>,
}

impl std::fmt::Debug for Watcher {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("Watcher").field("next", &self.next).field("seen", &self.seen.len()).finish()
	}
}

impl Watcher {
	/// Starts with the block after the current head.
	pub fn new(chain: Arc<NodeChain>) -> Self {
		let next = chain.heads().borrow().best + 1;
		Self { chain, next, seen: Vec::new() }
	}

	/// Every event since the start.
	pub fn seen(&self) -> &[Event] {
		&self.seen
	}

	/// Reads on until `done` says so of all events since the start; fails after `deadline`.
	pub async fn until(
		&mut self,
		deadline: Duration,
		what: &str,
		mut done: impl FnMut(&[Event]) -> bool,
	) -> Result<()> {
		let until = tokio::time::Instant::now() + deadline;
		let mut heads = self.chain.heads();
		loop {
			let Head { best, .. } = *heads.borrow_and_update();
			while self.next <= best {
				self.seen.extend(self.chain.events(self.next).await?);
				self.next += 1;
			}
			if done(&self.seen) {
				return Ok(());
			}
			if tokio::time::timeout_at(until, heads.changed()).await.is_err() {
				bail!("waited {} s in vain for {what}", deadline.as_secs());
			}
		}
	}
}
