// smoldot as a light client, with PAPI on top: `node smoldot.mjs [URL [CHAIN_SPEC]]`, or with NODE_URL and CHAIN_SPEC.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { createClient } from "polkadot-api";
import { getSmProvider } from "polkadot-api/sm-provider";
import { start } from "smoldot";

import { useMarket } from "./lib/papi.mjs";
import { ask, nodeUrl, run } from "./lib/scenario.mjs";

const CLIENT = "smoldot";
/** The most talkative of smoldot's messages that are shown: warnings. */
const LOG_LEVEL = 2;

await run(CLIENT, async (step) => {
	const chainSpec = await step("chain specification", async () => {
		const file = process.argv[3] ?? process.env.CHAIN_SPEC;
		assert.ok(file, "name the raw chain specification: as the second argument, or as CHAIN_SPEC");
		const spec = JSON.parse(await readFile(file, "utf8"));
		if (!spec.bootNodes?.length) spec.bootNodes = await bootNodes(nodeUrl());
		return JSON.stringify(spec);
	});

	// As in a browser, which can open WebSockets only.
	const lightClient = start({ forbidTcp: true, maxLogLevel: LOG_LEVEL, logCallback });
	const client = createClient(getSmProvider(() => lightClient.addChain({ chainSpec })));
	await step("join the network", () => client.getFinalizedBlock());
	await useMarket(step, CLIENT, client, client.getUnsafeApi());
	client.destroy();
	await lightClient.terminate();
});
// It leaves timers behind that would keep the process alive.
process.exit();

/** Where a WebSocket reaches the node's peer-to-peer port from this machine. */
async function bootNodes(url) {
	const addresses = await ask(url, "system_localListenAddresses");
	const local = addresses.filter((address) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/ws\//.test(address));
	assert.ok(local.length, `it listens on no WebSocket (--listen-addr /ip4/127.0.0.1/tcp/0/ws), only on ${addresses}`);
	return local;
}

function logCallback(level, target, message) {
	console.error(`${CLIENT}: ${target}: ${message}`);
}
