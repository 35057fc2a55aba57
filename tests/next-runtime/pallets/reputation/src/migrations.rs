//! What brings stored records to the version of the code. `scripts/next-runtime.sh` adds this to the next runtime; the
//! production runtime has nothing to migrate.

pub mod v1;
