//! `ppl provider`: run a provider's account.
use clap::{Args, Subcommand};
use peoples_cloud_client::{
	chain::{ensure_funds, Call, Certainty, Chain, Inclusion, Offer, ProviderInfo},
	format::{account_to_ss58, format_bytes, format_ppl, peer_id_to_text},
	wallet::Signer,
};
use peoples_cloud_network::{Multiaddr, PeerId};
use peoples_cloud_primitives::{AccountBytes, Balance, BlockNumber, Period};
use serde::Serialize;

use crate::{
	arguments::{account, bytes, operator, ppl, region, Global},
	commands::providers::{percent, printable},
	error::CommandError,
	output::Output,
	progress, session,
};

/// Addresses that the chain keeps for a provider, and the longest.
const MAX_ADDRESSES: usize = 8;
const MAX_ADDRESS_BYTES: usize = 128;
/// Bytes of a chunk, the chain's unit of storage.
const CHUNK_BYTES: u64 = 1024;

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Provider {
	#[command(subcommand)]
	command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
	/// Register the account as a provider; the daemon does it by itself with --register.
	Register(Register),
	/// Show what the chain knows of a provider.
	Status {
		/// Whose; the account itself without it.
		#[arg(value_parser = account)]
		account: Option<AccountBytes>,
	},
	/// Take no new work on.
	Pause,
	/// Take work on again.
	Resume,
	/// Pay the earnings out.
	Withdraw {
		/// Collect what has been unbonded instead.
		#[arg(long)]
		bond: bool,
	},
	/// Leave: possible once nothing is stored any more; the bond starts to unbond.
	Leave,
}

#[derive(Debug, Args)]
struct Register {
	/// The daemon's peer id; its log and status page name it.
	#[arg(long, value_name = "ID")]
	peer_id: PeerId,
	/// Where the daemon listens, as multiaddress; may be repeated.
	#[arg(long = "address", value_name = "MULTIADDR", required = true)]
	addresses: Vec<Multiaddr>,
	/// Who runs it: clients place at most one column of an object with an operator.
	#[arg(long, value_name = "LABEL", value_parser = operator)]
	operator: String,
	/// Where it is.
	#[arg(long, value_name = "LABEL", default_value = "", value_parser = region)]
	region: String,
	/// Stake.
	#[arg(long, value_name = "PPL", value_parser = ppl)]
	bond: Balance,
	/// Offer this much storage at once.
	#[arg(long, value_name = "SIZE", value_parser = bytes, requires = "price")]
	capacity: Option<u64>,
	/// Price per GiB and proof period.
	#[arg(long, value_name = "PPL", value_parser = ppl, requires = "capacity")]
	price: Option<Balance>,
	/// Shortest agreement in periods.
	#[arg(long, value_name = "N", default_value_t = 1)]
	min_periods: u32,
	/// Longest agreement in periods.
	#[arg(long, value_name = "N", default_value_t = 1_000_000)]
	max_periods: u32,
}

#[derive(Serialize)]
struct Done {
	#[serde(serialize_with = "peoples_cloud_client::format::account")]
	account: AccountBytes,
	block: BlockNumber,
	#[serde(skip_serializing_if = "Option::is_none")]
	amount: Option<String>,
}

#[derive(Serialize)]
struct Report {
	#[serde(flatten)]
	info: ProviderInfo,
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	free: Balance,
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	earned: Balance,
	columns: usize,
	first_unresolved: Option<Period>,
	proven: u32,
	misses_in_row: u32,
}

pub(crate) async fn run(provider: Provider, global: &Global, output: &Output) -> Result<(), CommandError> {
	match provider.command {
		Command::Register(register) => registration(register, global, output).await,
		Command::Status { account } => status(account, global, output).await,
		Command::Pause => simple(Call::Pause, "No new work comes from now on.", global, output).await,
		Command::Resume => simple(Call::Resume, "New work may come.", global, output).await,
		Command::Withdraw { bond: false } => simple(Call::Withdraw, "Paid out.", global, output).await,
		Command::Withdraw { bond: true } => simple(Call::WithdrawUnbonded, "Collected.", global, output).await,
		Command::Leave => {
			let note = "Left; `ppl provider withdraw --bond` collects the bond when it is unbonded.";
			simple(Call::Leave, note, global, output).await
		},
	}
}

async fn registration(register: Register, global: &Global, output: &Output) -> Result<(), CommandError> {
	let bond = register.bond;
	let call = register.call()?;
	let signer = session::signer(global)?;
	let chain = session::chain(global).await?;
	// What the chain would refuse costs its fee there, and nothing here.
	if chain.provider(signer.account()).await?.is_some() {
		return Err(CommandError::AlreadyAProvider(signer.ss58()));
	}
	let least = chain.least_bond().await?;
	if bond < least {
		return Err(CommandError::BondTooLow { bond, least });
	}
	ensure_funds(&*chain, &signer, &call).await?;
	let inclusion = submit(&*chain, &signer, call).await?;
	done(&signer, &inclusion, output)?;
	output.note(format!("Registered, with {} bonded.", format_ppl(bond)));
	Ok(())
}

