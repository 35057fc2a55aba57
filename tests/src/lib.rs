//! Drives the real binaries: a node, providers, `ppl`.
//!
//! - [`deaths`]: kills and restarts of providers, which may cost them nothing.
//! - [`devnet`]: a whole local network through `ppl devnet`.
//! - [`process`]: starting, killing and awaiting single processes.
//! - [`network`]: a validator and providers started one by one.
//! - [`files`]: test files and byte comparison.
//! - [`hostile`]: providers on the real chain that lie, stall and send garbage.
//! - [`light_client`]: what another chain checks of this one.
//! - [`local`]: nodes started one by one that are to find each other.
//! - [`runtime`]: the runtime by itself, called on some state.
//! - [`shared`]: what the tests of a build compile once.
//! - [`uploader`]: a client that stops half-way, replays and floods.
//! - [`resources`]: memory of processes, small disks, metrics of daemons.
#![allow(clippy::print_stdout, reason = "the demo tells its story on stdout")]

pub mod deaths;
pub mod devnet;
pub mod files;
pub mod hostile;
pub mod light_client;
pub mod local;
pub mod network;
pub mod process;
pub mod resources;
pub mod runtime;
pub mod shared;
pub mod uploader;
