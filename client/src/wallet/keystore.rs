//! Encrypted key files, one an account, in one directory.
//!
//! A file is JSON. The secret URI is sealed with XChaCha20-Poly1305 under a key that scrypt makes from the
//! password; the account's address stands beside it in the clear, bound as associated data, so that wallets can
//! be listed without a password and an exchanged address is noticed.
use std::{
	fs,
	io::{self, Write},
	os::unix::fs::{DirBuilderExt, PermissionsExt},
	path::{Path, PathBuf},
};

use chacha20poly1305::{
	aead::{rand_core::RngCore, Aead, OsRng, Payload},
	KeyInit, XChaCha20Poly1305, XNonce,
};
use peoples_cloud_primitives::AccountBytes;
use scrypt::{scrypt, Params};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{SecretError, Signer};
use crate::format;

/// scrypt's cost for new files: 2^17 with r = 8 takes 128 MiB and some tenths of a second, OWASP's first choice.
const LOG_N: u8 = 17;
/// scrypt's block size for new files.
const R: u32 = 8;
/// scrypt's parallelism for new files.
const P: u32 = 1;
/// Dearest file that is opened: 2^20 with r = 8 takes 1 GiB; a planted file must not exhaust the machine.
const MAX_COST_BYTES: u64 = 1 << 30;
/// Longest name: leaves room for the suffix within the 255 bytes that file systems allow.
const MAX_NAME_CHARS: usize = 64;
/// Longest file that is read: a file of ours has below 1 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// Starts the associated data: names the use and the format's version.
const DOMAIN: &[u8] = b"peoples-cloud 2026 wallet file v1";
/// What key files end in.
const SUFFIX: &str = "json";

/// Why a key file could not be made, read or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
	/// No wallet of that name.
	#[error("there is no wallet {name:?} in {}; `ppl wallet list` shows those there are", directory.display())]
	NotFound {
		/// The name.
		name: String,
		/// Where it was looked for.
		directory: PathBuf,
	},
	/// The name is taken.
	#[error("a wallet {0:?} exists already; choose another name")]
	Exists(String),
	/// The name cannot be a file's.
	#[error("{0:?} is no wallet name; use up to {MAX_NAME_CHARS} letters, digits, '-' and '_'")]
	Name(String),
	/// The password is not the one that the file was sealed with, or the file was changed.
	#[error("the password for wallet {0:?} is wrong")]
	WrongPassword(String),
	/// The password is empty.
	#[error("the password is empty; choose one of 8 characters or more")]
	EmptyPassword,
	/// The file is not a key file of ours.
	#[error("the key file {} is damaged or of an unknown version ({reason}); restore it from a copy", path.display())]
	Damaged {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		reason: String,
	},
	/// The secret is unusable.
	#[error(transparent)]
	Secret(#[from] SecretError),
	/// The file system refused.
	#[error("the key file {} cannot be used: {error}", path.display())]
	Io {
		/// The file or directory.
		path: PathBuf,
		/// Why.
		error: io::Error,
	},
	/// No home directory is known.
	#[error("no home directory is set; set PPL_HOME to a directory for the wallets")]
	NoHome,
}

/// A wallet as it is listed, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WalletEntry {
	/// Its name.
	pub name: String,
	/// Its account.
	#[serde(serialize_with = "crate::format::account")]
	pub account: AccountBytes,
}

/// A directory of key files.
#[derive(Clone, Debug)]
pub struct Keystore {
	directory: PathBuf,
	log_n: u8,
}

