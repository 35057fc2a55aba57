//! Invariants.
use alloc::collections::BTreeMap;
use frame::prelude::*;
use peoples_cloud_primitives::{
	resource::ResourceKind,
	traits::{Escrow, Holdings, ProviderRegistry},
	Balance, Period,
};

use crate::{
	Agreements, ByClient, ByObject, ByProvider, ColumnState, Config, Ledger, Ledgers, LostColumns, Milestone,
	NextAgreement, Pallet, Params, PrunedUpTo, Schedule, Uploads,
};

/// A provider's milestones and rate, counted anew from the columns it holds.
#[derive(Default)]
struct Recount {
	/// Sum of starting rates, sum of ending rates, references, by period.
	milestones: BTreeMap<Period, (Balance, Balance, u32)>,
	/// Rate at the ledger's first unresolved period.
	rate: Balance,
	/// Chunks of all columns held, those whose agreements are over and not settled included.
	held_chunks: u64,
	/// Chunks of the columns that are owed: their leaves must still be in the commitment.
	owed_chunks: u64,
}

impl<T: Config> Pallet<T> {
	/// Checks what must always hold:
	///
	/// - the parameters fit together, and no agreement has a number that is still to be given out;
	/// - an agreement has columns, at most as many as allowed and at least as many as restore it, and is found by its
	///   client and its object; the indices name nothing else;
	/// - a column's budget covers what earlier providers earned and what its provider can earn until its end;
	/// - an agreement's lock is the sum of its columns' budgets, and what is locked in all is those less what was earned;
	/// - what a provider has committed is the chunks of the columns it holds, and its commitment has at least the chunks of
	///   those that it owes;
	/// - held columns, and they alone, are found by their provider; lost columns that can be placed anew are listed, and
	///   a listed column is lost;
	/// - each ledger's rate, milestones, and their numbers are what the columns held by its provider make; a milestone
	///   has passed exactly if the ledger stands at or after it; counts of proven periods grow with time;
	/// - a ledger stands at its provider's cursor, unless nothing is pending;
	/// - remembered uploads are not from before the block up to which they were forgotten.
	pub fn do_try_state() -> Result<(), DispatchError> {
		Params::<T>::get()
			.check::<T>()
			.map_err(|_| DispatchError::Other("the market parameters do not fit together"))?;
		let current = T::Holdings::current_period();
		let (mut agreements, mut held, mut listed) = (0usize, 0usize, 0usize);
		let mut not_earned: Balance = 0;
		let mut recounts: BTreeMap<alloc::vec::Vec<u8>, Recount> = BTreeMap::new();
		for (id, agreement) in Agreements::<T>::iter() {
			agreements = agreements.saturating_add(1);
			ensure!(id < NextAgreement::<T>::get(), "an agreement's number was not given out");
			ensure!(
				agreement.k >= 1 && usize::from(agreement.k) <= agreement.columns.len(),
				"an agreement's code does not fit its columns"
			);
			ensure!(ByClient::<T>::contains_key(&agreement.client, id), "an agreement is not found by its client");
			ensure!(ByObject::<T>::contains_key(agreement.object, id), "an agreement is not found by its object");
			let (mut budgets, mut earned): (Balance, Balance) = (0, 0);
			for (place, column) in (0..).zip(&agreement.columns) {
				budgets = budgets.checked_add(column.budget).ok_or("budgets overflow")?;
				earned = earned.checked_add(column.earned).ok_or("earnings overflow")?;
				ensure!(column.start <= column.end, "a column ends before it starts");
				let lost = column.state == ColumnState::Lost;
				// One that was lost before its start may be closed even before that.
				ensure!(column.end <= agreement.end || (lost && agreement.closing), "a column outlives its agreement");
				ensure!(column.rate <= column.max_rate, "a column costs more than the client agreed to");
				let open = if lost { 0 } else { column.rate * Balance::from(column.end - column.start) };
				ensure!(column.earned + open <= column.budget, "a column's budget falls short");
				if !agreement.closing {
					let kept = column.max_rate * Balance::from(agreement.end.saturating_sub(column.end));
					ensure!(!lost || column.earned + kept <= column.budget, "a lost column cannot be paid for again");
				}
				ensure!(
					LostColumns::<T>::contains_key(id, place) == lost || (lost && !agreement.is_repairable(current)),
					"the lists of lost columns disagree"
				);
				if lost {
					listed = listed.saturating_add(usize::from(LostColumns::<T>::contains_key(id, place)));
					continue;
				}
				held = held.saturating_add(1);
				ensure!(
					ByProvider::<T>::get(&column.provider, id) == Some(place),
					"a held column is not found by its provider"
				);
				ensure!(Ledgers::<T>::contains_key(&column.provider), "a holder has no ledger");
				let ledger = Self::ledger_of(&column.provider);
				let by_holder = Self::earned_by_holder(&ledger, column);
				earned = earned.checked_add(by_holder).ok_or("earnings overflow")?;
				let next = ledger.next;
				let recount = recounts.entry(column.provider.encode()).or_default();
				let start = recount.milestones.entry(column.start).or_default();
				*start = (start.0 + column.rate, start.1, start.2 + 1);
				let end = recount.milestones.entry(column.end).or_default();
				*end = (end.0, end.1 + column.rate, end.2 + 1);
				if column.start <= next && next < column.end {
					recount.rate += column.rate;
				}
				recount.held_chunks = recount.held_chunks.checked_add(agreement.chunks).ok_or("chunks overflow")?;
				// Leaves may be zeroed from the column's end on, once that has come and all periods before are resolved.
				if T::Holdings::first_unresolved(&column.provider).min(current) < column.end {
					recount.owed_chunks = recount.owed_chunks.checked_add(agreement.chunks).ok_or("chunks overflow")?;
				}
			}
			ensure!(
				T::Escrow::locked(id) == Some(budgets),
				"an agreement's lock is not the sum of its columns' budgets"
			);
			let left = budgets.checked_sub(earned).ok_or("more was earned than the budgets have")?;
			not_earned = not_earned.checked_add(left).ok_or("budgets overflow")?;
		}
		ensure!(T::Escrow::total_locked() == not_earned, "what is locked is not what the agreements have left to earn");
		ensure!(ByClient::<T>::iter().count() == agreements, "the index by client names other agreements");
		ensure!(ByObject::<T>::iter().count() == agreements, "the index by object names other agreements");
		ensure!(ByProvider::<T>::iter().count() == held, "the index by provider names other columns");
		ensure!(LostColumns::<T>::iter().count() == listed, "the list of lost columns names other columns");
		let mut milestones = 0usize;
		for (provider, ledger) in Ledgers::<T>::iter() {
			let recount = recounts.remove(&provider.encode()).unwrap_or_default();
			milestones = milestones.saturating_add(recount.milestones.len());
			Self::check_ledger(&provider, &ledger, &recount)?;
		}
		ensure!(Schedule::<T>::iter().count() == milestones, "there are milestones of no column");
		let pruned = PrunedUpTo::<T>::get();
		ensure!(Uploads::<T>::iter_keys().all(|(block, _)| block >= pruned), "a forgotten upload is remembered");
		Ok(())
	}

