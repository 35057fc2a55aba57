//! Provider records that others leave with us: who has what. Without them nobody could be found whom one does not
//! know already.
use std::{
	collections::HashMap,
	time::{Duration, Instant},
};

use libp2p::{
	kad::{
		store::{MemoryStore, RecordStore},
		ProviderRecord, RecordKey,
	},
	PeerId,
};

/// Keys are ids of objects and columns, BLAKE3 hashes; nothing else is announced.
const KEY_BYTES: usize = 32;
/// Records of others at a time: some 400 bytes each with their addresses, 26 MB in all.
pub(crate) const MAX_RECORDS: usize = 65_536;
/// Records of one peer: a large provider's, and an eighth of all, so that one peer cannot push the others out.
const MAX_RECORDS_PER_PEER: usize = MAX_RECORDS / 8;
/// Addresses kept in a record: as many as the chain keeps for a provider.
const MAX_ADDRESSES: usize = 8;
/// Records without an end, which the table does not make, end after so long: twice its interval of republication.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Counts the records of others, which are in Kademlia's store, and ends them in time.
#[derive(Debug, Default)]
pub(crate) struct ForeignRecords {
	/// By when each ends.
	by_peer: HashMap<PeerId, HashMap<RecordKey, Instant>>,
	count: usize,
}

impl ForeignRecords {
	/// Takes a record that a peer left with us, if it is one of ours in kind and there is room.
	pub(crate) fn accept(&mut self, mut record: ProviderRecord, store: &mut MemoryStore, now: Instant) -> bool {
		if record.key.as_ref().len() != KEY_BYTES {
			return false;
		}
		let (peer, key) = (record.provider, record.key.clone());
		let of_peer = self.by_peer.get(&peer);
		let known = of_peer.is_some_and(|keys| keys.contains_key(&key));
		let full = self.count >= MAX_RECORDS || of_peer.is_some_and(|keys| keys.len() >= MAX_RECORDS_PER_PEER);
		if full && !known {
			return false;
		}
		record.addresses.truncate(MAX_ADDRESSES);
		let ends = *record.expires.get_or_insert(now + LONGEST);
		// The store keeps so many peers a key, and is silent about the others.
		if store.add_provider(record).is_err() || store.providers(&key).iter().all(|record| record.provider != peer) {
			return false;
		}
		if self.by_peer.entry(peer).or_default().insert(key, ends).is_none() {
			self.count += 1;
		}
		true
	}

	/// Removes what has ended; Kademlia itself would only hide it.
	pub(crate) fn expire(&mut self, store: &mut MemoryStore, now: Instant) {
		let mut count = 0;
		self.by_peer.retain(|peer, keys| {
			keys.retain(|key, ends| {
				let stays = *ends > now;
				if !stays {
					store.remove_provider(key, peer);
				}
				stays
			});
			count += keys.len();
			!keys.is_empty()
		});
		self.count = count;
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use libp2p::{kad::store::MemoryStoreConfig, Multiaddr};

	fn store() -> MemoryStore {
		let config = MemoryStoreConfig { max_provided_keys: 2 * MAX_RECORDS, ..MemoryStoreConfig::default() };
		MemoryStore::with_config(PeerId::random(), config)
	}

	fn record(peer: PeerId, number: u32) -> ProviderRecord {
		let key = [&number.to_le_bytes()[..], &[0; 28]].concat();
		ProviderRecord::new(RecordKey::from(key), peer, Vec::new())
	}

	#[test]
	fn only_keys_of_ours_are_taken_and_no_more_addresses_than_needed() {
		let (mut records, mut store, now) = (ForeignRecords::default(), store(), Instant::now());
		let peer = PeerId::random();
		let odd = ProviderRecord::new(RecordKey::from(b"an object".to_vec()), peer, Vec::new());
		assert!(!records.accept(odd, &mut store, now));
		let address = |port: u16| -> Multiaddr { format!("/ip4/10.0.0.1/tcp/{port}").parse().unwrap() };
		let many = ProviderRecord { addresses: (1..100).map(address).collect(), ..record(peer, 1) };
		assert!(records.accept(many, &mut store, now));
		assert_eq!(store.providers(&record(peer, 1).key)[0].addresses.len(), MAX_ADDRESSES);
	}

	#[test]
	fn one_peer_has_a_share_and_what_ended_makes_room() {
		let (mut records, mut store, now) = (ForeignRecords::default(), store(), Instant::now());
		let (greedy, other) = (PeerId::random(), PeerId::random());
		let most = u32::try_from(MAX_RECORDS_PER_PEER).unwrap();
		for number in 0..most {
			assert!(records.accept(record(greedy, number), &mut store, now));
		}
		assert!(!records.accept(record(greedy, most), &mut store, now));
		assert!(records.accept(record(greedy, 0), &mut store, now), "one that is there already is renewed");
		assert!(records.accept(record(other, most), &mut store, now));
		records.expire(&mut store, now + LONGEST);
		assert_eq!((records.count, records.by_peer.len()), (0, 0));
		assert!(store.providers(&record(other, most).key).is_empty());
		assert!(records.accept(record(greedy, most), &mut store, now));
	}
}
