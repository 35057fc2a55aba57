//! Lost columns: admitted by their providers, left behind by terminated ones, and placed anew.
use frame::prelude::*;
use peoples_cloud_primitives::{
	terms::{self, Acknowledgement},
	traits::{Holdings, ProviderRegistry, ReputationSink},
	AgreementId, Balance, ColumnIndex, Hash32,
};

use crate::{
	Agreement, Agreements, ByProvider, Column, ColumnState, Config, Error, Event, Ledgers, LostColumns, Pallet, Params,
	SignedAck, UploadUse, Uploads,
};

impl<T: Config> Pallet<T> {
	/// See [`Call::declare_lost`](crate::Call::declare_lost).
	pub(crate) fn do_declare_lost(provider: &T::AccountId, id: AgreementId, place: ColumnIndex) -> DispatchResult {
		let mut agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
		let column = agreement.columns.get(usize::from(place)).ok_or(Error::<T>::UnknownColumn)?;
		ensure!(column.provider == *provider, Error::<T>::NotProvider);
		// What was missed was missed: a loss would else take the last duty away, and with it the misses that nobody has
		// reported yet. It may turn out that they terminate the provider.
		T::Holdings::advance(provider, T::Holdings::current_period().saturating_add(1));
		ensure!(!T::Holdings::is_behind(provider), Error::<T>::ProviderBehind);
		// Whoever knows which chunks it is asked for could admit exactly the losses among them, and be paid for all others:
		// at a penalty now and then, that would be cheaper than to store. So those periods are not paid at all.
		let challenged_until = T::Holdings::challenged_until(provider);
		Ledgers::<T>::mutate_extant(provider, |ledger| {
			ledger.unpaid_until = ledger.unpaid_until.max(challenged_until);
		});
		Self::lose_column(id, &mut agreement, place)?;
		Agreements::<T>::insert(id, agreement);
		Ok(())
	}

	/// See [`Call::mark_lost`](crate::Call::mark_lost).
	pub(crate) fn do_mark_lost(id: AgreementId, place: ColumnIndex) -> DispatchResult {
		let mut agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
		let column = agreement.columns.get(usize::from(place)).ok_or(Error::<T>::UnknownColumn)?;
		ensure!(column.state == ColumnState::Held, Error::<T>::AlreadyLost);
		ensure!(Self::ledger_of(&column.provider).terminated, Error::<T>::NotTerminated);
		Self::lose_column(id, &mut agreement, place)?;
		Agreements::<T>::insert(id, agreement);
		Ok(())
	}

	/// Ends a held column at its provider's first unresolved period, with all that follows from a loss. The caller
	/// stores the agreement.
	pub(crate) fn lose_column(id: AgreementId, agreement: &mut Agreement<T>, place: ColumnIndex) -> DispatchResult {
		let repairable = agreement.is_repairable(T::Holdings::current_period());
		let column = agreement.columns.get_mut(usize::from(place)).ok_or(Error::<T>::UnknownColumn)?;
		ensure!(column.state == ColumnState::Held, Error::<T>::AlreadyLost);
		let provider = column.provider.clone();
		let mut ledger = Self::ledger_of(&provider);
		ensure!(column.end > ledger.next, Error::<T>::ColumnOver);
		let at = column.start.max(ledger.next);
		column.earned = column.earned.saturating_add(Self::cut_short(&mut ledger, column));
		column.end = at;
		column.state = ColumnState::Lost;
		Ledgers::<T>::insert(&provider, ledger);
		ByProvider::<T>::remove(&provider, id);
		if repairable {
			LostColumns::<T>::insert(id, place, ());
		}
		T::Registry::release(&provider, agreement.kind, agreement.chunks);
		T::Reputation::note(&provider, agreement.kind, 0, 1);
		let params = Params::<T>::get();
		// At what the client agreed to at first: a replacement at a rate of nothing could else be lost for nothing, again and
		// again, and nobody would ever repair the column. The stake bounds it.
		let penalty = column.max_rate.saturating_mul(Balance::from(params.loss_penalty_periods));
		let slashed =
			T::Registry::slash(&provider, penalty, &[(agreement.client.clone(), params.loss_client_share_ppm)]);
		Self::deposit_event(Event::ColumnLost { agreement: id, column: place, provider, at, slashed });
		Ok(())
	}

	/// See [`Call::replace_column`](crate::Call::replace_column).
	pub(crate) fn do_replace_column(id: AgreementId, place: ColumnIndex, signed: &SignedAck) -> DispatchResult {
		let mut agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
		let chunks = agreement.chunks;
		let current = T::Holdings::current_period();
		ensure!(!agreement.closing, Error::<T>::AgreementClosing);
		ensure!(agreement.is_repairable(current), Error::<T>::AgreementOver);
		let lost = agreement.columns.get_mut(usize::from(place)).ok_or(Error::<T>::UnknownColumn)?;
		ensure!(lost.state == ColumnState::Lost, Error::<T>::NotLost);
		let Acknowledgement::V1(ack) = &signed.ack;
		let client = agreement.client.clone().into();
		Self::check_terms(ack, &Self::genesis(), &client, Params::<T>::get().max_ack_validity)?;
		ensure!(ack.root == lost.root && ack.chunks == chunks, Error::<T>::WrongColumn);
		ensure!(ack.rate <= lost.max_rate, Error::<T>::RateTooHigh);
		let start = current.saturating_add(1);
		ensure!(ack.duration >= agreement.end.saturating_sub(start), Error::<T>::DurationTooShort);
		Self::use_once(id, ack.valid_until, terms::upload_id(&client, &ack.nonce), &lost.root)?;
		Self::check_signature(signed)?;
		let placed = Self::place_column(id, place, ack, start, agreement.end)?;
		let (provider, rate) = (placed.provider.clone(), placed.rate);
		*lost = Column { max_rate: lost.max_rate, budget: lost.budget, earned: lost.earned, ..placed };
		LostColumns::<T>::remove(id, place);
		Agreements::<T>::insert(id, agreement);
		Self::deposit_event(Event::ColumnReplaced { agreement: id, column: place, provider, start, rate });
		Ok(())
	}

	/// Notes that an acknowledgement was used for a replacement. One upload may repair several columns, but neither
	/// one of them twice nor open an agreement as well.
	fn use_once(id: AgreementId, valid_until: u32, upload: Hash32, root: &Hash32) -> DispatchResult {
		let replacement = frame::hashing::blake2_256(&(upload, root).encode());
		ensure!(
			!matches!(Uploads::<T>::get(valid_until, upload), Some(UploadUse::Opened(_)))
				&& !Uploads::<T>::contains_key(valid_until, replacement),
			Error::<T>::AlreadyUsed
		);
		Uploads::<T>::insert(valid_until, upload, UploadUse::Repairing);
		Uploads::<T>::insert(valid_until, replacement, UploadUse::Replaced(id));
		Ok(())
	}
}
