//! Objects in memory, for the tests of what reads them.
mod over_network;

use std::{io::Write, ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use peoples_cloud_client::wallet::Signer;
use peoples_cloud_erasure::codec;
use peoples_cloud_primitives::manifest::{Column, ManifestV1, CODEC_NOVELPOLY};

use super::{
	columns::{ColumnBytes, ColumnSource, Holders},
	Blame,
};
use crate::{
	object::{
		seal::{ObjectKey, Sealer},
		stripes::StripeMaker,
		Layout,
	},
	transfer::client::{Lie, TransferError},
};

/// An object with all its columns.
pub(super) struct Stored {
	pub(super) plain: Vec<u8>,
	pub(super) key: ObjectKey,
	pub(super) manifest: ManifestV1,
	pub(super) columns: Vec<Bytes>,
}

pub(super) fn store(length: usize, k: u16, n: u16) -> Stored {
	let plain: Vec<u8> = (0..length).map(|at| (at * 7 + at / 256 + at / 65_521) as u8).collect();
	let mut file = tempfile::tempfile().unwrap();
	file.write_all(&plain).unwrap();
	let layout = Layout::plan(length as u64, k).unwrap();
	let codec = codec(CODEC_NOVELPOLY, k.into(), n.into()).unwrap();
	let key = ObjectKey::random();
	let cipher = key.wrap(&Signer::from_suri("//Alice").unwrap());
	let sealer = Sealer::new(&key, &cipher, layout.segments());
	let maker = StripeMaker::new(file, sealer, layout, codec);
	let all: Vec<usize> = (0..n.into()).collect();
	let mut columns = vec![Vec::new(); n.into()];
	for stripe in 0..layout.stripes() {
		let sealed = maker.seal(stripe).unwrap();
		for (column, shard) in columns.iter_mut().zip(maker.encode(&sealed, &all).unwrap()) {
			column.extend_from_slice(&shard);
		}
	}
	let entry = |column: &Vec<u8>| Column { root: *blake3::hash(column).as_bytes(), provider: [1; 32] };
	let manifest = ManifestV1 {
		plain_bytes: layout.plain_bytes(),
		segment_bytes: layout.segment_bytes(),
		cipher,
		codec: CODEC_NOVELPOLY,
		k,
		shard_bytes: layout.shard_bytes(),
		columns: columns.iter().map(entry).collect(),
	};
	Stored { plain, key, manifest, columns: columns.into_iter().map(Bytes::from).collect() }
}

/// Columns in memory, as they should be and as they are. Those that are `None` are refused; one that is not as it
/// should be is caught lying where it differs.
pub(super) struct MemoryColumns(pub(super) Vec<Option<(Bytes, Bytes)>>);

impl Stored {
	/// These columns, and no others.
	pub(super) fn only(&self, columns: &[usize]) -> Arc<MemoryColumns> {
		let all = self.columns.iter().enumerate();
		let columns = all.map(|(column, bytes)| columns.contains(&column).then(|| (bytes.clone(), bytes.clone())));
		Arc::new(MemoryColumns(columns.collect()))
	}
}

struct MemoryBytes(Bytes, Bytes);

#[async_trait]
impl ColumnSource for MemoryColumns {
	async fn open(&self, column: usize, chunks: Range<u64>) -> Result<Box<dyn ColumnBytes>, TransferError> {
		let (right, bytes) = self.0[column].clone().ok_or(TransferError::WrongRange)?;
		let range = chunks.start as usize * 1024..chunks.end as usize * 1024;
		Ok(Box::new(MemoryBytes(right.slice(range.clone()), bytes.slice(range))))
	}

	fn holders(&self, _: usize) -> Holders {
		Holders::default()
	}
}

#[async_trait]
impl ColumnBytes for MemoryBytes {
	async fn read_exact(&mut self, out: &mut [u8]) -> Result<(), TransferError> {
		let (right, bytes) = (self.0.split_to(out.len()), self.1.split_to(out.len()));
		if right != bytes {
			return Err(TransferError::Lied(Lie::WrongBytes));
		}
		out.copy_from_slice(&bytes);
		Ok(())
	}
}

#[tokio::test]
async fn blame_falls_on_one_column_that_all_wait_for_and_on_nobody_else() {
	let window = Duration::from_millis(50);
	let mut blame = Blame::new(window, 50);
	blame.note(1, Duration::from_secs(9));
	assert_eq!(blame.culprit(), None, "the window has not ended");
	tokio::time::sleep(window).await;
	assert_eq!(blame.culprit(), Some(1));
	tokio::time::sleep(window).await;
	assert_eq!(blame.culprit(), None, "a new window");
	for column in 0..4 {
		blame.note(column, window / 4);
	}
	tokio::time::sleep(window).await;
	assert_eq!(blame.culprit(), None, "all alike");
}
