//! `ppl status`: where an object is, how it is proven, and what it costs.
use std::collections::{hash_map::Entry, HashMap};

use clap::Args;
use peoples_cloud_client::{
	chain::{AgreementInfo, Chain, ColumnState, Duty},
	format::{account_to_ss58, format_ppl, object_to_cid},
};
use peoples_cloud_primitives::{AccountBytes, Balance, ColumnIndex, Hash32, Period};
use serde::Serialize;

use crate::{
	arguments::Global,
	commands::{
		agreements, object,
		summary::{Clock, Summary},
	},
	error::CommandError,
	output::{table, Output},
	session,
};

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Status {
	/// The object's id.
	#[arg(value_name = "ID", value_parser = object)]
	object: Hash32,
}

#[derive(Serialize)]
struct Report {
	#[serde(serialize_with = "peoples_cloud_client::format::cid")]
	object: Hash32,
	agreements: Vec<Agreement>,
}

#[derive(Serialize)]
struct Agreement {
	#[serde(flatten)]
	summary: Summary,
	#[serde(serialize_with = "peoples_cloud_client::format::account")]
	client: AccountBytes,
	columns: Vec<Column>,
}

#[derive(Serialize)]
struct Column {
	column: ColumnIndex,
	#[serde(serialize_with = "peoples_cloud_client::format::account")]
	provider: AccountBytes,
	#[serde(serialize_with = "peoples_cloud_client::format::hex")]
	root: Hash32,
	state: ColumnState,
	/// Planck per period.
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	rate: Balance,
	start: Period,
	end: Period,
	/// The newest period of this column that the chain has judged, proven unless `misses_in_row` says otherwise;
	/// none yet if absent.
	last_period: Option<Period>,
	/// Periods that the provider has missed since its last proof.
	misses_in_row: u32,
	/// Periods that the provider has proven in all.
	proven: u32,
}

pub(crate) async fn run(status: Status, global: &Global, output: &Output) -> Result<(), CommandError> {
	let chain = session::chain(global).await?;
	let agreements = agreements(&*chain, status.object).await?;
	let mut duties: HashMap<AccountBytes, Option<Duty>> = HashMap::new();
	for column in agreements.iter().flat_map(|agreement| &agreement.columns) {
		if let Entry::Vacant(entry) = duties.entry(column.provider) {
			entry.insert(chain.duty(column.provider).await?);
		}
	}
	let clock = Clock::read(&*chain).await?;
	let agreements = agreements.iter().map(|agreement| Agreement::new(agreement, &duties, clock)).collect();
	let report = Report { object: status.object, agreements };
	output.result(&report, || {
		let mut text = vec![object_to_cid(&report.object)];
		text.extend(report.agreements.iter().map(Agreement::text));
		text.join("\n")
	})
}

impl Agreement {
	fn new(info: &AgreementInfo, duties: &HashMap<AccountBytes, Option<Duty>>, clock: Clock) -> Self {
		let columns = (0..).zip(&info.columns).map(|(index, column)| {
			let duty = duties.get(&column.provider).and_then(Option::as_ref);
			let judged = duty.map_or(0, |duty| duty.first_unresolved);
			Column {
				column: index,
				provider: column.provider,
				root: column.root,
				state: column.state,
				rate: column.rate,
				start: column.start,
				end: column.end,
				last_period: judged.min(column.end).checked_sub(1).filter(|last| *last >= column.start),
				misses_in_row: duty.map_or(0, |duty| duty.misses_in_row),
				proven: duty.map_or(0, |duty| duty.proven),
			}
		});
		Self { summary: Summary::new(info, clock), client: info.client, columns: columns.collect() }
	}

	fn text(&self) -> String {
		let Self { summary, client, columns } = self;
		let rows: Vec<_> = columns.iter().map(Column::row).collect();
		[
			format!("agreement {}, paid by {}", summary.agreement, account_to_ss58(client)),
			format!(
				"size up to {}; {} of {} columns held, any {} restore it",
				summary.size(),
				summary.held,
				summary.n,
				summary.k
			),
			format!("ends {}", summary.ends()).replace("ends ended", "has ended"),
			format!("cost so far {} of {} locked", format_ppl(summary.earned), format_ppl(summary.locked)),
			table(["COLUMN", "STATE", "PROVIDER", "LAST PROOF", "RATE/PERIOD"], &rows),
		]
		.join("\n")
	}
}

impl Column {
	fn row(&self) -> [String; 5] {
		let proof = match (self.last_period, self.misses_in_row) {
			(None, _) => "none yet".into(),
			(Some(period), 0) => format!("period {period}"),
			(Some(period), misses) => format!("{misses} missed, up to period {period}"),
		};
		let state = match self.state {
			ColumnState::Held => "held",
			ColumnState::Lost => "lost",
		};
		[self.column.to_string(), state.into(), account_to_ss58(&self.provider), proof, format_ppl(self.rate)]
	}
}
