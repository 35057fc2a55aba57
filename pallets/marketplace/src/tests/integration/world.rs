//! Clients and providers on the chain, what became of everything, and a second account of all money, kept from events.
use std::collections::{BTreeMap, BTreeSet};

use frame::testing_prelude::*;
use peoples_cloud_primitives::{
	challenge, resource::ResourceKind, terms::AcknowledgementV1, AgreementId, Balance, BlockNumber, ColumnIndex,
	Hash32, Period,
};

use super::{chain::*, holder::*};
use crate::{Agreements, ByProvider, Column, ColumnState, NextAgreement, SignedAck};

/// What a new provider bonds: it backs fifty chunks.
pub(crate) const BOND: Balance = 500;
/// What a new provider has besides.
const POCKET: Balance = 2_000;
/// Price of an offer: a planck per chunk and period.
pub(crate) const PRICE: Balance = 1 << 20;
/// A client's limit where the price is no concern.
pub(crate) const ANY_PRICE: Balance = Balance::MAX;

/// What a column earns by a proven period, from one period until another.
type Due = (Balance, Period, Period);

/// Someone asks for columns to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Order {
	pub(crate) client: AccountId,
	/// Places of the providers.
	pub(crate) slots: Vec<usize>,
	/// Names the first column's bytes; the others have the next ones.
	pub(crate) content: u64,
	pub(crate) chunks: u64,
	/// Planck per period for each column.
	pub(crate) rate: Balance,
	pub(crate) duration: u32,
	/// For so many blocks the acknowledgements are good.
	pub(crate) validity: BlockNumber,
}

impl Order {
	/// The first client's, at the offered price.
	pub(crate) fn new(slots: impl IntoIterator<Item = usize>, chunks: u64, duration: u32) -> Self {
		let slots = slots.into_iter().collect();
		Self { client: client(0), slots, content: 0, chunks, rate: chunks.into(), duration, validity: 20 }
	}
}

/// An account of the market's money, from nothing but the events.
#[derive(Default)]
struct Books {
	/// By open agreement: what was locked, and what was paid back.
	agreements: BTreeMap<AgreementId, (Balance, Balance)>,
	/// Locked for all agreements, and paid back, in all.
	locked: Balance,
	paid_back: Balance,
	/// Credited to all providers, and earned with all settled agreements.
	credited: Balance,
	settled: Balance,
	/// Paid back by adding it to the client's earnings.
	kept: Balance,
	withdrawn: Balance,
}

/// Sees to it that an honest provider gets what is its due.
struct Watch {
	account: AccountId,
	/// Credited, for a period whose resolution is about to be told.
	credit: Option<Balance>,
	/// Periods that were paid.
	paid: u32,
}

pub(crate) struct World {
	/// All providers there ever were.
	pub(crate) holders: Vec<Holder>,
	/// Those that steps speak of.
	pub(crate) slots: Vec<usize>,
	/// By slot, whether the provider proves.
	pub(crate) awake: Vec<bool>,
	/// How often what happened.
	pub(crate) seen: BTreeMap<&'static str, u32>,
	/// All columns' bytes.
	bytes: BTreeMap<Hash32, Vec<u8>>,
	/// Blocks without randomness.
	seedless: BTreeSet<BlockNumber>,
	nonce: u128,
	books: Books,
	watch: Option<Watch>,
}

impl World {
	/// A world with so many providers.
	pub(crate) fn new(providers: usize) -> Self {
		let mut world = Self {
			holders: Vec::new(),
			slots: Vec::new(),
			awake: vec![true; providers],
			seen: BTreeMap::new(),
			bytes: BTreeMap::new(),
			seedless: BTreeSet::new(),
			nonce: 0,
			books: Books::default(),
			watch: None,
		};
		for _ in 0..providers {
			let index = world.found();
			world.slots.push(index);
		}
		for slot in 0..providers {
			assert_ok!(world.register(slot));
		}
		world
	}

	/// A new provider's account with some money; answers its index.
	pub(crate) fn found(&mut self) -> usize {
		let holder = Holder::new(u8::try_from(self.holders.len() + 1).expect("few providers are ever needed"));
		let gift = pallet_balances::Call::transfer_allow_death { dest: holder.account.clone(), value: BOND + POCKET };
		assert_ok!(self.dispatch(&bank(), gift));
		self.holders.push(holder);
		self.holders.len() - 1
	}

