//! The testnet's specification, as it is handed out, is what the preset makes of it. To make it anew: `make testnet-spec`.
use std::{fs, path::Path, time::Duration};

use anyhow::{ensure, Context, Result};
use codec::Encode;
use peoples_cloud_client::chain::Chain;
use peoples_cloud_tests::{local::Node, network::free_port, runtime, shared};
use serde_json::Value;
use sp_core::storage::well_known_keys::CODE;
use sp_maybe_compressed_blob::{compress_strongly, decompress, CODE_BLOB_BOMB_LIMIT};

/// Tests run in their package's directory.
const FILE: &str = "../operations/chain/testnet.json";
/// The newest version.
const METADATA_VERSION: u32 = 16;
/// Set to anything, this variable makes the test write the file.
const UPDATE: &str = "UPDATE_SNAPSHOT";

/// What genesis stores.
fn stored(specification: &mut Value) -> Result<&mut serde_json::Map<String, Value>> {
	let top = specification.pointer_mut("/genesis/raw/top").context("no raw genesis")?;
	top.as_object_mut().context("raw genesis has another form")
}

/// Takes the runtime out of a specification.
fn take_code(specification: &mut Value) -> Result<Vec<u8>> {
	let code = stored(specification)?.remove(&key()).context("a genesis without runtime")?;
	let code = hex::decode(code.as_str().context("a runtime that is no text")?.trim_start_matches("0x"))?;
	Ok(decompress(&code, CODE_BLOB_BOMB_LIMIT)?.into_owned())
}

fn key() -> String {
	format!("0x{}", hex::encode(CODE))
}

/// What a runtime says that the testnet begins with.
fn preset(code: &[u8]) -> Result<Vec<u8>> {
	runtime::call(&runtime::State::new(), code, "GenesisBuilder_get_preset", &Some("testnet").encode())
}

/// Everything that the runtime offers, with its documentation and its constants.
fn metadata(code: &[u8]) -> Result<Vec<u8>> {
	runtime::call(&runtime::State::new(), code, "Metadata_metadata_at_version", &METADATA_VERSION.encode())
}

/// As the file has it.
fn write(mut specification: Value, code: &[u8]) -> Result<()> {
	let code = compress_strongly(code, CODE_BLOB_BOMB_LIMIT).context("a runtime too large to compress")?;
	stored(&mut specification)?.insert(key(), format!("0x{}", hex::encode(code)).into());
	fs::create_dir_all(Path::new(FILE).parent().context("a folder")?)?;
	Ok(fs::write(FILE, format!("{}\n", serde_json::to_string_pretty(&specification)?))?)
}

#[test]
fn specification_is_what_its_preset_makes() -> Result<()> {
	let mut built: Value = serde_json::from_slice(&fs::read(shared::specification("testnet")?)?)?;
	let code = take_code(&mut built)?;
	if std::env::var_os(UPDATE).is_some() {
		write(built.clone(), &code)?;
	}
	let mut handed_out: Value = serde_json::from_slice(&fs::read(FILE)?)?;
	let its_code = take_code(&mut handed_out)?;
	// Compilers differ: the code itself is compared by what it says that it is, and offers.
	ensure!(
		runtime::version(&its_code)? == runtime::version(&code)?,
		"{FILE} is of another version of the runtime: make testnet-spec"
	);
	ensure!(preset(&its_code)? == preset(&code)?, "the runtime in {FILE} has another preset: make testnet-spec");
	ensure!(metadata(&its_code)? == metadata(&code)?, "the runtime in {FILE} offers something else: make testnet-spec");
	ensure!(handed_out == built, "{FILE} is not what the preset makes: make testnet-spec");
	Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_starts_from_it() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let mut node = Node::start(dir.path(), "node", free_port()?, &["--chain", FILE])?;
	// It waits for peers, and knows who is to make the first block.
	let chain = node.chain().await?;
	ensure!(chain.providers().await?.is_empty(), "providers in genesis");
	node.process.stop(Duration::from_secs(30))
}
