//! Who has the columns of an object now, and who of them answers first.
use std::{
	collections::BTreeMap,
	ops::Range,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use async_trait::async_trait;
use futures::{
	future::join_all,
	stream::{FuturesUnordered, StreamExt},
};
use peoples_cloud_client::chain::{AgreementInfo, Chain, ChainError, ColumnState};
use peoples_cloud_primitives::{
	manifest::{Manifest, ManifestV1},
	AccountBytes, Hash32,
};
use tokio::time::{timeout_at, Instant};

use super::columns::{ColumnBytes, ColumnSource, Holders};
use crate::{
	object::{Layout, LayoutError},
	transfer::client::{ColumnStream, ProviderPeer, TransferClient, TransferError},
};

/// How long providers are waited for once enough have answered: columns with plain shards are worth a moment, since
/// they need no decoding.
const AFTER_ENOUGH: Duration = Duration::from_millis(30);
/// How long they are waited for at most, once there is a manifest. The rest are asked when they are needed.
const RACE: Duration = Duration::from_secs(3);
/// Failures at a column after which its holder is not asked for it again: one is enough if it lied or does not have it.
const NEVER_AGAIN: u32 = u32::MAX;

/// Why an object's columns could not be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocateError {
	/// The chain could not be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// The chain knows no agreement about it.
	#[error(
		"the chain knows no open agreement about this object; check the id, and whether it has expired or was removed"
	)]
	NotStored,
	/// No provider sent the manifest.
	#[error("none of the object's {asked} providers could send its manifest; try again later ({})", reasons.join("; "))]
	NoManifest {
		/// Providers asked.
		asked: usize,
		/// What they said.
		reasons: Vec<String>,
	},
	/// The manifest cannot be worked with.
	#[error(transparent)]
	Layout(#[from] LayoutError),
}

impl LocateError {
	/// Whether the same request may succeed later without a change.
	pub fn is_retryable(&self) -> bool {
		match self {
			Self::Chain(error) => error.is_retryable(),
			Self::NoManifest { .. } => true,
			_ => false,
		}
	}
}

/// Columns of one object at the providers that have them.
#[derive(Clone, Debug)]
pub struct ProviderColumns {
	transfer: TransferClient,
	/// Length of each column.
	chunks: u64,
	/// Per column its root and who has it; more than one if several agreements are about the object.
	columns: Vec<(Hash32, Vec<ProviderPeer>)>,
	failures: Failures,
}

/// How often who failed at which column.
#[derive(Clone, Debug, Default)]
struct Failures(Arc<Mutex<BTreeMap<(usize, AccountBytes), u32>>>);

/// A column on its way from one of its holders.
struct FromHolder {
	stream: ColumnStream,
	column: usize,
	holder: AccountBytes,
	failures: Failures,
}

/// An object that was found.
#[derive(Debug)]
pub struct Located {
	/// Its manifest, verified against the object's id.
	pub manifest: Manifest,
	/// Its columns.
	pub source: Arc<ProviderColumns>,
	/// Which columns to ask, best first: those whose providers answered, then those that have not answered yet, then
	/// those whose providers could not be reached.
	pub order: Vec<usize>,
}

impl ProviderColumns {
	/// Columns of a manifest at these providers, best first.
	pub fn new(transfer: TransferClient, manifest: &ManifestV1, holders: &[(Hash32, ProviderPeer)]) -> Self {
		let columns = manifest
			.columns
			.iter()
			.map(|column| {
				let peers = holders.iter().filter(|(root, _)| *root == column.root).map(|(_, peer)| peer.clone());
				(column.root, peers.collect())
			})
			.collect();
		Self { transfer, chunks: manifest.column_chunks(), columns, failures: Failures::default() }
	}
}

impl Failures {
	fn lock(&self) -> MutexGuard<'_, BTreeMap<(usize, AccountBytes), u32>> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn of(&self, column: usize, holder: AccountBytes) -> u32 {
		self.lock().get(&(column, holder)).copied().unwrap_or(0)
	}

	fn note(&self, column: usize, holder: AccountBytes, error: &TransferError) {
		tracing::debug!(column, holder = %hex::encode(holder), %error, "a holder failed at a column");
		let mut all = self.lock();
		let times = all.entry((column, holder)).or_default();
		*times = if error.is_retryable() { times.saturating_add(1) } else { NEVER_AGAIN };
	}
}

#[async_trait]
impl ColumnSource for ProviderColumns {
	async fn open(&self, column: usize, chunks: Range<u64>) -> Result<Box<dyn ColumnBytes>, TransferError> {
		let (root, peers) = self.columns.get(column).ok_or(TransferError::Closed)?;
		let failures = |peer: &ProviderPeer| self.failures.of(column, peer.account);
		let mut holders: Vec<(u32, &ProviderPeer)> = peers.iter().map(|peer| (failures(peer), peer)).collect();
		holders.retain(|(failures, _)| *failures < NEVER_AGAIN);
		holders.sort_by_key(|(failures, _)| *failures);
		let mut failure = TransferError::NobodyLeft;
		for (_, peer) in holders {
			match self.transfer.fetch(peer, *root, self.chunks, chunks.clone()).await {
				Ok(stream) => {
					let (holder, failures) = (peer.account, self.failures.clone());
					return Ok(Box::new(FromHolder { stream, column, holder, failures }));
				},
				Err(error) => {
					self.failures.note(column, peer.account, &error);
					failure = error;
				},
			}
		}
		Err(failure)
	}

