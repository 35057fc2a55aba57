//! What the chain says, as one node sees it, and transactions.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use zombienet_sdk::{
	subxt::{
		blocks::{Block, ExtrinsicEvents},
		config::{substrate::DigestItem, DefaultExtrinsicParamsBuilder, Hasher, PolkadotConfig},
		dynamic::{storage, tx, DecodedValueThunk, Value},
		events::EventDetails,
		ext::{
			codec::{Compact, Decode, Encode},
			subxt_core,
			subxt_rpcs::client::{rpc_params, RpcClient, RpcParams},
		},
		tx::{DynamicPayload, Payload},
		utils::H256,
		Metadata, OnlineClient,
	},
	subxt_signer::sr25519::Keypair,
	NetworkNode,
};

use crate::{reached, wait_for, within};

/// An event of this chain.
pub type Event = EventDetails<PolkadotConfig>;
/// An account, or a key as long as one.
pub type Bytes32 = [u8; 32];

/// Longest that a node may take to answer a question.
const ANSWER: Duration = Duration::from_secs(30);
/// Longest that a node may take to take a connection, and its metadata to be read.
const CONNECT: Duration = Duration::from_secs(60);
/// Longest that a transaction may take until it is final: a minute is 30 slots, most of which may be missed.
const FINAL: Duration = Duration::from_secs(120);
/// Blocks for which a signature stays valid: more than a busy machine may be late, and fewer than the node remembers.
const MORTALITY: u64 = 64;

/// How digests name BABE.
const BABE: [u8; 4] = *b"BABE";

/// A connection to a node.
#[derive(Clone)]
pub struct Chain {
	name: String,
	rpc: RpcClient,
	client: OnlineClient<PolkadotConfig>,
}

impl std::fmt::Debug for Chain {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter.debug_struct("Chain").field("name", &self.name).finish_non_exhaustive()
	}
}

/// Who has made a block, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
	/// The slot that the block is of.
	pub slot: u64,
	/// The author's place among BABE's authorities.
	pub authority: u32,
}

impl Chain {
	pub(crate) async fn connect(node: &NetworkNode) -> Result<Self> {
		let name = node.name().to_owned();
		let (rpc, client) = within(CONNECT, &format!("a connection to {name}"), async {
			let client = node.wait_client::<PolkadotConfig>().await?;
			Ok((node.rpc().await?, client))
		})
		.await?;
		Ok(Self { name, rpc, client })
	}

	/// Asks the node by JSON-RPC.
	pub async fn ask<T: DeserializeOwned>(&self, method: &str, parameters: RpcParams) -> Result<T> {
		let question = format!("{method} of {}", self.name);
		within(ANSWER, &question, async { Ok(self.rpc.request(method, parameters).await?) }).await
	}

	/// The block of that height on the node's best chain, if there is one.
	pub async fn hash_of(&self, height: u32) -> Result<Option<H256>> {
		self.ask("chain_getBlockHash", rpc_params![height]).await
	}

	/// A block.
	pub async fn block(&self, hash: H256) -> Result<Block<PolkadotConfig, OnlineClient<PolkadotConfig>>> {
		within(ANSWER, &format!("block {hash:?}"), async { Ok(self.client.blocks().at(hash).await?) }).await
	}

	/// The height that is final.
	pub async fn finalised(&self) -> Result<u32> {
		let head: H256 = self.ask("chain_getFinalizedHead", rpc_params![]).await?;
		Ok(self.block(head).await?.number())
	}

	/// The height of the best block.
	pub async fn best(&self) -> Result<u32> {
		let head: H256 = self.ask("chain_getBlockHash", rpc_params![]).await?;
		Ok(self.block(head).await?.number())
	}

	/// The hash and the claim of the block of that height on the node's best chain.
	pub async fn claim(&self, height: u32) -> Result<(H256, Claim)> {
		let hash = self.hash_of(height).await?.with_context(|| format!("{} has no block {height}", self.name))?;
		let block = self.block(hash).await?;
		let mut claims = block.header().digest.logs.iter().filter_map(|item| match item {
			// SCALE: the kind of claim, the authority's place, the slot; what else there is depends on the kind.
			DigestItem::PreRuntime(BABE, data) => <(u8, u32, u64)>::decode(&mut &data[..]).ok(),
			_ => None,
		});
		let (_, authority, slot) = claims.next().with_context(|| format!("block {height} has no author"))?;
		Ok((hash, Claim { slot, authority }))
	}

	/// A stored value, at that block or the last that is final.
	pub async fn stored(
		&self,
		pallet: &str,
		entry: &str,
		keys: Vec<Value>,
		at: Option<H256>,
	) -> Result<Option<DecodedValueThunk>> {
		within(ANSWER, &format!("{pallet}.{entry}"), async {
			let state = match at {
				Some(hash) => self.client.storage().at(hash),
				None => self.client.storage().at_latest().await?,
			};
			Ok(state.fetch(&storage(pallet, entry, keys)).await?)
		})
		.await
	}

	/// The version of what a pallet stores, at the last block that is final.
	pub async fn storage_version(&self, pallet: &str) -> Result<u16> {
		within(ANSWER, &format!("the version of {pallet}"), async {
			Ok(self.client.storage().at_latest().await?.storage_version(pallet).await?)
		})
		.await
	}

	/// Blocks in which evidence about a provider loses half its weight, at the last block that is final.
	pub async fn half_life(&self) -> Result<u32> {
		let stored = self.stored("Reputation", "HalfLife", Vec::new(), None).await?.context("no half-life")?;
		Ok(u32::decode(&mut stored.encoded())?)
	}

