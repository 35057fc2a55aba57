use super::*;
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

/// Holdings of single-chunk columns: a column's root is then the plain hash of its chunk.
fn holdings(count: u64) -> (Commitment, Vec<Leaf>) {
	let mut commitment = Commitment::default();
	let leaves: Vec<Leaf> = (0..count)
		.map(|agreement| Leaf { agreement, root: *blake3::hash(&chunk(agreement)).as_bytes(), chunks: 1 })
		.collect();
	for leaf in &leaves {
		commitment.append(leaf).unwrap();
	}
	(commitment, leaves)
}

fn chunk(agreement: u64) -> [u8; CHUNK_BYTES] {
	[agreement as u8; CHUNK_BYTES]
}

fn path(leaves: &[Leaf], commitment: &Commitment, number: u64) -> Vec<Node> {
	let (_, height, offset) = commitment.locate(number).unwrap();
	let first = (number - offset) as usize;
	let mut level: Vec<Node> = leaves[first..first + (1 << height)].iter().map(Leaf::node).collect();
	let mut at = offset as usize;
	let mut path = Vec::new();
	while level.len() > 1 {
		path.push(level[at ^ 1]);
		level = level.chunks(2).map(|pair| Node::parent(&pair[0], &pair[1]).unwrap()).collect();
		at /= 2;
	}
	path
}

fn honest(leaves: &[Leaf], commitment: &Commitment, seed: &Hash32, challenges: u32) -> Vec<Answer> {
	challenge::positions(seed, commitment.total_chunks(), challenges)
		.into_iter()
		.map(|number| Answer {
			number,
			leaf: leaves[number as usize],
			leaf_path: path(leaves, commitment, number),
			content: Content::Chunk { bytes: chunk(number), path: vec![] },
		})
		.collect()
}

#[test]
fn an_honest_proof_passes() {
	for count in [1, 2, 3, 7, 21, 64] {
		let (commitment, leaves) = holdings(count);
		let proof = StorageProof::V1(honest(&leaves, &commitment, &[9; 32], 8));
		assert_eq!(verify(&commitment, &[9; 32], 8, &proof, |_| false), Ok(0), "{count} columns");
	}
}

#[test]
fn a_proof_for_another_seed_fails() {
	let (commitment, leaves) = holdings(50);
	let proof = StorageProof::V1(honest(&leaves, &commitment, &[9; 32], 8));
	assert_eq!(verify(&commitment, &[8; 32], 8, &proof, |_| false), Err(ProofError::WrongLeaf));
}

#[test]
fn a_missing_answer_fails() {
	let (commitment, leaves) = holdings(5);
	let mut answers = honest(&leaves, &commitment, &[9; 32], 8);
	answers.pop();
	assert_eq!(verify(&commitment, &[9; 32], 8, &StorageProof::V1(answers), |_| false), Err(ProofError::WrongCount));
}

#[test]
fn another_chunk_fails() {
	let (commitment, leaves) = holdings(5);
	let mut answers = honest(&leaves, &commitment, &[9; 32], 1);
	answers[0].content = Content::Chunk { bytes: [0xee; CHUNK_BYTES], path: vec![] };
	assert_eq!(verify(&commitment, &[9; 32], 1, &StorageProof::V1(answers), |_| false), Err(ProofError::WrongChunk));
}

#[test]
fn a_release_counts_only_when_it_happened() {
	let (commitment, leaves) = holdings(5);
	let mut answers = honest(&leaves, &commitment, &[9; 32], 1);
	answers[0].content = Content::Released;
	let released = answers[0].leaf.agreement;
	let proof = StorageProof::V1(answers);
	assert_eq!(verify(&commitment, &[9; 32], 1, &proof, |_| false), Err(ProofError::NotReleased));
	assert_eq!(verify(&commitment, &[9; 32], 1, &proof, |leaf| leaf.agreement == released), Ok(1));
}

#[test]
fn released_answers_are_counted() {
	let (commitment, leaves) = holdings(50);
	let mut answers = honest(&leaves, &commitment, &[9; 32], 8);
	for answer in answers.iter_mut().take(5) {
		answer.content = Content::Released;
	}
	let proof = StorageProof::V1(answers);
	// That a column is released does not matter where its bytes are shown.
	assert_eq!(verify(&commitment, &[9; 32], 8, &proof, |_| true), Ok(5));
}

#[test]
fn more_than_half_released_is_stale() {
	for (released, challenges, stale) in
		[(0, 0, false), (0, 8, false), (4, 8, false), (5, 8, true), (3, 7, false), (4, 7, true), (u32::MAX, 32, true)]
	{
		assert_eq!(is_stale(released, challenges), stale, "{released} of {challenges}");
	}
}

proptest! {
	#[test]
	fn broken_bytes_never_panic(seed: [u8; 32], at: prop::sample::Index, flip in 1u8.., cut: prop::sample::Index) {
		let (commitment, leaves) = holdings(11);
		let proof = StorageProof::V1(honest(&leaves, &commitment, &seed, 4));
		let mut bytes = proof.encode();
		let at = at.index(bytes.len());
		bytes[at] ^= flip;
		if let Ok(broken) = StorageProof::decode(&mut &bytes[..]) {
			prop_assert!(verify(&commitment, &seed, 4, &broken, |_| false).is_err());
		}
		bytes.truncate(cut.index(bytes.len()));
		let _ = StorageProof::decode(&mut &bytes[..]);
	}

	#[test]
	fn random_bytes_never_panic(bytes: Vec<u8>) {
		let (commitment, _) = holdings(3);
		if let Ok(proof) = StorageProof::decode(&mut &bytes[..]) {
			let _ = verify(&commitment, &[0; 32], 8, &proof, |_| true);
		}
	}
}
