//! The column store: taking columns in, proving chunks, scrubbing, streaming.
use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use peoples_cloud_storage::store::{ColumnStore, Held, Purpose};

const CHUNKS: u64 = 64 * 1024;
const PIECE: usize = 256 * 1024;

fn store(criterion: &mut Criterion) {
	let dir = tempfile::tempdir().expect("a directory");
	let (store, _) = ColumnStore::open(dir.path(), 1 << 30).expect("a store");
	let bytes: Vec<u8> = (0..CHUNKS as usize * 1024).map(|i| (i / 7 + i % 251) as u8).collect();
	let root = *blake3::hash(&bytes).as_bytes();
	let mut agreement = 0;
	let mut take = |keep: bool| {
		agreement += 1;
		let mut writer = store.begin(CHUNKS).expect("room");
		for piece in bytes.chunks(PIECE) {
			writer.write(piece).expect("room");
		}
		let held = Held { agreement, object: [1; 32] };
		writer.finish(&root, CHUNKS, Purpose::Held(held)).expect("a column");
		if !keep {
			store.release(&root, agreement).expect("a release");
		}
	};
	let mut group = criterion.benchmark_group("store");
	group.sample_size(10).throughput(Throughput::Bytes(CHUNKS * 1024));
	group.bench_function("write_64_mib", |bencher| bencher.iter(|| take(false)));
	take(true);
	group.bench_function("verify_64_mib", |bencher| bencher.iter(|| store.verify_column(&root).expect("it is right")));
	group.bench_function("stream_64_mib", |bencher| {
		bencher.iter(|| store.stream(&root, 0, CHUNKS, std::io::sink()).expect("it is right"))
	});
	group.finish();
	criterion.bench_function("store/chunk_proof", |bencher| {
		let mut index = 0;
		bencher.iter_batched(
			|| {
				index = (index + 7919) % CHUNKS;
				index
			},
			|index| store.chunk_proof(&root, index).expect("it is right"),
			BatchSize::SmallInput,
		)
	});
}

criterion_group!(benches, store);
criterion_main!(benches);
