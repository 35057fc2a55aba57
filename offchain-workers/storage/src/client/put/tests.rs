use peoples_cloud_client::chain::Offer;
use peoples_cloud_network::Keypair;
use tokio::{task::JoinHandle, time::timeout};

use super::*;
use crate::{client::FINALITY_BLOCKS, protocol::SignedAck, simulation::SimulatedChain};

fn providers(count: u8) -> Vec<ProviderInfo> {
	let provider = |number| ProviderInfo {
		account: [number; 32],
		peer_id: Keypair::generate_ed25519().public().to_peer_id().to_bytes(),
		addresses: Vec::new(),
		operator: String::new(),
		region: "eu".into(),
		bonded: 1,
		active: true,
		standing: "active".into(),
		offer: Some(Offer { price: 1 << 20, capacity_chunks: 1 << 20, min_duration: 1, max_duration: 100 }),
		committed_chunks: 0,
		score_ppm: 500_000,
	};
	(0..count).map(provider).collect()
}

fn code(count: u8, options: &PutOptions) -> Result<(u16, u16), PutError> {
	plan(&providers(count), 1 << 20, &[0; 16], options).map(|plan| (plan.k, plan.n))
}

#[test]
fn the_widest_code_that_there_are_providers_for_is_chosen() {
	let options = PutOptions::for_periods(10);
	for (count, expected) in [(40, (8, 24)), (24, (8, 24)), (23, (4, 12)), (11, (2, 6)), (5, (1, 3)), (3, (1, 3))] {
		assert_eq!(code(count, &options).unwrap(), expected, "{count} providers");
	}
	let error = code(2, &options).unwrap_err();
	assert!(matches!(&error, PutError::Placement(error) if (error.found, error.needed) == (2, 3)), "{error}");
}

#[test]
fn a_code_that_was_asked_for_is_used_or_refused() {
	let options = |code| PutOptions { code: Some(code), ..PutOptions::for_periods(10) };
	assert_eq!(code(24, &options((2, 6))).unwrap(), (2, 6));
	assert!(matches!(code(5, &options((2, 6))), Err(PutError::Placement(_))));
	let error = code(24, &options((3, 9))).unwrap_err();
	assert!(matches!(error, PutError::Code(CodeError::Unsupported { k: 3, n: 9 })), "{error}");
}

#[test]
fn the_limit_makes_it_look_for_cheaper_providers_before_it_gives_up() {
	let mut known = providers(6);
	for provider in known.iter_mut().take(3) {
		provider.score_ppm = 900_000;
		provider.offer.as_mut().unwrap().price *= 2;
	}
	let mut options = PutOptions { code: Some((1, 3)), ..PutOptions::for_periods(10) };
	let rate = |known: &[ProviderInfo], options: &PutOptions| {
		plan(known, 1 << 20, &[0; 16], options).map(|plan| plan.candidates.quote(3))
	};
	let best = rate(&known, &options).unwrap();
	options.max_price = Some(best * 10);
	assert_eq!(rate(&known, &options).unwrap(), best);
	options.max_price = Some(best * 10 - 1);
	assert_eq!(rate(&known, &options).unwrap(), best / 2);
	options.max_price = Some(best * 5 - 1);
	let error = rate(&known, &options).unwrap_err();
	assert!(matches!(error, PutError::TooExpensive { price, .. } if price == best * 5), "{error}");
}

#[tokio::test]
async fn only_regular_files_with_something_in_them_are_stored() {
	let directory = tempfile::tempdir().unwrap();
	assert!(matches!(open(directory.path()).await, Err(PutError::NotAFile(_))));
	let path = directory.path().join("file");
	assert!(matches!(open(&path).await, Err(PutError::Open { .. })));
	std::fs::write(&path, b"").unwrap();
	let (_, identity) = open(&path).await.unwrap();
	let result = plan(&providers(3), identity.length, &[0; 16], &PutOptions::for_periods(10)).map(|_| ());
	assert_eq!(result.unwrap_err().to_string(), "the file is empty; there is nothing to store");
}

#[tokio::test]
async fn a_file_that_was_written_to_is_another() {
	let directory = tempfile::tempdir().unwrap();
	let path = directory.path().join("file");
	std::fs::write(&path, b"one").unwrap();
	let (_, before) = open(&path).await.unwrap();
	assert_eq!(Identity::of(&std::fs::metadata(&path).unwrap()), before);
	std::fs::write(&path, b"four").unwrap();
	assert_ne!(Identity::of(&std::fs::metadata(&path).unwrap()), before);
}

const OBJECT: Hash32 = [3; 32];

type Submitted = Result<(AgreementId, Option<Inclusion>), PutError>;

