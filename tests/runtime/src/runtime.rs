//! The composed runtime: genesis presets, consensus wiring, indices that clients rely on.
#![allow(clippy::unwrap_used, reason = "tests and their helpers")]

mod chain;
mod columns;
mod committee;
mod consensus;
mod deposits;
mod elections;
mod equivocations;
mod fat_blocks;
mod genesis;
mod governance;
mod indices;
mod integrity;
mod parameters;
mod proof_costs;
mod proxies;
mod spam;
mod staking;
mod transactions;
