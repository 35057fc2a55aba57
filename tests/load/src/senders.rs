//! Accounts that send, the money for them, and signed transactions.
//!
//! Transactions are immortal: they are signed long before they are sent.
use std::{thread, time::Duration};

use anyhow::{anyhow, bail, ensure, Context, Result};
use futures::{stream, StreamExt, TryStreamExt};
use subxt::{
	config::DefaultExtrinsicParamsBuilder,
	ext::scale_encode::EncodeAsType,
	rpcs::Error as RpcError,
	transactions::{DynamicPayload, Payload},
	utils::{AccountId32, MultiAddress},
};
use subxt_signer::{sr25519::Keypair, DeriveJunction, SecretUri};
use tokio::time::{sleep, Instant};

use crate::{
	node::{existential_deposit, plain, AtBlock, Config, Node},
	submit::is_for_want_of_room,
};

/// Reads that are under way at a time: hides the latency, spares the node.
const PARALLEL_READS: usize = 64;
/// Fees rise while blocks are full: what a transaction may cost later, in what it costs now.
const FEE_MARGIN: u128 = 3;
/// Transactions of the payer that may wait: far below what a pool holds, and more than most blocks take of them.
const AHEAD: u64 = 4_000;
/// Pause between looks at what is in blocks.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest time in which no block takes any of them: many slots, even if some are empty.
const STALLED: Duration = Duration::from_secs(120);
/// Names the accounts among those that the payer's secret makes.
const DERIVATION: &str = "load";

/// An account that sends.
pub(crate) struct Sender {
	pub(crate) keypair: Keypair,
	pub(crate) account: AccountId32,
	/// Its next transaction's.
	pub(crate) nonce: u64,
}

/// Arguments of `transfer_keep_alive`.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(crate) struct Transfer {
	dest: MultiAddress<AccountId32, ()>,
	value: u128,
}

/// Sends money, but never the sender's last.
pub(crate) fn transfer(to: AccountId32, value: u128) -> DynamicPayload<Transfer> {
	DynamicPayload::new("Balances", "transfer_keep_alive", Transfer { dest: MultiAddress::Id(to), value })
}

/// The account of a secret URI.
pub(crate) fn payer(suri: &str) -> Result<Keypair> {
	ensure!(!suri.trim().is_empty(), "the secret is empty; give words, a seed of 32 bytes, or a path such as //Alice");
	let uri: SecretUri =
		suri.parse().map_err(|_| anyhow!("--suri is no secret phrase, seed or path such as //Alice"))?;
	Keypair::from_uri(&uri).map_err(|error| anyhow!("the secret is wrong: {error}"))
}

/// The URI of the payer's account number `index` for a purpose.
pub(crate) fn uri(suri: &str, purpose: &str, index: u32) -> String {
	format!("{suri}//{DERIVATION}//{purpose}//{index}")
}

/// The payer's accounts for a purpose: those of [`uri`].
pub(crate) fn derive(payer: &Keypair, purpose: &str, count: u32) -> Vec<Keypair> {
	let base = payer.derive([DeriveJunction::hard(DERIVATION), DeriveJunction::hard(purpose)]);
	(0..count).map(|index| base.derive([DeriveJunction::hard(u64::from(index))])).collect()
}

/// Signs a call.
pub(crate) fn sign(at: &AtBlock, call: &impl Payload, signer: &Keypair, nonce: u64) -> Result<Vec<u8>> {
	let params = DefaultExtrinsicParamsBuilder::<Config>::new().nonce(nonce).immortal().build();
	let mut signable = at.tx().create_signable_offline(call, params).map_err(plain)?;
	Ok(signable.sign(signer).map_err(plain)?.into_encoded())
}

/// Does something for each sender, on all processors.
pub(crate) fn for_each<T: Send>(
	senders: &[Sender],
	act: impl Fn(usize, &Sender) -> Result<T> + Sync,
) -> Result<Vec<T>> {
	let threads = thread::available_parallelism().map_or(1, usize::from);
	let share = senders.len().div_ceil(threads).max(1);
	let act = &act;
	thread::scope(|scope| {
		let parts = senders.chunks(share).enumerate();
		// All start before the first is waited for.
		let workers: Vec<_> = parts
			.map(|(part, senders)| {
				scope.spawn(move || {
					let numbered = (part * share..).zip(senders);
					numbered.map(|(index, sender)| act(index, sender)).collect::<Result<Vec<T>>>()
				})
			})
			.collect();
		let mut all = Vec::with_capacity(senders.len());
		for worker in workers {
			all.extend(worker.join().map_err(|_| anyhow!("a thread that signs has panicked"))??);
		}
		Ok(all)
	})
}

/// What a transfer costs now.
pub(crate) async fn transfer_fee(at: &AtBlock, payer: &Keypair) -> Result<u128> {
	let account = payer.public_key().to_account_id();
	if at.metadata_ref().runtime_api_trait_by_name("TransactionPaymentApi").is_none() {
		return Ok(0);
	}
	let bytes = sign(at, &transfer(account, 1), payer, 0)?;
	at.tx().from_bytes(bytes).partial_fee_estimate().await.map_err(plain)
}

