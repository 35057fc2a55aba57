//! Weights of the calls, for a 2 GHz core and RocksDB.
//!
//! Upper estimates: the published weights of like calls of `pallet-balances` and `pallet-proxy`, rounded up, with each
//! storage access counted. The benchmarks of this pallet regenerate them. Proof sizes count a provider's record
//! (at most 1.6 KiB) with its trie nodes as 5,000 bytes, and an account with its holds as 7,000.
use frame::weights_prelude::*;

/// What each call of this pallet may cost at most.
pub trait WeightInfo {
	/// `register`.
	fn register() -> Weight;
	/// `update_info`.
	fn update_info() -> Weight;
	/// `bond_more`.
	fn bond_more() -> Weight;
	/// `unbond`.
	fn unbond() -> Weight;
	/// `withdraw_unbonded`, with the record's end.
	fn withdraw_unbonded() -> Weight;
	/// `set_offer`.
	fn set_offer() -> Weight;
	/// `remove_offer`.
	fn remove_offer() -> Weight;
	/// `pause`.
	fn pause() -> Weight;
	/// `resume`.
	fn resume() -> Weight;
	/// `leave`.
	fn leave() -> Weight;
	/// `force_set_params`.
	fn force_set_params() -> Weight;
}

/// Weights for a chain with its own costs of storage access.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

macro_rules! weights {
	($($(#[$doc:meta])* $name:ident: $time:literal ns, $proof:literal B, $reads:literal R, $writes:literal W;)*) => {
		impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
			$($(#[$doc])* fn $name() -> Weight {
				Weight::from_parts($time * 1_000, $proof).saturating_add(T::DbWeight::get().reads_writes($reads, $writes))
			})*
		}
		impl WeightInfo for () {
			$($(#[$doc])* fn $name() -> Weight {
				Weight::from_parts($time * 1_000, $proof)
					.saturating_add(RocksDbWeight::get().reads_writes($reads, $writes))
			})*
		}
	};
}

weights! {
	/// Reads: record, tombstone, peer id, params, account, holds, counter.
	/// Writes: record, peer id, account, holds, counter.
	register: 150_000 ns, 25_000 B, 7 R, 5 W;
	/// Reads: record, new peer id. Writes: record, old and new peer id.
	update_info: 60_000 ns, 12_000 B, 2 R, 3 W;
	/// Reads: record, account, holds. Writes: the same.
	bond_more: 110_000 ns, 14_000 B, 3 R, 3 W;
	/// Reads: record, params, committed. Writes: record.
	unbond: 60_000 ns, 12_000 B, 4 R, 1 W;
	/// Reads: record, committed, account, holds, counter. Writes: record, peer id, account, holds, counter.
	withdraw_unbonded: 150_000 ns, 22_000 B, 6 R, 5 W;
	/// Reads: record. Writes: offer.
	set_offer: 40_000 ns, 5_000 B, 1 R, 1 W;
	/// Reads: offer. Writes: offer.
	remove_offer: 30_000 ns, 4_000 B, 1 R, 1 W;
	/// Reads: record. Writes: record.
	pause: 40_000 ns, 5_000 B, 1 R, 1 W;
	/// Reads: record. Writes: record.
	resume: 40_000 ns, 5_000 B, 1 R, 1 W;
	/// Reads: record, committed, offers, params. Writes: record, offers.
	leave: 80_000 ns, 16_000 B, 6 R, 3 W;
	/// Writes: params.
	force_set_params: 15_000 ns, 0 B, 0 R, 1 W;
}
