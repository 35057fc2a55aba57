//! Opening agreements: acknowledgements, their signatures, and the guard against using them twice.
use frame::{
	deps::{frame_support::weights::WeightMeter, sp_core::sr25519, sp_io},
	prelude::*,
	traits::{Consideration, Footprint},
};
use peoples_cloud_primitives::{
	column::MAX_PATH,
	holdings::Leaf,
	resource::ResourceKind,
	terms::{self, Acknowledgement, AcknowledgementV1},
	traits::{Escrow, Holdings, ProviderRegistry},
	AccountBytes, AgreementId, Balance, BlockNumber, ColumnIndex, Hash32, Period,
};

use crate::{
	ledger::Turn, Agreement, Agreements, ByClient, ByObject, ByProvider, Column, ColumnState, Config, Error, Event,
	Ledgers, NextAgreement, Pallet, Params, PrunedUpTo, SignedAck, UploadUse, Uploads, WeightInfo,
};

/// Longest column: BLAKE3 hashes no more.
const MAX_CHUNKS: u64 = 1 << MAX_PATH;
/// Most entries forgotten in one block, to leave idle time to others; openings come slower.
const FORGET_STEPS: u32 = 256;

impl<T: Config> Pallet<T> {
	/// See [`Call::open_storage`](crate::Call::open_storage).
	pub(crate) fn do_open_storage(
		client: T::AccountId,
		object: Hash32,
		codec: u8,
		k: u16,
		acks: BoundedVec<SignedAck, T::MaxColumns>,
		max_price: Balance,
	) -> DispatchResult {
		let columns = ColumnIndex::try_from(acks.len()).map_err(|_| Error::<T>::InvalidCode)?;
		ensure!(k >= 1 && k <= columns, Error::<T>::InvalidCode);
		let params = Params::<T>::get();
		let client_bytes: AccountBytes = client.clone().into();
		let genesis = Self::genesis();
		// `k` is at most the number of columns and at least one.
		let Some(SignedAck { ack: Acknowledgement::V1(first), .. }) = acks.first() else {
			return Err(Error::<T>::InvalidCode.into());
		};
		let first = first.clone();
		ensure!((1..=params.max_duration).contains(&first.duration), Error::<T>::InvalidDuration);
		ensure!((1..=MAX_CHUNKS).contains(&first.chunks), Error::<T>::InvalidSize);

		let mut price: Balance = 0;
		for signed in &acks {
			let Acknowledgement::V1(ack) = &signed.ack;
			Self::check_terms(ack, &genesis, &client_bytes, params.max_ack_validity)?;
			ensure!(
				(ack.nonce, ack.valid_until, ack.duration, ack.chunks)
					== (first.nonce, first.valid_until, first.duration, first.chunks),
				Error::<T>::UnequalTerms
			);
			price = ack
				.rate
				.checked_mul(Balance::from(ack.duration))
				.and_then(|cost| price.checked_add(cost))
				.ok_or(Error::<T>::PriceTooHigh)?;
		}
		ensure!(price <= max_price, Error::<T>::PriceTooHigh);
		let upload = terms::upload_id(&client_bytes, &first.nonce);
		ensure!(!Uploads::<T>::contains_key(first.valid_until, upload), Error::<T>::AlreadyUsed);
		for signed in &acks {
			Self::check_signature(signed)?;
		}

		let agreement = NextAgreement::<T>::get();
		NextAgreement::<T>::put(agreement.checked_add(1).ok_or(Error::<T>::Overflow)?);
		T::Escrow::lock(agreement, &client, price)?;
		let start = T::Holdings::current_period().checked_add(1).ok_or(Error::<T>::Overflow)?;
		let end = start.checked_add(first.duration).ok_or(Error::<T>::Overflow)?;
		let mut placed = BoundedVec::new();
		for (place, signed) in (0..columns).zip(&acks) {
			let Acknowledgement::V1(ack) = &signed.ack;
			let column = Self::place_column(agreement, place, ack, start, end)?;
			placed.try_push(column).map_err(|_| Error::<T>::InvalidCode)?;
		}
		let record = Agreement::<T> {
			ticket: T::Consideration::new(&client, Self::footprint(columns))?,
			client: client.clone(),
			kind: ResourceKind::Storage,
			object,
			codec,
			k,
			chunks: first.chunks,
			opened_at: Self::now(),
			end,
			closing: false,
			refunded: 0,
			columns: placed,
		};
		Agreements::<T>::insert(agreement, record);
		ByClient::<T>::insert(&client, agreement, ());
		ByObject::<T>::insert(object, agreement, ());
		Uploads::<T>::insert(first.valid_until, upload, UploadUse::Opened(agreement));
		Self::deposit_event(Event::AgreementOpened { agreement, client, object, columns, price });
		Ok(())
	}

