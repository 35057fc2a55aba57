//! Reading many columns of an object in step, stripe by stripe, from whichever `k` are fastest.
//!
//! ```text
//! column task (k of them, sometimes more) ──bounded queue of shards──▶ StripeReader ──▶ caller
//! ```
//!
//! Each task opens one column at the current stripe and reads on; a full queue holds it back. The reader hands a
//! stripe out as soon as any `k` of its shards are there. A column that fails is replaced by a standby, which begins
//! at the current stripe. A lie (bytes that do not verify) ends the one who told it for that column, not the column: as
//! long as others hold it who have not failed at it, they are tried, at no cost to its tries. One that is late gets
//! company: a standby is started beside it, and whoever is behind when `k` others are ready goes. So a download goes
//! on as long as any `k` columns can be read, and never begins anew.
use std::{
	collections::{BTreeMap, VecDeque},
	future::poll_fn,
	ops::Range,
	sync::Arc,
	task::Poll,
	time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
	sync::mpsc,
	time::{sleep, timeout_at, Instant},
};
use tokio_util::task::AbortOnDropHandle;

use super::Blame;
use crate::{
	object::{to_usize, Layout},
	transfer::client::TransferError,
};

/// Shards that a column task may be ahead: at 64 KiB a shard and `k` = 8 that is 2 MiB for all, enough for a line of
/// 100 MB/s and 20 ms.
const QUEUE: usize = 4;
/// A stripe that has waited so long gets a standby for each shard that is missing. Longer than a round trip around
/// the globe with a lost packet or two, short enough that nobody believes the download dead.
const LATE: Duration = Duration::from_millis(1_500);
/// How long a column that was just started may be behind the others.
const GRACE: Duration = Duration::from_secs(5);
/// A column that all others wait for in half of this time gets company: long enough for a hiccup of the line to pass.
const SLOW_WINDOW: Duration = Duration::from_secs(4);
/// See [`SLOW_WINDOW`].
const SLOW_PERCENT: u32 = 50;
/// Times that a column is tried in a row.
const TRIES: u32 = 4;
/// Pause before the second try of a column, which doubles with each: a provider that restarts is back after seconds.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Where columns come from.
#[async_trait]
pub trait ColumnSource: Send + Sync + 'static {
	/// Opens a column at these of its chunks, with whoever failed least at it.
	async fn open(&self, column: usize, chunks: Range<u64>) -> Result<Box<dyn ColumnBytes>, TransferError>;

	/// Who is left that could send a column.
	fn holders(&self, column: usize) -> Holders;
}

/// How many could send a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holders {
	/// Who have not failed at it yet.
	pub untried: usize,
	/// Who have, and may be asked again.
	pub again: usize,
}

/// An open column. Its bytes are verified: they belong to the column, or reading fails.
#[async_trait]
pub trait ColumnBytes: Send {
	/// Reads on.
	async fn read_exact(&mut self, out: &mut [u8]) -> Result<(), TransferError>;
}

/// `k` shards of one stripe.
#[derive(Debug)]
pub struct StripeShards {
	/// The stripe.
	pub stripe: u64,
	/// Columns and their shards, in the order of columns.
	pub shards: Vec<(usize, Bytes)>,
}

/// Too few columns can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only {have} columns can be read, and {need} are needed; {}", reasons_text(.reasons))]
pub struct NotEnoughColumns {
	/// Columns that could still be read.
	pub have: usize,
	/// Columns needed.
	pub need: usize,
	/// Why others cannot.
	pub reasons: Vec<(usize, String)>,
}

fn reasons_text(reasons: &[(usize, String)]) -> String {
	if reasons.is_empty() {
		return "nobody offers the others; try again later or repair the object".into();
	}
	let reasons: Vec<String> = reasons.iter().map(|(column, reason)| format!("column {column}: {reason}")).collect();
	format!("try again later or repair the object ({})", reasons.join("; "))
}

/// Reads stripes from the fastest `k` columns.
pub struct StripeReader {
	source: Arc<dyn ColumnSource>,
	k: usize,
	shard_bytes: usize,
	shard_chunks: u64,
	/// The current stripe and the end.
	stripes: Range<u64>,
	active: Vec<Active>,
	/// Columns that could be started, best first.
	standby: VecDeque<usize>,
	failures: BTreeMap<usize, Failure>,
	blame: Blame,
	/// When the last shard came in.
	last_arrival: Instant,
}

