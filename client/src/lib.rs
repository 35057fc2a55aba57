//! The chain as the daemons and the command line use it.
//!
//! - [`chain`]: what they need of a chain, as a trait with plain types.
//! - [`node`]: that trait over a node's JSON-RPC.
//! - [`wallet`]: accounts: signing, key files, the key that wraps object keys.
//! - [`format`]: addresses, object ids, amounts and sizes as text.
#![warn(missing_docs)]

pub mod chain;
pub mod format;
pub mod node;
pub mod wallet;
