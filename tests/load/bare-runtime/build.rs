//! Builds the wasm blob, with the same compiler as the chain's own: see `runtime/build.rs`.

fn main() {
	#[cfg(feature = "std")]
	wasm::build();
}

#[cfg(feature = "std")]
mod wasm {
	use std::{
		env,
		ffi::OsStr,
		path::{Path, PathBuf},
		process::Command,
	};

	/// What the runtime is compiled for.
	const TARGET: &str = "wasm32v1-none";
	/// The rustup toolchain that `scripts/wasm-toolchain.sh` makes where the target cannot be downloaded.
	const FALLBACK_TOOLCHAIN: &str = "peoples-cloud-wasm";
	/// Names the toolchain for `substrate-wasm-builder`; whoever sets it knows better.
	const TOOLCHAIN_VARIABLE: &str = "WASM_BUILD_TOOLCHAIN";
	/// Names the workspace for `substrate-wasm-builder`: it is not found by itself when the target directory lies elsewhere.
	const WORKSPACE_VARIABLE: &str = "WASM_BUILD_WORKSPACE_HINT";

	pub(crate) fn build() {
		println!("cargo:rerun-if-env-changed={TOOLCHAIN_VARIABLE}");
		println!("cargo:rerun-if-env-changed={WORKSPACE_VARIABLE}");
		if env::var_os(TOOLCHAIN_VARIABLE).is_none() && !active_toolchain_has_target() && fallback_exists() {
			env::set_var(TOOLCHAIN_VARIABLE, FALLBACK_TOOLCHAIN);
		}
		if env::var_os(WORKSPACE_VARIABLE).is_none() {
			if let Some(workspace) = workspace() {
				env::set_var(WORKSPACE_VARIABLE, workspace);
			}
		}
		substrate_wasm_builder::WasmBuilder::init_with_defaults().build();
	}

	fn workspace() -> Option<PathBuf> {
		let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")?;
		let workspace = Path::new(&manifest_dir);
		workspace.join("Cargo.lock").exists().then(|| workspace.to_path_buf())
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
		let output = Command::new("rustup").args(["run", FALLBACK_TOOLCHAIN, "rustc", "--version"]).output();
		output.is_ok_and(|output| output.status.success())
	}
}
