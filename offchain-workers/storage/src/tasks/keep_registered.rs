//! Keeps what the chain says about this provider true: registration, addresses, labels, offer.
//!
//! An account that was registered once is not registered anew: nothing but its owner's word takes it off the
//! register, and the daemon must not lock its bond again. It remembers that in its database.
use std::sync::Arc;

use async_trait::async_trait;
use codec::{Decode, Encode};
use peoples_cloud_client::chain::{Head, Offer, ProviderInfo};
use peoples_cloud_primitives::{AccountBytes, Balance, BlockNumber, Hash32};

use super::Shared;
use crate::{
	database::{Changes, DatabaseError, STATE},
	transactions::Duty,
	worker::{Progress, WorkError, Worker},
};

/// Blocks between two looks.
const INTERVAL_BLOCKS: BlockNumber = 5;
/// Blocks between two changes of the addresses: each costs a fee, and a router that flaps must not eat the balance.
const ADDRESSES_BLOCKS: BlockNumber = 50;

/// What the worker says of itself after the account has left the register.
pub const LEFT: &str = "the account has left the register; `ppl provider register` brings it back";
/// Where [`Remembered`] is kept.
const STATE_KEY: &[u8] = b"registration";

/// Where the provider can be reached now: peer id and multiaddresses, binary.
pub type Reach = (Vec<u8>, Vec<Vec<u8>>);

/// What the operator wants the chain to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
	/// Register if the account is no provider yet, bonding so many planck.
	pub bond: Option<Balance>,
	/// Operator label.
	pub operator: String,
	/// Region label.
	pub region: String,
	/// The storage offer.
	pub offer: Offer,
}

/// What is remembered of the registration.
#[derive(Debug, Encode, Decode)]
enum Remembered {
	/// It was final.
	#[codec(index = 0)]
	V0 {
		/// Whose.
		account: AccountBytes,
		/// On which chain.
		genesis: Hash32,
		/// Seen in this block: a shorter chain is one that was started anew, as development chains are.
		block: BlockNumber,
	},
}

/// See the module.
pub struct KeepRegistered {
	shared: Shared,
	/// Since when it has been seen on the register, block by block.
	registered_since: Option<BlockNumber>,
	/// That it was is on the disk.
	remembered: bool,
	registration: Registration,
	reach: Arc<dyn Fn() -> Reach + Send + Sync>,
	next: BlockNumber,
	addresses_from: BlockNumber,
	doing: String,
}

impl std::fmt::Debug for KeepRegistered {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("KeepRegistered").field("registration", &self.registration).finish_non_exhaustive()
	}
}

impl KeepRegistered {
	/// Keeps `registration` on the chain, and where `reach` says that the provider can be reached.
	pub fn new(shared: Shared, registration: Registration, reach: Arc<dyn Fn() -> Reach + Send + Sync>) -> Self {
		let doing = "waiting for the chain".into();
		Self {
			shared,
			registered_since: None,
			remembered: false,
			registration,
			reach,
			next: 0,
			addresses_from: 0,
			doing,
		}
	}

	/// Registers the account, if the operator wants that and it has not left.
	fn register(&mut self, head: &Head) -> Result<(), WorkError> {
		if self.was_registered(head)? {
			self.doing = LEFT.into();
			return Ok(());
		}
		let Registration { bond, operator, region, .. } = self.registration.clone();
		let Some(bond) = bond else {
			return Err(WorkError::new("this account is not registered as a provider; start once with --register"));
		};
		let (peer_id, addresses) = (self.reach)();
		self.shared.queue.enqueue(Duty::Register { peer_id, addresses, operator, region, bond }, head.best)?;
		self.doing = "registering".into();
		self.next = head.best.saturating_add(1);
		Ok(())
	}

	/// Brings what the chain says in line with what is true.
	fn keep(&mut self, known: &ProviderInfo, best: BlockNumber) -> Result<(), WorkError> {
		self.doing = format!("registered, {}", known.standing);
		if known.standing == "leaving" {
			return Ok(());
		}
		let queue = &self.shared.queue;
		let (peer_id, addresses) = (self.reach)();
		let moved = known.peer_id != peer_id || known.addresses != addresses;
		// Even a terminated provider is read from until its columns are repaired.
		if moved && !addresses.is_empty() && best >= self.addresses_from {
			queue.enqueue(Duty::SetAddresses { peer_id, addresses }, best)?;
			self.addresses_from = best.saturating_add(ADDRESSES_BLOCKS);
			self.doing = "changing the addresses".into();
		}
		if known.standing == "terminated" {
			return Err(WorkError::new("the chain has terminated this provider: it missed too many proofs in a row"));
		}
		let Registration { operator, region, offer, .. } = self.registration.clone();
		if known.operator != operator || known.region != region {
			queue.enqueue(Duty::SetLabels { operator, region }, best)?;
			self.doing = "changing the labels".into();
		}
		if known.offer != Some(offer) {
			let Offer { price, capacity_chunks, min_duration, max_duration } = offer;
			queue.enqueue(Duty::SetOffer { price, capacity_chunks, min_duration, max_duration }, best)?;
			self.doing = "changing the offer".into();
		}
		Ok(())
	}

	/// Notes that the account is on the register, once that is final: a reorganisation is no leave.
	fn remember(&mut self, head: &Head) -> Result<(), DatabaseError> {
		let block = *self.registered_since.get_or_insert(head.best);
		if self.remembered || head.finalised < block {
			return Ok(());
		}
		let genesis = self.shared.context.chain.genesis();
		let mut changes = Changes::default();
		let value = Remembered::V0 { account: self.shared.account(), genesis, block };
		changes.put(STATE, STATE_KEY.to_vec(), value.encode());
		self.shared.queue.database().write(changes, true)?;
		self.remembered = true;
		Ok(())
	}

	/// Whether the account was on this chain's register before.
	fn was_registered(&self, head: &Head) -> Result<bool, DatabaseError> {
		let Some(value) = self.shared.queue.database().get(STATE, STATE_KEY)? else { return Ok(false) };
		let Remembered::V0 { account, genesis, block } =
			Remembered::decode(&mut &value[..]).map_err(|_| DatabaseError::Record("the registration"))?;
		Ok(account == self.shared.account() && genesis == self.shared.context.chain.genesis() && block <= head.best)
	}
}

#[async_trait]
impl Worker for KeepRegistered {
	fn name(&self) -> &'static str {
		"keep_registered"
	}

	fn status(&self) -> String {
		self.doing.clone()
	}

	async fn work(&mut self) -> Result<Progress, WorkError> {
		let Some(view) = self.shared.views.latest() else { return Ok(Progress::Idle) };
		let best = view.head.best;
		if best < self.next {
			return Ok(Progress::Idle);
		}
		self.next = best.saturating_add(INTERVAL_BLOCKS);
		match self.shared.context.chain.provider(self.shared.account()).await? {
			Some(known) => {
				self.remember(&view.head)?;
				self.keep(&known, best)?;
			},
			None => {
				self.registered_since = None;
				self.register(&view.head)?;
			},
		}
		Ok(Progress::Idle)
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}
