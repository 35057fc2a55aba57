//! A market that goes on: providers that prove in every period, a client that extends its agreements, people who pay each
//! other. For chains that look like one in use, such as one to synchronise with.
//!
//! Every new block of the best chain sets off a round: the answers of those whose challenge has come, an extension, some
//! transfers. An answer that no block takes is sent again; all else is only traffic, and the next round has as much of it.
use std::{
	collections::{BTreeMap, HashSet},
	sync::Arc,
	time::Duration,
};

use anyhow::{bail, ensure, Context, Result};
use futures::{stream, StreamExt, TryStreamExt};
use peoples_cloud_client::{
	chain::{Chain, Duty},
	node::NodeChain,
};
use peoples_cloud_primitives::{challenge::period_of, AgreementId, Balance, BlockNumber, Period};
use subxt::{
	config::{substrate::BlakeTwo256, Hasher},
	ext::scale_encode::EncodeAsType,
	rpcs::Error as RpcError,
	transactions::DynamicPayload,
	utils::{AccountId32, H256},
};
use subxt_signer::sr25519::Keypair;
use tokio::time::{error::Elapsed, timeout, timeout_at, Instant};

use crate::{
	cli::Market,
	column::Column,
	node::{plain, AtBlock, Block, Node, READ_DEADLINE},
	observe::{best_chain, Watcher},
	providers::{make, prove, Made, Provider, PARALLEL_READS},
	report::Report,
	senders::{derive, funded, payer, sign, transfer, Sender},
	submit::{describe, is_for_want_of_room, Flood},
};

/// Columns of an agreement: as many as a small object has.
const COLUMNS: usize = 6;
/// Periods for which agreements are opened beyond the blocks that were asked for: they begin while the others are still
/// being opened, and a period costs next to nothing.
const SPARE_PERIODS: u32 = 100;
/// Periods that an extension adds.
const EXTENSION: u32 = 1;
/// Blocks after which an answer that is in none is sent again: half of the shortest window.
const PATIENCE: u64 = 3;
/// What a provider can pay beside its registration. Valid answers are free; those that were sent twice are not.
const TRANSACTIONS: u32 = 20;
/// Transactions that the node checks at a time.
const PARALLEL_SENDS: usize = 32;
/// Longest wait for a block.
const SLOWEST_BLOCK: Duration = Duration::from_secs(60);

/// A signed transaction, as it is sent.
type Transaction = Arc<[u8]>;

/// Arguments of `extend`.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Extend {
	agreement: AgreementId,
	periods: u32,
	max_price: Balance,
}

/// Arguments of `advance`.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Advance {
	provider: AccountId32,
}

/// A market, and what was sent to it.
struct Running<'a> {
	node: &'a Node,
	chain: Arc<NodeChain>,
	/// For signing.
	at: AtBlock,
	client: Keypair,
	column: Column,
	/// Length of a period.
	period_blocks: BlockNumber,
	/// Longest time to an agreement's end in periods, by the chain's rules and the providers' offers.
	max_duration: u32,
	providers: Vec<Provider>,
	/// One for each provider.
	cursors: Vec<Cursor>,
	agreements: Vec<AgreementId>,
	/// Half of them pay the others, in turn.
	people: Vec<Sender>,
	/// Rounds that were made.
	rounds: usize,
	ours: HashSet<H256>,
	refused: BTreeMap<String, u64>,
}

