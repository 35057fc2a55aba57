//! What the chain knows after a block.
use std::collections::{BTreeMap, BTreeSet};

use peoples_cloud_client::chain::{
	AgreementInfo, Challenge, ColumnInfo, ColumnState, Duty, Event, LostColumn, Needs, Offer, ProofParams, ProviderInfo,
};
use peoples_cloud_primitives::{
	challenge,
	holdings::{Commitment, Leaf, Node},
	AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32, Period,
};

use super::Amounts;

/// Misses in a row after which a provider is terminated.
const TERMINATE_AFTER: u32 = 3;
/// Most periods that a transaction resolves on its way.
pub(super) const CATCH_UP: u32 = 4;
/// Most periods that `advance` resolves.
pub(super) const MAX_ADVANCE: u32 = 16;
/// Blocks whose randomness is kept, unless a test says otherwise.
const SEED_RING: BlockNumber = 4_096;

/// Where a provider stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
	pub(super) holdings: Commitment,
	pub(super) first_unresolved: Period,
	pub(super) misses_in_row: u32,
	pub(super) proven: BTreeSet<Period>,
	/// Periods before this one are not paid even if they are proven.
	pub(super) unpaid_until: Period,
}

/// What a period came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
	/// It was proven.
	Proven,
	/// It was answered, but for the most part by columns that are not owed.
	Stale,
	/// It was not answered.
	Missed,
}

/// Where a period stands.
pub(super) enum PeriodState {
	/// Its slot has not come.
	Ahead,
	/// It can be answered.
	Open(Challenge),
	/// It can no longer be answered.
	Closed,
	/// Nothing was held, or the chain does not know any more.
	Excused,
}

/// A column of an agreement to be opened.
#[derive(Clone, Copy, Debug)]
pub struct NewColumn {
	/// Who holds it.
	pub provider: AccountBytes,
	/// Its root.
	pub root: Hash32,
	/// Planck per period.
	pub rate: Balance,
}

/// What the chain knows after a block.
#[derive(Clone, Debug)]
pub struct State {
	pub(super) params: ProofParams,
	pub(super) number: BlockNumber,
	pub(super) seeds: BTreeMap<BlockNumber, Hash32>,
	/// Providers.
	pub providers: BTreeMap<AccountBytes, ProviderInfo>,
	/// Free balances.
	pub balances: Amounts,
	/// Earnings not withdrawn.
	pub earnings: Amounts,
	/// Open agreements.
	pub agreements: BTreeMap<AgreementId, AgreementInfo>,
	pub(super) standings: BTreeMap<AccountBytes, Standing>,
	/// Commitments as of the start of slot blocks.
	pub(super) snapshots: BTreeMap<(AccountBytes, BlockNumber), Commitment>,
	pub(super) next_agreement: AgreementId,
	/// Every `mark_lost` is refused.
	pub refuse_marks: bool,
	/// Blocks whose randomness is kept: what is not resolved within them is excused.
	pub seed_ring: BlockNumber,
	/// What opening an agreement is said to need beside its price.
	pub overhead: Needs,
}

impl State {
	pub(super) fn new(params: ProofParams) -> Self {
		Self {
			params,
			number: 0,
			seeds: BTreeMap::new(),
			providers: BTreeMap::new(),
			balances: BTreeMap::new(),
			earnings: BTreeMap::new(),
			agreements: BTreeMap::new(),
			standings: BTreeMap::new(),
			snapshots: BTreeMap::new(),
			next_agreement: 0,
			refuse_marks: false,
			seed_ring: SEED_RING,
			overhead: Needs::default(),
		}
	}

	pub(super) fn begin_block(&mut self, number: BlockNumber, fork: u64) {
		self.number = number;
		let seed = blake3::hash(&[number.to_le_bytes().as_slice(), &fork.to_le_bytes(), b"seed"].concat());
		self.seeds.insert(number, *seed.as_bytes());
		let slots: Vec<AccountBytes> = self
			.standings
			.iter()
			.filter(|(provider, _)| self.slot(provider, self.period()) == number)
			.map(|(provider, _)| *provider)
			.collect();
		for provider in slots {
			self.snapshots.insert((provider, number), self.commitment(&provider));
		}
	}

	/// The current period.
	pub fn period(&self) -> Period {
		challenge::period_of(self.number, self.params.period_blocks)
	}

