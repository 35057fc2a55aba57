//! What processes use of the machine: memory, disks, and what they count themselves.
use std::{
	fs::File,
	io::Write,
	path::{Path, PathBuf},
	process::{Command, Stdio},
};

use anyhow::{Context, Result};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
};

/// More than any of our processes may ever have resident, whatever passes through it.
pub const MEMORY_LIMIT_MIB: u64 = 300;

/// The most memory that a process has had resident so far, in MiB: `VmHWM`. Page cache does not count.
pub fn peak_memory_mib(pid: i32) -> Result<u64> {
	let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("reading a process's status")?;
	let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the process has ended")?;
	let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
	Ok(kib.div_ceil(1024))
}

/// A tmpfs of a few MiB; unmounted with its owner.
#[derive(Debug)]
pub struct SmallDisk {
	dir: PathBuf,
}

impl SmallDisk {
	/// Mounts it at `dir`, which is made; `None` where that is not allowed.
	pub fn mount(dir: &Path, mebibytes: u32) -> Result<Option<Self>> {
		std::fs::create_dir_all(dir)?;
		let size = format!("size={mebibytes}m");
		let mounted = Command::new("mount")
			.args(["-t", "tmpfs", "-o", &size, "tmpfs"])
			.arg(dir)
			.stdout(Stdio::null())
			.stderr(Stdio::null())
			.status();
		Ok(mounted.is_ok_and(|status| status.success()).then(|| Self { dir: dir.into() }))
	}

	/// Takes all room there is, to the last byte.
	pub fn fill(&self) -> Result<()> {
		let mut file = File::options().create(true).append(true).open(self.filler())?;
		for size in [1 << 20, 4096, 1] {
			let zeros = vec![0; size];
			while file.write(&zeros).is_ok_and(|count| count > 0) {}
		}
		Ok(())
	}

	/// Gives back what [`SmallDisk::fill`] took.
	pub fn free(&self) -> Result<()> {
		Ok(std::fs::remove_file(self.filler())?)
	}

	fn filler(&self) -> PathBuf {
		self.dir.join("filler")
	}
}

impl Drop for SmallDisk {
	fn drop(&mut self) {
		// Lazily: a process that is being killed may still be in it.
		let _ = Command::new("umount").arg("-l").arg(&self.dir).status();
	}
}

/// A number that a provider daemon shows under `/metrics`, summed over its labels.
pub async fn metric(data_dir: &Path, name: &str) -> Result<f64> {
	let address = std::fs::read_to_string(data_dir.join("status.address")).context("the daemon's status address")?;
	let mut stream = TcpStream::connect(address.trim()).await?;
	stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
	let mut answer = Vec::new();
	stream.read_to_end(&mut answer).await?;
	let answer = String::from_utf8_lossy(&answer);
	let values: Vec<f64> = answer
		.lines()
		.filter_map(|line| line.strip_prefix(name))
		.filter(|rest| rest.starts_with([' ', '{']))
		.filter_map(|rest| rest.rsplit(' ').next()?.parse().ok())
		.collect();
	anyhow::ensure!(!values.is_empty(), "no {name} in {answer}");
	Ok(values.iter().sum())
}
