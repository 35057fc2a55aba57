//! A node: its JSON-RPC, and what is read of blocks.
//!
//! The client library is for this chain only. Here every name is looked up in the metadata of whatever runtime the node has:
//! the extensions of transactions, limits of blocks, accounts.
use std::{fmt::Display, future::Future, sync::Arc, time::Duration};

use anyhow::{anyhow, bail, Context, Result};
use codec::Encode;
use subxt::{
	backend::LegacyBackend,
	config::{
		substrate::{BlakeTwo256, DigestItem, SubstrateHeader},
		Hasher, PolkadotConfig, RpcConfigFor,
	},
	ext::scale_decode::DecodeAsType,
	rpcs::{
		client::{reconnecting_rpc_client, RpcClient},
		methods::legacy::LegacyRpcMethods,
	},
	utils::{AccountId32, H256},
	OnlineClient, OnlineClientAtBlock,
};

/// Substrate's types; extensions of transactions are those that the metadata names.
pub(crate) type Config = PolkadotConfig;
/// A block to read at.
pub(crate) type AtBlock = OnlineClientAtBlock<Config>;
/// A node's JSON-RPC.
pub(crate) type Rpc = LegacyRpcMethods<RpcConfigFor<Config>>;
/// A block's header.
pub(crate) type Header = SubstrateHeader<H256>;

/// Longest wait for a connection.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Longest wait for one answer. A node that makes full blocks is busy.
pub(crate) const READ_DEADLINE: Duration = Duration::from_secs(60);
/// Pause before a lost connection is tried anew: a killed node returns within seconds.
const RECONNECT_MILLIS: u64 = 500;
/// Largest answer: above 10 MiB, what a full block of 5 MiB comes to in hexadecimal.
const MAX_ANSWER_BYTES: u32 = 32 * 1024 * 1024;

const SYSTEM: &str = "System";

/// A node's JSON-RPC, and the chain's types.
pub(crate) struct Node {
	url: String,
	rpc: Rpc,
	client: OnlineClient<Config>,
	limits: Limits,
}

/// A block of the chain, as far as it is measured.
#[derive(Clone, Debug)]
pub(crate) struct Block {
	pub(crate) number: u64,
	pub(crate) hash: H256,
	pub(crate) parent: H256,
	/// The slot that it was made in, if its author says so.
	pub(crate) slot: Option<u64>,
	/// When it was made, in milliseconds.
	pub(crate) time_millis: u64,
	/// Weight of ordinary transactions, as a part of what they may have.
	pub(crate) fill: f64,
	/// Bytes of all transactions, as a part of what ordinary ones may have.
	pub(crate) byte_fill: f64,
	/// Hashes of its transactions.
	pub(crate) transactions: Vec<H256>,
	/// Blocks between it and the newest finalised one when it arrived; unknown of a block that is read later.
	pub(crate) lag: Option<u64>,
}

/// An account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
	/// Transactions that are in blocks.
	pub(crate) nonce: u64,
	/// Smallest units that it has.
	pub(crate) free: u128,
}

/// What ordinary transactions may take of a block.
#[derive(Clone, Copy, Debug)]
struct Limits {
	weight: Weight,
	bytes: u32,
}

