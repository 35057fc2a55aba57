//! Lost columns and their replacement.
use crate::{mock::*, ByProvider, ColumnState, Error, Event, LostColumns, Schedule};
use frame::testing_prelude::*;
use peoples_cloud_primitives::{holdings::Leaf, terms::AcknowledgementV1, traits::PeriodLedger, Balance};

/// Terms of a repair: provider `number` takes over the column that provider `of` had.
fn repair(nonce: u8, number: u8, of: u8) -> AcknowledgementV1 {
	AcknowledgementV1 { root: [of; 32], ..terms(nonce, number) }
}

fn leaf(id: u64, of: u8) -> Leaf {
	Leaf { agreement: id, root: [of; 32], chunks: 4 }
}

#[test]
fn an_admitted_loss_ends_pay_and_liability() {
	build_and_execute(|| {
		// GIVEN a running agreement
		let id = open(1, [1, 2]);
		prove_until([1, 2], 5);
		assert!(!Market::is_released(&provider(1), &leaf(id, 1), 5));
		// WHEN a provider admits a loss
		assert_ok!(declare_lost(1, id, 0));
		// THEN it is paid up to its cursor, blamed, and penalised in part to the client's favour
		let column = &agreement(id).columns[0];
		assert_eq!((column.state, column.end, column.earned), (ColumnState::Lost, 5, 40));
		assert_eq!(Slashes::get(), vec![(provider(1), 30, vec![(alice(), PARAMS.loss_client_share_ppm)])]);
		assert_eq!(Blame::get()[&provider(1)], 1);
		assert_eq!(Committed::get()[&provider(1)], 0);
		let event = Event::ColumnLost { agreement: id, column: 0, provider: provider(1), at: 5, slashed: 30 };
		System::assert_last_event(event.into());
		// AND it owes nothing more, while others find the column to repair
		assert!(Market::is_released(&provider(1), &leaf(id, 1), 5));
		assert!(Market::is_idle(&provider(1)));
		assert_eq!(Market::lost_columns(None, 10), vec![(id, 0)]);
		check();
		prove_until([1, 2], 11);
		assert_ok!(settle(id));
		assert_eq!((earned(&provider(1)), earned(&provider(2)), free(&alice())), (40, 100, WEALTH - 140));
	});
}

#[test]
fn a_loss_before_the_challenge_leaves_the_rest_paid() {
	build_and_execute(|| {
		// GIVEN a provider of two agreements, whose slot of the current period is still to come
		let id = open(1, [1]);
		open(2, [1]);
		prove_until([1], 5);
		// WHEN it admits one loss and proves the rest
		assert_ok!(declare_lost(1, id, 0));
		resolve(&provider(1), true);
		// THEN it is paid for the other alone
		assert_eq!(earned(&provider(1)), 4 * 20 + 10);
	});
}

#[test]
fn a_loss_with_an_open_challenge_leaves_that_period_unpaid() {
	build_and_execute(|| {
		// GIVEN a provider of two agreements, which knows by now which chunks it is asked for
		let id = open(1, [1]);
		let other = open(2, [1]);
		prove_until([1], 5);
		SlotPassed::set(true);
		// WHEN it admits one loss and proves the rest
		assert_ok!(declare_lost(1, id, 0));
		resolve(&provider(1), true);
		// THEN it is paid for neither, in the agreement's account as in its own
		assert_eq!(earned(&provider(1)), 4 * 20);
		assert_eq!(agreement(other).columns[0].earned, 40);
		check();
		// AND from the next period on as ever
		prove_until([1], 11);
		assert_ok!(settle(other));
		assert_ok!(settle(id));
		assert_eq!(earned(&provider(1)), 4 * 20 + 5 * 10);
		assert_eq!(free(&alice()), WEALTH - 40 - 90);
	});
}

#[test]
fn a_loss_resolves_what_was_missed_before() {
	build_and_execute(|| {
		// GIVEN a provider that missed three periods, and nobody said so
		let id = open(1, [1]);
		open(2, [1]);
		prove_until([1], 4);
		go_to(7);
		// WHEN it admits a loss
		assert_ok!(declare_lost(1, id, 0));
		// THEN all three were resolved as missed, and the column is lost after them
		assert_eq!(cursor(&provider(1)), 7);
		assert_eq!(Missed::get()[&provider(1)], 3);
		let column = &agreement(id).columns[0];
		assert_eq!((column.state, column.end, column.earned), (ColumnState::Lost, 7, 30));
	});
}

