//! Keeps the pool full: signed transactions go out over several connections, one of each lane at a time.
//!
//! Who starts whom, and which way data flows: [`flood`] starts a [`Watcher`] and one task a connection. Orders go to the
//! tasks, refusals come back; blocks say what was included, and with that the next of its lane goes out. All ends with
//! [`flood`].
use std::{
	collections::{BTreeMap, HashMap, HashSet},
	sync::Arc,
	time::Duration,
};

use anyhow::{anyhow, bail, Context, Result};
use futures::{stream, StreamExt};
use subxt::{
	config::{substrate::BlakeTwo256, Hasher},
	rpcs::{Error as RpcError, UserError},
	utils::H256,
};
use tokio::{
	sync::mpsc,
	task::JoinSet,
	time::{timeout_at, Instant},
};

use crate::{
	node::{connection, Block, Node, Rpc},
	observe::{best_chain, Watcher},
	report::{Observed, Report, Sent},
};

/// Requests of a connection that are under way at a time: hides the node's time to check a transaction.
const PARALLEL_REQUESTS: usize = 32;
/// Answers that may wait to be looked at.
const ANSWERS: usize = 256;
/// Longest wait for the first block.
const FIRST_BLOCK: Duration = Duration::from_secs(120);

/// JSON-RPC error codes of `author_submitExtrinsic`: sc-rpc-api's `author::error`.
mod code {
	/// The pool has it.
	pub(super) const IMPORTED: i32 = 1013;
	/// Banned for a while: the pool dropped it just before.
	pub(super) const BANNED: i32 = 1012;
	/// The pool is full.
	pub(super) const DROPPED: i32 = 1016;
}

/// Transactions of one sender, in the order of their nonces.
pub(crate) type Lane = Vec<Arc<[u8]>>;

/// What was sent, and what the chain did meanwhile.
#[derive(Debug)]
pub(crate) struct Flood {
	/// Blocks of the best chain; the first is from before anything was sent.
	pub(crate) chain: Vec<Block>,
	/// Hashes of all transactions.
	pub(crate) ours: HashSet<H256>,
	/// Why how many were refused.
	pub(crate) refused: BTreeMap<String, u64>,
}

/// Whether the node refuses a transaction only for want of room: it may be sent again.
pub(crate) fn is_for_want_of_room(code: i32) -> bool {
	matches!(code, code::BANNED | code::DROPPED)
}

/// Sends all transactions of all lanes, until all are in blocks or the time is over.
pub(crate) async fn flood(node: &Arc<Node>, lanes: Vec<Lane>, connections: u8, longest: Duration) -> Result<Flood> {
	let mut watcher = Watcher::start(node.clone());
	let (answers, mut answered) = mpsc::channel(ANSWERS);
	// Ends its tasks when it is dropped.
	let mut tasks = JoinSet::new();
	let mut orders = Vec::new();
	for _ in 0..connections {
		let rpc = connection(node.url()).await?;
		// A lane has one transaction under way, and another that was included before its request was answered.
		let (sender, receiver) = mpsc::channel(lanes.len().saturating_mul(2).max(1));
		tasks.spawn(serve(rpc, receiver, answers.clone()));
		orders.push(sender);
	}
	drop(answers);
	let mut pending = Pending::new(lanes, orders);

	let first = timeout_at(Instant::now() + FIRST_BLOCK, watcher.next()).await;
	let first = first.map_err(|_| anyhow!("the chain stands still"))??;
	let mut seen = vec![first];
	let until = Instant::now() + longest;
	pending.start()?;
	while !pending.is_done() {
		tokio::select! {
			block = watcher.next() => {
				let block = block?;
				for hash in &block.transactions {
					pending.included(hash)?;
				}
				pending.send_again()?;
				seen.push(block);
			},
			answer = answered.recv() => match answer {
				Some(answer) => pending.answered(answer),
				None => bail!("all connections to the node are lost"),
			},
			() = tokio::time::sleep_until(until) => break,
		}
	}
	let Pending { lane_of, refused, .. } = pending;
	Ok(Flood { chain: best_chain(&seen), ours: lane_of.into_keys().collect(), refused })
}

impl Flood {
	/// What came of it.
	pub(crate) fn report(self, node: &Node, kind: &'static str) -> Result<Report> {
		let refused: u64 = self.refused.values().sum();
		for (reason, count) in &self.refused {
			eprintln!("{count} refused: {reason}");
		}
		let Some((sent, chain)) = Sent::of(kind, &self.ours, refused, &self.chain) else {
			let reason = self.refused.keys().next().map_or("no block took them in time", String::as_str);
			bail!("none of {} {kind} was included: {reason}", self.ours.len());
		};
		let chain = Observed::of(&chain).context("the chain stands still")?;
		Ok(Report { url: node.url().into(), what: Some(sent), chain })
	}
}

/// A transaction to send.
struct Order {
	lane: usize,
	bytes: Arc<[u8]>,
}

/// What a node says of a transaction that it does not take.
struct Answer {
	order: Order,
	refusal: Refusal,
}

