//! The node serves what `docs/openrpc.json` says, and the examples of `docs/rpc.md` work.
use std::{process::Command, time::Duration};

use anyhow::{ensure, Context, Result};
use peoples_cloud_client::chain::Chain;
use peoples_cloud_tests::network::Validator;

/// Time for the first block to be final.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a node with these arguments and holds the documents to it; answers what was checked.
async fn check(extra: &[&str]) -> Result<String> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start_with(dir.path(), extra)?;
	let chain = validator.chain().await?;
	let mut heads = chain.heads();
	tokio::time::timeout(PATIENCE, heads.wait_for(|head| head.finalised > 0)).await?.context("heads go on")?;
	// Tests run in their package's directory.
	let output =
		Command::new("../scripts/check-openrpc.py").arg(validator.url().replace("ws://", "http://")).output()?;
	ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_examples_are_as_documented() -> Result<()> {
	check(&[]).await.map(drop)
}

/// Every documented method is called here, those that only archives have too. That node denies examples of unsafe methods;
/// the other one has run them.
#[tokio::test(flavor = "multi_thread")]
async fn unsafe_methods_and_those_of_archives_are_those_that_are_marked_so() -> Result<()> {
	let checked = check(&["--rpc-methods", "safe", "--state-pruning", "archive"]).await?;
	ensure!(checked.contains("marks of unsafe methods checked"), "{checked}");
	ensure!(checked.contains("methods of archives checked"), "{checked}");
	Ok(())
}
