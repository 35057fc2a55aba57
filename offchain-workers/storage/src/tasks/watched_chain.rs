//! A simulated chain whose reads are watched: counted, refused, or overtaken by what happens meanwhile.
use std::{fmt, sync::Arc};

use async_trait::async_trait;
use peoples_cloud_client::{
	chain::{
		AgreementInfo, Call, Certainty, Chain, ChainError, ChainLeaf, Duty, Event, Head, Inclusion, LostColumn, Needs,
		ProofParams, ProviderInfo,
	},
	wallet::Signer,
};
use peoples_cloud_primitives::{AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32};
use tokio::sync::watch;

use crate::simulation::SimulatedChain;

/// Told of each read, by name, before it is answered.
type Watcher = dyn Fn(&SimulatedChain, &'static str) -> Result<(), ChainError> + Send + Sync;

/// See the module.
pub(crate) struct WatchedChain {
	chain: Arc<SimulatedChain>,
	watcher: Box<Watcher>,
}

impl WatchedChain {
	pub(crate) fn over(
		chain: Arc<SimulatedChain>,
		watcher: impl Fn(&SimulatedChain, &'static str) -> Result<(), ChainError> + Send + Sync + 'static,
	) -> Arc<Self> {
		Arc::new(Self { chain, watcher: Box::new(watcher) })
	}

	fn watch(&self, read: &'static str) -> Result<&SimulatedChain, ChainError> {
		(self.watcher)(&self.chain, read)?;
		Ok(&self.chain)
	}
}

impl fmt::Debug for WatchedChain {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("WatchedChain").field("chain", &self.chain).finish_non_exhaustive()
	}
}

#[async_trait]
impl Chain for WatchedChain {
	fn genesis(&self) -> Hash32 {
		self.chain.genesis()
	}

	fn heads(&self) -> watch::Receiver<Head> {
		self.chain.heads()
	}

	async fn proof_params(&self) -> Result<ProofParams, ChainError> {
		self.watch("proof_params")?.proof_params().await
	}

	async fn slot_millis(&self) -> Result<u64, ChainError> {
		self.watch("slot_millis")?.slot_millis().await
	}

	async fn free_balance(&self, account: AccountBytes) -> Result<Balance, ChainError> {
		self.watch("free_balance")?.free_balance(account).await
	}

	async fn needs(&self, signer: &Signer, call: &Call) -> Result<Needs, ChainError> {
		self.watch("needs")?.needs(signer, call).await
	}

	async fn earnings(&self, account: AccountBytes) -> Result<Balance, ChainError> {
		self.watch("earnings")?.earnings(account).await
	}

	async fn provider(&self, account: AccountBytes) -> Result<Option<ProviderInfo>, ChainError> {
		self.watch("provider")?.provider(account).await
	}

	async fn providers(&self) -> Result<Vec<ProviderInfo>, ChainError> {
		self.watch("providers")?.providers().await
	}

	async fn duty(&self, provider: AccountBytes) -> Result<Option<Duty>, ChainError> {
		self.watch("duty")?.duty(provider).await
	}

	async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementInfo>, ChainError> {
		self.watch("agreement")?.agreement(id).await
	}

	async fn agreements_of(&self, client: AccountBytes) -> Result<Vec<AgreementInfo>, ChainError> {
		self.watch("agreements_of")?.agreements_of(client).await
	}

	async fn agreements_by_object(&self, object: Hash32) -> Result<Vec<AgreementInfo>, ChainError> {
		self.watch("agreements_by_object")?.agreements_by_object(object).await
	}

	async fn columns_of(&self, provider: AccountBytes) -> Result<Vec<(AgreementId, ColumnIndex)>, ChainError> {
		self.watch("columns_of")?.columns_of(provider).await
	}

	/// Read at one block: what happens before the answer arrives is not in it.
	async fn leaves_of(&self, provider: AccountBytes) -> Result<Vec<ChainLeaf>, ChainError> {
		let leaves = self.chain.leaves_of(provider).await;
		self.watch("leaves_of")?;
		leaves
	}

	async fn pending_transactions(&self, account: AccountBytes) -> Result<u32, ChainError> {
		self.watch("pending_transactions")?.pending_transactions(account).await
	}

	async fn lost_columns(&self) -> Result<Vec<LostColumn>, ChainError> {
		self.watch("lost_columns")?.lost_columns().await
	}

	async fn events(&self, number: BlockNumber) -> Result<Vec<Event>, ChainError> {
		self.watch("events")?.events(number).await
	}

	async fn submit(&self, signer: &Signer, call: Call, certainty: Certainty) -> Result<Inclusion, ChainError> {
		self.watch("submit")?.submit(signer, call, certainty).await
	}
}
