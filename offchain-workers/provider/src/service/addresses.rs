//! Which of the addresses that lead here are put on the chain.
use peoples_cloud_network::{multiaddr::Protocol, Addresses, Multiaddr};

/// Addresses that the chain keeps for a provider, and the longest.
pub(super) const MAX_ADDRESSES: usize = 8;
const MAX_ADDRESS_BYTES: usize = 128;

/// How likely an address is to lead others here, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
	/// The operator says so.
	Configured,
	/// Others have found us there, or the router has promised it.
	Confirmed,
	/// Through a relay: works for everybody, slowly.
	Relayed,
	/// A public address of this machine, which a firewall may close.
	Public,
	/// Works in the same network.
	Private,
	/// Works on the same wire.
	LinkLocal,
}

/// At most eight addresses, the best first and in a fixed order: loopback ones only if there are no others.
pub(super) fn chosen_addresses(configured: &[Multiaddr], addresses: Addresses) -> Vec<Vec<u8>> {
	let Addresses { external, listening } = addresses;
	let rank = |address: &Multiaddr, confirmed: bool| {
		if configured.contains(address) {
			Rank::Configured
		} else if address.iter().any(|part| part == Protocol::P2pCircuit) {
			Rank::Relayed
		} else if confirmed {
			Rank::Confirmed
		} else {
			reach(address)
		}
	};
	let external = external.into_iter().map(|address| (rank(&address, true), address));
	let listening = listening.into_iter().map(|address| (rank(&address, false), address));
	let (loopback, mut others): (Vec<_>, Vec<_>) =
		external.chain(listening).partition(|(_, address)| is_local(address));
	if others.is_empty() {
		others = loopback;
	}
	let mut ranked: Vec<(Rank, Vec<u8>)> = others.iter().map(|(rank, address)| (*rank, address.to_vec())).collect();
	ranked.retain(|(_, address)| address.len() <= MAX_ADDRESS_BYTES);
	ranked.sort();
	let mut chosen: Vec<Vec<u8>> = Vec::new();
	for (_, address) in ranked {
		// One may be known in two ways; its better rank comes first.
		if !chosen.contains(&address) {
			chosen.push(address);
		}
	}
	chosen.truncate(MAX_ADDRESSES);
	chosen
}

fn is_local(address: &Multiaddr) -> bool {
	match address.iter().next() {
		Some(Protocol::Ip4(ip)) => ip.is_loopback(),
		Some(Protocol::Ip6(ip)) => ip.is_loopback(),
		_ => false,
	}
}

/// How far an address of this machine reaches.
fn reach(address: &Multiaddr) -> Rank {
	match address.iter().next() {
		Some(Protocol::Ip4(ip)) => {
			// 100.64.0.0/10: behind a provider's NAT.
			let shared = matches!(ip.octets(), [100, 64..128, ..]);
			match (ip.is_link_local(), ip.is_private() || shared) {
				(true, _) => Rank::LinkLocal,
				(_, true) => Rank::Private,
				_ => Rank::Public,
			}
		},
		Some(Protocol::Ip6(ip)) => match (ip.is_unicast_link_local(), ip.is_unique_local()) {
			(true, _) => Rank::LinkLocal,
			(_, true) => Rank::Private,
			_ => Rank::Public,
		},
		Some(Protocol::Ip6zone(_)) => Rank::LinkLocal,
		_ => Rank::Public,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn parse(text: &str) -> Multiaddr {
		text.parse().unwrap()
	}

	fn listening(addresses: impl IntoIterator<Item = Multiaddr>) -> Addresses {
		Addresses { external: Vec::new(), listening: addresses.into_iter().collect() }
	}

	#[test]
	fn loopback_addresses_are_announced_only_when_there_are_no_others() {
		let local = parse("/ip4/127.0.0.1/udp/4001/quic-v1");
		let lan = parse("/ip4/192.168.1.7/udp/4001/quic-v1");
		assert_eq!(chosen_addresses(&[], listening([local.clone()])), vec![local.to_vec()]);
		assert_eq!(chosen_addresses(&[], listening([local, lan.clone(), lan.clone()])), vec![lan.to_vec()]);
		let many = (1..20).map(|port| parse(&format!("/ip4/10.0.0.1/tcp/{port}")));
		assert_eq!(chosen_addresses(&[], listening(many)).len(), MAX_ADDRESSES);
	}

	#[test]
	fn the_configured_address_is_not_cut_off_by_those_of_a_machine_with_many() {
		// "/dns4/" and its bytes come after "/ip4/" and its.
		let configured = parse("/dns4/storage.example.org/tcp/4001");
		let addresses = Addresses {
			external: vec![configured.clone()],
			listening: (1..=10).map(|host| parse(&format!("/ip4/10.0.0.{host}/tcp/4001"))).collect(),
		};
		let chosen = chosen_addresses(std::slice::from_ref(&configured), addresses);
		assert_eq!(chosen.len(), MAX_ADDRESSES);
		assert_eq!(chosen.first(), Some(&configured.to_vec()));
	}

	#[test]
	fn addresses_are_ranked_by_whom_they_work_for() {
		let relay = "/ip4/8.8.8.8/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit";
		let order = [
			"/dns4/storage.example.org/tcp/4001",
			"/ip4/203.0.113.5/udp/4001/quic-v1",
			relay,
			"/ip4/8.8.4.4/tcp/4001",
			"/ip4/192.168.1.7/tcp/4001",
			"/ip6/fd00::1/tcp/4001",
			"/ip4/169.254.3.4/tcp/4001",
			"/ip6/fe80::1/tcp/4001",
		]
		.map(parse);
		let [configured, confirmed, relayed, machine @ ..] = order.clone();
		let external = vec![relayed, confirmed.clone(), configured.clone()];
		// The confirmed one is listened on as well.
		let listening = machine.into_iter().rev().chain([confirmed]).collect();
		let chosen = chosen_addresses(&[configured], Addresses { external, listening });
		assert_eq!(chosen, order.map(|address| address.to_vec()));
	}
}
