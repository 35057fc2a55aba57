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
	genesis_with(GenesisConfig { slot_millis, epoch_slots, ..Default::default() })
}

fn genesis_of_eras(sessions: u32, bonding: u32) -> TestState {
	genesis_with(GenesisConfig { eras: Eras { sessions, bonding }, ..Default::default() })
}

fn genesis_with(clock: GenesisConfig<Test>) -> TestState {
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
fn eras_reach_staking_and_reports() {
	genesis_of_eras(3, 8).execute_with(|| {
		assert_eq!(Clock::eras(), Eras { sessions: 3, bonding: 8 });
		assert_eq!(SessionsPerEra::<Test>::get(), 3);
		assert_eq!(BondingDuration::<Test>::get(), 8);
		assert_eq!(SlashDeferDuration::<Test>::get(), 7);
		assert_eq!(<LiableSessions<Test> as Get<u32>>::get(), 24);
		assert_eq!(<LiableSessions<Test> as Get<u64>>::get(), 24);
		assert_eq!(ReportLongevity::<Test>::get(), 24 * DEFAULT_EPOCH_SLOTS);
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
		EpochSlots::<Test>::put(60);
		EraLengths::<Test>::put(Eras { sessions: 0, ..Eras::default() });
		assert!(Clock::do_try_state().is_err());
	});
}

#[test]
fn default_genesis_is_production() {
	TestState::from(RuntimeGenesisConfig::default().build_storage().unwrap()).execute_with(|| {
		assert_eq!((Clock::slot_millis(), Clock::epoch_slots()), (DEFAULT_SLOT_MILLIS, DEFAULT_EPOCH_SLOTS));
		assert_eq!(Clock::eras(), Eras::default());
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

#[test]
#[should_panic(expected = "an era needs a session")]
fn era_without_sessions_fails() {
	genesis_of_eras(0, 8);
}

#[test]
#[should_panic(expected = "clock.eras.bonding must be at most 84")]
fn liability_beyond_what_is_remembered_fails() {
	genesis_of_eras(3, 85);
}

#[test]
#[should_panic(expected = "must be at most 1,000")]
fn liability_for_too_long_fails() {
	genesis_of_eras(u32::MAX, 84);
}
