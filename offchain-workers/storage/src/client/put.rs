//! Storing a file: one pass over it pushes all columns at once, one transaction opens the agreement.
//!
//! Nothing is paid before everything is in place. A provider that is refused or lost before the first byte is simply
//! another one; one that fails in the middle of its column is replaced in a further pass over the file that encodes
//! the missing columns alone. If the process dies, the providers drop what they have when the intents expire.
use std::{
	collections::{BTreeMap, BTreeSet},
	fs::{File, Metadata},
	io,
	os::unix::fs::MetadataExt,
	path::{Path, PathBuf},
	sync::Arc,
	time::{Duration, SystemTime},
};

use peoples_cloud_client::{
	chain::{Call, Certainty, Chain, ChainError, Event, Inclusion, Needs, ProviderInfo},
	format::format_ppl,
	wallet::Signer,
};
use peoples_cloud_erasure::{codec, CodeError};
use peoples_cloud_primitives::{
	manifest::{Manifest, ManifestV1, CODEC_NOVELPOLY},
	terms::{Acknowledgement, AcknowledgementV1, IntentNonce},
	AccountBytes, AgreementId, Balance, BlockNumber, Hash32,
};
use tokio::time::sleep;
use upload::Upload;

use super::{
	may_become_final,
	placement::{Candidates, DEFAULT_CODES},
	PlacementError, Progress, ProgressFn, Requirements,
};
use crate::{
	object::{
		seal::{ObjectKey, Sealer},
		stripes::{StripeError, StripeMaker},
		Layout, LayoutError,
	},
	transfer::client::TransferClient,
};

mod upload;

pub(super) use upload::{Cost, Terms};

/// Passes over the file: the first, and so many more to replace providers that failed in the middle of a column. Those
/// that cost next to nothing are not counted: they end with the providers, or with the intents.
const PASSES: usize = 4;
/// How long an upload may take, in blocks: 100 minutes on the main network, enough for 4 GiB at 8 of 24 over a line of
/// 2.2 MB/s. Providers keep what was never paid for no longer, and accept 1,200 blocks: the difference is more than
/// two nodes are ever apart.
pub(super) const VALIDITY_BLOCKS: BlockNumber = 1_000;
/// Times that the transaction is sent if it gets lost. The chain takes an acknowledgement once, so that repeating it
/// cannot pay twice.
const SUBMISSIONS: usize = 3;
/// Pause before looking whether a transaction that got lost was included after all, in slots: a block, and one more for
/// the way to its author.
const SUBMISSION_SLOTS: u32 = 2;
/// Milliseconds of a slot if the node does not tell: those of the main network.
const SLOT_MILLIS: u64 = 6_000;

/// What to store and how.
#[derive(Clone, Debug)]
pub struct PutOptions {
	/// Columns that restore the object, and columns in all. `None`: the first of [`DEFAULT_CODES`] for which there are
	/// enough providers.
	pub code: Option<(u16, u16)>,
	/// Length of the agreement in periods.
	pub periods: u32,
	/// Most planck for the whole term. `None`: whatever the best providers ask.
	pub max_price: Option<Balance>,
	/// Regions that are fine; empty: all.
	pub regions: Vec<String>,
	/// How sure to be of the transaction before `put` returns.
	pub certainty: Certainty,
	/// How long the upload may take, in blocks; providers accept about 1,200.
	pub validity_blocks: BlockNumber,
}

impl PutOptions {
	/// For so many periods, with the defaults for the rest.
	pub fn for_periods(periods: u32) -> Self {
		Self {
			code: None,
			periods,
			max_price: None,
			regions: Vec::new(),
			certainty: Certainty::Finalised,
			validity_blocks: VALIDITY_BLOCKS,
		}
	}
}

/// What was stored.
#[derive(Clone, Debug)]
pub struct PutOutcome {
	/// The object's id.
	pub object: Hash32,
	/// The agreement.
	pub agreement: AgreementId,
	/// Planck locked for the whole term.
	pub price: Balance,
	/// The manifest.
	pub manifest: Manifest,
	/// Where the transaction is.
	pub inclusion: Option<Inclusion>,
}

