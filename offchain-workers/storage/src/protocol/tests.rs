use super::*;
use codec::DecodeAll;
use peoples_cloud_client::chain::Offer;
use peoples_cloud_primitives::terms::storage_rate;
use proptest::prelude::*;

fn client() -> Signer {
	Signer::from_suri("//Alice").unwrap()
}

fn facts() -> Facts {
	Facts {
		genesis: [1; 32],
		provider: [2; 32],
		now: 100,
		max_validity: 50,
		offer: Some(Offer { price: 1 << 20, capacity_chunks: 1 << 30, min_duration: 5, max_duration: 20 }),
		free_chunks: 1000,
		pending_uploads: 3,
		max_pending_uploads: 4,
		pending_price: 7,
	}
}

fn intent() -> StorageIntentV1 {
	StorageIntentV1 {
		genesis: [1; 32],
		client: client().account(),
		provider: [2; 32],
		nonce: [3; 16],
		max_chunks: 64,
		price: 1 << 20,
		duration: 10,
		valid_until: 120,
	}
}

fn judge(intent: StorageIntentV1, facts: Facts) -> Result<Admitted, Refusal> {
	admit(&SignedIntent::sign(StorageIntent::V1(intent), &client()), &facts)
}

#[test]
fn a_good_intent_is_taken_and_priced() {
	assert_eq!(judge(intent(), facts()), Ok(Admitted { price: 640, needed: 647 }));
}

#[test]
fn the_edges_of_every_range_are_inside() {
	for duration in [5, 20] {
		judge(StorageIntentV1 { duration, ..intent() }, facts()).unwrap();
	}
	for valid_until in [101, 150] {
		judge(StorageIntentV1 { valid_until, ..intent() }, facts()).unwrap();
	}
	judge(StorageIntentV1 { max_chunks: 1000, ..intent() }, facts()).unwrap();
}

#[test]
fn each_rule_has_its_refusal() {
	let offer = facts().offer;
	let cases = [
		(StorageIntentV1 { genesis: [9; 32], ..intent() }, facts(), Refusal::WrongChain),
		(StorageIntentV1 { provider: [9; 32], ..intent() }, facts(), Refusal::WrongProvider),
		(StorageIntentV1 { max_chunks: 0, ..intent() }, facts(), Refusal::WrongSize),
		(StorageIntentV1 { max_chunks: u64::MAX, ..intent() }, facts(), Refusal::WrongSize),
		(intent(), Facts { offer: None, ..facts() }, Refusal::NotOffering),
		(StorageIntentV1 { price: (1 << 20) - 1, ..intent() }, facts(), Refusal::PriceTooLow { price: 1 << 20 }),
		(StorageIntentV1 { duration: 4, ..intent() }, facts(), Refusal::WrongDuration { min: 5, max: 20 }),
		(StorageIntentV1 { duration: 21, ..intent() }, facts(), Refusal::WrongDuration { min: 5, max: 20 }),
		(
			StorageIntentV1 { duration: 0, ..intent() },
			Facts { offer: offer.map(|offer| Offer { min_duration: 0, ..offer }), ..facts() },
			Refusal::WrongDuration { min: 1, max: 20 },
		),
		(StorageIntentV1 { valid_until: 100, ..intent() }, facts(), Refusal::WrongValidity { now: 100, max: 150 }),
		(StorageIntentV1 { valid_until: 151, ..intent() }, facts(), Refusal::WrongValidity { now: 100, max: 150 }),
		(StorageIntentV1 { max_chunks: 1001, ..intent() }, facts(), Refusal::NoRoom { free_chunks: 1000 }),
		(intent(), Facts { pending_uploads: 4, ..facts() }, Refusal::TooManyPending),
		(StorageIntentV1 { price: u128::MAX, ..intent() }, facts(), Refusal::NoFunds),
		(intent(), Facts { pending_price: u128::MAX, ..facts() }, Refusal::NoFunds),
		(StorageIntentV1 { client: [9; 32], ..intent() }, facts(), Refusal::BadSignature),
	];
	for (intent, facts, refusal) in cases {
		assert_eq!(judge(intent.clone(), facts), Err(refusal), "{intent:?}");
	}
}

#[test]
fn a_signature_is_good_for_one_intent_only() {
	let signed = SignedIntent::sign(StorageIntent::V1(intent()), &client());
	assert!(signed.is_signed());
	let other = StorageIntent::V1(StorageIntentV1 { max_chunks: 65, ..intent() });
	assert!(!SignedIntent { intent: other, ..signed }.is_signed());
}

