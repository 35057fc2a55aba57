use proptest::prelude::*;

use super::*;
use crate::client::tests::{store, MemoryColumns, Stored};

async fn read_range(
	stored: &Stored,
	key: &ObjectKey,
	source: Arc<MemoryColumns>,
	range: Range<u64>,
) -> Result<Vec<u8>, GetError> {
	let mut out = Vec::new();
	let order = (0..stored.manifest.n()).rev().collect();
	let bytes = read(&stored.manifest, key, source, order, range, &mut out, &|_| {}).await?;
	assert_eq!(bytes, out.len() as u64);
	Ok(out)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_k_columns_give_the_whole_object() {
	let stored = store(700_000, 2, 6);
	for a in 0..6 {
		for b in 0..a {
			let got = read_range(&stored, &stored.key, stored.only(&[a, b]), 0..700_000).await.unwrap();
			assert!(got == stored.plain, "columns {a} and {b}");
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_column_is_replaced_and_nothing_wrong_is_written() {
	let stored = store(2_000_000, 2, 6);
	let all: Vec<usize> = (0..6).collect();
	let mut source = Arc::into_inner(stored.only(&all)).unwrap();
	for liar in 2..6 {
		let (_, bytes) = source.0[liar].as_mut().unwrap();
		let mut changed = bytes.to_vec();
		changed[liar * 130_000] ^= 1;
		*bytes = changed.into();
	}
	let source = Arc::new(source);
	assert!(read_range(&stored, &stored.key, source, 0..2_000_000).await.unwrap() == stored.plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_key_opens_nothing() {
	let stored = store(100_000, 2, 6);
	let source = stored.only(&[1, 4]);
	let error = read_range(&stored, &ObjectKey::random(), source, 0..100_000).await.unwrap_err();
	assert!(matches!(error, GetError::Seal(SealError::Segment(0))), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_columns_say_so() {
	let stored = store(100_000, 4, 6);
	let error = read_range(&stored, &stored.key, stored.only(&[1, 4, 5]), 0..10).await.unwrap_err();
	assert!(matches!(&error, GetError::Columns(error) if error.need == 4), "{error}");
	assert!(error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_bytes_than_promised_are_no_success() {
	let stored = store(100_000, 2, 6);
	let mut out = Vec::new();
	let (source, order) = (stored.only(&[0, 1]), vec![0, 1]);
	let read = read(&stored.manifest, &stored.key, source, order, 99_000..100_001, &mut out, &|_| {});
	let error = read.await.unwrap_err();
	assert!(matches!(error, GetError::Short { bytes: 1_000, wanted: 1_001 }), "{error}");
	assert!(error.to_string().starts_with("the object's columns ended after 1000 of the 1001 bytes asked for"));
	assert!(out == stored.plain[99_000..], "what there is was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_swapped_for_another_does_not_open() {
	// Not possible over the network, where columns are verified against their roots; the seal would catch it still.
	let stored = store(400_000, 2, 6);
	let mut source = Arc::into_inner(stored.only(&[0, 1])).unwrap();
	source.0.swap(0, 1);
	let error = read_range(&stored, &stored.key, Arc::new(source), 0..400_000).await.unwrap_err();
	assert!(matches!(error, GetError::Seal(SealError::Segment(_))), "{error}");
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

	#[test]
	fn ranges_are_slices_of_the_file_from_any_k_columns(
		length in prop_oneof![1usize..5_000, 1usize..1_500_000],
		log_k in 0u32..4,
		from: prop::sample::Index,
		to: prop::sample::Index,
		seed: prop::sample::Index,
	) {
		let k = 1u16 << log_k;
		let stored = store(length, k, 3 * k);
		let n = 3 * usize::from(k);
		let first = seed.index(n);
		let chosen: Vec<usize> = (0..k.into()).map(|column| (2 * column + first) % n).collect();
		let (a, b) = (from.index(length), to.index(length));
		let range = a.min(b)..a.max(b) + 1;
		let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
		let got = runtime
			.block_on(read_range(&stored, &stored.key, stored.only(&chosen), range.start as u64..range.end as u64))
			.unwrap();
		prop_assert!(got == stored.plain[range]);
	}
}
