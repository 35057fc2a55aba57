//! A chain in memory that judges as the pallets do: real commitments, real challenges, real proofs.
//!
//! For tests of the daemon without a node. What the pallets do with money beyond rates and earnings is left out.
//! Blocks come when [`SimulatedChain::produce`] is called; nodes that vanish, answer late, lose transactions or
//! change their mind about the best chain are simulated on demand.
use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use peoples_cloud_client::{
	chain::{
		AgreementInfo, Call, Certainty, Chain, ChainError, Duty, Event, Head, Inclusion, LostColumn, Needs,
		ProofParams, ProviderInfo,
	},
	wallet::Signer,
};
use peoples_cloud_primitives::{AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32};
use tokio::sync::{oneshot, watch};

mod execute;
mod state;

use execute::Effect;
pub use state::{NewColumn, State};

/// Where a transaction of the pool ends up.
type Verdict = oneshot::Sender<Result<Inclusion, ChainError>>;

/// A transaction that waits.
struct Pooled {
	account: AccountBytes,
	call: Call,
	verdict: Option<Verdict>,
}

/// How the node misbehaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mood {
	/// No call is answered.
	pub offline: bool,
	/// Transactions get into the pool, and the connection breaks.
	pub breaks_on_submit: bool,
	/// Transactions get into the pool, and no answer ever comes.
	pub silent: bool,
	/// Transactions stay in the pool.
	pub full_blocks: bool,
	/// Blocks after which a block is final.
	pub finality_lag: BlockNumber,
	/// Old blocks' events are gone before this block.
	pub pruned_before: BlockNumber,
}

struct Inner {
	/// The state after each block, by number.
	states: Vec<State>,
	/// Events by block.
	events: Vec<Vec<Event>>,
	/// Events of decrees since the last block.
	decreed: Vec<Event>,
	/// Transactions by block, for a reorganisation to put back.
	included: Vec<Vec<(AccountBytes, Call)>>,
	pool: Vec<Pooled>,
	submissions: Vec<Call>,
	doubles: Vec<Call>,
	mood: Mood,
	fork: u64,
	/// The highest finalised block: a longer lag or a short reorganisation does not take it back.
	finalised: BlockNumber,
}

/// The chain.
pub struct SimulatedChain {
	inner: Mutex<Inner>,
	heads: watch::Sender<Head>,
}

impl std::fmt::Debug for SimulatedChain {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("SimulatedChain").field("head", &*self.heads.borrow()).finish_non_exhaustive()
	}
}

impl SimulatedChain {
	/// A chain at its first block.
	pub fn new(params: ProofParams) -> Arc<Self> {
		let inner = Inner {
			states: vec![State::new(params)],
			events: vec![Vec::new()],
			decreed: Vec::new(),
			included: vec![Vec::new()],
			pool: Vec::new(),
			submissions: Vec::new(),
			doubles: Vec::new(),
			mood: Mood::default(),
			fork: 0,
			finalised: 0,
		};
		let (heads, _) = watch::channel(Head { best: 0, best_hash: [0; 32], finalised: 0 });
		Arc::new(Self { inner: Mutex::new(inner), heads })
	}

	/// The parameters of a fast development network.
	pub fn fast() -> Arc<Self> {
		Self::new(ProofParams { period_blocks: 12, window_blocks: 7, challenges: 8 })
	}

	/// Makes `count` blocks of what is in the pool.
	pub fn produce(&self, count: u32) {
		for _ in 0..count {
			self.produce_one();
		}
	}

	fn produce_one(&self) {
		let mut inner = self.lock();
		let number = inner.number() + 1;
		let mut state = inner.state().clone();
		let mut events = std::mem::take(&mut inner.decreed);
		state.begin_block(number, inner.fork);
		let pool = std::mem::take(&mut inner.pool);
		let mut included = Vec::new();
		let mut answers = Vec::new();
		for mut pooled in pool {
			if inner.mood.full_blocks {
				inner.pool.push(pooled);
				continue;
			}
			let before = (state.clone(), events.len());
			let result = execute::execute(&mut state, &mut events, number, pooled.account, &pooled.call);
			let answer = match result {
				Ok(Effect { agreement, amount }) => {
					included.push((pooled.account, pooled.call.clone()));
					Ok(Inclusion { block: number, block_hash: [0; 32], agreement, amount })
				},
				Err(error) => {
					state = before.0;
					events.truncate(before.1);
					Err(ChainError::Refused { call: format!("{:?}", std::mem::discriminant(&pooled.call)), error })
				},
			};
			if let Some(verdict) = pooled.verdict.take() {
				answers.push((verdict, answer));
			}
		}
		inner.states.push(state);
		inner.events.push(events);
		inner.included.push(included);
		let head = inner.head();
		inner.finalised = head.finalised;
		drop(inner);
		self.heads.send_replace(head);
		for (verdict, answer) in answers {
			// Who asked may be gone.
			let _ = verdict.send(answer);
		}
	}