/// Makes a market and keeps it going for so many blocks.
pub(crate) async fn run(node: &Arc<Node>, options: &Market, longest: Duration) -> Result<Report> {
	let mut market = Running::open(node, options).await?;
	eprintln!("going on for {} blocks, {} s at most", options.blocks, longest.as_secs());
	let until = Instant::now() + longest;
	let mut watcher = Watcher::start(node.clone());
	let mut seen = Vec::new();
	let mut end = None;
	loop {
		let deadline = until.min(Instant::now() + SLOWEST_BLOCK);
		let mut block = match timeout_at(deadline, watcher.next()).await {
			Ok(block) => block?,
			Err(_) if Instant::now() >= until => break,
			Err(_) => bail!("the chain stands still"),
		};
		// A round for the newest one only: for those before it is too late.
		while let Some(newer) = watcher.ready() {
			seen.push(market.with_ours_only(std::mem::replace(&mut block, newer?)));
		}
		let number = block.number;
		seen.push(market.with_ours_only(block));
		let end = *end.get_or_insert(number.saturating_add(u64::from(options.blocks)));
		if number >= end || Instant::now() >= until {
			break;
		}
		market.round(number).await?;
	}

	let Outcome { proven, missed } = market.outcome().await?;
	eprintln!("{proven} proofs were valid, {missed} periods were missed");
	ensure!(missed == 0, "providers missed {missed} periods; is the machine too busy, or the window too short?");
	Flood { chain: best_chain(&seen), ours: market.ours, refused: market.refused }.report(node, "transactions")
}

impl<'a> Running<'a> {
	/// Registers providers, gives each a column, and funds people.
	async fn open(node: &'a Node, options: &Market) -> Result<Self> {
		let chain = NodeChain::connect(node.url()).await?;
		let client = payer(&options.suri)?;
		let column = Column::new(options.depth);
		let period_blocks = chain.proof_params().await?.period_blocks;
		let max_duration = chain.max_duration().await?;
		let duration = duration(options.blocks, period_blocks);
		ensure!(
			duration <= max_duration,
			"{} blocks need agreements over {duration} periods, and the chain takes {max_duration}",
			options.blocks
		);
		// Before there are agreements, so that no provider is challenged meanwhile.
		let people = derive(&client, "people", options.transfers.saturating_mul(2));
		let each = options.blocks.div_ceil(2).saturating_add(1);
		let people = funded(node, &client, people, each, 0).await?;
		let made = Made {
			suri: &options.suri,
			purpose: "market",
			count: options.providers,
			transactions: TRANSACTIONS,
			columns: COLUMNS,
			duration,
			max_duration,
		};
		let providers = make(node, &chain, &client, &made, &column).await?;
		let mut agreements: Vec<AgreementId> = providers.iter().map(|provider| provider.agreement).collect();
		agreements.dedup();
		let cursors = duties(&chain, &providers).await?.iter().map(Cursor::of).collect();
		Ok(Self {
			node,
			chain,
			at: node.best().await?,
			client,
			column,
			period_blocks,
			max_duration,
			providers,
			cursors,
			agreements,
			people,
			rounds: 0,
			ours: HashSet::new(),
			refused: BTreeMap::new(),
		})
	}

	/// What a new block gives rise to.
	async fn round(&mut self, block: u64) -> Result<()> {
		let mut transactions = self.answers(block).await?;
		transactions.extend(self.extension(block).await?);
		transactions.extend(self.payments().await?);
		self.rounds = self.rounds.saturating_add(1);
		self.send(transactions).await
	}

	/// The answers that are due, signed.
	async fn answers(&mut self, block: u64) -> Result<Vec<Transaction>> {
		let due: Vec<usize> =
			(0..).zip(&self.cursors).filter(|(_, cursor)| cursor.is_due(block)).map(|(index, _)| index).collect();
		let market = &*self;
		let looks: Vec<(usize, Duty, Option<Transaction>)> = stream::iter(due)
			.map(|index| async move {
				let provider = market.providers.get(index).context("there is no such provider")?;
				let duty = duty(&market.chain, provider).await?;
				let answer = market.answer(provider, &duty).await?;
				Ok::<_, anyhow::Error>((index, duty, answer))
			})
			.buffered(PARALLEL_READS)
			.try_collect()
			.await?;
		let mut transactions = Vec::new();
		for (index, duty, answer) in looks {
			if let Some(cursor) = self.cursors.get_mut(index) {
				cursor.look(&duty, block, answer.is_some());
			}
			transactions.extend(answer);
		}
		Ok(transactions)
	}

