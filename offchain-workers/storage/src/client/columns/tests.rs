use std::{
	collections::BTreeMap,
	sync::atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{protocol::Refusal, transfer::client::Lie};

/// How a column behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
	Good,
	/// Never answers.
	Mute,
	/// Answers, and sends nothing from this stripe on.
	Stalls(u64),
	/// Breaks off before this stripe, every time.
	Breaks(u64),
	/// Breaks off before this stripe, once.
	Stumbles(u64),
	/// Sends each shard after so many milliseconds.
	Slow(u64),
	/// Does not have it.
	Absent,
	/// So many who hold it lie from this stripe on, and are not asked again; the next does not.
	Liars(usize, u64),
}

struct Columns {
	manners: Vec<Manner>,
	opened: Vec<AtomicUsize>,
	shard_chunks: u64,
}

struct Reading {
	column: usize,
	stripe: u64,
	manner: Manner,
}

fn layout(stripes: u64, k: u16) -> Layout {
	let plain = stripes * u64::from(k) * u64::from(crate::object::SEGMENT_BYTES);
	Layout::plan(plain, k).unwrap()
}

fn columns(manners: &[Manner]) -> Arc<Columns> {
	let opened = manners.iter().map(|_| AtomicUsize::new(0)).collect();
	Arc::new(Columns { manners: manners.to_vec(), opened, shard_chunks: layout(2, 1).shard_chunks() })
}

impl Columns {
	fn opened(&self, column: usize) -> usize {
		self.opened[column].load(Ordering::SeqCst)
	}
}

#[async_trait]
impl ColumnSource for Columns {
	async fn open(&self, column: usize, chunks: Range<u64>) -> Result<Box<dyn ColumnBytes>, TransferError> {
		let times = self.opened[column].fetch_add(1, Ordering::SeqCst);
		let manner = match self.manners[column] {
			Manner::Mute => std::future::pending().await,
			Manner::Absent => return Err(TransferError::Refused(Refusal::NotFound)),
			Manner::Stumbles(_) if times > 0 => Manner::Good,
			Manner::Liars(count, _) if times >= count => Manner::Good,
			manner => manner,
		};
		Ok(Box::new(Reading { column, stripe: chunks.start / self.shard_chunks, manner }))
	}

	fn holders(&self, column: usize) -> Holders {
		match self.manners[column] {
			Manner::Liars(count, _) => Holders { untried: (count + 1).saturating_sub(self.opened(column)), again: 0 },
			Manner::Absent => Holders::default(),
			_ => Holders { untried: 0, again: 1 },
		}
	}
}

#[async_trait]
impl ColumnBytes for Reading {
	async fn read_exact(&mut self, out: &mut [u8]) -> Result<(), TransferError> {
		match self.manner {
			Manner::Stalls(stripe) if self.stripe >= stripe => std::future::pending().await,
			Manner::Breaks(stripe) | Manner::Stumbles(stripe) if self.stripe >= stripe => {
				return Err(TransferError::TimedOut)
			},
			Manner::Liars(_, stripe) if self.stripe >= stripe => return Err(TransferError::Lied(Lie::WrongBytes)),
			Manner::Slow(millis) => sleep(Duration::from_millis(millis)).await,
			_ => {},
		}
		out.fill((self.column * 64) as u8 ^ self.stripe as u8);
		self.stripe += 1;
		Ok(())
	}
}

/// Reads everything; checks that each stripe comes once, in order, with `k` different shards of that stripe.
async fn read_all(source: &Arc<Columns>, stripes: u64, k: u16) -> Result<BTreeMap<usize, u64>, NotEnoughColumns> {
	let order = (0..source.manners.len()).collect();
	let mut reader = StripeReader::new(source.clone(), &layout(stripes, k), 0..stripes, order);
	let mut used: BTreeMap<usize, u64> = BTreeMap::new();
	for stripe in 0..stripes {
		let got = reader.next().await?.expect("as many stripes as asked for");
		assert_eq!((got.stripe, got.shards.len()), (stripe, usize::from(k)));
		assert!(got.shards.is_sorted_by(|a, b| a.0 < b.0), "different columns in order");
		for (column, shard) in got.shards {
			assert!(shard.iter().all(|byte| *byte == (column * 64) as u8 ^ stripe as u8), "the shard of this stripe");
			*used.entry(column).or_default() += 1;
		}
	}
	assert!(reader.next().await?.is_none());
	Ok(used)
}

