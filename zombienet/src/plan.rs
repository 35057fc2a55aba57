//! Which nodes a network has, and the genesis that they start from.
//!
//! Genesis is the runtime's preset `local`, as the node writes it, with other validators and lengths of epochs and eras.
//! The node turns it into the raw form that zombienet hands out unchanged.

use std::{
	fs,
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::{anyhow, ensure, Context, Result};
use serde::Serialize;
use serde_json::{json, Value};
use zombienet_sdk::generators::generate_node_keys;

use crate::process::{succeed, NODE};

/// Where a plain chain specification keeps what the runtime's genesis is made of.
const PATCH: &str = "/genesis/runtimeGenesis/patch";
/// What each validator has at stake, as in the preset: 10,000 PPL.
const STAKE: u64 = 10_000_000_000_000_000;
/// Longest that the node may take to write a specification: it compiles the runtime for a raw one.
const EXPORT: Duration = Duration::from_secs(120);
/// The keys that a validator's keystore needs, as zombienet names them.
const KEYSTORE: [&str; 4] = ["babe", "gran", "audi", "beef"];

/// What genesis says.
#[derive(Clone, Debug)]
pub struct Genesis {
	/// Validators by the names of the development accounts, such as `Alice`.
	pub validators: Vec<&'static str>,
	/// Slots in an epoch, which is a session.
	pub epoch_slots: u64,
	/// Sessions in an era.
	pub sessions: u32,
	/// Eras for which stake is liable.
	pub bonding: u32,
}

impl Genesis {
	/// Eras of two epochs, as in the preset, of so many slots of 2 s each. Stake is liable for one era, so that slashes fall at once.
	pub fn new(validators: &[&'static str], epoch_slots: u64) -> Self {
		Self { validators: validators.to_vec(), epoch_slots, sessions: 2, bonding: 1 }
	}

	/// Writes the raw chain specification into `directory`, and answers its path.
	pub async fn write(&self, directory: &Path) -> Result<PathBuf> {
		let (preset, plain, raw) =
			(directory.join("preset.json"), directory.join("plain.json"), directory.join("genesis.json"));
		export("local", &["--output", &preset.to_string_lossy()]).await?;
		let mut spec: Value = serde_json::from_slice(&fs::read(&preset)?)?;
		self.put_in(spec.pointer_mut(PATCH).context("the preset has no patch of genesis")?)?;
		fs::write(&plain, serde_json::to_vec(&spec)?)?;
		export(&plain.to_string_lossy(), &["--raw", "--output", &raw.to_string_lossy()]).await?;
		Ok(raw)
	}

	fn put_in(&self, patch: &mut Value) -> Result<()> {
		let known = patch.pointer("/session/keys/0").context("the preset has no session keys")?;
		let alice = owned_keys("Alice")?;
		ensure!(*known == alice, "the preset's session keys have another form now: {known}, and not {alice}");

		let (mut keys, mut stakers) = (Vec::new(), Vec::new());
		for name in &self.validators {
			let account = address(name, "sr")?;
			keys.push(owned_keys(name)?);
			stakers.push(json!([account, account, STAKE, "Validator"]));
		}
		*part(patch, "/session/keys")? = keys.into();
		*part(patch, "/staking/stakers")? = stakers.into();
		*part(patch, "/clock/epochSlots")? = self.epoch_slots.into();
		*part(patch, "/clock/eras")? = json!({ "sessions": self.sessions, "bonding": self.bonding });
		Ok(())
	}
}

/// A part of the preset that is there: what the runtime does not know, genesis would refuse.
fn part<'a>(patch: &'a mut Value, pointer: &str) -> Result<&'a mut Value> {
	patch.pointer_mut(pointer).with_context(|| format!("the preset has no {pointer}"))
}

/// A validator's entry of `session.keys`, of the keys that everybody has.
fn owned_keys(name: &str) -> Result<Value> {
	let account = address(name, "sr")?;
	let keys = json!({
		"babe": account,
		"grandpa": address(name, "ed")?,
		"authority_discovery": account,
		"beefy": address(name, "ec")?,
	});
	Ok(json!([account, account, keys]))
}

/// A development key of that name and scheme, as an address.
fn address(name: &str, scheme: &str) -> Result<String> {
	let keys = generate_node_keys(&format!("//{name}")).map_err(|error| anyhow!("keys of {name}: {error}"))?;
	Ok(keys.get(scheme).with_context(|| format!("zombienet makes no keys of scheme {scheme}"))?.address.clone())
}

async fn export(chain: &str, arguments: &[&str]) -> Result<()> {
	let arguments = [&["export-chain-spec", "--chain", chain], arguments].concat();
	succeed(NODE, &arguments, &[], EXPORT).await.map(drop)
}

/// A node to start with the network.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
	/// Its name; a validator's keys are those of the development account of that name.
	pub name: String,
	/// Whether it has keys and takes part.
	pub validator: bool,
	/// What to start it by instead of the node.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub command: Option<String>,
	/// The whole command line, beside what zombienet adds.
	pub args: Vec<String>,
	/// Where JSON-RPC answers, if that matters.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub rpc_port: Option<u16>,
	/// Where Prometheus answers, if that matters.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub prometheus_port: Option<u16>,
	/// Where peers are heard, if that matters.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub p2p_port: Option<u16>,
	pub(crate) keystore_key_types: [&'static str; 4],
}

impl Node {
	/// A validator, reached from this machine only.
	pub fn validator(name: &str) -> Self {
		Self {
			name: name.to_lowercase(),
			validator: true,
			command: None,
			args: on_loopback(),
			rpc_port: None,
			prometheus_port: None,
			p2p_port: None,
			keystore_key_types: KEYSTORE,
		}
	}

	/// The same with further arguments, `--option=value` each.
	pub fn with(mut self, arguments: &[String]) -> Self {
		self.args.extend_from_slice(arguments);
		self
	}
}

/// Arguments that keep a node on this machine: by itself zombienet opens its Prometheus and its peers' port to all.
pub(crate) fn on_loopback() -> Vec<String> {
	let listen = "--listen-addr=/ip4/127.0.0.1/tcp/0/ws";
	QUIET.iter().copied().chain([listen]).map(str::to_owned).collect()
}

/// Arguments of every node: nobody is looked for on other machines, and Prometheus is not opened to them. `-:` takes away
/// what zombienet adds.
pub(crate) const QUIET: [&str; 2] = ["--no-mdns", "-:--prometheus-external"];

/// zombienet's configuration, typed: numbers of `serde_json` are no numbers to TOML.
#[derive(Serialize)]
struct Config<'a> {
	relaychain: Relaychain<'a>,
}

/// zombienet knows chains that others depend on; this one has nobody.
#[derive(Serialize)]
struct Relaychain<'a> {
	chain: &'static str,
	default_command: &'static str,
	chain_spec_path: &'a Path,
	nodes: &'a [Node],
}

/// Writes the network's configuration into `directory`, and answers its path.
pub(crate) fn write_network(directory: &Path, genesis: &Path, nodes: &[Node]) -> Result<PathBuf> {
	let relaychain = Relaychain { chain: "local", default_command: NODE, chain_spec_path: genesis, nodes };
	let path = directory.join("network.toml");
	fs::write(&path, toml::to_string(&Config { relaychain })?)?;
	Ok(path)
}
