//! Limits that the system sets to the process.
use rlimit::{getrlimit, increase_nofile_limit, Resource};

use crate::config::Settings;

const LOG_TARGET: &str = "provider";
/// Files that both databases keep open, 256 tables each and some logs; the transfer server's, two for each of its 256
/// streams; the journal, the status server and what else a process has.
const FILES: u64 = 2 * (256 + 16) + 2 * 256 + 256;
/// Connections that are being made at a time, in and out.
const PENDING_CONNECTIONS: u64 = 256;

/// Descriptors that a daemon with these settings may need at a time.
pub fn needed_files(settings: &Settings) -> u64 {
	FILES.saturating_add(PENDING_CONNECTIONS).saturating_add(settings.network.max_connections.into())
}

/// Lets the process open as many files as the system allows it at all, and says so if that is too few. Answers how
/// many that is.
///
/// RocksDB takes no more writes until it is opened anew once it was refused a descriptor: better not to run out.
pub fn raise_open_files(needed: u64) -> u64 {
	let limit = increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
		tracing::warn!(target: LOG_TARGET, %error, "the limit of open files could not be raised");
		getrlimit(Resource::NOFILE).map_or(0, |(soft, _)| soft)
	});
	if let Some(warning) = too_few(limit, needed) {
		tracing::warn!(target: LOG_TARGET, "{warning}");
	}
	limit
}

/// What an operator should know, if the limit is below what is needed.
fn too_few(limit: u64, needed: u64) -> Option<String> {
	(limit < needed).then(|| {
		format!(
			"this process may open {limit} files, and may need {needed}: when they run out, connections are refused and \
			 the databases fail; raise the limit (LimitNOFILE= in a systemd unit, ulimit -Hn in a shell) or lower \
			 network.max_connections"
		)
	})
}

#[cfg(test)]
mod tests;
