//! What a network node is told at its start.
use std::path::PathBuf;

use libp2p::Multiaddr;

/// Configuration of [`crate::Network`]. The default suits a client: a fresh identity, no listening.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
	/// Where the identity is kept; created with mode 0600 if missing. Default: none, a fresh one in memory.
	pub keypair_path: Option<PathBuf>,
	/// Addresses to listen on, `/ip4/0.0.0.0/udp/4001/quic-v1` say. Default: none.
	pub listen: Vec<Multiaddr>,
	/// Addresses at which others reach us, if they differ from what can be found out. Default: none.
	pub external: Vec<Multiaddr>,
	/// Peers to join the network through, each ending in `/p2p/<peer id>`. Default: none.
	pub bootstrap: Vec<Multiaddr>,
	/// Find peers on the local network by multicast DNS. Default: off.
	pub mdns: bool,
	/// Ask the router to forward our ports. Default: off.
	pub upnp: bool,
	/// Relay connections for peers behind NATs. Default: off.
	pub relay_server: bool,
	/// Most connections at a time. Default: 512.
	pub max_connections: u32,
	/// Most connections with one peer at a time. Default: 8.
	pub max_connections_per_peer: u32,
	/// Share of the machine's memory, in percent, beyond which no new connection is accepted. Default: 80.
	pub max_memory_percent: u8,
}

impl Default for NetworkConfig {
	fn default() -> Self {
		Self {
			keypair_path: None,
			listen: Vec::new(),
			external: Vec::new(),
			bootstrap: Vec::new(),
			mdns: false,
			upnp: false,
			relay_server: false,
			// A connection costs some 100 KiB: 512 are affordable on the smallest machines.
			max_connections: 512,
			// Simultaneous dials from both sides and a relayed one beside them, twice.
			max_connections_per_peer: 8,
			max_memory_percent: 80,
		}
	}
}
