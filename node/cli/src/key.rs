//! `key`: the SDK's commands on keys of any kind, without two of their traps. A node key is not printed when nobody said
//! where it goes, and none of them takes a path at which there is no file for a secret.

use std::path::Path;

use clap::{ArgMatches, Command, FromArgMatches, Subcommand};
use sc_cli::{Error, KeySubcommand, Result, SubstrateCli};

const GENERATE_NODE_KEY: &str = "generate-node-key";
/// Words of the shortest phrase that BIP-39 knows.
const SHORTEST_PHRASE: usize = 12;

const NO_PLACE: &str = "the key would be printed, since no place is named for it: name a file by --file, or the \
                        node's directory by --base-path or --default-base-path";
// Without what was given: it may be a secret after all.
const NO_FILE: &str = "the secret looks like a path, and there is no such file: a secret is a phrase, or 0x and \
                       digits, or begins with // for keys that everybody knows";

/// One of the SDK's commands.
#[derive(Debug)]
pub struct KeyCommand {
	command: KeySubcommand,
	/// Why it is not carried out. The SDK keeps its arguments to itself: they are looked at while they are parsed.
	refusal: Option<&'static str>,
}

impl KeyCommand {
	/// Does it.
	pub(crate) fn run<C: SubstrateCli>(&self, cli: &C) -> Result<()> {
		match self.refusal {
			Some(reason) => Err(Error::Input(reason.into())),
			None => self.command.run(cli),
		}
	}
}

/// What is wrong with these arguments, if anything.
fn refusal(arguments: &ArgMatches) -> Option<&'static str> {
	match arguments.subcommand()? {
		(GENERATE_NODE_KEY, given) => {
			let names_place =
				given.contains_id("file") || given.contains_id("base_path") || given.get_flag("default_base_path");
			(!names_place).then_some(NO_PLACE)
		},
		(_, given) => {
			// Of `insert`, and of `inspect`.
			let suri = ["suri", "uri"].iter().find_map(|name| given.try_get_one::<String>(name).ok().flatten())?;
			(looks_like_path(suri) && !Path::new(suri).is_file()).then_some(NO_FILE)
		},
	}
}

/// Whether a secret was hardly meant: slashes, but none of the forms that secrets have. After any of them a slash begins a
/// derivation; before it a phrase has several words, and before `//` there may be nothing.
fn looks_like_path(suri: &str) -> bool {
	suri.split_once('/').is_some_and(|(before, after)| {
		let derives_from_nothing = before.is_empty() && after.starts_with('/');
		let is_seed =
			before.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
		let is_phrase = before.split_whitespace().count() >= SHORTEST_PHRASE;
		!(derives_from_nothing || is_seed || is_phrase)
	})
}

impl FromArgMatches for KeyCommand {
	fn from_arg_matches(arguments: &ArgMatches) -> std::result::Result<Self, clap::Error> {
		Ok(Self { refusal: refusal(arguments), command: KeySubcommand::from_arg_matches(arguments)? })
	}

	fn update_from_arg_matches(&mut self, arguments: &ArgMatches) -> std::result::Result<(), clap::Error> {
		*self = Self::from_arg_matches(arguments)?;
		Ok(())
	}
}

impl Subcommand for KeyCommand {
	fn augment_subcommands(command: Command) -> Command {
		KeySubcommand::augment_subcommands(command).mut_subcommand(GENERATE_NODE_KEY, |command| {
			command
				.about("Generate a random node key, write it to a file and the corresponding peer-id to stderr")
				.mut_arg("file", |file| file.help("Name of file to save secret key to. What is in it is lost"))
		})
	}

	fn augment_subcommands_for_update(command: Command) -> Command {
		Self::augment_subcommands(command)
	}

	fn has_subcommand(name: &str) -> bool {
		KeySubcommand::has_subcommand(name)
	}
}
