//! `peoples-cloud-node`: a validator or full node of the People's Cloud.

use std::process::ExitCode;

use peoples_cloud_node::command;

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {}", command::explain(&error));
			ExitCode::FAILURE
		},
	}
}
