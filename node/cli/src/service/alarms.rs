//! Says loudly what would otherwise be a silent stall: session keys that are missing, a clock that is wrong, peers that do
//! not come, a chain that goes on without this node, and finality that stands.

use std::{error::Error, future::ready, sync::Arc, time::Duration};

use futures::{channel::mpsc, future::BoxFuture, stream, StreamExt};
use peoples_cloud_runtime::{opaque::Block, Header, SessionKeys};
use sc_client_api::{BlockchainEvents, HeaderBackend};
use sc_consensus_babe::find_pre_digest;
use sc_network::{config::NetworkConfiguration, PeerId};
use sc_network_sync::SyncingService;
use sc_service::TaskManager;
use sp_consensus::{
	block_validation::{BlockAnnounceValidator, DefaultBlockAnnounceValidator, Validation},
	BlockOrigin,
};
use sp_consensus_babe::SlotDuration;
use sp_keystore::KeystorePtr;
use sp_runtime::traits::OpaqueKeys;
use tokio::time::Instant;

use super::{FullClient, Participation};

/// How often a state that does not pass is told of again.
const REMINDER: Duration = Duration::from_secs(60);
/// Other validators make their blocks at their time. Further from it than this, the clock here is wrong.
const MAX_CLOCK_ERROR: Duration = Duration::from_secs(30);
/// Slots after which what has not gone on stands: 72 s in production. Several authors in a row may be away.
const PATIENCE_SLOTS: u32 = 12;
/// Blocks by which finality is behind the newest one when all is well, and one or two more.
const USUAL_LAG: u32 = 4;
/// Announcements that may wait for the clock's alarm. It is quick: more come in a flood only, and are no loss.
const WAITING_ANNOUNCEMENTS: usize = 16;

/// What the alarms need to know besides the node.
pub(super) struct Around {
	/// How long a slot is.
	pub(super) slot_duration: SlotDuration,
	/// What [`listen`] hears.
	pub(super) announced: mpsc::Receiver<Header>,
	/// Whether there should be peers.
	pub(super) expects_peers: bool,
}

/// Starts watching.
pub(super) fn start(node: &Participation, around: Around, task_manager: &TaskManager) {
	let Around { slot_duration, announced, expects_peers } = around;
	let spawn = task_manager.spawn_handle();
	spawn.spawn("clock-alarm", None, watch_clock(node.client.clone(), announced, slot_duration));
	let patience = slot_duration.as_duration() * PATIENCE_SLOTS;
	spawn.spawn("stall-alarm", None, watch_progress(node.client.clone(), node.sync.clone(), patience, expects_peers));
	if node.role.is_authority() {
		spawn.spawn("keys-alarm", None, watch_keys(node.keystore_container.keystore()));
	}
}

/// Whether this node is told of peers, and not only of itself.
pub(super) fn expects_peers(network: &NetworkConfiguration, own: PeerId) -> bool {
	let mut named = network.boot_nodes.iter().chain(&network.default_peers_set.reserved_nodes);
	named.any(|peer| peer.peer_id != own)
}

/// Passes on the headers that peers announce. The network lets all of them through, as it does without this.
pub(super) fn listen() -> (Listener, mpsc::Receiver<Header>) {
	let (heard, announced) = mpsc::channel(WAITING_ANNOUNCEMENTS);
	(Listener { heard }, announced)
}

/// Hears of blocks before they are checked: those that seem to come from the future are not imported.
pub(super) struct Listener {
	heard: mpsc::Sender<Header>,
}

impl BlockAnnounceValidator<Block> for Listener {
	fn validate(
		&mut self,
		header: &Header,
		data: &[u8],
	) -> BoxFuture<'static, Result<Validation, Box<dyn Error + Send>>> {
		// An announcement that finds no room is no loss.
		let _ = self.heard.try_send(header.clone());
		BlockAnnounceValidator::<Block>::validate(&mut DefaultBlockAnnounceValidator, header, data)
	}
}

/// What is told at once, and again while it lasts, but not all the time.
#[derive(Default)]
struct Alarm {
	last_told: Option<Instant>,
}

impl Alarm {
	fn tell(&mut self, message: impl FnOnce() -> String) {
		if self.last_told.is_none_or(|told| told.elapsed() >= REMINDER) {
			log::error!("{}", message());
			self.last_told = Some(Instant::now());
		}
	}
}

