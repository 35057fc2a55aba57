#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// A module whose one function is of the type (i32) -> i32 and has this body, and a custom section of this name.
fn module(body: &[u8], custom: &str) -> Vec<u8> {
	let mut bytes = b"\0asm\x01\0\0\0\x01\x06\x01\x60\x01\x7f\x01\x7f\x03\x02\x01\0".to_vec();
	let name = custom.len() as u8;
	bytes.extend([0, name + 4, name]);
	bytes.extend(custom.as_bytes());
	bytes.extend([1, 2, 3]);
	let length = body.len() as u8;
	bytes.extend([0x0a, length + 4, 1, length + 2, 0]);
	bytes.extend(body);
	bytes.push(0x0b);
	bytes
}

fn run(options: &OptimizationOptions, module: &[u8]) -> Result<Vec<u8>, OptimizationError> {
	let dir = tempfile::tempdir().unwrap();
	let file = dir.path().join("module.wasm");
	std::fs::write(&file, module).unwrap();
	options.run(&file, &file)?;
	Ok(std::fs::read(file).unwrap())
}

/// As the builder asks for in builds for development.
fn lowering() -> OptimizationOptions {
	OptimizationOptions::new_opt_level_0().add_pass(Pass::SignextLowering).debug_info(true).clone()
}

/// As it asks for in others.
fn compacting() -> OptimizationOptions {
	lowering().mvp_features_only().add_pass(Pass::StripDwarf).clone()
}

#[test]
fn a_module_stays_as_it_is() {
	// local.get 0
	for custom in [".debug_info", "name_of_somebody"] {
		let module = module(&[0x20, 0], custom);
		assert_eq!(run(&lowering(), &module).unwrap(), module);
	}
}

#[test]
fn only_dwarf_is_stripped() {
	let with = module(&[0x20, 0], ".debug_info");
	let without = run(&compacting(), &with).unwrap();
	assert_eq!(without.len(), with.len() - 2 - 4 - ".debug_info".len());
	assert_eq!(run(&compacting(), &without).unwrap(), without);
	let other = module(&[0x20, 0], "runtime_version");
	assert_eq!(run(&compacting(), &other).unwrap(), other);
}

#[test]
fn sign_extension_is_refused() {
	// local.get 0, i32.extend8_s
	let error = run(&lowering(), &module(&[0x20, 0, 0xc0], "x")).unwrap_err();
	assert!(error.to_string().contains("sign extension"), "{error}");
}

#[test]
fn what_is_no_module_is_refused() {
	let dir = tempfile::tempdir().unwrap();
	let file = dir.path().join("module.wasm");
	std::fs::write(&file, b"no module").unwrap();
	assert!(matches!(compacting().run(&file, &file), Err(OptimizationError::Module(_))));
	assert_eq!(std::fs::read(&file).unwrap(), b"no module");
}
