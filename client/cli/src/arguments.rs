//! The command line: data only.
use std::{num::NonZeroU32, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use peoples_cloud_client::format;
use peoples_cloud_primitives::{AccountBytes, Balance};

use crate::commands::{
	devnet::Devnet, extend::Extend, get::Get, ls::Ls, provider::Provider, providers::Providers, put::Put,
	repair::Repair, rm::Rm, status::Status, wallet::Wallet,
};

/// The People's Cloud: store files with people who have room, and earn with the room you have.
#[derive(Debug, Parser)]
#[command(name = "ppl", version, max_term_width = 100)]
pub(crate) struct Arguments {
	#[command(flatten)]
	pub(crate) global: Global,
	#[command(subcommand)]
	pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
	/// The node's WebSocket.
	#[arg(long, global = true, env = "PPL_URL", value_name = "WS", default_value = "ws://127.0.0.1:9944", value_parser = format::parse_url)]
	pub(crate) url: String,
	/// Act as the account of this secret URI, e.g. //Alice; PPL_SURI without it. Others on this machine can
	/// read it: use a wallet for real money.
	#[arg(long, global = true, value_name = "URI", conflicts_with = "wallet")]
	pub(crate) suri: Option<String>,
	/// Act as the account of this wallet; PPL_WALLET without it and without --suri.
	// No `env`: clap would take an exported variable for a flag that is typed, and refuse --suri beside it.
	#[arg(long, global = true, value_name = "NAME")]
	pub(crate) wallet: Option<String>,
	/// Read the wallet's password from the first line of this file instead of asking.
	#[arg(long, global = true, value_name = "FILE")]
	pub(crate) password_file: Option<PathBuf>,
	/// Print the result as JSON.
	#[arg(long, global = true)]
	pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
	/// Make and use accounts.
	Wallet(Wallet),
	/// Store a file; prints the object's id.
	Put(Put),
	/// Fetch an object, or a part of it.
	Get(Get),
	/// List your objects.
	Ls(Ls),
	/// Show where an object is, how it is proven, and what it costs.
	Status(Status),
	/// Stop paying for an object; its providers forget it.
	Rm(Rm),
	/// Pay for an object longer.
	Extend(Extend),
	/// Place an object's lost columns with new providers.
	Repair(Repair),
	/// List the providers.
	Providers(Providers),
	/// Run a provider's account: its register entry, offers, earnings.
	Provider(Provider),
	/// Run a whole network on this machine.
	Devnet(Devnet),
}

/// For how long.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Duration {
	/// Days, fractions allowed.
	#[arg(long = "for", value_name = "DAYS", value_parser = days, allow_negative_numbers = true)]
	pub(crate) days: Option<f64>,
	/// The chain's proof periods.
	#[arg(long, value_name = "N")]
	pub(crate) periods: Option<NonZeroU32>,
}

fn days(text: &str) -> Result<f64, String> {
	// A century; beyond it the periods would not fit their counter.
	match text.parse::<f64>() {
		Ok(days) if days > 0.0 && days <= 36_500.0 => Ok(days),
		_ => Err("give a number of days above 0 and up to 36500".into()),
	}
}

/// An amount in PPL.
pub(crate) fn ppl(text: &str) -> Result<Balance, format::FormatError> {
	format::parse_ppl(text)
}

/// An account's address.
pub(crate) fn account(text: &str) -> Result<AccountBytes, format::FormatError> {
	format::account_from_ss58(text)
}

/// An operator's label.
pub(crate) fn operator(text: &str) -> Result<String, format::FormatError> {
	format::parse_operator(text)
}

/// A region's label.
pub(crate) fn region(text: &str) -> Result<String, format::FormatError> {
	format::parse_region(text)
}

/// A size in bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, format::FormatError> {
	format::parse_bytes(text)
}

#[cfg(test)]
mod tests {
	use clap::CommandFactory;

	use super::*;

	#[test]
	fn the_command_line_is_consistent() {
		Arguments::command().debug_assert();
	}

	#[test]
	fn days_are_checked() {
		assert_eq!(days("0.5"), Ok(0.5));
		for wrong in ["0", "-1", "NaN", "inf", "40000", "x"] {
			assert!(days(wrong).is_err(), "{wrong}");
		}
	}
}
