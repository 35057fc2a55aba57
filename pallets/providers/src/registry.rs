//! What other pallets do with providers.
use frame::{
	token::{fungible::Balanced, OnUnbalanced},
	traits::Imbalance,
};
use peoples_cloud_primitives::traits::ProviderRegistry;

use super::*;

/// One, in parts per million.
const PPM: Balance = 1_000_000;

impl<T: Config> Pallet<T> {
	/// Moves the standing on, if it is one of `from`; answers whether it was.
	fn change_standing(provider: &T::AccountId, from: &[Standing], to: Standing) -> bool {
		let Some(mut info) = Providers::<T>::get(provider).filter(|info| from.contains(&info.standing)) else {
			return false;
		};
		info.standing = to;
		Providers::<T>::insert(provider, info);
		true
	}
}

impl<T: Config> ProviderRegistry<T::AccountId> for Pallet<T> {
	fn commit(provider: &T::AccountId, kind: ResourceKind, units: u64) -> DispatchResult {
		Self::do_commit(provider, kind, units)
	}

	fn release(provider: &T::AccountId, kind: ResourceKind, units: u64) {
		Self::do_release(provider, kind, units);
	}

	fn committed(provider: &T::AccountId, kind: ResourceKind) -> u64 {
		Committed::<T>::get(provider, kind)
	}

	fn slash(provider: &T::AccountId, amount: Balance, shares: &[(T::AccountId, u32)]) -> Balance {
		let Some(mut rest) = Self::take_stake(provider, amount) else { return 0 };
		let taken = rest.peek();
		for (beneficiary, ppm) in shares {
			// Whole millions first, so that nothing overflows; rounded down, in the treasury's favour.
			let ppm = Balance::from(*ppm).min(PPM);
			let share = (taken / PPM).saturating_mul(ppm).saturating_add((taken % PPM).saturating_mul(ppm) / PPM);
			// Shares of more than all of it get what is left.
			let part = rest.extract(share.min(rest.peek()));
			let amount = part.peek();
			if amount == 0 {
				continue;
			}
			match T::Currency::resolve(beneficiary, part) {
				Ok(()) => Self::deposit_event(Event::SlashShared {
					provider: provider.clone(),
					beneficiary: beneficiary.clone(),
					amount,
				}),
				// An account that does not exist and that so little cannot create: the treasury's.
				Err(part) => rest = rest.merge(part),
			}
		}
		T::OnSlash::on_unbalanced(rest);
		taken
	}

	fn stake(provider: &T::AccountId) -> Balance {
		Providers::<T>::get(provider).map_or(0, |info| info.stake())
	}

	fn suspend(provider: &T::AccountId) -> bool {
		let changed = Self::change_standing(provider, &[Standing::Active], Standing::Suspended);
		if changed {
			Self::deposit_event(Event::Suspended { provider: provider.clone() });
		}
		changed
	}

	fn reinstate(provider: &T::AccountId) -> bool {
		let changed = Self::change_standing(provider, &[Standing::Suspended], Standing::Active);
		if changed {
			Self::deposit_event(Event::Reinstated { provider: provider.clone() });
		}
		changed
	}

	fn terminate(provider: &T::AccountId) {
		let from = [Standing::Active, Standing::Suspended, Standing::Leaving];
		if Self::change_standing(provider, &from, Standing::Terminated) {
			Tombstones::<T>::insert(provider, Self::now());
			Self::remove_offers(provider);
			Self::deposit_event(Event::Terminated { provider: provider.clone() });
		}
	}

	fn is_unused() -> bool {
		Providers::<T>::count() == 0
	}

	fn is_active(provider: &T::AccountId) -> bool {
		Providers::<T>::get(provider).is_some_and(|info| info.is_active())
	}

	fn would_extend(provider: &T::AccountId, kind: ResourceKind, units: u64, rate: Balance, periods: u32) -> bool {
		Self::is_willing(provider, kind, units, rate, periods)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn prepare(provider: &T::AccountId) {
		benchmarking::prepare::<T>(provider);
	}
}
