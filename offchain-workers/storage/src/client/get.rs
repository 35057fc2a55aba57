//! Getting an object back, or a range of it.
//!
//! ```text
//! StripeReader task ──bounded──▶ decode + open, one stripe a blocking thread ──in order──▶ out
//! ```
use std::{ops::Range, sync::Arc};

use futures::stream::{FuturesOrdered, StreamExt};
use peoples_cloud_client::{chain::Chain, wallet::Signer};
use peoples_cloud_erasure::{codec, CodeError, Codec, Decoder};
use peoples_cloud_primitives::{
	manifest::{Manifest, ManifestV1},
	Hash32,
};
use tokio::{
	io::{AsyncWrite, AsyncWriteExt},
	sync::mpsc,
	task::spawn_blocking,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
	columns::{ColumnSource, NotEnoughColumns, StripeReader, StripeShards},
	joined,
	locate::{locate, LocateError, Located},
	parallel_stripes, Progress, ProgressFn,
};
use crate::{
	object::{
		seal::{ObjectKey, SealError, Sealer},
		stripes::{Joiner, OpenedStripe, StripeOpener},
		to_usize, Layout,
	},
	transfer::client::TransferClient,
};

/// Stripes that the reader may be ahead of the decoders.
const AHEAD: usize = 2;

/// What opens the object.
#[derive(Clone, Debug)]
pub enum Unlock<'a> {
	/// The account that stored it.
	Account(&'a Signer),
	/// Its key, shared by the owner.
	Key(ObjectKey),
}

/// What to get.
#[derive(Clone, Debug, Default)]
pub struct GetOptions {
	/// Plain bytes to get, the end not included. `None`: all.
	pub range: Option<Range<u64>>,
}

/// What was got.
#[derive(Clone, Debug)]
pub struct GetOutcome {
	/// Bytes written.
	pub bytes: u64,
	/// The manifest.
	pub manifest: Manifest,
}

