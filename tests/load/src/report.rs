//! What was measured: numbers from blocks, a table, a JSON document.
use std::{collections::HashSet, fmt};

use serde::Serialize;
use subxt::utils::H256;

use crate::node::{part, Block};

/// A block of which so much is taken is full: the next transaction of a kind may not fit any more.
const FULL: f64 = 0.95;

/// What came of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
	/// The node's URL.
	pub(crate) url: String,
	/// What was sent, if anything was.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub(crate) what: Option<Sent>,
	/// What the chain did meanwhile.
	pub(crate) chain: Observed,
}

/// What was sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sent {
	/// `transfers`, `proofs`, or `transactions` of all kinds.
	pub(crate) kind: &'static str,
	/// In blocks of the best chain.
	pub(crate) included: u64,
	/// Of them a block.
	pub(crate) per_block: Spread,
	/// Of them a second of the chain's time.
	pub(crate) per_second: f64,
	/// Refused by the node for another reason than that its pool was full.
	pub(crate) refused: u64,
}

/// What the chain did: from one block, which is not counted, to another.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Observed {
	/// First block.
	pub(crate) first_block: u64,
	/// Last block.
	pub(crate) last_block: u64,
	/// Blocks from the first to the last.
	pub(crate) blocks: u64,
	/// Seconds by the blocks' timestamps.
	pub(crate) seconds: f64,
	/// Weight of ordinary transactions, as a part of what they may have.
	pub(crate) fill: Spread,
	/// Bytes of transactions, as a part of what ordinary ones may have.
	pub(crate) byte_fill: Spread,
	/// Blocks that are full by weight or by bytes.
	pub(crate) full_blocks: u64,
	/// Blocks between best and finalised, when each best block arrived.
	pub(crate) finality_lag: Option<Spread>,
	/// Slots passed and filled; unknown where blocks do not name theirs.
	pub(crate) slots: Option<Slots>,
}

/// Median and maximum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
	/// The middle value, or the mean of the two.
	pub(crate) median: f64,
	/// The greatest.
	pub(crate) max: f64,
}

/// Slots, and those that have a block.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Slots {
	/// Slots with a block.
	pub(crate) filled: u64,
	/// All slots.
	pub(crate) passed: u64,
	/// The part of them that is filled.
	pub(crate) share: f64,
}

impl Report {
	/// One line of JSON.
	pub(crate) fn json(&self) -> String {
		// Maps with keys of text and finite numbers.
		serde_json::to_string(self).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
	}
}

impl Sent {
	/// How many of `ours` are in a chain, whose first block is not counted, and the part of that chain that has them: from
	/// the block before the first of them to the last of them. `None` if there are none.
	pub(crate) fn of(
		kind: &'static str,
		ours: &HashSet<H256>,
		refused: u64,
		chain: &[Block],
	) -> Option<(Self, Vec<Block>)> {
		let counts: Vec<usize> = chain.iter().map(|block| count(block, ours)).collect();
		let (_, countable) = counts.split_first()?;
		let first = countable.iter().position(|count| *count > 0)?;
		let last = countable.iter().rposition(|count| *count > 0)?;
		// Both are one less than in `chain`.
		let (counts, chain) = (countable.get(first..=last)?, chain.get(first..=last + 1)?);
		let included = counts.iter().sum::<usize>() as u64;
		let seconds = seconds(chain)?;
		let per_block = Spread::of(counts.iter().map(|count| *count as f64))?;
		let per_second = if seconds > 0.0 { included as f64 / seconds } else { 0.0 };
		Some((Self { kind, included, per_block, per_second, refused }, chain.to_vec()))
	}
}

impl Observed {
	/// What a chain did after its first block; `None` of less than two blocks.
	pub(crate) fn of(chain: &[Block]) -> Option<Self> {
		let (start, blocks) = chain.split_first()?;
		let (first, last) = (blocks.first()?, blocks.last()?);
		let full = |block: &&Block| block.fill.max(block.byte_fill) >= FULL;
		Some(Self {
			first_block: first.number,
			last_block: last.number,
			blocks: blocks.len() as u64,
			seconds: seconds(chain)?,
			fill: Spread::of(blocks.iter().map(|block| block.fill))?,
			byte_fill: Spread::of(blocks.iter().map(|block| block.byte_fill))?,
			full_blocks: blocks.iter().filter(full).count() as u64,
			finality_lag: Spread::of(blocks.iter().filter_map(|block| block.lag).map(|lag| lag as f64)),
			slots: Slots::of(start.slot, last.slot, blocks.len() as u64),
		})
	}
}

impl Spread {
	/// Of these values; `None` if there are none.
	pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
		let mut values: Vec<f64> = values.into_iter().collect();
		values.sort_by(f64::total_cmp);
		let max = *values.last()?;
		let upper = *values.get(values.len() / 2)?;
		let lower = *values.get((values.len() - 1) / 2)?;
		Some(Self { median: (lower + upper) / 2.0, max })
	}
}

impl Slots {
	/// Of so many blocks after that of slot `start`, up to that of slot `end`.
	pub(crate) fn of(start: Option<u64>, end: Option<u64>, blocks: u64) -> Option<Self> {
		let passed = end?.checked_sub(start?)?;
		Some(Self { filled: blocks, passed, share: part(blocks, passed) })
	}
}

fn count(block: &Block, ours: &HashSet<H256>) -> usize {
	block.transactions.iter().filter(|hash| ours.contains(*hash)).count()
}

/// Seconds from a chain's first block to its last.
fn seconds(chain: &[Block]) -> Option<f64> {
	let (first, last) = (chain.first()?, chain.last()?);
	Some(last.time_millis.saturating_sub(first.time_millis) as f64 / 1_000.0)
}

impl fmt::Display for Report {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let mut row = |name: &str, value: String| writeln!(f, "{name:<24}{value}");
		if let Some(sent) = &self.what {
			row(sent.kind, format!("{} included, {} refused", sent.included, sent.refused))?;
			row("a block", format!("{:.0} (median), {:.0} (most)", sent.per_block.median, sent.per_block.max))?;
			row("a second", format!("{:.1}", sent.per_second))?;
		}
		let chain = &self.chain;
		row("blocks", format!("{}, {} to {}", chain.blocks, chain.first_block, chain.last_block))?;
		row("time of the chain", format!("{:.1} s", chain.seconds))?;
		row("weight taken", percent(chain.fill))?;
		row("bytes taken", percent(chain.byte_fill))?;
		row("full blocks", chain.full_blocks.to_string())?;
		let lag = chain.finality_lag.map(|lag| format!("{} (median), {} (most) blocks", lag.median, lag.max));
		row("finality behind", lag.unwrap_or_else(|| "unknown".into()))?;
		let slots =
			chain.slots.map(|Slots { filled, passed, share }| format!("{:.1} %, {filled} of {passed}", share * 100.0));
		write!(f, "{:<24}{}", "slots filled", slots.unwrap_or_else(|| "unknown".into()))
	}
}

fn percent(Spread { median, max }: Spread) -> String {
	format!("{:.1} % (median), {:.1} % (most)", median * 100.0, max * 100.0)
}

#[cfg(test)]
pub(crate) mod tests;
