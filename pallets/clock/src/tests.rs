use super::*;
use crate as pallet_clock;
use frame::testing_prelude::*;

#[frame_construct_runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(RuntimeCall, RuntimeEvent, RuntimeError, RuntimeOrigin, RuntimeTask, RuntimeViewFunction)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Clock = pallet_clock;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlock<Self>;
}

impl Config for Test {}

fn genesis(slot_millis: u64, epoch_slots: u64) -> TestState {
	let clock = GenesisConfig { slot_millis, epoch_slots, _config: PhantomData };
	RuntimeGenesisConfig { clock, ..Default::default() }.build_storage().unwrap().into()
}

#[test]
fn genesis_values_reach_babe_and_timestamp() {
	genesis(1_000, 60).execute_with(|| {
		assert_eq!(SlotDuration::<Test>::get(), 1_000);
		assert_eq!(MinimumPeriod::<Test>::get(), 500);
		assert_eq!(EpochDuration::<Test>::get(), 60);
		assert_eq!((Clock::slot_millis(), Clock::epoch_slots()), (1_000, 60));
	});
}

#[test]
fn lengths_that_genesis_refuses_are_found_in_the_state() {
	genesis(1_000, 60).execute_with(|| {
		assert_eq!(Clock::do_try_state(), Ok(()));
		SlotMillis::<Test>::put(1_001);
		assert!(Clock::do_try_state().is_err());
		SlotMillis::<Test>::put(1_000);
		EpochSlots::<Test>::put(1);
		assert!(Clock::do_try_state().is_err());
	});
}

#[test]
fn default_genesis_is_production() {
	TestState::from(RuntimeGenesisConfig::default().build_storage().unwrap()).execute_with(|| {
		assert_eq!((Clock::slot_millis(), Clock::epoch_slots()), (DEFAULT_SLOT_MILLIS, DEFAULT_EPOCH_SLOTS));
	});
}

#[test]
#[should_panic(expected = "clock.slotMillis must be between")]
fn slot_in_seconds_fails() {
	genesis(6, 60);
}

#[test]
#[should_panic(expected = "clock.slotMillis must be even")]
fn odd_slot_fails() {
	genesis(1_001, 60);
}

#[test]
#[should_panic(expected = "clock.epochSlots must be at least")]
fn tiny_epoch_fails() {
	genesis(1_000, 1);
}
