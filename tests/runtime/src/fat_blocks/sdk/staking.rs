//! Calls of stakers: stake, sessions' keys, the voters' list, elections.

use codec::{Decode, Encode};
use frame_support::{assert_ok, BoundedVec};
use pallet_election_provider_multi_phase::{
	CurrentPhase, MinerConfig, Phase, RawSolution, Round, SnapshotMetadata, SolutionOf, SolutionOrSnapshotSize,
};
use pallet_staking::{
	slashing, EraInfo, ErasRewardPoints, ErasValidatorReward, Exposure, IndividualExposure, Ledger, MinCommission,
	Nominations, Nominators, Payee, RewardDestination, SlashingSpans, SpanSlash, StakingLedger, UnlockChunk,
	ValidatorPrefs, Validators,
};
use peoples_cloud_runtime::{
	AccountId, Balance, ElectionProviderMultiPhase, Runtime, RuntimeCall, Session, SessionKeys, Staking, PPL,
};
use sp_core::{ecdsa, ed25519, sr25519, Pair};
use sp_runtime::Perbill;

use super::{few, many, signed_by, some, FEW};
use crate::{
	fat_blocks::{
		providers::nothing,
		world::{nobody, person, provider, unique},
		Case,
	},
	transactions::account,
};

/// Nominators whose nominations a block takes, and more.
const NOMINATORS: u32 = 1_000;
/// Validators that one nominator names: the most.
const TARGETS: u32 = 16;
/// Validators whose stakers a block pays, and more.
const PAID: u32 = 13;
/// Of them, those of whom one page is paid.
const PAID_PAGES: u32 = 2;
/// Nominators behind each of them: a full page.
const PAGE: u32 = 256;
/// The era that is paid.
const ERA: u32 = 0;
/// Amounts that can be unbonding at one time: the most.
const CHUNKS: usize = 32;
/// Places in the voters' list from one sender to the next, so that no two of them change the same neighbours.
const SPACING: u32 = 6;
/// Slashes that stake remembers.
const SPANS: u32 = 5;
/// Validators that send nominators away, and how many each.
const KICKERS: u32 = 5;
const KICKED: u32 = 100;
/// Solutions that the chain keeps: the most.
const SOLUTIONS: u32 = 10;
/// Voters in each of them.
const SOLUTION_VOTERS: u32 = 1_000;

fn bond(staker: &sr25519::Pair, value: Balance) {
	assert_ok!(Staking::bond(signed_by(staker), value, RewardDestination::Staked));
}

/// As many as there can be, the last one of them this one.
fn nominations(last: &sr25519::Pair) -> Nominations<Runtime> {
	let targets = (1..TARGETS).map(|number| account(provider(number))).chain([account(last)]).collect();
	Nominations { targets: BoundedVec::truncate_from(targets), submitted_in: 0, suppressed: false }
}

fn change_ledger(staker: &sr25519::Pair, change: impl FnOnce(&mut StakingLedger<Runtime>)) {
	Ledger::<Runtime>::mutate(account(staker), |ledger| change(ledger.as_mut().unwrap()));
}

/// One who sends a call. In the voters' list it stands between two others, in the middle of a bag.
fn staker(number: u32) -> &'static sr25519::Pair {
	person(number * SPACING + 1)
}

/// Another one of the same bag, with less stake.
fn lighter(number: u32) -> &'static sr25519::Pair {
	person(number * SPACING + 4)
}

/// Nominators with that stake, in the list as of after a change of what is kept about it.
fn voters(value: Balance, change: impl Fn(&mut StakingLedger<Runtime>)) {
	for number in 0..FEW * SPACING {
		// One in a hundred more: the bag is the same.
		let more = if number % SPACING == 1 { value / 100 } else { 0 };
		bond(person(number), value + more);
		change_ledger(person(number), &change);
		Staking::do_add_nominator(&account(person(number)), nominations(provider(0)));
	}
}

fn small_voters() {
	voters(100 * PPL, |_| ());
}

