use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
	#[command(flatten)]
	devnet: Devnet,
}

fn devnet(arguments: &[&str]) -> Devnet {
	Line::try_parse_from(["devnet", "--dir", "x"].iter().chain(arguments)).unwrap().devnet
}

#[test]
fn ports_in_use_are_refused_by_name() {
	let taken = TcpListener::bind("127.0.0.1:0").unwrap();
	let port = taken.local_addr().unwrap().port();
	let error = devnet(&["--rpc-port", &port.to_string()]).rpc_port().unwrap_err().to_string();
	assert!(error.contains(&port.to_string()) && error.contains("--rpc-port"), "{error}");
	drop(taken);
	assert_eq!(devnet(&["--rpc-port", &port.to_string()]).rpc_port().unwrap(), port);
	assert_ne!(devnet(&[]).rpc_port().unwrap(), 0);

	let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
	let port = taken.local_addr().unwrap().port();
	let first = (port - 1).to_string();
	let error = devnet(&["--provider-port", &first]).check_provider_ports().unwrap_err().to_string();
	assert!(error.contains("--provider-port"), "{error}");
	let error = devnet(&["--provider-port", "65533"]).check_provider_ports().unwrap_err();
	assert!(matches!(error, DevnetError::PortRange { first: 65_533 } | DevnetError::PortInUse { .. }), "{error}");
	assert!(devnet(&[]).check_provider_ports().is_ok());
}