/// Why a file was not stored. Nothing was paid unless it says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
	/// The file cannot be opened.
	#[error("{} cannot be read: {source}", path.display())]
	Open {
		/// The file.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
	},
	/// It is a directory or a device.
	#[error("{} is not a regular file; store files one by one, or an archive of them", .0.display())]
	NotAFile(PathBuf),
	/// It is empty or too long.
	#[error(transparent)]
	Layout(#[from] LayoutError),
	/// The code is impossible.
	#[error(transparent)]
	Code(#[from] CodeError),
	/// The chain could not be asked or refused.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// There are not enough providers.
	#[error(transparent)]
	Placement(#[from] PlacementError),
	/// It costs more than allowed.
	#[error(
		"the price is {} for the whole term, and at most {} are allowed; allow more or choose a shorter term",
		format_ppl(*price),
		format_ppl(*max_price)
	)]
	TooExpensive {
		/// Planck of the cheapest choice.
		price: Balance,
		/// Planck allowed.
		max_price: Balance,
	},
	/// The account cannot pay.
	#[error(
		"this needs {} ({needs}), and the account has {}; send it PPL or choose a shorter term",
		format_ppl(needs.total()),
		format_ppl(*free)
	)]
	TooLittleMoney {
		/// What is needed; the amount is the price for the whole term.
		needs: Needs,
		/// Planck there are.
		free: Balance,
	},
	/// The file could not be read or encoded.
	#[error(transparent)]
	Stripe(#[from] StripeError),
	/// The file changed.
	#[error("the file changed while it was being stored; store it again when nothing writes to it (nothing was paid)")]
	FileChanged,
	/// Too many providers failed.
	#[error(
		"{missing} columns found no provider that takes them; try again later, nothing was paid ({})",
		reasons.join("; ")
	)]
	ProvidersFailed {
		/// Columns without a provider.
		missing: usize,
		/// What went wrong, the newest last.
		reasons: Vec<String>,
	},
	/// Too few providers took the manifest.
	#[error(
		"only {stored} of the {needed} providers needed took the manifest; try again later, nothing was paid ({})",
		reasons.join("; ")
	)]
	ManifestRefused {
		/// Providers that took it.
		stored: usize,
		/// Providers that have to.
		needed: usize,
		/// What went wrong.
		reasons: Vec<String>,
	},
	/// The upload took too long.
	#[error(
		"the upload took longer than the providers' promises last; try again over a faster line (nothing was paid)"
	)]
	Expired,
	/// Nobody knows whether the transaction was included.
	#[error(
		"the transaction got lost ({0}); it may still open the agreement: look at `ppl ls` in some minutes before you \
		 try again"
	)]
	Unknown(ChainError),
	/// The agreement is open, but the block with it may still be dropped.
	#[error(
		"agreement {0} is open, but the chain does not finalise its block; look at `ppl ls` in some minutes before you \
		 try again"
	)]
	NotFinal(AgreementId),
}

/// Stores a file.
pub async fn put(
	chain: &dyn Chain,
	transfer: &TransferClient,
	signer: &Signer,
	path: &Path,
	options: &PutOptions,
	progress: &ProgressFn<'_>,
) -> Result<PutOutcome, PutError> {
	let (file, identity) = open(path).await?;
	let nonce: IntentNonce = rand::random();
	let providers = chain.providers().await?;
	let Plan { k, n, layout, candidates } = plan(&providers, identity.length, &nonce, options)?;
	let periods = Balance::from(options.periods);
	let price = candidates.quote(n.into()).saturating_mul(periods);
	let needs = chain.needs(signer, &sample(n, price)).await?;
	let free = chain.free_balance(signer.account()).await?;
	if free < needs.total() {
		return Err(PutError::TooLittleMoney { needs, free });
	}
	// Providers that take the place of others may cost more, as far as there is money.
	let spendable = free.saturating_sub(needs.overhead());
	progress(Progress::Placed { k, n, price });

	let codec = codec(CODEC_NOVELPOLY, k.into(), n.into())?;
	let key = ObjectKey::random();
	let cipher = key.wrap(signer);
	let sealer = Sealer::new(&key, &cipher, layout.segments());
	let maker = Arc::new(StripeMaker::new(file, sealer, layout, codec));
	let head = *chain.heads().borrow();
	let mut upload = Upload {
		transfer,
		signer,
		layout,
		n: n.into(),
		terms: Terms {
			genesis: chain.genesis(),
			nonce,
			valid_until: head.best.saturating_add(options.validity_blocks),
		},
		max_rate: options.max_price.unwrap_or(spendable).min(spendable).checked_div(periods).unwrap_or(0),
		candidates,
		placed: BTreeMap::new(),
		tags: Vec::new(),
		progress,
	};
	let mut passes = 0;
	while passes < PASSES {
		passes += usize::from(!upload.pass(&maker).await?);
		let now = tokio::fs::metadata(path).await.map_err(|source| PutError::Open { path: path.into(), source })?;
		if Identity::of(&now) != identity {
			return Err(PutError::FileChanged);
		}
		if upload.missing().is_empty() {
			break;
		}
		if chain.heads().borrow().best >= upload.terms.valid_until {
			return Err(PutError::Expired);
		}
	}
	let missing = upload.missing().len();
	if missing > 0 {
		return Err(upload.providers_failed(missing));
	}

	let manifest = Manifest::V1(ManifestV1 {
		plain_bytes: layout.plain_bytes(),
		segment_bytes: layout.segment_bytes(),
		cipher,
		codec: CODEC_NOVELPOLY,
		k,
		shard_bytes: layout.shard_bytes(),
		columns: upload.columns(),
	});
	upload.spread(&manifest, usize::from(n - k) + 1).await?;
	if chain.heads().borrow().best >= upload.terms.valid_until {
		return Err(PutError::Expired);
	}
	progress(Progress::Submitting);
	let acknowledgements: Vec<(Acknowledgement, [u8; 64])> =
		upload.placed.into_values().map(|placed| placed.ack.into_parts()).collect();
	let price = acknowledgements.iter().map(|(ack, _)| price_of(ack)).fold(0, Balance::saturating_add);
	let object = manifest.id();
	let call = Call::OpenStorage { object, codec: CODEC_NOVELPOLY, k, acknowledgements, max_price: price };
	let (agreement, inclusion) = submit(chain, signer, object, call, options.certainty).await?;
	let price = inclusion.and_then(|inclusion| inclusion.amount).unwrap_or(price);
	Ok(PutOutcome { object, agreement, price, manifest, inclusion })
}

