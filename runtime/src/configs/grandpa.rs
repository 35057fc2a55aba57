//! Who finalises the blocks.

use super::babe::{MaxAuthorities, MaxNominators, ReportLongevity};
use crate::{Historical, Offences, Runtime, RuntimeEvent};

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = MaxNominators;
	// As far back as equivocations are punished.
	type MaxSetIdSessionEntries = pallet_clock::LiableSessions<Self>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem =
		pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}