	/// What a provider has to send now, if anything.
	async fn answer(&self, provider: &Provider, duty: &Duty) -> Result<Option<Transaction>> {
		if duty.challenge.is_none() && !duty.overdue {
			return Ok(None);
		}
		let Sender { keypair, account, .. } = &provider.sender;
		let nonce = self.node.next_nonce(*account).await?;
		let bytes = match &duty.challenge {
			Some(challenge) => {
				let sender = Sender { keypair: keypair.clone(), account: *account, nonce };
				prove(&self.at, &sender, provider.agreement, challenge, &self.column)?
			},
			// It missed a period. Nobody else says so, and without it the next one may have to wait.
			None => {
				let call = DynamicPayload::new("StorageProofs", "advance", Advance { provider: *account });
				Arc::from(sign(&self.at, &call, keypair, nonce)?)
			},
		};
		Ok(Some(bytes))
	}

	/// The extension of the agreement whose turn it is, unless it lasts as long as it may already.
	async fn extension(&self, block: u64) -> Result<Option<Transaction>> {
		let turn = self.rounds % self.agreements.len().max(1);
		let id = *self.agreements.get(turn).context("there are no agreements")?;
		let current = period_of(BlockNumber::try_from(block)?, self.period_blocks);
		let agreement = self.chain.agreement(id).await?.context("an agreement is gone")?;
		if !is_extendable(agreement.end, current, self.max_duration) {
			return Ok(None);
		}
		let call = Extend { agreement: id, periods: EXTENSION, max_price: Balance::MAX };
		let call = DynamicPayload::new("Marketplace", "extend", call);
		let nonce = self.node.next_nonce(self.client.public_key().to_account_id()).await?;
		Ok(Some(Arc::from(sign(&self.at, &call, &self.client, nonce)?)))
	}

	/// Transfers from half of the people to the others.
	async fn payments(&self) -> Result<Vec<Transaction>> {
		stream::iter(0..self.people.len() / 2)
			.map(|number| async move {
				let (from, to) = pair(self.rounds, number, self.people.len());
				let from = self.people.get(from).context("nobody pays")?;
				let to = self.people.get(to).context("nobody is paid")?;
				let nonce = self.node.next_nonce(from.account).await?;
				let bytes = sign(&self.at, &transfer(to.account, 1), &from.keypair, nonce)?;
				Ok::<Transaction, anyhow::Error>(Transaction::from(bytes))
			})
			.buffered(PARALLEL_READS)
			.try_collect()
			.await
	}

	/// Sends transactions of different senders, and notes which the node takes, or why it does not.
	async fn send(&mut self, transactions: Vec<Transaction>) -> Result<()> {
		let node = self.node;
		let answers: Vec<(H256, Result<Result<_, RpcError>, Elapsed>)> = stream::iter(transactions)
			.map(|bytes| async move {
				let answer = timeout(READ_DEADLINE, node.rpc().author_submit_extrinsic(&bytes)).await;
				(BlakeTwo256.hash(&bytes), answer)
			})
			.buffer_unordered(PARALLEL_SENDS)
			.collect()
			.await;
		for (hash, answer) in answers {
			// The client waits for ever for a node that has gone.
			match answer.context("the node takes no transactions any more")? {
				Ok(_) => {
					self.ours.insert(hash);
				},
				Err(RpcError::User(error)) if is_for_want_of_room(error.code) => {},
				Err(RpcError::User(error)) => *self.refused.entry(describe(&error)).or_default() += 1,
				Err(error) => return Err(plain(error)),
			}
		}
		Ok(())
	}

	/// A block without what others sent, which need not be remembered.
	fn with_ours_only(&self, mut block: Block) -> Block {
		block.transactions.retain(|hash| self.ours.contains(hash));
		block
	}

	/// What became of the providers' periods so far.
	async fn outcome(&self) -> Result<Outcome> {
		Ok(Outcome::of(&self.cursors, &duties(&self.chain, &self.providers).await?))
	}
}

