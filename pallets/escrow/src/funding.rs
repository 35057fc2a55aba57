//! Money in and out of the pot.
use frame::{
	arithmetic::ArithmeticError,
	deps::frame_support::storage::with_storage_layer,
	token::{fungible::Inspect, fungible::Mutate, Preservation, Provenance},
};
use peoples_cloud_primitives::traits::{Escrow, ProviderRecords};

use super::*;

impl<T: Config> Pallet<T> {
	/// See [`Call::withdraw`].
	pub(crate) fn do_withdraw(account: T::AccountId) -> DispatchResult {
		let amount = Earnings::<T>::take(&account);
		ensure!(amount > 0, Error::<T>::NothingEarned);
		let left = TotalEarned::<T>::get().checked_sub(amount).ok_or(ArithmeticError::Underflow)?;
		TotalEarned::<T>::put(left);
		// The pot keeps its existential deposit.
		T::Currency::transfer(&Self::pot(), &account, amount, Preservation::Preserve)?;
		Self::deposit_event(Event::Withdrawn { account, amount });
		Ok(())
	}

	/// Moves `amount` from the client into the pot.
	fn take_in(client: &T::AccountId, amount: Balance) -> DispatchResult {
		let locked = TotalLocked::<T>::get().checked_add(amount).ok_or(ArithmeticError::Overflow)?;
		// Preserve: a client whose account is reaped by its own agreement could not sign for it any more.
		T::Currency::transfer(client, &Self::pot(), amount, Preservation::Preserve)?;
		TotalLocked::<T>::put(locked);
		Ok(())
	}

	/// Moves `amount` from what is locked to what `account` may withdraw.
	fn turn_into_earnings(account: &T::AccountId, amount: Balance) -> DispatchResult {
		let locked = TotalLocked::<T>::get().checked_sub(amount).ok_or(Error::<T>::ExceedsLocked)?;
		let earned = TotalEarned::<T>::get().checked_add(amount).ok_or(ArithmeticError::Overflow)?;
		// Cannot saturate: it is a part of the sum checked above.
		Earnings::<T>::mutate(account, |earnings| *earnings = earnings.saturating_add(amount));
		TotalLocked::<T>::put(locked);
		TotalEarned::<T>::put(earned);
		Ok(())
	}

	/// Pays `amount` of a lock back to its client, and takes it off the lock.
	fn pay_back(agreement: AgreementId, lock: &mut Lock<T::AccountId>, amount: Balance) -> DispatchResult {
		lock.amount = lock.amount.checked_sub(amount).ok_or(Error::<T>::ExceedsLock)?;
		let locked = TotalLocked::<T>::get().checked_sub(amount).ok_or(Error::<T>::ExceedsLocked)?;
		if amount == 0 {
			return Ok(());
		}
		let client = lock.client.clone();
		// A client that emptied its account must not be able to keep an agreement from ever ending.
		if T::Currency::can_deposit(&client, amount, Provenance::Extant).into_result().is_ok() {
			T::Currency::transfer(&Self::pot(), &client, amount, Preservation::Preserve)?;
			TotalLocked::<T>::put(locked);
			Self::deposit_event(Event::Refunded { agreement, client, amount });
		} else {
			Self::turn_into_earnings(&client, amount)?;
			Self::deposit_event(Event::RefundKept { agreement, client, amount });
		}
		Ok(())
	}
}

impl<T: Config> Escrow<T::AccountId> for Pallet<T> {
	fn lock(agreement: AgreementId, client: &T::AccountId, amount: Balance) -> DispatchResult {
		ensure!(!Locks::<T>::contains_key(agreement), Error::<T>::AlreadyLocked);
		Self::take_in(client, amount)?;
		Locks::<T>::insert(agreement, Lock { client: client.clone(), amount });
		Self::deposit_event(Event::Locked { agreement, client: client.clone(), amount });
		Ok(())
	}

	fn top_up(agreement: AgreementId, amount: Balance) -> DispatchResult {
		let mut lock = Locks::<T>::get(agreement).ok_or(Error::<T>::NotLocked)?;
		lock.amount = lock.amount.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
		Self::take_in(&lock.client, amount)?;
		Locks::<T>::insert(agreement, &lock);
		Self::deposit_event(Event::ToppedUp { agreement, client: lock.client, amount });
		Ok(())
	}

	fn credit(provider: &T::AccountId, amount: Balance) -> DispatchResult {
		if amount == 0 {
			return Ok(());
		}
		Self::turn_into_earnings(provider, amount)?;
		Self::deposit_event(Event::Credited { provider: provider.clone(), amount });
		Ok(())
	}

	fn refund(agreement: AgreementId, amount: Balance) -> DispatchResult {
		let mut lock = Locks::<T>::get(agreement).ok_or(Error::<T>::NotLocked)?;
		Self::pay_back(agreement, &mut lock, amount)?;
		Locks::<T>::insert(agreement, lock);
		Ok(())
	}

	fn close(agreement: AgreementId, refund: Balance) -> DispatchResult {
		let mut lock = Locks::<T>::get(agreement).ok_or(Error::<T>::NotLocked)?;
		Self::pay_back(agreement, &mut lock, refund)?;
		Locks::<T>::remove(agreement);
		Self::deposit_event(Event::Closed { agreement });
		Ok(())
	}

	fn locked(agreement: AgreementId) -> Option<Balance> {
		Locks::<T>::get(agreement).map(|lock| lock.amount)
	}

	fn total_locked() -> Balance {
		TotalLocked::<T>::get()
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn fund(account: &T::AccountId) {
		T::Currency::set_balance(account, benchmarking::PLENTY);
		// As at genesis, wherever the benchmark starts from.
		let pot = Self::pot();
		T::Currency::set_balance(&pot, T::Currency::balance(&pot).max(T::Currency::minimum_balance()));
	}
}

impl<T: Config> ProviderRecords<T::AccountId> for Pallet<T> {
	fn forget(provider: &T::AccountId) {
		if Earnings::<T>::contains_key(provider) {
			// An account that cannot take the money has it waiting here, as ever.
			let _ = with_storage_layer(|| Self::do_withdraw(provider.clone()));
		}
	}

	fn forget_weight() -> Weight {
		T::WeightInfo::withdraw()
	}
}
