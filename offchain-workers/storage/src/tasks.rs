//! A provider's background jobs, one file each.
//!
//! [`follow_chain`] starts every round: it brings the holdings to a new head and publishes a [`View`]. The others
//! wait for views (or for time to pass), look at what the chain says, and put duties into the transaction queue;
//! [`crate::transactions::SendTransactions`] sends them. No task talks to another; each could be left out.
use std::sync::{Arc, Mutex, PoisonError};

use peoples_cloud_client::chain::{Duty, Head};
use peoples_cloud_primitives::{challenge, AccountBytes, BlockNumber, Period};
use tokio::sync::watch;

use crate::{
	store::ColumnStore,
	transactions::{Context, TransactionQueue},
};

pub mod drop_expired;
pub mod end_agreements;
pub mod follow_chain;
pub mod keep_registered;
pub mod mark_lost;
pub mod match_columns;
pub mod rebuild;
pub mod repair_columns;
pub mod report_missed;
pub mod scrub_columns;
pub mod submit_proofs;
pub mod withdraw_earnings;

/// The chain at one head, from the provider's point of view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
	/// The head.
	pub head: Head,
	/// Where the provider stands with its proofs.
	pub duty: Option<Duty>,
	/// Whether the holdings match the chain.
	pub in_step: bool,
	/// Rises when the holdings were rebuilt.
	pub rebuilds: u64,
}

/// The newest [`View`], and a signal when it changes.
#[derive(Clone, Debug)]
pub struct Views(watch::Receiver<Option<Arc<View>>>);

/// Publishes views.
#[derive(Debug)]
pub struct ViewPublisher(watch::Sender<Option<Arc<View>>>);

impl Views {
	/// An empty channel of views.
	pub fn channel() -> (ViewPublisher, Self) {
		let (sender, receiver) = watch::channel(None);
		(ViewPublisher(sender), Self(receiver))
	}

	/// The newest view; `None` before the first head was followed.
	pub fn latest(&mut self) -> Option<Arc<View>> {
		self.0.borrow_and_update().clone()
	}

	/// Returns when a view comes that [`Views::latest`] has not answered yet.
	pub async fn changed(&mut self) {
		if self.0.changed().await.is_err() {
			// Nobody publishes any more, which happens at shutdown only: the worker's loop ends it.
			std::future::pending::<()>().await;
		}
	}
}

impl ViewPublisher {
	/// Publishes a view.
	pub fn publish(&self, view: View) {
		self.0.send_replace(Some(Arc::new(view)));
	}
}

/// What all tasks share.
#[derive(Clone, Debug)]
pub struct Shared {
	/// Chain, account, holdings, prover.
	pub context: Context,
	/// Where duties go.
	pub queue: TransactionQueue,
	/// The columns.
	pub store: ColumnStore,
	/// The chain's newest state.
	pub views: Views,
	/// How far the store has been told what its columns are held for.
	pub claims: Claims,
}

/// How far the store has been told what its columns are held for. Clones share it.
///
/// Pending columns are deleted only behind it: one that looks unused may just not have been claimed yet.
#[derive(Clone, Debug, Default)]
pub struct Claims(Arc<Mutex<Claimed>>);

#[derive(Clone, Copy, Debug, Default)]
struct Claimed {
	/// All leaves appended up to this block, unless the tree was rebuilt since.
	block: BlockNumber,
	/// All leaves of the tree after so many rebuilds.
	rebuilds: Option<u64>,
}

impl Claims {
	fn set(&self, change: impl FnOnce(&mut Claimed)) {
		change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
	}

	/// The block up to which nothing is unclaimed.
	fn until(&self, view: &View) -> BlockNumber {
		let claimed = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
		match view.in_step && claimed.rebuilds == Some(view.rebuilds) {
			true => claimed.block,
			false => 0,
		}
	}
}

impl Shared {
	fn account(&self) -> AccountBytes {
		self.context.account
	}

	/// The period of a block.
	fn period(&self, block: BlockNumber) -> Period {
		challenge::period_of(block, self.context.period_blocks())
	}

	/// Runs blocking work on the store or the holdings.
	async fn blocking<T: Send + 'static, E: Send + 'static>(
		&self,
		work: impl FnOnce(Self) -> Result<T, E> + Send + 'static,
	) -> Result<T, crate::worker::WorkError>
	where
		crate::worker::WorkError: From<E>,
	{
		let shared = self.clone();
		Ok(tokio::task::spawn_blocking(move || work(shared)).await??)
	}
}

/// A number that every party computes alike: for taking turns without talking.
pub(crate) fn lot(domain: &str, parts: &[&[u8]]) -> u64 {
	let mut hasher = blake3::Hasher::new_derive_key(domain);
	parts.iter().for_each(|part| {
		hasher.update(part);
	});
	hasher.finalize().as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod watched_chain;
