//! Taking a column in.
use std::sync::Arc;

use peoples_cloud_network::{framing, PeerId, Stream};
use peoples_cloud_primitives::{
	column::bytes_of,
	terms::{storage_rate, Acknowledgement, IntentNonce, StorageIntentV1},
	AccountBytes, Balance,
};
use tokio::{sync::mpsc, time::timeout};

use super::{rate_limited, InFlight, Pace, ServeError, Shared};
use crate::{
	protocol::{
		acknowledgement, admit, Facts, PushEnd, Refusal, Reply, SignedAck, SignedIntent, MAX_DATA, MAX_MESSAGE,
	},
	store::{ColumnWriter, Pending, Purpose, StoreError},
};

/// Buffers between the network and the disk: one being filled, one being written, two in between.
const BUFFERS: usize = 2;

/// What the writer is told.
enum Piece {
	Data(Vec<u8>),
	End(PushEnd, Purpose),
}

pub(super) async fn serve(
	shared: Arc<Shared>,
	peer: PeerId,
	stream: &mut Stream,
	signed: SignedIntent,
) -> Result<(), ServeError> {
	let _permit = shared.pushes.try_acquire().map_err(|_| Refusal::Busy)?;
	let flight = admit_intent(&shared, &signed).await?;
	let intent = signed.fields();
	let max_chunks = intent.max_chunks;
	let writer = shared.blocking(move |store| store.begin(max_chunks)).await?;
	shared.reply(stream, &Reply::Ready).await?;
	let end = receive(&shared, peer, stream, intent, writer).await?;
	// Only now is it pending in the store, and no longer in flight.
	drop(flight);
	let rate = storage_rate(end.chunks, intent.price).ok_or(Refusal::WrongSize)?;
	let ack = Acknowledgement::V1(acknowledgement(intent, &end.root, end.chunks, rate));
	let ack = SignedAck::sign(ack, &shared.signer);
	shared.metrics.columns_stored.inc();
	tracing::info!(
		target: "storage::transfer", %peer, root = %hex::encode(end.root), chunks = end.chunks, "column stored"
	);
	shared.reply(stream, &Reply::Stored(ack)).await
}

/// All rules; the answer keeps the upload's place until it is dropped.
async fn admit_intent(shared: &Arc<Shared>, signed: &SignedIntent) -> Result<Flight, ServeError> {
	let info = shared.offer().await?;
	let intent = signed.fields();
	let pending = shared.store.pending_of(&intent.client);
	let (flying, flying_price) = {
		let flights = shared.flights();
		flights.get(&intent.client).map_or((0, 0), |flights| (flights.len(), price_of(flights)))
	};
	let facts = Facts {
		genesis: shared.chain.genesis(),
		provider: shared.account,
		now: shared.chain.heads().borrow().best,
		max_validity: shared.config.max_validity,
		offer: info.as_ref().filter(|info| info.active).and_then(|info| info.offer),
		free_chunks: shared.free_chunks(info.as_ref()),
		pending_uploads: pending.uploads.saturating_add(u32::try_from(flying).unwrap_or(u32::MAX)),
		max_pending_uploads: shared.config.max_pending_per_client,
		pending_price: pending.price.saturating_add(flying_price),
	};
	let admitted = admit(signed, &facts)?;
	// Only what the client signed counts against the client.
	shared.limits().intents.take(intent.client, 1, std::time::Instant::now()).map_err(rate_limited)?;
	let (flight, needed) = Flight::enter(shared, intent, admitted.price)?;
	let (valid_until, client, nonce) = (intent.valid_until, intent.client, intent.nonce);
	if shared.blocking(move |store| store.is_used(valid_until, &client, &nonce)).await? {
		return Err(Refusal::Replayed.into());
	}
	let free = shared.ask(shared.chain.free_balance(intent.client)).await?;
	if free < needed {
		return Err(Refusal::NoFunds.into());
	}
	Ok(flight)
}

/// From the network through a bounded channel to the writer, until the column is on the disk for good.
async fn receive(
	shared: &Shared,
	peer: PeerId,
	stream: &mut Stream,
	intent: &StorageIntentV1,
	writer: ColumnWriter,
) -> Result<PushEnd, ServeError> {
	let (pieces, inbox) = mpsc::channel(BUFFERS);
	let (recycle, mut recycled) = mpsc::channel(BUFFERS + 2);
	let writing = shared.writers.spawn_blocking(move || write(writer, inbox, &recycle));
	let sent = feed(shared, peer, stream, intent, pieces, &mut recycled).await;
	// An error means that it panicked or the runtime ends.
	let Ok(stored) = writing.await else { return Err(Refusal::Internal.into()) };
	match (sent, stored) {
		// The writer's reason comes first: it is why feeding failed.
		(_, Err(error)) => Err(error.into()),
		(Err(Some(error)), _) => Err(error),
		(Ok(end), Ok(true)) => Ok(end),
		_ => Err(Refusal::Internal.into()),
	}
}

