//! `ppl extend`: pay for an object longer.
use clap::Args;
use peoples_cloud_client::{
	chain::{ensure_funds, Call, Certainty, Chain},
	format::format_ppl,
};
use peoples_cloud_primitives::{AgreementId, Balance, Hash32, Period};
use serde::Serialize;

use crate::{
	arguments::{ppl, Duration, Global},
	commands::{object, own_agreements, periods},
	error::CommandError,
	output::Output,
	progress, session,
};

/// Days without `--for` or `--periods`, as for `put`.
const DEFAULT_DAYS: f64 = 30.0;

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Extend {
	/// The object's id.
	#[arg(value_name = "ID", value_parser = object)]
	object: Hash32,
	#[command(flatten)]
	duration: Duration,
	/// Fail if it costs more than this.
	#[arg(long, value_name = "PPL", value_parser = ppl)]
	max_price: Option<Balance>,
}

#[derive(Serialize)]
struct Extended {
	#[serde(serialize_with = "peoples_cloud_client::format::cid")]
	object: Hash32,
	agreement: AgreementId,
	end: Period,
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	price: Balance,
}

pub(crate) async fn run(extend: Extend, global: &Global, output: &Output) -> Result<(), CommandError> {
	let signer = session::signer(global)?;
	let chain = session::chain(global).await?;
	let own = own_agreements(&*chain, extend.object, signer.account()).await?;
	let newest = own.into_iter().filter(|agreement| !agreement.closing).max_by_key(|agreement| agreement.end);
	let agreement = newest.ok_or(CommandError::Closing)?;
	let periods = periods(&*chain, extend.duration, DEFAULT_DAYS).await?;
	// Columns that moved to cheaper providers lock what was agreed to first; what is not needed comes back.
	let rate = agreement.columns.iter().fold(0, |sum: Balance, column| sum.saturating_add(column.max_rate));
	let price = rate.saturating_mul(periods.into());
	if let Some(max_price) = extend.max_price.filter(|max_price| *max_price < price) {
		return Err(CommandError::TooDear { price, max_price });
	}
	let call = Call::Extend { agreement: agreement.id, periods, max_price: price };
	ensure_funds(&*chain, &signer, &call).await?;
	let wait = progress::wait("extending; waiting until it is final");
	let inclusion = chain.submit(&signer, call, Certainty::Finalised).await;
	wait.finish_and_clear();
	let extended = Extended {
		object: extend.object,
		agreement: agreement.id,
		end: agreement.end.saturating_add(periods),
		price: inclusion?.amount.unwrap_or(price),
	};
	output.result(&extended, || format_ppl(extended.price))?;
	output.note(format!("Paid until period {}, {periods} periods more.", extended.end));
	Ok(())
}
