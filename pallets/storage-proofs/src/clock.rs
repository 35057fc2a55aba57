//! Blocks, periods and slots: when a provider is challenged, and how long it has to answer.
use frame::{
	deps::{frame_support::migrations::MultiStepMigrator, sp_runtime::Percent},
	prelude::*,
};
use peoples_cloud_primitives::{challenge, traits::BlockRandomness, BlockNumber, Period};

use crate::{BlockSeed, BlockSeeds, Config, OnlyInherents, Pallet, Params, PreviousParams, ProofParams};

/// A block has room while less than this part is taken of what ordinary transactions may take. What is left takes in
/// thousands of proofs an hour, so whoever wants to keep proofs out has to fill blocks beyond it, and then they do not
/// count.
const ROOM: Percent = Percent::from_percent(75);

impl<T: Config> Pallet<T> {
	/// Notes whether the block takes inherents only, since a migration goes on. Runs when the block begins, as the
	/// executive decides it: a migration's last block is over without one at its end.
	pub(crate) fn note_migration() {
		if <T as frame_system::Config>::MultiBlockMigrator::ongoing() {
			OnlyInherents::<T>::put(true);
		}
	}

	/// Notes the block's randomness and whether it had room. Runs when the block is finalised.
	pub(crate) fn note_block() {
		let block = Self::now();
		let before = block.checked_sub(1).and_then(Self::seed_of).map_or(0, |seed| seed.roomy);
		// One more a block at most: it overflows no sooner than the block number.
		let closed = OnlyInherents::<T>::take();
		let roomy = before.saturating_add(u32::from(!closed && Self::has_room()));
		BlockSeeds::<T>::insert(Self::place(block), BlockSeed { block, seed: T::Randomness::current(), roomy });
	}

	/// Whether this block had room left for ordinary transactions, by weight and by length.
	fn has_room() -> bool {
		let class = DispatchClass::Normal;
		let limits = T::BlockWeights::get();
		let most = limits.get(class).max_total.unwrap_or(limits.max_block);
		let weight = frame_system::Pallet::<T>::block_weight();
		// Operational transactions may take the whole block, and anyone can send some: they fail, but they have kept others
		// out by then. So does the end of a session, which takes a whole block too.
		let left = most.saturating_sub(*weight.get(class)).min(limits.max_block.saturating_sub(weight.total()));
		let used = most.saturating_sub(left);
		let most_bytes = *T::BlockLength::get().max.get(class);
		used.ref_time() < ROOM.mul_floor(most.ref_time())
			&& used.proof_size() < ROOM.mul_floor(most.proof_size())
			&& frame_system::Pallet::<T>::block_size() < ROOM.mul_floor(most_bytes)
	}

	/// What a block left behind, if the ring still has it.
	pub(crate) fn seed_of(block: BlockNumber) -> Option<BlockSeed> {
		BlockSeeds::<T>::get(Self::place(block)).filter(|seed| seed.block == block)
	}

	/// The rules of a slot's challenge: the length of its window in blocks with room, and how many chunks it asks for.
	/// Those that held when it was fixed, whatever the parameters are now.
	pub(crate) fn rules_of(slot: BlockNumber, params: &ProofParams) -> (BlockNumber, u32) {
		match PreviousParams::<T>::get() {
			Some((previous, until)) if slot <= until => (previous.window_blocks, previous.challenges),
			_ => (params.window_blocks, params.challenges),
		}
	}

	/// The current period.
	pub(crate) fn period_now() -> Period {
		challenge::period_of(Self::now(), Params::<T>::get().period_blocks)
	}

	/// The provider's slot in a period; `None` past the last block number.
	pub(crate) fn slot_of(provider: &T::AccountId, period: Period, period_blocks: BlockNumber) -> Option<BlockNumber> {
		challenge::slot_block(&provider.clone().into(), period, period_blocks)
	}

	/// The last period whose slot has come; `None` before the first.
	pub(crate) fn last_fixed(provider: &T::AccountId, now: BlockNumber, period_blocks: BlockNumber) -> Option<Period> {
		let current = challenge::period_of(now, period_blocks);
		match Self::slot_of(provider, current, period_blocks) {
			Some(slot) if slot <= now => Some(current),
			_ => current.checked_sub(1),
		}
	}

	/// The first period whose slot is still to come.
	pub(crate) fn first_ahead(provider: &T::AccountId, now: BlockNumber, period_blocks: BlockNumber) -> Period {
		Self::last_fixed(provider, now, period_blocks).map_or(0, |period| period.saturating_add(1))
	}

	fn place(block: BlockNumber) -> u32 {
		block % T::SeedRing::get().max(1)
	}
}