/// Reads data frames until the end. `Err(None)`: the writer has given up and knows why.
async fn feed(
	shared: &Shared,
	peer: PeerId,
	stream: &mut Stream,
	intent: &StorageIntentV1,
	pieces: mpsc::Sender<Piece>,
	recycled: &mut mpsc::Receiver<Vec<u8>>,
) -> Result<PushEnd, Option<ServeError>> {
	let idle = shared.config.idle;
	let mut left = bytes_of(intent.max_chunks);
	let heads = shared.chain.heads();
	let mut pace = Pace::new(&shared.config);
	let mut length = first_length(shared, stream).await.map_err(Some)?;
	while length > 0 {
		let mut buffer = recycled.try_recv().unwrap_or_default();
		pace.within(length, framing::read_body(stream, &mut buffer, length, idle)).await.map_err(Some)?;
		shared.metrics.bytes_received.inc_by(length as u64);
		left = left.checked_sub(length as u64).ok_or(Some(Refusal::TooLong.into()))?;
		// The room is not kept for an agreement that can no longer be opened.
		let now = heads.borrow().best;
		if now >= intent.valid_until {
			return Err(Some(Refusal::WrongValidity { now, max: intent.valid_until }.into()));
		}
		pieces.send(Piece::Data(buffer)).await.map_err(|_| None)?;
		length = pace.within(0, framing::read_length(stream, MAX_DATA, idle)).await.map_err(Some)?;
	}
	let end: PushEnd =
		pace.within(MAX_MESSAGE, framing::read_message(stream, MAX_MESSAGE, idle)).await.map_err(Some)?;
	let rate = storage_rate(end.chunks, intent.price);
	let price = rate.and_then(|rate| rate.checked_mul(Balance::from(intent.duration)));
	let pending = Pending {
		client: intent.client,
		nonce: intent.nonce,
		valid_until: intent.valid_until,
		price: price.ok_or(Some(Refusal::WrongLength.into()))?,
		peer: peer.to_bytes(),
		object: None,
	};
	pieces.send(Piece::End(end, Purpose::Pending(pending))).await.map_err(|_| None)?;
	Ok(end)
}

/// The length of the first frame, for which the client has more time.
async fn first_length(shared: &Shared, stream: &mut Stream) -> Result<usize, ServeError> {
	let deadline = shared.config.first_frame;
	match timeout(deadline, framing::read_length(stream, MAX_DATA, deadline)).await {
		Ok(length) => Ok(length?),
		Err(_) => Err(ServeError::TooSlow),
	}
}

/// The blocking side. True once the column is stored; false if the channel ended before the column did, in which
/// case dropping the writer removes what there is.
fn write(
	mut writer: ColumnWriter,
	mut inbox: mpsc::Receiver<Piece>,
	recycle: &mpsc::Sender<Vec<u8>>,
) -> Result<bool, StoreError> {
	while let Some(piece) = inbox.blocking_recv() {
		match piece {
			Piece::Data(bytes) => {
				writer.write(&bytes)?;
				// If nobody wants it back it is freed.
				let _ = recycle.try_send(bytes);
			},
			Piece::End(end, purpose) => {
				writer.finish(&end.root, end.chunks, purpose)?;
				return Ok(true);
			},
		}
	}
	Ok(false)
}

/// An upload that is coming in: counts against its client, and keeps its intent from being used twice at once.
struct Flight {
	shared: Arc<Shared>,
	client: AccountBytes,
	nonce: IntentNonce,
}

impl Flight {
	/// All rules that concern a client's uploads together, now that no other of them can come in between. Answers
	/// what the client must have to pay for all of them, this one included.
	fn enter(shared: &Arc<Shared>, intent: &StorageIntentV1, price: Balance) -> Result<(Self, Balance), Refusal> {
		let mut all = shared.flights();
		let pending = shared.store.pending_of(&intent.client);
		let flights = all.get(&intent.client).map(Vec::as_slice).unwrap_or_default();
		if flights.iter().any(|flight| flight.nonce == intent.nonce) {
			return Err(Refusal::Replayed);
		}
		if flights.len() >= shared.config.max_pushes_per_client.max(1) {
			return Err(Refusal::TooManyPending);
		}
		let flying = u32::try_from(flights.len()).unwrap_or(u32::MAX);
		if pending.uploads.saturating_add(flying) >= shared.config.max_pending_per_client {
			return Err(Refusal::TooManyPending);
		}
		// Room set aside costs its client nothing until the bytes are there.
		let share = shared.store.usage().capacity_chunks / shared.config.client_share.max(1);
		let reserved = flights.iter().fold(0u64, |sum, flight| sum.saturating_add(flight.chunks));
		if reserved > 0 && reserved.saturating_add(intent.max_chunks) > share {
			return Err(Refusal::TooManyPending);
		}
		let needed = pending.price.saturating_add(price_of(flights)).saturating_add(price);
		let flight = InFlight { nonce: intent.nonce, price, chunks: intent.max_chunks };
		all.entry(intent.client).or_default().push(flight);
		Ok((Self { shared: shared.clone(), client: intent.client, nonce: intent.nonce }, needed))
	}
}

fn price_of(flights: &[InFlight]) -> Balance {
	flights.iter().fold(0, |sum, flight| sum.saturating_add(flight.price))
}

impl Drop for Flight {
	fn drop(&mut self) {
		let mut all = self.shared.flights();
		if let Some(flights) = all.get_mut(&self.client) {
			flights.retain(|flight| flight.nonce != self.nonce);
			if flights.is_empty() {
				all.remove(&self.client);
			}
		}
	}
}
