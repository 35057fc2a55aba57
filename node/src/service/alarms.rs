//! Says loudly what would otherwise be a silent stall: session keys that are missing, a clock that is wrong, a chain that
//! goes on without this node.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use peoples_cloud_runtime::{opaque::Block, SessionKeys};
use sc_client_api::{BlockchainEvents, HeaderBackend};
use sc_consensus_babe::find_pre_digest;
use sc_network_sync::SyncingService;
use sc_service::TaskManager;
use sp_consensus::BlockOrigin;
use sp_consensus_babe::SlotDuration;
use sp_keystore::KeystorePtr;
use sp_runtime::traits::OpaqueKeys;

use super::Participation;

/// How often a state that does not pass is told of again.
const REMINDER: Duration = Duration::from_secs(60);
/// Other validators make their blocks at their time. Further from it than this, the clock here is wrong.
const MAX_CLOCK_ERROR: Duration = Duration::from_secs(30);

/// Starts watching.
pub(super) fn start(node: &Participation, slot_duration: SlotDuration, task_manager: &TaskManager) {
	let spawn = task_manager.spawn_handle();
	spawn.spawn("clock-alarm", None, watch_clock(node.client.clone(), slot_duration));
	spawn.spawn("stall-alarm", None, watch_progress(node.client.clone(), node.sync.clone()));
	if node.role.is_authority() {
		spawn.spawn("keys-alarm", None, watch_keys(node.keystore_container.keystore()));
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
			 `peoples-cloud-node keys new` or author_rotateKeys, and set them with session.setKeys",
			missing.join(", ")
		);
		tokio::time::sleep(REMINDER).await;
	}
}

/// Compares the clock with new blocks of others.
async fn watch_clock(client: Arc<super::FullClient>, slot_duration: SlotDuration) {
	let mut blocks = client.import_notification_stream();
	let mut last_told: Option<tokio::time::Instant> = None;
	while let Some(block) = blocks.next().await {
		if block.origin != BlockOrigin::NetworkBroadcast || last_told.is_some_and(|told| told.elapsed() < REMINDER) {
			continue;
		}
		let Ok(digest) = find_pre_digest::<Block>(&block.header) else { continue };
		let made = Duration::from_millis(digest.slot().saturating_mul(slot_duration.as_millis()));
		let now = *sp_timestamp::Timestamp::current();
		let error = Duration::from_millis(now).abs_diff(made);
		if error > MAX_CLOCK_ERROR {
			log::error!(
				"This machine's clock is {} s from that of block {}'s author: set it, with NTP, or no blocks will be made here",
				error.as_secs(),
				block.header.number
			);
			last_told = Some(tokio::time::Instant::now());
		}
	}
}

/// Compares the chain here with what peers have.
async fn watch_progress(client: Arc<super::FullClient>, sync: Arc<SyncingService<Block>>) {
	let mut before = client.info().best_number;
	loop {
		tokio::time::sleep(REMINDER).await;
		let Ok(status) = sync.status().await else { return };
		let best = client.info().best_number;
		let seen = status.best_seen_block.unwrap_or(best);
		// While a whole state is fetched, blocks have to wait.
		if best == before && seen > best && status.state_sync.is_none() && status.warp_sync.is_none() {
			log::error!(
				"Peers have blocks up to {seen}, but none after block {best} was imported here for {} s: check this machine's \
				 clock, its disk, and whether its release knows the chain's newest runtime",
				REMINDER.as_secs()
			);
		}
		before = best;
	}
}
