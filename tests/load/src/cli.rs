//! The command line: data only.
use clap::{Args, Parser, Subcommand};

/// Measures how much a chain takes.
#[derive(Debug, Parser)]
#[command(name = "load", version)]
pub(crate) struct Arguments {
	/// What to do.
	#[command(subcommand)]
	pub(crate) command: Command,
	/// What concerns every command.
	#[command(flatten)]
	pub(crate) global: Global,
}

/// What concerns every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
	/// The node's WebSocket URL.
	#[arg(long, global = true, default_value = "ws://127.0.0.1:9944")]
	pub(crate) url: String,
	/// Print one JSON document instead of a table.
	#[arg(long, global = true)]
	pub(crate) json: bool,
	/// Longest time to measure, in seconds; funding and signing come before.
	#[arg(long, global = true, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
	pub(crate) seconds: u64,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
	/// Signed transfers a second, on any chain with the pallets System, Timestamp and Balances.
	Transfers(Transfers),
	/// Storage proofs a second, all answers of one moment at once. Registers providers: only for networks made for it.
	Prove(Prove),
	/// A market that goes on for some blocks: proofs, extensions, transfers. Registers providers: only for networks made for
	/// it.
	Market(Market),
	/// Only looks: share of slots filled, finality's lag.
	Watch(Watch),
}

/// How to send.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Sending {
	/// WebSocket connections to submit over.
	#[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
	pub(crate) connections: u8,
}

/// See [`Command::Transfers`].
#[derive(Debug, Args)]
pub(crate) struct Transfers {
	/// Secret of the account that pays for the senders: words, a seed, or a path such as //Alice.
	#[arg(long, default_value = "//Alice")]
	pub(crate) suri: String,
	/// Accounts that send, each one transfer at a time: at least twice what a block takes, and fewer than the node's pool
	/// holds (--pool-limit).
	#[arg(long, default_value_t = 8_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
	pub(crate) senders: u32,
	/// Transfers to send in all.
	#[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
	pub(crate) count: u32,
	/// How to send.
	#[command(flatten)]
	pub(crate) sending: Sending,
}

/// See [`Command::Prove`].
#[derive(Debug, Args)]
pub(crate) struct Prove {
	/// Secret of the account that pays for the providers and is their client.
	#[arg(long, default_value = "//Alice")]
	pub(crate) suri: String,
	/// Providers to register. About half of them have a challenge open at a time.
	#[arg(long, default_value_t = 2_500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
	pub(crate) providers: u32,
	/// Each holds a column of two to the power of so many chunks of 1 KiB: what paths in proofs grow with.
	#[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=16))]
	pub(crate) depth: u8,
	/// How to send.
	#[command(flatten)]
	pub(crate) sending: Sending,
}

/// See [`Command::Market`].
#[derive(Debug, Args)]
pub(crate) struct Market {
	/// Secret of the account that pays for all and is the providers' client.
	#[arg(long, default_value = "//Alice")]
	pub(crate) suri: String,
	/// Blocks of the best chain to go on for; --seconds may end it sooner.
	#[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
	pub(crate) blocks: u32,
	/// Providers to register. Each proves once a period.
	#[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
	pub(crate) providers: u32,
	/// Each holds a column of two to the power of so many chunks of 1 KiB: what paths in proofs grow with.
	#[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=16))]
	pub(crate) depth: u8,
	/// Transfers with each block.
	#[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
	pub(crate) transfers: u32,
}

/// See [`Command::Watch`].
#[derive(Debug, Args)]
pub(crate) struct Watch {
	/// Blocks of the best chain to look at.
	#[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
	pub(crate) blocks: u32,
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn arguments_are_consistent() {
		<Arguments as clap::CommandFactory>::command().debug_assert();
	}

	#[test]
	fn global_flags_go_before_and_after_the_command() {
		for line in ["load --url ws://host:1 watch --blocks 5", "load watch --blocks 5 --url ws://host:1"] {
			let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
			assert_eq!(arguments.global.url, "ws://host:1");
			assert!(matches!(arguments.command, Command::Watch(Watch { blocks: 5 })));
		}
	}
}
