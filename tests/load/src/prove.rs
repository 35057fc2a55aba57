//! Storage proofs a second: the answers of all providers that have a challenge open at one moment.
//!
//! Each provider answers once a period, hence blocks fill with proofs only where there are very many of them. So as many
//! register as one machine can make up, all with the same column; the proofs of those whose windows overlap are kept back and
//! sent at once. Needs a network that nobody minds: the providers stay registered and miss all that comes after.
use std::{sync::Arc, time::Duration};

use anyhow::{anyhow, bail, ensure, Context, Result};
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
	cli::Prove,
	column::Column,
	node::{AtBlock, Node},
	report::Report,
	senders::{derive, for_each, funded, include_all, payer, sign, uri, Sender},
	submit::{flood, Lane},
};

/// Names the providers among the payer's accounts.
const PURPOSE: &str = "prove";
/// Transactions that a provider sends: it registers, and proves. One to spare.
const TRANSACTIONS: u32 = 3;
/// A provider has this part of its bond beside it: a proof's fee is held until the proof turns out to be valid, and pays for
/// its 10 KiB.
const SPARE: Balance = 50;
/// Registrations that are under way at a time.
const PARALLEL_REGISTRATIONS: usize = 128;
/// Reads that are under way at a time.
const PARALLEL_READS: usize = 64;
/// Columns of an agreement: the most that the chain takes.
const COLUMNS: usize = 64;
/// Blocks for which providers' acknowledgements are good: more than it takes to open all agreements.
const VALIDITY: BlockNumber = 300;
/// Length of an agreement in periods: longer than the measurement.
const DURATION: u32 = 100;
/// Smallest units a period and column.
const RATE: Balance = 1;
/// Blocks that a challenge must still be open for: time to sign and send.
const MARGIN: BlockNumber = 4;
/// Longest wait for a block number, a block.
const SLOWEST_BLOCK: Duration = Duration::from_secs(30);

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

/// A provider with an open challenge.
struct Challenged {
	/// Its place among the providers.
	index: usize,
	agreement: AgreementId,
	challenge: Challenge,
}

/// Makes providers, gives each a column, waits until about half of them are challenged, and sends their answers.
pub(crate) async fn run(node: &Arc<Node>, options: &Prove, longest: Duration) -> Result<Report> {
	let chain = NodeChain::connect(node.url()).await?;
	let payer = payer(&options.suri)?;
	let column = Column::new(options.depth);
	let bond = chain.least_bond().await?;
	let accounts = derive(&payer, PURPOSE, options.providers);
	let providers = funded(node, &payer, accounts, TRANSACTIONS, bond.saturating_add(bond / SPARE)).await?;
	eprintln!("registering {} providers", providers.len());
	register(&chain, options, bond, column.chunks).await?;
	eprintln!("opening their agreements");
	open(node, &chain, &payer, &providers, &column).await?;

	let agreements = agreements(&chain, &providers).await?;
	// Everybody has had a slot when two periods are over.
	let period = chain.proof_params().await?.period_blocks;
	let best = chain.heads().borrow().best;
	eprintln!("waiting for {} blocks", period.saturating_mul(2));
	reach(&chain, best.saturating_add(period.saturating_mul(2))).await?;

	let challenged = challenged(&chain, &providers, &agreements).await?;
	ensure!(!challenged.is_empty(), "no provider has a challenge open for {MARGIN} blocks; is the window long enough?");
	let before = proven(&chain, &providers, &challenged).await?;
	let at = node.best().await?;
	let lanes = answers(node, &at, &providers, &challenged, &column).await?;
	eprintln!("sending {} proofs", lanes.len());
	let report = flood(node, lanes, options.sending.connections, longest).await?.report(node, "proofs")?;
	// Two connections hear of a block at different times.
	reach(&chain, BlockNumber::try_from(report.chain.last_block)?).await?;
	let valid =
		proven(&chain, &providers, &challenged).await?.iter().zip(&before).filter(|(now, then)| now > then).count();
	ensure!(valid > 0, "blocks took the proofs, but none was valid; did the windows close before?");
	if valid < challenged.len() {
		eprintln!("{valid} of {} were valid", challenged.len());
	}
	Ok(report)
}

