//! Columns and manifests over the network: the two sides of [`crate::protocol`].
//!
//! Memory does not depend on the size of what is transferred: a handful of 256 KiB buffers per stream, and a
//! full buffer anywhere makes the sender wait.
pub mod client;
mod limits;
mod metrics;
pub mod server;

pub use client::{ClientLimits, ColumnStream, Lie, ProviderPeer, PushSession, TransferClient, TransferError};
pub use limits::Rate;
pub use metrics::ServerMetrics;
pub use server::{ServerConfig, ServerHandle, TransferServer};

#[cfg(test)]
mod tests;
