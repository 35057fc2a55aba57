//! The asking side: pushing, fetching, manifests.
use std::{io, ops::Range, time::Duration};

use bao_tree::io::{
	fsm::{ResponseDecoder, ResponseDecoderNext},
	BaoContentItem, DecodeError,
};
use bytes::{Bytes, BytesMut};
use codec::{DecodeAll, Encode};
use futures::io::BufReader;
use peoples_cloud_client::chain::ProviderInfo;
use peoples_cloud_network::{
	addresses_from_bytes,
	framing::{self, FrameError},
	peer_id_from_bytes, Multiaddr, NetworkHandle, OpenError, PeerId, Stream,
};
use peoples_cloud_primitives::{
	column::{bytes_of, CHUNK_BYTES, MAX_PATH},
	manifest::{Manifest, MAX_MANIFEST_BYTES},
	AccountBytes, Hash32,
};
use tokio::time::timeout;

use crate::{
	protocol::{
		ProviderStatus, PushEnd, Refusal, Reply, Request, SignedAck, SignedIntent, MAX_DATA, MAX_MESSAGE, PROTOCOL,
	},
	store::{column_tree, group_range},
};

/// Read from a stream at a time.
const READ_BUFFER: usize = 256 * 1024;
/// After a failed write, how long to look for the refusal that explains it.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long the client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
	/// For a connection and a stream. Default: 15 s.
	pub connect: Duration,
	/// For a provider to say that it takes a column, or why not. Default: 8 s. It has little to look up; and all other
	/// providers of an upload wait meanwhile.
	pub ready: Duration,
	/// For anything to move. Default: 30 s.
	pub idle: Duration,
	/// For the provider to put a column on its disk. Default: 120 s, as slow disks sync 10 MiB/s.
	pub store: Duration,
}

impl Default for ClientLimits {
	fn default() -> Self {
		Self {
			connect: Duration::from_secs(15),
			ready: Duration::from_secs(8),
			idle: Duration::from_secs(30),
			store: Duration::from_secs(120),
		}
	}
}

/// A provider and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderPeer {
	/// Its account.
	pub account: AccountBytes,
	/// Its peer id.
	pub peer: PeerId,
	/// Where it says it listens.
	pub addresses: Vec<Multiaddr>,
}

impl ProviderPeer {
	/// From what the chain knows; `None` if the peer id there is none.
	pub fn from_info(info: &ProviderInfo) -> Option<Self> {
		let peer = peer_id_from_bytes(&info.peer_id)?;
		Some(Self { account: info.account, peer, addresses: addresses_from_bytes(&info.addresses) })
	}
}

/// What a provider was caught at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lie {
	/// Its bytes are not those of the column.
	#[error("bytes that are not the column's")]
	WrongBytes,
	/// Its column has another length.
	#[error("a column of another length")]
	WrongLength,
	/// Its acknowledgement is not what was asked for, or not signed by it.
	#[error("an acknowledgement of something else")]
	WrongAcknowledgement,
	/// Its manifest is not the object's.
	#[error("a manifest that is not the object's")]
	WrongManifest,
	/// Its reply does not answer the request.
	#[error("a reply that does not answer the request")]
	WrongReply,
}

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
	/// No stream to the provider came about.
	#[error(transparent)]
	Unreachable(#[from] OpenError),
	/// The provider said no.
	#[error("the provider refused: {0}")]
	Refused(Refusal),
	/// The provider sent something wrong.
	#[error("the provider sent {0}")]
	Lied(Lie),
	/// Nothing moved for too long.
	#[error("the provider stalled")]
	TimedOut,
	/// The stream ended early.
	#[error("the connection to the provider was lost")]
	Closed,
	/// More data than the intent allows.
	#[error("more data than the {max_chunks} chunks that the intent allows")]
	TooLong {
		/// What it allows.
		max_chunks: u64,
	},
	/// A column must be a whole number of chunks, and not empty.
	#[error("{bytes} bytes are not a whole number of chunks")]
	NotWhole {
		/// What was sent.
		bytes: u64,
	},
	/// The part asked for is not inside the column.
	#[error("the part asked for is not inside the column")]
	WrongRange,
	/// The manifest is too long or contradicts itself.
	#[error("the manifest cannot be used")]
	BadManifest,
	/// All who hold the column lied or refused before.
	#[error("nobody who holds the column can be asked again")]
	NobodyLeft,
}

