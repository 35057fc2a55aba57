//! Which intents a provider takes: a pure function of the intent and the facts.
use peoples_cloud_client::chain::Offer;
use peoples_cloud_primitives::{column::MAX_PATH, terms::storage_rate, AccountBytes, Balance, BlockNumber, Hash32};

use super::{Refusal, SignedIntent};

/// What the decision rests on. Those that cost a look at the chain come with the second step, see [`admit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
	/// Genesis hash of our chain.
	pub genesis: Hash32,
	/// Our account.
	pub provider: AccountBytes,
	/// Newest best block.
	pub now: BlockNumber,
	/// Most blocks from now to the end of an intent.
	pub max_validity: BlockNumber,
	/// Our offer, if we are active and have one.
	pub offer: Option<Offer>,
	/// Chunks that we would take.
	pub free_chunks: u64,
	/// The client's pending uploads here, those coming in included.
	pub pending_uploads: u32,
	/// Most of them.
	pub max_pending_uploads: u32,
	/// What they will cost the client, in planck.
	pub pending_price: Balance,
}

/// An intent that was taken, if the client has the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
	/// The most that the agreement can cost, in planck.
	pub price: Balance,
	/// What the client's account must hold, its other pending uploads included.
	pub needed: Balance,
}

/// Judges an intent. Cheap rules first, the signature last. What is left for the caller is to ask the chain whether
/// the client's free balance is at least [`Admitted::needed`].
pub fn admit(signed: &SignedIntent, facts: &Facts) -> Result<Admitted, Refusal> {
	let intent = signed.fields();
	if intent.genesis != facts.genesis {
		return Err(Refusal::WrongChain);
	}
	if intent.provider != facts.provider {
		return Err(Refusal::WrongProvider);
	}
	if intent.max_chunks == 0 || intent.max_chunks > 1u64 << MAX_PATH {
		return Err(Refusal::WrongSize);
	}
	let offer = facts.offer.ok_or(Refusal::NotOffering)?;
	if intent.price < offer.price {
		return Err(Refusal::PriceTooLow { price: offer.price });
	}
	if intent.duration == 0 || intent.duration < offer.min_duration || intent.duration > offer.max_duration {
		return Err(Refusal::WrongDuration { min: offer.min_duration.max(1), max: offer.max_duration });
	}
	let latest = facts.now.saturating_add(facts.max_validity);
	if intent.valid_until <= facts.now || intent.valid_until > latest {
		return Err(Refusal::WrongValidity { now: facts.now, max: latest });
	}
	if intent.max_chunks > facts.free_chunks {
		return Err(Refusal::NoRoom { free_chunks: facts.free_chunks });
	}
	if facts.pending_uploads >= facts.max_pending_uploads {
		return Err(Refusal::TooManyPending);
	}
	let rate = storage_rate(intent.max_chunks, intent.price);
	let price = rate.and_then(|rate| rate.checked_mul(Balance::from(intent.duration))).ok_or(Refusal::NoFunds)?;
	let needed = price.checked_add(facts.pending_price).ok_or(Refusal::NoFunds)?;
	if !signed.is_signed() {
		return Err(Refusal::BadSignature);
	}
	Ok(Admitted { price, needed })
}
