//! Benchmarks: the worst case of each call, with the runtime's real neighbours.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that cannot be set up must stop")]

use frame::benchmarking::prelude::*;
use peoples_cloud_primitives::{
	challenge,
	column::{chunk_value, root_value, CHUNK_BYTES},
	holdings::{Commitment, Leaf, Node, MAX_HEIGHT},
	storage_proof::{Answer, Content, MAX_CHALLENGES},
	traits::{Holdings, PeriodLedger, ProviderRegistry},
	Hash32, Period,
};

use super::*;

/// A column of two equal chunks.
const CHUNK: [u8; CHUNK_BYTES] = [7; CHUNK_BYTES];

fn column() -> (Hash32, [Hash32; 2]) {
	let chunks = [chunk_value(0, &CHUNK), chunk_value(1, &CHUNK)];
	(root_value(&chunks[0], &chunks[1]), chunks)
}

/// Blocks of a period: few, so that many periods fit into the ring of seeds.
const PERIOD_BLOCKS: u32 = 20;
/// Number of the only leaf with chunks in [`heavy`] holdings.
const LAST_LEAF: u64 = (1 << MAX_HEIGHT) - 2;

fn leaf() -> Leaf {
	Leaf { agreement: u64::MAX, root: column().0, chunks: 2 }
}

/// One miss suspends, and `terminate_after` terminate.
fn put_params<T: Config>(challenges: u32, terminate_after: u32) {
	let params = ProofParams {
		period_blocks: PERIOD_BLOCKS,
		window_blocks: 2,
		challenges,
		missed_slash_ppm: 1_000,
		reporter_share_ppm: 100_000,
		suspend_after: 1,
		terminate_after,
	};
	// Worst case: the rules changed a while ago.
	PreviousParams::<T>::put((&params, 0));
	Params::<T>::put(params);
}

/// The largest commitment that there can be: one peak of each height, all of them empty but for the last leaf. Whatever is
/// appended joins them all.
fn heavy() -> Commitment {
	let mut peaks = alloc::vec![Node::ZERO; MAX_HEIGHT - 1];
	peaks.push(leaf().node());
	commitment((1 << MAX_HEIGHT) - 1, peaks)
}

/// Holdings of which only the first leaf, `height` below the first peak, has chunks, with a peak of each lower height; and
/// that leaf's path.
fn tall(leaf: &Leaf, height: u32) -> (Commitment, Vec<Node>) {
	let path = alloc::vec![Node::ZERO; height as usize];
	let mut peaks = alloc::vec![Node::ZERO; height as usize + 1];
	peaks[0] = path
		.iter()
		.fold(leaf.node(), |node, sibling| Node::parent(&node, sibling).expect("one chunk does not overflow"));
	(commitment((2 << height) - 1, peaks), path)
}

fn commitment(leaves: u64, peaks: Vec<Node>) -> Commitment {
	Commitment::decode(&mut &(leaves, peaks).encode()[..]).expect("it is encoded like this")
}

/// See [`Holdings::make_heavy`]. A new provider stands at the first period, and that is over.
pub(crate) fn make_heavy<T: Config>(provider: &T::AccountId) {
	let over = Params::<T>::get().period_blocks * 2;
	set_block::<T>(Pallet::<T>::now().max(over));
	let duty = Duty { holdings: heavy(), misses_in_row: 1, ..Duties::<T>::get(provider).unwrap_or_default() };
	keep_aside::<T>(provider, duty.first_unresolved, T::MaxOpen::get());
	Duties::<T>::insert(provider, duty);
}

/// Keeps a heavy commitment aside for each of `periods` periods.
fn keep_aside<T: Config>(provider: &T::AccountId, first: Period, periods: u32) {
	for period in first..first + periods {
		Snapshots::<T>::insert(provider, period, heavy());
	}
}

/// A registered provider with heavy holdings, two chunks of which it owes, and something that starts or ends in each of the
/// next `changes` periods. Answers the period at its cursor.
fn holder<T: Config>(provider: &T::AccountId, changes: u32) -> Period {
	let first_unresolved = 1;
	T::Registry::prepare(provider);
	Duties::<T>::insert(provider, Duty { holdings: heavy(), first_unresolved, ..Duty::default() });
	T::Ledger::make_owe(provider, changes);
	first_unresolved
}

fn set_block<T: Config>(number: u32) {
	System::<T>::set_block_number(number.into());
}

/// The provider's slot in an early period.
fn slot<T: Config>(provider: &T::AccountId, period: Period) -> u32 {
	Pallet::<T>::slot_of(provider, period, PERIOD_BLOCKS).expect("early periods have slots")
}

/// Notes a block as one with randomness, up to which so many blocks had room.
fn note<T: Config>(block: u32, roomy: u32) {
	let place = block % T::SeedRing::get();
	BlockSeeds::<T>::insert(place, BlockSeed { block, seed: Some([block as u8; 32]), roomy });
}