impl TransferError {
	/// Whether the same request to the same provider may succeed a little later.
	pub fn is_retryable(&self) -> bool {
		match self {
			Self::Refused(refusal) => refusal.is_retryable(),
			Self::Unreachable(error) => !matches!(error, OpenError::NetworkDown | OpenError::BadName(_)),
			Self::TimedOut | Self::Closed => true,
			_ => false,
		}
	}

	/// Whether another provider may do better; otherwise the request itself is wrong.
	pub fn is_providers_fault(&self) -> bool {
		!matches!(self, Self::TooLong { .. } | Self::NotWhole { .. } | Self::WrongRange | Self::BadManifest)
	}
}

impl From<FrameError> for TransferError {
	fn from(error: FrameError) -> Self {
		match error {
			FrameError::TimedOut(_) => Self::TimedOut,
			FrameError::Malformed | FrameError::TooLong { .. } => Self::Lied(Lie::WrongReply),
			_ => Self::Closed,
		}
	}
}

/// Talks to providers. Clones share the network.
#[derive(Clone, Debug)]
pub struct TransferClient {
	network: NetworkHandle,
	limits: ClientLimits,
}

impl TransferClient {
	/// With the usual limits.
	pub fn new(network: NetworkHandle) -> Self {
		Self::with_limits(network, ClientLimits::default())
	}

	/// With other limits.
	pub fn with_limits(network: NetworkHandle, limits: ClientLimits) -> Self {
		Self { network, limits }
	}

	/// Asks a provider to take a column. Once it agreed, send the bytes.
	pub async fn push(&self, to: &ProviderPeer, intent: SignedIntent) -> Result<PushSession, TransferError> {
		let (stream, reply) = self.request(to, &Request::Push(intent.clone()), self.limits.ready).await?;
		match reply {
			Reply::Ready => {
				Ok(PushSession { stream, intent, hasher: blake3::Hasher::new(), sent: 0, limits: self.limits })
			},
			_ => Err(TransferError::Lied(Lie::WrongReply)),
		}
	}

	/// Fetches chunks of a column, whose length must be known: without it a tree cannot be verified.
	pub async fn fetch(
		&self,
		from: &ProviderPeer,
		root: Hash32,
		column_chunks: u64,
		chunks: Range<u64>,
	) -> Result<ColumnStream, TransferError> {
		if chunks.start >= chunks.end || chunks.end > column_chunks || column_chunks > 1u64 << MAX_PATH {
			return Err(TransferError::WrongRange);
		}
		let (first, end) = (chunks.start, chunks.end);
		let request = Request::Fetch { root, first_chunk: first, chunks: end - first };
		let (stream, reply) = self.request(from, &request, self.limits.idle).await?;
		match reply {
			Reply::Sending { chunks_total } if chunks_total == column_chunks => {},
			Reply::Sending { .. } => return Err(TransferError::Lied(Lie::WrongLength)),
			_ => return Err(TransferError::Lied(Lie::WrongReply)),
		}
		let reader = Reader { stream: BufReader::with_capacity(READ_BUFFER, stream), idle: self.limits.idle };
		let hash = blake3::Hash::from_bytes(root);
		let decoder = ResponseDecoder::new(hash, group_range(first, end), column_tree(column_chunks), reader);
		Ok(ColumnStream { decoder: Some(decoder), next: bytes_of(first), end: bytes_of(end), rest: Bytes::new() })
	}

	/// Leaves an object's manifest with the provider of one of its columns.
	pub async fn put_manifest(&self, to: &ProviderPeer, manifest: &Manifest) -> Result<(), TransferError> {
		let bytes = manifest.encode();
		if bytes.len() > MAX_MANIFEST_BYTES || manifest.fields().check().is_err() {
			return Err(TransferError::BadManifest);
		}
		match self.request(to, &Request::PutManifest(bytes), self.limits.idle).await?.1 {
			Reply::Done => Ok(()),
			_ => Err(TransferError::Lied(Lie::WrongReply)),
		}
	}

