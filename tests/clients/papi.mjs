// PAPI against a node: `node papi.mjs [URL]`, or with NODE_URL. Its descriptors are made of that node's metadata.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { createClient } from "polkadot-api";
import { getWsProvider } from "polkadot-api/ws";
import { WebSocket } from "ws";

import { useMarket } from "./lib/papi.mjs";
import { ask, nodeUrl, run } from "./lib/scenario.mjs";

const CLIENT = "papi";
const HERE = path.dirname(fileURLToPath(import.meta.url));
/** Milliseconds for PAPI's code generator: several times what it takes. */
const GENERATE_LIMIT_MS = 120_000;

await run(CLIENT, async (step) => {
	const url = nodeUrl();
	const descriptors = await step("descriptors of the node's metadata", () => generateDescriptors(url));
	// Node.js has a WebSocket of its own from version 22 on.
	const client = createClient(getWsProvider(url, { websocketClass: WebSocket }));
	await useMarket(step, CLIENT, client, client.getTypedApi(descriptors));
	client.destroy();
});

/** Makes them as an application's author does, or keeps those of an earlier run with the same metadata. */
async function generateDescriptors(url) {
	// The generator would wait for a node that is not there.
	await ask(url, "system_chain");
	const config = { version: 0, descriptorPath: ".papi/descriptors", entries: {} };
	// The descriptors are imported by path: a package of them would be added to package.json.
	config.options = { noDescriptorsPackage: true };
	await mkdir(path.join(HERE, ".papi"), { recursive: true });
	await writeFile(path.join(HERE, ".papi/polkadot-api.json"), JSON.stringify(config));

	const papi = path.join(HERE, "node_modules/polkadot-api/bin/cli.js");
	// The generator needs the WebSocket that Node.js 20 has behind this flag.
	const args = ["--experimental-websocket", papi, "add", "ppl", "--wsUrl", url];
	await promisify(execFile)(process.execPath, args, { cwd: HERE, timeout: GENERATE_LIMIT_MS });
	const { ppl } = await import(pathToFileURL(path.join(HERE, ".papi/descriptors/dist/index.js")));
	return ppl;
}
