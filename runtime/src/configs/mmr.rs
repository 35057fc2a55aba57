//! The Merkle mountain range of all headers, whose root validators sign for other chains.

use alloc::vec::Vec;
use frame_support::parameter_types;
use pallet_beefy_mmr::{BeefyEcdsaToEthereum, DepositBeefyDigest};
use sp_consensus_beefy::mmr::MmrLeafVersion;
use sp_runtime::traits::Keccak256;

use crate::{BeefyMmrLeaf, Runtime};

parameter_types! {
	/// The leaf's form. The first number grows when old verifiers cannot read it any more, the second when they can.
	pub LeafVersion: MmrLeafVersion = MmrLeafVersion::new(0, 0);
}

impl pallet_mmr::Config for Runtime {
	// Under this the node keeps the leaves in its offchain database.
	const INDEXING_PREFIX: &'static [u8] = sp_mmr_primitives::INDEXING_PREFIX;
	type Hashing = Keccak256;
	type LeafData = BeefyMmrLeaf;
	type OnNewRoot = DepositBeefyDigest<Self>;
	type BlockHashProvider = pallet_mmr::DefaultBlockHashProvider<Self>;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = ();
}

impl pallet_beefy_mmr::Config for Runtime {
	type LeafVersion = LeafVersion;
	type BeefyAuthorityToMerkleLeaf = BeefyEcdsaToEthereum;
	// Nothing yet: roots of settlements will come here.
	type LeafExtra = Vec<u8>;
	type BeefyDataProvider = ();
	type WeightInfo = ();
}
