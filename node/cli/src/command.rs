//! Dispatches the command line.

use std::{
	io::{ErrorKind, Write},
	net::{IpAddr, SocketAddr, TcpListener},
	time::Duration,
};

use peoples_cloud_runtime::opaque::Block;
use sc_cli::{CliConfiguration, DefaultConfigurationValues, Error, Result, Runner, SubstrateCli};
use sc_network::multiaddr::Protocol;
use sc_service::{Configuration, PartialComponents};

use crate::{
	chain_spec,
	cli::{Cli, Subcommand},
	service::{self, database::insist_on_whole_log, Service},
};

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"The People's Cloud Node".into()
	}

	fn impl_version() -> String {
		env!("CARGO_PKG_VERSION").into()
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		env!("CARGO_PKG_AUTHORS").into()
	}

	fn support_url() -> String {
		env!("CARGO_PKG_REPOSITORY").into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> std::result::Result<Box<dyn sc_service::ChainSpec>, String> {
		Ok(Box::new(chain_spec::load(id, self.runtime)?))
	}

	fn create_runner<T: CliConfiguration<D>, D: DefaultConfigurationValues>(
		&self,
		command: &T,
	) -> Result<Runner<Self>> {
		let runner = self.create_runner_with_logger_hook(command, |_, _| {})?;
		explain_database_panics();
		Ok(runner)
	}
}

/// Parses the command line and does what it says. The runtime is what networks of presets begin with.
pub fn run(runtime: Option<&'static [u8]>) -> Result<()> {
	let cli = Cli { runtime, ..Cli::from_args() };
	match &cli.subcommand {
		None => run_node(&cli),
		Some(Subcommand::Key(command)) => command.run(&cli),
		Some(Subcommand::Keys(command)) => command.run(&cli),
		Some(Subcommand::BuildSpec(command)) => {
			cli.create_runner(command)?.sync_run(|config| command.run(config.chain_spec, config.network))
		},
		Some(Subcommand::ExportChainSpec(command)) => command.run(cli.load_spec(&command.chain)?),
		Some(Subcommand::CheckBlock(command)) => cli.create_runner(command)?.async_run(|mut config| {
			let PartialComponents { client, task_manager, import_queue, .. } = open(&cli, &mut config)?;
			Ok((command.run(client, import_queue), task_manager))
		}),
		Some(Subcommand::ExportBlocks(command)) => cli.create_runner(command)?.async_run(|mut config| {
			let PartialComponents { client, task_manager, .. } = open(&cli, &mut config)?;
			Ok((command.run(client, config.database), task_manager))
		}),
		Some(Subcommand::ExportState(command)) => cli.create_runner(command)?.async_run(|mut config| {
			let PartialComponents { client, task_manager, .. } = open(&cli, &mut config)?;
			Ok((command.run(client, config.chain_spec), task_manager))
		}),
		Some(Subcommand::ImportBlocks(command)) => cli.create_runner(command)?.async_run(|mut config| {
			let PartialComponents { client, task_manager, import_queue, .. } = open(&cli, &mut config)?;
			Ok((command.run(client, import_queue), task_manager))
		}),
		Some(Subcommand::PurgeChain(command)) => {
			cli.create_runner(command)?.sync_run(|config| command.run(config.database))
		},
		Some(Subcommand::Revert(command)) => cli.create_runner(command)?.async_run(|mut config| {
			let PartialComponents { client, task_manager, backend, .. } = open(&cli, &mut config)?;
			Ok((command.run(client, backend, Some(Box::new(service::revert_consensus))), task_manager))
		}),
		Some(Subcommand::ChainInfo(command)) => cli.create_runner(command)?.sync_run(|config| {
			insist_on_whole_log(&config)?;
			command.run::<Block>(&config)
		}),
	}
}

/// Opens what a command needs that is not the node itself.
fn open(cli: &Cli, config: &mut Configuration) -> Result<Service> {
	insist_on_whole_log(config)?;
	Ok(service::new_partial(config, cli.runtime_cache.as_deref())?)
}

/// How long the SDK's logger keeps lines at most before it writes them (`AUTOFLUSH_EVERY` in sc-tracing).
const LOG_FLUSH: Duration = Duration::from_millis(50);

/// Ends the process at once, without the destructors of C++'s statics: threads of the SDK run on for a moment, and one that
/// then uses RocksDB, whose locks are gone, would abort.
pub fn end(code: i32) -> ! {
	// What a destructor would write, too: the log's last lines.
	std::thread::sleep(2 * LOG_FLUSH);
	// Where nobody listens, there is nobody to tell.
	let _ = std::io::stdout().flush();
	// SAFETY: `_exit` takes any number, and does not return.
	unsafe { nix::libc::_exit(code) }
}

