//! Whatever happens, periods are resolved in order and once, and nothing panics.
use crate::{mock::*, Duties};
use frame::testing_prelude::*;
use peoples_cloud_primitives::{
	holdings::{Leaf, Node},
	storage_proof::StorageProof,
	traits::ProviderRecords,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
	Blocks(u8, bool),
	WithoutSeed,
	TakeOn(u8, u64),
	Prove(u8),
	ProveRandom(u8, u32, Vec<u8>),
	Report(u8, u32),
	Advance(u8),
	Release(u8, u64),
	Remove(u8, u64),
	Rest(u8),
	/// It leaves, if it owes nothing.
	Go(u8),
}

fn step() -> impl Strategy<Value = Step> {
	let who = 0u8..2;
	prop_oneof![
		8 => (1u8..12, prop::bool::weighted(0.2)).prop_map(|(blocks, full)| Step::Blocks(blocks, full)),
		1 => Just(Step::WithoutSeed),
		4 => (who.clone(), 1u64..9).prop_map(|(who, chunks)| Step::TakeOn(who, chunks)),
		8 => who.clone().prop_map(Step::Prove),
		1 => (who.clone(), 0u32..9, any::<Vec<u8>>()).prop_map(|(who, period, bytes)| Step::ProveRandom(who, period, bytes)),
		2 => (who.clone(), 0u32..3).prop_map(|(who, ahead)| Step::Report(who, ahead)),
		1 => who.clone().prop_map(Step::Advance),
		1 => (who.clone(), 0u64..9).prop_map(|(who, number)| Step::Release(who, number)),
		2 => (who.clone(), 0u64..9).prop_map(|(who, number)| Step::Remove(who, number)),
		1 => who.clone().prop_map(Step::Rest),
		1 => who.prop_map(Step::Go),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn periods_are_resolved_in_order_and_once(steps in prop::collection::vec(step(), 1..120)) {
		build_and_execute(|| {
			let mut holders = [Holder::new(account(1)), Holder::new(account(2))];
			for step in steps {
				let resolved_before = Resolved::get().len();
				let state = format!("{step:?}");
				apply(&mut holders, step);
				StorageProofs::do_try_state().unwrap_or_else(|error| panic!("after {state}: {error:?}"));
				let resolved = Resolved::get();
				assert!(resolved.len() - resolved_before <= 7, "an unbounded number of periods in {state}");
			}
			// Per provider, the periods grow; where one was left out, the provider had owed nothing.
			let mut last = BTreeMap::new();
			for (provider, period, _) in Resolved::get() {
				if let Some(before) = last.insert(provider.clone(), period) {
					assert!(period > before, "{provider:?} resolved {period} after {before}");
				}
			}
			for (provider, period) in last {
				assert!(cursor(&provider) > period);
			}
		});
	}

	#[test]
	fn an_honest_provider_is_never_slashed(
		blocks in prop::collection::vec((prop::bool::weighted(0.3), 0u8..6), 150..300),
	) {
		build_and_execute(|| {
			// GIVEN a provider that proves within its window, at some block with room of it
			let mut holder = Holder::with_columns();
			for (full, choice) in blocks {
				if choice == 0 && holder.leaves.len() < 40 {
					let _ = holder.take_on(2);
				}
				// It is lazy, but a full block takes no proof, and in the last block it must; of two windows at once, perhaps.
				while let Some(challenge) = holder.challenge().filter(|_| !full) {
					if choice >= 2 && challenge.blocks_left > 1 {
						break;
					}
					holder.prove().unwrap();
				}
				let _ = report(&alice(), cursor(&alice()));
				let _ = advance(&alice());
				if full {
					next_block_after_a_full_one();
				} else {
					next_block();
				}
			}
			assert_eq!(Slashes::get(), vec![]);
		});
	}

	#[test]
	fn broken_proofs_never_panic(at in any::<prop::sample::Index>(), flip in 1u8.., cut in any::<prop::sample::Index>()) {
		build_and_execute(|| {
			let holder = Holder::with_columns();
			let period = cursor(&alice());
			run_to(slot(&alice(), period) + 1);
			let mut bytes = holder.proof().encode();
			let at = at.index(bytes.len());
			bytes[at] ^= flip;
			if let Ok(broken) = StorageProof::decode(&mut &bytes[..]) {
				let _ = StorageProofs::prove_weight(&broken, 4);
				assert!(prove(&alice(), period, broken).is_err());
			}
			bytes.truncate(cut.index(bytes.len()));
			let _ = StorageProof::decode(&mut &bytes[..]);
		});
	}
}

fn apply(holders: &mut [Holder; 2], step: Step) {
	match step {
		Step::Blocks(blocks, full) => {
			for _ in 0..blocks {
				if full {
					next_block_after_a_full_one();
				} else {
					next_block();
				}
			}
		},
		Step::WithoutSeed => {
			WithSeeds::set(false);
			next_block();
			WithSeeds::set(true);
		},
		Step::TakeOn(who, chunks) => {
			let _ = holders[who as usize].take_on(chunks);
		},
		Step::Prove(who) => {
			let holder = &holders[who as usize];
			if Duties::<Test>::contains_key(&holder.account) && holder.challenge().is_some() {
				holder.prove().unwrap();
			}
		},
		Step::ProveRandom(who, period, bytes) => {
			if let Ok(proof) = StorageProof::decode(&mut &bytes[..]) {
				let _ = prove(&holders[who as usize].account, period, proof);
			}
		},
		Step::Report(who, ahead) => {
			let account = &holders[who as usize].account;
			let _ = report(account, cursor(account) + ahead);
		},
		Step::Advance(who) => {
			let _ = advance(&holders[who as usize].account);
		},
		Step::Release(who, number) => {
			if number < holders[who as usize].leaves.len() as u64 {
				Released::mutate(|released| released.insert(number));
			}
		},
		Step::Remove(who, number) => {
			let holder = &mut holders[who as usize];
			if number < holder.leaves.len() as u64 && !holder.removed.contains(&number) {
				let _ = holder.remove(number);
			} else {
				let leaf = Leaf { agreement: number, root: [0; 32], chunks: 1 };
				let path = vec![Node::ZERO; number as usize];
				let origin = RuntimeOrigin::signed(reporter());
				let account = holder.account.clone();
				let removed = all_or_nothing(|| StorageProofs::remove_leaf(origin, account, number, leaf, path));
				assert!(removed.is_err());
			}
		},
		Step::Rest(who) => {
			Owing::mutate(|owing| owing.remove(&holders[who as usize].account));
		},
		Step::Go(who) => {
			let account = holders[who as usize].account.clone();
			if !Owing::get().contains(&account) {
				<StorageProofs as ProviderRecords<_>>::forget(&account);
				holders[who as usize] = Holder::new(account);
			}
		},
	}
}
