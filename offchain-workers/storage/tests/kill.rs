//! `kill -9` at any moment: nothing acknowledged is lost, nothing half is left.
#![allow(clippy::print_stdout, reason = "the child reports on stdout")]
use std::{
	io::{BufRead, BufReader, Write},
	path::Path,
	process::{Command, Stdio},
	time::Duration,
};

use nix::{
	sys::signal::{kill, Signal},
	unistd::Pid,
};
use peoples_cloud_storage::store::{ColumnStore, Held, Purpose};

const DIR: &str = "PEOPLES_CLOUD_TEST_STORE";
const CAPACITY: u64 = 1 << 22;

/// Not a test by itself: what the killed process does. Stores, holds and releases columns for ever, and says each time.
#[test]
#[ignore = "started by the test below"]
fn child() {
	let Ok(dir) = std::env::var(DIR) else { return };
	let (store, _) = ColumnStore::open(Path::new(&dir), CAPACITY).unwrap();
	let mut out = std::io::stdout();
	let mut number = store.columns(None, 100_000).unwrap().len() as u64 * 1000 + u64::from(std::process::id());
	loop {
		number += 1;
		let chunks = 1 + (number * 7919) % 300;
		let bytes: Vec<u8> = (0..chunks * 1024).map(|i| (i / 1024 * 31 + i + number) as u8).collect();
		let root = *blake3::hash(&bytes).as_bytes();
		let mut writer = store.begin(chunks).unwrap();
		for piece in bytes.chunks(50_000) {
			writer.write(piece).unwrap();
		}
		writer.finish(&root, chunks, Purpose::Held(Held { agreement: number, object: [1; 32] })).unwrap();
		writeln!(out, "\nstored {} {number}", hex::encode(root)).unwrap();
		if number.is_multiple_of(3) {
			writeln!(out, "\nreleasing {}", hex::encode(root)).unwrap();
			out.flush().unwrap();
			store.release(&root, number).unwrap();
		}
		out.flush().unwrap();
	}
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_acknowledged() {
	let dir = tempfile::tempdir().unwrap();
	let mut acknowledged = std::collections::BTreeMap::new();
	for round in 0..12u64 {
		let mut child = Command::new(std::env::current_exe().unwrap())
			.args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"])
			.env(DIR, dir.path())
			.stdout(Stdio::piped())
			.stderr(Stdio::null())
			.spawn()
			.unwrap();
		let output = child.stdout.take().unwrap();
		let reader =
			std::thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).collect::<Vec<_>>());
		std::thread::sleep(Duration::from_millis(150 + round * 37));
		kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).unwrap();
		child.wait().unwrap();
		for line in reader.join().unwrap() {
			match line.split(' ').collect::<Vec<_>>()[..] {
				["stored", root, _] => {
					acknowledged.insert(root.to_owned(), true);
				},
				// It may or may not have come to it.
				["releasing", root] => {
					acknowledged.insert(root.to_owned(), false);
				},
				_ => {},
			}
		}
		let (store, report) = ColumnStore::open(dir.path(), CAPACITY).unwrap();
		assert!(report.missing.is_empty(), "{report:?}");
		for (root, must_be_there) in &acknowledged {
			let mut bytes = [0; 32];
			hex::decode_to_slice(root, &mut bytes).unwrap();
			if *must_be_there {
				store.verify_column(&bytes).unwrap();
			}
		}
		for (root, _) in store.columns(None, 100_000).unwrap() {
			store.verify_column(&root).unwrap();
		}
		assert_eq!(std::fs::read_dir(dir.path().join("staging")).unwrap().count(), 0);
	}
	assert!(acknowledged.len() > 12, "only {} columns were stored in all", acknowledged.len());
}
