//! Providers that a test kills and starts again: that may cost none of them its stake.
use std::{collections::BTreeMap, net::TcpStream, sync::Arc, time::Duration};

use anyhow::{bail, Context, Result};
use peoples_cloud_client::{
	chain::{Chain, Event},
	node::NodeChain,
};
use peoples_cloud_primitives::{AccountBytes, BlockNumber};

use crate::{network::Provider, process::wait_for};

/// Whoever was dead for no more blocks than this has 4 of the 7 blocks of a challenge's window left to answer it.
const BLOCKS_DEAD: BlockNumber = 3;
/// Blocks of a period on `dev`: in so many there is one challenge.
const PERIOD_BLOCKS: BlockNumber = 12;
/// Time for a provider to start on a busy machine.
const START: Duration = Duration::from_secs(120);

/// Kills providers, and keeps account of it.
#[derive(Debug)]
pub struct Deaths {
	chain: Arc<NodeChain>,
	/// The dead, and the best block when each was killed.
	killed: BTreeMap<AccountBytes, BlockNumber>,
	/// On a busy machine a provider may be dead for most of a challenge's window: how many it may have missed, and is rightly
	/// punished for.
	pardoned: BTreeMap<AccountBytes, u32>,
}

impl Deaths {
	/// Nobody has died yet on that chain.
	pub fn new(chain: Arc<NodeChain>) -> Self {
		Self { chain, killed: BTreeMap::new(), pardoned: BTreeMap::new() }
	}

	/// `kill -9`.
	pub fn kill(&mut self, provider: &mut Provider) -> Result<()> {
		provider.kill()?;
		self.killed.insert(provider.account()?, self.best());
		Ok(())
	}

	/// Starts one that was killed again, and waits until it listens.
	pub fn restart(&mut self, provider: &mut Provider) -> Result<()> {
		let account = provider.account()?;
		let killed = self.killed.remove(&account).context("it was not killed")?;
		provider.restart()?;
		wait_for(START, "the provider to listen", || {
			Ok(TcpStream::connect(("127.0.0.1", provider.port())).ok().map(drop))
		})?;
		let dead = self.best().saturating_sub(killed);
		if dead > BLOCKS_DEAD {
			let missed = 1 + dead / PERIOD_BLOCKS;
			println!("{} was dead for {dead} blocks, and may have missed {missed} challenges", hex::encode(account));
			*self.pardoned.entry(account).or_default() += missed;
		}
		Ok(())
	}

	/// Fails if anybody has missed a proof but those whose challenges came while it was dead for long.
	pub fn cost_nothing(&self, events: &[Event]) -> Result<()> {
		let mut pardoned = self.pardoned.clone();
		for event in events {
			let Event::Missed { provider, .. } = event else { continue };
			let left = pardoned.get_mut(provider).and_then(|left| Some((left.checked_sub(1)?, left)));
			let Some((fewer, left)) = left else { bail!("a restart cost a provider its stake: {event:?}") };
			*left = fewer;
		}
		Ok(())
	}

	fn best(&self) -> BlockNumber {
		self.chain.heads().borrow().best
	}
}
