//! Validators find each other: each publishes its addresses, signed with a key of the session, in the Kademlia table.

use futures::StreamExt;
use sc_authority_discovery::{new_worker_and_service_with_config, Role, WorkerConfig};
use sc_network::{config::NetworkConfiguration, event::Event};
use sc_service::TaskManager;

use super::Participation;

/// Starts publishing and looking up.
pub(super) fn start(node: &Participation, config: WorkerConfig, task_manager: &TaskManager) {
	let events = node.network.event_stream("authority-discovery").filter_map(|event| async move {
		if let Event::Dht(event) = event {
			Some(event)
		} else {
			None
		}
	});
	let (worker, _service) = new_worker_and_service_with_config(
		config,
		node.client.clone(),
		std::sync::Arc::new(node.network.clone()),
		Box::pin(events),
		Role::PublishAndDiscover(node.keystore_container.keystore()),
		node.registry.clone(),
		task_manager.spawn_handle(),
	);
	task_manager.spawn_handle().spawn("authority-discovery-worker", Some("networking"), worker.run());
}

/// As the node's network is configured: addresses that others cannot reach are published only where the network may have
/// such.
pub(super) fn config(network: &NetworkConfiguration) -> WorkerConfig {
	WorkerConfig {
		publish_non_global_ips: network.allow_non_globals_in_dht,
		public_addresses: network.public_addresses.clone(),
		strict_record_validation: true,
		persisted_cache_directory: network.net_config_path.clone(),
		..WorkerConfig::default()
	}
}
