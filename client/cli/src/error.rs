//! Why a command failed: one sentence that says what to do.
use std::{io, path::PathBuf};

use peoples_cloud_client::{
	chain::ChainError,
	format::{format_ppl, FormatError},
	wallet::{KeystoreError, SecretError},
};
use peoples_cloud_network::StartError;
use peoples_cloud_primitives::{AgreementId, Balance};
use peoples_cloud_storage::client::{GetError, PutError, RepairError};

use crate::commands::devnet::DevnetError;

/// See the module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CommandError {
	#[error(transparent)]
	Chain(#[from] ChainError),
	#[error(transparent)]
	Keystore(#[from] KeystoreError),
	#[error(transparent)]
	Secret(#[from] SecretError),
	#[error(transparent)]
	Format(#[from] FormatError),
	#[error(transparent)]
	Devnet(#[from] DevnetError),
	#[error(transparent)]
	Network(#[from] StartError),
	#[error(transparent)]
	Put(#[from] PutError),
	#[error(transparent)]
	Get(#[from] GetError),
	#[error(transparent)]
	Repair(#[from] RepairError),
	#[error("no account is given; name one with --suri or --wallet, or make one with `ppl wallet new NAME`")]
	NoAccount,
	#[error("you have several wallets; name one with --wallet (`ppl wallet list` shows them)")]
	ManyAccounts,
	#[error("a password is needed and there is no terminal to ask on; give --password-file")]
	NoPassword,
	#[error("a secret is needed and there is no terminal to ask on; give --phrase-file or --suri")]
	NoSecret,
	#[error("the two passwords differ; try again")]
	PasswordsDiffer,
	#[error("the terminal cannot be read: {0}")]
	Terminal(io::Error),
	#[error("the result cannot be written: {0}")]
	Stdout(io::Error),
	#[error("{} cannot be read: {error}", path.display())]
	Read { path: PathBuf, error: io::Error },
	#[error("{} cannot be written: {error}", path.display())]
	Write { path: PathBuf, error: io::Error },
	#[error("{} is empty; there is nothing to store", .0.display())]
	EmptyFile(PathBuf),
	#[error("{} is no file; give a file, or pack the folder into one first", .0.display())]
	NotAFile(PathBuf),
	#[error("{} is a directory; name a file in it", .0.display())]
	IsADirectory(PathBuf),
	#[error("interrupted")]
	Interrupted,
	#[error("the chain knows no object {0}; check the id, and whether it was removed or has expired")]
	UnknownObject(String),
	#[error("none of the agreements over {0} is this account's; act as the account that stored it")]
	NotYours(String),
	#[error("{0} is not registered as a provider; register with `ppl provider register`, or let the daemon do it")]
	NotAProvider(String),
	#[error("{0} is registered as a provider already; `ppl provider status` shows it")]
	AlreadyAProvider(String),
	#[error("a provider must bond at least {}; give a higher --bond than {}", format_ppl(*least), format_ppl(*bond))]
	BondTooLow { bond: Balance, least: Balance },
	#[error("{0}")]
	BadOffer(&'static str),
	#[error("{} is a {kind}, which cannot be written to; name a file", path.display())]
	NotWritable { path: PathBuf, kind: &'static str },
	#[error("{} is a link that leads nowhere; remove it, or name the file that it should lead to", .0.display())]
	DanglingLink(PathBuf),
	#[error("{failed} of the lost columns could not be repaired ({reason}); try again later")]
	PartlyRepaired { failed: usize, reason: RepairError },
	#[error("agreement {0} was settled, but the node does not show how; `ppl wallet balance` shows what came back")]
	SettlementUnseen(AgreementId),
	#[error("{0} is too long for this chain; give fewer days or periods")]
	TooLong(String),
	#[error("the object's agreement is being closed; store the file anew with `ppl put`")]
	Closing,
	#[error("it costs {}, more than --max-price {}; allow more, or give fewer days", format_ppl(*price), format_ppl(*max_price))]
	TooDear { price: Balance, max_price: Balance },
	#[error("the node's blocks can no longer be followed; try again")]
	Lost,
}