	/// Who validates, at the last block that is final.
	pub async fn validators(&self) -> Result<Vec<Bytes32>> {
		let stored = self.stored("Session", "Validators", Vec::new(), None).await?.context("no validators")?;
		Ok(Vec::decode(&mut stored.encoded())?)
	}

	/// The first block of the epoch that the last block that is final is of.
	pub async fn epoch_start(&self) -> Result<u32> {
		let stored = self.stored("Babe", "EpochStart", Vec::new(), None).await?.context("no epoch")?;
		// The epoch before, then this one.
		let (_, start) = <(u32, u32)>::decode(&mut stored.encoded())?;
		Ok(start)
	}

	/// BABE's key of a block's author.
	pub async fn author(&self, height: u32) -> Result<Bytes32> {
		let (hash, claim) = self.claim(height).await?;
		let stored = self.stored("Babe", "Authorities", Vec::new(), Some(hash)).await?.context("no authorities")?;
		let authorities: Vec<(Bytes32, u64)> = Vec::decode(&mut stored.encoded())?;
		let place = usize::try_from(claim.authority)?;
		Ok(authorities.get(place).with_context(|| format!("there is no authority {place}"))?.0)
	}

	/// The version of the runtime that makes the next block.
	pub async fn spec_version(&self) -> Result<u64> {
		let version: serde_json::Value = self.ask("state_getRuntimeVersion", rpc_params![]).await?;
		version.get("specVersion").and_then(serde_json::Value::as_u64).context("a runtime without version")
	}

	/// Sends a transaction, and waits until it is final. It must succeed.
	pub async fn submit<C: Payload>(
		&self,
		who: &Keypair,
		what: &str,
		call: &C,
	) -> Result<ExtrinsicEvents<PolkadotConfig>> {
		within(FINAL, &format!("{what} by {}", self.name), async {
			let parameters = DefaultExtrinsicParamsBuilder::<PolkadotConfig>::new().mortal(MORTALITY).build();
			let sent = self.client.tx().sign_and_submit_then_watch(call, who, parameters).await?;
			Ok(sent.wait_for_finalized_success().await?)
		})
		.await
	}

	/// A call as it is encoded, with the pallet's and the call's index.
	pub fn encode(&self, call: &DynamicPayload) -> Result<Vec<u8>> {
		Ok(self.client.tx().call_data(call)?)
	}

	/// A call that is encoded already but for its only argument, which is bytes. Megabytes of them as dynamic values would take
	/// gigabytes of memory.
	pub fn call_with_bytes(&self, pallet: &str, call: &str, bytes: &[u8]) -> Result<Encoded> {
		let empty: Vec<Value> = vec![Value::from_bytes(b"")];
		let mut encoded = self.encode(&tx(pallet, call, empty))?;
		// The length of no bytes.
		encoded.pop();
		Compact(u32::try_from(bytes.len())?).encode_to(&mut encoded);
		encoded.extend_from_slice(bytes);
		Ok(Encoded(encoded))
	}

	/// The chain's hash of some bytes.
	pub fn hash(&self, bytes: &[u8]) -> H256 {
		self.client.hasher().hash(bytes)
	}

	/// The events of a block.
	pub async fn events(&self, hash: H256) -> Result<Vec<Event>> {
		within(ANSWER, &format!("the events of {hash:?}"), async {
			let events = self.client.events().at(hash).await?;
			Ok(events.iter().collect::<Result<Vec<_>, _>>()?)
		})
		.await
	}

	/// All events of blocks from that height on, as they become final.
	pub fn events_from(&self, height: u32) -> Events {
		Events { chain: self.clone(), next: height }
	}
}

/// A call that is encoded already.
#[derive(Debug)]
pub struct Encoded(Vec<u8>);

impl Payload for Encoded {
	fn encode_call_data_to(&self, _: &Metadata, out: &mut Vec<u8>) -> Result<(), subxt_core::Error> {
		out.extend_from_slice(&self.0);
		Ok(())
	}
}

/// Reads events block by block.
#[derive(Debug)]
pub struct Events {
	chain: Chain,
	next: u32,
}

impl Events {
	/// Reads on from another node, or from the same after a restart.
	pub fn follow(&mut self, chain: Chain) {
		self.chain = chain;
	}

	/// Hands all events that have become final since the last time to `each`, with the heights of their blocks.
	pub async fn read(&mut self, mut each: impl FnMut(u32, &Event)) -> Result<()> {
		let last = self.chain.finalised().await?;
		while self.next <= last {
			let height = self.next;
			let hash = self.chain.hash_of(height).await?.with_context(|| format!("no block {height} below {last}"))?;
			let events = self.chain.events(hash).await?;
			self.next += 1;
			events.iter().for_each(|event| each(height, event));
		}
		Ok(())
	}

	/// Waits for the first event that `found` makes something of. It is shown all events, the rest of that time's too.
	pub async fn until<T>(
		&mut self,
		deadline: Duration,
		what: &str,
		mut found: impl FnMut(u32, &Event) -> Option<T>,
	) -> Result<T> {
		wait_for(deadline, what, async || {
			let mut first = None;
			self.read(|height, event| {
				let answer = found(height, event);
				first = first.take().or(answer);
			})
			.await?;
			let read = self.next;
			reached(first.is_some(), first, || format!("no such event below block {read}"))
		})
		.await?
		.context("an event that was found is there; qed")
	}
}

/// Whether an event is of that kind.
pub fn is(event: &Event, pallet: &str, variant: &str) -> bool {
	event.pallet_name() == pallet && event.variant_name() == variant
}

/// Whether an event is of that kind, and its first field that account.
pub fn is_of(event: &Event, pallet: &str, variant: &str, account: &Bytes32) -> bool {
	is(event, pallet, variant) && event.field_bytes().starts_with(account)
}
