//! The origins, beside root, that referenda dispatch with.

use frame_support::traits::EnsureOrigin;

pub(super) use pallet_origins::Origin;

/// Only gives the origins their place among the runtime's; it has neither calls nor state.
#[frame_support::pallet]
#[allow(missing_debug_implementations, reason = "FRAME generates code without them")]
pub mod pallet_origins {
	use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
	use frame_support::pallet_prelude::*;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// It needs nothing.
	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// What a referendum was approved as.
	#[pallet::origin]
	#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
	pub enum Origin {
		/// Dispatches calls that the technical committee has whitelisted, as root.
		#[codec(index = 0)]
		WhitelistedCaller,
		/// Changes the market's parameters.
		#[codec(index = 1)]
		MarketAdmin,
		/// Cancels referenda.
		#[codec(index = 2)]
		ReferendumCanceller,
		/// Spends from the treasury.
		#[codec(index = 3)]
		Treasurer,
		/// Spends a little from the treasury.
		#[codec(index = 4)]
		SmallSpender,
	}
}

/// Declares what asks for an origin of that name.
macro_rules! ensures {
	($($(#[$doc:meta])* $name:ident;)+) => {$(
		$(#[$doc])*
		#[derive(Debug)]
		pub struct $name;

		impl<O: Into<Result<Origin, O>> + From<Origin>> EnsureOrigin<O> for $name {
			type Success = ();

			fn try_origin(origin: O) -> Result<(), O> {
				match origin.into()? {
					Origin::$name => Ok(()),
					other => Err(O::from(other)),
				}
			}

			#[cfg(feature = "runtime-benchmarks")]
			fn try_successful_origin() -> Result<O, ()> {
				Ok(O::from(Origin::$name))
			}
		}
	)+};
}

ensures! {
	/// A referendum on a whitelisted call.
	WhitelistedCaller;
	/// A referendum on the market's parameters.
	MarketAdmin;
	/// A referendum against another referendum.
	ReferendumCanceller;
	/// A referendum on spending.
	Treasurer;
	/// A referendum on spending a little.
	SmallSpender;
}
