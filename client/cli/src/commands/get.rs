//! `ppl get`: fetch an object, or a part of it.
use std::{
	ops::Range,
	os::fd::AsFd,
	path::{Path, PathBuf},
};

use clap::Args;
use peoples_cloud_client::format::format_bytes;
use peoples_cloud_primitives::Hash32;
use peoples_cloud_storage::client::{get, GetOptions, Unlock};
use serde::Serialize;
use tokio::{
	fs,
	io::{AsyncWriteExt, BufWriter},
};

use crate::{
	arguments::Global,
	commands::object,
	error::CommandError,
	output::Output,
	progress::Reporter,
	session::{self, Session},
};

/// Bytes that are collected before they are written: fewer, larger writes.
const WRITE_BYTES: usize = 1 << 20;

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Get {
	/// The object's id.
	#[arg(value_name = "ID", value_parser = object)]
	object: Hash32,
	/// Where to write it; `-` is stdout. A file appears whole or not at all.
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
	if !to_stdout && (path.is_dir() || path.file_name().is_none()) {
		return Err(CommandError::IsADirectory(path));
	}
	let signer = session::signer(global)?;
	let session = Session::start(global).await?;
	let unlock = Unlock::Account(&signer);
	let reporter = Reporter::new("fetching", output);
	let report = reporter.report();
	let (chain, transfer) = (session.chain(), session.transfer());
	let got = if to_stdout {
		let stdout = std::io::stdout().as_fd().try_clone_to_owned().map_err(CommandError::Stdout)?;
		let stdout = fs::File::from_std(stdout.into());
		let mut out = BufWriter::with_capacity(WRITE_BYTES, stdout);
		get(chain, transfer, &unlock, object, &options, &mut out, &report).await.map_err(CommandError::from)
	} else {
		let part = Part::new(&path).await?;
		let mut out = BufWriter::with_capacity(WRITE_BYTES, part.open().await?);
		let getting = get(chain, transfer, &unlock, object, &options, &mut out, &report);
		let got = tokio::select! {
			got = getting => got.map_err(CommandError::from),
			// The file's first part must not be left lying about.
			() = session::interrupted() => Err(CommandError::Interrupted),
		};
		match got {
			Ok(got) => part.complete(out, &path).await.map(|()| got),
			Err(error) => Err(error),
		}
	};
	reporter.finish();
	let got = got?;
	session.end().await;
	if !to_stdout {
		let result = Got { object, file: path, bytes: got.bytes };
		output.result(&result, String::new)?;
		output.note(format!("Got {} as {}.", format_bytes(result.bytes), result.file.display()));
	}
	Ok(())
}

/// A file that is not whole yet; dropping it removes it.
struct Part {
	path: PathBuf,
}

impl Part {
	async fn new(path: &Path) -> Result<Self, CommandError> {
		let mut name = path.as_os_str().to_owned();
		name.push(".part");
		let part = Self { path: name.into() };
		// Whatever is wrong with the place shows before anything is fetched.
		part.open().await?;
		Ok(part)
	}

	async fn open(&self) -> Result<fs::File, CommandError> {
		fs::File::create(&self.path).await.map_err(|error| CommandError::Write { path: self.path.clone(), error })
	}

	/// Makes it the whole file, safe from a power cut.
	async fn complete(self, out: BufWriter<fs::File>, path: &Path) -> Result<(), CommandError> {
		let failed = |error| CommandError::Write { path: path.into(), error };
		let mut file = out.into_inner();
		file.flush().await.map_err(failed)?;
		file.sync_all().await.map_err(failed)?;
		fs::rename(&self.path, path).await.map_err(failed)
	}
}

impl Drop for Part {
	fn drop(&mut self) {
		// It is gone if it was completed.
		let _ = std::fs::remove_file(&self.path);
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
mod tests {
	use super::*;

	#[test]
	fn ranges_include_their_ends() {
		assert_eq!(range("0-0"), Ok(0..1));
		assert_eq!(range("5-9"), Ok(5..10));
		for wrong in ["", "5", "5-", "-5", "9-5", "a-b", "0-18446744073709551615", "1-2-3"] {
			assert!(range(wrong).is_err(), "{wrong}");
		}
	}

	#[tokio::test]
	async fn a_part_is_removed_or_becomes_the_file() {
		let directory = tempfile::tempdir().unwrap();
		let path = directory.path().join("file");
		drop(Part::new(&path).await.unwrap());
		assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
		let part = Part::new(&path).await.unwrap();
		let mut out = BufWriter::new(part.open().await.unwrap());
		out.write_all(b"whole").await.unwrap();
		out.flush().await.unwrap();
		part.complete(out, &path).await.unwrap();
		assert_eq!(std::fs::read(&path).unwrap(), b"whole");
		assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
	}
}
