//! `pallet-providers`.
use peoples_cloud_primitives::{resource::ResourceKind, AccountBytes, Balance};
use subxt::{
	ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsType},
	transactions::DynamicPayload,
	utils::{AccountId32, Static},
	Metadata,
};

use super::connection::{has, AtBlock, Connection};
use crate::{chain, chain::ChainError};

pub(super) const PALLET: &str = "Providers";
/// Several calls in one transaction, all or none.
const BATCH: (&str, &str) = ("Utility", "batch_all");
/// Providers asked for at a time: what the view function gives at most.
const PAGE: u32 = 256;
/// Score of a provider without evidence, until the reputation pallet is asked.
const NO_EVIDENCE_PPM: u32 = 500_000;

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct Register {
	peer_id: Vec<u8>,
	addresses: Vec<Vec<u8>>,
	operator: Vec<u8>,
	region: Vec<u8>,
	bond: Balance,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct UpdateInfo {
	peer_id: Option<Vec<u8>>,
	addresses: Option<Vec<Vec<u8>>>,
	operator: Option<Vec<u8>>,
	region: Option<Vec<u8>>,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct SetOffer {
	kind: Static<ResourceKind>,
	offer: Offer,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct BondMore {
	amount: Balance,
}

/// Arguments of `batch_all`.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(super) struct Batch {
	calls: Vec<RuntimeCall>,
}

/// The runtime's calls, as far as they are sent in batches; found by name, as all of it.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
enum RuntimeCall {
	Providers(ProvidersCall),
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
#[expect(non_camel_case_types, reason = "named as the calls are")]
enum ProvidersCall {
	register { peer_id: Vec<u8>, addresses: Vec<Vec<u8>>, operator: Vec<u8>, region: Vec<u8>, bond: Balance },
	set_offer { kind: Static<ResourceKind>, offer: Offer },
}

/// As the chain has it.
#[derive(EncodeAsType, DecodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Offer {
	price: Balance,
	capacity: u64,
	min_duration: u32,
	max_duration: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
enum Standing {
	Active,
	Suspended,
	Leaving,
	Terminated,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct ProviderView {
	peer_id: Vec<u8>,
	addresses: Vec<Vec<u8>>,
	operator: Vec<u8>,
	region: Vec<u8>,
	bonded: Balance,
	standing: Standing,
	paused: bool,
	services: Vec<ServiceView>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ServiceView {
	kind: Static<ResourceKind>,
	offer: Option<Offer>,
	committed: u64,
}

pub(super) fn check(metadata: &Metadata) -> Result<(), String> {
	let calls = ["register", "update_info", "set_offer", "bond_more", "pause", "resume", "leave", "withdraw_unbonded"];
	has(metadata, PALLET, &calls, &["provider", "providers", "params"], &["Terminated"])?;
	let (pallet, call) = BATCH;
	has(metadata, pallet, &[call], &[], &[])
}

pub(super) fn register(
	peer_id: &[u8],
	addresses: &[Vec<u8>],
	operator: &str,
	region: &str,
	bond: Balance,
) -> DynamicPayload<Register> {
	let register = Register {
		peer_id: peer_id.to_vec(),
		addresses: addresses.to_vec(),
		operator: operator.as_bytes().to_vec(),
		region: region.as_bytes().to_vec(),
		bond,
	};
	DynamicPayload::new(PALLET, "register", register)
}

/// [`register`] and [`set_offer`] in one.
pub(super) fn register_with_offer(
	peer_id: &[u8],
	addresses: &[Vec<u8>],
	operator: &str,
	region: &str,
	bond: Balance,
	offer: &chain::Offer,
) -> DynamicPayload<Batch> {
	let register = ProvidersCall::register {
		peer_id: peer_id.to_vec(),
		addresses: addresses.to_vec(),
		operator: operator.as_bytes().to_vec(),
		region: region.as_bytes().to_vec(),
		bond,
	};
	let set_offer = ProvidersCall::set_offer { kind: Static(ResourceKind::Storage), offer: offer.into() };
	let calls = [register, set_offer].map(RuntimeCall::Providers).into();
	let (pallet, call) = BATCH;
	DynamicPayload::new(pallet, call, Batch { calls })
}

pub(super) fn update_labels(operator: &str, region: &str) -> DynamicPayload<UpdateInfo> {
	let update = UpdateInfo {
		peer_id: None,
		addresses: None,
		operator: Some(operator.as_bytes().to_vec()),
		region: Some(region.as_bytes().to_vec()),
	};
	DynamicPayload::new(PALLET, "update_info", update)
}

pub(super) fn update_addresses(peer_id: &[u8], addresses: &[Vec<u8>]) -> DynamicPayload<UpdateInfo> {
	let update = UpdateInfo {
		peer_id: Some(peer_id.to_vec()),
		addresses: Some(addresses.to_vec()),
		operator: None,
		region: None,
	};
	DynamicPayload::new(PALLET, "update_info", update)
}

pub(super) fn set_offer(offer: &chain::Offer) -> DynamicPayload<SetOffer> {
	DynamicPayload::new(PALLET, "set_offer", SetOffer { kind: Static(ResourceKind::Storage), offer: offer.into() })
}

pub(super) fn bond_more(amount: Balance) -> DynamicPayload<BondMore> {
	DynamicPayload::new(PALLET, "bond_more", BondMore { amount })
}

/// A call without arguments.
pub(super) fn plain(call: &'static str) -> DynamicPayload<()> {
	DynamicPayload::new(PALLET, call, ())
}

/// A provider, without its score.
pub(super) async fn provider(
	connection: &Connection,
	at: &AtBlock,
	account: AccountBytes,
) -> Result<Option<chain::ProviderInfo>, ChainError> {
	let view: Option<ProviderView> = connection.view(at, PALLET, "provider", (AccountId32(account),)).await?;
	Ok(view.map(|view| view.info(account)))
}

/// All providers, without their scores.
pub(super) async fn all(connection: &Connection, at: &AtBlock) -> Result<Vec<chain::ProviderInfo>, ChainError> {
	let cursor = |(account, _): &(AccountId32, ProviderView)| *account;
	let providers = connection.pages(at, PALLET, "providers", |after| (after, PAGE), cursor).await?;
	Ok(providers.into_iter().map(|(account, view)| view.info(account.0)).collect())
}

/// The rules of staking, as far as we ask.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct StakeParams {
	min_bond: Balance,
}

/// Least planck that a provider must bond.
pub(super) async fn least_bond(connection: &Connection, at: &AtBlock) -> Result<Balance, ChainError> {
	let params: StakeParams = connection.view(at, PALLET, "params", ()).await?;
	Ok(params.min_bond)
}

impl From<&chain::Offer> for Offer {
	fn from(offer: &chain::Offer) -> Self {
		Self {
			price: offer.price,
			capacity: offer.capacity_chunks,
			min_duration: offer.min_duration,
			max_duration: offer.max_duration,
		}
	}
}

impl ProviderView {
	fn info(self, account: AccountBytes) -> chain::ProviderInfo {
		let standing = match (self.standing, self.paused) {
			(Standing::Active, false) => "active",
			(Standing::Active, true) => "paused",
			(Standing::Suspended, _) => "suspended",
			(Standing::Leaving, _) => "leaving",
			(Standing::Terminated, _) => "terminated",
		};
		let storage = self.services.into_iter().find(|service| service.kind.0 == ResourceKind::Storage);
		chain::ProviderInfo {
			account,
			peer_id: self.peer_id,
			addresses: self.addresses,
			// Labels are anyone's bytes: what is not text is shown as such.
			operator: String::from_utf8_lossy(&self.operator).into_owned(),
			region: String::from_utf8_lossy(&self.region).into_owned(),
			bonded: self.bonded,
			active: standing == "active",
			standing: standing.into(),
			committed_chunks: storage.as_ref().map_or(0, |service| service.committed),
			offer: storage.and_then(|service| service.offer).map(|offer| chain::Offer {
				price: offer.price,
				capacity_chunks: offer.capacity,
				min_duration: offer.min_duration,
				max_duration: offer.max_duration,
			}),
			score_ppm: NO_EVIDENCE_PPM,
		}
	}
}
