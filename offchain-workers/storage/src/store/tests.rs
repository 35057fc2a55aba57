use super::*;
use peoples_cloud_primitives::column::verify_chunk;
use proptest::prelude::*;
use std::os::unix::fs::FileExt as _;
use tempfile::TempDir;

const CAPACITY: u64 = 4096;

fn bytes_of(chunks: usize, seed: u8) -> Vec<u8> {
	(0..chunks * CHUNK_BYTES).map(|i| (i / 3 + i % 251) as u8 ^ seed).collect()
}

fn root_of(bytes: &[u8]) -> Hash32 {
	*blake3::hash(bytes).as_bytes()
}

fn pending(client: u8, nonce: u8, valid_until: BlockNumber) -> Pending {
	Pending { client: [client; 32], nonce: [nonce; 16], valid_until, price: 10, peer: vec![client], object: None }
}

fn open(dir: &TempDir) -> (ColumnStore, OpenReport) {
	ColumnStore::open(dir.path(), CAPACITY).unwrap()
}

fn put(store: &ColumnStore, bytes: &[u8], purpose: Purpose) -> Hash32 {
	let root = root_of(bytes);
	let chunks = (bytes.len() / CHUNK_BYTES) as u64;
	let mut writer = store.begin(chunks).unwrap();
	for piece in bytes.chunks(100_000) {
		writer.write(piece).unwrap();
	}
	writer.finish(&root, chunks, purpose).unwrap();
	root
}

fn held(agreement: AgreementId) -> Held {
	Held { agreement, object: [agreement as u8; 32] }
}

fn count_files(dir: &TempDir, within: &str) -> usize {
	fn walk(path: &Path) -> usize {
		let Ok(entries) = fs::read_dir(path) else { return 1 };
		entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
	}
	walk(&dir.path().join(within))
}

#[test]
fn a_column_comes_back_with_proofs_for_every_chunk() {
	let dir = TempDir::new().unwrap();
	let (store, report) = open(&dir);
	assert_eq!(report, OpenReport::default());
	for chunks in [1, 15, 16, 17, 33, 200] {
		let bytes = bytes_of(chunks, 1);
		let root = put(&store, &bytes, Purpose::Held(held(1)));
		assert_eq!(store.record(&root).unwrap().unwrap().chunks, chunks as u64);
		for index in 0..chunks as u64 {
			let proof = store.chunk_proof(&root, index).unwrap();
			assert!(verify_chunk(&root, chunks as u64, index, &proof.bytes, &proof.path));
			assert_eq!(proof.bytes[..], bytes[index as usize * CHUNK_BYTES..][..CHUNK_BYTES]);
		}
		assert!(matches!(store.chunk_proof(&root, chunks as u64), Err(StoreError::Unknown)));
		let groups: Vec<_> =
			(0..chunks.div_ceil(16) as u64).flat_map(|g| store.read_group(&root, g).unwrap()).collect();
		assert_eq!(groups, bytes);
		store.verify_column(&root).unwrap();
	}
}

#[test]
fn everything_is_there_after_a_restart() {
	let dir = TempDir::new().unwrap();
	let (held_root, pending_root);
	{
		let (store, _) = open(&dir);
		held_root = put(&store, &bytes_of(40, 1), Purpose::Held(held(7)));
		pending_root = put(&store, &bytes_of(20, 2), Purpose::Pending(pending(1, 1, 50)));
	}
	let (store, report) = open(&dir);
	assert_eq!(report, OpenReport::default());
	assert!(store.record(&held_root).unwrap().unwrap().is_held_for(7));
	let usage = store.usage();
	assert_eq!((usage.held_chunks, usage.pending_chunks, usage.reserved_chunks), (40, 20, 0));
	assert_eq!(usage.free_chunks(), CAPACITY - 60);
	assert_eq!(store.pending_of(&[1; 32]), ClientPending { uploads: 1, price: 10 });
	assert_eq!(store.expired_pending(51).unwrap(), [(pending_root, pending(1, 1, 50))]);
	assert!(store.is_used(50, &[1; 32], &[1; 16]).unwrap());
}

#[test]
fn a_second_process_is_kept_out() {
	let dir = TempDir::new().unwrap();
	let (_store, _) = open(&dir);
	assert!(matches!(ColumnStore::open(dir.path(), CAPACITY), Err(StoreError::Index(_))));
}

