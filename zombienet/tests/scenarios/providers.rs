//! Providers prove on while validators die, are cut off and stop finalising, and no honest provider pays for it. That
//! they do through an upgrade, an equivocator's slash and the election of a new validator is shown in those scenarios.

use std::time::Duration;

use anyhow::{ensure, Result};
use peoples_cloud_zombienet::{
	island::Island,
	market::{Market, PERIOD},
	network::{Net, BEST},
	plan::Genesis,
	run,
};

/// As many as there are columns.
const PROVIDERS: usize = 3;

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
			let mut market = Market::start(net, "alice", PROVIDERS).await?;
			market.store().await?;
			market.prove(1, "to begin with").await?;

			// WHEN a validator is killed THEN they prove on
			net.kill("bob").await?;
			market.prove(2, "without a validator").await?;
			net.restart("bob").await?;
			let now = net.metric("alice", BEST).await?;
			net.finalise(&["bob"], now, Duration::from_secs(120)).await?;

			// WHEN another one is cut off THEN they prove on
			island.cut()?;
			market.prove(2, "while a validator is cut off").await?;
			island.heal()?;
			let now = net.metric("alice", BEST).await?;
			net.finalise(&["dave"], now, Duration::from_secs(300)).await?;

			// WHEN half of the validators are away, so that nothing is final, for more than two periods
			net.kill("bob").await?;
			net.kill("charlie").await?;
			let (best, last) = (net.metric("alice", BEST).await?, net.finalised("alice").await?);
			net.reaches("alice", BEST, best + 2.0 * f64::from(PERIOD) + 2.0, Duration::from_secs(300)).await?;
			let stalled = net.finalised("alice").await?;
			ensure!(stalled <= best, "{stalled} is final, after {last}, with half of the validators");
			net.restart("bob").await?;
			net.restart("charlie").await?;
			let now = net.metric("alice", BEST).await?;
			net.finalise(&net.names(), now + 1.0, Duration::from_secs(300)).await?;

			// THEN they have proven all the while, nobody was blamed, and the file is whole. Heights fit by far.
			let periods = market.prove_on(now as u32, "in the end").await?;
			// One, two, two, at least one while nothing was final, and one.
			ensure!(periods >= 7, "only {periods} periods proven");
			market.is_whole().await
		},
	)
}
