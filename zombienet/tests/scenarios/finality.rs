//! The networks that a person can spawn finalise.

use std::{path::Path, time::Duration};

use anyhow::{ensure, Context, Result};
use peoples_cloud_zombienet::{
	network::{Net, AUTHORITIES_FOUND, BLOCKS_MADE},
	run,
};
use zombienet_sdk::NetworkConfig;

use crate::networks::files;

/// Spawns what the file says, until all its nodes have the same final blocks.
fn spawn(file: &Path) -> Result<()> {
	let config = NetworkConfig::load_from_toml(&file.to_string_lossy())?;
	let nodes: Vec<(String, bool)> =
		config.relaychain().nodes().iter().map(|node| (node.name().to_owned(), node.is_validator())).collect();
	run(
		Duration::from_secs(120),
		// GIVEN the network that a person spawns from the same file
		async || Net::from_toml(file).await,
		async |net| {
			// THEN all finalise
			let names = net.names();
			ensure!(names.len() == nodes.len(), "{names:?} are not {nodes:?}");
			net.finalise(&names, 5.0, Duration::from_secs(60)).await?;
			// AND the same chain, to which each validator adds, and nobody else
			let mut hashes = Vec::new();
			for (name, is_validator) in &nodes {
				hashes.push(net.chain(name).await?.hash_of(5).await?);
				if *is_validator {
					net.reaches(name, BLOCKS_MADE, 1.0, Duration::from_secs(60)).await?;
				} else {
					ensure!(net.metric(name, BLOCKS_MADE).await? == 0.0, "{name} is no validator, and makes blocks");
				}
			}
			ensure!(hashes.iter().all(|hash| hash.is_some() && *hash == hashes[0]), "{hashes:?}");
			// AND the validators find each other's addresses in the network
			let validators: Vec<_> = nodes.iter().filter(|(_, is_validator)| *is_validator).collect();
			let others = (validators.len() - 1) as f64;
			for (name, _) in validators {
				net.reaches(name, AUTHORITIES_FOUND, others, Duration::from_secs(120)).await?;
			}
			Ok(())
		},
	)
}

#[test]
fn each_file_finalises() -> Result<()> {
	for file in files()? {
		spawn(&file).with_context(|| file.display().to_string())?;
	}
	Ok(())
}
