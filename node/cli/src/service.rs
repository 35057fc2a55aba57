//! Puts the node together: client, pool, network, block production and finality.

mod alarms;
mod beefy;
pub(crate) mod database;
mod discovery;
mod equivocation;

use std::{
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

use futures::FutureExt;
use jsonrpsee::RpcModule;
use peoples_cloud_runtime::{opaque::Block, BlockNumber, Hash, RuntimeApi};
use sc_client_api::{Backend, BlockBackend};
use sc_consensus::DefaultImportQueue;
use sc_consensus_babe::{BabeBlockImport, BabeLink, BabeWorkerHandle, SlotProportion};
use sc_consensus_beefy::{BeefyRPCLinks, BeefyVoterLinks};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaBlockImport, LinkHalf, SharedVoterState};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_executor::{HeapAllocStrategy, DEFAULT_HEAP_ALLOC_STRATEGY};
use sc_network::{
	config::{FullNetworkConfiguration, NetworkBackendType, ProtocolName},
	service::traits::NetworkService,
	Litep2pNetworkBackend, NetworkBackend, NetworkWorker, NotificationService,
};
use sc_network_sync::SyncingService;
use sc_rpc::SubscriptionTaskExecutor;
use sc_service::{
	config::ExecutorConfiguration, error::Error as ServiceError, Configuration, KeystoreContainer, PartialComponents,
	Role, TaskManager, WarpSyncConfig,
};
use sc_telemetry::{Telemetry, TelemetryHandle, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_beefy::ecdsa_crypto::AuthorityId as BeefyId;
use sp_inherents::CreateInherentDataProviders;
use sp_runtime::traits::{Block as BlockT, SaturatedConversion};
use substrate_prometheus_endpoint::Registry;

use self::equivocation::ReportEquivocations;
use crate::rpc;

/// A justification is kept at least every so many blocks: what a light client or a warp sync has to skip at most.
const JUSTIFICATION_PERIOD: u32 = 512;
/// How long a GRANDPA message takes to reach everybody: a third of a second is the SDK's measure for the internet.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);
/// How much of its slot a block may take to be made; the rest is for sending and importing it.
const PROPOSAL_SLOT_PORTION: f32 = 0.5;
/// Folder in the base path for compiled runtimes: with one, a start takes a second instead of several.
const RUNTIME_CACHE: &str = "runtimes";
/// How many telemetry messages may wait.
const TELEMETRY_BUFFER: usize = 16;

/// What the runtime may call in the node.
#[cfg(not(feature = "runtime-benchmarks"))]
type HostFunctions = sp_io::SubstrateHostFunctions;
/// What the runtime may call in the node.
#[cfg(feature = "runtime-benchmarks")]
type HostFunctions = (sp_io::SubstrateHostFunctions, frame_benchmarking::benchmarking::HostFunctions);

/// Executes the runtime.
type RuntimeExecutor = sc_executor::WasmExecutor<HostFunctions>;
/// The node's view of the chain.
pub(crate) type FullClient = sc_service::TFullClient<Block, RuntimeApi, RuntimeExecutor>;
/// The node's database.
pub(crate) type FullBackend = sc_service::TFullBackend<Block>;
/// The longest chain is the best one.
pub(crate) type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
/// Transactions that wait.
pub(crate) type FullPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;

/// Slot and time: checked in blocks of others, put in own ones.
type Inherents = (sp_consensus_babe::inherents::InherentDataProvider, sp_timestamp::InherentDataProvider);
type InherentProviders = Arc<dyn CreateInherentDataProviders<Block, (), InherentDataProviders = Inherents>>;
type GrandpaImport = GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type BeefyImport = sc_consensus_beefy::import::BeefyBlockImport<Block, FullBackend, FullClient, GrandpaImport, BeefyId>;
type ReportingImport = ReportEquivocations<BeefyImport>;
type BlockImport = BabeBlockImport<Block, FullClient, ReportingImport, InherentProviders, FullSelectChain>;
type GrandpaLink = LinkHalf<Block, FullClient, FullSelectChain>;

/// What consensus is made of, before it runs.
pub(crate) struct Consensus {
	block_import: BlockImport,
	babe_link: BabeLink<Block>,
	babe_worker: BabeWorkerHandle<Block>,
	grandpa_link: GrandpaLink,
	beefy_links: BeefyVoterLinks<Block, BeefyId>,
	beefy_rpc: BeefyRPCLinks<Block, BeefyId>,
	inherents: InherentProviders,
	telemetry: Option<Telemetry>,
}

/// What every command needs of a node.
pub(crate) type Service =
	PartialComponents<FullClient, FullBackend, FullSelectChain, DefaultImportQueue<Block>, FullPool, Consensus>;

/// Builds what every command needs: nothing of it touches the network. Compiled runtimes are kept in `runtime_cache`, or in the
/// base path.
pub(crate) fn new_partial(config: &mut Configuration, runtime_cache: Option<&Path>) -> Result<Service, ServiceError> {
	// Leaves of the Merkle mountain range are kept in the off-chain database, from genesis on: other chains ask for proofs
	// of them. A block that is executed without this leaves none.
	config.offchain_worker.indexing_enabled = true;
	let config = &*config;
	let telemetry = start_telemetry_worker(config)?;
	let runtime_cache = runtime_cache.map_or_else(|| config.base_path.path().join(RUNTIME_CACHE), Path::to_path_buf);
	let executor = executor(&config.executor, runtime_cache);
	let (backend, genesis) = database::open(config, &executor)?;
	let (client, backend, keystore_container, task_manager) =
		sc_service::new_full_parts_with_genesis_builder::<Block, RuntimeApi, _, _>(
			config,
			telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
			executor,
			backend,
			genesis,
			false,
		)?;
	let client = Arc::new(client);
	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});

	let select_chain = sc_consensus::LongestChain::new(backend.clone());
	let transaction_pool = Arc::new(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);

	let telemetry_handle = telemetry.as_ref().map(Telemetry::handle);
	let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&client,
		select_chain.clone(),
		telemetry_handle.clone(),
	)?;
	let (beefy_import, beefy_links, beefy_rpc) = sc_consensus_beefy::beefy_block_import_and_links(
		grandpa_import.clone(),
		backend.clone(),
		client.clone(),
		config.prometheus_registry().cloned(),
	);
	let babe_config = sc_consensus_babe::configuration(&*client)?;
	let slot_duration = babe_config.slot_duration();
	let inherents = inherent_providers(slot_duration);
	let reports = OffchainTransactionPoolFactory::new(transaction_pool.clone());
	let (block_import, babe_link) = sc_consensus_babe::block_import(
		babe_config,
		ReportEquivocations::new(beefy_import, client.clone(), reports.clone()),
		client.clone(),
		inherents.clone(),
		select_chain.clone(),
		reports,
	)?;
	let (import_queue, babe_worker) = sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
		link: babe_link.clone(),
		block_import: block_import.clone(),
		justification_import: Some(Box::new(grandpa_import)),
		client: client.clone(),
		slot_duration,
		spawner: &task_manager.spawn_essential_handle(),
		registry: config.prometheus_registry(),
		telemetry: telemetry_handle,
	})?;

	let other =
		Consensus { block_import, babe_link, babe_worker, grandpa_link, beefy_links, beefy_rpc, inherents, telemetry };
	Ok(PartialComponents {
		client,
		backend,
		task_manager,
		keystore_container,
		select_chain,
		import_queue,
		transaction_pool,
		other,
	})
}

