use peoples_cloud_client::chain::Offer;
use peoples_cloud_network::Keypair;

use super::*;

const GIB: u64 = 1 << 20;
const PASSING: TransferError = TransferError::TimedOut;
const FOR_GOOD: TransferError = TransferError::BadManifest;

fn provider(number: u8) -> ProviderInfo {
	ProviderInfo {
		account: [number; 32],
		peer_id: Keypair::generate_ed25519().public().to_peer_id().to_bytes(),
		addresses: Vec::new(),
		operator: format!("operator {number}"),
		region: "eu".into(),
		bonded: 1,
		active: true,
		standing: "active".into(),
		offer: Some(Offer { price: 1_000, capacity_chunks: 10 * GIB, min_duration: 10, max_duration: 100 }),
		committed_chunks: 0,
		score_ppm: 500_000,
	}
}

fn choose(providers: &[ProviderInfo], change: impl FnOnce(&mut Requirements<'_>)) -> Candidates {
	let (except, operators) = (BTreeSet::new(), BTreeSet::new());
	let mut requirements = Requirements {
		chunks: GIB,
		periods: 20,
		or_longer: false,
		regions: &[],
		max_rate: None,
		except: &except,
		except_operators: &operators,
		tie_break: b"upload",
	};
	change(&mut requirements);
	Candidates::choose(providers, &requirements)
}

fn accounts(mut candidates: Candidates) -> Vec<u8> {
	std::iter::from_fn(|| candidates.take(Balance::MAX)).map(|candidate| candidate.peer.account[0]).collect()
}

#[test]
fn reputation_comes_first_then_the_price_within_a_class() {
	let mut providers: Vec<ProviderInfo> = (0..4).map(provider).collect();
	providers[2].score_ppm = 990_000;
	providers[2].offer.as_mut().unwrap().price = 5_000;
	providers[3].score_ppm = 960_000;
	providers[3].offer.as_mut().unwrap().price = 4_000;
	providers[0].offer.as_mut().unwrap().price = 999;
	assert_eq!(accounts(choose(&providers, |_| {})), [3, 2, 0, 1]);
	let mut candidates = choose(&providers, |_| {});
	assert_eq!(candidates.quote(2), 9_000);
	candidates.cheapest_first();
	assert_eq!(candidates.quote(2), 1_999);
}

#[test]
fn ties_are_broken_by_the_upload_and_always_alike() {
	let providers: Vec<ProviderInfo> = (0..20).map(provider).collect();
	let order = accounts(choose(&providers, |_| {}));
	assert_eq!(accounts(choose(&providers, |_| {})), order);
	assert_ne!(accounts(choose(&providers, |requirements| requirements.tie_break = b"another")), order);
}

#[test]
fn each_operator_gets_one_column() {
	let mut providers: Vec<ProviderInfo> = (0..5).map(provider).collect();
	providers[1].operator = providers[0].operator.clone();
	providers[3].operator = String::new();
	providers[4].operator = String::new();
	let mut candidates = choose(&providers, |_| {});
	assert_eq!(candidates.room(), 4);
	let taken: Vec<Candidate> = std::iter::from_fn(|| candidates.take(Balance::MAX)).collect();
	assert_eq!(taken.len(), 4);
	let of_two = taken.iter().find(|candidate| candidate.operator == "operator 0").unwrap();
	candidates.give_up(of_two.clone(), 0, &FOR_GOOD, &|_| {});
	let other = candidates.take(Balance::MAX).unwrap();
	assert_eq!(other.operator, "operator 0");
	assert_ne!(other.peer.account, of_two.peer.account);
}

#[test]
fn one_that_failed_is_asked_once_more_after_all_others() {
	let mut candidates = choose(&[provider(1), provider(2)], |_| {});
	let first = candidates.take(Balance::MAX).unwrap();
	candidates.give_up(first.clone(), 0, &PASSING, &|_| {});
	let second = candidates.take(Balance::MAX).unwrap();
	assert_ne!(second.peer.account, first.peer.account);
	let again = candidates.take(Balance::MAX).unwrap();
	assert_eq!((again.peer.account, again.failures), (first.peer.account, 1));
	candidates.give_up(again, 0, &PASSING, &|_| {});
	assert!(candidates.take(Balance::MAX).is_none());
}

#[test]
fn failures_are_told_at_once_and_the_last_of_them_at_the_end() {
	let providers: Vec<ProviderInfo> = (0..20).map(provider).collect();
	let mut candidates = choose(&providers, |_| {});
	let told = std::sync::Mutex::new(Vec::new());
	let tell = |progress| {
		let Progress::ProviderFailed { column, provider, reason } = progress else { panic!("{progress:?}") };
		told.lock().unwrap().push((column, provider, reason));
	};
	let mut failed = Vec::new();
	for column in 0..20 {
		let candidate = candidates.take(Balance::MAX).unwrap();
		failed.push((column, candidate.peer.account, FOR_GOOD.to_string()));
		candidates.give_up(candidate, column, &FOR_GOOD, &tell);
	}
	assert!(candidates.take(Balance::MAX).is_none(), "they failed for good");
	assert_eq!(*told.lock().unwrap(), failed);
	let of = |account: [u8; 32]| format!("operator {}: {FOR_GOOD}", account[0]);
	let last: Vec<String> = failed[4..].iter().map(|(_, account, _)| of(*account)).collect();
	assert_eq!(candidates.take_reasons(), last);
	assert!(candidates.take_reasons().is_empty());
}

#[test]
fn a_shortage_says_how_many_there_are_and_why_others_are_not() {
	let mut providers: Vec<ProviderInfo> = (0..9).map(provider).collect();
	providers[0].active = false;
	providers[1].offer = None;
	providers[2].committed_chunks = 9 * GIB + 1;
	providers[3].offer.as_mut().unwrap().min_duration = 21;
	providers[4].offer.as_mut().unwrap().max_duration = 19;
	providers[5].region = "us".into();
	providers[6].peer_id = vec![1];
	let candidates = choose(&providers, |requirements| {
		requirements.regions = std::slice::from_ref(Box::leak(Box::new("eu".to_string())))
	});
	assert!(candidates.require(2).is_ok());
	let error = candidates.require(3).unwrap_err();
	assert_eq!((error.found, error.needed), (2, 3));
	assert_eq!(
		error.to_string(),
		"3 providers of different operators are needed and 2 can take this (1 in other regions, 1 not active, 2 not for \
		 this term, 1 without a usable address, 1 without an offer, 1 without room); use a code with fewer columns, a \
		 shorter or longer term, or try again later"
	);
}

#[test]
fn repair_may_ask_for_a_longer_term_but_not_for_a_higher_rate() {
	let mut providers: Vec<ProviderInfo> = (0..3).map(provider).collect();
	providers[0].offer.as_mut().unwrap().min_duration = 50;
	providers[1].offer.as_mut().unwrap().price = 1_001;
	let candidates = choose(&providers, |requirements| {
		requirements.or_longer = true;
		requirements.max_rate = Some(1_000);
	});
	assert_eq!(candidates.best_first.iter().find(|candidate| candidate.peer.account[0] == 0).unwrap().periods, 50);
	let mut left = accounts(candidates);
	left.sort_unstable();
	assert_eq!(left, [0, 2]);
}

#[test]
fn nobody_over_the_limit_is_taken() {
	let mut candidates = choose(&[provider(1)], |_| {});
	assert!(candidates.take(999).is_none());
	assert!(candidates.take(1_000).is_some());
}
