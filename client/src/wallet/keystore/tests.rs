use super::*;
use proptest::prelude::*;

/// A cheap cost, lest each test take 128 MiB.
fn keystore(directory: &tempfile::TempDir) -> Keystore {
	Keystore { log_n: 4, ..Keystore::at(directory.path().join("wallets")) }
}

#[test]
fn what_was_added_opens() {
	let directory = tempfile::tempdir().unwrap();
	let keystore = keystore(&directory);
	let entry = keystore.add("me", " //Alice ", "secret").unwrap();
	assert_eq!(entry.account, Signer::from_suri("//Alice").unwrap().account());
	assert_eq!(keystore.open("me", "secret").unwrap().account(), entry.account);
	assert_eq!(keystore.account("me").unwrap(), entry.account);
	let other = keystore.add("another_1", "//Bob", "x").unwrap();
	assert_eq!(keystore.list().unwrap(), [other, entry]);
}

#[test]
fn the_default_cost_opens_too() {
	let directory = tempfile::tempdir().unwrap();
	let keystore = Keystore::at(directory.path());
	keystore.add("me", "//Alice", "secret").unwrap();
	assert!(keystore.open("me", "secret").is_ok());
}

#[test]
fn a_wrong_password_is_named() {
	let directory = tempfile::tempdir().unwrap();
	let keystore = keystore(&directory);
	keystore.add("me", "//Alice", "secret").unwrap();
	assert!(matches!(keystore.open("me", "Secret"), Err(KeystoreError::WrongPassword(_))));
	assert!(matches!(keystore.open("me", ""), Err(KeystoreError::WrongPassword(_))));
	assert!(matches!(keystore.add("new", "//Alice", ""), Err(KeystoreError::EmptyPassword)));
}

#[test]
fn names_are_checked_and_never_overwritten() {
	let directory = tempfile::tempdir().unwrap();
	let keystore = keystore(&directory);
	for name in ["", "..", "a/b", "a.b", "ä", &"a".repeat(65)] {
		assert!(matches!(keystore.add(name, "//Alice", "x"), Err(KeystoreError::Name(_))), "{name}");
	}
	assert!(matches!(keystore.open("me", "x"), Err(KeystoreError::NotFound { .. })));
	keystore.add("me", "//Alice", "x").unwrap();
	assert!(matches!(keystore.add("me", "//Bob", "x"), Err(KeystoreError::Exists(_))));
	assert_eq!(keystore.open("me", "x").unwrap().account(), Signer::from_suri("//Alice").unwrap().account());
}

#[test]
fn nobody_else_can_read_the_file_and_nothing_else_is_left() {
	let directory = tempfile::tempdir().unwrap();
	let keystore = keystore(&directory);
	keystore.add("me", "//Alice", "x").unwrap();
	let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
	assert_eq!(mode(keystore.directory()), 0o700);
	assert_eq!(mode(&keystore.directory().join("me.json")), 0o600);
	assert_eq!(fs::read_dir(keystore.directory()).unwrap().count(), 1);
}

#[test]
fn an_exchanged_address_is_noticed() {
	let directory = tempfile::tempdir().unwrap();
	let keystore = keystore(&directory);
	let alice = keystore.add("me", "//Alice", "x").unwrap().account;
	let bob = Signer::from_suri("//Bob").unwrap().ss58();
	let path = keystore.directory().join("me.json");
	let text = fs::read_to_string(&path).unwrap();
	assert!(!text.contains("Alice"));
	fs::write(&path, text.replace(&format::account_to_ss58(&alice), &bob)).unwrap();
	assert!(matches!(keystore.open("me", "x"), Err(KeystoreError::WrongPassword(_))));
}

#[test]
fn dear_and_broken_files_are_refused() {
	let directory = tempfile::tempdir().unwrap();
	let keystore = keystore(&directory);
	keystore.add("me", "//Alice", "x").unwrap();
	let path = keystore.directory().join("me.json");
	let text = fs::read_to_string(&path).unwrap();
	for (from, to) in [
		("\"log_n\": 4", "\"log_n\": 63"),
		("\"r\": 8", "\"r\": 4294967295"),
		("\"p\": 1", "\"p\": 99"),
		("\"version\": \"1\"", "\"version\": \"2\""),
		("\"nonce\": \"", "\"nonce\": \"00"),
		("{", "["),
	] {
		assert!(text.contains(from), "{from}");
		fs::write(&path, text.replace(from, to)).unwrap();
		assert!(matches!(keystore.open("me", "x"), Err(KeystoreError::Damaged { .. })), "{to}");
	}
	fs::write(&path, vec![b' '; 65 * 1024]).unwrap();
	assert!(matches!(keystore.list(), Err(KeystoreError::Damaged { .. })));
}

proptest! {
	#[test]
	fn broken_files_never_panic(bytes: Vec<u8>) {
		let directory = tempfile::tempdir().unwrap();
		fs::write(directory.path().join("me.json"), bytes).unwrap();
		let _ = Keystore::at(directory.path()).open("me", "x");
	}
}