/// As `sc_service::new_wasm_executor` makes it, and with a cache.
fn executor(config: &ExecutorConfiguration, cache: PathBuf) -> RuntimeExecutor {
	let heap = match config.default_heap_pages {
		Some(extra_pages) => HeapAllocStrategy::Static { extra_pages: extra_pages.saturated_into() },
		None => DEFAULT_HEAP_ALLOC_STRATEGY,
	};
	RuntimeExecutor::builder()
		.with_execution_method(config.wasm_method)
		.with_onchain_heap_alloc_strategy(heap)
		.with_offchain_heap_alloc_strategy(heap)
		.with_max_runtime_instances(config.max_runtime_instances)
		.with_runtime_cache_size(config.runtime_cache_size)
		.with_cache_path(cache)
		.build()
}

/// Telemetry runs only where a chain specification or the command line names an endpoint.
fn start_telemetry_worker(config: &Configuration) -> Result<Option<(TelemetryWorker, Telemetry)>, ServiceError> {
	let Some(endpoints) = config.telemetry_endpoints.clone().filter(|endpoints| !endpoints.is_empty()) else {
		return Ok(None);
	};
	let worker = TelemetryWorker::new(TELEMETRY_BUFFER)?;
	let telemetry = worker.handle().new_telemetry(endpoints);
	Ok(Some((worker, telemetry)))
}

