//! Invariants.
use frame::prelude::*;

use crate::{BlockSeeds, Config, Duties, Pallet, Params, PreviousParams, Snapshots};

impl<T: Config> Pallet<T> {
	/// Checks what must always hold:
	///
	/// - the parameters fit together; those before them were changed in the past, and had periods of the same length;
	/// - a ring entry lies at its block's place and is not from the future, and the count of blocks with room grows by
	///   at most one a block;
	/// - a cursor is at most one period ahead of the present, and a commitment has one peak for each set bit of its leaves;
	/// - snapshots belong to a live duty, lie between its cursor and the last fixed challenge, less than
	///   [`Config::MaxOpen`] periods from the cursor, and grow with the periods up to the current holdings.
	#[cfg_attr(
		not(any(feature = "try-runtime", test)),
		doc = "Also compiled for std, so that the tests of other crates can ask."
	)]
	pub fn do_try_state() -> Result<(), DispatchError> {
		let params = Params::<T>::get();
		params.check::<T>().map_err(|_| DispatchError::Other("the proof parameters do not fit together"))?;
		let now = Self::now();
		if let Some((previous, until)) = PreviousParams::<T>::get() {
			ensure!(until <= now, "the parameters were changed in the future");
			ensure!(previous.period_blocks == params.period_blocks, "a period changed its length");
		}
		for (place, seed) in BlockSeeds::<T>::iter() {
			ensure!(place == seed.block % T::SeedRing::get(), "a block seed lies at another block's place");
			ensure!(seed.block <= now, "a block seed is from the future");
			let before = seed.block.checked_sub(1).and_then(Self::seed_of);
			ensure!(
				before.is_none_or(|before| seed.roomy.checked_sub(before.roomy).is_some_and(|more| more <= 1)),
				"the blocks with room are miscounted"
			);
		}
		for (provider, duty) in Duties::<T>::iter() {
			ensure!(duty.first_unresolved <= Self::period_now().saturating_add(1), "a cursor is ahead of the present");
			ensure!(
				duty.holdings.peaks().len() == usize::try_from(duty.holdings.leaves().count_ones()).unwrap_or_default(),
				"a commitment has another number of peaks than its leaves make"
			);
			let last_fixed = Self::last_fixed(&provider, now, params.period_blocks);
			let mut kept: alloc::vec::Vec<_> = Snapshots::<T>::iter_prefix(&provider).collect();
			kept.sort_by_key(|(period, _)| *period);
			ensure!(!duty.terminated || kept.is_empty(), "a terminated provider has snapshots");
			let mut leaves = 0;
			for (period, snapshot) in kept {
				ensure!(
					period.checked_sub(duty.first_unresolved).is_some_and(|distance| distance < T::MaxOpen::get()),
					"a snapshot lies before the cursor or too far behind it"
				);
				ensure!(last_fixed.is_some_and(|last| period <= last), "a snapshot is of a challenge not yet fixed");
				ensure!(
					leaves <= snapshot.leaves() && snapshot.leaves() < duty.holdings.leaves(),
					"snapshots do not grow up to the current holdings"
				);
				leaves = snapshot.leaves();
			}
		}
		for (provider, _, _) in Snapshots::<T>::iter() {
			ensure!(Duties::<T>::contains_key(&provider), "a snapshot has no duty");
		}
		Ok(())
	}
}