	/// Forgets the last `depth` blocks. Their transactions go back into the pool, or are lost.
	pub fn reorganise(&self, depth: usize, keep_transactions: bool) {
		let mut inner = self.lock();
		let keep = inner.states.len().saturating_sub(depth).max(1);
		inner.states.truncate(keep);
		inner.events.truncate(keep);
		let dropped = inner.included.split_off(keep);
		if keep_transactions {
			for (account, call) in dropped.into_iter().flatten() {
				inner.pool.push(Pooled { account, call, verdict: None });
			}
		}
		inner.fork += 1;
		// One that goes below what was final breaks finality.
		inner.finalised = inner.finalised.min(inner.number());
		let head = inner.head();
		drop(inner);
		self.heads.send_replace(head);
	}

	/// Empties the pool without a word to anybody.
	pub fn lose_pool(&self) {
		self.lock().pool.clear();
	}

	/// Transactions in the pool.
	pub fn pool_len(&self) -> usize {
		self.lock().pool.len()
	}

	/// Changes how the node misbehaves.
	pub fn set_mood(&self, change: impl FnOnce(&mut Mood)) {
		change(&mut self.lock().mood);
	}

	/// Changes the newest state by decree, as tests do instead of sending transactions. Events come with the next
	/// block.
	pub fn decree<T>(&self, change: impl FnOnce(&mut State, &mut Vec<Event>) -> T) -> T {
		let inner = &mut *self.lock();
		match inner.states.last_mut() {
			Some(state) => change(state, &mut inner.decreed),
			None => unreachable!("there is always a first state"),
		}
	}

	/// All transactions that were ever handed over.
	pub fn submissions(&self) -> Vec<Call> {
		self.lock().submissions.clone()
	}

	/// Those that were in the pool or the best chain already.
	pub fn doubles(&self) -> Vec<Call> {
		self.lock().doubles.clone()
	}

	/// All transactions in the best chain.
	pub fn executed(&self) -> Vec<Call> {
		self.lock().included.iter().flatten().map(|(_, call)| call.clone()).collect()
	}

	/// Reads the newest state.
	pub fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
		read(self.lock().state())
	}

	fn lock(&self) -> MutexGuard<'_, Inner> {
		self.inner.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn ask<T>(&self, answer: impl FnOnce(&Inner) -> T) -> Result<T, ChainError> {
		let inner = self.lock();
		match inner.mood.offline {
			true => Err(unreachable()),
			false => Ok(answer(&inner)),
		}
	}
}

impl Inner {
	fn state(&self) -> &State {
		match self.states.last() {
			Some(state) => state,
			None => unreachable!("there is always a first state"),
		}
	}

	fn number(&self) -> BlockNumber {
		BlockNumber::try_from(self.states.len() - 1).unwrap_or(BlockNumber::MAX)
	}

	fn head(&self) -> Head {
		let best = self.number();
		let best_hash = *blake3::hash(&[best.to_le_bytes().as_slice(), &self.fork.to_le_bytes()].concat()).as_bytes();
		let finalised = best.saturating_sub(self.mood.finality_lag).max(self.finalised);
		Head { best, best_hash, finalised }
	}

	fn duty(&self, provider: AccountBytes) -> Option<Duty> {
		self.state().duty(provider, self.number())
	}
}

fn unreachable() -> ChainError {
	ChainError::Unreachable { url: "memory".into(), reason: "offline".into() }
}

#[async_trait]
impl Chain for SimulatedChain {
	fn genesis(&self) -> Hash32 {
		[7; 32]
	}

	fn heads(&self) -> watch::Receiver<Head> {
		self.heads.subscribe()
	}

	async fn proof_params(&self) -> Result<ProofParams, ChainError> {
		Ok(self.read(|state| state.params))
	}

