//! Coming, changing and going.
use super::*;

impl<T: Config> Pallet<T> {
	/// The current block's number.
	pub(crate) fn now() -> BlockNumber {
		// The runtime's block numbers are u32.
		frame_system::Pallet::<T>::block_number().saturated_into()
	}

	/// A provider that is neither leaving nor terminated.
	pub(crate) fn staying(provider: &T::AccountId) -> Result<ProviderInfo, Error<T>> {
		let info = Providers::<T>::get(provider).ok_or(Error::<T>::NotRegistered)?;
		match info.standing {
			Standing::Active | Standing::Suspended => Ok(info),
			Standing::Leaving => Err(Error::<T>::Leaving),
			Standing::Terminated => Err(Error::<T>::Terminated),
		}
	}

	/// See [`Call::register`].
	pub(crate) fn do_register(
		provider: T::AccountId,
		peer_id: PeerId,
		addresses: Addresses,
		operator: Operator,
		region: Region,
		bond: Balance,
	) -> DispatchResult {
		ensure!(!Providers::<T>::contains_key(&provider), Error::<T>::AlreadyRegistered);
		ensure!(!Tombstones::<T>::contains_key(&provider), Error::<T>::Terminated);
		Self::check_peer_id(&peer_id)?;
		Self::check_addresses(&addresses)?;
		Self::check_operator(&operator)?;
		Self::check_region(&region)?;
		ensure!(bond >= Params::<T>::get().min_bond, Error::<T>::BondTooLow);

		Self::hold_stake(&provider, bond)?;
		PeerIds::<T>::insert(&peer_id, &provider);
		let info = ProviderInfo {
			peer_id: peer_id.clone(),
			addresses,
			operator,
			region,
			bonded: bond,
			unbonding: Unbonding::new(),
			standing: Standing::Active,
			paused: false,
			registered_at: Self::now(),
		};
		Providers::<T>::insert(&provider, info);
		Self::deposit_event(Event::Registered { provider, peer_id, bond });
		Ok(())
	}

	/// See [`Call::update_info`].
	pub(crate) fn do_update_info(
		provider: T::AccountId,
		peer_id: Option<PeerId>,
		addresses: Option<Addresses>,
		operator: Option<Operator>,
		region: Option<Region>,
	) -> DispatchResult {
		let mut info = Providers::<T>::get(&provider).ok_or(Error::<T>::NotRegistered)?;
		let before = info.clone();
		if let Some(peer_id) = peer_id.filter(|peer_id| *peer_id != info.peer_id) {
			Self::check_peer_id(&peer_id)?;
			info.peer_id = peer_id;
		}
		if let Some(addresses) = addresses {
			Self::check_addresses(&addresses)?;
			info.addresses = addresses;
		}
		if let Some(operator) = operator {
			Self::check_operator(&operator)?;
			info.operator = operator;
		}
		if let Some(region) = region {
			Self::check_region(&region)?;
			info.region = region;
		}
		ensure!(info != before, Error::<T>::NothingToUpdate);

		if info.peer_id != before.peer_id {
			PeerIds::<T>::remove(&before.peer_id);
			PeerIds::<T>::insert(&info.peer_id, &provider);
		}
		Providers::<T>::insert(&provider, info);
		Self::deposit_event(Event::InfoUpdated { provider });
		Ok(())
	}

	/// See [`Call::pause`].
	pub(crate) fn do_pause(provider: T::AccountId) -> DispatchResult {
		let mut info = Self::staying(&provider)?;
		ensure!(!info.paused, Error::<T>::Paused);
		info.paused = true;
		Providers::<T>::insert(&provider, info);
		Self::deposit_event(Event::Paused { provider });
		Ok(())
	}

	/// See [`Call::resume`].
	pub(crate) fn do_resume(provider: T::AccountId) -> DispatchResult {
		let mut info = Self::staying(&provider)?;
		ensure!(info.paused, Error::<T>::NotPaused);
		info.paused = false;
		Providers::<T>::insert(&provider, info);
		Self::deposit_event(Event::Resumed { provider });
		Ok(())
	}

	/// See [`Call::leave`].
	pub(crate) fn do_leave(provider: T::AccountId) -> DispatchResult {
		let mut info = Providers::<T>::get(&provider).ok_or(Error::<T>::NotRegistered)?;
		// A terminated provider has left once nothing is bonded any more.
		let has_left = match info.standing {
			Standing::Leaving => true,
			Standing::Terminated => info.bonded == 0,
			Standing::Active | Standing::Suspended => false,
		};
		ensure!(!has_left, Error::<T>::Leaving);
		ensure!(!Self::is_committed(&provider), Error::<T>::StillCommitted);

		if info.standing != Standing::Terminated {
			info.standing = Standing::Leaving;
		}
		Self::remove_offers(&provider);
		Self::unbond_all(&provider, &mut info);
		Providers::<T>::insert(&provider, info);
		Self::deposit_event(Event::Leaving { provider });
		Ok(())
	}

	/// Removes all records of a provider that nothing depends on any more.
	pub(crate) fn remove(provider: T::AccountId, info: &ProviderInfo) {
		Self::remove_offers(&provider);
		PeerIds::<T>::remove(&info.peer_id);
		Providers::<T>::remove(&provider);
		T::Records::forget(&provider);
		Self::deposit_event(Event::Removed { provider });
	}

	fn check_peer_id(peer_id: &PeerId) -> Result<(), Error<T>> {
		ensure!(is_peer_id(peer_id), Error::<T>::InvalidPeerId);
		ensure!(!PeerIds::<T>::contains_key(peer_id), Error::<T>::PeerIdTaken);
		Ok(())
	}

	/// Peers parse addresses; the chain only refuses what can be none. No address at all is fine: relays and the
	/// distributed hash table know the way too.
	fn check_addresses(addresses: &Addresses) -> Result<(), Error<T>> {
		ensure!(addresses.iter().all(|address| !address.is_empty()), Error::<T>::EmptyAddress);
		Ok(())
	}

	fn check_operator(operator: &Operator) -> Result<(), Error<T>> {
		ensure!(!operator.is_empty() && is_label(operator), Error::<T>::InvalidOperator);
		Ok(())
	}

	fn check_region(region: &Region) -> Result<(), Error<T>> {
		ensure!(is_label(region), Error::<T>::InvalidRegion);
		Ok(())
	}
}
