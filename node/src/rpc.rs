//! The JSON-RPC methods beyond those that every Substrate node has.

use std::sync::Arc;

use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use peoples_cloud_runtime::{opaque::Block, BlockNumber, Hash};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
use sp_keystore::KeystorePtr;
use substrate_frame_rpc_system::{System, SystemApiServer};

use crate::service::{FullBackend, FullClient, FullPool, FullSelectChain};

/// What BABE's methods need.
pub(crate) struct BabeDeps {
	/// Asks the BABE worker.
	pub(crate) worker: BabeWorkerHandle<Block>,
	/// The node's keys.
	pub(crate) keystore: KeystorePtr,
}

/// What GRANDPA's methods need.
pub(crate) struct GrandpaDeps {
	/// The votes of the current round.
	pub(crate) voter_state: SharedVoterState,
	/// Who votes.
	pub(crate) authority_set: SharedAuthoritySet<Hash, BlockNumber>,
	/// Tells of new justifications.
	pub(crate) justification_stream: GrandpaJustificationStream<Block>,
	/// Runs subscriptions.
	pub(crate) subscription_executor: SubscriptionTaskExecutor,
	/// Proves finality.
	pub(crate) finality_provider: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// What all methods need.
pub(crate) struct FullDeps {
	/// The client.
	pub(crate) client: Arc<FullClient>,
	/// The transaction pool.
	pub(crate) pool: Arc<FullPool>,
	/// Chooses the best chain.
	pub(crate) select_chain: FullSelectChain,
	/// The chain's specification.
	pub(crate) chain_spec: Box<dyn sc_chain_spec::ChainSpec>,
	/// For BABE.
	pub(crate) babe: BabeDeps,
	/// For GRANDPA.
	pub(crate) grandpa: GrandpaDeps,
}

/// All methods.
pub(crate) fn create_full(deps: FullDeps) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
	let FullDeps { client, pool, select_chain, chain_spec, babe, grandpa } = deps;
	let GrandpaDeps { voter_state, authority_set, justification_stream, subscription_executor, finality_provider } =
		grandpa;

	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
	module.merge(Babe::new(client.clone(), babe.worker.clone(), babe.keystore, select_chain).into_rpc())?;
	let grandpa = Grandpa::new(
		subscription_executor,
		authority_set.clone(),
		voter_state,
		justification_stream,
		finality_provider,
	);
	module.merge(grandpa.into_rpc())?;
	module.merge(SyncState::new(chain_spec, client, authority_set, babe.worker)?.into_rpc())?;
	Ok(module)
}
