//! Which chain the data directory belongs to, and how far that chain was final when last seen.
//!
//! A node that is behind, syncs anew or follows another chain says that hardly anything is owed. Who believed it would
//! delete what the real chain says is owed: so nothing is done by the word of such a node.
use codec::{Decode, Encode};
use peoples_cloud_primitives::{BlockNumber, Hash32};

/// See the module. Kept with the holdings and, more rarely, with the columns: either may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KnownChain {
	/// The genesis block's hash.
	pub genesis: Hash32,
	/// The highest finalised block that was ever seen.
	pub finalised: BlockNumber,
}

/// [`KnownChain`] as stored.
#[derive(Encode, Decode)]
pub(crate) enum StoredKnownChain {
	#[codec(index = 0)]
	V0(KnownChain),
}

/// Why nothing is done by the word of the node.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitChain {
	/// Another chain.
	#[error(
		"the node follows the chain {}, the data directory belongs to {}; connect to the right node or use another \
		 data directory",
		hex::encode(theirs),
		hex::encode(ours)
	)]
	Other {
		/// The data directory's.
		ours: Hash32,
		/// The node's.
		theirs: Hash32,
	},
	/// The node has not come as far as the chain was once seen.
	#[error(
		"the node has finalised block {theirs}, and block {ours} was final before; waiting until it has caught up"
	)]
	Behind {
		/// What was seen once.
		ours: BlockNumber,
		/// What the node has.
		theirs: BlockNumber,
	},
}

impl KnownChain {
	/// Whether a node's chain can be this one.
	pub fn check(&self, genesis: Hash32, finalised: BlockNumber) -> Result<(), UnfitChain> {
		if genesis != self.genesis {
			return Err(UnfitChain::Other { ours: self.genesis, theirs: genesis });
		}
		if finalised < self.finalised {
			return Err(UnfitChain::Behind { ours: self.finalised, theirs: finalised });
		}
		Ok(())
	}
}
