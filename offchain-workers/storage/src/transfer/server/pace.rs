//! Notices transfers that creep.
use std::{
	future::Future,
	time::{Duration, Instant},
};

use peoples_cloud_network::framing::FrameError;
use tokio::time::timeout;

use super::{ServeError, ServerConfig};

/// The time that a peer has in hand. Waiting for it uses it up, and every byte that moves brings some, but never more
/// than there was at first: what was fast for an hour may not stand still for the next.
///
/// Only what the peer takes is counted, not our own disk.
#[derive(Debug)]
pub(super) struct Pace {
	left: Duration,
	grace: Duration,
	/// Bytes per second.
	min_rate: u64,
}

impl Pace {
	pub(super) fn new(config: &ServerConfig) -> Self {
		Self { left: config.grace, grace: config.grace, min_rate: config.min_rate.max(1) }
	}

	/// Does what moves `bytes`, in the time that there is for them. A peer that sends or takes them one by one, each
	/// well before it would count as idle, gets no more time than one that stands still.
	pub(super) async fn within<T>(
		&mut self,
		bytes: usize,
		work: impl Future<Output = Result<T, FrameError>>,
	) -> Result<T, ServeError> {
		let brings = Duration::try_from_secs_f64(bytes as f64 / self.min_rate as f64).unwrap_or(Duration::MAX);
		let allowed = self.left.saturating_add(brings);
		let begun = Instant::now();
		let done = timeout(allowed, work).await.map_err(|_| ServeError::TooSlow)??;
		self.left = allowed.saturating_sub(begun.elapsed()).min(self.grace);
		Ok(done)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	async fn take(millis: u64) -> Result<(), FrameError> {
		tokio::time::sleep(Duration::from_millis(millis)).await;
		Ok(())
	}

	#[tokio::test]
	async fn time_comes_with_bytes_and_is_not_saved_up() {
		let config = ServerConfig { grace: Duration::from_millis(300), min_rate: 1_000, ..ServerConfig::default() };
		let mut pace = Pace::new(&config);
		// Far faster than it must be.
		for _ in 0..10 {
			pace.within(1_000_000, take(1)).await.unwrap();
		}
		assert_eq!(pace.left, config.grace);
		pace.within(100, take(200)).await.unwrap();
		pace.within(100, take(200)).await.unwrap();
		assert!(pace.left <= Duration::from_millis(100), "{:?}", pace.left);
		assert!(matches!(pace.within(10, take(400)).await, Err(ServeError::TooSlow)));
	}
}
