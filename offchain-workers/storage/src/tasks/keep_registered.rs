//! Keeps what the chain says about this provider true: registration, addresses, offer.
use std::sync::Arc;

use async_trait::async_trait;
use peoples_cloud_client::chain::Offer;
use peoples_cloud_primitives::{Balance, BlockNumber};

use super::Shared;
use crate::{
	transactions::Duty,
	worker::{Progress, WorkError, Worker},
};

/// Blocks between two looks.
const INTERVAL_BLOCKS: BlockNumber = 5;
/// Blocks between two changes of the addresses: each costs a fee, and a router that flaps must not eat the balance.
const ADDRESSES_BLOCKS: BlockNumber = 50;

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

/// See the module.
pub struct KeepRegistered {
	shared: Shared,
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
		Self { shared, registration, reach, next: 0, addresses_from: 0, doing }
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
		let queue = &self.shared.queue;
		let (peer_id, addresses) = (self.reach)();
		let Registration { bond, operator, region, offer } = &self.registration;
		let Some(known) = self.shared.context.chain.provider(self.shared.account()).await? else {
			let Some(bond) = *bond else {
				return Err(WorkError::new("this account is not registered as a provider; start once with --register"));
			};
			let (operator, region) = (operator.clone(), region.clone());
			queue.enqueue(Duty::Register { peer_id, addresses, operator, region, bond }, best)?;
			self.doing = "registering".into();
			self.next = best.saturating_add(1);
			return Ok(Progress::Idle);
		};
		self.doing = format!("registered, {}", known.standing);
		if known.standing == "terminated" {
			return Err(WorkError::new("the chain has terminated this provider: it missed too many proofs in a row"));
		}
		if known.standing == "leaving" {
			return Ok(Progress::Idle);
		}
		if known.offer != Some(*offer) {
			let Offer { price, capacity_chunks, min_duration, max_duration } = *offer;
			queue.enqueue(Duty::SetOffer { price, capacity_chunks, min_duration, max_duration }, best)?;
			self.doing = "changing the offer".into();
		}
		let moved = known.peer_id != peer_id || known.addresses != addresses;
		if moved && !addresses.is_empty() && best >= self.addresses_from {
			queue.enqueue(Duty::SetAddresses { peer_id, addresses }, best)?;
			self.addresses_from = best.saturating_add(ADDRESSES_BLOCKS);
			self.doing = "changing the addresses".into();
		}
		Ok(Progress::Idle)
	}

	async fn wait_for_work(&mut self) {
		self.shared.views.changed().await;
	}
}
