//! The task that owns the swarm.
use std::{
	collections::{BTreeMap, HashMap, HashSet},
	io,
	time::Duration,
};

use futures::StreamExt as _;
use libp2p::{
	core::transport::ListenerId,
	identify,
	identity::Keypair,
	kad, mdns,
	multiaddr::Protocol,
	noise, relay,
	swarm::{dial_opts::DialOpts, SwarmEvent},
	tcp, yamux, Multiaddr, PeerId, Swarm, SwarmBuilder,
};
use tokio::{
	sync::{mpsc, oneshot, watch},
	task::JoinHandle,
	time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{
	behaviour::{Behaviour, BehaviourEvent, KADEMLIA},
	config::NetworkConfig,
	handle::{Addresses, Command, KademliaError, NetworkHandle},
	identity::{self, IdentityError},
	metrics::Metrics,
	records::ForeignRecords,
	streams::Registry,
};

/// Commands that wait for the task: it only ever routes, so a short queue suffices.
const COMMANDS: usize = 128;
/// Idle connections are kept for this long: an upload's next request comes within seconds, a NAT forgets in minutes.
const IDLE_CONNECTION: Duration = Duration::from_secs(60);
/// How long listening may take to begin; interfaces answer at once or never.
const LISTEN_DEADLINE: Duration = Duration::from_secs(10);
/// How often bans are lifted, lost bootstrap peers dialled and relays asked for.
const TICK: Duration = Duration::from_secs(5);
/// Bootstrap peers that are not connected are dialled again this often.
const REDIAL: Duration = Duration::from_secs(30);
/// Without a confirmed outside address by then, we ask a relay to be reachable through.
const RELAY_AFTER: Duration = Duration::from_secs(30);
/// Relays that we ask at most: each costs it and us a connection.
const MAX_RELAYS: usize = 2;
/// Peers that can relay and that we remember.
const MAX_KNOWN_RELAYS: usize = 16;
/// A relay that let us down is not asked again for so long, and after that only if there is no other: long enough for
/// one that was restarted.
const RELAY_PAUSE: Duration = Duration::from_secs(30);
/// Addresses that we take from one peer's word, and that the table keeps for it.
const MAX_ADDRESSES: usize = 16;
/// How often records of others that have ended are removed.
const EXPIRE: Duration = Duration::from_secs(60);
/// Bans at a time; beyond that the one that ends first is lifted.
const MAX_BANS: usize = 4096;
/// Kademlia look-ups at a time.
const MAX_LOOKUPS: usize = 256;
/// Providers that a look-up answers with at most.
const MAX_PROVIDERS: usize = 64;

/// Why the network node did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
	/// The identity cannot be used.
	#[error(transparent)]
	Identity(#[from] IdentityError),
	/// A transport or discovery service cannot be set up.
	#[error("{what} cannot be set up: {reason}")]
	Transport {
		/// Which.
		what: &'static str,
		/// What the system said.
		reason: String,
	},
	/// An address cannot be listened on.
	#[error("cannot listen on {address}: {reason}")]
	Listen {
		/// The address.
		address: Multiaddr,
		/// What the system said.
		reason: String,
	},
	/// A bootstrap address does not name its peer.
	#[error("the bootstrap address {0} does not end in /p2p/<peer id>")]
	Bootstrap(Multiaddr),
}

/// A network node.
#[derive(Debug)]
pub struct Network;

impl Network {
	/// Starts a node; answers once it listens everywhere it was told to.
	pub async fn start(config: NetworkConfig) -> Result<(NetworkHandle, JoinHandle<()>), StartError> {
		let keypair = match &config.keypair_path {
			Some(path) => identity::load_or_create(path)?,
			None => Keypair::generate_ed25519(),
		};
		let peer = keypair.public().to_peer_id();
		let bootstrap = config
			.bootstrap
			.iter()
			.map(|address| split_peer(address).ok_or_else(|| StartError::Bootstrap(address.clone())))
			.collect::<Result<Vec<_>, _>>()?;

		let metrics = Metrics::default();
		let registry = Registry::new(metrics.clone());
		let mut swarm = build(keypair, &config, registry.clone())?;
		for address in &config.external {
			swarm.add_external_address(address.clone());
		}
		let mut listeners = HashMap::new();
		for address in &config.listen {
			let listener = swarm
				.listen_on(address.clone())
				.map_err(|error| StartError::Listen { address: address.clone(), reason: error.to_string() })?;
			listeners.insert(listener, address.clone());
		}

		let (commands, inbox) = mpsc::channel(COMMANDS);
		let (publish, addresses) = watch::channel(Addresses::default());
		let cancel = CancellationToken::new();
		let mut task = Task {
			swarm,
			inbox,
			publish,
			metrics: metrics.clone(),
			cancel: cancel.clone(),
			listens: !config.listen.is_empty(),
			bootstrap,
			bans: BTreeMap::new(),
			announcements: HashMap::new(),
			lookups: HashMap::new(),
			known_relays: KnownRelays::default(),
			relays: HashMap::new(),
			records: ForeignRecords::default(),
			started: Instant::now(),
			redialled: None,
			expired: Instant::now(),
		};
		task.await_listening(listeners).await?;
		task.publish_addresses();
		task.redial();
		let joined = tokio::spawn(task.run());
		Ok((NetworkHandle { peer, commands, addresses, registry, metrics, cancel }, joined))
	}
}

fn build(
	keypair: Keypair,
	config: &NetworkConfig,
	registry: std::sync::Arc<Registry>,
) -> Result<Swarm<Behaviour>, StartError> {
	let failed = |what: &'static str| move |reason: String| StartError::Transport { what, reason };
	let swarm = SwarmBuilder::with_existing_identity(keypair)
		.with_tokio()
		.with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
		.map_err(|error| failed("TCP")(error.to_string()))?
		.with_quic_config(|mut quic| {
			// A connection whose peer vanished is noticed within this; transfers have their own deadlines.
			quic.max_idle_timeout = 30_000;
			quic.keep_alive_interval = Duration::from_secs(10);
			quic
		})
		.with_dns()
		.map_err(|error| failed("name resolution")(error.to_string()))?
		.with_relay_client(noise::Config::new, yamux::Config::default)
		.map_err(|error| failed("the relay client")(error.to_string()))?
		.with_behaviour(|keypair, relay_client| {
			Behaviour::new(keypair, relay_client, config, registry).map_err(Into::into)
		})
		.map_err(|error| failed("discovery")(error.to_string()))?
		.with_swarm_config(|swarm| swarm.with_idle_connection_timeout(IDLE_CONNECTION))
		.build();
	Ok(swarm)
}

/// A look-up under way.
#[derive(Debug)]
struct Lookup {
	found: HashSet<PeerId>,
	reply: oneshot::Sender<Result<Vec<PeerId>, KademliaError>>,
}

/// Peers that say they relay.
#[derive(Debug, Default)]
struct KnownRelays(HashMap<PeerId, KnownRelay>);

#[derive(Debug)]
struct KnownRelay {
	address: Multiaddr,
	/// When it last let us down.
	failed: Option<Instant>,
}

impl KnownRelays {
	/// One more; the place of one that let us down is free for it.
	fn learn(&mut self, peer: PeerId, address: Multiaddr) {
		if let Some(known) = self.0.get_mut(&peer) {
			known.address = address;
			return;
		}
		if self.0.len() >= MAX_KNOWN_RELAYS {
			let bad = self.0.iter().filter(|(_, known)| known.failed.is_some()).min_by_key(|(_, known)| known.failed);
			let Some(bad) = bad.map(|(peer, _)| *peer) else { return };
			self.0.remove(&bad);
		}
		self.0.insert(peer, KnownRelay { address, failed: None });
	}

	fn failed(&mut self, peer: &PeerId, now: Instant) {
		if let Some(known) = self.0.get_mut(peer) {
			known.failed = Some(now);
		}
	}

	/// Whom to ask next: those first that never let us down, then the one that did so longest ago.
	fn next(&self, taken: &HashSet<PeerId>, now: Instant) -> Option<(PeerId, Multiaddr)> {
		let rested = |known: &KnownRelay| known.failed.is_none_or(|at| now.duration_since(at) >= RELAY_PAUSE);
		let free = self.0.iter().filter(|(peer, known)| !taken.contains(*peer) && rested(known));
		free.min_by_key(|(_, known)| known.failed).map(|(peer, known)| (*peer, known.address.clone()))
	}
}

struct Task {
	swarm: Swarm<Behaviour>,
	inbox: mpsc::Receiver<Command>,
	publish: watch::Sender<Addresses>,
	metrics: Metrics,
	cancel: CancellationToken,
	listens: bool,
	bootstrap: Vec<(PeerId, Multiaddr)>,
	/// By when they end.
	bans: BTreeMap<(Instant, PeerId), ()>,
	announcements: HashMap<kad::QueryId, oneshot::Sender<Result<(), KademliaError>>>,
	lookups: HashMap<kad::QueryId, Lookup>,
	known_relays: KnownRelays,
	relays: HashMap<ListenerId, PeerId>,
	records: ForeignRecords,
	started: Instant,
	redialled: Option<Instant>,
	expired: Instant,
}

impl Task {
	/// Waits until every listener has reported an address.
	async fn await_listening(&mut self, mut waiting: HashMap<ListenerId, Multiaddr>) -> Result<(), StartError> {
		let deadline = Instant::now() + LISTEN_DEADLINE;
		while let Some(address) = waiting.values().next().cloned() {
			let failed = |reason: String| StartError::Listen { address: address.clone(), reason };
			let Ok(event) = tokio::time::timeout_at(deadline, self.swarm.select_next_some()).await else {
				return Err(failed("nothing happened".into()));
			};
			match &event {
				SwarmEvent::NewListenAddr { listener_id, .. } => {
					waiting.remove(listener_id);
				},
				SwarmEvent::ListenerClosed { listener_id, reason, .. } if waiting.contains_key(listener_id) => {
					let reason = reason.as_ref().err().map_or("closed".into(), io::Error::to_string);
					return Err(failed(reason));
				},
				_ => {},
			}
			self.on_event(event);
		}
		Ok(())
	}

	async fn run(mut self) {
		let mut tick = tokio::time::interval(TICK);
		tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
		loop {
			tokio::select! {
				() = self.cancel.cancelled() => break,
				command = self.inbox.recv() => match command {
					Some(command) => self.on_command(command),
					// All handles are gone, and with them everybody who could want something.
					None => break,
				},
				event = self.swarm.select_next_some() => self.on_event(event),
				_ = tick.tick() => self.on_tick(),
			}
		}
		self.close().await;
	}

	/// Closes connections in order: peers learn at once instead of timing out.
	async fn close(mut self) {
		let peers: Vec<_> = self.swarm.connected_peers().copied().collect();
		for peer in peers {
			// An error means that it is gone already.
			let _ = self.swarm.disconnect_peer_id(peer);
		}
		let deadline = Instant::now() + Duration::from_millis(500);
		while self.swarm.network_info().num_peers() > 0 {
			if tokio::time::timeout_at(deadline, self.swarm.select_next_some()).await.is_err() {
				break;
			}
		}
	}

	fn on_command(&mut self, command: Command) {
		let behaviour = self.swarm.behaviour_mut();
		match command {
			Command::Open { peer, addresses, request } => behaviour.streams.open(peer, addresses, request),
			Command::AddAddress { peer, address } => self.swarm.add_peer_address(peer, address),
			Command::Disconnect { peer } => {
				// An error means that it is not connected.
				let _ = self.swarm.disconnect_peer_id(peer);
			},
			Command::Ban { peer, duration } => {
				behaviour.blocked.block_peer(peer);
				self.metrics.bans.inc();
				self.bans.retain(|(_, banned), ()| *banned != peer);
				self.bans.insert((Instant::now() + duration, peer), ());
				if self.bans.len() > MAX_BANS {
					if let Some(((_, peer), ())) = self.bans.pop_first() {
						behaviour.blocked.unblock_peer(peer);
					}
				}
			},
			Command::Provide { key, reply } => match behaviour.kademlia.start_providing(key) {
				Ok(_) if self.announcements.len() >= MAX_LOOKUPS => {
					// It is kept and announced all the same; only nobody waits for it.
					let _ = reply.send(Ok(()));
				},
				Ok(query) => {
					self.announcements.insert(query, reply);
				},
				Err(_) => {
					let _ = reply.send(Err(KademliaError::Full));
				},
			},
			Command::StopProviding { key } => behaviour.kademlia.stop_providing(&key),
			Command::FindProviders { key, reply } => {
				self.lookups.retain(|_, lookup| !lookup.reply.is_closed());
				if self.lookups.len() < MAX_LOOKUPS {
					let query = behaviour.kademlia.get_providers(key);
					self.lookups.insert(query, Lookup { found: HashSet::new(), reply });
				} else {
					let _ = reply.send(Err(KademliaError::Busy));
				}
			},
		}
	}

	fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
		match event {
			SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
				self.on_identified(peer_id, info);
			},
			SwarmEvent::Behaviour(BehaviourEvent::Kademlia(event)) => self.on_kademlia(event),
			SwarmEvent::Behaviour(BehaviourEvent::Mdns(mdns::Event::Discovered(peers))) => {
				for (peer, address) in peers.into_iter().take(MAX_ADDRESSES) {
					self.swarm.add_peer_address(peer, address.clone());
					learn(&mut self.swarm.behaviour_mut().kademlia, &peer, [address]);
				}
			},
			SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => {
				self.metrics.connections.inc();
				tracing::debug!(target: "network", %peer_id, address = %endpoint.get_remote_address(), "connected");
			},
			SwarmEvent::ConnectionClosed { peer_id, cause, .. } => {
				self.metrics.connections.dec();
				tracing::debug!(target: "network", %peer_id, ?cause, "disconnected");
			},
			SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
				self.metrics.dial_failures.inc();
				tracing::debug!(target: "network", ?peer_id, %error, "dial failed");
			},
			SwarmEvent::NewListenAddr { address, .. } => {
				tracing::info!(target: "network", %address, "listening");
				self.publish_addresses();
			},
			SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
				match self.relays.remove(&listener_id) {
					Some(relay) => {
						tracing::debug!(target: "network", %relay, ?reason, "a relay let us down");
						self.known_relays.failed(&relay, Instant::now());
					},
					None => tracing::warn!(target: "network", ?reason, "a listener closed"),
				}
				self.publish_addresses();
			},
			SwarmEvent::ExpiredListenAddr { .. }
			| SwarmEvent::ExternalAddrConfirmed { .. }
			| SwarmEvent::ExternalAddrExpired { .. } => self.publish_addresses(),
			_ => {},
		}
	}

	fn on_identified(&mut self, peer: PeerId, info: identify::Info) {
		let mut addresses = info.listen_addrs.into_iter().take(MAX_ADDRESSES);
		if info.protocols.contains(&KADEMLIA) {
			learn(&mut self.swarm.behaviour_mut().kademlia, &peer, addresses.clone());
		}
		if info.protocols.contains(&relay::HOP_PROTOCOL_NAME) {
			if let Some(address) = addresses.find(|address| !is_relayed(address)) {
				self.known_relays.learn(peer, address);
			}
		}
	}

	fn on_kademlia(&mut self, event: kad::Event) {
		let (id, result, step) = match event {
			kad::Event::OutboundQueryProgressed { id, result, step, .. } => (id, result, step),
			kad::Event::InboundRequest { request: kad::InboundRequest::AddProvider { record: Some(record) } } => {
				let store = self.swarm.behaviour_mut().kademlia.store_mut();
				if !self.records.accept(record, store, Instant::now().into_std()) {
					tracing::debug!(target: "network", "a peer's record was not taken");
				}
				return;
			},
			_ => return,
		};
		match result {
			kad::QueryResult::GetProviders(result) => {
				let Some(lookup) = self.lookups.get_mut(&id) else { return };
				if let Ok(kad::GetProvidersOk::FoundProviders { providers, .. }) = result {
					let room = MAX_PROVIDERS.saturating_sub(lookup.found.len());
					lookup.found.extend(providers.into_iter().take(room));
				}
				if step.last {
					if let Some(lookup) = self.lookups.remove(&id) {
						let _ = lookup.reply.send(Ok(lookup.found.into_iter().collect()));
					}
				}
			},
			kad::QueryResult::StartProviding(_) => {
				// Whether peers took the record or not, it is announced again by itself.
				if let Some(reply) = self.announcements.remove(&id) {
					let _ = reply.send(Ok(()));
				}
			},
			_ => {},
		}
	}

	fn on_tick(&mut self) {
		let now = Instant::now();
		while let Some(entry) = self.bans.first_entry() {
			if entry.key().0 > now {
				break;
			}
			let ((_, peer), ()) = entry.remove_entry();
			self.swarm.behaviour_mut().blocked.unblock_peer(peer);
		}
		if self.redialled.is_none_or(|last| now.duration_since(last) >= REDIAL) {
			self.redial();
		}
		if now.duration_since(self.expired) >= EXPIRE {
			self.expired = now;
			self.records.expire(self.swarm.behaviour_mut().kademlia.store_mut(), now.into_std());
		}
		self.ask_relays(now);
	}

	/// Dials the bootstrap peers that are not connected.
	fn redial(&mut self) {
		self.redialled = Some(Instant::now());
		for (peer, address) in &self.bootstrap {
			learn(&mut self.swarm.behaviour_mut().kademlia, peer, [address.clone()]);
			if !self.swarm.is_connected(peer) {
				let options = DialOpts::peer_id(*peer).addresses(vec![address.clone()]).build();
				if let Err(error) = self.swarm.dial(options) {
					tracing::debug!(target: "network", %peer, %error, "bootstrap peer not dialled");
				}
			}
		}
	}

	/// A node that nobody can reach from outside becomes reachable through relays.
	fn ask_relays(&mut self, now: Instant) {
		let unreachable = self.listens
			&& now.duration_since(self.started) >= RELAY_AFTER
			&& self.swarm.external_addresses().next().is_none();
		if !unreachable || self.relays.len() >= MAX_RELAYS {
			return;
		}
		let taken: HashSet<_> = self.relays.values().copied().collect();
		let Some((peer, address)) = self.known_relays.next(&taken, now) else { return };
		let address = address.with_p2p(peer).unwrap_or_else(|address| address).with(Protocol::P2pCircuit);
		match self.swarm.listen_on(address) {
			Ok(listener) => {
				self.relays.insert(listener, peer);
			},
			Err(error) => {
				tracing::debug!(target: "network", %peer, %error, "relay refused");
				self.known_relays.failed(&peer, now);
			},
		}
	}

	fn publish_addresses(&mut self) {
		self.publish.send_replace(Addresses {
			external: self.swarm.external_addresses().cloned().collect(),
			listening: self.swarm.listeners().cloned().collect(),
		});
	}
}

