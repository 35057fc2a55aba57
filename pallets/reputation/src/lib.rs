//! # Reputation
//!
//! Evidence in, score out: how well each provider does each service.
//!
//! ## Terminology
//!
//! - **Evidence**: something that the chain itself saw a provider do well or badly: a proof made or missed, a column
//!   declared lost.
//! - **Half-life**: the number of blocks in which evidence loses half its weight.
//! - **Score**: the expected share of work done well, in parts per million.
//!
//! ## Overview
//!
//! Other pallets note evidence by the [`ReputationSink`] trait; nobody can do so by a transaction. Each provider has
//! one record a service: two sums, and the block up to which they have decayed. Noting and reading cost the same
//! however old or full the record is. Records go when a provider has left.
//!
//! The score is the mean of a beta distribution, `(good + 1) / (good + bad + 2)`: an unknown provider scores one half,
//! and one that was never bad comes near one only with much evidence. Beside the score stands how much evidence is
//! behind it. Score and evidence inform whoever chooses providers; by themselves they forbid nothing.
//!
//! ### Scenario
//!
//! 1. A new provider scores 500,000 ppm on no evidence.
//! 2. It makes eight proofs: 900,000 ppm on eight pieces.
//! 3. It misses one: 818,181 ppm on nine.
//! 4. A half-life later, with nothing new: 727,272 ppm on four pieces and a half, which reads as four.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(clippy::panic, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "tests"))]
#![warn(missing_docs)]

use frame::prelude::*;
use peoples_cloud_primitives::{
	resource::ResourceKind,
	traits::{ProviderRecords, ReputationSink},
	BlockNumber,
};

pub use pallet::*;
pub use types::{Record, Score};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod decay;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

/// Two weeks of 6 s blocks: a bad day is forgiven in a month or two, a bad month is not.
pub const DEFAULT_HALF_LIFE: BlockNumber = 201_600;

/// Proof bytes of a record that is removed, at the size that the benchmarks of others list for it.
const RECORD_PROOF_BYTES: u64 = 2_600;

/// Ten years of 6 s blocks: whoever was bad when it was young is not so for ever.
pub const MAX_HALF_LIFE: BlockNumber = 52_596_000;

#[frame::pallet]
#[allow(missing_debug_implementations, clippy::expect_used, reason = "FRAME generates code without and with them")]
pub mod pallet {
	use super::*;

