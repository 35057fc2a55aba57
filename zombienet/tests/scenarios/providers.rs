//! Providers prove on while validators die, are cut off and stop finalising, and no honest provider pays for it.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use anyhow::{ensure, Context, Result};
use peoples_cloud_zombienet::{
	chain::{is, Bytes32, Chain, Event, Events},
	island::Island,
	network::{Net, BEST},
	plan::Genesis,
	process::{free_port, succeed, write_noise, Daemon},
	reached, run, wait_for,
};
use serde_json::Value;

/// As many as there are columns.
const PROVIDERS: usize = 3;
/// Blocks of a proof period in the preset.
const PERIOD: f64 = 12.0;
/// Two periods, at half the speed and on a busy machine.
const PROVE: Duration = Duration::from_secs(240);
/// Longest that a command of the client may take.
const COMMAND: Duration = Duration::from_secs(180);
/// Who stores something.
const CLIENT: &str = "//Ferdie";

/// What happens to a provider only if it did not do its duty.
const BLAME: [(&str, &str); 7] = [
	("StorageProofs", "Missed"),
	("StorageProofs", "Suspended"),
	("StorageProofs", "Terminated"),
	("StorageProofs", "Stale"),
	("Providers", "Slashed"),
	("Providers", "Suspended"),
	("Providers", "Terminated"),
];

/// What the final chain tells of the providers.
struct Record {
	events: Events,
	proven: HashMap<Bytes32, usize>,
	blame: Vec<String>,
}

impl Record {
	fn new(chain: &Chain) -> Self {
		Self { events: chain.events_from(1), proven: HashMap::new(), blame: Vec::new() }
	}

	fn note(proven: &mut HashMap<Bytes32, usize>, blame: &mut Vec<String>, height: u32, event: &Event) {
		let provider = event.field_bytes().first_chunk::<32>();
		if let Some(provider) = provider.filter(|_| is(event, "StorageProofs", "Proven")) {
			*proven.entry(*provider).or_default() += 1;
		}
		if let Some((pallet, variant)) = BLAME.iter().find(|(pallet, variant)| is(event, pallet, variant)) {
			blame.push(format!("{pallet}.{variant} of {provider:02x?} in block {height}"));
		}
	}

	/// Reads on, and fails if anybody was blamed.
	async fn read(&mut self) -> Result<()> {
		let Self { events, proven, blame } = self;
		events.read(|height, event| Self::note(proven, blame, height, event)).await?;
		ensure!(blame.is_empty(), "honest providers were punished: {blame:?}");
		Ok(())
	}

	/// Waits until each provider has proven so many periods more.
	async fn prove(&mut self, more: usize, what: &str, daemons: &mut [Daemon]) -> Result<()> {
		self.read().await?;
		let before = self.proven.clone();
		wait_for(PROVE, &format!("{more} periods proven {what}"), async || {
			let read = self.read().await;
			if !self.blame.is_empty() {
				// No reason to wait on: it is reported below.
				return Ok(Ok(()));
			}
			read?;
			for daemon in daemons.iter_mut() {
				daemon.must_run()?;
			}
			let done = |(provider, times): (&Bytes32, &usize)| *times >= before.get(provider).unwrap_or(&0) + more;
			let able = self.proven.iter().filter(|entry| done(*entry)).count();
			reached(able == PROVIDERS, (), || format!("{able} providers have"))
		})
		.await?;
		self.read().await
	}
}

