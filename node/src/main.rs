//! `peoples-cloud-node`: a validator or full node of the People's Cloud.

use peoples_cloud_node_cli::command;
use peoples_cloud_runtime_wasm::WASM_BINARY;

fn main() {
	match command::run(WASM_BINARY) {
		Ok(()) => command::end(0),
		Err(error) => {
			eprintln!("Error: {}", command::explain(&error));
			command::end(1)
		},
	}
}
