//! Progress bars on stderr, on terminals only.
use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use peoples_cloud_client::format::{account_to_ss58, format_ppl};
use peoples_cloud_storage::client::Progress;

use crate::output::Output;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Shows how a transfer comes along.
pub(crate) struct Reporter {
	bar: ProgressBar,
	output: Output,
}

impl Reporter {
	pub(crate) fn new(message: &'static str, output: &Output) -> Self {
		let template = "{spinner} {msg:9} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
		let style = ProgressStyle::with_template(template).expect("the template is a constant that a test tries; qed");
		let bar = ProgressBar::with_draw_target(Some(0), target()).with_style(style).with_message(message);
		bar.enable_steady_tick(TICK);
		Self { bar, output: *output }
	}

	/// What to hand to the transfer.
	pub(crate) fn report(&self) -> impl Fn(Progress) + Send + Sync {
		let (bar, output) = (self.bar.clone(), self.output);
		move |progress| match progress {
			Progress::Placed { k, n, price } => bar.suspend(|| {
				output.note(format!("{n} providers take it, any {k} restore it, for {}.", format_ppl(price)));
			}),
			Progress::Bytes { done, total } => {
				bar.set_length(total);
				bar.set_position(done);
			},
			Progress::ProviderFailed { column, provider, reason } => bar.suspend(|| {
				output.note(format!("Provider {} of column {column} failed: {reason}", account_to_ss58(&provider)));
			}),
			Progress::Acknowledged { columns, of } => bar.set_message(format!("{columns}/{of} stored")),
			Progress::Submitting => bar.set_message("paying"),
			_ => {},
		}
	}

	pub(crate) fn finish(&self) {
		self.bar.finish_and_clear();
	}
}

/// Something that takes a while, or nothing if stderr is no terminal.
pub(crate) fn wait(message: impl Into<String>) -> ProgressBar {
	let bar = ProgressBar::with_draw_target(None, target()).with_message(message.into());
	bar.enable_steady_tick(TICK);
	bar
}

fn target() -> ProgressDrawTarget {
	match std::io::stderr().is_terminal() {
		true => ProgressDrawTarget::stderr(),
		false => ProgressDrawTarget::hidden(),
	}
}

#[cfg(test)]
mod tests {
	#[test]
	fn templates_are_valid() {
		let reporter = super::Reporter::new("test", &crate::output::Output::new(false));
		reporter.report()(peoples_cloud_storage::client::Progress::Bytes { done: 1, total: 2 });
		reporter.finish();
		super::wait("test").finish();
	}
}
