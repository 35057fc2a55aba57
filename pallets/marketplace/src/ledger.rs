//! The providers' ledgers: rates, milestones, and what a column earned between two of them.
//!
//! A ledger stands at its provider's first unresolved period, `next`. Milestones up to it have passed: they carry the
//! count of periods proven and paid before them, and their changes are part of `rate`. Later ones carry the changes to
//! come.
use frame::prelude::*;
use peoples_cloud_primitives::{
	holdings::Leaf,
	traits::{Escrow, Holdings, PeriodLedger, ProviderRecords},
	AgreementId, Balance, Period,
};

use crate::{
	Agreements, ByProvider, Column, ColumnState, Config, Ledger, Ledgers, Milestone, Pallet, Schedule, WeightInfo,
};

/// Proof bytes of a record that is removed, at the size that the benchmarks list for a ledger.
const RECORD_PROOF_BYTES: u64 = 2_600;

/// What a milestone means to one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
	/// Its rate is paid from here on.
	Start(Balance),
	/// Its rate is no longer paid from here on.
	End(Balance),
}

impl Ledger {
	/// Makes a change of the rate at `next`.
	fn make(&mut self, turn: Turn) {
		// Sums of rates stay below the money in existence; each end takes off what its start put on.
		self.rate = match turn {
			Turn::Start(rate) => self.rate.defensive_saturating_add(rate),
			Turn::End(rate) => self.rate.defensive_saturating_sub(rate),
		};
	}

	/// Takes a change back that was made at `next`.
	fn unmake(&mut self, turn: Turn) {
		self.make(match turn {
			Turn::Start(rate) => Turn::End(rate),
			Turn::End(rate) => Turn::Start(rate),
		});
	}
}

impl<T: Config> Pallet<T> {
	/// A provider's ledger, at its first unresolved period. It must have been appended to before.
	pub(crate) fn ledger_of(provider: &T::AccountId) -> Ledger {
		let first_unresolved = T::Holdings::first_unresolved(provider);
		let mut ledger =
			Ledgers::<T>::get(provider).unwrap_or_else(|| Ledger { next: first_unresolved, ..Ledger::default() });
		if ledger.next < first_unresolved && !ledger.terminated {
			// The clock left periods out, which it does only when nothing is owed and no milestone lies among them.
			defensive_assert!(ledger.pending == 0, "the clock passed milestones in silence");
			ledger.next = first_unresolved;
		}
		ledger
	}

	/// Enters a column's start or end, at or after the ledger's `next`.
	pub(crate) fn enter(provider: &T::AccountId, ledger: &mut Ledger, period: Period, turn: Turn) {
		let milestone = Schedule::<T>::get(provider, period);
		let entered = if period <= ledger.next {
			ledger.make(turn);
			match milestone {
				Some(Milestone::Passed { proven_before, refs }) => {
					Milestone::Passed { proven_before, refs: refs.saturating_add(1) }
				},
				_ => Milestone::Passed { proven_before: ledger.proven, refs: 1 },
			}
		} else {
			let (add, sub, refs) = match milestone {
				Some(Milestone::Pending { add, sub, refs }) => (add, sub, refs),
				_ => {
					ledger.pending = ledger.pending.saturating_add(1);
					(0, 0, 0)
				},
			};
			let (more, less) = match turn {
				Turn::Start(rate) => (rate, 0),
				Turn::End(rate) => (0, rate),
			};
			Milestone::Pending {
				add: add.saturating_add(more),
				sub: sub.saturating_add(less),
				refs: refs.saturating_add(1),
			}
		};
		Schedule::<T>::insert(provider, period, entered);
	}

	/// Takes back a column's start or end at or after the ledger's `next`, as if it had never been entered.
	pub(crate) fn take_back(provider: &T::AccountId, ledger: &mut Ledger, period: Period, turn: Turn) {
		match Schedule::<T>::get(provider, period) {
			Some(Milestone::Pending { add, sub, refs }) => {
				let (more, less) = match turn {
					Turn::Start(rate) => (rate, 0),
					Turn::End(rate) => (0, rate),
				};
				if refs <= 1 {
					Schedule::<T>::remove(provider, period);
					ledger.pending = ledger.pending.defensive_saturating_sub(1);
				} else {
					let milestone = Milestone::Pending {
						add: add.defensive_saturating_sub(more),
						sub: sub.defensive_saturating_sub(less),
						refs: refs.saturating_sub(1),
					};
					Schedule::<T>::insert(provider, period, milestone);
				}
			},
			Some(Milestone::Passed { .. }) => {
				ledger.unmake(turn);
				Self::forget_turn(provider, period);
			},
			None => {
				defensive!("a column's milestone is missing");
			},
		}
	}

	/// Drops a column's reference to a milestone that has passed. The rate stays.
	fn forget_turn(provider: &T::AccountId, period: Period) {
		Schedule::<T>::mutate_exists(provider, period, |milestone| match milestone {
			Some(Milestone::Passed { refs, .. }) if *refs > 1 => *refs = refs.saturating_sub(1),
			Some(Milestone::Passed { .. }) => *milestone = None,
			_ => {
				defensive!("a passed milestone is missing");
			},
		});
	}

	/// Periods that the provider was paid for before `period`, or so far if that is yet to come.
	fn proven_before(provider: &T::AccountId, ledger: &Ledger, period: Period) -> u32 {
		if period >= ledger.next {
			return ledger.proven;
		}
		match Schedule::<T>::get(provider, period) {
			Some(Milestone::Passed { proven_before, .. }) => proven_before,
			_ => {
				defensive!("a passed milestone is missing");
				ledger.proven
			},
		}
	}