	fn holders(&self, column: usize) -> Holders {
		let mut holders = Holders::default();
		for peer in self.columns.get(column).iter().flat_map(|(_, peers)| peers) {
			match self.failures.of(column, peer.account) {
				0 => holders.untried += 1,
				NEVER_AGAIN => {},
				_ => holders.again += 1,
			}
		}
		holders
	}
}

#[async_trait]
impl ColumnBytes for FromHolder {
	async fn read_exact(&mut self, out: &mut [u8]) -> Result<(), TransferError> {
		let read = self.stream.read_exact(out).await;
		if let Err(error) = &read {
			self.failures.note(self.column, self.holder, error);
		}
		read
	}
}

/// Finds an object by its id, through all open agreements about it.
pub async fn locate(chain: &dyn Chain, transfer: &TransferClient, object: Hash32) -> Result<Located, LocateError> {
	let agreements = chain.agreements_by_object(object).await?;
	locate_in(chain, transfer, object, &agreements, None).await
}

/// Finds an object through these agreements; `except` is not asked.
pub async fn locate_in(
	chain: &dyn Chain,
	transfer: &TransferClient,
	object: Hash32,
	agreements: &[AgreementInfo],
	except: Option<AccountBytes>,
) -> Result<Located, LocateError> {
	if agreements.is_empty() {
		return Err(LocateError::NotStored);
	}
	let held = agreements.iter().flat_map(|agreement| &agreement.columns);
	let held = held.filter(|column| column.state == ColumnState::Held && Some(column.provider) != except);
	let mut roots: BTreeMap<AccountBytes, Vec<Hash32>> = BTreeMap::new();
	for column in held {
		roots.entry(column.provider).or_default().push(column.root);
	}
	let infos = join_all(roots.keys().map(|account| chain.provider(*account))).await;
	let mut peers = Vec::new();
	for info in infos {
		peers.extend(info?.as_ref().and_then(ProviderPeer::from_info));
	}
	let k = agreements.iter().map(|agreement| usize::from(agreement.k)).max().unwrap_or(1);
	let (manifest, ranked) = race(transfer, object, &peers, k).await?;
	let layout = Layout::of(manifest.fields())?;
	// Where several have a column, those that answered are asked first.
	peers.sort_by_key(|peer| ranked.get(&peer.account).copied());
	let holders: Vec<(Hash32, ProviderPeer)> = peers
		.iter()
		.flat_map(|peer| roots.get(&peer.account).into_iter().flatten().map(|root| (*root, peer.clone())))
		.collect();
	let source = ProviderColumns::new(transfer.clone(), manifest.fields(), &holders);
	// The best rank of any provider that has the column; plain shards first among those that answered.
	let plain = usize::from(layout.k());
	let mut order: Vec<(Rank, bool, usize, usize)> = Vec::new();
	for (column, (_, peers)) in source.columns.iter().enumerate() {
		let best = peers.iter().filter_map(|peer| ranked.get(&peer.account).copied()).min();
		if let Some((rank, place)) = best {
			order.push((rank, column >= plain, place, column));
		}
	}
	order.sort_unstable();
	let order = order.into_iter().map(|(.., column)| column).collect();
	Ok(Located { manifest, source: Arc::new(source), order })
}

/// How a provider did in the race for the manifest; better ones are smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
	Answered,
	Silent,
	Failed,
}

/// Asks all providers for the manifest at once: that brings the manifest, opens the connections, and shows who is fast.
async fn race(
	transfer: &TransferClient,
	object: Hash32,
	peers: &[ProviderPeer],
	enough: usize,
) -> Result<(Manifest, BTreeMap<AccountBytes, (Rank, usize)>), LocateError> {
	let mut ranked: BTreeMap<AccountBytes, (Rank, usize)> =
		peers.iter().enumerate().map(|(place, peer)| (peer.account, (Rank::Silent, place))).collect();
	let mut answers: FuturesUnordered<_> =
		peers.iter().map(|peer| async move { (peer.account, transfer.get_manifest(peer, object).await) }).collect();
	let mut manifest = None;
	let mut reasons = Vec::new();
	let (mut answered, begun) = (0, Instant::now());
	loop {
		let deadline = match (&manifest, answered >= enough) {
			// Without a manifest there is nothing to do but wait; the transfer has deadlines of its own.
			(None, _) => None,
			(Some(_), false) => Some(begun + RACE),
			(Some(_), true) => Some(Instant::now() + AFTER_ENOUGH),
		};
		let answer = match deadline {
			None => answers.next().await,
			Some(deadline) => timeout_at(deadline, answers.next()).await.ok().flatten(),
		};
		let Some((account, answer)) = answer else { break };
		let rank = match answer {
			Ok(found) => {
				manifest.get_or_insert(found);
				Rank::Answered
			},
			// It answers, if only to say that it has no copy.
			Err(TransferError::Refused(refusal)) => {
				reasons.push(refusal.to_string());
				Rank::Answered
			},
			Err(error) => {
				reasons.push(error.to_string());
				Rank::Failed
			},
		};
		answered += usize::from(rank == Rank::Answered);
		ranked.insert(account, (rank, answered));
	}
	match manifest {
		Some(manifest) => Ok((manifest, ranked)),
		None => Err(LocateError::NoManifest { asked: peers.len(), reasons }),
	}
}
