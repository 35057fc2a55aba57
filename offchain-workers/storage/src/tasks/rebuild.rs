//! Rebuilding a column from the other columns of its object, straight into the store.
use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use codec::Encode;
use peoples_cloud_client::chain::{AgreementInfo, Chain};
use peoples_cloud_primitives::{manifest::Manifest, ColumnIndex, Hash32};
use tokio::sync::mpsc;

use super::Shared;
use crate::{
	client::{rebuild_column, RebuildError},
	store::{ColumnStore, Purpose, StoreError},
	transfer::client::TransferClient,
};

/// Shards on their way to the disk.
const QUEUE: usize = 8;

/// Why a column could not be rebuilt here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildFailed {
	/// The other columns do not give it.
	#[error(transparent)]
	Rebuild(#[from] RebuildError),
	/// It could not be stored.
	#[error(transparent)]
	Store(#[from] StoreError),
	/// The agreement has no such column.
	#[error("the agreement has no column {0}")]
	NoSuchColumn(ColumnIndex),
	/// The process is shutting down.
	#[error("interrupted")]
	Interrupted,
}

/// Where rebuilt columns come from. The daemon's is the network; tests have their own.
#[async_trait]
pub trait Source: Send + Sync + 'static {
	/// Sends the bytes of a column of an agreement to `out`; answers the object's manifest.
	async fn column(
		&self,
		chain: &dyn Chain,
		agreement: &AgreementInfo,
		column: ColumnIndex,
		out: mpsc::Sender<Bytes>,
	) -> Result<Manifest, RebuildError>;
}

#[async_trait]
impl Source for TransferClient {
	async fn column(
		&self,
		chain: &dyn Chain,
		agreement: &AgreementInfo,
		column: ColumnIndex,
		out: mpsc::Sender<Bytes>,
	) -> Result<Manifest, RebuildError> {
		rebuild_column(chain, self, agreement, column, out).await
	}
}

/// Rebuilds columns.
#[derive(Clone)]
pub struct Rebuilder {
	source: Arc<dyn Source>,
}

impl fmt::Debug for Rebuilder {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Rebuilder").finish_non_exhaustive()
	}
}

impl Rebuilder {
	/// Takes columns from this source.
	pub fn new(source: impl Source) -> Self {
		Self { source: Arc::new(source) }
	}

	/// Rebuilds a column of an agreement and stores it, with its object's manifest, for this purpose. A damaged file
	/// of the same column is replaced. Memory is constant.
	pub async fn rebuild(
		&self,
		shared: &Shared,
		agreement: &AgreementInfo,
		column: ColumnIndex,
		purpose: Purpose,
	) -> Result<(), RebuildFailed> {
		let place = agreement.columns.get(usize::from(column)).ok_or(RebuildFailed::NoSuchColumn(column))?;
		let (root, chunks, object) = (place.root, agreement.chunks, agreement.object);
		let (sender, shards) = mpsc::channel(QUEUE);
		let (store, kept) = (shared.store.clone(), purpose.clone());
		let storing = tokio::task::spawn_blocking(move || store_column(&store, &root, chunks, kept, shards));
		let rebuilt = self.source.column(&*shared.context.chain, agreement, column, sender).await;
		// The sender is gone now, so the writer ends either way.
		let stored = storing.await.map_err(|_| RebuildFailed::Interrupted)?;
		let manifest = match (rebuilt, stored) {
			(Ok(manifest), Ok(())) => manifest,
			// The rebuilding stops when nobody takes its bytes: the cause is the store.
			(Err(RebuildError::Unwanted), Err(error)) => return Err(error.into()),
			(Err(error), _) => return Err(error.into()),
			(Ok(_), Err(error)) => return Err(error.into()),
		};
		let store = shared.store.clone();
		let bytes = manifest.encode();
		let kept = tokio::task::spawn_blocking(move || match purpose {
			Purpose::Pending(pending) => store.put_pending_manifest(&root, &pending.peer, &object, &bytes),
			Purpose::Held(_) => store.put_held_manifest(&root, &object, &bytes),
		});
		match kept.await.map_err(|_| RebuildFailed::Interrupted)? {
			Ok(()) => {},
			// Others have it as well.
			Err(error) => tracing::warn!(target: "storage::rebuild", %error, "the object's manifest was not kept"),
		}
		Ok(())
	}
}

fn store_column(
	store: &ColumnStore,
	root: &Hash32,
	chunks: u64,
	purpose: Purpose,
	mut shards: mpsc::Receiver<Bytes>,
) -> Result<(), StoreError> {
	let here = store.record(root)?.is_some_and(|record| record.chunks == chunks);
	let mut writer = if here { store.begin_replacement(root)? } else { store.begin(chunks)? };
	while let Some(shard) = shards.blocking_recv() {
		writer.write(&shard)?;
	}
	// Checks length and root: what was cut short is not kept.
	writer.finish(root, chunks, purpose)?;
	Ok(())
}
