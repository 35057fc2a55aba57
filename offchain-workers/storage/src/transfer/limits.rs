//! Token buckets: how much somebody may ask in how much time.
use std::{
	collections::HashMap,
	hash::Hash,
	time::{Duration, Instant},
};

/// Buckets at a time. Full ones are forgotten, so that this many must be in use at once to matter.
const MAX_BUCKETS: usize = 16_384;

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
	/// What may be taken at once.
	pub burst: u64,
	/// What comes back per second.
	pub per_second: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
	/// May fall below zero: a single request may cost more than the burst.
	tokens: f64,
	filled: Instant,
}

/// A bucket for each key.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
	rate: Rate,
	buckets: HashMap<K, Bucket>,
}

impl<K: Eq + Hash> Buckets<K> {
	pub(crate) fn new(rate: Rate) -> Self {
		Self { rate, buckets: HashMap::new() }
	}

	/// Takes `cost` tokens if there are any. A cost above the burst is let through when the bucket is full, and paid
	/// off afterwards. Otherwise answers when to come back.
	pub(crate) fn take(&mut self, key: K, cost: u64, now: Instant) -> Result<(), Duration> {
		let rate = self.rate;
		if self.buckets.len() >= MAX_BUCKETS && !self.buckets.contains_key(&key) {
			self.buckets.retain(|_, bucket| !bucket.is_full(rate, now));
			if self.buckets.len() >= MAX_BUCKETS {
				return Err(Duration::from_secs(1));
			}
		}
		let full = Bucket { tokens: rate.burst as f64, filled: now };
		let bucket = self.buckets.entry(key).or_insert(full);
		bucket.fill(rate, now);
		let needed = (cost.min(rate.burst)) as f64;
		if bucket.tokens < needed {
			let missing = needed - bucket.tokens;
			let wait = missing / (rate.per_second.max(1)) as f64;
			return Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX));
		}
		bucket.tokens -= cost as f64;
		Ok(())
	}
}

impl Bucket {
	fn tokens_at(&self, rate: Rate, now: Instant) -> f64 {
		let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
		(self.tokens + elapsed * rate.per_second as f64).min(rate.burst as f64)
	}

	fn fill(&mut self, rate: Rate, now: Instant) {
		self.tokens = self.tokens_at(rate, now);
		self.filled = now;
	}

	fn is_full(&self, rate: Rate, now: Instant) -> bool {
		self.tokens_at(rate, now) >= rate.burst as f64
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	const RATE: Rate = Rate { burst: 4, per_second: 2 };

	#[test]
	fn a_burst_then_the_rate() {
		let mut buckets = Buckets::new(RATE);
		let start = Instant::now();
		for _ in 0..4 {
			buckets.take("a", 1, start).unwrap();
		}
		assert_eq!(buckets.take("a", 1, start), Err(Duration::from_millis(500)));
		buckets.take("b", 1, start).unwrap();
		let later = start + Duration::from_millis(500);
		buckets.take("a", 1, later).unwrap();
		assert!(buckets.take("a", 1, later).is_err());
	}

	#[test]
	fn a_large_request_passes_once_and_is_paid_off() {
		let mut buckets = Buckets::new(RATE);
		let start = Instant::now();
		buckets.take("a", 14, start).unwrap();
		assert!(buckets.take("a", 1, start + Duration::from_secs(5)).is_err());
		buckets.take("a", 1, start + Duration::from_secs(6)).unwrap();
	}

	#[test]
	fn full_buckets_are_forgotten_and_used_ones_bounded() {
		let mut buckets = Buckets::new(RATE);
		let start = Instant::now();
		for key in 0..MAX_BUCKETS {
			buckets.take(key, 1, start).unwrap();
		}
		assert!(buckets.take(MAX_BUCKETS, 1, start).is_err());
		buckets.take(MAX_BUCKETS, 1, start + Duration::from_secs(1)).unwrap();
		assert_eq!(buckets.buckets.len(), 1);
	}

	proptest! {
		#[test]
		fn never_panics(burst: u64, per_second: u64, costs: Vec<(u64, u32)>) {
			let mut buckets = Buckets::new(Rate { burst, per_second });
			let mut now = Instant::now();
			for (cost, millis) in costs {
				let _ = buckets.take(0, cost, now);
				now += Duration::from_millis(millis.into());
			}
		}
	}
}
