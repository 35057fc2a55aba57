//! Who makes the blocks, and the randomness that comes with them.

use codec::Decode;
use frame_support::{
	parameter_types,
	traits::{ConstU32, Get},
};
use peoples_cloud_primitives::{traits::BlockRandomness, Hash32};
use sp_consensus_babe::{digests::PreDigest, BABE_ENGINE_ID};

use super::EQUIVOCATION_SESSIONS;
use crate::{Historical, Offences, Runtime, Session, System};

/// The most validators: finality votes grow with their square.
pub(super) type MaxAuthorities = ConstU32<100>;
/// Nobody nominates validators: they are set at genesis.
pub(super) type MaxNominators = ConstU32<0>;

parameter_types! {
	/// For how many blocks a report of an equivocation stays valid.
	pub ReportLongevity: u64 =
		u64::from(EQUIVOCATION_SESSIONS).saturating_mul(pallet_clock::EpochDuration::<Runtime>::get());
}

impl pallet_babe::Config for Runtime {
	type EpochDuration = pallet_clock::EpochDuration<Self>;
	type ExpectedBlockTime = pallet_clock::SlotDuration<Self>;
	// Sessions end epochs.
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type DisabledValidators = Session;
	type WeightInfo = ();
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = MaxNominators;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem = pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}

/// The VRF output of the block's author: known to nobody else before the block is there.
///
/// BABE stores it when it finalises the block, hence it is the current block's only for pallets that come after BABE
/// and ask in `on_finalize`; before that it is the parent's.
#[derive(Debug)]
pub struct VrfRandomness;

impl BlockRandomness for VrfRandomness {
	fn current() -> Option<Hash32> {
		// BABE leaves the last block's output standing when a block comes without one.
		let digest = System::digest();
		let mut pre_digest = digest.logs().iter().filter_map(|log| log.as_pre_runtime());
		let (_, mut data) = pre_digest.find(|(engine, _)| *engine == BABE_ENGINE_ID)?;
		PreDigest::decode(&mut data).ok()?.vrf_signature()?;
		pallet_babe::AuthorVrfRandomness::<Runtime>::get()
	}
}
