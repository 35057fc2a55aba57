// What every client's test does alike: its frame, and the data of scenario.json, which the test in Python reads too.
import { readFileSync } from "node:fs";

const data = JSON.parse(readFileSync(new URL("scenario.json", import.meta.url), "utf8"));

/** What the chain's properties must say. */
export const PROPERTIES = data.properties;
/** What a wallet must know to compute the metadata's hash (RFC-78); the rest is in the metadata. */
export const NETWORK = { tokenSymbol: PROPERTIES.tokenSymbol, decimals: PROPERTIES.tokenDecimals };
/** The same of a chain with another token: its hash is not ours. */
export const OTHER_NETWORK = { ...NETWORK, tokenSymbol: "OTHER" };
/** Planck that a test's account gets of Alice: the least bond ten times over. */
export const FUNDS = BigInt(data.funds);
/** Terms on which nobody need buy: only their encoding is of interest, and they differ from each other. */
export const OFFER = { ...data.offer, price: BigInt(data.offer.price), capacity: BigInt(data.offer.capacity) };
/** The number of an agreement that is not there: agreements are counted from zero. The last one that JSON can hold. */
export const UNKNOWN_AGREEMENT = BigInt(data.unknownAgreement);
/** Final blocks that a subscription must bring. */
export const FINAL_BLOCKS = data.finalBlocks;

/** Seconds for the connections to close once all is done. */
const CLOSE_LIMIT_S = 20;

/** The node's WebSocket URL: the first argument, or `NODE_URL`. */
export function nodeUrl() {
	const url = process.argv[2] ?? process.env.NODE_URL;
	if (!url) throw new Error("name the node's WebSocket URL: as the first argument, or as NODE_URL");
	return url;
}

/** The answer of the node to a call without parameters. */
export async function ask(url, method) {
	const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [] });
	const headers = { "content-type": "application/json" };
	// The same port answers over HTTP.
	const response = await fetch(url.replace(/^ws/, "http"), { method: "POST", headers, body });
	const { result, error } = await response.json();
	if (error) throw new Error(`${method}: ${error.message}`);
	return result;
}

/** A secret that no earlier test on the same chain used, so that a provider can be registered in its name. */
export function ownPath(client) {
	return `//Alice//${client}//${Date.now()}`;
}

/** The account's key as a libp2p peer id: an identity multihash of an Ed25519 key, by the key's length and form. */
export function peerId(publicKey) {
	return Uint8Array.from([0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...publicKey]);
}

/** Bytes as polkadot.js wants them: others it would take for encoded ones, with their length in front. */
export function hex(bytes) {
	return `0x${Buffer.from(bytes).toString("hex")}`;
}

/**
 * Runs a client's test. `body` gets `step(name, action)`, which says what was done, and for how long.
 *
 * The process ends by itself once `body` is done and all connections are closed; with an exit code other than zero when
 * something throws, or time runs out.
 */
export async function run(client, body) {
	let doing = "start";
	const fail = (reason) => {
		console.error(`${client}: FAILED: ${doing}: ${reason}`);
		process.exit(1);
	};
	// It would not keep the process alive.
	const limit = (seconds) => setTimeout(() => fail(`not done after ${seconds} s`), seconds * 1_000).unref();
	process.on("unhandledRejection", (error) => fail(explain(error)));

	const watchdog = limit(data.timeLimitSeconds);
	const started = performance.now();
	const seconds = (since) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;
	const step = async (name, action) => {
		doing = name;
		const began = performance.now();
		const answer = await action();
		console.log(`${client}: ok: ${name} (${seconds(began)})`);
		return answer;
	};
	try {
		await body(step);
	} catch (error) {
		fail(explain(error));
	}
	clearTimeout(watchdog);
	doing = "close the connections";
	limit(CLOSE_LIMIT_S);
	process.on("exit", (code) => code === 0 && console.log(`${client}: passed in ${seconds(started)}`));
}

function explain(error) {
	const cause = error?.cause ? `\ncaused by ${explain(error.cause)}` : "";
	return `${error?.stack ?? error?.message ?? error}${cause}`;
}
