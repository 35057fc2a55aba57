//! The handle: what workers hold of the network.
use std::{sync::Arc, time::Duration};

use libp2p::{kad, Multiaddr, PeerId, Stream, StreamProtocol};
use tokio::{
	sync::{mpsc, oneshot, watch},
	time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
	metrics::Metrics,
	streams::{AcceptError, IncomingStreams, OpenError, Registry, Request},
};

/// The network node has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network node has ended")]
pub struct Closed;

/// Where a node can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
	/// Known to lead here from outside: configured, confirmed by others, or through a relay.
	pub external: Vec<Multiaddr>,
	/// Where it listens, with real ports.
	pub listening: Vec<Multiaddr>,
}

/// Why the distributed table could not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KademliaError {
	/// The network node has ended.
	#[error("the network node has ended")]
	NetworkDown,
	/// As many keys are announced as there is room for.
	#[error("as many keys are announced as there is room for")]
	Full,
	/// Too many look-ups are under way.
	#[error("too many look-ups are under way")]
	Busy,
	/// Nobody answered in time.
	#[error("nobody answered in time")]
	TimedOut,
}

impl From<Closed> for KademliaError {
	fn from(_: Closed) -> Self {
		Self::NetworkDown
	}
}

/// What the task is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
	Open { peer: PeerId, addresses: Vec<Multiaddr>, request: Request },
	AddAddress { peer: PeerId, address: Multiaddr },
	Disconnect { peer: PeerId },
	Ban { peer: PeerId, duration: Duration },
	Provide { key: kad::RecordKey, reply: oneshot::Sender<Result<(), KademliaError>> },
	StopProviding { key: kad::RecordKey },
	FindProviders { key: kad::RecordKey, reply: oneshot::Sender<Result<Vec<PeerId>, KademliaError>> },
}

/// A running network node. Clones are cheap and share it.
#[derive(Clone, Debug)]
pub struct NetworkHandle {
	pub(crate) peer: PeerId,
	pub(crate) commands: mpsc::Sender<Command>,
	pub(crate) addresses: watch::Receiver<Addresses>,
	pub(crate) registry: Arc<Registry>,
	pub(crate) metrics: Metrics,
	pub(crate) cancel: CancellationToken,
}

impl NetworkHandle {
	/// Our peer id.
	pub fn peer_id(&self) -> PeerId {
		self.peer
	}

	/// Where we listen, with real ports, and which outside addresses are known to lead to us.
	pub fn listen_addresses(&self) -> Vec<Multiaddr> {
		let Addresses { external: mut all, listening } = self.addresses();
		for address in listening {
			if !all.contains(&address) {
				all.push(address);
			}
		}
		all
	}

	/// The same, told apart.
	pub fn addresses(&self) -> Addresses {
		self.addresses.borrow().clone()
	}

	/// Opens a stream to `peer`, over a connection that exists or else one dialled at `addresses` and whatever
	/// discovery knows, within `deadline`.
	pub async fn open(
		&self,
		peer: PeerId,
		addresses: &[Multiaddr],
		protocol: &'static str,
		deadline: Duration,
	) -> Result<Stream, OpenError> {
		let name = StreamProtocol::try_from_owned(protocol.to_owned()).map_err(|_| OpenError::BadName(protocol))?;
		let (reply, answer) = oneshot::channel();
		let request = Request { protocol: name, reply };
		let work = async {
			let command = Command::Open { peer, addresses: addresses.to_vec(), request };
			self.commands.send(command).await.map_err(|_| OpenError::NetworkDown)?;
			match answer.await {
				Ok(result) => result,
				Err(_) if self.commands.is_closed() => Err(OpenError::NetworkDown),
				Err(_) => Err(OpenError::ConnectionLost(peer)),
			}
		};
		let stream = timeout(deadline, work).await.map_err(|_| OpenError::TimedOut { peer, deadline })??;
		self.metrics.streams_opened.inc();
		Ok(stream)
	}

	/// Accepts the streams that peers open for `protocol`, until the answer is dropped.
	pub fn accept(&self, protocol: &'static str) -> Result<IncomingStreams, AcceptError> {
		self.registry.accept(protocol)
	}

	/// Remembers an address of a peer.
	pub async fn add_address(&self, peer: PeerId, address: Multiaddr) -> Result<(), Closed> {
		self.send(Command::AddAddress { peer, address }).await
	}

	/// Closes all connections with a peer.
	pub async fn disconnect(&self, peer: PeerId) -> Result<(), Closed> {
		self.send(Command::Disconnect { peer }).await
	}

	/// Closes all connections with a peer and refuses new ones for a while.
	pub async fn ban(&self, peer: PeerId, duration: Duration) -> Result<(), Closed> {
		self.send(Command::Ban { peer, duration }).await
	}

	/// Announces that we have what `key` names; repeated by itself until [`NetworkHandle::stop_providing`].
	pub async fn provide(&self, key: &[u8]) -> Result<(), KademliaError> {
		let (reply, answer) = oneshot::channel();
		self.send(Command::Provide { key: kad::RecordKey::new(&key), reply }).await?;
		answer.await.map_err(|_| KademliaError::NetworkDown)?
	}

	/// No longer announces `key`.
	pub async fn stop_providing(&self, key: &[u8]) -> Result<(), Closed> {
		self.send(Command::StopProviding { key: kad::RecordKey::new(&key) }).await
	}

	/// Peers that say they have what `key` names.
	pub async fn find_providers(&self, key: &[u8], deadline: Duration) -> Result<Vec<PeerId>, KademliaError> {
		let (reply, answer) = oneshot::channel();
		self.send(Command::FindProviders { key: kad::RecordKey::new(&key), reply }).await?;
		match timeout(deadline, answer).await {
			Ok(Ok(result)) => result,
			Ok(Err(_)) => Err(KademliaError::NetworkDown),
			Err(_) => Err(KademliaError::TimedOut),
		}
	}

	/// The node's counters.
	pub fn metrics(&self) -> &Metrics {
		&self.metrics
	}

	/// Ends the node: nothing more is accepted, connections close. Await the join handle afterwards.
	pub fn shutdown(&self) {
		self.registry.close();
		self.cancel.cancel();
	}

	async fn send(&self, command: Command) -> Result<(), Closed> {
		self.commands.send(command).await.map_err(|_| Closed)
	}
}
