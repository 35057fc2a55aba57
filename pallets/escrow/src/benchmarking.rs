//! Benchmarks: the worst case of each call.
use frame::benchmarking::prelude::*;
use peoples_cloud_primitives::{traits::Escrow, AgreementId, Balance};

use super::*;

/// More than any benchmark spends, and little enough that the total issuance never overflows.
pub(crate) const PLENTY: Balance = 1 << 96;

/// Credits the provider with something.
pub(crate) fn earn<T: Config>(provider: &T::AccountId) {
	let client: T::AccountId = account("client of", 0, 0);
	Pallet::<T>::fund(&client);
	let earned = Pallet::<T>::lock(AgreementId::MAX, &client, PLENTY / 2)
		.and_then(|()| Pallet::<T>::credit(provider, PLENTY / 4));
	assert!(earned.is_ok(), "what a client has locked can be earned: {earned:?}");
}

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
