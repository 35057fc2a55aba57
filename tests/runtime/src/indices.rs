//! Pallets, calls, events, errors and hold reasons keep their indices for ever: transactions and stored data name them.

use std::{collections::BTreeSet, fmt::Write};

use codec::{Decode, Encode};
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
use peoples_cloud_runtime::{Hashing, Runtime};
use sc_executor::WasmExecutor;
use scale_info::{form::PortableForm, PortableRegistry, TypeDef, TypeDefVariant};
use sp_core::{
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	OpaqueMetadata,
};
use sp_runtime::traits::Hash as _;

/// The indices as they were last agreed to. Tests run in their package's directory.
const SNAPSHOT: &str = "indices.txt";
/// The metadata that the client's tests hold every call, event and view against. Constants in it are production's.
const METADATA: &str = "../../client/metadata.scale";
/// The first version that tells of view functions.
const METADATA_VERSION: u32 = 16;
/// Set to anything, this variable makes the tests write their files. Then read the difference: to the indices, lines may
/// only be added.
const UPDATE: &str = "UPDATE_SNAPSHOT";

fn variants(types: &PortableRegistry, id: u32) -> &TypeDefVariant<PortableForm> {
	match &types.resolve(id).unwrap().type_def {
		TypeDef::Variant(variants) => variants,
		other => panic!("calls, events and errors are enums, this is {other:?}"),
	}
}

fn indices() -> String {
	// Some constants are values of genesis, which are read from storage.
	let opaque = sp_io::TestExternalities::default().execute_with(|| Runtime::metadata_at_version(15)).unwrap();
	let metadata: RuntimeMetadataPrefixed = Decode::decode(&mut opaque.as_slice()).unwrap();
	let RuntimeMetadata::V15(metadata) = metadata.1 else { panic!("asked for version 15") };
	let mut lines = String::new();
	let mut pallets: Vec<_> = metadata.pallets.iter().collect();
	pallets.sort_by_key(|pallet| pallet.index);
	for pallet in pallets {
		writeln!(lines, "{} {}", pallet.index, pallet.name).unwrap();
		let kinds = [
			("call", pallet.calls.as_ref().map(|kind| kind.ty.id)),
			("event", pallet.event.as_ref().map(|kind| kind.ty.id)),
			("error", pallet.error.as_ref().map(|kind| kind.ty.id)),
		];
		for (kind, id) in kinds {
			let Some(id) = id else { continue };
			let entries: BTreeSet<_> =
				variants(&metadata.types, id).variants.iter().map(|variant| (variant.index, &variant.name)).collect();
			for (index, name) in entries {
				writeln!(lines, "{}.{kind}.{index} {}.{name}", pallet.index, pallet.name).unwrap();
			}
		}
	}
	let holds = metadata
		.types
		.types
		.iter()
		.find(|entry| entry.ty.path.segments.last().is_some_and(|name| name == "RuntimeHoldReason"))
		.unwrap();
	for pallet in &variants(&metadata.types, holds.id).variants {
		for field in &pallet.fields {
			for reason in &variants(&metadata.types, field.ty.id).variants {
				writeln!(lines, "hold.{}.{} {}.{}", pallet.index, reason.index, pallet.name, reason.name).unwrap();
			}
		}
	}
	lines
}

/// As nodes serve it: the runtime of a chain is WebAssembly. The native one can have more documentation of types in it.
fn metadata_of_the_chain() -> Vec<u8> {
	let code = peoples_cloud_runtime_wasm::WASM_BINARY.expect("tests are built with the WebAssembly runtime");
	let code = RuntimeCode {
		code_fetcher: &WrappedRuntimeCode(code.into()),
		heap_pages: None,
		hash: Hashing::hash(code).encode(),
	};
	let executor = WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	let mut state = sp_io::TestExternalities::default();
	let version = METADATA_VERSION.encode();
	let (answer, _) =
		executor.call(&mut state.ext(), &code, "Metadata_metadata_at_version", &version, CallContext::Offchain);
	Option::<OpaqueMetadata>::decode(&mut answer.unwrap().as_slice()).unwrap().unwrap().to_vec()
}

#[test]
fn client_has_this_metadata() {
	let metadata = metadata_of_the_chain();
	if std::env::var_os(UPDATE).is_some() {
		std::fs::write(METADATA, &metadata).unwrap();
	}
	let committed = std::fs::read(METADATA).unwrap_or_default();
	assert!(committed == metadata, "{METADATA} is not this runtime's; run scripts/export-metadata.sh");
}

#[test]
fn indices_are_pinned() {
	let found = indices();
	if std::env::var_os(UPDATE).is_some() {
		std::fs::write(SNAPSHOT, &found).unwrap();
	}
	let pinned = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
	let changes: Vec<_> = pinned
		.lines()
		.filter(|line| !found.lines().any(|other| other == *line))
		.map(|line| format!("- {line}"))
		.chain(found.lines().filter(|line| !pinned.lines().any(|other| other == *line)).map(|line| format!("+ {line}")))
		.collect();
	assert!(
		changes.is_empty(),
		"indices changed; if none that was ever released did, run this test with {UPDATE}=1:\n{}",
		changes.join("\n")
	);
}
