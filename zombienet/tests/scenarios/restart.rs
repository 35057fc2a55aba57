//! One of four validators is killed: the rest go on, and it catches up when it returns.

use std::time::Duration;

use anyhow::Result;
use peoples_cloud_zombienet::{
	network::{Net, BEST, BLOCKS_MADE, FINALISED},
	plan::Genesis,
	run,
};

const REST: [&str; 3] = ["alice", "bob", "charlie"];

#[test]
fn killed_validator_returns_and_catches_up() -> Result<()> {
	run(
		Duration::from_secs(420),
		// GIVEN four validators that finalise
		async || Net::validators(&Genesis::new(&["Alice", "Bob", "Charlie", "Dave"], 30)).await,
		async |net| {
			net.finalise(&net.names(), 3.0, Duration::from_secs(60)).await?;

			// WHEN one is killed
			net.kill("dave").await?;
			let killed_at = net.metric("alice", BEST).await?;

			// THEN the three, who are more than two thirds, finalise what came after
			net.finalise(&REST, killed_at + 8.0, Duration::from_secs(120)).await?;

			// WHEN it returns THEN it has what it missed within a minute, makes blocks, and all finalise on
			let missed = net.finalised("alice").await?;
			net.restart("dave").await?;
			net.reaches("dave", FINALISED, missed, Duration::from_secs(60)).await?;
			net.reaches("dave", BLOCKS_MADE, 1.0, Duration::from_secs(90)).await?;
			let now = net.metric("alice", BEST).await?;
			net.finalise(&net.names(), now + 3.0, Duration::from_secs(90)).await
		},
	)
}
