//! Signed transfers a second.
use std::{sync::Arc, time::Duration};

use anyhow::{anyhow, Result};

use crate::{
	cli::Transfers,
	node::{AtBlock, Node},
	report::Report,
	senders::{derive, for_each, funded, payer, sign, transfer, Sender},
	submit::{flood, Lane},
};

/// Names the senders among the payer's accounts.
const PURPOSE: &str = "send";

/// Funds the senders, signs all, then sends.
pub(crate) async fn run(node: &Arc<Node>, options: &Transfers, longest: Duration) -> Result<Report> {
	let payer = payer(&options.suri)?;
	let senders = options.senders.min(options.count).max(2);
	let each = options.count.div_ceil(senders);
	let senders = funded(node, &payer, derive(&payer, PURPOSE, senders), each, 0).await?;
	eprintln!("signing {} transfers", options.count);
	let at = node.best().await?;
	let lanes = tokio::task::block_in_place(|| sign_all(&at, &senders, options.count as usize))?;
	eprintln!("sending for {} s at most", longest.as_secs());
	flood(node, lanes, options.sending.connections, longest).await?.report(node, "transfers")
}

/// So many transfers, each sender's to the next one: a planck to an account that exists.
fn sign_all(at: &AtBlock, senders: &[Sender], count: usize) -> Result<Vec<Lane>> {
	for_each(senders, |index, sender| {
		let next = (index + 1) % senders.len();
		let to = senders.get(next).ok_or_else(|| anyhow!("there are no senders"))?.account;
		let call = transfer(to, 1);
		let nonces = (sender.nonce..).take(share(count, senders.len(), index));
		nonces.map(|nonce| sign(at, &call, &sender.keypair, nonce).map(Arc::<[u8]>::from)).collect()
	})
}

/// How many of `count` fall to number `index` of `among`.
fn share(count: usize, among: usize, index: usize) -> usize {
	count / among + usize::from(index < count % among)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shares_add_up_and_differ_by_one() {
		for (count, among) in [(100_000, 8_000), (7, 7), (5, 2), (1, 2), (10, 3)] {
			let shares: Vec<usize> = (0..among).map(|index| share(count, among, index)).collect();
			assert_eq!(shares.iter().sum::<usize>(), count);
			assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
		}
	}
}
