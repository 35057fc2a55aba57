//! `ppl repair`: place an object's lost columns with new providers.
use clap::Args;
use peoples_cloud_client::format::account_to_ss58;
use peoples_cloud_primitives::{AccountBytes, AgreementId, ColumnIndex, Hash32};
use peoples_cloud_storage::client::{repair, RepairOptions, RepairOutcome};
use serde::Serialize;

use crate::{
	arguments::Global,
	commands::{agreements, object},
	error::CommandError,
	output::Output,
	progress::Reporter,
	session::{self, Session},
};

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Repair {
	/// The object's id.
	#[arg(value_name = "ID", value_parser = object)]
	object: Hash32,
	/// Only with providers in this region; may be repeated.
	#[arg(long = "region", value_name = "LABEL")]
	regions: Vec<String>,
}

#[derive(Serialize)]
struct Repaired {
	#[serde(serialize_with = "peoples_cloud_client::format::cid")]
	object: Hash32,
	replaced: Vec<Replaced>,
}

#[derive(Serialize)]
struct Replaced {
	agreement: AgreementId,
	column: ColumnIndex,
	#[serde(serialize_with = "peoples_cloud_client::format::account")]
	provider: AccountBytes,
}

pub(crate) async fn run(arguments: Repair, global: &Global, output: &Output) -> Result<(), CommandError> {
	let Repair { object, regions } = arguments;
	let signer = session::signer(global)?;
	let session = Session::start(global).await?;
	agreements(session.chain(), object).await?;
	let options = RepairOptions { regions, ..RepairOptions::default() };
	let reporter = Reporter::new("repairing", output);
	let repaired = repair(session.chain(), session.transfer(), &signer, object, &options, &reporter.report()).await;
	reporter.finish();
	let RepairOutcome { replaced, failed } = repaired?;
	let replaced: Vec<_> =
		replaced.into_iter().map(|(agreement, column, provider)| Replaced { agreement, column, provider }).collect();
	let repaired = Repaired { object, replaced };
	output.result(&repaired, || {
		let line = |replaced: &Replaced| {
			format!(
				"agreement {} column {} {}",
				replaced.agreement,
				replaced.column,
				account_to_ss58(&replaced.provider)
			)
		};
		repaired.replaced.iter().map(line).collect::<Vec<_>>().join("\n")
	})?;
	session.end().await;
	let count = failed.len();
	if let Some((.., reason)) = failed.into_iter().next() {
		return Err(CommandError::PartlyRepaired { failed: count, reason });
	}
	output.note(match repaired.replaced.len() {
		0 => "No column is lost.".into(),
		count => format!("{count} lost columns have new providers."),
	});
	Ok(())
}
