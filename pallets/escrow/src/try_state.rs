//! What holds between any two transactions.
use frame::token::fungible::Inspect;

use super::*;

impl<T: Config> Pallet<T> {
	/// Checks that
	///
	/// 1. the earnings add up to their total, and none is stored as zero;
	/// 2. what is locked in all is no more than the locks, which still contain what was credited from them;
	/// 3. the pot covers what is locked and what is earned, and its existential deposit besides (more, if someone made
	///    it a present).
	///
	/// Also compiled for std, so that the tests of other crates can ask.
	pub fn do_try_state() -> Result<(), DispatchError> {
		let mut earned: Balance = 0;
		for (_, earnings) in Earnings::<T>::iter() {
			ensure!(earnings > 0, "escrow: earnings of zero are stored");
			earned = earned.checked_add(earnings).ok_or("escrow: earnings overflow")?;
		}
		ensure!(earned == TotalEarned::<T>::get(), "escrow: earnings do not add up to their total");

		let mut locks: Balance = 0;
		for lock in Locks::<T>::iter_values() {
			locks = locks.checked_add(lock.amount).ok_or("escrow: locks overflow")?;
		}
		let locked = TotalLocked::<T>::get();
		ensure!(locked <= locks, "escrow: more is locked than the locks say");

		let owed = locked
			.checked_add(earned)
			.and_then(|sum| sum.checked_add(T::Currency::minimum_balance()))
			.ok_or("escrow: debts overflow")?;
		ensure!(T::Currency::balance(&Self::pot()) >= owed, "escrow: the pot does not cover what it owes");
		Ok(())
	}
}