/// What stands in a key file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "version")]
enum KeyFile {
	#[serde(rename = "1")]
	V1(KeyFileV1),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFileV1 {
	/// SS58 address.
	account: String,
	kdf: Kdf,
	cipher: Cipher,
	/// The secret URI, sealed: hex.
	sealed: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
enum Kdf {
	Scrypt { log_n: u8, r: u32, p: u32, salt: String },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
enum Cipher {
	XChaCha20Poly1305 { nonce: String },
}

impl Keystore {
	/// The user's own: `$PPL_HOME/wallets`, or `peoples-cloud/wallets` below `$XDG_DATA_HOME` or `~/.local/share`.
	pub fn of_user() -> Result<Self, KeystoreError> {
		let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
		let directory = match set("PPL_HOME") {
			Some(home) => home.join("wallets"),
			None => set("XDG_DATA_HOME")
				.or_else(|| Some(set("HOME")?.join(".local/share")))
				.ok_or(KeystoreError::NoHome)?
				.join("peoples-cloud/wallets"),
		};
		Ok(Self::at(directory))
	}

	/// In `directory`, which is made when the first wallet is.
	pub fn at(directory: impl Into<PathBuf>) -> Self {
		Self { directory: directory.into(), log_n: LOG_N }
	}

	/// Where the files are.
	pub fn directory(&self) -> &Path {
		&self.directory
	}

	/// That a name can be given to a new wallet.
	pub fn check_new(&self, name: &str) -> Result<(), KeystoreError> {
		match self.path(name)?.exists() {
			true => Err(KeystoreError::Exists(name.into())),
			false => Ok(()),
		}
	}

	/// Seals a secret URI under a new name. The file is whole or not there, and readable by its owner alone.
	pub fn add(&self, name: &str, suri: &str, password: &str) -> Result<WalletEntry, KeystoreError> {
		self.check_new(name)?;
		let path = self.path(name)?;
		if password.is_empty() {
			return Err(KeystoreError::EmptyPassword);
		}
		let suri = suri.trim();
		let signer = Signer::from_suri(suri)?;
		let (mut salt, mut nonce) = ([0u8; 32], [0u8; 24]);
		OsRng.fill_bytes(&mut salt);
		OsRng.fill_bytes(&mut nonce);
		let params =
			Params::new(self.log_n, R, P, Params::RECOMMENDED_LEN).expect("constants within scrypt's limits; qed");
		let sealed = cipher(password, &salt, &params)
			.encrypt(
				XNonce::from_slice(&nonce),
				Payload { msg: suri.as_bytes(), aad: &associated_data(&signer.account()) },
			)
			.expect("a phrase is below the cipher's limit of 256 GiB; qed");
		let file = KeyFile::V1(KeyFileV1 {
			account: signer.ss58(),
			kdf: Kdf::Scrypt { log_n: self.log_n, r: R, p: P, salt: hex::encode(salt) },
			cipher: Cipher::XChaCha20Poly1305 { nonce: hex::encode(nonce) },
			sealed: hex::encode(sealed),
		});
		self.write(name, &path, &file)?;
		Ok(WalletEntry { name: name.into(), account: signer.account() })
	}

	/// Opens a wallet.
	pub fn open(&self, name: &str, password: &str) -> Result<Signer, KeystoreError> {
		let suri = self.reveal(name, password)?;
		Ok(Signer::from_suri(&suri)?)
	}

	/// The secret URI of a wallet.
	fn reveal(&self, name: &str, password: &str) -> Result<Zeroizing<String>, KeystoreError> {
		let path = self.path(name)?;
		let damaged = |reason: &str| KeystoreError::Damaged { path: path.clone(), reason: reason.into() };
		let (account, file) = self.read(name, &path)?;
		let Kdf::Scrypt { log_n, r, p, salt } = &file.kdf;
		let cost = 1u64.checked_shl(u32::from(*log_n)).and_then(|n| n.checked_mul(u64::from(*r) * 128));
		if !matches!(cost, Some(1..=MAX_COST_BYTES)) || *p > 16 {
			return Err(damaged("its scrypt cost is out of bounds"));
		}
		let params = Params::new(*log_n, *r, *p, Params::RECOMMENDED_LEN).map_err(|_| damaged("scrypt parameters"))?;
		let salt = hex::decode(salt).map_err(|_| damaged("salt"))?;
		let Cipher::XChaCha20Poly1305 { nonce } = &file.cipher;
		let mut nonce_bytes = [0u8; 24];
		hex::decode_to_slice(nonce, &mut nonce_bytes).map_err(|_| damaged("nonce"))?;
		let sealed = hex::decode(&file.sealed).map_err(|_| damaged("sealed secret"))?;
		let plain = cipher(password, &salt, &params)
			.decrypt(XNonce::from_slice(&nonce_bytes), Payload { msg: &sealed, aad: &associated_data(&account) })
			.map(Zeroizing::new)
			.map_err(|_| KeystoreError::WrongPassword(name.into()))?;
		let suri = std::str::from_utf8(&plain).map_err(|_| damaged("secret is no text"))?;
		Ok(Zeroizing::new(suri.to_owned()))
	}

	/// The account of a wallet; needs no password.
	pub fn account(&self, name: &str) -> Result<AccountBytes, KeystoreError> {
		Ok(self.read(name, &self.path(name)?)?.0)
	}

	/// All wallets by name. A file that is not a wallet is an error, lest one be missed without notice.
	pub fn list(&self) -> Result<Vec<WalletEntry>, KeystoreError> {
		let failed = |error| KeystoreError::Io { path: self.directory.clone(), error };
		let entries = match fs::read_dir(&self.directory) {
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
			entries => entries.map_err(failed)?,
		};
		let mut wallets = Vec::new();
		for entry in entries {
			let path = entry.map_err(failed)?.path();
			let name = path.file_stem().and_then(|name| name.to_str());
			if let (Some(name), Some(SUFFIX)) = (name, path.extension().and_then(|suffix| suffix.to_str())) {
				if self.path(name).is_ok() {
					wallets.push(WalletEntry { name: name.into(), account: self.read(name, &path)?.0 });
				}
			}
		}
		wallets.sort_by(|one, other| one.name.cmp(&other.name));
		Ok(wallets)
	}

	fn path(&self, name: &str) -> Result<PathBuf, KeystoreError> {
		let known = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
		if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(known) {
			return Err(KeystoreError::Name(name.into()));
		}
		Ok(self.directory.join(format!("{name}.{SUFFIX}")))
	}

	fn read(&self, name: &str, path: &Path) -> Result<(AccountBytes, KeyFileV1), KeystoreError> {
		let damaged = |reason: String| KeystoreError::Damaged { path: path.into(), reason };
		let failed = |error| KeystoreError::Io { path: path.into(), error };
		match fs::metadata(path) {
			Err(error) if error.kind() == io::ErrorKind::NotFound => {
				return Err(KeystoreError::NotFound { name: name.into(), directory: self.directory.clone() })
			},
			metadata => {
				if metadata.map_err(failed)?.len() > MAX_FILE_BYTES {
					return Err(damaged("it is too long".into()));
				}
			},
		}
		let bytes = fs::read(path).map_err(failed)?;
		let KeyFile::V1(file) = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
		let account = format::account_from_ss58(&file.account).map_err(|_| damaged("its address is wrong".into()))?;
		Ok((account, file))
	}

	fn write(&self, name: &str, path: &Path, file: &KeyFile) -> Result<(), KeystoreError> {
		let failed = |error| KeystoreError::Io { path: path.into(), error };
		fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory).map_err(failed)?;
		let mut temporary = tempfile::NamedTempFile::new_in(&self.directory).map_err(failed)?;
		temporary.as_file().set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
		serde_json::to_writer_pretty(&mut temporary, file).map_err(|error| failed(error.into()))?;
		temporary.write_all(b"\n").map_err(failed)?;
		temporary.as_file().sync_all().map_err(failed)?;
		temporary.persist_noclobber(path).map_err(|error| match error.error.kind() {
			io::ErrorKind::AlreadyExists => KeystoreError::Exists(name.into()),
			_ => failed(error.error),
		})?;
		// The new name must survive a power cut as well.
		fs::File::open(&self.directory).and_then(|directory| directory.sync_all()).map_err(failed)
	}
}

fn cipher(password: &str, salt: &[u8], params: &Params) -> XChaCha20Poly1305 {
	let mut key = Zeroizing::new([0u8; 32]);
	scrypt(password.as_bytes(), salt, params, key.as_mut_slice())
		.expect("32 bytes are a length that scrypt makes; qed");
	XChaCha20Poly1305::new(key.as_slice().into())
}

fn associated_data(account: &AccountBytes) -> Vec<u8> {
	[DOMAIN, account].concat()
}

#[cfg(test)]
mod tests;