#[test]
fn what_is_not_finished_leaves_nothing() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let bytes = bytes_of(10, 1);
	let begin = || {
		let mut writer = store.begin(10).unwrap();
		writer.write(&bytes).unwrap();
		writer
	};
	drop(begin());
	let wrong_root = begin().finish(&[1; 32], 10, Purpose::Held(held(1)));
	assert!(matches!(wrong_root, Err(StoreError::WrongRoot { actual }) if *actual == root_of(&bytes)));
	let wrong_length = begin().finish(&root_of(&bytes), 9, Purpose::Held(held(1)));
	assert!(matches!(wrong_length, Err(StoreError::WrongLength { bytes: 10_240, chunks: 9 })));
	let too_long = begin().write(&[0]);
	assert!(matches!(too_long, Err(StoreError::TooLong { max_chunks: 10 })));
	let empty = store.begin(10).unwrap().finish(&root_of(&[]), 0, Purpose::Held(held(1)));
	assert!(matches!(empty, Err(StoreError::WrongLength { .. })));
	let mut uneven = store.begin(10).unwrap();
	uneven.write(&bytes[..1500]).unwrap();
	let uneven = uneven.finish(&root_of(&bytes[..1500]), 1, Purpose::Held(held(1)));
	assert!(matches!(uneven, Err(StoreError::WrongLength { .. })));
	assert_eq!(count_files(&dir, "staging"), 0);
	assert_eq!(count_files(&dir, "columns"), 0);
	assert_eq!(store.usage().free_chunks(), CAPACITY);
}

#[test]
fn room_is_reserved_while_a_column_comes_in() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let writer = store.begin(CAPACITY - 10).unwrap();
	assert!(matches!(store.begin(11), Err(StoreError::NoRoom { free_chunks: 10 })));
	drop(writer);
	store.begin(CAPACITY).unwrap();
	store.set_capacity(5);
	assert!(matches!(store.begin(6), Err(StoreError::NoRoom { free_chunks: 5 })));
}

#[test]
fn more_than_the_disk_has_is_refused_at_once() {
	let dir = TempDir::new().unwrap();
	let (store, _) = ColumnStore::open(dir.path(), u64::MAX).unwrap();
	assert!(matches!(store.begin(1 << 50), Err(StoreError::DiskFull)));
}

#[test]
fn an_upload_is_acknowledged_once() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let root = put(&store, &bytes_of(4, 1), Purpose::Pending(pending(1, 1, 50)));
	let bytes = bytes_of(4, 2);
	let mut writer = store.begin(4).unwrap();
	writer.write(&bytes).unwrap();
	let again = writer.finish(&root_of(&bytes), 4, Purpose::Pending(pending(1, 1, 50)));
	assert!(matches!(again, Err(StoreError::Replayed)));
	assert_eq!(store.record(&root_of(&bytes)).unwrap(), None);

	assert!(store.drop_pending(&root, &[1; 32], &[1; 16]).unwrap());
	assert!(store.is_used(50, &[1; 32], &[1; 16]).unwrap(), "dropping the column does not free the intent");
	assert_eq!(store.prune_nonces(50).unwrap(), 0);
	assert_eq!(store.prune_nonces(51).unwrap(), 1);
	assert!(!store.is_used(50, &[1; 32], &[1; 16]).unwrap());
}

#[test]
fn a_column_lives_as_long_as_anything_needs_it() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let bytes = bytes_of(30, 1);
	let root = put(&store, &bytes, Purpose::Pending(pending(1, 1, 50)));
	put(&store, &bytes, Purpose::Pending(pending(2, 1, 60)));
	assert_eq!(store.usage().pending_chunks, 30, "the same bytes are stored once");

	assert!(store.mark_held(&root, held(5), &[1; 32]).unwrap());
	assert!(store.mark_held(&root, held(5), &[1; 32]).unwrap(), "idempotent");
	let record = store.record(&root).unwrap().unwrap();
	assert_eq!((record.held, record.pending), (vec![held(5)], vec![pending(2, 1, 60)]));
	assert_eq!(store.usage().held_chunks, 30);
	assert_eq!(store.pending_of(&[1; 32]), ClientPending::default());

	assert!(!store.release(&root, 5).unwrap(), "the other client's upload still needs it");
	assert!(!store.release(&root, 5).unwrap());
	assert_eq!(count_files(&dir, "columns"), 2);
	assert!(store.drop_pending(&root, &[2; 32], &[1; 16]).unwrap());
	assert!(!store.drop_pending(&root, &[2; 32], &[1; 16]).unwrap());
	assert_eq!(store.record(&root).unwrap(), None);
	assert_eq!(count_files(&dir, "columns"), 0);
	assert_eq!(store.usage().free_chunks(), CAPACITY);
	assert!(!store.mark_held(&root, held(6), &[1; 32]).unwrap());
}

