//! # Providers
//!
//! The register of providers: stake, peer id, offers, capacity and standing.
//!
//! ## Terminology
//!
//! - **Bond**: stake that backs what a provider commits, held in its account.
//! - **Unbonding**: stake on its way out. It backs nothing any more, and may still be slashed until it is withdrawn.
//! - **Offer**: price, capacity and durations at which a provider takes work on, one for each resource kind.
//! - **Committed**: units that agreements use. As much stake as they need must stay bonded.
//! - **Standing**: what the chain lets a provider do: active, suspended, leaving, terminated. A provider's own *pause*
//!   is apart from it.
//!
//! ## Overview
//!
//! Providers run the calls; other pallets drive the [`ProviderRegistry`] trait: the market commits and releases units,
//! the proofs slash, suspend, reinstate and terminate. A slash never fails: it takes what is there, bond first, then
//! what is unbonding; named accounts get their shares, the rest goes to [`Config::OnSlash`]. A provider whose bond no
//! longer covers what it has committed keeps its work and gets no more until it tops up.
//!
//! What the chain keeps about a provider has its stake behind it, or cost it all of that, and goes with the last of it: this
//! pallet's record and what [`Config::Records`] keeps, reputation included; what it has earned is paid out. Who comes back
//! after the unbonding time starts anew, as it could with another account at once. But an account that was terminated can
//! never register again: its tombstone stays.
//!
//! ### Scenario
//!
//! 1. An account calls [`register`](Call::register) with its peer id and a bond, and [`set_offer`](Call::set_offer).
//! 2. Clients find it by the view function `providers`; agreements commit units of it.
//! 3. It misses proofs: part of its stake is slashed and it is suspended. It proves again: reinstated.
//! 4. It wants out: [`pause`](Call::pause), and once its agreements have ended [`leave`](Call::leave). After the
//!    unbonding time, [`withdraw_unbonded`](Call::withdraw_unbonded) frees its stake and removes its records.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(clippy::indexing_slicing, clippy::panic, clippy::expect_used)]
#![cfg_attr(
	test,
	allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, reason = "tests")
)]
#![warn(missing_docs)]

extern crate alloc;

use alloc::vec::Vec;
use frame::{prelude::*, token::fungible};
use peoples_cloud_primitives::{resource::ResourceKind, traits::ProviderRecords, Balance, BlockNumber};

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
mod offers;
mod registration;
mod registry;
mod stake;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", feature = "std", test))]
mod try_state;
mod types;
mod views;
pub mod weights;

/// Slashed stake on its way to its new owner.
pub type CreditOf<T> = fungible::Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

#[frame::pallet]
#[allow(missing_debug_implementations, clippy::expect_used, reason = "FRAME generates code without and with them")]
pub mod pallet {
	use super::*;
	use frame::token::{fungible, OnUnbalanced};

