//! The runtime as WebAssembly: what genesis puts into the state of a chain, compressed, in `WASM_BINARY`.
//!
//! Apart from the native runtime, so that both are compiled at the same time: of the node, only the program needs this one.

include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