	/// What the present provider of a held column has earned with it so far.
	pub(crate) fn earned_by_holder(ledger: &Ledger, column: &Column<T::AccountId>) -> Balance {
		if column.start >= ledger.next {
			return 0;
		}
		let before = Self::proven_before(&column.provider, ledger, column.start);
		let until = Self::proven_before(&column.provider, ledger, column.end);
		// At most the column's budget, which is money that exists.
		column.rate.saturating_mul(Balance::from(until.saturating_sub(before)))
	}

	/// Ends the account of a held column whose end has passed; answers what its provider earned with it.
	pub(crate) fn finish(ledger: &Ledger, column: &Column<T::AccountId>) -> Balance {
		let earned = Self::earned_by_holder(ledger, column);
		Self::forget_turn(&column.provider, column.start);
		Self::forget_turn(&column.provider, column.end);
		earned
	}

	/// Ends the account of a held column at `next`, before its end; answers what its provider earned with it.
	pub(crate) fn cut_short(ledger: &mut Ledger, column: &Column<T::AccountId>) -> Balance {
		let earned = Self::earned_by_holder(ledger, column);
		Self::take_back(&column.provider, ledger, column.end, Turn::End(column.rate));
		// A start that has not come is taken back; one that has put its rate on, which is taken off.
		Self::take_back(&column.provider, ledger, column.start, Turn::Start(column.rate));
		earned
	}

	/// Moves the end of a held column, from and to a period at or after `next`.
	pub(crate) fn move_end(ledger: &mut Ledger, column: &mut Column<T::AccountId>, end: Period) {
		Self::take_back(&column.provider, ledger, column.end, Turn::End(column.rate));
		Self::enter(&column.provider, ledger, end, Turn::End(column.rate));
		column.end = end;
	}
}

impl<T: Config> PeriodLedger<T::AccountId> for Pallet<T> {
	fn is_unused() -> bool {
		Agreements::<T>::iter_keys().next().is_none()
	}

	fn on_period_resolved(provider: &T::AccountId, period: Period, proven: bool) {
		let Some(mut ledger) = Ledgers::<T>::get(provider) else { return };
		// What is not credited is not counted either: then it stays the client's.
		if proven
			&& period >= ledger.unpaid_until
			&& (ledger.rate == 0 || T::Escrow::credit(provider, ledger.rate).defensive().is_ok())
		{
			ledger.proven = ledger.proven.saturating_add(1);
		}
		ledger.next = period.saturating_add(1);
		if let Some(Milestone::Pending { add, sub, refs }) = Schedule::<T>::get(provider, ledger.next) {
			ledger.make(Turn::Start(add));
			ledger.make(Turn::End(sub));
			ledger.pending = ledger.pending.defensive_saturating_sub(1);
			Schedule::<T>::insert(provider, ledger.next, Milestone::Passed { proven_before: ledger.proven, refs });
		}
		Ledgers::<T>::insert(provider, ledger);
	}

	fn is_idle(provider: &T::AccountId) -> bool {
		Ledgers::<T>::get(provider).is_none_or(|ledger| ledger.pending == 0)
	}

	fn is_idle_from(provider: &T::AccountId, period: Period) -> bool {
		let Some(ledger) = Ledgers::<T>::get(provider).filter(|ledger| ledger.pending > 0) else { return true };
		// What is pending lies after `next`. Whatever has passed by then is no duty any more.
		let passed = (ledger.next.saturating_add(1)..=period)
			.filter(|before| matches!(Schedule::<T>::get(provider, before), Some(Milestone::Pending { .. })))
			.count();
		usize::try_from(ledger.pending).is_ok_and(|pending| pending <= passed)
	}

	fn is_released(provider: &T::AccountId, leaf: &Leaf, period: Period) -> bool {
		Self::owed_until(provider, leaf.agreement, leaf).is_none_or(|end| end <= period)
	}

	fn is_released_weight() -> Weight {
		T::WeightInfo::is_released()
	}

	fn on_terminated(provider: &T::AccountId, first_unpaid: Period) {
		Ledgers::<T>::mutate_extant(provider, |ledger| {
			ledger.next = first_unpaid;
			ledger.terminated = true;
		});
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn make_owe(provider: &T::AccountId, changes: u32) {
		crate::benchmarking::make_owe::<T>(provider, changes);
	}
}

impl<T: Config> ProviderRecords<T::AccountId> for Pallet<T> {
	fn forget(provider: &T::AccountId) {
		// Milestones are of columns that it holds, and it holds none.
		Ledgers::<T>::remove(provider);
	}

	fn forget_weight() -> Weight {
		T::DbWeight::get().writes(1).saturating_add_proof_size(RECORD_PROOF_BYTES)
	}
}

impl<T: Config> Pallet<T> {
	/// The end of the column that the provider holds of this agreement, if it is the leaf's.
	///
	/// A provider holds at most one column of an agreement, but may have lost another one before: roots tell them apart.
	fn owed_until(provider: &T::AccountId, agreement: AgreementId, leaf: &Leaf) -> Option<Period> {
		let place = ByProvider::<T>::get(provider, agreement)?;
		let agreement = Agreements::<T>::get(agreement)?;
		let column = agreement.columns.get(usize::from(place))?;
		(column.root == leaf.root && column.state == ColumnState::Held).then_some(column.end)
	}
}
