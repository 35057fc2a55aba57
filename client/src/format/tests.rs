use super::*;
use proptest::prelude::*;

#[test]
fn amounts_read_as_they_are_written() {
	for (text, planck) in [
		("0 PPL", 0),
		("1 PPL", PLANCK_PER_PPL),
		("1.5 PPL", 1_500_000_000_000),
		("0.000000000001 PPL", 1),
		("12.000000000345 PPL", 12_000_000_000_345),
	] {
		assert_eq!(format_ppl(planck), text);
		assert_eq!(parse_ppl(text), Ok(planck));
	}
	assert_eq!(parse_ppl("2.50"), Ok(2_500_000_000_000));
	assert_eq!(parse_ppl(" 3PPL "), Ok(3 * PLANCK_PER_PPL));
	for wrong in
		["", "PPL", ".5", "1.", "-1", "1,5", "1e3", "1.0000000000001", "1 DOT", "999999999999999999999999999999"]
	{
		assert_eq!(parse_ppl(wrong), Err(FormatError::Amount(wrong.into())));
	}
}

#[test]
fn sizes_read_as_people_type_them() {
	for (text, bytes) in [
		("0", 0),
		("1024", 1024),
		("10GiB", 10 << 30),
		("10 gib", 10 << 30),
		("1.5TB", 1_500_000_000_000),
		("0.5KiB", 512),
		("7 bytes", 7),
	] {
		assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
	}
	for wrong in ["", "GiB", "10 XB", "-1", "1.", "1.5.5", "99999999999TiB", "1.0000000001 GB"] {
		assert_eq!(parse_bytes(wrong), Err(FormatError::Size(wrong.into())), "{wrong}");
	}
	assert_eq!(format_bytes(0), "0 B");
	assert_eq!(format_bytes(1023), "1023 B");
	assert_eq!(format_bytes(1536), "1.5 KiB");
	assert_eq!(format_bytes(10 << 30), "10 GiB");
	assert_eq!(format_bytes(u64::MAX), "16777215.9 TiB");
}

#[test]
fn object_ids_are_raw_blake3_cids() {
	let id = object_to_cid(&[7; 32]);
	assert!(id.starts_with("bafkr4i"), "{id}");
	assert_eq!(object_from_cid(&id), Ok([7; 32]));
	for wrong in [
		"",
		"x",
		"bafkr4i",
		// A CID of IPFS: version 0, and version 1 with SHA-256.
		"QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
		"bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4",
	] {
		assert_eq!(object_from_cid(wrong), Err(FormatError::Object(wrong.into())));
	}
}

#[test]
fn accounts_are_addresses_or_hex() {
	let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
	let bytes = account_from_ss58(alice).unwrap();
	assert_eq!(account_to_ss58(&bytes), alice);
	assert_eq!(account_from_ss58(&format!("0x{}", hex::encode(bytes))), Ok(bytes));
	for wrong in ["", "0x00", "Alice", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ"] {
		assert_eq!(account_from_ss58(wrong), Err(FormatError::Account(wrong.into())));
	}
}

#[test]
fn peer_ids_are_written_in_base58() {
	// An ed25519 key's: identity multihash of the protobuf of the public key.
	let peer_id = [&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20][..], &[7; 32]].concat();
	assert!(peer_id_to_text(&peer_id).starts_with("12D3KooW"), "{}", peer_id_to_text(&peer_id));
}

#[test]
fn urls_are_websockets() {
	for right in ["ws://127.0.0.1:9944", "wss://node.example", "ws://[::1]:9944/path"] {
		assert_eq!(parse_url(right).as_deref(), Ok(right));
	}
	for wrong in ["", "ws://", "ws:///path", "wss://:9944", "http://127.0.0.1:9944", "127.0.0.1:9944", "localhost"] {
		assert_eq!(parse_url(wrong), Err(FormatError::Url(wrong.into())));
	}
}

#[test]
fn labels_are_what_the_chain_takes() {
	assert_eq!(parse_operator(&"o".repeat(32)), Ok("o".repeat(32)));
	for wrong in ["".to_string(), "o".repeat(33), "a\u{1b}[2Jb".into()] {
		assert_eq!(parse_operator(&wrong), Err(FormatError::Operator(wrong.clone())));
	}
	assert_eq!(parse_region(""), Ok(String::new()));
	for wrong in ["r".repeat(17), "a\nb".into()] {
		assert_eq!(parse_region(&wrong), Err(FormatError::Region(wrong.clone())));
	}
}

proptest! {
	#[test]
	fn amounts_round_trip(planck: u128) {
		prop_assert_eq!(parse_ppl(&format_ppl(planck)), Ok(planck));
	}

	#[test]
	fn objects_and_accounts_round_trip(bytes: [u8; 32]) {
		prop_assert_eq!(object_from_cid(&object_to_cid(&bytes)), Ok(bytes));
		prop_assert_eq!(account_from_ss58(&account_to_ss58(&bytes)), Ok(bytes));
	}

	#[test]
	fn whole_sizes_round_trip(bytes: u64) {
		prop_assert_eq!(parse_bytes(&bytes.to_string()), Ok(bytes));
		let shown = parse_bytes(&format_bytes(bytes)).unwrap();
		prop_assert!(shown <= bytes && shown >= bytes - bytes / 10);
	}

	#[test]
	fn any_text_is_read_or_refused(text in "\\PC{0,70}") {
		let _ = (parse_ppl(&text), parse_bytes(&text), account_from_ss58(&text), object_from_cid(&text));
	}
}
