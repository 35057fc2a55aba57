//! Types and pure verification shared by the chain and the daemons.
//!
//! Everything here is `no_std`, free of I/O, and total: no input, however broken, makes it panic.
//!
//! - [`column`]: a column is a BLAKE3 tree; proving and verifying one 1 KiB chunk of it.
//! - [`holdings`]: one provider's commitment to all its columns, a Merkle-sum mountain range.
//! - [`challenge`]: when a provider is challenged and which chunks it must show.
//! - [`storage_proof`]: what a provider sends, and the one function that judges it.
//! - [`terms`]: intents that clients sign, acknowledgements that providers sign.
//! - [`manifest`]: what an object is made of.
//! - [`resource`]: resource kinds, which are data and not copies of a pallet.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests"))]
#![warn(missing_docs)]

extern crate alloc;

pub mod challenge;
pub mod column;
pub mod holdings;
pub mod manifest;
pub mod resource;
pub mod storage_proof;
pub mod terms;
#[cfg(feature = "runtime")]
pub mod traits;

/// An account's public key, as `AccountId32` encodes it.
pub type AccountBytes = [u8; 32];
/// A 32-byte BLAKE3 hash.
pub type Hash32 = [u8; 32];
/// An amount in planck: 1 PPL is 10^12 of them.
pub type Balance = u128;
/// A block's number.
pub type BlockNumber = u32;
/// Proof periods since the chain's start.
pub type Period = u32;
/// An agreement's number: unique for ever, counted up from 0.
pub type AgreementId = u64;
/// A column's place within its agreement, from 0.
pub type ColumnIndex = u16;
