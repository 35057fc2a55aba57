//! Benchmarks: the worst case of each call, with the runtime's real neighbours.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that cannot be set up must stop")]

use frame::{
	benchmarking::prelude::*,
	deps::{sp_core::crypto::KeyTypeId, sp_io::crypto},
};
use peoples_cloud_primitives::{
	holdings::Leaf,
	terms::{Acknowledgement, AcknowledgementV1},
	traits::PeriodLedger,
};

use super::*;
use crate::ledger::Turn;

/// Where benchmarks keep their keys.
const KEYS: KeyTypeId = KeyTypeId(*b"pclb");
/// Planck per period: small beside any stake.
const RATE: Balance = 1_000;
/// Chunks of a column.
const CHUNKS: u64 = 1_024;
/// Periods of an agreement.
const DURATION: u32 = 100;

/// Makes the provider owe something for a long time, at a rate for which money is locked, with a milestone in each of the
/// next `changes` periods.
pub(crate) fn make_owe<T: Config>(provider: &T::AccountId, changes: u32) {
	let client: T::AccountId = account("owed", 0, 0);
	T::Escrow::fund(&client);
	let id = AgreementId::MAX - 1;
	T::Escrow::lock(id, &client, RATE * Balance::from(DURATION) * 10).expect("the client is rich");
	let mut ledger = Pallet::<T>::ledger_of(provider);
	let (start, end) = (ledger.next, ledger.next + DURATION * 10);
	Pallet::<T>::enter(provider, &mut ledger, start, Turn::Start(RATE));
	for change in 1..=changes {
		Pallet::<T>::enter(provider, &mut ledger, start + change, Turn::Start(0));
	}
	Pallet::<T>::enter(provider, &mut ledger, end, Turn::End(RATE));
	Ledgers::<T>::insert(provider, ledger);
}

fn client<T: Config>() -> T::AccountId {
	let client: T::AccountId = account("client", 0, 0);
	T::Escrow::fund(&client);
	client
}

/// An acknowledgement of a new provider, with as heavy a commitment as there can be.
fn acknowledge<T: Config>(client: &T::AccountId, nonce: u8, root: u8) -> SignedAck {
	let key = crypto::sr25519_generate(KEYS, None);
	let provider = T::AccountId::from(key.0);
	T::Registry::prepare(&provider);
	T::Holdings::make_heavy(&provider);
	let ack = Acknowledgement::V1(AcknowledgementV1 {
		genesis: Pallet::<T>::genesis(),
		client: client.clone().into(),
		provider: key.0,
		nonce: [nonce; 16],
		root: [root; 32],
		chunks: CHUNKS,
		rate: RATE,
		duration: DURATION,
		valid_until: Pallet::<T>::now() + 10,
	});
	let signature = crypto::sr25519_sign(KEYS, &key, &ack.signing_bytes()).expect("the key was just made").0;
	SignedAck { ack, signature }
}

fn acknowledgements<T: Config>(client: &T::AccountId, n: u32) -> BoundedVec<SignedAck, T::MaxColumns> {
	let acks: Vec<SignedAck> = (0..n).map(|column| acknowledge::<T>(client, 1, column as u8)).collect();
	acks.try_into().expect("no more than there may be")
}

/// An open agreement of `n` columns, with heavy commitments once more.
fn opened<T: Config>(n: u32) -> (T::AccountId, AgreementId) {
	let client = client::<T>();
	let acks = acknowledgements::<T>(&client, n);
	let id = NextAgreement::<T>::get();
	Pallet::<T>::do_open_storage(client.clone(), [1; 32], 1, 1, acks, Balance::MAX).expect("all is prepared");
	for column in 0..n as usize {
		T::Holdings::make_heavy(&holder::<T>(id, column));
	}
	(client, id)
}

