//! Protocol streams as a libp2p behaviour: open one to a peer, accept those that peers open.
//!
//! `libp2p-stream` 0.5.0-alpha does nearly this. It is not used because it picks any connection to the peer,
//! a relayed one of 128 KiB too; has room for one dial and one inbound stream at a time and silently loses
//! the others, so that two dozen uploads at once hang; and never forgets closed connections.
use std::{
	collections::{HashMap, VecDeque},
	sync::{Arc, Mutex, MutexGuard},
	task::{Context, Poll},
	time::Duration,
};

use libp2p::{
	core::{transport::PortUse, Endpoint},
	swarm::{
		derive_prelude::{ConnectionClosed, ConnectionEstablished, DialFailure},
		dial_opts::{DialOpts, PeerCondition},
		ConnectionDenied, ConnectionId, DialError, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
		THandlerInEvent, THandlerOutEvent, ToSwarm,
	},
	Multiaddr, PeerId, Stream, StreamProtocol,
};
use tokio::sync::{mpsc, oneshot};

use crate::metrics::Metrics;

mod handler;

/// Inbound streams that wait for the worker: what a burst of clients needs until the worker's loop comes round.
const INBOX: usize = 128;
/// Streams of ours that wait for one dial or one connection: more are refused.
const MAX_WAITING: usize = 256;

/// Why no stream came about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
	/// No address of the peer answers.
	#[error("the peer {peer} cannot be reached: {reason}")]
	Unreachable {
		/// The peer.
		peer: PeerId,
		/// What became of each address.
		reason: String,
	},
	/// The peer does not speak the protocol.
	#[error("the peer {peer} does not speak {protocol}")]
	Unsupported {
		/// The peer.
		peer: PeerId,
		/// The protocol.
		protocol: StreamProtocol,
	},
	/// The connection went away while the stream was set up.
	#[error("the connection to {0} was lost")]
	ConnectionLost(PeerId),
	/// It took too long.
	#[error("the peer {peer} did not answer within {deadline:?}")]
	TimedOut {
		/// The peer.
		peer: PeerId,
		/// What was allowed.
		deadline: Duration,
	},
	/// Too many streams to this peer are being opened.
	#[error("too many streams to {0} are being opened")]
	Busy(PeerId),
	/// Protocol names begin with a slash.
	#[error("{0} is not a protocol name")]
	BadName(&'static str),
	/// The network node has ended.
	#[error("the network node has ended")]
	NetworkDown,
}

/// Why a protocol cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
	/// Somebody else accepts it.
	#[error("{0} is already accepted elsewhere")]
	Taken(&'static str),
	/// Protocol names begin with a slash.
	#[error("{0} is not a protocol name")]
	BadName(&'static str),
}

/// Streams that peers open for one protocol. Dropping it ends the acceptance.
#[derive(Debug)]
pub struct IncomingStreams {
	inbox: mpsc::Receiver<(PeerId, Stream)>,
}

impl IncomingStreams {
	/// The next stream and who opened it; `None` once the network node has ended.
	pub async fn next(&mut self) -> Option<(PeerId, Stream)> {
		self.inbox.recv().await
	}
}

/// The protocols that are accepted, and where their streams go.
#[derive(Debug, Default)]
pub(crate) struct Registry {
	inboxes: Mutex<HashMap<StreamProtocol, mpsc::Sender<(PeerId, Stream)>>>,
	metrics: Metrics,
}

impl Registry {
	pub(crate) fn new(metrics: Metrics) -> Arc<Self> {
		Arc::new(Self { inboxes: Mutex::default(), metrics })
	}

	pub(crate) fn accept(&self, protocol: &'static str) -> Result<IncomingStreams, AcceptError> {
		let name = StreamProtocol::try_from_owned(protocol.to_owned()).map_err(|_| AcceptError::BadName(protocol))?;
		let mut inboxes = self.lock();
		inboxes.retain(|_, inbox| !inbox.is_closed());
		if inboxes.contains_key(&name) {
			return Err(AcceptError::Taken(protocol));
		}
		let (sender, inbox) = mpsc::channel(INBOX);
		inboxes.insert(name, sender);
		Ok(IncomingStreams { inbox })
	}

	/// Ends all acceptance: nothing more comes out of [`IncomingStreams`] than is in it.
	pub(crate) fn close(&self) {
		self.lock().clear();
	}

	fn protocols(&self) -> Vec<StreamProtocol> {
		self.lock().iter().filter(|(_, inbox)| !inbox.is_closed()).map(|(name, _)| name.clone()).collect()
	}

	/// Hands an inbound stream on; when the worker does not keep up it is dropped, which the peer notices.
	fn deliver(&self, peer: PeerId, protocol: &StreamProtocol, stream: Stream) {
		let delivered = match self.lock().get(protocol) {
			Some(inbox) => inbox.try_send((peer, stream)).is_ok(),
			None => false,
		};
		if delivered {
			self.metrics.streams_accepted.inc();
		} else {
			self.metrics.streams_dropped.inc();
			tracing::debug!(target: "network", %peer, %protocol, "inbound stream dropped");
		}
	}

	fn lock(&self) -> MutexGuard<'_, HashMap<StreamProtocol, mpsc::Sender<(PeerId, Stream)>>> {
		// Nothing under the lock panics; a poisoned map is whole all the same.
		self.inboxes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}
}

/// A stream to be opened.
#[derive(Debug)]
pub(crate) struct Request {
	pub(crate) protocol: StreamProtocol,
	pub(crate) reply: oneshot::Sender<Result<Stream, OpenError>>,
}

