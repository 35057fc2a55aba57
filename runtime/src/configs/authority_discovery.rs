//! Where validators find each other's addresses: each signs its own with a key of the session.

use super::babe::MaxAuthorities;
use crate::Runtime;

impl pallet_authority_discovery::Config for Runtime {
	type MaxAuthorities = MaxAuthorities;
}
