//! One validator's key votes for both halves of a network that has fallen in two: that is found out when they meet again.

use std::time::Duration;

use anyhow::{ensure, Result};
use peoples_cloud_zombienet::{
	chain::{is, is_of, Bytes32},
	island::Island,
	network::{Net, BEST},
	plan::Genesis,
	run,
};
use zombienet_sdk::subxt_signer::sr25519::dev;

/// What the chain calls two votes in one round of GRANDPA.
const TWO_VOTES: &[u8] = b"grandpa:equivoca";

#[test]
fn who_votes_for_two_forks_is_slashed() -> Result<()> {
	let directory = tempfile::tempdir()?;
	let mut island = Island::new()?;
	// Bob stays away, so that each half is two of four votes and neither finalises by itself: both stay in one round.
	let nodes = island.validators(directory.path(), &["Alice"], &["Charlie", "Dave"])?;
	let genesis = Genesis::new(&["Alice", "Bob", "Charlie", "Dave"], 60);
	run(
		Duration::from_secs(840),
		// GIVEN three of four validators, two of them behind a cable
		async || Net::spawn(&genesis, &nodes).await,
		async |net| {
			let names = net.names();
			net.finalise(&names, 3.0, Duration::from_secs(120)).await?;
			let chain = net.chain("alice").await?;
			let charlie: Bytes32 = dev::charlie().public_key().0;

			// WHEN it is cut, and a second node with the keys of one who is behind it starts on this side
			island.cut()?;
			net.add("twin", true, &["--charlie"]).await?;
			for half in ["alice", "charlie"] {
				let best = net.metric(half, BEST).await?;
				net.reaches(half, BEST, best + 6.0, Duration::from_secs(120)).await?;
			}
			let last = chain.finalised().await?;

			// WHEN it is mended THEN whoever sees both votes reports them, and the stake of their owner is slashed
			island.heal()?;
			let mut events = chain.events_from(last);
			let (mut reported, mut slashed) = (None, None);
			events
				// Votes that were lost are repeated after two minutes.
				.until(Duration::from_secs(420), "the report of two votes, and a slash", |height, event| {
					if is(event, "Offences", "Offence") && event.field_bytes().starts_with(TWO_VOTES) {
						reported = reported.or(Some(height));
					}
					if is_of(event, "Staking", "Slashed", &charlie) {
						slashed = slashed.or(Some(height));
					}
					reported.zip(slashed)
				})
				.await?;

			// AND all finalise on
			let now = net.metric("alice", BEST).await?;
			net.finalise(&["alice", "dave"], now + 5.0, Duration::from_secs(240)).await?;
			ensure!(chain.finalised().await? > last, "nothing became final");
			Ok(())
		},
	)
}
