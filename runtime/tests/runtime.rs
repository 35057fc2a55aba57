//! The composed runtime: genesis presets, consensus wiring, indices that clients rely on.
#![allow(clippy::unwrap_used, reason = "tests and their helpers")]

#[path = "runtime/chain.rs"]
mod chain;
#[path = "runtime/columns.rs"]
mod columns;
#[path = "runtime/consensus.rs"]
mod consensus;
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
#[path = "runtime/proof_costs.rs"]
mod proof_costs;
#[path = "runtime/spam.rs"]
mod spam;
#[path = "runtime/staking.rs"]
mod staking;
#[path = "runtime/transactions.rs"]
mod transactions;
