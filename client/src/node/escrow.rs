//! `pallet-escrow`.
use peoples_cloud_primitives::{AccountBytes, Balance};
use subxt::{transactions::DynamicPayload, utils::AccountId32, Metadata};

use super::connection::{has, AtBlock, Connection};
use crate::chain::ChainError;

pub(super) const PALLET: &str = "Escrow";

pub(super) fn check(metadata: &Metadata) -> Result<(), String> {
	has(metadata, PALLET, &["withdraw"], &["earnings"], &["Withdrawn"])
}

/// Pays the signer's earnings out.
pub(super) fn withdraw() -> DynamicPayload<()> {
	DynamicPayload::new(PALLET, "withdraw", ())
}

/// Planck that an account has earned and not withdrawn.
pub(super) async fn earnings(
	connection: &Connection,
	at: &AtBlock,
	account: AccountBytes,
) -> Result<Balance, ChainError> {
	connection.view(at, PALLET, "earnings", (AccountId32(account),)).await
}
