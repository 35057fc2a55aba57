//! One connection's side of [`super::Behaviour`]: negotiates the protocol of each stream.
use std::{
	collections::VecDeque,
	convert::Infallible,
	future::{ready, Ready},
	io,
	sync::Arc,
	task::{Context, Poll},
};

use libp2p::{
	core::{upgrade::InboundUpgrade, upgrade::OutboundUpgrade, UpgradeInfo},
	swarm::{
		handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
		ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol,
	},
	PeerId, Stream, StreamProtocol,
};
use tokio::sync::oneshot;

use super::{OpenError, Registry, Request, MAX_WAITING};

/// Offers or asks for any of these protocols, and hands the stream out as it is.
#[derive(Debug)]
pub(crate) struct AnyOf(Vec<StreamProtocol>);

impl UpgradeInfo for AnyOf {
	type Info = StreamProtocol;
	type InfoIter = std::vec::IntoIter<StreamProtocol>;

	fn protocol_info(&self) -> Self::InfoIter {
		self.0.clone().into_iter()
	}
}

impl InboundUpgrade<Stream> for AnyOf {
	type Output = (Stream, StreamProtocol);
	type Error = Infallible;
	type Future = Ready<Result<Self::Output, Self::Error>>;

	fn upgrade_inbound(self, stream: Stream, protocol: Self::Info) -> Self::Future {
		ready(Ok((stream, protocol)))
	}
}

impl OutboundUpgrade<Stream> for AnyOf {
	type Output = (Stream, StreamProtocol);
	type Error = Infallible;
	type Future = Ready<Result<Self::Output, Self::Error>>;

	fn upgrade_outbound(self, stream: Stream, protocol: Self::Info) -> Self::Future {
		ready(Ok((stream, protocol)))
	}
}

/// What is remembered while a stream of ours is negotiated.
#[derive(Debug)]
pub(crate) struct Opening {
	protocol: StreamProtocol,
	reply: oneshot::Sender<Result<Stream, OpenError>>,
}

#[derive(Debug)]
pub(crate) struct Handler {
	peer: PeerId,
	registry: Arc<Registry>,
	requests: VecDeque<Request>,
}

impl Handler {
	pub(super) fn new(peer: PeerId, registry: Arc<Registry>) -> Self {
		Self { peer, registry, requests: VecDeque::new() }
	}
}

impl ConnectionHandler for Handler {
	type FromBehaviour = Request;
	type ToBehaviour = Infallible;
	type InboundProtocol = AnyOf;
	type OutboundProtocol = AnyOf;
	type InboundOpenInfo = ();
	type OutboundOpenInfo = Opening;

	fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
		SubstreamProtocol::new(AnyOf(self.registry.protocols()), ())
	}

	fn poll(
		&mut self,
		_: &mut Context<'_>,
	) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
		while let Some(Request { protocol, reply }) = self.requests.pop_front() {
			if reply.is_closed() {
				continue;
			}
			let opening = Opening { protocol: protocol.clone(), reply };
			return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
				protocol: SubstreamProtocol::new(AnyOf(vec![protocol]), opening),
			});
		}
		// No waker is needed: requests come from the behaviour, after which the connection polls again.
		Poll::Pending
	}

	fn on_behaviour_event(&mut self, request: Self::FromBehaviour) {
		if self.requests.len() >= MAX_WAITING {
			let _ = request.reply.send(Err(OpenError::Busy(self.peer)));
		} else {
			self.requests.push_back(request);
		}
	}

	fn on_connection_event(
		&mut self,
		event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Self::OutboundOpenInfo>,
	) {
		match event {
			ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
				protocol: (stream, protocol), ..
			}) => {
				self.registry.deliver(self.peer, &protocol, stream);
			},
			ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: (stream, _), info }) => {
				// If nobody waits any longer the stream is dropped here, which resets it.
				let _ = info.reply.send(Ok(stream));
			},
			ConnectionEvent::DialUpgradeError(DialUpgradeError { info: Opening { protocol, reply }, error }) => {
				let peer = self.peer;
				let error = match error {
					StreamUpgradeError::NegotiationFailed => OpenError::Unsupported { peer, protocol },
					StreamUpgradeError::Io(error) if error.kind() != io::ErrorKind::TimedOut => {
						OpenError::Unreachable { peer, reason: error.to_string() }
					},
					_ => OpenError::ConnectionLost(peer),
				};
				let _ = reply.send(Err(error));
			},
			_ => {},
		}
	}
}