/// A chain on which a block is final four blocks later, and what opens an agreement there.
fn slow_finality() -> (Arc<SimulatedChain>, Signer, Call) {
	let (chain, alice) = (SimulatedChain::fast(), Signer::from_suri("//Alice").unwrap());
	chain.decree(|state, _| state.balances.insert(alice.account(), 1 << 60));
	let acknowledgements = (0..3u8).map(|number| {
		let provider = Signer::from_suri(&format!("//Provider//{number}")).unwrap();
		chain.decree(|state, _| state.add_provider(provider.account(), &format!("operator {number}")));
		let ack = AcknowledgementV1 {
			genesis: chain.genesis(),
			client: alice.account(),
			provider: provider.account(),
			nonce: [1; 16],
			root: [number; 32],
			chunks: 10,
			rate: 1,
			duration: 10,
			valid_until: 1_000,
		};
		SignedAck::sign(Acknowledgement::V1(ack), &provider).into_parts()
	});
	let acknowledgements = acknowledgements.collect();
	let call = Call::OpenStorage { object: OBJECT, codec: CODEC_NOVELPOLY, k: 1, acknowledgements, max_price: 30 };
	chain.set_mood(|mood| mood.finality_lag = 4);
	chain.produce(10);
	(chain, alice, call)
}

/// Sends it; the connection breaks at once, and the next block has the transaction.
async fn lose(chain: &Arc<SimulatedChain>, alice: Signer, call: Call, certainty: Certainty) -> JoinHandle<Submitted> {
	chain.set_mood(|mood| mood.breaks_on_submit = true);
	let task = tokio::spawn({
		let chain = chain.clone();
		async move { submit(&*chain, &alice, OBJECT, call, certainty).await }
	});
	pooled(chain).await;
	chain.set_mood(|mood| mood.breaks_on_submit = false);
	chain.produce(1);
	task
}

async fn pooled(chain: &SimulatedChain) {
	while chain.pool_len() == 0 {
		sleep(Duration::from_millis(5)).await;
	}
}

/// Longer than a search pauses on this chain.
async fn a_while() {
	sleep(Duration::from_millis(700)).await;
}

async fn end(task: JoinHandle<Submitted>) -> Submitted {
	timeout(Duration::from_secs(10), task).await.expect("it ends").unwrap()
}

#[tokio::test]
async fn a_lost_transaction_is_done_when_its_block_is_final() {
	let (chain, alice, call) = slow_finality();
	let task = lose(&chain, alice.clone(), call.clone(), Certainty::Included).await;
	assert!(matches!(end(task).await, Ok((0, None))), "that it is included will do");

	let (chain, ..) = slow_finality();
	let task = lose(&chain, alice, call, Certainty::Finalised).await;
	for _ in 0..4 {
		a_while().await;
		assert!(!task.is_finished(), "its block is not final");
		chain.produce(1);
	}
	assert!(matches!(end(task).await, Ok((0, None))));
	assert_eq!(chain.submissions().len(), 1);
}

#[tokio::test]
async fn a_lost_transaction_is_sent_again_if_its_block_was_dropped() {
	let (chain, alice, call) = slow_finality();
	let task = lose(&chain, alice, call, Certainty::Finalised).await;
	a_while().await;
	assert!(!task.is_finished(), "its block is not final");
	chain.reorganise(1, false);
	pooled(&chain).await;
	chain.produce(5);
	let (agreement, inclusion) = end(task).await.unwrap();
	assert!(chain.read(|state| state.agreements.contains_key(&agreement)));
	assert_eq!((inclusion.unwrap().block, chain.submissions().len()), (11, 2));
}

#[tokio::test]
async fn a_lost_transaction_that_another_block_takes_is_not_sent_again() {
	let (chain, alice, call) = slow_finality();
	let task = lose(&chain, alice, call, Certainty::Finalised).await;
	a_while().await;
	chain.reorganise(1, true);
	// The search may look in between.
	sleep(Duration::from_millis(20)).await;
	chain.produce(1);
	a_while().await;
	assert!(!task.is_finished(), "the other block is not final either");
	chain.produce(4);
	assert!(matches!(end(task).await, Ok((0, None))));
	assert_eq!(chain.submissions().len(), 1);
}

#[tokio::test]
async fn a_lost_transaction_whose_block_never_becomes_final_is_no_success() {
	let (chain, alice, call) = slow_finality();
	let task = lose(&chain, alice, call, Certainty::Finalised).await;
	chain.set_mood(|mood| mood.finality_lag = 10_000);
	a_while().await;
	chain.produce(FINALITY_BLOCKS);
	assert!(matches!(end(task).await, Err(PutError::NotFinal(0))));
}
