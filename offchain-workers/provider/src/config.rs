//! What the operator says: a TOML file, flags that go before it, and secrets from a file or the environment.
//!
//! [`Flags`] and [`File`] are the two sources, [`Settings`] what comes out, checked.
use std::{
	collections::BTreeSet,
	fmt,
	path::{Path, PathBuf},
	time::Duration,
};

use clap::Parser;
use peoples_cloud_client::{
	chain::Offer,
	format::{parse_bytes, parse_operator, parse_ppl, parse_region, parse_url, FormatError},
	wallet::{SecretError, Signer},
};
use peoples_cloud_network::{Multiaddr, NetworkConfig};
use peoples_cloud_primitives::Balance;
use peoples_cloud_storage::tasks::{keep_registered::Registration, scrub_columns::ScrubSettings};
use serde::Deserialize;
use zeroize::Zeroizing;

/// Bytes of a chunk, the unit of capacities on the chain.
const CHUNK_BYTES: u64 = 1024;

/// Why the configuration cannot be used, in one sentence that names the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
	/// The file is not there or not readable.
	#[error("the configuration file {path} cannot be read: {reason}")]
	Unreadable {
		/// The file.
		path: PathBuf,
		/// Why.
		reason: std::io::Error,
	},
	/// The file has an unknown key, or something that is no TOML.
	#[error("{path}, line {line}: {reason}")]
	File {
		/// The file.
		path: PathBuf,
		/// Where.
		line: usize,
		/// Why.
		reason: String,
	},
	/// A value is not what its key takes.
	#[error("{key}: {reason}")]
	Value {
		/// The key, or the flag.
		key: &'static str,
		/// Why.
		reason: String,
	},
	/// No secret.
	#[error("there is no account to work for: set PPL_SURI, or account.suri_file in the configuration")]
	NoAccount,
	/// The secret is none.
	#[error("the account's secret cannot be used: {0}")]
	Secret(#[from] SecretError),
}

impl ConfigError {
	fn value(key: &'static str, reason: impl ToString) -> Self {
		Self::Value { key, reason: reason.to_string() }
	}
}

/// Command line flags. Each goes before its key in the file.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "peoples-cloud-provider", version, about = "Stores for The People's Cloud, proves it, and earns PPL")]
pub struct Flags {
	/// TOML file; every flag has a key there, and there are more keys than flags.
	#[arg(long, value_name = "FILE")]
	pub config: Option<PathBuf>,
	/// For a local development network: loopback only, registers by itself, pays earnings out early.
	#[arg(long)]
	pub dev: bool,
	/// Websocket URL of a node.
	#[arg(long, env = "PPL_URL", value_name = "WS")]
	pub url: Option<String>,
	/// Secret URI of the provider's account, for development: others can see a command line. Better: the environment
	/// variable, or account.suri_file.
	#[arg(long, env = "PPL_SURI", hide_env_values = true, value_name = "URI")]
	pub suri: Option<String>,
	/// Where columns, databases and the network identity are kept.
	#[arg(long, value_name = "DIR")]
	pub data_dir: Option<PathBuf>,
	/// Multiaddress to listen on; may be repeated.
	#[arg(long, value_name = "MULTIADDR")]
	pub listen: Vec<Multiaddr>,
	/// Multiaddress at which others reach this daemon, if it differs; may be repeated.
	#[arg(long, value_name = "MULTIADDR")]
	pub external: Vec<Multiaddr>,
	/// Peer to join the network through, ending in /p2p/ID; may be repeated.
	#[arg(long, value_name = "MULTIADDR")]
	pub bootstrap: Vec<Multiaddr>,
	/// Space to offer, such as 10GiB.
	#[arg(long, value_name = "SIZE")]
	pub capacity: Option<String>,
	/// Price in PPL per GiB and proof period.
	#[arg(long, value_name = "PPL")]
	pub price: Option<String>,
	/// Register the account as a provider if it is none yet.
	#[arg(long)]
	pub register: bool,
	/// PPL to bond when registering.
	#[arg(long, value_name = "PPL")]
	pub bond: Option<String>,
	/// Who runs this provider: clients place at most one column of an object per operator.
	#[arg(long, value_name = "LABEL")]
	pub operator: Option<String>,
	/// Where this provider is.
	#[arg(long, value_name = "LABEL")]
	pub region: Option<String>,
	/// Loopback port of /status and /metrics; 0 takes any free one.
	#[arg(long, value_name = "PORT")]
	pub metrics_port: Option<u16>,
	/// Time in which every column is read and checked once, such as 7d or 10s.
	#[arg(long, value_name = "TIME")]
	pub scrub_interval: Option<String>,
	/// Declare columns that the scrub finds corrupt as lost, instead of healing them from the others first.
	#[arg(long)]
	pub no_heal: bool,
	/// Start although there is not a single column in the data directory while the chain says that some are owed:
	/// they are declared lost unless they can be rebuilt. Without it that counts as a disk that is not mounted.
	#[arg(long)]
	pub accept_empty_store: bool,
	/// Jobs to run instead of all; may be repeated.
	#[arg(long = "worker", value_name = "NAME")]
	pub workers: Vec<WorkerKind>,
}

