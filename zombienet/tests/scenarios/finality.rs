//! Three validators finalise.

use std::{path::Path, time::Duration};

use anyhow::{ensure, Result};
use peoples_cloud_zombienet::{
	network::{Net, BLOCKS_MADE},
	run,
};

#[test]
fn three_validators_finalise() -> Result<()> {
	let config = Path::new("networks/three-validators.toml");
	run(
		Duration::from_secs(90),
		// GIVEN the network that a person spawns from the same file
		async || Net::from_toml(config).await,
		async |net| {
			// THEN all three finalise
			let names = net.names();
			net.finalise(&names, 5.0, Duration::from_secs(60)).await?;
			// AND the same chain, to which each adds
			let mut hashes = Vec::new();
			for name in &names {
				hashes.push(net.chain(name).await?.hash_of(5).await?);
				net.reaches(name, BLOCKS_MADE, 1.0, Duration::from_secs(60)).await?;
			}
			ensure!(hashes.len() == 3 && hashes.iter().all(|hash| hash.is_some() && *hash == hashes[0]), "{hashes:?}");
			Ok(())
		},
	)
}
