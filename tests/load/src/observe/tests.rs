use super::*;
use crate::report::tests::block;

fn numbers(chain: &[Block]) -> Vec<u64> {
	chain.iter().map(|block| block.number).collect()
}

#[test]
fn chain_ends_with_what_was_seen_last() {
	let (first, second, third) = (block(1, 0), block(2, 1), block(3, 2));
	assert_eq!(numbers(&best_chain(&[first, second, third])), [1, 2, 3]);
	assert!(best_chain(&[]).is_empty());
}

#[test]
fn retracted_blocks_are_left_out() {
	// 2 and 3 lose against 12 and 13 on the same parent.
	let mut seen = vec![block(1, 0), block(2, 1), block(3, 2)];
	seen.extend([Block { number: 2, ..block(12, 1) }, Block { number: 3, ..block(13, 12) }]);
	let chain = best_chain(&seen);
	assert_eq!(numbers(&chain), [1, 2, 3]);
	assert_eq!(chain[1].hash, block(12, 1).hash);
}

#[test]
fn chain_starts_after_a_gap() {
	assert_eq!(numbers(&best_chain(&[block(1, 0), block(5, 4), block(6, 5)])), [5, 6]);
}
