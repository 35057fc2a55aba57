//! The command line: data only.

use std::path::PathBuf;

use sc_cli::{
	BuildSpecCmd, ChainInfoCmd, CheckBlockCmd, ExportBlocksCmd, ExportChainSpecCmd, ExportStateCmd, ImportBlocksCmd,
	PurgeChainCmd, RevertCmd, RunCmd,
};

use crate::{key::KeyCommand, keys::KeysCommand};

/// What was asked of the node.
#[derive(Debug, clap::Parser)]
pub struct Cli {
	/// Something else than running the node.
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,
	/// Where compiled runtimes are kept, so that the next start need not compile them; `runtimes` in the base path without
	/// it. Whoever can write there can make the node do anything.
	#[arg(long, global = true, value_name = "DIR", env = "PEOPLES_CLOUD_RUNTIME_CACHE")]
	pub runtime_cache: Option<PathBuf>,
	/// How to run the node.
	#[clap(flatten)]
	pub run: RunCmd,
	/// The runtime that networks of presets begin with.
	#[arg(skip)]
	pub runtime: Option<&'static [u8]>,
}

/// What the node can do besides running.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
	/// Make, inspect and insert keys of any kind. Prints secrets where it makes them: for a validator see `keys`.
	#[command(subcommand)]
	Key(KeyCommand),
	/// Make and show a validator's session keys; never prints a secret.
	#[command(subcommand)]
	Keys(KeysCommand),
	/// Print a chain specification (older name of `export-chain-spec`, adds a boot node).
	BuildSpec(BuildSpecCmd),
	/// Write a chain specification.
	ExportChainSpec(ExportChainSpecCmd),
	/// Execute a block again and check it.
	CheckBlock(CheckBlockCmd),
	/// Write blocks to a file.
	ExportBlocks(ExportBlocksCmd),
	/// Write a block's state as a chain specification.
	ExportState(ExportStateCmd),
	/// Read blocks from a file.
	ImportBlocks(ImportBlocksCmd),
	/// Remove the chain's data.
	PurgeChain(PurgeChainCmd),
	/// Go back by some blocks that are not finalised.
	Revert(RevertCmd),
	/// Print what the database says about the chain.
	ChainInfo(ChainInfoCmd),
}
