//! Calls of the SDK's pallets, as this chain configures them.

pub(crate) mod accounts;
pub(crate) mod governance;
pub(crate) mod staking;

use peoples_cloud_runtime::{AccountId, RuntimeCall, RuntimeOrigin, EXISTENTIAL_DEPOSIT};
use sp_core::sr25519;

use super::{Case, Made, Sent};
use crate::transactions::account;

/// Calls in a block of those that do not come often: they cost the same in a full block.
const FEW: u32 = 50;

/// A call that is sent a few times.
fn few(call: &'static str, prepare: fn(), make: fn(u32) -> Made) -> Case {
	some(FEW, call, prepare, make)
}

/// A call that is sent so many times.
fn some(most: u32, call: &'static str, prepare: fn(), make: fn(u32) -> Made) -> Case {
	Case { call, prepare, sent: Sent::Few(most, make) }
}

/// A call that is sent until the block is full.
fn many(call: &'static str, prepare: fn(), make: fn(u32) -> Made) -> Case {
	Case { call, prepare, sent: Sent::Signed(make) }
}

fn signed_by(key: &sr25519::Pair) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(key))
}

/// Makes an account that there may not be.
fn transfer(dest: AccountId) -> RuntimeCall {
	RuntimeCall::Balances(pallet_balances::Call::transfer_allow_death { dest: dest.into(), value: EXISTENTIAL_DEPOSIT })
}
