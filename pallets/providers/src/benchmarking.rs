//! Benchmarks: the worst case of each call.
use alloc::vec;
use codec::Encode;
use frame::{
	benchmarking::prelude::*,
	token::fungible::{Inspect, Mutate},
};
use peoples_cloud_primitives::{resource::ResourceKind, traits::ProviderRegistry, Balance};

use super::*;

/// The stake of a prepared provider: more than any benchmark commits or slashes, and little enough that the total
/// issuance never overflows.
const PLENTY: Balance = 1 << 96;

/// A peer id that no other account has.
fn peer_id<AccountId: Encode>(account: &AccountId) -> PeerId {
	let mut bytes = vec![0x12, 0x20];
	bytes.extend(blake2_256(&account.encode()));
	PeerId::truncate_from(bytes)
}

/// The longest addresses, as many as possible.
fn addresses(byte: u8) -> Addresses {
	let address = Address::truncate_from(vec![byte; MAX_ADDRESS_BYTES as usize]);
	Addresses::truncate_from(vec![address; MAX_ADDRESSES as usize])
}

/// The longest label.
fn label<S: Get<u32>>(letter: u8) -> BoundedVec<u8, S> {
	BoundedVec::truncate_from(vec![letter; S::get() as usize])
}

/// A registered, well-bonded provider with a large storage offer.
pub(crate) fn prepare<T: Config>(provider: &T::AccountId) {
	T::Currency::set_balance(provider, PLENTY * 2);
	let registered = Pallet::<T>::do_register(
		provider.clone(),
		peer_id(provider),
		addresses(1),
		label(b'o'),
		label(b'r'),
		PLENTY.max(Params::<T>::get().min_bond),
	);
	assert!(registered.is_ok(), "a new account with money can register: {registered:?}");
	let offer = Offer { price: 1, capacity: u64::MAX / 2, min_duration: 1, max_duration: u32::MAX };
	let offered = Pallet::<T>::do_set_offer(provider.clone(), ResourceKind::Storage, offer);
	assert!(offered.is_ok(), "a provider can make an offer: {offered:?}");
}

/// A prepared provider with units committed, and one more amount unbonding than there is of free room left.
fn busy<T: Config>() -> T::AccountId {
	let provider: T::AccountId = whitelisted_caller();
	prepare::<T>(&provider);
	Providers::<T>::mutate(&provider, |info| {
		if let Some(info) = info {
			for at in 0..MAX_UNBONDING - 1 {
				info.bonded -= 1;
				// Long past.
				assert!(info.start_unbonding(1, at));
			}
		}
	});
	provider
}

fn assert_last_event<T: Config>(event: Event<T>) {
	System::<T>::assert_last_event(event.into());
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register() {
		let provider: T::AccountId = whitelisted_caller();
		T::Currency::set_balance(&provider, PLENTY * 2);
		let bond = Params::<T>::get().min_bond;

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()), peer_id(&provider), addresses(1), label(b'o'), label(b'r'), bond);

		assert_last_event::<T>(Event::Registered { peer_id: peer_id(&provider), provider, bond });
	}

	#[benchmark]
	fn update_info() {
		let provider = busy::<T>();
		let other = peer_id(&(&provider, 1u8));

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()), Some(other), Some(addresses(2)), Some(label(b'p')), Some(label(b's')));

		assert_last_event::<T>(Event::InfoUpdated { provider });
	}

	#[benchmark]
	fn bond_more() {
		let provider = busy::<T>();
		let amount = T::Currency::minimum_balance().max(1);

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()), amount);

		assert_last_event::<T>(Event::Bonded { provider, amount });
	}

	#[benchmark]
	fn unbond() -> Result<(), BenchmarkError> {
		let provider = busy::<T>();
		Pallet::<T>::commit(&provider, ResourceKind::Storage, 1)?;
		// Calls are measured from the first block on.
		let at = Pallet::<T>::now().max(1).saturating_add(Params::<T>::get().unbonding_blocks);

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()), 5);

		assert_last_event::<T>(Event::Unbonding { provider, amount: 5, at });
		Ok(())
	}

	#[benchmark]
	fn withdraw_unbonded() -> Result<(), BenchmarkError> {
		// Worst case: the record goes too. What other pallets then forget has its own weight.
		let provider = busy::<T>();
		Pallet::<T>::do_leave(provider.clone())?;
		frame_system::Pallet::<T>::set_block_number(u32::MAX.into());

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()));

		assert!(!Providers::<T>::contains_key(&provider));
		assert_last_event::<T>(Event::Removed { provider });
		Ok(())
	}

	#[benchmark]
	fn set_offer() {
		let provider = busy::<T>();
		let (kind, offer) = (ResourceKind::Storage, Offer { price: 7, capacity: 7, min_duration: 7, max_duration: 7 });

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()), kind, offer);

		assert_last_event::<T>(Event::OfferSet { provider, kind, offer });
	}

	#[benchmark]
	fn remove_offer() {
		let provider = busy::<T>();
		let kind = ResourceKind::Storage;

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()), kind);

		assert_last_event::<T>(Event::OfferRemoved { provider, kind });
	}

	#[benchmark]
	fn pause() {
		let provider = busy::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()));

		assert_last_event::<T>(Event::Paused { provider });
	}

	#[benchmark]
	fn resume() -> Result<(), BenchmarkError> {
		let provider = busy::<T>();
		Pallet::<T>::do_pause(provider.clone())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()));

		assert_last_event::<T>(Event::Resumed { provider });
		Ok(())
	}

	#[benchmark]
	fn leave() {
		let provider = busy::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(provider.clone()));

		assert_last_event::<T>(Event::Leaving { provider });
	}

	#[benchmark]
	fn set_params() -> Result<(), BenchmarkError> {
		let params = StakeParams { min_bond: 1, stake_per_quote: 2, unbonding_blocks: 3 };
		let origin = T::ParamsOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, params);

		assert_last_event::<T>(Event::ParamsSet { params });
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::genesis(), crate::mock::Test);
}