	/// Gets an object's manifest; it is the object's and consistent.
	pub async fn get_manifest(&self, from: &ProviderPeer, object: Hash32) -> Result<Manifest, TransferError> {
		let Reply::Manifest(bytes) = self.request(from, &Request::GetManifest(object), self.limits.idle).await?.1
		else {
			return Err(TransferError::Lied(Lie::WrongReply));
		};
		let wrong = TransferError::Lied(Lie::WrongManifest);
		if *blake3::hash(&bytes).as_bytes() != object {
			return Err(wrong);
		}
		match Manifest::decode_all(&mut &bytes[..]) {
			Ok(manifest) if manifest.fields().check().is_ok() => Ok(manifest),
			_ => Err(wrong),
		}
	}

	/// Asks a provider how it is.
	pub async fn status(&self, of: &ProviderPeer) -> Result<ProviderStatus, TransferError> {
		match self.request(of, &Request::Status, self.limits.idle).await?.1 {
			Reply::Status(status) => Ok(status),
			_ => Err(TransferError::Lied(Lie::WrongReply)),
		}
	}

	/// Opens a stream, sends the request and reads the first reply, which has to come whole within `deadline`; a
	/// refusal is an error.
	async fn request(
		&self,
		to: &ProviderPeer,
		request: &Request,
		deadline: Duration,
	) -> Result<(Stream, Reply), TransferError> {
		let mut stream = self.network.open(to.peer, &to.addresses, PROTOCOL, self.limits.connect).await?;
		framing::write_message(&mut stream, request, MAX_MESSAGE, self.limits.idle).await?;
		let reply = framing::read_message(&mut stream, MAX_MESSAGE, deadline);
		match timeout(deadline, reply).await.map_err(|_| TransferError::TimedOut)?? {
			Reply::Refused(refusal) => Err(TransferError::Refused(refusal)),
			reply => Ok((stream, reply)),
		}
	}
}

/// A column on its way to a provider. Dropping it aborts: the provider deletes what it has.
#[derive(Debug)]
pub struct PushSession {
	stream: Stream,
	intent: SignedIntent,
	hasher: blake3::Hasher,
	sent: u64,
	limits: ClientLimits,
}

impl PushSession {
	/// Bytes sent so far.
	pub fn sent_bytes(&self) -> u64 {
		self.sent
	}

	/// Sends the column's next bytes, any number; best in pieces of 64 to 256 KiB. Waits for the provider.
	pub async fn send(&mut self, bytes: &[u8]) -> Result<(), TransferError> {
		let total = self.sent.saturating_add(bytes.len() as u64);
		let max_chunks = self.intent.fields().max_chunks;
		if total > bytes_of(max_chunks) {
			return Err(TransferError::TooLong { max_chunks });
		}
		for piece in bytes.chunks(MAX_DATA) {
			self.hasher.update(piece);
			if let Err(error) = framing::write_frame(&mut self.stream, piece, self.limits.idle).await {
				return Err(self.explain(error).await);
			}
		}
		self.sent = total;
		Ok(())
	}

	/// Ends the column and waits until the provider has stored it for good.
	pub async fn finish(mut self) -> Result<SignedAck, TransferError> {
		if self.sent == 0 || !self.sent.is_multiple_of(CHUNK_BYTES as u64) {
			return Err(TransferError::NotWhole { bytes: self.sent });
		}
		let end = PushEnd { root: *self.hasher.finalize().as_bytes(), chunks: self.sent / CHUNK_BYTES as u64 };
		if let Err(error) = self.write_end(&end).await {
			return Err(self.explain(error).await);
		}
		match framing::read_message(&mut self.stream, MAX_MESSAGE, self.limits.store).await? {
			Reply::Stored(ack) if ack.answers(self.intent.fields(), &end.root, end.chunks) => Ok(ack),
			Reply::Stored(_) => Err(TransferError::Lied(Lie::WrongAcknowledgement)),
			Reply::Refused(refusal) => Err(TransferError::Refused(refusal)),
			_ => Err(TransferError::Lied(Lie::WrongReply)),
		}
	}