/// Gives the table addresses of a peer. It forgets none by itself: a peer that says new ones for ever would fill our
/// memory, so that beyond [`MAX_ADDRESSES`] the newest take the place of all others.
fn learn<S: kad::store::RecordStore + Send + 'static>(
	kademlia: &mut kad::Behaviour<S>,
	peer: &PeerId,
	addresses: impl IntoIterator<Item = Multiaddr>,
) {
	for address in addresses {
		let Ok(address) = address.with_p2p(*peer) else { continue };
		let full = kademlia.kbucket(*peer).is_some_and(|bucket| {
			let mut entries =
				bucket.iter().filter(|entry| entry.node.key.preimage() == peer).map(|entry| entry.node.value);
			entries.any(|known| known.len() >= MAX_ADDRESSES && known.iter().all(|known| *known != address))
		});
		if full {
			kademlia.remove_peer(peer);
		}
		kademlia.add_address(peer, address);
	}
}

fn is_relayed(address: &Multiaddr) -> bool {
	address.iter().any(|part| part == Protocol::P2pCircuit)
}

/// `/…/p2p/<peer>` into the peer and the address without it.
fn split_peer(address: &Multiaddr) -> Option<(PeerId, Multiaddr)> {
	let mut address = address.clone();
	match address.pop()? {
		Protocol::P2p(peer) => Some((peer, address)),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_relay_that_lets_us_down_does_not_keep_us_from_the_others() {
		let address: Multiaddr = "/ip4/10.0.0.1/tcp/1".parse().unwrap();
		let (now, nobody) = (Instant::now(), HashSet::new());
		let (bad, good) = (PeerId::random(), PeerId::random());
		let mut known = KnownRelays::default();
		known.learn(bad, address.clone());
		assert_eq!(known.next(&nobody, now).unwrap().0, bad);
		known.failed(&bad, now);
		assert_eq!(known.next(&nobody, now), None, "not at once again");
		known.learn(good, address.clone());
		let later = now + RELAY_PAUSE;
		assert_eq!(known.next(&nobody, later).unwrap().0, good);
		assert_eq!(known.next(&HashSet::from([good]), later).unwrap().0, bad, "better than none");
		for _ in 0..2 * MAX_KNOWN_RELAYS {
			known.learn(PeerId::random(), address.clone());
		}
		assert_eq!(known.0.len(), MAX_KNOWN_RELAYS);
		assert!(!known.0.contains_key(&bad) && known.0.contains_key(&good));
	}

	#[test]
	fn the_table_keeps_a_bounded_number_of_addresses_of_a_peer() {
		let me = PeerId::random();
		let mut kademlia =
			kad::Behaviour::with_config(me, kad::store::MemoryStore::new(me), kad::Config::new(KADEMLIA));
		let peer = PeerId::random();
		for number in 0..1_000 {
			let address: Multiaddr = format!("/ip4/10.0.{}.{}/tcp/1", number / 256, number % 256).parse().unwrap();
			learn(&mut kademlia, &peer, [address]);
		}
		let newest: Multiaddr = "/ip4/10.0.3.231/tcp/1".parse().unwrap();
		let newest = newest.with_p2p(peer).unwrap();
		let bucket = kademlia.kbucket(peer).unwrap();
		let entry = bucket.iter().find(|entry| entry.node.key.preimage() == &peer).unwrap();
		assert!(entry.node.value.len() <= MAX_ADDRESSES, "{}", entry.node.value.len());
		assert!(entry.node.value.iter().any(|address| *address == newest), "the newest is among them");
	}
}