/// Enough to validate.
fn large_voters() {
	voters(1_000 * PPL, |_| ());
}

/// Voters with as many amounts unbonding as there can be; all have waited long enough.
fn unbonding() {
	voters(100 * PPL, |ledger| {
		ledger.active -= CHUNKS as Balance * PPL;
		ledger.unlocking = BoundedVec::truncate_from(vec![UnlockChunk { value: PPL, era: ERA }; CHUNKS]);
	});
}

/// Remembers slashes of that stake.
fn slashed(staker: &sr25519::Pair) {
	let stash = account(staker);
	// Index and start of the span that goes on, the last slash, and the lengths of those before.
	let spans = (SPANS - 1, 100u32, 0u32, vec![1u32; SPANS as usize - 1]).encode();
	SlashingSpans::<Runtime>::insert(&stash, slashing::SlashingSpans::decode(&mut &spans[..]).unwrap());
	for span in 0..SPANS {
		let record = slashing::SpanRecord { slashed: PPL, paid_out: PPL };
		SpanSlash::<Runtime>::insert((stash.clone(), span), record);
	}
}

/// Voters all of whose stake can be taken back, and who were slashed.
fn withdrawable() {
	voters(100 * PPL, |ledger| {
		ledger.unlocking = BoundedVec::truncate_from(vec![UnlockChunk { value: ledger.active, era: ERA }]);
		ledger.active = 0;
	});
	(0..FEW).for_each(|number| slashed(staker(number)));
}

/// Voters that slashes have left nothing.
fn wiped_out() {
	voters(100 * PPL, |ledger| {
		ledger.total = 0;
		ledger.active = 0;
	});
	(0..FEW).for_each(|number| slashed(staker(number)));
}

/// Voters who stand where they do not belong.
fn misplaced() {
	small_voters();
	for number in 0..FEW {
		change_ledger(staker(number), |ledger| ledger.active = Balance::from(number + 2) * 100 * PPL);
	}
}

/// Validators to name, and nominators with stake.
fn nominating() {
	for number in 0..TARGETS {
		Validators::<Runtime>::insert(account(provider(number)), ValidatorPrefs::default());
	}
	(0..NOMINATORS).for_each(|number| bond(person(number), 100 * PPL));
}

/// Validators whose nominators name them last.
fn nominated() {
	for number in 0..KICKERS {
		bond(person(number), 100 * PPL);
		for nominator in number * KICKED..(number + 1) * KICKED {
			Nominators::<Runtime>::insert(account(provider(nominator)), nominations(person(number)));
		}
	}
}

/// An era in which validators earned rewards for themselves and a page of nominators each, who all put them to their stake.
fn rewarded(validators: u32) {
	ErasValidatorReward::<Runtime>::insert(ERA, 10_000 * PPL);
	for number in 0..validators {
		let stash = account(person(number));
		bond(person(number), 100 * PPL);
		let nominators = (number * PAGE..(number + 1) * PAGE).map(provider);
		let others: Vec<_> = nominators
			.map(|nominator| {
				bond(nominator, 100 * PPL);
				IndividualExposure { who: account(nominator), value: 100 * PPL }
			})
			.collect();
		let own = 100 * PPL;
		let exposure = Exposure { total: own * Balance::from(PAGE + 1), own, others };
		EraInfo::<Runtime>::set_exposure(ERA, &stash, exposure);
		ErasRewardPoints::<Runtime>::mutate(ERA, |points| {
			points.total += 20;
			points.individual.insert(stash, 20);
		});
	}
}

fn all_rewarded() {
	rewarded(PAID);
}

fn some_rewarded() {
	rewarded(PAID_PAGES);
}

/// Validators who take less than all must.
fn below_commission() {
	MinCommission::<Runtime>::put(Perbill::from_percent(5));
	for number in 0..FEW {
		Validators::<Runtime>::insert(account(provider(number)), ValidatorPrefs::default());
	}
}

