//! Calls that make no sense, and some that do: whatever bytes come, nothing panics, and money is conserved.
use frame::testing_prelude::*;
use peoples_cloud_primitives::{holdings::Leaf, resource::ResourceKind, storage_proof::StorageProof};
use proptest::{prelude::*, sample::Index};

use super::{
	chain::*,
	world::{Order, World},
};

/// Calls in one case.
const CALLS: usize = 60;

/// What is done to the bytes of a sensible call.
#[derive(Clone, Debug)]
enum Damage {
	Flip(Index, u8),
	Overwrite(Index, Vec<u8>),
	Cut(Index),
	Repeat(Index, Index),
	/// None at all: so that the calls also reach what lies behind the first check.
	None,
}

/// Where a call comes from.
#[derive(Clone, Debug)]
enum Source {
	/// Bytes: any.
	Bytes(u8, u8, Vec<u8>),
	/// The bytes of a sensible call, damaged.
	Sensible(Index, Vec<Damage>),
	/// A call with any numbers.
	Numbers(u8, u64, u16, u32, u128),
}

fn damage() -> impl Strategy<Value = Damage> {
	prop_oneof![
		4 => (any::<Index>(), 1u8..).prop_map(|(at, bits)| Damage::Flip(at, bits)),
		2 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, with)| Damage::Overwrite(at, with)),
		1 => any::<Index>().prop_map(Damage::Cut),
		1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
		3 => Just(Damage::None),
	]
}

fn source() -> impl Strategy<Value = Source> {
	let small_or_any = |most: u64| prop_oneof![3 => 0..most, 1 => Just(u64::MAX), 1 => any::<u64>()];
	prop_oneof![
		2 => (OUR_PALLETS, 0u8..12, prop::collection::vec(any::<u8>(), 0..200))
			.prop_map(|(pallet, call, bytes)| Source::Bytes(pallet, call, bytes)),
		4 => (any::<Index>(), prop::collection::vec(damage(), 1..3)).prop_map(|(which, damage)| Source::Sensible(which, damage)),
		4 => (any::<u8>(), small_or_any(6), small_or_any(4), small_or_any(40), small_or_any(2_000), any::<bool>()).prop_map(
			|(which, id, place, periods, amount, huge)| {
				let amount = if huge { u128::from(amount) << 64 | u128::from(amount) } else { amount.into() };
				Source::Numbers(which, id, place as u16, periods as u32, amount)
			}
		),
	]
}

fn hurt(mut bytes: Vec<u8>, damage: Vec<Damage>) -> Vec<u8> {
	// The pallet stays: the others' calls are not ours to test.
	for damage in damage {
		let length = bytes.len() - 1;
		if length == 0 {
			break;
		}
		match damage {
			Damage::Flip(at, bits) => bytes[1 + at.index(length)] ^= bits,
			Damage::Overwrite(at, with) => {
				let at = 1 + at.index(length);
				bytes.truncate(at);
				bytes.extend(with);
			},
			Damage::Cut(at) => bytes.truncate(1 + at.index(length)),
			Damage::Repeat(from, to) => {
				let (from, to) = (1 + from.index(length), 1 + to.index(length));
				let part = bytes[from.min(to)..from.max(to)].to_vec();
				bytes.extend(part);
			},
			Damage::None => {},
		}
	}
	bytes
}

/// Calls that could be sent in this state.
fn sensible(world: &mut World) -> Vec<RuntimeCall> {
	let provider = world.provider(0);
	let order = Order { client: client(1), content: 30, ..Order::new([0, 1], 3, 5) };
	let mut calls: Vec<RuntimeCall> = vec![
		world.opening(&order).into(),
		crate::Call::extend { agreement: 0, periods: 2, max_price: 1_000 }.into(),
		crate::Call::close { agreement: 1 }.into(),
		crate::Call::settle { agreement: 2 }.into(),
		crate::Call::declare_lost { agreement: 0, column: 1 }.into(),
		crate::Call::mark_lost { agreement: 0, column: 0 }.into(),
		pallet_escrow::Call::withdraw {}.into(),
		pallet_storage_proofs::Call::report_missed { provider: provider.clone(), period: world.cursor(0) }.into(),
		pallet_storage_proofs::Call::advance { provider }.into(),
		pallet_providers::Call::bond_more { amount: 100 }.into(),
		pallet_providers::Call::unbond { amount: 50 }.into(),
	];
	for slot in 0..2 {
		let holder = world.holder(slot);
		if let Some(challenge) = holder.challenge() {
			let (provider, proof) = (holder.account.clone(), Box::new(holder.proof(&challenge)));
			calls.push(pallet_storage_proofs::Call::prove { provider, period: challenge.period, proof }.into());
		}
		if let Some(number) = holder.remaining().first() {
			let (provider, leaf, path) = (holder.account.clone(), holder.leaf(*number), holder.path(*number));
			calls.push(pallet_storage_proofs::Call::remove_leaf { provider, number: *number, leaf, path }.into());
		}
	}
	if let Some((id, place)) = super::world::lost_columns().first() {
		calls.extend(world.replacement(*id, *place, 2, 2).map(RuntimeCall::from));
	}
	calls
}