impl Register {
	/// One transaction for all of it, so that no bond is locked without the offer it is for.
	fn call(self) -> Result<Call, CommandError> {
		let Self { operator, region, bond, .. } = self;
		let peer_id = self.peer_id.to_bytes();
		let addresses: Vec<Vec<u8>> = self.addresses.iter().map(Multiaddr::to_vec).collect();
		if addresses.len() > MAX_ADDRESSES || addresses.iter().any(|address| address.len() > MAX_ADDRESS_BYTES) {
			return Err(CommandError::BadOffer("give at most 8 addresses of at most 128 bytes"));
		}
		let (Some(capacity), Some(price)) = (self.capacity, self.price) else {
			return Ok(Call::RegisterProvider { peer_id, addresses, operator, region, bond });
		};
		let (min_duration, max_duration) = (self.min_periods, self.max_periods);
		let offer = Offer { price, capacity_chunks: capacity / CHUNK_BYTES, min_duration, max_duration };
		if offer.capacity_chunks == 0 {
			return Err(CommandError::BadOffer("offer at least 1KiB with --capacity"));
		}
		if min_duration == 0 || min_duration > max_duration {
			return Err(CommandError::BadOffer("--min-periods must be at least 1 and at most --max-periods"));
		}
		Ok(Call::RegisterWithOffer { peer_id, addresses, operator, region, bond, offer })
	}
}

async fn simple(call: Call, note: &str, global: &Global, output: &Output) -> Result<(), CommandError> {
	let signer = session::signer(global)?;
	let chain = session::chain(global).await?;
	let inclusion = submit(&*chain, &signer, call).await?;
	done(&signer, &inclusion, output)?;
	output.note(note);
	Ok(())
}

async fn submit(chain: &dyn Chain, signer: &Signer, call: Call) -> Result<Inclusion, CommandError> {
	let wait = progress::wait("waiting until it is final");
	let inclusion = chain.submit(signer, call, Certainty::Finalised).await;
	wait.finish_and_clear();
	Ok(inclusion?)
}

fn done(signer: &Signer, inclusion: &Inclusion, output: &Output) -> Result<(), CommandError> {
	let amount = inclusion.amount.map(|amount| amount.to_string());
	let done = Done { account: signer.account(), block: inclusion.block, amount };
	output.result(&done, || inclusion.amount.map(format_ppl).unwrap_or_default())
}

async fn status(account: Option<AccountBytes>, global: &Global, output: &Output) -> Result<(), CommandError> {
	let account = match account {
		Some(account) => account,
		None => session::account(global)?,
	};
	let chain = session::chain(global).await?;
	let info = chain.provider(account).await?.ok_or_else(|| CommandError::NotAProvider(account_to_ss58(&account)))?;
	let duty = chain.duty(account).await?;
	let report = Report {
		info,
		free: chain.free_balance(account).await?,
		earned: chain.earnings(account).await?,
		columns: chain.columns_of(account).await?.len(),
		first_unresolved: duty.as_ref().map(|duty| duty.first_unresolved),
		proven: duty.as_ref().map_or(0, |duty| duty.proven),
		misses_in_row: duty.as_ref().map_or(0, |duty| duty.misses_in_row),
	};
	output.result(&report, || report.text())
}

impl Report {
	fn text(&self) -> String {
		let info = &self.info;
		let chunks = |chunks: u64| format_bytes(chunks.saturating_mul(CHUNK_BYTES));
		let peer = peer_id_to_text(&info.peer_id);
		let offer = match info.offer {
			Some(offer) => format!(
				"{} at {} per GiB and period, for {} to {} periods",
				chunks(offer.capacity_chunks),
				format_ppl(offer.price),
				offer.min_duration,
				offer.max_duration
			),
			None => "none".into(),
		};
		let rows = [
			("account", account_to_ss58(&info.account)),
			("standing", info.standing.clone()),
			("peer", peer),
			("operator", printable(&info.operator)),
			("region", printable(&info.region)),
			("bonded", format_ppl(info.bonded)),
			("free", format_ppl(self.free)),
			("earned", format_ppl(self.earned)),
			("offer", offer),
			("stored", format!("{} in {} columns", chunks(info.committed_chunks), self.columns)),
			("score", percent(info.score_ppm)),
			("proofs", format!("{} given, {} missed since the last", self.proven, self.misses_in_row)),
		];
		rows.map(|(name, value)| format!("{name:<9} {value}")).join("\n")
	}
}