	fn check_ledger(provider: &T::AccountId, ledger: &Ledger, recount: &Recount) -> Result<(), DispatchError> {
		let cursor = T::Holdings::first_unresolved(provider);
		ensure!(
			ledger.next == cursor || (ledger.next < cursor && ledger.pending == 0),
			"a ledger does not stand at its provider's cursor"
		);
		ensure!(ledger.rate == recount.rate, "a ledger's rate is not what its columns make");
		// Agreements are over storage alone, so far.
		ensure!(
			T::Registry::committed(provider, ResourceKind::Storage) == recount.held_chunks,
			"what a provider has committed is not what its columns make"
		);
		ensure!(
			T::Holdings::total_chunks(provider) >= recount.owed_chunks,
			"a provider's commitment lacks columns that it owes"
		);
		let mut pending = 0u32;
		let mut proven = 0u32;
		for (period, (add, sub, refs)) in &recount.milestones {
			match Schedule::<T>::get(provider, period) {
				Some(Milestone::Pending { add: stored_add, sub: stored_sub, refs: stored_refs }) => {
					ensure!(*period > ledger.next, "a pending milestone has passed");
					ensure!(
						(stored_add, stored_sub, stored_refs) == (*add, *sub, *refs),
						"a milestone is not what its columns make"
					);
					pending = pending.saturating_add(1);
				},
				Some(Milestone::Passed { proven_before, refs: stored_refs }) => {
					ensure!(*period <= ledger.next, "a passed milestone is still to come");
					ensure!(stored_refs == *refs, "a passed milestone has other columns");
					ensure!(
						proven <= proven_before && proven_before <= ledger.proven,
						"counts of proven periods do not grow"
					);
					proven = proven_before;
				},
				None => return Err(DispatchError::Other("a column's milestone is missing")),
			}
		}
		ensure!(pending == ledger.pending, "a ledger counts other milestones than there are");
		Ok(())
	}
}
