//! One upload: finding a provider for each column, and the passes over the file.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{
	future::{join_all, ready},
	stream::{FuturesOrdered, FuturesUnordered, StreamExt},
};
use peoples_cloud_client::wallet::Signer;
use peoples_cloud_primitives::{
	column::bytes_of,
	manifest::{Column, Manifest},
	terms::{Acknowledgement, IntentNonce, StorageIntent, StorageIntentV1},
	Balance, BlockNumber, ColumnIndex, Hash32,
};
use tokio::{
	sync::mpsc,
	task::{spawn_blocking, JoinSet},
	time::{sleep, timeout, timeout_at, Instant},
};

use super::PutError;
use crate::{
	client::{
		joined, parallel_stripes,
		placement::{Candidate, Candidates},
		Blame, Progress, ProgressFn,
	},
	object::{
		stripes::{StripeError, StripeMaker, StripeTag},
		to_usize, Layout,
	},
	protocol::{SignedAck, SignedIntent},
	transfer::client::{PushSession, TransferClient, TransferError},
};

/// Bytes of all columns that may wait in queues: what a provider may lag behind the fastest.
const QUEUED_BYTES: u64 = 48 * 1024 * 1024;
/// Fewest and most shards in one column's queue.
const QUEUE: std::ops::RangeInclusive<u64> = 2..=32;
/// A provider that all others wait for in most of this time is replaced, if there is another. Longer than for
/// downloads, and only if the upload becomes five times as fast: replacing it costs another pass over the file.
const SLOW_WINDOW: Duration = Duration::from_secs(20);
/// See [`SLOW_WINDOW`].
const SLOW_PERCENT: u32 = 80;
/// Providers that have not answered after so long are left for the next pass, if others have: those hold room for us,
/// and wait for bytes.
const CONNECT: Duration = Duration::from_secs(20);
/// Pause before a provider that failed is asked again because there is no other.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// A provider that takes nothing for so long, while others do, is given up. A third of what both ends wait for a
/// transfer that stands still, so that one provider's stall does not end the others' transfers.
const STALL: Duration = Duration::from_secs(10);
/// A pass is cheap if whoever failed in it had taken less than this part of a column, or fewer than these bytes, in
/// less than this time. Accounts cost little more than a bond, and those that fail at once would else end an upload
/// for which there are honest providers enough.
const CHEAP_PART: u64 = 8;
/// See [`CHEAP_PART`]. What buffers on the way take before anybody has looked at it.
const CHEAP_BYTES: u64 = 4 * 1024 * 1024;
/// See [`CHEAP_PART`]. Three times the [`STALL`] after which a provider is given up.
const CHEAP_TIME: Duration = Duration::from_secs(30);

/// What all columns of an upload have in common.
#[derive(Clone, Copy, Debug)]
pub(in crate::client) struct Terms {
	pub(in crate::client) genesis: Hash32,
	pub(in crate::client) nonce: IntentNonce,
	pub(in crate::client) valid_until: BlockNumber,
}

impl Terms {
	/// The signed intent for one provider.
	pub(in crate::client) fn intent(&self, signer: &Signer, candidate: &Candidate, max_chunks: u64) -> SignedIntent {
		let intent = StorageIntent::V1(StorageIntentV1 {
			genesis: self.genesis,
			client: signer.account(),
			provider: candidate.peer.account,
			nonce: self.nonce,
			max_chunks,
			price: candidate.price,
			duration: candidate.periods,
			valid_until: self.valid_until,
		});
		SignedIntent::sign(intent, signer)
	}
}

/// A column that a provider has stored and signed for.
pub(super) struct Placed {
	pub(super) candidate: Candidate,
	pub(super) ack: SignedAck,
}

pub(super) struct Upload<'a> {
	pub(super) transfer: &'a TransferClient,
	pub(super) signer: &'a Signer,
	pub(super) layout: Layout,
	pub(super) n: usize,
	pub(super) terms: Terms,
	/// Most planck per period for all columns together.
	pub(super) max_rate: Balance,
	pub(super) candidates: Candidates,
	pub(super) placed: BTreeMap<usize, Placed>,
	/// One a stripe, from the first pass.
	pub(super) tags: Vec<StripeTag>,
	pub(super) progress: &'a ProgressFn<'a>,
}

/// A provider that waits for a column.
struct Connected {
	column: usize,
	candidate: Candidate,
	session: PushSession,
}

/// A column on its way.
struct Sending {
	column: usize,
	/// `None` once it failed.
	queue: Option<mpsc::Sender<Piece>>,
}

/// What a provider that failed has cost.
#[derive(Clone, Copy, Debug)]
pub(in crate::client) struct Cost {
	pub(in crate::client) bytes: u64,
	pub(in crate::client) time: Duration,
}

impl Cost {
	/// Whether the next may be asked as if this one had not been.
	pub(in crate::client) fn is_cheap(&self, column_bytes: u64) -> bool {
		self.time < CHEAP_TIME && self.bytes <= CHEAP_BYTES.max(column_bytes / CHEAP_PART)
	}
}

