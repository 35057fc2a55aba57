//! `ppl devnet`: a whole network on this machine, real node and real providers.
//!
//! Starts one validator and N providers as children of its own ([`processes`]), waits until every provider is
//! registered, offers storage and answers its peers ([`readiness`]), writes `devnet.json`, prints the node's URL, and
//! stays until it is told to stop. The same directory takes the network up where it was.
use std::{
	fs, io,
	net::{Ipv4Addr, TcpListener, UdpSocket},
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

use clap::Args;
use peoples_cloud_client::{
	chain::ChainError,
	format::{format_bytes, format_ppl},
	node::NodeChain,
	wallet::{SecretError, Signer},
};
use peoples_cloud_network::StartError;
use peoples_cloud_primitives::{AccountBytes, Balance};
use serde::Serialize;
use tokio::time::{sleep, timeout};

use crate::{
	arguments::{bytes, ppl},
	error::CommandError,
	output::Output,
	progress,
	session::Interrupts,
};

mod processes;
mod readiness;

use processes::{Process, Processes};
use readiness::{ready, Ready};

const NODE_BINARY: &str = "peoples-cloud-node";
const PROVIDER_BINARY: &str = "peoples-cloud-provider";
/// Provider accounts with money in the chain's development preset.
const MAX_PROVIDERS: u8 = 32;
/// Longest wait for the node's first answer: it compiles the runtime first.
const NODE_DEADLINE: Duration = Duration::from_secs(120);
/// Time between two looks at what is not ready.
const LOOK: Duration = Duration::from_millis(300);

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Devnet {
	/// Providers to run.
	#[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=i64::from(MAX_PROVIDERS)))]
	providers: u8,
	/// Where everything is kept; the same directory takes the network up where it was.
	#[arg(long, value_name = "DIR")]
	dir: PathBuf,
	/// The chain: a name that the node knows, or a specification's path. Alice is its validator.
	#[arg(long, value_name = "CHAIN", default_value = "dev")]
	chain: String,
	/// What each provider offers; several values, separated by commas, go round.
	#[arg(long, value_name = "SIZE", default_value = "10GiB", value_delimiter = ',', value_parser = bytes)]
	capacity: Vec<u64>,
	/// Price in PPL per GiB and proof period; several values, separated by commas, go round.
	#[arg(long, value_name = "PPL", default_value = "0.001", value_delimiter = ',', value_parser = ppl)]
	price: Vec<Balance>,
	/// What each provider bonds; the daemon's default without it.
	#[arg(long, value_name = "PPL", value_parser = ppl)]
	bond: Option<Balance>,
	/// Time in which providers read and check every column once, such as 10s; the daemon's default without it.
	#[arg(long, value_name = "TIME")]
	scrub_interval: Option<String>,
	/// Providers declare columns that they find corrupt as lost, instead of healing them from the others first.
	#[arg(long)]
	no_heal: bool,
	/// The node's RPC port; any free one without it.
	#[arg(long, value_name = "PORT")]
	rpc_port: Option<u16>,
	/// The first provider's UDP port, the others follow; any free ones without it.
	#[arg(long, value_name = "PORT")]
	provider_port: Option<u16>,
}

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DevnetError {
	#[error("the program {0} is not found; build it, or set PPL_BIN_DIR to the directory that has it")]
	NoBinary(&'static str),
	#[error("{} is in use by another devnet; stop that, or name another directory", .0.display())]
	InUse(PathBuf),
	#[error("{} cannot be used: {error}", path.display())]
	Io { path: PathBuf, error: io::Error },
	#[error("{program} cannot be started: {error}")]
	Spawn { program: PathBuf, error: io::Error },
	#[error("{name} ended by itself ({status}); its log {} ends: {tail}", log.display())]
	Died { name: String, status: String, log: PathBuf, tail: String },
	#[error("{name} was not ready in time; its log {} ends: {tail}", log.display())]
	NotReady { name: String, log: PathBuf, tail: String },
	#[error("a provider's account cannot be made: {0}")]
	Secret(#[from] SecretError),
	#[error(transparent)]
	Chain(#[from] ChainError),
	#[error(transparent)]
	Network(#[from] StartError),
	#[error("no free port is left: {0}")]
	NoPort(io::Error),
	#[error("port {port} is in use by another program ({error}); stop that, or name another one with {flag}")]
	PortInUse { port: u16, flag: &'static str, error: io::Error },
	#[error("ports {first} and following do not fit below 65536; name a lower one")]
	PortRange { first: u16 },
}

/// `devnet.json`.
#[derive(Serialize)]
struct Description {
	rpc: String,
	node: NodeDescription,
	providers: Vec<ProviderDescription>,
}

#[derive(Serialize)]
struct NodeDescription {
	pid: u32,
	data_dir: PathBuf,
	log: PathBuf,
}

#[derive(Serialize)]
struct ProviderDescription {
	name: String,
	#[serde(serialize_with = "peoples_cloud_client::format::account")]
	account: AccountBytes,
	peer_id: String,
	pid: u32,
	data_dir: PathBuf,
	log: PathBuf,
}

pub(crate) async fn run(devnet: Devnet, output: &Output) -> Result<(), CommandError> {
	let mut interrupts = Interrupts::listen();
	let directory = prepare(&devnet.dir)?;
	let _lock = lock(&directory)?;
	let file = directory.join("devnet.json");
	// What an earlier run wrote is no longer true; who waits for the file waits for this run.
	remove(&file)?;
	let mut processes = Processes::default();
	let started = tokio::select! {
		started = start(&devnet, &directory, &mut processes, output) => Some(started),
		() = interrupts.next() => None,
	};
	let ended = match started {
		Some(Ok(description)) => {
			let written = write(&file, &description)
				.map_err(CommandError::from)
				.and_then(|()| output.result(&description, || description.rpc.clone()));
			match written {
				Ok(()) => {
					output.note(format!("The network is up; {} describes it. Stop it with Ctrl-C.", file.display()));
					processes.watch(output, interrupts.next()).await;
					Ok(())
				},
				Err(error) => Err(error),
			}
		},
		Some(Err(error)) => Err(error.into()),
		None => Ok(()),
	};
	if !processes.is_empty() {
		output.note("Stopping the network.");
		processes.stop(output, interrupts.next()).await;
	}
	// Nobody is to find what no longer runs.
	let removed = remove(&file);
	ended.and(removed.map_err(CommandError::from))
}

/// Starts everything and waits until it is ready.
async fn start(
	devnet: &Devnet,
	directory: &Path,
	processes: &mut Processes,
	output: &Output,
) -> Result<Description, DevnetError> {
	let node_binary = processes::find(NODE_BINARY)?;
	let provider_binary = processes::find(PROVIDER_BINARY)?;
	let rpc_port = devnet.rpc_port()?;
	devnet.check_provider_ports()?;
	let rpc = format!("ws://127.0.0.1:{rpc_port}");

	output.note(format!("Starting a node and {} providers in {}.", devnet.providers, directory.display()));
	let wait = progress::wait("starting the node");
	let node = node(&node_binary, directory, &devnet.chain, rpc_port)?;
	let node_description =
		NodeDescription { pid: node.pid(), data_dir: node.data_dir().into(), log: node.log().into() };
	processes.add(node);
	let chain = connect(&rpc, processes).await?;

	wait.set_message(format!("starting {} providers", devnet.providers));
	let mut accounts = Vec::new();
	for number in 0..devnet.providers {
		let suri = format!("//Provider//{number}");
		accounts.push(Signer::from_suri(&suri)?.account());
		processes.add(provider(&provider_binary, directory, devnet, number, &suri, &rpc)?);
	}
	let ready = ready(&chain, &accounts, processes, |done| {
		wait.set_message(format!("{done} of {} providers are ready", devnet.providers));
	})
	.await?;
	wait.finish_and_clear();
	let working = ready.iter().filter(|provider| provider.active).count();
	let offered: u64 = ready.iter().filter(|provider| provider.active).map(|provider| provider.offered_chunks).sum();
	output.note(format!("{working} providers offer {}.", format_bytes(offered.saturating_mul(1024))));
	for (provider, process) in ready.iter().zip(processes.providers()).filter(|(provider, _)| !provider.active) {
		output.note(format!("{} takes no work: {}.", process.name(), provider.standing));
	}

	let describe = |(ready, process): (Ready, &Process)| ProviderDescription {
		name: process.name().into(),
		account: ready.account,
		peer_id: ready.peer_id,
		pid: process.pid(),
		data_dir: process.data_dir().into(),
		log: process.log().into(),
	};
	let providers = ready.into_iter().zip(processes.providers()).map(describe).collect();
	Ok(Description { rpc, node: node_description, providers })
}

impl Devnet {
	/// The node's port, free right now. Another program may take it before the node does, which then says so and ends.
	fn rpc_port(&self) -> Result<u16, DevnetError> {
		// Whoever has it would be taken for the node.
		let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, self.rpc_port.unwrap_or(0)));
		let failed = |error| match self.rpc_port {
			Some(port) => DevnetError::PortInUse { port, flag: "--rpc-port", error },
			None => DevnetError::NoPort(error),
		};
		Ok(bound.and_then(|listener| listener.local_addr()).map_err(failed)?.port())
	}

	/// A provider's port, if they are given.
	fn provider_port(&self, number: u8) -> Result<Option<u16>, DevnetError> {
		let port = |first: u16| first.checked_add(number.into()).ok_or(DevnetError::PortRange { first });
		self.provider_port.map(port).transpose()
	}

	/// That the providers' ports are free right now.
	fn check_provider_ports(&self) -> Result<(), DevnetError> {
		for number in 0..self.providers {
			if let Some(port) = self.provider_port(number)? {
				UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| DevnetError::PortInUse {
					port,
					flag: "--provider-port",
					error,
				})?;
			}
		}
		Ok(())
	}
}

fn node(binary: &Path, directory: &Path, chain: &str, rpc_port: u16) -> Result<Process, DevnetError> {
	let data_dir = directory.join("node");
	let arguments = [
		format!("--chain={chain}"),
		// A validator with a development key, which makes blocks even while it is alone.
		"--alice".into(),
		"--force-authoring".into(),
		format!("--base-path={}", data_dir.display()),
		format!("--rpc-port={rpc_port}"),
		// All blocks' states stay, so that any of them can be looked at.
		"--state-pruning=archive".into(),
		"--blocks-pruning=archive".into(),
		// No other authority knows it by its key.
		"--unsafe-force-node-key-generation".into(),
		// Nobody else is to join.
		"--listen-addr=/ip4/127.0.0.1/tcp/0".into(),
		"--no-mdns".into(),
		"--no-telemetry".into(),
		"--no-prometheus".into(),
	];
	Process::start("node", binary, &arguments, &[], data_dir, directory.join("node.log"))
}

fn provider(
	binary: &Path,
	directory: &Path,
	devnet: &Devnet,
	number: u8,
	suri: &str,
	rpc: &str,
) -> Result<Process, DevnetError> {
	let name = format!("provider-{number}");
	let data_dir = directory.join(&name);
	let number_of = usize::from(number);
	let capacity = devnet.capacity.iter().cycle().nth(number_of).copied().unwrap_or_default();
	let price = devnet.price.iter().cycle().nth(number_of).copied().unwrap_or_default();
	let mut arguments = vec![
		"--dev".into(),
		"--register".into(),
		format!("--url={rpc}"),
		format!("--data-dir={}", data_dir.display()),
		format!("--capacity={}", capacity),
		format!("--price={}", plain_ppl(price)),
		format!("--operator=devnet-{number}"),
		"--region=devnet".into(),
		"--metrics-port=0".into(),
	];
	if let Some(bond) = devnet.bond {
		arguments.push(format!("--bond={}", plain_ppl(bond)));
	}
	if let Some(interval) = &devnet.scrub_interval {
		arguments.push(format!("--scrub-interval={interval}"));
	}
	if devnet.no_heal {
		arguments.push("--no-heal".into());
	}
	if let Some(port) = devnet.provider_port(number)? {
		arguments.push(format!("--listen=/ip4/127.0.0.1/udp/{port}/quic-v1"));
	}
	readiness::forget(&data_dir)?;
	let log = directory.join(format!("{name}.log"));
	Process::start(&name, binary, &arguments, &[("PPL_SURI", suri)], data_dir, log)
}

/// PPL without the token's name, as flags take them.
fn plain_ppl(amount: Balance) -> String {
	format_ppl(amount).trim_end_matches(" PPL").to_owned()
}

/// The chain, once the node answers.
async fn connect(rpc: &str, processes: &mut Processes) -> Result<Arc<NodeChain>, DevnetError> {
	let connecting = async {
		loop {
			processes.check()?;
			match NodeChain::connect(rpc).await {
				Ok(chain) => {
					// Another program may have taken the port first: then ours is gone, and this is not our chain.
					processes.check()?;
					return Ok(chain);
				},
				Err(error @ ChainError::Incompatible(_)) => return Err(error.into()),
				Err(_) => sleep(LOOK).await,
			}
		}
	};
	match timeout(NODE_DEADLINE, connecting).await {
		Ok(connected) => connected,
		Err(_) => Err(processes.not_ready(0)),
	}
}

fn prepare(directory: &Path) -> Result<PathBuf, DevnetError> {
	let failed = |error| DevnetError::Io { path: directory.into(), error };
	fs::create_dir_all(directory).map_err(failed)?;
	// Absolute, since others read it from elsewhere.
	directory.canonicalize().map_err(failed)
}

/// Keeps other devnets out of the directory as long as the file is open.
fn lock(directory: &Path) -> Result<fs::File, DevnetError> {
	let path = directory.join("devnet.lock");
	let file = fs::File::create(&path).map_err(|error| DevnetError::Io { path: path.clone(), error })?;
	match file.try_lock() {
		Ok(()) => Ok(file),
		Err(fs::TryLockError::WouldBlock) => Err(DevnetError::InUse(directory.into())),
		Err(fs::TryLockError::Error(error)) => Err(DevnetError::Io { path, error }),
	}
}

fn remove(file: &Path) -> Result<(), DevnetError> {
	match fs::remove_file(file) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DevnetError::Io { path: file.into(), error }),
		_ => Ok(()),
	}
}

/// Writes the description, whole or not at all.
fn write(file: &Path, description: &Description) -> Result<(), DevnetError> {
	let failed = |error| DevnetError::Io { path: file.into(), error };
	let directory = file.parent().unwrap_or(Path::new("."));
	let mut temporary = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
	serde_json::to_writer_pretty(&mut temporary, description).map_err(|error| failed(error.into()))?;
	temporary.persist(file).map_err(|error| failed(error.error))?;
	Ok(())
}

#[cfg(test)]
mod tests;