/// Stakers who are paid as nobody is any more.
#[allow(deprecated, reason = "the call is for those who are paid so")]
fn paid_to_controller() {
	for number in 0..FEW {
		bond(person(number), 100 * PPL);
		Payee::<Runtime>::insert(account(person(number)), RewardDestination::<AccountId>::Controller);
	}
}

/// Keys of that kind, and the proof that whoever sets them has them.
fn keys(kind: &str, number: u32) -> (SessionKeys, Vec<u8>) {
	let mut statement = b"POP_".to_vec();
	statement.extend(account(person(number)).encode());
	let seed = unique(kind, number);
	let sr25519 = sr25519::Pair::from_seed(&seed);
	let ed25519 = ed25519::Pair::from_seed(&seed);
	let ecdsa = ecdsa::Pair::from_seed(&seed);
	let keys = SessionKeys {
		babe: sr25519.public().into(),
		grandpa: ed25519.public().into(),
		authority_discovery: sr25519.public().into(),
		beefy: ecdsa.public().into(),
	};
	let babe = sr25519.sign(&statement);
	let authority_discovery = sr25519.sign(&statement);
	let proof = (babe, ed25519.sign(&statement), authority_discovery, ecdsa.sign(&statement));
	(keys, proof.encode())
}

/// People with keys.
fn with_keys() {
	for number in 0..FEW {
		let (keys, proof) = keys("old keys", number);
		assert_ok!(Session::set_keys(signed_by(person(number)), keys, proof));
	}
}

/// A solution that says how good it is. Nobody checks it before the phase is over.
fn solution(score: u32) -> Box<RawSolution<SolutionOf<Runtime>>> {
	let mut solution = <Runtime as MinerConfig>::Solution::default();
	solution.votes1.extend((0..SOLUTION_VOTERS).map(|voter| (voter, 0)));
	let mut raw = RawSolution { solution, score: Default::default(), round: Round::<Runtime>::get() };
	raw.score.minimal_stake = score.into();
	Box::new(raw)
}

/// The phase in which anybody can send a solution; there are as many as there can be, and each is better than the last one.
fn electing() {
	CurrentPhase::<Runtime>::put(Phase::<u32>::Signed);
	SnapshotMetadata::<Runtime>::put(SolutionOrSnapshotSize { voters: SOLUTION_VOTERS, targets: 100 });
	for number in 0..SOLUTIONS {
		assert_ok!(ElectionProviderMultiPhase::submit(signed_by(provider(number)), solution(number + 1)));
	}
}

pub(crate) fn cases() -> Vec<Case> {
	stakes().into_iter().chain(roles()).chain(lists()).chain(sessions()).collect()
}

fn stakes() -> Vec<Case> {
	use pallet_staking::Call;

	vec![
		many("Staking.bond", nothing, |number| {
			let call = Call::bond { value: 100 * PPL, payee: RewardDestination::Staked };
			(person(number), RuntimeCall::Staking(call))
		}),
		// To another bag.
		few("Staking.bond_extra", small_voters, |number| {
			let max_additional = Balance::from(number + 1) * 100 * PPL;
			(staker(number), RuntimeCall::Staking(Call::bond_extra { max_additional }))
		}),
		// All, which takes it from the list, and with no room left for the amount, which takes back those that were there.
		few("Staking.unbond", unbonding, |number| {
			(staker(number), RuntimeCall::Staking(Call::unbond { value: 1_000 * PPL }))
		}),
		// All, to another bag.
		few("Staking.rebond", unbonding, |number| {
			(staker(number), RuntimeCall::Staking(Call::rebond { value: 1_000 * PPL }))
		}),
		few("Staking.withdraw_unbonded", withdrawable, |number| {
			(staker(number), RuntimeCall::Staking(Call::withdraw_unbonded { num_slashing_spans: SPANS }))
		}),
		few("Staking.reap_stash", wiped_out, |number| {
			let call = Call::reap_stash { stash: account(staker(number)), num_slashing_spans: SPANS };
			(provider(number), RuntimeCall::Staking(call))
		}),
		many("Staking.payout_stakers", all_rewarded, |number| {
			let call = Call::payout_stakers { validator_stash: account(person(number)), era: ERA };
			(person(PAID + number), RuntimeCall::Staking(call))
		}),
		some(PAID_PAGES, "Staking.payout_stakers_by_page", some_rewarded, |number| {
			let validator_stash = account(person(number));
			let call = Call::payout_stakers_by_page { validator_stash, era: ERA, page: 0 };
			(person(PAID + number), RuntimeCall::Staking(call))
		}),
	]
}

