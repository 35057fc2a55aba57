//! The chain's events, as far as readers care.
#![allow(clippy::result_large_err, reason = "the error is subxt's, and translated where it arrives")]
use peoples_cloud_primitives::{holdings::Leaf, AgreementId, Balance, ColumnIndex, Hash32, Period};
use subxt::{
	error::EventsError,
	ext::scale_decode::DecodeAsType,
	utils::{AccountId32, Static},
};

use super::{
	connection::{AtBlock, Config, Connection},
	escrow, marketplace, providers, storage_proofs,
};
use crate::chain::{Call, ChainError, Event};

type Raw<'events> = subxt::events::Event<'events, Config>;

/// What a transaction's own events tell its sender.
#[derive(Debug, Default)]
pub(super) struct Outcome {
	pub(super) agreement: Option<AgreementId>,
	pub(super) amount: Option<Balance>,
}

/// Events' fields, matched by name; fields that nobody here reads are skipped.
#[allow(unused_imports, reason = "the derive imports its crate, which macro-made structs without lists do not use")]
pub(super) mod fields {
	use super::*;

	macro_rules! events {
		($($name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {
			$(
				#[derive(DecodeAsType)]
				#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
				pub(in crate::node) struct $name { $(pub(in crate::node) $field: $type),+ }
			)+
		};
	}

	events! {
		AgreementOpened { agreement: AgreementId, object: Hash32, price: Balance }
		Extended { price: Balance }
		Closing { agreement: AgreementId, refunded: Balance }
		AgreementEnded { agreement: AgreementId, earned: Balance, refunded: Balance }
		ColumnLost { agreement: AgreementId, column: ColumnIndex, provider: AccountId32, slashed: Balance }
		ColumnReplaced { agreement: AgreementId, column: ColumnIndex, provider: AccountId32 }
		Withdrawn { account: AccountId32, amount: Balance }
		Proven { provider: AccountId32, period: Period }
		Stale { provider: AccountId32, period: Period }
		Missed { provider: AccountId32, period: Period, slashed: Balance }
		LeafAppended { provider: AccountId32, number: u64, leaf: Static<Leaf> }
		LeafRemoved { provider: AccountId32, number: u64 }
		Terminated { provider: AccountId32 }
	}
}

/// All our events in a block.
pub(super) async fn of_block(connection: &Connection, at: &AtBlock) -> Result<Vec<Event>, ChainError> {
	let all = at.events().fetch().await.map_err(|error| connection.error(error))?;
	let mut ours = Vec::new();
	for event in all.iter() {
		let event = event.and_then(|event| read(&event)).map_err(|error| connection.error(error))?;
		ours.extend(event);
	}
	Ok(ours)
}

fn read(event: &Raw<'_>) -> Result<Option<Event>, EventsError> {
	Ok(Some(match (event.pallet_name(), event.event_name()) {
		(marketplace::PALLET, "AgreementOpened") => {
			let fields::AgreementOpened { agreement, object, .. } = event.decode_fields_unchecked_as()?;
			Event::AgreementOpened { agreement, object }
		},
		(marketplace::PALLET, "Closing") => {
			let fields::Closing { agreement, refunded } = event.decode_fields_unchecked_as()?;
			Event::AgreementClosing { agreement, refunded }
		},
		(marketplace::PALLET, "AgreementEnded") => {
			let fields::AgreementEnded { agreement, earned, refunded } = event.decode_fields_unchecked_as()?;
			Event::AgreementEnded { agreement, earned, refunded }
		},
		(marketplace::PALLET, "ColumnReplaced") => {
			let fields::ColumnReplaced { agreement, column, provider } = event.decode_fields_unchecked_as()?;
			Event::ColumnReplaced { agreement, column, provider: provider.0 }
		},
		(marketplace::PALLET, "ColumnLost") => {
			let fields::ColumnLost { agreement, column, provider, slashed } = event.decode_fields_unchecked_as()?;
			Event::ColumnLost { agreement, column, provider: provider.0, slashed }
		},
		(escrow::PALLET, "Withdrawn") => {
			let fields::Withdrawn { account, amount } = event.decode_fields_unchecked_as()?;
			Event::Withdrawn { account: account.0, amount }
		},
		(storage_proofs::PALLET, "Proven") => {
			let fields::Proven { provider, period } = event.decode_fields_unchecked_as()?;
			Event::Proven { provider: provider.0, period }
		},
		(storage_proofs::PALLET, "Stale") => {
			let fields::Stale { provider, period } = event.decode_fields_unchecked_as()?;
			Event::Stale { provider: provider.0, period }
		},
		(storage_proofs::PALLET, "Missed") => {
			let fields::Missed { provider, period, slashed } = event.decode_fields_unchecked_as()?;
			Event::Missed { provider: provider.0, period, slashed }
		},
		(storage_proofs::PALLET, "LeafAppended") => {
			let fields::LeafAppended { provider, number, leaf } = event.decode_fields_unchecked_as()?;
			Event::LeafAppended { provider: provider.0, number, leaf: leaf.0 }
		},
		(storage_proofs::PALLET, "LeafRemoved") => {
			let fields::LeafRemoved { provider, number } = event.decode_fields_unchecked_as()?;
			Event::LeafRemoved { provider: provider.0, number }
		},
		(providers::PALLET, "Terminated") => {
			let fields::Terminated { provider } = event.decode_fields_unchecked_as()?;
			Event::Terminated { provider: provider.0 }
		},
		_ => return Ok(None),
	}))
}

/// Notes what an event of the transaction `call` tells its sender.
pub(super) fn note(call: &Call, event: &Raw<'_>, outcome: &mut Outcome) -> Result<(), EventsError> {
	match (call, event.pallet_name(), event.event_name()) {
		(Call::OpenStorage { .. }, marketplace::PALLET, "AgreementOpened") => {
			let fields::AgreementOpened { agreement, price, .. } = event.decode_fields_unchecked_as()?;
			(outcome.agreement, outcome.amount) = (Some(agreement), Some(price));
		},
		(Call::Extend { .. }, marketplace::PALLET, "Extended") => {
			let fields::Extended { price } = event.decode_fields_unchecked_as()?;
			outcome.amount = Some(price);
		},
		(Call::Close(_), marketplace::PALLET, "Closing") => {
			let fields::Closing { refunded, .. } = event.decode_fields_unchecked_as()?;
			outcome.amount = Some(refunded);
		},
		(Call::Settle(_), marketplace::PALLET, "AgreementEnded") => {
			let fields::AgreementEnded { refunded, .. } = event.decode_fields_unchecked_as()?;
			outcome.amount = Some(refunded);
		},
		(Call::Withdraw, escrow::PALLET, "Withdrawn") => {
			let fields::Withdrawn { amount, .. } = event.decode_fields_unchecked_as()?;
			outcome.amount = Some(amount);
		},
		_ => {},
	}
	Ok(())
}