#[test]
fn an_acknowledgement_must_be_what_was_asked_for() {
	let provider = Signer::from_suri("//Bob").unwrap();
	let intent = StorageIntentV1 { provider: provider.account(), ..intent() };
	let rate = storage_rate(32, intent.price).unwrap();
	let good = acknowledgement(&intent, &[5; 32], 32, rate);
	let sign = |fields| SignedAck::sign(Acknowledgement::V1(fields), &provider);
	assert!(sign(good.clone()).answers(&intent, &[5; 32], 32));
	assert!(!sign(good.clone()).answers(&intent, &[6; 32], 32), "another root");
	assert!(!sign(good.clone()).answers(&intent, &[5; 32], 33), "another length");
	for wrong in [
		AcknowledgementV1 { rate: rate + 1, ..good.clone() },
		AcknowledgementV1 { duration: 9, ..good.clone() },
		AcknowledgementV1 { valid_until: 119, ..good.clone() },
		AcknowledgementV1 { nonce: [4; 16], ..good.clone() },
		AcknowledgementV1 { client: [4; 32], ..good.clone() },
		AcknowledgementV1 { genesis: [4; 32], ..good },
	] {
		assert!(!sign(wrong.clone()).answers(&intent, &[5; 32], 32), "{wrong:?}");
	}
	let forged = SignedAck::sign(Acknowledgement::V1(good), &client());
	assert!(!forged.answers(&intent, &[5; 32], 32), "signed by somebody else");
}

#[test]
fn every_message_comes_back_and_fits() {
	let signed = SignedIntent::sign(StorageIntent::V1(intent()), &client());
	for request in [
		Request::Push(signed),
		Request::PutManifest(vec![1; 8 * 1024]),
		Request::GetManifest([1; 32]),
		Request::Fetch { root: [1; 32], first_chunk: 1, chunks: 2 },
		Request::Status,
	] {
		let bytes = request.encode();
		assert!(bytes.len() <= MAX_MESSAGE);
		assert_eq!(Request::decode_all(&mut &bytes[..]), Ok(request));
	}
	let status = ProviderStatus {
		account: [1; 32],
		free_chunks: 1,
		price: Some(1),
		min_duration: 1,
		max_duration: 2,
		version: VERSION,
	};
	for reply in [
		Reply::Refused(Refusal::PriceTooLow { price: 3 }),
		Reply::Ready,
		Reply::Done,
		Reply::Manifest(vec![1; 8 * 1024]),
		Reply::Sending { chunks_total: 7 },
		Reply::Status(status),
	] {
		let bytes = reply.encode();
		assert!(bytes.len() <= MAX_MESSAGE);
		assert_eq!(Reply::decode_all(&mut &bytes[..]), Ok(reply));
	}
}

#[test]
fn indices_on_the_wire_are_pinned() {
	assert_eq!(Request::Status.encode(), [4]);
	assert_eq!(Request::GetManifest([9; 32]).encode()[0], 2);
	assert_eq!(Reply::Refused(Refusal::TooSlow).encode(), [0, 25]);
	assert_eq!(Reply::Done.encode(), [3]);
}

proptest! {
	#[test]
	fn broken_bytes_never_panic(bytes: Vec<u8>) {
		let _ = Request::decode_all(&mut &bytes[..]);
		let _ = Reply::decode_all(&mut &bytes[..]);
		let _ = PushEnd::decode_all(&mut &bytes[..]);
		let _ = SignedAck::decode_all(&mut &bytes[..]);
	}

	#[test]
	fn broken_messages_never_panic(at: prop::sample::Index, value: u8, cut: prop::sample::Index) {
		let signed = SignedIntent::sign(StorageIntent::V1(intent()), &client());
		let mut bytes = Request::Push(signed).encode();
		let at = at.index(bytes.len());
		bytes[at] = value;
		if let Ok(Request::Push(signed)) = Request::decode_all(&mut &bytes[..]) {
			let _ = admit(&signed, &facts());
		}
		bytes.truncate(cut.index(bytes.len()));
		prop_assert!(Request::decode_all(&mut &bytes[..]).is_err());
	}

	#[test]
	fn no_intent_or_facts_panic(max_chunks: u64, price: u128, duration: u32, valid_until: u32, now: u32, max_validity: u32, free_chunks: u64, pending_price: u128) {
		let intent = StorageIntentV1 { max_chunks, price, duration, valid_until, ..intent() };
		let signed = SignedIntent { intent: StorageIntent::V1(intent), signature: [0; 64] };
		let _ = admit(&signed, &Facts { now, max_validity, free_chunks, pending_price, ..facts() });
	}
}
