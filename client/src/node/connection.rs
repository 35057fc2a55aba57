//! The connection to a node: one WebSocket that reconnects, reads at a block, and what its errors mean.
use std::{
	collections::BTreeSet,
	future::Future,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::Duration,
};

use codec::{Decode, DecodeAll, Encode};
use peoples_cloud_primitives::{AccountBytes, BlockNumber, Hash32};
use subxt::{
	backend::LegacyBackend,
	config::{HashFor, PolkadotConfig, RpcConfigFor},
	error::{
		AccountNonceError, BackendError, EventsError, ExtrinsicError, OnlineClientAtBlockError, OnlineClientError,
		RpcError, RuntimeApiError, StorageError,
	},
	ext::{
		frame_decode::view_functions::{decode_view_function_response, IntoEncodableValues},
		scale_decode::DecodeAsType,
	},
	rpcs::{
		client::{reconnecting_rpc_client, RpcClient},
		methods::legacy::LegacyRpcMethods,
		Error as TransportError,
	},
	utils::{AccountId32, H256},
	Metadata, OnlineClient, OnlineClientAtBlock,
};

use crate::chain::ChainError;

/// Substrate's types with `MultiAddress<AccountId32, ()>`, as this chain has them.
pub(super) type Config = PolkadotConfig;
/// A block to read at.
pub(super) type AtBlock = OnlineClientAtBlock<Config>;
/// The node's JSON-RPC.
pub(super) type Rpc = LegacyRpcMethods<RpcConfigFor<Config>>;

/// Longest wait for the WebSocket's handshake.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Longest time that a read may take: a lost connection is tried anew meanwhile, and a node that has not
/// answered for this long is down. A list is read page by page, and each page is a read of its own: how long the
/// whole takes depends on how much there is of it.
const READ_DEADLINE: Duration = Duration::from_secs(30);
/// Longest wait for one answer: the transport's own limit, above [`READ_DEADLINE`].
const REQUEST_DEADLINE: Duration = Duration::from_secs(60);
/// First pause before a lost connection is tried anew; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest such pause: a restarted node is found again within a block's time.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The runtime API behind all view functions.
const VIEW_CALL: &str = "RuntimeViewFunction_execute_view_function";
/// Bytes of a view function's id: 16 for its pallet, 16 for itself.
const VIEW_ID_BYTES: usize = 32;

/// Why the runtime did not run a view function, as `frame-support` has it.
#[derive(Debug, Decode, thiserror::Error)]
enum ViewError {
	#[error("the runtime has no view functions")]
	NotImplemented,
	#[error("the runtime has no view function {}", hex::encode(.0))]
	NotFound([u8; VIEW_ID_BYTES]),
	#[error("the runtime cannot read its arguments")]
	Codec,
}

/// A node's JSON-RPC, and the chain's types.
#[derive(Debug)]
pub(super) struct Connection {
	url: String,
	rpc: Rpc,
	client: OnlineClient<Config>,
	read_deadline: Duration,
}

/// When to try again: not at all before the first success, for ever after it.
#[derive(Clone, Debug)]
struct Pauses {
	connected: Arc<AtomicBool>,
	next: Duration,
}

impl Iterator for Pauses {
	type Item = Duration;

	fn next(&mut self) -> Option<Duration> {
		let pause = self.next;
		self.next = (pause * 2).min(LONGEST_PAUSE);
		self.connected.load(Ordering::Relaxed).then_some(pause)
	}
}

impl Connection {
	/// Connects; fails at once if nobody listens.
	pub(super) async fn open(url: &str) -> Result<Self, ChainError> {
		let unreachable = |reason: String| ChainError::Unreachable { url: url.into(), reason };
		let connected = Arc::new(AtomicBool::new(false));
		let transport = reconnecting_rpc_client::RpcClient::builder()
			.retry_policy(Pauses { connected: connected.clone(), next: FIRST_PAUSE })
			.connection_timeout(HANDSHAKE_DEADLINE)
			.request_timeout(REQUEST_DEADLINE)
			.build(url)
			.await
			.map_err(|error| unreachable(innermost(&error)))?;
		connected.store(true, Ordering::Relaxed);
		let config = PolkadotConfig::builder().use_historic_types(false).build();
		Self::over(url, RpcClient::new(transport), config, READ_DEADLINE).await
	}

	/// Speaks over a transport that is there.
	pub(super) async fn over(
		url: &str,
		rpc_client: RpcClient,
		config: Config,
		read_deadline: Duration,
	) -> Result<Self, ChainError> {
		let unreachable = |reason: String| ChainError::Unreachable { url: url.into(), reason };
		let rpc = Rpc::new(rpc_client.clone());
		let backend = Arc::new(LegacyBackend::builder().build(rpc_client));
		let client = OnlineClient::from_backend_with_config(config, backend);
		let client = tokio::time::timeout(HANDSHAKE_DEADLINE, client)
			.await
			.map_err(|_| unreachable("it does not answer JSON-RPC".into()))?
			.map_err(|error| from_parts(url, error))?;
		Ok(Self { url: url.into(), rpc, client, read_deadline })
	}

