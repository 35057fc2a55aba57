//! Frames on a stream: a little-endian `u32` length and that many bytes, and SCALE messages in frames.
//!
//! Every length has a limit and every wait a deadline: a peer can neither make us allocate more than the
//! limit nor hold a task for longer than the deadline without sending or taking anything.
use std::{io, time::Duration};

use codec::{DecodeAll, Encode};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Future};
use tokio::time::timeout;

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
	/// Nothing moved for as long as was allowed.
	#[error("nothing moved for {0:?}")]
	TimedOut(Duration),
	/// The peer ended the stream.
	#[error("the peer ended the stream")]
	Closed,
	/// A frame is longer than allowed.
	#[error("a frame of {length} bytes, more than the {max} allowed")]
	TooLong {
		/// What the peer announced, or we wanted to send.
		length: usize,
		/// The limit.
		max: usize,
	},
	/// A message does not decode.
	#[error("a message that does not decode")]
	Malformed,
	/// The transport failed.
	#[error("the transport failed: {0}")]
	Io(io::Error),
}

impl FrameError {
	/// Whether the peer broke the protocol, rather than its luck or its line.
	pub fn is_violation(&self) -> bool {
		matches!(self, Self::TooLong { .. } | Self::Malformed)
	}
}

impl From<io::Error> for FrameError {
	fn from(error: io::Error) -> Self {
		match error.kind() {
			io::ErrorKind::UnexpectedEof
			| io::ErrorKind::WriteZero
			| io::ErrorKind::BrokenPipe
			| io::ErrorKind::ConnectionReset
			| io::ErrorKind::ConnectionAborted => Self::Closed,
			_ => Self::Io(error),
		}
	}
}