fn inherent_providers(slot_duration: sp_consensus_babe::SlotDuration) -> InherentProviders {
	Arc::new(move |_parent: Hash, (): ()| async move {
		let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
		let slot = sp_consensus_babe::inherents::InherentDataProvider::from_timestamp_and_slot_duration(
			*timestamp,
			slot_duration,
		);
		Ok((slot, timestamp))
	})
}

/// Takes back what BABE and GRANDPA remember of the last `blocks` blocks.
pub(crate) fn revert_consensus(
	client: Arc<FullClient>,
	backend: Arc<FullBackend>,
	blocks: BlockNumber,
) -> sc_cli::Result<()> {
	sc_consensus_babe::revert(client.clone(), backend, blocks)?;
	sc_consensus_grandpa::revert(client, blocks)?;
	Ok(())
}

/// Starts the node on the network library that the command line names.
pub(crate) fn new_full(config: Configuration, runtime_cache: Option<&Path>) -> Result<TaskManager, ServiceError> {
	match config.network.network_backend {
		NetworkBackendType::Libp2p => start::<NetworkWorker<Block, <Block as BlockT>::Hash>>(config, runtime_cache),
		NetworkBackendType::Litep2p => start::<Litep2pNetworkBackend>(config, runtime_cache),
	}
}

/// What authoring and finality take from the rest of the node.
struct Participation {
	role: Role,
	name: String,
	force_authoring: bool,
	enable_grandpa: bool,
	registry: Option<Registry>,
	telemetry: Option<TelemetryHandle>,
	client: Arc<FullClient>,
	pool: Arc<FullPool>,
	select_chain: FullSelectChain,
	keystore_container: KeystoreContainer,
	sync: Arc<SyncingService<Block>>,
	network: Arc<dyn NetworkService>,
}

