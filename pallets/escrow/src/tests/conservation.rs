//! Money is neither made nor lost, whatever happens in whatever order.
use std::collections::BTreeMap;

use frame::token::fungible::Mutate;
use proptest::prelude::*;

use super::*;

/// One thing that may happen.
#[derive(Clone, Debug)]
enum Step {
	Lock {
		agreement: u64,
		client: u64,
		amount: Balance,
	},
	TopUp {
		agreement: u64,
		amount: Balance,
	},
	Credit {
		provider: u64,
		amount: Balance,
	},
	Refund {
		agreement: u64,
		amount: Balance,
	},
	Close {
		agreement: u64,
	},
	Withdraw {
		account: u64,
	},
	/// A client sends all it has away.
	Vanish {
		client: u64,
	},
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
	// Amounts around the existential deposit are as likely as large ones.
	let amount = || prop_oneof![0..300u128, 0..ENDOWMENT + 10];
	let agreement = || 0..5u64;
	let client = || prop_oneof![Just(CLIENT), Just(OTHER_CLIENT)];
	let account = || prop_oneof![Just(PROVIDER), Just(OTHER_PROVIDER), Just(CLIENT), Just(OTHER_CLIENT)];
	let step = prop_oneof![
		(agreement(), client(), amount()).prop_map(|(agreement, client, amount)| Step::Lock {
			agreement,
			client,
			amount
		}),
		(agreement(), amount()).prop_map(|(agreement, amount)| Step::TopUp { agreement, amount }),
		(account(), amount()).prop_map(|(provider, amount)| Step::Credit { provider, amount }),
		(agreement(), amount()).prop_map(|(agreement, amount)| Step::Refund { agreement, amount }),
		agreement().prop_map(|agreement| Step::Close { agreement }),
		account().prop_map(|account| Step::Withdraw { account }),
		client().prop_map(|client| Step::Vanish { client }),
	];
	proptest::collection::vec(step, 0..60)
}

/// What must be in the escrow, kept apart from it.
#[derive(Default)]
struct Model {
	/// Client and uncredited money of each open agreement.
	open: BTreeMap<u64, (u64, Balance)>,
	earnings: BTreeMap<u64, Balance>,
}

impl Model {
	/// Takes a credit from the open agreements, as the market would by its own account.
	fn charge(&mut self, mut amount: Balance) -> bool {
		if self.open.values().map(|(_, left)| left).sum::<Balance>() < amount {
			return false;
		}
		for (_, left) in self.open.values_mut() {
			let part = amount.min(*left);
			*left -= part;
			amount -= part;
		}
		true
	}

	/// Where a refund went: to the account, or among the earnings.
	fn refunded(&mut self, client: u64, amount: Balance, free_before: Balance) {
		if Balances::free_balance(client) != free_before + amount {
			*self.earnings.entry(client).or_default() += amount;
		}
	}

	fn apply(&mut self, step: Step) {
		match step {
			Step::Lock { agreement, client, amount } => {
				let fits = Balances::free_balance(client) >= amount + EXISTENTIAL_DEPOSIT;
				let locked = with_transaction(|| Escrow::lock(agreement, &client, amount));
				assert_eq!(locked.is_ok(), !self.open.contains_key(&agreement) && (fits || amount == 0), "{locked:?}");
				if locked.is_ok() {
					self.open.insert(agreement, (client, amount));
				}
			},
			Step::TopUp { agreement, amount } => {
				if with_transaction(|| Escrow::top_up(agreement, amount)).is_ok() {
					self.open.get_mut(&agreement).unwrap().1 += amount;
				}
			},
			Step::Credit { provider, amount } => {
				let credited = with_transaction(|| Escrow::credit(&provider, amount)).is_ok();
				assert_eq!(credited, self.charge(amount));
				if credited {
					*self.earnings.entry(provider).or_default() += amount;
				}
			},
			Step::Refund { agreement, amount } => {
				let Some((client, left)) = self.open.get_mut(&agreement) else {
					assert!(Escrow::refund(agreement, amount).is_err());
					return;
				};
				// The market never asks for more than is left.
				let amount = amount.min(*left);
				*left -= amount;
				let (client, before) = (*client, Balances::free_balance(*client));
				assert_ok!(Escrow::refund(agreement, amount));
				self.refunded(client, amount, before);
			},
			Step::Close { agreement } => {
				let Some((client, left)) = self.open.remove(&agreement) else {
					assert!(Escrow::close(agreement, 0).is_err());
					return;
				};
				let before = Balances::free_balance(client);
				assert_ok!(Escrow::close(agreement, left));
				self.refunded(client, left, before);
			},
			Step::Withdraw { account } => {
				let before = Balances::free_balance(account);
				if with_transaction(|| Escrow::withdraw(RuntimeOrigin::signed(account))).is_ok() {
					let earned = self.earnings.remove(&account).unwrap();
					assert_eq!(Balances::free_balance(account), before + earned);
				}
			},
			Step::Vanish { client } => {
				let _ = Balances::transfer_all(RuntimeOrigin::signed(client), 99, false);
			},
		}
	}
}

/// Calls of the trait run within the transaction of a call.
fn with_transaction(work: impl FnOnce() -> DispatchResult) -> DispatchResult {
	frame::deps::frame_support::storage::with_storage_layer(work)
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 256, ..Default::default() })]

	#[test]
	fn money_is_conserved(steps in steps()) {
		genesis().execute_with(|| {
			let issuance = Balances::total_issuance();
			let mut model = Model::default();
			for step in steps {
				model.apply(step);
				check_state();
				assert_eq!(Balances::total_issuance(), issuance);
				let locked = model.open.values().map(|(_, left)| left).sum::<Balance>();
				assert_eq!(Escrow::totals(), Totals { locked, earned: model.earnings.values().sum() });
				for (account, earned) in &model.earnings {
					assert_eq!(Escrow::earnings(*account), *earned);
				}
			}
			// WHEN all agreements end and all who can withdraw do, THEN nothing is stuck.
			for agreement in 0..5 {
				model.apply(Step::Close { agreement });
			}
			assert_eq!(Escrow::totals().locked, 0);
			for account in [CLIENT, OTHER_CLIENT, PROVIDER, OTHER_PROVIDER] {
				let _ = Balances::mint_into(&account, EXISTENTIAL_DEPOSIT);
				model.apply(Step::Withdraw { account });
			}
			assert_eq!(Escrow::totals(), Totals { locked: 0, earned: 0 });
			assert_eq!(Balances::free_balance(Escrow::pot()), EXISTENTIAL_DEPOSIT);
		});
	}
}
