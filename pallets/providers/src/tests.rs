//! One test for each rule.
use frame::{
	testing_prelude::*,
	token::fungible::{Inspect, InspectHold, Mutate},
};
use peoples_cloud_primitives::{resource::ResourceKind::Storage, traits::ProviderRegistry, Balance, BlockNumber};

use crate::{
	mock::*, Config, Error, Event, HoldReason, Offers, PeerIds, Providers, StakeParams, Standing, Tombstones,
	UnbondChunk, WeightInfo,
};

mod committing;
mod conservation;
mod extending;
mod genesis;
mod leaving;
mod offering;
mod registering;
mod slashing;
mod staking;
mod standing;
mod viewing;

/// What is held of an account's money.
fn on_hold(account: u64) -> Balance {
	Balances::balance_on_hold(&HoldReason::Stake.into(), &account)
}

fn signed(account: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(account)
}
