//! What is stored, what calls take, and what clients read.
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame::{
	derive::{serde, Deserialize, Serialize},
	prelude::{BoundedVec, ConstU32},
};
use peoples_cloud_primitives::{resource::ResourceKind, Balance, BlockNumber};
use scale_info::TypeInfo;

/// Longest peer id in bytes: libp2p's are multihashes of 34 or 38, and longer digests leave room.
pub const MAX_PEER_ID_BYTES: u32 = 64;
/// Longest address in bytes: a DNS name, a port, a transport and a relay's peer id fit.
pub const MAX_ADDRESS_BYTES: u32 = 128;
/// Most addresses of one provider: IPv4, IPv6, DNS and relays, each over QUIC and TCP.
pub const MAX_ADDRESSES: u32 = 8;
/// Longest operator label in bytes.
pub const MAX_OPERATOR_BYTES: u32 = 32;
/// Longest region label in bytes.
pub const MAX_REGION_BYTES: u32 = 16;
/// Most amounts that wait to be unbonded at one time.
pub const MAX_UNBONDING: u32 = 8;

/// A libp2p peer id in its binary form: a multihash.
pub type PeerId = BoundedVec<u8, ConstU32<MAX_PEER_ID_BYTES>>;
/// A multiaddr in its binary form.
pub type Address = BoundedVec<u8, ConstU32<MAX_ADDRESS_BYTES>>;
/// Where a provider listens.
pub type Addresses = BoundedVec<Address, ConstU32<MAX_ADDRESSES>>;
/// Who runs a provider, as it says itself.
pub type Operator = BoundedVec<u8, ConstU32<MAX_OPERATOR_BYTES>>;
/// Where a provider is, as it says itself.
pub type Region = BoundedVec<u8, ConstU32<MAX_REGION_BYTES>>;
/// What waits to be unbonded.
pub type Unbonding = BoundedVec<UnbondChunk, ConstU32<MAX_UNBONDING>>;

/// A registered provider.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ProviderInfo {
	/// Its name in the data plane; no other provider has it.
	pub peer_id: PeerId,
	/// Where it listens.
	pub addresses: Addresses,
	/// Who runs it: clients place at most one column of an object with one operator.
	pub operator: Operator,
	/// Where it is.
	pub region: Region,
	/// Stake that backs what it commits.
	pub bonded: Balance,
	/// Stake on its way out: no longer backs anything, still may be slashed.
	pub unbonding: Unbonding,
	/// What the chain lets it do.
	pub standing: Standing,
	/// Whether it wants no new work for now. Of no effect on its standing, so that it outlives a suspension.
	pub paused: bool,
	/// The block of its registration.
	pub registered_at: BlockNumber,
}

/// What the chain lets a provider do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Standing {
	/// It may take work on.
	#[codec(index = 0)]
	Active,
	/// It keeps its work and may take no new work on, until reinstated.
	#[codec(index = 1)]
	Suspended,
	/// It has no work left, and waits for its stake.
	#[codec(index = 2)]
	Leaving,
	/// It is out for good. Its work goes elsewhere; then it may leave.
	#[codec(index = 3)]
	Terminated,
}

/// Stake on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct UnbondChunk {
	/// How much.
	pub amount: Balance,
	/// From which block on it may be withdrawn.
	pub at: BlockNumber,
}

/// What a provider offers of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Offer {
	/// Planck per quote unit (a GiB of storage) per period.
	pub price: Balance,
	/// Units in all, the committed ones included.
	pub capacity: u64,
	/// Fewest periods of an agreement.
	pub min_duration: u32,
	/// Most periods of an agreement.
	pub max_duration: u32,
}

impl Offer {
	/// Planck per period for `units` at this offer's price, rounded up; `None` if that cannot be counted.
	pub fn rate(&self, kind: ResourceKind, units: u64) -> Option<Balance> {
		Some(self.price.checked_mul(Balance::from(units))?.div_ceil(Balance::from(kind.units_per_quote())))
	}
}

/// The rules of staking.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields, crate = "serde")]
pub struct StakeParams {
	/// Least bond of a provider, in planck.
	pub min_bond: Balance,
	/// Bond for each quote unit (a GiB of storage) committed, in planck.
	pub stake_per_quote: Balance,
	/// Blocks that stake waits before it may be withdrawn.
	pub unbonding_blocks: BlockNumber,
}

impl Default for StakeParams {
	fn default() -> Self {
		// One PPL is 10^12 planck.
		Self {
			// 100 PPL: enough that a crowd of empty providers costs something.
			min_bond: 100_000_000_000_000,
			// 0.1 PPL per GiB.
			stake_per_quote: 100_000_000_000,
			// A week of 6 s blocks: longer than any proof window, so that no one outruns a slash.
			unbonding_blocks: 100_800,
		}
	}
}

/// The highest least bond in planck: 100,000 PPL.
pub const MAX_MIN_BOND: Balance = 100_000_000_000_000_000;
/// The longest that stake may wait: 12 weeks of blocks of 6 s.
pub const MAX_UNBONDING_BLOCKS: BlockNumber = 1_209_600;

/// What is wrong with [`StakeParams`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamsError {
	/// Without a bond an account could register any number of providers.
	MinBondZero,
	/// Times the most units that can be committed, it would overflow.
	StakePerQuoteTooHigh,
	/// Stake must wait for a block at least, or a slash could always be outrun.
	UnbondingBlocksZero,
	/// Hardly anybody could be a provider.
	MinBondTooHigh,
	/// Stake would be locked in for ever.
	UnbondingBlocksTooMany,
}

