//! # Marketplace
//!
//! Agreements between clients who pay and providers who keep columns of their objects.
//!
//! ## Terminology
//!
//! - **Object**: what a client stores, cut and erasure-coded into *n* **columns**, any *k* of which restore it.
//! - **Acknowledgement**: a provider's signed word that it has verified and stored a column, and what it asks for it.
//! - **Agreement**: one object's columns, each with its provider, its rate, and the periods it is paid for.
//! - **Rate**: planck per period. A provider that proves a period earns the sum of its columns' rates.
//! - **Ledger**: a provider's rate and how many periods it has proven and was paid for, kept as of its first unresolved
//!   period.
//! - **Milestone**: a period in which a column of a provider starts or ends. It holds the change of the rate until the
//!   period comes, and from then on how many periods were proven and paid before it.
//! - **Budget**: the part of a client's locked money that is set aside for one column.
//!
//! ## Overview
//!
//! One transaction opens an agreement, with one acknowledgement per column: the price of all columns for the whole time
//! is locked in escrow, and each column is taken into its provider's holdings. Nothing happens per agreement and period
//! after that. The proof clock reports each provider's periods in order, and a proven one credits the provider's rate:
//! all its agreements at once. What one column earned between two milestones is its rate times the difference of their
//! counts of proven periods, so that an agreement is settled in time proportional to its columns, to the planck.
//!
//! A column can be lost, by its provider's word or by its termination, and placed anew while the agreement lasts. The
//! periods in between are paid to nobody and come back to the client.
//!
//! Admitting a loss must not pay better than storing. So the penalty is counted by what the client agreed to pay, whatever
//! the provider asked for; missed periods that nobody has reported are resolved first; and a provider that admits a loss
//! while it knows a challenge is paid for none of the challenged periods. One that finds a loss by itself, before it is
//! asked, gives up the column's pay and the penalty alone.
//!
//! ### Scenario
//!
//! 1. A client pushes three columns to three providers, collects their acknowledgements, and calls
//!    [`open_storage`](Call::open_storage) in period 4. The agreement runs from period 5.
//! 2. The providers prove period after period and withdraw what they earn from the escrow.
//! 3. One loses its disk and calls [`declare_lost`](Call::declare_lost): a penalty of some periods' pay. Someone restores it
//!    from the two others, hands it to a fourth provider, and calls [`replace_column`](Call::replace_column).
//! 4. The client wants more time: [`extend`](Call::extend). Or less: [`close`](Call::close), which pays back what
//!    lies beyond the minimum term.
//! 5. Once it is over, anyone calls [`settle`](Call::settle): what was not earned goes back, and nothing remains.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(clippy::indexing_slicing, clippy::panic, clippy::expect_used)]
#![cfg_attr(
	test,
	allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, reason = "tests")
)]
#![warn(missing_docs)]

extern crate alloc;

use alloc::vec::Vec;
use frame::{
	deps::frame_support::weights::WeightMeter,
	prelude::*,
	traits::{Consideration, Convert, Footprint},
};
use peoples_cloud_primitives::{
	traits::{Escrow, Holdings, ProviderRegistry, ReputationSink},
	AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32, Period,
};

pub use pallet::*;
pub use types::{
	Agreement, AgreementView, Column, ColumnState, ColumnView, CostView, Ledger, MarketParams, Milestone, SignedAck,
	UploadUse,
};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod closing;
mod ledger;
mod loss;
#[cfg(test)]
mod mock;
mod opening;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", feature = "std", test))]
mod try_state;
mod types;
mod views;
pub mod weights;

/// Most providers whose cursors one [`Call::settle`] moves: each may cost the resolution of a few periods. Providers that
/// prove or are reported need none of it.
pub const MAX_LAGGARDS: u32 = 16;
/// Proof bytes that a call touches for a column beside the provider's duty: its record, ledger, milestones, units, score, stake
/// and entries in indices, at the sizes that the benchmarks list for a settlement.
///
/// The weights that are written from the benchmarks count the largest kind of a call's entries, not all of them.
pub const COLUMN_PROOF_BYTES: u64 = 27_000;
/// Most entries that one page of a view function holds.
pub const MAX_PAGE: u32 = 100;

