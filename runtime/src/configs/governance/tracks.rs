//! How long each kind of referendum takes, and how much support it needs.
//!
//! Curves are those of [OpenGov](https://wiki.polkadot.network/learn/learn-polkadot-opengov/): the approval (share of the
//! votes) and the support (share of all PPL) that a referendum needs fall while it is decided upon.

use alloc::borrow::Cow;
use frame_support::traits::{Get, OriginTrait};
use pallet_referenda::{Curve, Track, TrackInfo};
use sp_runtime::{str_array, traits::SaturatedConversion, FixedI64};

use super::origins::Origin;
use crate::{Balance, BlockNumber, OriginCaller, Runtime, RuntimeOrigin, PPL};

/// Parts that periods shorter than an era are counted in: ten minutes of production's day.
const PARTS: BlockNumber = 144;

/// Expected blocks of an era.
pub(super) fn era() -> BlockNumber {
	let sessions: u32 = pallet_clock::SessionsPerEra::<Runtime>::get();
	pallet_clock::EpochDuration::<Runtime>::get().saturating_mul(sessions.into()).saturated_into()
}

/// A part of an era, a block at least.
fn parts(number: BlockNumber) -> BlockNumber {
	era().saturating_mul(number).saturating_div(PARTS).max(1)
}

const fn percent(value: u128) -> FixedI64 {
	FixedI64::from_rational(value, 100)
}

/// Nearly everybody at first, half in the end.
const APPROVAL: Curve = Curve::make_reciprocal(4, 28, percent(80), percent(50), percent(100));
/// Whatever has most votes, since only little hangs on it.
const SIMPLE_APPROVAL: Curve = Curve::make_linear(28, 28, percent(50), percent(100));
/// Half of all PPL at first; who waits for the end needs hardly any.
const SUPPORT: Curve = Curve::make_linear(28, 28, percent(0), percent(50));
/// Never below a twentieth: stake that providers cannot take back within a week hangs on it.
const MARKET_SUPPORT: Curve = Curve::make_linear(28, 28, percent(5), percent(50));
/// Falls soon, and not below a twentieth: who whitelists is few, so the others must take part.
const URGENT_SUPPORT: Curve = Curve::make_reciprocal(1, 28, percent(20), percent(5), percent(50));
/// Falls soon.
const SIMPLE_SUPPORT: Curve = Curve::make_reciprocal(7, 28, percent(1), percent(0), percent(50));

/// A track's number.
type Id = u16;

const ROOT: Id = 0;
const WHITELISTED_CALLER: Id = 1;
const MARKET_ADMIN: Id = 10;
const REFERENDUM_CANCELLER: Id = 20;
const TREASURER: Id = 30;
const SMALL_SPENDER: Id = 31;

/// All tracks.
#[derive(Debug)]
pub struct Tracks;

impl pallet_referenda::TracksInfo<Balance, BlockNumber> for Tracks {
	type Id = Id;
	type RuntimeOrigin = <RuntimeOrigin as OriginTrait>::PalletsOrigin;

	fn tracks() -> impl Iterator<Item = Cow<'static, Track<Id, Balance, BlockNumber>>> {
		let era = era();
		[
			Track {
				id: ROOT,
				info: TrackInfo {
					name: str_array("root"),
					max_deciding: 1,
					decision_deposit: 10_000 * PPL,
					prepare_period: parts(12),
					decision_period: era.saturating_mul(28),
					confirm_period: era,
					min_enactment_period: era,
					min_approval: APPROVAL,
					min_support: SUPPORT,
				},
			},
			Track {
				id: WHITELISTED_CALLER,
				info: TrackInfo {
					name: str_array("whitelisted_caller"),
					max_deciding: 100,
					decision_deposit: 1_000 * PPL,
					prepare_period: parts(3),
					decision_period: era.saturating_mul(28),
					confirm_period: parts(1),
					min_enactment_period: parts(1),
					min_approval: APPROVAL,
					min_support: URGENT_SUPPORT,
				},
			},
			Track {
				id: MARKET_ADMIN,
				info: TrackInfo {
					name: str_array("market_admin"),
					max_deciding: 10,
					decision_deposit: 1_000 * PPL,
					prepare_period: parts(12),
					decision_period: era.saturating_mul(28),
					confirm_period: era.saturating_mul(2),
					min_enactment_period: era.saturating_mul(8),
					min_approval: APPROVAL,
					min_support: MARKET_SUPPORT,
				},
			},
			Track {
				id: REFERENDUM_CANCELLER,
				info: TrackInfo {
					name: str_array("referendum_canceller"),
					max_deciding: 1_000,
					decision_deposit: 1_000 * PPL,
					prepare_period: parts(12),
					decision_period: era.saturating_mul(7),
					confirm_period: parts(18),
					min_enactment_period: parts(1),
					min_approval: APPROVAL,
					min_support: SUPPORT,
				},
			},
			Track {
				id: TREASURER,
				info: TrackInfo {
					name: str_array("treasurer"),
					max_deciding: 10,
					decision_deposit: 1_000 * PPL,
					prepare_period: parts(12),
					decision_period: era.saturating_mul(28),
					confirm_period: era.saturating_mul(7),
					min_enactment_period: era,
					min_approval: APPROVAL,
					min_support: SUPPORT,
				},
			},
			Track {
				id: SMALL_SPENDER,
				info: TrackInfo {
					name: str_array("small_spender"),
					max_deciding: 50,
					decision_deposit: 100 * PPL,
					prepare_period: parts(24),
					decision_period: era.saturating_mul(28),
					confirm_period: era.saturating_mul(2),
					min_enactment_period: parts(72),
					min_approval: SIMPLE_APPROVAL,
					min_support: SIMPLE_SUPPORT,
				},
			},
		]
		.into_iter()
		.map(Cow::Owned)
	}

	fn track_for(origin: &OriginCaller) -> Result<Id, ()> {
		match origin {
			OriginCaller::system(frame_system::RawOrigin::Root) => Ok(ROOT),
			OriginCaller::Origins(origin) => Ok(match origin {
				Origin::WhitelistedCaller => WHITELISTED_CALLER,
				Origin::MarketAdmin => MARKET_ADMIN,
				Origin::ReferendumCanceller => REFERENDUM_CANCELLER,
				Origin::Treasurer => TREASURER,
				Origin::SmallSpender => SMALL_SPENDER,
			}),
			_ => Err(()),
		}
	}
}
