//! Benchmarks: the worst case of each call and of noting evidence.
use frame::benchmarking::prelude::*;
use peoples_cloud_primitives::{resource::ResourceKind, traits::ReputationSink};

use super::*;

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn set_half_life() {
		#[extrinsic_call]
		_(RawOrigin::Root, 7);

		assert_eq!(HalfLife::<T>::get(), 7);
	}

	#[benchmark]
	fn note() {
		let provider: T::AccountId = account("provider", 0, 0);
		// Worst case: all bits of the fraction of a half-life are set, and the record exists.
		Pallet::<T>::note(&provider, ResourceKind::Storage, 5, 5);
		HalfLife::<T>::put(u32::MAX);
		frame_system::Pallet::<T>::set_block_number((u32::MAX - 1).into());

		#[block]
		{
			Pallet::<T>::note(&provider, ResourceKind::Storage, u32::MAX, u32::MAX);
		}

		assert!(Pallet::<T>::score(provider, ResourceKind::Storage).evidence >= u64::from(u32::MAX));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::genesis(), crate::mock::Test);
}