/// What a push task is given. A queue that ends without an `End` means that the upload was given up.
enum Piece {
	Shard(Bytes),
	End,
}

impl Upload<'_> {
	/// Columns that no provider has yet.
	pub(super) fn missing(&self) -> Vec<usize> {
		(0..self.n).filter(|column| !self.placed.contains_key(column)).collect()
	}

	pub(super) fn columns(&self) -> Vec<Column> {
		let columns = self.placed.values().map(|placed| {
			let Acknowledgement::V1(ack) = &placed.ack.acknowledgement;
			Column { root: ack.root, provider: ack.provider }
		});
		columns.collect()
	}

	pub(super) fn providers_failed(&mut self, missing: usize) -> PutError {
		PutError::ProvidersFailed { missing, reasons: self.candidates.take_reasons() }
	}

	fn give_up(&mut self, column: usize, candidate: Candidate, error: &TransferError) {
		let column = ColumnIndex::try_from(column).unwrap_or(ColumnIndex::MAX);
		self.candidates.give_up(candidate, column, error, self.progress);
	}

	/// Pushes all missing columns in one pass over the file. Tells whether that was cheap, apart from what was placed.
	/// Each pass that leaves columns missing uses up one of the times that a provider may be asked.
	pub(super) async fn pass(&mut self, maker: &Arc<StripeMaker>) -> Result<bool, PutError> {
		let connected = self.connect().await?;
		let columns: Arc<[usize]> = connected.iter().map(|connected| connected.column).collect();
		let depth = QUEUED_BYTES / (columns.len().max(1) as u64 * u64::from(self.layout.shard_bytes()).max(1));
		let mut candidates = BTreeMap::new();
		let mut sending = Vec::with_capacity(columns.len());
		let mut tasks = JoinSet::new();
		for Connected { column, candidate, session } in connected {
			let (queue, pieces) = mpsc::channel(to_usize(depth.clamp(*QUEUE.start(), *QUEUE.end())));
			tasks.spawn(async move {
				let (begun, mut bytes) = (Instant::now(), 0);
				let result = push(session, pieces, &mut bytes).await;
				(column, result, Cost { bytes, time: begun.elapsed() })
			});
			sending.push(Sending { column, queue: Some(queue) });
			candidates.insert(column, candidate);
		}
		self.distribute(maker, &columns, &mut sending).await?;
		drop(sending);
		let column_bytes = bytes_of(self.layout.column_chunks());
		let mut cheap = true;
		// What fails from here on, or failed before, is told by the tasks themselves.
		while let Some(task) = tasks.join_next().await {
			let (column, result, cost) = joined(ready(task)).await;
			let Some(candidate) = candidates.remove(&column) else { continue };
			match result {
				Ok(ack) => {
					self.placed.insert(column, Placed { candidate, ack });
					(self.progress)(Progress::Acknowledged { columns: self.placed.len(), of: self.n });
				},
				Err(error) => {
					cheap &= cost.is_cheap(column_bytes);
					self.give_up(column, candidate, &error);
				},
			}
		}
		Ok(cheap)
	}

	/// Finds a provider that says it is ready for each missing column; or, in time, for some of them.
	async fn connect(&mut self) -> Result<Vec<Connected>, PutError> {
		let (transfer, signer, terms, chunks) = (self.transfer, self.signer, self.terms, self.layout.column_chunks());
		let ask = |column: usize, candidate: Candidate| async move {
			if candidate.failures > 0 {
				sleep(RETRY_PAUSE).await;
			}
			let intent = terms.intent(signer, &candidate, chunks);
			let answer = transfer.push(&candidate.peer, intent).await;
			(column, candidate, answer)
		};
		let mut rate = self.placed.values().map(|placed| placed.candidate.rate).fold(0, Balance::saturating_add);
		let mut asked = FuturesUnordered::new();
		let missing = self.missing();
		// Those that are being asked: an answer that is no longer waited for does not give its candidate back.
		let mut pending = BTreeMap::new();
		for column in &missing {
			let Some(candidate) = self.candidates.take(self.max_rate.saturating_sub(rate)) else { break };
			rate = rate.saturating_add(candidate.rate);
			pending.insert(*column, candidate.clone());
			asked.push(ask(*column, candidate));
		}
		let begun = Instant::now();
		let mut connected: Vec<Connected> = Vec::with_capacity(missing.len());
		loop {
			let answer = match connected.is_empty() {
				true => asked.next().await,
				false => match timeout_at(begun + CONNECT, asked.next()).await {
					Ok(answer) => answer,
					Err(_) => break,
				},
			};
			let Some((column, candidate, answer)) = answer else { break };
			pending.remove(&column);
			match answer {
				Ok(session) => connected.push(Connected { column, candidate, session }),
				Err(error) => {
					rate = rate.saturating_sub(candidate.rate);
					self.give_up(column, candidate, &error);
					let Some(next) = self.candidates.take(self.max_rate.saturating_sub(rate)) else {
						return Err(self.providers_failed(missing.len() - connected.len()));
					};
					rate = rate.saturating_add(next.rate);
					pending.insert(column, next.clone());
					asked.push(ask(column, next));
				},
			}
		}
		drop(asked);
		let late = pending.len();
		for (column, candidate) in pending {
			self.give_up(column, candidate, &TransferError::TimedOut);
		}
		if connected.len() + late < missing.len() {
			return Err(self.providers_failed(missing.len() - connected.len()));
		}
		connected.sort_unstable_by_key(|connected| connected.column);
		Ok(connected)
	}

	/// Seals and encodes stripe by stripe on all cores and gives the shards to the columns' queues.
	async fn distribute(
		&mut self,
		maker: &Arc<StripeMaker>,
		columns: &Arc<[usize]>,
		sending: &mut [Sending],
	) -> Result<(), PutError> {
		let total = self.layout.plain_bytes();
		let stripes = self.layout.stripes();
		let plain_a_stripe = u64::from(self.layout.k()) * u64::from(self.layout.segment_bytes());
		let mut begun = 0..stripes;
		let mut encoding = FuturesOrdered::new();
		let mut slow = Blame::new(SLOW_WINDOW, SLOW_PERCENT);
		for stripe in 0..stripes {
			while encoding.len() < parallel_stripes() {
				let Some(next) = begun.next() else { break };
				let (maker, columns) = (maker.clone(), columns.clone());
				encoding.push_back(joined(spawn_blocking(move || {
					let sealed = maker.seal(next)?;
					Ok::<_, StripeError>((sealed.tag, maker.encode(&sealed, &columns)?))
				})));
			}
			let Some(encoded) = encoding.next().await else { break };
			let (tag, shards) = encoded?;
			match self.tags.get(to_usize(stripe)) {
				// Other bytes must never be sealed under nonces that were used before and shown to anybody.
				Some(before) if *before != tag => return Err(PutError::FileChanged),
				Some(_) => {},
				None => self.tags.push(tag),
			}
			for (place, shard) in shards.into_iter().enumerate() {
				let asked = Instant::now();
				offer(sending, place, Piece::Shard(shard)).await;
				if let Some(sending) = sending.get(place) {
					slow.note(sending.column, asked.elapsed());
				}
			}
			if let Some(column) = slow.culprit().filter(|_| self.candidates.room() > 0) {
				tracing::debug!(column, "a provider is far slower than all others, replacing it");
				sending.iter_mut().filter(|sending| sending.column == column).for_each(|sending| sending.queue = None);
			}
			if sending.iter().all(|sending| sending.queue.is_none()) {
				return Ok(());
			}
			(self.progress)(Progress::Bytes { done: ((stripe + 1) * plain_a_stripe).min(total), total });
		}
		for place in 0..sending.len() {
			offer(sending, place, Piece::End).await;
		}
		Ok(())
	}

	/// Gives the manifest to all providers. It has to survive whatever the columns survive, and so be with at least
	/// `needed` of them.
	pub(super) async fn spread(&mut self, manifest: &Manifest, needed: usize) -> Result<(), PutError> {
		let transfer = self.transfer;
		let give = |candidate: &Candidate| {
			let peer = candidate.peer.clone();
			async move {
				match transfer.put_manifest(&peer, manifest).await {
					Err(error) if error.is_retryable() => transfer.put_manifest(&peer, manifest).await,
					result => result,
				}
			}
		};
		let results = join_all(self.placed.values().map(|placed| give(&placed.candidate))).await;
		let stored = results.iter().filter(|result| result.is_ok()).count();
		if stored < needed {
			let reasons = results.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
			return Err(PutError::ManifestRefused { stored, needed, reasons });
		}
		Ok(())
	}
}

