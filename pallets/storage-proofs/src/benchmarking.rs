//! Benchmarks: the worst case of each call, with the runtime's real neighbours.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that cannot be set up must stop")]

use frame::benchmarking::prelude::*;
use peoples_cloud_primitives::{
	challenge,
	column::{chunk_value, root_value, CHUNK_BYTES},
	holdings::{Commitment, Leaf, Node},
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

/// Short periods, so that many fit into the ring of seeds, and no end of patience.
fn set_params<T: Config>(challenges: u32) {
	Params::<T>::put(ProofParams {
		period_blocks: 20,
		window_blocks: 2,
		challenges,
		missed_slash_ppm: 1_000,
		reporter_share_ppm: 100_000,
		suspend_after: 1,
		terminate_after: u32::MAX,
	});
}

/// A provider with a column of two chunks that it owes. Answers the period at its cursor.
fn holder<T: Config>(provider: &T::AccountId) -> Period {
	T::Registry::prepare(provider);
	let leaf = Leaf { agreement: u64::MAX, root: column().0, chunks: 2 };
	Pallet::<T>::append(provider, &leaf).expect("a prepared provider holds anything");
	T::Ledger::make_owe(provider);
	Pallet::<T>::first_unresolved(provider)
}

fn set_block<T: Config>(number: u32) {
	System::<T>::set_block_number(number.into());
}

/// Notes a block as one with room and randomness.
fn note<T: Config>(block: u32) {
	let place = block % T::SeedRing::get();
	BlockSeeds::<T>::insert(place, BlockSeed { block, seed: Some([block as u8; 32]), roomy: block });
}

/// Moves to a block by whose time the windows of `periods` periods from `first` on have closed.
fn miss<T: Config>(provider: &T::AccountId, first: Period, periods: u32) {
	let mut last = 0;
	for period in first..first + periods {
		last = Pallet::<T>::slot_of(provider, period, 20).expect("early periods have slots");
		note::<T>(last);
	}
	note::<T>(last + 2);
	set_block::<T>(last + 3);
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn note_block() {
		note::<T>(1);
		set_block::<T>(2);
		#[block]
		{
			Pallet::<T>::note_block();
		}
		assert!(Pallet::<T>::seed_of(2).is_some());
	}

	#[benchmark]
	fn prove(a: Linear<1, MAX_CHALLENGES>) {
		set_params::<T>(a);
		let provider: T::AccountId = account("provider", 0, 0);
		let period = holder::<T>(&provider);
		let slot = Pallet::<T>::slot_of(&provider, period, 20).expect("early periods have slots");
		note::<T>(slot);
		set_block::<T>(slot + 1);
		// Worst case: the challenged commitment was kept aside, and a streak ends.
		let holdings = Duties::<T>::get(&provider).expect("it holds something").holdings;
		Snapshots::<T>::insert(&provider, period, &holdings);
		Duties::<T>::mutate(&provider, |duty| {
			if let Some(duty) = duty {
				duty.misses_in_row = 1;
			}
		});
		T::Registry::suspend(&provider);
		let (root, chunks) = column();
		let leaf = Leaf { agreement: u64::MAX, root, chunks: 2 };
		let seed = challenge::seed(&[slot as u8; 32], &provider.clone().into());
		let answers = challenge::positions(&seed, 2, a)
			.into_iter()
			.map(|position| Answer {
				number: 0,
				leaf,
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
		let leaf = Leaf { agreement: 0, root: [1; 32], chunks: 1 };
		let (holdings, path) = tall(&leaf, n);
		let found;
		#[block]
		{
			found = holdings.verify_position(0, 0, &leaf, &path);
		}
		assert_eq!(found, Some(0));
	}

	#[benchmark]
	fn report_missed() {
		set_params::<T>(4);
		let provider: T::AccountId = account("provider", 0, 0);
		let period = holder::<T>(&provider);
		miss::<T>(&provider, period, 1);
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), provider.clone(), period);

		assert_eq!(Duties::<T>::get(&provider).map(|duty| duty.misses_in_row), Some(1));
	}

	#[benchmark]
	fn advance(n: Linear<1, { T::MaxAdvance::get() }>) {
		set_params::<T>(4);
		let provider: T::AccountId = account("provider", 0, 0);
		let period = holder::<T>(&provider);
		miss::<T>(&provider, period, n);
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), provider.clone());

		assert_eq!(Pallet::<T>::first_unresolved(&provider), period + n);
	}

	#[benchmark]
	fn remove_leaf(l: Linear<0, 60>) {
		set_params::<T>(4);
		let provider: T::AccountId = account("provider", 0, 0);
		let leaf = Leaf { agreement: u64::MAX, root: [1; 32], chunks: 1 };
		let (holdings, path) = tall(&leaf, l);
		Duties::<T>::insert(&provider, Duty { holdings, first_unresolved: 1, ..Duty::default() });
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), provider.clone(), 0, leaf, path);

		assert_eq!(Duties::<T>::get(&provider).map(|duty| duty.holdings.total_chunks()), Some(0));
	}

	#[benchmark]
	fn set_params() -> Result<(), BenchmarkError> {
		let params = Params::<T>::get();
		let origin = T::ParamsOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, params.clone());

		System::<T>::assert_last_event(Event::<T>::ParamsSet { params }.into());
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::genesis(), crate::mock::Test);
}

/// Holdings of 2^`height` leaves of which only the first has chunks, and its path.
fn tall(leaf: &Leaf, height: u32) -> (Commitment, Vec<Node>) {
	let path = alloc::vec![Node::ZERO; height as usize];
	let peak = path
		.iter()
		.fold(leaf.node(), |node, sibling| Node::parent(&node, sibling).expect("one chunk does not overflow"));
	let encoded = (1u64 << height, alloc::vec![peak]).encode();
	(Commitment::decode(&mut &encoded[..]).expect("it is encoded like this"), path)
}
