//! `ppl providers`: list the providers.
use clap::Args;
use peoples_cloud_client::{
	chain::{Chain, ProviderInfo},
	format::{account_to_ss58, format_bytes, format_ppl},
};

use crate::{
	arguments::Global,
	error::CommandError,
	output::{table, Output},
	session,
};

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Providers {
	/// Only those that take work on now.
	#[arg(long)]
	active: bool,
}

pub(crate) async fn run(providers: Providers, global: &Global, output: &Output) -> Result<(), CommandError> {
	let chain = session::chain(global).await?;
	let mut all = chain.providers().await?;
	all.retain(|provider| provider.active || !providers.active);
	all.sort_by_key(|provider| std::cmp::Reverse(provider.score_ppm));
	output.result(&all, || {
		let rows: Vec<_> = all.iter().map(row).collect();
		table(["ACCOUNT", "STANDING", "SCORE", "USED", "OFFERED", "PRICE/GiB", "BOND", "REGION", "OPERATOR"], &rows)
	})
}

fn row(provider: &ProviderInfo) -> [String; 9] {
	let chunks = |chunks: u64| format_bytes(chunks.saturating_mul(1024));
	[
		account_to_ss58(&provider.account),
		provider.standing.clone(),
		percent(provider.score_ppm),
		chunks(provider.committed_chunks),
		provider.offer.map_or("-".into(), |offer| chunks(offer.capacity_chunks)),
		provider.offer.map_or("-".into(), |offer| format_ppl(offer.price)),
		format_ppl(provider.bonded),
		printable(&provider.region),
		printable(&provider.operator),
	]
}

/// Parts per million as a percentage.
pub(crate) fn percent(ppm: u32) -> String {
	format!("{}.{}%", ppm / 10_000, ppm / 1_000 % 10)
}

/// A label that anyone may have chosen, made safe for a terminal.
pub(crate) fn printable(label: &str) -> String {
	label.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
	#[test]
	fn labels_cannot_steer_the_terminal() {
		assert_eq!(super::printable("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
		assert_eq!(super::percent(987_654), "98.7%");
	}
}
