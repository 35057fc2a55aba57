//! A provider's duty: its holdings, its cursor, and what becomes of each period.
use frame::prelude::*;
use peoples_cloud_primitives::{
	challenge,
	holdings::{Commitment, Leaf},
	resource::ResourceKind,
	traits::{Holdings, PeriodLedger, ProviderRecords, ProviderRegistry, ReputationSink},
	Balance, BlockNumber, Period,
};

use crate::{
	types::{Challenge, Outcome, PeriodState, ALL_PPM},
	Config, Duties, Duty, Error, Event, Pallet, Params, ProofParams, Snapshots, WeightInfo, CATCH_UP,
};

/// Proof bytes of a record that is removed, at the size that the benchmarks list for a duty.
const RECORD_PROOF_BYTES: u64 = 5_200;

impl<T: Config> Pallet<T> {
	/// The holdings as they stood before the slot of an unresolved period whose slot has come.
	pub(crate) fn holdings_as_of(
		provider: &T::AccountId,
		duty: &Duty,
		period: Period,
		last_fixed: Period,
	) -> Commitment {
		// `append` keeps the distance below `MaxOpen`; snapshots lie nowhere else.
		(period..=last_fixed)
			.take(T::MaxOpen::get().saturated_into())
			.find_map(|at| Snapshots::<T>::get(provider, at))
			.unwrap_or_else(|| duty.holdings.clone())
	}

	/// Where a period at or after the cursor stands at block `now`.
	pub(crate) fn state_of(
		provider: &T::AccountId,
		duty: &Duty,
		period: Period,
		params: &ProofParams,
		now: BlockNumber,
	) -> PeriodState {
		let Some(slot) = Self::slot_of(provider, period, params.period_blocks).filter(|slot| *slot < now) else {
			return PeriodState::Ahead;
		};
		let Some(last_fixed) = Self::last_fixed(provider, now, params.period_blocks) else {
			return PeriodState::Ahead;
		};
		let holdings = Self::holdings_as_of(provider, duty, period, last_fixed);
		if holdings.total_chunks() == 0 {
			return PeriodState::Excused;
		}
		let Some(fixed) = Self::seed_of(slot) else { return PeriodState::Excused };
		let Some(randomness) = fixed.seed else { return PeriodState::Excused };
		let roomy = Self::seed_of(now.saturating_sub(1)).map_or(fixed.roomy, |seed| seed.roomy);
		let (window_blocks, challenges) = Self::rules_of(slot, params);
		let blocks_left = window_blocks.saturating_sub(roomy.saturating_sub(fixed.roomy));
		if blocks_left == 0 {
			return PeriodState::Closed;
		}
		let seed = challenge::seed(&randomness, &provider.clone().into());
		PeriodState::Open(Challenge { slot_block: slot, challenges, seed, holdings, blocks_left })
	}

	/// Resolves up to `steps` periods before `until` whose time is over, missed ones only if `misses` says so.
	/// Answers how many steps were taken. The caller stores the duty.
	pub(crate) fn catch_up(
		provider: &T::AccountId,
		duty: &mut Duty,
		params: &ProofParams,
		until: Period,
		steps: u32,
		misses: bool,
	) -> u32 {
		let now = Self::now();
		let mut taken = 0u32;
		while taken < steps && !duty.terminated && duty.first_unresolved < until {
			if T::Ledger::is_idle(provider) {
				if Self::rest(provider, duty, params, now) {
					taken = taken.saturating_add(1);
				}
				break;
			}
			let outcome = match Self::state_of(provider, duty, duty.first_unresolved, params, now) {
				PeriodState::Excused => Outcome::Excused,
				PeriodState::Closed if misses => Outcome::Missed(None),
				_ => break,
			};
			Self::resolve(provider, duty, params, outcome);
			taken = taken.saturating_add(1);
		}
		taken
	}

	/// Moves the cursor of a provider that owes nothing to the first period whose slot is still to come, and forgets its
	/// misses: whatever it takes on next, it starts anew. Answers whether the cursor moved.
	fn rest(provider: &T::AccountId, duty: &mut Duty, params: &ProofParams, now: BlockNumber) -> bool {
		let from = duty.first_unresolved;
		let until = Self::first_ahead(provider, now, params.period_blocks);
		if until <= from {
			return false;
		}
		Self::forget_snapshots(provider);
		duty.first_unresolved = until;
		Self::deposit_event(Event::Rested { provider: provider.clone(), from, until });
		Self::end_streak(provider, duty);
		true
	}