#[test]
fn manifests_come_and_go_with_their_columns() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let root = put(&store, &bytes_of(3, 1), Purpose::Pending(pending(1, 1, 50)));
	let object = held(5).object;
	assert!(matches!(store.put_pending_manifest(&root, &[2], &object, b"x"), Err(StoreError::Unknown)), "other peer");
	assert!(matches!(store.put_held_manifest(&root, &object, b"x"), Err(StoreError::Unknown)), "not held yet");
	assert_eq!(store.manifest(&object).unwrap(), None);

	store.put_pending_manifest(&root, &[1], &[9; 32], b"first try").unwrap();
	store.put_pending_manifest(&root, &[1], &object, b"manifest").unwrap();
	assert_eq!(store.manifest(&[9; 32]).unwrap(), None, "one manifest an upload");
	assert_eq!(store.manifest(&object).unwrap().unwrap(), b"manifest");
	store.mark_held(&root, held(5), &[1; 32]).unwrap();
	assert_eq!(store.manifest(&object).unwrap().unwrap(), b"manifest");
	assert_eq!(store.objects(None, 9).unwrap(), [object]);
	store.release(&root, 5).unwrap();
	assert_eq!(store.manifest(&object).unwrap(), None);
}

#[test]
fn a_manifest_stays_until_the_last_column_that_names_it_has_gone() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let object = [0xee; 32];
	let named = |agreement| Held { agreement, object };
	let ours = put(&store, &bytes_of(3, 1), Purpose::Held(named(1)));
	store.put_held_manifest(&ours, &object, b"manifest").unwrap();
	// Anybody can open an agreement that names the object, over whatever column.
	let junk = put(&store, &bytes_of(3, 2), Purpose::Held(named(2)));
	assert!(store.release(&junk, 2).unwrap());
	assert_eq!(store.manifest(&object).unwrap().unwrap(), b"manifest");
	// The same while it is only announced.
	let pushed = put(&store, &bytes_of(3, 3), Purpose::Pending(pending(3, 1, 50)));
	store.put_pending_manifest(&pushed, &[3], &object, b"manifest").unwrap();
	store.put_pending_manifest(&pushed, &[3], &[0xdd; 32], b"other").unwrap();
	assert_eq!(store.manifest(&object).unwrap().unwrap(), b"manifest");
	drop(store);
	let (store, _) = open(&dir);
	assert!(store.release(&ours, 1).unwrap());
	assert_eq!(store.manifest(&object).unwrap(), None);
}

#[test]
fn an_upload_whose_agreement_is_undone_waits_again() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let root = put(&store, &bytes_of(3, 1), Purpose::Pending(pending(1, 1, 50)));
	store.mark_held(&root, held(5), &[1; 32]).unwrap();
	assert_eq!(store.pending_of(&[1; 32]), ClientPending::default());
	assert_eq!(store.expired_pending(51).unwrap().len(), 1);
	drop(store);
	let (store, _) = open(&dir);
	assert!(!store.disown(&root, 5).unwrap(), "it may still be used");
	assert_eq!(store.pending_of(&[1; 32]).uploads, 1);
	// An agreement that ends uses it up.
	store.mark_held(&root, held(6), &[1; 32]).unwrap();
	assert!(store.release(&root, 6).unwrap());
	assert_eq!(store.record(&root).unwrap(), None);
	assert_eq!(store.usage().free_chunks(), CAPACITY);
}

#[test]
fn a_damaged_column_is_replaced_although_there_is_no_room() {
	let dir = TempDir::new().unwrap();
	let (store, _) = ColumnStore::open(dir.path(), 20).unwrap();
	let bytes = bytes_of(20, 1);
	let root = put(&store, &bytes, Purpose::Held(held(1)));
	fs::write(store.files().column(&root), b"damaged").unwrap();
	assert!(matches!(store.begin(20), Err(StoreError::NoRoom { .. })));
	assert!(matches!(store.begin_replacement(&[1; 32]), Err(StoreError::Unknown)));
	let mut writer = store.begin_replacement(&root).unwrap();
	writer.write(&bytes).unwrap();
	assert!(matches!(writer.write(&[1]), Err(StoreError::TooLong { max_chunks: 20 })));
	writer.finish(&root, 20, Purpose::Held(held(1))).unwrap();
	store.verify_column(&root).unwrap();
	assert_eq!((store.usage().held_chunks, store.usage().reserved_chunks), (20, 0));
}

