//! A chain in memory, for tests of workers: says what it was told to say.
use std::{
	collections::HashMap,
	sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use peoples_cloud_client::{
	chain::{
		AgreementInfo, Call, Certainty, Chain, ChainError, Duty, Event, Head, Inclusion, LostColumn, Needs, Offer,
		ProofParams, ProviderInfo,
	},
	wallet::Signer,
};
use peoples_cloud_primitives::{AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32};
use tokio::sync::watch;

/// What the chain says.
#[derive(Debug, Default)]
pub(crate) struct Contents {
	pub(crate) providers: HashMap<AccountBytes, ProviderInfo>,
	pub(crate) balances: HashMap<AccountBytes, Balance>,
	pub(crate) agreements: HashMap<AgreementId, AgreementInfo>,
	pub(crate) duties: HashMap<AccountBytes, Duty>,
	pub(crate) lost: Vec<LostColumn>,
	pub(crate) events: HashMap<BlockNumber, Vec<Event>>,
	pub(crate) submitted: Vec<(AccountBytes, Call)>,
	/// Nothing answers.
	pub(crate) down: bool,
	/// Reads so far.
	pub(crate) reads: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct TestChain {
	contents: Mutex<Contents>,
	heads: watch::Sender<Head>,
}

impl TestChain {
	pub(crate) const GENESIS: Hash32 = [0x9e; 32];

	pub(crate) fn new() -> Self {
		let head = Head { best: 1, best_hash: [1; 32], finalised: 0 };
		Self { contents: Mutex::default(), heads: watch::channel(head).0 }
	}

	pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
		self.contents.lock().unwrap()
	}

	/// Goes on to block `best`, with everything below it final.
	pub(crate) fn set_block(&self, best: BlockNumber) {
		self.set_head(best, best.saturating_sub(1));
	}

	pub(crate) fn set_head(&self, best: BlockNumber, finalised: BlockNumber) {
		let mut best_hash = Hash32::default();
		best_hash[..4].copy_from_slice(&best.to_le_bytes());
		self.heads.send_replace(Head { best, best_hash, finalised });
	}

	/// Registers a provider with an offer.
	pub(crate) fn add_provider(&self, account: AccountBytes, offer: Offer) {
		let info = ProviderInfo {
			account,
			peer_id: Vec::new(),
			addresses: Vec::new(),
			operator: String::new(),
			region: String::new(),
			bonded: 0,
			active: true,
			standing: "active".into(),
			offer: Some(offer),
			committed_chunks: 0,
			score_ppm: 500_000,
		};
		self.contents().providers.insert(account, info);
	}

	pub(crate) fn set_balance(&self, account: AccountBytes, planck: Balance) {
		self.contents().balances.insert(account, planck);
	}

	fn read<T>(&self, answer: impl FnOnce(&mut Contents) -> T) -> Result<T, ChainError> {
		let mut contents = self.contents();
		contents.reads += 1;
		if contents.down {
			return Err(ChainError::Unreachable { url: "test".into(), reason: "down".into() });
		}
		Ok(answer(&mut contents))
	}
}

#[async_trait]
impl Chain for TestChain {
	fn genesis(&self) -> Hash32 {
		Self::GENESIS
	}

	fn heads(&self) -> watch::Receiver<Head> {
		self.heads.subscribe()
	}

	async fn proof_params(&self) -> Result<ProofParams, ChainError> {
		self.read(|_| ProofParams { period_blocks: 12, window_blocks: 7, challenges: 8 })
	}

	async fn slot_millis(&self) -> Result<u64, ChainError> {
		self.read(|_| 1000)
	}

	async fn free_balance(&self, account: AccountBytes) -> Result<Balance, ChainError> {
		self.read(|contents| contents.balances.get(&account).copied().unwrap_or_default())
	}

	async fn needs(&self, _: &Signer, call: &Call) -> Result<Needs, ChainError> {
		self.read(|_| Needs { amount: call.amount(), ..Needs::default() })
	}

	async fn earnings(&self, _: AccountBytes) -> Result<Balance, ChainError> {
		self.read(|_| 0)
	}

	async fn provider(&self, account: AccountBytes) -> Result<Option<ProviderInfo>, ChainError> {
		self.read(|contents| contents.providers.get(&account).cloned())
	}

	async fn providers(&self) -> Result<Vec<ProviderInfo>, ChainError> {
		self.read(|contents| contents.providers.values().cloned().collect())
	}

	async fn duty(&self, provider: AccountBytes) -> Result<Option<Duty>, ChainError> {
		self.read(|contents| contents.duties.get(&provider).cloned())
	}

	async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementInfo>, ChainError> {
		self.read(|contents| contents.agreements.get(&id).cloned())
	}

	async fn agreements_of(&self, client: AccountBytes) -> Result<Vec<AgreementInfo>, ChainError> {
		self.read(|contents| {
			contents.agreements.values().filter(|agreement| agreement.client == client).cloned().collect()
		})
	}

	async fn agreements_by_object(&self, object: Hash32) -> Result<Vec<AgreementInfo>, ChainError> {
		self.read(|contents| {
			let of_object = contents.agreements.values().filter(|agreement| agreement.object == object);
			let mut found: Vec<_> = of_object.cloned().collect();
			found.sort_by_key(|agreement| agreement.id);
			found
		})
	}

	async fn columns_of(&self, provider: AccountBytes) -> Result<Vec<(AgreementId, ColumnIndex)>, ChainError> {
		self.read(|contents| {
			let mut found = Vec::new();
			for agreement in contents.agreements.values() {
				for (column, index) in agreement.columns.iter().zip(0..) {
					if column.provider == provider {
						found.push((agreement.id, index));
					}
				}
			}
			found.sort_unstable();
			found
		})
	}

	async fn lost_columns(&self) -> Result<Vec<LostColumn>, ChainError> {
		self.read(|contents| contents.lost.clone())
	}

	async fn pending_transactions(&self, _: AccountBytes) -> Result<u32, ChainError> {
		self.read(|_| 0)
	}

	async fn events(&self, number: BlockNumber) -> Result<Vec<Event>, ChainError> {
		self.read(|contents| contents.events.get(&number).cloned().unwrap_or_default())
	}

	async fn submit(&self, signer: &Signer, call: Call, _: Certainty) -> Result<Inclusion, ChainError> {
		let head = *self.heads.borrow();
		self.read(|contents| contents.submitted.push((signer.account(), call)))?;
		Ok(Inclusion { block: head.best, block_hash: head.best_hash, agreement: None, amount: None })
	}
}
