//! The same session keys on two nodes: whoever owns them is slashed, and nobody else.

use std::time::Duration;

use anyhow::{ensure, Result};
use peoples_cloud_zombienet::{
	chain::{is, is_of, Bytes32},
	network::{Net, BEST},
	plan::Genesis,
	run,
};
use zombienet_sdk::subxt_signer::sr25519::dev;

#[test]
fn equivocator_is_slashed() -> Result<()> {
	run(
		Duration::from_secs(480),
		// GIVEN three validators on whom slashes fall at once
		async || Net::validators(&Genesis::new(&["Alice", "Bob", "Charlie"], 30)).await,
		async |net| {
			net.finalise(&net.names(), 3.0, Duration::from_secs(60)).await?;
			let chain = net.chain("alice").await?;
			let charlie: Bytes32 = dev::charlie().public_key().0;
			let mut events = chain.events_from(1);

			// WHEN a second node starts with the keys of one of them
			net.add("twin", true, &["--charlie"]).await?;

			// THEN the offence is reported, and its owner's stake slashed
			let mut punished = Vec::new();
			let amount = events
				.until(Duration::from_secs(240), "the slash of the equivocator", |_, event| {
					if is(event, "Staking", "Slashed") || is(event, "Staking", "SlashReported") {
						punished.push(event.field_bytes().to_vec());
					}
					// The account, then the amount.
					let fields = event.field_bytes();
					let amount = fields.get(32..48).and_then(|amount| <[u8; 16]>::try_from(amount).ok());
					amount.filter(|_| is_of(event, "Staking", "Slashed", &charlie)).map(u128::from_le_bytes)
				})
				.await?;
			ensure!(amount > 0, "a slash of nothing");

			// AND nobody else is, while all finalise on
			let now = net.metric("alice", BEST).await?;
			net.finalise(&["alice", "bob"], now + 5.0, Duration::from_secs(120)).await?;
			events
				.read(|_, event| {
					if is(event, "Staking", "Slashed") || is(event, "Staking", "SlashReported") {
						punished.push(event.field_bytes().to_vec());
					}
				})
				.await?;
			let others = punished.iter().filter(|fields| !fields.starts_with(&charlie)).count();
			ensure!(others == 0, "{others} punishments of the innocent");
			Ok(())
		},
	)
}
