//! What the calls do: prove, report, advance, remove, set parameters.
use frame::prelude::*;
use peoples_cloud_primitives::{
	holdings::{HoldingsError, Leaf, Node},
	storage_proof::{self, Content, ProofError, StorageProof},
	traits::{PeriodLedger, ProviderRegistry},
	Period,
};

use crate::{
	types::{Outcome, PeriodState},
	Config, Duties, Duty, Error, Event, Pallet, Params, PreviousParams, ProofParams, WeightInfo, CATCH_UP,
};

/// Proof bytes of a look whether a map is empty, at the size of an agreement, the largest entry there is.
const LOOK_BYTES: u64 = 12_000;

impl<T: Config> Pallet<T> {
	/// See [`Call::prove`](crate::Call::prove). Answers how many other periods were resolved on the way.
	pub(crate) fn do_prove(
		provider: &T::AccountId,
		period: Period,
		proof: &StorageProof,
	) -> Result<u32, DispatchError> {
		let params = Params::<T>::get();
		let mut duty = Self::live_duty(provider)?;
		let steps = Self::catch_up(provider, &mut duty, &params, period, CATCH_UP, true);
		ensure!(!duty.terminated, Error::<T>::ProviderTerminated);
		ensure!(duty.first_unresolved == period, Error::<T>::NotFirstUnresolved);
		// A provider that owes nothing is not challenged, whatever leaves it has not removed yet.
		ensure!(!T::Ledger::is_idle(provider), Error::<T>::PeriodExcused);
		let challenge = match Self::state_of(provider, &duty, period, &params, Self::now()) {
			PeriodState::Open(challenge) => challenge,
			PeriodState::Ahead => return Err(Error::<T>::NotChallengedYet.into()),
			PeriodState::Closed => return Err(Error::<T>::WindowClosed.into()),
			PeriodState::Excused => return Err(Error::<T>::PeriodExcused.into()),
		};
		// Its slot has come, so the period has begun: what is released as of it stays so.
		let is_released = |leaf: &Leaf| T::Ledger::is_released(provider, leaf, period);
		let released =
			storage_proof::verify(&challenge.holdings, &challenge.seed, challenge.challenges, proof, is_released)
				.map_err(|error| match error {
					ProofError::WrongCount => Error::<T>::WrongCount,
					ProofError::WrongLeaf => Error::<T>::WrongLeaf,
					ProofError::WrongChunk => Error::<T>::WrongChunk,
					ProofError::NotReleased => Error::<T>::NotReleased,
				})?;
		let stale = storage_proof::is_stale(released, challenge.challenges);
		let outcome = if stale { Outcome::Stale(released) } else { Outcome::Proven };
		Self::resolve(provider, &mut duty, &params, outcome);
		Duties::<T>::insert(provider, &duty);
		Ok(steps)
	}

	/// See [`Call::report_missed`](crate::Call::report_missed).
	pub(crate) fn do_report_missed(provider: &T::AccountId, period: Period, reporter: T::AccountId) -> DispatchResult {
		let params = Params::<T>::get();
		let mut duty = Self::live_duty(provider)?;
		// Excused periods only: whoever reports an earlier miss is to be rewarded for it.
		Self::catch_up(provider, &mut duty, &params, period, CATCH_UP, false);
		ensure!(duty.first_unresolved == period, Error::<T>::NotFirstUnresolved);
		ensure!(!T::Ledger::is_idle(provider), Error::<T>::PeriodExcused);
		match Self::state_of(provider, &duty, period, &params, Self::now()) {
			PeriodState::Closed => {},
			PeriodState::Open(_) => return Err(Error::<T>::WindowOpen.into()),
			PeriodState::Ahead => return Err(Error::<T>::NotChallengedYet.into()),
			PeriodState::Excused => return Err(Error::<T>::PeriodExcused.into()),
		}
		Self::resolve(provider, &mut duty, &params, Outcome::Missed(Some(reporter)));
		Duties::<T>::insert(provider, &duty);
		Ok(())
	}

	/// See [`Call::advance`](crate::Call::advance). Answers how many periods were resolved.
	pub(crate) fn do_advance(provider: &T::AccountId) -> Result<u32, DispatchError> {
		let mut duty = Self::live_duty(provider)?;
		let most = T::MaxAdvance::get();
		let steps = Self::catch_up(provider, &mut duty, &Params::<T>::get(), Period::MAX, most, true);
		ensure!(steps > 0, Error::<T>::NothingToAdvance);
		Duties::<T>::insert(provider, &duty);
		Ok(steps)
	}

