//! The pot of clients' money.

use frame_support::{parameter_types, PalletId};

use crate::{Balances, Runtime};

parameter_types! {
	pub const EscrowPalletId: PalletId = PalletId(*b"ppl/escr");
}

impl pallet_escrow::Config for Runtime {
	type Currency = Balances;
	type PalletId = EscrowPalletId;
	type WeightInfo = pallet_escrow::weights::SubstrateWeight<Self>;
}
