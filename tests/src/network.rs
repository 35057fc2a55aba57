//! A network whose processes a test starts, kills and restarts one by one.
use std::{
	net::TcpListener,
	path::{Path, PathBuf},
	sync::{
		atomic::{AtomicU16, Ordering},
		Arc,
	},
	time::Duration,
};

use anyhow::{bail, ensure, Result};
use peoples_cloud_client::{
	chain::{Call, Certainty, Chain, ChainError, ProviderInfo},
	node::NodeChain,
	wallet::Signer,
};
use peoples_cloud_primitives::AccountBytes;

use crate::{
	process::{ppl, ppl_ok, Ppl, Process},
	shared,
};

/// Times that a provider's daemon may be faster than a transaction in its name: it sends a few a minute.
const SUBMISSIONS: usize = 10;

/// Where ports of tests begin, each process's own: below those that the system gives to connections that somebody opens, of
/// which one may be had between asking for a port and listening on it.
const FIRST_PORT: u16 = 10_000;
/// Ports of a process.
const PORTS: u16 = 100;
/// Processes that have others than all before them.
const PROCESSES: u16 = 200;

/// A port that was free a moment ago, and that no other test is likely to take.
pub fn free_port() -> Result<u16> {
	static ASKED: AtomicU16 = AtomicU16::new(0);
	let own = u16::try_from(std::process::id() % u32::from(PROCESSES))?;
	for _ in 0..PORTS {
		let port = FIRST_PORT + own * PORTS + ASKED.fetch_add(1, Ordering::Relaxed) % PORTS;
		if TcpListener::bind(("127.0.0.1", port)).is_ok() {
			return Ok(port);
		}
	}
	bail!("no port is free from {} on", FIRST_PORT + own * PORTS)
}

/// A validator of the `dev` chain.
#[derive(Debug)]
pub struct Validator {
	process: Option<Process>,
	dir: PathBuf,
	rpc_port: u16,
	extra: Vec<String>,
}

impl Validator {
	/// Starts it in `dir`.
	pub fn start(dir: &Path) -> Result<Self> {
		Self::start_with(dir, &[])
	}

	/// Starts it in `dir`, with these arguments too.
	pub fn start_with(dir: &Path, extra: &[&str]) -> Result<Self> {
		let extra = extra.iter().map(|&argument| argument.to_owned()).collect();
		let mut validator = Self { process: None, dir: dir.into(), rpc_port: free_port()?, extra };
		validator.restart()?;
		Ok(validator)
	}

	/// Starts it again after [`Validator::kill`], on the same database and port.
	pub fn restart(&mut self) -> Result<()> {
		let arguments = [
			"--dev",
			"--chain",
			&shared::specification("dev")?.to_string_lossy(),
			"--no-mdns",
			"--listen-addr",
			// Light clients can only reach it so.
			"/ip4/127.0.0.1/tcp/0/ws",
			"--rpc-port",
			&self.rpc_port.to_string(),
			"--base-path",
			&self.dir.join("node").to_string_lossy(),
		]
		.map(str::to_owned);
		let mut arguments = [&arguments[..], &self.extra[..]].concat();
		// Its usual port is another test's, too.
		if !arguments.iter().any(|argument| argument == "--prometheus-port") {
			arguments.push("--no-prometheus".into());
		}
		self.process = Some(Process::start("peoples-cloud-node", &arguments, &[], &self.dir.join("node.log"))?);
		Ok(())
	}

	/// `kill -9`.
	pub fn kill(&mut self) -> Result<()> {
		self.process.take().map_or(Ok(()), |mut process| process.kill_hard())
	}

	/// WebSocket URL.
	pub fn url(&self) -> String {
		format!("ws://127.0.0.1:{}", self.rpc_port)
	}

	/// Connects, waiting for the node to come up.
	pub async fn chain(&self) -> Result<Arc<NodeChain>> {
		let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
		loop {
			match NodeChain::connect(&self.url()).await {
				Ok(chain) => return Ok(chain),
				Err(error) if tokio::time::Instant::now() > deadline => {
					bail!("{error}\n{}", self.process.as_ref().map(Process::tail).unwrap_or_default())
				},
				Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
			}
		}
	}

	/// Runs `ppl` as `//Alice`; must succeed.
	pub fn ppl(&self, args: &[&str]) -> Result<String> {
		ppl_ok(args, &[("PPL_URL", &self.url()), ("PPL_SURI", "//Alice")])
	}

	/// Runs `ppl` as `//Alice`, whatever comes of it.
	pub fn try_ppl(&self, args: &[&str]) -> Result<std::process::Output> {
		ppl(args, &[("PPL_URL", &self.url()), ("PPL_SURI", "//Alice")])
	}

	/// Starts `ppl` beside the test, as the account of `suri`.
	pub fn start_ppl(&self, suri: &str, args: &[&str]) -> Result<Ppl> {
		Ppl::start(args, &[("PPL_URL", &self.url()), ("PPL_SURI", suri)])
	}
}

/// A provider daemon with the development account `//Provider//index`.
#[derive(Debug)]
pub struct Provider {
	process: Option<Process>,
	/// Its data directory.
	pub dir: PathBuf,
	index: usize,
	url: String,
	port: u16,
	extra: Vec<String>,
}

