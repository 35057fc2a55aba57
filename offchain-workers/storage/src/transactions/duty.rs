//! Duties, and the judgement what a duty needs now, from the chain's state alone.
use std::{
	fmt,
	sync::{Arc, Mutex, PoisonError},
	time::Duration,
};

use codec::{Decode, Encode};
use peoples_cloud_client::{
	chain::{AgreementInfo, Call, Chain, ChainError, Challenge, ColumnState, Head, Offer, ProofParams},
	format::account_to_ss58,
};
use peoples_cloud_primitives::{
	challenge, terms::Acknowledgement, AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32, Period,
};

use crate::{
	holdings::Holdings,
	metrics::Metrics,
	prover::{MissingColumn, Outcome, ProveError, Prover, Released, Trouble},
	worker::WorkError,
};

/// Columns that must be missing at once, and nothing else to show, before it looks like a lost mount and not like
/// lost columns.
const SUSPICIOUS_LOSSES: usize = 3;
/// What a challenge must not overtake is sent only when at least this many blocks are left before the slot: one to be
/// included, one to spare.
const SLOT_MARGIN_BLOCKS: BlockNumber = 2;

/// What a transaction is for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Duty {
	/// Answer the challenge of a period.
	#[codec(index = 0)]
	Prove {
		/// The period.
		period: Period,
	},
	/// Admit the loss of a column.
	#[codec(index = 1)]
	DeclareLost {
		/// Its agreement.
		agreement: AgreementId,
		/// Its place there.
		column: ColumnIndex,
	},
	/// Report another provider's missed period.
	#[codec(index = 2)]
	ReportMissed {
		/// Who missed it.
		provider: AccountBytes,
		/// Which.
		period: Period,
	},
	/// Free the column of a terminated provider for repair.
	#[codec(index = 3)]
	MarkLost {
		/// Its agreement.
		agreement: AgreementId,
		/// Its place there.
		column: ColumnIndex,
	},
	/// Take on a lost column that has been rebuilt here.
	#[codec(index = 4)]
	ReplaceColumn {
		/// Its agreement.
		agreement: AgreementId,
		/// Its place there.
		column: ColumnIndex,
		/// Our acknowledgement.
		acknowledgement: Acknowledgement,
		/// Our signature.
		signature: [u8; 64],
	},
	/// Zero a leaf that is owed no longer.
	#[codec(index = 5)]
	RemoveLeaf {
		/// Its number.
		number: u64,
	},
	/// Settle an agreement that has ended.
	#[codec(index = 6)]
	Settle {
		/// Which.
		agreement: AgreementId,
	},
	/// Pay earnings out.
	#[codec(index = 7)]
	Withdraw {
		/// Only if there are at least this many planck.
		at_least: Balance,
	},
	/// Register as a provider.
	#[codec(index = 8)]
	Register {
		/// libp2p peer id, binary.
		peer_id: Vec<u8>,
		/// Multiaddresses, binary.
		addresses: Vec<Vec<u8>>,
		/// Operator label.
		operator: String,
		/// Region label.
		region: String,
		/// Planck to bond.
		bond: Balance,
	},
	/// Set the storage offer.
	#[codec(index = 9)]
	SetOffer {
		/// Planck per GiB and period.
		price: Balance,
		/// Chunks offered in all.
		capacity_chunks: u64,
		/// Shortest agreement in periods.
		min_duration: u32,
		/// Longest agreement in periods.
		max_duration: u32,
	},
	/// Set peer id and addresses.
	#[codec(index = 10)]
	SetAddresses {
		/// libp2p peer id, binary.
		peer_id: Vec<u8>,
		/// Multiaddresses, binary.
		addresses: Vec<Vec<u8>>,
	},
	/// Set the labels.
	#[codec(index = 11)]
	SetLabels {
		/// Operator label.
		operator: String,
		/// Region label.
		region: String,
	},
	/// Get a provider past a period that nobody can prove or report any more: ourselves when too many periods are over,
	/// others when theirs is excused.
	#[codec(index = 12)]
	Advance {
		/// Whose.
		provider: AccountBytes,
		/// Its first unresolved period.
		period: Period,
	},
}

