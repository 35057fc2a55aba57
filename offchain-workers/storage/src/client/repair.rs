//! Repair: a lost column is rebuilt from any `k` others, without the object's key, and placed anew.
use std::{collections::BTreeSet, sync::Arc, time::Instant};

use bytes::Bytes;
use futures::stream::{FuturesOrdered, StreamExt};
use peoples_cloud_client::{
	chain::{AgreementInfo, Call, Certainty, Chain, ChainError, ColumnInfo, ColumnState},
	wallet::Signer,
};
use peoples_cloud_erasure::{codec, CodeError, Restorer};
use peoples_cloud_primitives::{
	challenge::period_of,
	column::bytes_of,
	manifest::{Manifest, ManifestV1},
	AccountBytes, AgreementId, Balance, ColumnIndex, Hash32,
};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
	columns::{ColumnSource, NotEnoughColumns, StripeReader, StripeShards},
	joined,
	locate::{locate_in, LocateError, Located},
	may_become_final, parallel_stripes,
	placement::{operator_of, Candidate, Candidates},
	put::{Cost, Terms, VALIDITY_BLOCKS},
	PlacementError, Progress, ProgressFn, Requirements,
};
use crate::{
	object::{to_usize, Layout},
	protocol::SignedAck,
	transfer::client::{TransferClient, TransferError},
};

/// Shards that may wait for the new provider.
const QUEUE: usize = 8;
/// Providers that are tried for one column before it is left lost. Those that cost next to nothing are not counted: they
/// end with the providers.
const TRIES: usize = 4;

/// How to repair.
#[derive(Clone, Debug)]
pub struct RepairOptions {
	/// How sure to be of each transaction.
	pub certainty: Certainty,
	/// Regions that are fine; empty: all.
	pub regions: Vec<String>,
}

impl Default for RepairOptions {
	fn default() -> Self {
		Self { certainty: Certainty::Finalised, regions: Vec::new() }
	}
}

/// What was repaired.
#[derive(Debug, Default)]
pub struct RepairOutcome {
	/// Columns that were lost, and who has them now.
	pub replaced: Vec<(AgreementId, ColumnIndex, AccountBytes)>,
	/// Columns that are still lost, and why.
	pub failed: Vec<(AgreementId, ColumnIndex, RepairError)>,
}

/// Why a column could not be rebuilt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
	/// The other columns were not found.
	#[error(transparent)]
	Locate(#[from] LocateError),
	/// Too few of them can be read.
	#[error(transparent)]
	Columns(#[from] NotEnoughColumns),
	/// The code is unknown.
	#[error(transparent)]
	Code(#[from] CodeError),
	/// The agreement has no such column, or the manifest contradicts the agreement.
	#[error(
		"column {0} of the agreement is not a column of the object; the agreement was opened with another manifest"
	)]
	NoSuchColumn(ColumnIndex),
	/// The others are not columns of one encoding: whoever stored the object did not encode it properly.
	#[error("column {0} as rebuilt from the others is not what was stored; the object was broken when it was stored")]
	WrongRoot(ColumnIndex),
	/// Whoever takes the bytes stopped.
	#[error("the rebuilt bytes were no longer wanted")]
	Unwanted,
}

impl RebuildError {
	/// Whether the same request may succeed later without a change.
	pub fn is_retryable(&self) -> bool {
		match self {
			Self::Locate(error) => error.is_retryable(),
			Self::Columns(_) | Self::Unwanted => true,
			_ => false,
		}
	}
}

