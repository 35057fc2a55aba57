//! Test files and byte comparison.
use std::{
	fs::File,
	io::{Read, Seek, SeekFrom, Write},
	path::{Path, PathBuf},
};

use anyhow::{bail, Context, Result};
use rand::{rngs::StdRng, RngCore, SeedableRng};

/// Writes `bytes` pseudo-random bytes.
pub fn write_random(path: &Path, bytes: u64, seed: u64) -> Result<()> {
	let mut random = StdRng::seed_from_u64(seed);
	let mut file = std::io::BufWriter::new(File::create(path)?);
	let mut buffer = vec![0u8; 1 << 16];
	let mut left = bytes;
	while left > 0 {
		let step = left.min(buffer.len() as u64) as usize;
		random.fill_bytes(&mut buffer[..step]);
		file.write_all(&buffer[..step])?;
		left -= step as u64;
	}
	file.flush()?;
	Ok(())
}

/// Fails unless both files have the same bytes.
pub fn assert_same(left: &Path, right: &Path) -> Result<()> {
	let (mut a, mut b) = (File::open(left)?, File::open(right)?);
	if a.metadata()?.len() != b.metadata()?.len() {
		bail!("{} and {} differ in length", left.display(), right.display());
	}
	let (mut left_buffer, mut right_buffer) = (vec![0u8; 1 << 20], vec![0u8; 1 << 20]);
	loop {
		let read = a.read(&mut left_buffer)?;
		if read == 0 {
			return Ok(());
		}
		b.read_exact(&mut right_buffer[..read])?;
		if left_buffer[..read] != right_buffer[..read] {
			bail!("{} and {} differ", left.display(), right.display());
		}
	}
}

/// Every file below `dir` whose name is the hex of `root`: a stored column.
pub fn find_column(dir: &Path, root: &[u8; 32]) -> Result<PathBuf> {
	let name = hex::encode(root);
	let mut folders = vec![dir.to_path_buf()];
	while let Some(folder) = folders.pop() {
		for entry in std::fs::read_dir(&folder)? {
			let path = entry?.path();
			if path.is_dir() {
				folders.push(path);
			} else if path.file_name().is_some_and(|file| file == name.as_str()) {
				return Ok(path);
			}
		}
	}
	bail!("no column {name} below {}", dir.display())
}

/// Overwrites every byte of a file but keeps its length: what a dying disk does.
pub fn corrupt(path: &Path) -> Result<()> {
	let mut file = std::fs::OpenOptions::new().write(true).open(path).with_context(|| path.display().to_string())?;
	let bytes = file.metadata()?.len();
	file.seek(SeekFrom::Start(0))?;
	let garbage = vec![0xa5u8; 1 << 16];
	let mut left = bytes;
	while left > 0 {
		let step = left.min(garbage.len() as u64) as usize;
		file.write_all(&garbage[..step])?;
		left -= step as u64;
	}
	file.sync_all()?;
	Ok(())
}