#[test]
fn a_disk_that_is_not_mounted_is_no_loss_and_not_started_with() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let root = put(&store, &bytes_of(20, 1), Purpose::Held(held(1)));
	fs::rename(dir.path().join("columns"), dir.path().join("away")).unwrap();
	let found = store.verify_column(&root).unwrap_err();
	assert!(!found.is_loss(), "{found}");
	drop(store);
	assert!(matches!(ColumnStore::open(dir.path(), CAPACITY), Err(StoreError::NotMounted { .. })));
	fs::rename(dir.path().join("away"), dir.path().join("columns")).unwrap();
	let (store, report) = open(&dir);
	assert_eq!(report, OpenReport::default());
	store.verify_column(&root).unwrap();
}

#[test]
fn a_manifest_that_the_agreement_does_not_name_goes() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let root = put(&store, &bytes_of(3, 1), Purpose::Pending(pending(1, 1, 50)));
	store.put_pending_manifest(&root, &[1], &[9; 32], b"junk").unwrap();
	store.mark_held(&root, held(5), &[1; 32]).unwrap();
	assert_eq!(store.manifest(&[9; 32]).unwrap(), None);
	store.put_held_manifest(&root, &held(5).object, b"manifest").unwrap();
	assert_eq!(store.manifest(&held(5).object).unwrap().unwrap(), b"manifest");
}

#[test]
fn damage_is_found_by_scrubbing_and_by_reading() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let bytes = bytes_of(100, 1);
	let root = put(&store, &bytes, Purpose::Held(held(1)));
	let path = store.files().column(&root);
	let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
	file.write_all_at(&[bytes[50 * 1024] ^ 1], 50 * 1024).unwrap();

	let found = store.verify_column(&root).unwrap_err();
	assert!(matches!(found, Corruption::WrongData) && found.is_loss());
	assert!(matches!(store.chunk_proof(&root, 50), Err(StoreError::Damaged)));
	store.chunk_proof(&root, 10).unwrap();
	assert_eq!(store.suspects(), [root]);
	let mut sent = Vec::new();
	assert!(matches!(store.stream(&root, 0, 100, &mut sent), Err(StreamError::Damaged)));
	assert!(sent.len() < 50 * 1024, "nothing damaged is sent");

	file.set_len(1024).unwrap();
	assert!(matches!(store.verify_column(&root), Err(Corruption::WrongLength { bytes: 1024, chunks: 100 })));
	fs::remove_file(&path).unwrap();
	assert!(matches!(store.verify_column(&root), Err(Corruption::Missing)));
	assert!(matches!(store.verify_column(&[3; 32]), Err(Corruption::Unknown)));

	put(&store, &bytes, Purpose::Held(held(2)));
	store.verify_column(&root).unwrap();
	assert_eq!(store.suspects(), [] as [Hash32; 0], "a good copy replaces the damaged one");
}

#[test]
fn a_broken_outboard_is_made_anew() {
	let dir = TempDir::new().unwrap();
	let bytes = bytes_of(100, 1);
	let root = {
		let (store, _) = open(&dir);
		let root = put(&store, &bytes, Purpose::Held(held(1)));
		let outboard = store.files().outboard(&root);
		let good = fs::read(&outboard).unwrap();
		let mut broken = good.clone();
		// The right half of the first pair: the sibling of the first group.
		broken[39] ^= 1;
		fs::write(&outboard, broken).unwrap();
		assert!(matches!(store.chunk_proof(&root, 3), Err(StoreError::Damaged)));
		store.verify_column(&root).unwrap();
		assert_eq!(fs::read(&outboard).unwrap(), good);
		fs::remove_file(&outboard).unwrap();
		root
	};
	let (store, report) = open(&dir);
	assert_eq!(report, OpenReport { rebuilt_outboards: 1, ..OpenReport::default() });
	store.chunk_proof(&root, 3).unwrap();
}