/// Why an object, or a column of it, could not be repaired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
	/// The chain could not be asked or refused.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// The signer has no agreement about the object.
	#[error("the account {0} has no open agreement about this object; use the account that stored it")]
	NotYours(String),
	/// The agreement is ending.
	#[error("agreement {0} is ending, and its lost columns are no longer worth replacing; store the object anew")]
	Ending(AgreementId),
	/// Nobody can take the column for what it cost so far.
	#[error(transparent)]
	Placement(#[from] PlacementError),
	/// The column could not be rebuilt.
	#[error(transparent)]
	Rebuild(#[from] RebuildError),
	/// All providers that were tried failed.
	#[error("column {column} found no provider that takes it; try again later ({})", reasons.join("; "))]
	ProvidersFailed {
		/// The column.
		column: ColumnIndex,
		/// What went wrong.
		reasons: Vec<String>,
	},
}

/// Rebuilds one column of an agreement from the others and sends it, in order, in pieces of one shard.
///
/// Needs no key. The column's own provider, if it still has it, is not asked. Memory is constant. `Ok` comes only
/// after all bytes were sent and their BLAKE3 hash is the column's root; after an error what was sent is worthless.
pub async fn rebuild_column(
	chain: &dyn Chain,
	transfer: &TransferClient,
	agreement: &AgreementInfo,
	column: ColumnIndex,
	out: mpsc::Sender<Bytes>,
) -> Result<Manifest, RebuildError> {
	let lost = agreement.columns.get(usize::from(column)).ok_or(RebuildError::NoSuchColumn(column))?;
	let agreements = std::slice::from_ref(agreement);
	let located = locate_in(chain, transfer, agreement.object, agreements, Some(lost.provider)).await?;
	let Located { manifest, source, order } = located;
	rebuild(manifest.fields(), source, order, column, &lost.root, out).await?;
	Ok(manifest)
}

/// [`rebuild_column`], once it is known who has the others.
async fn rebuild(
	manifest: &ManifestV1,
	source: Arc<dyn ColumnSource>,
	order: Vec<usize>,
	column: ColumnIndex,
	root: &Hash32,
	out: mpsc::Sender<Bytes>,
) -> Result<(), RebuildError> {
	let index = usize::from(column);
	if manifest.columns.get(index).is_none_or(|column| column.root != *root) {
		return Err(RebuildError::NoSuchColumn(column));
	}
	let codec = codec(manifest.codec, manifest.k.into(), manifest.n())?;
	let layout = Layout::of(manifest).map_err(LocateError::Layout)?;
	let shard_bytes = to_usize(layout.shard_bytes().into());
	let columns = order.into_iter().filter(|other| *other != index).collect();
	let mut reader = StripeReader::new(source, &layout, 0..layout.stripes(), columns);
	let mut restorer: Option<(Vec<usize>, Arc<dyn Restorer>)> = None;
	let mut restoring = FuturesOrdered::new();
	let mut hasher = blake3::Hasher::new();
	let mut ended = false;
	while !(ended && restoring.is_empty()) {
		if !ended && restoring.len() < parallel_stripes() {
			let Some(StripeShards { shards, .. }) = reader.next().await? else {
				ended = true;
				continue;
			};
			let columns: Vec<usize> = shards.iter().map(|(column, _)| *column).collect();
			let ready = match restorer.take() {
				Some((known, ready)) if known == columns => ready,
				_ => Arc::from(codec.restorer(index, &columns)?),
			};
			restorer = Some((columns, ready.clone()));
			restoring.push_back(joined(spawn_blocking(move || {
				let mut shard = vec![0; shard_bytes];
				let shards: Vec<(usize, &[u8])> = shards.iter().map(|(column, shard)| (*column, &shard[..])).collect();
				ready.restore(&shards, &mut shard).map(|()| Bytes::from(shard))
			})));
			continue;
		}
		let Some(shard) = restoring.next().await else { continue };
		let shard = shard?;
		hasher.update(&shard);
		out.send(shard).await.map_err(|_| RebuildError::Unwanted)?;
	}
	match hasher.finalize().as_bytes() == root {
		true => Ok(()),
		false => Err(RebuildError::WrongRoot(column)),
	}
}

/// Rebuilds all lost columns of the signer's agreements about an object and places them with new providers.
///
/// One that fails does not keep the others from being tried; an error comes only if all fail. What was replaced is
/// always told.
pub async fn repair(
	chain: &dyn Chain,
	transfer: &TransferClient,
	signer: &Signer,
	object: Hash32,
	options: &RepairOptions,
	progress: &ProgressFn<'_>,
) -> Result<RepairOutcome, RepairError> {
	let mut agreements = chain.agreements_by_object(object).await?;
	agreements.retain(|agreement| agreement.client == signer.account());
	if agreements.is_empty() {
		return Err(RepairError::NotYours(signer.ss58()));
	}
	let mut outcome = RepairOutcome::default();
	for agreement in &agreements {
		let mut repair = Repair { chain, transfer, signer, agreement, options, progress, operators: BTreeSet::new() };
		for (column, info) in (0..).zip(&agreement.columns) {
			if info.state == ColumnState::Lost {
				match repair.replace(column, info).await {
					Ok(provider) => outcome.replaced.push((agreement.id, column, provider)),
					Err(error) => outcome.failed.push((agreement.id, column, error)),
				}
			}
		}
	}
	match outcome.failed.is_empty() || !outcome.replaced.is_empty() {
		true => Ok(outcome),
		false => Err(outcome.failed.swap_remove(0).2),
	}
}

struct Repair<'a> {
	chain: &'a dyn Chain,
	transfer: &'a TransferClient,
	signer: &'a Signer,
	agreement: &'a AgreementInfo,
	options: &'a RepairOptions,
	progress: &'a ProgressFn<'a>,
	/// Operators that took columns in this repair.
	operators: BTreeSet<String>,
}

