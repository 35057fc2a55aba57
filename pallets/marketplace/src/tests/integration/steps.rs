//! Whatever may happen, as steps that a property test can draw. A step does what it can: much of it is refused.
use frame::testing_prelude::*;
use peoples_cloud_primitives::{AgreementId, Balance};
use proptest::prelude::*;

use super::{
	chain::*,
	world::{lost_columns, Order, World, PRICE},
};
use crate::{Agreements, ByProvider, NextAgreement};

/// Providers that steps speak of.
pub(crate) const SLOTS: usize = 5;

#[derive(Clone, Debug)]
pub(crate) enum Step {
	/// Blocks pass, in which those that are awake prove.
	Blocks(u8, BlockKind),
	/// The provider in a slot proves from now on, or no longer does.
	Awake(usize, bool),
	/// It proves now, awake or not.
	Prove(usize),
	/// Its first unresolved period, or a later one, is reported as missed.
	Report(usize, u32),
	Advance(usize),
	/// One of its leaves is removed, the first that can be from this one on.
	RemoveLeaf(usize, usize),
	/// A client has columns stored by providers in consecutive slots.
	Open {
		client: u8,
		slot: usize,
		columns: usize,
		alike: bool,
		chunks: u64,
		margin: u8,
		duration: u32,
		validity: u32,
	},
	/// As the last one, but with a provider twice.
	OpenTwice {
		slot: usize,
	},
	Extend {
		pick: u64,
		periods: u32,
	},
	/// Once it is in its last period, if it ever is: just before that is over.
	ExtendLate {
		pick: u64,
		periods: u32,
	},
	Close {
		pick: u64,
	},
	Settle {
		pick: u64,
	},
	/// A provider loses one of its columns, and says so.
	DeclareLost {
		slot: usize,
		pick: usize,
	},
	MarkLost {
		pick: u64,
		place: u16,
	},
	/// A lost column goes to the provider in a slot; at most for what the client agreed to, or for more.
	Replace {
		pick: usize,
		slot: usize,
		rate: u8,
	},
	WithdrawEarnings(usize),
	BondMore(usize, Balance),
	Unbond(usize, Balance),
	WithdrawStake(usize),
	Leave(usize),
	/// A provider comes back; where one was terminated, another comes.
	Register(usize),
	Offer {
		slot: usize,
		price: Balance,
		capacity: u64,
		max_duration: u32,
	},
	RemoveOffer(usize),
	Pause(usize, bool),
	/// Other rules: of staking, of the market, of proofs.
	SetStaking {
		bond_per_chunk: Balance,
	},
	SetMarket {
		min_term: u32,
		max_duration: u32,
		penalty: u32,
	},
	SetProofs {
		window: u32,
		challenges: u32,
		suspend: u32,
		terminate: u32,
	},
}

impl Step {
	/// Whether the provider in this slot would do or suffer something by it that an honest one does not, or cannot help.
	pub(crate) fn is_dishonest_for(&self, honest: usize) -> bool {
		match self {
			Self::DeclareLost { slot, .. } | Self::Awake(slot, _) | Self::Prove(slot) => *slot == honest,
			_ => false,
		}
	}
}

