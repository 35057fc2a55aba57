use peoples_cloud_primitives::manifest::{Cipher, Column};
use proptest::prelude::*;

use super::*;

fn manifest(layout: &Layout, n: usize) -> ManifestV1 {
	ManifestV1 {
		plain_bytes: layout.plain_bytes(),
		segment_bytes: layout.segment_bytes(),
		cipher: Cipher::XChaCha20Poly1305Stream { nonce_prefix: [1; 19], wrapped_key: [2; 72] },
		codec: 1,
		k: layout.k(),
		shard_bytes: layout.shard_bytes(),
		columns: vec![Column { root: [3; 32], provider: [4; 32] }; n],
	}
}

#[test]
fn a_sealed_segment_of_ours_is_as_long_as_a_shard() {
	assert_eq!(u64::from(SEGMENT_BYTES) + TAG_BYTES, u64::from(SHARD_BYTES));
	assert_eq!(SHARD_BYTES % (16 * 1024), 0, "whole groups of downloads");
}

#[test]
fn short_objects_make_short_shards() {
	for (plain, k, shard_bytes, stripes) in [
		(1, 8, 1024, 1),
		(8 * 1024 - 16, 8, 1024, 1),
		(8 * 1024 - 15, 8, 2048, 1),
		(u64::from(SEGMENT_BYTES) * 8, 8, SHARD_BYTES, 1),
		(u64::from(SEGMENT_BYTES) * 8 + 1, 8, SHARD_BYTES, 2),
		(4 << 30, 8, SHARD_BYTES, 8195),
		(1, 1, 1024, 1),
	] {
		let layout = Layout::plan(plain, k).unwrap();
		assert_eq!((layout.shard_bytes(), layout.stripes()), (shard_bytes, stripes), "{plain} bytes, k = {k}");
	}
}

#[test]
fn what_cannot_be_laid_out_is_refused() {
	assert_eq!(Layout::plan(0, 8), Err(LayoutError::Empty));
	let longest = MAX_SEGMENTS * u64::from(SEGMENT_BYTES);
	assert!(Layout::plan(longest, 8).is_ok());
	assert_eq!(Layout::plan(longest + 1, 8), Err(LayoutError::TooLong(longest + 1)));
	let good = manifest(&Layout::plan(1 << 20, 2).unwrap(), 6);
	assert_eq!(Layout::of(&ManifestV1 { k: 3, ..good.clone() }), Err(LayoutError::Manifest(ManifestError::Code)));
	let huge = ManifestV1 { segment_bytes: MAX_SEGMENT_BYTES + 1, ..good.clone() };
	assert!(matches!(Layout::of(&huge), Err(LayoutError::TooLarge { .. })));
	let huge = ManifestV1 { shard_bytes: 1 << 31, ..good.clone() };
	assert!(matches!(Layout::of(&huge), Err(LayoutError::TooLarge { .. })));
	let many = ManifestV1 { segment_bytes: 1, plain_bytes: 1 << 33, ..good };
	assert_eq!(Layout::of(&many), Err(LayoutError::TooLong(1 << 33)));
}

proptest! {
	#[test]
	fn planned_layouts_agree_with_the_manifest_and_hold_whole_segments(plain in 1u64..(1 << 40), log_k in 0u32..6) {
		let k = 1u16 << log_k;
		let layout = Layout::plan(plain, k).unwrap();
		let manifest = manifest(&layout, usize::from(k) + 1);
		prop_assert_eq!(Layout::of(&manifest), Ok(layout));
		prop_assert_eq!(layout.payload_bytes(), manifest.payload_bytes());
		prop_assert_eq!(layout.stripes(), manifest.stripes());
		prop_assert_eq!(layout.column_chunks(), manifest.column_chunks());
		prop_assert!(layout.stripes() == 1 || layout.stripe_bytes().is_multiple_of(layout.sealed_bytes()));
		// Padding: never more than a stripe of full shards, or a chunk a shard.
		let padding = layout.stripes() * layout.stripe_bytes() - layout.payload_bytes();
		prop_assert!(padding < layout.stripe_bytes().max(1024 * u64::from(k)));
	}

	#[test]
	fn segments_and_stripes_of_a_range_cover_it_and_no_more(
		plain in 1u64..2_000_000, segment in 1u32..200_000, log_k in 0u32..4, chunks in 1u32..70, from: u64, to: u64,
	) {
		let layout = Layout { plain_bytes: plain, segment_bytes: segment, k: 1 << log_k, shard_bytes: chunks * 1024 };
		let (a, b) = (from % plain, to % plain);
		let range = a.min(b)..a.max(b) + 1;
		let segments = layout.segments_of(&range);
		let size = u64::from(segment);
		prop_assert!(segments.start * size <= range.start && range.start < (segments.start + 1) * size);
		prop_assert!(range.end <= segments.end * size && (segments.end - 1) * size < range.end);
		let stripes = layout.stripes_of(&segments);
		prop_assert!(stripes.end <= layout.stripes());
		let (first, last) = (layout.payload_of(stripes.start), layout.payload_of(stripes.end - 1));
		prop_assert!(first.contains(&layout.segment_start(segments.start)));
		prop_assert!(last.contains(&(layout.segment_start(segments.end) - 1)));
	}

	#[test]
	fn no_manifest_makes_it_panic(
		plain_bytes: u64, segment_bytes: u32, shard_bytes: u32, k: u16, n in 0usize..70, start: u64, end: u64, stripe: u64,
	) {
		let base = manifest(&Layout::plan(1, 1).unwrap(), n);
		for shard_bytes in [shard_bytes, shard_bytes & !1023] {
			let Ok(layout) = Layout::of(&ManifestV1 { plain_bytes, segment_bytes, shard_bytes, k, ..base.clone() }) else {
				continue;
			};
			let segments = layout.segments_of(&(start..end));
			let _ = (layout.stripes_of(&segments), layout.payload_of(stripe), layout.plain_bytes_of(stripe));
		}
	}
}
