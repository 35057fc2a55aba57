//! Finality for other chains: validators sign roots over all headers with keys that Ethereum's virtual machine can check.
//!
//! Protocol: [BEEFY](https://docs.rs/sc-consensus-beefy), secp256k1 signatures over Keccak-256.

use sp_consensus_beefy::ecdsa_crypto::AuthorityId;

use super::babe::{MaxAuthorities, MaxNominators, ReportLongevity};
use crate::{BeefyMmrLeaf, Historical, Offences, Runtime};

impl pallet_beefy::Config for Runtime {
	type BeefyId = AuthorityId;
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = MaxNominators;
	// As far back as equivocations are punished.
	type MaxSetIdSessionEntries = pallet_clock::LiableSessions<Self>;
	type OnNewValidatorSet = BeefyMmrLeaf;
	type AncestryHelper = BeefyMmrLeaf;
	type WeightInfo = ();
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem = pallet_beefy::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}
