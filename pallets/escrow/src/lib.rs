//! # Escrow
//!
//! Whose money is locked for what: one pot, and an exact account of it.
//!
//! ## Terminology
//!
//! - **Pot**: the pallet's own account, where all money of open agreements and all unpaid earnings lie.
//! - **Lock**: a client's money for one agreement.
//! - **Credit**: turning locked money into a provider's earnings.
//! - **Earnings**: money in the pot that an account may withdraw at any time.
//!
//! ## Overview
//!
//! The pallet knows nothing of terms, rates or proofs. Other pallets drive it by the
//! [`Escrow`](peoples_cloud_primitives::traits::Escrow) trait; its one call lets accounts take out what they earned.
//! Crediting costs the same however many agreements a credit comes from, since credits are not assigned to locks: the
//! market counts proven periods, and says at an agreement's end how much of its lock is left.
//!
//! Nothing is minted or burnt after genesis, and the pot always covers what is locked and earned. Genesis gives the pot
//! the existential deposit, so that it outlives times when nothing is locked; in the runtime this pallet must therefore
//! come **after** the balances.
//!
//! ### Scenario
//!
//! 1. A client opens an agreement for 100: `lock` moves 100 from its account into the pot.
//! 2. The provider proves two periods at a rate of 10: `credit` twice; 80 are locked, 20 are earned.
//! 3. The provider calls [`withdraw`](Call::withdraw) and has its 20.
//! 4. The agreement ends: `close` pays the remaining 80 back to the client. Had the client's account been reaped
//!    and were the refund too small to bring it back, it would wait among the earnings until the client withdraws it.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(clippy::indexing_slicing, clippy::panic, clippy::expect_used)]
#![cfg_attr(
	test,
	allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, reason = "tests")
)]
#![warn(missing_docs)]

use frame::prelude::*;
use peoples_cloud_primitives::{AgreementId, Balance};

pub use pallet::*;
pub use types::{Lock, Totals};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod funding;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", feature = "std", test))]
mod try_state;
mod types;
pub mod weights;

#[frame::pallet]
#[allow(missing_debug_implementations, clippy::expect_used, reason = "FRAME generates code without and with them")]
pub mod pallet {
	use super::*;
	use frame::token::fungible::{Inspect, Mutate};

	/// Version of what is stored.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	/// The escrow.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the escrow needs of the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The money.
		type Currency: Inspect<Self::AccountId, Balance = Balance> + Mutate<Self::AccountId>;
		/// Names the pot's account.
		#[pallet::constant]
		type PalletId: Get<PalletId>;
		/// What the calls cost.
		type WeightInfo: WeightInfo;
	}

	/// The money of each open agreement.
	// Hasher: agreement numbers are given out by the chain in order, so no one can choose them.
	#[pallet::storage]
	pub type Locks<T: Config> = StorageMap<_, Twox64Concat, AgreementId, Lock<T::AccountId>>;

	/// What each account may withdraw; no entry means nothing.
	#[pallet::storage]
	pub type Earnings<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

	/// Locked in all, and not yet credited.
	#[pallet::storage]
	pub type TotalLocked<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// Sum of the earnings.
	#[pallet::storage]
	pub type TotalEarned<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// What happened to money.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A client's money was locked for a new agreement.
		#[codec(index = 0)]
		Locked {
			/// For what.
			agreement: AgreementId,
			/// Who paid.
			client: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// More was locked for an agreement.
		#[codec(index = 1)]
		ToppedUp {
			/// For what.
			agreement: AgreementId,
			/// Who paid.
			client: T::AccountId,
			/// How much more.
			amount: Balance,
		},
		/// Locked money became a provider's.
		#[codec(index = 2)]
		Credited {
			/// Whose it is now.
			provider: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// Locked money was paid back to the client.
		#[codec(index = 3)]
		Refunded {
			/// From which lock.
			agreement: AgreementId,
			/// To whom.
			client: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// Locked money is the client's again, and waits for it among the earnings: its account could not take it.
		#[codec(index = 4)]
		RefundKept {
			/// From which lock.
			agreement: AgreementId,
			/// For whom.
			client: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// An agreement's lock is gone.
		#[codec(index = 5)]
		Closed {
			/// Which agreement.
			agreement: AgreementId,
		},
		/// An account took its earnings out.
		#[codec(index = 6)]
		Withdrawn {
			/// Who.
			account: T::AccountId,
			/// How much.
			amount: Balance,
		},
	}

	/// Why money was not moved.
	#[pallet::error]
	pub enum Error<T> {
		/// This agreement has a lock already.
		#[codec(index = 0)]
		AlreadyLocked,
		/// This agreement has no lock.
		#[codec(index = 1)]
		NotLocked,
		/// More than this agreement's lock.
		#[codec(index = 2)]
		ExceedsLock,
		/// More than is locked for all agreements.
		#[codec(index = 3)]
		ExceedsLocked,
		/// The account has nothing to withdraw.
		#[codec(index = 4)]
		NothingEarned,
	}

	/// Gives the pot the existential deposit.
	#[pallet::genesis_config]
	#[derive(DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		#[serde(skip)]
		#[doc(hidden)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let pot = Pallet::<T>::pot();
			let missing = T::Currency::minimum_balance().saturating_sub(T::Currency::balance(&pot));
			if missing > 0 {
				let minted = T::Currency::mint_into(&pot, missing);
				assert!(minted.is_ok(), "escrow: the pot cannot take the existential deposit: {minted:?}");
			}
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// What `account` may withdraw.
		pub fn earnings(account: T::AccountId) -> Balance {
			Earnings::<T>::get(account)
		}

		/// What is locked and what is earned, over all agreements and accounts.
		pub fn totals() -> Totals {
			Totals { locked: TotalLocked::<T>::get(), earned: TotalEarned::<T>::get() }
		}

		/// An agreement's lock; `None` once it is closed.
		pub fn lock_of(agreement: AgreementId) -> Option<Lock<T::AccountId>> {
			Locks::<T>::get(agreement)
		}

		/// The account that holds all of it.
		pub fn pot() -> T::AccountId {
			T::PalletId::get().into_account_truncating()
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
		/// Takes out all that the caller has earned.
		///
		/// Origin: signed. Errors: [`Error::NothingEarned`], or the currency's, if the account cannot take the money.
		/// Event: [`Event::Withdrawn`].
		#[pallet::call_index(0)]
		pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
			let account = ensure_signed(origin)?;
			Self::do_withdraw(account)
		}
	}
}
