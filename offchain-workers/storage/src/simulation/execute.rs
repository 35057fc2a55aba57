//! Transactions, judged as the pallets judge them.
use peoples_cloud_client::{
	chain::{Call, ColumnState, Event},
	wallet,
};
use peoples_cloud_primitives::{
	holdings::Leaf,
	storage_proof::{self, StorageProof},
	terms::Acknowledgement,
	AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32, Period,
};

use super::state::{NewColumn, Outcome, PeriodState, State, CATCH_UP, MAX_ADVANCE};

/// What a transaction led to, besides the new state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effect {
	/// The agreement that was opened.
	pub(super) agreement: Option<AgreementId>,
	/// The amount that moved.
	pub(super) amount: Option<Balance>,
}

/// Applies a transaction in block `number`.
pub(super) fn execute(
	state: &mut State,
	events: &mut Vec<Event>,
	number: BlockNumber,
	account: AccountBytes,
	call: &Call,
) -> Result<Effect, String> {
	match call {
		Call::RegisterProvider { peer_id, addresses, operator, region, bond } => {
			if state.providers.contains_key(&account) {
				return Err("AlreadyRegistered".into());
			}
			state.add_provider(account, operator);
			if let Some(info) = state.providers.get_mut(&account) {
				(info.peer_id, info.addresses) = (peer_id.clone(), addresses.clone());
				(info.region, info.bonded, info.offer) = (region.clone(), *bond, None);
			}
		},
		Call::UpdateAddresses { peer_id, addresses } => {
			let info = state.providers.get_mut(&account).ok_or("NotRegistered")?;
			(info.peer_id, info.addresses) = (peer_id.clone(), addresses.clone());
		},
		Call::UpdateLabels { operator, region } => {
			let info = state.providers.get_mut(&account).ok_or("NotRegistered")?;
			(info.operator, info.region) = (operator.clone(), region.clone());
		},
		Call::SetOffer(offer) => state.providers.get_mut(&account).ok_or("NotRegistered")?.offer = Some(*offer),
		Call::Withdraw => {
			let earned = state.earnings.remove(&account).filter(|earned| *earned > 0).ok_or("NothingToWithdraw")?;
			*state.balances.entry(account).or_default() += earned;
			return Ok(Effect { amount: Some(earned), ..Effect::default() });
		},
		Call::OpenStorage { object, k, acknowledgements, max_price, .. } => {
			return open(state, events, account, *object, *k, acknowledgements, *max_price);
		},
		Call::Prove { provider, period, proof } => prove(state, events, number, *provider, *period, proof)?,
		Call::DeclareLost(id, column) => {
			let place = state.agreements.get(id).and_then(|agreement| agreement.columns.get(usize::from(*column)));
			if place.is_none_or(|place| place.provider != account) {
				return Err("NotYours".into());
			}
			state.declare_lost(events, account, *id, *column)?;
		},
		Call::MarkLost(id, column) => {
			let agreement = state.agreements.get(id).ok_or("UnknownAgreement")?;
			let place = agreement.columns.get(usize::from(*column)).ok_or("UnknownColumn")?;
			if state.providers.get(&place.provider).is_some_and(|info| info.standing != "terminated")
				|| state.refuse_marks
			{
				return Err("NotTerminated".into());
			}
			state.lose(events, *id, *column)?;
		},
		Call::ReplaceColumn { agreement, column, acknowledgement } => {
			replace(state, events, number, *agreement, *column, acknowledgement)?;
		},
		Call::ReportMissed { provider, period } => {
			ensure_live(state, *provider)?;
			state.catch_up(events, *provider, *period, CATCH_UP, false);
			let standing = state.standings.get(provider).ok_or("NoDuty")?;
			let closed = matches!(state.period_state(*provider, *period, number), PeriodState::Closed);
			if standing.first_unresolved != *period || state.is_idle(*provider) || !closed {
				return Err("NotMissed".into());
			}
			state.resolve(events, *provider, *period, Outcome::Missed);
		},
		Call::Advance { provider } => {
			ensure_live(state, *provider)?;
			if state.catch_up(events, *provider, Period::MAX, MAX_ADVANCE, true) == 0 {
				return Err("NothingToAdvance".into());
			}
		},
		Call::RemoveLeaf { provider, number: at, leaf, path } => {
			ensure_live(state, *provider)?;
			state.catch_up(events, *provider, Period::MAX, CATCH_UP, true);
			let period = state.standings.get(provider).ok_or("NoDuty")?.first_unresolved;
			if state.slot(provider, period) <= number {
				return Err("ChallengePending".into());
			}
			// Until the current period is over, the client may still extend what ends with it.
			if !state.is_released(*provider, leaf, period.min(state.period())) {
				return Err("LeafOwed".into());
			}
			let standing = state.standings.get_mut(provider).ok_or("NoDuty")?;
			standing.holdings.remove(*at, leaf, path).map_err(|error| format!("{error:?}"))?;
			events.push(Event::LeafRemoved { provider: *provider, number: *at });
		},
		Call::Settle(id) => settle(state, events, *id)?,
		_ => return Err("NotSimulated".into()),
	}
	Ok(Effect::default())
}

