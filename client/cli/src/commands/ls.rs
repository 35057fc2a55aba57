//! `ppl ls`: list your objects.
use clap::Args;
use peoples_cloud_client::{
	chain::{AgreementInfo, Chain},
	format::{format_ppl, object_to_cid},
};
use peoples_cloud_primitives::Hash32;
use serde::Serialize;

use crate::{
	arguments::Global,
	commands::summary::{Clock, Summary},
	error::CommandError,
	output::{table, Output},
	session,
};

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Ls {}

/// One agreement.
#[derive(Serialize)]
struct Entry {
	#[serde(serialize_with = "peoples_cloud_client::format::cid")]
	object: Hash32,
	#[serde(flatten)]
	summary: Summary,
}

pub(crate) async fn run(_: Ls, global: &Global, output: &Output) -> Result<(), CommandError> {
	let signer = session::signer(global)?;
	let chain = session::chain(global).await?;
	let agreements = chain.agreements_of(signer.account()).await?;
	let clock = Clock::read(&*chain).await?;
	let entry = |agreement: &AgreementInfo| Entry { object: agreement.object, summary: Summary::new(agreement, clock) };
	let entries: Vec<_> = agreements.iter().map(entry).collect();
	output.result(&entries, || match entries.is_empty() {
		true => String::new(),
		false => table(
			["OBJECT", "AGREEMENT", "SIZE", "HELD", "NEEDED", "ENDS", "LOCKED", "COST SO FAR"],
			&entries.iter().map(Entry::row).collect::<Vec<_>>(),
		),
	})
}

impl Entry {
	fn row(&self) -> [String; 8] {
		let summary = &self.summary;
		[
			object_to_cid(&self.object),
			summary.agreement.to_string(),
			summary.size(),
			format!("{}/{}", summary.held, summary.n),
			summary.k.to_string(),
			summary.ends(),
			format_ppl(summary.locked),
			format_ppl(summary.earned),
		]
	}
}