	/// Registers a provider with a large offer.
	pub fn add_provider(&mut self, account: AccountBytes, operator: &str) {
		let offer = Offer { price: 1, capacity_chunks: 1 << 40, min_duration: 1, max_duration: 1_000_000 };
		let info = ProviderInfo {
			account,
			peer_id: Vec::new(),
			addresses: Vec::new(),
			operator: operator.into(),
			region: String::new(),
			bonded: 0,
			active: true,
			standing: "active".into(),
			offer: Some(offer),
			committed_chunks: 0,
			score_ppm: 500_000,
		};
		self.providers.insert(account, info);
	}

	/// Opens an agreement over columns of equal length.
	pub fn open(
		&mut self,
		events: &mut Vec<Event>,
		client: AccountBytes,
		object: Hash32,
		chunks: u64,
		duration: u32,
		columns: &[NewColumn],
	) -> AgreementId {
		let id = self.next_agreement;
		self.next_agreement += 1;
		let start = self.period() + 1;
		let end = start + duration;
		events.push(Event::AgreementOpened { agreement: id, object });
		let columns = columns
			.iter()
			.map(|NewColumn { provider, root, rate }| {
				let leaf = self.append(events, *provider, Leaf { agreement: id, root: *root, chunks });
				let (provider, root, rate) = (*provider, *root, *rate);
				ColumnInfo { provider, root, leaf, rate, max_rate: rate, start, end, state: ColumnState::Held }
			})
			.collect::<Vec<_>>();
		let locked = columns.iter().map(|column| column.rate * Balance::from(duration)).sum();
		let agreement =
			AgreementInfo { id, client, object, k: 1, chunks, end, closing: false, columns, locked, earned: 0 };
		self.agreements.insert(id, agreement);
		id
	}

	/// The client closes an agreement: it ends with the current period.
	pub fn close(&mut self, events: &mut Vec<Event>, id: AgreementId) {
		let end = self.period() + 1;
		if let Some(agreement) = self.agreements.get_mut(&id) {
			agreement.closing = true;
			agreement.end = agreement.end.min(end);
			for column in &mut agreement.columns {
				column.end = column.end.min(end).max(column.start);
			}
			events.push(Event::AgreementClosing { agreement: id, refunded: 0 });
		}
	}

	/// Governance changes the length of a period, while nothing is stored.
	pub fn set_period_blocks(&mut self, blocks: BlockNumber) {
		self.params.period_blocks = blocks;
	}

	/// A provider that nothing is owed by any more takes the last of its stake: the chain forgets its duty.
	pub fn forget(&mut self, provider: AccountBytes) {
		self.standings.remove(&provider);
		self.snapshots.retain(|(owner, _), _| *owner != provider);
	}

	pub(super) fn append(&mut self, events: &mut Vec<Event>, provider: AccountBytes, leaf: Leaf) -> u64 {
		let ahead = self.first_ahead(&provider);
		if !self.standings.contains_key(&provider) || self.is_idle(provider) {
			self.standings.entry(provider).or_default().first_unresolved = ahead;
		}
		let standing = self.standings.entry(provider).or_default();
		let at = standing.holdings.append(&leaf).unwrap_or(u64::MAX);
		events.push(Event::LeafAppended { provider, number: at, leaf });
		at
	}

	/// Whether the provider no longer owes this leaf's column in a period.
	pub fn is_released(&self, provider: AccountBytes, leaf: &Leaf, period: Period) -> bool {
		let Some(agreement) = self.agreements.get(&leaf.agreement) else { return true };
		agreement.columns.iter().all(|column| {
			column.provider != provider
				|| column.root != leaf.root
				|| column.state == ColumnState::Lost
				|| column.end <= period
		})
	}

	pub(super) fn slot(&self, provider: &AccountBytes, period: Period) -> BlockNumber {
		challenge::slot_block(provider, period, self.params.period_blocks).unwrap_or(BlockNumber::MAX)
	}

	/// The first period whose slot is still to come.
	fn first_ahead(&self, provider: &AccountBytes) -> Period {
		let period = self.period();
		period + Period::from(self.slot(provider, period) <= self.number)
	}

	/// Whether a provider owes nothing in its first unresolved period or later.
	pub(super) fn is_idle(&self, provider: AccountBytes) -> bool {
		let from = self.standings.get(&provider).map_or(0, |standing| standing.first_unresolved);
		self.is_idle_from(provider, from)
	}

	/// Whether a provider owes nothing in a period or later.
	fn is_idle_from(&self, provider: AccountBytes, from: Period) -> bool {
		self.agreements
			.values()
			.flat_map(|agreement| &agreement.columns)
			.all(|column| column.provider != provider || column.state == ColumnState::Lost || column.end <= from)
	}