	/// Version of what is stored.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	/// The reputation.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the reputation needs of the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Who may change the half-life.
		type ParamsOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// What the calls cost.
		type WeightInfo: WeightInfo;
	}

	/// The half-life of a chain that never set one.
	#[pallet::type_value]
	pub fn DefaultHalfLife() -> BlockNumber {
		DEFAULT_HALF_LIFE
	}

	/// Blocks in which evidence loses half its weight.
	#[pallet::storage]
	pub type HalfLife<T> = StorageValue<_, BlockNumber, ValueQuery, DefaultHalfLife>;

	/// The evidence about each service of each provider, as long as it is registered.
	// Hasher: resource kinds are few and fixed, so no one can choose colliding ones.
	#[pallet::storage]
	pub type Records<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, ResourceKind, Record, ValueQuery>;

	/// What changed.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// Evidence about a provider came in.
		#[codec(index = 0)]
		EvidenceNoted {
			/// About whom.
			provider: T::AccountId,
			/// About which service.
			kind: ResourceKind,
			/// Pieces for the provider.
			good: u32,
			/// Pieces against it.
			bad: u32,
			/// The score that follows, in parts per million.
			ppm: u32,
		},
		/// Evidence decays at another pace from now on.
		#[codec(index = 1)]
		HalfLifeSet {
			/// The new half-life.
			blocks: BlockNumber,
		},
	}

	/// Why a change was refused.
	#[pallet::error]
	pub enum Error<T> {
		/// Evidence must live for a block at least.
		#[codec(index = 0)]
		HalfLifeZero,
		/// Evidence must be forgotten some day: its half-life is ten years of 6 s blocks at most.
		#[codec(index = 1)]
		HalfLifeTooLong,
	}

	/// How fast evidence decays.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// Blocks in which evidence loses half its weight; at least 1.
		pub half_life: BlockNumber,
		#[serde(skip)]
		#[doc(hidden)]
		pub _config: core::marker::PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self { half_life: DEFAULT_HALF_LIFE, _config: core::marker::PhantomData }
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(
				(1..=MAX_HALF_LIFE).contains(&self.half_life),
				"reputation.halfLife must be at least 1, and {MAX_HALF_LIFE} at most"
			);
			HalfLife::<T>::put(self.half_life);
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// How well `provider` does `kind` of work as of this block.
		pub fn score(provider: T::AccountId, kind: ResourceKind) -> Score {
			Self::record_now(&provider, kind).score()
		}

		/// Blocks in which evidence loses half its weight.
		pub fn half_life() -> BlockNumber {
			HalfLife::<T>::get()
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), frame::try_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Sets the half-life. What has not decayed since a record's last change decays at the new pace too.
		///
		/// Origin: [`Config::ParamsOrigin`]. Errors: [`Error::HalfLifeZero`], [`Error::HalfLifeTooLong`]. Event: [`Event::HalfLifeSet`].
		#[pallet::call_index(0)]
		pub fn set_half_life(origin: OriginFor<T>, blocks: BlockNumber) -> DispatchResult {
			T::ParamsOrigin::ensure_origin(origin)?;
			ensure!(blocks > 0, Error::<T>::HalfLifeZero);
			ensure!(blocks <= MAX_HALF_LIFE, Error::<T>::HalfLifeTooLong);
			HalfLife::<T>::put(blocks);
			Self::deposit_event(Event::HalfLifeSet { blocks });
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The current block's number.
	fn now() -> BlockNumber {
		// The runtime's block numbers are u32.
		frame_system::Pallet::<T>::block_number().saturated_into()
	}

	/// A record decayed up to now.
	fn record_now(provider: &T::AccountId, kind: ResourceKind) -> Record {
		Records::<T>::get(provider, kind).at(Self::now(), HalfLife::<T>::get())
	}

	/// Checks that
	///
	/// 1. the half-life is at least one block, and at most what it may be set to;
	/// 2. no record was changed in the future.
	///
	/// Also compiled for std, so that the tests of other crates can ask.
	#[cfg(any(feature = "try-runtime", feature = "std", test))]
	pub fn do_try_state() -> Result<(), DispatchError> {
		ensure!((1..=MAX_HALF_LIFE).contains(&HalfLife::<T>::get()), "reputation: the half-life is out of its bounds");
		let now = Self::now();
		ensure!(
			Records::<T>::iter_values().all(|record| record.updated <= now),
			"reputation: a record comes from the future"
		);
		Ok(())
	}
}

impl<T: Config> ReputationSink<T::AccountId> for Pallet<T> {
	fn note(provider: &T::AccountId, kind: ResourceKind, good: u32, bad: u32) {
		if good == 0 && bad == 0 {
			return;
		}
		let record = Self::record_now(provider, kind).with(good, bad);
		Records::<T>::insert(provider, kind, record);
		let ppm = record.score().ppm;
		Self::deposit_event(Event::EvidenceNoted { provider: provider.clone(), kind, good, bad, ppm });
	}
}

impl<T: Config> ProviderRecords<T::AccountId> for Pallet<T> {
	fn forget(provider: &T::AccountId) {
		for kind in ResourceKind::ALL {
			Records::<T>::remove(provider, kind);
		}
	}

	fn forget_weight() -> Weight {
		let records = ResourceKind::ALL.len() as u64;
		T::DbWeight::get().writes(records).saturating_add_proof_size(records.saturating_mul(RECORD_PROOF_BYTES))
	}
}
