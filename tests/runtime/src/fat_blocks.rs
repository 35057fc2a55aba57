//! Blocks as full as a call can make them take no more than they were charged for.
//!
//! For each call, its worst case is sent again and again, by another account each time, until the block has no room left, or
//! as often as tells enough. What the block took is measured beside an empty one on the same state:
//!
//! - **proof**: the bytes of all nodes and values of the trie that a light client needs to execute it;
//! - **reads**: keys whose value was taken from the state of before; **writes**: keys whose value changed.
//!
//! No test depends on the time that it takes: on a machine that others share, that says little. `time` prints it. Reads and
//! writes count at the runtime's weight for the database, and must fit into the time that was charged.

mod complete;
mod market;
mod proofs;
mod providers;
mod sdk;
mod time;
mod world;

use std::collections::BTreeSet;

use codec::Encode;
use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	storage::unhashed,
	traits::GetCallMetadata,
	weights::Weight,
};
use peoples_cloud_runtime::{Executive, Runtime, RuntimeCall, RuntimeEvent, System, UncheckedExtrinsic};
use sp_core::sr25519;
use sp_io::TestExternalities;

use crate::{
	chain::{begin_block as begin_first_block, end_block, genesis, plain_digest, state, FIRST_SLOT},
	transactions::{apply, begin_block, signed, NO_ROOM},
};

/// A call, as it is measured.
pub(crate) struct Case {
	/// The pallet's and the call's name.
	call: &'static str,
	/// Makes the worst case out of the common state.
	prepare: fn(),
	/// Who sends it.
	sent: Sent,
}

/// A call of a number, and who signs it.
type Made = (&'static sr25519::Pair, RuntimeCall);

/// Who sends a call.
enum Sent {
	/// People, until the block is full: somebody else each time.
	Signed(fn(u32) -> Made),
	/// The same, but so many times at most.
	Few(u32, fn(u32) -> Made),
	/// The key that can do everything, once: such calls are rare.
	Root(fn() -> RuntimeCall),
}

/// What a block took of the state, and what it was charged for.
struct Taken {
	proof: u64,
	reads: BTreeSet<Vec<u8>>,
	writes: BTreeSet<Vec<u8>>,
	charged: Weight,
	/// Calls in it.
	calls: u32,
}

/// What a block took more than an empty one.
#[derive(Debug)]
struct Cost {
	calls: u32,
	proof: u64,
	reads: u64,
	writes: u64,
	charged: Weight,
}

impl Cost {
	fn new(full: &Taken, empty: &Taken) -> Self {
		Self {
			calls: full.calls,
			proof: full.proof.saturating_sub(empty.proof),
			reads: full.reads.difference(&empty.reads).count() as u64,
			writes: full.writes.difference(&empty.writes).count() as u64,
			charged: full.charged.saturating_sub(empty.charged),
		}
	}

	/// The time that the database takes.
	fn database(&self) -> u64 {
		<Runtime as frame_system::Config>::DbWeight::get().reads_writes(self.reads, self.writes).ref_time()
	}

	/// What was not paid for.
	fn unpaid(&self) -> Vec<&'static str> {
		let bounds = [
			("proof", self.proof <= self.charged.proof_size()),
			("database", self.database() <= self.charged.ref_time()),
		];
		bounds.into_iter().filter(|(_, kept)| !kept).map(|(bound, _)| bound).collect()
	}

	fn print(&self, call: &str) {
		println!(
			"| {call} | {} | {} / {} B | {} | {} | {:.0} % |",
			self.calls,
			self.proof,
			self.charged.proof_size(),
			self.reads,
			self.writes,
			100.0 * self.database() as f64 / self.charged.ref_time() as f64,
		);
	}
}

fn values(state: &mut TestExternalities, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
	state.execute_with(|| keys.iter().map(|key| unhashed::get_raw(key)).collect())
}

/// The slot of the measured block.
const SLOT: u64 = FIRST_SLOT + 1;

/// Begins the measured block.
fn begin_next_block() {
	begin_block(System::block_number() + 1, SLOT, plain_digest(0, SLOT));
}