/// What a duty needs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
	/// Nothing: the chain shows it done.
	Done,
	/// Nothing can be done about it any more.
	Impossible(String),
	/// To be looked at again.
	Later {
		/// After so many blocks.
		blocks: BlockNumber,
		/// Why.
		reason: String,
	},
	/// These have to be done first.
	After(Vec<Duty>),
	/// This transaction.
	Send(Box<Call>),
}

/// What judging needs.
#[derive(Clone)]
pub struct Context {
	/// The chain.
	pub chain: Arc<dyn Chain>,
	/// The provider's account.
	pub account: AccountBytes,
	/// Its holdings.
	pub holdings: Arc<Holdings>,
	/// Makes proofs.
	pub prover: Arc<Prover>,
	/// Counts.
	pub metrics: Metrics,
	/// The proof clock's parameters when they were read last: governance may change them. Clones share them.
	pub(crate) params: Arc<Mutex<ProofParams>>,
	/// Length of a slot, which is a block's at best.
	pub(crate) slot: Duration,
	/// The shortest that a submission may take before its fate counts as unknown.
	pub(crate) shortest_submit_timeout: Duration,
}

impl fmt::Debug for Context {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Context").field("holdings", &self.holdings).finish_non_exhaustive()
	}
}

impl Context {
	/// Reads the parameters from the chain.
	pub async fn read(
		chain: Arc<dyn Chain>,
		account: AccountBytes,
		holdings: Arc<Holdings>,
		prover: Arc<Prover>,
		metrics: Metrics,
	) -> Result<Self, ChainError> {
		let params = chain.proof_params().await?;
		let slot = Duration::from_millis(chain.slot_millis().await?);
		Ok(Self {
			chain,
			account,
			holdings,
			prover,
			metrics,
			params: Arc::new(Mutex::new(params)),
			slot,
			shortest_submit_timeout: Duration::from_secs(2),
		})
	}

	/// Reads the proof clock's parameters anew.
	pub(crate) async fn refresh(&self) -> Result<(), ChainError> {
		let params = self.chain.proof_params().await?;
		*self.params.lock().unwrap_or_else(PoisonError::into_inner) = params;
		Ok(())
	}