fn open(
	state: &mut State,
	events: &mut Vec<Event>,
	client: AccountBytes,
	object: Hash32,
	k: u16,
	acknowledgements: &[(Acknowledgement, [u8; 64])],
	max_price: Balance,
) -> Result<Effect, String> {
	let (Acknowledgement::V1(first), _) = acknowledgements.first().ok_or("NoColumns")?;
	let mut columns = Vec::new();
	for (acknowledgement, signature) in acknowledgements {
		let Acknowledgement::V1(terms) = acknowledgement;
		if !wallet::verify(&terms.provider, &acknowledgement.signing_bytes(), signature) {
			return Err("BadSignature".into());
		}
		let same = (terms.client, terms.chunks, terms.duration) == (client, first.chunks, first.duration);
		if !same || terms.valid_until < state.number {
			return Err("BadTerms".into());
		}
		let info = state.providers.get_mut(&terms.provider).ok_or("NotRegistered")?;
		info.committed_chunks += terms.chunks;
		columns.push(NewColumn { provider: terms.provider, root: terms.root, rate: terms.rate });
	}
	let price: Balance = columns.iter().map(|column| column.rate * Balance::from(first.duration)).sum();
	let balance = state.balances.entry(client).or_default();
	if price > max_price || price > *balance {
		return Err("TooExpensive".into());
	}
	*balance -= price;
	let agreement = state.open(events, client, object, first.chunks, first.duration, &columns);
	if let Some(info) = state.agreements.get_mut(&agreement) {
		info.k = k;
	}
	Ok(Effect { agreement: Some(agreement), amount: Some(price) })
}

fn prove(
	state: &mut State,
	events: &mut Vec<Event>,
	number: BlockNumber,
	provider: AccountBytes,
	period: Period,
	proof: &StorageProof,
) -> Result<(), String> {
	ensure_live(state, provider)?;
	state.catch_up(events, provider, period, CATCH_UP, true);
	let standing = state.standings.get(&provider).ok_or("NoDuty")?;
	let PeriodState::Open(challenge) = state.period_state(provider, period, number) else {
		return Err("NotChallenged".into());
	};
	if standing.first_unresolved != period || state.is_idle(provider) {
		return Err("NotFirstUnresolved".into());
	}
	let is_released = |leaf: &Leaf| state.is_released(provider, leaf, period);
	let released =
		storage_proof::verify(&challenge.holdings, &challenge.seed, challenge.challenges, proof, is_released)
			.map_err(|error| format!("{error:?}"))?;
	let stale = storage_proof::is_stale(released, challenge.challenges);
	state.resolve(events, provider, period, if stale { Outcome::Stale } else { Outcome::Proven });
	Ok(())
}

fn ensure_live(state: &State, provider: AccountBytes) -> Result<(), String> {
	match state.is_terminated(provider) {
		true => Err("ProviderTerminated".into()),
		false => Ok(()),
	}
}

fn replace(
	state: &mut State,
	events: &mut Vec<Event>,
	number: BlockNumber,
	id: AgreementId,
	column: ColumnIndex,
	(acknowledgement, signature): &(Acknowledgement, [u8; 64]),
) -> Result<(), String> {
	let Acknowledgement::V1(terms) = acknowledgement;
	if !wallet::verify(&terms.provider, &acknowledgement.signing_bytes(), signature) {
		return Err("BadSignature".into());
	}
	let start = state.period() + 1;
	let agreement = state.agreements.get(&id).ok_or("UnknownAgreement")?;
	let place = agreement.columns.get(usize::from(column)).ok_or("UnknownColumn")?;
	let held = |place: &&peoples_cloud_client::chain::ColumnInfo| place.state == ColumnState::Held;
	let fits = place.state == ColumnState::Lost
		&& !agreement.closing
		&& terms.valid_until >= number
		&& (terms.client, terms.root, terms.chunks) == (agreement.client, place.root, agreement.chunks)
		&& terms.rate <= place.rate
		&& start < agreement.end
		&& terms.duration >= agreement.end - start
		&& agreement.columns.iter().filter(held).all(|other| other.provider != terms.provider);
	if !fits {
		return Err("BadTerms".into());
	}
	let leaf = state.append(events, terms.provider, Leaf { agreement: id, root: terms.root, chunks: terms.chunks });
	let agreement = state.agreements.get_mut(&id).ok_or("UnknownAgreement")?;
	let end = agreement.end;
	let place = agreement.columns.get_mut(usize::from(column)).ok_or("UnknownColumn")?;
	place.provider = terms.provider;
	place.leaf = leaf;
	place.rate = terms.rate;
	(place.start, place.end, place.state) = (start, end, ColumnState::Held);
	events.push(Event::ColumnReplaced { agreement: id, column, provider: terms.provider });
	Ok(())
}

fn settle(state: &mut State, events: &mut Vec<Event>, id: AgreementId) -> Result<(), String> {
	let agreement = state.agreements.get(&id).ok_or("UnknownAgreement")?.clone();
	for column in &agreement.columns {
		state.catch_up(events, column.provider, column.end, CATCH_UP, true);
	}
	let over = agreement.columns.iter().filter(|column| column.state == ColumnState::Held).all(|column| {
		state.standings.get(&column.provider).is_none_or(|standing| standing.first_unresolved >= column.end)
	});
	if !over {
		return Err("NotYetEnded".into());
	}
	let (earned, locked) = (agreement.earned, agreement.locked);
	state.agreements.remove(&id);
	events.push(Event::AgreementEnded { agreement: id, earned, refunded: locked.saturating_sub(earned) });
	Ok(())
}