	/// From now on, nothing may happen to the provider in this slot that does not happen to an honest one.
	pub(crate) fn watch(&mut self, slot: usize) {
		self.watch = Some(Watch { account: self.provider(slot), credit: None, paid: 0 });
	}

	/// How often an event was seen.
	pub(crate) fn count(&self, what: &str) -> u32 {
		self.seen.get(what).copied().unwrap_or_default()
	}

	/// Periods that the watched provider was paid for.
	pub(crate) fn paid(&self) -> u32 {
		self.watch.as_ref().unwrap().paid
	}

	pub(crate) fn holder(&self, slot: usize) -> &Holder {
		&self.holders[self.slots[slot]]
	}

	/// The account of the provider in a slot.
	pub(crate) fn provider(&self, slot: usize) -> AccountId {
		self.holder(slot).account.clone()
	}

	/// Dispatches a signed call, and notes what comes of it.
	pub(crate) fn dispatch(&mut self, who: &AccountId, call: impl Into<RuntimeCall>) -> DispatchResultWithPostInfo {
		self.dispatch_by(RuntimeOrigin::signed(who.clone()), call.into())
	}

	/// Dispatches a call of the root.
	pub(crate) fn force(&mut self, call: impl Into<RuntimeCall>) -> DispatchResultWithPostInfo {
		self.dispatch_by(RuntimeOrigin::root(), call.into())
	}

	fn dispatch_by(&mut self, origin: RuntimeOrigin, call: RuntimeCall) -> DispatchResultWithPostInfo {
		let dues = self.dues();
		let announced = call.get_dispatch_info().call_weight;
		let name = format!("{:?}", call.get_call_metadata());
		let result = call.dispatch(origin);
		let actual = match &result {
			Ok(info) => info.actual_weight,
			Err(error) => error.post_info.actual_weight,
		};
		assert!(actual.is_none_or(|actual| actual.all_lte(announced)), "{name} weighs more than it says");
		self.take_note(&dues);
		result
	}

	/// What the watched provider earns by proving periods, as of now.
	fn dues(&self) -> Vec<Due> {
		let Some(watch) = &self.watch else { return Vec::new() };
		ByProvider::<Test>::iter_prefix(&watch.account)
			.map(|(id, place)| {
				let column = &Agreements::<Test>::get(id).unwrap().columns[usize::from(place)];
				(column.rate, column.start, column.end)
			})
			.collect()
	}

	/// Takes note of all events since the last look.
	fn take_note(&mut self, dues: &[Due]) {
		let events = System::events();
		System::reset_events();
		for record in events {
			let what = self.note(&record.event);
			*self.seen.entry(what).or_default() += 1;
			self.judge(&record.event, dues);
		}
	}

