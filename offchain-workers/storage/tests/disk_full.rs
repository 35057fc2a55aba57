//! A full disk is an error value and leaves nothing behind. Alone in its process: the limit is the process's.
use nix::sys::signal::{SigSet, Signal};
use peoples_cloud_storage::store::{ColumnStore, Held, OpenReport, Purpose, StoreError};

/// No file may grow beyond this.
const FILE_LIMIT: u64 = 1024 * 1024;

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing() {
	// The kernel also sends a signal whose default is death.
	let mut signals = SigSet::empty();
	signals.add(Signal::SIGXFSZ);
	signals.thread_block().unwrap();

	let dir = tempfile::tempdir().unwrap();
	let (store, _) = ColumnStore::open(dir.path(), 1 << 20).unwrap();
	let (_, hard) = rlimit::Resource::FSIZE.get().unwrap();
	rlimit::Resource::FSIZE.set(FILE_LIMIT, hard).unwrap();

	let mut writer = store.begin(4096).unwrap();
	let piece = [7; 100_000];
	let error = (0..40).find_map(|_| writer.write(&piece).err()).expect("more than fits was written");
	assert!(matches!(error, StoreError::DiskFull), "{error}");
	drop(writer);
	assert_eq!(std::fs::read_dir(dir.path().join("staging")).unwrap().count(), 0);
	assert_eq!(store.usage().free_chunks(), 1 << 20);

	// What fits still goes.
	let bytes = vec![9; 64 * 1024];
	let root = *blake3::hash(&bytes).as_bytes();
	let mut writer = store.begin(64).unwrap();
	writer.write(&bytes).unwrap();
	writer.finish(&root, 64, Purpose::Held(Held { agreement: 1, object: [1; 32] })).unwrap();
	store.verify_column(&root).unwrap();

	rlimit::Resource::FSIZE.set(hard, hard).unwrap();
	drop(store);
	let (store, report) = ColumnStore::open(dir.path(), 1 << 20).unwrap();
	assert_eq!(report, OpenReport::default());
	store.verify_column(&root).unwrap();
}
