//! Follows the newest best and finalised blocks.
use std::{sync::Arc, time::Duration};

use codec::Encode;
use peoples_cloud_primitives::{BlockNumber, Hash32};
use subxt::{
	config::{
		substrate::{BlakeTwo256, SubstrateHeader},
		Hasher,
	},
	rpcs::{client::RpcSubscription, Error as TransportError},
	utils::H256,
};
use tokio::{
	sync::watch,
	task::JoinHandle,
	time::{sleep, timeout},
};

use super::connection::Connection;
use crate::chain::{ChainError, Head};

/// Pause before the subscriptions are made anew: the connection itself already waits between its attempts.
const PAUSE: Duration = Duration::from_millis(200);
/// A chain without a new block for this long is asked for its head, in case a subscription was lost silently.
const SILENCE: Duration = Duration::from_secs(30);

type Header = SubstrateHeader<H256>;

/// The head now, and a task that keeps it current until it is aborted.
pub(super) async fn start(connection: Arc<Connection>) -> Result<(watch::Receiver<Head>, JoinHandle<()>), ChainError> {
	let (sender, receiver) = watch::channel(current(&connection).await?);
	let watcher = tokio::spawn(async move {
		loop {
			if let Err(error) = follow(&connection, &sender).await {
				tracing::debug!(target: "chain", %error, "the node's heads are lost; subscribing anew");
			}
			sleep(PAUSE).await;
			// Blocks may have come while nobody listened.
			if let Ok(head) = current(&connection).await {
				set(&sender, |old| *old = head);
			}
		}
	});
	Ok((receiver, watcher))
}

/// Passes new heads on until a subscription ends.
async fn follow(connection: &Connection, sender: &watch::Sender<Head>) -> Result<(), TransportError> {
	let rpc = connection.rpc();
	let mut best: RpcSubscription<Header> = rpc.chain_subscribe_new_heads().await?;
	let mut finalised: RpcSubscription<Header> = rpc.chain_subscribe_finalized_heads().await?;
	loop {
		let next = timeout(SILENCE, async {
			tokio::select! {
				header = best.next() => (header, false),
				header = finalised.next() => (header, true),
			}
		});
		let Ok((header, is_finalised)) = next.await else { return Ok(()) };
		let Some(header) = header.transpose()? else { return Ok(()) };
		let (number, hash) = identify(&header);
		set(sender, |head| {
			if is_finalised {
				head.finalised = number;
			} else {
				(head.best, head.best_hash) = (number, hash);
			}
		});
	}
}

/// Changes the head, and wakes the readers if it is another one.
fn set(sender: &watch::Sender<Head>, change: impl FnOnce(&mut Head)) {
	sender.send_if_modified(|head| {
		let old = *head;
		change(head);
		old != *head
	});
}

async fn current(connection: &Connection) -> Result<Head, ChainError> {
	let rpc = connection.rpc();
	let missing = || ChainError::Incompatible("the node knows no newest block".into());
	let best = rpc.chain_get_header(None).await.map_err(|error| connection.error(error))?.ok_or_else(missing)?;
	let hash = rpc.chain_get_finalized_head().await.map_err(|error| connection.error(error))?;
	let finalised = rpc.chain_get_header(Some(hash)).await.map_err(|error| connection.error(error))?;
	let (best, best_hash) = identify(&best);
	let (finalised, _) = identify(&finalised.ok_or_else(missing)?);
	Ok(Head { best, best_hash, finalised })
}

/// A header's number and hash.
fn identify(header: &Header) -> (BlockNumber, Hash32) {
	// The runtime's block numbers are u32.
	let number = BlockNumber::try_from(header.number).unwrap_or(BlockNumber::MAX);
	(number, BlakeTwo256.hash(&header.encode()).0)
}
