//! A chain's runtime, called on whatever state.
use std::collections::BTreeMap;

use anyhow::{Context, Result};
use codec::Decode;
use sc_executor::WasmExecutor;
use sp_core::{
	storage::Storage,
	traits::{CallContext, CodeExecutor, Externalities, RuntimeCode, WrappedRuntimeCode},
};
use sp_crypto_hashing::blake2_256;
use sp_io::TestExternalities;

use crate::shared;

/// What a chain has stored.
pub type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// What the runtime `code` answers on that state.
pub fn call(state: &State, code: &[u8], method: &str, argument: &[u8]) -> Result<Vec<u8>> {
	Ok(run(state, code, method, argument)?.0)
}

/// What the runtime `code` answers on that state, and what is stored then, that code included.
pub fn run(state: &State, code: &[u8], method: &str, argument: &[u8]) -> Result<(Vec<u8>, State)> {
	let storage = Storage { top: state.clone(), ..Storage::default() };
	let mut state = TestExternalities::new_with_code(code, storage);
	let code =
		RuntimeCode { code_fetcher: &WrappedRuntimeCode(code.into()), heap_pages: None, hash: blake2_256(code).into() };
	// As the node's: neither compiles what the other has compiled.
	let executor =
		WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().with_cache_path(shared::runtime_cache()?).build();
	let (answer, _) = executor.call(&mut state.ext(), &code, method, argument, CallContext::Offchain);
	let answer = answer?;
	let mut state = state.ext();
	let (mut stored, mut last) = (State::new(), Vec::new());
	while let Some(key) = state.next_storage_key(&last) {
		let value = state.storage(&key).with_context(|| format!("no value at 0x{}", hex::encode(&key)))?;
		stored.insert(key.clone(), value);
		last = key;
	}
	Ok((answer, stored))
}

/// The name and the version of the specification that the runtime `code` fulfils.
pub fn version(code: &[u8]) -> Result<(String, u32)> {
	let version = call(&State::new(), code, "Core_version", &[])?;
	// Then the name of the implementation and the version of authoring.
	let (name, _, _, version) = <(String, String, u32, u32)>::decode(&mut version.as_slice())?;
	Ok((name, version))
}
