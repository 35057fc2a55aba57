//! `pallet-balances` and the accounts of `frame-system`.
use peoples_cloud_primitives::{AccountBytes, Balance};
use subxt::{
	ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsType},
	transactions::DynamicPayload,
	utils::{AccountId32, MultiAddress},
	Metadata,
};

use super::connection::{has, AtBlock, Connection};
use crate::chain::ChainError;

const PALLET: &str = "Balances";
const TRANSFER: &str = "transfer_keep_alive";
const EXISTENTIAL_DEPOSIT: &str = "ExistentialDeposit";

/// Arguments of `transfer_keep_alive`.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct Transfer {
	dest: MultiAddress<AccountId32, ()>,
	value: Balance,
}

pub(super) fn check(metadata: &Metadata) -> Result<(), String> {
	has(metadata, PALLET, &[TRANSFER], &[], &[])?;
	let accounts = metadata.pallet_by_name("System").and_then(|system| system.storage()?.entry_by_name("Account"));
	accounts.map(|_| ()).ok_or("its runtime has no accounts")?;
	let least = metadata.pallet_by_name(PALLET).and_then(|pallet| pallet.constant_by_name(EXISTENTIAL_DEPOSIT));
	least.map(|_| ()).ok_or_else(|| "its runtime has no least balance".into())
}

/// Sends money, but never the sender's last.
pub(super) fn transfer(to: AccountBytes, amount: Balance) -> DynamicPayload<Transfer> {
	DynamicPayload::new(PALLET, TRANSFER, Transfer { dest: MultiAddress::Id(AccountId32(to)), value: amount })
}

/// Planck that every account keeps.
pub(super) fn existential_deposit(at: &AtBlock) -> Result<Balance, ChainError> {
	let address = subxt::dynamic::constant::<Balance>(PALLET, EXISTENTIAL_DEPOSIT);
	at.constants().entry(address).map_err(|error| ChainError::Incompatible(error.to_string()))
}

/// Free planck of an account.
///
/// The one read of storage: no pallet of the SDK offers balances as a view function. The entry is found and
/// decoded by the runtime's metadata.
pub(super) async fn free(connection: &Connection, at: &AtBlock, account: AccountBytes) -> Result<Balance, ChainError> {
	#[derive(DecodeAsType)]
	#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
	struct Account {
		data: Data,
	}
	#[derive(DecodeAsType)]
	#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
	struct Data {
		free: Balance,
	}
	let address = subxt::dynamic::storage::<(AccountId32,), Account>("System", "Account");
	let storage = at.storage();
	let value = storage.try_fetch(address, (AccountId32(account),)).await.map_err(|error| connection.error(error))?;
	let Some(value) = value else { return Ok(0) };
	let account = value.decode().map_err(|error| ChainError::Incompatible(error.to_string()))?;
	Ok(account.data.free)
}
