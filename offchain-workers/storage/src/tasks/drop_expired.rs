//! Deletes columns whose acknowledgement ran out unused.
use async_trait::async_trait;
use peoples_cloud_primitives::BlockNumber;

use super::Shared;
use crate::{
	store::StoreError,
	worker::{Progress, WorkError, Worker},
};

/// Blocks after the last valid one, counted by finality: a late block that opens the agreement has been seen by then.
const MARGIN_BLOCKS: BlockNumber = 10;
/// Blocks between two looks.
const INTERVAL_BLOCKS: BlockNumber = 10;

/// See the module.
#[derive(Debug)]
pub struct DropExpired {
	shared: Shared,
	next: BlockNumber,
	dropped: u64,
}

impl DropExpired {
	/// Works from the views of `shared`.
	pub fn new(shared: Shared) -> Self {
		Self { shared, next: 0, dropped: 0 }
	}
}

#[async_trait]
impl Worker for DropExpired {
	fn name(&self) -> &'static str {
		"drop_expired"
	}

	fn status(&self) -> String {
		format!("{} unused columns deleted", self.dropped)
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest() else { return Ok(Progress::Idle) };
		// Only who knows all agreements knows which columns have none.
		let known = view.head.finalised.min(self.shared.claims.until(&view));
		if known < self.next {
			return Ok(Progress::Idle);
		}
		self.next = known.saturating_add(INTERVAL_BLOCKS);
		let before = known.saturating_sub(MARGIN_BLOCKS);
		let dropped = self.shared.blocking(move |shared| {
			let mut dropped = 0u64;
			for (root, pending) in shared.store.expired_pending(before)? {
				// If an agreement uses it, nothing but the upload's name is forgotten.
				if shared.store.drop_pending(&root, &pending.client, &pending.nonce)? {
					tracing::info!(target: "storage::drop_expired", root = %hex::encode(root), "unused column deleted");
					dropped += 1;
				}
			}
			shared.store.prune_nonces(before)?;
			Ok::<_, StoreError>(dropped)
		});
		self.dropped += dropped.await?;
		Ok(Progress::Idle)
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}
