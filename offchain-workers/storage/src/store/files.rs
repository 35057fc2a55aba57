//! Column files on disk.
//!
//! ```text
//! columns/ab/ab…(64 hex digits)        the column
//! columns/ab/ab….obao                  its outboard, see `tree`
//! staging/N, staging/N.obao            being received; emptied at start
//! index/                               RocksDB
//! ```
//!
//! A column appears by renaming finished and synced files, outboard first: where the column is, its outboard is.
use std::{
	fs::{self, File, OpenOptions},
	io::{self, Write as _},
	path::{Path, PathBuf},
	sync::atomic::{AtomicU64, Ordering},
};

use peoples_cloud_primitives::Hash32;

/// Ending of outboard files.
const OUTBOARD: &str = "obao";

/// Whether the disk, a quota or a file size limit is exhausted.
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
	use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
	matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// The store's directories.
#[derive(Debug)]
pub(crate) struct Files {
	columns: PathBuf,
	staging: PathBuf,
	next: AtomicU64,
}

impl Files {
	/// Whether the directories are there.
	pub(crate) fn exist(dir: &Path) -> bool {
		dir.join("columns").join(hex::encode([0])).is_dir()
	}

	/// Makes the directories and empties the staging area; answers how many files were in it.
	pub(crate) fn open(dir: &Path) -> io::Result<(Self, u64)> {
		let files = Self { columns: dir.join("columns"), staging: dir.join("staging"), next: AtomicU64::new(0) };
		fs::create_dir_all(&files.columns)?;
		fs::create_dir_all(&files.staging)?;
		for shard in 0..=u8::MAX {
			match fs::create_dir(files.columns.join(hex::encode([shard]))) {
				Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
				_ => {},
			}
		}
		sync_dir(&files.columns)?;
		sync_dir(dir)?;
		// The directory itself may be new, and so may the one that it is in: their names must last as well.
		for parent in dir.ancestors().skip(1).take(2).filter(|parent| !parent.as_os_str().is_empty()) {
			// Where that is not ours to open, whoever made it has to see to it.
			let _ = sync_dir(parent);
		}
		let mut removed = 0;
		for entry in fs::read_dir(&files.staging)? {
			fs::remove_file(entry?.path())?;
			removed += 1;
		}
		Ok((files, removed))
	}

	fn shard(&self, root: &Hash32) -> PathBuf {
		self.columns.join(hex::encode(root.get(..1).unwrap_or_default()))
	}

	/// Whether the directory of this column is there: if not, the disk is not, and the column may be fine.
	pub(crate) fn is_reachable(&self, root: &Hash32) -> bool {
		self.shard(root).is_dir()
	}

	pub(crate) fn column(&self, root: &Hash32) -> PathBuf {
		self.shard(root).join(hex::encode(root))
	}

	pub(crate) fn outboard(&self, root: &Hash32) -> PathBuf {
		self.shard(root).join(hex::encode(root)).with_extension(OUTBOARD)
	}

	/// New files to write a column into; they are removed when the answer is dropped before they are published.
	pub(crate) fn stage(&self) -> io::Result<Staged> {
		let number = self.next.fetch_add(1, Ordering::Relaxed);
		let data_path = self.staging.join(number.to_string());
		let outboard_path = data_path.with_extension(OUTBOARD);
		let open = |path: &Path| OpenOptions::new().write(true).read(true).create_new(true).open(path);
		// Its drop cleans up if the second file cannot be made.
		let mut staged = Staged { data: open(&data_path)?, outboard: None, data_path, outboard_path };
		staged.outboard = Some(open(&staged.outboard_path)?);
		Ok(staged)
	}

	/// Gives a staged column its name. Both files must have been synced.
	pub(crate) fn publish(&self, staged: Staged, root: &Hash32) -> io::Result<()> {
		fs::rename(&staged.outboard_path, self.outboard(root))?;
		fs::rename(&staged.data_path, self.column(root))?;
		sync_dir(&self.shard(root))
	}

	/// Gives a column a new outboard.
	pub(crate) fn publish_outboard(&self, staged: Staged, root: &Hash32) -> io::Result<()> {
		fs::rename(&staged.outboard_path, self.outboard(root))?;
		sync_dir(&self.shard(root))
	}

	/// Removes a column's files; those that are not there are fine.
	pub(crate) fn remove(&self, root: &Hash32) -> io::Result<()> {
		remove_if_there(&self.column(root))?;
		remove_if_there(&self.outboard(root))
	}

	/// Calls `found` for every column or outboard file, with its root.
	pub(crate) fn for_each(&self, mut found: impl FnMut(Hash32, &Path)) -> io::Result<()> {
		for shard in fs::read_dir(&self.columns)? {
			let shard = shard?;
			if !shard.file_type()?.is_dir() {
				continue;
			}
			for entry in fs::read_dir(shard.path())? {
				let path = entry?.path();
				let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
				let mut root = Hash32::default();
				match hex::decode_to_slice(name, &mut root) {
					Ok(()) => found(root, &path),
					Err(_) => tracing::warn!(target: "storage::store", path = %path.display(), "not ours, left alone"),
				}
			}
		}
		Ok(())
	}
}

/// A column that is being written.
#[derive(Debug)]
pub(crate) struct Staged {
	data: File,
	outboard: Option<File>,
	data_path: PathBuf,
	outboard_path: PathBuf,
}

impl Staged {
	pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
		self.data.write_all(bytes)
	}

	pub(crate) fn write_pairs(&mut self, pairs: &[u8]) -> io::Result<()> {
		match &mut self.outboard {
			Some(file) => file.write_all(pairs),
			None => Ok(()),
		}
	}

	/// Both files onto the disk.
	pub(crate) fn sync(&self) -> io::Result<()> {
		// Contents and length; times do not matter.
		self.data.sync_data()?;
		self.outboard.as_ref().map_or(Ok(()), File::sync_data)
	}
}

impl Drop for Staged {
	fn drop(&mut self) {
		// Published files are no longer under these names. What cannot be removed now goes at the next start.
		for path in [&self.data_path, &self.outboard_path] {
			if let Err(error) = remove_if_there(path) {
				tracing::warn!(target: "storage::store", path = %path.display(), %error, "staged file not removed");
			}
		}
	}
}

fn remove_if_there(path: &Path) -> io::Result<()> {
	match fs::remove_file(path) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
		_ => Ok(()),
	}
}

fn sync_dir(dir: &Path) -> io::Result<()> {
	File::open(dir)?.sync_all()
}
