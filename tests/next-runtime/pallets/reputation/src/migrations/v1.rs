//! Version 1: evidence is forgotten in half the time, from the upgrade on. Up to it the old pace holds.

#[cfg(feature = "try-runtime")]
extern crate alloc;

use frame::{
	deps::frame_support::{migrations::VersionedMigration, traits::UncheckedOnRuntimeUpgrade},
	prelude::*,
};

use crate::{Config, HalfLife, Pallet, Record, Records};

/// From version 0 to version 1, once: at any other version it does nothing.
pub type MigrateToV1<T> =
	VersionedMigration<0, 1, unchecked::HalveHalfLife<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// Private, so that no runtime can have the migration without the check of the version.
mod unchecked {
	/// Brings all records up to date at the old half-life, then halves it.
	#[derive(Debug)]
	pub struct HalveHalfLife<T>(core::marker::PhantomData<T>);
}

/// What the migration of that many records takes, the last look for another one included.
fn weight<T: Config>(records: u64) -> Weight {
	// To find a record and to read it; the block's number, and the half-life.
	let reads = records.saturating_mul(2).saturating_add(3);
	T::DbWeight::get().reads_writes(reads, records.saturating_add(1))
}

impl<T: Config> UncheckedOnRuntimeUpgrade for unchecked::HalveHalfLife<T> {
	fn on_runtime_upgrade() -> Weight {
		let (now, half_life) = (Pallet::<T>::now(), HalfLife::<T>::get());
		let mut records = 0u64;
		Records::<T>::translate(|_, _, record: Record| {
			records = records.saturating_add(1);
			Some(record.at(now, half_life))
		});
		HalfLife::<T>::put((half_life / 2).max(1));
		weight::<T>(records)
	}

	/// Hands on the half-life and what the records say of each provider. More of them than fit a block must be migrated in
	/// another way, over many blocks.
	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, frame::try_runtime::TryRuntimeError> {
		let (now, half_life) = (Pallet::<T>::now(), HalfLife::<T>::get());
		let scores: Scores<T> = Records::<T>::iter()
			.map(|(provider, kind, record)| (provider, kind, record.at(now, half_life).score()))
			.collect();
		let needed = weight::<T>(scores.len() as u64);
		ensure!(needed.all_lte(T::BlockWeights::get().max_block), "reputation: more records than a block can migrate");
		Ok((half_life, scores).encode())
	}

	/// Checks that
	///
	/// 1. the half-life is half of what it was;
	/// 2. there are as many records as before, each of this block;
	/// 3. clients read the same score of each provider as they did before.
	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), frame::try_runtime::TryRuntimeError> {
		let (half_life, scores) = <(peoples_cloud_primitives::BlockNumber, Scores<T>)>::decode(&mut before.as_slice())
			.map_err(|_| "reputation: what was noted before the migration cannot be read")?;
		ensure!(HalfLife::<T>::get() == (half_life / 2).max(1), "reputation: the half-life is not half of what it was");
		ensure!(Records::<T>::iter_keys().count() == scores.len(), "reputation: the migration lost or added a record");
		let now = Pallet::<T>::now();
		ensure!(
			Records::<T>::iter_values().all(|record| record.updated == now),
			"reputation: a record was not brought up to date"
		);
		ensure!(
			scores.into_iter().all(|(provider, kind, score)| Pallet::<T>::score(provider, kind) == score),
			"reputation: the migration changed a score"
		);
		Ok(())
	}
}

/// What is known of each service of each provider.
#[cfg(feature = "try-runtime")]
type Scores<T> = alloc::vec::Vec<(
	<T as frame_system::Config>::AccountId,
	peoples_cloud_primitives::resource::ResourceKind,
	crate::Score,
)>;
