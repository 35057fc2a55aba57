//! Tells the network which objects and columns are here, and no longer which are not.
use std::{collections::BTreeSet, sync::Arc, time::Duration};

use peoples_cloud_primitives::Hash32;
use tokio::{sync::mpsc, time::interval};

use super::{ServeError, Shared};

/// Keys read at a time when all are looked at.
const WALK: usize = 256;
/// Between announcements, so that a large provider does not flood the table.
const PAUSE: Duration = Duration::from_millis(50);
/// How long one announcement is waited for; it goes on by itself.
const DEADLINE: Duration = Duration::from_secs(5);
/// Keys announced at a time: what the network takes from one peer. Clients find providers on the chain; the table
/// helps those who have no chain.
const MAX_ANNOUNCED: usize = 8_192;

/// What a key is.
#[derive(Clone, Copy, Debug)]
enum Kind {
	Object,
	Column,
}

/// Everything now and then, and new objects at once.
pub(super) async fn run(shared: Arc<Shared>, mut new: mpsc::Receiver<Hash32>) {
	let mut announced = BTreeSet::new();
	let mut looks = interval(shared.config.announce_every);
	loop {
		let news = tokio::select! {
			() = shared.stop.cancelled() => return,
			_ = looks.tick() => None,
			object = new.recv() => match object {
				Some(object) => Some(object),
				None => return,
			},
		};
		let work = async {
			match news {
				Some(object) => provide(&shared, &mut announced, object).await,
				None => match compare(&shared, &mut announced).await {
					Ok(()) => {},
					Err(error) => {
						tracing::warn!(target: "storage::transfer", %error, "what is here cannot be announced")
					},
				},
			}
		};
		tokio::select! {
			() = shared.stop.cancelled() => return,
			() = work => {},
		}
	}
}

/// Announces what is here and was not announced, and withdraws what was and is not.
async fn compare(shared: &Shared, announced: &mut BTreeSet<Hash32>) -> Result<(), ServeError> {
	let mut here = BTreeSet::new();
	for kind in [Kind::Object, Kind::Column] {
		let mut after = None;
		while here.len() < MAX_ANNOUNCED {
			let (last, keys) = shared.blocking(move |store| page(store, kind, after.as_ref())).await?;
			here.extend(keys);
			match last {
				Some(_) => after = last,
				None => break,
			}
		}
	}
	let gone: Vec<Hash32> = announced.iter().filter(|key| !here.contains(*key)).copied().collect();
	for key in gone {
		announced.remove(&key);
		// The network has ended: then nothing is announced.
		let _ = shared.network.stop_providing(&key).await;
	}
	for key in here {
		if !announced.contains(&key) {
			provide(shared, announced, key).await;
			tokio::time::sleep(PAUSE).await;
		}
	}
	Ok(())
}

/// The next keys, and where to go on if there are more.
fn page(
	store: &crate::store::ColumnStore,
	kind: Kind,
	after: Option<&Hash32>,
) -> Result<(Option<Hash32>, Vec<Hash32>), crate::store::StoreError> {
	Ok(match kind {
		Kind::Object => {
			let objects = store.objects(after, WALK)?;
			(objects.last().copied(), objects)
		},
		Kind::Column => {
			let columns = store.columns(after, WALK)?;
			let last = columns.last().map(|(root, _)| *root);
			// What nobody has paid for may be gone soon.
			let held = columns.into_iter().filter(|(_, record)| !record.held.is_empty());
			(last, held.map(|(root, _)| root).collect())
		},
	})
}

async fn provide(shared: &Shared, announced: &mut BTreeSet<Hash32>, key: Hash32) {
	if announced.len() >= MAX_ANNOUNCED {
		return;
	}
	announced.insert(key);
	if let Ok(Err(error)) = tokio::time::timeout(DEADLINE, shared.network.provide(&key)).await {
		tracing::debug!(target: "storage::transfer", %error, "not announced");
		announced.remove(&key);
	}
}

#[cfg(test)]
mod tests;
