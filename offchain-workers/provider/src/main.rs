//! `peoples-cloud-provider`: see the library.
use std::{io::IsTerminal, process::ExitCode};

use anyhow::Context;
use clap::Parser;
use peoples_cloud_provider::{
	config::{Flags, Settings},
	limits::{needed_files, raise_open_files},
	runtime::block_on,
	service::{connect, stop_on_signal, Service},
};
use tracing_subscriber::EnvFilter;

/// Libraries speak up when something is wrong; our own crates tell what they do.
const DEFAULT_LOG: &str = "warn,storage=info,network=info,provider=info,peoples_cloud=info";

fn main() -> ExitCode {
	match run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			// The causes in one line: what an operator needs, and what a log takes.
			eprintln!("error: {error:#}");
			ExitCode::FAILURE
		},
	}
}

fn run() -> anyhow::Result<()> {
	let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
	let colours = std::io::stderr().is_terminal();
	tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
	let settings = Settings::read(Flags::parse())?;
	raise_open_files(needed_files(&settings));
	block_on(serve(settings))?
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
	let stop = stop_on_signal()?;
	let Some(chain) = connect(&settings.url, &stop).await? else { return Ok(()) };
	let mut service = tokio::select! {
		() = stop.cancelled() => return Ok(()),
		started = Service::start(settings, chain) => started.context("the provider cannot start")?,
	};
	tokio::select! {
		() = stop.cancelled() => {
			service.shutdown().await;
			Ok(())
		},
		failure = service.failed() => {
			service.shutdown().await;
			Err(failure.into())
		},
	}
}
