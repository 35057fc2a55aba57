//! The storage cloud's story, told while it happens: one validator, eight providers, a real file.
//!
//! `demo FILE` exits with an error if any part of the story fails to come true, and leaves no process behind: not when it
//! is interrupted either.
#![allow(clippy::print_stdout, reason = "the demo tells its story on stdout")]
use std::{
	collections::{BTreeMap, BTreeSet},
	path::{Path, PathBuf},
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_client::{
	chain::{AgreementInfo, Chain, ColumnState, Event},
	format::{format_ppl, object_from_cid},
	node::NodeChain,
	wallet::Signer,
};
use peoples_cloud_primitives::{AccountBytes, AgreementId, Balance, ColumnIndex, Hash32};
use peoples_cloud_tests::{
	devnet::{Devnet, Watcher},
	files,
	process::all_ended,
};
use tokio::{
	signal::unix::{signal, SignalKind},
	task::spawn_blocking,
};

/// Any 2 of 6 columns restore the file: two of eight providers stay free for repairs.
const CODE: &str = "2/6";
const PROVIDERS: usize = 8;
/// Long enough that the agreement is still running when it is closed early.
const PERIODS: &str = "200";
/// Longest that a command may take beside moving the file: a settlement waits for some periods.
const COMMAND_DEADLINE: Duration = Duration::from_secs(180);
/// Slowest that a file may move before that counts as a failure: a tenth of what two cores do.
const SLOWEST_MEBIBYTES_PER_SECOND: f64 = 1.0;
/// Longest that the network may take to end once it was told to, its own deadlines included.
const END_DEADLINE: Duration = Duration::from_secs(30);

/// Who runs, for the end.
type Pids = Arc<Mutex<Vec<i32>>>;

fn main() -> Result<()> {
	let file = std::env::args_os().nth(1).map(PathBuf::from).context("usage: demo FILE")?;
	let dir = tempfile::Builder::new().prefix("peoples-cloud-demo-").tempdir()?;
	let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
	let pids = Pids::default();
	let (told, interrupted) = runtime.block_on(async {
		let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
		// Whoever loses is dropped, and the network with it: it is told to end, and waited for.
		anyhow::Ok(tokio::select! {
			told = story(&file, dir.path(), &pids) => (told, false),
			_ = interrupt.recv() => (Ok(()), true),
			_ = terminate.recv() => (Ok(()), true),
		})
	})?;
	// A command that still runs ends with this process.
	runtime.shutdown_background();
	let pids = pids.lock().unwrap_or_else(PoisonError::into_inner).clone();
	let ended = all_ended(&pids, END_DEADLINE).context("something is left behind");
	if interrupted {
		ended?;
		bail!("interrupted");
	}
	let result = told.and(ended);
	if result.is_err() {
		println!("The demo failed; logs are kept in {}", dir.keep().display());
	}
	result
}

/// A demo under way.
struct Demo {
	start: Instant,
	net: Devnet,
	chain: Arc<NodeChain>,
	watcher: Watcher,
	alice: AccountBytes,
	/// The file, where its copies go, and its size.
	file: PathBuf,
	dir: PathBuf,
	mebibytes: f64,
}

/// What was stored.
struct Stored {
	cid: String,
	agreement: AgreementId,
	/// First holders, column by column.
	holders: Vec<AccountBytes>,
	roots: Vec<Hash32>,
	locked: Balance,
}

/// Who was paid what in the end.
struct Settled {
	paid: Balance,
	refunded: Balance,
}

/// What `ppl rm --json` says, as far as it is read.
#[derive(serde::Deserialize)]
struct Removed {
	refunded: String,
	settled: bool,
}

async fn story(file: &Path, dir: &Path, pids: &Pids) -> Result<()> {
	let mut demo = Demo::start(file, dir, pids).await?;
	let (stored, upload) = demo.store().await?;
	demo.earn(&stored).await?;
	let dead: Vec<AccountBytes> = stored.holders.iter().copied().take(2).collect();
	demo.kill(&dead)?;
	let download = demo.get(&stored.cid, "copy").await?;
	demo.say("the copy is byte-identical");
	let repaired = demo.repair(&stored, &dead).await?;
	demo.corrupt(&stored, &dead).await?;
	demo.get(&stored.cid, "again").await?;
	demo.say("byte-identical again");
	let settled = demo.settle(&stored).await?;

	let slashed = demo.sum(|event| match event {
		Event::Missed { slashed, .. } | Event::ColumnLost { slashed, .. } => *slashed,
		_ => 0,
	});
	let proofs = demo.sum(|event| u128::from(matches!(event, Event::Proven { .. })));
	let rows = [
		("file", format!("{:.1} MiB", demo.mebibytes)),
		("upload", format!("{upload:.1} MiB/s")),
		("download", format!("{download:.1} MiB/s, two holders dead")),
		("columns", format!("{} ({CODE})", stored.roots.len())),
		("providers killed", dead.len().to_string()),
		("columns repaired", repaired.to_string()),
		("proofs accepted", proofs.to_string()),
		("PPL paid", format_ppl(settled.paid)),
		("PPL refunded", format_ppl(settled.refunded)),
		("PPL slashed", format_ppl(slashed)),
	];
	spawn_blocking(move || demo.net.stop()).await??;
	println!();
	for (name, value) in rows {
		println!("{name:<18} {value}");
	}
	Ok(())
}

impl Demo {
	async fn start(file: &Path, dir: &Path, pids: &Pids) -> Result<Self> {
		let start = Instant::now();
		let bytes = std::fs::metadata(file).with_context(|| file.display().to_string())?.len();
		say(start, &format!("starting 1 validator and {PROVIDERS} providers"));
		let place = dir.join("net");
		// Columns are scrubbed at once, and what is corrupt is not healed in silence: the story is about its repair.
		let flags = ["--scrub-interval", "10s", "--no-heal"];
		let net = spawn_blocking(move || Devnet::start(&place, PROVIDERS, &flags)).await??;
		pids.lock().unwrap_or_else(PoisonError::into_inner).extend(net.pids());
		let chain = net.chain().await?;
		let watcher = Watcher::new(chain.clone());
		let alice = Signer::from_suri("//Alice")?.account();
		let mebibytes = bytes as f64 / f64::from(1 << 20);
		Ok(Self { start, net, chain, watcher, alice, file: file.into(), dir: dir.into(), mebibytes })
	}

	fn say(&self, text: &str) {
		say(self.start, text);
	}

	fn name(&self, account: &AccountBytes) -> Result<&str> {
		Ok(&self.net.provider(account)?.name)
	}

	/// Runs `ppl` as `//Alice`; must succeed within the time that such a file takes.
	async fn ppl(&self, args: &[&str]) -> Result<String> {
		let moving = Duration::from_secs_f64(self.mebibytes / SLOWEST_MEBIBYTES_PER_SECOND);
		let running = self.net.start_ppl(args)?;
		spawn_blocking(move || running.succeed(COMMAND_DEADLINE + moving)).await?
	}

	/// Sums something over all events so far.
	fn sum(&self, amount: impl Fn(&Event) -> Balance) -> Balance {
		self.watcher.seen().iter().map(amount).sum()
	}

	/// What providers have got in all: their earnings, and what was paid out of them.
	async fn income(&mut self, providers: &[AccountBytes]) -> Result<BTreeMap<AccountBytes, Balance>> {
		loop {
			let before = self.withdrawn(providers).await?;
			let mut income = before.clone();
			for provider in providers {
				*income.entry(*provider).or_default() += self.chain.earnings(*provider).await?;
			}
			// One may have withdrawn between the two reads.
			if self.withdrawn(providers).await? == before {
				return Ok(income);
			}
		}
	}

	async fn withdrawn(&mut self, providers: &[AccountBytes]) -> Result<BTreeMap<AccountBytes, Balance>> {
		self.watcher.until(COMMAND_DEADLINE, "the newest block", |_| true).await?;
		let of = |provider: &AccountBytes| {
			self.sum(|event| match event {
				Event::Withdrawn { account, amount } if account == provider => *amount,
				_ => 0,
			})
		};
		Ok(providers.iter().map(|provider| (*provider, of(provider))).collect())
	}

	/// Stores the file; answers what that is, and the speed.
	async fn store(&mut self) -> Result<(Stored, f64)> {
		let file = self.file.to_string_lossy().into_owned();
		self.say(&format!(
			"storing {file} ({:.0} MiB) as //Alice: any {} columns restore it",
			self.mebibytes,
			CODE.replace('/', " of ")
		));
		let started = Instant::now();
		let cid = self.ppl(&["put", &file, "--code", CODE, "--periods", PERIODS]).await?;
		let speed = self.mebibytes / started.elapsed().as_secs_f64();
		let agreements = self.chain.agreements_by_object(object_from_cid(&cid)?).await?;
		let AgreementInfo { id, columns, locked, .. } = agreements.into_iter().next().context("the agreement")?;
		let holders: Vec<AccountBytes> = columns.iter().map(|column| column.provider).collect();
		let different = holders.iter().collect::<BTreeSet<_>>().len();
		ensure!(different == holders.len(), "a provider holds two columns");
		self.say(&format!(
			"stored as {cid}: {} columns on {different} providers, {} locked in escrow",
			columns.len(),
			format_ppl(locked)
		));
		let roots = columns.iter().map(|column| column.root).collect();
		Ok((Stored { cid, agreement: id, holders, roots, locked }, speed))
	}

	/// Waits until every holder has proven three periods, and sees its earnings grow with them.
	async fn earn(&mut self, stored: &Stored) -> Result<()> {
		self.say("waiting until every holder has proven three periods");
		let holders = &stored.holders;
		let all_proved = |events: &[Event], times| holders.iter().all(|holder| proofs(events, holder) >= times);
		let deadline = Duration::from_secs(120);
		self.watcher.until(deadline, "a proof of every holder", |events| all_proved(events, 1)).await?;
		let first = self.income(holders).await?;
		let counted: Vec<usize> = holders.iter().map(|holder| proofs(self.watcher.seen(), holder)).collect();
		self.watcher
			.until(deadline, "three proofs of every holder", |events| {
				let more = |(holder, before): (&AccountBytes, &usize)| proofs(events, holder) >= (before + 1).max(3);
				holders.iter().zip(&counted).all(more)
			})
			.await?;
		for (holder, earned) in self.income(holders).await? {
			let name = self.name(&holder)?;
			let before = first.get(&holder).copied().unwrap_or_default();
			ensure!(earned > before, "{name} proved on, and its earnings did not grow from {before} planck");
			let times = proofs(self.watcher.seen(), &holder);
			self.say(&format!("  {name} proved {times} periods and earned {}", format_ppl(earned)));
		}
		Ok(())
	}

	fn kill(&self, dead: &[AccountBytes]) -> Result<()> {
		for holder in dead {
			let provider = self.net.provider(holder)?;
			self.say(&format!("kill -9 {} (pid {})", provider.name, provider.pid));
			provider.kill_hard()?;
		}
		self.say("getting the file back without them");
		Ok(())
	}

	/// Gets the file, which must be what was stored; answers the speed.
	async fn get(&self, cid: &str, name: &str) -> Result<f64> {
		let copy = self.dir.join(name);
		let started = Instant::now();
		self.ppl(&["get", cid, "-o", &copy.to_string_lossy()]).await?;
		let speed = self.mebibytes / started.elapsed().as_secs_f64();
		files::assert_same(&self.file, &copy)?;
		Ok(speed)
	}

	/// Waits until the dead have paid for it and others have their columns; answers how many were repaired.
	async fn repair(&mut self, stored: &Stored, dead: &[AccountBytes]) -> Result<usize> {
		self.say("waiting for the missed proofs to be reported and slashed, and for the columns' repair");
		self.watcher
			.until(Duration::from_secs(180), "the repair of the dead providers' columns", |events| {
				dead.iter().all(|holder| slashed_for_misses(events, holder) > 0)
					&& (0..).zip(&stored.holders).filter(|(_, holder)| dead.contains(holder)).all(|(column, _)| {
						replacements(events, stored.agreement).any(|(replaced, _)| replaced == column)
					})
			})
			.await?;
		for holder in dead {
			let slashed = slashed_for_misses(self.watcher.seen(), holder);
			self.say(&format!("  {} lost {} for missed proofs", self.name(holder)?, format_ppl(slashed)));
		}
		let agreement = self.chain.agreement(stored.agreement).await?.context("the agreement")?;
		ensure!(
			agreement
				.columns
				.iter()
				.all(|column| column.state == ColumnState::Held && !dead.contains(&column.provider)),
			"a column is still with a dead provider"
		);
		let replaced: Vec<_> = replacements(self.watcher.seen(), stored.agreement).collect();
		for (column, provider) in &replaced {
			let name = self.name(provider)?;
			ensure!(!stored.holders.contains(provider), "{name} has got column {column}, and held one before");
			self.say(&format!("  column {column} is now with {name}"));
		}
		Ok(replaced.len())
	}

	/// Overwrites a column on its holder's disk, and waits until that is found and declared.
	async fn corrupt(&mut self, stored: &Stored, dead: &[AccountBytes]) -> Result<()> {
		let mut held = stored.holders.iter().zip(&stored.roots);
		let (victim, root) = held.find(|(holder, _)| !dead.contains(holder)).context("a holder that lives")?;
		let path = files::find_column(&self.net.provider(victim)?.data_dir, root)?;
		self.say(&format!("overwriting the column on {}'s disk behind its back", self.name(victim)?));
		files::corrupt(&path)?;
		self.watcher
			.until(Duration::from_secs(90), "the corruption to be found and declared", |events| {
				events.iter().any(|event| matches!(event, Event::ColumnLost { provider, .. } if provider == victim))
			})
			.await?;
		self.say("it found out and declared the loss; getting the file once more");
		Ok(())
	}

	/// Closes the agreement and settles it; what was locked must have gone to the providers and back, to the planck.
	async fn settle(&mut self, stored: &Stored) -> Result<Settled> {
		self.say("closing the agreement early and settling it");
		let id = stored.agreement;
		let before = self.chain.free_balance(self.alice).await?;
		let removed: Removed = serde_json::from_str(&self.ppl(&["rm", &stored.cid, "--settle", "--json"]).await?)?;
		ensure!(removed.settled, "the agreement was not settled");
		let reported: Balance = removed.refunded.parse().context("what ppl says was refunded")?;
		self.watcher
			.until(Duration::from_secs(120), "the settlement", |events| {
				events.iter().any(|event| matches!(event, Event::AgreementEnded { agreement, .. } if *agreement == id))
			})
			.await?;
		ensure!(self.chain.agreements_of(self.alice).await?.is_empty(), "the agreement is still there");
		let earned = self.sum(|event| match event {
			Event::AgreementEnded { agreement, earned, .. } if *agreement == id => *earned,
			_ => 0,
		});
		let refunded = self.sum(|event| match event {
			Event::AgreementClosing { agreement, refunded } if *agreement == id => *refunded,
			Event::AgreementEnded { agreement, refunded, .. } if *agreement == id => *refunded,
			_ => 0,
		});
		ensure!(refunded == reported, "the chain paid {refunded} planck back, and ppl says {reported}");
		ensure!(
			refunded + earned == stored.locked,
			"{} planck were locked, {earned} earned and {refunded} paid back",
			stored.locked
		);
		// The deposit that comes back with it is far more than the fees.
		let more = self.chain.free_balance(self.alice).await?.saturating_sub(before);
		ensure!(more >= refunded, "{refunded} planck were paid back, and //Alice has only {more} more");
		let mut providers = Vec::new();
		for provider in &self.net.info.providers {
			providers.push(provider.account_bytes()?);
		}
		let paid: Balance = self.income(&providers).await?.values().sum();
		ensure!(paid == earned, "the providers got {paid} planck, and the agreement paid {earned}");
		self.say(&format!(
			"locked {} = paid {} + refunded {}, to the planck",
			format_ppl(stored.locked),
			format_ppl(paid),
			format_ppl(refunded)
		));
		Ok(Settled { paid, refunded })
	}
}

fn say(start: Instant, text: &str) {
	println!("[{:>5.1} s] {text}", start.elapsed().as_secs_f64());
}

fn proofs(events: &[Event], holder: &AccountBytes) -> usize {
	events.iter().filter(|event| matches!(event, Event::Proven { provider, .. } if provider == holder)).count()
}

fn slashed_for_misses(events: &[Event], holder: &AccountBytes) -> Balance {
	let slashed = events.iter().map(|event| match event {
		Event::Missed { provider, slashed, .. } if provider == holder => *slashed,
		_ => 0,
	});
	slashed.sum()
}

/// Columns of an agreement that were placed anew, and with whom.
fn replacements(events: &[Event], id: AgreementId) -> impl Iterator<Item = (ColumnIndex, AccountBytes)> + '_ {
	events.iter().filter_map(move |event| match event {
		Event::ColumnReplaced { agreement, column, provider } if *agreement == id => Some((*column, *provider)),
		_ => None,
	})
}
