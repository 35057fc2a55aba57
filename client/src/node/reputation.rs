//! `pallet-reputation`.
use peoples_cloud_primitives::{resource::ResourceKind, AccountBytes};
use subxt::{
	ext::scale_decode::DecodeAsType,
	utils::{AccountId32, Static},
	Metadata,
};

use super::connection::{has, AtBlock, Connection};
use crate::chain::ChainError;

const PALLET: &str = "Reputation";

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct Score {
	ppm: u32,
}

pub(super) fn check(metadata: &Metadata) -> Result<(), String> {
	has(metadata, PALLET, &[], &["score"], &[])
}

/// A provider's reputation for storage in parts per million.
pub(super) async fn score(connection: &Connection, at: &AtBlock, account: AccountBytes) -> Result<u32, ChainError> {
	let arguments = (AccountId32(account), Static(ResourceKind::Storage));
	let score: Score = connection.view(at, PALLET, "score", arguments).await?;
	Ok(score.ppm)
}