enum Refusal {
	/// It may be sent again.
	NoRoom,
	/// It is of no use.
	Refused(String),
}

/// Sends what is ordered over one connection.
async fn serve(rpc: Rpc, orders: mpsc::Receiver<Order>, answers: mpsc::Sender<Answer>) {
	let orders = stream::unfold(orders, |mut orders| async move { orders.recv().await.map(|order| (order, orders)) });
	orders
		.for_each_concurrent(PARALLEL_REQUESTS, |order| {
			let (rpc, answers) = (&rpc, &answers);
			async move {
				let refusal = match rpc.author_submit_extrinsic(&order.bytes).await {
					Ok(_) => return,
					Err(RpcError::User(error)) if error.code == code::IMPORTED => return,
					Err(RpcError::User(error)) if is_for_want_of_room(error.code) => Refusal::NoRoom,
					Err(RpcError::User(error)) => Refusal::Refused(describe(&error)),
					Err(error) => Refusal::Refused(error.to_string()),
				};
				// Nobody listens once the time is over.
				let _ = answers.send(Answer { order, refusal }).await;
			}
		})
		.await;
}

/// The pool's reason in full.
pub(crate) fn describe(error: &UserError) -> String {
	match &error.data {
		Some(data) => format!("{}: {}", error.message, data.get().trim_matches('"')),
		None => error.message.clone(),
	}
}

/// What is still to be sent or included.
struct Pending {
	lanes: Vec<Lane>,
	/// Of each lane, the transaction that is under way; past its end when it is done.
	next: Vec<usize>,
	lane_of: HashMap<H256, usize>,
	hashes: Vec<Vec<H256>>,
	/// Lanes whose transaction found no room.
	again: Vec<usize>,
	/// Lanes that are not done.
	open: usize,
	refused: BTreeMap<String, u64>,
	orders: Vec<mpsc::Sender<Order>>,
}

impl Pending {
	fn new(lanes: Vec<Lane>, orders: Vec<mpsc::Sender<Order>>) -> Self {
		let hash = |bytes: &Arc<[u8]>| BlakeTwo256.hash(bytes);
		let hashes: Vec<Vec<H256>> = lanes.iter().map(|lane| lane.iter().map(hash).collect()).collect();
		let lane_of = hashes.iter().enumerate().flat_map(|(lane, hashes)| hashes.iter().map(move |hash| (*hash, lane)));
		let lane_of = lane_of.collect();
		let open = lanes.iter().filter(|lane| !lane.is_empty()).count();
		let next = vec![0; lanes.len()];
		Self { lanes, next, lane_of, hashes, again: Vec::new(), open, refused: BTreeMap::new(), orders }
	}

	fn is_done(&self) -> bool {
		self.open == 0
	}

	fn start(&mut self) -> Result<()> {
		(0..self.lanes.len()).try_for_each(|lane| self.send(lane))
	}

	/// A block has a transaction: if it is one under way, the next of its lane goes out.
	fn included(&mut self, hash: &H256) -> Result<()> {
		let Some(&lane) = self.lane_of.get(hash) else { return Ok(()) };
		let place = self.hashes.get(lane).and_then(|hashes| hashes.iter().position(|other| other == hash));
		let Some(next) = self.next.get_mut(lane) else { return Ok(()) };
		// One that was included before, in a block that was retracted since, stays so: the pool sends it again.
		match place {
			Some(place) if place >= *next => *next = place + 1,
			_ => return Ok(()),
		}
		if self.current(lane).is_none() {
			self.open = self.open.saturating_sub(1);
		}
		self.send(lane)
	}

	fn answered(&mut self, Answer { order, refusal }: Answer) {
		let lane = order.lane;
		// Included meanwhile: it was sent twice.
		if self.current(lane).is_none_or(|bytes| *bytes != order.bytes) {
			return;
		}
		match refusal {
			Refusal::NoRoom => self.again.push(lane),
			Refusal::Refused(reason) => {
				*self.refused.entry(reason).or_default() += 1;
				// The lane's others would wait for this one's nonce.
				if let (Some(next), Some(all)) = (self.next.get_mut(lane), self.lanes.get(lane)) {
					*next = all.len();
				}
				self.open = self.open.saturating_sub(1);
			},
		}
	}

	/// After a block there is room again.
	fn send_again(&mut self) -> Result<()> {
		std::mem::take(&mut self.again).into_iter().try_for_each(|lane| self.send(lane))
	}

	/// The lane's transaction that is under way.
	fn current(&self, lane: usize) -> Option<&Arc<[u8]>> {
		self.lanes.get(lane)?.get(*self.next.get(lane)?)
	}

	fn send(&self, lane: usize) -> Result<()> {
		let Some(bytes) = self.current(lane) else { return Ok(()) };
		let orders = self.orders.get(lane % self.orders.len().max(1)).context("there is no connection")?;
		orders
			.try_send(Order { lane, bytes: bytes.clone() })
			.map_err(|_| anyhow!("a connection to the node is lost, or the node answers nothing on it"))
	}
}

#[cfg(test)]
mod tests;
