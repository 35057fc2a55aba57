//! Bad input gets one clear sentence and a non-zero exit, and changes nothing.
use std::process::Output;

use anyhow::Result;
use peoples_cloud_client::{chain::Chain, wallet::Signer};
use peoples_cloud_tests::{devnet::Devnet, files};

/// One sentence on stderr that has `needle` in it, nothing on stdout, a non-zero exit.
fn refused(output: &Output, needle: &str) {
	let stderr = String::from_utf8_lossy(&output.stderr);
	assert!(!output.status.success(), "succeeded: {stderr}");
	assert!(output.stdout.is_empty(), "stdout: {}", String::from_utf8_lossy(&output.stdout));
	assert!(stderr.to_lowercase().contains(needle), "no {needle:?} in: {stderr}");
	assert!(!stderr.contains("panicked"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_in_a_sentence_and_costs_nothing() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let net = Devnet::start(&dir.path().join("net"), 3, &[])?;
	let chain = net.chain().await?;
	let alice = Signer::from_suri("//Alice")?.account();
	let before = chain.free_balance(alice).await?;
	let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();

	let file = dir.path().join("file");
	files::write_random(&file, 100_000, 1)?;
	std::fs::write(dir.path().join("empty"), b"")?;
	std::fs::write(dir.path().join("part"), b"precious")?;

	refused(&net.try_ppl(&["put", &at("missing"), "--code", "2/3"])?, "missing");
	refused(&net.try_ppl(&["put", &at("empty"), "--code", "2/3"])?, "empty");
	refused(&net.try_ppl(&["put", &at("file"), "--code", "3/3"])?, "code");
	refused(&net.try_ppl(&["put", &at("file"), "--code", "2/6"])?, "provider");
	refused(&net.try_ppl(&["put", &at("file"), "--code", "2/3", "--suri", "//Nobody"])?, "ppl");
	refused(&net.try_ppl(&["put", &at("file"), "--code", "2/3", "--max-price", "0.000000000001"])?, "price");
	refused(&net.try_ppl(&["put", &at("file"), "--url", "ws://127.0.0.1:9"])?, "node");
	let unknown = peoples_cloud_client::format::object_to_cid(&[7; 32]);
	refused(&net.try_ppl(&["get", &unknown, "-o", &at("part")])?, "no");
	refused(&net.try_ppl(&["get", "nonsense", "-o", &at("part")])?, "id");
	refused(&net.try_ppl(&["rm", &unknown])?, "no");
	assert_eq!(std::fs::read(dir.path().join("part"))?, b"precious", "a failed get overwrote a file");

	assert_eq!(chain.free_balance(alice).await?, before, "bad input cost money");
	assert!(chain.agreements_of(alice).await?.is_empty());
	net.stop()
}