	fn params(&self) -> ProofParams {
		*self.params.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Length of a period in blocks.
	pub fn period_blocks(&self) -> BlockNumber {
		self.params().period_blocks
	}

	/// How long a submission may take before its fate counts as unknown.
	pub(crate) fn submit_timeout(&self) -> Duration {
		// Half a window leaves time for a second attempt; never so short that an ordinary inclusion misses it.
		let patient = (self.window_blocks() / 2).clamp(4, 30);
		self.slot.saturating_mul(patient).max(self.shortest_submit_timeout)
	}

	/// Length of the answer window in blocks with room.
	pub(crate) fn window_blocks(&self) -> BlockNumber {
		self.params().window_blocks
	}
}

impl Duty {
	/// Its name in metrics.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Prove { .. } => "prove",
			Self::DeclareLost { .. } => "declare_lost",
			Self::ReportMissed { .. } => "report_missed",
			Self::MarkLost { .. } => "mark_lost",
			Self::ReplaceColumn { .. } => "replace_column",
			Self::RemoveLeaf { .. } => "remove_leaf",
			Self::Settle { .. } => "settle",
			Self::Withdraw { .. } => "withdraw",
			Self::Register { .. } => "register",
			Self::SetOffer { .. } => "set_offer",
			Self::SetAddresses { .. } => "set_addresses",
			Self::SetLabels { .. } => "set_labels",
			Self::Advance { .. } => "advance",
		}
	}

	/// [`Duty::key`] of taking on this column, whatever the acknowledgement.
	pub(crate) fn replacement_key(agreement: AgreementId, column: ColumnIndex) -> Vec<u8> {
		(4u8, agreement, column).encode()
	}

	/// What makes two duties the same. Of a setting there is only one, with the newest value.
	pub fn key(&self) -> Vec<u8> {
		match self {
			Self::ReplaceColumn { agreement, column, .. } => Self::replacement_key(*agreement, *column),
			Self::Withdraw { .. } => vec![7],
			Self::Register { .. } => vec![8],
			Self::SetOffer { .. } => vec![9],
			Self::SetAddresses { .. } => vec![10],
			Self::SetLabels { .. } => vec![11],
			// All fields name the duty; the first byte is the variant's index.
			_ => self.encode(),
		}
	}

	/// Lower goes first: what costs stake when it is late, then what others wait for, then our own interest.
	pub fn urgency(&self) -> u8 {
		match self {
			// Of the losses, those that a proof waits for go before it; all others can wait for it.
			Self::Prove { .. } => 0,
			// Without it no other duty of that provider can be done.
			Self::DeclareLost { .. } | Self::Advance { .. } => 1,
			Self::ReplaceColumn { .. } => 2,
			Self::Register { .. } | Self::SetOffer { .. } | Self::SetAddresses { .. } | Self::SetLabels { .. } => 3,
			Self::MarkLost { .. } => 4,
			Self::ReportMissed { .. } => 5,
			Self::RemoveLeaf { .. } => 6,
			Self::Settle { .. } => 7,
			Self::Withdraw { .. } => 8,
		}
	}

	/// Whether every block counts.
	pub fn is_pressing(&self) -> bool {
		self.urgency() <= 2
	}

	/// Refusals after which it is given up; what gave rise to it brings it back if it still is due. `None`: the
	/// duty itself runs out.
	pub fn max_attempts(&self) -> Option<u32> {
		match self {
			Self::Prove { .. } | Self::DeclareLost { .. } => None,
			Self::Register { .. } | Self::SetOffer { .. } | Self::SetAddresses { .. } | Self::SetLabels { .. } => None,
			Self::ReplaceColumn { .. } | Self::RemoveLeaf { .. } | Self::Settle { .. } => Some(6),
			Self::MarkLost { .. } | Self::ReportMissed { .. } | Self::Advance { .. } | Self::Withdraw { .. } => Some(3),
		}
	}

	/// What it needs now.
	pub async fn judge(&self, context: &Context, head: &Head) -> Result<Verdict, WorkError> {
		let chain = &*context.chain;
		Ok(match self {
			Self::Prove { period } => return judge_proof(context, *period).await,
			Self::DeclareLost { agreement, column } => {
				let Some(info) = owed_column(context, *agreement, *column).await? else { return Ok(Verdict::Done) };
				if let Some(verdict) = loss_must_wait(context, head).await? {
					return Ok(verdict);
				}
				let root = info.root;
				let prover = context.prover.clone();
				// It may have been healed in the meantime.
				match tokio::task::spawn_blocking(move || prover.check(&root)).await? {
					Ok(()) => Verdict::Impossible("the column is whole again".into()),
					Err(Trouble::Lost(_)) => send(Call::DeclareLost(*agreement, *column)),
					// A disk that does not answer may be back in time.
					Err(Trouble::Unavailable(reason)) => {
						let duty = chain.duty(context.account).await?;
						let last_resort = duty.is_some_and(|duty| {
							let challenge = duty.challenge.as_ref();
							challenge.is_some_and(|challenge| is_last_resort(context, challenge, duty.misses_in_row))
						});
						match last_resort {
							true => send(Call::DeclareLost(*agreement, *column)),
							false => Verdict::Later { blocks: 1, reason },
						}
					},
				}
			},
			Self::ReportMissed { provider, period } => match chain.duty(*provider).await? {
				Some(duty) if duty.first_unresolved > *period => Verdict::Done,
				Some(duty) if duty.first_unresolved == *period && duty.reportable => {
					send(Call::ReportMissed { provider: *provider, period: *period })
				},
				_ => Verdict::Impossible("the period cannot be reported as missed".into()),
			},
			Self::Advance { provider, period } => match chain.duty(*provider).await? {
				Some(duty) if duty.first_unresolved > *period => Verdict::Done,
				// A proof resolves a few periods on its way, and others' misses are rewarded when they are reported.
				Some(duty) if duty.behind || (duty.overdue && !duty.reportable) => {
					send(Call::Advance { provider: *provider })
				},
				_ => Verdict::Impossible("nothing stands in the provider's way".into()),
			},
			Self::MarkLost { agreement, column } => {
				let Some(info) = chain.agreement(*agreement).await? else { return Ok(Verdict::Done) };
				let Some(info) = info.columns.get(usize::from(*column)) else { return Ok(Verdict::Done) };
				if info.state == ColumnState::Lost {
					return Ok(Verdict::Done);
				}
				match chain.provider(info.provider).await? {
					Some(provider) if provider.standing != "terminated" => {
						Verdict::Impossible("its provider is not terminated".into())
					},
					_ => send(Call::MarkLost(*agreement, *column)),
				}
			},
			Self::ReplaceColumn { agreement, column, acknowledgement, signature } => {
				let Acknowledgement::V1(terms) = acknowledgement;
				let gone = |reason: &str| Ok(Verdict::Impossible(reason.into()));
				let Some(info) = chain.agreement(*agreement).await? else { return gone("the agreement has ended") };
				let Some(place) = info.columns.get(usize::from(*column)) else {
					return gone("there is no such column");
				};
				match place.state {
					ColumnState::Held if place.provider == context.account => Verdict::Done,
					ColumnState::Held => return gone("another provider took it"),
					ColumnState::Lost if info.closing => return gone("the client is closing the agreement"),
					ColumnState::Lost if head.best >= terms.valid_until => return gone("the acknowledgement ran out"),
					ColumnState::Lost => send(Call::ReplaceColumn {
						agreement: *agreement,
						column: *column,
						acknowledgement: (acknowledgement.clone(), *signature),
					}),
				}
			},
			Self::RemoveLeaf { number } => return judge_removal(context, *number, head).await,
			Self::Settle { agreement } => return judge_settlement(context, *agreement, head).await,
			Self::Withdraw { at_least } => {
				if chain.earnings(context.account).await? >= (*at_least).max(1) {
					send(Call::Withdraw)
				} else {
					Verdict::Done
				}
			},
			Self::Register { peer_id, addresses, operator, region, bond } => {
				if chain.provider(context.account).await?.is_some() {
					return Ok(Verdict::Done);
				}
				send(Call::RegisterProvider {
					peer_id: peer_id.clone(),
					addresses: addresses.clone(),
					operator: operator.clone(),
					region: region.clone(),
					bond: *bond,
				})
			},
			Self::SetOffer { price, capacity_chunks, min_duration, max_duration } => {
				let offer = Offer {
					price: *price,
					capacity_chunks: *capacity_chunks,
					min_duration: *min_duration,
					max_duration: *max_duration,
				};
				match chain.provider(context.account).await? {
					None => Verdict::Later { blocks: 1, reason: "not registered yet".into() },
					Some(provider) if provider.offer == Some(offer) => Verdict::Done,
					Some(provider) if matches!(provider.standing.as_str(), "leaving" | "terminated") => {
						Verdict::Impossible("the provider is on its way out".into())
					},
					Some(_) => send(Call::SetOffer(offer)),
				}
			},
			Self::SetAddresses { peer_id, addresses } => match chain.provider(context.account).await? {
				None => Verdict::Later { blocks: 1, reason: "not registered yet".into() },
				Some(provider) if provider.peer_id == *peer_id && provider.addresses == *addresses => Verdict::Done,
				Some(_) => send(Call::UpdateAddresses { peer_id: peer_id.clone(), addresses: addresses.clone() }),
			},
			Self::SetLabels { operator, region } => match chain.provider(context.account).await? {
				None => Verdict::Later { blocks: 1, reason: "not registered yet".into() },
				Some(provider) if provider.operator == *operator && provider.region == *region => Verdict::Done,
				Some(_) => send(Call::UpdateLabels { operator: operator.clone(), region: region.clone() }),
			},
		})
	}
}

