//! The node behind `peoples-cloud-node`: a validator or full node of the People's Cloud.
//!
//! - [`cli`] is the command line, [`command`] does what it says.
//! - [`key`] has the SDK's commands on keys, [`keys`] makes session keys.
//! - `service` puts the node together, `rpc` its JSON-RPC methods, `chain_spec` its chain specifications.
//!
//! Apart from the program, so that it is compiled beside the WebAssembly runtime.

mod chain_spec;
pub mod cli;
pub mod command;
pub mod key;
pub mod keys;
mod rpc;
mod service;
