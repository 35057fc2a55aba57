//! Builds the runtime's wasm blob, with the metadata hash that hardware signers check.

use std::{env, path::PathBuf};

use substrate_wasm_builder::WasmBuilder;

#[path = "../../scripts/wasm-toolchain.rs"]
mod wasm_toolchain;

fn main() {
	let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the package"));
	let runtime = package.parent().expect("the package is in the runtime's folder");
	wasm_toolchain::choose(runtime.parent().expect("the runtime is in the workspace's folder"));
	WasmBuilder::new()
		.with_project(runtime.join("Cargo.toml"))
		.expect("the package is in the runtime's folder")
		.import_memory()
		.export_heap_base()
		.enable_metadata_hash("PPL", 12)
		.build();
	// The builder prints absolute paths only. Cargo takes two lists that are the same for the same package's, so that of two
	// copies of the repository with one target directory the one would look at the other's files: a path inside the package
	// is kept relative, and makes the lists differ.
	println!("cargo:rerun-if-changed={}", package.join("build.rs").display());
}
