//! Codec 1 beside the crate whose code it is, and beside `reed-solomon-simd` as a yardstick. One core; the bytes
//! counted are those of the stripe.
//!
//! `cargo bench --workspace --profile dev --bench codec`
#![allow(clippy::unwrap_used, reason = "a benchmark may stop")]
use std::hint::black_box;

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use peoples_cloud_erasure::{Codec, NovelPoly};
use reed_solomon_novelpoly::{CodeParams, WrappedShard};
use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

/// As objects are stored.
const SHARD_BYTES: usize = 64 * 1024;

fn stripe(k: usize) -> Vec<u8> {
	(0..k * SHARD_BYTES).map(|at| (at * 31 + at / 257) as u8).collect()
}

fn encode(criterion: &mut Criterion) {
	let mut group = criterion.benchmark_group("encode");
	for (k, n) in [(2, 6), (4, 12), (8, 24), (16, 48), (32, 64)] {
		let name = format!("{k}of{n}");
		let stripe = stripe(k);
		group.throughput(Throughput::Bytes(stripe.len() as u64));

		let codec = NovelPoly::new(k, n).unwrap();
		let mut shards = vec![vec![0; SHARD_BYTES]; n];
		group.bench_function(BenchmarkId::new("ours", &name), |bencher| {
			bencher.iter(|| {
				let mut shards: Vec<&mut [u8]> = shards.iter_mut().map(Vec::as_mut_slice).collect();
				codec.encode(black_box(&stripe), &mut shards).unwrap();
			});
		});

		let crate_codec = CodeParams::derive_parameters(n, k).unwrap().make_encoder();
		group.bench_function(BenchmarkId::new("reed-solomon-novelpoly", &name), |bencher| {
			bencher.iter(|| crate_codec.encode::<WrappedShard>(black_box(&stripe)).unwrap());
		});

		let mut simd = ReedSolomonEncoder::new(k, n - k, SHARD_BYTES).unwrap();
		group.bench_function(BenchmarkId::new("reed-solomon-simd", &name), |bencher| {
			bencher.iter(|| {
				for shard in stripe.chunks(SHARD_BYTES) {
					simd.add_original_shard(black_box(shard)).unwrap();
				}
				simd.encode().unwrap().recovery_iter().map(|shard| shard.len()).sum::<usize>()
			});
		});
	}
	group.finish();
}

/// The worst case: no data shard is there.
fn decode(criterion: &mut Criterion) {
	let mut group = criterion.benchmark_group("decode");
	for (k, n) in [(2, 6), (4, 12), (8, 24), (16, 48), (32, 64)] {
		let name = format!("{k}of{n}");
		let stripe = stripe(k);
		group.throughput(Throughput::Bytes(stripe.len() as u64));
		let present: Vec<usize> = (n - k..n).collect();

		let codec = NovelPoly::new(k, n).unwrap();
		let mut shards = vec![vec![0; SHARD_BYTES]; n];
		codec.encode(&stripe, &mut shards.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>()).unwrap();
		let given: Vec<(usize, &[u8])> = present.iter().map(|index| (*index, shards[*index].as_slice())).collect();
		let decoder = codec.decoder(&present).unwrap();
		let mut out = vec![0; stripe.len()];
		group.bench_function(BenchmarkId::new("ours", &name), |bencher| {
			bencher.iter(|| decoder.decode(black_box(&given), &mut out).unwrap());
		});

		let restorer = codec.restorer(0, &present).unwrap();
		let mut shard = vec![0; SHARD_BYTES];
		group.bench_function(BenchmarkId::new("ours, one shard", &name), |bencher| {
			bencher.iter(|| restorer.restore(black_box(&given), &mut shard).unwrap());
		});

		let crate_codec = CodeParams::derive_parameters(n, k).unwrap().make_encoder();
		group.bench_function(BenchmarkId::new("reed-solomon-novelpoly", &name), |bencher| {
			bencher.iter(|| {
				let received: Vec<Option<WrappedShard>> = shards
					.iter()
					.enumerate()
					.map(|(index, shard)| present.contains(&index).then(|| WrappedShard::new(shard.clone())))
					.collect();
				crate_codec.reconstruct(black_box(received)).unwrap()
			});
		});

		let originals: Vec<&[u8]> = stripe.chunks(SHARD_BYTES).collect();
		let recovery = reed_solomon_simd::encode(k, n - k, &originals).unwrap();
		let mut simd = ReedSolomonDecoder::new(k, n - k, SHARD_BYTES).unwrap();
		group.bench_function(BenchmarkId::new("reed-solomon-simd", &name), |bencher| {
			bencher.iter(|| {
				for (index, shard) in recovery.iter().enumerate().rev().take(k) {
					simd.add_recovery_shard(index, black_box(shard)).unwrap();
				}
				simd.decode().unwrap().restored_original_iter().map(|(_, shard)| shard.len()).sum::<usize>()
			});
		});
	}
	group.finish();
}

criterion_group!(benches, encode, decode);
criterion_main!(benches);
