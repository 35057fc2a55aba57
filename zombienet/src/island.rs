//! Nodes behind a cable of their own, which can be cut: in a network namespace that one virtual cable joins to the rest.
//!
//! What is cut is cut for every packet of every connection in both directions, as between two data centres. Nodes of the
//! island reach each other all the while, and the test reaches all: JSON-RPC and Prometheus are forwarded from this side's
//! loopback interface by threads that live in the namespace.

use std::{
	fs::{self, File},
	io,
	net::{Shutdown, TcpListener, TcpStream},
	os::unix::fs::PermissionsExt,
	path::Path,
	process::{Command, Output},
	thread,
	time::{Duration, Instant},
};

use anyhow::{anyhow, bail, ensure, Context, Result};
use nix::sched::{setns, CloneFlags};
use zombienet_sdk::generators::generate_node_identity;

use crate::{
	plan::{Node, QUIET},
	process::{binary, free_port, NODE},
};

/// This side's end of the cable. Addresses of a private range that few networks use, on a cable that leaves the machine
/// nowhere.
const HERE: &str = "10.203.77.1";
/// The island's end.
const THERE: &str = "10.203.77.2";
/// How much of the address is the cable's: just its two ends.
const PREFIX: &str = "30";
/// Longest that zombienet may take to start a node of the island: others come up before it.
const START: Duration = Duration::from_secs(300);
/// Pause between two looks at whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// A network namespace and its cable; both end with this.
#[derive(Debug)]
pub struct Island {
	namespace: String,
	cable: String,
	is_cut: bool,
}

impl Island {
	/// Makes it. Only root can.
	pub fn new() -> Result<Self> {
		// Names of interfaces have 15 characters at most; process numbers have 7.
		let id = std::process::id();
		let (namespace, cable, end) = (format!("ppl-{id}"), format!("ppl{id}a"), format!("ppl{id}b"));
		ip(&["netns", "add", &namespace]).context("an island needs root, and iproute2")?;
		let island = Self { namespace, cable, is_cut: false };
		let namespace = island.namespace.as_str();
		ip(&["link", "add", &island.cable, "type", "veth", "peer", "name", &end, "netns", namespace])?;
		ip(&["addr", "add", &format!("{HERE}/{PREFIX}"), "dev", &island.cable])?;
		ip(&["link", "set", &island.cable, "up"])?;
		ip(&["-n", namespace, "link", "set", "lo", "up"])?;
		ip(&["-n", namespace, "addr", "add", &format!("{THERE}/{PREFIX}"), "dev", &end])?;
		ip(&["-n", namespace, "link", "set", &end, "up"])?;
		Ok(island)
	}

	/// A plan with these validators here and those on the island. Scripts that start the latter go to `directory`.
	pub fn validators(&self, directory: &Path, here: &[&str], there: &[&str]) -> Result<Vec<Node>> {
		let ports = there.iter().map(|_| free_port()).collect::<Result<Vec<_>>>()?;
		let reach = |host: &str, name: &str, port: u16| -> Result<String> {
			let (_, peer) = generate_node_identity(&name.to_lowercase()).map_err(|error| anyhow!("{name}: {error}"))?;
			Ok(format!("--reserved-nodes=/ip4/{host}/tcp/{port}/ws/p2p/{peer}"))
		};
		let mut nodes = Vec::new();
		for name in here {
			// It dials the island, also after a cut: the bootnode's address is one that the island does not reach.
			let mut peers = Vec::new();
			for (other, port) in there.iter().zip(&ports) {
				peers.push(reach(THERE, other, *port)?);
			}
			nodes.push(Node::validator(name).with(&peers));
		}
		for (name, port) in there.iter().zip(&ports) {
			let mut args: Vec<String> = QUIET.iter().copied().map(str::to_owned).collect();
			for (other, port) in there.iter().zip(&ports).filter(|(other, _)| *other != name) {
				args.push(reach("127.0.0.1", other, *port)?);
			}
			let (rpc, prometheus) = (free_port()?, free_port()?);
			let started = directory.join(format!("{name}.started"));
			self.forward(rpc, &started)?;
			self.forward(prometheus, &started)?;
			nodes.push(Node {
				command: Some(self.script(directory, name, &started)?),
				args,
				rpc_port: Some(rpc),
				prometheus_port: Some(prometheus),
				p2p_port: Some(*port),
				..Node::validator(name)
			});
		}
		Ok(nodes)
	}

