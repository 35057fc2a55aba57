//! # Storage proofs
//!
//! Every provider shows, once a period, that it still has what it promised to store, at a cost that does not grow with
//! how much that is.
//!
//! ## Terminology
//!
//! - **Holdings**: a provider's commitment to all its columns, a Merkle-sum mountain range of which the chain keeps the
//!   peaks.
//! - **Period**: a fixed number of blocks. **Slot**: a provider's block within a period, spread by hash.
//! - **Challenge**: what a slot fixes: the holdings as they stood before that block, and its VRF randomness as the seed.
//! - **Window**: how long a challenge may be answered, in **blocks with room**: full blocks do not count, so that spam
//!   cannot get honest providers slashed.
//! - **Released**: of a leaf, that its column is not owed any more: its agreement ended, or it was admitted as lost. Such
//!   a leaf stays in the holdings, and is drawn like any other, until it is removed.
//! - **Cursor**: a provider's first unresolved period. Periods are resolved strictly in order, each once: as *proven*,
//!   *stale* (answered, but mostly by released leaves), *missed*, or *excused* (neither paid nor slashed, since the chain
//!   has no randomness for it any more or nothing was held).
//! - **Ledger**: the market's side of the clock, which pays for proven periods.
//!
//! ## Overview
//!
//! A provider's state is one [`Duty`]: the holdings, the cursor and a streak of misses. Holdings grow when the market
//! appends a column. While a challenge is open, the commitment that it is about is kept aside (copy on write), one copy
//! for each slot after which something was appended. There is no work per provider in any hook: blocks only note their
//! randomness in a ring, and cursors move when someone proves, reports, advances, appends or settles.
//!
//! A provider that owes nothing is not challenged; its cursor jumps to the present when it next matters.
//!
//! Positions are drawn over all leaves that were not removed. One that falls into a released leaf may be answered without
//! bytes: a provider that lost a column must be able to prove the rest. But if such leaves could make up most of the
//! holdings, a provider might open agreements with itself, admit their loss, which costs nothing at a rate of nothing, and
//! hide among them the columns that others pay for, hardly ever to be asked for one. Therefore a proof with **more than half
//! of its answers released is stale**: unpaid, and one more in the streak that suspends and then terminates, though nothing
//! is slashed. A provider that still has the bytes answers with them, released or not; one that has not removes the leaves,
//! which is free of fee.
//!
//! Changed parameters hold for challenges that are fixed after the change. Those fixed before keep their window and their
//! number of chunks.
//!
//! ### Scenario
//!
//! 1. The market opens an agreement in period 7 and appends its column: the provider's cursor stands at 7 or, if its slot
//!    of period 7 has passed, at 8.
//! 2. At the provider's slot of period 8 the challenge is fixed. In one of the next blocks the provider calls
//!    [`prove`](Call::prove), for free, and earns its rate for the period. The cursor moves to 9.
//! 3. It sleeps through period 9. Once the window has closed, someone calls [`report_missed`](Call::report_missed): part
//!    of the stake is slashed and shared with the reporter. Misses in a row suspend, then terminate the provider.
//! 4. When the agreement's last period is over, the provider calls [`remove_leaf`](Call::remove_leaf) and forgets the
//!    column.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(clippy::indexing_slicing, clippy::panic, clippy::expect_used)]
#![cfg_attr(
	test,
	allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, reason = "tests")
)]
#![warn(missing_docs)]

extern crate alloc;

use alloc::{boxed::Box, vec::Vec};
use frame::prelude::*;
use peoples_cloud_primitives::{
	holdings::{Commitment, Leaf, Node},
	storage_proof::StorageProof,
	traits::{BlockRandomness, PeriodLedger, ProviderRegistry, ReputationSink},
	AccountBytes, Balance, BlockNumber, Period,
};

pub use pallet::*;
pub use types::{BlockSeed, ChallengeView, Duty, DutyView, ProofParams};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod clock;
mod duty;
#[cfg(test)]
mod mock;
mod proving;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", feature = "std", test))]
mod try_state;
mod types;
mod views;
pub mod weights;

/// Most periods that one trait call, `prove`, `report_missed` or `remove_leaf` resolves on the way: some, so that a short
/// lag stops nobody; few, since an opening or a settlement pays for them up to 64 times.
/// [`Call::advance`] serves providers that are further behind.
pub const CATCH_UP: u32 = 4;

#[frame::pallet]
#[allow(missing_debug_implementations, clippy::expect_used, reason = "FRAME generates code without and with them")]
pub mod pallet {
	use super::*;

