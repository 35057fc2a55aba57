//! What runs once when the runtime is upgraded: before the first block of the new code, ahead of everything in it.
//!
//! What a pallet stores has a version, beside it on the chain and as `STORAGE_VERSION` in its code. A migration is a
//! [`VersionedMigration`](frame_support::migrations::VersionedMigration) from one version to the next: it runs where
//! the chain has the former, notes the latter, and does nothing anywhere else. So it runs once, and can stay until
//! every chain has had it. Its `pre_upgrade` and `post_upgrade` say what must come out of it: the feature `try-runtime`
//! runs them, holds each pallet's version on the chain against its code's, and then asks for all invariants.
//!
//! Nothing has been migrated yet. What shows the way is the migration that `scripts/next-runtime.sh` adds to this list
//! in the runtime that tests upgrade to: `tests/next-runtime/pallets/reputation/src/migrations/v1.rs`.

/// Migrations that fit one block, oldest first.
pub type SingleBlockMigrations = ();

/// Migrations over maps without a bound, a few entries a block.
pub type MultiBlockMigrations = ();
