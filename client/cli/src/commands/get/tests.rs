use std::{fs, os::unix::fs::symlink};

use tempfile::TempDir;

use super::*;

fn names(directory: &TempDir) -> Vec<String> {
	let mut names: Vec<_> = fs::read_dir(directory.path())
		.unwrap()
		.map(|entry| entry.unwrap().file_name().into_string().unwrap())
		.collect();
	names.sort();
	names
}

async fn write(path: &Path, bytes: &[u8]) {
	let mut target = Target::at(path).await.unwrap();
	let mut out = BufWriter::new(target.open().await.unwrap());
	out.write_all(bytes).await.unwrap();
	out.flush().await.unwrap();
	target.complete(out).await.unwrap();
}

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
	drop(Target::at(&path).await.unwrap());
	assert_eq!(names(&directory), [""; 0]);
	write(&path, b"whole").await;
	assert_eq!(fs::read(&path).unwrap(), b"whole");
	assert_eq!(names(&directory), ["file"]);
}

#[tokio::test]
async fn a_file_of_the_users_own_is_no_place_for_a_part() {
	let directory = tempfile::tempdir().unwrap();
	let path = directory.path().join("file");
	fs::write(directory.path().join("file.part"), b"precious").unwrap();
	// Two at the same time, one of which is given up.
	let given_up = Target::at(&path).await.unwrap();
	write(&path, b"whole").await;
	drop(given_up);
	assert_eq!(fs::read(&path).unwrap(), b"whole");
	assert_eq!(fs::read(directory.path().join("file.part")).unwrap(), b"precious");
	assert_eq!(names(&directory), ["file", "file.part"]);
}

#[tokio::test]
async fn a_file_that_is_replaced_keeps_its_permissions_and_a_new_one_is_like_any_other() {
	let directory = tempfile::tempdir().unwrap();
	let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
	let (path, like) = (directory.path().join("file"), directory.path().join("like"));
	fs::write(&like, b"").unwrap();
	write(&path, b"new").await;
	assert_eq!(mode(&path), mode(&like));
	fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
	write(&path, b"newer").await;
	assert_eq!(mode(&path), 0o640);
}

#[tokio::test]
async fn a_link_stays_and_what_it_leads_to_is_replaced() {
	let directory = tempfile::tempdir().unwrap();
	let (file, link) = (directory.path().join("file"), directory.path().join("link"));
	fs::write(&file, b"old").unwrap();
	symlink(&file, &link).unwrap();
	write(&link, b"new").await;
	assert_eq!(fs::read(&file).unwrap(), b"new");
	assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
	fs::remove_file(&file).unwrap();
	assert!(matches!(Target::at(&link).await, Err(CommandError::DanglingLink(_))));
}

#[tokio::test]
async fn devices_and_pipes_are_written_to_and_stay_what_they_are() {
	let directory = tempfile::tempdir().unwrap();
	// `/dev/null` by a link, lest a mistake harm the machine's own.
	let null = directory.path().join("null");
	symlink("/dev/null", &null).unwrap();
	write(&null, b"nothing").await;
	assert!(fs::metadata(&null).unwrap().file_type().is_char_device());
	assert!(fs::symlink_metadata(&null).unwrap().is_symlink());

	let pipe = directory.path().join("pipe");
	nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
	let reader = spawn_blocking({
		let pipe = pipe.clone();
		move || fs::read(pipe).unwrap()
	});
	write(&pipe, b"through").await;
	assert_eq!(reader.await.unwrap(), b"through");
	assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
	assert_eq!(names(&directory), ["null", "pipe"]);

	let socket = directory.path().join("socket");
	let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
	assert!(matches!(Target::at(&socket).await, Err(CommandError::NotWritable { .. })));
	assert!(matches!(Target::at(directory.path()).await, Err(CommandError::IsADirectory(_))));
}