#[derive(Clone, Copy, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Weight {
	ref_time: u64,
	proof_size: u64,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct UsedWeight {
	normal: Weight,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct BlockWeights {
	max_block: Weight,
	per_class: WeightClasses,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct WeightClasses {
	normal: WeightClass,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct WeightClass {
	max_total: Option<Weight>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct BlockLength {
	max: ByteClasses,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ByteClasses {
	normal: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AccountInfo {
	nonce: u64,
	data: AccountData,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AccountData {
	free: u128,
}

impl Node {
	/// Connects, and makes sure that blocks of this chain can be read. Later losses of the connection are repaired.
	pub(crate) async fn connect(url: &str) -> Result<Self> {
		// Fails at once where nobody listens; the connection below would try for ever.
		connection(url).await?;
		let transport = reconnecting_rpc_client::RpcClient::builder()
			.retry_policy(reconnecting_rpc_client::FixedInterval::from_millis(RECONNECT_MILLIS))
			.max_response_size(MAX_ANSWER_BYTES)
			.connection_timeout(HANDSHAKE_DEADLINE)
			.request_timeout(READ_DEADLINE)
			.build(url);
		let transport = within(HANDSHAKE_DEADLINE, transport).await.with_context(|| unreachable(url))?;
		let transport = RpcClient::new(transport);
		let backend = Arc::new(LegacyBackend::builder().build(transport.clone()));
		let config = PolkadotConfig::builder().use_historic_types(false).build();
		let client = within(HANDSHAKE_DEADLINE, OnlineClient::from_backend_with_config(config, backend)).await;
		let client = client.with_context(|| unreachable(url))?;
		let mut node = Self {
			url: url.into(),
			rpc: Rpc::new(transport),
			client,
			limits: Limits { weight: Weight { ref_time: u64::MAX, proof_size: u64::MAX }, bytes: u32::MAX },
		};
		let at = node.best().await?;
		node.limits = limits(&at).context("the chain does not say how full a block may be")?;
		Ok(node)
	}

	/// The node's URL.
	pub(crate) fn url(&self) -> &str {
		&self.url
	}

	/// The node's JSON-RPC.
	pub(crate) fn rpc(&self) -> &Rpc {
		&self.rpc
	}

	/// The newest best block.
	pub(crate) async fn best(&self) -> Result<AtBlock> {
		let header = within(READ_DEADLINE, self.rpc.chain_get_header(None)).await?.context("the node has no block")?;
		self.at(header.number, hash_of(&header)).await
	}

	/// Number of the newest finalised block.
	pub(crate) async fn finalised(&self) -> Result<u64> {
		let hash = within(READ_DEADLINE, self.rpc.chain_get_finalized_head()).await?;
		Ok(self.header(hash).await?.number)
	}

	/// A block's header.
	pub(crate) async fn header(&self, hash: H256) -> Result<Header> {
		let header = within(READ_DEADLINE, self.rpc.chain_get_header(Some(hash))).await?;
		header.with_context(|| format!("the node forgot block {hash:?}"))
	}

	/// What is measured of a block.
	pub(crate) async fn block(&self, header: &Header) -> Result<Block> {
		let hash = hash_of(header);
		let details = within(READ_DEADLINE, self.rpc.chain_get_block(Some(hash))).await?;
		let details = details.with_context(|| format!("the node forgot block {}", header.number))?;
		let at = self.at(header.number, hash).await?;
		let UsedWeight { normal } = value(&at, SYSTEM, "BlockWeight").await?.unwrap_or(UsedWeight {
			// Nothing is stored of genesis.
			normal: Weight { ref_time: 0, proof_size: 0 },
		});
		let time_millis = value(&at, "Timestamp", "Now").await?.unwrap_or_default();
		let transactions = details.block.extrinsics.iter().map(|bytes| BlakeTwo256.hash(&bytes.0)).collect();
		let bytes: usize = details.block.extrinsics.iter().map(|bytes| bytes.0.len()).sum();
		let Limits { weight, bytes: max_bytes } = self.limits;
		Ok(Block {
			number: header.number,
			hash,
			parent: header.parent_hash,
			slot: slot_of_header(header),
			time_millis,
			fill: part(normal.ref_time, weight.ref_time).max(part(normal.proof_size, weight.proof_size)),
			byte_fill: bytes as f64 / f64::from(max_bytes),
			transactions,
			lag: None,
		})
	}

	/// An account as of a block.
	pub(crate) async fn account(&self, at: &AtBlock, account: AccountId32) -> Result<Account> {
		let address = subxt::dynamic::storage::<(AccountId32,), AccountInfo>(SYSTEM, "Account");
		let storage = at.storage();
		let value = within(READ_DEADLINE, storage.try_fetch(address, (account,))).await?;
		let Some(value) = value else { return Ok(Account { nonce: 0, free: 0 }) };
		let AccountInfo { nonce, data } = value.decode().map_err(plain)?;
		Ok(Account { nonce, free: data.free })
	}

	/// An account's next nonce after the transactions that wait in the node's pool.
	pub(crate) async fn next_nonce(&self, account: AccountId32) -> Result<u64> {
		within(READ_DEADLINE, self.rpc.system_account_next_index(&account)).await
	}

	async fn at(&self, number: u64, hash: H256) -> Result<AtBlock> {
		within(READ_DEADLINE, self.client.at_block_hash_and_number(hash, number)).await
	}
}

/// A connection of its own, which is not repaired.
pub(crate) async fn connection(url: &str) -> Result<Rpc> {
	let client = within(HANDSHAKE_DEADLINE, RpcClient::from_insecure_url(url)).await;
	Ok(Rpc::new(client.with_context(|| unreachable(url))?))
}

/// The smallest units that every account keeps.
pub(crate) fn existential_deposit(at: &AtBlock) -> Result<u128> {
	let address = subxt::dynamic::constant::<u128>("Balances", "ExistentialDeposit");
	at.constants().entry(address).map_err(plain)
}

/// An error in the words of the library that made it.
pub(crate) fn plain(error: impl Display) -> anyhow::Error {
	anyhow!("{error}")
}

/// The slot that BABE's or Aura's note in a block's digest names.
pub(crate) fn slot_of(engine: &[u8; 4], data: &[u8]) -> Option<u64> {
	let slot = match engine {
		// After the kind of claim and the number of the authority.
		b"BABE" => data.get(5..13)?,
		b"aura" => data.get(..8)?,
		_ => return None,
	};
	Some(u64::from_le_bytes(slot.try_into().ok()?))
}

/// One number as a part of another.
pub(crate) fn part(of: u64, whole: u64) -> f64 {
	match whole {
		0 => 0.0,
		_ => of as f64 / whole as f64,
	}
}

/// A block's hash.
pub(crate) fn hash_of(header: &Header) -> H256 {
	BlakeTwo256.hash(&header.encode())
}

fn slot_of_header(header: &Header) -> Option<u64> {
	header.digest.logs.iter().find_map(|item| match item {
		DigestItem::PreRuntime(engine, data) => slot_of(engine, data),
		_ => None,
	})
}

fn limits(at: &AtBlock) -> Result<Limits> {
	let weights = subxt::dynamic::constant::<BlockWeights>(SYSTEM, "BlockWeights");
	let BlockWeights { max_block, per_class } = at.constants().entry(weights).map_err(plain)?;
	let length = subxt::dynamic::constant::<BlockLength>(SYSTEM, "BlockLength");
	let BlockLength { max } = at.constants().entry(length).map_err(plain)?;
	if max.normal == 0 {
		bail!("no ordinary transaction fits");
	}
	Ok(Limits { weight: per_class.normal.max_total.unwrap_or(max_block), bytes: max.normal })
}

async fn value<T: DecodeAsType>(at: &AtBlock, pallet: &'static str, entry: &'static str) -> Result<Option<T>> {
	let address = subxt::dynamic::storage::<(), T>(pallet, entry);
	let storage = at.storage();
	let value = within(READ_DEADLINE, storage.try_fetch(address, ())).await?;
	value.map(|value| value.decode().map_err(plain)).transpose()
}

/// An answer, if it comes in time.
async fn within<T, E: Display>(deadline: Duration, answer: impl Future<Output = Result<T, E>>) -> Result<T> {
	match tokio::time::timeout(deadline, answer).await {
		Ok(answer) => answer.map_err(plain),
		Err(_) => bail!("no answer within {} seconds", deadline.as_secs()),
	}
}

fn unreachable(url: &str) -> String {
	format!("no node answers at {url}")
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn slots_are_read_of_every_kind_of_claim() {
		for kind in 1u8..=3 {
			let mut claim = vec![kind];
			claim.extend(7u32.to_le_bytes());
			claim.extend(1_234_567_890_123u64.to_le_bytes());
			claim.extend([0xff; 96]);
			assert_eq!(slot_of(b"BABE", &claim), Some(1_234_567_890_123), "kind {kind}");
		}
		assert_eq!(slot_of(b"aura", &9u64.to_le_bytes()), Some(9));
	}

	#[test]
	fn broken_and_foreign_notes_name_no_slot() {
		assert_eq!(slot_of(b"BABE", &[1; 12]), None);
		assert_eq!(slot_of(b"aura", &[]), None);
		assert_eq!(slot_of(b"FRNK", &[1; 64]), None);
	}

	#[test]
	fn fill_is_a_part_of_what_there_is() {
		assert_eq!(part(3, 4), 0.75);
		assert_eq!(part(3, 0), 0.0);
		// What has no limit is never full.
		assert!(part(1 << 40, u64::MAX) < 0.000_001);
	}
}