async fn register(chain: &NodeChain, options: &Prove, bond: Balance, chunks: u64) -> Result<()> {
	stream::iter((0..options.providers).map(Ok))
		.try_for_each_concurrent(PARALLEL_REGISTRATIONS, |index| async move {
			let signer = Signer::from_suri(&uri(&options.suri, PURPOSE, index))?;
			let call = Call::RegisterWithOffer {
				peer_id: peer_id(&signer.account()),
				addresses: Vec::new(),
				operator: format!("load-{index}"),
				region: "load".into(),
				bond,
				offer: Offer { price: RATE, capacity_chunks: chunks, min_duration: 1, max_duration: DURATION },
			};
			chain.submit(&signer, call, Certainty::Included).await?;
			Ok::<_, anyhow::Error>(())
		})
		.await
		.context("a provider is not registered; is this a new network?")
}

/// One column for each provider, all transactions at once so that the first providers do not wait for the last ones.
async fn open(node: &Node, chain: &NodeChain, payer: &Keypair, providers: &[Sender], column: &Column) -> Result<()> {
	let at = node.best().await?;
	let valid_until = chain.heads().borrow().best.saturating_add(VALIDITY);
	let first = node.next_nonce(payer.public_key().to_account_id()).await?;
	let mut transactions = Vec::new();
	for (nonce, providers) in (first..).zip(providers.chunks(COLUMNS)) {
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
				duration: DURATION,
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

/// The providers that can answer now, those with the least time first.
async fn challenged(chain: &NodeChain, providers: &[Sender], agreements: &[AgreementId]) -> Result<Vec<Challenged>> {
	let mut challenged: Vec<Challenged> = stream::iter(providers.iter().zip(agreements).enumerate())
		.map(|(index, (provider, agreement))| async move {
			let duty = chain.duty(provider.account.0).await?;
			let challenge = duty.and_then(|duty| duty.challenge).filter(|challenge| challenge.blocks_left >= MARGIN);
			Ok::<_, anyhow::Error>(challenge.map(|challenge| Challenged { index, agreement: *agreement, challenge }))
		})
		.buffered(PARALLEL_READS)
		.try_filter_map(|challenged| async move { Ok(challenged) })
		.try_collect()
		.await?;
	challenged.sort_by_key(|challenged| challenged.challenge.blocks_left);
	Ok(challenged)
}

/// How many periods each of them has proven.
async fn proven(chain: &NodeChain, providers: &[Sender], challenged: &[Challenged]) -> Result<Vec<u32>> {
	stream::iter(challenged)
		.map(|challenged| async move {
			let provider = providers.get(challenged.index).context("there is no such provider")?;
			Ok::<_, anyhow::Error>(chain.duty(provider.account.0).await?.map_or(0, |duty| duty.proven))
		})
		.buffered(PARALLEL_READS)
		.try_collect()
		.await
}

/// Their signed answers.
async fn answers(
	node: &Node,
	at: &AtBlock,
	providers: &[Sender],
	challenged: &[Challenged],
	column: &Column,
) -> Result<Vec<Lane>> {
	let senders: Vec<Sender> = stream::iter(challenged)
		.map(|challenged| async move {
			let provider = providers.get(challenged.index).context("there is no such provider")?;
			let nonce = node.next_nonce(provider.account).await?;
			Ok::<_, anyhow::Error>(Sender { keypair: provider.keypair.clone(), account: provider.account, nonce })
		})
		.buffered(PARALLEL_READS)
		.try_collect()
		.await?;
	tokio::task::block_in_place(|| {
		for_each(&senders, |index, sender| {
			let Challenged { agreement, challenge, .. } =
				challenged.get(index).ok_or_else(|| anyhow!("there is no such challenge"))?;
			let proof = Static(answer(column, *agreement, challenge)?);
			let call = ProveCall { provider: sender.account, period: challenge.period, proof };
			let call = DynamicPayload::new("StorageProofs", "prove", call);
			Ok(vec![Arc::from(sign(at, &call, &sender.keypair, sender.nonce)?)])
		})
	})
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

/// Waits for a block number.
async fn reach(chain: &NodeChain, number: BlockNumber) -> Result<()> {
	let mut heads = chain.heads();
	while heads.borrow_and_update().best < number {
		let changed = tokio::time::timeout(SLOWEST_BLOCK, heads.changed()).await;
		changed.map_err(|_| anyhow!("the chain stands still"))??;
	}
	Ok(())
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
