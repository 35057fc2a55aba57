//! `ppl wallet`: make and use accounts.
use std::path::PathBuf;

use clap::{Args, Subcommand};
use peoples_cloud_client::{
	chain::{ensure_funds, Call, Certainty, Chain},
	format::{account_to_ss58, format_ppl},
	wallet::{new_phrase, Keystore, WalletEntry},
};
use peoples_cloud_primitives::{AccountBytes, Balance, BlockNumber, Hash32};
use serde::Serialize;

use crate::{
	arguments::{account, ppl, Global},
	error::CommandError,
	output::{table, Output},
	progress, session,
};

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Wallet {
	#[command(subcommand)]
	command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
	/// Make an account; prints its address, and its secret phrase on stderr.
	New {
		/// What to call it on this machine.
		name: String,
	},
	/// Keep an account that exists; its secret is asked for, or comes from --phrase-file or --suri.
	Import {
		/// What to call it on this machine.
		name: String,
		/// Read the secret phrase or URI from the first line of this file.
		#[arg(long, value_name = "FILE", conflicts_with = "suri")]
		phrase_file: Option<PathBuf>,
	},
	/// List the accounts on this machine.
	List,
	/// Show what an account has.
	Balance {
		/// Whose; the account itself without it.
		#[arg(value_parser = account)]
		account: Option<AccountBytes>,
	},
	/// Send money.
	Send {
		/// To whom.
		#[arg(value_parser = account)]
		to: AccountBytes,
		/// How much, in PPL.
		#[arg(value_parser = ppl)]
		amount: Balance,
	},
}

#[derive(Serialize)]
struct Made<'phrase> {
	#[serde(flatten)]
	entry: WalletEntry,
	phrase: &'phrase str,
}

#[derive(Serialize)]
struct Has {
	#[serde(serialize_with = "peoples_cloud_client::format::account")]
	account: AccountBytes,
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	free: Balance,
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	earned: Balance,
}

#[derive(Serialize)]
struct Sent {
	block: BlockNumber,
	#[serde(serialize_with = "peoples_cloud_client::format::hex")]
	block_hash: Hash32,
}

pub(crate) async fn run(wallet: Wallet, global: &Global, output: &Output) -> Result<(), CommandError> {
	match wallet.command {
		Command::New { name } => new(&name, global, output),
		Command::Import { name, phrase_file } => import(&name, phrase_file, global, output),
		Command::List => list(output),
		Command::Balance { account } => balance(account, global, output).await,
		Command::Send { to, amount } => send(to, amount, global, output).await,
	}
}

fn new(name: &str, global: &Global, output: &Output) -> Result<(), CommandError> {
	let keystore = Keystore::of_user()?;
	keystore.check_new(name)?;
	let password = session::new_password(global)?;
	let phrase = new_phrase();
	let entry = keystore.add(name, &phrase, &password)?;
	let address = account_to_ss58(&entry.account);
	// First: whatever becomes of the result, the words must not be lost.
	output.note(format!(
		"Write these words down and keep them secret: they are the account, and its only copy.\n\n  {}\n",
		phrase.as_str()
	));
	output.result(&Made { entry, phrase: &phrase }, || address)
}

fn import(name: &str, phrase_file: Option<PathBuf>, global: &Global, output: &Output) -> Result<(), CommandError> {
	let keystore = Keystore::of_user()?;
	keystore.check_new(name)?;
	let suri = match (phrase_file, &global.suri) {
		(Some(path), _) => session::first_line(&path)?,
		(None, Some(suri)) => zeroize::Zeroizing::new(suri.clone()),
		(None, None) => session::secret()?,
	};
	let password = session::new_password(global)?;
	let entry = keystore.add(name, &suri, &password)?;
	let address = account_to_ss58(&entry.account);
	output.result(&entry, || address)
}

fn list(output: &Output) -> Result<(), CommandError> {
	let wallets = Keystore::of_user()?.list()?;
	output.result(&wallets, || {
		if wallets.is_empty() {
			return String::new();
		}
		let rows: Vec<_> =
			wallets.iter().map(|wallet| [wallet.name.clone(), account_to_ss58(&wallet.account)]).collect();
		table(["NAME", "ACCOUNT"], &rows)
	})?;
	if wallets.is_empty() {
		output.note("There is no wallet yet; `ppl wallet new NAME` makes one.");
	}
	Ok(())
}

async fn balance(account: Option<AccountBytes>, global: &Global, output: &Output) -> Result<(), CommandError> {
	let account = account.map_or_else(|| session::account(global), Ok)?;
	let chain = session::chain(global).await?;
	let has = Has { account, free: chain.free_balance(account).await?, earned: chain.earnings(account).await? };
	output.result(&has, || format_ppl(has.free))?;
	if has.earned > 0 {
		output.note(format!("{} more are earned; `ppl provider withdraw` pays them out.", format_ppl(has.earned)));
	}
	Ok(())
}

async fn send(to: AccountBytes, amount: Balance, global: &Global, output: &Output) -> Result<(), CommandError> {
	let signer = session::signer(global)?;
	let chain = session::chain(global).await?;
	let call = Call::Transfer { to, amount };
	ensure_funds(&*chain, &signer, &call).await?;
	let wait = progress::wait("sending; waiting until it is final");
	let inclusion = chain.submit(&signer, call, Certainty::Finalised).await;
	wait.finish_and_clear();
	let inclusion = inclusion?;
	let sent = Sent { block: inclusion.block, block_hash: inclusion.block_hash };
	output.result(&sent, || format!("0x{}", hex::encode(sent.block_hash)))?;
	output.note(format!("Sent {} to {}, final in block {}.", format_ppl(amount), account_to_ss58(&to), sent.block));
	Ok(())
}
