//! A state in which every map is deep: thousands of accounts, all providers with as much to them as there can be, and an
//! agreement of the most columns with every 64 of them.
//!
//! Lengths and parameters are production's. The agreements began in period 10, of which nobody has proven anything yet,
//! and the measured block is in period 16.

use std::sync::OnceLock;

use codec::{Decode, Encode};
use frame_support::{assert_ok, traits::fungible::Mutate};
use pallet_marketplace::SignedAck;
use pallet_providers::{
	Address, Addresses, Offer, Operator, PeerId, ProviderInfo, Region, UnbondChunk, MAX_ADDRESSES, MAX_ADDRESS_BYTES,
	MAX_OPERATOR_BYTES, MAX_REGION_BYTES, MAX_UNBONDING,
};
use pallet_storage_proofs::{BlockSeed, BlockSeeds, Duties, Duty, Params, Snapshots};
use peoples_cloud_primitives::{
	challenge,
	holdings::{Commitment, Leaf, Node, MAX_HEIGHT},
	resource::ResourceKind,
	terms::{Acknowledgement, AcknowledgementV1},
	Hash32, Period,
};
use peoples_cloud_runtime::{
	genesis_config_presets::TESTNET, AccountId, Balance, Balances, Marketplace, Providers, Runtime, RuntimeOrigin,
	System, MILLI, PPL,
};
use sp_core::{sr25519, Pair};
use sp_io::{hashing::blake2_256, TestExternalities};

use crate::{
	chain::{begin_block, end_block, genesis, state},
	transactions::account,
};

/// Columns of each agreement: the most.
pub(crate) const COLUMNS: u32 = 64;
/// Agreements: more than a block can close.
pub(crate) const AGREEMENTS: u32 = 54;
/// Providers: more than a block has transactions of, and every column has its own.
pub(crate) const PROVIDERS: u32 = AGREEMENTS * COLUMNS;
/// Others: more than a block has transactions of.
const PEOPLE: u32 = 2_400;

/// The number of the one who has the key that can do everything.
pub(crate) const SUDO: u32 = 0;

/// The block that is measured: by then, the ring of seeds is full.
pub(crate) const NOW: u32 = 10_000;
/// The last block of period 9, so that every provider's first period is the next.
const OPENED: u32 = 5_999;
/// The first period of all agreements, and the cursor of all providers.
pub(crate) const FIRST: Period = 10;
/// The period of the measured block.
pub(crate) const CURRENT: Period = 16;
/// Blocks whose seeds the chain keeps.
const RING: u32 = 4_096;
/// Commitments that can be kept aside for one provider.
const OPEN: u32 = 8;

/// What every account begins with.
const WEALTH: Balance = 10_000 * PPL;
/// Every provider's stake.
const BOND: Balance = 200 * PPL;
/// Planck per period for every column.
pub(crate) const RATE: Balance = MILLI;
/// Chunks of every column.
pub(crate) const CHUNKS: u64 = 1_024;
/// Periods of every agreement.
pub(crate) const DURATION: u32 = 100;

fn keys() -> &'static [sr25519::Pair] {
	static KEYS: OnceLock<Vec<sr25519::Pair>> = OnceLock::new();
	KEYS.get_or_init(|| {
		let seeds = (0..PROVIDERS + PEOPLE).map(|number| blake2_256(&number.to_le_bytes()));
		seeds.map(|seed| sr25519::Pair::from_seed(&seed)).collect()
	})
}

/// The key of a provider.
pub(crate) fn provider(number: u32) -> &'static sr25519::Pair {
	assert!(number < PROVIDERS, "the block takes more transactions than there are providers");
	&keys()[number as usize]
}

/// The key of somebody else.
pub(crate) fn person(number: u32) -> &'static sr25519::Pair {
	assert!(number < PEOPLE, "the block takes more transactions than there are people");
	&keys()[(PROVIDERS + number) as usize]
}

