//! `ppl rm`: stop paying for an object.
use clap::Args;
use peoples_cloud_client::{
	chain::{AgreementInfo, Call, Certainty, Chain, ChainError, ColumnState, Event},
	format::format_ppl,
	wallet::Signer,
};
use peoples_cloud_primitives::{challenge, AgreementId, Balance, BlockNumber, Hash32};
use serde::Serialize;

use crate::{
	arguments::Global,
	commands::{object, own_agreements},
	error::CommandError,
	output::Output,
	progress, session,
};

/// Blocks that a reorganisation may change: far more than it does in practice.
const REORGANISED_BLOCKS: BlockNumber = 32;

/// See the module.
#[derive(Debug, Args)]
pub(crate) struct Rm {
	/// The object's id.
	#[arg(value_name = "ID", value_parser = object)]
	object: Hash32,
	/// Wait until everything is settled and what is left was paid back.
	#[arg(long)]
	settle: bool,
}

#[derive(Serialize)]
struct Removed {
	#[serde(serialize_with = "peoples_cloud_client::format::cid")]
	object: Hash32,
	agreements: Vec<Closed>,
	/// Planck paid back in all.
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	refunded: Balance,
	settled: bool,
}

#[derive(Serialize)]
struct Closed {
	agreement: AgreementId,
	#[serde(serialize_with = "peoples_cloud_client::format::planck")]
	refunded: Balance,
}

pub(crate) async fn run(rm: Rm, global: &Global, output: &Output) -> Result<(), CommandError> {
	let signer = session::signer(global)?;
	let chain = session::chain(global).await?;
	let own = own_agreements(&*chain, rm.object, signer.account()).await?;
	let since = chain.heads().borrow().best;
	let mut closed = Vec::new();
	for agreement in &own {
		let wait = progress::wait(format!("closing agreement {}", agreement.id));
		let refunded = close(&*chain, &signer, agreement).await;
		wait.finish_and_clear();
		closed.push(Closed { agreement: agreement.id, refunded: refunded? });
	}
	if rm.settle {
		let wait = progress::wait("waiting for the last proofs, then settling");
		for closed in &mut closed {
			let refunded = settle(&*chain, &signer, closed.agreement, since).await?;
			closed.refunded = closed.refunded.saturating_add(refunded);
		}
		wait.finish_and_clear();
	}
	let refunded = closed.iter().fold(0, |sum: Balance, closed| sum.saturating_add(closed.refunded));
	let removed = Removed { object: rm.object, agreements: closed, refunded, settled: rm.settle };
	output.result(&removed, || format_ppl(refunded))?;
	output.note(match rm.settle {
		true => "Removed, and settled: that much was paid back.",
		false => "Removed: that much was paid back, the rest follows when the last periods are settled.",
	});
	Ok(())
}

/// Closes an agreement, unless it was closed or has ended; answers what was refunded at once.
async fn close(chain: &dyn Chain, signer: &Signer, agreement: &AgreementInfo) -> Result<Balance, CommandError> {
	let period_blocks = chain.proof_params().await?.period_blocks;
	let period = challenge::period_of(chain.heads().borrow().best, period_blocks);
	if agreement.closing || agreement.end <= period {
		return Ok(0);
	}
	let inclusion = chain.submit(signer, Call::Close(agreement.id), Certainty::Finalised).await?;
	Ok(inclusion.amount.unwrap_or_default())
}

/// Waits until an agreement is settled, by its providers or by us; answers what that refunded. Whatever happened
/// after block `since` is looked at.
async fn settle(
	chain: &dyn Chain,
	signer: &Signer,
	id: AgreementId,
	since: BlockNumber,
) -> Result<Balance, CommandError> {
	let period_blocks = chain.proof_params().await?.period_blocks;
	let mut heads = chain.heads();
	let mut seen = since;
	let mut gone_at = None;
	let mut tried = 0;
	loop {
		let best = heads.borrow_and_update().best;
		for number in seen.saturating_add(1)..=best {
			for event in chain.events(number).await? {
				match event {
					Event::AgreementEnded { agreement, refunded, .. } if agreement == id => return Ok(refunded),
					_ => {},
				}
			}
		}
		seen = best;
		let Some(agreement) = chain.agreement(id).await? else {
			// Settled between the two reads, so that its event is in a block to come; or a reorganisation has moved it
			// into one that was read before.
			let gone_at = *gone_at.get_or_insert(best);
			if best >= gone_at.saturating_add(period_blocks) {
				return Err(CommandError::SettlementUnseen(id));
			}
			seen = since.max(best.saturating_sub(REORGANISED_BLOCKS));
			wait(&mut heads).await?;
			continue;
		};
		gone_at = None;
		let period = challenge::period_of(best, period_blocks);
		// Once a period at most: an attempt that is too early costs its fee.
		if period > tried && may_settle(chain, &agreement, period).await? {
			tried = period;
			match chain.submit(signer, Call::Settle(id), Certainty::Included).await {
				Ok(inclusion) => return Ok(inclusion.amount.unwrap_or_default()),
				// Too early, or somebody was faster; or the fee, most of which comes back, is more than there is, and the
				// providers are waited for, who settle as well.
				Err(ChainError::Refused { .. } | ChainError::NotIncluded(_) | ChainError::NoFunds { .. }) => {},
				Err(error) => return Err(error.into()),
			}
		}
		wait(&mut heads).await?;
	}
}

/// Whether settling may succeed: all columns' last periods are judged, or so long past that judging them is part
/// of settling.
async fn may_settle(chain: &dyn Chain, agreement: &AgreementInfo, period: u32) -> Result<bool, CommandError> {
	for column in agreement.columns.iter().filter(|column| column.state == ColumnState::Held) {
		if period >= column.end.saturating_add(2) {
			continue;
		}
		let judged = chain.duty(column.provider).await?.map_or(0, |duty| duty.first_unresolved);
		if judged < column.end {
			return Ok(false);
		}
	}
	Ok(true)
}

async fn wait(heads: &mut tokio::sync::watch::Receiver<peoples_cloud_client::chain::Head>) -> Result<(), CommandError> {
	heads.changed().await.map_err(|_| CommandError::Lost)
}

#[cfg(test)]
mod tests;