/// Any step; blocks are full with this probability.
pub(crate) fn step(full: f64) -> impl Strategy<Value = Step> {
	let slot = || 0..SLOTS;
	let pick = || 0u64..8;
	let kind =
		(prop::bool::weighted(full), prop::bool::weighted(0.06)).prop_map(|(full, seedless)| match (full, seedless) {
			(true, _) => BlockKind::Full,
			(_, true) => BlockKind::Seedless,
			_ => BlockKind::Plain,
		});
	let open = (0..CLIENTS, slot(), 1..5usize, prop::bool::weighted(0.1), 1..9u64, 0..4u8, 1..13u32, 0..25u32)
		.prop_map(|(client, slot, columns, alike, chunks, margin, duration, validity)| Step::Open {
			client,
			slot,
			columns,
			alike,
			chunks,
			margin,
			duration,
			validity,
		});
	let proofs = (1..7u32, 1..6u32, 1..4u32, 0..4u32).prop_map(|(window, challenges, suspend, more)| Step::SetProofs {
		window,
		challenges,
		suspend,
		terminate: suspend + more,
	});
	prop_oneof![
		24 => (1..12u8, kind).prop_map(|(blocks, kind)| Step::Blocks(blocks, kind)),
		4 => (slot(), prop::bool::weighted(0.7)).prop_map(|(slot, awake)| Step::Awake(slot, awake)),
		2 => slot().prop_map(Step::Prove),
		4 => (slot(), prop::sample::select(vec![0, 0, 0, 1])).prop_map(|(slot, ahead)| Step::Report(slot, ahead)),
		2 => slot().prop_map(Step::Advance),
		6 => (slot(), 0..8usize).prop_map(|(slot, from)| Step::RemoveLeaf(slot, from)),
		12 => open,
		1 => slot().prop_map(|slot| Step::OpenTwice { slot }),
		3 => (pick(), 0..9u32).prop_map(|(pick, periods)| Step::Extend { pick, periods }),
		3 => (pick(), 1..6u32).prop_map(|(pick, periods)| Step::ExtendLate { pick, periods }),
		3 => pick().prop_map(|pick| Step::Close { pick }),
		9 => pick().prop_map(|pick| Step::Settle { pick }),
		4 => (slot(), 0..6usize).prop_map(|(slot, pick)| Step::DeclareLost { slot, pick }),
		3 => (pick(), 0..4u16).prop_map(|(pick, place)| Step::MarkLost { pick, place }),
		6 => (0..4usize, slot(), 0..4u8).prop_map(|(pick, slot, rate)| Step::Replace { pick, slot, rate }),
		3 => (0..SLOTS + usize::from(CLIENTS)).prop_map(Step::WithdrawEarnings),
		3 => (slot(), 0..300u128).prop_map(|(slot, amount)| Step::BondMore(slot, amount)),
		2 => (slot(), 0..300u128).prop_map(|(slot, amount)| Step::Unbond(slot, amount)),
		1 => slot().prop_map(Step::WithdrawStake),
		1 => slot().prop_map(Step::Leave),
		3 => slot().prop_map(Step::Register),
		2 => (slot(), 1..4u128, prop::sample::select(vec![20, 60, 200]), prop::sample::select(vec![3, 20, 60]))
			.prop_map(|(slot, price, capacity, max_duration)| Step::Offer { slot, price: price * PRICE, capacity, max_duration }),
		1 => slot().prop_map(Step::RemoveOffer),
		1 => (slot(), prop::bool::weighted(0.3)).prop_map(|(slot, pause)| Step::Pause(slot, pause)),
		1 => (5..15u128).prop_map(|bond_per_chunk| Step::SetStaking { bond_per_chunk }),
		1 => (1..5u32, 10..30u32, 0..6u32)
			.prop_map(|(min_term, max_duration, penalty)| Step::SetMarket { min_term, max_duration, penalty }),
		2 => proofs,
	]
}

/// One of the last agreements.
fn pick_agreement(pick: u64) -> AgreementId {
	NextAgreement::<Test>::get().saturating_sub(1 + pick)
}