fn run_node(cli: &Cli) -> Result<()> {
	// Doors that are described one by one say themselves whether they may take another port.
	let doors_are_described = !cli.run.rpc_params.experimental_rpc_endpoint.is_empty();
	let runtime_cache = cli.runtime_cache.clone();
	cli.create_runner(&cli.run)?.run_node_until_exit(|mut config| async move {
		if !doors_are_described {
			insist_on_rpc_port(&mut config);
		}
		insist_on_ports(&config)?;
		service::new_full(config, runtime_cache.as_deref()).map_err(Error::Service)
	})
}

/// Fails where another program listens, before anything is made. The network's library would share a port with it, and
/// hear only some of its peers. Without Prometheus's port the node would go on, and its numbers be the other program's.
fn insist_on_ports(config: &Configuration) -> Result<()> {
	for address in &config.network.listen_addresses {
		let mut parts = address.iter();
		let host = match parts.next() {
			Some(Protocol::Ip4(host)) => IpAddr::from(host),
			Some(Protocol::Ip6(host)) => IpAddr::from(host),
			_ => continue,
		};
		if let Some(Protocol::Tcp(port)) = parts.next() {
			insist_on_port((host, port).into())?;
		}
	}
	// IPv6's door is optional: where both take all addresses, the system gives the port to the first one only.
	for door in config.rpc.addr.iter().flatten().filter(|door| !door.is_optional && !door.retry_random_port) {
		TcpListener::bind(door.listen_addr)?;
	}
	config.prometheus_config.as_ref().map_or(Ok(()), |prometheus| insist_on_port(prometheus.port))
}

/// Fails if somebody else has the port, or we may not have it. Whatever else it is that keeps us from it, such as a system without
/// IPv6, the log tells, and other addresses may do.
fn insist_on_port(address: SocketAddr) -> Result<()> {
	match TcpListener::bind(address) {
		Err(error) if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => Err(error.into()),
		_ => Ok(()),
	}
}

/// Without this the node would take any other port when its own is in use, where nobody looks for it.
fn insist_on_rpc_port(config: &mut Configuration) {
	for endpoint in config.rpc.addr.iter_mut().flatten() {
		endpoint.retry_random_port = false;
	}
}

/// What comes before a reason of RocksDB's: when it opens its files, and when it reads them.
const DATABASE: [&str; 2] = ["Backend error: ", "Database error: "];
/// How the SDK's panics begin where it reads them and takes no error.
const DATABASE_PANIC: &str = "Critical database error: ";

/// One sentence on what went wrong, with its causes, and what to do where that is known.
pub fn explain(error: &Error) -> String {
	let mut sentence = error.to_string();
	let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
	while let Some(error) = cause {
		let inner = match error.downcast_ref::<Error>() {
			// It is transparent, and hides the error of the system that it is.
			Some(Error::Io(inner)) => Some(inner),
			_ => error.downcast_ref::<std::io::Error>(),
		};
		if inner.is_some_and(|inner| inner.kind() == ErrorKind::AddrInUse) {
			return "a port to listen on is in use: stop the other program, or name another port with --rpc-port, --port \
			        or --prometheus-port"
				.into();
		}
		let text = error.to_string();
		if let Some((_, reason)) = DATABASE.iter().find_map(|before| text.split_once(before)) {
			return unusable_database(reason);
		}
		// Transparent errors repeat their cause.
		if !sentence.contains(&text) {
			sentence = format!("{sentence}: {text}");
		}
		cause = error.source();
	}
	for wrapper in ["Application: ", "Other: ", "Invalid input: "] {
		sentence = sentence.strip_prefix(wrapper).unwrap_or(&sentence).to_owned();
	}
	sentence
}

fn unusable_database(reason: &str) -> String {
	format!(
		"the database cannot be used ({reason}): stop whatever else uses it, restore a copy, or remove it with purge-chain \
		 and let the node sync again; keys stay"
	)
}

/// Panics over the database may come on any thread and at any time, with a request to report a bug. The disk's fault is told
/// as what it is; the process ends either way.
fn explain_database_panics() {
	let usual = std::panic::take_hook();
	std::panic::set_hook(Box::new(move |panic| {
		let text = panic.payload().downcast_ref::<String>().map_or("", String::as_str);
		match text.strip_prefix(DATABASE_PANIC) {
			Some(error) => {
				// RocksDB's words, in the form for developers: `.. message: "Corruption: .." ..`.
				let reason = error.split('"').nth(1).unwrap_or(error);
				eprintln!("Error: {}", unusable_database(reason));
				end(1)
			},
			None => usual(panic),
		}
	}));
}
