//! Acknowledgements that are forged, used, strangers' or expired open nothing on the real chain.
use std::{sync::Arc, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_client::{
	chain::{AgreementInfo, Call, Certainty, Chain, ChainError, Event},
	format::parse_ppl,
	node::NodeChain,
	wallet::Signer,
};
use peoples_cloud_primitives::{
	terms::{Acknowledgement, AcknowledgementV1, IntentNonce},
	AccountBytes, BlockNumber,
};
use peoples_cloud_storage::{
	protocol::{Refusal, SignedAck},
	transfer::client::TransferError,
};
use peoples_cloud_tests::{
	devnet::Watcher,
	files,
	network::{start_providers, Provider, Validator},
	uploader::{info, open_storage, Uploader, CHUNK},
};

const OBJECT: [u8; 32] = [7; 32];
/// What an acknowledgement may be valid for at most on the development chain.
const MAX_VALIDITY: BlockNumber = 1_200;
/// More than some failed transactions cost in fees, far less than anything that they would lock.
const FEES_PPL: &str = "0.1";

/// What must not change when an acknowledgement is refused.
#[derive(Debug, PartialEq)]
struct State {
	agreements: Vec<AgreementInfo>,
	/// Chunks that each provider has committed, and leaves ever appended to its holdings.
	providers: Vec<(u64, u64)>,
}

struct World {
	chain: Arc<NodeChain>,
	charlie: Uploader,
	bob: Uploader,
	providers: Vec<AccountBytes>,
}

impl World {
	async fn state(&self) -> Result<State> {
		let mut agreements = self.chain.agreements_of(self.charlie.signer.account()).await?;
		agreements.extend(self.chain.agreements_of(self.bob.signer.account()).await?);
		// These go up by themselves, with every proven period.
		agreements.iter_mut().for_each(|agreement| agreement.earned = 0);
		let mut providers = Vec::new();
		for account in &self.providers {
			let committed = info(&self.chain, *account).await?.committed_chunks;
			let leaves = self.chain.duty(*account).await?.map_or(0, |duty| duty.holdings.leaves());
			providers.push((committed, leaves));
		}
		Ok(State { agreements, providers })
	}

	/// A transaction that the chain must refuse with this error of the market, changing nothing.
	async fn refused(&self, signer: &Signer, call: Call, error: &str) -> Result<()> {
		let before = self.state().await?;
		match self.chain.submit(signer, call, Certainty::Included).await {
			Err(ChainError::Refused { error: said, .. }) if said.starts_with(&format!("Marketplace::{error}")) => {},
			other => bail!("not refused with {error}: {other:?}"),
		}
		ensure!(self.state().await? == before, "{error} changed something: {before:?}, now {:?}", self.state().await?);
		Ok(())
	}

	/// What all providers acknowledge of one upload.
	async fn push(&self, nonce: IntentNonce, valid_until: BlockNumber) -> Result<Vec<SignedAck>> {
		let mut acks = Vec::new();
		for (seed, account) in (0u8..).zip(&self.providers) {
			let provider = info(&self.chain, *account).await?;
			acks.push(self.charlie.push(&provider, nonce, &column(nonce, seed), valid_until).await??);
		}
		Ok(acks)
	}

	fn best(&self) -> BlockNumber {
		self.chain.heads().borrow().best
	}
}

/// 100 KiB that no other column has.
fn column(nonce: IntentNonce, seed: u8) -> Vec<u8> {
	let mut bytes = vec![0; 100 * CHUNK];
	blake3::Hasher::new().update(&nonce).update(&[seed]).finalize_xof().fill(&mut bytes);
	bytes
}

/// The same acknowledgement with something changed, and the old signature.
fn changed(ack: &SignedAck, change: impl FnOnce(&mut AcknowledgementV1)) -> SignedAck {
	let mut fields = ack.fields().clone();
	change(&mut fields);
	SignedAck { acknowledgement: Acknowledgement::V1(fields), signature: ack.signature }
}

/// The same with something changed and signed by its provider: what only a foolish provider signs.
fn resigned(acks: &[SignedAck], change: impl Fn(&mut AcknowledgementV1), signers: &[Signer]) -> Vec<SignedAck> {
	let sign = |(ack, signer): (&SignedAck, &Signer)| SignedAck::sign(changed(ack, &change).acknowledgement, signer);
	acks.iter().zip(signers).map(sign).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn false_and_used_acknowledgements_open_nothing() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start(dir.path())?;
	let chain = validator.chain().await?;
	let mut providers = start_providers(dir.path(), &validator, &chain, 2, &[]).await?;
	let signers = providers.iter().map(Provider::signer).collect::<Result<Vec<_>>>()?;
	let world = World {
		charlie: Uploader::start(chain.clone(), "//Charlie").await?,
		bob: Uploader::start(chain.clone(), "//Bob").await?,
		providers: signers.iter().map(Signer::account).collect(),
		chain: chain.clone(),
	};
	// Not Alice: she makes the blocks, and is paid the fees.
	let (charlie, bob) = (&world.charlie.signer, &world.bob.signer);
	let (charlie_before, bob_before) =
		(chain.free_balance(charlie.account()).await?, chain.free_balance(bob.account()).await?);
	let mut watcher = Watcher::new(chain.clone());

	// GIVEN columns that both providers have acknowledged to Charlie, one upload for some blocks only
	let expires = world.best() + 8;
	let brief = world.push([1; 16], expires).await?;
	let acks = world.push([2; 16], world.best() + 1_000).await?;
	let others = world.push([3; 16], world.best() + 1_000).await?;
	let [first, second] = &acks[..] else { bail!("two acknowledgements") };

	// WHEN the signature is another's, or the terms are others than those signed, THEN it is forged
	let swapped = SignedAck { signature: second.signature, ..first.clone() };
	let forged = SignedAck::sign(second.acknowledgement.clone(), &signers[0]);
	let cheaper = changed(second, |terms| terms.rate = 1);
	let other_column = changed(second, |terms| terms.root[0] ^= 1);
	let random = SignedAck { signature: [0xff; 64], ..second.clone() };
	for pair in [[&swapped, second], [first, &forged], [first, &cheaper], [first, &other_column], [first, &random]] {
		world.refused(charlie, open_storage(OBJECT, &pair.map(Clone::clone)), "BadSignature").await?;
	}
	// WHEN another client comes with them, THEN they are not for it
	world.refused(bob, open_storage(OBJECT, &acks), "WrongClient").await?;
	// WHEN they are from another chain, or good for longer than the chain remembers, THEN they are not taken
	let elsewhere = resigned(&acks, |terms| terms.genesis[0] ^= 1, &signers);
	world.refused(charlie, open_storage(OBJECT, &elsewhere), "WrongGenesis").await?;
	let until = world.best() + MAX_VALIDITY + 100;
	let eternal = resigned(&acks, |terms| terms.valid_until = until, &signers);
	world.refused(charlie, open_storage(OBJECT, &eternal), "ValidityTooLong").await?;
	// WHEN they are of two uploads, or twice the same, THEN they are no agreement
	let mixed = [first.clone(), others[1].clone()];
	world.refused(charlie, open_storage(OBJECT, &mixed), "UnequalTerms").await?;
	let twice = [first.clone(), first.clone()];
	world.refused(charlie, open_storage(OBJECT, &twice), "DuplicateProvider").await?;
	// WHEN their last block has passed, THEN they have expired
	chain.heads().wait_for(|head| head.best > expires).await?;
	world.refused(charlie, open_storage(OBJECT, &brief), "AcknowledgementExpired").await?;

	// THEN nothing was locked or appended, and only fees were paid
	watcher.until(Duration::from_secs(30), "the newest block", |_| true).await?;
	ensure!(!watcher.seen().iter().any(opens), "something was opened: {:?}", watcher.seen());
	let fees = parse_ppl(FEES_PPL)?;
	let mut charlie_now = chain.free_balance(charlie.account()).await?;
	ensure!(charlie_before - charlie_now < fees, "Charlie paid {} planck", charlie_before - charlie_now);
	ensure!(bob_before - chain.free_balance(bob.account()).await? < fees, "Bob paid more than fees");

	// WHEN true ones are used, THEN they open an agreement
	let opened = chain.submit(charlie, open_storage(OBJECT, &acks), Certainty::Included).await?;
	let agreement = opened.agreement.context("the agreement")?;
	charlie_now = chain.free_balance(charlie.account()).await?;
	// AND never again: not for the same object, not for another, not one by one
	for (object, replayed) in [(OBJECT, &acks[..]), ([8; 32], &acks[..]), (OBJECT, &acks[..1])] {
		world.refused(charlie, open_storage(object, replayed), "AlreadyUsed").await?;
	}
	let replaced =
		|ack: &SignedAck| Call::ReplaceColumn { agreement, column: 0, acknowledgement: ack.clone().into_parts() };
	world.refused(charlie, replaced(first), "NotLost").await?;
	// AND not to repair the very column, even if its provider lost it
	providers[0].submit(&chain, Call::DeclareLost(agreement, 0)).await?;
	world.refused(charlie, replaced(first), "AlreadyUsed").await?;
	// The loss pays its client a share, which may be more than the fees.
	let paid = charlie_now.saturating_sub(chain.free_balance(charlie.account()).await?);
	ensure!(paid < fees, "replays cost {paid} planck, more than fees");
	// AND the providers take no used intent either
	for (seed, account) in (0u8..).zip(&world.providers) {
		let (provider, until) = (info(&chain, *account).await?, first.fields().valid_until);
		let replayed = world.charlie.push(&provider, [2; 16], &column([2; 16], seed), until).await?;
		ensure!(matches!(replayed, Err(TransferError::Refused(Refusal::Replayed))), "{replayed:?}");
	}

	// THEN what was never opened is dropped once it has expired, and what was opened is kept
	let root = brief[1].fields().root;
	files::find_column(&providers[1].data_dir(), &second.fields().root)?;
	let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
	while files::find_column(&providers[1].data_dir(), &root).is_ok() {
		ensure!(tokio::time::Instant::now() < deadline, "an expired upload is still there");
		tokio::time::sleep(Duration::from_millis(500)).await;
	}
	for provider in &mut providers {
		provider.stop().with_context(|| provider.tail())?;
	}
	Ok(())
}

fn opens(event: &Event) -> bool {
	matches!(event, Event::AgreementOpened { .. } | Event::LeafAppended { .. })
}
