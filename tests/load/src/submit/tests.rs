use super::*;

fn lane(numbers: std::ops::Range<u8>) -> Lane {
	numbers.map(|number| Arc::from([number])).collect()
}

fn hash(number: u8) -> H256 {
	BlakeTwo256.hash(&[number])
}

/// Two lanes of three and two transactions, one connection.
fn pending() -> (Pending, mpsc::Receiver<Order>) {
	let (sender, receiver) = mpsc::channel(8);
	(Pending::new(vec![lane(0..3), lane(10..12)], vec![sender]), receiver)
}

/// What was ordered since.
fn ordered(orders: &mut mpsc::Receiver<Order>) -> Vec<u8> {
	std::iter::from_fn(|| orders.try_recv().ok()).map(|order| order.bytes[0]).collect()
}

fn refuse(pending: &mut Pending, lane: usize, number: u8, refusal: Refusal) {
	pending.answered(Answer { order: Order { lane, bytes: Arc::from([number]) }, refusal });
}

#[test]
fn lane_has_one_under_way() {
	let (mut pending, mut orders) = pending();
	pending.start().unwrap();
	assert_eq!(ordered(&mut orders), [0, 10]);
	pending.included(&hash(0)).unwrap();
	assert_eq!(ordered(&mut orders), [1]);
	// Foreign ones, and the same once more after a fork.
	pending.included(&hash(99)).unwrap();
	pending.included(&hash(0)).unwrap();
	assert!(ordered(&mut orders).is_empty());
}

#[test]
fn all_included_is_done() {
	let (mut pending, mut orders) = pending();
	pending.start().unwrap();
	for number in [0, 10, 1, 11] {
		pending.included(&hash(number)).unwrap();
		assert!(!pending.is_done());
	}
	pending.included(&hash(2)).unwrap();
	assert!(pending.is_done());
	assert_eq!(ordered(&mut orders), [0, 10, 1, 11, 2]);
}

#[test]
fn without_room_the_same_is_sent_after_a_block() {
	let (mut pending, mut orders) = pending();
	pending.start().unwrap();
	ordered(&mut orders);
	refuse(&mut pending, 1, 10, Refusal::NoRoom);
	assert!(ordered(&mut orders).is_empty());
	pending.send_again().unwrap();
	assert_eq!(ordered(&mut orders), [10]);
	pending.send_again().unwrap();
	assert!(ordered(&mut orders).is_empty());
}

#[test]
fn refused_lane_is_given_up() {
	let (mut pending, mut orders) = pending();
	pending.start().unwrap();
	refuse(&mut pending, 1, 10, Refusal::Refused("bad".into()));
	for number in [0, 1, 2] {
		pending.included(&hash(number)).unwrap();
	}
	assert!(pending.is_done());
	assert_eq!(ordered(&mut orders), [0, 10, 1, 2]);
	assert_eq!(pending.refused["bad"], 1);
}

#[test]
fn late_refusal_of_an_included_one_is_nothing() {
	let (mut pending, _orders) = pending();
	pending.start().unwrap();
	pending.included(&hash(0)).unwrap();
	refuse(&mut pending, 0, 0, Refusal::Refused("outdated".into()));
	assert!(pending.refused.is_empty());
}

#[test]
fn lost_connection_is_an_error() {
	let (mut pending, orders) = pending();
	drop(orders);
	assert!(pending.start().is_err());
}