fn roles() -> Vec<Case> {
	use pallet_staking::Call;

	vec![
		many("Staking.nominate", nominating, |number| {
			let targets = (0..TARGETS).map(|target| account(provider(target)).into()).collect();
			(person(number), RuntimeCall::Staking(Call::nominate { targets }))
		}),
		// Out of the list of nominators.
		few("Staking.validate", large_voters, |number| {
			let prefs = ValidatorPrefs { commission: Perbill::from_percent(10), blocked: true };
			(staker(number), RuntimeCall::Staking(Call::validate { prefs }))
		}),
		few("Staking.chill", small_voters, |number| (staker(number), RuntimeCall::Staking(Call::chill {}))),
		// Others can be chilled only once root has said when.
		few("Staking.chill_other", small_voters, |number| {
			(staker(number), RuntimeCall::Staking(Call::chill_other { stash: account(staker(number)) }))
		}),
		few("Staking.set_payee", small_voters, |number| {
			let payee = RewardDestination::Account(nobody(number));
			(staker(number), RuntimeCall::Staking(Call::set_payee { payee }))
		}),
		few("Staking.update_payee", paid_to_controller, |number| {
			let controller = account(person(number));
			(provider(number), RuntimeCall::Staking(Call::update_payee { controller }))
		}),
		some(KICKERS, "Staking.kick", nominated, |number| {
			let kicked = number * KICKED..(number + 1) * KICKED;
			let who = kicked.map(|nominator| account(provider(nominator)).into()).collect();
			(person(number), RuntimeCall::Staking(Call::kick { who }))
		}),
		few("Staking.force_apply_min_commission", below_commission, |number| {
			let validator_stash = account(provider(number));
			(person(number), RuntimeCall::Staking(Call::force_apply_min_commission { validator_stash }))
		}),
	]
}

fn lists() -> Vec<Case> {
	use pallet_bags_list::Call;

	vec![
		few("VoterList.rebag", misplaced, |number| {
			let dislocated = account(staker(number)).into();
			(provider(number), RuntimeCall::VoterList(Call::rebag { dislocated }))
		}),
		few("VoterList.put_in_front_of", small_voters, |number| {
			let lighter = account(lighter(number)).into();
			(staker(number), RuntimeCall::VoterList(Call::put_in_front_of { lighter }))
		}),
		few("VoterList.put_in_front_of_other", small_voters, |number| {
			let heavier = account(staker(number)).into();
			let lighter = account(lighter(number)).into();
			(provider(number), RuntimeCall::VoterList(Call::put_in_front_of_other { heavier, lighter }))
		}),
	]
}

fn sessions() -> Vec<Case> {
	vec![
		// In the place of others.
		few("Session.set_keys", with_keys, |number| {
			let (keys, proof) = keys("new keys", number);
			(person(number), RuntimeCall::Session(pallet_session::Call::set_keys { keys, proof }))
		}),
		few("Session.purge_keys", with_keys, |number| {
			(person(number), RuntimeCall::Session(pallet_session::Call::purge_keys {}))
		}),
		// Better than all that there are: the worst one goes.
		some(5, "ElectionProviderMultiPhase.submit", electing, |number| {
			let call =
				pallet_election_provider_multi_phase::Call::submit { raw_solution: solution(SOLUTIONS + 1 + number) };
			(person(number), RuntimeCall::ElectionProviderMultiPhase(call))
		}),
	]
}
