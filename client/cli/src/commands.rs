//! One module a command.
use peoples_cloud_client::{
	chain::{AgreementInfo, Chain},
	format,
};
use peoples_cloud_primitives::{AccountBytes, Hash32};

use crate::{
	arguments::{Arguments, Command, Duration},
	error::CommandError,
	output::Output,
};

pub(crate) mod devnet;
pub(crate) mod extend;
pub(crate) mod get;
pub(crate) mod ls;
pub(crate) mod provider;
pub(crate) mod providers;
pub(crate) mod put;
pub(crate) mod repair;
pub(crate) mod rm;
pub(crate) mod status;
pub(crate) mod summary;
pub(crate) mod wallet;

/// Milliseconds of a day.
const DAY_MILLIS: f64 = 86_400_000.0;

/// Does what the arguments say.
pub(crate) async fn run(arguments: Arguments, output: &Output) -> Result<(), CommandError> {
	let Arguments { global, command } = arguments;
	match command {
		Command::Wallet(wallet) => wallet::run(wallet, &global, output).await,
		Command::Put(put) => put::run(put, &global, output).await,
		Command::Get(get) => get::run(get, &global, output).await,
		Command::Ls(ls) => ls::run(ls, &global, output).await,
		Command::Status(status) => status::run(status, &global, output).await,
		Command::Rm(rm) => rm::run(rm, &global, output).await,
		Command::Extend(extend) => extend::run(extend, &global, output).await,
		Command::Repair(repair) => repair::run(repair, &global, output).await,
		Command::Providers(providers) => providers::run(providers, &global, output).await,
		Command::Provider(provider) => provider::run(provider, &global, output).await,
		Command::Devnet(devnet) => devnet::run(devnet, output).await,
	}
}

/// An object's id, as typed.
pub(crate) fn object(text: &str) -> Result<Hash32, format::FormatError> {
	format::object_from_cid(text)
}

/// The open agreements over an object, oldest first; none is an error.
pub(crate) async fn agreements(chain: &dyn Chain, object: Hash32) -> Result<Vec<AgreementInfo>, CommandError> {
	let agreements = chain.agreements_by_object(object).await?;
	match agreements.is_empty() {
		true => Err(CommandError::UnknownObject(format::object_to_cid(&object))),
		false => Ok(agreements),
	}
}

/// Those of them that an account pays for; none is an error.
pub(crate) async fn own_agreements(
	chain: &dyn Chain,
	object: Hash32,
	client: AccountBytes,
) -> Result<Vec<AgreementInfo>, CommandError> {
	let mut agreements = agreements(chain, object).await?;
	agreements.retain(|agreement| agreement.client == client);
	match agreements.is_empty() {
		true => Err(CommandError::NotYours(format::object_to_cid(&object))),
		false => Ok(agreements),
	}
}

/// Proof periods of a duration, rounded up; `days` if neither days nor periods are given.
pub(crate) async fn periods(chain: &dyn Chain, duration: Duration, days: f64) -> Result<u32, CommandError> {
	if let Some(periods) = duration.periods {
		return Ok(periods.get());
	}
	let days = duration.days.unwrap_or(days);
	let period_millis = period_millis(chain).await?;
	let periods = (days * DAY_MILLIS / period_millis).ceil().max(1.0);
	if periods >= f64::from(u32::MAX) {
		return Err(CommandError::TooLong(format!("{days} days")));
	}
	// Whole, positive, and below the limit: checked above.
	Ok(periods as u32)
}

/// Milliseconds of a proof period, if every slot has its block.
pub(crate) async fn period_millis(chain: &dyn Chain) -> Result<f64, CommandError> {
	let params = chain.proof_params().await?;
	// Far below 2^52, so that no digit is lost.
	Ok(f64::from(params.period_blocks) * chain.slot_millis().await? as f64)
}

/// A number of milliseconds as people say it.
pub(crate) fn say_millis(millis: f64) -> String {
	let minutes = millis / 60_000.0;
	match minutes {
		minutes if minutes < 2.0 => format!("{:.0} seconds", millis / 1000.0),
		minutes if minutes < 120.0 => format!("{minutes:.0} minutes"),
		minutes if minutes < 2880.0 => format!("{:.1} hours", minutes / 60.0),
		minutes => format!("{:.1} days", minutes / 1440.0),
	}
}
