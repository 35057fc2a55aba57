//! A client on the library's level, which can stop half-way, replay, and ask again and again.
use std::sync::Arc;

use anyhow::{Context, Result};
use peoples_cloud_client::{
	chain::{Call, Chain, ProviderInfo},
	node::NodeChain,
	wallet::Signer,
};
use peoples_cloud_network::{Network, NetworkConfig, NetworkHandle};
use peoples_cloud_primitives::{
	manifest::CODEC_NOVELPOLY,
	terms::{IntentNonce, StorageIntent, StorageIntentV1},
	AccountBytes, Balance, BlockNumber, Hash32,
};
use peoples_cloud_storage::{
	protocol::{SignedAck, SignedIntent},
	transfer::client::{ProviderPeer, TransferClient, TransferError},
};

/// Bytes of a chunk.
pub const CHUNK: usize = peoples_cloud_primitives::column::CHUNK_BYTES;

/// A client with a peer id of its own.
#[derive(Debug)]
pub struct Uploader {
	/// Its account.
	pub signer: Signer,
	/// Its transfers.
	pub transfer: TransferClient,
	/// Its peer.
	pub network: NetworkHandle,
	chain: Arc<NodeChain>,
}

impl Uploader {
	/// A client that acts as the account of `suri`.
	pub async fn start(chain: Arc<NodeChain>, suri: &str) -> Result<Self> {
		let (network, _) = Network::start(NetworkConfig::default()).await?;
		let transfer = TransferClient::new(network.clone());
		Ok(Self { signer: Signer::from_suri(suri)?, transfer, network, chain })
	}

	/// An intent over at most `chunks` chunks for 20 periods.
	pub fn intent(
		&self,
		provider: &ProviderInfo,
		nonce: IntentNonce,
		chunks: u64,
		valid_until: BlockNumber,
	) -> Result<SignedIntent> {
		let intent = StorageIntent::V1(StorageIntentV1 {
			genesis: self.chain.genesis(),
			client: self.signer.account(),
			provider: provider.account,
			nonce,
			max_chunks: chunks,
			price: provider.offer.context("the provider's offer")?.price,
			duration: 20,
			valid_until,
		});
		Ok(SignedIntent::sign(intent, &self.signer))
	}

	/// Pushes a column and answers the provider's acknowledgement.
	pub async fn push(
		&self,
		provider: &ProviderInfo,
		nonce: IntentNonce,
		bytes: &[u8],
		valid_until: BlockNumber,
	) -> Result<Result<SignedAck, TransferError>> {
		let peer = ProviderPeer::from_info(provider).context("the provider's address")?;
		let intent = self.intent(provider, nonce, (bytes.len() / CHUNK) as u64, valid_until)?;
		Ok(push(&self.transfer, &peer, intent, bytes).await)
	}
}

impl Drop for Uploader {
	fn drop(&mut self) {
		self.network.shutdown();
	}
}

/// Pushes a column.
pub async fn push(
	transfer: &TransferClient,
	peer: &ProviderPeer,
	intent: SignedIntent,
	bytes: &[u8],
) -> Result<SignedAck, TransferError> {
	let mut session = transfer.push(peer, intent).await?;
	session.send(bytes).await?;
	session.finish().await
}

/// Opens an agreement over `object` with these acknowledgements, any one of which restores it, at their price.
pub fn open_storage(object: Hash32, acknowledgements: &[SignedAck]) -> Call {
	let price = |ack: &SignedAck| ack.fields().rate.saturating_mul(Balance::from(ack.fields().duration));
	let max_price = acknowledgements.iter().map(price).sum();
	let acknowledgements: Vec<_> = acknowledgements.iter().cloned().map(SignedAck::into_parts).collect();
	Call::OpenStorage { object, codec: CODEC_NOVELPOLY, k: 1, acknowledgements, max_price }
}

/// What the chain knows of a registered provider.
pub async fn info(chain: &NodeChain, account: AccountBytes) -> Result<ProviderInfo> {
	chain.provider(account).await?.context("a registered provider")
}
