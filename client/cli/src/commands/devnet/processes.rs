//! The devnet's children: started in order, watched, stopped in reverse.
use std::{
	fs::{File, OpenOptions},
	future::Future,
	io::{Read, Seek, SeekFrom},
	os::unix::process::ExitStatusExt,
	path::{Path, PathBuf},
	process::{ExitStatus, Stdio},
	time::Duration,
};

use nix::{
	sys::{
		prctl,
		signal::{kill, Signal},
	},
	unistd::{getpid, getppid, Pid},
};
use tokio::{
	process::{Child, Command},
	time::{sleep, timeout},
};

use super::DevnetError;
use crate::output::Output;

/// Longest wait for a child that was asked to end: the daemons drain for 10 s, and flush.
const STOP_DEADLINE: Duration = Duration::from_secs(30);
/// Time between two looks at who still lives.
const LOOK: Duration = Duration::from_millis(500);
/// Bytes of a log's end that an error quotes.
const TAIL_BYTES: u64 = 600;
/// Where the programs are, before anywhere else.
const BIN_DIR_VARIABLE: &str = "PPL_BIN_DIR";

/// A child, and where it keeps its things.
pub(super) struct Process {
	name: String,
	pid: u32,
	child: Child,
	data_dir: PathBuf,
	log: PathBuf,
	ended: Option<ExitStatus>,
}

/// All children: the node first, then the providers.
#[derive(Default)]
pub(super) struct Processes(Vec<Process>);

/// A program: in `$PPL_BIN_DIR`, beside this one, or in `$PATH`.
pub(super) fn find(name: &'static str) -> Result<PathBuf, DevnetError> {
	let given = std::env::var_os(BIN_DIR_VARIABLE).map(PathBuf::from);
	let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.to_owned()));
	let path = std::env::var_os("PATH").unwrap_or_default();
	let all = given.into_iter().chain(beside).chain(std::env::split_paths(&path));
	all.map(|directory| directory.join(name)).find(|file| file.is_file()).ok_or(DevnetError::NoBinary(name))
}

impl Process {
	/// Starts a program with its output appended to `log`. Call it on the main thread: the kernel takes the end of
	/// the starting thread for the parent's.
	pub(super) fn start(
		name: &str,
		program: &Path,
		arguments: &[String],
		environment: &[(&str, &str)],
		data_dir: PathBuf,
		log: PathBuf,
	) -> Result<Self, DevnetError> {
		let opened = OpenOptions::new().create(true).append(true).open(&log);
		let output = opened.and_then(|file| Ok((file.try_clone()?, file)));
		let (stdout, stderr) = output.map_err(|error| DevnetError::Io { path: log.clone(), error })?;
		let parent = getpid();
		let mut command = Command::new(program);
		command
			.args(arguments)
			.envs(environment.iter().copied())
			// An error's own backtrace would hide it from who reads the end of the log; panics keep theirs.
			.env("RUST_LIB_BACKTRACE", "0")
			.stdin(Stdio::null())
			.stdout(stdout)
			.stderr(stderr)
			// Ctrl-C on the terminal is for this process, which stops its children in order.
			.process_group(0)
			.kill_on_drop(true);
		// SAFETY: between fork and exec only prctl and getppid are called, which are async-signal-safe; nothing is
		// allocated and no lock is taken.
		unsafe {
			command.pre_exec(move || {
				// Even a parent that is killed takes its children with it. SIGKILL, since it must not fail; all
				// of them survive that.
				prctl::set_pdeathsig(Signal::SIGKILL)?;
				// The parent may have died before the line above.
				match getppid() == parent {
					true => Ok(()),
					false => Err(nix::errno::Errno::ESRCH.into()),
				}
			});
		}
		let child = command.spawn().map_err(|error| DevnetError::Spawn { program: program.into(), error })?;
		let pid = child.id().unwrap_or_default();
		Ok(Self { name: name.into(), pid, child, data_dir, log, ended: None })
	}

	pub(super) fn name(&self) -> &str {
		&self.name
	}

	pub(super) fn pid(&self) -> u32 {
		self.pid
	}