	/// Keeps the books and the holders' leaves; answers the event's name.
	fn note(&mut self, event: &RuntimeEvent) -> &'static str {
		use crate::Event as Market;
		use pallet_escrow::Event as Pot;
		use pallet_providers::Event as Register;
		use pallet_storage_proofs::Event as Proofs;
		match event {
			RuntimeEvent::Marketplace(event) => match event {
				Market::AgreementOpened { agreement, price, .. } => {
					self.books.agreements.insert(*agreement, (*price, 0));
					self.books.locked += price;
					"opened"
				},
				Market::Extended { agreement, price, .. } => {
					self.books.agreements.get_mut(agreement).unwrap().0 += price;
					self.books.locked += price;
					"extended"
				},
				Market::Closing { agreement, refunded, .. } => {
					self.books.agreements.get_mut(agreement).unwrap().1 += refunded;
					"closed"
				},
				Market::AgreementEnded { agreement, earned, refunded } => {
					let (locked, paid_back) = self.books.agreements.remove(agreement).unwrap();
					assert_eq!(locked, paid_back + refunded + earned, "agreement {agreement} does not add up");
					self.books.settled += earned;
					"settled"
				},
				Market::ColumnLost { .. } => "column lost",
				Market::ColumnReplaced { .. } => "column replaced",
				_ => "other",
			},
			RuntimeEvent::Escrow(event) => match event {
				Pot::Credited { amount, .. } => {
					self.books.credited += amount;
					"credited"
				},
				Pot::Refunded { amount, .. } => {
					self.books.paid_back += amount;
					"refunded"
				},
				Pot::RefundKept { amount, .. } => {
					self.books.paid_back += amount;
					self.books.kept += amount;
					"refund kept"
				},
				Pot::Withdrawn { amount, .. } => {
					self.books.withdrawn += amount;
					"withdrawn"
				},
				_ => "other",
			},
			RuntimeEvent::StorageProofs(event) => match event {
				Proofs::LeafAppended { provider, number, leaf } => {
					let bytes = self.bytes.get(&leaf.root).cloned();
					self.find(provider).on_appended(*number, *leaf, bytes);
					"leaf appended"
				},
				Proofs::LeafRemoved { provider, number } => {
					self.find(provider).on_removed(*number);
					"leaf removed"
				},
				Proofs::Proven { .. } => "proven",
				Proofs::Missed { reporter: Some(_), .. } => "missed and reported",
				Proofs::Missed { reporter: None, .. } => "missed in silence",
				Proofs::Stale { .. } => "stale",
				Proofs::Excused { .. } => "excused",
				Proofs::Rested { .. } => "rested",
				Proofs::Suspended { .. } => "suspended",
				Proofs::Reinstated { .. } => "reinstated",
				Proofs::Terminated { .. } => "terminated",
				Proofs::ParamsSet { .. } => "proof parameters set",
				_ => "other",
			},
			RuntimeEvent::Providers(event) => match event {
				Register::Slashed { .. } => "slashed",
				Register::SlashShared { .. } => "slash shared",
				Register::Leaving { .. } => "leaving",
				Register::Removed { provider } => {
					self.find(provider).on_gone();
					"gone"
				},
				Register::Withdrawn { .. } => "stake withdrawn",
				Register::Bonded { .. } => "bonded",
				Register::Unbonding { .. } => "unbonding",
				_ => "other",
			},
			_ => "other",
		}
	}

	fn find(&mut self, account: &AccountId) -> &mut Holder {
		self.holders.iter_mut().find(|holder| holder.account == *account).expect("only providers hold leaves")
	}

	/// Whether the event may happen to an honest provider.
	fn judge(&mut self, event: &RuntimeEvent, dues: &[Due]) {
		use pallet_providers::{Event as Register, Standing};
		use pallet_storage_proofs::Event as Proofs;
		let Some(watch) = &mut self.watch else { return };
		let due = |at: Period| -> Balance {
			dues.iter().filter(|(_, start, end)| (*start..*end).contains(&at)).map(|(rate, ..)| rate).sum()
		};
		let mine = |provider: &AccountId| *provider == watch.account;
		match event {
			RuntimeEvent::Escrow(pallet_escrow::Event::Credited { provider, amount }) if mine(provider) => {
				assert_eq!(watch.credit.replace(*amount), None, "two credits for one period");
			},
			RuntimeEvent::StorageProofs(Proofs::Proven { provider, period }) if mine(provider) => {
				let credit = watch.credit.take();
				assert_eq!(credit.unwrap_or_default(), due(*period), "period {period} was not paid as agreed");
				watch.paid += u32::from(credit.is_some());
			},
			RuntimeEvent::StorageProofs(Proofs::Excused { provider, period }) if mine(provider) => {
				let slot = challenge::slot_block(&provider.clone().into(), *period, PERIOD).unwrap();
				assert!(due(*period) == 0 || self.seedless.contains(&slot), "period {period} was excused");
			},
			RuntimeEvent::StorageProofs(Proofs::Rested { provider, from, until }) if mine(provider) => {
				assert!((*from..*until).all(|period| due(period) == 0), "periods {from} to {until} were left out");
			},
			RuntimeEvent::StorageProofs(
				Proofs::Missed { provider, .. }
				| Proofs::Stale { provider, .. }
				| Proofs::Suspended { provider }
				| Proofs::Terminated { provider, .. },
			)
			| RuntimeEvent::Providers(Register::Slashed { provider, .. })
			| RuntimeEvent::Marketplace(crate::Event::ColumnLost { provider, .. })
				if mine(provider) =>
			{
				panic!("an honest provider suffers {event:?} in block {}", System::block_number())
			},
			_ => {},
		}
		let standing = pallet_providers::Providers::<Test>::get(&watch.account).map(|info| info.standing);
		assert!(
			!matches!(standing, Some(Standing::Suspended | Standing::Terminated)),
			"an honest provider is {standing:?}"
		);
	}

	/// The invariants, and that the chain's money is what the books say.
	pub(crate) fn check(&self) {
		check();
		let books = &self.books;
		let totals = Escrow::totals();
		assert_eq!(totals.locked, books.locked - books.paid_back - books.credited, "the locks are not what was locked");
		assert_eq!(
			totals.earned,
			books.credited + books.kept - books.withdrawn,
			"the earnings are not what was earned"
		);
		assert_eq!(books.agreements.len(), Agreements::<Test>::iter_keys().count());
		for holder in &self.holders {
			let Some(duty) = StorageProofs::duty(holder.account.clone()) else {
				assert_eq!(holder.chunks(), 0, "a commitment was forgotten");
				continue;
			};
			assert_eq!(duty.holdings.total_chunks(), holder.chunks(), "a commitment is not of its leaves");
			for (id, place) in ByProvider::<Test>::iter_prefix(&holder.account) {
				let column = &Agreements::<Test>::get(id).unwrap().columns[usize::from(place)];
				let leaf = holder.leaf(column.leaf);
				assert_eq!((leaf.agreement, leaf.root), (id, column.root), "a column has another's leaf");
			}
		}
	}

	/// Registers the provider of a slot, with an offer.
	pub(crate) fn register(&mut self, slot: usize) -> DispatchResultWithPostInfo {
		let who = self.provider(slot);
		let mut peer_id = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
		peer_id.extend(<[u8; 32]>::from(who.clone()));
		let call = pallet_providers::Call::register {
			peer_id: peer_id.try_into().unwrap(),
			addresses: Default::default(),
			operator: b"operator".to_vec().try_into().unwrap(),
			region: Default::default(),
			bond: BOND,
		};
		self.dispatch(&who, call)?;
		self.offer(slot, PRICE, 60, MARKET.max_duration)
	}

	pub(crate) fn offer(
		&mut self,
		slot: usize,
		price: Balance,
		capacity: u64,
		max_duration: u32,
	) -> DispatchResultWithPostInfo {
		let offer = pallet_providers::Offer { price, capacity, min_duration: 1, max_duration };
		let who = self.provider(slot);
		self.dispatch(&who, pallet_providers::Call::set_offer { kind: ResourceKind::Storage, offer })
	}

	/// A provider's word on a column, under an upload's name.
	pub(crate) fn acknowledge(&mut self, order: &Order, slot: usize, content: u64, nonce: u128) -> SignedAck {
		let bytes = column(content, order.chunks);
		let terms = AcknowledgementV1 {
			genesis: System::block_hash(0).0,
			client: order.client.clone().into(),
			provider: self.provider(slot).into(),
			nonce: nonce.to_le_bytes(),
			root: root(&bytes),
			chunks: order.chunks,
			rate: order.rate,
			duration: order.duration,
			valid_until: System::block_number() + order.validity,
		};
		self.bytes.insert(terms.root, bytes);
		self.holder(slot).sign(terms)
	}

	/// A name for an upload that has not been given.
	pub(crate) fn new_nonce(&mut self) -> u128 {
		self.nonce += 1;
		self.nonce
	}

	/// The transaction that opens an agreement.
	pub(crate) fn opening(&mut self, order: &Order) -> crate::Call<Test> {
		let nonce = self.new_nonce();
		let acks: Vec<_> = (order.content..)
			.zip(order.slots.clone())
			.map(|(content, slot)| self.acknowledge(order, slot, content, nonce))
			.collect();
		let acks = acks.try_into().unwrap();
		crate::Call::open_storage { object: [7; 32], codec: 1, k: 1, acks, max_price: ANY_PRICE }
	}

	pub(crate) fn open(&mut self, order: &Order) -> Result<AgreementId, DispatchError> {
		let id = NextAgreement::<Test>::get();
		let call = self.opening(order);
		self.dispatch(&order.client, call).map_err(|error| error.error)?;
		Ok(id)
	}

	/// The transaction that gives a lost column to the provider in a slot, at a rate.
	pub(crate) fn replacement(
		&mut self,
		id: AgreementId,
		place: ColumnIndex,
		slot: usize,
		rate: Balance,
	) -> Option<crate::Call<Test>> {
		let agreement = Agreements::<Test>::get(id)?;
		let lost = agreement.columns.get(usize::from(place))?;
		let terms = AcknowledgementV1 {
			genesis: System::block_hash(0).0,
			client: agreement.client.clone().into(),
			provider: self.provider(slot).into(),
			nonce: self.new_nonce().to_le_bytes(),
			root: lost.root,
			chunks: agreement.chunks,
			rate,
			duration: agreement.end.saturating_sub(StorageProofs::current_period()),
			valid_until: System::block_number() + 20,
		};
		let ack = self.holder(slot).sign(terms);
		Some(crate::Call::replace_column { agreement: id, column: place, ack })
	}

	pub(crate) fn replace(
		&mut self,
		id: AgreementId,
		place: ColumnIndex,
		slot: usize,
		rate: Balance,
	) -> DispatchResultWithPostInfo {
		let call = self.replacement(id, place, slot, rate).ok_or(DispatchError::Other("nothing to replace"))?;
		self.dispatch(&passer_by(), call)
	}

	/// The provider of a slot loses a column, and says so; with the bytes of its leaf, if that is true.
	pub(crate) fn declare_lost(
		&mut self,
		slot: usize,
		agreement: AgreementId,
		place: ColumnIndex,
		truly: bool,
	) -> DispatchResultWithPostInfo {
		let leaf = column_of(agreement, place).map(|column| column.leaf);
		let who = self.provider(slot);
		let result = self.dispatch(&who, crate::Call::declare_lost { agreement, column: place });
		if let (Some(leaf), true, true) = (leaf, truly, result.is_ok()) {
			let index = self.slots[slot];
			self.holders[index].lose(leaf);
		}
		result
	}

	pub(crate) fn settle(&mut self, agreement: AgreementId) -> DispatchResultWithPostInfo {
		self.dispatch(&passer_by(), crate::Call::settle { agreement })
	}

	pub(crate) fn extend(&mut self, agreement: AgreementId, periods: u32) -> DispatchResultWithPostInfo {
		let client = Agreements::<Test>::get(agreement).map_or(client(0), |agreement| agreement.client);
		self.dispatch(&client, crate::Call::extend { agreement, periods, max_price: ANY_PRICE })
	}

	pub(crate) fn report(&mut self, slot: usize, period: Period) -> DispatchResultWithPostInfo {
		let provider = self.provider(slot);
		self.dispatch(&passer_by(), pallet_storage_proofs::Call::report_missed { provider, period })
	}

	pub(crate) fn advance(&mut self, slot: usize) -> DispatchResultWithPostInfo {
		let provider = self.provider(slot);
		self.dispatch(&passer_by(), pallet_storage_proofs::Call::advance { provider })
	}

	/// Proves what the provider's view asks for now. `None` if it asks for nothing.
	pub(crate) fn prove(&mut self, slot: usize) -> Option<DispatchResultWithPostInfo> {
		let holder = self.holder(slot);
		let challenge = holder.challenge()?;
		let proof = Box::new(holder.proof(&challenge));
		let provider = holder.account.clone();
		let call = pallet_storage_proofs::Call::prove { provider, period: challenge.period, proof };
		Some(self.dispatch(&passer_by(), call))
	}

	/// Proves all that the provider's views ask for now. What the views ask for is taken.
	pub(crate) fn prove_all(&mut self, slot: usize) {
		while let Some(result) = self.prove(slot) {
			assert_eq!(result.unwrap().pays_fee, Pays::No);
		}
	}

	/// Removes a leaf.
	pub(crate) fn remove(&mut self, slot: usize, number: u64) -> DispatchResultWithPostInfo {
		let holder = self.holder(slot);
		let provider = holder.account.clone();
		let (leaf, path) = (holder.leaf(number), holder.path(number));
		self.dispatch(&passer_by(), pallet_storage_proofs::Call::remove_leaf { provider, number, leaf, path })
	}

	/// Ends the block.
	pub(crate) fn end_block(&mut self, kind: BlockKind) {
		if kind == BlockKind::Seedless {
			self.seedless.insert(System::block_number());
		}
		finish_block(kind);
		self.take_note(&[]);
	}

	/// A block in which whoever is awake proves, unless it is full.
	pub(crate) fn block(&mut self, kind: BlockKind) {
		for slot in 0..self.slots.len() {
			if self.awake[slot] && kind != BlockKind::Full {
				self.prove_all(slot);
			}
		}
		self.end_block(kind);
	}

	/// Blocks with room and randomness, until this one begins.
	pub(crate) fn run_to(&mut self, block: BlockNumber) {
		while System::block_number() < block {
			self.block(BlockKind::Plain);
		}
	}

	/// The same, until the first block of a period.
	pub(crate) fn run_to_period(&mut self, period: Period) {
		self.run_to(period * PERIOD);
	}

	/// The provider's slot in a period.
	pub(crate) fn slot_block(&self, slot: usize, period: Period) -> BlockNumber {
		challenge::slot_block(&self.provider(slot).into(), period, PERIOD).unwrap()
	}

	/// The provider's first unresolved period.
	pub(crate) fn cursor(&self, slot: usize) -> Period {
		StorageProofs::duty(self.provider(slot)).map_or(0, |duty| duty.first_unresolved)
	}

	/// What the provider has earned and not withdrawn.
	pub(crate) fn earned(&self, slot: usize) -> Balance {
		Escrow::earnings(self.provider(slot))
	}

	/// The provider's whole stake.
	pub(crate) fn stake(&self, slot: usize) -> Balance {
		pallet_providers::Providers::<Test>::get(self.provider(slot)).map_or(0, |info| info.stake())
	}

	/// Lets all that is open come to its end, and everybody take what is theirs. Nothing may remain.
	pub(crate) fn drain(&mut self) {
		// Whatever the parameters became, agreements end within the longest that they were opened or extended for.
		let last = Agreements::<Test>::iter_values().map(|agreement| agreement.end).max().unwrap_or_default();
		let mut patience = 20;
		while Agreements::<Test>::iter_keys().next().is_some() {
			for _ in 0..PERIOD {
				self.block(BlockKind::Plain);
			}
			for provider in self.holders.iter().map(|holder| holder.account.clone()).collect::<Vec<_>>() {
				let _ = self.dispatch(&passer_by(), pallet_storage_proofs::Call::advance { provider });
			}
			for id in Agreements::<Test>::iter_keys().collect::<Vec<_>>() {
				let _ = self.settle(id);
			}
			self.check();
			if StorageProofs::current_period() > last {
				patience -= 1;
				assert!(patience > 0, "an agreement never ends");
			}
		}
		let earners: Vec<_> = pallet_escrow::Earnings::<Test>::iter_keys().collect();
		for who in earners {
			assert_ok!(self.dispatch(&who, pallet_escrow::Call::withdraw {}));
		}
		self.check();
		assert_eq!(Escrow::totals(), Default::default());
		assert_eq!(Balances::free_balance(Escrow::pot()), EXISTENTIAL_DEPOSIT, "something is left in the pot");
		assert_eq!(self.books.credited, self.books.settled, "agreements earned something else than providers");
		assert_eq!(crate::Schedule::<Test>::iter().count(), 0);
		assert_eq!(pallet_providers::Committed::<Test>::iter().count(), 0);
		// All stake comes back, and so have all deposits.
		for holder in self.holders.iter().map(|holder| holder.account.clone()).collect::<Vec<_>>() {
			let _ = self.dispatch(&holder, pallet_providers::Call::leave {});
		}
		let unbonding = pallet_providers::Params::<Test>::get().unbonding_blocks.max(UNBONDING);
		for _ in 0..=unbonding {
			self.end_block(BlockKind::Plain);
		}
		for holder in self.holders.iter().map(|holder| holder.account.clone()).collect::<Vec<_>>() {
			let _ = self.dispatch(&holder, pallet_providers::Call::withdraw_unbonded {});
		}
		self.check();
		assert_eq!(pallet_providers::Providers::<Test>::count(), 0, "a provider cannot leave");
		assert!(
			frame_system::Account::<Test>::iter_values().all(|account| account.data.reserved == 0),
			"money is held for nothing"
		);
	}
}

/// A column of an agreement.
pub(crate) fn column_of(id: AgreementId, place: ColumnIndex) -> Option<Column<AccountId>> {
	Agreements::<Test>::get(id)?.columns.get(usize::from(place)).cloned()
}

/// All lost columns that no provider has, listed or not.
pub(crate) fn lost_columns() -> Vec<(AgreementId, ColumnIndex)> {
	let mut lost: Vec<_> = Agreements::<Test>::iter()
		.flat_map(|(id, agreement)| {
			let places = (0..).zip(agreement.columns).filter(|(_, column)| column.state == ColumnState::Lost);
			places.map(|(place, _)| (id, place)).collect::<Vec<_>>()
		})
		.collect();
	lost.sort();
	lost
}
