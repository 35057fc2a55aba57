//! What a provider's proofs cost the chain hardly depends on how much it stores: from 1 GiB in a thousand agreements to
//! 1 PiB in a million.
use codec::Encode;
use frame_support::dispatch::GetDispatchInfo;
use pallet_storage_proofs::{Call, Duty, WeightInfo};
use peoples_cloud_primitives::{
	column::CHUNK_BYTES,
	holdings::{Commitment, Leaf, Node},
	storage_proof::{Answer, Content, StorageProof},
};
use peoples_cloud_runtime::{configs::BlockWeights, Runtime, RuntimeCall};
use sp_keyring::Sr25519Keyring::Alice;

/// Challenges that the costs are stated for.
const CHALLENGES: u32 = 8;

/// Holdings of 2^`agreements` columns of 2^`chunks` KiB each.
struct Size {
	name: &'static str,
	agreements: u32,
	chunks: u32,
}

const SIZES: [Size; 3] = [
	Size { name: "1 GiB", agreements: 10, chunks: 10 },
	Size { name: "1 TiB", agreements: 14, chunks: 16 },
	Size { name: "1 PiB", agreements: 20, chunks: 20 },
];

impl Size {
	fn leaf(&self) -> Leaf {
		Leaf { agreement: u64::MAX, root: [1; 32], chunks: 1 << self.chunks }
	}

	/// The call of a provider each of whose answers has the longest paths. Its price depends on nothing but its shape.
	fn prove(&self) -> RuntimeCall {
		let answer = Answer {
			number: (1 << self.agreements) - 1,
			leaf: self.leaf(),
			leaf_path: vec![Node::ZERO; self.agreements as usize],
			content: Content::Chunk { bytes: [0; CHUNK_BYTES], path: vec![[0; 32]; self.chunks as usize] },
		};
		let proof = StorageProof::V1(vec![answer; CHALLENGES as usize]);
		let provider = Alice.to_account_id();
		RuntimeCall::StorageProofs(Call::prove { provider, period: u32::MAX, proof: Box::new(proof) })
	}

	/// What it weighs if no period before it has been missed: what is charged for resolving those in advance is given back.
	fn weight(&self) -> u64 {
		type Costs = <Runtime as pallet_storage_proofs::Config>::WeightInfo;
		let nodes = CHALLENGES * (self.agreements + self.chunks);
		(Costs::prove(CHALLENGES) + Costs::path_nodes(nodes)).ref_time()
	}

	/// What the chain keeps of it: for one column less, which makes for the most peaks.
	fn duty(&self) -> Duty {
		let mut holdings = Commitment::default();
		for _ in 1..1u64 << self.agreements {
			holdings.append(&self.leaf()).unwrap();
		}
		assert_eq!(holdings.peaks().len(), self.agreements as usize);
		Duty { holdings, first_unresolved: u32::MAX, misses_in_row: 0, proven: u32::MAX, terminated: false }
	}
}

#[test]
fn a_proof_costs_hardly_more_for_a_million_times_as_much() {
	let block = BlockWeights::get().max_block.ref_time();
	println!("| holdings | agreements | `prove` | weight | share of a block | state |");
	let costs: Vec<[u64; 3]> = SIZES
		.iter()
		.map(|size| {
			let (call, weight) = (size.prove(), size.weight());
			assert!(call.get_dispatch_info().call_weight.ref_time() > weight, "it may be in advance only");
			let costs = [call.encoded_size() as u64, weight, size.duty().encoded_size() as u64];
			println!(
				"| {} | {} | {} B | {:.2} ms | {:.3} % | {} B |",
				size.name,
				1u64 << size.agreements,
				costs[0],
				weight as f64 / 1e9,
				100.0 * weight as f64 / block as f64,
				costs[2],
			);
			costs
		})
		.collect();
	// At most one node more in every answer, and one peak, for every doubling.
	let (first, last) = (costs[0], costs[2]);
	let doublings = u64::from(SIZES[2].agreements + SIZES[2].chunks - SIZES[0].agreements - SIZES[0].chunks);
	assert_eq!(doublings, 20);
	assert!(last[0] - first[0] <= u64::from(CHALLENGES) * doublings * 40 + 64, "{costs:?}");
	assert!(last[1] < first[1] * 2, "{costs:?}");
	assert!(last[2] - first[2] <= doublings * 40, "{costs:?}");
	// Thousands of providers prove in a period of 600 blocks.
	assert!(last[1] * 100 < block, "{costs:?}");
}
