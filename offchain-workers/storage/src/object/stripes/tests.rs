use std::io::Write;

use peoples_cloud_erasure::NovelPoly;
use peoples_cloud_primitives::manifest::Cipher;
use proptest::prelude::*;

use super::*;
use crate::object::seal::ObjectKey;

const CIPHER: Cipher = Cipher::XChaCha20Poly1305Stream { nonce_prefix: [8; 19], wrapped_key: [0; 72] };

fn key() -> ObjectKey {
	ObjectKey::from_bytes([7; 32])
}

fn plain(length: u64) -> Vec<u8> {
	(0..length).map(|at| (at * 7 + at / 256 + at / 65_521) as u8).collect()
}

fn file(bytes: &[u8]) -> File {
	let mut file = tempfile::tempfile().unwrap();
	file.write_all(bytes).unwrap();
	file
}

fn maker(bytes: &[u8], k: u16, n: usize) -> StripeMaker {
	let layout = Layout::plan(bytes.len() as u64, k).unwrap();
	let codec = Arc::new(NovelPoly::new(k.into(), n).unwrap());
	StripeMaker::new(file(bytes), Sealer::new(&key(), &CIPHER, layout.segments()), layout, codec)
}

/// Opens all stripes that a range needs.
fn opened(layout: Layout, payloads: &[Vec<u8>], range: Range<u64>) -> Result<Vec<u8>, SealError> {
	let segments = layout.segments_of(&range);
	let stripes = layout.stripes_of(&segments);
	let sealer = Sealer::new(&key(), &CIPHER, layout.segments());
	let opener = Arc::new(StripeOpener::new(sealer, layout, segments));
	let mut joiner = Joiner::new(opener.clone(), &range);
	let mut out = Vec::new();
	for stripe in stripes {
		joiner.push(opener.open(stripe, payloads[stripe as usize].clone())?, |piece| out.extend_from_slice(&piece))?;
	}
	assert_eq!(joiner.wanted(), 0, "all bytes of the range come out");
	Ok(out)
}

/// Seals bytes segment by segment and cuts the payload in stripes, whatever the sizes: the format, literally.
fn payloads(layout: Layout, bytes: &[u8]) -> Vec<Vec<u8>> {
	let sealer = Sealer::new(&key(), &CIPHER, layout.segments());
	let mut payload = Vec::new();
	for (segment, bytes) in (0..).zip(bytes.chunks(layout.segment_bytes() as usize)) {
		let mut sealed = [bytes, &[0; 16]].concat();
		sealer.seal(segment, &mut sealed).unwrap();
		payload.append(&mut sealed);
	}
	payload.resize((layout.stripes() * layout.stripe_bytes()) as usize, 0);
	payload.chunks(layout.stripe_bytes() as usize).map(<[u8]>::to_vec).collect()
}

fn layout_of(plain_bytes: u64, segment_bytes: u32, k: u16, shard_bytes: u32) -> Layout {
	use peoples_cloud_primitives::manifest::{Column, ManifestV1};
	let columns = vec![Column { root: [0; 32], provider: [0; 32] }; usize::from(k) + 1];
	let manifest = ManifestV1 { plain_bytes, segment_bytes, cipher: CIPHER, codec: 1, k, shard_bytes, columns };
	Layout::of(&manifest).unwrap()
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

	#[test]
	fn ranges_are_slices_of_the_file_whatever_the_sizes(
		length in 1u64..60_000, segment in 1u32..9_000, log_k in 0u32..3, chunks in 1u32..5, from: u64, to: u64,
	) {
		// So many segments would only make it slow.
		let segment = segment.max(length as u32 / 500);
		let layout = layout_of(length, segment, 1 << log_k, chunks * 1024);
		let bytes = plain(length);
		let payloads = payloads(layout, &bytes);
		prop_assert_eq!(opened(layout, &payloads, 0..length).unwrap(), &bytes[..]);
		let (a, b) = (from % length, to % length);
		let range = a.min(b)..a.max(b) + 1;
		prop_assert_eq!(opened(layout, &payloads, range.clone()).unwrap(), &bytes[range.start as usize..range.end as usize]);
	}

	#[test]
	fn stripes_that_are_made_are_those_of_the_format(length in prop_oneof![1u64..3_000, 1u64..600_000], log_k in 0u32..3) {
		let (k, bytes) = (1u16 << log_k, plain(length));
		let maker = maker(&bytes, k, usize::from(k) * 3);
		let expected = payloads(maker.layout, &bytes);
		for (stripe, payload) in (0..).zip(&expected) {
			prop_assert!(&maker.seal(stripe).unwrap().payload == payload);
		}
	}
}

#[test]
fn columns_encoded_later_are_those_encoded_at_once() {
	let maker = maker(&plain(300_000), 2, 6);
	let sealed = maker.seal(1).unwrap();
	let all = maker.encode(&sealed, &[0, 1, 2, 3, 4, 5]).unwrap();
	assert_eq!(maker.encode(&sealed, &[4, 1]).unwrap(), [all[4].clone(), all[1].clone()]);
	assert_eq!(maker.seal(1).unwrap().tag, sealed.tag, "the same bytes, the same tag");
}

#[test]
fn a_changed_file_changes_the_tag_and_a_shortened_one_is_noticed() {
	let mut bytes = plain(200_000);
	let before = maker(&bytes, 1, 3).seal(2).unwrap().tag;
	bytes[150_000] ^= 1;
	let changed = maker(&bytes, 1, 3);
	assert_ne!(changed.seal(2).unwrap().tag, before);
	changed.file.set_len(199_999).unwrap();
	assert!(matches!(changed.seal(3), Err(StripeError::Shortened)));
}

#[test]
fn swapped_stripes_do_not_open() {
	let bytes = plain(400_000);
	let layout = Layout::plan(bytes.len() as u64, 2).unwrap();
	let mut payloads = payloads(layout, &bytes);
	payloads.swap(0, 1);
	assert_eq!(opened(layout, &payloads, 0..1), Err(SealError::Segment(0)));
}

proptest! {
	#[test]
	fn broken_payloads_never_panic(length in 1u64..5_000, segment in 1u32..3_000, stripe in 0u64..9, mut payload: Vec<u8>) {
		let layout = layout_of(length, segment, 2, 1024);
		let sealer = Sealer::new(&key(), &CIPHER, layout.segments());
		let opener = Arc::new(StripeOpener::new(sealer, layout, 0..layout.segments()));
		let mut joiner = Joiner::new(opener.clone(), &(0..length));
		for length in [payload.len(), 2048] {
			payload.resize(length, 1);
			if let Ok(stripe) = opener.open(stripe, payload.clone()) {
				let _ = joiner.push(stripe, |_| {});
			}
		}
	}
}
