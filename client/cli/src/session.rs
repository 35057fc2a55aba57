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
use peoples_cloud_primitives::AccountBytes;
use peoples_cloud_storage::transfer::client::TransferClient;
use tokio::{
	signal::unix::{signal, Signal, SignalKind},
	task::JoinHandle,
};
use zeroize::Zeroizing;

use crate::{arguments::Global, error::CommandError};

/// Takes the place of `--suri`.
const SURI_VARIABLE: &str = "PPL_SURI";
/// Takes the place of `--wallet`.
const WALLET_VARIABLE: &str = "PPL_WALLET";
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

/// The signals by which the user, or the system, wants the command to stop. None is lost between two waits.
///
/// Without handlers the signals end the process, which is what they are for.
pub(crate) struct Interrupts(Option<(Signal, Signal)>);

impl Interrupts {
	/// Listens from now on.
	pub(crate) fn listen() -> Self {
		Self(signal(SignalKind::interrupt()).and_then(|first| Ok((first, signal(SignalKind::terminate())?))).ok())
	}

	/// Ends when the next one comes.
	pub(crate) async fn next(&mut self) {
		let Some((interrupt, terminate)) = &mut self.0 else { return std::future::pending().await };
		tokio::select! {
			_ = interrupt.recv() => {},
			_ = terminate.recv() => {},
		}
	}
}

/// The chain that `--url` names.
pub(crate) async fn chain(global: &Global) -> Result<Arc<NodeChain>, CommandError> {
	Ok(NodeChain::connect(&global.url).await?)
}

/// Whom the arguments name.
enum Account {
	/// Whoever has this secret.
	Secret(Zeroizing<String>),
	/// The wallet of this name.
	Wallet(String),
}

/// The account that the arguments name: `--suri`, `--wallet`, `PPL_WALLET`, `PPL_SURI`, or the only wallet there is.
fn named(global: &Global) -> Result<Account, CommandError> {
	// A variable that is set to nothing is as good as none.
	let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
	if let Some(suri) = &global.suri {
		return Ok(Account::Secret(Zeroizing::new(suri.clone())));
	}
	if let Some(name) = global.wallet.clone().or_else(|| variable(WALLET_VARIABLE)) {
		return Ok(Account::Wallet(name));
	}
	if let Some(suri) = variable(SURI_VARIABLE) {
		return Ok(Account::Secret(Zeroizing::new(suri)));
	}
	let wallets = Keystore::of_user().map_or_else(|_| Ok(Vec::new()), |keystore| keystore.list())?;
	match wallets.as_slice() {
		[only] => Ok(Account::Wallet(only.name.clone())),
		[] => Err(CommandError::NoAccount),
		_ => Err(CommandError::ManyAccounts),
	}
}

/// The address of the account that the arguments name. Needs no password.
pub(crate) fn account(global: &Global) -> Result<AccountBytes, CommandError> {
	match named(global)? {
		Account::Secret(suri) => Ok(Signer::from_suri(&suri)?.account()),
		Account::Wallet(name) => Ok(Keystore::of_user()?.account(&name)?),
	}
}

/// The account that the arguments name, to sign with.
pub(crate) fn signer(global: &Global) -> Result<Signer, CommandError> {
	let name = match named(global)? {
		Account::Secret(suri) => return Ok(Signer::from_suri(&suri)?),
		Account::Wallet(name) => name,
	};
	let keystore = Keystore::of_user()?;
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

/// A secret phrase or URI, from the terminal.
pub(crate) fn secret() -> Result<Zeroizing<String>, CommandError> {
	match io::stdin().is_terminal() {
		true => ask("Secret phrase or URI: "),
		false => Err(CommandError::NoSecret),
	}
}

/// Something typed that is not shown.
fn ask(prompt: &str) -> Result<Zeroizing<String>, CommandError> {
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
