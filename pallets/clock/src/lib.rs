//! Slot and epoch length as values of genesis, so that one runtime blob serves every network.
//!
//! ## Terminology
//!
//! - **Slot**: the time in which at most one block is meant to be made.
//! - **Epoch**: the run of slots that shares one authority set and one randomness; a session lasts one epoch.
//!
//! ## Overview
//!
//! BABE takes both lengths as `Get` constants of its configuration. Here they are two storage values that genesis sets
//! and that no call can change: changing either on a running chain would stop block production.
//!
//! 1. A genesis preset names `slotMillis` and `epochSlots`; what it leaves out is the production value.
//! 2. [`SlotDuration`], [`MinimumPeriod`] and [`EpochDuration`] hand them to BABE and to the timestamp.
//! 3. Clients learn them by the view functions `slot_millis` and `epoch_slots`.
#![cfg_attr(not(feature = "std"), no_std)]

use core::marker::PhantomData;
use frame::{prelude::*, traits::Get};

pub use pallet::*;

#[cfg(test)]
mod tests;

/// Production's slot, in milliseconds.
pub const DEFAULT_SLOT_MILLIS: u64 = 6_000;
/// Production's epoch: 4 hours of 6 s slots, long enough that a session's change is a rare cost.
pub const DEFAULT_EPOCH_SLOTS: u64 = 2_400;
/// Shorter slots leave no time to execute, send and import a block.
pub const MIN_SLOT_MILLIS: u64 = 500;
/// Longer slots are a mistake in the preset, seconds mixed up with milliseconds for one.
pub const MAX_SLOT_MILLIS: u64 = 60_000;
/// Epochs need room for a few blocks, or a missed slot skips a whole epoch.
pub const MIN_EPOCH_SLOTS: u64 = 5;

#[frame::pallet]
pub mod pallet {
	use super::*;

	/// Version of what is stored.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	#[pallet::type_value]
	pub fn DefaultSlotMillis() -> u64 {
		DEFAULT_SLOT_MILLIS
	}

	#[pallet::type_value]
	pub fn DefaultEpochSlots() -> u64 {
		DEFAULT_EPOCH_SLOTS
	}

	/// A slot's length in milliseconds: always even, since the least time between two blocks is half of it.
	#[pallet::storage]
	pub type SlotMillis<T> = StorageValue<_, u64, ValueQuery, DefaultSlotMillis>;

	/// An epoch's length in slots.
	#[pallet::storage]
	pub type EpochSlots<T> = StorageValue<_, u64, ValueQuery, DefaultEpochSlots>;

	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// A slot's length in milliseconds.
		pub slot_millis: u64,
		/// An epoch's length in slots.
		pub epoch_slots: u64,
		#[serde(skip)]
		#[doc(hidden)]
		pub _config: PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self { slot_millis: DEFAULT_SLOT_MILLIS, epoch_slots: DEFAULT_EPOCH_SLOTS, _config: PhantomData }
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(
				(MIN_SLOT_MILLIS..=MAX_SLOT_MILLIS).contains(&self.slot_millis),
				"clock.slotMillis must be between {MIN_SLOT_MILLIS} and {MAX_SLOT_MILLIS}"
			);
			assert!(self.slot_millis.is_multiple_of(2), "clock.slotMillis must be even");
			assert!(self.epoch_slots >= MIN_EPOCH_SLOTS, "clock.epochSlots must be at least {MIN_EPOCH_SLOTS}");
			SlotMillis::<T>::put(self.slot_millis);
			EpochSlots::<T>::put(self.epoch_slots);
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), frame::try_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// A slot's length in milliseconds.
		pub fn slot_millis() -> u64 {
			SlotMillis::<T>::get()
		}

		/// An epoch's length in slots.
		pub fn epoch_slots() -> u64 {
			EpochSlots::<T>::get()
		}
	}
}

impl<T: Config> Pallet<T> {
	/// What must hold after every block: slot and epoch have the lengths that genesis may give them.
	#[cfg(any(feature = "try-runtime", test))]
	pub(crate) fn do_try_state() -> Result<(), DispatchError> {
		let slot_millis = SlotMillis::<T>::get();
		ensure!(
			(MIN_SLOT_MILLIS..=MAX_SLOT_MILLIS).contains(&slot_millis) && slot_millis.is_multiple_of(2),
			"clock: the slot's length is out of bounds"
		);
		ensure!(EpochSlots::<T>::get() >= MIN_EPOCH_SLOTS, "clock: the epoch is too short");
		Ok(())
	}
}

/// BABE's slot length in milliseconds.
#[derive(Debug)]
pub struct SlotDuration<T>(PhantomData<T>);

impl<T: Config> Get<u64> for SlotDuration<T> {
	fn get() -> u64 {
		SlotMillis::<T>::get()
	}
}

/// The least time between two blocks in milliseconds: half a slot, from which BABE derives the slot length again.
#[derive(Debug)]
pub struct MinimumPeriod<T>(PhantomData<T>);

impl<T: Config> Get<u64> for MinimumPeriod<T> {
	fn get() -> u64 {
		SlotMillis::<T>::get() / 2
	}
}

/// BABE's epoch length in slots.
#[derive(Debug)]
pub struct EpochDuration<T>(PhantomData<T>);

impl<T: Config> Get<u64> for EpochDuration<T> {
	fn get() -> u64 {
		EpochSlots::<T>::get()
	}
}
