//! `holdings.log`: what each leaf number stands for, in a plain file beside the database.
//!
//! The chain forgets a leaf's contents when its agreement is settled, while the commitment keeps its hash until it
//! is removed. If the database is lost in between, this file is what knows them. Records have a fixed length and
//! their own checksum; a broken one is skipped. 64 bytes per change, two changes in a leaf's life.
use std::{
	collections::BTreeMap,
	fs::{File, OpenOptions},
	io::{self, BufWriter, Read, Write},
	os::unix::fs::FileExt,
	path::{Path, PathBuf},
};

use peoples_cloud_primitives::holdings::Leaf;

const RECORD_BYTES: usize = 64;
/// Bytes of a record before its checksum: kind, number, agreement, root, chunks.
const BODY_BYTES: usize = 1 + 8 + 8 + 32 + 8;

/// What a record says about a leaf number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
	/// It holds this leaf.
	Live(Leaf),
	/// The leaf that was there has been removed.
	Removed(Leaf),
}

impl Note {
	fn leaf(&self) -> &Leaf {
		match self {
			Self::Live(leaf) | Self::Removed(leaf) => leaf,
		}
	}
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Journal {
	path: PathBuf,
	file: File,
	/// Where the next record goes: a failed write is overwritten by the next.
	end: u64,
}

impl Journal {
	pub(crate) fn open(path: &Path) -> io::Result<Self> {
		let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
		let length = file.metadata()?.len();
		// A record cut short by a crash is dropped.
		let end = length - length % RECORD_BYTES as u64;
		Ok(Self { path: path.to_owned(), file, end })
	}

	pub(crate) fn append(&mut self, number: u64, note: Note) -> io::Result<()> {
		self.file.write_all_at(&encode(number, note), self.end)?;
		self.end += RECORD_BYTES as u64;
		Ok(())
	}

	pub(crate) fn sync(&self) -> io::Result<()> {
		self.file.sync_data()
	}

	/// The last note about each number.
	pub(crate) fn read(&self) -> io::Result<BTreeMap<u64, Note>> {
		let mut notes = BTreeMap::new();
		let mut reader = io::BufReader::new(File::open(&self.path)?).take(self.end);
		let mut record = [0u8; RECORD_BYTES];
		loop {
			match reader.read_exact(&mut record) {
				Ok(()) => {},
				Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(notes),
				Err(error) => return Err(error),
			}
			if let Some((number, note)) = decode(&record) {
				notes.insert(number, note);
			}
		}
	}

	/// Replaces the file by these notes, all or nothing.
	pub(crate) fn rewrite(&mut self, notes: impl Iterator<Item = (u64, Note)>) -> io::Result<()> {
		let new = self.path.with_extension("log.new");
		let mut writer = BufWriter::new(File::create(&new)?);
		for (number, note) in notes {
			writer.write_all(&encode(number, note))?;
		}
		let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
		file.sync_all()?;
		std::fs::rename(&new, &self.path)?;
		if let Some(parent) = self.path.parent() {
			File::open(parent)?.sync_all()?;
		}
		*self = Self::open(&self.path)?;
		Ok(())
	}
}

fn encode(number: u64, note: Note) -> [u8; RECORD_BYTES] {
	let leaf = note.leaf();
	let kind = match note {
		Note::Live(_) => 1u8,
		Note::Removed(_) => 2,
	};
	let mut bytes = Vec::with_capacity(RECORD_BYTES);
	bytes.push(kind);
	bytes.extend_from_slice(&number.to_le_bytes());
	bytes.extend_from_slice(&leaf.agreement.to_le_bytes());
	bytes.extend_from_slice(&leaf.root);
	bytes.extend_from_slice(&leaf.chunks.to_le_bytes());
	let checksum = blake3::hash(&bytes);
	bytes.extend_from_slice(checksum.as_bytes());
	let mut record = [0; RECORD_BYTES];
	record.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
	record
}

fn decode(record: &[u8; RECORD_BYTES]) -> Option<(u64, Note)> {
	let (body, checksum) = record.split_at(BODY_BYTES);
	if !blake3::hash(body).as_bytes().starts_with(checksum) {
		return None;
	}
	let (kind, rest) = body.split_first()?;
	let (number, rest) = rest.split_first_chunk::<8>()?;
	let (agreement, rest) = rest.split_first_chunk::<8>()?;
	let (root, rest) = rest.split_first_chunk::<32>()?;
	let (chunks, _) = rest.split_first_chunk::<8>()?;
	let leaf = Leaf { agreement: u64::from_le_bytes(*agreement), root: *root, chunks: u64::from_le_bytes(*chunks) };
	let note = match kind {
		1 => Note::Live(leaf),
		2 => Note::Removed(leaf),
		_ => return None,
	};
	Some((u64::from_le_bytes(*number), note))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn leaf(agreement: u64) -> Leaf {
		Leaf { agreement, root: [agreement as u8; 32], chunks: agreement + 1 }
	}

	#[test]
	fn a_torn_or_broken_record_is_skipped() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("holdings.log");
		let mut journal = Journal::open(&path).unwrap();
		for number in 0..4 {
			journal.append(number, Note::Live(leaf(number))).unwrap();
		}
		journal.append(1, Note::Removed(leaf(1))).unwrap();
		drop(journal);
		let mut bytes = std::fs::read(&path).unwrap();
		bytes[RECORD_BYTES * 2 + 20] ^= 1;
		bytes.extend_from_slice(&[7; 30]);
		std::fs::write(&path, &bytes).unwrap();

		let mut journal = Journal::open(&path).unwrap();
		let expected =
			BTreeMap::from([(0, Note::Live(leaf(0))), (1, Note::Removed(leaf(1))), (3, Note::Live(leaf(3)))]);
		assert_eq!(journal.read().unwrap(), expected);
		journal.append(2, Note::Live(leaf(9))).unwrap();
		assert_eq!(Journal::open(&path).unwrap().read().unwrap().get(&2), Some(&Note::Live(leaf(9))));
		journal.rewrite([(5, Note::Live(leaf(5)))].into_iter()).unwrap();
		journal.append(6, Note::Live(leaf(6))).unwrap();
		assert_eq!(Journal::open(&path).unwrap().read().unwrap().into_keys().collect::<Vec<_>>(), vec![5, 6]);
	}
}
