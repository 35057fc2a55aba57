//! `keys`: a validator's session keys, made and shown without a running node and without printing a secret.

use std::sync::Arc;

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
	/// Opens the keystore of the node that runs with the same arguments.
	fn open<C: SubstrateCli>(&self, cli: &C) -> Result<Arc<LocalKeystore>> {
		if self.shared.is_dev() && self.shared.base_path.is_none() && self.keystore.keystore_path.is_none() {
			return Err(Error::Input("--dev has no keystore that lasts: name --base-path or --keystore-path".into()));
		}
		let base_path =
			self.shared.base_path()?.unwrap_or_else(|| BasePath::from_project("", "", &C::executable_name()));
		let chain = cli.load_spec(&self.shared.chain_id(self.shared.is_dev()))?;
		match self.keystore.keystore_config(&base_path.config_dir(chain.id()))? {
			KeystoreConfig::Path { path, password } => Ok(Arc::new(LocalKeystore::open(path, password)?)),
			KeystoreConfig::InMemory => Err(Error::Input("these arguments name no keystore on disk".into())),
		}
	}
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
		let keystore: KeystorePtr = self.place.open(cli)?;
		let mut externalities = BasicExternalities::default();
		externalities.register_extension(KeystoreExt::from(keystore));
		let generated = externalities.execute_with(|| SessionKeys::generate(&self.owner.encode(), None));
		println!("keys:  0x{}", hex::encode(generated.keys.encode()));
		println!("proof: 0x{}", hex::encode(generated.proof.encode()));
		Ok(())
	}
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