	pub(super) fn data_dir(&self) -> &Path {
		&self.data_dir
	}

	pub(super) fn log(&self) -> &Path {
		&self.log
	}

	/// Notes whether it has ended; answers how if this is the first time.
	fn look(&mut self) -> Option<ExitStatus> {
		if self.ended.is_some() {
			return None;
		}
		self.ended = self.child.try_wait().ok().flatten();
		self.ended
	}

	/// Asks it to end and waits.
	async fn stop(&mut self, output: &Output) {
		self.look();
		if self.ended.is_some() {
			return;
		}
		// It was not waited for yet, so that the number is still its own.
		if let Ok(pid) = i32::try_from(self.pid) {
			let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
		}
		match timeout(STOP_DEADLINE, self.child.wait()).await {
			Ok(Ok(status)) => {
				self.ended = Some(status);
				if !status.success() && status.signal() != Some(Signal::SIGTERM as i32) {
					output.note(format!("{} ended badly: {}", self.name, say(status)));
				}
			},
			_ => {
				output.note(format!("{} did not end within {} s and is killed.", self.name, STOP_DEADLINE.as_secs()));
				let _ = self.child.kill().await;
			},
		}
	}

	/// The end of its log in one line.
	fn tail(&self) -> String {
		let read = || {
			let mut file = File::open(&self.log)?;
			let length = file.metadata()?.len();
			file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
			let mut bytes = Vec::new();
			file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
			std::io::Result::Ok(bytes)
		};
		let bytes = read().unwrap_or_default();
		String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ")
	}
}

impl Processes {
	pub(super) fn add(&mut self, process: Process) {
		self.0.push(process);
	}

	pub(super) fn is_empty(&self) -> bool {
		self.0.is_empty()
	}

	pub(super) fn providers(&self) -> &[Process] {
		self.0.get(1..).unwrap_or_default()
	}

	/// That nobody has ended, while all are needed.
	pub(super) fn check(&mut self) -> Result<(), DevnetError> {
		for process in &mut self.0 {
			if let Some(status) = process.look() {
				return Err(DevnetError::Died {
					name: process.name.clone(),
					status: say(status),
					log: process.log.clone(),
					tail: process.tail(),
				});
			}
		}
		Ok(())
	}

	/// The error for a process that took too long.
	pub(super) fn not_ready(&self, index: usize) -> DevnetError {
		match self.0.get(index) {
			Some(process) => {
				DevnetError::NotReady { name: process.name.clone(), log: process.log.clone(), tail: process.tail() }
			},
			None => DevnetError::NotReady { name: "the network".into(), log: PathBuf::new(), tail: String::new() },
		}
	}

	/// Says who ends, until the other future does.
	pub(super) async fn watch(&mut self, output: &Output, end: impl Future<Output = ()>) {
		let watch = async {
			loop {
				for process in &mut self.0 {
					if let Some(status) = process.look() {
						output.note(format!("{} has ended: {}; the rest goes on.", process.name, say(status)));
					}
				}
				sleep(LOOK).await;
			}
		};
		tokio::select! {
			() = end => {},
			() = watch => {},
		}
	}

	/// Ends them, the providers first, which still talk to the node. If `hurry` ends before they have, they are
	/// killed.
	pub(super) async fn stop(&mut self, output: &Output, hurry: impl Future<Output = ()>) {
		let first = self.0.len().min(1);
		let (node, providers) = self.0.split_at_mut(first);
		let stop = async {
			futures::future::join_all(providers.iter_mut().map(|process| process.stop(output))).await;
			futures::future::join_all(node.iter_mut().map(|process| process.stop(output))).await;
		};
		// Dropping a child kills it.
		tokio::select! {
			() = stop => {},
			() = hurry => output.note("Killing what is left."),
		}
	}
}

fn say(status: ExitStatus) -> String {
	match (status.code(), status.signal()) {
		(Some(code), _) => format!("exit code {code}"),
		(None, Some(signal)) => format!("signal {signal}"),
		(None, None) => "no status".into(),
	}
}