/// Waits for room in a column's queue. Gives the column up if its task has ended, which tells why itself, or if it
/// takes nothing for long while others do: if all stand still, it is our own line.
async fn offer(sending: &mut [Sending], place: usize, piece: Piece) {
	loop {
		let Some(queue) = sending.get(place).and_then(|sending| sending.queue.as_ref()) else { return };
		match timeout(STALL, queue.reserve()).await {
			Ok(Ok(room)) => return room.send(piece),
			Ok(Err(_)) => break,
			Err(_) => {},
		}
		let others = sending.iter().filter_map(|sending| sending.queue.as_ref());
		let (moving, still): (Vec<_>, Vec<_>) = others.partition(|queue| queue.capacity() > 0);
		if moving.len() > still.len() {
			break;
		}
	}
	if let Some(sending) = sending.get_mut(place) {
		sending.queue = None;
	}
}

/// One column's push; counts the bytes that it sent.
async fn push(
	mut session: PushSession,
	mut pieces: mpsc::Receiver<Piece>,
	bytes: &mut u64,
) -> Result<SignedAck, TransferError> {
	loop {
		match pieces.recv().await {
			Some(Piece::Shard(shard)) => {
				session.send(&shard).await?;
				*bytes = session.sent_bytes();
			},
			Some(Piece::End) => return session.finish().await,
			None => return Err(TransferError::TimedOut),
		}
	}
}