fn holder<T: Config>(id: AgreementId, column: usize) -> T::AccountId {
	Agreements::<T>::get(id).expect("it is open").columns[column].provider.clone()
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn open_storage(n: Linear<1, { T::MaxColumns::get() }>) {
		let client = client::<T>();
		let acks = acknowledgements::<T>(&client, n);

		#[extrinsic_call]
		_(RawOrigin::Signed(client.clone()), [1; 32], 1, 1, acks, Balance::MAX);

		assert_eq!(ByClient::<T>::iter_prefix(client).count(), 1);
	}

	#[benchmark]
	fn extend(n: Linear<1, { T::MaxColumns::get() }>) {
		let (client, id) = opened::<T>(n);
		let end = Agreements::<T>::get(id).expect("it is open").end;

		#[extrinsic_call]
		_(RawOrigin::Signed(client), id, 3, Balance::MAX);

		assert_eq!(Agreements::<T>::get(id).map(|agreement| agreement.end), Some(end + 3));
	}

	#[benchmark]
	fn close(n: Linear<1, { T::MaxColumns::get() }>) {
		let (client, id) = opened::<T>(n);

		#[extrinsic_call]
		_(RawOrigin::Signed(client), id);

		assert!(Agreements::<T>::get(id).is_some_and(|agreement| agreement.closing));
	}

	#[benchmark]
	fn settle(n: Linear<1, { T::MaxColumns::get() }>) {
		let (client, id) = opened::<T>(n);
		Pallet::<T>::do_close(&client, id).expect("it runs");
		// Worst case: every provider was terminated, and the loss of its column is found now.
		for column in 0..n as usize {
			let provider = holder::<T>(id, column);
			T::Registry::terminate(&provider);
			let next = T::Holdings::first_unresolved(&provider);
			Pallet::<T>::on_terminated(&provider, next);
		}
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(!Agreements::<T>::contains_key(id));
	}

	#[benchmark]
	fn declare_lost() {
		let (_, id) = opened::<T>(T::MaxColumns::get());
		let provider = holder::<T>(id, 0);
		T::Holdings::pass_periods(&provider, 3);

		#[extrinsic_call]
		_(RawOrigin::Signed(provider), id, 0);

		assert!(Agreements::<T>::get(id).is_some_and(|agreement| agreement.columns[0].state == ColumnState::Lost));
	}

	#[benchmark]
	fn mark_lost() {
		let (_, id) = opened::<T>(T::MaxColumns::get());
		let provider = holder::<T>(id, 0);
		T::Holdings::pass_periods(&provider, 3);
		T::Registry::terminate(&provider);
		Pallet::<T>::on_terminated(&provider, T::Holdings::first_unresolved(&provider));
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, 0);

		assert!(Agreements::<T>::get(id).is_some_and(|agreement| agreement.columns[0].state == ColumnState::Lost));
	}

	#[benchmark]
	fn replace_column() {
		let (client, id) = opened::<T>(T::MaxColumns::get());
		let provider = holder::<T>(id, 0);
		Pallet::<T>::do_declare_lost(&provider, id, 0).expect("it is held");
		let ack = acknowledge::<T>(&client, 2, 0);
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, 0, ack);

		assert!(Agreements::<T>::get(id).is_some_and(|agreement| agreement.columns[0].state == ColumnState::Held));
	}

	#[benchmark]
	fn set_params() -> Result<(), BenchmarkError> {
		let params = Params::<T>::get();
		let origin = T::ParamsOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, params.clone());

		System::<T>::assert_last_event(Event::<T>::ParamsSet { params }.into());
		Ok(())
	}

	#[benchmark]
	fn forget_upload() {
		Uploads::<T>::insert(0, [1; 32], UploadUse::Repairing);
		System::<T>::set_block_number(1u32.into());
		let mut meter = WeightMeter::with_limit(T::WeightInfo::forget_upload());
		#[block]
		{
			Pallet::<T>::forget_uploads(&mut meter);
		}
		assert_eq!(Uploads::<T>::iter().count(), 0);
	}

	#[benchmark]
	fn is_released() {
		// Worst case: the largest agreement, and the provider's column is its last.
		let (_, id) = opened::<T>(T::MaxColumns::get());
		let column = T::MaxColumns::get() as usize - 1;
		let provider = holder::<T>(id, column);
		let root = Agreements::<T>::get(id).expect("it is open").columns[column].root;
		let leaf = Leaf { agreement: id, root, chunks: CHUNKS };
		let released;
		#[block]
		{
			released = Pallet::<T>::is_released(&provider, &leaf, 0);
		}
		assert!(!released);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::with_keystore(), crate::mock::Test);
}