#[tokio::test]
async fn only_k_columns_are_read_when_all_is_well() {
	let source = columns(&[Manner::Good; 6]);
	let used = read_all(&source, 40, 2).await.unwrap();
	assert_eq!(used, BTreeMap::from([(0, 40), (1, 40)]));
	assert_eq!((2..6).map(|column| source.opened(column)).sum::<usize>(), 0);
}

#[tokio::test]
async fn columns_that_fail_on_the_way_are_replaced_from_the_current_stripe() {
	let source = columns(&[Manner::Breaks(7), Manner::Good, Manner::Absent, Manner::Good]);
	let used = read_all(&source, 30, 2).await.unwrap();
	assert_eq!(used, BTreeMap::from([(0, 7), (1, 30), (3, 23)]));
}

#[tokio::test]
async fn columns_that_stall_or_never_answer_get_company() {
	let source = columns(&[Manner::Mute, Manner::Stalls(5), Manner::Good, Manner::Good]);
	let begun = Instant::now();
	let used = read_all(&source, 30, 2).await.unwrap();
	assert_eq!(used.get(&2), Some(&30));
	assert_eq!(used.get(&1), Some(&5));
	assert_eq!(used.get(&3), Some(&25));
	assert!(begun.elapsed() < LATE * 4, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_column_that_stumbles_is_tried_again_if_there_is_no_other() {
	let source = columns(&[Manner::Stumbles(3), Manner::Good]);
	assert_eq!(read_all(&source, 10, 2).await.unwrap(), BTreeMap::from([(0, 10), (1, 10)]));
	assert_eq!(source.opened(0), 2);
}

#[tokio::test]
async fn a_lie_ends_who_told_it_and_not_the_column() {
	// More liars than tries.
	let liars = TRIES as usize + 2;
	let source = columns(&[Manner::Liars(liars, 3), Manner::Good]);
	let begun = Instant::now();
	assert_eq!(read_all(&source, 10, 2).await.unwrap(), BTreeMap::from([(0, 10), (1, 10)]));
	assert_eq!(source.opened(0), liars + 1);
	assert!(begun.elapsed() < RETRY_PAUSE * 4, "others are asked at once: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_column_that_is_far_slower_than_the_others_is_replaced_by_a_faster_one() {
	let source = columns(&[Manner::Slow(100), Manner::Good, Manner::Good, Manner::Good]);
	let begun = Instant::now();
	let used = read_all(&source, 150, 2).await.unwrap();
	assert!(used[&0] < 60, "{used:?}");
	assert!(begun.elapsed() < Duration::from_secs(10), "{:?} instead of 15 s with the slow one", begun.elapsed());
}

#[tokio::test]
async fn equally_slow_columns_are_left_alone() {
	let source = columns(&[Manner::Slow(40), Manner::Slow(40), Manner::Slow(40)]);
	read_all(&source, 110, 2).await.unwrap();
	assert_eq!(source.opened(2), 0);
}

#[tokio::test]
async fn too_few_columns_are_an_error_that_names_the_reasons() {
	let source = columns(&[Manner::Good, Manner::Absent, Manner::Breaks(0)]);
	let error = read_all(&source, 3, 2).await.unwrap_err();
	assert_eq!((error.have, error.need, error.reasons.len()), (1, 2, 2));
	assert_eq!(source.opened(2), TRIES as usize);
	assert!(error.to_string().starts_with("only 1 columns can be read, and 2 are needed; try again later"), "{error}");
	let error = read_all(&columns(&[Manner::Good]), 3, 2).await.unwrap_err();
	assert_eq!((error.have, error.reasons), (1, vec![]));
}

#[tokio::test]
async fn the_tasks_of_a_reader_end_with_it() {
	let source = columns(&[Manner::Good, Manner::Mute]);
	let mut reader = StripeReader::new(source.clone(), &layout(100, 1), 0..100, vec![0, 1]);
	reader.next().await.unwrap();
	assert_eq!(Arc::strong_count(&source), 3);
	drop(reader);
	for _ in 0..100 {
		if Arc::strong_count(&source) == 1 {
			return;
		}
		sleep(Duration::from_millis(10)).await;
	}
	panic!("{} still use the source", Arc::strong_count(&source));
}
