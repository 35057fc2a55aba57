//! The network falls in two halves and comes together again.

use std::time::Duration;

use anyhow::{ensure, Result};
use peoples_cloud_zombienet::{
	island::Island,
	network::{Net, BEST, FINALISED},
	plan::Genesis,
	run,
};
use tokio::time::sleep;

/// A vote that was under way at the cut has arrived by then.
const SETTLE: Duration = Duration::from_secs(5);

#[test]
fn halves_of_a_network_come_together_again() -> Result<()> {
	let directory = tempfile::tempdir()?;
	let mut island = Island::new()?;
	let nodes = island.validators(directory.path(), &["Alice", "Bob"], &["Charlie", "Dave"])?;
	let genesis = Genesis::new(&["Alice", "Bob", "Charlie", "Dave"], 60);
	run(
		Duration::from_secs(600),
		// GIVEN four validators, two of them behind a cable
		async || Net::spawn(&genesis, &nodes).await,
		async |net| {
			let names = net.names();
			net.finalise(&names, 3.0, Duration::from_secs(120)).await?;

			// WHEN it is cut
			island.cut()?;
			sleep(SETTLE).await;
			let halves = ["alice", "charlie"];
			let (mut best, mut last) = (Vec::new(), Vec::new());
			for half in halves {
				best.push(net.metric(half, BEST).await?);
				last.push(net.finalised(half).await?);
			}
			// THEN each half makes blocks of its own
			let mut ends = Vec::new();
			for (half, best) in halves.into_iter().zip(best) {
				ends.push(net.reaches(half, BEST, best + 6.0, Duration::from_secs(120)).await?);
			}
			let split = ends[0].min(ends[1]);
			let mut heads = Vec::new();
			for half in halves {
				heads.push(net.chain(half).await?.hash_of(split as u32).await?);
			}
			ensure!(heads[0] != heads[1], "both halves have the same block {split}: nothing was cut");
			// AND neither finalises any of them, since neither has two thirds
			for (half, last) in halves.into_iter().zip(last) {
				let now = net.finalised(half).await?;
				ensure!(now == last && now < split, "{half} finalised {now} by itself, {last} before");
			}

			// WHEN it is mended THEN all agree on one chain and finalise on
			island.heal()?;
			let goal = ends[0].max(ends[1]) + 3.0;
			// Votes that were lost are repeated after two minutes.
			net.finalise(&names, goal, Duration::from_secs(300)).await?;
			let mut hashes = Vec::new();
			for name in &names {
				hashes.push(net.chain(name).await?.hash_of(split as u32).await?);
				net.reaches(name, FINALISED, goal, Duration::from_secs(10)).await?;
			}
			ensure!(hashes.iter().all(|hash| hash.is_some() && *hash == hashes[0]), "{hashes:?}");
			Ok(())
		},
	)
}
