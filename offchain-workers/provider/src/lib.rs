//! The provider daemon: one process that hosts any set of workers.
//!
//! - [`config`]: what the operator says: a TOML file, flags, the environment.
//! - [`limits`]: how many files the process may open.
//! - [`runtime`]: what the daemon runs on, and how that ends.
//! - [`service`]: starts the workers, keeps them, stops them in order.
//! - [`status`]: what the daemon is doing, over HTTP on the loopback interface.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![warn(missing_docs)]

pub mod config;
pub mod limits;
pub mod runtime;
pub mod service;
pub mod status;