fn start(net: &Net, url: &str, index: usize) -> Result<Daemon> {
	let data = net.directory().join(format!("provider-{index}"));
	let log = net.directory().join(format!("provider-{index}.log"));
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

async fn ppl(url: &str, arguments: &[&str]) -> Result<String> {
	succeed("ppl", arguments, &[("PPL_URL", url), ("PPL_SURI", CLIENT)], COMMAND).await
}

/// How many providers are in good standing and offer storage.
async fn in_good_standing(url: &str) -> Result<usize> {
	let providers: Vec<Value> = serde_json::from_str(&ppl(url, &["providers", "--json"]).await?)?;
	let good = |provider: &&Value| {
		provider.get("standing").and_then(Value::as_str) == Some("active")
			&& provider.get("offer").is_some_and(Value::is_object)
	};
	Ok(providers.iter().filter(good).count())
}

#[test]
fn providers_prove_on_through_all_of_it() -> Result<()> {
	let directory = tempfile::tempdir()?;
	let mut island = Island::new()?;
	let nodes = island.validators(directory.path(), &["Alice", "Bob", "Charlie"], &["Dave"])?;
	let genesis = Genesis::new(&["Alice", "Bob", "Charlie", "Dave"], 60);
	run(
		Duration::from_secs(1080),
		async || Net::spawn(&genesis, &nodes).await,
		async |net| {
			// GIVEN four validators that finalise, three providers at one of them, and a file that they hold
			net.finalise(&net.names(), 2.0, Duration::from_secs(120)).await?;
			let url = net.url("alice")?;
			let mut daemons = (0..PROVIDERS).map(|index| start(net, &url, index)).collect::<Result<Vec<_>>>()?;
			wait_for(Duration::from_secs(120), "three providers that offer storage", async || {
				let good = in_good_standing(&url).await?;
				reached(good == PROVIDERS, (), || format!("{good} providers"))
			})
			.await
			.with_context(|| daemons.iter().map(Daemon::tail).collect::<Vec<_>>().join("\n"))?;
			let file: PathBuf = net.directory().join("file");
			write_noise(&file, 1 << 20)?;
			let object = ppl(&url, &["put", &file.to_string_lossy(), "--code", "1/3", "--periods", "500"]).await?;
			let mut record = Record::new(&net.chain("alice").await?);
			record.prove(1, "to begin with", &mut daemons).await?;

			// WHEN a validator is killed THEN they prove on
			net.kill("bob").await?;
			record.prove(2, "without a validator", &mut daemons).await?;
			net.restart("bob").await?;
			let now = net.metric("alice", BEST).await?;
			net.finalise(&["bob"], now, Duration::from_secs(120)).await?;

			// WHEN another one is cut off THEN they prove on
			island.cut()?;
			record.prove(2, "while a validator is cut off", &mut daemons).await?;
			island.heal()?;
			let now = net.metric("alice", BEST).await?;
			net.finalise(&["dave"], now, Duration::from_secs(300)).await?;

			// WHEN half of the validators are away, so that nothing is final, for more than two periods
			net.kill("bob").await?;
			net.kill("charlie").await?;
			let (best, last) = (net.metric("alice", BEST).await?, net.finalised("alice").await?);
			net.reaches("alice", BEST, best + 2.0 * PERIOD + 2.0, Duration::from_secs(300)).await?;
			let stalled = net.finalised("alice").await?;
			ensure!(stalled <= best, "{stalled} is final, after {last}, with half of the validators");
			net.restart("bob").await?;
			net.restart("charlie").await?;
			let now = net.metric("alice", BEST).await?;
			net.finalise(&net.names(), now + 1.0, Duration::from_secs(300)).await?;

			// THEN they have proven all the while, nobody was blamed, and the file is whole
			record.prove(1, "in the end", &mut daemons).await?;
			let periods = record.proven.values().min().copied().unwrap_or_default();
			// One, two, two, at least one while nothing was final, and one.
			ensure!(periods >= 7, "only {periods} periods proven: {:?}", record.proven.values());
			let good = in_good_standing(&url).await?;
			ensure!(good == PROVIDERS, "only {good} providers in good standing");
			let copy = net.directory().join("copy");
			ppl(&url, &["get", &object, "-o", &copy.to_string_lossy()]).await?;
			ensure!(std::fs::read(&file)? == std::fs::read(&copy)?, "the file came back changed");
			Ok(())
		},
	)
}