	/// What every acknowledgement must say.
	pub(crate) fn check_terms(
		ack: &AcknowledgementV1,
		genesis: &Hash32,
		client: &AccountBytes,
		max_validity: BlockNumber,
	) -> DispatchResult {
		ensure!(ack.genesis == *genesis, Error::<T>::WrongGenesis);
		ensure!(ack.client == *client, Error::<T>::WrongClient);
		let left = ack.valid_until.checked_sub(Self::now()).ok_or(Error::<T>::AcknowledgementExpired)?;
		ensure!(left <= max_validity, Error::<T>::ValidityTooLong);
		Ok(())
	}

	/// Whether the provider signed it.
	pub(crate) fn check_signature(signed: &SignedAck) -> DispatchResult {
		let Acknowledgement::V1(ack) = &signed.ack;
		let valid = sp_io::crypto::sr25519_verify(
			&sr25519::Signature::from_raw(signed.signature),
			&signed.ack.signing_bytes(),
			&sr25519::Public::from_raw(ack.provider),
		);
		ensure!(valid, Error::<T>::BadSignature);
		Ok(())
	}

	/// Gives a column to the provider that acknowledged it: capacity, holdings, ledger, index. Its budget is its price.
	pub(crate) fn place_column(
		agreement: AgreementId,
		place: ColumnIndex,
		ack: &AcknowledgementV1,
		start: Period,
		end: Period,
	) -> Result<Column<T::AccountId>, DispatchError> {
		let provider = T::AccountId::from(ack.provider);
		ensure!(!ByProvider::<T>::contains_key(&provider, agreement), Error::<T>::DuplicateProvider);
		T::Registry::commit(&provider, ResourceKind::Storage, ack.chunks)?;
		let leaf = T::Holdings::append(&provider, &Leaf { agreement, root: ack.root, chunks: ack.chunks })?;
		let mut ledger = Self::ledger_of(&provider);
		Self::enter(&provider, &mut ledger, start, Turn::Start(ack.rate));
		Self::enter(&provider, &mut ledger, end, Turn::End(ack.rate));
		Ledgers::<T>::insert(&provider, ledger);
		ByProvider::<T>::insert(&provider, agreement, place);
		let budget = ack.rate.checked_mul(Balance::from(end.saturating_sub(start))).ok_or(Error::<T>::PriceTooHigh)?;
		Ok(Column {
			provider,
			root: ack.root,
			leaf,
			rate: ack.rate,
			max_rate: ack.rate,
			start,
			end,
			budget,
			earned: 0,
			state: ColumnState::Held,
		})
	}

	/// The hash that statements for this chain name.
	pub(crate) fn genesis() -> Hash32 {
		let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
		// The chain's hashes have 32 bytes; another length would match no acknowledgement.
		hash.as_ref().try_into().unwrap_or_default()
	}

	/// What the record of an agreement takes: its columns, and for each an index entry and two milestones.
	pub(crate) fn footprint(columns: ColumnIndex) -> Footprint {
		Footprint::from_parts(usize::from(columns), Column::<T::AccountId>::max_encoded_len().saturating_mul(2))
	}

	/// Forgets uploads whose acknowledgements have expired, as far as the meter allows.
	pub(crate) fn forget_uploads(meter: &mut WeightMeter) {
		let now = Self::now();
		let before = PrunedUpTo::<T>::get();
		let mut block = before;
		for _ in 0..FORGET_STEPS {
			if block >= now || meter.try_consume(T::WeightInfo::forget_upload()).is_err() {
				break;
			}
			match Uploads::<T>::iter_key_prefix(block).next() {
				Some(upload) => Uploads::<T>::remove(block, upload),
				None => block = block.saturating_add(1),
			}
		}
		if block != before {
			PrunedUpTo::<T>::put(block);
		}
	}
}
