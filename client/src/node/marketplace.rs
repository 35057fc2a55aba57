//! `pallet-marketplace`.
use peoples_cloud_primitives::{
	terms::Acknowledgement, AccountBytes, AgreementId, Balance, ColumnIndex, Hash32, Period,
};
use subxt::{
	ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsType},
	transactions::DynamicPayload,
	utils::{AccountId32, Static},
	Metadata,
};

use super::connection::{has, AtBlock, Connection};
use crate::chain::{AgreementInfo, ChainError, ColumnInfo, ColumnState, LostColumn};

pub(super) const PALLET: &str = "Marketplace";
/// Entries asked for at a time: what the view functions give at most.
const PAGE: u32 = 100;

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct SignedAck {
	ack: Static<Acknowledgement>,
	signature: [u8; 64],
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct OpenStorage {
	object: Hash32,
	codec: u8,
	k: u16,
	acks: Vec<SignedAck>,
	max_price: Balance,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct Extend {
	agreement: AgreementId,
	periods: u32,
	max_price: Balance,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct OfAgreement {
	agreement: AgreementId,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct OfColumn {
	agreement: AgreementId,
	column: ColumnIndex,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct ReplaceColumn {
	agreement: AgreementId,
	column: ColumnIndex,
	ack: SignedAck,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
enum State {
	Held,
	Lost,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ColumnView {
	provider: AccountId32,
	root: Hash32,
	leaf: u64,
	rate: Balance,
	max_rate: Balance,
	start: Period,
	end: Period,
	state: State,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct AgreementView {
	id: AgreementId,
	client: AccountId32,
	object: Hash32,
	k: u16,
	chunks: u64,
	end: Period,
	closing: bool,
	columns: Vec<ColumnView>,
	cost: CostView,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct CostView {
	locked: Balance,
	earned: Balance,
}

/// The market's rules, as far as we ask.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct Params {
	max_duration: u32,
}

pub(super) fn check(metadata: &Metadata) -> Result<(), String> {
	let calls = ["open_storage", "extend", "close", "settle", "declare_lost", "mark_lost", "replace_column"];
	let views =
		["agreement", "agreements_of", "agreements_by_object", "columns_of", "lost_columns", "deposit", "params"];
	let events = ["AgreementOpened", "Extended", "Closing", "AgreementEnded", "ColumnLost", "ColumnReplaced"];
	has(metadata, PALLET, &calls, &views, &events)
}

pub(super) fn open_storage(
	object: Hash32,
	codec: u8,
	k: u16,
	acknowledgements: &[(Acknowledgement, [u8; 64])],
	max_price: Balance,
) -> DynamicPayload<OpenStorage> {
	let acks = acknowledgements.iter().map(signed_ack).collect();
	DynamicPayload::new(PALLET, "open_storage", OpenStorage { object, codec, k, acks, max_price })
}

pub(super) fn extend(agreement: AgreementId, periods: u32, max_price: Balance) -> DynamicPayload<Extend> {
	DynamicPayload::new(PALLET, "extend", Extend { agreement, periods, max_price })
}

pub(super) fn close(agreement: AgreementId) -> DynamicPayload<OfAgreement> {
	DynamicPayload::new(PALLET, "close", OfAgreement { agreement })
}

pub(super) fn settle(agreement: AgreementId) -> DynamicPayload<OfAgreement> {
	DynamicPayload::new(PALLET, "settle", OfAgreement { agreement })
}

pub(super) fn declare_lost(agreement: AgreementId, column: ColumnIndex) -> DynamicPayload<OfColumn> {
	DynamicPayload::new(PALLET, "declare_lost", OfColumn { agreement, column })
}

pub(super) fn mark_lost(agreement: AgreementId, column: ColumnIndex) -> DynamicPayload<OfColumn> {
	DynamicPayload::new(PALLET, "mark_lost", OfColumn { agreement, column })
}

pub(super) fn replace_column(
	agreement: AgreementId,
	column: ColumnIndex,
	acknowledgement: &(Acknowledgement, [u8; 64]),
) -> DynamicPayload<ReplaceColumn> {
	let ack = signed_ack(acknowledgement);
	DynamicPayload::new(PALLET, "replace_column", ReplaceColumn { agreement, column, ack })
}

fn signed_ack((ack, signature): &(Acknowledgement, [u8; 64])) -> SignedAck {
	SignedAck { ack: Static(ack.clone()), signature: *signature }
}

/// An agreement, unless it was settled.
pub(super) async fn agreement(
	connection: &Connection,
	at: &AtBlock,
	id: AgreementId,
) -> Result<Option<AgreementInfo>, ChainError> {
	let view: Option<AgreementView> = connection.view(at, PALLET, "agreement", (id,)).await?;
	Ok(view.map(AgreementView::info))
}

/// Planck that the record of an agreement over so many columns holds until it is settled.
pub(super) async fn deposit(connection: &Connection, at: &AtBlock, columns: usize) -> Result<Balance, ChainError> {
	// More than the chain takes: it refuses the call for that.
	let columns = ColumnIndex::try_from(columns).unwrap_or(ColumnIndex::MAX);
	connection.view(at, PALLET, "deposit", (columns,)).await
}

/// Longest time to an agreement's end, in periods.
pub(super) async fn max_duration(connection: &Connection, at: &AtBlock) -> Result<u32, ChainError> {
	let params: Params = connection.view(at, PALLET, "params", ()).await?;
	Ok(params.max_duration)
}

/// A client's open agreements, oldest first.
pub(super) async fn agreements_of(
	connection: &Connection,
	at: &AtBlock,
	client: AccountBytes,
) -> Result<Vec<AgreementInfo>, ChainError> {
	agreements(connection, at, "agreements_of", AccountId32(client)).await
}

/// The open agreements over an object, oldest first.
pub(super) async fn agreements_by_object(
	connection: &Connection,
	at: &AtBlock,
	object: Hash32,
) -> Result<Vec<AgreementInfo>, ChainError> {
	agreements(connection, at, "agreements_by_object", object).await
}

/// All pages of a view function over agreements.
async fn agreements<Key: EncodeAsType + Copy>(
	connection: &Connection,
	at: &AtBlock,
	function: &'static str,
	key: Key,
) -> Result<Vec<AgreementInfo>, ChainError> {
	let pages = connection.pages(at, PALLET, function, |after| (key, after, PAGE), |view: &AgreementView| view.id);
	let mut all: Vec<AgreementInfo> = pages.await?.into_iter().map(AgreementView::info).collect();
	// The pages come in the order of their keys' hashes.
	all.sort_unstable_by_key(|agreement| agreement.id);
	Ok(all)
}

/// Columns that a provider owes.
pub(super) async fn columns_of(
	connection: &Connection,
	at: &AtBlock,
	provider: AccountBytes,
) -> Result<Vec<(AgreementId, ColumnIndex)>, ChainError> {
	let arguments = |after: Option<AgreementId>| (AccountId32(provider), after, PAGE);
	connection
		.pages(at, PALLET, "columns_of", arguments, |(agreement, _): &(AgreementId, ColumnIndex)| *agreement)
		.await
}

/// Columns that wait for a new provider.
pub(super) async fn lost_columns(connection: &Connection, at: &AtBlock) -> Result<Vec<LostColumn>, ChainError> {
	let cursor = |entry: &(AgreementId, ColumnIndex)| *entry;
	let lost = connection.pages(at, PALLET, "lost_columns", |after| (after, PAGE), cursor).await?;
	Ok(lost.into_iter().map(|(agreement, column)| LostColumn { agreement, column }).collect())
}

impl AgreementView {
	fn info(self) -> AgreementInfo {
		AgreementInfo {
			id: self.id,
			client: self.client.0,
			object: self.object,
			k: self.k,
			chunks: self.chunks,
			end: self.end,
			closing: self.closing,
			columns: self.columns.into_iter().map(ColumnView::info).collect(),
			locked: self.cost.locked,
			earned: self.cost.earned,
		}
	}
}

impl ColumnView {
	fn info(self) -> ColumnInfo {
		ColumnInfo {
			provider: self.provider.0,
			root: self.root,
			leaf: self.leaf,
			rate: self.rate,
			max_rate: self.max_rate,
			start: self.start,
			end: self.end,
			state: match self.state {
				State::Held => ColumnState::Held,
				State::Lost => ColumnState::Lost,
			},
		}
	}
}
