//! How agreements end: later than agreed, earlier, and for good.
use frame::{
	prelude::*,
	traits::{Consideration, Defensive},
};
use peoples_cloud_primitives::{
	traits::{Escrow, Holdings, ProviderRegistry},
	AgreementId, Balance, ColumnIndex, Period,
};

use crate::{
	Agreement, Agreements, ByClient, ByObject, ByProvider, ColumnState, Config, Error, Event, Ledgers, LostColumns,
	Pallet, Params, WeightInfo, COLUMN_PROOF_BYTES, MAX_LAGGARDS,
};

impl<T: Config> Agreement<T> {
	/// Whether a column that is lost may still be placed anew: a new provider is paid from the next period on.
	pub(crate) fn is_repairable(&self, current: Period) -> bool {
		!self.closing && current.saturating_add(1) < self.end
	}
}

impl<T: Config> Pallet<T> {
	/// See [`Call::extend`](crate::Call::extend). Answers the number of columns.
	pub(crate) fn do_extend(
		client: &T::AccountId,
		id: AgreementId,
		periods: u32,
		max_price: Balance,
	) -> Result<u32, DispatchError> {
		let (mut agreement, current) = Self::running(client, id)?;
		let end = agreement.end.checked_add(periods).ok_or(Error::<T>::Overflow)?;
		let remaining = end.saturating_sub(current);
		ensure!(periods >= 1 && remaining <= Params::<T>::get().max_duration, Error::<T>::InvalidDuration);
		let mut price: Balance = 0;
		for (place, column) in (0..ColumnIndex::MAX).zip(&mut agreement.columns) {
			// At the highest rate agreed to, so that a lost column can always be placed anew. The rest comes back.
			let cost = column.max_rate.checked_mul(Balance::from(periods)).ok_or(Error::<T>::PriceTooHigh)?;
			price = price.checked_add(cost).ok_or(Error::<T>::PriceTooHigh)?;
			column.budget = column.budget.checked_add(cost).ok_or(Error::<T>::PriceTooHigh)?;
			match column.state {
				ColumnState::Held => {
					let (kind, chunks) = (agreement.kind, agreement.chunks);
					ensure!(
						T::Registry::would_extend(&column.provider, kind, chunks, column.rate, remaining),
						Error::<T>::ProviderUnwilling
					);
					let mut ledger = Self::ledger_of(&column.provider);
					Self::move_end(&mut ledger, column, end);
					Ledgers::<T>::insert(&column.provider, ledger);
				},
				// One that was lost too late to be placed anew can be now.
				ColumnState::Lost => LostColumns::<T>::insert(id, place, ()),
			}
		}
		ensure!(price <= max_price, Error::<T>::PriceTooHigh);
		T::Escrow::top_up(id, price)?;
		agreement.end = end;
		let columns = agreement.columns.len().saturated_into();
		Agreements::<T>::insert(id, agreement);
		Self::deposit_event(Event::Extended { agreement: id, end, price });
		Ok(columns)
	}

	/// See [`Call::close`](crate::Call::close). Answers the number of columns.
	pub(crate) fn do_close(client: &T::AccountId, id: AgreementId) -> Result<u32, DispatchError> {
		let (mut agreement, current) = Self::running(client, id)?;
		let min_term = Params::<T>::get().min_term;
		let earliest = current.saturating_add(1);
		let mut refunded: Balance = 0;
		// With nothing held, all of it is over now.
		let mut last_end = current;
		for (place, column) in (0..ColumnIndex::MAX).zip(&mut agreement.columns) {
			let most = match column.state {
				ColumnState::Held => {
					let end = column.start.saturating_add(min_term).max(earliest).min(column.end);
					if end < column.end {
						let mut ledger = Self::ledger_of(&column.provider);
						Self::move_end(&mut ledger, column, end);
						Ledgers::<T>::insert(&column.provider, ledger);
					}
					last_end = last_end.max(end);
					column.rate.saturating_mul(Balance::from(end.saturating_sub(column.start)))
				},
				ColumnState::Lost => {
					LostColumns::<T>::remove(id, place);
					0
				},
			};
			// All that this column can still cost, of which its budget is never short.
			let most = column.earned.saturating_add(most);
			refunded = refunded.saturating_add(column.budget.defensive_saturating_sub(most));
			column.budget = most;
		}
		agreement.closing = true;
		agreement.end = last_end;
		agreement.refunded = agreement.refunded.saturating_add(refunded);
		let columns = agreement.columns.len().saturated_into();
		Agreements::<T>::insert(id, agreement);
		if refunded > 0 {
			T::Escrow::refund(id, refunded)?;
		}
		Self::deposit_event(Event::Closing { agreement: id, end: last_end, refunded });
		Ok(columns)
	}

