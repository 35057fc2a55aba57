//! Starting, killing and awaiting real processes.
use std::{
	fs::File,
	io::{self, Read, Seek, SeekFrom},
	os::unix::process::CommandExt,
	path::{Path, PathBuf},
	process::{Child, Command, Output, Stdio},
	sync::{
		mpsc::{sync_channel, SyncSender},
		OnceLock,
	},
	time::{Duration, Instant},
};

use anyhow::{anyhow, bail, Context, Result};
use nix::{
	sys::{
		prctl,
		signal::{kill, Signal},
	},
	unistd::{getpid, getppid, Pid},
};

use crate::shared;

/// Longest that a `ppl` may take which nobody gave a deadline of its own: far more than any command needs here.
const PPL_DEADLINE: Duration = Duration::from_secs(300);
/// The same of the node's, one of a node that ought not to start included.
const NODE_DEADLINE: Duration = Duration::from_secs(180);

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

/// A command to start, and where its process goes.
type Order = (Command, SyncSender<io::Result<Child>>);

/// Starts a process that ends with this one, however this one ends: with `kill -9`, too.
pub fn spawn(mut command: Command) -> io::Result<Child> {
	// The kernel takes the end of the thread that starts a child for its parent's, and threads of tests and runtimes
	// come and go. One that stays as long as the process starts them all.
	static STARTER: OnceLock<SyncSender<Order>> = OnceLock::new();
	let starter = STARTER.get_or_init(|| {
		let (orders, arriving) = sync_channel::<Order>(1);
		std::thread::spawn(move || {
			for (mut command, child) in arriving {
				// Who ordered it waits for it.
				let _ = child.send(command.spawn());
			}
		});
		orders
	});
	let parent = getpid();
	// SAFETY: between fork and exec only prctl and getppid are called, which are async-signal-safe; nothing is allocated
	// and no lock is taken.
	unsafe {
		command.pre_exec(move || {
			prctl::set_pdeathsig(Signal::SIGKILL)?;
			// The parent may have died before the line above.
			match getppid() == parent {
				true => Ok(()),
				false => Err(nix::errno::Errno::ESRCH.into()),
			}
		});
	}
	let (sender, child) = sync_channel(1);
	starter.send((command, sender)).map_err(io::Error::other)?;
	child.recv().map_err(io::Error::other)?
}

/// Whether a process runs: one that has ended and waits for its parent's attention does not.
pub fn is_alive(pid: i32) -> bool {
	let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
	// The name before it is in brackets, and may have some itself.
	let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
	!matches!(state, None | Some('Z' | 'X'))
}