/// What a file was when it was opened: if it is something else later, it was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
	length: u64,
	inode: u64,
	modified: Option<SystemTime>,
}

impl Identity {
	fn of(metadata: &Metadata) -> Self {
		Self { length: metadata.len(), inode: metadata.ino(), modified: metadata.modified().ok() }
	}
}

async fn open(path: &Path) -> Result<(File, Identity), PutError> {
	let failed = |source| PutError::Open { path: path.into(), source };
	let file = tokio::fs::File::open(path).await.map_err(failed)?;
	let metadata = file.metadata().await.map_err(failed)?;
	if !metadata.is_file() {
		return Err(PutError::NotAFile(path.into()));
	}
	Ok((file.into_std().await, Identity::of(&metadata)))
}

/// Which code, which layout, which providers.
struct Plan {
	k: u16,
	n: u16,
	layout: Layout,
	candidates: Candidates,
}

fn plan(
	providers: &[ProviderInfo],
	plain_bytes: u64,
	nonce: &IntentNonce,
	options: &PutOptions,
) -> Result<Plan, PutError> {
	let codes = match options.code {
		Some(code) => vec![code],
		None => DEFAULT_CODES.to_vec(),
	};
	let mut failure = None;
	for (k, n) in codes {
		// The code is checked before anything is said about providers.
		codec(CODEC_NOVELPOLY, k.into(), n.into())?;
		let layout = Layout::plan(plain_bytes, k)?;
		let requirements = Requirements {
			chunks: layout.column_chunks(),
			periods: options.periods,
			or_longer: false,
			regions: &options.regions,
			max_rate: None,
			except: &BTreeSet::new(),
			except_operators: &BTreeSet::new(),
			tie_break: nonce,
		};
		let mut candidates = Candidates::choose(providers, &requirements);
		if let Err(error) = candidates.require(n.into()) {
			failure = Some(error);
			continue;
		}
		if let Some(max_price) = options.max_price {
			let price = |candidates: &Candidates| candidates.quote(n.into()).saturating_mul(options.periods.into());
			if price(&candidates) > max_price {
				candidates.cheapest_first();
			}
			if price(&candidates) > max_price {
				return Err(PutError::TooExpensive { price: price(&candidates), max_price });
			}
		}
		return Ok(Plan { k, n, layout, candidates });
	}
	// The last code is the one that asks least; there is at least one.
	Err(failure.map_or(PutError::Layout(LayoutError::Empty), PutError::Placement))
}

