//! A disk that is full for a while: nothing acknowledged suffers, and the store goes on by itself once there is room.
//!
//! Needs to mount a small tmpfs. Where that is not allowed it says so and passes, and `disk_full.rs` alone covers full
//! disks.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test and its helpers")]
use std::{
	fs::File,
	io::Write,
	path::{Path, PathBuf},
	process::Command,
	time::Duration,
};

use peoples_cloud_storage::store::{ColumnStore, Held, OpenReport, Purpose, StoreError};

/// A mounted tmpfs; unmounted with its owner.
struct SmallDisk {
	dir: tempfile::TempDir,
}

impl SmallDisk {
	fn mount(megabytes: u32) -> Option<Self> {
		let dir = tempfile::tempdir().unwrap();
		let size = format!("size={megabytes}m");
		let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).status();
		mounted.is_ok_and(|status| status.success()).then_some(Self { dir })
	}

	/// Takes all room there is.
	fn fill(&self) -> PathBuf {
		let path = self.dir.path().join("filler");
		let mut file = File::create(&path).unwrap();
		for size in [1 << 20, 4096, 1] {
			while file.write(&vec![0; size]).is_ok_and(|count| count > 0) {}
		}
		path
	}
}

impl Drop for SmallDisk {
	fn drop(&mut self) {
		let _ = Command::new("umount").arg("-l").arg(self.dir.path()).status();
	}
}

fn column(seed: u8, chunks: usize) -> (Vec<u8>, [u8; 32]) {
	let bytes = vec![seed; chunks * 1024];
	let root = *blake3::hash(&bytes).as_bytes();
	(bytes, root)
}

fn held(agreement: u64) -> Held {
	Held { agreement, object: [7; 32] }
}

fn put(store: &ColumnStore, seed: u8, chunks: usize) -> Result<[u8; 32], StoreError> {
	let (bytes, root) = column(seed, chunks);
	let mut writer = store.begin(chunks as u64)?;
	writer.write(&bytes)?;
	writer.finish(&root, chunks as u64, Purpose::Held(held(u64::from(seed))))?;
	Ok(root)
}

fn staged(dir: &Path) -> usize {
	std::fs::read_dir(dir.join("staging")).unwrap().count()
}

#[test]
fn the_store_goes_on_once_there_is_room() {
	let Some(disk) = SmallDisk::mount(100) else {
		eprintln!(
			"NOT TESTED: no tmpfs can be mounted here; run this test as root to test a disk that is full for a while"
		);
		return;
	};
	let dir = disk.dir.path().join("store");
	let (store, _) = ColumnStore::open(&dir, 1 << 20).unwrap();
	let kept = put(&store, 1, 64).unwrap();

	let (big, _) = column(2, 8192);
	let mut cut_off = store.begin(8192).unwrap();
	let (small, small_root) = column(3, 8);
	let mut whole = store.begin(8).unwrap();
	whole.write(&small).unwrap();
	let filler = disk.fill();

	assert!(matches!(cut_off.write(&big), Err(StoreError::DiskFull)));
	drop(cut_off);
	let _ = disk.fill();
	assert!(matches!(store.begin(8), Err(StoreError::DiskFull)), "nothing new is begun");
	let finished = whole.finish(&small_root, 8, Purpose::Held(held(3))).is_ok();
	assert_eq!(staged(&dir), 0);
	// Write to the index until it fails.
	let mut marked = 0;
	let failure = (1000..3000).find_map(|agreement| match store.mark_held(&kept, held(agreement), &[1; 32]) {
		Ok(_) => {
			marked += 1;
			None
		},
		Err(error) => Some(error),
	});
	assert!(matches!(failure, Some(StoreError::DiskFull)), "{failure:?}");
	assert_eq!(store.record(&kept).unwrap().unwrap().held.len(), 1 + marked);
	store.verify_column(&kept).unwrap();

	std::fs::remove_file(filler).unwrap();
	// RocksDB looks every 5 s whether there is room again; until then the store says that its disk is full.
	let later = (0..120).find_map(|_| match put(&store, 4, 64) {
		Ok(root) => Some(root),
		Err(StoreError::DiskFull) => {
			std::thread::sleep(Duration::from_millis(500));
			None
		},
		Err(error) => panic!("{error}"),
	});
	let later = later.expect("the store goes on by itself");
	assert!(store.mark_held(&kept, held(5000), &[1; 32]).unwrap());
	let expected = store.record(&kept).unwrap().unwrap();
	drop(store);
	let (store, report) = ColumnStore::open(&dir, 1 << 20).unwrap();
	assert_eq!(report, OpenReport::default());
	assert_eq!(store.record(&kept).unwrap().unwrap(), expected);
	assert_eq!(store.record(&small_root).unwrap().is_some(), finished);
	for root in [kept, later] {
		store.verify_column(&root).unwrap();
	}
}
