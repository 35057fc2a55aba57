//! Holds everything that is asked of the runtime against its metadata.
//!
//! `metadata.scale` is what the runtime of this repository answers to `Metadata_metadata_at_version(16)`; CI makes
//! it anew and compares.
use std::time::Duration;

use codec::{Compact, Decode, Encode};
use peoples_cloud_primitives::{
	holdings::{Leaf, Node},
	resource::ResourceKind,
	storage_proof::{Answer, Content, StorageProof},
	terms::{Acknowledgement, AcknowledgementV1},
};
use scale_info::PortableRegistry;
use subxt::{
	client::OfflineClient,
	config::substrate::SpecVersionForRange,
	ext::scale_decode::{DecodeAsFields, DecodeAsType, Field},
	transactions::Payload,
	utils::{AccountId32, Static},
	Metadata, OfflineClientAtBlock, PolkadotConfig,
};

use super::{calls, connection, events::fields, *};
use crate::chain::Offer;

mod pages;
mod sample;

use sample::sample;

fn metadata() -> Metadata {
	Metadata::decode(&mut &include_bytes!("../../metadata.scale")[..]).expect("the file is a runtime's metadata")
}

/// What is known of the runtime without asking a node.
fn config() -> PolkadotConfig {
	let version = SpecVersionForRange { block_range: 0..u64::MAX, spec_version: 1, transaction_version: 1 };
	PolkadotConfig::builder()
		.use_historic_types(false)
		.set_metadata_for_spec_versions([(1, Arc::new(metadata()))])
		.set_spec_version_for_block_ranges([version])
		.build()
}

fn offline() -> OfflineClientAtBlock<PolkadotConfig> {
	OfflineClient::new_with_config(config()).at_block(1u64).unwrap()
}

fn acknowledgement() -> (Acknowledgement, [u8; 64]) {
	let acknowledgement = AcknowledgementV1 {
		genesis: [1; 32],
		client: [2; 32],
		provider: [3; 32],
		nonce: [4; 16],
		root: [5; 32],
		chunks: 6,
		rate: 7,
		duration: 8,
		valid_until: 9,
	};
	(Acknowledgement::V1(acknowledgement), [10; 64])
}

fn every_call() -> Vec<Call> {
	let leaf = Leaf { agreement: 1, root: [2; 32], chunks: 3 };
	let node = Node { hash: [4; 32], chunks: 5 };
	let content = Content::Chunk { bytes: [6; 1024], path: vec![[7; 32]] };
	let answer = Answer { number: 8, leaf, leaf_path: vec![node], content };
	let offer = Offer { price: 1, capacity_chunks: 2, min_duration: 3, max_duration: 4 };
	vec![
		Call::RegisterProvider {
			peer_id: vec![1; 38],
			addresses: vec![vec![2; 8], vec![3; 9]],
			operator: "operator".into(),
			region: "region".into(),
			bond: 5,
		},
		Call::RegisterWithOffer {
			peer_id: vec![1; 38],
			addresses: vec![vec![2; 8]],
			operator: "operator".into(),
			region: "region".into(),
			bond: 5,
			offer,
		},
		Call::UpdateAddresses { peer_id: vec![1; 38], addresses: vec![vec![2; 8]] },
		Call::UpdateLabels { operator: "operator".into(), region: "region".into() },
		Call::SetOffer(offer),
		Call::BondMore(1 << 100),
		Call::Pause,
		Call::Resume,
		Call::Leave,
		Call::WithdrawUnbonded,
		Call::Withdraw,
		Call::OpenStorage {
			object: [1; 32],
			codec: 1,
			k: 2,
			acknowledgements: vec![acknowledgement(), acknowledgement()],
			max_price: 3,
		},
		Call::Extend { agreement: 1, periods: 2, max_price: 3 },
		Call::Close(1),
		Call::Settle(1),
		Call::DeclareLost(1, 2),
		Call::MarkLost(1, 2),
		Call::ReplaceColumn { agreement: 1, column: 2, acknowledgement: acknowledgement() },
		Call::Prove { provider: [1; 32], period: 2, proof: StorageProof::V1(vec![answer]) },
		Call::ReportMissed { provider: [1; 32], period: 2 },
		Call::Advance { provider: [1; 32] },
		Call::RemoveLeaf { provider: [1; 32], number: 2, leaf, path: vec![node] },
		Call::Transfer { to: [1; 32], amount: 2 },
	]
}

