//! What clients read.
use alloc::vec::Vec;
use peoples_cloud_primitives::{AgreementId, Balance, ColumnIndex, Hash32};

use crate::{
	Agreement, AgreementView, Agreements, ByClient, ByObject, ByProvider, ColumnState, ColumnView, Config, CostView,
	LostColumns, Pallet, MAX_PAGE,
};

impl<T: Config> Pallet<T> {
	/// See the view function `agreement`.
	pub(crate) fn view_agreement(id: AgreementId) -> Option<AgreementView<T::AccountId>> {
		let agreement = Agreements::<T>::get(id)?;
		let columns: Vec<_> = agreement
			.columns
			.iter()
			.map(|column| {
				let held = column.state == ColumnState::Held;
				let ledger = Self::ledger_of(&column.provider);
				let by_holder = if held { Self::earned_by_holder(&ledger, column) } else { 0 };
				ColumnView {
					provider: column.provider.clone(),
					root: column.root,
					leaf: column.leaf,
					rate: column.rate,
					max_rate: column.max_rate,
					start: column.start,
					end: column.end,
					state: column.state,
					earned: column.earned.saturating_add(by_holder),
					abandoned: held && ledger.terminated && ledger.next < column.end,
				}
			})
			.collect();
		let cost = CostView {
			locked: Self::locked(&agreement),
			earned: columns.iter().fold(0, |sum, column| sum.saturating_add(column.earned)),
			refunded: agreement.refunded,
		};
		Some(AgreementView {
			id,
			client: agreement.client,
			kind: agreement.kind,
			object: agreement.object,
			codec: agreement.codec,
			k: agreement.k,
			chunks: agreement.chunks,
			opened_at: agreement.opened_at,
			end: agreement.end,
			closing: agreement.closing,
			columns,
			cost,
		})
	}

	/// See the view function `cost`.
	pub(crate) fn view_cost(id: AgreementId) -> Option<CostView> {
		Self::view_agreement(id).map(|agreement| agreement.cost)
	}

	/// See the view function `agreements_of`.
	pub(crate) fn view_agreements_of(
		client: &T::AccountId,
		from: Option<AgreementId>,
		limit: u32,
	) -> Vec<AgreementView<T::AccountId>> {
		let ids: Vec<AgreementId> = match from {
			Some(from) => {
				page(ByClient::<T>::iter_key_prefix_from(client, ByClient::<T>::hashed_key_for(client, from)), limit)
			},
			None => page(ByClient::<T>::iter_key_prefix(client), limit),
		};
		ids.into_iter().filter_map(Self::view_agreement).collect()
	}

	/// See the view function `agreements_by_object`.
	pub(crate) fn view_agreements_by_object(
		object: &Hash32,
		from: Option<AgreementId>,
		limit: u32,
	) -> Vec<AgreementView<T::AccountId>> {
		let ids: Vec<AgreementId> = match from {
			Some(from) => {
				page(ByObject::<T>::iter_key_prefix_from(object, ByObject::<T>::hashed_key_for(object, from)), limit)
			},
			None => page(ByObject::<T>::iter_key_prefix(object), limit),
		};
		ids.into_iter().filter_map(Self::view_agreement).collect()
	}

	/// See the view function `columns_of`.
	pub(crate) fn view_columns_of(
		provider: &T::AccountId,
		from: Option<AgreementId>,
		limit: u32,
	) -> Vec<(AgreementId, ColumnIndex)> {
		match from {
			Some(from) => page(
				ByProvider::<T>::iter_prefix_from(provider, ByProvider::<T>::hashed_key_for(provider, from)),
				limit,
			),
			None => page(ByProvider::<T>::iter_prefix(provider), limit),
		}
	}

	/// See the view function `lost_columns`.
	pub(crate) fn view_lost_columns(
		from: Option<(AgreementId, ColumnIndex)>,
		limit: u32,
	) -> Vec<(AgreementId, ColumnIndex)> {
		match from {
			Some((agreement, column)) => {
				page(LostColumns::<T>::iter_keys_from(LostColumns::<T>::hashed_key_for(agreement, column)), limit)
			},
			None => page(LostColumns::<T>::iter_keys(), limit),
		}
	}

	/// What is set aside for an agreement's columns.
	pub(crate) fn locked(agreement: &Agreement<T>) -> Balance {
		agreement.columns.iter().fold(0, |sum, column| sum.saturating_add(column.budget))
	}
}

fn page<Item>(items: impl Iterator<Item = Item>, limit: u32) -> Vec<Item> {
	items.take(usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default()).collect()
}
