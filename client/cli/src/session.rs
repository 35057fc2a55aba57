//! The account and the chain that a command works with.
use std::{
	io::{self, BufRead, IsTerminal},
	path::Path,
	sync::Arc,
	time::Duration,
};

use peoples_cloud_client::{
	chain::Chain,
	node::NodeChain,
	wallet::{Keystore, Signer},
};
use peoples_cloud_network::{Network, NetworkConfig, NetworkHandle};
use peoples_cloud_storage::transfer::client::TransferClient;
use tokio::{
	signal::unix::{signal, SignalKind},
	task::JoinHandle,
};
use zeroize::Zeroizing;

use crate::{arguments::Global, error::CommandError};

/// Takes the place of `--suri`.
const SURI_VARIABLE: &str = "PPL_SURI";
/// Longest time that connections take to close.
const GOODBYE: Duration = Duration::from_secs(2);
/// Longest password file that is read.
const MAX_PASSWORD_BYTES: u64 = 64 * 1024;

/// The chain, and a peer of the storage network.
pub(crate) struct Session {
	chain: Arc<NodeChain>,
	transfer: TransferClient,
	network: NetworkHandle,
	task: JoinHandle<()>,
}

impl Session {
	/// Connects. The peer has a key of its own for this one command, and listens to nobody.
	pub(crate) async fn start(global: &Global) -> Result<Self, CommandError> {
		let chain = chain(global).await?;
		let (network, task) = Network::start(NetworkConfig::default()).await?;
		Ok(Self { chain, transfer: TransferClient::new(network.clone()), network, task })
	}

	pub(crate) fn chain(&self) -> &dyn Chain {
		&*self.chain
	}

	pub(crate) fn transfer(&self) -> &TransferClient {
		&self.transfer
	}

	/// Says goodbye to the peers.
	pub(crate) async fn end(self) {
		self.network.shutdown();
		// The process ends anyway.
		let _ = tokio::time::timeout(GOODBYE, self.task).await;
	}
}

/// Ends when the user, or the system, wants the command to stop.
pub(crate) async fn interrupted() {
	let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
	else {
		// Without handlers the signals end the process, which is what they are for.
		return std::future::pending().await;
	};
	tokio::select! {
		_ = interrupt.recv() => {},
		_ = terminate.recv() => {},
	}
}

/// The chain that `--url` names.
pub(crate) async fn chain(global: &Global) -> Result<Arc<NodeChain>, CommandError> {
	Ok(NodeChain::connect(&global.url).await?)
}

/// The account that the arguments name: `--suri`, `--wallet`, `PPL_SURI`, or the only wallet there is.
pub(crate) fn signer(global: &Global) -> Result<Signer, CommandError> {
	if let Some(suri) = &global.suri {
		return Ok(Signer::from_suri(suri)?);
	}
	let keystore = Keystore::of_user();
	let name = match &global.wallet {
		Some(name) => name.clone(),
		None => {
			if let Some(suri) = std::env::var(SURI_VARIABLE).ok().filter(|suri| !suri.is_empty()) {
				return Ok(Signer::from_suri(&Zeroizing::new(suri))?);
			}
			let wallets = keystore.as_ref().map_or_else(|_| Ok(Vec::new()), Keystore::list)?;
			match wallets.as_slice() {
				[only] => only.name.clone(),
				[] => return Err(CommandError::NoAccount),
				_ => return Err(CommandError::ManyAccounts),
			}
		},
	};
	let keystore = keystore?;
	// Named wrongly, it must not ask for a password first.
	keystore.account(&name)?;
	let password = password(global, &format!("Password for wallet {name}: "))?;
	Ok(keystore.open(&name, &password)?)
}

/// A password, from the file or the terminal.
pub(crate) fn password(global: &Global, prompt: &str) -> Result<Zeroizing<String>, CommandError> {
	match &global.password_file {
		Some(path) => first_line(path),
		None if io::stdin().is_terminal() => ask(prompt),
		None => Err(CommandError::NoPassword),
	}
}

/// A new password: asked for twice on a terminal.
pub(crate) fn new_password(global: &Global) -> Result<Zeroizing<String>, CommandError> {
	let first = password(global, "New password: ")?;
	if global.password_file.is_none() && *first != *ask("Again: ")? {
		return Err(CommandError::PasswordsDiffer);
	}
	Ok(first)
}

/// Something typed that is not shown.
pub(crate) fn ask(prompt: &str) -> Result<Zeroizing<String>, CommandError> {
	rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(CommandError::Terminal)
}

/// The first line of a file that holds a secret.
pub(crate) fn first_line(path: &Path) -> Result<Zeroizing<String>, CommandError> {
	let failed = |error| CommandError::Read { path: path.into(), error };
	let file = std::fs::File::open(path).map_err(failed)?;
	let mut line = Zeroizing::new(String::new());
	io::BufReader::new(io::Read::take(file, MAX_PASSWORD_BYTES)).read_line(&mut line).map_err(failed)?;
	Ok(Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}
