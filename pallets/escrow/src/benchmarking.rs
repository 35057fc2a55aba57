//! Benchmarks: the worst case of each call.
use frame::benchmarking::prelude::*;
use peoples_cloud_primitives::{traits::Escrow, Balance};

use super::*;

/// More than any benchmark spends, and little enough that the total issuance never overflows.
pub(crate) const PLENTY: Balance = 1 << 96;

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn withdraw() -> Result<(), BenchmarkError> {
		let (client, provider): (T::AccountId, T::AccountId) = (account("client", 0, 0), whitelisted_caller());
		Pallet::<T>::fund(&client);
		Pallet::<T>::lock(0, &client, PLENTY / 2)?;
		// Worst case: the provider's account does not exist yet.
		let amount = PLENTY / 4;
		Pallet::<T>::credit(&provider, amount)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()));

		assert_eq!(Pallet::<T>::earnings(provider.clone()), 0);
		System::<T>::assert_last_event(Event::Withdrawn { account: provider, amount }.into());
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::genesis(), crate::mock::Test);
}