impl std::fmt::Debug for StripeReader {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		let active: Vec<usize> = self.active.iter().map(|active| active.column).collect();
		formatter
			.debug_struct("StripeReader")
			.field("stripes", &self.stripes)
			.field("active", &active)
			.field("standby", &self.standby)
			.finish_non_exhaustive()
	}
}

/// A column that is being read.
struct Active {
	column: usize,
	messages: mpsc::Receiver<Message>,
	/// Ends the task with the reader.
	_task: AbortOnDropHandle<()>,
	/// Its shard of the current stripe.
	shard: Option<Bytes>,
	since: Instant,
	/// It has delivered a shard that was of use.
	proven: bool,
}

enum Message {
	Shard(u64, Bytes),
	Failed(TransferError),
}

struct Failure {
	/// Tries that count.
	times: u32,
	/// Who was untried after the last failure.
	untried: usize,
	reason: String,
}

impl Default for Failure {
	fn default() -> Self {
		Self { times: 0, untried: usize::MAX, reason: String::new() }
	}
}

impl StripeReader {
	/// For these stripes of an object. `columns` are those that can be asked, best first.
	pub fn new(source: Arc<dyn ColumnSource>, layout: &Layout, stripes: Range<u64>, columns: Vec<usize>) -> Self {
		Self {
			source,
			k: usize::from(layout.k()),
			shard_bytes: to_usize(layout.shard_bytes().into()),
			shard_chunks: layout.shard_chunks(),
			stripes,
			active: Vec::new(),
			standby: columns.into(),
			failures: BTreeMap::new(),
			blame: Blame::new(SLOW_WINDOW, SLOW_PERCENT),
			last_arrival: Instant::now(),
		}
	}

	/// The next stripe; `None` after the last.
	pub async fn next(&mut self) -> Result<Option<StripeShards>, NotEnoughColumns> {
		if self.stripes.is_empty() {
			return Ok(None);
		}
		self.top_up()?;
		let mut late = Instant::now() + LATE;
		while self.ready() < self.k {
			match timeout_at(late, self.message()).await {
				Ok((column, message)) => self.take(column, message)?,
				Err(_) => {
					self.call_standbys();
					late += LATE;
				},
			}
		}
		Ok(Some(self.hand_out()))
	}

	fn ready(&self) -> usize {
		self.active.iter().filter(|active| active.shard.is_some()).count()
	}

	/// The next message of any column whose shard is missing.
	async fn message(&mut self) -> (usize, Message) {
		poll_fn(|context| {
			for active in self.active.iter_mut().filter(|active| active.shard.is_none()) {
				if let Poll::Ready(message) = active.messages.poll_recv(context) {
					return Poll::Ready((active.column, message.unwrap_or(Message::Failed(TransferError::Closed))));
				}
			}
			Poll::Pending
		})
		.await
	}

	fn take(&mut self, column: usize, message: Message) -> Result<(), NotEnoughColumns> {
		match message {
			Message::Shard(stripe, shard) if stripe == self.stripes.start => {
				let waited = self.last_arrival.elapsed();
				self.last_arrival = Instant::now();
				if let Some(active) = self.active.iter_mut().find(|active| active.column == column) {
					active.shard = Some(shard);
					active.proven = true;
				}
				// It is of use again. A download that is read slowly may lose its columns more than a few times.
				self.failures.remove(&column);
				if self.ready() == self.k && self.k > 1 {
					self.blame.note(column, waited);
				}
				Ok(())
			},
			// It was started when the others were not yet so far, and is catching up.
			Message::Shard(..) => Ok(()),
			Message::Failed(error) => {
				tracing::debug!(column, stripe = self.stripes.start, %error, "a column failed");
				self.active.retain(|active| active.column != column);
				let failure = self.failures.entry(column).or_default();
				failure.reason = error.to_string();
				// Each who holds it may fail once before that counts against the column.
				let Holders { untried, again } = self.source.holders(column);
				let others = untried > 0 && untried < failure.untried;
				failure.untried = untried;
				if !others {
					// Whom nobody could reach has had more time than others already.
					failure.times += if matches!(error, TransferError::Unreachable(_)) { TRIES / 2 } else { 1 };
				}
				// Whoever lied once is not asked again; nor is one that does not have it.
				if others || (again > 0 && failure.times < TRIES) {
					self.standby.push_back(column);
				}
				self.top_up()
			},
		}
	}

