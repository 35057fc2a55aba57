//! Storage proofs a second: the answers of all providers that have a challenge open at one moment.
//!
//! Each provider answers once a period, hence blocks fill with proofs only where there are very many of them. So as many
//! register as one machine can make up, all with the same column; the proofs of those whose windows overlap are kept back and
//! sent at once. Needs a network that nobody minds: the providers stay registered and miss all that comes after.
use std::{sync::Arc, time::Duration};

use anyhow::{anyhow, ensure, Context, Result};
use futures::{stream, StreamExt, TryStreamExt};
use peoples_cloud_client::{
	chain::{Chain, Challenge},
	node::NodeChain,
};
use peoples_cloud_primitives::BlockNumber;

use crate::{
	cli::Prove,
	column::Column,
	node::{AtBlock, Node},
	providers::{make, prove, Made, Provider, PARALLEL_READS},
	report::Report,
	senders::{for_each, payer, Sender},
	submit::{flood, Lane},
};

/// Columns of an agreement: the most that the chain takes.
const COLUMNS: usize = 64;
/// Length of an agreement in periods: longer than the measurement.
const DURATION: u32 = 100;
/// Blocks that a challenge must still be open for: time to sign and send.
const MARGIN: BlockNumber = 4;
/// Longest wait for a block number, a block.
const SLOWEST_BLOCK: Duration = Duration::from_secs(30);

/// A provider with an open challenge.
struct Challenged {
	/// Its place among the providers.
	index: usize,
	challenge: Challenge,
}

/// Makes providers, gives each a column, waits until about half of them are challenged, and sends their answers.
pub(crate) async fn run(node: &Arc<Node>, options: &Prove, longest: Duration) -> Result<Report> {
	let chain = NodeChain::connect(node.url()).await?;
	let payer = payer(&options.suri)?;
	let column = Column::new(options.depth);
	let made = Made {
		suri: &options.suri,
		purpose: "prove",
		count: options.providers,
		// It proves. One to spare.
		transactions: 2,
		columns: COLUMNS,
		duration: DURATION,
		max_duration: DURATION,
	};
	let providers = make(node, &chain, &payer, &made, &column).await?;

	// Everybody has had a slot when two periods are over.
	let period = chain.proof_params().await?.period_blocks;
	let best = chain.heads().borrow().best;
	eprintln!("waiting for {} blocks", period.saturating_mul(2));
	reach(&chain, best.saturating_add(period.saturating_mul(2))).await?;

	let challenged = challenged(&chain, &providers).await?;
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

/// The providers that can answer now, those with the least time first.
async fn challenged(chain: &NodeChain, providers: &[Provider]) -> Result<Vec<Challenged>> {
	let mut challenged: Vec<Challenged> = stream::iter(providers.iter().enumerate())
		.map(|(index, provider)| async move {
			let duty = chain.duty(provider.sender.account.0).await?;
			let challenge = duty.and_then(|duty| duty.challenge).filter(|challenge| challenge.blocks_left >= MARGIN);
			Ok::<_, anyhow::Error>(challenge.map(|challenge| Challenged { index, challenge }))
		})
		.buffered(PARALLEL_READS)
		.try_filter_map(|challenged| async move { Ok(challenged) })
		.try_collect()
		.await?;
	challenged.sort_by_key(|challenged| challenged.challenge.blocks_left);
	Ok(challenged)
}

/// How many periods each of them has proven.
async fn proven(chain: &NodeChain, providers: &[Provider], challenged: &[Challenged]) -> Result<Vec<u32>> {
	stream::iter(challenged)
		.map(|challenged| async move {
			let provider = providers.get(challenged.index).context("there is no such provider")?;
			Ok::<_, anyhow::Error>(chain.duty(provider.sender.account.0).await?.map_or(0, |duty| duty.proven))
		})
		.buffered(PARALLEL_READS)
		.try_collect()
		.await
}

/// Their signed answers.
async fn answers(
	node: &Node,
	at: &AtBlock,
	providers: &[Provider],
	challenged: &[Challenged],
	column: &Column,
) -> Result<Vec<Lane>> {
	let senders: Vec<Sender> = stream::iter(challenged)
		.map(|challenged| async move {
			let Provider { sender, .. } = providers.get(challenged.index).context("there is no such provider")?;
			let nonce = node.next_nonce(sender.account).await?;
			Ok::<_, anyhow::Error>(Sender { keypair: sender.keypair.clone(), account: sender.account, nonce })
		})
		.buffered(PARALLEL_READS)
		.try_collect()
		.await?;
	tokio::task::block_in_place(|| {
		for_each(&senders, |place, sender| {
			let challenged = challenged.get(place).ok_or_else(|| anyhow!("there is no such challenge"))?;
			let provider = providers.get(challenged.index).ok_or_else(|| anyhow!("there is no such provider"))?;
			Ok(vec![prove(at, sender, provider.agreement, &challenged.challenge, column)?])
		})
	})
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
