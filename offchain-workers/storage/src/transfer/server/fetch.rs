//! Sending part of a column.
use std::{
	io::{self, Write},
	time::Instant,
};

use futures::AsyncWriteExt as _;
use peoples_cloud_network::{framing, PeerId, Stream};
use peoples_cloud_primitives::{column::bytes_of, Hash32};
use tokio::{
	sync::mpsc,
	time::{sleep, timeout},
};

use super::{rate_limited, Pace, ServeError, Shared};
use crate::{
	protocol::{Refusal, Reply},
	store::StreamError,
};

/// Sent at a time: large enough that hand-overs between threads vanish.
const BUFFER: usize = 256 * 1024;
/// Buffers between the disk and the network.
const BUFFERS: usize = 2;
/// Written at a time: a receiver that creeps is noticed after so many bytes.
const SLICE: usize = 16 * 1024;

pub(super) async fn serve(
	shared: &Shared,
	peer: PeerId,
	stream: &mut Stream,
	root: Hash32,
	first: u64,
	chunks: u64,
) -> Result<(), ServeError> {
	let record = shared.blocking(move |store| store.record(&root)).await?.ok_or(Refusal::NotFound)?;
	let inside = first.checked_add(chunks).is_some_and(|end| end <= record.chunks);
	if chunks == 0 || !inside {
		return Err(Refusal::NotFound.into());
	}
	// The rest is paid for as it goes out: whoever is cut off has not paid for what did not come.
	let mut paid = bytes_of(chunks).min(BUFFER as u64);
	shared.limits().reads.take(peer, paid, Instant::now()).map_err(rate_limited)?;
	shared.reply(stream, &Reply::Sending { chunks_total: record.chunks }).await?;

	let (pieces, mut inbox) = mpsc::channel(BUFFERS);
	let store = shared.store.clone();
	let reading = tokio::task::spawn_blocking(move || {
		let mut target = Channel { buffer: Vec::new(), pieces };
		store.stream(&root, first, chunks, &mut target)?;
		target.flush().map_err(|_| StreamError::ReceiverGone)
	});
	let mut pace = Pace::new(&shared.config);
	while let Some(piece) = inbox.recv().await {
		let length = piece.len() as u64;
		pay(shared, peer, length.saturating_sub(paid)).await?;
		paid = paid.saturating_sub(length);
		for slice in piece.chunks(SLICE) {
			pace.within(slice.len(), framing::write_all(stream, slice, shared.config.idle)).await?;
		}
		shared.metrics.bytes_sent.inc_by(length);
	}
	match reading.await {
		Ok(Ok(())) => {},
		Ok(Err(StreamError::Store(error))) => {
			tracing::error!(target: "storage::transfer", %error, root = %hex::encode(root), "a column cannot be read");
			return Err(ServeError::Damaged);
		},
		// The receiver sees the stream end early: what it got is right.
		_ => return Err(ServeError::Damaged),
	}
	pace.within(0, framing::flush(stream, shared.config.idle)).await?;
	shared.metrics.fetches.inc();
	// The receiver has everything when it has everything; a lost goodbye changes nothing.
	let _ = timeout(shared.config.idle, stream.close()).await;
	Ok(())
}

/// Charges a peer for what is sent next, and waits until it may have so much. A wait that the receiver would take for
/// a stall ends the transfer: it may go on where it was.
async fn pay(shared: &Shared, peer: PeerId, bytes: u64) -> Result<(), ServeError> {
	let longest = shared.config.idle / 2;
	loop {
		let taken = shared.limits().reads.take(peer, bytes, Instant::now());
		match taken {
			Ok(()) => return Ok(()),
			Err(wait) if wait > longest => return Err(ServeError::TooMuch),
			Err(wait) => sleep(wait).await,
		}
	}
}

/// Gathers what is written into large buffers and waits until they are taken.
struct Channel {
	buffer: Vec<u8>,
	pieces: mpsc::Sender<Vec<u8>>,
}

impl Write for Channel {
	fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
		if self.buffer.capacity() == 0 {
			self.buffer.reserve_exact(BUFFER);
		}
		let count = bytes.len().min(BUFFER.saturating_sub(self.buffer.len()));
		self.buffer.extend_from_slice(bytes.get(..count).unwrap_or_default());
		if self.buffer.len() >= BUFFER {
			self.flush()?;
		}
		Ok(count)
	}

	fn flush(&mut self) -> io::Result<()> {
		if self.buffer.is_empty() {
			return Ok(());
		}
		let piece = std::mem::take(&mut self.buffer);
		// `encode_ranges_validated` knows this kind as "the receiver has gone".
		self.pieces.blocking_send(piece).map_err(|_| io::ErrorKind::ConnectionReset.into())
	}
}