	/// Starts standbys until `k` columns are being read.
	fn top_up(&mut self) -> Result<(), NotEnoughColumns> {
		while self.active.len() < self.k {
			let Some(column) = self.standby.pop_front() else {
				return Err(NotEnoughColumns {
					have: self.active.len(),
					need: self.k,
					reasons: self.failures.iter().map(|(column, failure)| (*column, failure.reason.clone())).collect(),
				});
			};
			self.start(column);
		}
		Ok(())
	}

	/// Starts a standby for each shard that is late and has none on its way yet.
	fn call_standbys(&mut self) {
		let late = self.k.saturating_sub(self.ready());
		let on_their_way = |active: &&Active| active.shard.is_none() && active.since.elapsed() < LATE;
		let on_their_way = self.active.iter().filter(on_their_way).count();
		for _ in on_their_way..late {
			let Some(column) = self.standby.pop_front() else { return };
			tracing::debug!(column, stripe = self.stripes.start, "shards are late, asking one more column");
			self.start(column);
		}
	}

	fn start(&mut self, column: usize) {
		let (sender, messages) = mpsc::channel(QUEUE);
		let tried = self.failures.get(&column).map_or(0, |failure| failure.times);
		let task = ColumnTask {
			source: self.source.clone(),
			column,
			stripes: self.stripes.clone(),
			shard_bytes: self.shard_bytes,
			shard_chunks: self.shard_chunks,
			pause: match tried {
				0 => Duration::ZERO,
				tried => RETRY_PAUSE * 2u32.saturating_pow(tried - 1),
			},
		};
		let task = AbortOnDropHandle::new(tokio::spawn(task.run(sender)));
		self.active.push(Active { column, messages, _task: task, shard: None, since: Instant::now(), proven: false });
	}

	/// Hands the current stripe out, which is complete, and goes on to the next.
	fn hand_out(&mut self) -> StripeShards {
		let stripe = self.stripes.start;
		self.stripes.start += 1;
		// Those that are behind now, though others are not, go; unless they have only just begun.
		if self.active.len() > self.k {
			let (stay, go): (Vec<Active>, Vec<Active>) = std::mem::take(&mut self.active)
				.into_iter()
				.partition(|active| active.shard.is_some() || active.is_new());
			self.active = stay;
			self.standby.extend(go.iter().map(|active| active.column));
		}
		let mut shards: Vec<(usize, Bytes)> = self
			.active
			.iter_mut()
			.filter_map(|active| active.shard.take().map(|shard| (active.column, shard)))
			.collect();
		shards.sort_unstable_by_key(|(column, _)| *column);
		// One column that the others have been waiting for all the time: perhaps a standby is faster.
		if let Some(column) = self.blame.culprit().filter(|_| self.active.len() == self.k) {
			if let Some(standby) = self.standby.iter().position(|standby| !self.failures.contains_key(standby)) {
				if let Some(standby) = self.standby.remove(standby) {
					tracing::debug!(column, standby, "a column is slow, trying another beside it");
					self.start(standby);
				}
			}
		}
		StripeShards { stripe, shards }
	}
}

impl Active {
	fn is_new(&self) -> bool {
		!self.proven && self.since.elapsed() < GRACE
	}
}

struct ColumnTask {
	source: Arc<dyn ColumnSource>,
	column: usize,
	stripes: Range<u64>,
	shard_bytes: usize,
	shard_chunks: u64,
	pause: Duration,
}

impl ColumnTask {
	async fn run(self, sender: mpsc::Sender<Message>) {
		sleep(self.pause).await;
		if let Err(error) = self.read(&sender).await {
			// Nobody listens any more: then nobody minds.
			let _ = sender.send(Message::Failed(error)).await;
		}
	}

	async fn read(&self, sender: &mpsc::Sender<Message>) -> Result<(), TransferError> {
		let chunks = self.stripes.start * self.shard_chunks..self.stripes.end * self.shard_chunks;
		let mut bytes = self.source.open(self.column, chunks).await?;
		for stripe in self.stripes.clone() {
			let mut shard = vec![0; self.shard_bytes];
			bytes.read_exact(&mut shard).await?;
			if sender.send(Message::Shard(stripe, shard.into())).await.is_err() {
				break;
			}
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests;