/// Where a provider stands, as far as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
	/// The period that it answers next.
	period: Period,
	/// The block of that period's challenge.
	slot: BlockNumber,
	/// The block at which it sent an answer to it last.
	sent: Option<u64>,
	/// The period that it began with, and what it had proven by then. Nothing is counted before: where there are very many
	/// providers, the first ones' windows close while the last ones' agreements are opened.
	start: Option<(Period, u32)>,
}

impl Cursor {
	fn of(duty: &Duty) -> Self {
		let mut cursor = Self { period: duty.first_unresolved, slot: duty.slot_block, sent: None, start: None };
		cursor.begin(duty);
		cursor
	}

	fn begin(&mut self, duty: &Duty) {
		if self.start.is_none() && !duty.overdue {
			self.start = Some((duty.first_unresolved, duty.proven));
		}
	}

	/// Whether there may be something to send at that block.
	fn is_due(&self, block: u64) -> bool {
		let waits = self.sent.is_some_and(|sent| block < sent.saturating_add(PATIENCE));
		u64::from(self.slot) <= block && !waits
	}

	/// Notes what was seen at that block, and whether something is sent for it.
	fn look(&mut self, duty: &Duty, block: u64, sends: bool) {
		if self.period != duty.first_unresolved {
			(self.period, self.slot, self.sent) = (duty.first_unresolved, duty.slot_block, None);
		}
		self.begin(duty);
		if sends {
			self.sent = Some(block);
		}
	}
}

/// What became of the providers' periods.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
	proven: u64,
	missed: u64,
}

impl Outcome {
	/// From where providers began to where they stand now.
	fn of(cursors: &[Cursor], duties: &[Duty]) -> Self {
		let mut outcome = Self { proven: 0, missed: 0 };
		for (cursor, duty) in cursors.iter().zip(duties) {
			let (first, before) = cursor.start.unwrap_or((duty.first_unresolved, duty.proven));
			let proven = duty.proven.saturating_sub(before);
			let passed = duty.first_unresolved.saturating_sub(first);
			// What is missed and not resolved yet counts too.
			let missed = passed.saturating_sub(proven).saturating_add(u32::from(duty.overdue));
			outcome.proven = outcome.proven.saturating_add(proven.into());
			outcome.missed = outcome.missed.saturating_add(missed.into());
		}
		outcome
	}
}

/// Where the providers stand.
async fn duties(chain: &NodeChain, providers: &[Provider]) -> Result<Vec<Duty>> {
	stream::iter(providers).map(|provider| duty(chain, provider)).buffered(PARALLEL_READS).try_collect().await
}

/// Where a provider stands.
async fn duty(chain: &NodeChain, provider: &Provider) -> Result<Duty> {
	chain.duty(provider.sender.account.0).await?.context("a provider holds nothing")
}

/// Length in periods of agreements that outlast so many blocks.
fn duration(blocks: u32, period_blocks: BlockNumber) -> u32 {
	blocks.div_ceil(period_blocks.max(1)).saturating_add(SPARE_PERIODS)
}

/// Whether the chain would extend an agreement with that end in that period.
fn is_extendable(end: Period, current: Period, max_duration: u32) -> bool {
	current < end && end.saturating_add(EXTENSION).saturating_sub(current) <= max_duration
}

/// Who of `people` pays whom, as number `number` of a round: nobody pays twice in it.
fn pair(round: usize, number: usize, people: usize) -> (usize, usize) {
	let people = people.max(1);
	let from = number.saturating_mul(2).saturating_add(round % 2) % people;
	(from, (from + 1) % people)
}

#[cfg(test)]
mod tests {
	use super::*;
	use peoples_cloud_primitives::holdings::Commitment;

	fn duty(first_unresolved: Period, slot_block: BlockNumber, proven: u32) -> Duty {
		Duty {
			first_unresolved,
			holdings: Commitment::default(),
			misses_in_row: 0,
			proven,
			slot_block,
			challenge: None,
			overdue: false,
			reportable: false,
			behind: false,
		}
	}