fn start<N: NetworkBackend<Block, <Block as BlockT>::Hash>>(
	mut config: Configuration,
	runtime_cache: Option<&Path>,
) -> Result<TaskManager, ServiceError> {
	let PartialComponents {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other,
	} = new_partial(&mut config, runtime_cache)?;
	let Consensus {
		block_import,
		babe_link,
		babe_worker,
		grandpa_link,
		beefy_links,
		beefy_rpc,
		inherents,
		mut telemetry,
	} = other;

	let metrics = N::register_notification_metrics(config.prometheus_registry());
	let mut net_config =
		FullNetworkConfiguration::<_, _, N>::new(&config.network, config.prometheus_registry().cloned());
	let genesis = client
		.block_hash(0)?
		.ok_or_else(|| ServiceError::Other("the database has no genesis block; purge it with purge-chain".into()))?;
	let grandpa_protocol = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
	let (grandpa_protocol_config, grandpa_notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
		grandpa_protocol.clone(),
		metrics.clone(),
		net_config.peer_store_handle(),
	);
	net_config.add_notification_protocol(grandpa_protocol_config);
	let beefy_protocols = beefy::register_protocols(&mut net_config, genesis, client.clone(), metrics.clone(), &config);
	let warp_sync = sc_consensus_grandpa::warp_proof::NetworkProvider::new(
		backend.clone(),
		grandpa_link.shared_authority_set().clone(),
		Vec::new(),
	);
	let (listener, announced) = alarms::listen();
	let (network, system_rpc_tx, tx_handler_controller, sync, _bitswap) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: Some(Box::new(move |_| Box::new(listener) as Box<_>)),
			warp_sync_config: Some(WarpSyncConfig::WithProvider(Arc::new(warp_sync))),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	let slot_duration = babe_link.config().slot_duration();
	let participation = Participation {
		role: config.role,
		name: config.network.node_name.clone(),
		force_authoring: config.force_authoring,
		enable_grandpa: !config.disable_grandpa,
		registry: config.prometheus_registry().cloned(),
		telemetry: telemetry.as_ref().map(Telemetry::handle),
		client: client.clone(),
		pool: transaction_pool.clone(),
		select_chain,
		keystore_container,
		sync: sync.clone(),
		network: network.clone(),
	};
	let discovery = discovery::config(&config.network);
	let expects_peers = alarms::expects_peers(&config.network, network.local_peer_id());
	if config.offchain_worker.enabled {
		start_offchain_workers(&participation, &backend, &task_manager)?;
	}

	let voter_state = SharedVoterState::empty();
	let rpc_builder = RpcSources {
		node: &participation,
		backend: &backend,
		grandpa_link: &grandpa_link,
		babe_worker,
		beefy: beefy_rpc,
		voter_state: voter_state.clone(),
		config: &config,
	}
	.builder();
	sc_service::spawn_tasks(sc_service::SpawnTasksParams {
		config,
		client,
		backend: backend.clone(),
		task_manager: &mut task_manager,
		keystore: participation.keystore_container.keystore(),
		transaction_pool,
		rpc_builder,
		network,
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync,
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	alarms::start(&participation, alarms::Around { slot_duration, announced, expects_peers }, &task_manager);
	if participation.role.is_authority() {
		start_authoring(&participation, block_import, babe_link, inherents, &task_manager)?;
		discovery::start(&participation, discovery, &task_manager);
	}
	beefy::start(&participation, &backend, beefy_links, beefy_protocols, &task_manager);
	if participation.enable_grandpa {
		let protocol = (grandpa_protocol, grandpa_notifications);
		start_finality(participation, grandpa_link, protocol, voter_state, &task_manager)?;
	}
	// Telemetry ends when its last handle is gone.
	task_manager.keep_alive(telemetry);
	Ok(task_manager)
}

type RpcBuilder = Box<dyn Fn(SubscriptionTaskExecutor) -> Result<RpcModule<()>, ServiceError>>;

/// What JSON-RPC answers from.
struct RpcSources<'a> {
	node: &'a Participation,
	backend: &'a Arc<FullBackend>,
	grandpa_link: &'a GrandpaLink,
	babe_worker: BabeWorkerHandle<Block>,
	beefy: BeefyRPCLinks<Block, BeefyId>,
	voter_state: SharedVoterState,
	config: &'a Configuration,
}

impl RpcSources<'_> {
	fn builder(self) -> RpcBuilder {
		let Self { node, backend, grandpa_link, babe_worker, beefy, voter_state, config } = self;
		let authority_set = grandpa_link.shared_authority_set().clone();
		let justification_stream = grandpa_link.justification_stream();
		let finality_provider = FinalityProofProvider::new_for_service(backend.clone(), Some(authority_set.clone()));
		let client = node.client.clone();
		let pool = node.pool.clone();
		let select_chain = node.select_chain.clone();
		let keystore = node.keystore_container.keystore();
		let chain_spec = config.chain_spec.cloned_box();
		let backend = backend.clone();

		Box::new(move |subscription_executor| {
			let deps = rpc::FullDeps {
				client: client.clone(),
				backend: backend.clone(),
				pool: pool.clone(),
				select_chain: select_chain.clone(),
				chain_spec: chain_spec.cloned_box(),
				subscription_executor,
				babe: rpc::BabeDeps { worker: babe_worker.clone(), keystore: keystore.clone() },
				grandpa: rpc::GrandpaDeps {
					voter_state: voter_state.clone(),
					authority_set: authority_set.clone(),
					justification_stream: justification_stream.clone(),
					finality_provider: finality_provider.clone(),
				},
				beefy: rpc::BeefyDeps {
					justification_stream: beefy.from_voter_justif_stream.clone(),
					best_block_stream: beefy.from_voter_best_beefy_stream.clone(),
				},
			};
			rpc::create_full(deps).map_err(ServiceError::Application)
		})
	}
}