	/// See [`Call::settle`](crate::Call::settle). Answers the number of columns, and of providers whose cursor lagged.
	pub(crate) fn do_settle(id: AgreementId) -> Result<(u32, u32), DispatchError> {
		let mut agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
		let repairable = agreement.is_repairable(T::Holdings::current_period());
		let mut laggards = 0u32;
		for place in 0..ColumnIndex::try_from(agreement.columns.len()).map_err(|_| Error::<T>::Overflow)? {
			let Some(column) = agreement.columns.get_mut(usize::from(place)) else { continue };
			if column.state == ColumnState::Held {
				let mut ledger = Self::ledger_of(&column.provider);
				if ledger.next < column.end && !ledger.terminated && laggards < MAX_LAGGARDS {
					laggards = laggards.saturating_add(1);
					T::Holdings::advance(&column.provider, column.end);
					ledger = Self::ledger_of(&column.provider);
				}
				if column.end <= ledger.next {
					column.earned = column.earned.saturating_add(Self::finish(&ledger, column));
					ByProvider::<T>::remove(&column.provider, id);
					T::Registry::release(&column.provider, agreement.kind, agreement.chunks);
					continue;
				}
				ensure!(ledger.terminated && !repairable, Error::<T>::NotYetEnded);
				Self::lose_column(id, &mut agreement, place)?;
			}
			ensure!(!repairable, Error::<T>::NotYetEnded);
			LostColumns::<T>::remove(id, place);
		}
		let earned = agreement.columns.iter().fold(0, |sum: Balance, column| sum.saturating_add(column.earned));
		let locked = agreement.columns.iter().fold(0, |sum: Balance, column| sum.saturating_add(column.budget));
		let refunded = locked.defensive_saturating_sub(earned);
		T::Escrow::close(id, refunded)?;
		Agreements::<T>::remove(id);
		ByClient::<T>::remove(&agreement.client, id);
		ByObject::<T>::remove(agreement.object, id);
		// A deposit that cannot be returned must not keep the others' money.
		let _ = agreement.ticket.drop(&agreement.client).defensive();
		Self::deposit_event(Event::AgreementEnded { agreement: id, earned, refunded });
		Ok((agreement.columns.len().saturated_into(), laggards))
	}

	/// What an extension of so many columns weighs.
	pub(crate) fn extend_weight(columns: u32) -> Weight {
		T::WeightInfo::extend(columns).saturating_add(Self::column_proofs(columns))
	}

	/// What an early end of so many columns weighs.
	pub(crate) fn close_weight(columns: u32) -> Weight {
		T::WeightInfo::close(columns).saturating_add(Self::column_proofs(columns))
	}

	/// What a settlement of so many columns weighs.
	pub(crate) fn settle_weight(columns: u32, laggards: u32) -> Weight {
		T::WeightInfo::settle(columns)
			.saturating_add(Self::column_proofs(columns))
			.saturating_add(T::Holdings::advance_weight().saturating_mul(laggards.into()))
	}

	/// See [`COLUMN_PROOF_BYTES`].
	fn column_proofs(columns: u32) -> Weight {
		Weight::from_parts(0, COLUMN_PROOF_BYTES.saturating_mul(columns.into()))
	}

	/// An agreement of this client that is neither over nor closing, and the current period.
	fn running(client: &T::AccountId, id: AgreementId) -> Result<(Agreement<T>, Period), DispatchError> {
		let agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
		ensure!(agreement.client == *client, Error::<T>::NotClient);
		ensure!(!agreement.closing, Error::<T>::AgreementClosing);
		let current = T::Holdings::current_period();
		ensure!(current < agreement.end, Error::<T>::AgreementOver);
		Ok((agreement, current))
	}
}
