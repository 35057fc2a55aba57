//! Starting, killing and awaiting real processes.
use std::{
	path::{Path, PathBuf},
	process::{Child, Command, Output, Stdio},
	time::{Duration, Instant},
};

use anyhow::{anyhow, bail, Context, Result};
use nix::{
	sys::signal::{kill, Signal},
	unistd::Pid,
};

/// Where this workspace's binaries are: two levels above a test binary, or beside the demo.
pub fn binary(name: &str) -> Result<PathBuf> {
	let own = std::env::current_exe().context("own path")?;
	own.ancestors()
		.skip(1)
		.take(2)
		.map(|dir| dir.join(name))
		.find(|path| path.is_file())
		.ok_or_else(|| anyhow!("{name} is not built; run `make build` first"))
}

/// A child process that dies with its owner.
#[derive(Debug)]
pub struct Process {
	child: Child,
	name: String,
	/// Everything that the process printed.
	pub log: PathBuf,
}

impl Process {
	/// Starts a binary of this workspace, its output in `log` (appended).
	pub fn start(name: &str, args: &[String], environment: &[(&str, String)], log: &Path) -> Result<Self> {
		let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
		let child = Command::new(binary(name)?)
			.args(args)
			.envs(environment.iter().map(|(key, value)| (key, value)))
			.stdin(Stdio::null())
			.stdout(file.try_clone()?)
			.stderr(file)
			.spawn()
			.with_context(|| format!("starting {name}"))?;
		Ok(Self { child, name: name.into(), log: log.into() })
	}

	/// The process id.
	pub fn pid(&self) -> i32 {
		self.child.id() as i32
	}

	/// `kill -9`, and waits for the end.
	pub fn kill_hard(&mut self) -> Result<()> {
		self.child.kill()?;
		self.child.wait()?;
		Ok(())
	}

	/// SIGTERM, and waits for a clean end.
	pub fn stop(&mut self, deadline: Duration) -> Result<()> {
		kill(Pid::from_raw(self.pid()), Signal::SIGTERM)?;
		let status = wait_for(deadline, &format!("{} to end", self.name), || Ok(self.child.try_wait()?))?;
		if !status.success() {
			bail!("{} ended with {status} on SIGTERM; see {}", self.name, self.log.display());
		}
		Ok(())
	}

	/// Whether it still runs.
	pub fn is_running(&mut self) -> bool {
		matches!(self.child.try_wait(), Ok(None))
	}

	/// The last lines of its log, for error messages.
	pub fn tail(&self) -> String {
		tail(&self.log, 30)
	}
}

impl Drop for Process {
	fn drop(&mut self) {
		if self.is_running() {
			let _ = kill(Pid::from_raw(self.pid()), Signal::SIGTERM);
			let until = Instant::now() + Duration::from_secs(15);
			while self.is_running() && Instant::now() < until {
				std::thread::sleep(Duration::from_millis(50));
			}
			let _ = self.kill_hard();
		}
	}
}

/// The last `lines` lines of a file.
pub fn tail(path: &Path, lines: usize) -> String {
	let text = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
	let all: Vec<&str> = text.lines().collect();
	all[all.len().saturating_sub(lines)..].join("\n")
}

/// Runs `ppl` to its end.
pub fn ppl(args: &[&str], environment: &[(&str, &str)]) -> Result<Output> {
	Ok(Command::new(binary("ppl")?).args(args).envs(environment.iter().copied()).stdin(Stdio::null()).output()?)
}

/// Runs `ppl`, which must succeed, and returns its trimmed stdout.
pub fn ppl_ok(args: &[&str], environment: &[(&str, &str)]) -> Result<String> {
	let output = ppl(args, environment)?;
	if !output.status.success() {
		bail!("ppl {} failed ({}): {}", args.join(" "), output.status, String::from_utf8_lossy(&output.stderr));
	}
	Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Asks `question` four times a second until it answers, or fails after `deadline`.
pub fn wait_for<T>(deadline: Duration, what: &str, mut question: impl FnMut() -> Result<Option<T>>) -> Result<T> {
	let until = Instant::now() + deadline;
	loop {
		if let Some(answer) = question()? {
			return Ok(answer);
		}
		if Instant::now() > until {
			bail!("waited {} s in vain for {what}", deadline.as_secs());
		}
		std::thread::sleep(Duration::from_millis(250));
	}
}