	/// Resolves the period at the cursor and moves it on. The caller stores the duty.
	pub(crate) fn resolve(
		provider: &T::AccountId,
		duty: &mut Duty,
		params: &ProofParams,
		outcome: Outcome<T::AccountId>,
	) {
		let period = duty.first_unresolved;
		Snapshots::<T>::remove(provider, period);
		// Periods whose slot has come are far from the last: slots are block numbers.
		duty.first_unresolved = period.saturating_add(1);
		T::Ledger::on_period_resolved(provider, period, outcome == Outcome::Proven);
		match outcome {
			Outcome::Proven => {
				duty.proven = duty.proven.saturating_add(1);
				T::Reputation::note(provider, ResourceKind::Storage, 1, 0);
				Self::deposit_event(Event::Proven { provider: provider.clone(), period });
				Self::end_streak(provider, duty);
			},
			Outcome::Stale(released) => {
				Self::deposit_event(Event::Stale { provider: provider.clone(), period, released });
				Self::lengthen_streak(provider, duty, params);
			},
			Outcome::Excused => Self::deposit_event(Event::Excused { provider: provider.clone(), period }),
			Outcome::Missed(reporter) => Self::miss(provider, duty, params, period, reporter),
		}
	}

	/// A missed period's consequences.
	fn miss(
		provider: &T::AccountId,
		duty: &mut Duty,
		params: &ProofParams,
		period: Period,
		reporter: Option<T::AccountId>,
	) {
		// Nobody is rewarded for its own misses.
		let reporter = reporter.filter(|reporter| reporter != provider);
		let fine = Self::part(T::Registry::stake(provider), params.missed_slash_ppm);
		let slashed = match &reporter {
			Some(reporter) => T::Registry::slash(provider, fine, &[(reporter.clone(), params.reporter_share_ppm)]),
			None => T::Registry::slash(provider, fine, &[]),
		};
		T::Reputation::note(provider, ResourceKind::Storage, 0, 1);
		Self::deposit_event(Event::Missed { provider: provider.clone(), period, reporter, slashed });
		Self::lengthen_streak(provider, duty, params);
	}

	/// One more period in a row that was not proven: many suspend, more terminate.
	fn lengthen_streak(provider: &T::AccountId, duty: &mut Duty, params: &ProofParams) {
		duty.misses_in_row = duty.misses_in_row.saturating_add(1);
		if duty.misses_in_row >= params.terminate_after {
			duty.terminated = true;
			Self::forget_snapshots(provider);
			T::Registry::terminate(provider);
			T::Ledger::on_terminated(provider, duty.first_unresolved);
			Self::deposit_event(Event::Terminated { provider: provider.clone(), first_unpaid: duty.first_unresolved });
		} else if duty.misses_in_row >= params.suspend_after && T::Registry::suspend(provider) {
			Self::deposit_event(Event::Suspended { provider: provider.clone() });
		}
	}

	/// Ends a streak, and the suspension that came of it.
	fn end_streak(provider: &T::AccountId, duty: &mut Duty) {
		// Whatever the parameters are now: they may have been others when the streak led to a suspension.
		if duty.misses_in_row > 0 && T::Registry::reinstate(provider) {
			Self::deposit_event(Event::Reinstated { provider: provider.clone() });
		}
		duty.misses_in_row = 0;
	}

	/// Removes all snapshots of the provider.
	fn forget_snapshots(provider: &T::AccountId) {
		// There are never more than `MaxOpen`.
		let removed = Snapshots::<T>::clear_prefix(provider, T::MaxOpen::get(), None);
		defensive_assert!(removed.maybe_cursor.is_none(), "more snapshots than open periods");
	}

	/// Keeps the commitment aside for challenges that are fixed and unresolved, before it changes.
	fn keep_aside(provider: &T::AccountId, duty: &Duty, params: &ProofParams) -> DispatchResult {
		let Some(last_fixed) = Self::last_fixed(provider, Self::now(), params.period_blocks) else { return Ok(()) };
		let Some(distance) = last_fixed.checked_sub(duty.first_unresolved) else { return Ok(()) };
		ensure!(distance < T::MaxOpen::get(), Error::<T>::TooFarBehind);
		if !Snapshots::<T>::contains_key(provider, last_fixed) {
			Snapshots::<T>::insert(provider, last_fixed, &duty.holdings);
		}
		Ok(())
	}

