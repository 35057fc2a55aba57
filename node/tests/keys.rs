//! Session keys are made on disk, with a proof that the chain takes, and secrets stay there. No key of any kind is printed, or
//! made of a path's text, because an argument is missing or wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, process::Command};

use codec::{Decode, Encode};
use peoples_cloud_runtime::{AccountId, SessionKeys};
use sp_runtime::traits::OpaqueKeys;

const OWNER: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

fn keys(base_path: &Path, arguments: &[&str]) -> (bool, String, String) {
	let output = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node"))
		.arg("keys")
		.args(arguments)
		.args(["--chain", "local", "--base-path"])
		.arg(base_path)
		.output()
		.unwrap();
	let text = |bytes| String::from_utf8(bytes).unwrap();
	(output.status.success(), text(output.stdout), text(output.stderr))
}

/// Runs `key` with these arguments: whether it went well, what it printed, what it said.
fn key(arguments: &[&str]) -> (bool, String, String) {
	let output = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node")).arg("key").args(arguments).output().unwrap();
	let text = |bytes| String::from_utf8(bytes).unwrap();
	(output.status.success(), text(output.stdout), text(output.stderr))
}

/// The bytes of the line that begins so.
fn line(output: &str, name: &str) -> Vec<u8> {
	let line = output.lines().find_map(|line| line.strip_prefix(name)).unwrap();
	hex::decode(line.trim().trim_start_matches("0x")).unwrap()
}

#[test]
fn new_keys_have_a_proof_and_stay_secret() {
	let dir = tempfile::tempdir().unwrap();
	let owner: AccountId = OWNER.parse().unwrap();

	// WHEN keys are made
	let (made, output, _) = keys(dir.path(), &["new", "--owner", OWNER]);
	assert!(made);

	// THEN the chain would take them from their owner, and from nobody else
	let public = SessionKeys::decode(&mut &*line(&output, "keys:")).unwrap();
	let proof = <SessionKeys as OpaqueKeys>::ownership_proof_is_valid;
	let encoded = line(&output, "proof:");
	assert!(proof(&public, &owner.encode(), &encoded));
	assert!(!proof(&public, &[1; 32], &encoded));

	// THEN the node finds them, and no secret was printed
	let (shown, list, _) = keys(dir.path(), &["show"]);
	assert!(shown);
	assert_eq!(list.lines().count(), 4);
	assert_eq!(line(&list, "babe:"), public.babe.encode());
	assert_eq!(line(&list, "beef:"), public.beefy.encode());
	let keystore = dir.path().join("chains/peoples_cloud_local/keystore");
	let mut files = 0;
	for file in std::fs::read_dir(keystore).unwrap() {
		let secret = std::fs::read_to_string(file.unwrap().path()).unwrap();
		let secret = secret.trim().trim_matches('"');
		assert!(!output.contains(secret) && !list.contains(secret));
		files += 1;
	}
	assert_eq!(files, 4);
}

#[test]
fn a_wrong_owner_makes_nothing() {
	let dir = tempfile::tempdir().unwrap();
	let (made, output, message) = keys(dir.path(), &["new", "--owner", "nobody"]);
	assert!(!made && output.is_empty());
	assert!(message.contains("--owner"), "{message}");
	assert!(!dir.path().join("chains").exists());
}

#[test]
fn keys_that_are_not_there_are_not_shown_as_none() {
	let dir = tempfile::tempdir().unwrap();
	let (shown, output, error) = keys(dir.path(), &["show"]);
	assert!(!shown && output.is_empty());
	assert!(error.contains("no session keys"), "{error}");
}

#[test]
fn keys_of_a_chain_that_lasts_nowhere_are_not_made() {
	let output = Command::new(env!("CARGO_BIN_EXE_peoples-cloud-node"))
		.args(["keys", "new", "--dev", "--owner", OWNER])
		.output()
		.unwrap();
	assert!(!output.status.success() && output.stdout.is_empty());
	let error = String::from_utf8(output.stderr).unwrap();
	assert!(error.contains("--base-path"), "{error}");
}

