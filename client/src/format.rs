//! Addresses, object ids, amounts and sizes as text.
use cid::{multibase::Base, multihash::Multihash, Cid, Version};
use peoples_cloud_primitives::{AccountBytes, Balance, Hash32};
use serde::Serializer;
use subxt::utils::AccountId32;

/// Planck in a PPL.
pub const PLANCK_PER_PPL: Balance = 1_000_000_000_000;
/// Digits behind the point of a PPL.
const PPL_DECIMALS: usize = 12;
/// Name of the token.
const TOKEN: &str = "PPL";
/// Multicodec of plain bytes: a manifest is ours, not of IPLD.
const RAW: u64 = 0x55;
/// Multihash code of BLAKE3.
const BLAKE3: u64 = 0x1e;
/// Names of the units of sizes that people type and read, with their bytes.
const SIZE_UNITS: [(&str, u64); 11] = [
	("TiB", 1 << 40),
	("GiB", 1 << 30),
	("MiB", 1 << 20),
	("KiB", 1 << 10),
	("TB", 1_000_000_000_000),
	("GB", 1_000_000_000),
	("MB", 1_000_000),
	("kB", 1_000),
	("KB", 1_000),
	("bytes", 1),
	("B", 1),
];

/// Longest operator label that the chain takes, in bytes.
const MAX_OPERATOR_BYTES: usize = 32;
/// Longest region label that the chain takes, in bytes.
const MAX_REGION_BYTES: usize = 16;

/// Why a text is not what it should be. Says what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
	/// No account.
	#[error("{0:?} is no account; give an SS58 address such as 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")]
	Account(String),
	/// No object id.
	#[error("{0:?} is no object id; give the text that `ppl put` printed, which starts with \"bafkr4i\"")]
	Object(String),
	/// No amount.
	#[error("{0:?} is no amount of PPL; give a number such as 1.5 with at most 12 digits behind the point")]
	Amount(String),
	/// No size.
	#[error("{0:?} is no size; give a number with a unit, such as 10GiB or 500MB")]
	Size(String),
	/// No WebSocket's URL.
	#[error("{0:?} is no WebSocket's URL; give one such as ws://127.0.0.1:9944 or wss://node.example.org")]
	Url(String),
	/// No operator label.
	#[error("{0:?} is no operator label; give 1 to {MAX_OPERATOR_BYTES} bytes of text")]
	Operator(String),
	/// No region label.
	#[error("{0:?} is no region label; give at most {MAX_REGION_BYTES} bytes of text")]
	Region(String),
}

/// Serialises an account as its address.
pub fn account<S: Serializer>(account: &AccountBytes, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&account_to_ss58(account))
}

/// Serialises bytes as `0x` and hex digits.
pub fn hex<T: AsRef<[u8]>, S: Serializer>(bytes: &T, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&format!("0x{}", hex::encode(bytes.as_ref())))
}

/// Serialises a binary peer id as its usual text.
pub fn peer_id<S: Serializer>(peer_id: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&peer_id_to_text(peer_id))
}

/// Serialises an object id as its CID.
pub fn cid<S: Serializer>(object: &Hash32, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&object_to_cid(object))
}

/// Serialises planck as a decimal text: many JSON readers lose the digits of large numbers.
pub fn planck<S: Serializer>(amount: &Balance, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&amount.to_string())
}

/// An account's address, with Substrate's generic prefix 42.
pub fn account_to_ss58(account: &AccountBytes) -> String {
	AccountId32(*account).to_string()
}

/// A binary peer id as libp2p's tools write it: base58.
pub fn peer_id_to_text(peer_id: &[u8]) -> String {
	Base::Base58Btc.encode(peer_id)
}

/// A node's URL, as it is: `ws://` or `wss://`, and a host.
pub fn parse_url(text: &str) -> Result<String, FormatError> {
	let host = text.strip_prefix("ws://").or_else(|| text.strip_prefix("wss://"));
	match host {
		Some(host) if !host.is_empty() && !host.starts_with(['/', ':']) => Ok(text.into()),
		_ => Err(FormatError::Url(text.into())),
	}
}

/// An operator's label, as it is, if the chain takes it.
pub fn parse_operator(text: &str) -> Result<String, FormatError> {
	match !text.is_empty() && text.len() <= MAX_OPERATOR_BYTES && !text.chars().any(char::is_control) {
		true => Ok(text.into()),
		false => Err(FormatError::Operator(text.into())),
	}
}