	async fn write_end(&mut self, end: &PushEnd) -> Result<(), FrameError> {
		framing::write_frame(&mut self.stream, &[], self.limits.idle).await?;
		framing::write_message(&mut self.stream, end, MAX_MESSAGE, self.limits.idle).await
	}

	/// A provider that stops taking bytes usually says why.
	async fn explain(&mut self, error: FrameError) -> TransferError {
		match framing::read_message(&mut self.stream, MAX_MESSAGE, LAST_WORDS).await {
			Ok(Reply::Refused(refusal)) => TransferError::Refused(refusal),
			_ => error.into(),
		}
	}
}

/// A part of a column on its way from a provider, verified as it comes: what it yields is the column's.
///
/// After an error, and after a call that was cancelled, it yields errors only.
#[derive(Debug)]
pub struct ColumnStream {
	decoder: Option<ResponseDecoder<Reader>>,
	/// Offset in the column of the next byte to yield.
	next: u64,
	end: u64,
	/// Verified and not yet asked for, see [`ColumnStream::read_exact`].
	rest: Bytes,
}

impl ColumnStream {
	/// The next bytes, at most 16 KiB; `None` at the end of what was asked for.
	pub async fn next(&mut self) -> Result<Option<Bytes>, TransferError> {
		if !self.rest.is_empty() {
			return Ok(Some(std::mem::take(&mut self.rest)));
		}
		while self.next < self.end {
			let decoder = self.decoder.take().ok_or(TransferError::Closed)?;
			let ResponseDecoderNext::More((decoder, item)) = decoder.next().await else {
				return Err(TransferError::Closed);
			};
			if let BaoContentItem::Leaf(leaf) = item.map_err(explain_decode)? {
				self.decoder = Some(decoder);
				// The provider rounds out to whole groups.
				let from = self.next.saturating_sub(leaf.offset);
				let to = self.end.saturating_sub(leaf.offset).min(leaf.data.len() as u64);
				if from < to {
					self.next = leaf.offset.saturating_add(to);
					// Within a group.
					return Ok(Some(leaf.data.slice(from as usize..to as usize)));
				}
			} else {
				self.decoder = Some(decoder);
			}
		}
		Ok(None)
	}

	/// Fills `out` with the next bytes; asking for more than is left is an error.
	pub async fn read_exact(&mut self, mut out: &mut [u8]) -> Result<(), TransferError> {
		while !out.is_empty() {
			let mut bytes = self.next().await?.ok_or(TransferError::WrongRange)?;
			let now = bytes.split_to(bytes.len().min(out.len()));
			let (filled, open) = out.split_at_mut(now.len());
			filled.copy_from_slice(&now);
			out = open;
			self.rest = bytes;
		}
		Ok(())
	}
}

fn explain_decode(error: DecodeError) -> TransferError {
	match error {
		DecodeError::ParentHashMismatch(_) | DecodeError::LeafHashMismatch(_) => TransferError::Lied(Lie::WrongBytes),
		DecodeError::Io(error) if error.kind() == io::ErrorKind::TimedOut => TransferError::TimedOut,
		_ => TransferError::Closed,
	}
}

/// Feeds the decoder, with a deadline on every read.
#[derive(Debug)]
struct Reader {
	stream: BufReader<Stream>,
	idle: Duration,
}

impl Reader {
	async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
		framing::read_exact(&mut self.stream, buffer, self.idle).await.map_err(|error| match error {
			FrameError::TimedOut(_) => io::ErrorKind::TimedOut.into(),
			FrameError::Io(error) => error,
			_ => io::ErrorKind::UnexpectedEof.into(),
		})
	}
}

impl iroh_io::AsyncStreamReader for Reader {
	async fn read_bytes(&mut self, len: usize) -> io::Result<Bytes> {
		let mut buffer = BytesMut::zeroed(len);
		self.fill(&mut buffer).await?;
		Ok(buffer.freeze())
	}

	async fn read<const L: usize>(&mut self) -> io::Result<[u8; L]> {
		let mut buffer = [0; L];
		self.fill(&mut buffer).await?;
		Ok(buffer)
	}
}