impl World {
	pub(crate) fn take(&mut self, step: Step) {
		match step {
			Step::Blocks(blocks, kind) => {
				for _ in 0..blocks {
					self.block(kind);
				}
			},
			Step::Awake(slot, awake) => self.awake[slot] = awake,
			Step::Prove(slot) => self.prove_all(slot),
			Step::Report(slot, ahead) => {
				let period = self.cursor(slot) + ahead;
				let _ = self.report(slot, period);
			},
			Step::Advance(slot) => {
				let _ = self.advance(slot);
			},
			Step::RemoveLeaf(slot, from) => {
				let leaves = self.holder(slot).remaining();
				let first = from.min(leaves.len());
				let _ = leaves[first..].iter().chain(&leaves[..first]).any(|number| self.remove(slot, *number).is_ok());
			},
			Step::Open { client, slot, columns, alike, chunks, margin, duration, validity } => {
				let slots = (slot..slot + columns).map(|slot| slot % SLOTS);
				// A margin of zero stores for nothing: whoever acknowledges that, wants it so.
				let rate = Balance::from(chunks) * Balance::from(margin);
				let content = u64::from(StorageProofs::current_period()) * 8;
				let client = super::chain::client(client);
				let order = Order { client, content, rate, validity, ..Order::new(slots, chunks, duration) };
				let _ = if alike { self.open_alike(&order) } else { self.open(&order).map(drop) };
			},
			Step::OpenTwice { slot } => {
				assert!(self.open(&Order::new([slot, slot], 1, 2)).is_err(), "one provider has two columns");
			},
			Step::Extend { pick, periods } => {
				let _ = self.extend(pick_agreement(pick), periods);
			},
			Step::ExtendLate { pick, periods } => {
				let id = pick_agreement(pick);
				let Some(agreement) = Agreements::<Test>::get(id) else { return };
				// Not too far away: a step should not make time fly.
				let last_block = (agreement.end * PERIOD).saturating_sub(1);
				if !agreement.closing && last_block < System::block_number() + 2 * PERIOD {
					self.run_to(last_block);
					let _ = self.extend(id, periods);
				}
			},
			Step::Close { pick } => {
				let agreement = pick_agreement(pick);
				let client = Agreements::<Test>::get(agreement).map_or(client(0), |agreement| agreement.client);
				let _ = self.dispatch(&client, crate::Call::close { agreement });
			},
			Step::Settle { pick } => {
				let _ = self.settle(pick_agreement(pick));
			},
			Step::DeclareLost { slot, pick } => {
				let columns: Vec<_> = ByProvider::<Test>::iter_prefix(self.provider(slot)).collect();
				if let Some((id, place)) = columns.get(pick % columns.len().max(1)) {
					let _ = self.declare_lost(slot, *id, *place, true);
				}
			},
			Step::MarkLost { pick, place } => {
				let call = crate::Call::mark_lost { agreement: pick_agreement(pick), column: place };
				let _ = self.dispatch(&passer_by(), call);
			},
			Step::Replace { pick, slot, rate } => {
				let lost = lost_columns();
				if let Some((id, place)) = lost.get(pick % lost.len().max(1)) {
					let max_rate = Agreements::<Test>::get(id).unwrap().columns[usize::from(*place)].max_rate;
					let rate = [max_rate, max_rate / 2, 0, max_rate + 1][usize::from(rate)];
					let _ = self.replace(*id, *place, slot, rate);
				}
			},
			Step::WithdrawEarnings(who) => {
				let who = if who < SLOTS { self.provider(who) } else { client((who - SLOTS) as u8) };
				let _ = self.dispatch(&who, pallet_escrow::Call::withdraw {});
			},
			Step::BondMore(slot, amount) => self.as_provider(slot, pallet_providers::Call::bond_more { amount }),
			Step::Unbond(slot, amount) => self.as_provider(slot, pallet_providers::Call::unbond { amount }),
			Step::WithdrawStake(slot) => self.as_provider(slot, pallet_providers::Call::withdraw_unbonded {}),
			Step::Leave(slot) => self.as_provider(slot, pallet_providers::Call::leave {}),
			Step::Register(slot) => {
				if pallet_providers::Tombstones::<Test>::contains_key(self.provider(slot)) {
					self.slots[slot] = self.found();
				}
				let _ = self.register(slot);
			},
			Step::Offer { slot, price, capacity, max_duration } => {
				let _ = self.offer(slot, price, capacity, max_duration);
			},
			Step::RemoveOffer(slot) => {
				let kind = peoples_cloud_primitives::resource::ResourceKind::Storage;
				self.as_provider(slot, pallet_providers::Call::remove_offer { kind });
				// Not for long, or there is soon nobody left to store anything.
				let _ = self.offer(slot, 2 * PRICE, 60, MARKET.max_duration);
			},
			Step::Pause(slot, true) => self.as_provider(slot, pallet_providers::Call::pause {}),
			Step::Pause(slot, false) => self.as_provider(slot, pallet_providers::Call::resume {}),
			Step::SetStaking { bond_per_chunk } => {
				let params = pallet_providers::StakeParams { stake_per_quote: bond_per_chunk << 20, ..staking() };
				assert_ok!(self.force(pallet_providers::Call::set_params { params }));
			},
			Step::SetMarket { min_term, max_duration, penalty } => {
				let params = crate::MarketParams { min_term, max_duration, loss_penalty_periods: penalty, ..MARKET };
				assert_ok!(self.force(crate::Call::set_params { params }));
			},
			Step::SetProofs { window, challenges, suspend, terminate } => {
				let params = pallet_storage_proofs::ProofParams {
					window_blocks: window,
					challenges,
					suspend_after: suspend,
					terminate_after: terminate,
					..proofs()
				};
				// Refused if it comes too soon after the last change.
				let _ = self.force(pallet_storage_proofs::Call::set_params { params });
			},
		}
	}

	/// Opens an agreement whose columns have the same bytes, as an object of one column that is stored several times.
	fn open_alike(&mut self, order: &Order) -> DispatchResult {
		let nonce = self.new_nonce();
		let acks: Vec<_> =
			order.slots.iter().map(|slot| self.acknowledge(order, *slot, order.content, nonce)).collect();
		let acks = acks.try_into().unwrap();
		let call = crate::Call::open_storage { object: [8; 32], codec: 1, k: 1, acks, max_price: 10_000 };
		self.dispatch(&order.client, call).map(drop).map_err(|error| error.error)
	}

	fn as_provider(&mut self, slot: usize, call: pallet_providers::Call<Test>) {
		let who = self.provider(slot);
		let _ = self.dispatch(&who, call);
	}
}
