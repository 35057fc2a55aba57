//! `ppl put`: store a file.
use std::path::PathBuf;

use clap::Args;
use peoples_cloud_client::format::{format_bytes, format_ppl, object_to_cid};
use peoples_cloud_primitives::{AgreementId, Balance, Hash32};
use peoples_cloud_storage::client::{put, PutOptions};
use serde::Serialize;

use crate::{
	arguments::{ppl, Duration, Global},
	commands::{period_millis, periods, say_millis},
	error::CommandError,
	output::Output,
	progress::Reporter,
	session::{self, Session},
};

/// Days without `--for` or `--periods`: a month, as storage is sold elsewhere.
const DEFAULT_DAYS: f64 = 30.0;
/// Most columns that the chain takes.
const MAX_COLUMNS: u16 = 64;

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Put {
	/// The file.
	file: PathBuf,
	/// Any K of N providers restore it; K is a power of two. 8/24 without it, or the widest of 4/12, 2/6 and
	/// 1/3 for which there are providers.
	#[arg(long, value_name = "K/N", value_parser = code)]
	code: Option<(u16, u16)>,
	#[command(flatten)]
	duration: Duration,
	/// Fail if it costs more than this.
	#[arg(long, value_name = "PPL", value_parser = ppl)]
	max_price: Option<Balance>,
	/// Only with providers in this region; may be repeated.
	#[arg(long = "region", value_name = "LABEL")]
	regions: Vec<String>,
}

#[derive(Serialize)]
struct Stored {
	#[serde(serialize_with = "peoples_cloud_client::format::cid")]
	object: Hash32,
	agreement: AgreementId,
	bytes: u64,
	k: u16,
	n: usize,
	periods: u32,
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	price: Balance,
}

pub(crate) async fn run(arguments: Put, global: &Global, output: &Output) -> Result<(), CommandError> {
	let file = arguments.file;
	let metadata = std::fs::metadata(&file).map_err(|error| CommandError::Read { path: file.clone(), error })?;
	if !metadata.is_file() {
		return Err(CommandError::NotAFile(file));
	}
	if metadata.len() == 0 {
		return Err(CommandError::EmptyFile(file));
	}
	let signer = session::signer(global)?;
	let session = Session::start(global).await?;
	let chain = session.chain();
	let periods = periods(chain, arguments.duration, DEFAULT_DAYS).await?;
	let options = PutOptions {
		code: arguments.code,
		max_price: arguments.max_price,
		regions: arguments.regions,
		..PutOptions::for_periods(periods)
	};
	let reporter = Reporter::new("storing", output);
	let stored = put(chain, session.transfer(), &signer, &file, &options, &reporter.report()).await;
	reporter.finish();
	let stored = stored?;
	let fields = stored.manifest.fields();
	let result = Stored {
		object: stored.object,
		agreement: stored.agreement,
		bytes: fields.plain_bytes,
		k: fields.k,
		n: fields.n(),
		periods,
		price: stored.price,
	};
	output.paid_result(&result, || object_to_cid(&stored.object))?;
	output.note(format!(
		"Stored {} with {} providers, any {} restore it, for {}: {} locked.",
		format_bytes(result.bytes),
		result.n,
		result.k,
		say_millis(period_millis(chain).await? * f64::from(periods)),
		format_ppl(result.price)
	));
	session.end().await;
	Ok(())
}

fn code(text: &str) -> Result<(u16, u16), String> {
	let expected = || "give K/N, such as 8/24".to_string();
	let (k, n) = text.split_once('/').ok_or_else(expected)?;
	let (k, n): (u16, u16) = (k.parse().map_err(|_| expected())?, n.parse().map_err(|_| expected())?);
	if !k.is_power_of_two() {
		return Err("K must be a power of two: 1, 2, 4, 8, 16 or 32".into());
	}
	if n <= k || n > MAX_COLUMNS {
		return Err(format!("N must be larger than K and at most {MAX_COLUMNS}"));
	}
	Ok((k, n))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn codes_are_checked() {
		assert_eq!(code("8/24"), Ok((8, 24)));
		assert_eq!(code("1/2"), Ok((1, 2)));
		for wrong in ["", "1/1", "8/8", "8", "8/", "/24", "3/9", "0/4", "8/4", "8/65", "8/24/2", "-8/24", "8/x"] {
			assert!(code(wrong).is_err(), "{wrong}");
		}
	}
}
