//! Stake in, stake out.
use frame::token::{
	fungible::{BalancedHold, MutateHold},
	Precision,
};

use super::*;

impl<T: Config> Pallet<T> {
	/// The bond that a provider's commitments need, and at least the least bond.
	pub(crate) fn required_bond(provider: &T::AccountId, params: &StakeParams) -> Balance {
		Self::bond_for(Committed::<T>::iter_prefix(provider), params)
	}

	/// The bond that would be needed if `units` of `kind` were committed in place of what is.
	pub(crate) fn required_bond_with(
		provider: &T::AccountId,
		params: &StakeParams,
		kind: ResourceKind,
		units: u64,
	) -> Balance {
		let others = Committed::<T>::iter_prefix(provider).filter(|(other, _)| *other != kind);
		Self::bond_for(others.chain([(kind, units)]), params)
	}

	fn bond_for(committed: impl Iterator<Item = (ResourceKind, u64)>, params: &StakeParams) -> Balance {
		committed
			// Bounded: one entry a resource kind. Cannot saturate: each is below 2^128 / 2^20.
			.fold(0, |sum: Balance, (kind, units)| sum.saturating_add(params.backing(kind, units)))
			.max(params.min_bond)
	}

	/// Holds `amount` more of the provider's money as stake.
	pub(crate) fn hold_stake(provider: &T::AccountId, amount: Balance) -> DispatchResult {
		T::Currency::hold(&HoldReason::Stake.into(), provider, amount)
	}

	/// See [`Call::bond_more`].
	pub(crate) fn do_bond_more(provider: T::AccountId, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let mut info = Self::staying(&provider)?;
		Self::hold_stake(&provider, amount)?;
		// Cannot saturate: the currency holds all of it.
		info.bonded = info.bonded.saturating_add(amount);
		Providers::<T>::insert(&provider, info);
		Self::deposit_event(Event::Bonded { provider, amount });
		Ok(())
	}

	/// See [`Call::unbond`].
	pub(crate) fn do_unbond(provider: T::AccountId, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let mut info = Self::staying(&provider)?;
		let params = Params::<T>::get();
		let left = info.bonded.checked_sub(amount).ok_or(Error::<T>::ExceedsBond)?;
		ensure!(left >= Self::required_bond(&provider, &params), Error::<T>::BondNeeded);

		let at = Self::now().saturating_add(params.unbonding_blocks);
		ensure!(info.start_unbonding(amount, at), Error::<T>::TooManyUnbonding);
		info.bonded = left;
		Providers::<T>::insert(&provider, info);
		Self::deposit_event(Event::Unbonding { provider, amount, at });
		Ok(())
	}

	/// Puts the whole bond on its way out, whether or not there is room for one more amount.
	pub(crate) fn unbond_all(provider: &T::AccountId, info: &mut ProviderInfo) {
		let amount = core::mem::take(&mut info.bonded);
		if amount == 0 {
			return;
		}
		let mut at = Self::now().saturating_add(Params::<T>::get().unbonding_blocks);
		if !info.start_unbonding(amount, at) {
			// No room: the newest amount waits along with it, rather than that the provider could not leave.
			if let Some(newest) = info.unbonding.iter_mut().max_by_key(|chunk| chunk.at) {
				newest.amount = newest.amount.saturating_add(amount);
				at = at.max(newest.at);
				newest.at = at;
			}
		}
		Self::deposit_event(Event::Unbonding { provider: provider.clone(), amount, at });
	}

	/// See [`Call::withdraw_unbonded`]. Answers whether the provider is gone.
	pub(crate) fn do_withdraw_unbonded(provider: T::AccountId) -> Result<bool, DispatchError> {
		let mut info = Providers::<T>::get(&provider).ok_or(Error::<T>::NotRegistered)?;
		let amount = info.take_unbonded(Self::now());
		let going = matches!(info.standing, Standing::Leaving | Standing::Terminated);
		let gone = going && info.stake() == 0 && !Self::is_committed(&provider);
		ensure!(amount > 0 || gone, Error::<T>::NothingUnbonded);

		if amount > 0 {
			T::Currency::release(&HoldReason::Stake.into(), &provider, amount, Precision::Exact)?;
			Self::deposit_event(Event::Withdrawn { provider: provider.clone(), amount });
		}
		if gone {
			Self::remove(provider, &info);
		} else {
			Providers::<T>::insert(&provider, info);
		}
		Ok(gone)
	}

	/// Takes up to `amount` of the stake out of the provider's account.
	pub(crate) fn take_stake(provider: &T::AccountId, amount: Balance) -> Option<CreditOf<T>> {
		let mut info = Providers::<T>::get(provider)?;
		let taken = info.take_stake(amount);
		if taken == 0 {
			return None;
		}
		let (credit, missing) = T::Currency::slash(&HoldReason::Stake.into(), provider, taken);
		defensive_assert!(missing == 0, "all stake is on hold");
		Providers::<T>::insert(provider, info);
		Self::deposit_event(Event::Slashed { provider: provider.clone(), amount: taken });
		Some(credit)
	}
}