	/// See [`Call::remove_leaf`](crate::Call::remove_leaf). Answers how many periods were resolved on the way.
	pub(crate) fn do_remove_leaf(
		provider: &T::AccountId,
		number: u64,
		leaf: &Leaf,
		path: &[Node],
	) -> Result<u32, DispatchError> {
		let params = Params::<T>::get();
		let mut duty = Self::live_duty(provider)?;
		let steps = Self::catch_up(provider, &mut duty, &params, Period::MAX, CATCH_UP, true);
		ensure!(!duty.terminated, Error::<T>::ProviderTerminated);
		// While a challenge is fixed, the leaves stay as they are, so that the tree it is about is a prefix of today's.
		let fixed = Self::last_fixed(provider, Self::now(), params.period_blocks);
		ensure!(fixed.is_none_or(|last| last < duty.first_unresolved), Error::<T>::ChallengePending);
		// A provider that has proven the current period stands at the next one. The current one counts all the same: until
		// it is over, an agreement that ends with it may be extended, and its column must be in the commitment then.
		let as_of = duty.first_unresolved.min(Self::period_now());
		ensure!(T::Ledger::is_released(provider, leaf, as_of), Error::<T>::LeafOwed);
		duty.holdings.remove(number, leaf, path).map_err(|error| match error {
			HoldingsError::UnknownLeaf => Error::<T>::UnknownLeaf,
			HoldingsError::WrongPath => Error::<T>::WrongPath,
			HoldingsError::Overflow => Error::<T>::HoldingsFull,
		})?;
		Duties::<T>::insert(provider, &duty);
		Self::deposit_event(Event::LeafRemoved { provider: provider.clone(), number });
		Ok(steps)
	}

	/// See [`Call::set_params`](crate::Call::set_params).
	pub(crate) fn do_set_params(params: ProofParams) -> DispatchResult {
		params.check::<T>()?;
		let before = Params::<T>::get();
		if params.period_blocks != before.period_blocks {
			ensure!(T::Registry::is_unused() && T::Ledger::is_unused(), Error::<T>::PeriodLengthFixed);
			// Nobody was challenged by the former rules.
			PreviousParams::<T>::kill();
		} else if (params.window_blocks, params.challenges) != (before.window_blocks, before.challenges) {
			let now = Self::now();
			// One set of former rules is enough: of what was fixed before the last change the ring knows nothing any more.
			let forgotten =
				PreviousParams::<T>::get().is_none_or(|(_, until)| until.saturating_add(T::SeedRing::get()) < now);
			ensure!(forgotten, Error::<T>::ChangedRecently);
			PreviousParams::<T>::put((before, now));
		}
		Params::<T>::put(&params);
		Self::deposit_event(Event::ParamsSet { params });
		Ok(())
	}

	/// What a `prove` with this proof weighs when it resolves `steps` other periods on the way.
	pub(crate) fn prove_weight(proof: &StorageProof, steps: u32) -> Weight {
		let StorageProof::V1(answers) = proof;
		let (nodes, released) = answers.iter().fold((0usize, 0u64), |(nodes, released), answer| {
			let (column, claim) = match &answer.content {
				Content::Chunk { path, .. } => (path.len(), 0),
				Content::Released => (0, 1),
			};
			(nodes.saturating_add(answer.leaf_path.len()).saturating_add(column), released.saturating_add(claim))
		});
		T::WeightInfo::prove(answers.len().saturated_into())
			.saturating_add(T::WeightInfo::path_nodes(nodes.saturated_into()))
			.saturating_add(T::Ledger::is_released_weight().saturating_mul(released))
			.saturating_add(Self::steps_weight(steps))
	}

	/// What a `remove_leaf` with a path of so many nodes weighs when it resolves `steps` periods on the way.
	pub(crate) fn remove_leaf_weight(nodes: usize, steps: u32) -> Weight {
		T::WeightInfo::remove_leaf(nodes.saturated_into())
			.saturating_add(T::Ledger::is_released_weight())
			.saturating_add(Self::steps_weight(steps))
	}

	/// What a change of the parameters weighs.
	pub(crate) fn set_params_weight() -> Weight {
		// Beside what is measured, it may look for a provider and for an agreement.
		T::WeightInfo::set_params()
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(Weight::from_parts(0, LOOK_BYTES.saturating_mul(2)))
	}

	fn steps_weight(steps: u32) -> Weight {
		if steps == 0 {
			Weight::zero()
		} else {
			T::WeightInfo::advance(steps)
		}
	}

	fn live_duty(provider: &T::AccountId) -> Result<Duty, DispatchError> {
		let duty = Duties::<T>::get(provider).ok_or(Error::<T>::NoDuty)?;
		ensure!(!duty.terminated, Error::<T>::ProviderTerminated);
		Ok(duty)
	}
}