fn send(call: Call) -> Verdict {
	Verdict::Send(Box::new(call))
}

/// Makes the proof of a period, or says what stands in its way.
async fn judge_proof(context: &Context, period: Period) -> Result<Verdict, WorkError> {
	let Some(duty) = context.chain.duty(context.account).await? else { return Ok(Verdict::Done) };
	if duty.first_unresolved > period {
		return Ok(Verdict::Done);
	}
	let Some(challenge) = duty.challenge.filter(|challenge| challenge.period == period) else {
		return Ok(if duty.behind {
			Verdict::After(vec![Duty::Advance { provider: context.account, period: duty.first_unresolved }])
		} else if duty.overdue && duty.first_unresolved == period {
			Verdict::Impossible("its window has closed".into())
		} else {
			Verdict::Later { blocks: 1, reason: "its slot has not come".into() }
		});
	};
	let mut released = Released::new();
	loop {
		let started = std::time::Instant::now();
		let (prover, asked, known) = (context.prover.clone(), challenge.clone(), released.clone());
		let outcome = tokio::task::spawn_blocking(move || prover.answer(&asked, &known)).await?;
		match outcome {
			Ok(Outcome::Proof(proof)) => {
				context.metrics.proof_seconds.observe(started.elapsed().as_secs_f64());
				return Ok(send(Call::Prove { provider: context.account, period, proof: *proof }));
			},
			Ok(Outcome::Missing { columns, shown }) => {
				let before = released.len();
				let verdict =
					judge_missing(context, &challenge, columns, shown, &mut released, duty.misses_in_row).await?;
				if let Some(verdict) = verdict {
					return Ok(verdict);
				}
				if released.len() == before {
					return Ok(Verdict::Later { blocks: 1, reason: "missing columns are not known as lost".into() });
				}
			},
			Err(ProveError::OutOfStep | ProveError::Tree(_)) => {
				return Ok(Verdict::Later { blocks: 1, reason: "the holdings are not in step with the chain".into() });
			},
			Err(error) => return Err(error.into()),
		}
	}
}

