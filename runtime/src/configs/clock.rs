//! Slot and epoch length.

use crate::Runtime;

impl pallet_clock::Config for Runtime {}