/// The number of the provider of a column.
pub(crate) fn holder(agreement: u32, column: u32) -> u32 {
	agreement * COLUMNS + column
}

/// A column of an agreement, another one for each number: all agreements take turns.
pub(crate) fn column_of(number: u32) -> (u32, u32) {
	(number % AGREEMENTS, number / AGREEMENTS)
}

/// A hash that nothing else has.
pub(crate) fn unique(kind: &str, number: u32) -> [u8; 32] {
	blake2_256(&(kind, number).encode())
}

/// An account that does not exist.
pub(crate) fn nobody(number: u32) -> AccountId {
	unique("nobody", number).into()
}

/// A peer id that no provider has.
pub(crate) fn peer_id(kind: &str, number: u32) -> PeerId {
	let mut bytes = vec![0x12, 0x20];
	bytes.extend(unique(kind, number));
	PeerId::truncate_from(bytes)
}

/// As many addresses as there can be, of the greatest length.
pub(crate) fn addresses(byte: u8) -> Addresses {
	let address = Address::truncate_from(vec![byte; MAX_ADDRESS_BYTES as usize]);
	Addresses::truncate_from(vec![address; MAX_ADDRESSES as usize])
}

/// The longest label.
pub(crate) fn operator(letter: u8) -> Operator {
	Operator::truncate_from(vec![letter; MAX_OPERATOR_BYTES as usize])
}

/// The longest label.
pub(crate) fn region(letter: u8) -> Region {
	Region::truncate_from(vec![letter; MAX_REGION_BYTES as usize])
}

/// An offer that takes all.
pub(crate) fn offer() -> Offer {
	Offer { price: 1, capacity: u64::MAX / 2, min_duration: 1, max_duration: u32::MAX }
}

/// The root of a column of any agreement.
pub(crate) fn root(column: u32) -> Hash32 {
	[column as u8; 32]
}

/// What a provider grants a client for a column.
pub(crate) fn acknowledge(client: &sr25519::Pair, provider: &sr25519::Pair, upload: &str, root: Hash32) -> SignedAck {
	let ack = Acknowledgement::V1(AcknowledgementV1 {
		genesis: System::block_hash(0u32).0,
		client: client.public().0,
		provider: provider.public().0,
		nonce: blake2_256(upload.as_bytes())[..16].try_into().unwrap(),
		root,
		chunks: CHUNKS,
		rate: RATE,
		duration: DURATION,
		valid_until: System::block_number() + 100,
	});
	let signature = provider.sign(&ack.signing_bytes()).0;
	SignedAck { ack, signature }
}

/// The acknowledgements of as many providers as an agreement can have, from that number on.
pub(crate) fn acknowledge_all(client: &sr25519::Pair, first: u32, upload: &str) -> Vec<SignedAck> {
	(0..COLUMNS).map(|column| acknowledge(client, provider(first + column), upload, root(column))).collect()
}

/// The largest commitment that there can be: a peak of each height. Whatever is appended joins them all.
pub(crate) fn heavy() -> Commitment {
	let mut peaks = vec![Node::ZERO; MAX_HEIGHT - 1];
	peaks.push(Leaf { agreement: u64::MAX, root: [1; 32], chunks: 2 }.node());
	commitment((1 << MAX_HEIGHT) - 1, peaks)
}

/// Holdings of which only the first leaf has chunks, as far below its peak as that, and that leaf's path.
pub(crate) fn tall(leaf: &Leaf, height: u32) -> (Commitment, Vec<Node>) {
	let path = vec![Node::ZERO; height as usize];
	let mut peaks = vec![Node::ZERO; height as usize + 1];
	peaks[0] = path.iter().fold(leaf.node(), |node, sibling| Node::parent(&node, sibling).unwrap());
	(commitment((2 << height) - 1, peaks), path)
}

fn commitment(leaves: u64, peaks: Vec<Node>) -> Commitment {
	Commitment::decode(&mut &(leaves, peaks).encode()[..]).unwrap()
}

