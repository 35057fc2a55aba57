use peoples_cloud_client::wallet::Signer;
use peoples_cloud_network::{Network, NetworkConfig, NetworkHandle};
use peoples_cloud_primitives::column::CHUNK_BYTES;

use super::*;
use crate::{
	store::{ColumnStore, Held, Purpose},
	test_chain::TestChain,
	transfer::{ServerConfig, TransferServer},
};

/// Looks by which the table must have become right.
const LOOKS: usize = 100;

/// Whether the other node comes to find so many providers of a key.
async fn finds(other: &NetworkHandle, key: &Hash32, count: usize) -> bool {
	for _ in 0..LOOKS {
		if other.find_providers(key, DEADLINE).await.unwrap().len() == count {
			return true;
		}
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
	false
}

fn put(store: &ColumnStore, byte: u8, purpose: Purpose) -> Hash32 {
	let bytes = [byte; CHUNK_BYTES];
	let root = *blake3::hash(&bytes).as_bytes();
	let mut writer = store.begin(1).unwrap();
	writer.write(&bytes).unwrap();
	writer.finish(&root, 1, purpose).unwrap();
	root
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_is_found_as_long_as_it_is_held() {
	let dir = tempfile::tempdir().unwrap();
	let (store, _) = ColumnStore::open(dir.path(), 1 << 20).unwrap();
	let chain = Arc::new(TestChain::new());
	// The provider serves the table itself: nobody else keeps what it has withdrawn.
	let (provider, _) =
		Network::start(NetworkConfig { listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()], ..Default::default() })
			.await
			.unwrap();
	let address = provider.listen_addresses()[0].clone();
	provider.shutdown();
	let serving = NetworkConfig { listen: vec![address.clone()], external: vec![address], ..Default::default() };
	tokio::time::sleep(Duration::from_millis(700)).await;
	let (provider, _) = Network::start(serving).await.unwrap();
	let signer = Arc::new(Signer::from_suri("//Provider//0").unwrap());
	let config = ServerConfig { announce_every: Duration::from_millis(200), ..ServerConfig::default() };
	let _server = TransferServer::start(chain, signer, store.clone(), provider.clone(), config).unwrap();
	let bootstrap = vec![provider.listen_addresses()[0].clone().with_p2p(provider.peer_id()).unwrap()];
	let (other, _) = Network::start(NetworkConfig { bootstrap, ..Default::default() }).await.unwrap();

	// GIVEN a column that somebody pays for
	let held = put(&store, 1, Purpose::Held(Held { agreement: 1, object: [1; 32] }));
	// THEN it is found
	assert!(finds(&other, &held, 1).await, "it was never announced");
	// WHEN it goes THEN it is found no longer
	assert!(store.release(&held, 1).unwrap());
	assert!(finds(&other, &held, 0).await, "it is still announced");
}
