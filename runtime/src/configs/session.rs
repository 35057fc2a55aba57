//! Sessions: the validators of genesis, with the keys that they currently use.

use alloc::vec::Vec;
use frame_support::parameter_types;
use sp_runtime::traits::{Convert, OpaqueKeys};
use sp_staking::SessionIndex;

use super::{deposit, EQUIVOCATION_SESSIONS};
use crate::{AccountId, Babe, Balance, Balances, Historical, Runtime, RuntimeEvent, Session, SessionKeys};

parameter_types! {
	/// For a validator's two keys and the index of their owner.
	pub const KeyDeposit: Balance = deposit(3, 3 * 32 + 2 * 4 + 2 * 64);
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ValidatorOf;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, GenesisValidators>;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	// Never more than a third of the validators, so that the others can go on finalising.
	type DisablingStrategy = pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Self>;
	type Currency = Balances;
	type KeyDeposit = KeyDeposit;
}

impl pallet_session::historical::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = NoIdentification;
}

/// Only validators may set session keys: nobody else's would ever be used.
#[derive(Debug)]
pub struct ValidatorOf;

impl Convert<AccountId, Option<AccountId>> for ValidatorOf {
	fn convert(account: AccountId) -> Option<AccountId> {
		Session::validators().contains(&account).then_some(account)
	}
}

/// A validator is known by its account alone.
#[derive(Debug)]
pub struct NoIdentification;

impl Convert<AccountId, Option<()>> for NoIdentification {
	fn convert(_: AccountId) -> Option<()> {
		Some(())
	}
}

/// Keeps the validators that genesis named, and says when one has changed its keys.
#[derive(Debug)]
pub struct GenesisValidators;

impl GenesisValidators {
	/// The validators, if any of them has new keys: then their root is to be noted anew for reports of equivocations.
	fn with_new_keys() -> Option<Vec<AccountId>> {
		let queued = Session::queued_keys();
		let changed = queued.iter().any(|(validator, keys)| {
			pallet_session::NextKeys::<Runtime>::get(validator).is_some_and(|next| next != *keys)
		});
		changed.then(|| queued.into_iter().map(|(validator, _)| validator).collect())
	}
}

impl pallet_session::SessionManager<AccountId> for GenesisValidators {
	fn new_session(_: SessionIndex) -> Option<Vec<AccountId>> {
		Self::with_new_keys()
	}
	fn new_session_genesis(_: SessionIndex) -> Option<Vec<AccountId>> {
		// Genesis has stored the keys, but not yet who of them is a validator: all are.
		Some(pallet_session::NextKeys::<Runtime>::iter_keys().collect())
	}
	fn start_session(start: SessionIndex) {
		let oldest = start.saturating_sub(EQUIVOCATION_SESSIONS);
		if oldest > 0 {
			Historical::prune_up_to(oldest);
		}
	}
	fn end_session(_: SessionIndex) {}
}

impl pallet_session::historical::SessionManager<AccountId, ()> for GenesisValidators {
	fn new_session(index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		identified(<Self as pallet_session::SessionManager<_>>::new_session(index))
	}
	fn new_session_genesis(index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		identified(<Self as pallet_session::SessionManager<_>>::new_session_genesis(index))
	}
	fn start_session(start: SessionIndex) {
		<Self as pallet_session::SessionManager<_>>::start_session(start);
	}
	fn end_session(end: SessionIndex) {
		<Self as pallet_session::SessionManager<_>>::end_session(end);
	}
}

fn identified(validators: Option<Vec<AccountId>>) -> Option<Vec<(AccountId, ())>> {
	Some(validators?.into_iter().map(|validator| (validator, ())).collect())
}
