//! Reports validators who make two blocks for one slot, with the proof that the runtime slashes by.
//!
//! - **Equivocation**: two headers of one slot and one authority, both sealed by its key.
//! - **Seal**: the author's signature, the last item of a header's digest.
//!
//! The SDK's BABE import (sc-consensus-babe 0.60) reports too, but with headers whose seals its verifier has taken off:
//! runtimes refuse that as `InvalidEquivocationProof`.
//!
//! How it works:
//! 1. Each block imported while the node is in sync leaves its header, seal included, for the newest [`SLOTS`] slots.
//! 2. A second header of the same slot and authority completes a proof, which is checked as the runtime will check it.
//! 3. The proof goes to the transaction pool, as an unsigned transaction, once for each slot and authority.
//!
//! Headers are kept in memory: of two blocks with a restart in between this node says nothing, and the others do.

use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use peoples_cloud_runtime::{opaque::Block, Hash, Header};
use sc_client_api::HeaderBackend;
use sc_consensus::{BlockCheckParams, BlockImport, BlockImportParams, ImportResult};
use sc_consensus_babe::{find_pre_digest, AuthorityId};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_consensus::BlockOrigin;
use sp_consensus_babe::{check_equivocation_proof, AuthorityIndex, BabeApi, EquivocationProof, Slot};

use super::FullClient;

/// Slots whose headers are remembered: as many as the SDK remembers.
const SLOTS: u64 = 1000;

/// Imports blocks, and reports who made two for one slot.
#[derive(Clone)]
pub(crate) struct ReportEquivocations<I> {
	inner: I,
	client: Arc<FullClient>,
	pool: OffchainTransactionPoolFactory<Block>,
	seen: Arc<Mutex<Seen>>,
}

impl<I> ReportEquivocations<I> {
	/// Blocks go on to `inner`, reports to `pool`.
	pub(super) fn new(inner: I, client: Arc<FullClient>, pool: OffchainTransactionPoolFactory<Block>) -> Self {
		Self { inner, client, pool, seen: Arc::default() }
	}

	/// Looks whether this header is the second of its slot and author, and if so reports both.
	fn note(&self, header: Header) {
		let Ok(digest) = find_pre_digest::<Block>(&header) else { return };
		let (slot, authority) = (digest.slot(), digest.authority_index());
		let first = self.seen.lock().unwrap_or_else(PoisonError::into_inner).second(slot, authority, &header);
		let Some(first) = first else { return };
		match self.report(slot, authority, first, header) {
			Ok(Some(offender)) => log::warn!("{offender} made two blocks in slot {slot}: reported"),
			Ok(None) => log::debug!("two blocks of authority {authority} in slot {slot}, which prove nothing"),
			Err(error) => {
				log::warn!("two blocks of authority {authority} in slot {slot} could not be reported: {error}")
			},
		}
	}

	fn report(
		&self,
		slot: Slot,
		authority: AuthorityIndex,
		first: Header,
		second: Header,
	) -> Result<Option<AuthorityId>, ApiError> {
		let parent = second.parent_hash;
		let best = self.client.info().best_hash;
		// An instance of the interface is for one block each.
		let api = || self.client.runtime_api();
		// The block may be the first of its epoch: then the parent knows its authorities as those of the next one.
		let authorities = [api().current_epoch(parent)?.authorities, api().next_epoch(parent)?.authorities];
		let proof = authorities.into_iter().find_map(|authorities| {
			let (offender, _) = authorities.into_iter().nth(usize::try_from(authority).ok()?)?;
			let proof =
				EquivocationProof { slot, offender, first_header: first.clone(), second_header: second.clone() };
			check_equivocation_proof(proof.clone()).then_some(proof)
		});
		let Some(proof) = proof else { return Ok(None) };
		let offender = proof.offender.clone();
		let key_at = |at: Hash| api().generate_key_ownership_proof(at, slot, offender.clone());
		let key = match key_at(parent)? {
			Some(key) => Some(key),
			None => key_at(best)?,
		};
		let Some(key) = key else { return Ok(None) };
		let mut api = api();
		api.register_extension(self.pool.offchain_transaction_pool(best));
		let submitted = api.submit_report_equivocation_unsigned_extrinsic(best, proof, key)?;
		Ok(submitted.map(|()| offender))
	}
}

#[async_trait]
impl<I: BlockImport<Block> + Send + Sync> BlockImport<Block> for ReportEquivocations<I> {
	type Error = I::Error;

	async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Self::Error> {
		self.inner.check_block(block).await
	}

	async fn import_block(&self, block: BlockImportParams<Block>) -> Result<ImportResult, Self::Error> {
		// Whoever made two blocks long ago was reported then.
		let header = (block.origin != BlockOrigin::NetworkInitialSync).then(|| block.post_header());
		let result = self.inner.import_block(block).await?;
		if let (Some(header), ImportResult::Imported(_)) = (header, &result) {
			self.note(header);
		}
		Ok(result)
	}
}

/// Headers of the newest slots. No header again, once the second of its slot and author was seen.
#[derive(Default)]
struct Seen(BTreeMap<(Slot, AuthorityIndex), Option<Header>>);

impl Seen {
	/// The header before this one of the same slot and author, the first time that there is one.
	fn second(&mut self, slot: Slot, authority: AuthorityIndex, header: &Header) -> Option<Header> {
		let oldest = self.0.last_key_value().map_or(slot, |((newest, _), _)| *newest).saturating_sub(SLOTS);
		self.0 = self.0.split_off(&(oldest, AuthorityIndex::MIN));
		if slot < oldest {
			return None;
		}
		let first = self.0.entry((slot, authority)).or_insert_with(|| Some(header.clone()));
		if first.as_ref().is_some_and(|first| first != header) {
			first.take()
		} else {
			None
		}
	}
}
