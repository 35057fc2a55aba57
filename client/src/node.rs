//! [`Chain`] over a node's JSON-RPC.
//!
//! Who starts whom, and which way data flows:
//!
//! - [`NodeChain::connect`] opens one WebSocket connection, which reconnects by itself ([`connection`]), and
//!   starts one task that follows the heads of both chains ([`heads`]).
//! - Reads are view functions and runtime APIs at the newest best block, one module a pallet. They are encoded
//!   and decoded by the runtime's own metadata, fetched once a runtime version, and fail with
//!   [`ChainError::Incompatible`] where it differs from what this program knows.
//! - [`submit`] signs, sends and follows transactions, one of a signer at a time.
//!
//! Nothing is generated from metadata at compile time: types are matched by name at run time, so that a runtime
//! upgrade that only adds to them needs no new program, and the crate builds in seconds. `metadata.scale` beside
//! this crate is what the tests hold every call, view and event against.
use std::{future::ready, sync::Arc};

use async_trait::async_trait;
use futures::{stream, StreamExt, TryStreamExt};
use peoples_cloud_primitives::{holdings::Leaf, AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
	chain::{
		AgreementInfo, Call, Certainty, Chain, ChainError, ChainLeaf, Duty, Event, Head, Inclusion, LostColumn, Needs,
		ProofParams, ProviderInfo,
	},
	wallet::Signer,
};

mod balances;
mod calls;
mod connection;
mod escrow;
mod events;
mod heads;
mod marketplace;
mod providers;
mod reputation;
mod storage_proofs;
mod submit;

use connection::{AtBlock, Connection};
use submit::Submitter;

/// Reads of one request of ours that are under way at a time: hides the latency, spares the node.
const PARALLEL_READS: usize = 8;

/// Answers what a runtime lacks that is asked of a pallet.
type Check = fn(&subxt::Metadata) -> Result<(), String>;
/// One a pallet.
const CHECKS: [Check; 6] =
	[balances::check, escrow::check, marketplace::check, providers::check, reputation::check, storage_proofs::check];

/// A chain behind a node's WebSocket.
#[derive(Debug)]
pub struct NodeChain {
	connection: Arc<Connection>,
	submitter: Submitter,
	heads: watch::Receiver<Head>,
	watcher: JoinHandle<()>,
}

impl Drop for NodeChain {
	fn drop(&mut self) {
		self.watcher.abort();
	}
}

impl NodeChain {
	/// Connects to a node, `ws://` or `wss://`, and checks that its runtime is one that this program knows.
	///
	/// Fails at once if nothing listens there; later losses of the connection are repaired in the background.
	pub async fn connect(url: &str) -> Result<Arc<Self>, ChainError> {
		let connection = Arc::new(Connection::open(url).await?);
		let (heads, watcher) = connection.within(heads::start(connection.clone())).await?;
		let head = *heads.borrow();
		let at = match connection.at(head.best, head.best_hash).await {
			Ok(at) => at,
			Err(error) => {
				watcher.abort();
				return Err(error);
			},
		};
		for check in CHECKS {
			if let Err(reason) = check(at.metadata_ref()) {
				watcher.abort();
				return Err(ChainError::Incompatible(reason));
			}
		}
		let submitter = Submitter::new(connection.clone(), heads.clone());
		Ok(Arc::new(Self { connection, submitter, heads, watcher }))
	}

	/// The node's URL.
	pub fn url(&self) -> &str {
		self.connection.url()
	}

	/// Least planck that a provider must bond.
	pub async fn least_bond(&self) -> Result<Balance, ChainError> {
		providers::least_bond(&self.connection, &self.best().await?).await
	}

	/// Longest time to an agreement's end, in periods.
	pub async fn max_duration(&self) -> Result<u32, ChainError> {
		marketplace::max_duration(&self.connection, &self.best().await?).await
	}

	/// The newest best block.
	async fn best(&self) -> Result<AtBlock, ChainError> {
		let head = *self.heads.borrow();
		self.connection.at(head.best, head.best_hash).await
	}
}

#[async_trait]
impl Chain for NodeChain {
	fn genesis(&self) -> Hash32 {
		self.connection.genesis()
	}

	fn heads(&self) -> watch::Receiver<Head> {
		self.heads.clone()
	}

	async fn proof_params(&self) -> Result<ProofParams, ChainError> {
		storage_proofs::params(&self.connection, &self.best().await?).await
	}

	async fn slot_millis(&self) -> Result<u64, ChainError> {
		self.connection.within(async { connection::slot_millis(&self.connection, &self.best().await?).await }).await
	}

	async fn free_balance(&self, account: AccountBytes) -> Result<Balance, ChainError> {
		self.connection.within(async { balances::free(&self.connection, &self.best().await?, account).await }).await
	}