impl Repair<'_> {
	async fn replace(&mut self, column: ColumnIndex, info: &ColumnInfo) -> Result<AccountBytes, RepairError> {
		let agreement = self.agreement;
		let head = *self.chain.heads().borrow();
		let period = period_of(head.best, self.chain.proof_params().await?.period_blocks);
		// The chain wants an acknowledgement for at least what is left.
		let remaining = agreement.end.saturating_sub(period);
		// A new provider is paid from the next period on, of which there must be one.
		if agreement.closing || remaining <= 1 {
			return Err(RepairError::Ending(agreement.id));
		}
		let mut terms = Terms {
			genesis: self.chain.genesis(),
			nonce: rand::random(),
			// Rebuilding one column takes no longer than an upload.
			valid_until: head.best.saturating_add(VALIDITY_BLOCKS),
		};
		let mut candidates = self.candidates(info.rate, remaining, &terms).await?;
		let mut tries = 0;
		while tries < TRIES {
			let Some(candidate) = candidates.take(Balance::MAX) else { break };
			match self.place(column, &terms, &candidate).await? {
				Ok(ack) => {
					let provider = candidate.peer.account;
					let acknowledgement = ack.into_parts();
					let call = Call::ReplaceColumn { agreement: agreement.id, column, acknowledgement };
					(self.progress)(Progress::Submitting);
					let submitted = self.chain.submit(self.signer, call, self.options.certainty).await;
					if let Err(error) = submitted {
						// Another repair may have been first, or an earlier one whose end nobody saw.
						let certainty = self.options.certainty;
						return placed(self.chain, agreement.id, column, certainty).await?.ok_or(error.into());
					}
					self.operators.insert(candidate.operator);
					return Ok(provider);
				},
				Err((error, cost)) => {
					tries += usize::from(!cost.is_cheap(bytes_of(agreement.chunks)));
					candidates.give_up(candidate, column, &error, self.progress);
					// An intent is for one upload; the next provider gets one of its own.
					terms.nonce = rand::random();
				},
			}
		}
		Err(RepairError::ProvidersFailed { column, reasons: candidates.take_reasons() })
	}

	/// Providers that could take the column for what it cost so far, or less.
	async fn candidates(&self, max_rate: Balance, periods: u32, terms: &Terms) -> Result<Candidates, RepairError> {
		let providers = self.chain.providers().await?;
		let except: BTreeSet<AccountBytes> = self.agreement.columns.iter().map(|column| column.provider).collect();
		let in_use = providers.iter().filter(|info| except.contains(&info.account)).map(operator_of);
		let except_operators = in_use.chain(self.operators.iter().cloned()).collect();
		let requirements = Requirements {
			chunks: self.agreement.chunks,
			periods,
			// A provider whose shortest term is longer than what is left can still help: it is paid for what is left.
			or_longer: true,
			regions: &self.options.regions,
			max_rate: Some(max_rate),
			except: &except,
			except_operators: &except_operators,
			tie_break: &terms.nonce,
		};
		let candidates = Candidates::choose(&providers, &requirements);
		candidates.require(1)?;
		Ok(candidates)
	}

	/// Rebuilds the column into one provider. The inner error is the provider's, with what it has cost.
	async fn place(
		&self,
		column: ColumnIndex,
		terms: &Terms,
		candidate: &Candidate,
	) -> Result<Result<SignedAck, (TransferError, Cost)>, RepairError> {
		let begun = Instant::now();
		let failed = |error, bytes| Ok(Err((error, Cost { bytes, time: begun.elapsed() })));
		let intent = terms.intent(self.signer, candidate, self.agreement.chunks);
		let mut session = match self.transfer.push(&candidate.peer, intent).await {
			Ok(session) => session,
			Err(error) => return failed(error, 0),
		};
		let total = bytes_of(self.agreement.chunks);
		let mut sent_bytes = 0;
		let (sender, mut shards) = mpsc::channel::<Bytes>(QUEUE);
		let sending = async {
			while let Some(shard) = shards.recv().await {
				session.send(&shard).await?;
				sent_bytes = session.sent_bytes();
				(self.progress)(Progress::Bytes { done: sent_bytes, total });
			}
			drop(shards);
			Ok(session)
		};
		let rebuilding = rebuild_column(self.chain, self.transfer, self.agreement, column, sender);
		let (sent, rebuilt) = tokio::join!(sending, rebuilding);
		let (session, manifest) = match (sent, rebuilt) {
			// The rebuilding stops when nobody takes its bytes: the cause is the provider.
			(Err(error), _) => return failed(error, sent_bytes),
			(Ok(_), Err(error)) => return Err(error.into()),
			(Ok(session), Ok(manifest)) => (session, manifest),
		};
		let ack = match session.finish().await {
			Ok(ack) => ack,
			Err(error) => return failed(error, sent_bytes),
		};
		// The other providers keep copies; this one helps to keep their number.
		if let Err(error) = self.transfer.put_manifest(&candidate.peer, &manifest).await {
			tracing::debug!(%error, "the new provider did not take the manifest");
		}
		Ok(Ok(ack))
	}
}

/// Who holds a column by now, as certain as asked; `None` if it is lost, or what was seen did not become final.
async fn placed(
	chain: &dyn Chain,
	agreement: AgreementId,
	column: ColumnIndex,
	certainty: Certainty,
) -> Result<Option<AccountBytes>, ChainError> {
	let holder = || async {
		let now = chain.agreement(agreement).await?;
		let info = now.as_ref().and_then(|agreement| agreement.columns.get(usize::from(column)));
		Ok(info.filter(|info| info.state == ColumnState::Held).map(|info| info.provider))
	};
	let seen = holder().await?;
	if seen.is_none() || certainty == Certainty::Included {
		return Ok(seen);
	}
	// No earlier than the block that was read. Once it is final, what the best block says stands on it.
	let mut heads = chain.heads();
	let read = heads.borrow().best;
	loop {
		let head = *heads.borrow_and_update();
		if head.finalised >= read {
			return holder().await;
		}
		if !may_become_final(read, head, &mut heads).await {
			return Ok(None);
		}
	}
}

#[cfg(test)]
mod tests;
