//! Takes on lost columns: rebuilds one from the others of its object, stores it, and replaces the provider that lost
//! it. Whose turn it is, every provider works out alike from the chain, so that one rebuilds and not all.
use std::collections::BTreeMap;

use async_trait::async_trait;
use peoples_cloud_client::{
	chain::{AgreementInfo, ColumnState, LostColumn, ProviderInfo},
	wallet::Signer,
};
use peoples_cloud_primitives::{
	terms::{storage_rate, Acknowledgement, AcknowledgementV1, IntentNonce},
	AccountBytes, AgreementId, BlockNumber, ColumnIndex,
};
use rand::RngCore;
use std::sync::Arc;

use super::{lot, rebuild::Rebuilder, Shared};
use crate::{
	store::{Pending, Purpose},
	transactions::Duty,
	worker::{Progress, WorkError, Worker},
};

const LOG_TARGET: &str = "storage::repair_columns";
/// Blocks between two looks at the list of lost columns.
const INTERVAL_BLOCKS: BlockNumber = 2;
/// Blocks that the next in turn waits for the one before, besides the time that the rebuilding takes.
const TURN_BLOCKS: BlockNumber = 12;
/// Chunks that are fetched in a block's time at least: 1 MiB/s at 6 s.
const CHUNKS_PER_BLOCK: u64 = 6 * 1_024;
/// Blocks for which our acknowledgement to ourselves is good: for the rebuilding, which takes hours for a large column
/// on a slow line, and then for the queue. The chain takes 1,200 at most, counted from when it sees it.
const VALID_BLOCKS: BlockNumber = 1_000;

/// What is known of a lost column.
#[derive(Clone, Copy, Debug)]
struct Seen {
	/// When it was first seen lost.
	since: BlockNumber,
	/// Not tried before this block.
	next: BlockNumber,
	attempts: u32,
}

/// See the module.
#[derive(Debug)]
pub struct RepairColumns {
	shared: Shared,
	signer: Arc<Signer>,
	rebuilder: Rebuilder,
	seen: BTreeMap<(AgreementId, ColumnIndex), Seen>,
	next: BlockNumber,
	repaired: u64,
	doing: String,
}

impl RepairColumns {
	/// Repairs with the provider's key.
	pub fn new(shared: Shared, signer: Arc<Signer>, rebuilder: Rebuilder) -> Self {
		Self { shared, signer, rebuilder, seen: BTreeMap::new(), next: 0, repaired: 0, doing: String::new() }
	}

	/// The terms on which we could take this column on, if we may at all, and how many go before us.
	async fn turn(
		&self,
		lost: LostColumn,
		best: BlockNumber,
		providers: &[ProviderInfo],
	) -> Result<Option<Turn>, WorkError> {
		let chain = &*self.shared.context.chain;
		let Some(info) = chain.agreement(lost.agreement).await? else { return Ok(None) };
		let Some(place) = info.columns.get(usize::from(lost.column)).cloned() else { return Ok(None) };
		// Payment starts with the next period.
		let current = self.shared.period(best);
		let remaining = info.end.saturating_sub(current);
		if place.state != ColumnState::Lost || info.closing || remaining <= 1 {
			return Ok(None);
		}
		let rate_of = |provider: &ProviderInfo| {
			let offer = provider.offer.filter(|offer| {
				let room = offer.capacity_chunks.saturating_sub(provider.committed_chunks);
				room >= info.chunks && (offer.min_duration..=offer.max_duration).contains(&remaining)
			})?;
			storage_rate(info.chunks, offer.price).filter(|rate| *rate <= place.rate)
		};
		let held = || info.columns.iter().filter(|column| column.state == ColumnState::Held);
		let operators: Vec<&str> = held()
			.filter_map(|column| providers.iter().find(|provider| provider.account == column.provider))
			.map(|provider| provider.operator.as_str())
			.collect();
		let may = |provider: &ProviderInfo| {
			let apart = held().all(|column| column.provider != provider.account)
				&& !operators.contains(&provider.operator.as_str())
				// Who has lost it once is not asked first of all again.
				&& provider.account != place.provider;
			(provider.active && apart).then(|| rate_of(provider)).flatten()
		};
		let me = self.shared.account();
		let Some(rate) = providers.iter().find(|provider| provider.account == me).and_then(may) else {
			return Ok(None);
		};
		let mine = rank(&me, lost);
		let before =
			providers.iter().filter(|provider| rank(&provider.account, lost) < mine && may(provider).is_some());
		let before = BlockNumber::try_from(before.count()).unwrap_or(BlockNumber::MAX);
		Ok(Some(Turn { info, rate, remaining, before }))
	}

