//! `ppl get`: fetch an object, or a part of it.
use std::{
	io,
	ops::Range,
	os::{
		fd::AsFd,
		unix::fs::{FileTypeExt, PermissionsExt},
	},
	path::{Path, PathBuf},
};

use clap::Args;
use peoples_cloud_client::format::format_bytes;
use peoples_cloud_primitives::Hash32;
use peoples_cloud_storage::client::{get, GetError, GetOptions, GetOutcome, Unlock};
use serde::Serialize;
use tempfile::NamedTempFile;
use tokio::{
	fs::{File, OpenOptions},
	io::{AsyncWriteExt, BufWriter},
	task::spawn_blocking,
};

use crate::{
	arguments::Global,
	commands::object,
	error::CommandError,
	output::{written, Output},
	progress::Reporter,
	session::{self, Interrupts, Session},
};

/// Bytes that are collected before they are written: fewer, larger writes.
const WRITE_BYTES: usize = 1 << 20;
/// What a new file may be used for by whom, less what the user's umask takes: as every program makes files.
const NEW_FILE_MODE: u32 = 0o666;

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Get {
	/// The object's id.
	#[arg(value_name = "ID", value_parser = object)]
	object: Hash32,
	/// Where to write it; `-` is stdout. A file appears whole or not at all; devices and pipes get the bytes as they
	/// come.
	#[arg(short, long, value_name = "FILE")]
	output: PathBuf,
	/// Only these bytes, from 0, both included.
	#[arg(long, value_name = "FIRST-LAST", value_parser = range)]
	range: Option<Range<u64>>,
}

#[derive(Serialize)]
struct Got {
	#[serde(serialize_with = "peoples_cloud_client::format::cid")]
	object: Hash32,
	file: PathBuf,
	bytes: u64,
}

pub(crate) async fn run(arguments: Get, global: &Global, output: &Output) -> Result<(), CommandError> {
	let Get { object, output: path, range } = arguments;
	let options = GetOptions { range };
	let to_stdout = path == Path::new("-");
	// Whatever is wrong with the place shows before anything is fetched.
	let mut target = match to_stdout {
		true => Target::stdout()?,
		false => Target::at(&path).await?,
	};
	let signer = session::signer(global)?;
	let session = Session::start(global).await?;
	let unlock = Unlock::Account(&signer);
	let reporter = Reporter::new("fetching", output);
	let report = reporter.report();
	let mut interrupts = Interrupts::listen();
	let mut out = BufWriter::with_capacity(WRITE_BYTES, target.open().await?);
	let got = tokio::select! {
		got = get(session.chain(), session.transfer(), &unlock, object, &options, &mut out, &report) => {
			got.map_err(CommandError::from)
		},
		// The file's first part must not be left lying about.
		() = interrupts.next() => Err(CommandError::Interrupted),
	};
	reporter.finish();
	let got = match got {
		Err(CommandError::Get(GetError::Write(error))) if to_stdout => return written(Err(error)),
		got => got?,
	};
	target.complete(out).await?;
	session.end().await;
	if !to_stdout {
		let GetOutcome { bytes, .. } = got;
		output.result(&Got { object, file: path.clone(), bytes }, String::new)?;
		output.note(format!("Got {} as {}.", format_bytes(bytes), path.display()));
	}
	Ok(())
}

/// Where the bytes go.
enum Target {
	/// A file that is there already and is no regular one: a device, a pipe, our own stdout.
	Stream(File),
	/// A file beside the one that is wanted, of a name that nothing else has; gone if it is dropped before it is whole.
	Part {
		part: NamedTempFile,
		/// The file that is wanted, no link.
		path: PathBuf,
	},
}

impl Target {
	fn stdout() -> Result<Self, CommandError> {
		let stdout = io::stdout().as_fd().try_clone_to_owned().map_err(CommandError::Stdout)?;
		Ok(Self::Stream(File::from_std(stdout.into())))
	}

	async fn at(path: &Path) -> Result<Self, CommandError> {
		let failed = |error| CommandError::Write { path: path.into(), error };
		if path.file_name().is_none() {
			return Err(CommandError::IsADirectory(path.into()));
		}
		let kind = match tokio::fs::metadata(path).await {
			Ok(metadata) => Some(metadata.file_type()),
			Err(error) if error.kind() == io::ErrorKind::NotFound => None,
			Err(error) => return Err(failed(error)),
		};
		match kind {
			Some(kind) if kind.is_dir() => Err(CommandError::IsADirectory(path.into())),
			Some(kind) if kind.is_socket() => Err(CommandError::NotWritable { path: path.into(), kind: "socket" }),
			Some(kind) if kind.is_block_device() => Err(CommandError::NotWritable { path: path.into(), kind: "disk" }),
			// A pipe opens when somebody reads it.
			Some(kind) if !kind.is_file() => {
				Ok(Self::Stream(OpenOptions::new().write(true).open(path).await.map_err(failed)?))
			},
			// A link stays, and what it leads to is replaced.
			Some(_) => Self::part(tokio::fs::canonicalize(path).await.map_err(failed)?),
			None if tokio::fs::symlink_metadata(path).await.is_ok() => Err(CommandError::DanglingLink(path.into())),
			None => Self::part(path.into()),
		}
	}

	fn part(path: PathBuf) -> Result<Self, CommandError> {
		let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
		// A file that is replaced keeps who may use it.
		let replaced = std::fs::metadata(&path).ok().map(|metadata| metadata.permissions());
		let permissions = replaced.clone().unwrap_or_else(|| PermissionsExt::from_mode(NEW_FILE_MODE));
		let made = tempfile::Builder::new()
			.prefix(".ppl-")
			.suffix(".part")
			.permissions(permissions)
			.tempfile_in(directory)
			.and_then(|part| {
				// The user's umask is for new files.
				replaced.map_or(Ok(()), |permissions| part.as_file().set_permissions(permissions))?;
				Ok(part)
			});
		match made {
			Ok(part) => Ok(Self::Part { part, path }),
			Err(error) => Err(CommandError::Write { path, error }),
		}
	}

	/// What to write to.
	async fn open(&mut self) -> Result<File, CommandError> {
		match self {
			Self::Stream(file) => file.try_clone().await.map_err(CommandError::Stdout),
			Self::Part { part, path } => {
				let failed = |error| CommandError::Write { path: path.clone(), error };
				Ok(File::from_std(part.as_file().try_clone().map_err(failed)?))
			},
		}
	}

	/// Makes a part the whole file, safe from a power cut.
	async fn complete(self, out: BufWriter<File>) -> Result<(), CommandError> {
		let Self::Part { part, path } = self else { return Ok(()) };
		let failed = |error| CommandError::Write { path: path.clone(), error };
		let mut file = out.into_inner();
		file.flush().await.map_err(failed)?;
		file.sync_all().await.map_err(failed)?;
		let to = path.clone();
		let persisted = spawn_blocking(move || part.persist(to).map(drop).map_err(|error| error.error));
		persisted.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(failed)
	}
}

fn range(text: &str) -> Result<Range<u64>, String> {
	let expected = || "give FIRST-LAST, such as 0-1023".to_string();
	let (first, last) = text.split_once('-').ok_or_else(expected)?;
	let (first, last): (u64, u64) = (first.parse().map_err(|_| expected())?, last.parse().map_err(|_| expected())?);
	let end = last.checked_add(1).ok_or_else(expected)?;
	match first < end {
		true => Ok(first..end),
		false => Err("FIRST must not be after LAST".into()),
	}
}

#[cfg(test)]
mod tests;
