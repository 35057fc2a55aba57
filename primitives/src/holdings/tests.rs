use super::*;
use proptest::prelude::*;

/// The plain model: all leaves in a list, the tree rebuilt from scratch for every question.
#[derive(Default)]
struct Model(Vec<Option<Leaf>>);

impl Model {
	fn node(&self, first: usize, height: usize) -> Node {
		if height == 0 {
			return self.0[first].map_or(Node::ZERO, |leaf| leaf.node());
		}
		let half = 1 << (height - 1);
		Node::parent(&self.node(first, height - 1), &self.node(first + half, height - 1)).unwrap()
	}

	fn peaks(&self) -> Vec<(usize, usize)> {
		let mut first = 0;
		(0..32)
			.rev()
			.filter(|h| self.0.len() >> h & 1 == 1)
			.map(|h| {
				let at = first;
				first += 1 << h;
				(at, h)
			})
			.collect()
	}

	fn path(&self, number: usize) -> Vec<Node> {
		let (first, height) = self.peaks().into_iter().find(|(f, h)| (*f..f + (1 << h)).contains(&number)).unwrap();
		(0..height).map(|level| self.node(first + ((((number - first) >> level) ^ 1) << level), level)).collect()
	}

	fn position(&self, position: u64) -> (usize, u64) {
		let mut before = 0;
		for (number, leaf) in self.0.iter().enumerate() {
			let chunks = leaf.map_or(0, |leaf| leaf.chunks);
			if position < before + chunks {
				return (number, position - before);
			}
			before += chunks;
		}
		panic!("position beyond total")
	}
}

fn leaf(agreement: u64, chunks: u64) -> Leaf {
	Leaf { agreement, root: [agreement as u8; 32], chunks }
}

#[test]
fn a_zeroed_leaf_cannot_be_zeroed_again() {
	let mut commitment = Commitment::default();
	commitment.append(&leaf(1, 5)).unwrap();
	assert_eq!(commitment.remove(0, &leaf(1, 5), &[]), Ok(()));
	assert_eq!(commitment.remove(0, &leaf(1, 5), &[]), Err(HoldingsError::WrongPath));
	assert_eq!(commitment.total_chunks(), 0);
}

#[test]
fn chunks_cannot_overflow() {
	let mut commitment = Commitment::default();
	commitment.append(&leaf(1, u64::MAX)).unwrap();
	let before = commitment.clone();
	assert_eq!(commitment.append(&leaf(2, 1)), Err(HoldingsError::Overflow));
	assert_eq!(commitment, before);
}

#[test]
fn the_largest_commitment_fits_its_bound() {
	let largest = Commitment { leaves: u64::MAX, peaks: alloc::vec![Node::ZERO; MAX_HEIGHT + 1] };
	assert_eq!(largest.encoded_size(), Commitment::max_encoded_len());
}

proptest! {
	#[test]
	fn agrees_with_the_plain_model(steps in proptest::collection::vec((any::<bool>(), 0u64..50, any::<prop::sample::Index>()), 1..60)) {
		let mut commitment = Commitment::default();
		let mut model = Model::default();
		for (agreement, (append, chunks, pick)) in steps.into_iter().enumerate() {
			if append || model.0.is_empty() {
				let leaf = leaf(agreement as u64, chunks);
				prop_assert_eq!(commitment.append(&leaf), Ok(model.0.len() as u64));
				model.0.push(Some(leaf));
			} else {
				let number = pick.index(model.0.len());
				let path = model.path(number);
				match model.0[number].take() {
					Some(leaf) => prop_assert_eq!(commitment.remove(number as u64, &leaf, &path), Ok(())),
					None => prop_assert!(commitment.remove(number as u64, &self::leaf(0, 0), &path).is_err()),
				}
			}
			let peaks: Vec<Node> = model.peaks().into_iter().map(|(f, h)| model.node(f, h)).collect();
			prop_assert_eq!(commitment.peaks(), &peaks[..]);
			let total = model.0.iter().flatten().map(|leaf| leaf.chunks).sum::<u64>();
			prop_assert_eq!(commitment.total_chunks(), total);
			for position in [0, total / 3, total.saturating_sub(1)].into_iter().filter(|p| *p < total) {
				let (number, index) = model.position(position);
				let leaf = model.0[number].unwrap();
				let path = model.path(number);
				prop_assert_eq!(commitment.verify_position(position, number as u64, &leaf, &path), Some(index));
				prop_assert_eq!(commitment.verify_position(total, number as u64, &leaf, &path), None);
				let lying = Leaf { chunks: leaf.chunks + 1, ..leaf };
				prop_assert_eq!(commitment.verify_position(position, number as u64, &lying, &path), None);
			}
		}
	}

	#[test]
	fn never_panics(bytes: Vec<u8>, number: u64, position: u64, path in proptest::collection::vec((any::<[u8; 32]>(), any::<u64>()), 0..70)) {
		let path: Vec<Node> = path.into_iter().map(|(hash, chunks)| Node { hash, chunks }).collect();
		if let Ok(mut commitment) = Commitment::decode(&mut &bytes[..]) {
			commitment.verify_position(position, number, &leaf(1, 9), &path);
			let _ = commitment.remove(number, &leaf(1, 9), &path);
			let _ = commitment.append(&leaf(1, 9));
		}
		// The decoder rarely gets past the length on random bytes: shape it by hand as well.
		let mut commitment = Commitment { leaves: number, peaks: path.clone() };
		commitment.verify_position(position, number / 2, &leaf(1, position), &path);
		let _ = commitment.remove(number / 2, &leaf(1, 9), &path);
		let _ = commitment.append(&leaf(1, position));
	}
}