	/// Rebuilds the column, acknowledges it to its client, and queues the transaction.
	async fn repair(&mut self, lost: LostColumn, turn: Turn, best: BlockNumber) -> Result<(), WorkError> {
		let Turn { info, rate, remaining, .. } = turn;
		let Some(place) = info.columns.get(usize::from(lost.column)) else { return Ok(()) };
		self.doing = format!("rebuilding column {} of agreement {}", lost.column, lost.agreement);
		tracing::info!(target: LOG_TARGET, agreement = lost.agreement, column = lost.column, "rebuilding a lost column");
		let mut nonce = IntentNonce::default();
		rand::thread_rng().fill_bytes(&mut nonce);
		let valid_until = best.saturating_add(VALID_BLOCKS);
		// Nobody's money depends on it: the client has paid already.
		let pending =
			Pending { client: info.client, nonce, valid_until, price: 0, peer: Vec::new(), object: Some(info.object) };
		self.rebuilder.rebuild(&self.shared, &info, lost.column, Purpose::Pending(pending)).await?;
		let acknowledgement = Acknowledgement::V1(AcknowledgementV1 {
			genesis: self.shared.context.chain.genesis(),
			client: info.client,
			provider: self.shared.account(),
			nonce,
			root: place.root,
			chunks: info.chunks,
			rate,
			duration: remaining,
			valid_until,
		});
		let signature = self.signer.sign(&acknowledgement.signing_bytes());
		let duty = Duty::ReplaceColumn { agreement: lost.agreement, column: lost.column, acknowledgement, signature };
		self.shared.queue.enqueue(duty, best)?;
		self.repaired += 1;
		self.shared.context.metrics.columns_repaired.inc();
		Ok(())
	}

	/// What is known of a lost column, if it is to be looked at now.
	fn due(&mut self, lost: LostColumn, best: BlockNumber) -> Option<Seen> {
		let key = (lost.agreement, lost.column);
		let seen = *self.seen.entry(key).or_insert(Seen { since: best, next: best, attempts: 0 });
		// What has been rebuilt already is not rebuilt again while its transaction is under way.
		(best >= seen.next && !self.shared.queue.is_replacing(lost.agreement, lost.column)).then_some(seen)
	}

	async fn try_one(
		&mut self,
		lost: LostColumn,
		seen: Seen,
		best: BlockNumber,
		providers: &[ProviderInfo],
	) -> Result<bool, WorkError> {
		let key = (lost.agreement, lost.column);
		let Some(turn) = self.turn(lost, best, providers).await? else {
			// Not ours to take now; offers and capacities change.
			self.seen.insert(key, Seen { next: best.saturating_add(TURN_BLOCKS), ..seen });
			return Ok(false);
		};
		let from = seen.since.saturating_add(turn.before.saturating_mul(turn_blocks(&turn.info)));
		if best < from {
			self.seen.insert(key, Seen { next: from, ..seen });
			return Ok(false);
		}
		let attempts = seen.attempts.saturating_add(1);
		let pause = turn_blocks(&turn.info).saturating_mul(1 << attempts.min(6));
		self.seen.insert(key, Seen { next: best.saturating_add(pause), attempts, ..seen });
		let outcome = self.repair(lost, turn, best).await;
		self.doing.clear();
		outcome.map(|()| true)
	}
}

#[derive(Debug)]
struct Turn {
	info: AgreementInfo,
	rate: peoples_cloud_primitives::Balance,
	remaining: u32,
	/// Providers that go first.
	before: BlockNumber,
}

/// A provider's turn: as long as fetching `k` columns and replacing one takes.
fn turn_blocks(info: &AgreementInfo) -> BlockNumber {
	let work = info.chunks.saturating_mul(u64::from(info.k)) / CHUNKS_PER_BLOCK;
	TURN_BLOCKS.saturating_add(BlockNumber::try_from(work).unwrap_or(BlockNumber::MAX))
}

/// The order in which providers take a lost column on.
fn rank(provider: &AccountBytes, lost: LostColumn) -> u64 {
	let parts: [&[u8]; 3] = [provider, &lost.agreement.to_le_bytes(), &lost.column.to_le_bytes()];
	lot("peoples-cloud 2026 repair turn", &parts)
}

#[async_trait]
impl Worker for RepairColumns {
	fn name(&self) -> &'static str {
		"repair_columns"
	}

	fn status(&self) -> String {
		match self.doing.is_empty() {
			true => format!("{} lost columns known, {} rebuilt here", self.seen.len(), self.repaired),
			false => self.doing.clone(),
		}
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest() else { return Ok(Progress::Idle) };
		let best = view.head.best;
		if best < self.next {
			return Ok(Progress::Idle);
		}
		let lost = self.shared.context.chain.lost_columns().await?;
		self.seen.retain(|key, _| lost.iter().any(|lost| (lost.agreement, lost.column) == *key));
		let due: Vec<(LostColumn, Seen)> =
			lost.into_iter().filter_map(|lost| self.due(lost, best).map(|seen| (lost, seen))).collect();
		// All of them are a long list: read once for all columns.
		let providers = if due.is_empty() { Vec::new() } else { self.shared.context.chain.providers().await? };
		for (lost, seen) in due {
			match self.try_one(lost, seen, best, &providers).await {
				Ok(false) => {},
				// A rebuild takes its time: the list may be old.
				Ok(true) => return Ok(Progress::More),
				Err(error) => {
					let LostColumn { agreement, column } = lost;
					tracing::warn!(target: LOG_TARGET, agreement, column, %error, "cannot take a lost column on now");
				},
			}
		}
		self.next = best.saturating_add(INTERVAL_BLOCKS);
		Ok(Progress::Idle)
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}

#[cfg(test)]
mod tests;