#[test]
fn a_full_disk_leaves_no_keys() {
	let dir = tempfile::tempdir().unwrap();
	// GIVEN no room for a byte in any file: this needs no disk that is full, nor the right to mount one
	let output = Command::new("bash")
		.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_peoples-cloud-node")])
		.args(["keys", "new", "--owner", OWNER, "--chain", "local", "--base-path"])
		.arg(dir.path())
		.output()
		.unwrap();

	// THEN one sentence says so
	assert!(!output.status.success() && output.stdout.is_empty());
	let said = String::from_utf8(output.stderr).unwrap();
	assert!(said.starts_with("Error: no session keys could be made in ") && said.lines().count() == 1, "{said}");
	assert!(said.contains("File too large"), "{said}");

	// THEN nothing is left in the keystore that the node would take for a key
	let keystore = dir.path().join("chains/peoples_cloud_local/keystore");
	assert_eq!(std::fs::read_dir(keystore).unwrap().count(), 0);

	// WHEN there is room again THEN keys are made
	let (made, output, _) = keys(dir.path(), &["new", "--owner", OWNER]);
	assert!(made && output.contains("proof: 0x"), "{output}");
}

#[test]
fn a_node_key_that_goes_nowhere_is_not_made() {
	// WHEN no place is named THEN one sentence says how to name one, and nothing is printed
	for options in [vec![], vec!["--bin"], vec!["--chain", "local"]] {
		let (made, output, said) = key(&[vec!["generate-node-key"], options].concat());
		assert!(!made && output.is_empty(), "{said}");
		assert!(said.starts_with("Error: ") && said.lines().count() == 1, "{said}");
		for option in ["--file", "--base-path", "--default-base-path"] {
			assert!(said.contains(option), "{said}");
		}
	}
}

#[test]
fn a_node_key_is_written_and_not_printed() {
	let dir = tempfile::tempdir().unwrap();
	let file = dir.path().join("node-key");
	let by_file = key(&["generate-node-key", "--file", &file.to_string_lossy()]);
	let by_path = key(&["generate-node-key", "--chain", "local", "--base-path", &dir.path().to_string_lossy()]);
	let in_path = dir.path().join("chains/peoples_cloud_local/network/secret_ed25519");

	for ((made, output, said), file) in [(by_file, file), (by_path, in_path)] {
		assert!(made && output.is_empty(), "{said}");
		let secret = std::fs::read_to_string(&file).unwrap();
		assert_eq!(hex::decode(&secret).unwrap().len(), 32);
		assert!(!said.contains(&secret));
	}
}

#[test]
fn a_path_of_no_file_is_not_a_secret() {
	let dir = tempfile::tempdir().unwrap();
	let base_path = dir.path().to_string_lossy().into_owned();
	let file = format!("{base_path}/suri");
	let keystore = dir.path().join("chains/peoples_cloud_local/keystore");
	let insert = |suri: &str| {
		let place = ["--chain", "local", "--base-path", &base_path, "--suri", suri];
		key(&[&["insert", "--scheme", "sr25519", "--key-type", "babe"][..], &place].concat())
	};

	// WHEN there is no such file THEN one sentence says so, without the text, and no key is made
	for missing in [file.as_str(), "/run/secret", "./secret", "secrets/key", "0xno/secret"] {
		for (done, output, said) in [insert(missing), key(&["inspect", missing])] {
			assert!(!done && output.is_empty(), "{missing}");
			assert!(said.starts_with("Error: the secret looks like a path") && said.lines().count() == 1, "{said}");
			assert!(!said.contains(missing), "{said}");
		}
	}
	assert!(!keystore.exists());

	// WHEN there is one, or a secret has slashes of its own, THEN it is taken
	let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
	std::fs::write(&file, phrase).unwrap();
	let derived = format!("{phrase}/soft//hard///password");
	let seed = format!("0x{}//hard", "7a".repeat(32));
	for suri in [file.as_str(), &derived, &seed, "//Alice"] {
		let (inserted, _, said) = insert(suri);
		assert!(inserted, "{suri}: {said}");
		let (inspected, output, said) = key(&["inspect", suri]);
		assert!(inspected && output.contains("SS58 Address"), "{suri}: {said}");
	}
	assert_eq!(std::fs::read_dir(keystore).unwrap().count(), 4);
}
