//! Not a test: what three validators make of their slots, and how far finality is behind, for docs/measurements.md.

use std::time::Duration;

use anyhow::{Context, Result};
use peoples_cloud_zombienet::{
	island::Island,
	network::{Net, BEST},
	plan::Genesis,
	process::succeed,
	run,
};
use serde_json::Value;

/// Blocks that each row is about.
const BLOCKS: &str = "40";
/// Longest that they may take: half of the slots may be empty.
const LONGEST: Duration = Duration::from_secs(300);

/// Watches the chain, as Alice's node sees it, and prints a row of the table.
async fn row(net: &Net, what: &str) -> Result<()> {
	let url = net.url("alice")?;
	let arguments = ["watch", "--url", &url, "--blocks", BLOCKS, "--seconds", "280", "--json"];
	let report: Value = serde_json::from_str(&succeed("load", &arguments, &[], LONGEST).await?)?;
	let number = |pointer: &str| {
		let value = report.pointer(pointer).and_then(Value::as_f64);
		value.with_context(|| format!("the report has no {pointer}: {report}"))
	};
	println!(
		"| {what} | {} of {} | {:.0} % | {} | {} |",
		number("/chain/slots/filled")?,
		number("/chain/slots/passed")?,
		number("/chain/slots/share")? * 100.0,
		number("/chain/finality_lag/median")?,
		number("/chain/finality_lag/max")?
	);
	Ok(())
}

#[test]
#[ignore = "a measurement, of a quarter of an hour"]
fn slots_and_finality_of_three_validators() -> Result<()> {
	let directory = tempfile::tempdir()?;
	let mut island = Island::new()?;
	let nodes = island.validators(directory.path(), &["Alice", "Bob"], &["Charlie"])?;
	let genesis = Genesis::new(&["Alice", "Bob", "Charlie"], 60);
	run(
		Duration::from_secs(1_700),
		async || Net::spawn(&genesis, &nodes).await,
		async |net| {
			net.finalise(&net.names(), 3.0, Duration::from_secs(120)).await?;
			println!("| network | slots with a block | share | blocks that finality is behind, median | at most |");
			println!("| --- | --- | --- | --- | --- |");
			row(net, "all three run").await?;

			net.kill("bob").await?;
			row(net, "one is killed: nobody finalises").await?;
			net.restart("bob").await?;
			row(net, "it is back").await?;
			row(net, "the next blocks").await?;

			island.cut()?;
			row(net, "one is cut off: nobody finalises").await?;
			island.heal()?;
			row(net, "the cable is mended").await?;
			row(net, "the next blocks").await?;
			net.finalise(&net.names(), net.metric("alice", BEST).await?, Duration::from_secs(120)).await
		},
	)
}
