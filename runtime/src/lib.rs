//! The People's Cloud runtime: the chain's state transition, composed of pallets.
//!
//! One blob serves every network: slot and epoch length, proof periods and all other parameters that differ between
//! networks are values of genesis. [`genesis_config_presets`] holds the presets of local networks.
#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]

extern crate alloc;

// First: `apis` uses its macros.
#[cfg(feature = "runtime-benchmarks")]
#[macro_use]
mod benchmarks;

pub mod apis;
pub mod configs;
pub mod genesis_config_presets;
pub mod migrations;

use alloc::{borrow::Cow, vec::Vec};
use configs::pallet_origins;
use pallet_session::historical as pallet_session_historical;
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

pub use apis::RuntimeApi;

/// 10^-12 PPL: what balances are counted in.
pub const PLANCK: Balance = 1;
/// 10^-6 PPL.
pub const MICRO: Balance = 1_000_000 * PLANCK;
/// 10^-3 PPL.
pub const MILLI: Balance = 1_000 * MICRO;
/// The native token.
pub const PPL: Balance = 1_000 * MILLI;
/// Decimals of the native token.
pub const TOKEN_DECIMALS: u32 = 12;
/// Symbol of the native token.
pub const TOKEN_SYMBOL: &str = "PPL";
/// Prefix of addresses: the generic Substrate one.
pub const SS58_PREFIX: u16 = 42;
/// The least balance with which an account exists: makes a million empty accounts cost 1,000 PPL.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI;

/// A transaction's signature.
pub type Signature = MultiSignature;
/// An account, named by its public key.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount in planck.
pub type Balance = peoples_cloud_primitives::Balance;
/// How many transactions an account has sent.
pub type Nonce = u32;
/// What the chain hashes with.
pub type Hashing = BlakeTwo256;
/// A hash of the chain.
pub type Hash = sp_core::H256;
/// A block's number.
pub type BlockNumber = peoples_cloud_primitives::BlockNumber;
/// How transactions name accounts.
pub type Address = MultiAddress<AccountId, ()>;
/// A block's header.
pub type Header = generic::Header<BlockNumber, Hashing>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// What every transaction carries beside its call, checked in this order.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckMortality<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// A transaction as it travels.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a transaction's signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Executes blocks.
pub type Executive =
	frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

/// What the node needs to know without the runtime's own types.
pub mod opaque {
	use super::{generic, Hashing, Header};

	/// A transaction of which only the runtime knows the form.
	pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;
	/// A block of such transactions.
	pub type Block = generic::Block<Header, UncheckedExtrinsic>;
	/// Names a block.
	pub type BlockId = generic::BlockId<Block>;
	/// A block's hash.
	pub type Hash = <Hashing as sp_runtime::traits::Hash>::Output;
}

impl_opaque_keys! {
	/// What a validator signs with.
	pub struct SessionKeys {
		/// Makes blocks.
		pub babe: Babe,
		/// Finalises blocks.
		pub grandpa: Grandpa,
		/// Signs its address, so that other validators find it.
		pub authority_discovery: AuthorityDiscovery,
		/// Finalises blocks for other chains.
		pub beefy: Beefy,
	}
}

/// Identifies the runtime. `spec_version` grows with every released change of its logic, `transaction_version` when an
/// existing call changes its encoding.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("peoples-cloud"),
	impl_name: Cow::Borrowed("peoples-cloud-node"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

/// What a wallet shows and how it encodes addresses; chain specifications carry it.
pub fn chain_properties() -> serde_json::Map<alloc::string::String, serde_json::Value> {
	[
		("tokenSymbol".into(), TOKEN_SYMBOL.into()),
		("tokenDecimals".into(), TOKEN_DECIMALS.into()),
		("ss58Format".into(), SS58_PREFIX.into()),
	]
	.into_iter()
	.collect()
}

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	// Genesis is built, and hooks run, in the order of the indices.
	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	// Before all that takes its lengths from it.
	#[runtime::pallet_index(1)]
	pub type Clock = pallet_clock;
	#[runtime::pallet_index(2)]
	pub type Timestamp = pallet_timestamp;
	// Before session: a session ends where BABE's epoch does.
	#[runtime::pallet_index(3)]
	pub type Babe = pallet_babe;
	#[runtime::pallet_index(4)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(5)]
	pub type Balances = pallet_balances;
	// Before session, whose first validators are those that genesis has staked.
	#[runtime::pallet_index(6)]
	pub type Staking = pallet_staking;
	#[runtime::pallet_index(7)]
	pub type VoterList = pallet_bags_list<Instance1>;
	#[runtime::pallet_index(8)]
	pub type ElectionProviderMultiPhase = pallet_election_provider_multi_phase;
	#[runtime::pallet_index(9)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(10)]
	pub type Historical = pallet_session_historical;
	#[runtime::pallet_index(11)]
	pub type Grandpa = pallet_grandpa;
	#[runtime::pallet_index(12)]
	pub type AuthorityDiscovery = pallet_authority_discovery;
	// After session, which tells it the next validators, and before the leaves that name them.
	#[runtime::pallet_index(13)]
	pub type Beefy = pallet_beefy;
	#[runtime::pallet_index(14)]
	pub type Mmr = pallet_mmr;
	#[runtime::pallet_index(15)]
	pub type BeefyMmrLeaf = pallet_beefy_mmr;
	#[runtime::pallet_index(16)]
	pub type Offences = pallet_offences;
	#[runtime::pallet_index(17)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(18)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(19)]
	pub type Proxy = pallet_proxy;
	#[runtime::pallet_index(20)]
	pub type Multisig = pallet_multisig;
	#[runtime::pallet_index(21)]
	pub type Scheduler = pallet_scheduler;
	#[runtime::pallet_index(22)]
	pub type Preimage = pallet_preimage;
	#[runtime::pallet_index(23)]
	pub type Sudo = pallet_sudo;
	#[runtime::pallet_index(24)]
	pub type Treasury = pallet_treasury;
	#[runtime::pallet_index(25)]
	pub type ConvictionVoting = pallet_conviction_voting;
	#[runtime::pallet_index(26)]
	pub type Referenda = pallet_referenda;
	#[runtime::pallet_index(27)]
	pub type Origins = pallet_origins;
	#[runtime::pallet_index(28)]
	pub type TechnicalCommittee = pallet_collective<Instance1>;
	#[runtime::pallet_index(29)]
	pub type Whitelist = pallet_whitelist;
	#[runtime::pallet_index(40)]
	pub type Providers = pallet_providers;
	#[runtime::pallet_index(41)]
	pub type Marketplace = pallet_marketplace;
	#[runtime::pallet_index(42)]
	pub type Escrow = pallet_escrow;
	#[runtime::pallet_index(43)]
	pub type Reputation = pallet_reputation;
	// After BABE, which has the block's randomness ready when it finalises.
	#[runtime::pallet_index(44)]
	pub type StorageProofs = pallet_storage_proofs;
}
