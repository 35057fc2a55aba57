//! A new validator joins by staking, and makes blocks with keys that were made on its node. Providers prove on meanwhile.

use std::time::Duration;

use anyhow::{ensure, Context, Result};
use peoples_cloud_zombienet::{
	chain::Bytes32,
	market::Market,
	network::{Net, BLOCKS_MADE},
	plan::Genesis,
	reached, run, wait_for,
};
use serde::Deserialize;
use zombienet_sdk::{
	subxt::{
		dynamic::{tx, Value},
		ext::subxt_rpcs::client::rpc_params,
		utils::to_hex,
	},
	subxt_signer::sr25519::dev,
};

/// 20,000 PPL: as much as the two of genesis together.
const BOND: u128 = 20_000_000_000_000_000;

/// As few as a file can be with.
const PROVIDERS: usize = 2;

/// What `author_rotateKeysWithOwner` answers, in hexadecimal.
#[derive(Deserialize)]
struct Made {
	keys: String,
	proof: String,
}

fn bytes(hexadecimal: &str) -> Result<Vec<u8>> {
	let digits = hexadecimal.strip_prefix("0x").context("no 0x")?.as_bytes();
	ensure!(digits.len() % 2 == 0, "an odd number of digits");
	digits.chunks(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}

/// The keys as the argument of `session.setKeys`: three of 32 bytes and one of 33.
fn session_keys(keys: &[u8]) -> Result<Value> {
	ensure!(keys.len() == 3 * 32 + 33, "{} bytes of keys", keys.len());
	let part = |from: usize, length: usize| Value::from_bytes(&keys[from..from + length]);
	Ok(Value::named_composite([
		("babe", part(0, 32)),
		("grandpa", part(32, 32)),
		("authority_discovery", part(64, 32)),
		("beefy", part(96, 33)),
	]))
}

#[test]
fn new_validator_joins_by_staking() -> Result<()> {
	run(
		Duration::from_secs(840),
		// GIVEN two validators, eras of 40 s, providers with a file, and a node that does not validate yet
		async || Net::validators(&Genesis::new(&["Alice", "Bob"], 10)).await,
		async |net| {
			net.finalise(&net.names(), 2.0, Duration::from_secs(60)).await?;
			let mut market = Market::start(net, "alice", PROVIDERS).await?;
			tokio::try_join!(market.store(), async { net.add("charlie", true, &[]).await })?;
			let chain = net.chain("charlie").await?;
			let charlie = dev::charlie();
			let account: Bytes32 = charlie.public_key().0;
			ensure!(!chain.validators().await?.contains(&account), "the newcomer validates already");

			// WHEN its owner bonds, has keys made on the node and named with their proof, and offers to validate
			let made: Made = chain.ask("author_rotateKeysWithOwner", rpc_params![to_hex(account)]).await?;
			let keys = bytes(&made.keys)?;
			let payee = Value::unnamed_variant("Staked", []);
			let bond = tx("Staking", "bond", vec![Value::u128(BOND), payee]);
			chain.submit(&charlie, "staking.bond", &bond).await?;
			let set = tx("Session", "set_keys", vec![session_keys(&keys)?, Value::from_bytes(bytes(&made.proof)?)]);
			chain.submit(&charlie, "session.setKeys", &set).await?;
			let preferences = Value::named_composite([("commission", Value::u128(0)), ("blocked", Value::bool(false))]);
			chain.submit(&charlie, "staking.validate", &tx("Staking", "validate", vec![preferences])).await?;

			// THEN it is elected with one of the next eras
			wait_for(Duration::from_secs(240), "the election of the newcomer", async || {
				let validators = chain.validators().await?;
				reached(validators.contains(&account), (), || format!("{} validators", validators.len()))
			})
			.await?;

			// AND makes blocks, with the key from its node, that become final
			net.reaches("charlie", BLOCKS_MADE, 1.0, Duration::from_secs(120)).await?;
			let mut next = chain.finalised().await?;
			wait_for(Duration::from_secs(120), "a final block by the newcomer", async || {
				let last = chain.finalised().await?;
				while next <= last {
					if chain.author(next).await?[..] == keys[..32] {
						return Ok(Ok(()));
					}
					next += 1;
				}
				Ok(Err(format!("none up to block {last}")))
			})
			.await?;

			// AND all three finalise on
			let now = net.finalised("alice").await?;
			net.finalise(&net.names(), now + 3.0, Duration::from_secs(60)).await?;

			// AND the providers have proven every period under the old validators and the new, and nobody was slashed
			market.prove_on(next, "with the newcomer").await?;
			market.is_whole().await
		},
	)
}
