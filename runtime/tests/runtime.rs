//! The composed runtime: genesis presets, consensus wiring, indices that clients rely on.
#![allow(clippy::unwrap_used, reason = "tests and their helpers")]

#[path = "runtime/chain.rs"]
mod chain;
#[path = "runtime/columns.rs"]
mod columns;
#[path = "runtime/committee.rs"]
mod committee;
#[path = "runtime/consensus.rs"]
mod consensus;
#[path = "runtime/deposits.rs"]
mod deposits;
#[path = "runtime/elections.rs"]
mod elections;
#[path = "runtime/equivocations.rs"]
mod equivocations;
#[path = "runtime/fat_blocks.rs"]
mod fat_blocks;
#[path = "runtime/genesis.rs"]
mod genesis;
#[path = "runtime/governance.rs"]
mod governance;
#[path = "runtime/indices.rs"]
mod indices;
#[path = "runtime/integrity.rs"]
mod integrity;
#[path = "runtime/parameters.rs"]
mod parameters;
#[path = "runtime/proof_costs.rs"]
mod proof_costs;
#[path = "runtime/proxies.rs"]
mod proxies;
#[path = "runtime/spam.rs"]
mod spam;
#[path = "runtime/staking.rs"]
mod staking;
#[path = "runtime/transactions.rs"]
mod transactions;
