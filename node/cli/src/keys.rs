//! `keys`: a validator's session keys, made and shown without a running node and without printing a secret.

use std::{fs, path::Path, sync::Arc};

use codec::Encode;
use peoples_cloud_runtime::{AccountId, SessionKeys};
use sc_cli::{Error, KeystoreParams, Result, SharedParams, SubstrateCli};
use sc_keystore::LocalKeystore;
use sc_service::{config::KeystoreConfig, BasePath};
use sp_keystore::{Keystore, KeystoreExt, KeystorePtr};
use sp_runtime::traits::OpaqueKeys;
use sp_state_machine::BasicExternalities;

/// What can be done with session keys.
#[derive(Debug, clap::Subcommand)]
pub enum KeysCommand {
	/// Make new session keys in the node's keystore. Prints their public halves and the proof of their possession: the two
	/// arguments of the transaction `session.setKeys`.
	New(NewKeys),
	/// Print the public halves of all session keys in the node's keystore.
	Show(ShowKeys),
}

/// Whose keys to make, and where.
#[derive(Debug, clap::Args)]
pub struct NewKeys {
	/// The account that will send `session.setKeys`, as an address or as 0x and 64 digits: the proof holds for no other.
	#[arg(long, value_name = "ACCOUNT")]
	owner: AccountId,
	#[clap(flatten)]
	place: Place,
}

/// Where to look.
#[derive(Debug, clap::Args)]
pub struct ShowKeys {
	#[clap(flatten)]
	place: Place,
}

/// Whose keystore.
#[derive(Debug, clap::Args)]
struct Place {
	#[clap(flatten)]
	shared: SharedParams,
	#[clap(flatten)]
	keystore: KeystoreParams,
}

impl Place {
	/// The keystore of the node that runs with the same arguments.
	fn find<C: SubstrateCli>(&self, cli: &C) -> Result<KeystoreConfig> {
		if self.shared.is_dev() && self.shared.base_path.is_none() && self.keystore.keystore_path.is_none() {
			return Err(Error::Input("--dev has no keystore that lasts: name --base-path or --keystore-path".into()));
		}
		let base_path =
			self.shared.base_path()?.unwrap_or_else(|| BasePath::from_project("", "", &C::executable_name()));
		let chain = cli.load_spec(&self.shared.chain_id(self.shared.is_dev()))?;
		self.keystore.keystore_config(&base_path.config_dir(chain.id()))
	}

	/// Opens it.
	fn open<C: SubstrateCli>(&self, cli: &C) -> Result<Arc<LocalKeystore>> {
		match self.find(cli)? {
			KeystoreConfig::Path { path, password } => Ok(Arc::new(LocalKeystore::open(path, password)?)),
			KeystoreConfig::InMemory => Err(no_disk()),
		}
	}
}

fn no_disk() -> Error {
	Error::Input("these arguments name no keystore on disk".into())
}

impl KeysCommand {
	/// Does it.
	pub(crate) fn run<C: SubstrateCli>(&self, cli: &C) -> Result<()> {
		match self {
			Self::New(command) => command.run(cli),
			Self::Show(command) => command.run(cli),
		}
	}
}

impl NewKeys {
	fn run<C: SubstrateCli>(&self, cli: &C) -> Result<()> {
		let KeystoreConfig::Path { path, password } = self.place.find(cli)? else { return Err(no_disk()) };
		// Made in a folder in which the node does not look: no keys are left half made when the disk is full.
		let aside = path.join(format!("new-{}", std::process::id()));
		let made = LocalKeystore::open(&aside, password)
			.map_err(|error| error.to_string())
			.and_then(|keystore| make(Arc::new(keystore), &self.owner))
			.and_then(|made| move_files(&aside, &path).map(|()| made).map_err(|error| error.to_string()));
		// What is in it, if anything, is of no use.
		let _ = fs::remove_dir_all(&aside);
		let (keys, proof) = made
			.map_err(|reason| Error::Input(format!("no session keys could be made in {}: {reason}", path.display())))?;
		println!("keys:  0x{}", hex::encode(keys));
		println!("proof: 0x{}", hex::encode(proof));
		Ok(())
	}
}

/// Makes one key of each kind; answers the encoded keys and the proof of their possession. `SessionKeys::generate` does the
/// same, but panics where a key cannot be written.
fn make(keystore: KeystorePtr, owner: &AccountId) -> std::result::Result<(Vec<u8>, Vec<u8>), String> {
	let [babe, grandpa, authority_discovery, beefy] = *SessionKeys::key_ids() else {
		return Err("the runtime has session keys that this command does not know".into());
	};
	let describe = |error: sp_keystore::Error| match error {
		sp_keystore::Error::Other(reason) => reason,
		error => error.to_string(),
	};
	let mut keys = SessionKeys {
		babe: keystore.sr25519_generate_new(babe, None).map_err(describe)?.into(),
		grandpa: keystore.ed25519_generate_new(grandpa, None).map_err(describe)?.into(),
		authority_discovery: keystore.sr25519_generate_new(authority_discovery, None).map_err(describe)?.into(),
		beefy: keystore.ecdsa_generate_new(beefy, None).map_err(describe)?.into(),
	};
	let mut externalities = BasicExternalities::default();
	externalities.register_extension(KeystoreExt::from(keystore));
	let proof = externalities
		.execute_with(|| keys.create_ownership_proof(&owner.encode()))
		.map_err(|()| "the new keys cannot sign".to_owned())?;
	Ok((keys.encode(), proof.encode()))
}

/// Moves all files from one folder to another of the same file system.
fn move_files(from: &Path, to: &Path) -> std::io::Result<()> {
	for file in fs::read_dir(from)? {
		let file = file?;
		fs::rename(file.path(), to.join(file.file_name()))?;
	}
	Ok(())
}

impl ShowKeys {
	fn run<C: SubstrateCli>(&self, cli: &C) -> Result<()> {
		let keystore = self.place.open(cli)?;
		let mut lines = Vec::new();
		for kind in SessionKeys::key_ids() {
			let name = String::from_utf8_lossy(&kind.0);
			let keys = keystore.keys(*kind).map_err(|_| Error::KeystoreOperation)?;
			lines.extend(keys.iter().map(|key| format!("{name}: 0x{}", hex::encode(key))));
		}
		if lines.is_empty() {
			return Err(Error::Input(
				"there are no session keys there: make them with `keys new`, or name another place".into(),
			));
		}
		println!("{}", lines.join("\n"));
		Ok(())
	}
}
