//! What happens to a validator that signs two blocks or two votes where it may sign one.

use pallet_session::historical::IdentificationTuple;

use crate::{Runtime, RuntimeEvent, Staking};

impl pallet_offences::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = IdentificationTuple<Self>;
	// It is disabled at once, and it and those behind it are slashed.
	type OnOffenceHandler = Staking;
}
