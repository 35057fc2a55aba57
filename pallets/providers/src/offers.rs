//! What providers offer, and what of it is taken.
use super::*;

impl<T: Config> Pallet<T> {
	/// See [`Call::set_offer`].
	pub(crate) fn do_set_offer(provider: T::AccountId, kind: ResourceKind, offer: Offer) -> DispatchResult {
		Self::staying(&provider)?;
		ensure!(offer.capacity > 0, Error::<T>::ZeroCapacity);
		ensure!(offer.min_duration > 0 && offer.min_duration <= offer.max_duration, Error::<T>::InvalidDuration);
		Offers::<T>::insert(&provider, kind, offer);
		Self::deposit_event(Event::OfferSet { provider, kind, offer });
		Ok(())
	}

	/// See [`Call::remove_offer`].
	pub(crate) fn do_remove_offer(provider: T::AccountId, kind: ResourceKind) -> DispatchResult {
		Offers::<T>::take(&provider, kind).ok_or(Error::<T>::NoOffer)?;
		Self::deposit_event(Event::OfferRemoved { provider, kind });
		Ok(())
	}

	/// Removes all offers of a provider.
	pub(crate) fn remove_offers(provider: &T::AccountId) {
		// Bounded: one entry a resource kind.
		for (kind, _) in Offers::<T>::drain_prefix(provider) {
			Self::deposit_event(Event::OfferRemoved { provider: provider.clone(), kind });
		}
	}

	/// Whether any agreement uses the provider.
	pub(crate) fn is_committed(provider: &T::AccountId) -> bool {
		Committed::<T>::iter_prefix(provider).next().is_some()
	}

	/// Reserves `units`, if offer, standing and stake allow it.
	pub(crate) fn do_commit(provider: &T::AccountId, kind: ResourceKind, units: u64) -> DispatchResult {
		let info = Self::staying(provider)?;
		ensure!(info.standing != Standing::Suspended, Error::<T>::Suspended);
		ensure!(!info.paused, Error::<T>::Paused);
		let offer = Offers::<T>::get(provider, kind).ok_or(Error::<T>::NoOffer)?;
		if units == 0 {
			return Ok(());
		}
		let committed = Committed::<T>::get(provider, kind).checked_add(units).ok_or(Error::<T>::OverCapacity)?;
		ensure!(committed <= offer.capacity, Error::<T>::OverCapacity);
		let required = Self::required_bond_with(provider, &Params::<T>::get(), kind, committed);
		ensure!(info.bonded >= required, Error::<T>::Understaked);
		Committed::<T>::insert(provider, kind, committed);
		Self::deposit_event(Event::UnitsCommitted { provider: provider.clone(), kind, units });
		Ok(())
	}

	/// Whether the provider would keep committed `units` for so long at `rate`, by its present offer, standing and stake.
	pub(crate) fn is_willing(
		provider: &T::AccountId,
		kind: ResourceKind,
		units: u64,
		rate: Balance,
		periods: u32,
	) -> bool {
		let Some(info) = Providers::<T>::get(provider).filter(ProviderInfo::is_active) else { return false };
		let Some(offer) = Offers::<T>::get(provider, kind) else { return false };
		offer.rate(kind, units).is_some_and(|asked| rate >= asked)
			&& periods <= offer.max_duration
			&& Committed::<T>::get(provider, kind) <= offer.capacity
			&& info.bonded >= Self::required_bond(provider, &Params::<T>::get())
	}

	/// Gives units back.
	pub(crate) fn do_release(provider: &T::AccountId, kind: ResourceKind, units: u64) {
		if units == 0 {
			return;
		}
		let committed = Committed::<T>::get(provider, kind);
		let released = units.min(committed);
		defensive_assert!(released == units, "no more is released than was committed");
		if committed == released {
			Committed::<T>::remove(provider, kind);
		} else {
			Committed::<T>::insert(provider, kind, committed.saturating_sub(released));
		}
		Self::deposit_event(Event::UnitsReleased { provider: provider.clone(), kind, units: released });
	}
}