/// Waits for `work` at most `idle`.
async fn within<T>(idle: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, FrameError> {
	match timeout(idle, work).await {
		Ok(result) => Ok(result?),
		Err(_) => Err(FrameError::TimedOut(idle)),
	}
}

/// Fills `buffer`; each piece, not the whole, must come within `idle`.
pub async fn read_exact(
	reader: &mut (impl AsyncRead + Unpin),
	mut buffer: &mut [u8],
	idle: Duration,
) -> Result<(), FrameError> {
	while !buffer.is_empty() {
		let count = within(idle, reader.read(buffer)).await?;
		if count == 0 {
			return Err(FrameError::Closed);
		}
		buffer = buffer.get_mut(count..).unwrap_or_default();
	}
	Ok(())
}

/// Writes all of `bytes`; each piece, not the whole, must go within `idle`. Does not flush.
pub async fn write_all(
	writer: &mut (impl AsyncWrite + Unpin),
	mut bytes: &[u8],
	idle: Duration,
) -> Result<(), FrameError> {
	while !bytes.is_empty() {
		let count = within(idle, writer.write(bytes)).await?;
		if count == 0 {
			return Err(FrameError::Closed);
		}
		bytes = bytes.get(count..).unwrap_or_default();
	}
	Ok(())
}

/// Reads a frame of at most `max` bytes into `buffer`, which it replaces.
pub async fn read_frame(
	reader: &mut (impl AsyncRead + Unpin),
	buffer: &mut Vec<u8>,
	max: usize,
	idle: Duration,
) -> Result<(), FrameError> {
	let length = read_length(reader, max, idle).await?;
	read_body(reader, buffer, length, idle).await
}

/// Reads how long the next frame is: at most `max` bytes.
pub async fn read_length(
	reader: &mut (impl AsyncRead + Unpin),
	max: usize,
	idle: Duration,
) -> Result<usize, FrameError> {
	let mut length = [0; 4];
	read_exact(reader, &mut length, idle).await?;
	// A length that does not fit is too long anyway.
	let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
	if length > max {
		return Err(FrameError::TooLong { length, max });
	}
	Ok(length)
}

/// Reads the bytes of a frame whose length has been read into `buffer`, which they replace.
pub async fn read_body(
	reader: &mut (impl AsyncRead + Unpin),
	buffer: &mut Vec<u8>,
	length: usize,
	idle: Duration,
) -> Result<(), FrameError> {
	buffer.resize(length, 0);
	read_exact(reader, buffer, idle).await
}

/// Writes a frame. Does not flush.
pub async fn write_frame(
	writer: &mut (impl AsyncWrite + Unpin),
	bytes: &[u8],
	idle: Duration,
) -> Result<(), FrameError> {
	let max = u32::MAX as usize;
	let length = u32::try_from(bytes.len()).map_err(|_| FrameError::TooLong { length: bytes.len(), max })?;
	write_all(writer, &length.to_le_bytes(), idle).await?;
	write_all(writer, bytes, idle).await
}

/// Sends what was written on its way.
pub async fn flush(writer: &mut (impl AsyncWrite + Unpin), idle: Duration) -> Result<(), FrameError> {
	within(idle, writer.flush()).await
}

/// Reads a SCALE message of at most `max` bytes; bytes left over are an error.
pub async fn read_message<M: DecodeAll>(
	reader: &mut (impl AsyncRead + Unpin),
	max: usize,
	idle: Duration,
) -> Result<M, FrameError> {
	let mut buffer = Vec::new();
	read_frame(reader, &mut buffer, max, idle).await?;
	M::decode_all(&mut &buffer[..]).map_err(|_| FrameError::Malformed)
}

/// Writes a SCALE message of at most `max` bytes and flushes.
pub async fn write_message(
	writer: &mut (impl AsyncWrite + Unpin),
	message: &impl Encode,
	max: usize,
	idle: Duration,
) -> Result<(), FrameError> {
	let bytes = message.encode();
	if bytes.len() > max {
		return Err(FrameError::TooLong { length: bytes.len(), max });
	}
	write_frame(writer, &bytes, idle).await?;
	flush(writer, idle).await
}

#[cfg(test)]
mod tests {
	use super::*;
	use futures::io::Cursor;
	use proptest::prelude::*;

	const IDLE: Duration = Duration::from_millis(50);

	fn block_on<T>(future: impl Future<Output = T>) -> T {
		tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
	}

	#[test]
	fn messages_come_back() {
		block_on(async {
			let mut wire = Cursor::new(Vec::new());
			write_message(&mut wire, &(7u32, vec![1u8, 2, 3]), 64, IDLE).await.unwrap();
			wire.set_position(0);
			let read: (u32, Vec<u8>) = read_message(&mut wire, 64, IDLE).await.unwrap();
			assert_eq!(read, (7, vec![1, 2, 3]));
		});
	}

	#[test]
	fn too_long_frames_are_refused_before_they_are_read() {
		block_on(async {
			let mut wire = Cursor::new(u32::MAX.to_le_bytes().to_vec());
			let mut buffer = Vec::new();
			let error = read_frame(&mut wire, &mut buffer, 1024, IDLE).await.unwrap_err();
			assert!(matches!(error, FrameError::TooLong { max: 1024, .. }) && error.is_violation());
			assert_eq!(buffer.capacity(), 0, "nothing may be allocated for it");
		});
	}

	#[test]
	fn leftover_bytes_are_malformed() {
		block_on(async {
			let mut wire = Cursor::new(vec![2, 0, 0, 0, 1, 9]);
			assert!(matches!(read_message::<u8>(&mut wire, 64, IDLE).await, Err(FrameError::Malformed)));
		});
	}

	#[test]
	fn a_silent_peer_times_out() {
		block_on(async {
			struct Silent;
			impl AsyncRead for Silent {
				fn poll_read(
					self: std::pin::Pin<&mut Self>,
					_: &mut std::task::Context<'_>,
					_: &mut [u8],
				) -> std::task::Poll<io::Result<usize>> {
					std::task::Poll::Pending
				}
			}
			assert!(matches!(read_message::<u8>(&mut Silent, 64, IDLE).await, Err(FrameError::TimedOut(_))));
		});
	}

	proptest! {
		#[test]
		fn broken_bytes_never_panic(bytes: Vec<u8>) {
			block_on(async {
				let _ = read_message::<(Vec<u8>, Option<u64>)>(&mut Cursor::new(bytes), 128, IDLE).await;
			});
		}
	}
}
