//! The node serves what `docs/openrpc.json` says, and the examples of `docs/rpc.md` work.
use std::{process::Command, time::Duration};

use anyhow::{ensure, Context, Result};
use peoples_cloud_client::chain::Chain;
use peoples_cloud_tests::network::Validator;

/// Time for the first block to be final.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a node with these arguments and holds the documents to it.
async fn check(extra: &[&str]) -> Result<()> {
	let dir = tempfile::tempdir()?;
	let validator = Validator::start_with(dir.path(), extra)?;
	let chain = validator.chain().await?;
	let mut heads = chain.heads();
	tokio::time::timeout(PATIENCE, heads.wait_for(|head| head.finalised > 0)).await?.context("heads go on")?;
	// Tests run in their package's directory.
	let output =
		Command::new("../scripts/check-openrpc.py").arg(validator.url().replace("ws://", "http://")).output()?;
	ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_examples_are_as_documented() -> Result<()> {
	check(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn unsafe_methods_are_those_that_are_marked_so() -> Result<()> {
	check(&["--rpc-methods", "safe"]).await
}