#[test]
fn a_loss_takes_no_misses_away_that_are_too_many_to_resolve() {
	build_and_execute(|| {
		// GIVEN a provider that missed more periods than are resolved on the way
		let id = open(1, [1]);
		prove_until([1], 3);
		go_to(8);
		// WHEN it admits a loss THEN it is refused, until someone has moved its cursor on
		assert_noop!(declare_lost(1, id, 0), Error::<Test>::ProviderBehind);
		resolve(&provider(1), false);
		assert_ok!(declare_lost(1, id, 0));
		assert_eq!(Missed::get()[&provider(1)], 5);
	});
}

#[test]
fn a_loss_after_too_many_misses_is_that_of_a_terminated_provider() {
	build_and_execute(|| {
		// GIVEN a provider whose misses will terminate it
		let id = open(1, [1]);
		prove_until([1], 4);
		go_to(7);
		TerminateAt::set(Some(6));
		// WHEN it admits a loss THEN the column is lost as of its end as a provider
		assert_ok!(declare_lost(1, id, 0));
		let column = &agreement(id).columns[0];
		assert_eq!((column.state, column.end, column.earned), (ColumnState::Lost, 6, 30));
		assert_eq!(Slashes::get().len(), 1);
		check();
		TerminateAt::set(None);
		prove_until([], 11);
		assert_ok!(settle(id));
	});
}

#[test]
fn a_loss_before_the_start_earns_nothing() {
	build_and_execute(|| {
		// GIVEN an agreement that starts with the next period
		let id = open(1, [1, 2]);
		// WHEN a column is lost before
		assert_ok!(declare_lost(1, id, 0));
		// THEN nothing is earned with it, and no milestone of it remains
		let column = &agreement(id).columns[0];
		assert_eq!((column.start, column.end, column.earned), (1, 1, 0));
		assert_eq!(Schedule::<Test>::iter_prefix(provider(1)).count(), 0);
		check();
		// AND it can be placed anew for the whole time that is left
		assert_ok!(replace(id, 0, repair(2, 3, 1)));
		assert_eq!(agreement(id).columns[0].start, 1);
		prove_until([2, 3], 11);
		assert_ok!(settle(id));
		assert_eq!(earned(&provider(3)), 100);
	});
}

#[test]
fn a_loss_where_the_cursor_is_at_the_start_is_clean() {
	build_and_execute(|| {
		// GIVEN a provider whose cursor is ahead: its start has passed already
		SlotPassed::set(true);
		let id = open(1, [1]);
		assert_eq!(cursor(&provider(1)), 1);
		// WHEN it admits a loss THEN its rate is taken off again
		assert_ok!(declare_lost(1, id, 0));
		check();
		assert_eq!(Schedule::<Test>::iter().count(), 0);
	});
}

#[test]
fn only_the_provider_admits_a_loss() {
	build_and_execute(|| {
		let id = open(1, [1, 2]);
		assert_noop!(declare_lost(2, id, 0), Error::<Test>::NotProvider);
		assert_noop!(declare_lost(1, id, 2), Error::<Test>::UnknownColumn);
		assert_noop!(declare_lost(1, id + 1, 0), Error::<Test>::UnknownAgreement);
		assert_ok!(declare_lost(1, id, 0));
		assert_noop!(declare_lost(1, id, 0), Error::<Test>::AlreadyLost);
	});
}

#[test]
fn what_has_ended_cannot_be_lost() {
	build_and_execute(|| {
		let id = open(1, [1]);
		prove_until([1], 11);
		assert_noop!(declare_lost(1, id, 0), Error::<Test>::ColumnOver);
	});
}

#[test]
fn a_terminated_providers_columns_are_marked() {
	build_and_execute(|| {
		// GIVEN two providers, one terminated
		let id = open(1, [1, 2]);
		prove_until([1, 2], 5);
		terminate(1);
		assert!(agreement(id).columns[0].abandoned);
		// WHEN someone marks its column
		assert_noop!(mark_lost(id, 1), Error::<Test>::NotTerminated);
		assert_ok!(mark_lost(id, 0));
		// THEN it is lost as of the termination, with the penalty
		let event = Event::ColumnLost { agreement: id, column: 0, provider: provider(1), at: 5, slashed: 30 };
		System::assert_last_event(event.into());
		assert_noop!(mark_lost(id, 0), Error::<Test>::AlreadyLost);
		assert_eq!(earned(&provider(1)), 40);
		// AND another takes it on
		assert_ok!(replace(id, 0, repair(2, 3, 1)));
		prove_until([2, 3], 11);
		assert_ok!(settle(id));
		assert_eq!(earned(&provider(3)), 50);
		assert_eq!(free(&alice()), WEALTH - 40 - 100 - 50);
	});
}

