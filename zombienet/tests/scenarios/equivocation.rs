//! The same session keys on two nodes: whoever owns them is slashed, and nobody else; providers prove on meanwhile.

use std::time::Duration;

use anyhow::{ensure, Result};
use peoples_cloud_zombienet::{
	chain::{is_of, Bytes32},
	market::Market,
	network::{Net, BEST},
	plan::Genesis,
	run,
};
use zombienet_sdk::subxt_signer::sr25519::dev;

/// As few as a file can be with.
const PROVIDERS: usize = 2;

#[test]
fn equivocator_is_slashed() -> Result<()> {
	run(
		Duration::from_secs(840),
		// GIVEN three validators on whom slashes fall at once, and providers with a file
		async || Net::validators(&Genesis::new(&["Alice", "Bob", "Charlie"], 30)).await,
		async |net| {
			net.finalise(&net.names(), 3.0, Duration::from_secs(60)).await?;
			let mut market = Market::start(net, "alice", PROVIDERS).await?;
			market.store().await?;
			let chain = net.chain("alice").await?;
			let charlie: Bytes32 = dev::charlie().public_key().0;
			market.spare(charlie);
			let mut events = chain.events_from(chain.finalised().await?);

			// WHEN a second node starts with the keys of one of them
			net.add("twin", true, &["--charlie"]).await?;

			// THEN the offence is reported, and its owner's stake slashed
			let (height, amount) = events
				.until(Duration::from_secs(240), "the slash of the equivocator", |height, event| {
					// The account, then the amount.
					let fields = event.field_bytes();
					let amount = fields.get(32..48).and_then(|amount| <[u8; 16]>::try_from(amount).ok());
					let amount = amount.filter(|_| is_of(event, "Staking", "Slashed", &charlie));
					amount.map(|amount| (height, u128::from_le_bytes(amount)))
				})
				.await?;
			ensure!(amount > 0, "a slash of nothing");

			// AND all finalise on
			let now = net.metric("alice", BEST).await?;
			net.finalise(&["alice", "bob"], now + 5.0, Duration::from_secs(120)).await?;

			// AND the providers have proven every period before and after, and no other validator or provider was slashed
			market.prove_on(height, "after the slash").await?;
			market.is_whole().await
		},
	)
}
