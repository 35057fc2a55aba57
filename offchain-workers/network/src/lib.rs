//! The daemons' network: libp2p transports, discovery, NAT traversal, and streams for our protocols.
//!
//! Who starts whom, and which way data flows:
//!
//! ```text
//! Network::start ──spawns──▶ task (owns the swarm) ◀──commands, bounded── NetworkHandle (Clone)
//!                              │                                             ▲
//!                              └─ streams behaviour ──inbound, bounded──▶ IncomingStreams
//! ```
//!
//! Bytes of a stream never pass through the task: a [`Stream`] talks to its connection directly.
//!
//! The chain's own networking is separate and lives in the node.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![warn(missing_docs)]

mod behaviour;
mod config;
pub mod framing;
mod handle;
mod identity;
mod metrics;
mod records;
mod streams;
mod task;

pub use config::NetworkConfig;
pub use handle::{Addresses, Closed, KademliaError, NetworkHandle};
pub use identity::IdentityError;
pub use libp2p::{identity::Keypair, multiaddr, Multiaddr, PeerId, Stream};
pub use metrics::Metrics;
pub use streams::{AcceptError, IncomingStreams, OpenError};
pub use task::{Network, StartError};

/// A peer id as the chain keeps it; `None` if the bytes are none.
pub fn peer_id_from_bytes(bytes: &[u8]) -> Option<PeerId> {
	PeerId::from_bytes(bytes).ok()
}

/// Addresses as the chain keeps them. Anybody may write anything there: what cannot be read is left out.
pub fn addresses_from_bytes(addresses: &[Vec<u8>]) -> Vec<Multiaddr> {
	addresses.iter().filter_map(|bytes| Multiaddr::try_from(bytes.clone()).ok()).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn what_the_chain_keeps_comes_back() {
		let peer = Keypair::generate_ed25519().public().to_peer_id();
		let address: Multiaddr = "/ip4/127.0.0.1/udp/4001/quic-v1".parse().unwrap();
		assert_eq!(peer_id_from_bytes(&peer.to_bytes()), Some(peer));
		assert_eq!(addresses_from_bytes(&[vec![0xff; 9], address.to_vec()]), [address]);
	}

	proptest! {
		#[test]
		fn broken_bytes_never_panic(bytes: Vec<u8>, addresses: Vec<Vec<u8>>) {
			let _ = peer_id_from_bytes(&bytes);
			let _ = addresses_from_bytes(&addresses);
		}
	}
}