/// Why an object could not be got. What was written before is right but not all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
	/// It was not found.
	#[error(transparent)]
	Locate(#[from] LocateError),
	/// The range is not within the object.
	#[error(
		"the range {start}-{} is not within the object; give one within 0-{}",
		end.saturating_sub(1),
		length.saturating_sub(1)
	)]
	Range {
		/// First byte asked for.
		start: u64,
		/// Byte after the last.
		end: u64,
		/// Bytes of the object.
		length: u64,
	},
	/// It cannot be opened.
	#[error(transparent)]
	Seal(#[from] SealError),
	/// Its code is unknown.
	#[error(transparent)]
	Code(#[from] CodeError),
	/// Too few columns can be read.
	#[error(transparent)]
	Columns(#[from] NotEnoughColumns),
	/// The columns ended before the object did.
	#[error(
		"the object's columns ended after {bytes} of the {wanted} bytes asked for; what was written is right but not all: \
		 get it again, and if it ends there again it was broken when it was stored"
	)]
	Short {
		/// Bytes written.
		bytes: u64,
		/// Bytes asked for.
		wanted: u64,
	},
	/// The bytes could not be written.
	#[error("the object cannot be written: {0}; is there enough room?")]
	Write(#[from] std::io::Error),
}

impl GetError {
	/// Whether the same request may succeed later without a change.
	pub fn is_retryable(&self) -> bool {
		match self {
			Self::Locate(error) => error.is_retryable(),
			Self::Columns(_) => true,
			_ => false,
		}
	}
}

/// Gets an object and writes it, in order, to `out`.
pub async fn get<W: AsyncWrite + Send + Unpin>(
	chain: &dyn Chain,
	transfer: &TransferClient,
	unlock: &Unlock<'_>,
	object: Hash32,
	options: &GetOptions,
	out: &mut W,
	progress: &ProgressFn<'_>,
) -> Result<GetOutcome, GetError> {
	let Located { manifest, source, order } = locate(chain, transfer, object).await?;
	let fields = manifest.fields();
	let range = options.range.clone().unwrap_or(0..fields.plain_bytes);
	if range.is_empty() || range.end > fields.plain_bytes {
		return Err(GetError::Range { start: range.start, end: range.end, length: fields.plain_bytes });
	}
	let key = match unlock {
		Unlock::Account(signer) => ObjectKey::unwrap(&fields.cipher, signer)?,
		Unlock::Key(key) => key.clone(),
	};
	let bytes = read(fields, &key, source, order, range, out, progress).await?;
	Ok(GetOutcome { bytes, manifest })
}

/// Reads a range of an object from its columns; returns the bytes written.
pub async fn read<W: AsyncWrite + Send + Unpin>(
	manifest: &ManifestV1,
	key: &ObjectKey,
	source: Arc<dyn ColumnSource>,
	columns: Vec<usize>,
	range: Range<u64>,
	out: &mut W,
	progress: &ProgressFn<'_>,
) -> Result<u64, GetError> {
	let layout = Layout::of(manifest).map_err(LocateError::Layout)?;
	let codec = codec(manifest.codec, manifest.k.into(), manifest.n())?;
	let segments = layout.segments_of(&range);
	let stripes = layout.stripes_of(&segments);
	let sealer = Sealer::new(key, &manifest.cipher, layout.segments());
	let opener = Arc::new(StripeOpener::new(sealer, layout, segments));
	let mut joiner = Joiner::new(opener.clone(), &range);
	let mut decoders = Decoders { codec, last: None };
	let total = joiner.wanted();

	let (sender, mut arriving) = mpsc::channel(AHEAD);
	let reader = StripeReader::new(source, &layout, stripes, columns);
	let _reader = AbortOnDropHandle::new(tokio::spawn(read_stripes(reader, sender)));
	let mut decoding = FuturesOrdered::new();
	let mut ended = false;
	while !(ended && decoding.is_empty()) {
		tokio::select! {
			// What is ready goes out first, so that memory is freed before more is taken in.
			biased;
			Some(opened) = decoding.next(), if !decoding.is_empty() => {
				let opened: Result<OpenedStripe, GetError> = opened;
				let mut pieces = Vec::with_capacity(2);
				joiner.push(opened?, |piece| pieces.push(piece))?;
				for piece in pieces {
					out.write_all(&piece).await?;
				}
				progress(Progress::Bytes { done: total - joiner.wanted(), total });
			},
			stripe = arriving.recv(), if !ended && decoding.len() < parallel_stripes() => match stripe {
				None => ended = true,
				Some(stripe) => {
					let StripeShards { stripe, shards } = stripe?;
					let decoder = decoders.for_columns(&shards)?;
					let opener = opener.clone();
					decoding.push_back(joined(spawn_blocking(move || {
						let mut payload = vec![0; to_usize(layout.stripe_bytes())];
						let shards: Vec<(usize, &[u8])> = shards.iter().map(|(column, shard)| (*column, &shard[..])).collect();
						decoder.decode(&shards, &mut payload)?;
						Ok(opener.open(stripe, payload)?)
					})));
				},
			},
		}
	}
	out.flush().await?;
	match total - joiner.wanted() {
		bytes if bytes < total => Err(GetError::Short { bytes, wanted: total }),
		bytes => Ok(bytes),
	}
}

/// Reads on until the end, or until nobody listens.
async fn read_stripes(mut reader: StripeReader, sender: mpsc::Sender<Result<StripeShards, NotEnoughColumns>>) {
	while let Some(stripe) = reader.next().await.transpose() {
		let failed = stripe.is_err();
		if sender.send(stripe).await.is_err() || failed {
			return;
		}
	}
}

/// The decoder for the columns that are being read. They seldom change, so that remembering the last one will do.
struct Decoders {
	codec: Arc<dyn Codec>,
	last: Option<(Vec<usize>, Arc<dyn Decoder>)>,
}

impl Decoders {
	fn for_columns<T>(&mut self, shards: &[(usize, T)]) -> Result<Arc<dyn Decoder>, CodeError> {
		let columns: Vec<usize> = shards.iter().map(|(column, _)| *column).collect();
		match &self.last {
			Some((known, decoder)) if *known == columns => Ok(decoder.clone()),
			_ => {
				let decoder: Arc<dyn Decoder> = Arc::from(self.codec.decoder(&columns)?);
				self.last = Some((columns, decoder.clone()));
				Ok(decoder)
			},
		}
	}
}

#[cfg(test)]
mod tests;
