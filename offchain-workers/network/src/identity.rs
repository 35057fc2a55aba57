//! The node's identity: an Ed25519 key in a file that only its owner can read.
use std::{
	fs, io,
	io::Write,
	path::{Path, PathBuf},
};

use libp2p::identity::Keypair;

/// Why the identity cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
	/// The file cannot be read or written.
	#[error("the key file {path} cannot be used: {source}")]
	Io {
		/// The file.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
	},
	/// The file holds something else.
	#[error("the key file {0} does not hold a libp2p key")]
	Malformed(PathBuf),
}

/// Reads the key in `path`, or makes one and keeps it there.
pub(crate) fn load_or_create(path: &Path) -> Result<Keypair, IdentityError> {
	let failed = |source| IdentityError::Io { path: path.into(), source };
	match fs::read(path) {
		Ok(bytes) => Keypair::from_protobuf_encoding(&bytes).map_err(|_| IdentityError::Malformed(path.into())),
		Err(error) if error.kind() == io::ErrorKind::NotFound => {
			let keypair = Keypair::generate_ed25519();
			let bytes = keypair.to_protobuf_encoding().map_err(|_| IdentityError::Malformed(path.into()))?;
			write_private(path, &bytes).map_err(failed)?;
			Ok(keypair)
		},
		Err(error) => Err(failed(error)),
	}
}

/// Whole or not at all, whatever happens in between: a half-written key would be a lost identity.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
	use std::os::unix::fs::OpenOptionsExt as _;

	let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
	fs::create_dir_all(directory)?;
	let temporary = path.with_extension("new");
	match fs::remove_file(&temporary) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
		_ => {},
	}
	let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
	file.write_all(bytes)?;
	file.sync_all()?;
	fs::rename(&temporary, path)?;
	fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::os::unix::fs::PermissionsExt as _;

	#[test]
	fn the_identity_survives_a_restart_and_is_private() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("deep/key");
		let first = load_or_create(&path).unwrap();
		let second = load_or_create(&path).unwrap();
		assert_eq!(first.public(), second.public());
		assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
	}

	#[test]
	fn a_broken_key_is_reported_and_kept() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("key");
		fs::write(&path, b"not a key").unwrap();
		assert!(matches!(load_or_create(&path), Err(IdentityError::Malformed(_))));
		assert_eq!(fs::read(&path).unwrap(), b"not a key");
	}
}
