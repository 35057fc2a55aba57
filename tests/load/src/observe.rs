//! Follows best and finalised blocks, across lost connections.
use std::{
	collections::{HashMap, VecDeque},
	sync::Arc,
	time::{Duration, Instant},
};

use anyhow::{bail, Context, Result};
use subxt::{rpcs::client::RpcSubscription, utils::H256};
use tokio::{
	sync::mpsc,
	task::JoinHandle,
	time::{sleep, timeout, timeout_at},
};

use crate::{
	node::{hash_of, plain, Block, Header, Node},
	report::{Observed, Report},
};

/// Pause before the subscriptions are made anew.
const PAUSE: Duration = Duration::from_millis(500);
/// A chain without a new block for this long is subscribed to anew, in case a subscription was lost silently.
const SILENCE: Duration = Duration::from_secs(30);
/// After so long without an answer the node is given up: longer than a killed one takes to return.
const GIVE_UP: Duration = Duration::from_secs(120);
/// Blocks that may wait to be looked at: a minute of the fastest chains.
const QUEUE: usize = 64;
/// Blocks that are remembered, and how many are read at most where some were missed: below the 256 whose state a node keeps.
const REMEMBERED: usize = 200;

/// Looks at `blocks` blocks of the best chain.
pub(crate) async fn watch(node: &Arc<Node>, blocks: u32, longest: Duration) -> Result<Report> {
	let until = tokio::time::Instant::now() + longest;
	let mut watcher = Watcher::start(node.clone());
	let mut seen = Vec::new();
	loop {
		match timeout_at(until, watcher.next()).await {
			Ok(block) => seen.push(block?),
			// What was seen until then still tells something, above all of a chain that stands still.
			Err(_) => break,
		}
		// The first is where counting starts.
		let enough = usize::try_from(blocks)?;
		if seen.len() > enough && best_chain(&seen).len() > enough {
			break;
		}
	}
	let chain = best_chain(&seen);
	let Some(observed) = Observed::of(&chain) else {
		bail!("fewer than two new blocks in {} seconds: the chain stands still", longest.as_secs());
	};
	Ok(Report { url: node.url().into(), what: None, chain: observed })
}

/// New best blocks, each once, parents first; ends with its owner.
#[derive(Debug)]
pub(crate) struct Watcher {
	blocks: mpsc::Receiver<Result<Block>>,
	task: JoinHandle<()>,
}

impl Drop for Watcher {
	fn drop(&mut self) {
		self.task.abort();
	}
}

impl Watcher {
	/// Starts following.
	pub(crate) fn start(node: Arc<Node>) -> Self {
		let (sender, blocks) = mpsc::channel(QUEUE);
		let task = tokio::spawn(async move {
			let mut follower = Follower { node, sender, sent: VecDeque::new(), finalised: 0, heard: Instant::now() };
			follower.run().await;
		});
		Self { blocks, task }
	}

	/// The next one. May be cancelled.
	pub(crate) async fn next(&mut self) -> Result<Block> {
		self.blocks.recv().await.context("nobody follows the chain any more")?
	}

	/// The next one, if it waits already.
	pub(crate) fn ready(&mut self) -> Option<Result<Block>> {
		self.blocks.try_recv().ok()
	}
}

/// The chain that ends with the block seen last, as far back as its blocks were seen.
pub(crate) fn best_chain(seen: &[Block]) -> Vec<Block> {
	let by_hash: HashMap<H256, &Block> = seen.iter().map(|block| (block.hash, block)).collect();
	let mut chain = Vec::new();
	let mut next = seen.last();
	while let Some(block) = next {
		chain.push(block.clone());
		next = by_hash.get(&block.parent).copied();
	}
	chain.reverse();
	chain
}

struct Follower {
	node: Arc<Node>,
	sender: mpsc::Sender<Result<Block>>,
	/// Hashes of the blocks that were passed on, newest last.
	sent: VecDeque<H256>,
	finalised: u64,
	heard: Instant,
}

impl Follower {
	async fn run(&mut self) {
		while !self.sender.is_closed() {
			if let Err(error) = self.follow().await {
				if self.heard.elapsed() > GIVE_UP {
					// If nobody listens, nobody needs to know.
					let _ = self.sender.send(Err(error)).await;
					return;
				}
			}
			sleep(PAUSE).await;
		}
	}

	/// Passes new blocks on until a subscription ends.
	async fn follow(&mut self) -> Result<()> {
		let rpc = self.node.rpc();
		let mut best: RpcSubscription<Header> = rpc.chain_subscribe_new_heads().await.map_err(plain)?;
		let mut finalised: RpcSubscription<Header> = rpc.chain_subscribe_finalized_heads().await.map_err(plain)?;
		self.finalised = self.node.finalised().await?;
		self.heard = Instant::now();
		loop {
			let next = timeout(SILENCE, async {
				tokio::select! {
					header = best.next() => (header, false),
					header = finalised.next() => (header, true),
				}
			});
			let Ok((header, is_finalised)) = next.await else { return Ok(()) };
			let Some(header) = header.transpose().map_err(plain)? else { return Ok(()) };
			self.heard = Instant::now();
			if is_finalised {
				self.finalised = self.finalised.max(header.number);
				continue;
			}
			let lag = header.number.saturating_sub(self.finalised);
			let missing = self.missing(header).await?;
			let newest = missing.len().saturating_sub(1);
			for (index, header) in missing.iter().enumerate() {
				let mut block = self.node.block(header).await?;
				block.lag = (index == newest).then_some(lag);
				self.remember(block.hash);
				if self.sender.send(Ok(block)).await.is_err() {
					return Ok(());
				}
			}
		}
	}

	/// A new head and those before it that were not passed on yet, oldest first; none if it was.
	async fn missing(&self, head: Header) -> Result<Vec<Header>> {
		// A new subscription begins with the head that there was.
		if self.sent.contains(&hash_of(&head)) {
			return Ok(Vec::new());
		}
		let mut parent = head.parent_hash;
		let mut headers = vec![head];
		while !self.sent.is_empty() && !self.sent.contains(&parent) && headers.len() < REMEMBERED {
			let header = self.node.header(parent).await?;
			if header.number == 0 {
				break;
			}
			parent = header.parent_hash;
			headers.push(header);
		}
		headers.reverse();
		Ok(headers)
	}

	fn remember(&mut self, hash: H256) {
		if self.sent.len() >= REMEMBERED {
			self.sent.pop_front();
		}
		self.sent.push_back(hash);
	}
}

#[cfg(test)]
mod tests;
