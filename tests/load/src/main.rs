//! `load`: how much a chain takes, measured over a node's JSON-RPC.
//!
//! - [`cli`]: what can be asked.
//! - [`node`]: the node: reads of blocks, by the runtime's own metadata.
//! - [`observe`]: follows best and finalised blocks.
//! - [`senders`]: accounts that pay, and their signed transactions.
//! - [`submit`]: keeps the pool full over several connections until the count or the time is over.
//! - [`transfers`], [`prove`], [`market`]: what is sent; [`providers`] are made up for the latter two, each with the same
//!   [`column`].
//! - [`report`]: what comes of it, as a table or as JSON.
//!
//! The result goes to stdout, everything else to stderr. Exit codes: 0 success, 1 failure, 2 wrong usage.

mod cli;
mod column;
mod market;
mod node;
mod observe;
mod prove;
mod providers;
mod report;
mod senders;
mod submit;
mod transfers;

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Result;
use clap::Parser;

use crate::{
	cli::{Arguments, Command},
	node::Node,
	report::Report,
};

#[tokio::main]
async fn main() -> ExitCode {
	let arguments = Arguments::parse();
	let json = arguments.global.json;
	match run(arguments).await {
		Ok(report) => {
			match json {
				true => println!("{}", report.json()),
				false => println!("{report}"),
			}
			ExitCode::SUCCESS
		},
		Err(error) => {
			eprintln!("error: {error:#}");
			ExitCode::FAILURE
		},
	}
}

async fn run(arguments: Arguments) -> Result<Report> {
	let node = Arc::new(Node::connect(&arguments.global.url).await?);
	let seconds = Duration::from_secs(arguments.global.seconds);
	match arguments.command {
		Command::Transfers(options) => transfers::run(&node, &options, seconds).await,
		Command::Prove(options) => prove::run(&node, &options, seconds).await,
		Command::Market(options) => market::run(&node, &options, seconds).await,
		Command::Watch(options) => observe::watch(&node, options.blocks, seconds).await,
	}
}