struct Encoded<'client>(&'client OfflineClientAtBlock<PolkadotConfig>);

impl calls::Action for Encoded<'_> {
	type Output = Vec<u8>;

	fn act(self, call: &impl Payload) -> Vec<u8> {
		self.0.tx().call_data(call).unwrap_or_else(|error| panic!("{}: {error}", call.call_name()))
	}
}

#[test]
fn the_runtime_has_all_that_is_asked_for() {
	let metadata = metadata();
	for check in CHECKS {
		check(&metadata).unwrap();
	}
}

#[test]
fn a_runtime_without_a_pallet_is_named() {
	let error = connection::has(&metadata(), "Nowhere", &[], &[], &[]).unwrap_err();
	assert_eq!(error, "its runtime has no pallet Nowhere");
	let error = connection::has(&metadata(), "Escrow", &["mint"], &[], &[]).unwrap_err();
	assert_eq!(error, "its runtime has no call Escrow::mint");
	let error = connection::has(&metadata(), "Escrow", &[], &["mint"], &[]).unwrap_err();
	assert_eq!(error, "its runtime has no view function Escrow::mint");
	let error = connection::has(&metadata(), "Escrow", &[], &[], &["Minted"]).unwrap_err();
	assert_eq!(error, "its runtime has no event Escrow::Minted");
}

#[test]
fn every_call_is_one_of_the_runtimes() {
	let client = offline();
	for call in every_call() {
		let bytes = calls::with_payload(&call, Encoded(&client));
		// The runtime's own types read back all of it.
		client.tx().from_call_data_bytes(&bytes).unwrap_or_else(|error| panic!("{call:?}: {error}"));
	}
}

#[test]
fn calls_keep_their_values() {
	let client = offline();
	let encode = |call: Call| calls::with_payload(&call, Encoded(&client));
	assert_eq!(encode(Call::Close(7)), [&[41, 2][..], &7u64.encode()].concat());
	let (acknowledgement, signature) = acknowledgement();
	let replace =
		Call::ReplaceColumn { agreement: 7, column: 2, acknowledgement: (acknowledgement.clone(), signature) };
	let expected = (7u64, 2u16, acknowledgement, signature).encode();
	assert_eq!(encode(replace), [&[41, 6][..], &expected].concat());
	let register = Call::RegisterProvider {
		peer_id: vec![1, 2],
		addresses: vec![vec![3]],
		operator: "op".into(),
		region: "re".into(),
		bond: 1 << 70,
	};
	let expected = (vec![1u8, 2], vec![vec![3u8]], b"op".to_vec(), b"re".to_vec(), Compact(1u128 << 70)).encode();
	assert_eq!(encode(register.clone()), [&[40, 0][..], &expected].concat());
	// The batch holds both calls as they are when they are sent alone.
	let offer = Offer { price: 1, capacity_chunks: 2, min_duration: 3, max_duration: 4 };
	let Call::RegisterProvider { peer_id, addresses, operator, region, bond } = register.clone() else {
		unreachable!("made above")
	};
	let both = Call::RegisterWithOffer { peer_id, addresses, operator, region, bond, offer };
	let calls = [vec![18, 2, 2 << 2], encode(register), encode(Call::SetOffer(offer))];
	assert_eq!(encode(both), calls.concat());
}

/// That an answer of the runtime's type can be read.
fn reads<Answer: DecodeAsType>(types: &PortableRegistry, type_id: u32, what: &str) {
	let bytes = sample(types, type_id);
	let input = &mut &bytes[..];
	Answer::decode_as_type(input, type_id, types).unwrap_or_else(|error| panic!("{what}: {error}"));
	assert!(input.is_empty(), "{what}: {} bytes are left", input.len());
}