/// A region's label, as it is, if the chain takes it.
pub fn parse_region(text: &str) -> Result<String, FormatError> {
	match text.len() <= MAX_REGION_BYTES && !text.chars().any(char::is_control) {
		true => Ok(text.into()),
		false => Err(FormatError::Region(text.into())),
	}
}

/// The account of an address of any prefix, or of `0x` and 64 hex digits.
pub fn account_from_ss58(text: &str) -> Result<AccountBytes, FormatError> {
	let wrong = || FormatError::Account(text.into());
	let text = text.trim();
	if let Some(digits) = text.strip_prefix("0x") {
		let mut account = [0; 32];
		hex::decode_to_slice(digits, &mut account).map_err(|_| wrong())?;
		return Ok(account);
	}
	text.parse::<AccountId32>().map(|account| account.0).map_err(|_| wrong())
}

/// An object's id as text: CIDv1, raw, BLAKE3, base32 in small letters.
pub fn object_to_cid(object: &Hash32) -> String {
	let hash = Multihash::<64>::wrap(BLAKE3, object).expect("32 bytes fit into 64; qed");
	Cid::new_v1(RAW, hash).to_string_of_base(Base::Base32Lower).expect("version 1 has a text in every base; qed")
}

/// The object of an id, in whatever base it is written.
pub fn object_from_cid(text: &str) -> Result<Hash32, FormatError> {
	let wrong = || FormatError::Object(text.into());
	let cid: Cid = text.trim().parse().map_err(|_| wrong())?;
	if cid.version() != Version::V1 || cid.codec() != RAW || cid.hash().code() != BLAKE3 {
		return Err(wrong());
	}
	cid.hash().digest().try_into().map_err(|_| wrong())
}

/// An amount in PPL, exact, with the token's name: `1.5 PPL`.
pub fn format_ppl(planck: Balance) -> String {
	let (whole, part) = (planck / PLANCK_PER_PPL, planck % PLANCK_PER_PPL);
	if part == 0 {
		return format!("{whole} {TOKEN}");
	}
	let part = format!("{part:0PPL_DECIMALS$}");
	format!("{whole}.{} {TOKEN}", part.trim_end_matches('0'))
}

/// Planck of an amount in PPL, with or without the token's name.
pub fn parse_ppl(text: &str) -> Result<Balance, FormatError> {
	let wrong = || FormatError::Amount(text.into());
	let number = text.trim();
	let number = number.strip_suffix(TOKEN).unwrap_or(number).trim_end();
	let (whole, part) = number.split_once('.').unwrap_or((number, ""));
	let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
	if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > PPL_DECIMALS || number.ends_with('.') {
		return Err(wrong());
	}
	let whole: Balance = whole.parse().map_err(|_| wrong())?;
	let part: Balance = format!("{part:0<PPL_DECIMALS$}").parse().map_err(|_| wrong())?;
	whole.checked_mul(PLANCK_PER_PPL).and_then(|planck| planck.checked_add(part)).ok_or_else(wrong)
}

/// A size for people, in binary units with at most one digit behind the point.
pub fn format_bytes(bytes: u64) -> String {
	for (unit, size) in SIZE_UNITS {
		if unit.ends_with("iB") && bytes >= size {
			// Tenths, rounded down; u128 as the product may pass 2^64.
			let tenths = u128::from(bytes) * 10 / u128::from(size);
			return match tenths % 10 {
				0 => format!("{} {unit}", tenths / 10),
				tenth => format!("{}.{tenth} {unit}", tenths / 10),
			};
		}
	}
	format!("{bytes} B")
}

/// Bytes of a size such as `10GiB`, `1.5 TB` or `1048576`.
pub fn parse_bytes(text: &str) -> Result<u64, FormatError> {
	let wrong = || FormatError::Size(text.into());
	let trimmed = text.trim();
	let end = trimmed.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(trimmed.len());
	let (number, unit) = trimmed.split_at(end);
	let unit = unit.trim_start();
	let size = match unit {
		"" => 1,
		_ => SIZE_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or_else(wrong)?.1,
	};
	let (whole, part) = number.split_once('.').unwrap_or((number, ""));
	// Nine digits are more than anyone types, and keep the product within u128.
	if whole.is_empty() || part.contains('.') || part.len() > 9 || number.ends_with('.') {
		return Err(wrong());
	}
	let whole: u64 = whole.parse().map_err(|_| wrong())?;
	let part: u128 = format!("{part:0<9}").parse().map_err(|_| wrong())?;
	let bytes = u128::from(whole) * u128::from(size) + part * u128::from(size) / 1_000_000_000;
	u64::try_from(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests;