/// Sorts missing columns: those that the chain knows as released go to `released`; `None` says that all did.
async fn judge_missing(
	context: &Context,
	challenge: &Challenge,
	columns: Vec<MissingColumn>,
	shown: usize,
	released: &mut Released,
	misses_in_row: u32,
) -> Result<Option<Verdict>, WorkError> {
	let mut owed = Vec::new();
	for missing in columns {
		let id = missing.leaf.agreement;
		let info = context.chain.agreement(id).await?;
		match info.as_ref().and_then(|info| owed_place(info, context.account, &missing.leaf.root, challenge.period)) {
			Some(column) => {
				let prover = context.prover.clone();
				owed.push(
					tokio::task::spawn_blocking(move || {
						let trouble = prover.diagnose(&missing);
						(MissingColumn { trouble, ..missing }, column)
					})
					.await?,
				);
			},
			None => {
				released.insert((id, missing.leaf.root));
			},
		}
	}
	if owed.is_empty() {
		return Ok(None);
	}
	let unavailable = owed.iter().any(|(missing, _)| matches!(missing.trouble, Trouble::Unavailable(_)));
	let suspicious = shown == 0 && released.is_empty() && owed.len() >= SUSPICIOUS_LOSSES;
	// A disk that is not mounted or does not answer looks like this, and may be back in time. One missed period costs
	// less than giving up columns that are not lost; a second one in a row does not.
	if (unavailable || suspicious) && !is_last_resort(context, challenge, misses_in_row) {
		let reason = format!("{} challenged columns cannot be read; is the disk there?", owed.len());
		tracing::error!(target: "storage::prover", period = challenge.period, reason);
		return Ok(Some(Verdict::Later { blocks: 1, reason }));
	}
	for (missing, column) in &owed {
		context.metrics.columns_lost.inc();
		tracing::error!(
			target: "storage::prover", agreement = missing.leaf.agreement, column, trouble = %missing.trouble,
			"a challenged column is lost; admitting it"
		);
	}
	let duties = owed
		.into_iter()
		.map(|(missing, column)| Duty::DeclareLost { agreement: missing.leaf.agreement, column })
		.collect();
	Ok(Some(Verdict::After(duties)))
}

