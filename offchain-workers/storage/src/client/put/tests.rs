use peoples_cloud_client::chain::Offer;
use peoples_cloud_network::Keypair;

use super::*;

fn providers(count: u8) -> Vec<ProviderInfo> {
	let provider = |number| ProviderInfo {
		account: [number; 32],
		peer_id: Keypair::generate_ed25519().public().to_peer_id().to_bytes(),
		addresses: Vec::new(),
		operator: String::new(),
		region: "eu".into(),
		bonded: 1,
		active: true,
		standing: "active".into(),
		offer: Some(Offer { price: 1 << 20, capacity_chunks: 1 << 20, min_duration: 1, max_duration: 100 }),
		committed_chunks: 0,
		score_ppm: 500_000,
	};
	(0..count).map(provider).collect()
}

fn code(count: u8, options: &PutOptions) -> Result<(u16, u16), PutError> {
	plan(&providers(count), 1 << 20, &[0; 16], options).map(|plan| (plan.k, plan.n))
}

#[test]
fn the_widest_code_that_there_are_providers_for_is_chosen() {
	let options = PutOptions::for_periods(10);
	for (count, expected) in [(40, (8, 24)), (24, (8, 24)), (23, (4, 12)), (11, (2, 6)), (5, (1, 3)), (3, (1, 3))] {
		assert_eq!(code(count, &options).unwrap(), expected, "{count} providers");
	}
	let error = code(2, &options).unwrap_err();
	assert!(matches!(&error, PutError::Placement(error) if (error.found, error.needed) == (2, 3)), "{error}");
}

#[test]
fn a_code_that_was_asked_for_is_used_or_refused() {
	let options = |code| PutOptions { code: Some(code), ..PutOptions::for_periods(10) };
	assert_eq!(code(24, &options((2, 6))).unwrap(), (2, 6));
	assert!(matches!(code(5, &options((2, 6))), Err(PutError::Placement(_))));
	let error = code(24, &options((3, 9))).unwrap_err();
	assert!(matches!(error, PutError::Code(CodeError::Unsupported { k: 3, n: 9 })), "{error}");
}

#[test]
fn the_limit_makes_it_look_for_cheaper_providers_before_it_gives_up() {
	let mut known = providers(6);
	for provider in known.iter_mut().take(3) {
		provider.score_ppm = 900_000;
		provider.offer.as_mut().unwrap().price *= 2;
	}
	let mut options = PutOptions { code: Some((1, 3)), ..PutOptions::for_periods(10) };
	let rate = |known: &[ProviderInfo], options: &PutOptions| {
		plan(known, 1 << 20, &[0; 16], options).map(|plan| plan.candidates.quote(3))
	};
	let best = rate(&known, &options).unwrap();
	options.max_price = Some(best * 10);
	assert_eq!(rate(&known, &options).unwrap(), best);
	options.max_price = Some(best * 10 - 1);
	assert_eq!(rate(&known, &options).unwrap(), best / 2);
	options.max_price = Some(best * 5 - 1);
	let error = rate(&known, &options).unwrap_err();
	assert!(matches!(error, PutError::TooExpensive { price, .. } if price == best * 5), "{error}");
}

#[tokio::test]
async fn only_regular_files_with_something_in_them_are_stored() {
	let directory = tempfile::tempdir().unwrap();
	assert!(matches!(open(directory.path()).await, Err(PutError::NotAFile(_))));
	let path = directory.path().join("file");
	assert!(matches!(open(&path).await, Err(PutError::Open { .. })));
	std::fs::write(&path, b"").unwrap();
	let (_, identity) = open(&path).await.unwrap();
	let result = plan(&providers(3), identity.length, &[0; 16], &PutOptions::for_periods(10)).map(|_| ());
	assert_eq!(result.unwrap_err().to_string(), "the file is empty; there is nothing to store");
}

#[tokio::test]
async fn a_file_that_was_written_to_is_another() {
	let directory = tempfile::tempdir().unwrap();
	let path = directory.path().join("file");
	std::fs::write(&path, b"one").unwrap();
	let (_, before) = open(&path).await.unwrap();
	assert_eq!(Identity::of(&std::fs::metadata(&path).unwrap()), before);
	std::fs::write(&path, b"four").unwrap();
	assert_ne!(Identity::of(&std::fs::metadata(&path).unwrap()), before);
}
