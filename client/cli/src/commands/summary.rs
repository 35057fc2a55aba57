//! An agreement in short, as `ls` and `status` show it.
use peoples_cloud_client::{
	chain::{AgreementInfo, Chain, ColumnState},
	format::format_bytes,
};
use peoples_cloud_primitives::{AgreementId, Balance, Period};
use serde::Serialize;

use crate::{
	commands::{period_millis, say_millis},
	error::CommandError,
};

/// The chain's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
	periods_passed: f64,
	period_millis: f64,
}

/// See the module.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
	pub(crate) agreement: AgreementId,
	/// What the object takes at most, padding included: its exact size is in its manifest.
	pub(crate) bytes: u64,
	/// Columns that restore the object.
	pub(crate) k: u16,
	/// Columns in all.
	pub(crate) n: usize,
	/// Columns that are not lost.
	pub(crate) held: usize,
	/// First period that is no longer paid.
	pub(crate) end: Period,
	/// Milliseconds until then; 0 if it has passed.
	pub(crate) ends_in_ms: u64,
	/// It was closed early.
	pub(crate) closing: bool,
	/// Planck locked, less what was refunded.
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	pub(crate) locked: Balance,
	/// Planck of it that the providers have earned.
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	pub(crate) earned: Balance,
}

impl Clock {
	pub(crate) async fn read(chain: &dyn Chain) -> Result<Self, CommandError> {
		let params = chain.proof_params().await?;
		let block = chain.heads().borrow().best;
		let periods_passed = f64::from(block) / f64::from(params.period_blocks.max(1));
		Ok(Self { periods_passed, period_millis: period_millis(chain).await? })
	}

	/// Milliseconds until a period starts; 0 if it has.
	fn until(self, period: Period) -> u64 {
		// Saturates, and is positive.
		((f64::from(period) - self.periods_passed).max(0.0) * self.period_millis) as u64
	}
}

impl Summary {
	pub(crate) fn new(agreement: &AgreementInfo, clock: Clock) -> Self {
		Self {
			agreement: agreement.id,
			bytes: agreement.chunks.saturating_mul(1024).saturating_mul(u64::from(agreement.k)),
			k: agreement.k,
			n: agreement.columns.len(),
			held: agreement.columns.iter().filter(|column| column.state == ColumnState::Held).count(),
			end: agreement.end,
			ends_in_ms: clock.until(agreement.end),
			closing: agreement.closing,
			locked: agreement.locked,
			earned: agreement.earned,
		}
	}

	pub(crate) fn size(&self) -> String {
		format_bytes(self.bytes)
	}

	/// When it ends, for people: `in 3.0 days`.
	pub(crate) fn ends(&self) -> String {
		match (self.ends_in_ms, self.closing) {
			(0, _) => "ended".into(),
			// A digit more or less does not matter.
			(millis, false) => format!("in {}", say_millis(millis as f64)),
			(millis, true) => format!("in {} (closing)", say_millis(millis as f64)),
		}
	}
}
