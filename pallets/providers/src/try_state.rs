//! What holds between any two transactions.
use frame::token::fungible::InspectHold;

use super::*;

impl<T: Config> Pallet<T> {
	/// Checks that
	///
	/// 1. each provider's peer id leads to it, and no other peer id leads anywhere;
	/// 2. each provider's stake is exactly what is held of its money;
	/// 3. no amount that is unbonding is zero;
	/// 4. a terminated provider has a tombstone, and no provider of another standing has one;
	/// 5. a provider that is leaving has nothing bonded and nothing committed, and neither it nor a terminated one offers
	///    anything;
	/// 6. only providers offer and commit, and no commitment is stored as zero;
	/// 7. the providers' count is right;
	/// 8. the rules of staking are sound.
	///
	/// Also compiled for std, so that the tests of other crates can ask.
	pub fn do_try_state() -> Result<(), DispatchError> {
		let mut count: u32 = 0;
		for (provider, info) in Providers::<T>::iter() {
			count = count.saturating_add(1);
			ensure!(
				PeerIds::<T>::get(&info.peer_id).as_ref() == Some(&provider),
				"providers: a peer id does not lead to its provider"
			);
			ensure!(
				T::Currency::balance_on_hold(&HoldReason::Stake.into(), &provider) == info.stake(),
				"providers: a stake is not what is on hold"
			);
			ensure!(info.unbonding.iter().all(|chunk| chunk.amount > 0), "providers: nothing is unbonding");
			ensure!(
				Tombstones::<T>::contains_key(&provider) == (info.standing == Standing::Terminated),
				"providers: a tombstone does not match a standing"
			);
			if info.standing == Standing::Leaving {
				ensure!(info.bonded == 0, "providers: a leaving provider is bonded");
				ensure!(!Self::is_committed(&provider), "providers: a leaving provider is committed");
			}
			if matches!(info.standing, Standing::Leaving | Standing::Terminated) {
				ensure!(
					Offers::<T>::iter_prefix(&provider).next().is_none(),
					"providers: a provider on its way out makes an offer"
				);
			}
		}
		ensure!(count == Providers::<T>::count(), "providers: the count is wrong");
		ensure!(
			PeerIds::<T>::iter_keys().count() == Providers::<T>::iter_keys().count(),
			"providers: a peer id without a provider"
		);
		for (provider, _, _) in Offers::<T>::iter() {
			ensure!(Providers::<T>::contains_key(provider), "providers: an offer without a provider");
		}
		for (provider, _, units) in Committed::<T>::iter() {
			ensure!(Providers::<T>::contains_key(provider), "providers: a commitment without a provider");
			ensure!(units > 0, "providers: a commitment of zero is stored");
		}
		ensure!(Params::<T>::get().check().is_ok(), "providers: unsound rules of staking");
		Ok(())
	}
}
