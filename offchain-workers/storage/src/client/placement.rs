//! Which providers take the columns of an object.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use peoples_cloud_client::chain::ProviderInfo;
use peoples_cloud_primitives::{terms::storage_rate, AccountBytes, Balance, ColumnIndex};

use super::{Progress, ProgressFn};
use crate::transfer::client::{ProviderPeer, TransferError};

/// Codes that are tried in turn when none is asked for: the first for which there are enough providers. All cost three
/// times the object. 8 of 24 survives the loss of any 16; wider codes survive little more, and ask for more providers
/// and connections; the last is plain replication for very small networks.
pub const DEFAULT_CODES: [(u16, u16); 4] = [(8, 24), (4, 12), (2, 6), (1, 3)];

/// Width of a class of reputation, in parts per million: within a class the price decides, so that a provider with a
/// hundredth less of luck still gets work, and one that fails a tenth of its proofs gets it last.
const SCORE_CLASS_PPM: u32 = 50_000;

/// Times that a provider that failed is asked again, when there is no other: connections break.
const RETRIES: u32 = 1;

/// Failures that are told at the end: what a person may read.
const MAX_REASONS: usize = 16;

/// What is asked of a provider.
#[derive(Clone, Debug)]
pub struct Requirements<'a> {
	/// 1 KiB chunks of a column.
	pub chunks: u64,
	/// Periods.
	pub periods: u32,
	/// A provider may be asked for its shortest term if that is longer: what is not used is not paid.
	pub or_longer: bool,
	/// Regions that are fine; empty: all.
	pub regions: &'a [String],
	/// Most planck per period for a column.
	pub max_rate: Option<Balance>,
	/// Providers that cannot take it.
	pub except: &'a BTreeSet<AccountBytes>,
	/// Operators that cannot take it.
	pub except_operators: &'a BTreeSet<String>,
	/// Breaks ties, so that the work of many uploads spreads over equal providers. An upload's nonce, say.
	pub tie_break: &'a [u8],
}

/// A provider that could take a column.
#[derive(Clone, Debug)]
pub struct Candidate {
	/// Where it is.
	pub peer: ProviderPeer,
	/// Who runs it.
	pub operator: String,
	/// Planck per GiB and period that it asks for.
	pub price: Balance,
	/// Periods to ask it for.
	pub periods: u32,
	/// Planck per period for the column.
	pub rate: Balance,
	/// Its reputation.
	pub score_ppm: u32,
	/// Times that it failed in this upload.
	pub failures: u32,
}

/// Providers that could take columns, best first, and which operators are in use: each gets at most one column, so that
/// the failure of one costs an object one column.
#[derive(Debug, Default)]
pub struct Candidates {
	best_first: VecDeque<Candidate>,
	operators: BTreeSet<String>,
	turned_down: BTreeMap<&'static str, usize>,
	/// What went wrong last with those that were taken.
	reasons: VecDeque<String>,
}

/// There are not enough providers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
	"{needed} providers of different operators are needed and {found} can take this{}; use a code with fewer columns, a \
	 shorter or longer term, or try again later",
	turned_down_text(.turned_down)
)]
pub struct PlacementError {
	/// Providers that could take a column.
	pub found: usize,
	/// Columns to place.
	pub needed: usize,
	/// Why others cannot, and how many.
	pub turned_down: BTreeMap<&'static str, usize>,
}

fn turned_down_text(turned_down: &BTreeMap<&'static str, usize>) -> String {
	if turned_down.is_empty() {
		return String::new();
	}
	let reasons: Vec<String> = turned_down.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
	format!(" ({})", reasons.join(", "))
}

impl Candidates {
	/// Those of `providers` that meet the requirements: better reputation first, then the lower price, then by hash.
	pub fn choose(providers: &[ProviderInfo], requirements: &Requirements<'_>) -> Self {
		let mut chosen = Self { operators: requirements.except_operators.clone(), ..Self::default() };
		let mut ranked = Vec::new();
		for info in providers {
			match qualify(info, requirements) {
				Ok(candidate) => {
					let class = candidate.score_ppm / SCORE_CLASS_PPM;
					let mut tie = blake3::Hasher::new();
					tie.update(requirements.tie_break).update(&info.account);
					ranked.push((u32::MAX - class, candidate.rate, *tie.finalize().as_bytes(), candidate));
				},
				Err(reason) => *chosen.turned_down.entry(reason).or_default() += 1,
			}
		}
		ranked.sort_by_key(|ranked| (ranked.0, ranked.1, ranked.2));
		chosen.best_first = ranked.into_iter().map(|(.., candidate)| candidate).collect();
		chosen
	}

