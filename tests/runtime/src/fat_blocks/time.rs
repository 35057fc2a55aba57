//! How long the fat blocks take in the runtime that the chain executes, beside what they were charged for.
//!
//! Each block is made natively, and then executed as a node does that imports it: by the WebAssembly runtime, compiled, from
//! the check of its signatures to the root of the new state. The state is in memory; what the database would take is
//! counted at the runtime's weight for it.

use std::{
	borrow::Cow,
	time::{Duration, Instant},
};

use codec::Encode;
use peoples_cloud_runtime::{Block, Executive, Hashing};
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use sp_io::TestExternalities;
use sp_runtime::traits::Hash as _;

use super::{all_cases, begin_next_block, measure, world, Case, Cost, SLOT};
use crate::transactions::time;

/// Names the file of another runtime than the one that tests are built with.
const RUNTIME: &str = "PEOPLES_CLOUD_RUNTIME";
/// Each block is executed so often, and the shortest time counts: whatever else the machine did made it longer.
const ROUNDS: u32 = 5;

/// A block as it travels: filled with that call, or empty. The state stays as it is.
fn make_block(state: &mut TestExternalities, case: Option<&Case>) -> Vec<u8> {
	let block = state.execute_with(|| {
		begin_next_block();
		let mut extrinsics = vec![time(SLOT)];
		extrinsics.extend(case.into_iter().flat_map(Case::fill));
		let header = Executive::finalize_block();
		Block { header, extrinsics }.encode()
	});
	state.reset_overlay();
	block
}

/// Executes blocks as a node does.
struct Node<'a> {
	/// With what a node that was told nothing else executes with: compiled code, instances from a pool.
	executor: WasmExecutor<sp_io::SubstrateHostFunctions>,
	code: RuntimeCode<'a>,
}

impl Node<'_> {
	/// The shortest time that the block took. The state stays as it is.
	fn execute(&self, state: &mut TestExternalities, block: &[u8]) -> Duration {
		let rounds = (0..ROUNDS).map(|_| {
			let context = CallContext::Onchain { import: true };
			let start = Instant::now();
			let (answer, _) = self.executor.call(&mut state.ext(), &self.code, "Core_execute_block", block, context);
			let taken = start.elapsed();
			answer.unwrap();
			state.reset_overlay();
			taken
		});
		rounds.min().unwrap_or_default()
	}
}

/// A line of the table.
struct Line {
	call: &'static str,
	cost: Cost,
	taken: Duration,
}

impl Line {
	/// Picoseconds, as weights are.
	fn taken(&self) -> f64 {
		self.taken.as_secs_f64() * 1e12
	}

	fn ratio(&self) -> f64 {
		self.taken() / self.cost.charged.ref_time() as f64
	}

	fn print(&self) {
		let millis = |picoseconds: f64| picoseconds / 1e9;
		let database = self.cost.database() as f64;
		let charged = self.cost.charged.ref_time() as f64;
		println!(
			"| `{}` | {} | {:.1} ms | {:.1} ms | **{:.0} %** | {:.1} ms | {:.0} % |",
			self.call,
			self.cost.calls,
			millis(charged),
			millis(self.taken()),
			100.0 * self.ratio(),
			millis(database),
			100.0 * (self.taken() + database) / charged,
		);
	}
}

#[test]
#[ignore = "takes minutes, and what it prints is the machine's"]
fn times_of_full_blocks() {
	let code: Cow<'static, [u8]> = match std::env::var_os(RUNTIME) {
		Some(file) => std::fs::read(file).unwrap().into(),
		None => peoples_cloud_runtime_wasm::WASM_BINARY.expect("tests are built with the WebAssembly runtime").into(),
	};
	let hash = Hashing::hash(&code).encode();
	let fetcher = WrappedRuntimeCode(code);
	let code = RuntimeCode { code_fetcher: &fetcher, heap_pages: None, hash };
	let executor = WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	let node = Node { executor, code };
	let mut common = world::world();
	let mut lines = Vec::new();
	for case in all_cases() {
		let mut state = world::changed(&mut common, case.prepare);
		let empty = measure(&mut state, || 0);
		let full = measure(&mut state, || case.fill().len() as u32);
		let cost = Cost::new(&full, &empty);
		let [empty, full] = [None, Some(&case)].map(|case| make_block(&mut state, case));
		// The first one compiles the runtime.
		let least = node.execute(&mut state, &empty);
		let taken = node.execute(&mut state, &full).saturating_sub(least);
		lines.push(Line { call: case.call, cost, taken });
	}
	lines.sort_by(|one, other| other.ratio().total_cmp(&one.ratio()));
	println!("| call | in a block | charged | taken | taken of charged | the database | taken with the database |");
	println!("|---|---|---|---|---|---|---|");
	lines.iter().for_each(Line::print);
}