fn start_offchain_workers(
	node: &Participation,
	backend: &Arc<FullBackend>,
	task_manager: &TaskManager,
) -> Result<(), ServiceError> {
	let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
		runtime_api_provider: node.client.clone(),
		keystore: Some(node.keystore_container.keystore()),
		offchain_db: backend.offchain_storage(),
		transaction_pool: Some(OffchainTransactionPoolFactory::new(node.pool.clone())),
		network_provider: Arc::new(node.network.clone()),
		is_validator: node.role.is_authority(),
		// No pallet of ours asks anything of the web.
		enable_http_requests: false,
		custom_extensions: |_| Vec::new(),
	})?;
	task_manager.spawn_handle().spawn(
		"offchain-workers-runner",
		Some("offchain-worker"),
		workers.run(node.client.clone(), task_manager.spawn_handle()).boxed(),
	);
	Ok(())
}

fn start_authoring(
	node: &Participation,
	block_import: BlockImport,
	babe_link: BabeLink<Block>,
	inherents: InherentProviders,
	task_manager: &TaskManager,
) -> Result<(), ServiceError> {
	let proposer = sc_basic_authorship::ProposerFactory::new(
		task_manager.spawn_handle(),
		node.client.clone(),
		node.pool.clone(),
		node.registry.as_ref(),
		node.telemetry.clone(),
	);
	let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
		keystore: node.keystore_container.keystore(),
		client: node.client.clone(),
		select_chain: node.select_chain.clone(),
		env: proposer,
		block_import,
		sync_oracle: node.sync.clone(),
		justification_sync_link: node.sync.clone(),
		create_inherent_data_providers: inherents,
		force_authoring: node.force_authoring,
		// Fewer blocks while finality is far behind, so that it can catch up.
		backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
		babe_link,
		block_proposal_slot_portion: SlotProportion::new(PROPOSAL_SLOT_PORTION),
		max_block_proposal_slot_portion: None,
		telemetry: node.telemetry.clone(),
	})?;
	task_manager.spawn_essential_handle().spawn_blocking("babe-proposer", Some("block-authoring"), babe);
	Ok(())
}

fn start_finality(
	node: Participation,
	link: GrandpaLink,
	(protocol_name, notification_service): (ProtocolName, Box<dyn NotificationService>),
	shared_voter_state: SharedVoterState,
	task_manager: &TaskManager,
) -> Result<(), ServiceError> {
	let config = sc_consensus_grandpa::Config {
		gossip_duration: GOSSIP_DURATION,
		justification_generation_period: JUSTIFICATION_PERIOD,
		observer_enabled: false,
		local_role: node.role,
		name: Some(node.name),
		// Who does not vote needs no keys.
		keystore: node.role.is_authority().then(|| node.keystore_container.keystore()),
		telemetry: node.telemetry.clone(),
		protocol_name,
	};
	let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
		config,
		link,
		network: node.network,
		sync: Arc::new(node.sync),
		notification_service,
		voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
		prometheus_registry: node.registry,
		shared_voter_state,
		telemetry: node.telemetry,
		offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(node.pool),
	})?;
	task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
	Ok(())
}
