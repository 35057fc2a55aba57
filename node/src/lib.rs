//! The node behind `peoples-cloud-node`: a validator or full node of the People's Cloud.
//!
//! - [`cli`] is the command line, [`command`] does what it says.
//! - [`keys`] makes session keys.
//! - `service` puts the node together, `rpc` its JSON-RPC methods, `chain_spec` its chain specifications.
//!
//! A library, so that the binary and its tests compile the node once.

mod chain_spec;
pub mod cli;
pub mod command;
pub mod keys;
mod rpc;
mod service;
