//! Accounts that may act for another one.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	parameter_types,
	traits::{ConstU32, InstanceFilter},
};
use scale_info::TypeInfo;

use super::deposit;
use crate::{Balance, Balances, Hashing, Runtime, RuntimeCall, RuntimeEvent, System};

parameter_types! {
	pub const ProxyDepositBase: Balance = deposit(1, 8);
	pub const ProxyDepositFactor: Balance = deposit(0, 33);
	pub const AnnouncementDepositBase: Balance = deposit(1, 8);
	pub const AnnouncementDepositFactor: Balance = deposit(0, 68);
}

impl pallet_proxy::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type ProxyType = ProxyType;
	type ProxyDepositBase = ProxyDepositBase;
	type ProxyDepositFactor = ProxyDepositFactor;
	type MaxProxies = ConstU32<32>;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Self>;
	type MaxPending = ConstU32<32>;
	type CallHasher = Hashing;
	type AnnouncementDepositBase = AnnouncementDepositBase;
	type AnnouncementDepositFactor = AnnouncementDepositFactor;
	type BlockNumberProvider = System;
}

/// What a proxy may do.
#[derive(
	Copy,
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	#[codec(index = 0)]
	Any,
	/// Everything that takes no money from the account but fees: neither free money nor stake.
	#[codec(index = 1)]
	NonTransfer,
	/// Only reject announcements of other proxies.
	#[codec(index = 2)]
	CancelProxy,
	/// What a provider's daemon does day by day: proofs, offers, losses, earnings paid to the provider itself. It can
	/// neither unbond the stake nor move money away; but to admit a loss costs a penalty, which is slashed from the stake.
	/// So whoever has this proxy's key can cost the provider its stake, and gain nothing by it.
	#[codec(index = 3)]
	Provider,
	/// Bond, validate, nominate, claim rewards, set session keys. Whoever has this proxy's key can send rewards to an
	/// account of its own and put the stake at risk, and never take it.
	#[codec(index = 4)]
	Staking,
	/// Vote, delegate votes, submit and pay referenda, act in the committee.
	#[codec(index = 5)]
	Governance,
}

/// Whether the call is one that a provider's daemon makes day by day. Batches are: the filter holds for what is in them.
fn is_provider_duty(call: &RuntimeCall) -> bool {
	use pallet_marketplace::Call::{declare_lost, mark_lost, replace_column, settle};
	use pallet_providers::Call::{pause, remove_offer, resume, set_offer, update_info};
	use pallet_utility::Call::{batch, batch_all, force_batch};

	matches!(
		call,
		RuntimeCall::StorageProofs(..)
			| RuntimeCall::Escrow(pallet_escrow::Call::withdraw { .. })
			| RuntimeCall::Marketplace(declare_lost { .. } | mark_lost { .. } | replace_column { .. } | settle { .. })
			| RuntimeCall::Providers(
				pause { .. } | remove_offer { .. } | resume { .. } | set_offer { .. } | update_info { .. }
			) | RuntimeCall::Utility(batch { .. } | batch_all { .. } | force_batch { .. })
	)
}

/// Whether the call costs the account a part of its stake.
fn is_penalised(call: &RuntimeCall) -> bool {
	matches!(call, RuntimeCall::Marketplace(pallet_marketplace::Call::declare_lost { .. }))
}

/// Whether the call is one of staking's, or a batch of such.
fn is_staking(call: &RuntimeCall) -> bool {
	use pallet_utility::Call::{batch, batch_all, force_batch};

	matches!(
		call,
		RuntimeCall::Staking(..)
			| RuntimeCall::Session(..)
			| RuntimeCall::VoterList(..)
			| RuntimeCall::Utility(batch { .. } | batch_all { .. } | force_batch { .. })
	)
}

/// Whether the call takes part in governance, or is a batch of such.
fn is_governance(call: &RuntimeCall) -> bool {
	use pallet_utility::Call::{batch, batch_all, force_batch};

	matches!(
		call,
		RuntimeCall::ConvictionVoting(..)
			| RuntimeCall::Referenda(..)
			| RuntimeCall::TechnicalCommittee(..)
			| RuntimeCall::Whitelist(..)
			| RuntimeCall::Preimage(..)
			| RuntimeCall::Utility(batch { .. } | batch_all { .. } | force_batch { .. })
	)
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		match self {
			Self::Any => true,
			Self::NonTransfer => {
				// Without session keys: whoever chooses them can sign twice with them, which costs the stake.
				matches!(
					call,
					RuntimeCall::System(..)
						| RuntimeCall::Timestamp(..)
						| RuntimeCall::Babe(..)
						| RuntimeCall::Grandpa(..)
						| RuntimeCall::Utility(..)
						| RuntimeCall::Proxy(..)
						| RuntimeCall::Multisig(..)
						| RuntimeCall::Scheduler(..)
						| RuntimeCall::Preimage(..)
				) || (is_provider_duty(call) && !is_penalised(call))
			},
			Self::Provider => is_provider_duty(call),
			Self::Staking => is_staking(call),
			Self::Governance => is_governance(call),
			Self::CancelProxy => matches!(call, RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. })),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Any, _) => true,
			(_, Self::Any) => false,
			(Self::NonTransfer, Self::CancelProxy) => true,
			(one, another) => one == another,
		}
	}
}
