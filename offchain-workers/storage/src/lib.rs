//! Storage workers: what a provider does for the columns it holds, and what clients do to store and get objects.
//!
//! - [`client`]: storing objects, getting them back, repairing them.
//! - [`object`]: how a file becomes sealed stripes and back.
//! - [`protocol`]: the wire protocol: messages, admission of intents; no sockets.
//! - [`store`]: column files on disk beside a RocksDB index; crash-safe.
//! - [`transfer`]: the protocol's two sides over the network.
//! - [`holdings`]: a provider's own full copy of its commitment, and how it follows the chain.
//! - [`known_chain`]: which chain the data belongs to, so that no other is believed.
//! - [`prover`]: from a challenge to a proof.
//! - [`transactions`]: the queue of duties that the chain must see done.
//! - [`worker`], [`tasks`]: background jobs, one file each.
//! - [`database`], [`metrics`]: where holdings and queue are kept; what is counted.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![warn(missing_docs)]

pub mod client;
pub mod database;
pub mod holdings;
pub mod known_chain;
pub mod metrics;
pub mod object;
pub mod protocol;
pub mod prover;
pub mod store;
pub mod tasks;
pub mod transactions;
pub mod transfer;
pub mod worker;

#[cfg(any(test, feature = "simulation"))]
pub mod simulation;

#[cfg(test)]
mod test_chain;
#[cfg(test)]
mod test_rig;
