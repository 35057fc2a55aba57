//! `pallet-storage-proofs`.
use peoples_cloud_primitives::{
	holdings::{Commitment, Leaf, Node},
	storage_proof::StorageProof,
	AccountBytes, BlockNumber, Hash32, Period,
};
use subxt::{
	ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsType},
	transactions::DynamicPayload,
	utils::{AccountId32, Static},
	Metadata,
};

use super::connection::{has, AtBlock, Connection};
use crate::chain::{ChainError, Challenge, Duty, ProofParams};

pub(super) const PALLET: &str = "StorageProofs";

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct Prove {
	provider: AccountId32,
	period: Period,
	proof: Static<StorageProof>,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct ReportMissed {
	provider: AccountId32,
	period: Period,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct Advance {
	provider: AccountId32,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct RemoveLeaf {
	provider: AccountId32,
	number: u64,
	leaf: Static<Leaf>,
	path: Static<Vec<Node>>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct Params {
	period_blocks: BlockNumber,
	window_blocks: BlockNumber,
	challenges: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct DutyView {
	first_unresolved: Period,
	holdings: Static<Commitment>,
	misses_in_row: u32,
	proven: u32,
	slot_block: BlockNumber,
	challenge: Option<ChallengeView>,
	overdue: bool,
	reportable: bool,
	behind: bool,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ChallengeView {
	period: Period,
	slot_block: BlockNumber,
	seed: Hash32,
	challenges: u32,
	holdings: Static<Commitment>,
	blocks_left: u32,
}

pub(super) fn check(metadata: &Metadata) -> Result<(), String> {
	let calls = ["prove", "report_missed", "advance", "remove_leaf"];
	let events = ["Proven", "Stale", "Missed", "LeafAppended", "LeafRemoved"];
	has(metadata, PALLET, &calls, &["params", "duty"], &events)
}

pub(super) fn prove(provider: AccountBytes, period: Period, proof: &StorageProof) -> DynamicPayload<Prove> {
	let prove = Prove { provider: AccountId32(provider), period, proof: Static(proof.clone()) };
	DynamicPayload::new(PALLET, "prove", prove)
}

pub(super) fn report_missed(provider: AccountBytes, period: Period) -> DynamicPayload<ReportMissed> {
	DynamicPayload::new(PALLET, "report_missed", ReportMissed { provider: AccountId32(provider), period })
}

pub(super) fn advance(provider: AccountBytes) -> DynamicPayload<Advance> {
	DynamicPayload::new(PALLET, "advance", Advance { provider: AccountId32(provider) })
}

pub(super) fn remove_leaf(
	provider: AccountBytes,
	number: u64,
	leaf: &Leaf,
	path: &[Node],
) -> DynamicPayload<RemoveLeaf> {
	let provider = AccountId32(provider);
	let remove = RemoveLeaf { provider, number, leaf: Static(*leaf), path: Static(path.to_vec()) };
	DynamicPayload::new(PALLET, "remove_leaf", remove)
}

pub(super) async fn params(connection: &Connection, at: &AtBlock) -> Result<ProofParams, ChainError> {
	let params: Params = connection.view(at, PALLET, "params", ()).await?;
	let Params { period_blocks, window_blocks, challenges } = params;
	Ok(ProofParams { period_blocks, window_blocks, challenges })
}

/// Where a provider stands with its proofs.
pub(super) async fn duty(
	connection: &Connection,
	at: &AtBlock,
	provider: AccountBytes,
) -> Result<Option<Duty>, ChainError> {
	let view: Option<DutyView> = connection.view(at, PALLET, "duty", (AccountId32(provider),)).await?;
	Ok(view.map(|view| Duty {
		first_unresolved: view.first_unresolved,
		holdings: view.holdings.0,
		misses_in_row: view.misses_in_row,
		proven: view.proven,
		slot_block: view.slot_block,
		challenge: view.challenge.map(|challenge| Challenge {
			period: challenge.period,
			slot_block: challenge.slot_block,
			seed: challenge.seed,
			challenges: challenge.challenges,
			holdings: challenge.holdings.0,
			blocks_left: challenge.blocks_left,
		}),
		overdue: view.overdue,
		reportable: view.reportable,
		behind: view.behind,
	}))
}
