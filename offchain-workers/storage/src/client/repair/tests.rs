use super::*;
use crate::{
	client::{
		tests::{store, MemoryColumns, Stored},
		FINALITY_BLOCKS,
	},
	test_chain::TestChain,
};

async fn rebuilt(stored: &Stored, source: Arc<MemoryColumns>, column: u16) -> Result<Vec<u8>, RebuildError> {
	let (sender, mut shards) = mpsc::channel::<Bytes>(2);
	let order = (0..stored.manifest.n()).rev().collect();
	let root = stored.manifest.columns[usize::from(column)].root;
	let collecting = async {
		let mut bytes = Vec::new();
		while let Some(shard) = shards.recv().await {
			assert_eq!(shard.len(), stored.manifest.shard_bytes as usize);
			bytes.extend_from_slice(&shard);
		}
		bytes
	};
	let (bytes, result) = tokio::join!(collecting, rebuild(&stored.manifest, source, order, column, &root, sender));
	result.map(|()| bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_is_rebuilt_from_others_without_the_key() {
	let stored = store(1_500_000, 4, 12);
	for column in 0..12u16 {
		let others: Vec<usize> = (1..5).map(|step| (usize::from(column) + 2 * step) % 12).collect();
		let bytes = rebuilt(&stored, stored.only(&others), column).await.unwrap();
		assert!(bytes == stored.columns[usize::from(column)], "column {column}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lost_column_itself_is_not_asked() {
	let stored = store(300_000, 2, 6);
	let error = rebuilt(&stored, stored.only(&[0, 3]), 3).await.unwrap_err();
	assert!(matches!(&error, RebuildError::Columns(error) if error.have == 1), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_do_not_belong_together_are_found_out() {
	let stored = store(300_000, 2, 6);
	let mut source = Arc::into_inner(stored.only(&[0, 1])).unwrap();
	// Each column verifies by itself, but the owner encoded something else into one of them.
	let mut other = stored.columns[1].to_vec();
	other[5] ^= 1;
	source.0[1] = Some((other.clone().into(), other.into()));
	assert!(matches!(rebuilt(&stored, Arc::new(source), 4).await, Err(RebuildError::WrongRoot(4))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_not_the_manifests_is_refused() {
	let stored = store(1_000, 2, 6);
	let (sender, _shards) = mpsc::channel(2);
	let result = rebuild(&stored.manifest, stored.only(&[0, 1]), vec![0, 1], 5, &[0; 32], sender).await;
	assert!(matches!(result, Err(RebuildError::NoSuchColumn(5))));
}

/// An agreement whose column 0 is lost and whose column 1 this provider holds.
fn with_columns(chain: &TestChain, provider: AccountBytes) {
	let column =
		|state| ColumnInfo { provider, root: [0; 32], leaf: 0, rate: 1, max_rate: 1, start: 1, end: 100, state };
	let agreement = AgreementInfo {
		id: 1,
		client: [1; 32],
		object: [2; 32],
		k: 1,
		chunks: 1,
		end: 100,
		closing: false,
		columns: vec![column(ColumnState::Lost), column(ColumnState::Held)],
		locked: 0,
		earned: 0,
	};
	chain.contents().agreements.insert(1, agreement);
}

#[tokio::test]
async fn a_column_counts_as_placed_once_that_is_final() {
	let chain = TestChain::new();
	with_columns(&chain, [7; 32]);
	chain.set_block(10);
	for certainty in [Certainty::Included, Certainty::Finalised] {
		assert_eq!(placed(&chain, 1, 0, certainty).await.unwrap(), None, "it is lost");
		assert_eq!(placed(&chain, 1, 9, certainty).await.unwrap(), None, "there is none");
		assert_eq!(placed(&chain, 2, 0, certainty).await.unwrap(), None, "no agreement");
	}
	assert_eq!(placed(&chain, 1, 1, Certainty::Included).await.unwrap(), Some([7; 32]));

	// Another block takes the place of the one that was read.
	let reorganised = async {
		tokio::task::yield_now().await;
		with_columns(&chain, [8; 32]);
		chain.set_block(11);
	};
	let (placed_at, ()) = tokio::join!(placed(&chain, 1, 1, Certainty::Finalised), reorganised);
	assert_eq!(placed_at.unwrap(), Some([8; 32]));
	let stuck = async {
		tokio::task::yield_now().await;
		chain.set_head(11 + FINALITY_BLOCKS, 10);
	};
	let (nowhere, ()) = tokio::join!(placed(&chain, 1, 1, Certainty::Finalised), stuck);
	assert_eq!(nowhere.unwrap(), None, "it does not become final");
}
