//! Reading lists that take longer than one read may.
use std::sync::{
	atomic::{AtomicBool, AtomicUsize, Ordering},
	Mutex,
};

use subxt::rpcs::client::{RawRpcFuture, RawRpcSubscription, RawValue, RpcClient, RpcClientT};

use super::*;

/// How long a node that is well takes for an answer.
const ANSWER: Duration = Duration::from_millis(100);
/// What each read may take here.
const DEADLINE: Duration = Duration::from_millis(900);
/// Columns that the provider of [`sample`] owes: more than the deadline lets a node answer for one by one.
const COLUMNS: u64 = 150;
const ACCOUNT: AccountBytes = [0; 32];

/// A node that knows some view functions, and makes a block with every answer.
struct Node {
	metadata: Metadata,
	heads: watch::Sender<Head>,
	/// Blocks that were asked for.
	blocks: Mutex<Vec<String>>,
	/// Answers after which it falls silent.
	answers: AtomicUsize,
	/// It gives the first page whatever it is asked.
	repeats: AtomicBool,
}

impl Node {
	fn answer(&self, method: &str, params: Option<&RawValue>) -> Vec<u8> {
		assert_eq!(method, "state_call");
		let params: Vec<String> = serde_json::from_str(params.unwrap().get()).unwrap();
		let [name, input, block] = &params[..] else { panic!("{params:?}") };
		assert_eq!(name, "RuntimeViewFunction_execute_view_function");
		self.blocks.lock().unwrap().push(block.clone());
		self.heads.send_modify(|head| (head.best, head.best_hash) = (head.best + 1, [head.best as u8; 32]));
		let input = hex::decode(input.trim_start_matches("0x")).unwrap();
		let (id, mut arguments) = input.split_at(32);
		let arguments = Vec::<u8>::decode(&mut arguments).unwrap();
		let marketplace = self.metadata.pallet_by_name("Marketplace").unwrap();
		let view = |name| marketplace.view_function_by_name(name).unwrap();
		let columns = |after: Option<u64>, limit: u32| {
			let after = after.filter(|_| !self.repeats.load(Ordering::Relaxed));
			let first = after.map_or(0, |after| after + 1);
			(first..COLUMNS).take(limit as usize).map(|id| (id, 0u16)).collect::<Vec<_>>()
		};
		let answer = if id == view("columns_of").query_id() {
			let (_, after, limit) = <([u8; 32], Option<u64>, u32)>::decode(&mut &arguments[..]).unwrap();
			columns(after, limit).encode()
		} else if id == view("lost_columns").query_id() {
			let (after, limit) = <(Option<(u64, u16)>, u32)>::decode(&mut &arguments[..]).unwrap();
			columns(after.map(|(after, _)| after), limit).encode()
		} else {
			let agreement = view("agreement");
			assert_eq!(id, agreement.query_id());
			sample(self.metadata.types(), agreement.output_ty())
		};
		Ok::<_, ()>(answer).encode()
	}
}

impl RpcClientT for Node {
	fn request_raw<'a>(&'a self, method: &'a str, params: Option<Box<RawValue>>) -> RawRpcFuture<'a, Box<RawValue>> {
		Box::pin(async move {
			if method == "chain_getBlockHash" {
				return Ok(RawValue::from_string(format!("\"0x{}\"", "00".repeat(32))).unwrap());
			}
			if self.answers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
				return std::future::pending().await;
			}
			tokio::time::sleep(ANSWER).await;
			let answer = self.answer(method, params.as_deref());
			Ok(RawValue::from_string(format!("\"0x{}\"", hex::encode(answer))).unwrap())
		})
	}

	fn subscribe_raw<'a>(
		&'a self,
		_: &'a str,
		_: Option<Box<RawValue>>,
		_: &'a str,
	) -> RawRpcFuture<'a, RawRpcSubscription> {
		unreachable!("nothing here subscribes")
	}
}

/// A chain behind a node that answers so many reads.
async fn chain(answers: usize) -> (NodeChain, Arc<Node>) {
	let (sender, heads) = watch::channel(Head { best: 7, best_hash: [7; 32], finalised: 5 });
	let node = Arc::new(Node {
		metadata: metadata(),
		heads: sender,
		blocks: Mutex::default(),
		answers: AtomicUsize::new(answers),
		repeats: AtomicBool::new(false),
	});
	let connection = Connection::over("memory", RpcClient::new(node.clone()), config(), DEADLINE).await.unwrap();
	let connection = Arc::new(connection);
	let submitter = Submitter::new(connection.clone(), heads.clone());
	let watcher = tokio::spawn(std::future::pending());
	(NodeChain { connection, submitter, heads, watcher }, node)
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page_at_one_block() {
	let (chain, node) = chain(usize::MAX).await;
	let started = std::time::Instant::now();
	let leaves = chain.leaves_of(ACCOUNT).await.unwrap();
	assert_eq!(leaves.len() as u64, COLUMNS);
	assert!(started.elapsed() > DEADLINE, "all of it takes longer than one read may");
	let blocks = std::mem::take(&mut *node.blocks.lock().unwrap());
	assert!(blocks.iter().all(|block| *block == blocks[0]), "{blocks:?}");
	assert_eq!(chain.columns_of(ACCOUNT).await.unwrap().len() as u64, COLUMNS);
	assert_eq!(chain.lost_columns().await.unwrap().len() as u64, COLUMNS);
	let blocks = std::mem::take(&mut *node.blocks.lock().unwrap());
	assert_eq!(blocks.len(), 6, "two pages and the end, twice");
	assert!(blocks[..3].iter().all(|block| *block == blocks[0]) && blocks[3..].iter().all(|block| *block == blocks[3]));
	assert_ne!(blocks[0], blocks[3], "each list is as of the newest block");
}

#[tokio::test]
async fn a_node_that_falls_silent_amid_a_list_is_unreachable() {
	for answers in [0, 2, 30] {
		let (chain, _) = chain(answers).await;
		let error = chain.leaves_of(ACCOUNT).await.unwrap_err();
		assert!(matches!(error, ChainError::Unreachable { .. }), "{answers}: {error:?}");
		assert!(error.is_retryable());
	}
}

#[tokio::test]
async fn a_node_that_gives_the_same_page_for_ever_is_refused() {
	let (chain, node) = chain(usize::MAX).await;
	node.repeats.store(true, Ordering::Relaxed);
	for error in [chain.columns_of(ACCOUNT).await.unwrap_err(), chain.lost_columns().await.unwrap_err()] {
		assert!(matches!(&error, ChainError::Incompatible(reason) if reason.contains("same page")), "{error}");
	}
}
