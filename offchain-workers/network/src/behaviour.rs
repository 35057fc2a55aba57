//! Everything that runs on a connection.
use std::{num::NonZeroUsize, time::Duration};

use libp2p::{
	allow_block_list::{self, BlockedPeers},
	autonat, connection_limits, dcutr, identify,
	identity::Keypair,
	kad, mdns, memory_connection_limits, ping, relay,
	swarm::{behaviour::toggle::Toggle, NetworkBehaviour},
	upnp, StreamProtocol,
};

use crate::{
	config::NetworkConfig,
	records::MAX_RECORDS,
	streams::{self, Registry},
};

/// Kademlia under our own name: the public IPFS network's table is not ours.
pub(crate) const KADEMLIA: StreamProtocol = StreamProtocol::new("/peoples-cloud/kad/1");
/// What identify says we speak.
const IDENTIFY: &str = "/peoples-cloud/1";
/// Provider records that we announce at a time: always so many, whatever others leave with us.
const MAX_PROVIDED: usize = 65_536;
/// Connections that are being set up at a time, each way: a flood of half-open ones stops here.
const MAX_PENDING: u32 = 128;

/// The composition. Blocks and limits come first: they may refuse a connection before the others hear of it.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
	pub(crate) blocked: allow_block_list::Behaviour<BlockedPeers>,
	limits: connection_limits::Behaviour,
	memory: memory_connection_limits::Behaviour,
	pub(crate) streams: streams::Behaviour,
	pub(crate) identify: identify::Behaviour,
	ping: ping::Behaviour,
	pub(crate) kademlia: kad::Behaviour<kad::store::MemoryStore>,
	autonat_client: autonat::v2::client::Behaviour,
	autonat_server: autonat::v2::server::Behaviour,
	relay_client: relay::client::Behaviour,
	relay_server: Toggle<relay::Behaviour>,
	dcutr: dcutr::Behaviour,
	upnp: Toggle<upnp::tokio::Behaviour>,
	pub(crate) mdns: Toggle<mdns::tokio::Behaviour>,
}

impl Behaviour {
	pub(crate) fn new(
		keypair: &Keypair,
		relay_client: relay::client::Behaviour,
		config: &NetworkConfig,
		registry: std::sync::Arc<Registry>,
	) -> std::io::Result<Self> {
		let peer = keypair.public().to_peer_id();
		let limits = connection_limits::ConnectionLimits::default()
			.with_max_established(Some(config.max_connections))
			.with_max_established_incoming(Some(most_incoming(config.max_connections)))
			.with_max_established_per_peer(Some(config.max_connections_per_peer))
			.with_max_pending_incoming(Some(MAX_PENDING))
			.with_max_pending_outgoing(Some(MAX_PENDING));
		let memory = memory_connection_limits::Behaviour::with_max_percentage(
			f64::from(config.max_memory_percent.clamp(1, 100)) / 100.0,
		);
		let store = kad::store::MemoryStore::with_config(
			peer,
			kad::store::MemoryStoreConfig {
				// Values are not used: only who provides what.
				max_records: 1,
				max_value_bytes: 1,
				max_provided_keys: MAX_PROVIDED + MAX_RECORDS,
				..Default::default()
			},
		);
		let mut kademlia = kad::Config::new(KADEMLIA);
		kademlia
			.set_query_timeout(Duration::from_secs(30))
			// What others leave with us is looked at first, see `crate::records`.
			.set_record_filtering(kad::StoreInserts::FilterBoth)
			.set_parallelism(NonZeroUsize::MIN.saturating_add(2));
		let identify = identify::Config::new(IDENTIFY.into(), keypair.public())
			.with_agent_version(concat!("peoples-cloud/", env!("CARGO_PKG_VERSION")).into())
			.with_push_listen_addr_updates(true);
		let mdns = match config.mdns {
			true => Some(mdns::tokio::Behaviour::new(mdns::Config::default(), peer)?),
			false => None,
		};
		Ok(Self {
			blocked: allow_block_list::Behaviour::default(),
			limits: connection_limits::Behaviour::new(limits),
			memory,
			streams: streams::Behaviour::new(registry),
			identify: identify::Behaviour::new(identify),
			ping: ping::Behaviour::default(),
			kademlia: kad::Behaviour::with_config(peer, store, kademlia),
			autonat_client: autonat::v2::client::Behaviour::default(),
			autonat_server: autonat::v2::server::Behaviour::default(),
			relay_client,
			relay_server: config.relay_server.then(|| relay::Behaviour::new(peer, relay::Config::default())).into(),
			dcutr: dcutr::Behaviour::new(peer),
			upnp: config.upnp.then(upnp::tokio::Behaviour::default).into(),
			mdns: mdns.into(),
		})
	}
}

/// Connections that others may open: a quarter is left for our own, so that a flood of visitors neither cuts us off
/// from the peers we need nor chooses all those we hear of the network from.
fn most_incoming(max_connections: u32) -> u32 {
	max_connections.saturating_sub(max_connections / 4)
}
