//! Finds out when a database has failed for good.
//!
//! After some failures, one for want of a file descriptor among them, RocksDB refuses every write until it is opened
//! anew. The workers would try again for ever; a daemon that ends is started afresh by whoever looks after it.
use std::time::Duration;

use peoples_cloud_storage::tasks::Shared;
use tokio::{task::spawn_blocking, time::sleep};

use super::{ServiceError, LOG_TARGET};

/// Pause between two probes: one synced write each is nothing beside the store's own.
const PROBE_EVERY: Duration = Duration::from_secs(20);
/// Failed probes in a row after which a database is given up: RocksDB recovers from what it can recover from by itself
/// within seconds.
const FAILURES: u32 = 3;
/// With less room the disk is full, and failures tell nothing else: writing goes on when there is room again.
const ROOM_BYTES: u64 = 64 << 20;

/// What the databases said to a write.
pub(super) type Probed = Result<(), ServiceError>;

/// Returns when a database keeps failing although there is room on the disk.
pub(super) async fn broken(shared: Shared) -> ServiceError {
	let store = shared.store.clone();
	let has_room = move || store.disk_free_bytes().map_or(true, |bytes| bytes >= ROOM_BYTES);
	watch(PROBE_EVERY, move || probe(&shared), has_room).await
}

/// Writes to each database: one that has failed refuses.
pub(super) fn probe(shared: &Shared) -> Probed {
	shared.queue.database().probe()?;
	shared.store.probe()?;
	Ok(())
}

async fn watch(
	every: Duration,
	probe: impl Fn() -> Probed + Clone + Send + 'static,
	has_room: impl Fn() -> bool + Clone + Send + 'static,
) -> ServiceError {
	let mut failures = 0;
	loop {
		sleep(every).await;
		let (probe, has_room) = (probe.clone(), has_room.clone());
		let probed = spawn_blocking(move || probe().map_err(|error| (error, has_room())));
		match probed.await {
			Ok(Ok(())) => failures = 0,
			Ok(Err((error, false))) => {
				failures = 0;
				tracing::warn!(target: LOG_TARGET, %error, "the disk is full");
			},
			Ok(Err((error, true))) => {
				failures += 1;
				tracing::error!(target: LOG_TARGET, %error, failures, "a database refuses to be written");
				if failures >= FAILURES {
					return ServiceError::Broken(Box::new(error));
				}
			},
			Err(error) => return ServiceError::Task(error.to_string()),
		}
	}
}

#[cfg(test)]
mod tests {
	use std::{
		collections::VecDeque,
		sync::{
			atomic::{AtomicBool, Ordering},
			Arc, Mutex,
		},
	};

	use tokio::time::timeout;

	use super::*;

	const TICK: Duration = Duration::from_millis(2);
	/// Far longer than a script takes.
	const PATIENCE: Duration = Duration::from_secs(20);

	/// A database that fails as scripted, and is well after that.
	fn scripted(failures: &[bool]) -> (impl Fn() -> Probed + Clone, Arc<Mutex<VecDeque<bool>>>) {
		let script = Arc::new(Mutex::new(failures.iter().copied().collect::<VecDeque<_>>()));
		let left = script.clone();
		let probe = move || match script.lock().unwrap().pop_front() {
			Some(true) => Err(ServiceError::Task("scripted".into())),
			_ => Ok(()),
		};
		(probe, left)
	}

	#[tokio::test]
	async fn a_database_that_keeps_failing_is_given_up() {
		let (probe, left) = scripted(&[false, true, true, true, false]);
		let error = timeout(PATIENCE, watch(TICK, probe, || true)).await.unwrap();
		assert!(matches!(error, ServiceError::Broken(_)), "{error}");
		assert!(error.to_string().contains("scripted"), "{error}");
		assert_eq!(left.lock().unwrap().len(), 1);
	}

	#[tokio::test]
	async fn one_that_recovers_is_not() {
		let (probe, left) = scripted(&[true, true, false, true, true, false]);
		let gone_through = async {
			while !left.lock().unwrap().is_empty() {
				sleep(TICK).await;
			}
			sleep(TICK * 20).await;
		};
		tokio::select! {
			error = watch(TICK, probe, || true) => panic!("{error}"),
			done = timeout(PATIENCE, gone_through) => done.unwrap(),
		}
	}

	#[tokio::test]
	async fn a_full_disk_is_waited_out() {
		let (probe, left) = scripted(&[true; 20]);
		let room = Arc::new(AtomicBool::new(false));
		let has_room = {
			let room = room.clone();
			move || room.load(Ordering::Relaxed)
		};
		let made_room = async {
			while left.lock().unwrap().len() > 10 {
				sleep(TICK).await;
			}
			room.store(true, Ordering::Relaxed);
			std::future::pending::<()>().await;
		};
		let error = tokio::select! {
			error = timeout(PATIENCE, watch(TICK, probe, has_room)) => error.unwrap(),
			() = made_room => unreachable!("it is pending"),
		};
		assert!(matches!(error, ServiceError::Broken(_)), "with room again, what still fails is broken: {error}");
		let left = left.lock().unwrap().len();
		assert!(left <= 10, "{left}: not before there was room");
	}
}
