//! What the command line takes, and how it tells what went wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser;
use peoples_cloud_node_cli::{
	cli::{Cli, Subcommand},
	command::explain,
};
use sc_cli::{Error, SubstrateCli};

fn parse(arguments: &[&str]) -> Cli {
	Cli::try_parse_from([&["peoples-cloud-node"], arguments].concat()).unwrap()
}

#[test]
fn command_line_is_consistent() {
	<Cli as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn node_options_parse() {
	let cli = parse(&[
		"--chain=local",
		"--validator",
		"--name=one",
		"--base-path=/tmp/x",
		"--port=30444",
		"--rpc-port=9955",
		"--bootnodes=/ip4/127.0.0.1/tcp/30333/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
	]);
	assert!(cli.subcommand.is_none());
	assert!(cli.run.validator);
	assert_eq!(cli.run.rpc_params.rpc_port, Some(9955));
}

#[test]
fn subcommands_parse() {
	assert!(matches!(parse(&["key", "generate"]).subcommand, Some(Subcommand::Key(_))));
	assert!(matches!(parse(&["build-spec", "--chain=dev", "--raw"]).subcommand, Some(Subcommand::BuildSpec(_))));
	assert!(matches!(parse(&["export-chain-spec", "--chain=dev"]).subcommand, Some(Subcommand::ExportChainSpec(_))));
	assert!(matches!(parse(&["check-block", "1"]).subcommand, Some(Subcommand::CheckBlock(_))));
	assert!(matches!(parse(&["export-blocks"]).subcommand, Some(Subcommand::ExportBlocks(_))));
	assert!(matches!(parse(&["export-state"]).subcommand, Some(Subcommand::ExportState(_))));
	assert!(matches!(parse(&["import-blocks"]).subcommand, Some(Subcommand::ImportBlocks(_))));
	assert!(matches!(parse(&["purge-chain", "-y", "--dev"]).subcommand, Some(Subcommand::PurgeChain(_))));
	assert!(matches!(parse(&["revert", "10"]).subcommand, Some(Subcommand::Revert(_))));
	assert!(matches!(parse(&["chain-info"]).subcommand, Some(Subcommand::ChainInfo(_))));
}

#[test]
fn node_validates_by_key_name() {
	use sc_cli::CliConfiguration;

	assert!(parse(&["--alice"]).run.role(false).unwrap().is_authority());
	assert!(!parse(&["--chain=local"]).run.role(false).unwrap().is_authority());
	assert!(parse(&["--dev"]).run.role(true).unwrap().is_authority());
}

#[test]
fn unknown_chain_is_explained() {
	let Err(error) = parse(&[]).load_spec("mainnet") else { panic!("there is no such chain") };
	assert_eq!(error, "there is no chain named mainnet: it is neither a file nor one of dev, local, testnet");
}

#[test]
fn broken_specification_is_explained() {
	let file = std::env::temp_dir().join(format!("peoples-cloud-broken-{}.json", std::process::id()));
	std::fs::write(&file, "{}").unwrap();
	let name = file.to_string_lossy().into_owned();
	let Err(error) = parse(&[]).load_spec(&name) else { panic!("the file is no specification") };
	std::fs::remove_file(file).unwrap();
	assert!(error.starts_with(&format!("{name} is no chain specification of this node: ")), "{error}");
}

#[test]
fn explanation_leaves_wrappers_out() {
	let error = Error::Service(sc_service::Error::Other("disk is full".into()));
	assert_eq!(explain(&error), "disk is full");
	assert_eq!(explain(&Error::Input("there is no such chain".into())), "there is no such chain");
}

#[test]
fn port_in_use_is_explained() {
	let cause = std::io::Error::from(std::io::ErrorKind::AddrInUse);
	let error = Error::Service(sc_service::Error::Application(Box::new(cause)));
	assert!(explain(&error).starts_with("a port to listen on is in use"));
}
