//! The ecosystem's clients, unmodified, against a real node: see `tests/clients`.
use std::{
	path::PathBuf,
	process::{Command, Stdio},
	time::Duration,
};

use anyhow::{bail, Context, Result};
use peoples_cloud_tests::{
	network::Validator,
	process::{tail, wait_for},
	shared,
};

/// What `setup.sh` exits with where the clients cannot be had: without Node.js, or without a registry.
const SKIPPED: i32 = 3;
/// A client gives up after 4 minutes by itself.
const DEADLINE: Duration = Duration::from_secs(300);

/// Tests run in their package's directory. A path that was compiled in would be that of another copy of this repository, if
/// both are built in one target directory.
fn directory() -> Result<PathBuf> {
	Ok(std::path::absolute("clients")?)
}

/// Installs the clients; whether that could be done.
fn install() -> Result<bool> {
	let status = Command::new(directory()?.join("setup.sh")).stdout(Stdio::null()).status()?;
	match status.code() {
		Some(0) => Ok(true),
		Some(SKIPPED) => Ok(false),
		_ => bail!("clients/setup.sh: {status}"),
	}
}

/// Runs each program, one after the other, on one chain: all of them are funded by Alice.
#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_ecosystem_understand_the_node() -> Result<()> {
	if !install()? {
		// `setup.sh` has said why.
		return Ok(());
	}
	let dir = tempfile::tempdir()?;
	let specification = shared::specification("dev")?;
	let validator = Validator::start(dir.path())?;
	validator.chain().await?;

	for (program, test) in [
		("node", "polkadot-js.mjs"),
		("node", "papi.mjs"),
		("node", "smoldot.mjs"),
		(".venv/bin/python", "substrate-interface.py"),
		("bash", "subxt.sh"),
	] {
		let log = dir.path().join(format!("{test}.log"));
		let output = std::fs::File::create(&log)?;
		let mut child = Command::new(if program.contains('/') { directory()?.join(program) } else { program.into() })
			.arg(test)
			.current_dir(directory()?)
			.env("NODE_URL", validator.url())
			.env("CHAIN_SPEC", &specification)
			.stdout(output.try_clone()?)
			.stderr(output)
			.spawn()
			.with_context(|| format!("cannot start {program}"))?;
		let ended = wait_for(DEADLINE, test, || Ok(child.try_wait()?));
		if ended.is_err() {
			child.kill()?;
		}
		let status = ended?;
		anyhow::ensure!(status.success(), "{test}: {status}\n{}", tail(&log, 40));
	}
	Ok(())
}
