use peoples_cloud_client::chain::Chain;

use super::*;
use crate::test_rig::Rig;

async fn challenged(rig: &mut Rig) -> Challenge {
	rig.until_challenged().await;
	rig.chain.duty(rig.account()).await.unwrap().unwrap().challenge.unwrap()
}

fn prover(rig: &Rig) -> &Prover {
	&rig.shared.context.prover
}

fn accepted(challenge: &Challenge, outcome: Outcome) -> Vec<Answer> {
	let Outcome::Proof(proof) = outcome else { panic!("no proof: {outcome:?}") };
	assert_eq!(storage_proof::verify(&challenge.holdings, &challenge.seed, 8, &proof, |_| false), Ok(0));
	let StorageProof::V1(answers) = *proof;
	answers
}

#[tokio::test]
async fn a_challenge_is_answered_from_holdings_and_store() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	for (seed, chunks) in [(1, 1), (2, 16), (3, 17), (4, 64), (5, 100)] {
		rig.take_on(seed, chunks, 50);
	}
	rig.blocks(1).await;
	let challenge = challenged(&mut rig).await;
	let outcome = prover(&rig).answer(&challenge, &Released::new()).unwrap();
	assert_eq!(accepted(&challenge, outcome).len(), 8);
}

#[tokio::test]
async fn columns_taken_on_after_the_slot_do_not_disturb() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	for seed in 1..6 {
		rig.take_on(seed, seed * 7, 50);
	}
	let challenge = challenged(&mut rig).await;
	for seed in 6..12 {
		rig.take_on(seed, seed * 7, 50);
		rig.blocks(1).await;
		let outcome = prover(&rig).answer(&challenge, &Released::new()).unwrap();
		accepted(&challenge, outcome);
	}
}

#[tokio::test]
async fn missing_columns_are_named_and_the_rest_is_proven_once_they_are_released() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (agreement, root) = rig.take_on(1, 200, 50);
	rig.take_on(2, 200, 50);
	rig.blocks(1).await;
	let challenge = challenged(&mut rig).await;
	let path = rig.file(&root);
	let mut bytes = std::fs::read(&path).unwrap();
	bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
	std::fs::write(&path, bytes).unwrap();
	let Outcome::Missing { columns, shown } = prover(&rig).answer(&challenge, &Released::new()).unwrap() else {
		panic!("a proof of corrupt bytes");
	};
	assert_eq!(columns.iter().map(|missing| missing.leaf.root).collect::<Vec<_>>(), vec![root]);
	let trouble = prover(&rig).diagnose(&columns[0]);
	assert!(matches!(trouble, Trouble::Lost(_)), "{trouble:?}");
	assert!((1..8).contains(&shown), "{shown} of 8 in the other half");

	let released = Released::from([(agreement, root)]);
	let Outcome::Proof(proof) = prover(&rig).answer(&challenge, &released).unwrap() else { panic!("no proof") };
	let verdict = |released: bool| {
		storage_proof::verify(&challenge.holdings, &challenge.seed, 8, &proof, |leaf| released && leaf.root == root)
	};
	let Ok(count) = verdict(true) else { panic!("refused") };
	assert!((1..8).contains(&count), "{count} of 8 released");
	assert_eq!(verdict(false), Err(ProofError::NotReleased));
}

#[tokio::test]
async fn what_is_released_and_still_here_is_shown() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let columns: Vec<_> = (1..4).map(|seed| rig.take_on(seed, 30, 50)).collect();
	rig.blocks(1).await;
	let challenge = challenged(&mut rig).await;
	// WHEN the chain knows all columns as released
	let released = columns.into_iter().collect::<Released>();
	let outcome = prover(&rig).answer(&challenge, &released).unwrap();
	// THEN the proof needs none of that
	let answers = accepted(&challenge, outcome);
	assert!(answers.iter().all(|answer| matches!(answer.content, Content::Chunk { .. })));
}

#[tokio::test]
async fn a_challenge_says_itself_how_many_chunks_it_asks_for() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	rig.take_on(1, 30, 50);
	rig.blocks(1).await;
	let challenge = Challenge { challenges: 5, ..challenged(&mut rig).await };
	let Outcome::Proof(proof) = prover(&rig).answer(&challenge, &Released::new()).unwrap() else { panic!("no proof") };
	let StorageProof::V1(answers) = *proof;
	assert_eq!(answers.len(), 5);
}

#[tokio::test]
async fn a_deleted_file_is_a_loss() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	let (_, root) = rig.take_on(1, 20, 50);
	rig.blocks(1).await;
	let challenge = challenged(&mut rig).await;
	std::fs::remove_file(rig.file(&root)).unwrap();
	let Outcome::Missing { columns, shown: 0 } = prover(&rig).answer(&challenge, &Released::new()).unwrap() else {
		panic!("a proof of nothing");
	};
	assert_eq!(columns.len(), 1, "named once, however often it was drawn");
	let trouble = prover(&rig).diagnose(&columns[0]);
	assert!(matches!(trouble, Trouble::Lost(_)), "{trouble:?}");
}

#[tokio::test]
async fn holdings_that_do_not_match_the_challenge_prove_nothing() {
	let mut rig = Rig::new("//Provider//0").await;
	rig.follow().await;
	rig.take_on(1, 20, 50);
	let mut challenge = challenged(&mut rig).await;
	challenge.holdings.append(&Leaf { agreement: 9, root: [1; 32], chunks: 4 }).unwrap();
	assert!(matches!(prover(&rig).answer(&challenge, &Released::new()), Err(ProveError::OutOfStep)));
}
