//! Which compiler makes wasm of a runtime. Build scripts of runtimes include this file; `wasm-toolchain.sh` beside it provides
//! that compiler.

use std::{env, ffi::OsStr, path::Path, process::Command};

/// What runtimes are compiled for.
const TARGET: &str = "wasm32v1-none";
/// The rustup toolchain that `wasm-toolchain.sh` makes where the target cannot be downloaded.
const FALLBACK: &str = "peoples-cloud-wasm";
/// Names the toolchain for `substrate-wasm-builder`; whoever sets it knows better.
const TOOLCHAIN_VARIABLE: &str = "WASM_BUILD_TOOLCHAIN";
/// Names the workspace for `substrate-wasm-builder`: it is not found by itself when the target directory lies elsewhere.
const WORKSPACE_VARIABLE: &str = "WASM_BUILD_WORKSPACE_HINT";

/// Tells `substrate-wasm-builder` which toolchain to take, and that the runtime is of the workspace in that folder.
pub(crate) fn choose(workspace: &Path) {
	println!("cargo:rerun-if-env-changed={TOOLCHAIN_VARIABLE}");
	println!("cargo:rerun-if-env-changed={WORKSPACE_VARIABLE}");
	if env::var_os(TOOLCHAIN_VARIABLE).is_none() && !active_toolchain_has_target() && fallback_exists() {
		env::set_var(TOOLCHAIN_VARIABLE, FALLBACK);
	}
	if env::var_os(WORKSPACE_VARIABLE).is_none() && workspace.join("Cargo.lock").exists() {
		env::set_var(WORKSPACE_VARIABLE, workspace);
	}
}

fn active_toolchain_has_target() -> bool {
	let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
	let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
	let Ok(output) = output else { return false };
	let directory = String::from_utf8_lossy(&output.stdout).trim().to_owned();
	Path::new(&directory).read_dir().is_ok_and(|entries| {
		entries.flatten().any(|entry| {
			let path = entry.path();
			let is_core = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libcore-"));
			is_core && path.extension() == Some(OsStr::new("rlib"))
		})
	})
}

fn fallback_exists() -> bool {
	let output = Command::new("rustup").args(["run", FALLBACK, "rustc", "--version"]).output();
	output.is_ok_and(|output| output.status.success())
}