impl StakeParams {
	/// Whether the rules can be worked with.
	pub fn check(&self) -> Result<(), ParamsError> {
		if self.min_bond == 0 {
			return Err(ParamsError::MinBondZero);
		}
		if self.stake_per_quote > Balance::from(u64::MAX) {
			return Err(ParamsError::StakePerQuoteTooHigh);
		}
		if self.min_bond > MAX_MIN_BOND {
			return Err(ParamsError::MinBondTooHigh);
		}
		if self.unbonding_blocks > MAX_UNBONDING_BLOCKS {
			return Err(ParamsError::UnbondingBlocksTooMany);
		}
		if self.unbonding_blocks == 0 {
			return Err(ParamsError::UnbondingBlocksZero);
		}
		Ok(())
	}

	/// The bond that `units` of `kind` need, rounded up; without the least bond of a provider.
	pub fn backing(&self, kind: ResourceKind, units: u64) -> Balance {
		// Cannot saturate: both factors are below 2^64, the first by `check`.
		self.stake_per_quote.saturating_mul(Balance::from(units)).div_ceil(Balance::from(kind.units_per_quote()))
	}
}

/// A provider as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ProviderView {
	/// Its name in the data plane.
	pub peer_id: PeerId,
	/// Where it listens.
	pub addresses: Addresses,
	/// Who runs it.
	pub operator: Operator,
	/// Where it is.
	pub region: Region,
	/// Stake that backs what it commits.
	pub bonded: Balance,
	/// Bond that what it has committed needs: as much must stay bonded.
	pub required: Balance,
	/// Stake on its way out.
	pub unbonding: Unbonding,
	/// What the chain lets it do.
	pub standing: Standing,
	/// Whether it wants no new work for now.
	pub paused: bool,
	/// The block of its registration.
	pub registered_at: BlockNumber,
	/// What it offers and has committed, one entry a resource kind.
	pub services: Vec<ServiceView>,
}

/// One resource kind of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ServiceView {
	/// Of what.
	pub kind: ResourceKind,
	/// Its offer; `None` if it was withdrawn while units are committed.
	pub offer: Option<Offer>,
	/// Units committed.
	pub committed: u64,
}

impl ProviderInfo {
	/// All stake, what is on its way out included.
	pub fn stake(&self) -> Balance {
		// Cannot saturate: all of it is one account's balance.
		self.unbonding.iter().fold(self.bonded, |sum, chunk| sum.saturating_add(chunk.amount))
	}

	/// Whether it may take new work on.
	pub fn is_active(&self) -> bool {
		self.standing == Standing::Active && !self.paused
	}

	/// Takes up to `amount` from the stake and answers how much: first of what is bonded, then of what would be free
	/// soonest, so that the rest stays within reach for as long as possible.
	pub(crate) fn take_stake(&mut self, amount: Balance) -> Balance {
		let mut left = amount;
		take_from(&mut self.bonded, &mut left);
		self.unbonding.sort_by_key(|chunk| chunk.at);
		for chunk in &mut self.unbonding {
			take_from(&mut chunk.amount, &mut left);
		}
		self.unbonding.retain(|chunk| chunk.amount > 0);
		amount.saturating_sub(left)
	}

	/// Puts `amount` on its way out, until block `at`. False if too much is on its way out already.
	pub(crate) fn start_unbonding(&mut self, amount: Balance, at: BlockNumber) -> bool {
		if let Some(same) = self.unbonding.iter_mut().find(|chunk| chunk.at == at) {
			same.amount = same.amount.saturating_add(amount);
			return true;
		}
		self.unbonding.try_push(UnbondChunk { amount, at }).is_ok()
	}

	/// Takes out what is free as of block `now`.
	pub(crate) fn take_unbonded(&mut self, now: BlockNumber) -> Balance {
		let free = |chunk: &UnbondChunk| chunk.at <= now;
		let amount = self.unbonding.iter().filter(|chunk| free(chunk)).fold(0, |sum: Balance, chunk| {
			// Cannot saturate: all of it is one account's balance.
			sum.saturating_add(chunk.amount)
		});
		self.unbonding.retain(|chunk| !free(chunk));
		amount
	}
}

fn take_from(purse: &mut Balance, wanted: &mut Balance) {
	let taken = (*purse).min(*wanted);
	*purse = purse.saturating_sub(taken);
	*wanted = wanted.saturating_sub(taken);
}

/// Whether `bytes` are a libp2p peer id: an identity or SHA2-256 multihash of the right length.
pub(crate) fn is_peer_id(bytes: &[u8]) -> bool {
	/// Multihash codes: the key itself, and the hash of a key too long for that.
	const IDENTITY: u8 = 0x00;
	const SHA2_256: u8 = 0x12;
	match bytes {
		[IDENTITY, length, digest @ ..] => !digest.is_empty() && digest.len() == usize::from(*length),
		[SHA2_256, 32, digest @ ..] => digest.len() == 32,
		_ => false,
	}
}

/// Whether `bytes` are text that terminals and web pages can show as it is.
pub(crate) fn is_label(bytes: &[u8]) -> bool {
	core::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}
