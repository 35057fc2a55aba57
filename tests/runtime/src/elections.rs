//! Elections whose solution was computed off-chain.

use codec::Decode;
use frame_support::{assert_noop, assert_ok};
use pallet_election_provider_multi_phase::{CurrentPhase, ElectionCompute, Event};
use pallet_staking::RewardDestination;
use peoples_cloud_runtime::{
	ElectionProviderMultiPhase, Executive, Header, Runtime, RuntimeEvent, RuntimeOrigin, Session, Staking, System,
	UncheckedExtrinsic, PPL,
};
use serde_json::Value;
use sp_core::offchain::{
	testing::{TestOffchainExt, TestTransactionPoolExt},
	OffchainDbExt, OffchainWorkerExt, TransactionPoolExt,
};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring::{Charlie, Dave, Eve, Ferdie};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionSource};

use crate::{
	chain::{attempt, begin_block, end_block, genesis, run_to, state, validate},
	staking::{join, origin, short},
};

/// Slots, and blocks, in an epoch of these tests: its phases last for three blocks each, so that what is mined after
/// one can be in the next.
const EPOCH: u32 = 12;

/// Genesis with such epochs.
fn phased() -> Value {
	let mut genesis = short(genesis("local"));
	genesis["clock"]["epochSlots"] = EPOCH.into();
	genesis
}

/// The state of phased genesis on a node whose off-chain workers run, and what takes the transactions out of its pool.
fn with_workers() -> (TestExternalities, impl Fn() -> Vec<Vec<u8>>) {
	let mut state = state(&phased());
	let (worker, _) = TestOffchainExt::new();
	let (pool, sent) = TestTransactionPoolExt::new();
	state.register_extension(OffchainDbExt::new(worker.clone()));
	state.register_extension(OffchainWorkerExt::new(worker));
	state.register_extension(TransactionPoolExt::new(pool));
	(state, move || std::mem::take(&mut sent.write().transactions))
}

/// Two seats, and four who want one: Alice and Bob with 10,000 PPL of genesis, Charlie with 35,000, most of it Eve's,
/// and Dave with 20,000.
fn candidates() {
	begin_block(1);
	assert_ok!(Staking::set_validator_count(RuntimeOrigin::root(), 2));
	join(Charlie, 5_000 * PPL);
	join(Dave, 20_000 * PPL);
	assert_ok!(Staking::bond(origin(Eve), 30_000 * PPL, RewardDestination::Stash));
	assert_ok!(Staking::nominate(origin(Eve), vec![Charlie.to_account_id().into()]));
	end_block();
}

/// Makes blocks until one after which that is so; answers its header.
fn run_until(done: impl Fn() -> bool) -> Header {
	// No era is longer.
	for _ in 0..3 * EPOCH {
		begin_block(System::block_number() + 1);
		let header = end_block();
		if done() {
			return header;
		}
	}
	panic!("it was not so within an era");
}

/// How this block elected, if it did.
fn elected() -> Option<ElectionCompute> {
	System::events().into_iter().find_map(|record| match record.event {
		RuntimeEvent::ElectionProviderMultiPhase(Event::ElectionFinalized { compute, .. }) => Some(compute),
		_ => None,
	})
}

/// A session after the election, those with the most stake have the seats.
fn assert_richest_are_elected() {
	run_to(System::block_number() + EPOCH);
	let mut validators = Session::validators();
	validators.sort();
	let mut richest = [Charlie, Dave].map(|key| key.to_account_id());
	richest.sort();
	assert_eq!(validators, richest);
}

#[test]
fn a_validators_off_chain_worker_elects() {
	let (mut state, sent) = with_workers();
	state.execute_with(|| {
		// GIVEN the phase in which validators send solutions
		candidates();
		let header = run_until(|| CurrentPhase::<Runtime>::get().is_unsigned_open());

		// WHEN the off-chain workers of one have run after a block, and changed nothing of the state
		attempt(|| Executive::offchain_worker(&header));

		// THEN a solution is in its pool, and in nobody else's
		let sent = sent();
		assert_eq!(sent.len(), 1);
		let solution = UncheckedExtrinsic::decode(&mut &sent[0][..]).unwrap();
		assert_eq!(validate(TransactionSource::External, solution.clone()), Err(InvalidTransaction::Call.into()));
		assert!(!validate(TransactionSource::Local, solution.clone()).unwrap().propagate);

		// WHEN it is in the next block THEN it stands, and is sent no more
		begin_block(System::block_number() + 1);
		assert_eq!(Executive::apply_extrinsic(solution.clone()), Ok(Ok(())));
		System::assert_has_event(
			Event::<Runtime>::SolutionStored { compute: ElectionCompute::Unsigned, origin: None, prev_ejected: false }
				.into(),
		);
		assert!(validate(TransactionSource::Local, solution).is_err());
		end_block();

		// THEN the era's election takes it, and those with most stake win
		run_until(|| elected().is_some());
		assert_eq!(elected(), Some(ElectionCompute::Unsigned));
		assert_richest_are_elected();
	});
}

#[test]
fn workers_send_nothing_outside_their_phase() {
	let (mut state, sent) = with_workers();
	state.execute_with(|| {
		candidates();
		let header = run_until(|| CurrentPhase::<Runtime>::get().is_signed());
		attempt(|| Executive::offchain_worker(&header));
		assert!(sent().is_empty());
		run_until(|| elected().is_some());
		assert_eq!(elected(), Some(ElectionCompute::Fallback));
		assert_richest_are_elected();
	});
}

#[test]
fn anybody_can_send_a_solution_for_a_deposit() {
	let (mut state, _) = with_workers();
	state.execute_with(|| {
		// GIVEN the phase in which anybody can, and a solution
		let money = || frame_system::Account::<Runtime>::get(Ferdie.to_account_id()).data;
		candidates();
		run_until(|| CurrentPhase::<Runtime>::get().is_signed());
		let (solution, ..) = ElectionProviderMultiPhase::mine_solution().unwrap();
		let before = money();

		// WHEN Ferdie sends it THEN he has a deposit on it
		begin_block(System::block_number() + 1);
		assert_ok!(ElectionProviderMultiPhase::submit(origin(Ferdie), Box::new(solution.clone())));
		assert!(money().reserved >= before.reserved + 10 * PPL);
		end_block();

		// WHEN it elects THEN he has the deposit back, and a reward
		run_until(|| elected().is_some());
		assert_eq!(elected(), Some(ElectionCompute::Signed));
		assert_eq!(money().reserved, before.reserved);
		assert!(money().free >= before.free + PPL);
		assert_richest_are_elected();

		// WHEN it is sent again THEN it is too late
		begin_block(System::block_number() + 1);
		assert_noop!(
			ElectionProviderMultiPhase::submit(origin(Ferdie), Box::new(solution)),
			pallet_election_provider_multi_phase::Error::<Runtime>::PreDispatchEarlySubmission
		);
	});
}
