use super::*;
use proptest::prelude::*;

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

#[test]
fn development_accounts_are_substrates() {
	assert_eq!(Signer::from_suri("//Alice").unwrap().ss58(), ALICE);
	let dev = "bottom drive obey lake curtain smoke basket hold race lonely fit walk//Alice";
	assert_eq!(Signer::from_suri(dev).unwrap().ss58(), ALICE);
	assert_eq!(Signer::from_suri(&format!(" {dev}\n")).unwrap().ss58(), ALICE);
}

#[test]
fn broken_secrets_are_refused() {
	for broken in ["not-a-phrase!", "five words are too few", "0x1234", "0xzz", "bottom drive obey lake curtain"] {
		assert!(Signer::from_suri(broken).is_err(), "{broken}");
	}
}

#[test]
fn no_secret_is_not_the_development_account() {
	for empty in ["", " ", "\t\n", "\u{a0}", "///", "///password", " ///password", "/soft", "/soft//hard"] {
		let error = Signer::from_suri(empty).expect_err(empty);
		assert!(matches!(error, SecretError::Empty), "{empty:?}: {error}");
	}
	for named in
		["//Alice///password", "//Alice/soft", "0x0101010101010101010101010101010101010101010101010101010101010101"]
	{
		assert!(Signer::from_suri(named).is_ok(), "{named}");
	}
}

#[test]
fn signatures_bind_message_and_account() {
	let alice = Signer::from_suri("//Alice").unwrap();
	let bob = Signer::from_suri("//Bob").unwrap();
	let signature = alice.sign(b"message");
	assert!(verify(&alice.account(), b"message", &signature));
	assert!(!verify(&alice.account(), b"messagf", &signature));
	assert!(!verify(&bob.account(), b"message", &signature));
}

#[test]
fn wrap_key_is_the_accounts_own_and_stable() {
	let alice = Signer::from_suri("//Alice").unwrap();
	assert_eq!(alice.wrap_key(), Signer::from_suri("//Alice").unwrap().wrap_key());
	assert_ne!(alice.wrap_key(), Signer::from_suri("//Bob").unwrap().wrap_key());
	assert_ne!(*alice.wrap_key(), alice.account());
	// The path that the documentation names, as any Substrate tool derives it.
	let child = Signer::from_suri("//Alice//peoples-cloud//key-wrap//1").unwrap();
	let mut expected = [0u8; 32];
	Hkdf::<Sha256>::new(None, &child.account()).expand(WRAP_INFO, &mut expected).unwrap();
	assert_eq!(*alice.wrap_key(), expected);
}

#[test]
fn phrases_are_new_each_time_and_usable() {
	let (one, two) = (new_phrase(), new_phrase());
	assert_ne!(one, two);
	assert_eq!(one.split(' ').count(), 12);
	assert!(Signer::from_suri(&one).is_ok());
}

#[test]
fn debug_output_tells_no_secret() {
	assert_eq!(format!("{:?}", Signer::from_suri("//Alice").unwrap()), format!("Signer({ALICE:?})"));
}

proptest! {
	#[test]
	fn any_text_is_an_account_or_an_error(text in "\\PC{0,80}") {
		let _ = Signer::from_suri(&text);
	}

	#[test]
	fn any_signature_bytes_are_judged(account: [u8; 32], bytes in prop::collection::vec(any::<u8>(), 64)) {
		prop_assert!(!verify(&account, b"message", &bytes.try_into().unwrap()));
	}
}
