//! The database, which has to be whole, and of the chain that was asked for.

use std::{fs, io, path::Path, sync::Arc, time::Duration};

use peoples_cloud_runtime::{opaque::Block, Hashing};
use rocksdb::{ColumnFamilyDescriptor, DBRecoveryMode, Options, DB};
use sc_chain_spec::resolve_state_version_from_wasm;
use sc_client_api::{blockchain, Backend, BlockImportOperation, HeaderBackend};
use sc_consensus_grandpa::GrandpaPruningFilter;
use sc_service::{error::Error as ServiceError, ChainType, Configuration, DatabaseSource, GenesisBlockBuilder};
use sp_runtime::Storage;

use super::{FullBackend, RuntimeExecutor};

/// Makes the first block, or knows it from the database.
type Genesis = GenesisBlockBuilder<Block, FullBackend, RuntimeExecutor>;

/// Table files that are open at a time while the log is looked at: it needs none of them for longer than a moment.
const OPEN_FILES: i32 = 64;
/// How long a validator waits that has forgotten its last votes. Several rounds of finality pass meanwhile, and what it votes in
/// later ones contradicts nothing.
const FORGETFUL: Duration = Duration::from_secs(30);

/// Opens the database.
///
/// Errors: it is damaged, or its first block is of another chain than `config`'s. Of a chain for development that is a warning:
/// its genesis changes with every build of the node. What comes after a damage of the log is lost, but the network has it: that is
/// told, and a validator waits, since it has forgotten votes.
pub(super) fn open(
	config: &Configuration,
	executor: &RuntimeExecutor,
) -> Result<(Arc<FullBackend>, Genesis), ServiceError> {
	let mut database = config.db_config();
	// Warp sync needs the justifications at changes of the authorities, however old.
	database.pruning_filters = vec![Arc::new(GrandpaPruningFilter)];
	let damage = damage_of_log(config)?;
	let backend = sc_service::new_db_backend(database)?;
	if let Some(reason) = damage {
		log::error!(
			"🛑 the database's log was damaged ({reason}), and what came after block {} is lost: check the disk and the memory of \
			 this machine",
			backend.blockchain().info().best_number
		);
		if config.role.is_authority() {
			let seconds = FORGETFUL.as_secs();
			log::error!(
				"🛑 it is not known how this validator voted last: it waits for {seconds} s, so that it votes in later rounds \
				 only"
			);
			std::thread::sleep(FORGETFUL);
		}
	}
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

/// Fails if the log is damaged. Only the node itself goes on with what is left, and a validator then waits: whoever else opens
/// the database first would make it forget that there was damage.
pub(crate) fn insist_on_whole_log(config: &Configuration) -> Result<(), ServiceError> {
	damage_of_log(config)?.map_or(Ok(()), |reason| {
		Err(ServiceError::Other(format!(
			"the database's log is damaged ({reason}): start the node, which says what is lost and goes on without it"
		)))
	})
}

/// What is wrong with the log of what was written last. RocksDB itself would forget what comes after the damage, and tell nobody.
///
/// Errors: the file that names all others is missing. RocksDB would begin a new database, and remove the old one's files.
fn damage_of_log(config: &Configuration) -> Result<Option<String>, ServiceError> {
	let (DatabaseSource::RocksDb { path, .. } | DatabaseSource::Auto { rocksdb_path: path, .. }) = &config.database
	else {
		return Ok(None);
	};
	if !path.join("CURRENT").exists() {
		// A node that was killed when it had hardly begun has left neither tables nor a log behind.
		let lost =
			files(path)?.iter().any(|(name, length)| name.ends_with(".sst") || (name.ends_with(".log") && *length > 0));
		let reason = "its file CURRENT is missing, though there are others".to_owned();
		return if lost { Err(blockchain::Error::Backend(reason).into()) } else { Ok(None) };
	}
	let mut options = Options::default();
	options.set_max_open_files(OPEN_FILES);
	// A record at the end may be torn: the process was killed while it wrote it, and nobody has built on it.
	options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
	let mut column = Options::default();
	column.set_disable_auto_compactions(true);
	// To write, so that what is in the log goes into tables as it is read: to only read it would take as much memory as the log is
	// long. Afterwards the log is empty, or, if it is damaged, as it was.
	let opened = DB::list_cf(&options, path).and_then(|names| {
		let columns = names.into_iter().map(|name| ColumnFamilyDescriptor::new(name, column.clone()));
		DB::open_cf_descriptors(&options, path, columns)
	});
	// Whatever else is wrong, RocksDB says when it opens the database for good.
	Ok(opened.err().map(rocksdb::Error::into_string))
}

/// Names and lengths of the files in a folder, which may not be there yet.
fn files(folder: &Path) -> io::Result<Vec<(String, u64)>> {
	let entries = match fs::read_dir(folder) {
		Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
		entries => entries?,
	};
	entries
		.map(|entry| {
			let entry = entry?;
			Ok((entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len()))
		})
		.collect()
}