/// What the next block takes that is filled like this. The state stays as it is.
fn measure(state: &mut TestExternalities, fill: impl FnOnce() -> u32) -> Taken {
	// Its type is of a crate that nothing here depends on.
	let recorder = Default::default();
	let calls = state.execute_with_recorder(Clone::clone(&recorder), || {
		begin_next_block();
		fill()
	});
	// Before the block's end, when the new root is made of all that is written.
	let reads = recorder.recorded_keys().into_values().flat_map(|keys| keys.into_keys()).map(|key| key.to_vec());
	let reads = reads.collect();
	let charged = state.execute_with_recorder(Clone::clone(&recorder), || {
		Executive::finalize_block();
		System::block_weight().total()
	});
	let proof = recorder.to_storage_proof().encoded_size() as u64;
	let touched: Vec<_> = state.overlayed_changes().changes().map(|(key, _)| key.clone()).collect();
	let after = values(state, &touched);
	state.reset_overlay();
	let before = values(state, &touched);
	let written = touched.into_iter().zip(before.iter().zip(&after)).filter(|(_, (before, after))| before != after);
	let writes = written.map(|(key, _)| key).collect();
	Taken { proof, reads, writes, charged, calls }
}

impl Case {
	/// Fills the current block; answers the transactions that are in it.
	fn fill(&self) -> Vec<UncheckedExtrinsic> {
		match self.sent {
			Sent::Signed(make) => self.send(u32::MAX, make),
			Sent::Few(most, make) => self.send(most, make),
			Sent::Root(make) => {
				let call = make();
				self.check(&call);
				let sudo = RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(call) });
				let transaction = signed(world::person(world::SUDO), 0, sudo);
				assert_eq!(apply(transaction.clone()), Ok(Ok(())), "{}", self.call);
				let done = RuntimeEvent::Sudo(pallet_sudo::Event::Sudid { sudo_result: Ok(()) });
				assert!(System::events().iter().any(|record| record.event == done), "{}", self.call);
				vec![transaction]
			},
		}
	}

	/// Sends it until the block has no room left, but so many times at most.
	fn send(&self, most: u32, make: fn(u32) -> Made) -> Vec<UncheckedExtrinsic> {
		let mut block = Vec::new();
		for number in 0..most {
			let (sender, call) = make(number);
			self.check(&call);
			let transaction = signed(sender, 0, call);
			let outcome = apply(transaction.clone());
			if outcome == NO_ROOM {
				break;
			}
			assert_eq!(outcome, Ok(Ok(())), "{}, number {number}", self.call);
			block.push(transaction);
		}
		// What somebody does for another one succeeds even if what was to be done fails.
		let in_vain = |event: &RuntimeEvent| {
			matches!(
				event,
				RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result: Err(_) })
					| RuntimeEvent::Multisig(pallet_multisig::Event::MultisigExecuted { result: Err(_), .. })
					| RuntimeEvent::Utility(pallet_utility::Event::BatchInterrupted { .. })
			)
		};
		assert!(!System::events().iter().any(|record| in_vain(&record.event)), "{} was in vain", self.call);
		block
	}

	/// It is the call that it says, and does not come for nothing.
	fn check(&self, call: &RuntimeCall) {
		let call = match call {
			// An account without a key makes it, by its proxy.
			RuntimeCall::Proxy(pallet_proxy::Call::proxy { call, .. }) if self.call != "Proxy.proxy" => &**call,
			call => call,
		};
		let names = call.get_call_metadata();
		assert_eq!(format!("{}.{}", names.pallet_name, names.function_name), self.call);
		assert!(call.get_dispatch_info().call_weight.ref_time() > 0, "{} weighs nothing", self.call);
	}
}

/// Measures the calls and tells those that cost more than they are charged for.
fn check(cases: &[Case]) {
	let mut common = world::world();
	println!("| call | in a block | proof taken / charged | reads | writes | database, of the time charged |");
	println!("|---|---|---|---|---|---|");
	let mut unpaid = Vec::new();
	for case in cases {
		let mut state = world::changed(&mut common, case.prepare);
		let empty = measure(&mut state, || 0);
		let full = measure(&mut state, || case.fill().len() as u32);
		let cost = Cost::new(&full, &empty);
		cost.print(case.call);
		assert!(cost.calls > 0, "{} does not fit into an empty block", case.call);
		unpaid.extend(cost.unpaid().into_iter().map(|bound| format!("{}: {bound}: {cost:?}", case.call)));
	}
	assert!(unpaid.is_empty(), "calls cost more than they are charged for:\n{}", unpaid.join("\n"));
}

