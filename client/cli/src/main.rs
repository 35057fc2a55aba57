//! `ppl`: the People's Cloud from the command line.
//!
//! The result goes to stdout, everything else to stderr. Exit codes: 0 success, 1 failure, 2 wrong usage.
#![warn(missing_docs)]

mod arguments;
mod commands;
mod error;
mod output;
mod progress;
mod session;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::{arguments::Arguments, output::Output};

/// What went wrong must not be lost among the logs: only warnings are logged unless `RUST_LOG` says more. The
/// libraries' own retries and lost peers are reported by the commands.
const DEFAULT_LOG: &str = "warn,libp2p=error,peoples_cloud_network=error,quinn=error";

#[tokio::main]
async fn main() -> ExitCode {
	let arguments = Arguments::parse();
	let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
	tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
	let output = Output::new(arguments.global.json);
	match commands::run(arguments, &output).await {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			output.error(&error);
			ExitCode::FAILURE
		},
	}
}
