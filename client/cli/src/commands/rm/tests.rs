use std::sync::Arc;

use peoples_cloud_client::chain::ProofParams;
use peoples_cloud_storage::simulation::{NewColumn, SimulatedChain};

use super::*;

/// Settles an agreement that is gone from the chain `blocks` before its end is told in an event, as it is when it is
/// settled between two reads.
async fn settled_late(chain: Arc<SimulatedChain>, blocks: u32) -> Result<Balance, CommandError> {
	let alice = Signer::from_suri("//Alice").unwrap();
	let provider = Signer::from_suri("//Provider//0").unwrap().account();
	let column = NewColumn { provider, root: [1; 32], rate: 10 };
	let id = chain.decree(|state, events| {
		state.add_provider(provider, "operator");
		state.open(events, alice.account(), [2; 32], 8, 50, &[column])
	});
	chain.produce(1);
	let since = chain.heads().borrow().best;
	let waiting = tokio::spawn({
		let (chain, alice) = (chain.clone(), alice.clone());
		async move { settle(&*chain, &alice, id, since).await }
	});
	let block = || async {
		chain.produce(1);
		tokio::time::sleep(std::time::Duration::from_millis(5)).await;
	};
	// Longer than a period: the last proofs take their time.
	for _ in 0..30 {
		block().await;
	}
	chain.decree(|state, _| state.agreements.remove(&id));
	for _ in 0..blocks {
		block().await;
	}
	let ended = Event::AgreementEnded { agreement: id, earned: 30, refunded: 470 };
	chain.decree(|_, events| events.push(ended));
	for _ in 0..30 {
		block().await;
	}
	waiting.await.unwrap()
}

fn chain() -> Arc<SimulatedChain> {
	SimulatedChain::new(ProofParams { period_blocks: 12, window_blocks: 7, challenges: 8 })
}

#[tokio::test]
async fn what_a_late_settlement_refunds_is_told() {
	assert_eq!(settled_late(chain(), 1).await.unwrap(), 470);
}

#[tokio::test]
async fn a_settlement_that_nobody_sees_is_no_refund_of_nothing() {
	assert!(matches!(settled_late(chain(), 40).await, Err(CommandError::SettlementUnseen(_))));
}