	/// Version of what is stored.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	/// The proof clock.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the proof clock needs of the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId: From<AccountBytes> + Into<AccountBytes>> {
		/// Whose stake is slashed.
		type Registry: ProviderRegistry<Self::AccountId>;
		/// Where proofs and misses count.
		type Reputation: ReputationSink<Self::AccountId>;
		/// Who pays for proven periods.
		type Ledger: PeriodLedger<Self::AccountId>;
		/// The blocks' randomness. It is read when a block is finalised, so its pallet's `on_finalize` must come before.
		type Randomness: BlockRandomness;
		/// Who may change the parameters.
		type ParamsOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// Blocks whose randomness is kept. A challenge that is not resolved within them is excused: it cannot be proven
		/// any more, and a miss costs nothing, **if nobody reports it in time**. So it must be many periods long. Reports
		/// are rewarded, and every provider's daemon makes them within a period; a chain so full for the length of the ring
		/// that not even one report gets in is no chain to slash anybody on.
		#[pallet::constant]
		type SeedRing: Get<u32>;
		/// Most periods with a passed slot that may be unresolved when something is appended: bounds the commitments kept
		/// aside for one provider.
		#[pallet::constant]
		type MaxOpen: Get<u32>;
		/// Most periods that one [`Call::advance`] resolves.
		#[pallet::constant]
		type MaxAdvance: Get<u32>;
		/// What the calls cost.
		type WeightInfo: WeightInfo;
	}

	/// The parameters.
	#[pallet::storage]
	pub type Params<T: Config> = StorageValue<_, ProofParams, ValueQuery>;

	/// The parameters before the last change of the window or the number of challenges, and the block of that change:
	/// challenges of slots up to it are judged by them.
	#[pallet::storage]
	pub type PreviousParams<T: Config> = StorageValue<_, (ProofParams, BlockNumber)>;

	/// Whether this block takes no ordinary transactions, since a migration goes on. Gone when the block is finalised.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type OnlyInherents<T: Config> = StorageValue<_, bool, ValueQuery>;

	/// What the last [`Config::SeedRing`] blocks left behind, at their number modulo the ring's length.
	// Hasher: none, places in the ring are given out by the chain.
	#[pallet::storage]
	pub type BlockSeeds<T: Config> = StorageMap<_, Identity, u32, BlockSeed>;

	/// Each provider's duty, from its first column on, as long as it is registered.
	#[pallet::storage]
	pub type Duties<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Duty>;

	/// Commitments kept aside for open challenges. The one at a period holds for it and for all earlier unresolved
	/// periods that have none of their own since the one before.
	// Hasher: periods are counted by the chain.
	#[pallet::storage]
	pub type Snapshots<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, Period, Commitment>;

	/// What happened to duties.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A column was taken into a provider's holdings.
		#[codec(index = 0)]
		LeafAppended {
			/// Whose holdings.
			provider: T::AccountId,
			/// The leaf's number.
			number: u64,
			/// The leaf.
			leaf: Leaf,
		},
		/// A leaf that is no longer owed was set to zero.
		#[codec(index = 1)]
		LeafRemoved {
			/// Whose holdings.
			provider: T::AccountId,
			/// The leaf's number.
			number: u64,
		},
		/// A period was proven.
		#[codec(index = 2)]
		Proven {
			/// By whom.
			provider: T::AccountId,
			/// Which.
			period: Period,
		},
		/// A period was missed.
		#[codec(index = 3)]
		Missed {
			/// By whom.
			provider: T::AccountId,
			/// Which.
			period: Period,
			/// Who reported it and was rewarded, if anyone.
			reporter: Option<T::AccountId>,
			/// Planck taken from the stake.
			slashed: Balance,
		},
		/// A period passed without a challenge that could be answered: nothing held, or no randomness.
		#[codec(index = 4)]
		Excused {
			/// Whose.
			provider: T::AccountId,
			/// Which.
			period: Period,
		},
		/// A provider that owed nothing was spared the periods in between.
		#[codec(index = 5)]
		Rested {
			/// Who.
			provider: T::AccountId,
			/// First period that was left out.
			from: Period,
			/// First period that counts again.
			until: Period,
		},
		/// So many periods in a row were missed or stale that the provider gets no new work.
		#[codec(index = 6)]
		Suspended {
			/// Who.
			provider: T::AccountId,
		},
		/// A suspended provider gets work again.
		#[codec(index = 7)]
		Reinstated {
			/// Who.
			provider: T::AccountId,
		},
		/// So many periods in a row were missed or stale that the provider is out for good.
		#[codec(index = 8)]
		Terminated {
			/// Who.
			provider: T::AccountId,
			/// First period that it is no longer paid nor challenged for.
			first_unpaid: Period,
		},
		/// The parameters changed.
		#[codec(index = 9)]
		ParamsSet {
			/// What they are now.
			params: ProofParams,
		},
		/// A period's challenge was answered, but for the most part by columns that are not owed any more: it is not paid,
		/// and counts as not proven in the streak.
		#[codec(index = 10)]
		Stale {
			/// By whom.
			provider: T::AccountId,
			/// Which.
			period: Period,
			/// Answers without bytes.
			released: u32,
		},
	}

	/// Why a call was refused.
	#[pallet::error]
	pub enum Error<T> {
		/// The account never held anything, or has left since.
		#[codec(index = 0)]
		NoDuty,
		/// The provider was terminated: it neither proves nor holds any more.
		#[codec(index = 1)]
		ProviderTerminated,
		/// Another period is to be resolved first, or this one has been.
		#[codec(index = 2)]
		NotFirstUnresolved,
		/// The period's slot has not come yet.
		#[codec(index = 3)]
		NotChallengedYet,
		/// The window has closed.
		#[codec(index = 4)]
		WindowClosed,
		/// The window is still open.
		#[codec(index = 5)]
		WindowOpen,
		/// The period is excused: there is nothing to prove or to report.
		#[codec(index = 6)]
		PeriodExcused,
		/// The proof does not have one answer per challenge.
		#[codec(index = 7)]
		WrongCount,
		/// An answer's leaf is not where the challenge points, or its path does not fit.
		#[codec(index = 8)]
		WrongLeaf,
		/// An answer's chunk is not the challenged one of its column, or its path does not fit.
		#[codec(index = 9)]
		WrongChunk,
		/// An answer claims that its column is no longer owed, and it is.
		#[codec(index = 10)]
		NotReleased,
		/// The leaf's column is still owed.
		#[codec(index = 11)]
		LeafOwed,
		/// A challenge of this provider is fixed and unresolved: leaves must stay until it is.
		#[codec(index = 12)]
		ChallengePending,
		/// The holdings have no leaf of this number.
		#[codec(index = 13)]
		UnknownLeaf,
		/// The path does not lead from this leaf to its peak.
		#[codec(index = 14)]
		WrongPath,
		/// The provider holds as much as can be counted.
		#[codec(index = 15)]
		HoldingsFull,
		/// Too many periods of the provider are unresolved: `advance` it first.
		#[codec(index = 16)]
		TooFarBehind,
		/// No period can be resolved now.
		#[codec(index = 17)]
		NothingToAdvance,
		/// The length of a period is fixed while any provider is registered or any agreement open: they count in periods.
		#[codec(index = 18)]
		PeriodLengthFixed,
		/// The window must have at least one block, be shorter than a period and at most half of the seed ring.
		#[codec(index = 19)]
		InvalidWindow,
		/// The number of challenges must be between 1 and 32.
		#[codec(index = 20)]
		InvalidChallenges,
		/// A miss must cost at most a tenth of the stake, of which the reporter gets at most half.
		#[codec(index = 21)]
		InvalidShare,
		/// Suspension must come after at least one miss, and termination not before it, but after 10,000 misses at most.
		#[codec(index = 22)]
		InvalidStreaks,
		/// The window or the number of challenges was changed less than a seed ring ago: challenges from before that may
		/// still be open.
		#[codec(index = 23)]
		ChangedRecently,
		/// A period must have between 10 and 2,048 blocks.
		#[codec(index = 24)]
		InvalidPeriodLength,
	}

	/// The parameters at genesis.
	#[pallet::genesis_config]
	#[derive(frame::derive::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The parameters.
		pub params: ProofParams,
		/// Carries the type parameter.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let checked = self.params.check::<T>();
			assert!(checked.is_ok(), "invalid proof parameters at genesis: {checked:?}");
			Params::<T>::put(&self.params);
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Where a provider stands with its proofs; `None` if it never held anything, or has left.
		pub fn duty(provider: T::AccountId) -> Option<DutyView> {
			Self::view_duty(&provider)
		}

		/// The parameters.
		pub fn params() -> ProofParams {
			Params::<T>::get()
		}

		/// The period of the current block.
		pub fn current_period() -> Period {
			Self::period_now()
		}

		/// The holdings that a period's challenge is about, if it is fixed and unresolved.
		pub fn commitment_at(provider: T::AccountId, period: Period) -> Option<Commitment> {
			Self::view_commitment_at(&provider, period)
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			Self::note_migration();
			// For `on_finalize`, which has no weight of its own.
			T::WeightInfo::note_block()
		}

		fn on_finalize(_: BlockNumberFor<T>) {
			Self::note_block();
		}

		fn integrity_test() {
			assert!(T::SeedRing::get() >= 4, "a ring of a few blocks excuses everything");
			assert!(T::MaxOpen::get() >= 2, "windows of neighbouring periods overlap");
			assert!(T::MaxAdvance::get() >= CATCH_UP, "advance must help where other calls stop");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), frame::try_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Answers the provider's challenge of a period. A valid answer is free and earns the provider its rate, unless more
		/// than half of it are columns that are not owed any more.
		///
		/// Anyone may sign. Periods before it whose windows have closed are resolved on the way, up to [`CATCH_UP`].
		///
		/// Emits [`Event::Proven`] or [`Event::Stale`]. Fails with [`Error::NoDuty`], [`Error::ProviderTerminated`],
		/// [`Error::NotFirstUnresolved`], [`Error::NotChallengedYet`], [`Error::WindowClosed`],
		/// [`Error::PeriodExcused`], or for a wrong proof with [`Error::WrongCount`], [`Error::WrongLeaf`],
		/// [`Error::WrongChunk`], [`Error::NotReleased`].
		#[pallet::call_index(0)]
		#[pallet::weight(Pallet::<T>::prove_weight(proof, CATCH_UP))]
		pub fn prove(
			origin: OriginFor<T>,
			provider: T::AccountId,
			period: Period,
			proof: Box<StorageProof>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let steps = Self::do_prove(&provider, period, &proof)?;
			Ok((Some(Self::prove_weight(&proof, steps)), Pays::No).into())
		}

		/// Reports that a period's window closed without a proof. The signer gets a share of the slash, unless it is the
		/// provider itself.
		///
		/// Emits [`Event::Missed`], and by the length of the streak [`Event::Suspended`] or [`Event::Terminated`]. Fails
		/// with [`Error::NoDuty`], [`Error::ProviderTerminated`], [`Error::NotFirstUnresolved`],
		/// [`Error::NotChallengedYet`], [`Error::WindowOpen`], [`Error::PeriodExcused`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::report_missed().saturating_add(T::WeightInfo::advance(CATCH_UP)))]
		pub fn report_missed(origin: OriginFor<T>, provider: T::AccountId, period: Period) -> DispatchResult {
			let reporter = ensure_signed(origin)?;
			Self::do_report_missed(&provider, period, reporter)
		}

		/// Resolves up to [`Config::MaxAdvance`] of the provider's periods whose time is over. Anyone may sign.
		///
		/// Emits what the periods come to. Fails with [`Error::NoDuty`], [`Error::ProviderTerminated`],
		/// [`Error::NothingToAdvance`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::advance(T::MaxAdvance::get()))]
		pub fn advance(origin: OriginFor<T>, provider: T::AccountId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let steps = Self::do_advance(&provider)?;
			Ok(Some(T::WeightInfo::advance(steps)).into())
		}

		/// Sets a leaf that is no longer owed to zero. `path` holds the siblings up to its peak. Anyone may sign. Free if it
		/// succeeds: fewer leaves make proofs worth more. A column is owed until the last period of its agreement is over.
		///
		/// Emits [`Event::LeafRemoved`]. Fails with [`Error::NoDuty`], [`Error::ProviderTerminated`],
		/// [`Error::ChallengePending`], [`Error::LeafOwed`], [`Error::UnknownLeaf`], [`Error::WrongPath`],
		/// [`Error::HoldingsFull`].
		#[pallet::call_index(3)]
		#[pallet::weight(Pallet::<T>::remove_leaf_weight(path.len(), CATCH_UP))]
		pub fn remove_leaf(
			origin: OriginFor<T>,
			provider: T::AccountId,
			number: u64,
			leaf: Leaf,
			path: Vec<Node>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let steps = Self::do_remove_leaf(&provider, number, &leaf, &path)?;
			Ok((Some(Self::remove_leaf_weight(path.len(), steps)), Pays::No).into())
		}

		/// Changes the parameters. Origin: [`Config::ParamsOrigin`]. Shares and streaks hold at once; window and number of
		/// challenges for slots after this block, so that no answer under way turns wrong or late. Those two can be changed
		/// again only once the seed ring has forgotten the challenges from before. The length of a period can only be changed
		/// while no provider is registered and no agreement open. Then everything holds at once.
		///
		/// Emits [`Event::ParamsSet`]. Fails with [`Error::InvalidPeriodLength`], [`Error::PeriodLengthFixed`],
		/// [`Error::InvalidWindow`], [`Error::InvalidChallenges`], [`Error::InvalidShare`], [`Error::InvalidStreaks`],
		/// [`Error::ChangedRecently`].
		#[pallet::call_index(4)]
		#[pallet::weight(Pallet::<T>::set_params_weight())]
		pub fn set_params(origin: OriginFor<T>, params: ProofParams) -> DispatchResult {
			T::ParamsOrigin::ensure_origin(origin)?;
			Self::do_set_params(params)
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
