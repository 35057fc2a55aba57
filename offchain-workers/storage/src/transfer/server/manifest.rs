//! Manifests: kept beside columns.
use std::sync::Arc;

use codec::DecodeAll;
use peoples_cloud_client::chain::ColumnState;
use peoples_cloud_network::{PeerId, Stream};
use peoples_cloud_primitives::{
	manifest::{Manifest, MAX_MANIFEST_BYTES},
	Hash32,
};

use super::{ServeError, Shared};
use crate::{
	protocol::{Refusal, Reply},
	store::{Held, StoreError},
};

pub(super) async fn put(
	shared: &Arc<Shared>,
	peer: PeerId,
	stream: &mut Stream,
	bytes: Vec<u8>,
) -> Result<(), ServeError> {
	if bytes.len() > MAX_MANIFEST_BYTES {
		return Err(Refusal::BadManifest.into());
	}
	let manifest = Manifest::decode_all(&mut &bytes[..]).map_err(|_| Refusal::BadManifest)?;
	manifest.fields().check().map_err(|_| Refusal::BadManifest)?;
	let object = *blake3::hash(&bytes).as_bytes();
	let chunks = manifest.fields().column_chunks();
	let mut roots: Vec<_> = manifest.fields().columns.iter().map(|column| column.root).collect();
	roots.sort_unstable();
	roots.dedup();

	let kept = {
		let (peer, bytes) = (peer.to_bytes(), bytes.clone());
		let work = move |store: &crate::store::ColumnStore| {
			let mut ours = Vec::new();
			for root in roots {
				match store.record(&root)? {
					Some(record) if record.chunks == chunks => {},
					_ => continue,
				}
				// From the pusher before the agreement is open, from anybody once the store knows the agreement.
				let kept = match store.put_pending_manifest(&root, &peer, &object, &bytes) {
					Err(StoreError::Unknown) => store.put_held_manifest(&root, &object, &bytes),
					other => other,
				};
				match kept {
					Ok(()) => return Ok(Kept::Yes),
					Err(StoreError::Unknown) => ours.push(root),
					Err(error) => return Err(error),
				}
			}
			Ok(Kept::No(ours))
		};
		shared.blocking(work).await?
	};
	match kept {
		Kept::Yes => {},
		Kept::No(ours) if ours.is_empty() => return Err(Refusal::NotHeld.into()),
		Kept::No(ours) => put_by_agreement(shared, object, bytes, ours).await?,
	}
	// If the queue is full it is announced at the next look at everything.
	let _ = shared.announce.try_send(object);
	shared.reply(stream, &Reply::Done).await
}

enum Kept {
	Yes,
	/// These columns of it are here, but not for it, as far as the store knows.
	No(Vec<Hash32>),
}

/// The chain may know of an agreement that the store has not heard of yet.
async fn put_by_agreement(
	shared: &Shared,
	object: Hash32,
	bytes: Vec<u8>,
	ours: Vec<Hash32>,
) -> Result<(), ServeError> {
	let agreements = shared.ask(shared.chain.agreements_by_object(object)).await?;
	let found = agreements.iter().find_map(|agreement| {
		let column = agreement.columns.iter().find(|column| {
			column.provider == shared.account && column.state == ColumnState::Held && ours.contains(&column.root)
		})?;
		Some((column.root, Held { agreement: agreement.id, object }, agreement.client))
	});
	let (root, held, client) = found.ok_or(Refusal::NotHeld)?;
	shared
		.blocking(move |store| {
			store.mark_held(&root, held, &client)?;
			store.put_held_manifest(&root, &object, &bytes)
		})
		.await
}

pub(super) async fn get(shared: &Shared, stream: &mut Stream, object: Hash32) -> Result<(), ServeError> {
	let manifest = shared.blocking(move |store| store.manifest(&object)).await?;
	let reply = manifest.map_or(Reply::Refused(Refusal::NotFound), Reply::Manifest);
	shared.reply(stream, &reply).await
}