/// Changes a provider's record.
pub(crate) fn change_provider(provider: &AccountId, change: impl FnOnce(&mut ProviderInfo)) {
	pallet_providers::Providers::<Runtime>::mutate(provider, |info| change(info.as_mut().unwrap()));
}

/// Changes a provider's duty.
pub(crate) fn change_duty(provider: &AccountId, change: impl FnOnce(&mut Duty)) {
	Duties::<Runtime>::mutate_extant(provider, change);
}

/// Keeps as many commitments aside for a provider as there can be, from a period on.
pub(crate) fn keep_aside(provider: &AccountId, first: Period) {
	for period in first..first + OPEN {
		Snapshots::<Runtime>::insert(provider, period, heavy());
	}
}

/// The last period of a provider whose challenge is fixed when the measured block begins.
pub(crate) fn last_fixed(provider: &AccountId) -> Period {
	let slot = challenge::slot_block(&provider.clone().into(), CURRENT, Params::<Runtime>::get().period_blocks);
	if slot.unwrap() <= NOW {
		CURRENT
	} else {
		CURRENT - 1
	}
}

/// The randomness of a block.
pub(crate) fn randomness(block: u32) -> Hash32 {
	[block as u8; 32]
}

/// Fills the ring with blocks that had room, or none: then all windows are still open.
pub(crate) fn note_blocks(room: bool) {
	for block in NOW - RING..NOW {
		let noted = BlockSeed { block, seed: Some(randomness(block)), roomy: if room { block } else { 0 } };
		BlockSeeds::<Runtime>::insert(block % RING, noted);
	}
}

fn register(number: u32) {
	let origin = RuntimeOrigin::signed(account(provider(number)));
	let id = peer_id("provider", number);
	assert_ok!(Providers::register(origin.clone(), id, addresses(1), operator(b'o'), region(b'r'), BOND));
	assert_ok!(Providers::set_offer(origin, ResourceKind::Storage, offer()));
	// All but one of the amounts that can be unbonding at one time.
	change_provider(&account(provider(number)), |info| {
		for at in 1..MAX_UNBONDING {
			info.bonded -= 1;
			info.unbonding.try_push(UnbondChunk { amount: 1, at }).unwrap();
		}
	});
}

fn open(agreement: u32) {
	let client = person(agreement);
	let acks = acknowledge_all(client, holder(agreement, 0), &format!("agreement {agreement}"));
	assert_ok!(Marketplace::open_storage(
		RuntimeOrigin::signed(account(client)),
		unique("object", agreement),
		1,
		1,
		acks.try_into().unwrap(),
		Balance::MAX,
	));
}

/// Makes the state, as of the block before the one that is measured.
pub(crate) fn world() -> TestExternalities {
	let mut world = state(&genesis(TESTNET));
	world.execute_with(|| {
		begin_block(1);
		end_block();
		for key in keys() {
			Balances::mint_into(&account(key), WEALTH).unwrap();
		}
		pallet_sudo::Key::<Runtime>::put(account(person(SUDO)));
		System::set_block_number(OPENED);
		(0..PROVIDERS).for_each(register);
		(0..AGREEMENTS).for_each(open);
		for number in 0..PROVIDERS {
			change_duty(&account(provider(number)), |duty| {
				assert_eq!(duty.first_unresolved, FIRST);
				duty.holdings = heavy();
			});
		}
		System::set_block_number(NOW - 1);
		note_blocks(false);
		// What would be done about the blocks that were left out is done.
		pallet_marketplace::PrunedUpTo::<Runtime>::put(NOW);
		pallet_scheduler::IncompleteSince::<Runtime>::put(NOW);
		System::reset_events();
	});
	world.commit_all().unwrap();
	world
}

/// The state after a change.
pub(crate) fn changed(world: &mut TestExternalities, change: impl FnOnce()) -> TestExternalities {
	world.execute_with(change);
	let mut changed = TestExternalities::new_empty();
	changed.backend = world.as_backend();
	world.reset_overlay();
	changed
}
