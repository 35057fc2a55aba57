use super::*;

/// A block on that parent: a second and two slots after the number before.
pub(crate) fn block(number: u64, parent: u64) -> Block {
	Block {
		number,
		hash: H256::from_low_u64_be(number),
		parent: H256::from_low_u64_be(parent),
		slot: Some(100 + 2 * number),
		time_millis: 1_000 * number,
		fill: 0.5,
		byte_fill: 0.25,
		transactions: Vec::new(),
		lag: Some(2),
	}
}

fn with(number: u64, transactions: &[u64]) -> Block {
	let transactions = transactions.iter().map(|number| H256::from_low_u64_be(*number)).collect();
	Block { transactions, ..block(number, number - 1) }
}

fn ours(numbers: std::ops::Range<u64>) -> HashSet<H256> {
	numbers.map(H256::from_low_u64_be).collect()
}

#[test]
fn median_is_the_middle_or_the_mean_of_the_two() {
	assert_eq!(Spread::of([]), None);
	assert_eq!(Spread::of([7.0]), Some(Spread { median: 7.0, max: 7.0 }));
	assert_eq!(Spread::of([9.0, 1.0, 2.0]), Some(Spread { median: 2.0, max: 9.0 }));
	assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]), Some(Spread { median: 3.0, max: 9.0 }));
}

#[test]
fn slots_without_a_block_are_not_filled() {
	assert_eq!(Slots::of(Some(10), Some(14), 4), Some(Slots { filled: 4, passed: 4, share: 1.0 }));
	assert_eq!(Slots::of(Some(10), Some(18), 6), Some(Slots { filled: 6, passed: 8, share: 0.75 }));
	assert_eq!(Slots::of(None, Some(18), 6), None);
	assert_eq!(Slots::of(Some(18), Some(10), 6), None);
}

#[test]
fn first_block_only_starts_the_clock() {
	let chain = [block(1, 0), block(2, 1), Block { fill: 0.97, lag: Some(5), ..block(3, 2) }];
	let observed = Observed::of(&chain).unwrap();
	assert_eq!((observed.blocks, observed.first_block, observed.last_block), (2, 2, 3));
	assert_eq!(observed.seconds, 2.0);
	assert_eq!(observed.full_blocks, 1);
	assert_eq!(observed.finality_lag, Some(Spread { median: 3.5, max: 5.0 }));
	assert_eq!(observed.slots, Some(Slots { filled: 2, passed: 4, share: 0.5 }));
	assert!(Observed::of(&chain[..1]).is_none());
}

#[test]
fn blocks_full_of_bytes_are_full() {
	let observed = Observed::of(&[block(1, 0), Block { byte_fill: 0.99, ..block(2, 1) }]).unwrap();
	assert_eq!(observed.full_blocks, 1);
}

#[test]
fn lag_of_blocks_read_later_is_left_out() {
	let chain = [block(1, 0), Block { lag: None, ..block(2, 1) }];
	assert_eq!(Observed::of(&chain).unwrap().finality_lag, None);
}

#[test]
fn only_the_blocks_with_ours_are_measured() {
	// GIVEN ours in the third to the fifth block, and foreign ones around.
	let chain = [with(1, &[90]), with(2, &[91]), with(3, &[1, 2, 92]), with(4, &[]), with(5, &[3]), with(6, &[93])];
	// WHEN
	let (sent, chain) = Sent::of("transfers", &ours(1..4), 0, &chain).unwrap();
	// THEN time starts with the block before.
	assert_eq!(chain.iter().map(|block| block.number).collect::<Vec<_>>(), [2, 3, 4, 5]);
	assert_eq!(sent.included, 3);
	assert_eq!(sent.per_block, Spread { median: 1.0, max: 2.0 });
	assert_eq!(sent.per_second, 1.0);
}

#[test]
fn nothing_included_is_nothing_measured() {
	assert!(Sent::of("transfers", &ours(1..4), 0, &[with(1, &[1]), with(2, &[])]).is_none());
	assert!(Sent::of("transfers", &ours(1..4), 0, &[]).is_none());
}

#[test]
fn table_and_document_tell_the_same() {
	let chain = [with(1, &[]), with(2, &[1, 2]), with(3, &[3])];
	let (sent, chain) = Sent::of("transfers", &ours(1..4), 1, &chain).unwrap();
	let report = Report { url: "ws://node".into(), what: Some(sent), chain: Observed::of(&chain).unwrap() };
	let table = report.to_string();
	assert!(table.contains("3 included, 1 refused") && table.contains("50.0 %, 2 of 4"), "{table}");
	let document: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
	assert_eq!(document["what"]["included"], 3);
	assert_eq!(document["what"]["per_block"]["max"], 2.0);
	assert_eq!(document["chain"]["slots"]["share"], 0.5);
}