	/// Where a period stands for what is included in block `now`.
	pub(super) fn period_state(&self, provider: AccountBytes, period: Period, now: BlockNumber) -> PeriodState {
		let slot_block = self.slot(&provider, period);
		if slot_block >= now {
			return PeriodState::Ahead;
		}
		let Some(holdings) = self.snapshots.get(&(provider, slot_block)).cloned() else { return PeriodState::Excused };
		let forgotten = slot_block.saturating_add(self.seed_ring) < now;
		if forgotten || holdings.total_chunks() == 0 {
			return PeriodState::Excused;
		}
		let blocks_left = self.params.window_blocks.saturating_sub(now - 1 - slot_block);
		if blocks_left == 0 {
			return PeriodState::Closed;
		}
		let seed = challenge::seed(&self.seeds.get(&slot_block).copied().unwrap_or_default(), &provider);
		let challenges = self.params.challenges;
		PeriodState::Open(Challenge { period, slot_block, seed, challenges, holdings, blocks_left })
	}

	/// Whether the provider is out for good.
	pub(super) fn is_terminated(&self, provider: AccountBytes) -> bool {
		self.providers.get(&provider).is_some_and(|info| info.standing == "terminated")
	}

	/// Whether the first unresolved period could be resolved now.
	pub(super) fn is_behind(&self, provider: AccountBytes) -> bool {
		let Some(standing) = self.standings.get(&provider) else { return false };
		!self.is_terminated(provider)
			&& !self.is_idle(provider)
			&& matches!(
				self.period_state(provider, standing.first_unresolved, self.number),
				PeriodState::Closed | PeriodState::Excused
			)
	}

	/// A provider admits a loss.
	pub(super) fn declare_lost(
		&mut self,
		events: &mut Vec<Event>,
		provider: AccountBytes,
		id: AgreementId,
		column: ColumnIndex,
	) -> Result<(), String> {
		self.catch_up(events, provider, self.period() + 1, CATCH_UP, true);
		if self.is_behind(provider) {
			return Err("ProviderBehind".into());
		}
		let ahead = self.first_ahead(&provider);
		if let Some(standing) = self.standings.get_mut(&provider) {
			// Whoever knows what it is asked for is not paid for it.
			standing.unpaid_until = standing.unpaid_until.max(standing.first_unresolved.max(ahead));
		}
		self.lose(events, id, column)
	}

	/// Resolves up to `steps` periods before `until` whose time is over, missed ones only if `misses` says so. Answers
	/// how many steps were taken.
	pub(super) fn catch_up(
		&mut self,
		events: &mut Vec<Event>,
		provider: AccountBytes,
		until: Period,
		steps: u32,
		misses: bool,
	) -> u32 {
		for taken in 0..steps {
			let Some(period) = self.standings.get(&provider).map(|standing| standing.first_unresolved) else {
				return taken;
			};
			if period >= until || self.is_terminated(provider) {
				return taken;
			}
			if self.is_idle(provider) {
				let ahead = self.first_ahead(&provider);
				let Some(standing) = self.standings.get_mut(&provider).filter(|_| ahead > period) else { return taken };
				(standing.first_unresolved, standing.misses_in_row) = (ahead, 0);
				return taken + 1;
			}
			match self.period_state(provider, period, self.number) {
				PeriodState::Excused => {
					if let Some(standing) = self.standings.get_mut(&provider) {
						standing.first_unresolved = period + 1;
					}
				},
				PeriodState::Closed if misses => self.resolve(events, provider, period, Outcome::Missed),
				_ => return taken,
			}
		}
		steps
	}

	pub(super) fn duty(&self, provider: AccountBytes, number: BlockNumber) -> Option<Duty> {
		let standing = self.standings.get(&provider)?;
		let first = standing.first_unresolved;
		let mut challenge = None;
		let (mut over, mut reportable) = (0, false);
		if !self.is_idle(provider) && !self.is_terminated(provider) {
			for period in first..=first.saturating_add(CATCH_UP) {
				// Once those before are resolved, it is not challenged any more.
				if self.is_idle_from(provider, period) {
					break;
				}
				match self.period_state(provider, period, number + 1) {
					PeriodState::Open(open) => {
						challenge = Some(open);
						break;
					},
					PeriodState::Closed => {
						reportable |= period == first;
						over += 1;
					},
					PeriodState::Excused => over += 1,
					PeriodState::Ahead => break,
				}
			}
		}
		Some(Duty {
			first_unresolved: first,
			holdings: standing.holdings.clone(),
			misses_in_row: standing.misses_in_row,
			proven: u32::try_from(standing.proven.len()).unwrap_or(u32::MAX),
			slot_block: self.slot(&provider, first),
			challenge,
			overdue: over > 0,
			reportable,
			behind: over > CATCH_UP,
		})
	}