/// What an admission of loss waits for, if it can wait.
///
/// The chain pays for none of the periods whose challenge is fixed and unanswered when a loss is admitted. A proof that
/// needs the admission waits for it; any other goes first, being more urgent. And a block too late is a slot too late.
async fn loss_must_wait(context: &Context, head: &Head) -> Result<Option<Verdict>, WorkError> {
	let Some(duty) = context.chain.duty(context.account).await? else { return Ok(None) };
	if duty.behind {
		let first = Duty::Advance { provider: context.account, period: duty.first_unresolved };
		return Ok(Some(Verdict::After(vec![first])));
	}
	let left = next_slot(&context.account, head.best, context.period_blocks()).saturating_sub(head.best);
	Ok((duty.challenge.is_none() && left <= SLOT_MARGIN_BLOCKS)
		.then(|| Verdict::Later { blocks: left.saturating_add(1), reason: "a challenge comes soon".into() }))
}

/// Whether a second period in a row is about to be missed: then even what may come back is given up.
fn is_last_resort(context: &Context, challenge: &Challenge, misses_in_row: u32) -> bool {
	misses_in_row > 0 && challenge.blocks_left <= context.window_blocks() / 3
}

/// The place of the column with this root, if `account` owes it in `period` under this agreement.
pub(crate) fn owed_place(
	info: &AgreementInfo,
	account: AccountBytes,
	root: &Hash32,
	period: Period,
) -> Option<ColumnIndex> {
	(0..).zip(&info.columns).find_map(|(index, column)| {
		let ours = column.provider == account && column.root == *root;
		(ours && column.state == ColumnState::Held && column.end > period).then_some(index)
	})
}

/// A column that we owe now; `None` once it is lost, ended or with somebody else.
async fn owed_column(
	context: &Context,
	agreement: AgreementId,
	column: ColumnIndex,
) -> Result<Option<peoples_cloud_client::chain::ColumnInfo>, WorkError> {
	let Some(info) = context.chain.agreement(agreement).await? else { return Ok(None) };
	let unresolved = context.chain.duty(context.account).await?.map_or(0, |duty| duty.first_unresolved);
	let place = info.columns.into_iter().nth(usize::from(column));
	Ok(place.filter(|place| {
		place.provider == context.account && place.state == ColumnState::Held && place.end > unresolved
	}))
}

async fn judge_removal(context: &Context, number: u64, head: &Head) -> Result<Verdict, WorkError> {
	let later = |blocks: BlockNumber, reason: &str| Ok(Verdict::Later { blocks, reason: reason.into() });
	let Some(duty) = context.chain.duty(context.account).await? else { return Ok(Verdict::Done) };
	if !context.holdings.matches(&duty.holdings)? || context.holdings.leaves() != duty.holdings.leaves() {
		return later(1, "the holdings are not in step with the chain");
	}
	let Some(record) = context.holdings.record(number)? else { return Ok(Verdict::Done) };
	let Some(leaf) = record.leaf.filter(|_| record.live) else { return Ok(Verdict::Done) };
	// The challenged holdings must not change before the challenge is answered.
	if duty.challenge.is_some() {
		return later(2, "a challenge is open");
	}
	if duty.behind {
		return later(2, "too many periods are unresolved");
	}
	let left = next_slot(&context.account, head.best, context.period_blocks()).saturating_sub(head.best);
	if left <= SLOT_MARGIN_BLOCKS {
		return later(left.saturating_add(1), "a challenge comes soon");
	}
	let as_of = removable_as_of(duty.first_unresolved, head.best, context.period_blocks());
	let info = context.chain.agreement(leaf.agreement).await?;
	if info.is_some_and(|info| owed_place(&info, context.account, &leaf.root, as_of).is_some()) {
		return Ok(Verdict::Impossible("the column is still owed".into()));
	}
	let provider = context.chain.provider(context.account).await?;
	if provider.is_none_or(|provider| provider.standing == "terminated") {
		return Ok(Verdict::Impossible("the chain has terminated this provider".into()));
	}
	let path = context.holdings.path(number, duty.holdings.leaves())?;
	Ok(send(Call::RemoveLeaf { provider: context.account, number, leaf, path }))
}