	/// Version of what is stored.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	/// The register.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the register needs of the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The money that is staked.
		type Currency: fungible::Inspect<Self::AccountId, Balance = Balance>
			+ fungible::Mutate<Self::AccountId>
			+ fungible::Balanced<Self::AccountId>
			+ fungible::MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>
			+ fungible::BalancedHold<Self::AccountId>;
		/// The reasons for which the runtime's pallets hold money.
		type RuntimeHoldReason: From<HoldReason>;
		/// Who gets what is slashed and is no one's share: the treasury.
		type OnSlash: OnUnbalanced<CreditOf<Self>>;
		/// What other pallets keep about providers, and forget when these have left.
		type Records: ProviderRecords<Self::AccountId>;
		/// Who may change the parameters.
		type ParamsOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// What the calls cost.
		type WeightInfo: WeightInfo;
	}

	/// All providers.
	#[pallet::storage]
	pub type Providers<T: Config> = CountedStorageMap<_, Blake2_128Concat, T::AccountId, ProviderInfo>;

	/// Whose peer id it is.
	#[pallet::storage]
	pub type PeerIds<T: Config> = StorageMap<_, Blake2_128Concat, PeerId, T::AccountId>;

	/// What providers offer.
	// Hasher of the second key: resource kinds are few and fixed, so no one can choose colliding ones.
	#[pallet::storage]
	pub type Offers<T: Config> = StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, ResourceKind, Offer>;

	/// Units that agreements use; no entry means none.
	// Hasher of the second key: as above.
	#[pallet::storage]
	pub type Committed<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, ResourceKind, u64, ValueQuery>;

	/// Accounts that were terminated, with the block at which: they can never register again.
	#[pallet::storage]
	pub type Tombstones<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, BlockNumber>;

	/// The rules of staking.
	#[pallet::storage]
	pub type Params<T: Config> = StorageValue<_, StakeParams, ValueQuery>;

	/// Why money is held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// A provider's stake, bonded or unbonding.
		#[codec(index = 0)]
		Stake,
	}

	/// What changed.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A provider joined.
		#[codec(index = 0)]
		Registered {
			/// Who.
			provider: T::AccountId,
			/// Its name in the data plane.
			peer_id: PeerId,
			/// Its stake.
			bond: Balance,
		},
		/// A provider's peer id, addresses or labels changed.
		#[codec(index = 1)]
		InfoUpdated {
			/// Whose.
			provider: T::AccountId,
		},
		/// A provider bonded more.
		#[codec(index = 2)]
		Bonded {
			/// Who.
			provider: T::AccountId,
			/// How much more.
			amount: Balance,
		},
		/// Stake is on its way out.
		#[codec(index = 3)]
		Unbonding {
			/// Whose.
			provider: T::AccountId,
			/// How much.
			amount: Balance,
			/// From which block on it may be withdrawn.
			at: BlockNumber,
		},
		/// Unbonded stake is free.
		#[codec(index = 4)]
		Withdrawn {
			/// Whose.
			provider: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// A provider has left: its records are gone.
		#[codec(index = 5)]
		Removed {
			/// Who.
			provider: T::AccountId,
		},
		/// A provider made an offer, in place of any earlier one for this resource.
		#[codec(index = 6)]
		OfferSet {
			/// Who.
			provider: T::AccountId,
			/// Of what.
			kind: ResourceKind,
			/// On which terms.
			offer: Offer,
		},
		/// A provider took an offer back.
		#[codec(index = 7)]
		OfferRemoved {
			/// Who.
			provider: T::AccountId,
			/// Of what.
			kind: ResourceKind,
		},
		/// A provider wants no new work for now.
		#[codec(index = 8)]
		Paused {
			/// Who.
			provider: T::AccountId,
		},
		/// A provider wants new work again.
		#[codec(index = 9)]
		Resumed {
			/// Who.
			provider: T::AccountId,
		},
		/// A provider is on its way out: its offers are gone, and all its stake is unbonding.
		#[codec(index = 10)]
		Leaving {
			/// Who.
			provider: T::AccountId,
		},
		/// Other rules of staking hold.
		#[codec(index = 11)]
		ParamsSet {
			/// The rules.
			params: StakeParams,
		},
		/// Units were reserved.
		#[codec(index = 12)]
		UnitsCommitted {
			/// Whose.
			provider: T::AccountId,
			/// Of what.
			kind: ResourceKind,
			/// How many.
			units: u64,
		},
		/// Units are free again.
		#[codec(index = 13)]
		UnitsReleased {
			/// Whose.
			provider: T::AccountId,
			/// Of what.
			kind: ResourceKind,
			/// How many.
			units: u64,
		},
		/// Stake was taken.
		#[codec(index = 14)]
		Slashed {
			/// Whose.
			provider: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// A part of slashed stake went to an account.
		#[codec(index = 15)]
		SlashShared {
			/// Whose stake it was.
			provider: T::AccountId,
			/// Whose it is.
			beneficiary: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// A provider gets no new work until reinstated.
		#[codec(index = 16)]
		Suspended {
			/// Who.
			provider: T::AccountId,
		},
		/// A suspension ended.
		#[codec(index = 17)]
		Reinstated {
			/// Whose.
			provider: T::AccountId,
		},
		/// A provider is out for good.
		#[codec(index = 18)]
		Terminated {
			/// Who.
			provider: T::AccountId,
		},
	}

	/// Why a change was refused.
	#[pallet::error]
	pub enum Error<T> {
		/// The account is a provider already.
		#[codec(index = 0)]
		AlreadyRegistered,
		/// The account is no provider.
		#[codec(index = 1)]
		NotRegistered,
		/// The account was terminated as a provider.
		#[codec(index = 2)]
		Terminated,
		/// The provider is suspended.
		#[codec(index = 3)]
		Suspended,
		/// The provider is leaving.
		#[codec(index = 4)]
		Leaving,
		/// The provider wants no new work for now.
		#[codec(index = 5)]
		Paused,
		/// The provider is not paused.
		#[codec(index = 6)]
		NotPaused,
		/// This is not a peer id in its binary form.
		#[codec(index = 7)]
		InvalidPeerId,
		/// Another provider has this peer id.
		#[codec(index = 8)]
		PeerIdTaken,
		/// An address is empty.
		#[codec(index = 9)]
		EmptyAddress,
		/// The operator's label is empty, or not plain UTF-8 text.
		#[codec(index = 10)]
		InvalidOperator,
		/// The region's label is not plain UTF-8 text.
		#[codec(index = 11)]
		InvalidRegion,
		/// The update changes nothing.
		#[codec(index = 12)]
		NothingToUpdate,
		/// Less than the least bond.
		#[codec(index = 13)]
		BondTooLow,
		/// The amount is zero.
		#[codec(index = 14)]
		ZeroAmount,
		/// Less is bonded than that.
		#[codec(index = 15)]
		ExceedsBond,
		/// The bond must cover what is committed, and the least bond.
		#[codec(index = 16)]
		BondNeeded,
		/// Too many amounts are unbonding already: withdraw or wait.
		#[codec(index = 17)]
		TooManyUnbonding,
		/// No stake is free to be withdrawn yet.
		#[codec(index = 18)]
		NothingUnbonded,
		/// An offer needs a capacity.
		#[codec(index = 19)]
		ZeroCapacity,
		/// The durations must be at least 1 period, and the least no longer than the most.
		#[codec(index = 20)]
		InvalidDuration,
		/// The provider does not offer this resource.
		#[codec(index = 21)]
		NoOffer,
		/// The provider's capacity does not suffice.
		#[codec(index = 22)]
		OverCapacity,
		/// The provider's bond does not suffice.
		#[codec(index = 23)]
		Understaked,
		/// Agreements still use this provider.
		#[codec(index = 24)]
		StillCommitted,
		/// The least bond must not be zero.
		#[codec(index = 25)]
		MinBondZero,
		/// The stake per quote unit must be below 2^64.
		#[codec(index = 26)]
		StakePerQuoteTooHigh,
		/// Stake must wait for a block at least.
		#[codec(index = 27)]
		UnbondingBlocksZero,
		/// The least bond must be at most 100,000 PPL.
		#[codec(index = 28)]
		MinBondTooHigh,
		/// Stake must wait for at most 1,209,600 blocks.
		#[codec(index = 29)]
		UnbondingBlocksTooMany,
	}

	impl<T> From<ParamsError> for Error<T> {
		fn from(error: ParamsError) -> Self {
			match error {
				ParamsError::MinBondZero => Self::MinBondZero,
				ParamsError::StakePerQuoteTooHigh => Self::StakePerQuoteTooHigh,
				ParamsError::UnbondingBlocksZero => Self::UnbondingBlocksZero,
				ParamsError::MinBondTooHigh => Self::MinBondTooHigh,
				ParamsError::UnbondingBlocksTooMany => Self::UnbondingBlocksTooMany,
			}
		}
	}

	/// The rules of staking at genesis.
	#[pallet::genesis_config]
	#[derive(DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The rules.
		pub params: StakeParams,
		#[serde(skip)]
		#[doc(hidden)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let checked = self.params.check();
			assert!(checked.is_ok(), "providers.params: {checked:?}");
			Params::<T>::put(self.params);
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// One provider.
		pub fn provider(account: T::AccountId) -> Option<ProviderView> {
			Self::view_provider(&account)
		}

		/// Up to `limit` (at most 256) providers, in the order of the chain's database, after the account `after`, or
		/// from the first one. Fewer than `limit` means that these are the last ones.
		pub fn providers(after: Option<T::AccountId>, limit: u32) -> Vec<(T::AccountId, ProviderView)> {
			Self::view_providers(after, limit)
		}

		/// Whose peer id it is.
		pub fn by_peer_id(peer_id: Vec<u8>) -> Option<T::AccountId> {
			PeerIds::<T>::get(PeerId::try_from(peer_id).ok()?)
		}

		/// How many providers are registered.
		pub fn provider_count() -> u32 {
			Providers::<T>::count()
		}

		/// The rules of staking.
		pub fn params() -> StakeParams {
			Params::<T>::get()
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
		/// Makes the caller a provider and holds `bond` of its money as stake.
		///
		/// Origin: signed. Errors: [`Error::Terminated`], [`Error::AlreadyRegistered`], [`Error::InvalidPeerId`],
		/// [`Error::PeerIdTaken`], [`Error::EmptyAddress`], [`Error::InvalidOperator`], [`Error::InvalidRegion`],
		/// [`Error::BondTooLow`], or the currency's. Event: [`Event::Registered`].
		#[pallet::call_index(0)]
		pub fn register(
			origin: OriginFor<T>,
			peer_id: PeerId,
			addresses: Addresses,
			operator: Operator,
			region: Region,
			#[pallet::compact] bond: Balance,
		) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_register(provider, peer_id, addresses, operator, region, bond)
		}

		/// Changes what is given, and keeps the rest.
		///
		/// Origin: signed by a provider, whatever its standing: even terminated, it is read from until repair is done.
		/// Errors: [`Error::NotRegistered`], [`Error::NothingToUpdate`], [`Error::InvalidPeerId`],
		/// [`Error::PeerIdTaken`], [`Error::EmptyAddress`], [`Error::InvalidOperator`], [`Error::InvalidRegion`].
		/// Event: [`Event::InfoUpdated`].
		#[pallet::call_index(1)]
		pub fn update_info(
			origin: OriginFor<T>,
			peer_id: Option<PeerId>,
			addresses: Option<Addresses>,
			operator: Option<Operator>,
			region: Option<Region>,
		) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_update_info(provider, peer_id, addresses, operator, region)
		}

		/// Holds `amount` more as stake.
		///
		/// Origin: signed by a provider that is staying. Errors: [`Error::ZeroAmount`], [`Error::NotRegistered`],
		/// [`Error::Leaving`], [`Error::Terminated`], or the currency's. Event: [`Event::Bonded`].
		#[pallet::call_index(2)]
		pub fn bond_more(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_bond_more(provider, amount)
		}

		/// Puts `amount` of the bond on its way out. What is committed must stay covered, and the least bond.
		///
		/// Origin: signed by a provider that is staying. Errors: [`Error::ZeroAmount`], [`Error::NotRegistered`],
		/// [`Error::Leaving`], [`Error::Terminated`], [`Error::ExceedsBond`], [`Error::BondNeeded`],
		/// [`Error::TooManyUnbonding`]. Event: [`Event::Unbonding`].
		#[pallet::call_index(3)]
		pub fn unbond(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_unbond(provider, amount)
		}

		/// Frees stake that has waited long enough; removes all records of a provider that has left and has none any more.
		///
		/// Origin: signed by a provider. Errors: [`Error::NotRegistered`], [`Error::NothingUnbonded`].
		/// Events: [`Event::Withdrawn`], [`Event::Removed`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::withdraw_unbonded().saturating_add(T::Records::forget_weight()))]
		pub fn withdraw_unbonded(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let provider = ensure_signed(origin)?;
			let gone = Self::do_withdraw_unbonded(provider)?;
			Ok((!gone).then(T::WeightInfo::withdraw_unbonded).into())
		}

		/// Offers a resource, in place of any earlier offer of it. What is committed already is not touched.
		///
		/// Origin: signed by a provider that is staying. Errors: [`Error::NotRegistered`], [`Error::Leaving`],
		/// [`Error::Terminated`], [`Error::ZeroCapacity`], [`Error::InvalidDuration`]. Event: [`Event::OfferSet`].
		#[pallet::call_index(5)]
		pub fn set_offer(origin: OriginFor<T>, kind: ResourceKind, offer: Offer) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_set_offer(provider, kind, offer)
		}

		/// Takes an offer back. What is committed already is not touched.
		///
		/// Origin: signed by a provider. Errors: [`Error::NoOffer`]. Event: [`Event::OfferRemoved`].
		#[pallet::call_index(6)]
		pub fn remove_offer(origin: OriginFor<T>, kind: ResourceKind) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_remove_offer(provider, kind)
		}

		/// Takes no new work for now; offers stay as they are.
		///
		/// Origin: signed by a provider that is staying. Errors: [`Error::NotRegistered`], [`Error::Leaving`],
		/// [`Error::Terminated`], [`Error::Paused`]. Event: [`Event::Paused`].
		#[pallet::call_index(7)]
		pub fn pause(origin: OriginFor<T>) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_pause(provider)
		}

		/// Takes new work again.
		///
		/// Origin: signed by a provider that is staying. Errors: [`Error::NotRegistered`], [`Error::Leaving`],
		/// [`Error::Terminated`], [`Error::NotPaused`]. Event: [`Event::Resumed`].
		#[pallet::call_index(8)]
		pub fn resume(origin: OriginFor<T>) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_resume(provider)
		}

		/// Goes out of business: removes all offers and puts the whole bond on its way out. Terminated providers get
		/// what is left of their stake by it.
		///
		/// Origin: signed by a provider that no agreement uses any more. Errors: [`Error::NotRegistered`],
		/// [`Error::Leaving`], [`Error::StillCommitted`]. Events: [`Event::Unbonding`], [`Event::Leaving`].
		#[pallet::call_index(9)]
		pub fn leave(origin: OriginFor<T>) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_leave(provider)
		}

		/// Sets the rules of staking. Providers with a lower bond than they ask keep their work and get no more; stake
		/// that is unbonding keeps its block.
		///
		/// Origin: [`Config::ParamsOrigin`]. Errors: [`Error::MinBondZero`], [`Error::StakePerQuoteTooHigh`],
		/// [`Error::UnbondingBlocksZero`]. Event: [`Event::ParamsSet`].
		#[pallet::call_index(10)]
		pub fn set_params(origin: OriginFor<T>, params: StakeParams) -> DispatchResult {
			T::ParamsOrigin::ensure_origin(origin)?;
			params.check().map_err(Error::<T>::from)?;
			Params::<T>::put(params);
			Self::deposit_event(Event::ParamsSet { params });
			Ok(())
		}
	}
}