	async fn slot_millis(&self) -> Result<u64, ChainError> {
		Ok(100)
	}

	async fn free_balance(&self, account: AccountBytes) -> Result<Balance, ChainError> {
		self.ask(|inner| inner.state().balances.get(&account).copied().unwrap_or(0))
	}

	async fn needs(&self, _: &Signer, call: &Call) -> Result<Needs, ChainError> {
		self.ask(|inner| Needs { amount: call.amount(), ..inner.state().overhead })
	}

	async fn earnings(&self, account: AccountBytes) -> Result<Balance, ChainError> {
		self.ask(|inner| inner.state().earnings.get(&account).copied().unwrap_or(0))
	}

	async fn provider(&self, account: AccountBytes) -> Result<Option<ProviderInfo>, ChainError> {
		self.ask(|inner| inner.state().providers.get(&account).cloned())
	}

	async fn providers(&self) -> Result<Vec<ProviderInfo>, ChainError> {
		self.ask(|inner| inner.state().providers.values().cloned().collect())
	}

	async fn duty(&self, provider: AccountBytes) -> Result<Option<Duty>, ChainError> {
		self.ask(|inner| inner.duty(provider))
	}

	async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementInfo>, ChainError> {
		self.ask(|inner| inner.state().agreements.get(&id).cloned())
	}

	async fn agreements_of(&self, client: AccountBytes) -> Result<Vec<AgreementInfo>, ChainError> {
		self.ask(|inner| inner.state().select(|agreement| agreement.client == client))
	}

	async fn agreements_by_object(&self, object: Hash32) -> Result<Vec<AgreementInfo>, ChainError> {
		self.ask(|inner| inner.state().select(|agreement| agreement.object == object))
	}

	async fn columns_of(&self, provider: AccountBytes) -> Result<Vec<(AgreementId, ColumnIndex)>, ChainError> {
		self.ask(|inner| inner.state().columns_of(provider))
	}

	async fn pending_transactions(&self, account: AccountBytes) -> Result<u32, ChainError> {
		self.ask(|inner| {
			let count = inner.pool.iter().filter(|pooled| pooled.account == account).count();
			u32::try_from(count).unwrap_or(u32::MAX)
		})
	}

	async fn lost_columns(&self) -> Result<Vec<LostColumn>, ChainError> {
		self.ask(|inner| inner.state().lost_columns())
	}

	async fn events(&self, number: BlockNumber) -> Result<Vec<Event>, ChainError> {
		let events = self.ask(|inner| match number < inner.mood.pruned_before {
			true => Err(ChainError::Incompatible("the block's state is pruned".into())),
			false => Ok(usize::try_from(number).ok().and_then(|number| inner.events.get(number)).cloned()),
		});
		Ok(events??.unwrap_or_default())
	}

	async fn submit(&self, signer: &Signer, call: Call, certainty: Certainty) -> Result<Inclusion, ChainError> {
		let answer = {
			let mut inner = self.lock();
			if inner.mood.offline {
				return Err(unreachable());
			}
			let account = signer.account();
			let waits = inner.pool.iter().any(|pooled| pooled.account == account && pooled.call == call);
			// Earnings come again, and so does their withdrawal.
			let again = call != Call::Withdraw;
			let mut included = inner.included.iter().flatten();
			if waits || (again && included.any(|(by, included)| *by == account && *included == call)) {
				inner.doubles.push(call.clone());
			}
			inner.submissions.push(call.clone());
			let (sender, receiver) = oneshot::channel();
			let Mood { breaks_on_submit, silent, .. } = inner.mood;
			let verdict = (!breaks_on_submit && !silent).then_some(sender);
			inner.pool.push(Pooled { account: signer.account(), call, verdict });
			if breaks_on_submit {
				return Err(unreachable());
			}
			if silent {
				None
			} else {
				Some(receiver)
			}
		};
		let Some(answer) = answer else { std::future::pending().await };
		let inclusion = answer.await.map_err(|_| ChainError::NotIncluded("the pool lost it".into()))??;
		if certainty == Certainty::Finalised {
			let mut heads = self.heads.subscribe();
			// The sender lives as long as the chain.
			let _ = heads.wait_for(|head| head.finalised >= inclusion.block).await;
		}
		Ok(inclusion)
	}
}

/// Accounts and what they have.
pub(crate) type Amounts = BTreeMap<AccountBytes, Balance>;