	fn overdue(first_unresolved: Period, slot_block: BlockNumber, proven: u32) -> Duty {
		Duty { overdue: true, reportable: true, ..duty(first_unresolved, slot_block, proven) }
	}

	#[test]
	fn answers_are_due_from_their_slot_on_and_again_after_a_while() {
		let mut cursor = Cursor::of(&duty(3, 40, 0));
		assert!(!cursor.is_due(39));
		assert!(cursor.is_due(40));
		// Nothing is sent: the challenge was not seen yet.
		cursor.look(&duty(3, 40, 0), 40, false);
		assert!(cursor.is_due(41));
		cursor.look(&duty(3, 40, 0), 41, true);
		assert!(!cursor.is_due(41) && !cursor.is_due(41 + PATIENCE - 1));
		assert!(cursor.is_due(41 + PATIENCE));
	}

	#[test]
	fn proven_period_gives_way_to_the_next_one() {
		let mut cursor = Cursor::of(&duty(3, 40, 0));
		cursor.look(&duty(3, 40, 0), 40, true);
		cursor.look(&duty(4, 55, 1), 43, false);
		assert_eq!(cursor, Cursor { period: 4, slot: 55, sent: None, start: Some((3, 0)) });
		assert!(!cursor.is_due(54) && cursor.is_due(55));
	}

	#[test]
	fn periods_that_pass_without_a_proof_are_missed() {
		let cursors = [duty(3, 0, 7), duty(5, 0, 0)].map(|duty| Cursor::of(&duty));
		assert_eq!(Outcome::of(&cursors, &[duty(3, 0, 7), duty(5, 0, 0)]), Outcome { proven: 0, missed: 0 });
		assert_eq!(Outcome::of(&cursors, &[duty(10, 0, 14), duty(9, 0, 3)]), Outcome { proven: 10, missed: 1 });
		// Its window is closed, and nobody has said so yet.
		assert_eq!(Outcome::of(&cursors, &[duty(10, 0, 14), overdue(9, 0, 4)]), Outcome { proven: 11, missed: 1 });
	}

	#[test]
	fn what_was_missed_before_the_start_is_not_counted() {
		let mut cursor = Cursor::of(&overdue(3, 40, 0));
		assert_eq!(cursor.start, None);
		assert!(cursor.is_due(60), "it is to be resolved");
		cursor.look(&overdue(3, 40, 0), 60, true);
		cursor.look(&duty(5, 70, 1), 63, false);
		assert_eq!(cursor.start, Some((5, 1)));
		assert_eq!(Outcome::of(&[cursor], &[duty(8, 0, 4)]), Outcome { proven: 3, missed: 0 });
	}

	#[test]
	fn agreements_outlast_the_blocks() {
		for (blocks, period_blocks) in [(1, 12), (10_000, 12), (10_001, 24), (100, 0)] {
			let blocks_covered = u64::from(duration(blocks, period_blocks)) * u64::from(period_blocks.max(1));
			assert!(blocks_covered > u64::from(blocks), "{blocks} by {period_blocks}");
		}
	}

	#[test]
	fn agreements_are_extended_up_to_the_longest_time_and_not_after_their_end() {
		assert!(is_extendable(109, 10, 100));
		assert!(!is_extendable(110, 10, 100));
		assert!(is_extendable(110, 11, 100));
		assert!(is_extendable(11, 10, 100));
		assert!(!is_extendable(10, 10, 100));
		assert!(!is_extendable(Period::MAX, 10, 100));
	}

	#[test]
	fn nobody_pays_twice_in_a_round_nor_themselves() {
		for (transfers, people) in [(1, 2), (5, 10)] {
			for round in 0..4 {
				let pairs: Vec<_> = (0..transfers).map(|number| pair(round, number, people)).collect();
				let payers: HashSet<_> = pairs.iter().map(|(from, _)| from).collect();
				assert_eq!(payers.len(), transfers);
				assert!(pairs.iter().all(|(from, to)| from != to && *from < people && *to < people), "{pairs:?}");
			}
		}
	}
}