	/// The node's answer, if it comes in time.
	pub(super) async fn within<T>(
		&self,
		answer: impl Future<Output = Result<T, ChainError>> + Send,
	) -> Result<T, ChainError> {
		tokio::time::timeout(self.read_deadline, answer).await.unwrap_or_else(|_| {
			let reason = format!("no answer within {} seconds", self.read_deadline.as_secs());
			Err(ChainError::Unreachable { url: self.url.clone(), reason })
		})
	}

	pub(super) fn url(&self) -> &str {
		&self.url
	}

	pub(super) fn rpc(&self) -> &Rpc {
		&self.rpc
	}

	pub(super) fn genesis(&self) -> Hash32 {
		self.client.genesis_hash().0
	}

	/// A block to read at.
	pub(super) async fn at(&self, number: BlockNumber, hash: Hash32) -> Result<AtBlock, ChainError> {
		let client = self.client.at_block_hash_and_number(H256(hash), number.into());
		self.within(async { client.await.map_err(|error| self.error(error)) }).await
	}

	/// The hash of a block of the best chain.
	pub(super) async fn block_hash(&self, number: BlockNumber) -> Result<Option<Hash32>, ChainError> {
		let hash = self.rpc.chain_get_block_hash(Some(number.into())).await;
		Ok(hash.map_err(|error| self.error(error))?.map(|hash| hash.0))
	}

	/// An account's next nonce as of a block.
	pub(super) async fn nonce(&self, at: &AtBlock, account: AccountBytes) -> Result<u64, ChainError> {
		at.tx().account_nonce(&AccountId32(account)).await.map_err(|error| self.error(error))
	}

	/// An account's next nonce after the transactions that wait in the node's pool.
	pub(super) async fn next_index(&self, account: AccountBytes) -> Result<u64, ChainError> {
		self.rpc.system_account_next_index(&AccountId32(account)).await.map_err(|error| self.error(error))
	}

	/// Asks a pallet's view function, within the deadline of one read.
	///
	/// The runtime API takes the function's id and its arguments as one list of bytes, and answers a result that
	/// holds a list of bytes. subxt 0.51 knows the function's types, but leaves the lists' lengths and the result
	/// out, so that the call's frame is made here.
	pub(super) async fn view<Arguments, Answer>(
		&self,
		at: &AtBlock,
		pallet: &'static str,
		function: &'static str,
		arguments: Arguments,
	) -> Result<Answer, ChainError>
	where
		Arguments: IntoEncodableValues,
		Answer: DecodeAsType,
	{
		let call = subxt::view_functions::dynamic::<Arguments, Answer>(pallet, function, arguments);
		let differs = |reason: String| ChainError::Incompatible(format!("{pallet}::{function}: {reason}"));
		let input = at.view_functions().encode_args(call).map_err(|error| differs(error.to_string()))?;
		let (id, arguments) = input.split_at_checked(VIEW_ID_BYTES).ok_or_else(|| differs("it has no id".into()))?;
		let mut framed = id.to_vec();
		arguments.encode_to(&mut framed);
		let apis = at.runtime_apis();
		let answer = self
			.within(async { apis.call_raw(VIEW_CALL, Some(&framed)).await.map_err(|error| self.error(error)) })
			.await?;
		let answer = <Result<Vec<u8>, ViewError>>::decode_all(&mut &answer[..])
			.map_err(|error| differs(error.to_string()))?
			.map_err(|error| differs(error.to_string()))?;
		let metadata = at.metadata_ref();
		let visitor = Answer::into_visitor();
		decode_view_function_response(pallet, function, &mut &answer[..], metadata, metadata.types(), visitor)
			.map_err(|error| differs(error.to_string()))
	}

	/// Asks a runtime API.
	pub(super) async fn api<Arguments, Answer>(
		&self,
		at: &AtBlock,
		api: &'static str,
		function: &'static str,
		arguments: Arguments,
	) -> Result<Answer, ChainError>
	where
		Arguments: subxt::ext::frame_decode::runtime_apis::IntoEncodableValues,
		Answer: DecodeAsType,
	{
		let call = subxt::runtime_apis::dynamic::<Arguments, Answer>(api, function, arguments);
		at.runtime_apis().call(call).await.map_err(|error| self.error(error))
	}

	/// All entries of a map that a view function gives in pages, in its order: `arguments` asks for the page after a
	/// cursor, which `cursor` makes of a page's last entry.
	pub(super) async fn pages<Entry, Cursor, Arguments>(
		&self,
		at: &AtBlock,
		pallet: &'static str,
		function: &'static str,
		arguments: impl Fn(Option<Cursor>) -> Arguments,
		cursor: impl Fn(&Entry) -> Cursor,
	) -> Result<Vec<Entry>, ChainError>
	where
		Entry: DecodeAsType,
		Cursor: Clone + Ord,
		Arguments: IntoEncodableValues,
	{
		let mut all = Vec::new();
		let mut seen = BTreeSet::new();
		let mut after = None;
		loop {
			let page: Vec<Entry> = self.view(at, pallet, function, arguments(after)).await?;
			let Some(last) = page.last().map(&cursor) else { return Ok(all) };
			if !seen.insert(last.clone()) {
				return Err(ChainError::Incompatible(format!("{pallet}::{function}: it gives the same page again")));
			}
			after = Some(last);
			all.extend(page);
		}
	}

