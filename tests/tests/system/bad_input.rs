//! Bad input gets one clear sentence and a non-zero exit, and changes nothing.
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use peoples_cloud_client::{chain::Chain, format, node::NodeChain, wallet::Signer};
use peoples_cloud_tests::{
	devnet::Devnet,
	files,
	process::{binary, refused},
};

/// A peer that there is not.
const PEER: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
/// An address at which nobody listens.
const ADDRESS: &str = "/ip4/127.0.0.1/udp/9/quic-v1";

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_in_a_sentence_and_costs_nothing() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let net = Devnet::start(&dir.path().join("net"), 3, &[])?;
	let chain = net.chain().await?;
	// Not Alice: she makes the blocks, and is paid for what the providers send.
	let bob = Signer::from_suri("//Bob")?.account();
	let bob_says = |args: &[&str]| net.try_ppl(&[args, &["--suri", "//Bob"]].concat());
	let before = chain.free_balance(bob).await?;
	let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();

	let file = dir.path().join("file");
	files::write_random(&file, 100_000, 1)?;
	std::fs::write(dir.path().join("empty"), b"")?;
	std::fs::write(dir.path().join("part"), b"precious")?;

	refused(&bob_says(&["put", &at("missing"), "--code", "2/3"])?, "missing")?;
	refused(&bob_says(&["put", &at("empty"), "--code", "2/3"])?, "empty")?;
	refused(&bob_says(&["put", &at("file"), "--code", "3/3"])?, "code")?;
	refused(&bob_says(&["put", &at("file"), "--code", "2/6"])?, "provider")?;
	refused(&net.try_ppl(&["put", &at("file"), "--code", "2/3", "--suri", "//Nobody"])?, "ppl")?;
	refused(&bob_says(&["put", &at("file"), "--code", "2/3", "--max-price", "0.000000000001"])?, "price")?;
	refused(&bob_says(&["put", &at("file"), "--url", "ws://127.0.0.1:9"])?, "node")?;
	let unknown = peoples_cloud_client::format::object_to_cid(&[7; 32]);
	refused(&bob_says(&["get", &unknown, "-o", &at("part")])?, "no")?;
	refused(&bob_says(&["get", "nonsense", "-o", &at("part")])?, "id")?;
	refused(&bob_says(&["rm", &unknown])?, "no")?;
	assert_eq!(std::fs::read(dir.path().join("part"))?, b"precious", "a failed get overwrote a file");

	assert_eq!(chain.free_balance(bob).await?, before, "bad input cost money");
	assert!(chain.agreements_of(bob).await?.is_empty());

	too_little_money_is_noticed_before_anything_is_sent(&net, &chain, &at("file")).await?;
	the_register_takes_all_or_nothing(&net, &chain).await?;
	an_id_that_was_paid_for_is_not_lost(&net, &at("file"))?;
	net.stop()
}

async fn too_little_money_is_noticed_before_anything_is_sent(
	net: &Devnet,
	chain: &NodeChain,
	file: &str,
) -> Result<()> {
	let poor = Signer::from_suri("//Poor")?.account();
	let poor_says = |args: &[&str]| net.try_ppl(&[args, &["--suri", "//Poor"]].concat());
	let address = format::account_to_ss58(&poor);
	// GIVEN an account with more than the price, but not with the deposit for the agreement's record
	net.ppl(&["wallet", "send", &address, "0.1"])?;
	let before = chain.free_balance(poor).await?;
	// THEN nothing is uploaded and no fee is paid
	let put = ["put", file, "--code", "2/3", "--periods", "10"];
	let output = poor_says(&put)?;
	refused(&output, "deposit")?;
	refused(&output, "0.1 ppl")?;
	assert!(!String::from_utf8_lossy(&output.stderr).contains("providers take it"), "it went on to the providers");
	assert_eq!(chain.free_balance(poor).await?, before, "too little money cost money");
	// AND with the deposit it works
	net.ppl(&["wallet", "send", &address, "0.3"])?;
	let id = String::from_utf8(poor_says(&put)?.stdout)?.trim().to_owned();
	let stored = chain.agreements_of(poor).await?;
	assert_eq!(stored.len(), 1, "with the deposit it is stored");
	// AND what an extension costs is looked at first, too, and so is a transfer and a bond
	let before = chain.free_balance(poor).await?;
	refused(&poor_says(&["extend", &id, "--periods", "2600000"])?, "this needs")?;
	refused(&poor_says(&["wallet", "send", &format::account_to_ss58(&[7; 32]), "0.4"])?, "this needs")?;
	let register = ["provider", "register", "--peer-id", PEER, "--address", ADDRESS, "--operator", "poor"];
	refused(&poor_says(&[&register[..], &["--bond", "1000"]].concat())?, "this needs")?;
	refused(&poor_says(&[&register[..], &["--bond", "0.01"]].concat())?, "bond at least")?;
	assert_eq!(chain.free_balance(poor).await?, before, "too little money cost money");
	assert_eq!(chain.agreements_of(poor).await?, stored);
	// AND a range beyond the end names the one there is
	let copy = format!("{file}.copy");
	refused(&poor_says(&["get", &id, "-o", &copy, "--range", "99999-100000"])?, "99999-100000 is not within")?;
	assert!(!std::path::Path::new(&copy).exists(), "a failed get left something behind");
	Ok(())
}

async fn the_register_takes_all_or_nothing(net: &Devnet, chain: &NodeChain) -> Result<()> {
	let charlie = Signer::from_suri("//Charlie")?.account();
	let rest = ["--address", ADDRESS, "--bond", "1000", "--capacity", "1GiB", "--price", "1", "--suri", "//Charlie"];
	let register = |peer: &str| {
		net.try_ppl(&[&["provider", "register", "--peer-id", peer, "--operator", "charlie"], &rest[..]].concat())
	};
	// What only the chain knows costs a fee, and locks nothing.
	let before = chain.free_balance(charlie).await?;
	refused(&register(&net.info.providers[0].peer_id)?, "peer id")?;
	assert!(before - chain.free_balance(charlie).await? < 1_000_000_000_000 / 100, "a refusal cost more than its fee");
	assert_eq!(chain.provider(charlie).await?, None);
	let output = register(PEER)?;
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	let known = chain.provider(charlie).await?.context("Charlie is a provider")?;
	assert_eq!(known.offer.map(|offer| offer.capacity_chunks), Some(1 << 20), "the offer came with the bond");
	refused(&register(PEER)?, "already")?;
	// It has no daemon: nobody is to send it anything.
	net.ppl(&["provider", "pause", "--suri", "//Charlie"])?;
	let status: serde_json::Value =
		serde_json::from_str(&net.ppl(&["provider", "status", "--suri", "//Charlie", "--json"])?)?;
	assert_eq!(status["peer_id"], PEER);
	Ok(())
}

fn an_id_that_was_paid_for_is_not_lost(net: &Devnet, file: &str) -> Result<()> {
	let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
	let output = Command::new(binary("ppl")?)
		.args(["put", file, "--code", "2/3", "--periods", "10"])
		.envs([("PPL_URL", net.info.rpc.as_str()), ("PPL_SURI", "//Alice")])
		.stdin(Stdio::null())
		.stdout(full)
		.stderr(Stdio::piped())
		.spawn()?
		.wait_with_output()?;
	let stderr = String::from_utf8(output.stderr)?;
	assert!(!output.status.success() && stderr.contains("the result cannot be written"), "{stderr}");
	let id = stderr.lines().find(|line| line.starts_with("bafkr4i")).context("no id in what was said")?;
	net.ppl(&["rm", id])?;
	Ok(())
}
