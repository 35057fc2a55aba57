//! Sessions: the validators that staking elects, with the keys that they currently use.

use alloc::vec::Vec;
use frame_support::{parameter_types, traits::Get};
use pallet_session::{historical, SessionManager};
use sp_runtime::traits::{ConvertInto, OpaqueKeys};
use sp_staking::SessionIndex;

use super::deposit;
use crate::{AccountId, Babe, Balance, Balances, Historical, Runtime, RuntimeEvent, Session, SessionKeys, Staking};

parameter_types! {
	/// For a validator's four keys under its account, and its account under each of them.
	pub const KeyDeposit: Balance = deposit(5, 32 + 3 * 32 + 33 + 4 * (4 + 33 + 32));
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	type SessionManager = historical::NoteHistoricalRoot<Self, KeysNoted>;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	// Never more than a third of the validators, so that the others can go on finalising.
	type DisablingStrategy = pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Self>;
	type Currency = Balances;
	type KeyDeposit = KeyDeposit;
}

impl historical::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = pallet_staking::UnitIdentificationOf<Self>;
}

/// Staking's validators. Where staking has nothing new to say, in the middle of an era or while it elects nobody, and
/// one of them has changed its keys, they are noted anew: else nobody could prove whose the new keys are, and
/// equivocations with them could not be reported.
#[derive(Debug)]
pub struct KeysNoted;

impl KeysNoted {
	fn with_new_keys() -> Option<Vec<AccountId>> {
		let queued = Session::queued_keys();
		let changed = queued.iter().any(|(validator, keys)| {
			pallet_session::NextKeys::<Runtime>::get(validator).is_some_and(|next| next != *keys)
		});
		changed.then(|| queued.into_iter().map(|(validator, _)| validator).collect())
	}
}

impl SessionManager<AccountId> for KeysNoted {
	fn new_session(index: SessionIndex) -> Option<Vec<AccountId>> {
		<Staking as SessionManager<_>>::new_session(index).or_else(Self::with_new_keys)
	}
	fn new_session_genesis(index: SessionIndex) -> Option<Vec<AccountId>> {
		<Staking as SessionManager<_>>::new_session_genesis(index)
	}
	fn start_session(start: SessionIndex) {
		<Staking as SessionManager<_>>::start_session(start);
		// Staking forgets sessions with their eras, of which there are none while it elects nobody.
		let oldest = start.saturating_sub(pallet_clock::LiableSessions::<Runtime>::get());
		if oldest > 0 {
			Historical::prune_up_to(oldest);
		}
	}
	fn end_session(end: SessionIndex) {
		<Staking as SessionManager<_>>::end_session(end);
	}
}

impl historical::SessionManager<AccountId, ()> for KeysNoted {
	fn new_session(index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		identified(<Self as SessionManager<_>>::new_session(index))
	}
	fn new_session_genesis(index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		identified(<Self as SessionManager<_>>::new_session_genesis(index))
	}
	fn start_session(start: SessionIndex) {
		<Self as SessionManager<_>>::start_session(start);
	}
	fn end_session(end: SessionIndex) {
		<Self as SessionManager<_>>::end_session(end);
	}
}

fn identified(validators: Option<Vec<AccountId>>) -> Option<Vec<(AccountId, ())>> {
	Some(validators?.into_iter().map(|validator| (validator, ())).collect())
}
