//! What clients read. A view is asked on the state after a block, for what will hold in the next one.
use frame::prelude::*;
use peoples_cloud_primitives::{holdings::Commitment, traits::PeriodLedger, BlockNumber, Period};

use crate::{types::PeriodState, ChallengeView, Config, Duties, DutyView, Pallet, Params, CATCH_UP};

impl<T: Config> Pallet<T> {
	/// The block that a transaction sent now can get into: the next one, once the current one is finalised.
	fn next_block() -> BlockNumber {
		let now = Self::now();
		if Self::seed_of(now).is_some() {
			now.saturating_add(1)
		} else {
			now
		}
	}

	/// See the view function `duty`.
	pub(crate) fn view_duty(provider: &T::AccountId) -> Option<DutyView> {
		let duty = Duties::<T>::get(provider)?;
		let params = Params::<T>::get();
		let idle = T::Ledger::is_idle(provider);
		let mut challenge: Option<ChallengeView> = None;
		let (mut over, mut reportable) = (0u32, false);
		let mut misses = duty.misses_in_row;
		if !idle && !duty.terminated {
			let now = Self::next_block();
			// As far as `prove` catches up on its own.
			for period in (duty.first_unresolved..=Period::MAX).take(CATCH_UP.saturating_add(1).saturated_into()) {
				// Once those before are resolved, it may owe nothing any more: then it is not challenged.
				if T::Ledger::is_idle_from(provider, period) {
					break;
				}
				match Self::state_of(provider, &duty, period, &params, now) {
					PeriodState::Open(open) => match &mut challenge {
						None => {
							challenge = Some(ChallengeView {
								period,
								slot_block: open.slot_block,
								seed: open.seed,
								challenges: open.challenges,
								holdings: open.holdings,
								blocks_left: open.blocks_left,
							});
						},
						// Answers go in order: this one waits for the first, and its window may be the shorter one.
						Some(first) => first.blocks_left = first.blocks_left.min(open.blocks_left),
					},
					PeriodState::Closed | PeriodState::Excused if challenge.is_some() => {},
					PeriodState::Closed => {
						reportable |= period == duty.first_unresolved;
						over = over.saturating_add(1);
						misses = misses.saturating_add(1);
						if misses >= params.terminate_after {
							break;
						}
					},
					PeriodState::Excused => over = over.saturating_add(1),
					PeriodState::Ahead => break,
				}
			}
		}
		Some(DutyView {
			first_unresolved: duty.first_unresolved,
			slot_block: Self::slot_of(provider, duty.first_unresolved, params.period_blocks)
				.unwrap_or(BlockNumber::MAX),
			holdings: duty.holdings,
			misses_in_row: duty.misses_in_row,
			proven: duty.proven,
			terminated: duty.terminated,
			idle,
			challenge,
			overdue: over > 0,
			reportable,
			behind: over > CATCH_UP,
		})
	}

	/// See the view function `commitment_at`.
	pub(crate) fn view_commitment_at(provider: &T::AccountId, period: Period) -> Option<Commitment> {
		let duty = Duties::<T>::get(provider).filter(|duty| !duty.terminated && period >= duty.first_unresolved)?;
		let last_fixed = Self::last_fixed(provider, Self::now(), Params::<T>::get().period_blocks)?;
		(period <= last_fixed).then(|| Self::holdings_as_of(provider, &duty, period, last_fixed))
	}
}