/// What each crash point leaves, made by hand, and what the next start makes of it.
#[test]
fn a_crash_at_any_point_is_repaired_at_start() {
	let dir = TempDir::new().unwrap();
	let bytes = bytes_of(20, 1);
	let kept = {
		let (store, _) = open(&dir);
		put(&store, &bytes, Purpose::Held(held(1)))
	};
	// While receiving.
	fs::write(dir.path().join("staging/0"), b"half").unwrap();
	fs::write(dir.path().join("staging/0.obao"), b"").unwrap();
	// After the outboard had its name, and after both had: not in the index, so not acknowledged.
	let (one, two) = (hex::encode([0x11; 32]), hex::encode([0x22; 32]));
	fs::write(dir.path().join("columns/11").join(&one).with_extension("obao"), b"pairs").unwrap();
	fs::write(dir.path().join("columns/22").join(&two).with_extension("obao"), b"pairs").unwrap();
	fs::write(dir.path().join("columns/22").join(&two), b"column").unwrap();

	let (store, report) = open(&dir);
	assert_eq!(report, OpenReport { removed_staging: 2, removed_orphans: 3, ..OpenReport::default() });
	assert_eq!(count_files(&dir, "columns"), 2);
	store.verify_column(&kept).unwrap();
	fs::remove_file(store.files().column(&kept)).unwrap();
	drop(store);
	let (store, report) = open(&dir);
	assert_eq!(report, OpenReport { missing: vec![kept], ..OpenReport::default() });
	assert_eq!(store.suspects(), [kept]);
	assert!(store.record(&kept).unwrap().is_some(), "that it is owed is not forgotten");
}

#[test]
fn a_lost_index_is_rebuilt_from_the_files() {
	let dir = TempDir::new().unwrap();
	let (one, two) = {
		let (store, _) = open(&dir);
		let one = put(&store, &bytes_of(20, 1), Purpose::Held(held(1)));
		(one, put(&store, &bytes_of(30, 2), Purpose::Held(held(2))))
	};
	fs::remove_dir_all(dir.path().join("index")).unwrap();
	let (store, report) = open(&dir);
	assert_eq!(report.adopted, 2);
	assert!([one, two].iter().all(|root| store.record(root).unwrap().unwrap().is_adopted()));
	for _ in 0..2 {
		store.keep_adopted_until(&one, 70).unwrap();
		store.keep_adopted_until(&two, 70).unwrap();
	}
	assert!(store.mark_held(&one, held(1), &[1; 32]).unwrap());
	assert!(store.expired_pending(70).unwrap().is_empty());
	for (root, upload) in store.expired_pending(71).unwrap() {
		assert_eq!(store.drop_pending(&root, &upload.client, &upload.nonce).unwrap(), root == two);
	}
	assert_eq!(store.record(&two).unwrap(), None);
	store.verify_column(&one).unwrap();
	assert_eq!(store.usage().held_chunks, 20);
	drop(store);
	assert_eq!(open(&dir).1, OpenReport::default());
}

#[test]
fn all_columns_can_be_walked() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let mut roots: Vec<_> = (0..25).map(|n| put(&store, &bytes_of(1, n), Purpose::Held(held(n.into())))).collect();
	roots.sort_unstable();
	let mut walked = Vec::new();
	loop {
		let batch = store.columns(walked.last(), 10).unwrap();
		if batch.is_empty() {
			break;
		}
		walked.extend(batch.into_iter().map(|(root, _)| root));
	}
	assert_eq!(walked, roots);
}

#[test]
fn the_same_column_twice_at_once_is_stored_once() {
	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	let bytes = bytes_of(64, 1);
	let threads: Vec<_> = (0..8u8)
		.map(|n| {
			let (store, bytes) = (store.clone(), bytes.clone());
			std::thread::spawn(move || put(&store, &bytes, Purpose::Pending(pending(n, n, 50))))
		})
		.collect();
	let roots: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
	assert_eq!(store.record(&roots[0]).unwrap().unwrap().pending.len(), 8);
	assert_eq!(store.usage().pending_chunks, 64);
	assert_eq!(store.usage().reserved_chunks, 0);
	assert_eq!(count_files(&dir, "columns"), 2);
	store.verify_column(&roots[0]).unwrap();
}