	/// A period is over for a provider.
	pub(super) fn resolve(
		&mut self,
		events: &mut Vec<Event>,
		provider: AccountBytes,
		period: Period,
		outcome: Outcome,
	) {
		let standing = self.standings.entry(provider).or_default();
		standing.first_unresolved = period + 1;
		if outcome == Outcome::Proven {
			standing.misses_in_row = 0;
			standing.proven.insert(period);
			events.push(Event::Proven { provider, period });
			if period < standing.unpaid_until {
				return;
			}
			let mut earned = 0;
			for agreement in self.agreements.values_mut() {
				for column in &agreement.columns {
					let owed = column.provider == provider && column.state == ColumnState::Held;
					if owed && (column.start..column.end).contains(&period) {
						earned += column.rate;
						agreement.earned += column.rate;
					}
				}
			}
			*self.earnings.entry(provider).or_default() += earned;
		} else {
			standing.misses_in_row += 1;
			let out = standing.misses_in_row >= TERMINATE_AFTER;
			events.push(match outcome {
				Outcome::Stale => Event::Stale { provider, period },
				_ => Event::Missed { provider, period, slashed: 1 },
			});
			if let Some(info) = self.providers.get_mut(&provider).filter(|_| out) {
				info.active = false;
				info.standing = "terminated".into();
				events.push(Event::Terminated { provider });
			}
		}
	}

	pub(super) fn lose(&mut self, events: &mut Vec<Event>, id: AgreementId, column: ColumnIndex) -> Result<(), String> {
		let agreement = self.agreements.get_mut(&id).ok_or("UnknownAgreement")?;
		let place = agreement.columns.get_mut(usize::from(column)).ok_or("UnknownColumn")?;
		if place.state != ColumnState::Held {
			return Err("NotHeld".into());
		}
		place.state = ColumnState::Lost;
		events.push(Event::ColumnLost { agreement: id, column, provider: place.provider, slashed: 0 });
		Ok(())
	}

	pub(super) fn select(&self, wanted: impl Fn(&AgreementInfo) -> bool) -> Vec<AgreementInfo> {
		self.agreements.values().filter(|agreement| wanted(agreement)).cloned().collect()
	}

	pub(super) fn columns_of(&self, provider: AccountBytes) -> Vec<(AgreementId, ColumnIndex)> {
		let of_agreement = |agreement: &AgreementInfo| {
			let id = agreement.id;
			(0..)
				.zip(&agreement.columns)
				.filter(|(_, column)| column.provider == provider)
				.map(|(index, _)| (id, index))
				.collect::<Vec<_>>()
		};
		self.agreements.values().flat_map(of_agreement).collect()
	}

	pub(super) fn lost_columns(&self) -> Vec<LostColumn> {
		let of_agreement = |agreement: &AgreementInfo| {
			let id = agreement.id;
			(0..)
				.zip(&agreement.columns)
				.filter(|(_, column)| column.state == ColumnState::Lost)
				.map(|(column, _)| LostColumn { agreement: id, column })
				.collect::<Vec<_>>()
		};
		self.agreements.values().flat_map(of_agreement).collect()
	}

	/// Zeroes a leaf without a word.
	pub fn remove_leaf(&mut self, provider: &AccountBytes, number: u64, leaf: &Leaf, path: &[Node]) -> bool {
		let standing = self.standings.get_mut(provider);
		standing.is_some_and(|standing| standing.holdings.remove(number, leaf, path).is_ok())
	}

	/// A provider's commitment.
	pub fn commitment(&self, provider: &AccountBytes) -> Commitment {
		self.standings.get(provider).map(|standing| standing.holdings.clone()).unwrap_or_default()
	}

	/// Periods that a provider has missed in a row.
	pub fn misses(&self, provider: &AccountBytes) -> u32 {
		self.standings.get(provider).map_or(0, |standing| standing.misses_in_row)
	}

	/// Periods that a provider has proven.
	pub fn proven(&self, provider: &AccountBytes) -> BTreeSet<Period> {
		self.standings.get(provider).map(|standing| standing.proven.clone()).unwrap_or_default()
	}
}