/// A call that opens an agreement, as long as the one that will: its fee and its deposit are known before anything is
/// sent.
fn sample(n: u16, price: Balance) -> Call {
	let ack = AcknowledgementV1 {
		genesis: [0; 32],
		client: [0; 32],
		provider: [0; 32],
		nonce: [0; 16],
		root: [0; 32],
		chunks: 0,
		rate: 0,
		duration: 0,
		valid_until: 0,
	};
	let acknowledgements = vec![(Acknowledgement::V1(ack), [0; 64]); n.into()];
	Call::OpenStorage { object: [0; 32], codec: CODEC_NOVELPOLY, k: 1, acknowledgements, max_price: price }
}

fn price_of(acknowledgement: &Acknowledgement) -> Balance {
	let Acknowledgement::V1(ack) = acknowledgement;
	ack.rate.saturating_mul(ack.duration.into())
}

/// Sends the transaction, and finds out what became of it if it gets lost.
async fn submit(
	chain: &dyn Chain,
	signer: &Signer,
	object: Hash32,
	call: Call,
	certainty: Certainty,
) -> Result<(AgreementId, Option<Inclusion>), PutError> {
	let slot = Duration::from_millis(chain.slot_millis().await.unwrap_or(SLOT_MILLIS));
	let mut search = Search {
		chain,
		client: signer.account(),
		object,
		certainty,
		pause: slot.saturating_mul(SUBMISSION_SLOTS),
		// What is final by now has no block with the transaction.
		next: chain.heads().borrow().finalised.saturating_add(1),
		opened: Vec::new(),
	};
	let mut lost = None;
	for _ in 0..SUBMISSIONS {
		match chain.submit(signer, call.clone(), certainty).await {
			Ok(inclusion) => {
				if let Some(agreement) = inclusion.agreement {
					return Ok((agreement, Some(inclusion)));
				}
				lost = Some(ChainError::Incompatible("no AgreementOpened event in the block".into()));
			},
			Err(error) if error.is_retryable() => lost = Some(error),
			// Repeated after it was included unnoticed, it is refused: then the agreement is there.
			Err(error) => match lost.is_some() {
				true => lost = Some(error),
				false => return Err(error.into()),
			},
		}
		if let Some(agreement) = search.run().await? {
			return Ok((agreement, None));
		}
	}
	Err(PutError::Unknown(lost.unwrap_or_else(|| ChainError::NotIncluded("sent too often".into()))))
}

/// Looks for the agreement that a lost transaction may have opened.
struct Search<'a> {
	chain: &'a dyn Chain,
	client: AccountBytes,
	object: Hash32,
	certainty: Certainty,
	/// Before it is looked for, and before it is held for gone.
	pause: Duration,
	/// The first block that was not final when last looked at.
	next: BlockNumber,
	/// Agreements about the object that were opened in final blocks.
	opened: Vec<AgreementId>,
}

impl Search<'_> {
	/// The agreement, once it is as certain as asked; `None` if there is none and none is likely to come.
	async fn run(&mut self) -> Result<Option<AgreementId>, PutError> {
		sleep(self.pause).await;
		let mut heads = self.chain.heads();
		let begun = heads.borrow().best;
		let mut seen = None;
		loop {
			let head = *heads.borrow_and_update();
			let Some(agreement) = self.agreement().await else {
				// A block that was dropped gives its transactions back to the pool, mostly, and another takes them.
				if seen.take().is_none() {
					return Ok(None);
				}
				sleep(self.pause).await;
				continue;
			};
			seen = Some(agreement);
			if self.certainty == Certainty::Included {
				return Ok(seen);
			}
			self.read_final(head.finalised).await;
			if self.opened.contains(&agreement) {
				return Ok(seen);
			}
			if !may_become_final(begun, head, &mut heads).await {
				return Err(PutError::NotFinal(agreement));
			}
		}
	}

	/// The client's agreement about the object in the best block.
	async fn agreement(&self) -> Option<AgreementId> {
		let agreements = self.chain.agreements_by_object(self.object).await.ok()?;
		agreements.iter().find(|agreement| agreement.client == self.client).map(|agreement| agreement.id)
	}

	/// Reads what was opened in blocks that are final now. Those that cannot be read are read with the next head.
	async fn read_final(&mut self, finalised: BlockNumber) {
		while self.next <= finalised {
			let Ok(events) = self.chain.events(self.next).await else { return };
			self.opened.extend(events.iter().filter_map(|event| match event {
				Event::AgreementOpened { agreement, object } if *object == self.object => Some(*agreement),
				_ => None,
			}));
			self.next += 1;
		}
	}
}

#[cfg(test)]
mod tests;