#[test]
fn a_stream_decodes_for_every_range() {
	use bao_tree::io::sync::DecodeResponseIter;
	use bao_tree::io::BaoContentItem;

	let dir = TempDir::new().unwrap();
	let (store, _) = open(&dir);
	for chunks in [1u64, 16, 17, 40, 100] {
		let bytes = bytes_of(chunks as usize, 3);
		let root = put(&store, &bytes, Purpose::Held(held(1)));
		for first in [0, 1, 15, 16, 33, 99] {
			for count in [1, 2, 16, 17, 100] {
				let mut encoded = Vec::new();
				let result = store.stream(&root, first, count, &mut encoded);
				if first + count > chunks {
					assert!(matches!(result, Err(StreamError::NotFound)));
					continue;
				}
				result.unwrap();
				let ranges = group_range(first, first + count);
				let decoder =
					DecodeResponseIter::new(blake3::Hash::from_bytes(root), column_tree(chunks), &encoded[..], &ranges);
				let mut covered = 0;
				for item in decoder {
					if let BaoContentItem::Leaf(leaf) = item.unwrap() {
						assert_eq!(leaf.data, bytes[leaf.offset as usize..][..leaf.data.len()]);
						covered += leaf.data.len() as u64;
					}
				}
				assert!(covered >= count * CHUNK_BYTES as u64);
			}
		}
	}
}

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
	Put { column: u8, client: u8, nonce: u8 },
	Hold { column: u8, agreement: u8, client: u8 },
	Release { column: u8, agreement: u8 },
	Disown { column: u8, agreement: u8 },
	Drop { column: u8, client: u8, nonce: u8 },
	Restart,
}

fn step() -> impl Strategy<Value = Step> {
	let (column, client, nonce, agreement) = (0..4u8, 0..3u8, 0..3u8, 0..3u8);
	let of_agreement = (column.clone(), agreement.clone());
	prop_oneof![
		4 => (column.clone(), client.clone(), nonce.clone())
			.prop_map(|(column, client, nonce)| Step::Put { column, client, nonce }),
		3 => (column.clone(), agreement.clone(), client.clone())
			.prop_map(|(column, agreement, client)| Step::Hold { column, agreement, client }),
		3 => (column.clone(), agreement).prop_map(|(column, agreement)| Step::Release { column, agreement }),
		2 => of_agreement.prop_map(|(column, agreement)| Step::Disown { column, agreement }),
		2 => (column, client, nonce).prop_map(|(column, client, nonce)| Step::Drop { column, client, nonce }),
		1 => Just(Step::Restart),
	]
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

	/// Files, records and numbers agree after any history, restarts included.
	#[test]
	fn files_records_and_numbers_agree(steps in proptest::collection::vec(step(), 1..30)) {
		let dir = TempDir::new().unwrap();
		let mut store = open(&dir).0;
		let columns: Vec<_> = (0..4).map(|n| bytes_of(n as usize * 7 + 1, n)).collect();
		let roots: Vec<_> = columns.iter().map(|bytes| root_of(bytes)).collect();
		for step in steps {
			match step {
				Step::Put { column, client, nonce } => {
					let bytes = &columns[column as usize];
					let chunks = (bytes.len() / CHUNK_BYTES) as u64;
					let mut writer = store.begin(chunks).unwrap();
					writer.write(bytes).unwrap();
					let used = store.is_used(50, &[client; 32], &[nonce; 16]).unwrap();
					let put = writer.finish(&roots[column as usize], chunks, Purpose::Pending(pending(client, nonce, 50)));
					prop_assert_eq!(put.is_err(), used);
				},
				Step::Hold { column, agreement, client } => {
					store.mark_held(&roots[column as usize], held(agreement.into()), &[client; 32]).unwrap();
				},
				Step::Release { column, agreement } => {
					store.release(&roots[column as usize], agreement.into()).unwrap();
				},
				Step::Disown { column, agreement } => {
					store.disown(&roots[column as usize], agreement.into()).unwrap();
				},
				Step::Drop { column, client, nonce } => {
					store.drop_pending(&roots[column as usize], &[client; 32], &[nonce; 16]).unwrap();
				},
				Step::Restart => {
					drop(store);
					let (opened, report) = open(&dir);
					prop_assert_eq!(report, OpenReport::default());
					store = opened;
				},
			}
			let records = store.columns(None, 100).unwrap();
			let sum = |is_held: bool| records.iter()
				.filter(|(_, record)| record.held.is_empty() != is_held)
				.map(|(_, record)| record.chunks)
				.sum::<u64>();
			let usage = store.usage();
			prop_assert_eq!((usage.held_chunks, usage.pending_chunks, usage.reserved_chunks), (sum(true), sum(false), 0));
			prop_assert_eq!(count_files(&dir, "columns"), 2 * records.len());
			prop_assert_eq!(count_files(&dir, "staging"), 0);
			for (root, record) in &records {
				prop_assert!(!record.is_unreferenced());
				store.verify_column(root).unwrap();
			}
			let uploads: usize = records.iter().map(|(_, record)| record.uploads().count()).sum();
			prop_assert_eq!(store.expired_pending(51).unwrap().len(), uploads);
		}
	}
}