/// The TOML file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
	/// Where everything is kept. Default: `peoples-cloud-provider` in the working directory.
	pub data_dir: Option<PathBuf>,
	/// Jobs to run. Default: all.
	pub workers: Option<Vec<WorkerKind>>,
	/// The chain.
	pub chain: ChainSection,
	/// The account.
	pub account: AccountSection,
	/// Registration.
	pub provider: ProviderSection,
	/// The network.
	pub network: NetworkSection,
	/// The storage service.
	pub storage: StorageSection,
	/// Status over HTTP.
	pub status: StatusSection,
}

/// `[chain]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChainSection {
	/// Websocket URL of a node. Default: `ws://127.0.0.1:9944`.
	pub url: Option<String>,
}

/// `[account]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSection {
	/// File whose first line is the secret URI. Default: none, PPL_SURI is used.
	pub suri_file: Option<PathBuf>,
}

/// `[provider]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSection {
	/// Register if the account is no provider yet. Default: false.
	pub register: Option<bool>,
	/// PPL to bond when registering. Default: 1000.
	pub bond: Option<String>,
	/// Operator label, at most 32 bytes. Default: drawn from the account.
	pub operator: Option<String>,
	/// Region label, at most 16 bytes. Default: empty.
	pub region: Option<String>,
}

/// `[network]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSection {
	/// Multiaddresses to listen on. Default: QUIC and TCP on port 4001 of all interfaces.
	pub listen: Option<Vec<Multiaddr>>,
	/// Multiaddresses at which others reach the daemon. Default: what can be found out.
	pub external: Option<Vec<Multiaddr>>,
	/// Peers to join the network through. Default: none; clients find providers on the chain.
	pub bootstrap: Option<Vec<Multiaddr>>,
	/// Find peers on the local network. Default: false.
	pub mdns: Option<bool>,
	/// Ask the router to forward ports. Default: true.
	pub upnp: Option<bool>,
	/// Relay connections for peers behind NATs. Default: false.
	pub relay_server: Option<bool>,
	/// Most connections at a time. Default: 512.
	pub max_connections: Option<u32>,
}

/// `[storage]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSection {
	/// Space to offer. Default: 100GiB.
	pub capacity: Option<String>,
	/// PPL per GiB and proof period. Default: 0.001.
	pub price: Option<String>,
	/// Shortest agreement in periods. Default: 1.
	pub min_duration: Option<u32>,
	/// Longest agreement in periods. Default: 1000000.
	pub max_duration: Option<u32>,
	/// Time in which every column is read and checked once. Default: 14d.
	pub scrub_interval: Option<String>,
	/// Bytes per second that the scrub reads at most. Default: 20MiB.
	pub scrub_rate: Option<String>,
	/// Rebuild a corrupt column from the others before admitting its loss. Default: true.
	pub heal: Option<bool>,
	/// PPL that have to be earned before they are paid out. Default: 10.
	pub withdraw_at_least: Option<String>,
}

/// `[status]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatusSection {
	/// Loopback port of `/status` and `/metrics`; 0 takes any free one. Default: 9625.
	pub port: Option<u16>,
}

/// A job that can be left out. Following the chain and sending transactions always run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerKind {
	/// Takes columns from clients and gives them back.
	Serve,
	/// Answers challenges, ends what is over.
	Prove,
	/// Keeps registration, addresses and offer current.
	Register,
	/// Reports what other providers missed or lost.
	Report,
	/// Takes on lost columns of others.
	Repair,
	/// Reads and checks its own columns.
	Scrub,
	/// Pays earnings out.
	Withdraw,
}

