//! What all tests of a build share, so that each node that they start does not compile its runtime anew: compiled runtimes, and
//! chain specifications whose genesis is made.
use std::{fs, path::PathBuf, time::UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::process::{binary, node_ok};

/// Tells a node where compiled runtimes are kept, other than in its base path.
pub const RUNTIME_CACHE: &str = "PEOPLES_CLOUD_RUNTIME_CACHE";

/// A folder of the target directory.
fn folder() -> Result<PathBuf> {
	let node = binary("peoples-cloud-node")?;
	let folder = node.parent().context("a binary's folder")?.join("shared-by-tests");
	fs::create_dir_all(&folder)?;
	Ok(folder)
}

/// Where nodes keep compiled runtimes: for [`RUNTIME_CACHE`].
pub fn runtime_cache() -> Result<PathBuf> {
	Ok(folder()?.join("runtimes"))
}

/// The path of the chain named `chain` as a raw specification of the node that is built now.
pub fn specification(chain: &str) -> Result<PathBuf> {
	let built = binary("peoples-cloud-node")?.metadata()?.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
	let path = folder()?.join(format!("{chain}-{built}.json"));
	if !path.exists() {
		// Tests that come at once each make it.
		let partial = path.with_extension(std::process::id().to_string());
		node_ok(&["export-chain-spec", "--raw", "--chain", chain, "--output", &partial.to_string_lossy()])?;
		forget_older(chain)?;
		fs::rename(partial, &path)?;
	}
	Ok(path)
}

/// Removes the specifications of earlier builds. Nodes that were started from them have read them.
fn forget_older(chain: &str) -> Result<()> {
	for file in fs::read_dir(folder()?)? {
		let path = file?.path();
		let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
		if name.starts_with(&format!("{chain}-")) && name.ends_with(".json") {
			// Another test may have done so.
			let _ = fs::remove_file(path);
		}
	}
	Ok(())
}
