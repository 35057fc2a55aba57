//! A market beside the network: providers that hold a file, and what the final chain tells of them.

use std::{
	collections::HashMap,
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::{ensure, Context, Result};
use serde_json::Value;

use crate::{
	chain::{is, Bytes32, Chain, Event, Events},
	network::Net,
	process::{free_port, succeed, write_noise, Daemon},
	reached, wait_for,
};

/// Blocks of a proof period in the preset.
pub const PERIOD: u32 = 12;
/// Who stores the file: somebody with money whom no scenario needs for anything else.
const CLIENT: &str = "//Provider//31";
/// Bytes of the file: a few stripes.
const FILE: usize = 1 << 20;
/// Periods for which it is stored: more than any scenario lasts.
const PERIODS: &str = "500";
/// Two periods, at half the speed and on a busy machine.
const PROVE: Duration = Duration::from_secs(240);
/// Longest that providers may take to register and to offer storage.
const OFFER: Duration = Duration::from_secs(120);
/// Longest that a command of the client may take.
const COMMAND: Duration = Duration::from_secs(180);

/// What does not happen as long as providers and validators do their duty.
const BLAME: [(&str, &str); 10] = [
	("StorageProofs", "Missed"),
	("StorageProofs", "Excused"),
	("StorageProofs", "Suspended"),
	("StorageProofs", "Terminated"),
	("StorageProofs", "Stale"),
	("Providers", "Slashed"),
	("Providers", "Suspended"),
	("Providers", "Terminated"),
	("Staking", "SlashReported"),
	("Staking", "Slashed"),
];

/// Providers that run beside the network, at one of its nodes, and the file that they hold. They end with this.
#[derive(Debug)]
pub struct Market {
	url: String,
	directory: PathBuf,
	daemons: Vec<Daemon>,
	record: Record,
	object: Option<String>,
}

impl Market {
	/// Starts so many providers at that node. They register by themselves.
	pub async fn start(net: &Net, name: &str, providers: usize) -> Result<Self> {
		let (url, directory) = (net.url(name)?, net.directory().to_path_buf());
		let daemons = (0..providers).map(|index| start(&directory, &url, index)).collect::<Result<Vec<_>>>()?;
		let record = Record::new(net.chain(name).await?);
		Ok(Self { url, directory, daemons, record, object: None })
	}

	/// Waits until all providers offer storage, and stores a file with a column on each.
	pub async fn store(&mut self) -> Result<()> {
		let providers = self.daemons.len();
		wait_for(OFFER, "providers that offer storage", async || {
			let good = self.in_good_standing().await?;
			reached(good == providers, (), || format!("{good} of {providers} providers"))
		})
		.await
		.with_context(|| self.tails())?;
		let file = self.directory.join("file");
		write_noise(&file, FILE)?;
		let (path, code) = (file.to_string_lossy(), format!("1/{providers}"));
		let put = self.ppl(&["put", &path, "--code", &code, "--periods", PERIODS]).await;
		self.object = Some(put.with_context(|| self.tails())?);
		self.record.read().await
	}

	/// Takes no offence at what that one is slashed for: it deserves it.
	pub fn spare(&mut self, offender: Bytes32) {
		self.record.seen.offender = Some(offender);
	}

	/// Reads on by another connection, after an upgrade of the runtime.
	pub fn follow(&mut self, chain: Chain) {
		self.record.events.follow(chain.clone());
		self.record.chain = chain;
	}

	/// Waits until each provider has proven so many periods more. Nobody may be blamed.
	pub async fn prove(&mut self, more: usize, what: &str) -> Result<()> {
		self.record.read().await?;
		let before = self.record.seen.proofs.clone();
		let done = |provider: &Bytes32, proofs: &Proofs| {
			proofs.times >= before.get(provider).map_or(0, |before| before.times) + more
		};
		self.wait(&format!("{more} periods proven {what}"), done).await
	}

	/// Waits until each provider has proven something in a block after `since`, and every period up to now: that of the
	/// last final block too, so that none is left whose slot had passed by then. Nobody may be blamed, and no period left
	/// out since the file was stored. Answers how many periods each has proven at least.
	pub async fn prove_on(&mut self, since: u32, what: &str) -> Result<usize> {
		let due = self.record.chain.finalised().await? / PERIOD;
		let done = |_: &Bytes32, proofs: &Proofs| proofs.period >= due && proofs.height > since;
		self.wait(&format!("all periods up to {due} proven {what}"), done).await?;
		Ok(self.record.seen.proofs.values().map(|proofs| proofs.times).min().unwrap_or_default())
	}

	/// Fails unless all providers are in good standing, and the file comes back as it was.
	pub async fn is_whole(&self) -> Result<()> {
		let (good, providers) = (self.in_good_standing().await?, self.daemons.len());
		ensure!(good == providers, "only {good} of {providers} providers are in good standing");
		let object = self.object.as_deref().context("nothing is stored")?;
		let copy = self.directory.join("copy");
		self.ppl(&["get", object, "-o", &copy.to_string_lossy()]).await.with_context(|| self.tails())?;
		ensure!(std::fs::read(self.directory.join("file"))? == std::fs::read(&copy)?, "the file came back changed");
		Ok(())
	}

	/// Waits until what is proven is enough for each provider, or somebody is blamed, which fails.
	async fn wait(&mut self, what: &str, done: impl Fn(&Bytes32, &Proofs) -> bool) -> Result<()> {
		let providers = self.daemons.len();
		wait_for(PROVE, what, async || {
			let read = self.record.read().await;
			if !self.record.seen.blame.is_empty() {
				// No reason to wait on: it is reported below.
				return Ok(Ok(()));
			}
			read?;
			for daemon in &mut self.daemons {
				daemon.must_run()?;
			}
			let proofs = &self.record.seen.proofs;
			let able = proofs.iter().filter(|entry| done(entry.0, entry.1)).count();
			reached(able == providers, (), || {
				format!("{able} of {providers} providers have: {:?}", proofs.values().collect::<Vec<_>>())
			})
		})
		.await
		.with_context(|| self.tails())?;
		self.record.read().await.with_context(|| self.tails())
	}

	/// How many providers are in good standing and offer storage.
	async fn in_good_standing(&self) -> Result<usize> {
		let providers: Vec<Value> = serde_json::from_str(&self.ppl(&["providers", "--json"]).await?)?;
		let good = |provider: &&Value| {
			provider.get("standing").and_then(Value::as_str) == Some("active")
				&& provider.get("offer").is_some_and(Value::is_object)
		};
		Ok(providers.iter().filter(good).count())
	}

	async fn ppl(&self, arguments: &[&str]) -> Result<String> {
		succeed("ppl", arguments, &[("PPL_URL", self.url.as_str()), ("PPL_SURI", CLIENT)], COMMAND).await
	}

	/// The end of each provider's log.
	fn tails(&self) -> String {
		self.daemons.iter().map(Daemon::tail).collect::<Vec<_>>().join("\n---\n")
	}
}

fn start(directory: &Path, url: &str, index: usize) -> Result<Daemon> {
	let data = directory.join(format!("provider-{index}"));
	let log = directory.join(format!("provider-{index}.log"));
	let (listen, operator) = (format!("/ip4/127.0.0.1/tcp/{}", free_port()?), format!("operator-{index}"));
	let data = data.to_string_lossy();
	let arguments = [
		"--dev",
		"--register",
		"--url",
		url,
		"--data-dir",
		&data,
		"--listen",
		&listen,
		"--capacity",
		"1GiB",
		"--price",
		"0.01",
		"--bond",
		"1000",
		"--operator",
		&operator,
		"--metrics-port",
		"0",
	];
	Daemon::start("peoples-cloud-provider", &arguments, &[("PPL_SURI", &format!("//Provider//{index}"))], &log)
}

/// What a provider has proven.
#[derive(Clone, Copy, Debug)]
struct Proofs {
	/// How many periods.
	times: usize,
	/// The last of them.
	period: u32,
	/// The block with its proof.
	height: u32,
}

/// What the final chain tells of providers, and of whom it blames.
#[derive(Debug)]
struct Record {
	chain: Chain,
	events: Events,
	seen: Seen,
}

/// What was read of it.
#[derive(Debug, Default)]
struct Seen {
	proofs: HashMap<Bytes32, Proofs>,
	blame: Vec<String>,
	/// Who may be slashed.
	offender: Option<Bytes32>,
}

impl Record {
	fn new(chain: Chain) -> Self {
		Self { events: chain.events_from(1), chain, seen: Seen::default() }
	}

	/// Reads on, and fails if anybody was blamed.
	async fn read(&mut self) -> Result<()> {
		let Self { events, seen, .. } = self;
		events.read(|height, event| seen.note(height, event)).await?;
		ensure!(seen.blame.is_empty(), "the honest were blamed: {:?}", seen.blame);
		Ok(())
	}
}

impl Seen {
	fn note(&mut self, height: u32, event: &Event) {
		let fields = event.field_bytes();
		let who = fields.first_chunk::<32>();
		if is(event, "StorageProofs", "Proven") {
			// The provider, then the period.
			let period = fields.get(32..).and_then(|rest| rest.first_chunk::<4>()).copied().map(u32::from_le_bytes);
			match (who, period) {
				(Some(who), Some(period)) => self.proven(*who, period, height),
				_ => self.blame.push(format!("a proof of another form in block {height}: {fields:02x?}")),
			}
		}
		let is_spared = self.offender.as_ref().is_some_and(|offender| who == Some(offender));
		let blame = BLAME.iter().find(|(pallet, variant)| is(event, pallet, variant));
		if let Some((pallet, variant)) = blame.filter(|_| !is_spared) {
			self.blame.push(format!("{pallet}.{variant} of {who:02x?} in block {height}"));
		}
	}

	/// Periods are resolved in order: what is between two that were proven was not.
	fn proven(&mut self, provider: Bytes32, period: u32, height: u32) {
		let before = self.proofs.get(&provider).copied();
		if let Some(before) = before.filter(|before| period != before.period + 1) {
			let last = before.period;
			self.blame.push(format!("{provider:02x?} proved period {period} in block {height}, after period {last}"));
		}
		let times = before.map_or(0, |before| before.times) + 1;
		self.proofs.insert(provider, Proofs { times, period, height });
	}
}