	/// How many columns could be placed: different operators.
	pub fn room(&self) -> usize {
		self.best_first
			.iter()
			.map(|candidate| &candidate.operator)
			.filter(|name| !self.operators.contains(*name))
			.collect::<BTreeSet<_>>()
			.len()
	}

	/// Fails unless `needed` columns could be placed.
	pub fn require(&self, needed: usize) -> Result<(), PlacementError> {
		match self.room() {
			found if found < needed => Err(PlacementError { found, needed, turned_down: self.turned_down.clone() }),
			_ => Ok(()),
		}
	}

	/// Orders by price alone, for a client whose limit the best ones exceed.
	pub fn cheapest_first(&mut self) {
		self.best_first.make_contiguous().sort_by_key(|candidate| candidate.rate);
	}

	/// Planck per period for the first `columns` that would be taken.
	pub fn quote(&self, columns: usize) -> Balance {
		let mut operators = self.operators.clone();
		let first = self.best_first.iter().filter(|candidate| operators.insert(candidate.operator.clone()));
		first.take(columns).map(|candidate| candidate.rate).fold(0, Balance::saturating_add)
	}

	/// Takes the best provider whose operator is not in use and whose rate is within `max_rate`.
	pub fn take(&mut self, max_rate: Balance) -> Option<Candidate> {
		let fits = |candidate: &Candidate| candidate.rate <= max_rate && !self.operators.contains(&candidate.operator);
		let place = self.best_first.iter().position(fits)?;
		let candidate = self.best_first.remove(place)?;
		self.operators.insert(candidate.operator.clone());
		Some(candidate)
	}

	/// A provider that was taken failed at a column: tells it, and another of the same operator may do. Where the
	/// failure may pass it may be asked once more, after all others.
	pub fn give_up(
		&mut self,
		mut candidate: Candidate,
		column: ColumnIndex,
		error: &TransferError,
		progress: &ProgressFn<'_>,
	) {
		let (provider, reason) = (candidate.peer.account, error.to_string());
		tracing::debug!(column, operator = candidate.operator, reason, "a provider failed");
		if self.reasons.len() >= MAX_REASONS {
			self.reasons.pop_front();
		}
		self.reasons.push_back(format!("{}: {reason}", candidate.operator));
		self.operators.remove(&candidate.operator);
		candidate.failures += 1;
		if error.is_retryable() && candidate.failures <= RETRIES {
			self.best_first.push_back(candidate);
		}
		progress(Progress::ProviderFailed { column, provider, reason });
	}

	/// What went wrong with those that were given up: the last few failures, oldest first, each told once.
	pub fn take_reasons(&mut self) -> Vec<String> {
		std::mem::take(&mut self.reasons).into()
	}
}

/// Whether a provider can take a column; if not, why, in words that follow a number.
fn qualify(info: &ProviderInfo, requirements: &Requirements<'_>) -> Result<Candidate, &'static str> {
	let operator = operator_of(info);
	if requirements.except.contains(&info.account) || requirements.except_operators.contains(&operator) {
		return Err("already in use for this object");
	}
	if !info.active {
		return Err("not active");
	}
	let offer = info.offer.ok_or("without an offer")?;
	if !requirements.regions.is_empty() && !requirements.regions.contains(&info.region) {
		return Err("in other regions");
	}
	let periods =
		if requirements.or_longer { requirements.periods.max(offer.min_duration) } else { requirements.periods };
	if periods < offer.min_duration || periods > offer.max_duration {
		return Err("not for this term");
	}
	if offer.capacity_chunks.saturating_sub(info.committed_chunks) < requirements.chunks {
		return Err("without room");
	}
	let rate = storage_rate(requirements.chunks, offer.price).ok_or("too expensive")?;
	if requirements.max_rate.is_some_and(|max_rate| rate > max_rate) {
		return Err("too expensive");
	}
	let peer = ProviderPeer::from_info(info).ok_or("without a usable address")?;
	Ok(Candidate { peer, operator, price: offer.price, periods, rate, score_ppm: info.score_ppm, failures: 0 })
}

/// Who runs a provider; one that does not say runs alone.
pub fn operator_of(info: &ProviderInfo) -> String {
	match info.operator.is_empty() {
		true => peoples_cloud_client::format::account_to_ss58(&info.account),
		false => info.operator.clone(),
	}
}

#[cfg(test)]
mod tests;
