//! Providers that are made up for a measurement: each registers, gets one column, and can answer for it.
//!
//! Only for networks that nobody minds: they stay registered, and miss all that comes after.
use std::sync::Arc;

use anyhow::{anyhow, bail, Context, Result};
use futures::{stream, StreamExt, TryStreamExt};
use peoples_cloud_client::{
	chain::{Call, Certainty, Chain, Challenge, Offer},
	node::NodeChain,
	wallet::Signer,
};
use peoples_cloud_primitives::{
	challenge::positions,
	holdings::Leaf,
	storage_proof::{self, Answer, Content, StorageProof},
	terms::{Acknowledgement, AcknowledgementV1},
	AccountBytes, AgreementId, Balance, BlockNumber, Hash32, Period,
};
use subxt::{
	ext::scale_encode::EncodeAsType,
	transactions::DynamicPayload,
	utils::{AccountId32, Static},
};
use subxt_signer::sr25519::Keypair;

use crate::{
	column::Column,
	node::{AtBlock, Node},
	senders::{derive, funded, include_all, sign, uri, Sender},
};

/// A provider has this part of its bond beside it: a proof's fee is held until the proof turns out to be valid, and pays for
/// its 10 KiB.
const SPARE: Balance = 50;
/// Registrations that are under way at a time.
const PARALLEL_REGISTRATIONS: usize = 128;
/// Reads that are under way at a time.
pub(crate) const PARALLEL_READS: usize = 64;
/// Blocks for which providers' acknowledgements are good: more than it takes to open all agreements.
const VALIDITY: BlockNumber = 300;
/// Smallest units a period and column.
const RATE: Balance = 1;

/// What there shall be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made<'a> {
	/// The payer's secret.
	pub(crate) suri: &'a str,
	/// Names the providers among the payer's accounts.
	pub(crate) purpose: &'a str,
	/// Providers.
	pub(crate) count: u32,
	/// Transactions that each can pay beside its registration.
	pub(crate) transactions: u32,
	/// Columns of an agreement.
	pub(crate) columns: usize,
	/// Length of the agreements in periods.
	pub(crate) duration: u32,
	/// The longest that providers offer.
	pub(crate) max_duration: u32,
}

/// A provider, and the agreement that it has its column of.
pub(crate) struct Provider {
	pub(crate) sender: Sender,
	pub(crate) agreement: AgreementId,
}

/// Arguments of `open_storage`.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct OpenStorage {
	object: Hash32,
	codec: u8,
	k: u16,
	acks: Vec<SignedAck>,
	max_price: Balance,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct SignedAck {
	ack: Static<Acknowledgement>,
	signature: [u8; 64],
}

/// Arguments of `prove`.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct ProveCall {
	provider: AccountId32,
	period: Period,
	proof: Static<StorageProof>,
}

/// Registers the providers and gives each one a column of the payer's.
pub(crate) async fn make(
	node: &Node,
	chain: &NodeChain,
	payer: &Keypair,
	made: &Made<'_>,
	column: &Column,
) -> Result<Vec<Provider>> {
	let bond = chain.least_bond().await?;
	let accounts = derive(payer, made.purpose, made.count);
	let each = bond.saturating_add(bond / SPARE);
	let senders = funded(node, payer, accounts, made.transactions.saturating_add(1), each).await?;
	eprintln!("registering {} providers", senders.len());
	register(chain, made, bond, column.chunks).await?;
	eprintln!("opening their agreements");
	open(node, chain, payer, made, &senders, column).await?;
	let agreements = agreements(chain, &senders).await?;
	let providers = senders.into_iter().zip(agreements);
	Ok(providers.map(|(sender, agreement)| Provider { sender, agreement }).collect())
}

async fn register(chain: &NodeChain, made: &Made<'_>, bond: Balance, chunks: u64) -> Result<()> {
	stream::iter((0..made.count).map(Ok))
		.try_for_each_concurrent(PARALLEL_REGISTRATIONS, |index| async move {
			let signer = Signer::from_suri(&uri(made.suri, made.purpose, index))?;
			let call = Call::RegisterWithOffer {
				peer_id: peer_id(&signer.account()),
				addresses: Vec::new(),
				operator: format!("load-{index}"),
				region: "load".into(),
				bond,
				offer: Offer { price: RATE, capacity_chunks: chunks, min_duration: 1, max_duration: made.max_duration },
			};
			chain.submit(&signer, call, Certainty::Included).await?;
			Ok::<_, anyhow::Error>(())
		})
		.await
		.context("a provider is not registered; is this a new network?")
}