#[test]
fn every_view_is_one_of_the_runtimes() {
	let client = offline();
	let metadata = client.metadata_ref();
	macro_rules! views {
		($($pallet:literal $name:literal $arguments:expr => $answer:ty),+ $(,)?) => {
			$({
				let call = subxt::view_functions::dynamic::<_, $answer>($pallet, $name, $arguments);
				let what = concat!($pallet, "::", $name);
				client.view_functions().encode_args(call).unwrap_or_else(|error| panic!("{what}: {error}"));
				let view = metadata.pallet_by_name($pallet).unwrap().view_function_by_name($name).expect(what);
				reads::<$answer>(metadata.types(), view.output_ty(), what);
			})+
		};
	}
	let account = AccountId32([1; 32]);
	views! {
		"Escrow" "earnings" (account,) => Balance,
		"Reputation" "score" (account, Static(ResourceKind::Storage)) => reputation::Score,
		"Providers" "provider" (account,) => Option<providers::ProviderView>,
		"Providers" "params" () => providers::StakeParams,
		"Providers" "providers" (Some(account), 1u32) => Vec<(AccountId32, providers::ProviderView)>,
		"StorageProofs" "params" () => storage_proofs::Params,
		"StorageProofs" "duty" (account,) => Option<storage_proofs::DutyView>,
		"Marketplace" "agreement" (1u64,) => Option<marketplace::AgreementView>,
		"Marketplace" "agreements_of" (account, Some(1u64), 1u32) => Vec<marketplace::AgreementView>,
		"Marketplace" "agreements_by_object" ([1u8; 32], Some(1u64), 1u32) => Vec<marketplace::AgreementView>,
		"Marketplace" "columns_of" (account, Some(1u64), 1u32) => Vec<(AgreementId, ColumnIndex)>,
		"Marketplace" "deposit" (2u16,) => Balance,
		"Marketplace" "params" () => marketplace::Params,
		"Marketplace" "lost_columns" (Some((1u64, 2u16)), 1u32) => Vec<(AgreementId, ColumnIndex)>,
	}
	let api = metadata.runtime_api_trait_by_name("BabeApi").unwrap();
	let configuration = api.method_by_name("configuration").unwrap();
	reads::<connection::BabeConfiguration>(metadata.types(), configuration.output_ty(), "BabeApi::configuration");
}

#[test]
fn every_event_is_one_of_the_runtimes() {
	let metadata = metadata();
	let types = metadata.types();
	macro_rules! events {
		($($pallet:literal $name:literal => $event:ty),+ $(,)?) => {
			$({
				let pallet = metadata.pallet_by_name($pallet).unwrap();
				let variants = pallet.event_variants().unwrap();
				let variant = variants.iter().find(|variant| variant.name == $name).expect($name);
				let bytes: Vec<u8> = variant.fields.iter().flat_map(|field| sample(types, field.ty.id)).collect();
				let mut fields = variant.fields.iter().map(|field| Field::new(field.ty.id, field.name.as_deref()));
				<$event>::decode_as_fields(&mut &bytes[..], &mut fields, types).expect($name);
			})+
		};
	}
	events! {
		"Escrow" "Withdrawn" => fields::Withdrawn,
		"Marketplace" "AgreementOpened" => fields::AgreementOpened,
		"Marketplace" "Extended" => fields::Extended,
		"Marketplace" "Closing" => fields::Closing,
		"Marketplace" "AgreementEnded" => fields::AgreementEnded,
		"Marketplace" "ColumnLost" => fields::ColumnLost,
		"Marketplace" "ColumnReplaced" => fields::ColumnReplaced,
		"StorageProofs" "Proven" => fields::Proven,
		"StorageProofs" "Stale" => fields::Stale,
		"StorageProofs" "Missed" => fields::Missed,
		"StorageProofs" "LeafAppended" => fields::LeafAppended,
		"StorageProofs" "LeafRemoved" => fields::LeafRemoved,
		"Providers" "Terminated" => fields::Terminated,
	}
}

#[tokio::test]
async fn nobody_listening_is_unreachable_at_once() {
	let url = "ws://127.0.0.1:1";
	let started = std::time::Instant::now();
	let error = NodeChain::connect(url).await.unwrap_err();
	assert!(matches!(error, ChainError::Unreachable { .. }), "{error:?}");
	assert!(error.is_retryable());
	assert!(error.to_string().contains(url), "{error}");
	assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn something_else_listening_is_an_error_in_time() {
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("ws://{}", listener.local_addr().unwrap());
	let server = tokio::spawn(async move {
		loop {
			let (mut socket, _) = listener.accept().await.unwrap();
			tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 404 Not Found\r\n\r\n").await.unwrap();
		}
	});
	assert!(matches!(NodeChain::connect(&url).await, Err(ChainError::Unreachable { .. })));
	server.abort();
}
