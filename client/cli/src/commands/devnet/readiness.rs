//! When a devnet's providers are ready.
//!
//! One that is to take work is ready when the chain knows its offer and it answers a peer at the address that the chain
//! has. One that is paused, suspended, on its way out or gone takes no work and may not be found by peers any more: it
//! is ready when its daemon answers on its status page.
use std::{fs, io, net::SocketAddr, path::Path, time::Duration};

use futures::future::join_all;
use peoples_cloud_client::{
	chain::{Chain, ProviderInfo},
	format::peer_id_to_text,
	node::NodeChain,
};
use peoples_cloud_network::{Network, NetworkConfig};
use peoples_cloud_primitives::AccountBytes;
use peoples_cloud_storage::{
	tasks::keep_registered,
	transfer::client::{ProviderPeer, TransferClient},
};
use serde::Deserialize;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
	time::{sleep, timeout, Instant},
};

use super::{processes::Processes, DevnetError, LOOK};

/// Longest wait for one more provider to be ready: registering takes some blocks, and all do it at once.
const PROVIDER_DEADLINE: Duration = Duration::from_secs(180);
/// Longest wait for one provider's answer before the others get their turn.
const ANSWER_DEADLINE: Duration = Duration::from_secs(5);
/// Longest status page that is read: one of ours has some KiB.
const MAX_PAGE_BYTES: u64 = 1 << 20;
/// File in a daemon's data directory that says where its status page is.
const STATUS_ADDRESS: &str = "status.address";

/// A provider whose daemon answers.
#[derive(Clone, Debug)]
pub(super) struct Ready {
	pub(super) account: AccountBytes,
	/// As text.
	pub(super) peer_id: String,
	/// Whether it takes work on.
	pub(super) active: bool,
	/// What the chain says of it, or its daemon.
	pub(super) standing: String,
	pub(super) offered_chunks: u64,
}

/// A daemon's status page, as far as it is read.
#[derive(Debug, Deserialize)]
struct Page {
	peer_id: String,
	workers: Workers,
}

#[derive(Debug, Deserialize)]
struct Workers {
	keep_registered: Worker,
}

#[derive(Debug, Deserialize)]
struct Worker {
	doing: String,
}

/// Forgets where an earlier run's status page was.
pub(super) fn forget(data_dir: &Path) -> Result<(), DevnetError> {
	super::remove(&data_dir.join(STATUS_ADDRESS))
}

/// Waits until every account's daemon is ready.
pub(super) async fn ready(
	chain: &NodeChain,
	accounts: &[AccountBytes],
	processes: &mut Processes,
	mut note: impl FnMut(usize),
) -> Result<Vec<Ready>, DevnetError> {
	let (network, task) = Network::start(NetworkConfig::default()).await?;
	let transfer = TransferClient::new(network.clone());
	let mut answered: Vec<Option<Ready>> = vec![None; accounts.len()];
	let mut since = Instant::now();
	loop {
		processes.check()?;
		let all = chain.providers().await;
		let slots = answered.iter_mut().zip(accounts).zip(processes.providers());
		let asked = slots.filter(|((slot, _), _)| slot.is_none()).map(|((slot, account), process)| {
			let (all, transfer, data_dir) = (&all, &transfer, process.data_dir());
			async move {
				let known = all.as_ref().ok()?.iter().find(|info| info.account == *account);
				*slot = match known {
					Some(info) if info.active => answer(transfer, info).await,
					_ => idle(data_dir, *account, known).await,
				};
				slot.as_ref().map(drop)
			}
		});
		if join_all(asked).await.into_iter().any(|answer| answer.is_some()) {
			since = Instant::now();
		}
		note(answered.iter().flatten().count());
		if answered.iter().all(Option::is_some) {
			network.shutdown();
			let _ = task.await;
			return Ok(answered.into_iter().flatten().collect());
		}
		if since.elapsed() > PROVIDER_DEADLINE {
			let missing = answered.iter().position(Option::is_none).unwrap_or_default();
			// The node is the first process.
			return Err(processes.not_ready(missing + 1));
		}
		sleep(LOOK).await;
	}
}

/// A provider that is to take work, if it offers storage and answers a peer.
async fn answer(transfer: &TransferClient, info: &ProviderInfo) -> Option<Ready> {
	let offer = info.offer?;
	let peer = ProviderPeer::from_info(info)?;
	// A daemon that runs anew may still be on its way to announce its new address.
	timeout(ANSWER_DEADLINE, transfer.status(&peer)).await.ok()?.ok()?;
	Some(Ready {
		account: info.account,
		peer_id: peer_id_to_text(&info.peer_id),
		active: true,
		standing: info.standing.clone(),
		offered_chunks: offer.capacity_chunks,
	})
}

/// A provider that takes no work, if its daemon answers. One that is not registered may still be about to be.
async fn idle(data_dir: &Path, account: AccountBytes, known: Option<&ProviderInfo>) -> Option<Ready> {
	let page = timeout(ANSWER_DEADLINE, page(data_dir)).await.ok()?.ok()?;
	let standing = match known {
		Some(info) => info.standing.clone(),
		None => Some(page.workers.keep_registered.doing).filter(|doing| doing == keep_registered::LEFT)?,
	};
	Some(Ready { account, peer_id: page.peer_id, active: false, standing, offered_chunks: 0 })
}

/// Asks a daemon for its status page.
async fn page(data_dir: &Path) -> io::Result<Page> {
	let address = fs::read_to_string(data_dir.join(STATUS_ADDRESS))?;
	let address: SocketAddr = address.trim().parse().map_err(io::Error::other)?;
	let mut stream = TcpStream::connect(address).await?;
	let request = format!("GET /status HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
	stream.write_all(request.as_bytes()).await?;
	let mut answer = String::new();
	stream.take(MAX_PAGE_BYTES).read_to_string(&mut answer).await?;
	let (_, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
	Ok(serde_json::from_str(body)?)
}

#[cfg(test)]
mod tests;
