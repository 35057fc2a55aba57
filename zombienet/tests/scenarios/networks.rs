//! The networks that a person can spawn are configurations that zombienet takes. `finality` spawns them.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};
use zombienet_sdk::NetworkConfig;

/// All files in `networks`.
pub(crate) fn files() -> Result<Vec<PathBuf>> {
	let directory = Path::new("networks");
	let mut files = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
	files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
	files.sort();
	ensure!(files.len() >= 2, "only {files:?}");
	Ok(files)
}

#[test]
fn networks_are_valid() -> Result<()> {
	for file in files()? {
		let shown = file.display().to_string();
		let config = NetworkConfig::load_from_toml(&file.to_string_lossy()).with_context(|| shown.clone())?;
		let chain = config.relaychain();
		ensure!(chain.chain().as_str() == "local", "{shown}: another chain");
		ensure!(
			!chain.nodes().is_empty() && chain.nodes().len() <= 4,
			"{shown}: more nodes than a small machine takes"
		);
		for node in chain.nodes() {
			let command = node.command().with_context(|| format!("{shown}: {} has no command", node.name()))?;
			ensure!(command.as_str() == "peoples-cloud-node", "{shown}: {} is another program", node.name());
			// Without these arguments zombienet opens the node to other machines.
			let args: Vec<String> = node.args().into_iter().flat_map(|arg| arg.to_vec()).collect();
			for needed in ["--no-mdns", "-:--prometheus-external", "/ip4/127.0.0.1/tcp/0/ws"] {
				ensure!(args.iter().any(|arg| arg == needed), "{shown}: {} lacks {needed}: {args:?}", node.name());
			}
		}
	}
	Ok(())
}