	/// `ppm` parts per million of `amount`, rounded down.
	fn part(amount: Balance, ppm: u32) -> Balance {
		let (whole, all) = (Balance::from(ppm), Balance::from(ALL_PPM));
		// Exact and without overflow: the quotient and the remainder by a million apart.
		(amount / all).saturating_mul(whole).saturating_add((amount % all).saturating_mul(whole) / all)
	}
}

impl<T: Config> Holdings<T::AccountId> for Pallet<T> {
	fn current_period() -> Period {
		Self::period_now()
	}

	fn append(provider: &T::AccountId, leaf: &Leaf) -> Result<u64, DispatchError> {
		let params = Params::<T>::get();
		let mut duty = Duties::<T>::get(provider).unwrap_or_else(|| Duty {
			first_unresolved: Self::first_ahead(provider, Self::now(), params.period_blocks),
			..Duty::default()
		});
		ensure!(!duty.terminated, Error::<T>::ProviderTerminated);
		// Misses of the past wait for others to resolve them: an opening appends to many providers.
		if T::Ledger::is_idle(provider) {
			Self::rest(provider, &mut duty, &params, Self::now());
		}
		Self::keep_aside(provider, &duty, &params)?;
		let number = duty.holdings.append(leaf).map_err(|_| Error::<T>::HoldingsFull)?;
		Duties::<T>::insert(provider, &duty);
		Self::deposit_event(Event::LeafAppended { provider: provider.clone(), number, leaf: *leaf });
		Ok(number)
	}

	fn first_unresolved(provider: &T::AccountId) -> Period {
		Duties::<T>::get(provider).map_or_else(
			|| Self::first_ahead(provider, Self::now(), Params::<T>::get().period_blocks),
			|duty| duty.first_unresolved,
		)
	}

	fn advance(provider: &T::AccountId, until: Period) -> Period {
		let Some(mut duty) = Duties::<T>::get(provider) else { return Self::first_unresolved(provider) };
		if Self::catch_up(provider, &mut duty, &Params::<T>::get(), until, CATCH_UP, true) > 0 {
			Duties::<T>::insert(provider, &duty);
		}
		duty.first_unresolved
	}

	fn is_behind(provider: &T::AccountId) -> bool {
		let Some(duty) = Duties::<T>::get(provider).filter(|duty| !duty.terminated) else { return false };
		!T::Ledger::is_idle(provider)
			&& matches!(
				Self::state_of(provider, &duty, duty.first_unresolved, &Params::<T>::get(), Self::now()),
				PeriodState::Closed | PeriodState::Excused
			)
	}

	fn challenged_until(provider: &T::AccountId) -> Period {
		let ahead = Self::first_ahead(provider, Self::now(), Params::<T>::get().period_blocks);
		Duties::<T>::get(provider).map_or(ahead, |duty| duty.first_unresolved.max(ahead))
	}

	fn total_chunks(provider: &T::AccountId) -> u64 {
		Duties::<T>::get(provider).map_or(0, |duty| duty.holdings.total_chunks())
	}

	fn advance_weight() -> Weight {
		T::WeightInfo::advance(CATCH_UP)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn pass_periods(provider: &T::AccountId, periods: u32) {
		let params = Params::<T>::get();
		let Some(mut duty) = Duties::<T>::get(provider) else { return };
		for _ in 0..periods {
			let slot = Self::slot_of(provider, duty.first_unresolved, params.period_blocks).unwrap_or_default();
			let after = slot.saturating_add(1).max(Self::now());
			frame_system::Pallet::<T>::set_block_number(after.into());
			Self::resolve(provider, &mut duty, &params, Outcome::Proven);
		}
		Duties::<T>::insert(provider, &duty);
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn make_heavy(provider: &T::AccountId) {
		crate::benchmarking::make_heavy::<T>(provider);
	}
}

impl<T: Config> ProviderRecords<T::AccountId> for Pallet<T> {
	fn forget(provider: &T::AccountId) {
		Duties::<T>::remove(provider);
		Self::forget_snapshots(provider);
	}

	fn forget_weight() -> Weight {
		// The duty and all snapshots: each is found, and removed; and a last look for another one.
		let records = u64::from(T::MaxOpen::get()).saturating_add(1);
		T::DbWeight::get()
			.reads_writes(records, records)
			.saturating_add_proof_size(records.saturating_mul(RECORD_PROOF_BYTES))
	}
}
