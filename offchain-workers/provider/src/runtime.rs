//! The runtime that the daemon runs on, and its end.
use std::{future::Future, io, time::Duration};

use tokio::runtime::Builder;

/// Blocking work that is still under way when the daemon has stopped, the reading of a large column say, gets so long
/// to end: with the shutdown before it below the 30 s after which service managers kill. What is cut off is no more than
/// a kill -9 would cut off.
pub const LINGER: Duration = Duration::from_secs(5);

/// Runs a daemon to its end. Returns at most [`LINGER`] later, whatever it has left behind.
pub fn block_on<T>(daemon: impl Future<Output = T>) -> io::Result<T> {
	let runtime = Builder::new_multi_thread().enable_all().build()?;
	let outcome = runtime.block_on(daemon);
	// Dropping it would wait for the blocking work, however long that takes.
	runtime.shutdown_timeout(LINGER);
	Ok(outcome)
}

#[cfg(test)]
mod tests {
	use std::time::Instant;

	use super::*;

	#[test]
	fn blocking_work_does_not_hold_the_end_up() {
		let started = Instant::now();
		let outcome = block_on(async {
			let (begun, beginning) = tokio::sync::oneshot::channel();
			tokio::task::spawn_blocking(move || {
				let _ = begun.send(());
				std::thread::sleep(LINGER * 6);
			});
			beginning.await.unwrap();
			7
		});
		assert_eq!(outcome.unwrap(), 7);
		assert!(started.elapsed() < LINGER * 3, "{:?}", started.elapsed());
	}
}