#[test]
fn calls_of_providers_and_escrow_pay_for_what_they_take() {
	check(&providers::cases());
}

#[test]
fn calls_of_the_market_and_the_parameters_pay_for_what_they_take() {
	check(&market::cases());
}

#[test]
fn calls_of_storage_proofs_pay_for_what_they_take() {
	check(&proofs::cases());
}

#[test]
fn calls_with_money_and_for_others_pay_for_what_they_take() {
	check(&sdk::accounts::cases());
}

#[test]
fn calls_of_staking_pay_for_what_they_take() {
	check(&sdk::staking::cases());
}

#[test]
fn calls_of_governance_pay_for_what_they_take() {
	check(&sdk::governance::cases());
}

/// All that is measured.
fn all_cases() -> Vec<Case> {
	[
		providers::cases(),
		market::cases(),
		proofs::cases(),
		sdk::accounts::cases(),
		sdk::staking::cases(),
		sdk::governance::cases(),
	]
	.into_iter()
	.flatten()
	.collect()
}

/// Keys of entries that nobody pays for.
fn key(number: u32) -> Vec<u8> {
	world::unique("free", number).to_vec()
}

#[test]
fn the_measure_sees_what_is_not_charged() {
	// GIVEN a state with some entries, one of them large
	let mut state = state(&genesis("testnet"));
	state.execute_with(|| {
		begin_first_block(1);
		end_block();
		(0..100).for_each(|number| unhashed::put_raw(&key(number), &[1; 100]));
		unhashed::put_raw(b"large", &[1; 100_000]);
	});
	state.commit_all().unwrap();
	let empty = measure(&mut state, || 0);
	let mut cost = |fill: fn()| {
		let full = measure(&mut state, || {
			fill();
			1
		});
		Cost::new(&full, &empty)
	};

	// WHEN nothing happens THEN it costs nothing
	let nothing = cost(|| ());
	assert_eq!((nothing.reads, nothing.writes, nothing.proof), (0, 0, 0));
	assert!(nothing.unpaid().is_empty());

	// WHEN entries are written, deleted, or made and deleted again THEN each is counted once, if it differs at the end
	let written = cost(|| {
		(90..110).for_each(|number| unhashed::put_raw(&key(number), b"new"));
		(0..10).for_each(|number| unhashed::kill(&key(number)));
		unhashed::put_raw(b"passing", b"new");
		unhashed::kill(b"passing");
		// As it is.
		unhashed::put_raw(&key(50), &[1; 100]);
	});
	assert_eq!((written.reads, written.writes), (0, 30));
	assert_eq!(written.unpaid(), ["proof", "database"]);

	// WHEN entries are read, there or not, once or twice THEN each is counted once
	let read = cost(|| {
		for number in 80..120 {
			assert_eq!(unhashed::get_raw(&key(number)).is_some(), number < 100);
			assert_eq!(unhashed::exists(&key(number)), number < 100);
		}
	});
	assert_eq!((read.reads, read.writes), (40, 0));
	assert_eq!(read.unpaid(), ["proof", "database"]);

	// WHEN the time for a large entry is charged, and not its bytes THEN that is seen, and so is when both are
	let time_only = cost(|| {
		assert!(unhashed::get_raw(b"large").is_some());
		let read = <Runtime as frame_system::Config>::DbWeight::get().reads(1);
		System::register_extra_weight_unchecked(read, DispatchClass::Normal);
	});
	assert!(time_only.proof > 100_000, "{time_only:?}");
	assert_eq!(time_only.unpaid(), ["proof"]);
	let all = cost(|| {
		assert!(unhashed::get_raw(b"large").is_some());
		let read = <Runtime as frame_system::Config>::DbWeight::get().reads(1);
		let weight = read.saturating_add(Weight::from_parts(0, 110_000));
		System::register_extra_weight_unchecked(weight, DispatchClass::Normal);
	});
	assert!(all.unpaid().is_empty(), "{all:?}");
}