/// The accounts with money for so many transfers each, and `more` beside.
pub(crate) async fn funded(
	node: &Node,
	payer: &Keypair,
	accounts: Vec<Keypair>,
	transfers: u32,
	more: u128,
) -> Result<Vec<Sender>> {
	let at = node.best().await?;
	let fee = transfer_fee(&at, payer).await?;
	let least = existential_deposit(&at)?;
	// A planck is what a transfer transfers.
	let cost = fee.saturating_mul(FEE_MARGIN).saturating_add(1);
	let each = cost.saturating_mul(u128::from(transfers)).saturating_add(least.saturating_mul(2)).saturating_add(more);
	let ids: Vec<AccountId32> = accounts.iter().map(|keypair| keypair.public_key().to_account_id()).collect();
	let poor: Vec<AccountId32> = stream::iter(ids.iter().copied())
		.map(|account| {
			let at = &at;
			async move { Ok::<_, anyhow::Error>((account, node.account(at, account).await?.free)) }
		})
		.buffered(PARALLEL_READS)
		.try_filter_map(|(account, free)| async move { Ok((free < each).then_some(account)) })
		.try_collect()
		.await?;
	if !poor.is_empty() {
		let total = each.saturating_add(cost).saturating_mul(poor.len() as u128);
		let free = node.account(&at, payer.public_key().to_account_id()).await?.free;
		ensure!(free > total, "the payer has {free} of the smallest unit, and {} senders need {total}", poor.len());
		eprintln!("funding {} accounts", poor.len());
		fund(node, &at, payer, &poor, each).await?;
	}
	stream::iter(accounts.into_iter().zip(ids))
		.map(|(keypair, account)| async move {
			Ok::<_, anyhow::Error>(Sender { keypair, account, nonce: node.next_nonce(account).await? })
		})
		.buffered(PARALLEL_READS)
		.try_collect()
		.await
}

/// Sends each of them so much.
async fn fund(node: &Node, at: &AtBlock, payer: &Keypair, poor: &[AccountId32], each: u128) -> Result<()> {
	let first = node.next_nonce(payer.public_key().to_account_id()).await?;
	let numbered = (first..).zip(poor);
	let transactions =
		numbered.map(|(nonce, to)| sign(at, &transfer(*to, each), payer, nonce)).collect::<Result<_>>()?;
	include_all(node, payer, first, transactions).await.context("the senders are not funded")
}

/// Sends a payer's transactions, which have the nonces from `first` on, and waits until blocks have all.
pub(crate) async fn include_all(node: &Node, payer: &Keypair, first: u64, transactions: Vec<Vec<u8>>) -> Result<()> {
	let account = payer.public_key().to_account_id();
	let mut included = node.account(&node.best().await?, account).await?.nonce;
	let mut progress = Instant::now();
	let end = first.saturating_add(transactions.len() as u64);
	for (nonce, bytes) in (first..).zip(transactions) {
		while nonce >= included.saturating_add(AHEAD) {
			wait(node, account, &mut included, &mut progress).await?;
		}
		loop {
			match node.rpc().author_submit_extrinsic(&bytes).await {
				Ok(_) => break,
				Err(RpcError::User(error)) if is_for_want_of_room(error.code) => {
					wait(node, account, &mut included, &mut progress).await?;
				},
				Err(error) => return Err(plain(error)),
			}
		}
	}
	while included < end {
		wait(node, account, &mut included, &mut progress).await?;
	}
	Ok(())
}

/// Looks again how many of the payer's transactions are in blocks.
async fn wait(node: &Node, account: AccountId32, included: &mut u64, progress: &mut Instant) -> Result<()> {
	sleep(PAUSE).await;
	let nonce = node.account(&node.best().await?, account).await?.nonce;
	if nonce > *included {
		(*included, *progress) = (nonce, Instant::now());
	}
	if progress.elapsed() > STALLED {
		bail!("no block took the payer's transactions for {} seconds", STALLED.as_secs());
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn derived_accounts_are_those_of_their_uris() {
		let derived = derive(&payer("//Alice").unwrap(), "send", 3);
		for (index, keypair) in (0..).zip(derived) {
			let same = payer(&uri("//Alice", "send", index)).unwrap();
			assert_eq!(keypair.public_key().0, same.public_key().0, "number {index}");
		}
	}

	#[test]
	fn broken_secrets_are_refused_in_a_sentence() {
		assert!(payer(" ").err().unwrap().to_string().contains("empty"));
		assert!(payer("three wrong words").err().unwrap().to_string().contains("secret"));
	}

	#[test]
	fn work_is_shared_in_order() {
		let keypair = payer("//Alice").unwrap();
		let account = keypair.public_key().to_account_id();
		let senders: Vec<_> = (0..37).map(|nonce| Sender { keypair: keypair.clone(), account, nonce }).collect();
		let done = for_each(&senders, |index, sender| Ok((index as u64, sender.nonce))).unwrap();
		assert_eq!(done, (0..37).map(|number| (number, number)).collect::<Vec<_>>());
		assert!(for_each(&senders, |_, _| -> Result<()> { bail!("no") }).is_err());
		assert!(for_each(&[], |index, _| Ok(index)).unwrap().is_empty());
	}
}
