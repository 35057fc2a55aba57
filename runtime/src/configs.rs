//! How each pallet is configured.

mod authority_discovery;
mod authorship;
mod babe;
mod balances;
mod beefy;
mod clock;
mod elections;
mod escrow;
mod governance;
mod grandpa;
mod marketplace;
mod mmr;
mod multisig;
mod offences;
mod preimage;
mod providers;
mod proxy;
mod reputation;
mod scheduler;
mod session;
mod staking;
mod storage_proofs;
mod sudo;
mod system;
mod timestamp;
mod transaction_payment;
mod utility;

use frame_support::{parameter_types, PalletId};
use sp_runtime::traits::AccountIdConversion;

use crate::{AccountId, Balance, MICRO, MILLI};

pub use babe::VrfRandomness;
pub use governance::{pallet_origins, TechnicalCollective};
pub use proxy::ProxyType;
pub use session::KeysNoted;
pub use staking::BagThresholds;
pub use system::{BlockWeights, MAXIMUM_BLOCK_WEIGHT, NORMAL_DISPATCH_RATIO};
pub use transaction_payment::FeesShared;

/// From which the treasury's account follows.
pub const TREASURY_PALLET_ID: PalletId = PalletId(*b"ppl/trsy");

parameter_types! {
	/// Where slashes go that harm nobody in particular, dust, and fees of blocks without a known author.
	pub TreasuryAccount: AccountId = TREASURY_PALLET_ID.into_account_truncating();
}

/// What an account must hold back for state that it makes the chain keep.
///
/// An item costs its keys and its place in the trie, a byte its share of every full node's disk: 1 MiB comes to about 105 PPL.
pub const fn deposit(items: u32, bytes: u32) -> Balance {
	items as Balance * 20 * MILLI + bytes as Balance * 100 * MICRO
}