/// One column for each provider, all transactions at once so that the first providers do not wait for the last ones.
async fn open(
	node: &Node,
	chain: &NodeChain,
	payer: &Keypair,
	made: &Made<'_>,
	providers: &[Sender],
	column: &Column,
) -> Result<()> {
	let at = node.best().await?;
	let valid_until = chain.heads().borrow().best.saturating_add(VALIDITY);
	let first = node.next_nonce(payer.public_key().to_account_id()).await?;
	let mut transactions = Vec::new();
	for (nonce, providers) in (first..).zip(providers.chunks(made.columns)) {
		let mut upload = [0; 16];
		upload.get_mut(..8).context("16 bytes have 8")?.copy_from_slice(&nonce.to_le_bytes());
		let acks = providers.iter().map(|provider| {
			let ack = Acknowledgement::V1(AcknowledgementV1 {
				genesis: chain.genesis(),
				client: payer.public_key().0,
				provider: provider.account.0,
				nonce: upload,
				root: column.root,
				chunks: column.chunks,
				rate: RATE,
				duration: made.duration,
				valid_until,
			});
			let signature = provider.keypair.sign(&ack.signing_bytes()).0;
			SignedAck { ack: Static(ack), signature }
		});
		let call = OpenStorage { object: column.root, codec: 1, k: 1, acks: acks.collect(), max_price: Balance::MAX };
		transactions.push(sign(&at, &DynamicPayload::new("Marketplace", "open_storage", call), payer, nonce)?);
	}
	include_all(node, payer, first, transactions).await.context("the agreements are not opened")
}

/// Each provider's agreement.
async fn agreements(chain: &NodeChain, providers: &[Sender]) -> Result<Vec<AgreementId>> {
	stream::iter(providers)
		.map(|provider| async move {
			let columns = chain.columns_of(provider.account.0).await?;
			match columns.as_slice() {
				[(agreement, _)] => Ok(*agreement),
				_ => bail!("a provider has {} columns instead of one", columns.len()),
			}
		})
		.buffered(PARALLEL_READS)
		.try_collect()
		.await
}

/// The transaction with a provider's answer.
pub(crate) fn prove(
	at: &AtBlock,
	provider: &Sender,
	agreement: AgreementId,
	challenge: &Challenge,
	column: &Column,
) -> Result<Arc<[u8]>> {
	let proof = Static(answer(column, agreement, challenge)?);
	let call = ProveCall { provider: provider.account, period: challenge.period, proof };
	let call = DynamicPayload::new("StorageProofs", "prove", call);
	Ok(Arc::from(sign(at, &call, &provider.keypair, provider.nonce)?))
}

/// The answer of a provider that holds nothing but this column.
fn answer(column: &Column, agreement: AgreementId, challenge: &Challenge) -> Result<StorageProof> {
	let leaf = Leaf { agreement, root: column.root, chunks: column.chunks };
	let positions = positions(&challenge.seed, challenge.holdings.total_chunks(), challenge.challenges);
	let answers = positions.into_iter().map(|position| {
		let (bytes, path) = column.show(position);
		Answer { number: 0, leaf, leaf_path: Vec::new(), content: Content::Chunk { bytes, path } }
	});
	let proof = StorageProof::V1(answers.collect());
	storage_proof::verify(&challenge.holdings, &challenge.seed, challenge.challenges, &proof, |_| false)
		.map_err(|error| anyhow!("the proof would be wrong: {error:?}"))?;
	Ok(proof)
}

/// A peer id of which only the form is right: an identity hash of an ed25519 key. Nobody is behind it.
fn peer_id(account: &AccountBytes) -> Vec<u8> {
	[&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20], account.as_slice()].concat()
}

#[cfg(test)]
mod tests {
	use super::*;
	use peoples_cloud_primitives::holdings::Commitment;

	#[test]
	fn answers_are_what_the_chain_takes() {
		for depth in [0, 1, 10] {
			let column = Column::new(depth);
			let mut holdings = Commitment::default();
			holdings.append(&Leaf { agreement: 7, root: column.root, chunks: column.chunks }).unwrap();
			let challenge =
				Challenge { period: 1, slot_block: 13, seed: [9; 32], challenges: 8, holdings, blocks_left: 7 };
			let StorageProof::V1(answers) = answer(&column, 7, &challenge).unwrap();
			assert_eq!(answers.len(), 8);
			assert!(answer(&column, 8, &challenge).is_err(), "another agreement's leaf");
		}
	}

	#[test]
	fn peer_ids_have_the_form_of_one() {
		let id = peer_id(&[5; 32]);
		assert_eq!((id.len(), id[0], usize::from(id[1])), (38, 0, id.len() - 2));
	}
}
