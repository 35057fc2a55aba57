//! What all tests of a build share, so that each node that they start does not compile its runtime anew: compiled runtimes, and
//! chain specifications whose genesis is made.
use std::{
	fs,
	path::{Path, PathBuf},
	time::UNIX_EPOCH,
};

use anyhow::{ensure, Context, Result};
use serde_json::Value;

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

/// Writes the specification of the chain named `chain` to `path`, with these values in genesis, each under its key, in
/// place of those of as many bytes that are there.
pub fn write_specification(chain: &str, values: &[(Vec<u8>, Vec<u8>)], path: &Path) -> Result<()> {
	let mut changed: Value = serde_json::from_slice(&fs::read(specification(chain)?)?)?;
	for (key, value) in values {
		let key = format!("0x{}", hex::encode(key));
		let pointer = format!("/genesis/raw/top/{key}");
		let place = changed.pointer_mut(&pointer).with_context(|| format!("genesis has nothing under {key}"))?;
		let value = format!("0x{}", hex::encode(value));
		ensure!(place.as_str().map(str::len) == Some(value.len()), "{place} under {key} has another length");
		*place = value.into();
	}
	fs::write(path, serde_json::to_vec(&changed)?)?;
	Ok(())
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