/// Moves to a block by whose time the windows of `periods` periods from `first` on have closed.
fn miss<T: Config>(provider: &T::AccountId, first: Period, periods: u32) {
	let mut last = 0;
	for period in first..first + periods {
		last = slot::<T>(provider, period);
		note::<T>(last, last);
	}
	note::<T>(last + 2, last + 2);
	set_block::<T>(last + 3);
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn note_block() {
		note::<T>(1, 1);
		set_block::<T>(2);
		#[block]
		{
			Pallet::<T>::note_migration();
			Pallet::<T>::note_block();
		}
		assert!(Pallet::<T>::seed_of(2).is_some());
	}

	// Chunks with the shortest paths; what longer paths and claims of a release cost comes on top.
	#[benchmark]
	fn prove(a: Linear<1, MAX_CHALLENGES>) {
		put_params::<T>(a, u32::MAX);
		let provider: T::AccountId = account("provider", 0, 0);
		let period = holder::<T>(&provider, 1);
		// Worst case: full blocks have kept the window open, so that it takes as many steps as there can be to find the
		// challenged commitment; and a suspension ends.
		let fixed = slot::<T>(&provider, period);
		note::<T>(fixed, 1);
		let last = period + T::MaxOpen::get() - 1;
		let before = slot::<T>(&provider, last);
		note::<T>(before, 1);
		set_block::<T>(before + 1);
		Snapshots::<T>::insert(&provider, last, heavy());
		Duties::<T>::mutate_extant(&provider, |duty| duty.misses_in_row = 1);
		T::Registry::suspend(&provider);
		let (_, chunks) = column();
		let seed = challenge::seed(&[fixed as u8; 32], &provider.clone().into());
		let answers = challenge::positions(&seed, 2, a)
			.into_iter()
			.map(|position| Answer {
				number: LAST_LEAF,
				leaf: leaf(),
				leaf_path: Vec::new(),
				content: Content::Chunk { bytes: CHUNK, path: alloc::vec![chunks[1 - position as usize]] },
			})
			.collect();
		let proof = Box::new(StorageProof::V1(answers));
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), provider.clone(), period, proof);

		assert_eq!(Duties::<T>::get(&provider).map(|duty| duty.proven), Some(1));
	}

	#[benchmark]
	fn path_nodes(n: Linear<0, 60>) {
		let (holdings, path) = tall(&leaf(), n);
		let found;
		#[block]
		{
			found = holdings.verify_position(0, 0, &leaf(), &path);
		}
		assert_eq!(found, Some(0));
	}

	#[benchmark]
	fn report_missed() {
		// Worst case: it is the miss that terminates the provider.
		put_params::<T>(4, 1);
		let provider: T::AccountId = account("provider", 0, 0);
		let period = holder::<T>(&provider, 1);
		miss::<T>(&provider, period, 1);
		keep_aside::<T>(&provider, period, T::MaxOpen::get());
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), provider.clone(), period);

		assert!(Duties::<T>::get(&provider).is_some_and(|duty| duty.terminated));
	}

	#[benchmark]
	fn advance(n: Linear<1, { T::MaxAdvance::get() }>) {
		// Worst case: the first miss suspends the provider, the last one terminates it, and as many commitments as there
		// can be are kept aside.
		put_params::<T>(4, n);
		let provider: T::AccountId = account("provider", 0, 0);
		let period = holder::<T>(&provider, n);
		miss::<T>(&provider, period, n);
		keep_aside::<T>(&provider, period, T::MaxOpen::get());
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), provider.clone());

		assert_eq!(Pallet::<T>::first_unresolved(&provider), period + n);
		assert!(Duties::<T>::get(&provider).is_some_and(|duty| duty.terminated));
	}

	#[benchmark]
	fn remove_leaf(l: Linear<0, 60>) {
		put_params::<T>(4, u32::MAX);
		let provider: T::AccountId = account("provider", 0, 0);
		let (holdings, path) = tall(&leaf(), l);
		Duties::<T>::insert(&provider, Duty { holdings, first_unresolved: 1, ..Duty::default() });
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), provider.clone(), 0, leaf(), path);

		assert_eq!(Duties::<T>::get(&provider).map(|duty| duty.holdings.total_chunks()), Some(0));
	}

	#[benchmark]
	fn set_params() -> Result<(), BenchmarkError> {
		let params = Params::<T>::get();
		// Worst case: the challenges change.
		let params = ProofParams { challenges: params.challenges % MAX_CHALLENGES + 1, ..params };
		let origin = T::ParamsOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, params.clone());

		System::<T>::assert_last_event(Event::<T>::ParamsSet { params }.into());
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::genesis(), crate::mock::Test);
}
