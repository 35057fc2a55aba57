//! The database, which has to be of the chain that was asked for.

use std::sync::Arc;

use peoples_cloud_runtime::{opaque::Block, Hashing};
use sc_chain_spec::resolve_state_version_from_wasm;
use sc_client_api::{Backend, BlockImportOperation, HeaderBackend};
use sc_consensus_grandpa::GrandpaPruningFilter;
use sc_service::{error::Error as ServiceError, ChainType, Configuration, GenesisBlockBuilder};
use sp_runtime::Storage;

use super::{FullBackend, RuntimeExecutor};

/// Makes the first block, or knows it from the database.
type Genesis = GenesisBlockBuilder<Block, FullBackend, RuntimeExecutor>;

/// Opens the database.
///
/// Errors: it is damaged, or its first block is of another chain than `config`'s. Of a chain for development that is a warning:
/// its genesis changes with every build of the node.
pub(super) fn open(
	config: &Configuration,
	executor: &RuntimeExecutor,
) -> Result<(Arc<FullBackend>, Genesis), ServiceError> {
	let mut database = config.db_config();
	// Warp sync needs the justifications at changes of the authorities, however old.
	database.pruning_filters = vec![Arc::new(GrandpaPruningFilter)];
	let backend = sc_service::new_db_backend(database)?;
	let genesis = config.chain_spec.as_storage_builder().build_storage()?;
	if !is_of(&backend, &genesis, executor)? {
		let sentence = format!(
			"the database in {} was made with another genesis than that of {}: name another --base-path, or remove it with \
			 purge-chain",
			config.base_path.path().display(),
			config.chain_spec.name()
		);
		match config.chain_spec.chain_type() {
			ChainType::Development => log::warn!("⚠️ {sentence}"),
			_ => return Err(ServiceError::Other(sentence)),
		}
	}
	let builder = Genesis::new_with_storage(genesis, !config.no_genesis(), backend.clone(), executor.clone())?;
	Ok((backend, builder))
}

/// Whether the database is empty, or its first block has that state.
fn is_of(backend: &FullBackend, genesis: &Storage, executor: &RuntimeExecutor) -> Result<bool, ServiceError> {
	let Some(hash) = backend.blockchain().hash(0)? else { return Ok(true) };
	let Some(first) = backend.blockchain().header(hash)? else { return Ok(true) };
	let version = resolve_state_version_from_wasm::<_, Hashing>(genesis, executor)?;
	// Only computed: nothing is written.
	let root = backend.begin_operation()?.set_genesis_state(genesis.clone(), false, version)?;
	Ok(first.state_root == root)
}