/// The period as of which the chain asks whether a leaf is owed no longer: the present one, too, even if it is proven,
/// since a client may extend an agreement until it is over.
pub(crate) fn removable_as_of(unresolved: Period, best: BlockNumber, period_blocks: BlockNumber) -> Period {
	unresolved.min(challenge::period_of(best, period_blocks))
}

/// The provider's first slot after block `best`.
fn next_slot(provider: &AccountBytes, best: BlockNumber, period_blocks: BlockNumber) -> BlockNumber {
	let period = challenge::period_of(best, period_blocks);
	(period..=period.saturating_add(1))
		.filter_map(|period| challenge::slot_block(provider, period, period_blocks))
		.find(|slot| *slot > best)
		.unwrap_or(BlockNumber::MAX)
}

async fn judge_settlement(context: &Context, agreement: AgreementId, head: &Head) -> Result<Verdict, WorkError> {
	let Some(info) = context.chain.agreement(agreement).await? else { return Ok(Verdict::Done) };
	let current = challenge::period_of(head.best, context.period_blocks());
	let later = |reason: String| {
		let blocks = (context.period_blocks() / 4).max(1);
		Ok(Verdict::Later { blocks, reason })
	};
	// A lost column may be placed anew until then.
	let repairable = !info.closing && current.saturating_add(1) < info.end;
	if repairable && info.columns.iter().any(|column| column.state == ColumnState::Lost) {
		return later("a lost column can still be repaired".into());
	}
	for column in info.columns.iter().filter(|column| column.state == ColumnState::Held) {
		let Some(duty) = context.chain.duty(column.provider).await? else { continue };
		// An overdue provider's missed periods are resolved by the settlement itself.
		if duty.first_unresolved >= column.end || duty.overdue {
			continue;
		}
		let provider = context.chain.provider(column.provider).await?;
		if repairable || provider.is_some_and(|provider| provider.standing != "terminated") {
			return later(format!("{} has unresolved periods", account_to_ss58(&column.provider)));
		}
	}
	Ok(send(Call::Settle(agreement)))
}

impl fmt::Display for Duty {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Prove { period } => write!(f, "prove period {period}"),
			Self::DeclareLost { agreement, column } => {
				write!(f, "declare column {column} of agreement {agreement} lost")
			},
			Self::ReportMissed { provider, period } => {
				write!(f, "report period {period} of {} as missed", account_to_ss58(provider))
			},
			Self::MarkLost { agreement, column } => write!(f, "mark column {column} of agreement {agreement} lost"),
			Self::ReplaceColumn { agreement, column, .. } => {
				write!(f, "take on column {column} of agreement {agreement}")
			},
			Self::RemoveLeaf { number } => write!(f, "remove leaf {number}"),
			Self::Settle { agreement } => write!(f, "settle agreement {agreement}"),
			Self::Withdraw { .. } => write!(f, "withdraw earnings"),
			Self::Register { .. } => write!(f, "register as a provider"),
			Self::SetOffer { .. } => write!(f, "set the offer"),
			Self::SetAddresses { .. } => write!(f, "set the addresses"),
			Self::SetLabels { .. } => write!(f, "set the labels"),
			Self::Advance { provider, period } => {
				write!(f, "advance {} past period {period}", account_to_ss58(provider))
			},
		}
	}
}

/// Serialises a duty as its text.
pub(crate) fn serialize<S: serde::Serializer>(duty: &Duty, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.collect_str(duty)
}
