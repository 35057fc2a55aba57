//! Lengths of slots, epochs and eras as values of genesis, so that one runtime blob serves every network.
//!
//! ## Terminology
//!
//! - **Slot**: the time in which at most one block is meant to be made.
//! - **Epoch**: the run of slots that shares one authority set and one randomness; a session lasts one epoch.
//! - **Era**: the run of sessions after which validators are elected anew and stakers are paid.
//!
//! ## Overview
//!
//! BABE and staking take these lengths as `Get` constants of their configurations. Here they are storage values that
//! genesis sets and that no call can change: changing a slot or an epoch on a running chain would stop block production,
//! and changing the others would change what stakers have agreed to.
//!
//! 1. A genesis preset names `slotMillis`, `epochSlots` and `eras`; what it leaves out is the production value.
//! 2. [`SlotDuration`], [`MinimumPeriod`] and [`EpochDuration`] hand them to BABE and to the timestamp;
//!    [`SessionsPerEra`], [`BondingDuration`] and [`SlashDeferDuration`] to staking; [`LiableSessions`] to all that
//!    reports offences.
//! 3. Clients learn them by the view functions `slot_millis`, `epoch_slots` and `eras`.
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
/// Sessions for which somebody can be liable at most: each is an entry of state, and of the proofs of whose a key was.
pub const MAX_LIABLE_SESSIONS: u32 = 1_000;

/// Eras for which stake can be liable at most: for longer the chain does not remember who was behind a validator.
pub const MAX_BONDING_ERAS: u32 = 84;

/// How sessions make eras, and for how long stake is liable.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	frame::derive::Serialize,
	frame::derive::Deserialize,
)]
#[serde(crate = "frame::derive::serde", rename_all = "camelCase", deny_unknown_fields)]
pub struct Eras {
	/// Sessions in an era.
	pub sessions: u32,
	/// Eras that stake stays bonded after its owner asked for it back, and in which it can be slashed for what was done
	/// before.
	pub bonding: u32,
}

impl Default for Eras {
	/// Production's: eras of a day, 28 days of liability.
	fn default() -> Self {
		Self { sessions: 6, bonding: 28 }
	}
}

impl Eras {
	/// Why genesis refuses them.
	fn check(&self) -> Result<(), &'static str> {
		if self.sessions == 0 || self.bonding == 0 {
			return Err("clock.eras: an era needs a session, and bonding an era");
		}
		if self.bonding > MAX_BONDING_ERAS {
			return Err("clock.eras.bonding must be at most 84");
		}
		match self.sessions.checked_mul(self.bonding) {
			Some(sessions) if sessions <= MAX_LIABLE_SESSIONS => Ok(()),
			_ => Err("clock.eras: sessions times bonding must be at most 1,000"),
		}
	}
}

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

	/// How sessions make eras.
	#[pallet::storage]
	pub type EraLengths<T> = StorageValue<_, Eras, ValueQuery>;

	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// A slot's length in milliseconds.
		pub slot_millis: u64,
		/// An epoch's length in slots.
		pub epoch_slots: u64,
		/// How sessions make eras.
		pub eras: Eras,
		#[serde(skip)]
		#[doc(hidden)]
		pub _config: PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self {
				slot_millis: DEFAULT_SLOT_MILLIS,
				epoch_slots: DEFAULT_EPOCH_SLOTS,
				eras: Eras::default(),
				_config: PhantomData,
			}
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
			if let Err(reason) = self.eras.check() {
				panic!("{reason}");
			}
			SlotMillis::<T>::put(self.slot_millis);
			EpochSlots::<T>::put(self.epoch_slots);
			EraLengths::<T>::put(self.eras);
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

		/// How sessions make eras.
		pub fn eras() -> Eras {
			EraLengths::<T>::get()
		}
	}
}

impl<T: Config> Pallet<T> {
	/// What must hold after every block: all lengths are such as genesis may give.
	#[cfg(any(feature = "try-runtime", test))]
	pub(crate) fn do_try_state() -> Result<(), DispatchError> {
		let slot_millis = SlotMillis::<T>::get();
		ensure!(
			(MIN_SLOT_MILLIS..=MAX_SLOT_MILLIS).contains(&slot_millis) && slot_millis.is_multiple_of(2),
			"clock: the slot's length is out of bounds"
		);
		ensure!(EpochSlots::<T>::get() >= MIN_EPOCH_SLOTS, "clock: the epoch is too short");
		EraLengths::<T>::get().check()?;
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

/// Sessions in an era.
#[derive(Debug)]
pub struct SessionsPerEra<T>(PhantomData<T>);

impl<T: Config> Get<u32> for SessionsPerEra<T> {
	fn get() -> u32 {
		EraLengths::<T>::get().sessions
	}
}

/// Eras that stake stays bonded after its owner asked for it back.
#[derive(Debug)]
pub struct BondingDuration<T>(PhantomData<T>);

impl<T: Config> Get<u32> for BondingDuration<T> {
	fn get() -> u32 {
		EraLengths::<T>::get().bonding
	}
}

/// Eras between an offence and its slash, in which governance can cancel it: all that stake is liable for but the last.
/// Reports that come later than this after the offence would never slash anybody.
#[derive(Debug)]
pub struct SlashDeferDuration<T>(PhantomData<T>);

impl<T: Config> Get<u32> for SlashDeferDuration<T> {
	fn get() -> u32 {
		EraLengths::<T>::get().bonding.saturating_sub(1)
	}
}

/// Sessions for which a validator can be reported, at most [`MAX_LIABLE_SESSIONS`].
#[derive(Debug)]
pub struct LiableSessions<T>(PhantomData<T>);

impl<T: Config> Get<u32> for LiableSessions<T> {
	fn get() -> u32 {
		let eras = EraLengths::<T>::get();
		eras.sessions.saturating_mul(eras.bonding)
	}
}

impl<T: Config> Get<u64> for LiableSessions<T> {
	fn get() -> u64 {
		<Self as Get<u32>>::get().into()
	}
}

/// Slots for which a report of an offence stays valid.
#[derive(Debug)]
pub struct ReportLongevity<T>(PhantomData<T>);

impl<T: Config> Get<u64> for ReportLongevity<T> {
	fn get() -> u64 {
		<LiableSessions<T> as Get<u64>>::get().saturating_mul(EpochSlots::<T>::get())
	}
}