impl WorkerKind {
	/// All of them.
	pub const ALL: [Self; 7] =
		[Self::Serve, Self::Prove, Self::Register, Self::Report, Self::Repair, Self::Scrub, Self::Withdraw];
}

/// Everything the daemon needs to know, checked.
#[derive(Clone)]
pub struct Settings {
	/// Websocket URL of a node.
	pub url: String,
	/// The provider's account.
	pub signer: Signer,
	/// Where everything is kept.
	pub data_dir: PathBuf,
	/// The network.
	pub network: NetworkConfig,
	/// Registration, offer included.
	pub registration: Registration,
	/// The scrub.
	pub scrub: ScrubSettings,
	/// Planck that have to be earned before they are paid out.
	pub withdraw_at_least: Balance,
	/// Loopback port of the status server.
	pub status_port: u16,
	/// Jobs to run.
	pub workers: BTreeSet<WorkerKind>,
	/// Start with an empty store although the chain says that columns are owed.
	pub accept_empty_store: bool,
}

impl fmt::Debug for Settings {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let account = self.signer.ss58();
		f.debug_struct("Settings").field("url", &self.url).field("account", &account).finish_non_exhaustive()
	}
}

impl Settings {
	/// Reads the file that the flags name and puts the flags before it.
	pub fn read(flags: Flags) -> Result<Self, ConfigError> {
		let file = match &flags.config {
			Some(path) => File::read(path)?,
			None => File::default(),
		};
		Self::combine(flags, file)
	}

	fn combine(flags: Flags, file: File) -> Result<Self, ConfigError> {
		let dev = flags.dev;
		let signer = signer(&flags, &file.account)?;
		let data_dir = flags.data_dir.or(file.data_dir).unwrap_or_else(|| "peoples-cloud-provider".into());
		let url = given(flags.url).or(file.chain.url).unwrap_or_else(|| "ws://127.0.0.1:9944".into());
		let url = checked("chain.url", &url, parse_url)?;
		let storage = file.storage;
		let capacity = flags.capacity.or(storage.capacity).unwrap_or_else(|| "100GiB".into());
		let capacity = checked("storage.capacity", &capacity, parse_bytes)?;
		let price = flags.price.or(storage.price).unwrap_or_else(|| "0.001".into());
		let offer = Offer {
			price: checked("storage.price", &price, parse_ppl)?,
			capacity_chunks: capacity / CHUNK_BYTES,
			min_duration: storage.min_duration.unwrap_or(1),
			max_duration: storage.max_duration.unwrap_or(1_000_000),
		};
		if offer.capacity_chunks == 0 {
			return Err(ConfigError::value("storage.capacity", "offer at least 1KiB"));
		}
		if offer.min_duration == 0 || offer.min_duration > offer.max_duration {
			return Err(ConfigError::value("storage.min_duration", "must be at least 1 and at most max_duration"));
		}
		let interval = flags.scrub_interval.or(storage.scrub_interval).unwrap_or_else(|| "14d".into());
		let rate = storage.scrub_rate.unwrap_or_else(|| "20MiB".into());
		let scrub = ScrubSettings {
			interval: parse_duration(&interval)
				.map_err(|reason| ConfigError::value("storage.scrub_interval", reason))?,
			bytes_per_second: checked("storage.scrub_rate", &rate, parse_bytes)?.max(CHUNK_BYTES),
			heal: storage.heal.unwrap_or(true) && !flags.no_heal,
		};
		let withdraw = storage.withdraw_at_least.unwrap_or_else(|| if dev { "0.1" } else { "10" }.into());
		let workers = if flags.workers.is_empty() { file.workers } else { Some(flags.workers) };
		let register = flags.register || file.provider.register.unwrap_or(dev);
		let bond = flags.bond.or(file.provider.bond).unwrap_or_else(|| "1000".into());
		let bond = checked("provider.bond", &bond, parse_ppl)?;
		let operator = flags.operator.or(file.provider.operator);
		let operator = operator.unwrap_or_else(|| hex::encode(signer.account().first_chunk::<8>().unwrap_or(&[0; 8])));
		let operator = checked("provider.operator", &operator, parse_operator)?;
		let region = flags.region.or(file.provider.region).unwrap_or_default();
		let region = checked("provider.region", &region, parse_region)?;
		let lists = (flags.listen, flags.external, flags.bootstrap);
		Ok(Self {
			url,
			signer,
			network: network(lists, file.network, &data_dir, dev)?,
			data_dir,
			registration: Registration { bond: register.then_some(bond), operator, region, offer },
			scrub,
			withdraw_at_least: checked("storage.withdraw_at_least", &withdraw, parse_ppl)?,
			status_port: flags.metrics_port.or(file.status.port).unwrap_or(9625),
			workers: workers.map_or_else(|| WorkerKind::ALL.into(), |workers| workers.into_iter().collect()),
			accept_empty_store: flags.accept_empty_store,
		})
	}
}