	/// Cuts the cable: no packet passes any more.
	pub fn cut(&mut self) -> Result<()> {
		ensure!(!self.is_cut, "the cable is cut already");
		// Both sides, since a route binds the sender only. Taking the interface down would send what is meant for the
		// island to the machine's gateway instead.
		ip(&["route", "add", "blackhole", &format!("{THERE}/32")])?;
		self.is_cut = true;
		ip(&["-n", &self.namespace, "route", "add", "blackhole", &format!("{HERE}/32")])
	}

	/// Mends it.
	pub fn heal(&mut self) -> Result<()> {
		ensure!(self.is_cut, "the cable is whole");
		ip(&["-n", &self.namespace, "route", "del", "blackhole", &format!("{HERE}/32")])?;
		ip(&["route", "del", "blackhole", &format!("{THERE}/32")])?;
		self.is_cut = false;
		Ok(())
	}

	/// A script that starts the node on the island with whatever arguments it is given. zombienet takes no command with
	/// arguments. A node that is to run has a port for JSON-RPC, and leaves `started`; zombienet asks for `--help` before.
	fn script(&self, directory: &Path, name: &str, started: &Path) -> Result<String> {
		let path = directory.join(format!("{name}.sh"));
		let (node, namespace, started) = (binary(NODE)?, &self.namespace, started.display());
		let text = format!(
			"#!/bin/sh\ncase \"$*\" in *--rpc-port*) : >{started} ;; esac\nexec ip netns exec {namespace} {} \"$@\"\n",
			node.display()
		);
		fs::write(&path, text)?;
		fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
		Ok(path.to_str().context("the script's path is no UTF-8")?.to_owned())
	}

	/// Forwards a port of this side's loopback interface to the same one of the island's, from when the node starts until
	/// the process ends. zombienet holds the node's ports before that.
	fn forward(&self, port: u16, started: &Path) -> Result<()> {
		let path = Path::new("/run/netns").join(&self.namespace);
		let namespace = File::open(&path).with_context(|| path.display().to_string())?;
		let started = started.to_owned();
		thread::Builder::new().name(format!("forward-{port}")).spawn(move || {
			if let Err(error) = forward(port, &namespace, &started) {
				eprintln!("port {port} is not forwarded to the island: {error:#}");
			}
		})?;
		Ok(())
	}
}

impl Drop for Island {
	fn drop(&mut self) {
		if self.is_cut {
			let _ = self.heal();
		}
		// The nodes have ended, or end with the test's process; nothing is left to tell of a failure.
		let _ = ip(&["link", "del", &self.cable]);
		let _ = ip(&["netns", "del", &self.namespace]);
	}
}

fn ip(arguments: &[&str]) -> Result<()> {
	let Output { status, stderr, .. } =
		Command::new("ip").args(arguments).output().with_context(|| format!("ip {}", arguments.join(" ")))?;
	if !status.success() {
		bail!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&stderr));
	}
	Ok(())
}

fn forward(port: u16, namespace: &File, started: &Path) -> Result<()> {
	let until = Instant::now() + START;
	while !started.exists() {
		ensure!(Instant::now() < until, "the node was not started within {} s", START.as_secs());
		thread::sleep(LOOK);
	}
	let listener = TcpListener::bind(("127.0.0.1", port))?;
	// This thread's alone: sockets belong to the namespace that they are made in, and the listener was made before.
	setns(namespace, CloneFlags::CLONE_NEWNET)?;
	for outer in listener.incoming() {
		let outer = outer?;
		// Refused while the node does not run, and then so is this side's connection.
		let Ok(inner) = TcpStream::connect(("127.0.0.1", port)) else { continue };
		let (outer_copy, inner_copy) = (outer.try_clone()?, inner.try_clone()?);
		thread::spawn(move || copy(&outer, &inner));
		thread::spawn(move || copy(&inner_copy, &outer_copy));
	}
	Ok(())
}

/// Copies what one side says to the other, until either has had enough.
fn copy(mut from: &TcpStream, mut to: &TcpStream) {
	let _ = io::copy(&mut from, &mut to);
	// The other direction ends too: nobody here closes half a connection.
	let _ = from.shutdown(Shutdown::Both);
	let _ = to.shutdown(Shutdown::Both);
}
