//! Progress bars on stderr, on terminals only.
use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use peoples_cloud_client::format::{account_to_ss58, format_ppl};
use peoples_cloud_storage::client::Progress;

use crate::output::Output;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);
/// What a wait looks like: indicatif's own style has no message.
const WAIT: &str = "{spinner} {msg}";

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
	wait_on(target(), message)
}

fn wait_on(target: ProgressDrawTarget, message: impl Into<String>) -> ProgressBar {
	let style = ProgressStyle::with_template(WAIT).expect("the template is a constant that a test tries; qed");
	let bar = ProgressBar::with_draw_target(None, target).with_style(style).with_message(message.into());
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
	use std::{
		io,
		sync::{Arc, Mutex},
	};

	use indicatif::{ProgressDrawTarget, TermLike};

	/// A terminal that remembers what it was told to show.
	#[derive(Clone, Debug, Default)]
	struct Terminal(Arc<Mutex<String>>);

	impl TermLike for Terminal {
		fn width(&self) -> u16 {
			80
		}
		fn move_cursor_up(&self, _: usize) -> io::Result<()> {
			Ok(())
		}
		fn move_cursor_down(&self, _: usize) -> io::Result<()> {
			Ok(())
		}
		fn move_cursor_right(&self, _: usize) -> io::Result<()> {
			Ok(())
		}
		fn move_cursor_left(&self, _: usize) -> io::Result<()> {
			Ok(())
		}
		fn write_line(&self, text: &str) -> io::Result<()> {
			self.write_str(text)
		}
		fn write_str(&self, text: &str) -> io::Result<()> {
			self.0.lock().unwrap().push_str(text);
			Ok(())
		}
		fn clear_line(&self) -> io::Result<()> {
			Ok(())
		}
		fn flush(&self) -> io::Result<()> {
			Ok(())
		}
	}

	#[test]
	fn waits_say_what_for() {
		let terminal = Terminal::default();
		let bar = super::wait_on(ProgressDrawTarget::term_like(Box::new(terminal.clone())), "waiting for godot");
		// It is drawn by its own ticks, from another thread.
		let shown = || terminal.0.lock().unwrap().clone();
		for _ in 0..100 {
			if !shown().is_empty() {
				break;
			}
			std::thread::sleep(super::TICK / 4);
		}
		assert!(shown().contains("waiting for godot"), "{:?}", shown());
		bar.finish_and_clear();
	}

	#[test]
	fn templates_are_valid() {
		let reporter = super::Reporter::new("test", &crate::output::Output::new(false));
		reporter.report()(peoples_cloud_storage::client::Progress::Bytes { done: 1, total: 2 });
		reporter.finish();
		super::wait("test").finish();
	}
}
