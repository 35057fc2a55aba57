//! Chain specifications: the runtime's presets by name, or a file.

use std::path::PathBuf;

use peoples_cloud_runtime::{chain_properties, genesis_config_presets, opaque::Block};
use sc_chain_spec::ChainSpecExtension;
use sc_client_api::{BadBlocks, ForkBlocks};
use sc_service::ChainType;
use sc_sync_state_rpc::LightSyncStateExtension;
use serde::{Deserialize, Serialize};

/// Names the wire protocols of this chain's networks.
const PROTOCOL_ID: &str = "ppl";

/// What a specification may say besides genesis.
#[derive(Debug, Default, Clone, Serialize, Deserialize, ChainSpecExtension)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extensions {
	/// Blocks of which the hash is known.
	pub(crate) fork_blocks: ForkBlocks<Block>,
	/// Blocks that are refused.
	pub(crate) bad_blocks: BadBlocks<Block>,
	/// Where light clients start.
	pub(crate) light_sync_state: LightSyncStateExtension,
}

/// This node's form of a chain specification.
pub(crate) type ChainSpec = sc_service::GenericChainSpec<Extensions>;

/// The specification named `id`: `dev`, `local`, `testnet`, each with this runtime, or the path of a file.
pub(crate) fn load(id: &str, runtime: Option<&[u8]>) -> Result<ChainSpec, String> {
	match id {
		genesis_config_presets::DEV => preset("Development", id, ChainType::Development, runtime),
		genesis_config_presets::LOCAL | "" => {
			preset("Local Testnet", genesis_config_presets::LOCAL, ChainType::Local, runtime)
		},
		genesis_config_presets::TESTNET => preset("Testnet", id, ChainType::Custom("Rehearsal".into()), runtime),
		path => {
			let path = PathBuf::from(path);
			if !path.exists() {
				return Err(format!(
					"there is no chain named {id}: it is neither a file nor one of {}",
					genesis_config_presets::preset_names().join(", ")
				));
			}
			ChainSpec::from_json_file(path)
				.map_err(|error| format!("{id} is no chain specification of this node: {error}"))
		},
	}
}

fn preset(name: &str, preset: &str, chain_type: ChainType, runtime: Option<&[u8]>) -> Result<ChainSpec, String> {
	let code = runtime.ok_or(
		"this node was built without the runtime: build it again without SKIP_WASM_BUILD, or give --chain a file",
	)?;
	let patch = genesis_config_presets::get_preset(&preset.into()).ok_or("the runtime lacks the preset")?;
	let patch = serde_json::from_slice(&patch).map_err(|error| format!("the preset is no JSON: {error}"))?;
	let spec = ChainSpec::builder(code, Extensions::default())
		.with_name(&format!("People's Cloud {name}"))
		.with_id(&format!("peoples_cloud_{preset}"))
		.with_chain_type(chain_type)
		.with_protocol_id(PROTOCOL_ID)
		.with_properties(chain_properties())
		// The same as asking the blob for its preset, which would compile it once more at every start.
		.with_genesis_config_patch(patch)
		.build();
	Ok(spec)
}
