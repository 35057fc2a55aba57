//! Transactions as people send them, and blocks of them as validators make them.

use codec::Encode;
use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	storage::{with_transaction_unchecked, TransactionOutcome},
	weights::Weight,
};
use peoples_cloud_runtime::{
	configs::BlockWeights, AccountId, Balance, Executive, Header, Runtime, RuntimeCall, SignedPayload, System,
	TxExtension, UncheckedExtrinsic,
};
use sp_core::{sr25519, Pair};
use sp_runtime::{
	generic::Era,
	traits::Header as _,
	transaction_validity::{InvalidTransaction, TransactionValidityError},
	ApplyExtrinsicResult, Digest,
};

/// What a validator hears of a transaction that the block has no room for.
pub(crate) const NO_ROOM: ApplyExtrinsicResult =
	Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources));

/// Whose key it is.
pub(crate) fn account(key: &sr25519::Pair) -> AccountId {
	AccountId::from(key.public().0)
}

/// The call as the account's next transaction.
pub(crate) fn signed(sender: &sr25519::Pair, tip: Balance, call: RuntimeCall) -> UncheckedExtrinsic {
	let nonce = System::account_nonce(account(sender));
	let extension: TxExtension = (
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckMortality::from(Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	let payload = SignedPayload::new(call, extension).unwrap();
	let signature = payload.using_encoded(|bytes| sender.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	UncheckedExtrinsic::new_signed(call, account(sender).into(), signature.into(), extension)
}

/// What the transaction takes of a block, before anything is given back.
pub(crate) fn weight(transaction: &UncheckedExtrinsic) -> Weight {
	let base = BlockWeights::get().get(DispatchClass::Normal).base_extrinsic;
	transaction.get_dispatch_info().total_weight().saturating_add(base)
}

/// The first extrinsic of a slot's block: its time.
pub(crate) fn time(slot: u64) -> UncheckedExtrinsic {
	let now = slot * pallet_clock::SlotMillis::<Runtime>::get();
	UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(pallet_timestamp::Call::set { now }))
}

/// Begins a block as a validator does: with its digest, and with the time as the first extrinsic.
pub(crate) fn begin_block(number: u32, slot: u64, digest: Digest) {
	let nothing = Default::default();
	Executive::initialize_block(&Header::new(number, nothing, nothing, System::parent_hash(), digest));
	assert_eq!(Executive::apply_extrinsic(time(slot)), Ok(Ok(())));
}

/// Applies a transaction as a validator does: one that is refused leaves no trace in the block.
pub(crate) fn apply(transaction: UncheckedExtrinsic) -> ApplyExtrinsicResult {
	with_transaction_unchecked(|| match Executive::apply_extrinsic(transaction) {
		Ok(outcome) => TransactionOutcome::Commit(Ok(outcome)),
		Err(refusal) => TransactionOutcome::Rollback(Err(refusal)),
	})
}
