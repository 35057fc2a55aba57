//! The one place that prints.
use std::io::{self, Write};

use serde::Serialize;

use crate::error::CommandError;

/// Where results and messages go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
	json: bool,
}

impl Output {
	pub(crate) fn new(json: bool) -> Self {
		Self { json }
	}

	/// The result: as JSON, or as `text` makes it for people.
	pub(crate) fn result<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) -> Result<(), CommandError> {
		written(write(&self.line(value, text)))
	}

	/// [`Output::result`] of what was paid for: if it cannot be written it goes to stderr, lest it be lost.
	pub(crate) fn paid_result<T: Serialize>(
		&self,
		value: &T,
		text: impl FnOnce() -> String,
	) -> Result<(), CommandError> {
		let line = self.line(value, text);
		let result = write(&line);
		if result.is_err() {
			self.note(line);
		}
		written(result)
	}

	fn line<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) -> String {
		match self.json {
			true => serde_json::to_string(value).expect("our types have text keys and whole numbers; qed"),
			false => text(),
		}
	}

	/// Something to know that is not the result.
	pub(crate) fn note(&self, text: impl AsRef<str>) {
		// There is nowhere left to complain if stderr is closed.
		let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
	}

	/// Why it failed.
	pub(crate) fn error(&self, error: &CommandError) {
		self.note(format!("error: {error}"));
	}
}

fn write(line: &str) -> io::Result<()> {
	if line.is_empty() {
		return Ok(());
	}
	let mut stdout = io::stdout().lock();
	writeln!(stdout, "{line}")?;
	stdout.flush()
}

/// What became of something that was written to stdout.
pub(crate) fn written(result: io::Result<()>) -> Result<(), CommandError> {
	match result {
		// The reader has seen enough, as `head` does.
		Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
		result => result.map_err(CommandError::Stdout),
	}
}

/// Rows in columns as wide as their widest cell, the last one as it is.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
	let width = |column: usize| {
		let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
		cells.chain(heads.get(column).map(|head| head.len())).max().unwrap_or_default()
	};
	let line = |cells: Vec<&str>| {
		let mut line = String::new();
		for (column, cell) in cells.into_iter().enumerate() {
			match column + 1 == N {
				true => line.push_str(cell),
				false => line.push_str(&format!("{cell:<width$}  ", width = width(column))),
			}
		}
		line
	};
	let mut lines = vec![line(heads.to_vec())];
	lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
	lines.join("\n")
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tables_align() {
		let rows = [["a".into(), "1".into()], ["long".into(), "22".into()]];
		assert_eq!(table(["X", "Y"], &rows), "X     Y\na     1\nlong  22");
	}
}
