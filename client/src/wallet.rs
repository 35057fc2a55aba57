//! Accounts: signing, and what is derived from an account's secret.
//!
//! Key files are in [`keystore`].
use chacha20poly1305::aead::{rand_core::RngCore, OsRng};
use hkdf::Hkdf;
use peoples_cloud_primitives::AccountBytes;
use sha2::Sha256;
use subxt_signer::{
	bip39::Mnemonic,
	sr25519::{self, Keypair},
	DeriveJunction, SecretUri,
};
use zeroize::Zeroizing;

pub mod keystore;

pub use keystore::{Keystore, KeystoreError, WalletEntry};

/// Hard junctions of the child key that [`Signer::wrap_key`] comes from. A new scheme would be `//2`.
const WRAP_PATH: (&str, &str, u64) = ("peoples-cloud", "key-wrap", 1);
/// HKDF's `info`: names the use, so that other keys derived from the same child differ.
const WRAP_INFO: &[u8] = b"peoples-cloud 2026 object key wrap v1";
/// Entropy of a new secret phrase: 16 bytes make 12 words, 128 bits as Substrate's own tools use.
const PHRASE_ENTROPY_BYTES: usize = 16;

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
	/// There is no secret in it, for which the library would take the well-known development phrase.
	#[error("the secret is empty; give 12 to 24 words, a 0x seed of 32 bytes, or a development path such as //Alice")]
	Empty,
	/// The text is no secret URI.
	#[error("this is no secret phrase or URI; give 12 to 24 words, a 0x seed of 32 bytes, or a path such as //Alice")]
	Malformed,
	/// The words or the seed are wrong.
	#[error("the secret phrase is wrong: {0}")]
	Phrase(String),
}

/// An account that can sign.
#[derive(Clone)]
pub struct Signer {
	keypair: Keypair,
}

impl std::fmt::Debug for Signer {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter.debug_tuple("Signer").field(&self.ss58()).finish()
	}
}

impl Signer {
	/// From a secret URI as Substrate's tools take it: words or a `0x` seed, then `//hard/soft` junctions, then
	/// `///password`. Without words it is a development account: `//Alice`.
	pub fn from_suri(suri: &str) -> Result<Self, SecretError> {
		let suri = suri.trim();
		// Everybody can sign for the development phrase, so that its accounts must be asked for by their path.
		let development = suri.starts_with("//") && !suri.starts_with("///");
		if suri.is_empty() || (suri.starts_with('/') && !development) {
			return Err(SecretError::Empty);
		}
		let uri: SecretUri = suri.parse().map_err(|_| SecretError::Malformed)?;
		let keypair = Keypair::from_uri(&uri).map_err(|error| SecretError::Phrase(error.to_string()))?;
		Ok(Self { keypair })
	}

	/// The account's public key.
	pub fn account(&self) -> AccountBytes {
		self.keypair.public_key().0
	}

	/// The account's address.
	pub fn ss58(&self) -> String {
		crate::format::account_to_ss58(&self.account())
	}

	/// Signs a message with sr25519 in Substrate's context; check it with [`verify`].
	pub fn sign(&self, message: &[u8]) -> [u8; 64] {
		self.keypair.sign(message).0
	}

	/// The key that wraps this account's object keys.
	///
	/// It is HKDF-SHA-256 over the public key of a child that hard derivation makes from the account:
	/// `<account>//peoples-cloud//key-wrap//1`. Hard derivation hashes the account's secret key, so that nobody
	/// without it can compute the child, not even its public key, which is used nowhere else and never leaves
	/// this function. Public key bytes rather than secret ones are hashed because every sr25519 library exposes
	/// them; they are as unpredictable. The same account yields the same key on every machine, so that a phrase
	/// is enough to read everything again; and the key reveals nothing about the account's secret.
	pub fn wrap_key(&self) -> Zeroizing<[u8; 32]> {
		let (project, purpose, version) = WRAP_PATH;
		let child = self.keypair.derive([
			DeriveJunction::hard(project),
			DeriveJunction::hard(purpose),
			DeriveJunction::hard(version),
		]);
		let secret = Zeroizing::new(child.public_key().0);
		let mut key = Zeroizing::new([0u8; 32]);
		Hkdf::<Sha256>::new(None, secret.as_slice())
			.expand(WRAP_INFO, key.as_mut_slice())
			.expect("32 bytes are below HKDF-SHA-256's limit of 8,160; qed");
		key
	}

	pub(crate) fn keypair(&self) -> &Keypair {
		&self.keypair
	}
}

/// Whether `signature` is the account's over `message`.
pub fn verify(account: &AccountBytes, message: &[u8], signature: &[u8; 64]) -> bool {
	sr25519::verify(&sr25519::Signature(*signature), message, &sr25519::PublicKey(*account))
}

/// A new secret phrase of 12 words from the system's randomness.
pub fn new_phrase() -> Zeroizing<String> {
	let mut entropy = Zeroizing::new([0u8; PHRASE_ENTROPY_BYTES]);
	OsRng.fill_bytes(entropy.as_mut_slice());
	let phrase = Mnemonic::from_entropy(entropy.as_slice()).expect("16 bytes are a length that BIP-39 knows; qed");
	Zeroizing::new(phrase.to_string())
}

#[cfg(test)]
mod tests;