#[test]
fn a_termination_right_at_the_end_is_no_loss() {
	build_and_execute(|| {
		// GIVEN a provider terminated when its last paid period was resolved
		let id = open(1, [1]);
		prove_until([1], 11);
		terminate(1);
		assert!(!agreement(id).columns[0].abandoned);
		// WHEN its column is marked THEN it is refused, and the settlement pays as ever
		assert_noop!(mark_lost(id, 0), Error::<Test>::ColumnOver);
		assert_ok!(settle(id));
		assert_eq!(free(&alice()), WEALTH - 100);
		assert!(Slashes::get().is_empty());
	});
}

#[test]
fn a_settlement_marks_what_terminated_providers_left_behind() {
	build_and_execute(|| {
		// GIVEN a terminated provider whose column nobody marked
		let id = open(1, [1, 2]);
		prove_until([1, 2], 5);
		terminate(1);
		prove_until([2], 9);
		// WHEN it could still be placed anew THEN there is no settlement
		assert_noop!(settle(id), Error::<Test>::NotYetEnded);
		// WHEN the end has come THEN it counts as lost
		prove_until([2], 11);
		assert_ok!(settle(id));
		assert_eq!(Slashes::get().len(), 1);
		assert_eq!(free(&alice()), WEALTH - 40 - 100);
		assert_eq!(LostColumns::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_closing_agreement_with_a_terminated_provider_is_settled() {
	build_and_execute(|| {
		// GIVEN a terminated provider in an agreement that is closed
		let id = open(1, [1, 2]);
		prove_until([1, 2], 5);
		terminate(1);
		assert_ok!(close(id));
		check();
		// WHEN the others are through THEN it is settled, and the terminated one has earned up to its end
		prove_until([2], 6);
		assert_ok!(settle(id));
		assert_eq!((earned(&provider(1)), earned(&provider(2)), free(&alice())), (40, 50, WEALTH - 90));
	});
}

#[test]
fn a_replacement_serves_the_rest() {
	build_and_execute(|| {
		// GIVEN a lost column
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		assert_ok!(declare_lost(1, id, 0));
		prove_until([2], 6);
		// WHEN a third provider takes it on
		let terms = repair(2, 3, 1);
		assert_ok!(replace(id, 0, terms));
		// THEN it is paid from the next period to the end
		let event = Event::ColumnReplaced { agreement: id, column: 0, provider: provider(3), start: 7, rate: 10 };
		System::assert_last_event(event.into());
		let column = &agreement(id).columns[0];
		assert_eq!((column.state, column.start, column.end, column.earned), (ColumnState::Held, 7, 11, 30));
		assert_eq!(LostColumns::<Test>::iter().count(), 0);
		assert_eq!(ByProvider::<Test>::get(provider(3), id), Some(0));
		check();
		// AND the periods between loss and replacement come back to the client
		prove_until([2, 3], 11);
		assert_ok!(settle(id));
		assert_eq!((earned(&provider(1)), earned(&provider(3))), (30, 40));
		assert_eq!(free(&alice()), WEALTH - 30 - 40 - 100);
	});
}

#[test]
fn a_replacement_can_be_lost_again_and_placed_at_the_first_rate() {
	build_and_execute(|| {
		// GIVEN a column that a cheap provider took over, and lost
		let id = open(1, [1]);
		prove_until([1], 3);
		assert_ok!(declare_lost(1, id, 0));
		assert_ok!(replace(id, 0, AcknowledgementV1 { rate: 0, ..repair(2, 2, 1) }));
		prove_until([2], 6);
		assert_ok!(declare_lost(2, id, 0));
		// WHEN a third takes it on at the rate that the client agreed to at first
		assert_ok!(replace(id, 0, repair(3, 3, 1)));
		check();
		// THEN it is paid
		prove_until([3], 11);
		assert_ok!(settle(id));
		assert_eq!((earned(&provider(1)), earned(&provider(2)), earned(&provider(3))), (20, 0, 40));
		assert_eq!(free(&alice()), WEALTH - 60);
	});
}

#[test]
fn a_replacements_loss_costs_what_the_client_agreed_to() {
	build_and_execute(|| {
		// GIVEN a column that a provider took over for nothing
		let id = open(1, [1]);
		prove_until([1], 3);
		assert_ok!(declare_lost(1, id, 0));
		assert_ok!(replace(id, 0, AcknowledgementV1 { rate: 0, ..repair(2, 2, 1) }));
		prove_until([2], 4);
		// WHEN it is lost again THEN the penalty is by the rate that the client agreed to at first
		assert_ok!(declare_lost(2, id, 0));
		let share = vec![(alice(), PARAMS.loss_client_share_ppm)];
		assert_eq!(Slashes::get()[1], (provider(2), 10 * Balance::from(PARAMS.loss_penalty_periods), share));
	});
}

#[test]
fn a_provider_may_take_over_another_column_after_a_loss() {
	build_and_execute(|| {
		// GIVEN two lost columns
		let id = open(1, [1, 2, 3]);
		prove_until([1, 2, 3], 4);
		assert_ok!(declare_lost(1, id, 0));
		assert_ok!(declare_lost(2, id, 1));
		// WHEN the first provider takes over the second's
		assert_ok!(replace(id, 1, repair(2, 1, 2)));
		// THEN it owes that one, and not the one that it lost
		assert!(!Market::is_released(&provider(1), &leaf(id, 2), 5));
		assert!(Market::is_released(&provider(1), &leaf(id, 1), 5));
		// AND it cannot take its old one besides
		assert_noop!(replace(id, 0, repair(3, 1, 1)), Error::<Test>::DuplicateProvider);
		assert_ok!(replace(id, 0, repair(3, 2, 1)));
		prove_until([1, 2, 3], 11);
		assert_ok!(settle(id));
		assert_eq!((earned(&provider(1)), earned(&provider(2))), (30 + 60, 30 + 60));
	});
}

#[test]
fn a_replacement_must_fit() {
	build_and_execute(|| {
		// GIVEN a lost column with six periods left
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		assert_noop!(replace(id, 0, repair(2, 3, 1)), Error::<Test>::NotLost);
		assert_ok!(declare_lost(1, id, 0));
		let good = repair(2, 3, 1);
		let refused = |terms: AcknowledgementV1, error: Error<Test>| {
			assert_noop!(replace(id, 0, terms), error);
		};
		// WHEN something does not fit THEN it is refused
		refused(AcknowledgementV1 { root: [9; 32], ..good }, Error::WrongColumn);
		refused(AcknowledgementV1 { chunks: 5, ..good }, Error::WrongColumn);
		refused(AcknowledgementV1 { rate: 11, ..good }, Error::RateTooHigh);
		refused(AcknowledgementV1 { duration: 5, ..good }, Error::DurationTooShort);
		refused(AcknowledgementV1 { client: bob().into(), ..good }, Error::WrongClient);
		refused(AcknowledgementV1 { genesis: [1; 32], ..good }, Error::WrongGenesis);
		refused(AcknowledgementV1 { valid_until: 39, ..good }, Error::AcknowledgementExpired);
		refused(AcknowledgementV1 { valid_until: 141, ..good }, Error::ValidityTooLong);
		refused(repair(2, 2, 1), Error::DuplicateProvider);
		let mut forged = sign(good.clone());
		forged.signature[0] ^= 1;
		let origin = RuntimeOrigin::signed(bob());
		assert_noop!(Market::replace_column(origin, id, 0, forged), Error::<Test>::BadSignature);
		assert_noop!(replace(id, 2, good.clone()), Error::<Test>::UnknownColumn);
		assert_noop!(replace(id + 1, 0, good.clone()), Error::<Test>::UnknownAgreement);
		// WHEN all does THEN it is taken
		assert_ok!(replace(id, 0, AcknowledgementV1 { duration: 6, ..good }));
	});
}

#[test]
fn a_replacements_acknowledgement_works_once() {
	build_and_execute(|| {
		// GIVEN two lost columns, one of them repaired
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		assert_ok!(declare_lost(1, id, 0));
		assert_ok!(declare_lost(2, id, 1));
		assert_ok!(replace(id, 0, repair(5, 3, 1)));
		// WHEN the same upload repairs the other THEN it is taken
		assert_ok!(replace(id, 1, repair(5, 4, 2)));
		// WHEN an acknowledgement is used again, to repair or to open THEN it is refused
		assert_ok!(declare_lost(3, id, 0));
		assert_noop!(replace(id, 0, repair(5, 3, 1)), Error::<Test>::AlreadyUsed);
		assert_noop!(open_with(vec![sign(repair(5, 3, 1))]), Error::<Test>::AlreadyUsed);
		// NOR does one that opened an agreement repair another
		let ack = repair(6, 5, 1);
		assert_ok!(open_with(vec![sign(ack.clone())]));
		assert_noop!(replace(id, 0, ack), Error::<Test>::AlreadyUsed);
	});
}

#[test]
fn it_can_be_too_late_to_replace() {
	build_and_execute(|| {
		// GIVEN a column lost in the last period but one
		let id = open(1, [1, 2]);
		prove_until([1, 2], 9);
		assert_ok!(declare_lost(1, id, 0));
		hypothetically!({
			assert_ok!(replace(id, 0, repair(2, 3, 1)));
		});
		// WHEN the last period has begun THEN it stays lost
		prove_until([2], 10);
		assert_noop!(replace(id, 0, repair(2, 3, 1)), Error::<Test>::AgreementOver);
		// AND a column lost then is not offered for repair
		resolve(&provider(2), true);
		assert_ok!(settle(id));
		assert_eq!(free(&alice()), WEALTH - 80 - 100);
	});
}

#[test]
fn closing_gives_up_on_lost_columns() {
	build_and_execute(|| {
		// GIVEN a lost column
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		assert_ok!(declare_lost(1, id, 0));
		// WHEN the agreement is closed
		assert_ok!(close(id));
		// THEN all that was set aside for it comes back, and it is not placed anew
		assert_eq!(free(&alice()), WEALTH - 30 - 40);
		assert_eq!(LostColumns::<Test>::iter().count(), 0);
		assert_noop!(replace(id, 0, repair(2, 3, 1)), Error::<Test>::AgreementClosing);
		check();
		prove_until([2], 5);
		assert_ok!(settle(id));
		assert_eq!(free(&alice()), WEALTH - 30 - 40);
	});
}

#[test]
fn a_loss_while_closing_is_settled() {
	build_and_execute(|| {
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		assert_ok!(close(id));
		assert_ok!(declare_lost(1, id, 0));
		assert_eq!(LostColumns::<Test>::iter().count(), 0);
		check();
		resolve(&provider(2), true);
		assert_ok!(settle(id));
		assert_eq!(free(&alice()), WEALTH - 30 - 40);
	});
}

#[test]
fn everything_lost_is_settled_at_once_when_closing() {
	build_and_execute(|| {
		// GIVEN an agreement that lost all
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		assert_ok!(declare_lost(1, id, 0));
		assert_ok!(declare_lost(2, id, 1));
		assert_noop!(settle(id), Error::<Test>::NotYetEnded);
		// WHEN it is closed THEN it is settled without waiting
		assert_ok!(close(id));
		assert_ok!(settle(id));
		assert_eq!(free(&alice()), WEALTH - 60);
	});
}

#[test]
fn extending_offers_columns_for_repair_that_were_lost_too_late() {
	build_and_execute(|| {
		// GIVEN a column lost in the last period
		let id = open(1, [1, 2]);
		prove_until([1, 2], 10);
		assert_ok!(declare_lost(1, id, 0));
		assert_eq!(LostColumns::<Test>::iter().count(), 0);
		// WHEN the agreement is extended THEN others find it, and it is placed anew
		assert_ok!(extend(id, 5));
		check();
		assert_eq!(Market::lost_columns(None, 10), vec![(id, 0)]);
		assert_ok!(replace(id, 0, repair(2, 3, 1)));
		prove_until([2, 3], 16);
		assert_ok!(settle(id));
		assert_eq!(earned(&provider(3)), 50);
	});
}

#[test]
fn extending_pays_for_lost_columns_too() {
	build_and_execute(|| {
		// GIVEN a lost column
		let id = open(1, [1, 2]);
		prove_until([1, 2], 4);
		assert_ok!(declare_lost(1, id, 0));
		// WHEN the agreement is extended THEN the lost column can be placed for the longer time
		assert_ok!(extend(id, 5));
		check();
		assert_ok!(replace(id, 0, AcknowledgementV1 { duration: 11, ..repair(2, 3, 1) }));
		prove_until([2, 3], 16);
		assert_ok!(settle(id));
		assert_eq!(earned(&provider(3)), 110);
	});
}