/// Fails unless all of these have ended within `deadline`.
pub fn all_ended(pids: &[i32], deadline: Duration) -> Result<()> {
	wait_for(deadline, &format!("the end of {pids:?}"), || Ok((!pids.iter().any(|pid| is_alive(*pid))).then_some(())))
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
		let mut command = Command::new(binary(name)?);
		command
			.args(args)
			.env(shared::RUNTIME_CACHE, shared::runtime_cache()?)
			.envs(environment.iter().map(|(key, value)| (key, value)))
			.stdin(Stdio::null())
			.stdout(file.try_clone()?)
			.stderr(file)
			// Ctrl-C on a terminal is for us, who stop it.
			.process_group(0);
		let child = spawn(command).with_context(|| format!("starting {name}"))?;
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
			bail!("{} ended with {status} on SIGTERM:\n{}", self.name, self.tail());
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

/// A `ppl` that runs beside the test; killed with its owner.
#[derive(Debug)]
pub struct Ppl {
	child: Child,
	command: String,
	/// Files and not pipes, so that nobody has to read along.
	stdout: File,
	stderr: File,
}

impl Ppl {
	/// Starts it.
	pub fn start(args: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
		let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
		let mut command = Command::new(binary("ppl")?);
		command
			.args(args)
			.envs(environment.iter().copied())
			.stdin(Stdio::null())
			.stdout(stdout.try_clone()?)
			.stderr(stderr.try_clone()?);
		let child = spawn(command)?;
		Ok(Self { child, command: format!("ppl {}", args.join(" ")), stdout, stderr })
	}

	/// The process id.
	pub fn pid(&self) -> i32 {
		self.child.id() as i32
	}

	/// Whether it still runs.
	pub fn is_running(&mut self) -> bool {
		matches!(self.child.try_wait(), Ok(None))
	}

	/// Does something while it stands still, wherever it was.
	pub fn while_stopped<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<T> {
		kill(Pid::from_raw(self.pid()), Signal::SIGSTOP)?;
		let result = act();
		kill(Pid::from_raw(self.pid()), Signal::SIGCONT)?;
		result
	}

	/// `kill -9`, if it still runs.
	pub fn kill(mut self) -> Result<()> {
		self.child.kill()?;
		self.child.wait()?;
		Ok(())
	}

	/// What it said once it has ended. If that is not within `deadline` it is killed, and that is an error.
	pub fn finish(self, deadline: Duration) -> Result<Output> {
		self.finish_watched(deadline, |_| Ok(()))
	}

	/// As [`Ppl::finish`]; calls `look` with the process id all the while.
	pub fn finish_watched(mut self, deadline: Duration, mut look: impl FnMut(i32) -> Result<()>) -> Result<Output> {
		let until = Instant::now() + deadline;
		let status = loop {
			if let Some(status) = self.child.try_wait()? {
				break status;
			}
			if Instant::now() > until {
				bail!("{} did not end within {} s: {}", self.command, deadline.as_secs(), read(&self.stderr)?);
			}
			look(self.pid())?;
			std::thread::sleep(Duration::from_millis(20));
		};
		Ok(Output { status, stdout: read(&self.stdout)?.into_bytes(), stderr: read(&self.stderr)?.into_bytes() })
	}

	/// As [`Ppl::finish`], and it must succeed; answers its trimmed stdout.
	pub fn succeed(self, deadline: Duration) -> Result<String> {
		let command = self.command.clone();
		succeeded(&command, self.finish(deadline)?)
	}
}

impl Drop for Ppl {
	fn drop(&mut self) {
		// It has ended, unless the test fails or stops listening.
		let _ = self.child.kill();
		let _ = self.child.wait();
	}
}

fn read(mut file: &File) -> Result<String> {
	let mut bytes = Vec::new();
	file.seek(SeekFrom::Start(0))?;
	file.read_to_end(&mut bytes)?;
	Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The trimmed stdout of a command that must have succeeded.
fn succeeded(command: &str, output: Output) -> Result<String> {
	if !output.status.success() {
		bail!("{command} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr));
	}
	Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Fails unless `output` is a failure in one sentence: one line on stderr that begins with `error:` and has `needle` in
/// it, nothing on stdout, no panic.
pub fn refused(output: &Output, needle: &str) -> Result<()> {
	let stderr = String::from_utf8_lossy(&output.stderr);
	let errors = stderr.lines().filter(|line| line.starts_with("error: ")).count();
	let clean = !output.status.success() && output.stdout.is_empty() && errors == 1 && !stderr.contains("panicked");
	if !clean || !stderr.to_lowercase().contains(needle) {
		bail!("not refused with {needle:?} in one sentence ({}): {stderr}", output.status);
	}
	Ok(())
}

/// The last `lines` lines of a file.
pub fn tail(path: &Path, lines: usize) -> String {
	let text = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
	let all: Vec<&str> = text.lines().collect();
	all[all.len().saturating_sub(lines)..].join("\n")
}

/// Runs `ppl` to its end.
pub fn ppl(args: &[&str], environment: &[(&str, &str)]) -> Result<Output> {
	Ppl::start(args, environment)?.finish(PPL_DEADLINE)
}

/// Runs `ppl`, which must succeed, and returns its trimmed stdout.
pub fn ppl_ok(args: &[&str], environment: &[(&str, &str)]) -> Result<String> {
	succeeded(&format!("ppl {}", args.join(" ")), ppl(args, environment)?)
}

/// Runs a command of the node to its end, which must come soon.
pub fn node(args: &[&str]) -> Result<Output> {
	let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
	let mut command = Command::new(binary("peoples-cloud-node")?);
	command
		.args(args)
		.env(shared::RUNTIME_CACHE, shared::runtime_cache()?)
		.stdin(Stdio::null())
		.stdout(stdout.try_clone()?)
		.stderr(stderr.try_clone()?);
	let mut child = spawn(command)?;
	let status = wait_for(NODE_DEADLINE, "the node's command to end", || Ok(child.try_wait()?));
	if status.is_err() {
		child.kill()?;
		child.wait()?;
	}
	let read = |file: &mut File| -> io::Result<Vec<u8>> {
		file.rewind()?;
		let mut bytes = Vec::new();
		file.read_to_end(&mut bytes)?;
		Ok(bytes)
	};
	let (stdout, stderr) = (read(&mut stdout)?, read(&mut stderr)?);
	let status = status.with_context(|| String::from_utf8_lossy(&stderr).into_owned())?;
	Ok(Output { status, stdout, stderr })
}

/// Runs a command of the node, which must succeed, and returns its trimmed stdout.
pub fn node_ok(args: &[&str]) -> Result<String> {
	succeeded(&format!("peoples-cloud-node {}", args.join(" ")), node(args)?)
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