impl Provider {
	/// Starts it with its data below `dir`.
	pub fn start(dir: &Path, index: usize, validator: &Validator, extra: &[&str]) -> Result<Self> {
		let extra = extra.iter().map(|arg| (*arg).to_owned()).collect();
		let dir = dir.join(format!("provider-{index}"));
		std::fs::create_dir_all(&dir)?;
		let mut provider = Self { process: None, dir, index, url: validator.url(), port: free_port()?, extra };
		provider.restart()?;
		Ok(provider)
	}

	/// Starts it again after [`Provider::kill`], with other extra flags.
	pub fn restart_with(&mut self, extra: &[&str]) -> Result<()> {
		self.extra = extra.iter().map(|arg| (*arg).to_owned()).collect();
		self.restart()
	}

	/// Starts it again after [`Provider::kill`].
	pub fn restart(&mut self) -> Result<()> {
		let (data_dir, operator) = (self.data_dir(), format!("operator-{}", self.index));
		let listen = format!("/ip4/127.0.0.1/tcp/{}", self.port);
		let mut arguments: Vec<String> =
			["--dev", "--register", "--url", &self.url, "--data-dir", &data_dir.to_string_lossy()]
				.map(str::to_owned)
				.into();
		let defaults = [
			("--listen", listen.as_str()),
			("--capacity", "2GiB"),
			("--price", "0.01"),
			("--bond", "1000"),
			("--operator", &operator),
			("--metrics-port", "0"),
		];
		// A flag may be given once only.
		for (flag, value) in defaults {
			if !self.extra.iter().any(|extra| extra == flag) {
				arguments.extend([flag.to_owned(), value.to_owned()]);
			}
		}
		arguments.extend(self.extra.iter().cloned());
		let suri = [("PPL_SURI", self.suri())];
		self.process = Some(Process::start("peoples-cloud-provider", &arguments, &suri, &self.dir.join("log"))?);
		Ok(())
	}

	/// `kill -9`.
	pub fn kill(&mut self) -> Result<()> {
		self.process.take().map_or(Ok(()), |mut process| process.kill_hard())
	}

	/// SIGTERM; it must end cleanly.
	pub fn stop(&mut self) -> Result<()> {
		self.process.take().map_or(Ok(()), |mut process| process.stop(Duration::from_secs(20)))
	}

	/// Where it keeps its columns and its index.
	pub fn data_dir(&self) -> PathBuf {
		self.dir.join("data")
	}

	/// The TCP port on which peers reach it.
	pub fn port(&self) -> u16 {
		self.port
	}

	/// The process id, while it runs.
	pub fn pid(&self) -> Option<i32> {
		self.process.as_ref().map(Process::pid)
	}

	/// Whether it still runs.
	pub fn is_running(&mut self) -> bool {
		self.process.as_mut().is_some_and(Process::is_running)
	}

	/// Whether a column is coming in right now.
	pub fn is_receiving(&self) -> bool {
		std::fs::read_dir(self.data_dir().join("store/staging")).is_ok_and(|staged| staged.count() > 0)
	}

	/// Its account's key, to act in its name.
	pub fn signer(&self) -> Result<Signer> {
		Ok(Signer::from_suri(&self.suri())?)
	}

	/// Submits in its name. The daemon, which uses the account too, may take the transaction's place: then it is sent
	/// again.
	pub async fn submit(&self, chain: &NodeChain, call: Call) -> Result<()> {
		let signer = self.signer()?;
		for _ in 0..SUBMISSIONS {
			match chain.submit(&signer, call.clone(), Certainty::Included).await {
				Ok(_) => return Ok(()),
				Err(ChainError::NotIncluded(_)) => {},
				Err(error) => return Err(error.into()),
			}
		}
		bail!("{call:?} lost its place {SUBMISSIONS} times")
	}

	/// Its account.
	pub fn account(&self) -> Result<AccountBytes> {
		Ok(self.signer()?.account())
	}

	/// The end of its log.
	pub fn tail(&self) -> String {
		crate::process::tail(&self.dir.join("log"), 30)
	}

	fn suri(&self) -> String {
		format!("//Provider//{}", self.index)
	}
}

/// Starts so many providers with these extra flags, and waits until all offer storage.
pub async fn start_providers(
	dir: &Path,
	validator: &Validator,
	chain: &NodeChain,
	count: usize,
	extra: &[&str],
) -> Result<Vec<Provider>> {
	let mut providers =
		(0..count).map(|index| Provider::start(dir, index, validator, extra)).collect::<Result<Vec<_>>>()?;
	wait_for_offers(chain, &mut providers).await?;
	Ok(providers)
}

/// Waits until these providers are active and offer storage.
pub async fn wait_for_offers(chain: &NodeChain, providers: &mut [Provider]) -> Result<()> {
	let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
	loop {
		let ready = chain.providers().await?;
		let mut missing = None;
		for provider in &mut *providers {
			let account = provider.account()?;
			let offers = |other: &ProviderInfo| other.account == account && other.active && other.offer.is_some();
			if !ready.iter().any(offers) {
				ensure!(provider.is_running(), "provider {} ended:\n{}", provider.index, provider.tail());
				missing = Some(provider);
			}
		}
		let Some(missing) = missing else { return Ok(()) };
		if tokio::time::Instant::now() > deadline {
			bail!("provider {} offers no storage:\n{}", missing.index, missing.tail());
		}
		tokio::time::sleep(Duration::from_millis(500)).await;
	}
}