/// Requests to a peer that is being dialled.
#[derive(Debug)]
struct Dialling {
	dial: ConnectionId,
	requests: Vec<Request>,
}

/// Opens and accepts protocol streams.
#[derive(Debug)]
pub(crate) struct Behaviour {
	registry: Arc<Registry>,
	/// Per peer its connections and whether they are direct.
	connections: HashMap<PeerId, Vec<(ConnectionId, bool)>>,
	dialling: HashMap<PeerId, Dialling>,
	actions: VecDeque<ToSwarm<std::convert::Infallible, Request>>,
}

impl Behaviour {
	pub(crate) fn new(registry: Arc<Registry>) -> Self {
		Self { registry, connections: HashMap::new(), dialling: HashMap::new(), actions: VecDeque::new() }
	}

	/// Opens a stream over the newest direct connection, else over a relayed one, else dials.
	pub(crate) fn open(&mut self, peer: PeerId, addresses: Vec<Multiaddr>, request: Request) {
		if let Some(connection) = self.best_connection(&peer) {
			self.notify(peer, connection, request);
			return;
		}
		if let Some(dialling) = self.dialling.get_mut(&peer) {
			if dialling.requests.len() >= MAX_WAITING {
				// The receiver may have gone: then nobody cares.
				let _ = request.reply.send(Err(OpenError::Busy(peer)));
			} else {
				dialling.requests.push(request);
			}
			return;
		}
		let options = DialOpts::peer_id(peer)
			.condition(PeerCondition::Disconnected)
			.addresses(addresses)
			.extend_addresses_through_behaviour()
			.build();
		self.dialling.insert(peer, Dialling { dial: options.connection_id(), requests: vec![request] });
		self.actions.push_back(ToSwarm::Dial { opts: options });
	}

	fn best_connection(&self, peer: &PeerId) -> Option<ConnectionId> {
		let connections = self.connections.get(peer)?;
		let direct = connections.iter().rev().find(|(_, direct)| *direct);
		direct.or_else(|| connections.last()).map(|(connection, _)| *connection)
	}

	fn notify(&mut self, peer_id: PeerId, connection: ConnectionId, event: Request) {
		self.actions.push_back(ToSwarm::NotifyHandler { peer_id, handler: NotifyHandler::One(connection), event });
	}

	fn on_established(&mut self, event: ConnectionEstablished<'_>) {
		let direct = !event.endpoint.is_relayed();
		self.connections.entry(event.peer_id).or_default().push((event.connection_id, direct));
		if let Some(dialling) = self.dialling.remove(&event.peer_id) {
			for request in dialling.requests {
				self.notify(event.peer_id, event.connection_id, request);
			}
		}
	}

	fn on_closed(&mut self, event: ConnectionClosed<'_>) {
		if let Some(connections) = self.connections.get_mut(&event.peer_id) {
			connections.retain(|(connection, _)| *connection != event.connection_id);
			if connections.is_empty() {
				self.connections.remove(&event.peer_id);
			}
		}
	}

	fn on_dial_failure(&mut self, event: DialFailure<'_>) {
		let Some(peer) = event.peer_id else { return };
		if self.dialling.get(&peer).is_none_or(|dialling| dialling.dial != event.connection_id) {
			return;
		}
		let Some(dialling) = self.dialling.remove(&peer) else { return };
		let reason = explain(event.error);
		for request in dialling.requests {
			match self.best_connection(&peer) {
				// The peer was faster and connected to us.
				Some(connection) => self.notify(peer, connection, request),
				None => {
					let _ = request.reply.send(Err(OpenError::Unreachable { peer, reason: reason.clone() }));
				},
			}
		}
	}
}

/// A dial error in one line: what became of each address.
fn explain(error: &DialError) -> String {
	match error {
		DialError::NoAddresses => "no address is known".into(),
		DialError::Transport(errors) => {
			let each = errors.iter().map(|(address, error)| format!("{address}: {}", innermost(error)));
			each.collect::<Vec<_>>().join("; ")
		},
		other => other.to_string(),
	}
}

fn innermost(error: &dyn std::error::Error) -> String {
	let mut error = error;
	while let Some(source) = error.source() {
		error = source;
	}
	error.to_string()
}

impl NetworkBehaviour for Behaviour {
	type ConnectionHandler = handler::Handler;
	type ToSwarm = std::convert::Infallible;

	fn handle_established_inbound_connection(
		&mut self,
		_: ConnectionId,
		peer: PeerId,
		_: &Multiaddr,
		_: &Multiaddr,
	) -> Result<THandler<Self>, ConnectionDenied> {
		Ok(handler::Handler::new(peer, self.registry.clone()))
	}

	fn handle_established_outbound_connection(
		&mut self,
		_: ConnectionId,
		peer: PeerId,
		_: &Multiaddr,
		_: Endpoint,
		_: PortUse,
	) -> Result<THandler<Self>, ConnectionDenied> {
		Ok(handler::Handler::new(peer, self.registry.clone()))
	}

	fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
		match event {
			FromSwarm::ConnectionEstablished(event) => self.on_established(event),
			FromSwarm::ConnectionClosed(event) => self.on_closed(event),
			FromSwarm::DialFailure(event) => self.on_dial_failure(event),
			_ => {},
		}
	}

	fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
		match event {}
	}

	fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
		// No waker is needed: actions come from calls after which the swarm polls again.
		self.actions.pop_front().map_or(Poll::Pending, Poll::Ready)
	}
}
