//! Stands in for the crate [`wasm-opt`](https://docs.rs/wasm-opt/0.116.1), which compiles all of
//! [Binaryen](https://github.com/WebAssembly/binaryen), 300 files of C++, for what `substrate-wasm-builder` asks of it: to
//! strip debugging sections, and to write sign extension with older instructions. The target that runtimes are compiled
//! for, `wasm32v1-none`, has only the instructions of WebAssembly 1.0, so there is nothing to rewrite; a module that has
//! others is refused. What the builder does not use is missing.

use std::{io, path::Path};

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// Bytes of a module before its sections: the magic number and the version.
const PREAMBLE: usize = 8;
/// Custom sections of DWARF begin so.
const DWARF_PREFIX: &str = ".debug_";

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizationError {
	/// A file cannot be read or written.
	#[error(transparent)]
	File(#[from] io::Error),
	/// It is no module, or one that needs more than WebAssembly 1.0.
	#[error("not a module of WebAssembly 1.0: {0}")]
	Module(#[from] wasmparser::BinaryReaderError),
}

/// What can be done to a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pass {
	/// Removes DWARF sections.
	StripDwarf,
	/// Makes sure that no instruction of sign extension is left.
	SignextLowering,
}

/// What to do to a module. Names of functions stay, whatever is asked for.
#[derive(Clone, Debug)]
pub struct OptimizationOptions {
	strips_dwarf: bool,
}

impl OptimizationOptions {
	/// Only what is asked for.
	pub fn new_opt_level_0() -> Self {
		Self { strips_dwarf: false }
	}

	/// No feature but those of WebAssembly's first version: as always here.
	pub fn mvp_features_only(&mut self) -> &mut Self {
		self
	}

	/// Keeps names of functions: as always here.
	pub fn debug_info(&mut self, _keep: bool) -> &mut Self {
		self
	}

	/// Does this too.
	pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
		self.strips_dwarf |= pass == Pass::StripDwarf;
		self
	}

	/// Reads a module and writes another one, which may replace it.
	pub fn run(&self, input: impl AsRef<Path>, output: impl AsRef<Path>) -> Result<(), OptimizationError> {
		let module = std::fs::read(input)?;
		Validator::new_with_features(WasmFeatures::WASM1).validate_all(&module)?;
		let result = if self.strips_dwarf { without_dwarf(&module)? } else { module };
		Ok(std::fs::write(output, result)?)
	}
}

/// The module with all its sections but those of DWARF.
fn without_dwarf(module: &[u8]) -> Result<Vec<u8>, OptimizationError> {
	let mut kept = Vec::with_capacity(module.len());
	let mut end = PREAMBLE;
	kept.extend(module.iter().take(PREAMBLE));
	for payload in Parser::new(0).parse_all(module) {
		let payload = payload?;
		// Where a section's contents are; its number and length are before them.
		let Some((_, contents)) = payload.as_section() else { continue };
		let is_dwarf = matches!(&payload, Payload::CustomSection(section) if section.name().starts_with(DWARF_PREFIX));
		if !is_dwarf {
			kept.extend(module.get(end..contents.end).unwrap_or_default());
		}
		end = contents.end;
	}
	Ok(kept)
}

#[cfg(test)]
mod tests;
