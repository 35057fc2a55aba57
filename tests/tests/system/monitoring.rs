//! What `operations/monitoring` names is what the programs tell.
use std::{process::Command, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use peoples_cloud_tests::{
	network::{free_port, start_providers, Validator},
	process::wait_for,
};

/// Time for the first block and for a provider's first work on a busy machine: some metrics are not there before.
const PATIENCE: Duration = Duration::from_secs(120);

/// Compares rules and dashboard with these `/metrics` pages or files; answers the exit code, and what was said. Tests run in
/// their package's directory.
fn check(sources: &[String]) -> Result<(Option<i32>, String)> {
	let output = Command::new("python3")
		.arg("../operations/monitoring/check.py")
		.args(sources)
		// Nobody stands between a machine and itself.
		.env("no_proxy", "*")
		.output()
		.context("python3 cannot be started")?;
	let said = [output.stdout, output.stderr].concat();
	Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_dashboard_name_metrics_that_are_there() -> Result<()> {
	let dir = tempfile::tempdir()?;

	// GIVEN a validator that makes blocks, and a provider that works
	let (node, provider) = (free_port()?, free_port()?);
	let validator = Validator::start_with(dir.path(), &["--prometheus-port", &node.to_string()])?;
	let chain = validator.chain().await?;
	let extra = ["--metrics-port", &provider.to_string()];
	let _providers = start_providers(dir.path(), &validator, &chain, 1, &extra).await?;

	// THEN they have all metrics and labels that are named
	let sources = [node, provider].map(|port| format!("http://127.0.0.1:{port}/metrics"));
	let mut said = String::new();
	let right = wait_for(PATIENCE, "all metrics", || {
		let (code, output) = check(&sources)?;
		said = output;
		Ok((code == Some(0)).then_some(()))
	});
	if let Err(error) = right {
		bail!("{error:#}\n{said}");
	}
	// What only the machine tells was not compared, and nothing else was left out.
	let left_out: Vec<&str> = said.lines().filter(|line| line.starts_with("not checked")).collect();
	ensure!(left_out.iter().all(|line| line.ends_with(" of a machine")), "{said}");
	Ok(())
}

#[test]
fn metrics_that_are_not_there_are_found() -> Result<()> {
	let dir = tempfile::tempdir()?;
	// GIVEN a node that tells its height, without the label that rules select by, and nothing else
	let page = dir.path().join("metrics");
	std::fs::write(&page, "substrate_block_height 7\n")?;

	// THEN what is missing is named
	let (code, said) = check(&[page.to_string_lossy().into_owned()])?;
	ensure!(code == Some(1), "{said}");
	ensure!(said.contains("substrate_block_height has no label status"), "{said}");
	ensure!(said.contains("no program has substrate_sync_peers"), "{said}");
	Ok(())
}
