//! What clients read.
use super::*;

/// Most providers in one answer: about 400 KB at worst, within what one view call may take.
pub(crate) const MAX_PAGE: u32 = 256;

impl<T: Config> Pallet<T> {
	pub(crate) fn view_provider(account: &T::AccountId) -> Option<ProviderView> {
		Providers::<T>::get(account).map(|info| Self::view_of(account, info))
	}

	pub(crate) fn view_providers(after: Option<T::AccountId>, limit: u32) -> Vec<(T::AccountId, ProviderView)> {
		let providers = match after {
			Some(account) => Providers::<T>::iter_from(Providers::<T>::hashed_key_for(account)),
			None => Providers::<T>::iter(),
		};
		// The limit fits any usize.
		let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default();
		providers
			.take(limit)
			.map(|(account, info)| {
				let view = Self::view_of(&account, info);
				(account, view)
			})
			.collect()
	}

	fn view_of(account: &T::AccountId, info: ProviderInfo) -> ProviderView {
		let mut services: Vec<_> = Offers::<T>::iter_prefix(account)
			.map(|(kind, offer)| {
				let committed = Committed::<T>::get(account, kind);
				ServiceView { kind, offer: Some(offer), committed }
			})
			.collect();
		for (kind, committed) in Committed::<T>::iter_prefix(account) {
			if !services.iter().any(|service| service.kind == kind) {
				services.push(ServiceView { kind, offer: None, committed });
			}
		}
		services.sort_by_key(|service| service.kind);
		let ProviderInfo { peer_id, addresses, operator, region, bonded, unbonding, standing, paused, registered_at } =
			info;
		ProviderView {
			peer_id,
			addresses,
			operator,
			region,
			bonded,
			required: Self::required_bond(account, &Params::<T>::get()),
			unbonding,
			standing,
			paused,
			registered_at,
			services,
		}
	}
}
