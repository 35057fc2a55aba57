//! Builds the wasm blob, with the same compiler as the chain's own.

#[cfg(feature = "std")]
#[path = "../../../scripts/wasm-toolchain.rs"]
mod wasm_toolchain;

fn main() {
	#[cfg(feature = "std")]
	{
		let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the package");
		wasm_toolchain::choose(package.as_ref());
		substrate_wasm_builder::WasmBuilder::init_with_defaults().build();
	}
}