#[frame::pallet]
#[allow(missing_debug_implementations, clippy::expect_used, reason = "FRAME generates code without and with them")]
pub mod pallet {
	use super::*;

	/// Version of what is stored.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	/// The market.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the market needs of the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId: From<AccountBytes> + Into<AccountBytes>> {
		/// Who may take work on, and whose stake pays penalties.
		type Registry: ProviderRegistry<Self::AccountId>;
		/// Where the clients' money lies.
		type Escrow: Escrow<Self::AccountId>;
		/// Where lost columns count.
		type Reputation: ReputationSink<Self::AccountId>;
		/// The holdings and the proof clock.
		type Holdings: Holdings<Self::AccountId>;
		/// What a client deposits for the record of an agreement, by its number of columns.
		type Consideration: Consideration<Self::AccountId, Footprint>;
		/// How much that is, for clients that want to know before.
		type DepositPrice: Convert<Footprint, Balance>;
		/// Who may change the parameters.
		type ParamsOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// Most columns of an agreement.
		#[pallet::constant]
		type MaxColumns: Get<u32>;
		/// What the calls cost.
		type WeightInfo: WeightInfo;
	}

	/// The parameters.
	#[pallet::storage]
	pub type Params<T: Config> = StorageValue<_, MarketParams, ValueQuery>;

	/// The number of the next agreement.
	#[pallet::storage]
	pub type NextAgreement<T: Config> = StorageValue<_, AgreementId, ValueQuery>;

	/// All agreements that are not settled.
	// Hasher: agreements are numbered by the chain.
	#[pallet::storage]
	pub type Agreements<T: Config> = StorageMap<_, Twox64Concat, AgreementId, Agreement<T>>;

	/// Agreements by client.
	// Hasher: agreements are numbered by the chain.
	#[pallet::storage]
	pub type ByClient<T: Config> = StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, AgreementId, ()>;

	/// Agreements by object.
	// Hasher: agreements are numbered by the chain.
	#[pallet::storage]
	pub type ByObject<T: Config> = StorageDoubleMap<_, Blake2_128Concat, Hash32, Twox64Concat, AgreementId, ()>;

	/// The column that a provider holds of an agreement: at most one.
	// Hasher: agreements are numbered by the chain.
	#[pallet::storage]
	pub type ByProvider<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, AgreementId, ColumnIndex>;

	/// Columns that wait for a new provider.
	// Hasher: agreements are numbered by the chain, and columns by their agreement.
	#[pallet::storage]
	pub type LostColumns<T: Config> = StorageDoubleMap<_, Twox64Concat, AgreementId, Twox64Concat, ColumnIndex, ()>;

	/// Uploads whose acknowledgements were used, by the block until which they are valid. Forgotten after it.
	// Hasher: blocks are numbered by the chain; the second key is a hash, but of the client's making.
	#[pallet::storage]
	pub type Uploads<T: Config> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Blake2_128Concat, Hash32, UploadUse>;

	/// Uploads valid until an earlier block have been forgotten.
	#[pallet::storage]
	pub type PrunedUpTo<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

	/// Each provider's ledger, from its first column on, as long as it is registered.
	#[pallet::storage]
	pub type Ledgers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Ledger>;

	/// The providers' milestones.
	// Hasher: periods are counted by the chain.
	#[pallet::storage]
	pub type Schedule<T: Config> = StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, Period, Milestone>;

	/// Why this pallet holds money.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The client's deposit for the record of an agreement.
		#[codec(index = 0)]
		AgreementDeposit,
	}

	/// What happened on the market.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An agreement was opened.
		#[codec(index = 0)]
		AgreementOpened {
			/// Its number.
			agreement: AgreementId,
			/// Who pays.
			client: T::AccountId,
			/// BLAKE3 hash of the object's manifest.
			object: Hash32,
			/// Number of columns.
			columns: ColumnIndex,
			/// Planck locked.
			price: Balance,
		},
		/// An agreement was extended.
		#[codec(index = 1)]
		Extended {
			/// Which.
			agreement: AgreementId,
			/// First period that is no longer paid.
			end: Period,
			/// Planck locked in addition.
			price: Balance,
		},
		/// A client ended an agreement early.
		#[codec(index = 2)]
		Closing {
			/// Which.
			agreement: AgreementId,
			/// First period that is no longer paid.
			end: Period,
			/// Planck paid back at once.
			refunded: Balance,
		},
		/// An agreement was settled and forgotten.
		#[codec(index = 3)]
		AgreementEnded {
			/// Which.
			agreement: AgreementId,
			/// Planck that its providers earned in all.
			earned: Balance,
			/// Planck paid back at the settlement.
			refunded: Balance,
		},
		/// A column was lost.
		#[codec(index = 4)]
		ColumnLost {
			/// Of which agreement.
			agreement: AgreementId,
			/// Its place there.
			column: ColumnIndex,
			/// Who lost it.
			provider: T::AccountId,
			/// First period that is no longer paid.
			at: Period,
			/// Penalty taken from the stake, in planck.
			slashed: Balance,
		},
		/// A lost column was placed anew.
		#[codec(index = 5)]
		ColumnReplaced {
			/// Of which agreement.
			agreement: AgreementId,
			/// Its place there.
			column: ColumnIndex,
			/// Who has it now.
			provider: T::AccountId,
			/// First period that is paid again.
			start: Period,
			/// Planck per period.
			rate: Balance,
		},
		/// The parameters changed.
		#[codec(index = 6)]
		ParamsSet {
			/// What they are now.
			params: MarketParams,
		},
	}

	/// Why a call was refused.
	#[pallet::error]
	pub enum Error<T> {
		/// There is no such agreement, or it was settled.
		#[codec(index = 0)]
		UnknownAgreement,
		/// The agreement has no such column.
		#[codec(index = 1)]
		UnknownColumn,
		/// Only the agreement's client may do this.
		#[codec(index = 2)]
		NotClient,
		/// Only the column's provider may do this.
		#[codec(index = 3)]
		NotProvider,
		/// The code needs at least one and at most all columns to restore the object.
		#[codec(index = 4)]
		InvalidCode,
		/// An acknowledgement is for another chain.
		#[codec(index = 5)]
		WrongGenesis,
		/// An acknowledgement is for another client.
		#[codec(index = 6)]
		WrongClient,
		/// The acknowledgements differ in nonce, validity, duration or column length.
		#[codec(index = 7)]
		UnequalTerms,
		/// An acknowledgement's last block has passed.
		#[codec(index = 8)]
		AcknowledgementExpired,
		/// An acknowledgement is valid for longer than the chain remembers its use.
		#[codec(index = 9)]
		ValidityTooLong,
		/// An acknowledgement is not signed by its provider.
		#[codec(index = 10)]
		BadSignature,
		/// The acknowledgements of this upload have been used.
		#[codec(index = 11)]
		AlreadyUsed,
		/// A column must have between 1 and 2^54 chunks.
		#[codec(index = 12)]
		InvalidSize,
		/// The duration is zero or longer than the market allows.
		#[codec(index = 13)]
		InvalidDuration,
		/// The price is higher than the client allowed, or than can be counted.
		#[codec(index = 14)]
		PriceTooHigh,
		/// A provider would hold two columns of one agreement.
		#[codec(index = 15)]
		DuplicateProvider,
		/// The agreement's last paid period has begun or passed.
		#[codec(index = 16)]
		AgreementOver,
		/// The client has ended the agreement.
		#[codec(index = 17)]
		AgreementClosing,
		/// A provider would not go on at this price for that long, by its present offer.
		#[codec(index = 18)]
		ProviderUnwilling,
		/// Some column's periods are not all resolved, or a lost column may still be placed anew.
		#[codec(index = 19)]
		NotYetEnded,
		/// The column is lost already.
		#[codec(index = 20)]
		AlreadyLost,
		/// The column's last paid period has been resolved: it can no longer be lost.
		#[codec(index = 21)]
		ColumnOver,
		/// The column's provider was not terminated.
		#[codec(index = 22)]
		NotTerminated,
		/// The column is not lost.
		#[codec(index = 23)]
		NotLost,
		/// The acknowledgement is for another column.
		#[codec(index = 24)]
		WrongColumn,
		/// The new provider asks for more than the client agreed to.
		#[codec(index = 25)]
		RateTooHigh,
		/// The new provider agrees to fewer periods than remain.
		#[codec(index = 26)]
		DurationTooShort,
		/// Periods or agreements can no longer be counted.
		#[codec(index = 27)]
		Overflow,
		/// The minimum term must be at least one period and at most the longest duration.
		#[codec(index = 28)]
		InvalidTerm,
		/// Acknowledgements must be valid for at least one block, and for 100,800 at most.
		#[codec(index = 29)]
		InvalidValidity,
		/// A share must be at most a million parts per million, and the penalty at most 10,000 periods.
		#[codec(index = 30)]
		InvalidShare,
		/// More of the provider's periods are over and unresolved than can be resolved on the way: the proof clock must be
		/// told to advance first.
		#[codec(index = 31)]
		ProviderBehind,
	}

	/// The parameters at genesis.
	#[pallet::genesis_config]
	#[derive(frame::derive::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The parameters.
		pub params: MarketParams,
		/// Carries the type parameter.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let checked = self.params.check::<T>();
			assert!(checked.is_ok(), "invalid market parameters at genesis: {checked:?}");
			Params::<T>::put(&self.params);
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// An agreement, unless it was settled.
		pub fn agreement(id: AgreementId) -> Option<AgreementView<T::AccountId>> {
			Self::view_agreement(id)
		}

		/// A page of a client's agreements, in the order of storage: those after `from`, at most 100.
		pub fn agreements_of(
			client: T::AccountId,
			from: Option<AgreementId>,
			limit: u32,
		) -> Vec<AgreementView<T::AccountId>> {
			Self::view_agreements_of(&client, from, limit)
		}

		/// A page of the agreements over an object, in the order of storage: those after `from`, at most 100.
		pub fn agreements_by_object(
			object: Hash32,
			from: Option<AgreementId>,
			limit: u32,
		) -> Vec<AgreementView<T::AccountId>> {
			Self::view_agreements_by_object(&object, from, limit)
		}

		/// A page of the columns that a provider holds, in the order of storage: those after `from`, at most 100.
		pub fn columns_of(
			provider: T::AccountId,
			from: Option<AgreementId>,
			limit: u32,
		) -> Vec<(AgreementId, ColumnIndex)> {
			Self::view_columns_of(&provider, from, limit)
		}

		/// A page of the columns that wait for a new provider, in the order of storage: those after `from`, at most 100.
		pub fn lost_columns(from: Option<(AgreementId, ColumnIndex)>, limit: u32) -> Vec<(AgreementId, ColumnIndex)> {
			Self::view_lost_columns(from, limit)
		}

		/// What has become of an agreement's money so far.
		pub fn cost(id: AgreementId) -> Option<CostView> {
			Self::view_cost(id)
		}

		/// Planck that the record of an agreement over so many columns holds of its client's money until it is settled.
		pub fn deposit(columns: ColumnIndex) -> Balance {
			T::DepositPrice::convert(Self::footprint(columns))
		}

		/// A provider's ledger: its present rate and its proven periods.
		pub fn ledger(provider: T::AccountId) -> Option<Ledger> {
			Ledgers::<T>::get(provider)
		}

		/// The parameters.
		pub fn params() -> MarketParams {
			Params::<T>::get()
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			let mut meter = WeightMeter::with_limit(remaining);
			Self::forget_uploads(&mut meter);
			meter.consumed()
		}

		fn integrity_test() {
			assert!(T::MaxColumns::get() >= 1, "an agreement has columns");
			assert!(T::MaxColumns::get() <= u32::from(ColumnIndex::MAX), "a column's place must fit its index");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), frame::try_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Opens an agreement over an object with one acknowledgement per column, in the columns' order, and locks its
		/// price. It runs from the next period for as long as the acknowledgements say.
		///
		/// Origin: the client. Emits [`Event::AgreementOpened`]. Fails with [`Error::InvalidCode`],
		/// [`Error::WrongGenesis`], [`Error::WrongClient`], [`Error::UnequalTerms`], [`Error::AcknowledgementExpired`],
		/// [`Error::ValidityTooLong`], [`Error::BadSignature`], [`Error::AlreadyUsed`], [`Error::InvalidSize`],
		/// [`Error::InvalidDuration`], [`Error::PriceTooHigh`], [`Error::DuplicateProvider`], [`Error::Overflow`], and
		/// as the register, the holdings, the escrow and the deposit do.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::open_storage(acks.len().saturated_into()))]
		pub fn open_storage(
			origin: OriginFor<T>,
			object: Hash32,
			codec: u8,
			k: u16,
			acks: BoundedVec<SignedAck, T::MaxColumns>,
			max_price: Balance,
		) -> DispatchResult {
			let client = ensure_signed(origin)?;
			Self::do_open_storage(client, object, codec, k, acks, max_price)
		}

		/// Adds periods to an agreement and locks their price. Every provider must be willing to go on by its present
		/// offer; the rates stay as they are.
		///
		/// Origin: the client. Emits [`Event::Extended`]. Fails with [`Error::UnknownAgreement`], [`Error::NotClient`],
		/// [`Error::AgreementClosing`], [`Error::AgreementOver`], [`Error::InvalidDuration`],
		/// [`Error::ProviderUnwilling`], [`Error::PriceTooHigh`], [`Error::Overflow`], and as the escrow does.
		#[pallet::call_index(1)]
		#[pallet::weight(Pallet::<T>::extend_weight(T::MaxColumns::get()))]
		pub fn extend(
			origin: OriginFor<T>,
			agreement: AgreementId,
			periods: u32,
			max_price: Balance,
		) -> DispatchResultWithPostInfo {
			let client = ensure_signed(origin)?;
			let columns = Self::do_extend(&client, agreement, periods, max_price)?;
			Ok(Some(Self::extend_weight(columns)).into())
		}

		/// Ends an agreement with the next period, or once each column's minimum term is over. What lies beyond is paid
		/// back at once.
		///
		/// Origin: the client. Emits [`Event::Closing`]. Fails with [`Error::UnknownAgreement`], [`Error::NotClient`],
		/// [`Error::AgreementClosing`], [`Error::AgreementOver`].
		#[pallet::call_index(2)]
		#[pallet::weight(Pallet::<T>::close_weight(T::MaxColumns::get()))]
		pub fn close(origin: OriginFor<T>, agreement: AgreementId) -> DispatchResultWithPostInfo {
			let client = ensure_signed(origin)?;
			let columns = Self::do_close(&client, agreement)?;
			Ok(Some(Self::close_weight(columns)).into())
		}

		/// Settles an agreement whose columns' periods are all resolved: pays back what was not earned, returns the
		/// deposit, and forgets it. Moves the cursors of up to [`MAX_LAGGARDS`] providers that lag behind.
		///
		/// Origin: anyone. Emits [`Event::AgreementEnded`], and [`Event::ColumnLost`] for columns of providers that were
		/// terminated. Fails with [`Error::UnknownAgreement`], [`Error::NotYetEnded`].
		#[pallet::call_index(3)]
		#[pallet::weight(Pallet::<T>::settle_weight(T::MaxColumns::get(), MAX_LAGGARDS))]
		pub fn settle(origin: OriginFor<T>, agreement: AgreementId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let (columns, laggards) = Self::do_settle(agreement)?;
			Ok(Some(Self::settle_weight(columns, laggards)).into())
		}

		/// Admits the loss of a column: from its first unresolved period on the provider is neither paid for it nor
		/// liable to prove it. A penalty is taken from the stake: some periods of the most that the client agreed to pay.
		///
		/// Periods that are over are resolved before. Those whose challenge is fixed and unanswered are not paid, for none of
		/// the provider's columns, even if they are proven.
		///
		/// Origin: the column's provider. Emits [`Event::ColumnLost`], and what those periods come to. Fails with
		/// [`Error::UnknownAgreement`], [`Error::UnknownColumn`], [`Error::NotProvider`], [`Error::ProviderBehind`],
		/// [`Error::AlreadyLost`], [`Error::ColumnOver`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::declare_lost().saturating_add(T::Holdings::advance_weight()))]
		pub fn declare_lost(origin: OriginFor<T>, agreement: AgreementId, column: ColumnIndex) -> DispatchResult {
			let provider = ensure_signed(origin)?;
			Self::do_declare_lost(&provider, agreement, column)
		}

		/// Marks a column of a terminated provider as lost, so that it can be placed anew. The penalty is taken from
		/// what is left of the stake.
		///
		/// Origin: anyone. Emits [`Event::ColumnLost`]. Fails with [`Error::UnknownAgreement`],
		/// [`Error::UnknownColumn`], [`Error::NotTerminated`], [`Error::AlreadyLost`], [`Error::ColumnOver`].
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::mark_lost().saturating_add_proof_size(COLUMN_PROOF_BYTES))]
		pub fn mark_lost(origin: OriginFor<T>, agreement: AgreementId, column: ColumnIndex) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_mark_lost(agreement, column)
		}

		/// Places a lost column with a new provider, for the rest of the agreement and at most at the price that the
		/// client agreed to.
		///
		/// Origin: anyone. Emits [`Event::ColumnReplaced`]. Fails with [`Error::UnknownAgreement`],
		/// [`Error::UnknownColumn`], [`Error::NotLost`], [`Error::AgreementClosing`], [`Error::AgreementOver`],
		/// [`Error::WrongGenesis`], [`Error::WrongClient`], [`Error::WrongColumn`], [`Error::AcknowledgementExpired`],
		/// [`Error::ValidityTooLong`], [`Error::BadSignature`], [`Error::AlreadyUsed`], [`Error::RateTooHigh`],
		/// [`Error::DurationTooShort`], [`Error::DuplicateProvider`], and as the register and the holdings do.
		#[pallet::call_index(6)]
		pub fn replace_column(
			origin: OriginFor<T>,
			agreement: AgreementId,
			column: ColumnIndex,
			ack: SignedAck,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_replace_column(agreement, column, &ack)
		}

		/// Changes the parameters. Origin: [`Config::ParamsOrigin`].
		///
		/// Emits [`Event::ParamsSet`]. Fails with [`Error::InvalidTerm`], [`Error::InvalidValidity`],
		/// [`Error::InvalidShare`].
		#[pallet::call_index(7)]
		pub fn set_params(origin: OriginFor<T>, params: MarketParams) -> DispatchResult {
			T::ParamsOrigin::ensure_origin(origin)?;
			params.check::<T>()?;
			Params::<T>::put(&params);
			Self::deposit_event(Event::ParamsSet { params });
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The number of the current block.
	pub(crate) fn now() -> BlockNumber {
		// The chain's block numbers are u32.
		frame_system::Pallet::<T>::block_number().saturated_into()
	}
}