impl File {
	fn read(path: &Path) -> Result<Self, ConfigError> {
		let text = std::fs::read_to_string(path)
			.map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })?;
		Self::parse(path, &text)
	}

	fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
		toml::from_str(text).map_err(|error| {
			let at = error.span().map_or(0, |span| span.start);
			let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
			// One line, however long.
			let reason = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
			ConfigError::File { path: path.to_owned(), line, reason }
		})
	}
}

type Lists = (Vec<Multiaddr>, Vec<Multiaddr>, Vec<Multiaddr>);

fn network(lists: Lists, section: NetworkSection, data_dir: &Path, dev: bool) -> Result<NetworkConfig, ConfigError> {
	let (listen, external, bootstrap) = lists;
	let standard: &[&str] = if dev {
		&["/ip4/127.0.0.1/udp/0/quic-v1"]
	} else {
		&["/ip4/0.0.0.0/udp/4001/quic-v1", "/ip6/::/udp/4001/quic-v1", "/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/4001"]
	};
	let standard = || standard.iter().filter_map(|address| address.parse().ok()).collect();
	let given = |flag: Vec<Multiaddr>, key: Option<Vec<Multiaddr>>| if flag.is_empty() { key } else { Some(flag) };
	let defaults = NetworkConfig::default();
	let max_connections = section.max_connections.unwrap_or(defaults.max_connections);
	if max_connections == 0 {
		return Err(ConfigError::value("network.max_connections", "must be at least 1"));
	}
	Ok(NetworkConfig {
		keypair_path: Some(data_dir.join("network.key")),
		listen: given(listen, section.listen).unwrap_or_else(standard),
		external: given(external, section.external).unwrap_or_default(),
		bootstrap: given(bootstrap, section.bootstrap).unwrap_or_default(),
		mdns: section.mdns.unwrap_or(false),
		upnp: section.upnp.unwrap_or(!dev),
		relay_server: section.relay_server.unwrap_or(false),
		max_connections,
		..defaults
	})
}

/// A flag's value; a variable that is set to nothing is as good as none.
fn given(flag: Option<String>) -> Option<String> {
	flag.filter(|value| !value.trim().is_empty())
}

fn signer(flags: &Flags, section: &AccountSection) -> Result<Signer, ConfigError> {
	let suri = match (given(flags.suri.clone()).map(Zeroizing::new), &section.suri_file) {
		(Some(suri), _) => suri,
		(None, Some(path)) => {
			let text = std::fs::read_to_string(path)
				.map(Zeroizing::new)
				.map_err(|reason| ConfigError::value("account.suri_file", format!("{}: {reason}", path.display())))?;
			Zeroizing::new(text.lines().next().unwrap_or_default().trim().to_owned())
		},
		(None, None) => return Err(ConfigError::NoAccount),
	};
	Ok(Signer::from_suri(&suri)?)
}

fn checked<T>(key: &'static str, text: &str, parse: impl Fn(&str) -> Result<T, FormatError>) -> Result<T, ConfigError> {
	parse(text).map_err(|error| ConfigError::value(key, error))
}

/// A time such as `10s`, `5m`, `12h` or `14d`.
fn parse_duration(text: &str) -> Result<Duration, String> {
	let wrong = || format!("{text:?} is no time; give a whole number with a unit, such as 10s, 5m, 12h or 14d");
	let text = text.trim();
	let digits = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
	let (number, unit) = text.split_at(digits);
	let seconds = match unit {
		"s" => 1,
		"m" => 60,
		"h" => 3_600,
		"d" => 86_400,
		_ => return Err(wrong()),
	};
	let number: u64 = number.parse().map_err(|_| wrong())?;
	number.checked_mul(seconds).filter(|total| *total > 0).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests;
