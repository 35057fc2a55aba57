//! What a proof costs, from 1 GiB in a thousand agreements to 1 PiB in a million: bytes of a `prove`, time to make it
//! (holdings on disk, chunks from a simulated disk) and time to verify it.
use std::{hint::black_box, sync::Arc, time::Duration};

use codec::Encode;
use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use peoples_cloud_client::chain::Challenge;
use peoples_cloud_primitives::{
	column::{self, CHUNK_BYTES},
	holdings::{Commitment, Leaf},
	storage_proof, Hash32,
};
use peoples_cloud_storage::{
	database::Database,
	holdings::{Holdings, LeafRecord},
	prover::{Columns, Outcome, ProvenChunk, Prover, Released, Trouble},
};

/// Challenges per period, as in production.
const CHALLENGES: u32 = 8;

/// A column of zeros whose inner tree is in memory: a disk that costs nothing.
struct Zeros {
	/// Chaining values by level, chunks first. The number of chunks is a power of two.
	levels: Vec<Vec<Hash32>>,
}

impl Zeros {
	fn new(chunks: u64) -> Self {
		assert!(chunks.is_power_of_two() && chunks > 1);
		let mut levels = vec![(0..chunks).map(|index| column::chunk_value(index, &[0; CHUNK_BYTES])).collect()];
		while levels.last().is_some_and(|level: &Vec<Hash32>| level.len() > 2) {
			let below = levels.last().expect("pushed above; qed");
			let level = below.chunks_exact(2).map(|pair| column::parent_value(&pair[0], &pair[1])).collect();
			levels.push(level);
		}
		Self { levels }
	}

	fn root(&self) -> Hash32 {
		let top = self.levels.last().expect("at least one level; qed");
		column::root_value(&top[0], &top[1])
	}
}

impl Columns for Zeros {
	fn proven_chunk(&self, _: &Hash32, index: u64) -> Result<ProvenChunk, Trouble> {
		let sibling = |(height, level): (usize, &Vec<Hash32>)| level[(index as usize >> height) ^ 1];
		Ok(ProvenChunk { bytes: [0; CHUNK_BYTES], path: self.levels.iter().enumerate().map(sibling).collect() })
	}

	fn check(&self, _: &Hash32) -> Result<(), Trouble> {
		Ok(())
	}
}

fn proofs(criterion: &mut Criterion) {
	let mut group = criterion.benchmark_group("proofs");
	group.sample_size(50).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
	for (name, agreements, chunks) in [
		("1 GiB in 1024 agreements", 1u64 << 10, 1u64 << 10),
		("1 TiB in 16384 agreements", 1 << 14, 1 << 16),
		("1 PiB in 1048576 agreements", 1 << 20, 1 << 20),
	] {
		let columns = Zeros::new(chunks);
		let root = columns.root();
		// One agreement more than the power of two: several mountains.
		let records: Vec<LeafRecord> = (0..=agreements)
			.map(|agreement| LeafRecord { leaf: Some(Leaf { agreement, root, chunks }), live: true, due: 1 })
			.collect();
		let mut holdings = Commitment::default();
		for leaf in records.iter().filter_map(|record| record.leaf.as_ref()) {
			holdings.append(leaf).expect("fits; qed");
		}
		let dir = tempfile::tempdir().expect("a temporary directory");
		let database = Database::open(&dir.path().join("daemon")).expect("a database");
		let tree = Holdings::open(database, &dir.path().join("holdings.log")).expect("holdings");
		tree.rebuild(&records, 0).expect("a tree");
		let prover = Prover::new(Arc::new(tree), Arc::new(columns));
		let mut challenge =
			Challenge { period: 0, slot_block: 0, seed: [0; 32], challenges: CHALLENGES, holdings, blocks_left: 9 };

		let answer = |challenge: &Challenge| match prover.answer(challenge, &Released::new()) {
			Ok(Outcome::Proof(proof)) => *proof,
			other => panic!("no proof: {other:?}"),
		};
		let proof = answer(&challenge);
		println!("{name}: a proof of {CHALLENGES} chunks has {} bytes", proof.encoded_size());
		group.bench_function(BenchmarkId::new("make", name), |bencher| {
			let mut round = 0u64;
			bencher.iter(|| {
				// Other positions each time.
				round += 1;
				challenge.seed = *blake3::hash(&round.to_le_bytes()).as_bytes();
				black_box(answer(&challenge))
			});
		});
		challenge.seed = [0; 32];
		group.bench_function(BenchmarkId::new("verify", name), |bencher| {
			bencher.iter(|| storage_proof::verify(&challenge.holdings, &challenge.seed, CHALLENGES, &proof, |_| false));
		});
	}
	group.finish();
}

criterion_group!(benches, proofs);
criterion_main!(benches);
