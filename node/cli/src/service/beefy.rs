//! Finality for other chains: votes on roots of the Merkle mountain range, and its leaves in the offchain database.

use std::{marker::PhantomData, sync::Arc};

use mmr_gadget::MmrGadget;
use peoples_cloud_runtime::{opaque::Block, Hash};
use sc_consensus_beefy::{
	communication::{beefy_peers_set_config, request_response::BeefyJustifsRequestHandler},
	gossip_protocol_name, BeefyNetworkParams, BeefyParams, BeefyVoterLinks,
};
use sc_network::{
	config::FullNetworkConfiguration, service::NotificationMetrics, NetworkBackend, NotificationService, ProtocolName,
};
use sc_service::{Configuration, TaskManager};
use sp_consensus_beefy::{ecdsa_crypto::AuthorityId, mmr::MmrRootProvider};

use super::{FullBackend, FullClient, Participation};

/// Votes on a block at least every so many: how far other chains lag behind, and how often validators sign for them.
const MIN_BLOCK_DELTA: u32 = 4;

/// Asks for justifications that gossip did not bring.
type Requests = BeefyJustifsRequestHandler<Block, FullClient>;

/// What the vote needs of the network.
pub(super) struct Protocols {
	gossip_name: ProtocolName,
	notifications: Box<dyn NotificationService>,
	requests: Requests,
}

/// Tells the network of BEEFY's protocols.
pub(super) fn register_protocols<N: NetworkBackend<Block, Hash>>(
	net_config: &mut FullNetworkConfiguration<Block, Hash, N>,
	genesis: Hash,
	client: Arc<FullClient>,
	metrics: NotificationMetrics,
	config: &Configuration,
) -> Protocols {
	let gossip_name = gossip_protocol_name(genesis, config.chain_spec.fork_id());
	let (requests, requests_config) =
		Requests::new::<_, N>(genesis, config.chain_spec.fork_id(), client, config.prometheus_registry().cloned());
	net_config.add_request_response_protocol(requests_config);
	let (gossip_config, notifications) =
		beefy_peers_set_config::<_, N>(gossip_name.clone(), metrics, net_config.peer_store_handle());
	net_config.add_notification_protocol(gossip_config);
	Protocols { gossip_name, notifications, requests }
}

/// Starts the vote, which observes only where the node has no keys, and the keeper of leaves.
pub(super) fn start(
	node: &Participation,
	backend: &Arc<FullBackend>,
	links: BeefyVoterLinks<Block, AuthorityId>,
	protocols: Protocols,
	task_manager: &TaskManager,
) {
	let network_params = BeefyNetworkParams {
		network: Arc::new(node.network.clone()),
		sync: node.sync.clone(),
		notification_service: protocols.notifications,
		gossip_protocol_name: protocols.gossip_name,
		justifications_protocol_name: protocols.requests.protocol_name(),
		_phantom: PhantomData,
	};
	let vote = sc_consensus_beefy::start_beefy_gadget::<_, _, _, _, _, _, _, AuthorityId>(BeefyParams {
		client: node.client.clone(),
		backend: backend.clone(),
		payload_provider: MmrRootProvider::new(node.client.clone()),
		runtime: node.client.clone(),
		key_store: node.role.is_authority().then(|| node.keystore_container.keystore()),
		network_params,
		min_block_delta: MIN_BLOCK_DELTA,
		prometheus_registry: node.registry.clone(),
		links,
		on_demand_justifications_handler: protocols.requests,
		is_authority: node.role.is_authority(),
	});
	// Both are parts of consensus: the node goes down with them, so that somebody sees it.
	task_manager.spawn_essential_handle().spawn_blocking("beefy-gadget", None, vote);
	let leaves = MmrGadget::start(node.client.clone(), backend.clone(), sp_mmr_primitives::INDEXING_PREFIX.to_vec());
	task_manager.spawn_essential_handle().spawn_blocking("mmr-gadget", None, leaves);
}
