//! Who finalises the blocks.

use frame_support::traits::ConstU64;

use super::{
	babe::{MaxAuthorities, MaxNominators, ReportLongevity},
	EQUIVOCATION_SESSIONS,
};
use crate::{Historical, Offences, Runtime, RuntimeEvent};

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = MaxNominators;
	// As far back as equivocations are punished.
	type MaxSetIdSessionEntries = ConstU64<{ EQUIVOCATION_SESSIONS as u64 }>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem =
		pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}
