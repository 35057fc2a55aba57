//! Who makes the blocks, and the randomness that comes with them.

use codec::Decode;
use frame_support::traits::ConstU32;
use peoples_cloud_primitives::{traits::BlockRandomness, Hash32};
use sp_consensus_babe::{digests::PreDigest, BABE_ENGINE_ID};

use crate::{Historical, Offences, Runtime, Session, System};

/// The most validators: finality votes grow with their square.
pub(super) type MaxAuthorities = ConstU32<100>;
/// The most nominators behind one validator who are paid and slashed with it.
pub(super) type MaxNominators = ConstU32<1_024>;
/// For how many slots a report of an equivocation stays valid.
pub(super) type ReportLongevity = pallet_clock::ReportLongevity<Runtime>;

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