/// Until all session keys are there.
async fn watch_keys(keystore: KeystorePtr) {
	loop {
		let missing: Vec<_> = SessionKeys::key_ids()
			.iter()
			.filter(|kind| !keystore.keys(**kind).is_ok_and(|keys| !keys.is_empty()))
			.map(|kind| String::from_utf8_lossy(&kind.0).into_owned())
			.collect();
		if missing.is_empty() {
			return;
		}
		log::error!(
			"This validator has no session keys ({} missing), so it makes no blocks and signs nothing: make them with \
			 `peoples-cloud-node keys new --owner ACCOUNT` or author_rotateKeysWithOwner, and send them with their proof \
			 from that account, by session.setKeys",
			missing.join(", ")
		);
		tokio::time::sleep(REMINDER).await;
	}
}

/// Compares the clock with new blocks of others.
async fn watch_clock(client: Arc<FullClient>, announced: mpsc::Receiver<Header>, slot_duration: SlotDuration) {
	let imported = client
		.import_notification_stream()
		.filter(|block| ready(block.origin == BlockOrigin::NetworkBroadcast))
		.map(|block| (block.header, true));
	let mut headers = stream::select(imported, announced.map(|header| (header, false)));
	let mut alarm = Alarm::default();
	let mut agreed: Option<Instant> = None;
	while let Some((header, is_imported)) = headers.next().await {
		let Ok(digest) = find_pre_digest::<Block>(&header) else { continue };
		let made = Duration::from_millis(digest.slot().saturating_mul(slot_duration.as_millis()));
		let now = Duration::from_millis(*sp_timestamp::Timestamp::current());
		let error = now.abs_diff(made);
		if error <= MAX_CLOCK_ERROR {
			// An announcement may be anybody's invention.
			if is_imported {
				agreed = Some(Instant::now());
			}
			continue;
		}
		// While blocks of others come at their time, the clock that is wrong is not this one. Blocks are announced when
		// they are new, and imported at any time.
		if !is_imported && agreed.is_none_or(|at| at.elapsed() >= REMINDER) {
			alarm.tell(|| {
				let side = if now > made { "ahead of" } else { "behind" };
				format!(
					"This machine's clock is {} s {side} that of block {}'s author: set it, with NTP, or this node \
					 cannot take part",
					error.as_secs(),
					header.number
				)
			});
		}
	}
}

/// Compares the chain here with what it was, and with what peers have.
async fn watch_progress(
	client: Arc<FullClient>,
	sync: Arc<SyncingService<Block>>,
	patience: Duration,
	expects_peers: bool,
) {
	let mut before = client.info();
	let (mut lonely, mut left_behind, mut undecided) = (Alarm::default(), Alarm::default(), Alarm::default());
	loop {
		tokio::time::sleep(patience).await;
		let Ok(status) = sync.status().await else { return };
		let info = client.info();
		let (best, finalized) = (info.best_number, info.finalized_number);
		if expects_peers && status.num_peers == 0 {
			lonely.tell(|| {
				format!(
					"This node has no peers: those that it was told of, in --bootnodes, --reserved-nodes or the chain \
					 specification, cannot be reached, or are on another chain. The genesis here is {:?}; theirs is \
					 what they answer to chain_getBlockHash of block 0",
					info.genesis_hash
				)
			});
		}
		let seen = status.best_seen_block.unwrap_or(best);
		// While a whole state is fetched, blocks have to wait.
		if best == before.best_number && seen > best && status.state_sync.is_none() && status.warp_sync.is_none() {
			left_behind.tell(|| {
				format!(
					"Peers have blocks up to {seen}, but none after block {best} was imported here for {} s: check \
					 this machine's clock, its disk, and whether its release knows the chain's newest runtime",
					patience.as_secs()
				)
			});
		}
		let is_synced = !status.state.is_major_syncing();
		if is_synced && finalized == before.finalized_number && best > finalized.saturating_add(USUAL_LAG) {
			undecided.tell(|| {
				format!(
					"Finality stands at block {finalized} for {} s, while blocks go on to {best}: a third of the \
					 validators or more are away or out of reach, or this node is. grandpa_roundState names whose \
					 votes are missing",
					patience.as_secs()
				)
			});
		}
		before = info;
	}
}