	/// What an error of subxt means to a caller.
	pub(super) fn error(&self, error: impl IntoParts) -> ChainError {
		from_parts(&self.url, error)
	}
}

/// What BABE says of itself, as far as we ask.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct BabeConfiguration {
	slot_duration: u64,
}

/// Milliseconds between BABE's slots.
pub(super) async fn slot_millis(connection: &Connection, at: &AtBlock) -> Result<u64, ChainError> {
	let configuration: BabeConfiguration = connection.api(at, "BabeApi", "configuration", ()).await?;
	Ok(configuration.slot_duration)
}

/// That a runtime has these calls, views and events of a pallet, by name.
pub(super) fn has(
	metadata: &Metadata,
	pallet_name: &str,
	calls: &[&str],
	views: &[&str],
	events: &[&str],
) -> Result<(), String> {
	let pallet = metadata.pallet_by_name(pallet_name).ok_or(format!("its runtime has no pallet {pallet_name}"))?;
	let missing = |kind: &str, name: &str| Err(format!("its runtime has no {kind} {pallet_name}::{name}"));
	if let Some(name) = calls.iter().find(|name| pallet.call_variant_by_name(name).is_none()) {
		return missing("call", name);
	}
	if let Some(name) = views.iter().find(|name| pallet.view_function_by_name(name).is_none()) {
		return missing("view function", name);
	}
	let has_event = |name: &str| pallet.event_variants().is_some_and(|all| all.iter().any(|event| event.name == name));
	if let Some(name) = events.iter().find(|name| !has_event(name)) {
		return missing("event", name);
	}
	Ok(())
}

/// An error, taken apart: either the transport's, or a difference between the runtime and this program.
pub(super) trait IntoParts {
	fn into_parts(self) -> Result<TransportError, String>;
}

fn from_parts(url: &str, error: impl IntoParts) -> ChainError {
	match error.into_parts() {
		// The node answered, and refused: an unknown method, a pruned block, a runtime that panicked.
		Ok(TransportError::User(refusal)) => {
			let data = refusal.data.as_ref().map(|data| format!(": {}", data.get().trim_matches('"')));
			ChainError::Incompatible(format!("{}{}", refusal.message, data.unwrap_or_default()))
		},
		Ok(error @ (TransportError::Deserialization(_) | TransportError::Decode(_))) => {
			ChainError::Incompatible(error.to_string())
		},
		Ok(error) => ChainError::Unreachable { url: url.into(), reason: innermost(&error) },
		Err(difference) => ChainError::Incompatible(difference),
	}
}

/// The deepest cause that an error names: what the system said, without the layers above it.
fn innermost(error: &dyn std::error::Error) -> String {
	let mut error = error;
	while let Some(source) = error.source() {
		error = source;
	}
	error.to_string()
}

impl IntoParts for TransportError {
	fn into_parts(self) -> Result<TransportError, String> {
		Ok(self)
	}
}

impl IntoParts for BackendError {
	fn into_parts(self) -> Result<TransportError, String> {
		match self {
			Self::Rpc(RpcError::ClientError(error)) => Ok(error),
			error => Ok(TransportError::Client(Box::new(error))),
		}
	}
}

/// Those whose transport errors are in the named variants; all else is a difference.
macro_rules! into_parts {
	($($error:ident { $($variant:pat => $reason:ident),+ $(,)? })+) => {
		$(
			impl IntoParts for $error {
				fn into_parts(self) -> Result<TransportError, String> {
					match self {
						$($variant => $reason.into_parts(),)+
						error => Err(error.to_string()),
					}
				}
			}
		)+
	};
}

into_parts! {
	OnlineClientError { Self::CannotGetGenesisHash(error) => error }
	OnlineClientAtBlockError {
		Self::CannotGetBlockHeader { reason, .. } => reason,
		Self::CannotGetSpecVersion { reason, .. } => reason,
	}
	AccountNonceError { Self::CouldNotRetrieve(error) => error }
	EventsError { Self::CannotFetchEventBytes(error) => error }
	ExtrinsicError {
		Self::AccountNonceError { reason, .. } => reason,
		Self::CannotGetValidationInfo(error) => error,
		Self::CannotGetFeeInfo(error) => error,
	}
	RuntimeApiError { Self::CannotCallApi(error) => error }
	StorageError { Self::CannotFetchValue(error) => error }
}

/// A block's or transaction's hash.
pub(super) type Hash = HashFor<Config>;
