//! Stripes: from positions in a file to shards, and from restored stripes back to plain bytes.
//!
//! Everything here is pure work on memory, apart from positioned reads of the file that is stored: callers run it on
//! blocking threads, one stripe each, as many as there are cores.
use std::{fs::File, io, ops::Range, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use peoples_cloud_erasure::{CodeError, Codec};

use super::{
	seal::{sealed_length, SealError, Sealer},
	to_usize, Layout,
};

/// Says whether a stripe was sealed from the same bytes as before: a hash over its segments' authentication tags.
pub type StripeTag = [u8; 16];

/// Why a stripe could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StripeError {
	/// The file could not be read.
	#[error("the file cannot be read: {0}")]
	Read(#[from] io::Error),
	/// The file became shorter.
	#[error("the file became shorter while it was being stored; store it again when nothing writes to it")]
	Shortened,
	/// See [`SealError`].
	#[error(transparent)]
	Seal(#[from] SealError),
	/// See [`CodeError`].
	#[error(transparent)]
	Code(#[from] CodeError),
}

/// Makes stripes of a file.
#[derive(Debug)]
pub struct StripeMaker {
	file: File,
	sealer: Sealer,
	layout: Layout,
	codec: Arc<dyn Codec>,
}

/// A sealed stripe.
#[derive(Debug)]
pub struct SealedStripe {
	/// `k` shards' worth of payload, padded with zeros at the object's end.
	pub payload: Vec<u8>,
	/// See [`StripeTag`].
	pub tag: StripeTag,
}

impl StripeMaker {
	/// For a file, with a layout made by [`Layout::plan`]: stripes hold whole segments.
	pub fn new(file: File, sealer: Sealer, layout: Layout, codec: Arc<dyn Codec>) -> Self {
		Self { file, sealer, layout, codec }
	}

	/// Reads and seals one stripe.
	pub fn seal(&self, stripe: u64) -> Result<SealedStripe, StripeError> {
		let layout = &self.layout;
		let range = layout.payload_of(stripe);
		let first = range.start / layout.sealed_bytes();
		debug_assert_eq!(layout.segment_start(first), range.start, "planned stripes hold whole segments");
		let mut payload = vec![0; to_usize(layout.stripe_bytes())];
		let mut tags = blake3::Hasher::new();
		let mut rest = payload.as_mut_slice();
		for segment in first.. {
			let plain = layout.plain_bytes_of(segment);
			if layout.segment_start(segment) >= range.end || plain == 0 {
				break;
			}
			let Some((sealed, behind)) = rest.split_at_mut_checked(sealed_length(plain)) else { break };
			if let Some(bytes) = sealed.get_mut(..to_usize(plain)) {
				let at = segment * u64::from(layout.segment_bytes());
				self.file.read_exact_at(bytes, at).map_err(|error| match error.kind() {
					io::ErrorKind::UnexpectedEof => StripeError::Shortened,
					_ => StripeError::Read(error),
				})?;
			}
			tags.update(&self.sealer.seal(segment, sealed)?);
			rest = behind;
		}
		let mut tag = StripeTag::default();
		tags.finalize_xof().fill(&mut tag);
		Ok(SealedStripe { payload, tag })
	}

	/// Encodes a sealed stripe into the shards of these columns, in their order.
	pub fn encode(&self, stripe: &SealedStripe, columns: &[usize]) -> Result<Vec<Bytes>, StripeError> {
		let shard_bytes = to_usize(self.layout.shard_bytes().into());
		// One allocation for all shards; they go their ways as slices of it.
		let mut shards = vec![0; columns.len() * shard_bytes];
		let mut buffers: Vec<&mut [u8]> = shards.chunks_exact_mut(shard_bytes).collect();
		if columns.iter().copied().eq(0..self.codec.n()) {
			self.codec.encode(&stripe.payload, &mut buffers)?;
		} else {
			for (column, shard) in columns.iter().zip(&mut buffers) {
				self.codec.encode_shard(*column, &stripe.payload, shard)?;
			}
		}
		let shards = Bytes::from(shards);
		Ok((0..columns.len()).map(|at| shards.slice(at * shard_bytes..(at + 1) * shard_bytes)).collect())
	}
}

/// Opens restored stripes.
#[derive(Debug)]
pub struct StripeOpener {
	sealer: Sealer,
	layout: Layout,
	segments: Range<u64>,
}

/// What one stripe held of the segments that are wanted. Segments of objects that we store never straddle stripes, so
/// that `head` and `tail` are empty; the format allows it.
#[derive(Debug, PartialEq, Eq)]
pub struct OpenedStripe {
	/// Sealed bytes of a segment that began in an earlier stripe.
	head: Vec<u8>,
	/// Plain bytes of the segments that lie within the stripe.
	plain: Vec<u8>,
	/// Sealed bytes of a segment that goes on in the next stripe.
	tail: Vec<u8>,
}

impl StripeOpener {
	/// For these segments of an object.
	pub fn new(sealer: Sealer, layout: Layout, segments: Range<u64>) -> Self {
		Self { sealer, layout, segments }
	}

	/// Opens what can be opened of a restored stripe.
	pub fn open(&self, stripe: u64, mut payload: Vec<u8>) -> Result<OpenedStripe, SealError> {
		let layout = &self.layout;
		let range = layout.payload_of(stripe);
		let length = payload.len();
		let within = |at: u64| to_usize(at.saturating_sub(range.start)).min(length);
		let first = range.start.div_ceil(layout.sealed_bytes());
		let mut opened = OpenedStripe { head: Vec::new(), plain: Vec::new(), tail: Vec::new() };
		// A segment that began earlier: it is the one before the first that begins here.
		let head_end = within(layout.segment_start(first).min(range.end));
		if first > 0 && self.segments.contains(&(first - 1)) && head_end > 0 {
			opened.head = payload.get(..head_end).unwrap_or_default().to_vec();
		}
		let mut filled = 0;
		for segment in first.max(self.segments.start)..self.segments.end {
			let (start, end) = (layout.segment_start(segment), layout.segment_start(segment + 1));
			if start >= range.end {
				break;
			}
			let (from, to) = (within(start), within(end));
			if end > range.end {
				opened.tail = payload.get(from..to).unwrap_or_default().to_vec();
				break;
			}
			let plain = to_usize(layout.plain_bytes_of(segment));
			if to - from != sealed_length(plain as u64) {
				return Err(SealError::NoSuchSegment(segment));
			}
			self.sealer.open(segment, payload.get_mut(from..to).ok_or(SealError::NoSuchSegment(segment))?)?;
			// The plain bytes move up over the tags before them.
			payload.copy_within(from..from + plain, filled);
			filled += plain;
		}
		payload.truncate(filled);
		opened.plain = payload;
		Ok(opened)
	}
}

/// Puts opened stripes together, in order, and cuts what was asked for out of them.
#[derive(Debug)]
pub struct Joiner {
	opener: Arc<StripeOpener>,
	/// Sealed bytes of the segment that straddles the stripes seen last and next.
	straddling: Vec<u8>,
	/// Its number.
	segment: u64,
	/// Plain bytes before the wanted range that are still to be left out.
	skip: u64,
	/// Plain bytes still wanted.
	wanted: u64,
}

impl Joiner {
	/// For a range of plain bytes, whose segments the opener was made for.
	pub fn new(opener: Arc<StripeOpener>, plain: &Range<u64>) -> Self {
		let segment = opener.segments.start;
		let skip = plain.start.saturating_sub(segment * u64::from(opener.layout.segment_bytes()));
		Self { opener, straddling: Vec::new(), segment, skip, wanted: plain.end.saturating_sub(plain.start) }
	}

	/// Plain bytes still to come.
	pub fn wanted(&self) -> u64 {
		self.wanted
	}

	/// Takes the next stripe and gives the wanted plain bytes that are now complete to `out`.
	pub fn push(&mut self, stripe: OpenedStripe, mut out: impl FnMut(Bytes)) -> Result<(), SealError> {
		let layout = self.opener.layout;
		if !stripe.head.is_empty() {
			self.straddling.extend_from_slice(&stripe.head);
			let plain = layout.plain_bytes_of(self.segment);
			if self.straddling.len() == sealed_length(plain) {
				let mut bytes = std::mem::take(&mut self.straddling);
				self.opener.sealer.open(self.segment, &mut bytes)?;
				bytes.truncate(to_usize(plain));
				self.segment += 1;
				self.emit(bytes, &mut out);
			}
		}
		if !stripe.plain.is_empty() {
			let whole = (stripe.plain.len() as u64).div_ceil(u64::from(layout.segment_bytes()).max(1));
			self.segment += whole;
			self.emit(stripe.plain, &mut out);
		}
		if !stripe.tail.is_empty() {
			self.straddling = stripe.tail;
		}
		Ok(())
	}

	fn emit(&mut self, plain: Vec<u8>, out: &mut impl FnMut(Bytes)) {
		let mut plain = Bytes::from(plain);
		let skipped = to_usize(self.skip).min(plain.len());
		self.skip -= skipped as u64;
		let _ = plain.split_to(skipped);
		plain.truncate(to_usize(self.wanted));
		self.wanted -= plain.len() as u64;
		if !plain.is_empty() {
			out(plain);
		}
	}
}

#[cfg(test)]
mod tests;
