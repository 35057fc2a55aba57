//! What runs once when the runtime is upgraded.

/// Migrations that fit one block, oldest first. Each is versioned, so it runs once and may stay until the next release.
pub type SingleBlockMigrations = ();

/// Migrations over maps without a bound, a few entries a block.
pub type MultiBlockMigrations = ();
