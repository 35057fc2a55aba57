//! The JSON-RPC methods beyond those that every Substrate node has.

use std::sync::Arc;

use jsonrpsee::RpcModule;
use mmr_rpc::{Mmr, MmrApiServer};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use peoples_cloud_runtime::{opaque::Block, BlockNumber, Hash};
use sc_client_api::Backend;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_beefy::communication::notification::{BeefyBestBlockStream, BeefyVersionedFinalityProofStream};
use sc_consensus_beefy_rpc::{Beefy, BeefyApiServer};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
use sp_consensus_beefy::ecdsa_crypto::AuthorityId as BeefyId;
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
	/// Proves finality.
	pub(crate) finality_provider: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// What BEEFY's methods need.
pub(crate) struct BeefyDeps {
	/// Tells of new justifications.
	pub(crate) justification_stream: BeefyVersionedFinalityProofStream<Block, BeefyId>,
	/// Tells of the last block that has one.
	pub(crate) best_block_stream: BeefyBestBlockStream<Block>,
}

/// What all methods need.
pub(crate) struct FullDeps {
	/// The client.
	pub(crate) client: Arc<FullClient>,
	/// The database, with the leaves of the Merkle mountain range.
	pub(crate) backend: Arc<FullBackend>,
	/// The transaction pool.
	pub(crate) pool: Arc<FullPool>,
	/// Chooses the best chain.
	pub(crate) select_chain: FullSelectChain,
	/// The chain's specification.
	pub(crate) chain_spec: Box<dyn sc_chain_spec::ChainSpec>,
	/// Runs subscriptions.
	pub(crate) subscription_executor: SubscriptionTaskExecutor,
	/// For BABE.
	pub(crate) babe: BabeDeps,
	/// For GRANDPA.
	pub(crate) grandpa: GrandpaDeps,
	/// For BEEFY.
	pub(crate) beefy: BeefyDeps,
}

/// All methods.
pub(crate) fn create_full(deps: FullDeps) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
	let FullDeps { client, backend, pool, select_chain, chain_spec, subscription_executor, babe, grandpa, beefy } =
		deps;
	let GrandpaDeps { voter_state, authority_set, justification_stream, finality_provider } = grandpa;

	// OpenRPC's own method.
	let document: serde_json::Value = serde_json::from_str(include_str!("../../../docs/openrpc.json"))?;
	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
	module.merge(Babe::new(client.clone(), babe.worker.clone(), babe.keystore, select_chain).into_rpc())?;
	let grandpa = Grandpa::new(
		subscription_executor.clone(),
		authority_set.clone(),
		voter_state,
		justification_stream,
		finality_provider,
	);
	module.merge(grandpa.into_rpc())?;
	let beefy =
		Beefy::<Block, BeefyId>::new(beefy.justification_stream, beefy.best_block_stream, subscription_executor)?;
	module.merge(beefy.into_rpc())?;
	let leaves = backend.offchain_storage().ok_or("the database has no place for offchain data")?;
	module.merge(Mmr::new(client.clone(), leaves).into_rpc())?;
	module.merge(SyncState::new(chain_spec, client, authority_set, babe.worker)?.into_rpc())?;
	module.register_method("rpc_discover", move |_, (), _| document.clone())?;
	Ok(module)
}
