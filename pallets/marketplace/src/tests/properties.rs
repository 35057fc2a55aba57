//! Whatever bytes and numbers come, nothing panics, and money is conserved.
use crate::{mock::*, SignedAck};
use frame::testing_prelude::*;
use peoples_cloud_primitives::terms::{Acknowledgement, AcknowledgementV1};
use proptest::prelude::*;

prop_compose! {
	fn any_terms()(
		provider in 1u8..4,
		root in 1u8..4,
		nonce in 0u8..3,
		chunks in prop_oneof![0u64..9, any::<u64>()],
		rate in prop_oneof![0u128..30, any::<u128>()],
		duration in prop_oneof![0u32..30, any::<u32>()],
		valid_until in prop_oneof![0u32..200, any::<u32>()],
		client in prop::bool::weighted(0.9),
	) -> AcknowledgementV1 {
		AcknowledgementV1 {
			// Blocks have no hashes in these tests.
			genesis: [0; 32],
			client: if client { alice() } else { bob() }.into(),
			provider: self::provider(provider).into(),
			nonce: [nonce; 16],
			root: [root; 32],
			chunks,
			rate,
			duration,
			valid_until,
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn broken_acknowledgements_never_panic(
		bytes in any::<Vec<u8>>(), flip in 1u8.., at in any::<prop::sample::Index>(), max_price: u128, k: u16,
	) {
		let _ = SignedAck::decode(&mut &bytes[..]);
		build_and_execute(|| {
			let mut bytes = sign(terms(1, 1)).encode();
			let at = at.index(bytes.len());
			bytes[at] ^= flip;
			if let Ok(broken) = SignedAck::decode(&mut &bytes[..]) {
				let acks: BoundedVec<_, _> = vec![broken].try_into().unwrap();
				let origin = RuntimeOrigin::signed(alice());
				assert!(Market::open_storage(origin, [7; 32], 1, k, acks, max_price).is_err());
			}
		});
	}

	#[test]
	fn any_numbers_are_counted_or_refused(
		terms in prop::collection::vec(any_terms(), 1..20),
		periods in prop::collection::vec(prop_oneof![0u32..9, any::<u32>()], 20),
		steps in prop::collection::vec(0u8..6, 20),
	) {
		build_and_execute(|| {
			for ((terms, periods), step) in terms.into_iter().zip(periods).zip(steps) {
				let id = u64::from(step) % crate::NextAgreement::<Test>::get().max(1);
				let _ = match step {
					0..=2 => open_with(vec![sign(terms)]).map(|_| ()),
					3 => replace(id, 0, terms),
					4 => extend(id, periods).map(|_| ()).map_err(|error| error.error),
					_ => all_or_nothing(|| {
						Market::declare_lost(RuntimeOrigin::signed(AccountId::new(terms.provider)), id, 0)
					}),
				};
				check();
				System::set_block_number(System::block_number() + periods % 13);
			}
		});
	}

	#[test]
	fn signing_bytes_bind_every_field(a in any_terms(), b in any_terms()) {
		let (a, b) = (Acknowledgement::V1(a), Acknowledgement::V1(b));
		prop_assert_eq!(a == b, a.signing_bytes() == b.signing_bytes());
	}
}
