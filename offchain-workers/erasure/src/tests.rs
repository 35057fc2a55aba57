use proptest::prelude::*;
use reed_solomon_novelpoly::{CodeParams, WrappedShard};

use super::*;

fn encoded(codec: &dyn Codec, stripe: &[u8]) -> Vec<Vec<u8>> {
	let mut shards = vec![vec![0; stripe.len() / codec.k()]; codec.n()];
	codec.encode(stripe, &mut shards.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>()).unwrap();
	shards
}

fn bytes(length: usize, seed: u64) -> Vec<u8> {
	// SplitMix64: every bit pattern turns up, and a failure can be repeated.
	let mut state = seed;
	let mut next = move || {
		state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		(mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
	};
	(0..length.div_ceil(8)).flat_map(|_| next().to_le_bytes()).take(length).collect()
}

fn with_indices(shards: &[Vec<u8>], chosen: &[usize]) -> Vec<(usize, Vec<u8>)> {
	chosen.iter().map(|index| (*index, shards[*index].clone())).collect()
}

fn borrowed(shards: &[(usize, Vec<u8>)]) -> Vec<(usize, &[u8])> {
	shards.iter().map(|(index, shard)| (*index, shard.as_slice())).collect()
}

/// k, n, a subset of at least k shards in some order, 2-byte symbols a shard, a seed.
fn cases() -> impl Strategy<Value = (usize, usize, Vec<usize>, usize, u64)> {
	(0u32..6)
		.prop_flat_map(|log_k| {
			let k = 1usize << log_k;
			(Just(k), (k + 1).max(2)..=(3 * k + 2))
		})
		.prop_flat_map(|(k, n)| {
			let all: Vec<usize> = (0..n).collect();
			(Just(k), Just(n), proptest::sample::subsequence(all, k..=n).prop_shuffle(), 1usize..1100, any::<u64>())
		})
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

	#[test]
	fn bytes_are_those_of_the_crate((k, n, chosen, symbols, seed) in cases()) {
		let codec = NovelPoly::new(k, n).unwrap();
		let stripe = bytes(2 * k * symbols, seed);
		let theirs = CodeParams::derive_parameters(n, k).unwrap().make_encoder();
		let shards: Vec<WrappedShard> = theirs.encode(&stripe).unwrap();
		let ours = encoded(&codec, &stripe);
		for (index, (ours, theirs)) in ours.iter().zip(&shards).enumerate() {
			prop_assert_eq!(ours.as_slice(), AsRef::<[u8]>::as_ref(theirs), "shard {} of {}/{}", index, k, n);
		}
		let received = (0..n).map(|index| chosen.contains(&index).then(|| shards[index].clone())).collect();
		prop_assert_eq!(&theirs.reconstruct(received).unwrap(), &stripe);
	}

	#[test]
	fn any_k_of_n_restore_the_stripe((k, n, chosen, symbols, seed) in cases()) {
		let codec = NovelPoly::new(k, n).unwrap();
		let stripe = bytes(2 * k * symbols, seed);
		let given = with_indices(&encoded(&codec, &stripe), &chosen);
		let mut restored = vec![0xa5; stripe.len()];
		codec.reconstruct(&borrowed(&given), &mut restored).unwrap();
		prop_assert!(restored == stripe, "{:?} of {}/{}", chosen, k, n);
	}

	#[test]
	fn any_shard_is_restored_from_others((k, n, chosen, symbols, seed) in cases(), index: proptest::sample::Index) {
		let codec = NovelPoly::new(k, n).unwrap();
		let stripe = bytes(2 * k * symbols, seed);
		let shards = encoded(&codec, &stripe);
		let index = index.index(n);
		let mut shard = vec![0xa5; 2 * symbols];
		codec.restore_shard(index, &borrowed(&with_indices(&shards, &chosen)), &mut shard).unwrap();
		prop_assert!(shard == shards[index], "restored {} of {}/{}", index, k, n);
		codec.encode_shard(index, &stripe, &mut shard).unwrap();
		prop_assert!(shard == shards[index], "encoded {} of {}/{}", index, k, n);
	}

	#[test]
	fn nothing_that_is_asked_makes_it_panic(
		k in 0usize..70,
		n in 0usize..300,
		stripe in 0usize..600,
		lengths in proptest::collection::vec((0usize..80, 0usize..90), 0..12),
	) {
		let Ok(codec) = super::codec(1, k, n) else { return Ok(()) };
		let shards: Vec<(usize, Vec<u8>)> = lengths.iter().map(|(index, length)| (*index, vec![1; *length])).collect();
		let given = borrowed(&shards);
		let mut out = vec![0; stripe];
		let _ = codec.reconstruct(&given, &mut out);
		let _ = codec.restore_shard(k, &given, &mut out);
		let stripe = vec![0; stripe];
		let mut buffers: Vec<Vec<u8>> = shards.iter().map(|(_, shard)| shard.clone()).collect();
		let _ = codec.encode(&stripe, &mut buffers.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
		for (index, shard) in buffers.iter_mut().enumerate() {
			let _ = codec.encode_shard(index * 31, &stripe, shard);
		}
	}
}

#[test]
fn every_choice_of_2_out_of_6_restores() {
	let codec = NovelPoly::new(2, 6).unwrap();
	let stripe = bytes(4096, 7);
	let shards = encoded(&codec, &stripe);
	for a in 0..6 {
		for b in (0..6).filter(|b| *b != a) {
			let mut restored = vec![0; stripe.len()];
			codec.reconstruct(&borrowed(&with_indices(&shards, &[a, b])), &mut restored).unwrap();
			assert!(restored == stripe, "shards {a} and {b}");
		}
	}
}

#[test]
fn a_decoder_serves_stripe_after_stripe_and_reads_only_what_it_needs() {
	let codec = NovelPoly::new(4, 12).unwrap();
	let decoder = codec.decoder(&[11, 3, 5, 8, 0, 3]).unwrap();
	assert_eq!(decoder.needs(), [0, 3, 5, 8]);
	for seed in 0..5 {
		let stripe = bytes(8192, seed);
		let shards = encoded(&codec, &stripe);
		let mut restored = vec![0; stripe.len()];
		decoder.decode(&borrowed(&with_indices(&shards, &[8, 5, 3, 0])), &mut restored).unwrap();
		assert!(restored == stripe);
	}
}

#[test]
fn a_changed_shard_changes_the_stripe() {
	let codec = NovelPoly::new(4, 8).unwrap();
	let stripe = bytes(8192, 1);
	let mut given = with_indices(&encoded(&codec, &stripe), &[4, 5, 6, 7]);
	given[2].1[77] ^= 1;
	let mut restored = vec![0; stripe.len()];
	codec.reconstruct(&borrowed(&given), &mut restored).unwrap();
	assert!(restored != stripe, "the code corrects erasures, not errors: shards must be verified before");
}

#[test]
fn impossible_codes_and_shards_are_refused_with_their_reason() {
	for (k, n) in [(0, 3), (3, 9), (8, 8), (8, 7), (8, 257), (256, 512), (1, 1)] {
		assert_eq!(NovelPoly::new(k, n).unwrap_err(), CodeError::Unsupported { k, n });
	}
	assert_eq!(codec(2, 4, 8).unwrap_err(), CodeError::UnknownCodec(2));
	let codec = codec(1, 2, 3).unwrap();
	assert_eq!((codec.id(), codec.k(), codec.n()), (1, 2, 3));
	let mut stripe = [0; 8];
	assert_eq!(codec.reconstruct(&[(1, &[0; 4])], &mut stripe), Err(CodeError::TooFewShards { have: 1, need: 2 }));
	let twice = codec.reconstruct(&[(1, &[0; 4]), (1, &[0; 4])], &mut stripe);
	assert_eq!(twice, Err(CodeError::TooFewShards { have: 1, need: 2 }));
	let far = codec.reconstruct(&[(1, &[0; 4]), (3, &[0; 4])], &mut stripe);
	assert_eq!(far, Err(CodeError::NoSuchShard { index: 3, n: 3 }));
	let short = codec.reconstruct(&[(1, &[0; 4]), (2, &[0; 2])], &mut stripe);
	assert_eq!(short, Err(CodeError::ShardLength { index: 2, bytes: 2, wanted: 4 }));
	let odd = codec.reconstruct(&[(1, &[0; 4]), (2, &[0; 4])], &mut [0; 6]);
	assert_eq!(odd, Err(CodeError::StripeLength { bytes: 6, k: 2 }));
	let decoder = codec.decoder(&[0, 2]).unwrap();
	assert_eq!(decoder.decode(&[(0, &[0; 4])], &mut stripe), Err(CodeError::MissingShard(2)));
	assert_eq!(codec.encode(&stripe, &mut []), Err(CodeError::ShardCount { given: 0, n: 3 }));
	assert_eq!(codec.encode_shard(3, &stripe, &mut [0; 4]), Err(CodeError::NoSuchShard { index: 3, n: 3 }));
}