	async fn needs(&self, signer: &Signer, call: &Call) -> Result<Needs, ChainError> {
		self.connection
			.within(async {
				let at = self.best().await?;
				let deposit = match call {
					Call::OpenStorage { acknowledgements, .. } => {
						marketplace::deposit(&self.connection, &at, acknowledgements.len()).await?
					},
					_ => 0,
				};
				let fee = self.submitter.fee(&at, signer, call).await?;
				let existential_deposit = balances::existential_deposit(&at)?;
				Ok(Needs { amount: call.amount(), deposit, fee, existential_deposit })
			})
			.await
	}

	async fn earnings(&self, account: AccountBytes) -> Result<Balance, ChainError> {
		escrow::earnings(&self.connection, &self.best().await?, account).await
	}

	async fn provider(&self, account: AccountBytes) -> Result<Option<ProviderInfo>, ChainError> {
		let at = self.best().await?;
		let Some(mut provider) = providers::provider(&self.connection, &at, account).await? else {
			return Ok(None);
		};
		provider.score_ppm = reputation::score(&self.connection, &at, account).await?;
		Ok(Some(provider))
	}

	async fn providers(&self) -> Result<Vec<ProviderInfo>, ChainError> {
		let at = self.best().await?;
		stream::iter(providers::all(&self.connection, &at).await?)
			.map(|mut provider| {
				let at = &at;
				async move {
					provider.score_ppm = reputation::score(&self.connection, at, provider.account).await?;
					Ok(provider)
				}
			})
			.buffered(PARALLEL_READS)
			.try_collect()
			.await
	}

	async fn duty(&self, provider: AccountBytes) -> Result<Option<Duty>, ChainError> {
		storage_proofs::duty(&self.connection, &self.best().await?, provider).await
	}

	async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementInfo>, ChainError> {
		marketplace::agreement(&self.connection, &self.best().await?, id).await
	}

	async fn agreements_of(&self, client: AccountBytes) -> Result<Vec<AgreementInfo>, ChainError> {
		marketplace::agreements_of(&self.connection, &self.best().await?, client).await
	}

	async fn agreements_by_object(&self, object: Hash32) -> Result<Vec<AgreementInfo>, ChainError> {
		marketplace::agreements_by_object(&self.connection, &self.best().await?, object).await
	}

	async fn columns_of(&self, provider: AccountBytes) -> Result<Vec<(AgreementId, ColumnIndex)>, ChainError> {
		marketplace::columns_of(&self.connection, &self.best().await?, provider).await
	}

	async fn leaves_of(&self, provider: AccountBytes) -> Result<Vec<ChainLeaf>, ChainError> {
		// One block for all reads, so that the answer is whole.
		let at = self.best().await?;
		let columns = marketplace::columns_of(&self.connection, &at, provider).await?;
		stream::iter(columns)
			.map(|(id, column)| {
				let at = &at;
				async move {
					let agreement = marketplace::agreement(&self.connection, at, id).await?;
					Ok(agreement.and_then(|agreement| chain_leaf(&agreement, column, provider)))
				}
			})
			.buffered(PARALLEL_READS)
			.try_filter_map(|leaf| ready(Ok(leaf)))
			.try_collect()
			.await
	}

	async fn pending_transactions(&self, account: AccountBytes) -> Result<u32, ChainError> {
		self.connection
			.within(async {
				let at = self.best().await?;
				let included = self.connection.nonce(&at, account).await?;
				let next = self.connection.next_index(account).await?;
				Ok(u32::try_from(next.saturating_sub(included)).unwrap_or(u32::MAX))
			})
			.await
	}

	async fn lost_columns(&self) -> Result<Vec<LostColumn>, ChainError> {
		marketplace::lost_columns(&self.connection, &self.best().await?).await
	}

	async fn events(&self, number: BlockNumber) -> Result<Vec<Event>, ChainError> {
		self.connection
			.within(async {
				let hash = self.connection.block_hash(number).await?;
				let Some(hash) = hash else {
					return Err(ChainError::Incompatible(format!("the node knows no block {number}")));
				};
				events::of_block(&self.connection, &self.connection.at(number, hash).await?).await
			})
			.await
	}

	async fn submit(&self, signer: &Signer, call: Call, certainty: Certainty) -> Result<Inclusion, ChainError> {
		self.submitter.submit(signer, &call, certainty).await
	}
}

/// The leaf of an agreement's column, if the provider has it.
fn chain_leaf(agreement: &AgreementInfo, column: ColumnIndex, provider: AccountBytes) -> Option<ChainLeaf> {
	let info = agreement.columns.get(usize::from(column)).filter(|info| info.provider == provider)?;
	let leaf = Leaf { agreement: agreement.id, root: info.root, chunks: agreement.chunks };
	Some(ChainLeaf { number: info.leaf, leaf, column, end: info.end, state: info.state })
}

#[cfg(test)]
mod tests;
