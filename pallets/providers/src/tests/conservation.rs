//! Whatever happens in whatever order: no money is made or lost, stake is what is on hold, and no one is stuck.
use proptest::prelude::*;

use super::*;

/// One thing that may happen to or by one of two providers.
#[derive(Clone, Debug)]
enum Step {
	Register(Balance),
	UpdateInfo(u8),
	BondMore(Balance),
	Unbond(Balance),
	Withdraw,
	SetOffer(u64),
	RemoveOffer,
	Pause,
	Resume,
	Leave,
	Commit(u64),
	Release,
	Slash(Balance, u32, u32),
	Suspend,
	Reinstate,
	Terminate,
	Pass(BlockNumber),
	SetParams(Balance, Balance, BlockNumber),
}

fn step() -> impl Strategy<Value = Step> {
	let amount = || prop_oneof![0..50u128, 0..2_000u128, 0..ENDOWMENT + 10];
	prop_oneof![
		4 => amount().prop_map(Step::Register),
		1 => (0..4u8).prop_map(Step::UpdateInfo),
		2 => amount().prop_map(Step::BondMore),
		4 => amount().prop_map(Step::Unbond),
		3 => Just(Step::Withdraw),
		3 => (0..40u64).prop_map(Step::SetOffer),
		1 => Just(Step::RemoveOffer),
		1 => Just(Step::Pause),
		1 => Just(Step::Resume),
		2 => Just(Step::Leave),
		4 => (0..30 * GIB).prop_map(Step::Commit),
		3 => Just(Step::Release),
		3 => (amount(), 0..1_200_000u32, 0..1_200_000u32).prop_map(|(amount, a, b)| Step::Slash(amount, a, b)),
		1 => Just(Step::Suspend),
		2 => Just(Step::Reinstate),
		1 => Just(Step::Terminate),
		4 => (1..2 * UNBONDING_BLOCKS).prop_map(Step::Pass),
		1 => (1..3_000u128, 0..300u128, 1..80u32).prop_map(|(a, b, c)| Step::SetParams(a, b, c)),
	]
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
	let provider = prop_oneof![Just(PROVIDER), Just(OTHER_PROVIDER)];
	proptest::collection::vec((provider, step()), 0..80)
}

/// Runs one step as a transaction; answers whether it was accepted.
fn run(provider: u64, step: Step, committed: &mut Vec<u64>) -> bool {
	let who = signed(provider);
	let result = frame::deps::frame_support::storage::with_storage_layer(|| match step {
		Step::Register(bond) => try_register(provider, bond),
		Step::UpdateInfo(number) => Registry::update_info(who, Some(peer_id(number)), None, None, None),
		Step::BondMore(amount) => Registry::bond_more(who, amount),
		Step::Unbond(amount) => Registry::unbond(who, amount),
		Step::Withdraw => Registry::withdraw_unbonded(who).map(drop).map_err(|error| error.error),
		Step::SetOffer(gib) => Registry::set_offer(who, Storage, offer(gib)),
		Step::RemoveOffer => Registry::remove_offer(who, Storage),
		Step::Pause => Registry::pause(who),
		Step::Resume => Registry::resume(who),
		Step::Leave => Registry::leave(who),
		Step::Commit(units) => {
			let active = Registry::is_active(&provider);
			Registry::commit(&provider, Storage, units).map(|()| {
				assert!(active);
				let view = Registry::provider(provider).unwrap();
				assert!(units == 0 || view.bonded >= view.required);
				committed.push(units);
			})
		},
		Step::Release => {
			if let Some(units) = committed.pop() {
				Registry::release(&provider, Storage, units);
			}
			Ok(())
		},
		Step::Slash(amount, first, second) => {
			let stake = Registry::stake(&provider);
			let taken = Registry::slash(&provider, amount, &[(NOBODY, first), (CLIENT, second)]);
			assert_eq!(taken, amount.min(stake));
			assert_eq!(Registry::stake(&provider), stake - taken);
			Ok(())
		},
		Step::Suspend => {
			Registry::suspend(&provider);
			Ok(())
		},
		Step::Reinstate => {
			Registry::reinstate(&provider);
			Ok(())
		},
		Step::Terminate => {
			Registry::terminate(&provider);
			Ok(())
		},
		Step::Pass(blocks) => {
			pass(blocks);
			Ok(())
		},
		Step::SetParams(min_bond, stake_per_quote, unbonding_blocks) => {
			Registry::set_params(RuntimeOrigin::root(), StakeParams { min_bond, stake_per_quote, unbonding_blocks })
		},
	});
	result.is_ok()
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 256, ..Default::default() })]

	#[test]
	fn invariants_hold(steps in steps()) {
		build_and_execute(|| {
			let issuance = Balances::total_issuance();
			let mut committed = [Vec::new(), Vec::new()];
			for (provider, step) in steps {
				run(provider, step, &mut committed[provider as usize - 1]);
				Registry::do_try_state().unwrap();
				assert_eq!(Balances::total_issuance(), issuance);
			}
			// WHEN all work ends, THEN everyone can leave with what is left of its stake.
			for (provider, committed) in [PROVIDER, OTHER_PROVIDER].into_iter().zip(committed) {
				for units in committed {
					Registry::release(&provider, Storage, units);
				}
				let owned = Balances::total_balance(&provider);
				let _ = Registry::leave(signed(provider));
				pass(1_000);
				let _ = Registry::withdraw_unbonded(signed(provider));
				assert!(!Providers::<Test>::contains_key(provider));
				assert_eq!((on_hold(provider), Balances::free_balance(provider)), (0, owned));
			}
			assert_eq!(PeerIds::<Test>::iter().count(), 0);
		});
	}
}