/// A call with these numbers in all places.
fn with_numbers(world: &World, which: u8, id: u64, place: u16, periods: u32, amount: u128) -> RuntimeCall {
	let provider = world.provider(usize::from(place) % 3);
	let kind = ResourceKind::Storage;
	let ppm = periods;
	match which % 21 {
		0 => crate::Call::extend { agreement: id, periods, max_price: amount }.into(),
		1 => crate::Call::close { agreement: id }.into(),
		2 => crate::Call::settle { agreement: id }.into(),
		3 => crate::Call::declare_lost { agreement: id, column: place }.into(),
		4 => crate::Call::mark_lost { agreement: id, column: place }.into(),
		5 => {
			let (min_term, max_duration, max_ack_validity) =
				(periods / 2, periods, periods % (crate::types::MAX_ACK_VALIDITY + 1));
			let loss_penalty_periods = periods;
			let loss_client_share_ppm = ppm;
			let params = crate::MarketParams {
				min_term,
				max_duration,
				max_ack_validity,
				loss_penalty_periods,
				loss_client_share_ppm,
			};
			crate::Call::set_params { params }.into()
		},
		6 => {
			let params = pallet_storage_proofs::ProofParams {
				period_blocks: if place == 0 { periods } else { PERIOD },
				window_blocks: periods % 12,
				challenges: periods,
				missed_slash_ppm: ppm,
				reporter_share_ppm: ppm,
				suspend_after: periods,
				terminate_after: periods.saturating_mul(2),
			};
			pallet_storage_proofs::Call::set_params { params }.into()
		},
		7 => {
			let params =
				pallet_providers::StakeParams { min_bond: amount, stake_per_quote: amount, unbonding_blocks: periods };
			pallet_providers::Call::set_params { params }.into()
		},
		8 => pallet_reputation::Call::set_half_life { blocks: periods }.into(),
		9 => pallet_escrow::Call::withdraw {}.into(),
		10 => pallet_providers::Call::bond_more { amount }.into(),
		11 => pallet_providers::Call::unbond { amount }.into(),
		12 => pallet_providers::Call::withdraw_unbonded {}.into(),
		13 => pallet_providers::Call::leave {}.into(),
		14 => {
			let offer = pallet_providers::Offer { price: amount, capacity: id, min_duration: 1, max_duration: periods };
			pallet_providers::Call::set_offer { kind, offer }.into()
		},
		15 => pallet_providers::Call::remove_offer { kind }.into(),
		16 => pallet_providers::Call::pause {}.into(),
		17 => pallet_storage_proofs::Call::report_missed { provider, period: periods }.into(),
		18 => pallet_storage_proofs::Call::advance { provider }.into(),
		19 => {
			let leaf = Leaf { agreement: id, root: [0; 32], chunks: id };
			pallet_storage_proofs::Call::remove_leaf { provider, number: id, leaf, path: Vec::new() }.into()
		},
		_ => {
			let proof = Box::new(StorageProof::V1(Vec::new()));
			pallet_storage_proofs::Call::prove { provider, period: periods, proof }.into()
		},
	}
}

/// Whether the root alone may send it, and it does no more than set our own parameters.
fn is_of_root(call: &RuntimeCall) -> bool {
	matches!(
		call,
		RuntimeCall::Marketplace(crate::Call::set_params { .. })
			| RuntimeCall::StorageProofs(pallet_storage_proofs::Call::set_params { .. })
			| RuntimeCall::Providers(pallet_providers::Call::set_params { .. })
			| RuntimeCall::Reputation(pallet_reputation::Call::set_half_life { .. })
	)
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn no_call_panics_or_makes_money(
		salt: u64,
		calls in prop::collection::vec((source(), 0u8..7, 0u8..8), CALLS),
	) {
		execute(salt, || {
			// GIVEN agreements that run, that lost a column, and that are over
			let mut world = World::new(3);
			world.open(&Order::new([0, 1], 4, 15)).unwrap();
			world.open(&Order { client: client(1), content: 10, ..Order::new([1, 2], 2, 10) }).unwrap();
			world.open(&Order { content: 20, ..Order::new([0, 2], 1, 2) }).unwrap();
			world.run_to_period(2);
			assert_ok!(world.declare_lost(1, 1, 0, true));
			world.awake[1] = false;
			world.run_to_period(3);
			// WHEN any calls come, from anyone
			for (source, who, blocks) in calls {
				let call = match source {
					Source::Bytes(pallet, call, bytes) => {
						RuntimeCall::decode(&mut &[vec![pallet, call], bytes].concat()[..]).ok()
					},
					Source::Sensible(which, damage) => {
						let mut calls = sensible(&mut world);
						let call = calls.swap_remove(which.index(calls.len()));
						RuntimeCall::decode(&mut &hurt(call.encode(), damage)[..]).ok()
					},
					Source::Numbers(which, id, place, periods, amount) => {
						Some(with_numbers(&world, which, id, place, periods, amount))
					},
				};
				if let Some(call) = call {
					let who = match who {
						0..=2 => client(who),
						3..=5 => world.provider(usize::from(who) - 3),
						_ => passer_by(),
					};
					let _ = if is_of_root(&call) && blocks > 2 { world.force(call) } else { world.dispatch(&who, call) };
				}
				for number in 0..blocks {
					world.block(if number == 5 { BlockKind::Full } else { BlockKind::Plain });
				}
				// THEN all is as it must be
				world.check();
			}
		});
	}
}
