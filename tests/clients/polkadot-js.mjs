// polkadot.js against a node: `node polkadot-js.mjs [URL]`, or with NODE_URL.
import assert from "node:assert/strict";

import { merkleizeMetadata } from "@polkadot-api/merkleize-metadata";
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";

import * as scenario from "./lib/scenario.mjs";

const CLIENT = "polkadot-js";

await scenario.run(CLIENT, async (step) => {
	const url = scenario.nodeUrl();
	const api = await step("connect and decode metadata", async () => {
		const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true });
		// Older metadata has no view functions.
		assert.ok(api.runtimeMetadata.version >= 16, `metadata of version ${api.runtimeMetadata.version}`);
		assert.equal(api.runtimeVersion.specName.toString(), "peoples-cloud");
		return api;
	});

	await step("chain properties", () => {
		// What the node told of itself while connecting.
		const { chainTokens, chainDecimals, chainSS58 } = api.registry;
		const { tokenSymbol, tokenDecimals, ss58Format } = scenario.PROPERTIES;
		assert.deepEqual([chainTokens, chainDecimals, chainSS58], [[tokenSymbol], [tokenDecimals], ss58Format]);
		assert.equal(api.consts.system.ss58Prefix.toNumber(), ss58Format);
	});

	const keyring = new Keyring({ type: "sr25519", ss58Format: scenario.PROPERTIES.ss58Format });
	const alice = keyring.addFromUri("//Alice");
	const own = keyring.addFromUri(scenario.ownPath(CLIENT));
	const peerId = scenario.hex(scenario.peerId(own.publicKey));

	const bond = await step("storage", async () => {
		const account = await api.query.system.account(alice.address);
		assert.ok(account.data.free.toBigInt() > scenario.FUNDS, `Alice has ${account.data.free}`);
		const params = await api.query.providers.params();
		assert.ok(params.minBond.toBigInt() > 0n);
		return params.minBond.toBigInt();
	});

	await step("subscription to final blocks", () => finalBlocks(api));

	await step("transfer", async () => {
		const result = await submit(api.tx.balances.transferKeepAlive(own.address, scenario.FUNDS), alice);
		const { from, to, amount } = eventOf(result, api.events.balances.Transfer);
		assert.deepEqual([from.toString(), to.toString()], [alice.address, own.address]);
		assert.equal(amount.toBigInt(), scenario.FUNDS);
	});

	await step("call of ours that succeeds", async () => {
		const result = await submit(api.tx.providers.register(peerId, [], CLIENT, "", bond), own);
		const event = eventOf(result, api.events.providers.Registered);
		assert.equal(event.provider.toString(), own.address);
		assert.equal(event.peerId.toHex(), peerId);
		assert.equal(event.bond.toBigInt(), bond);
	});

	await step("view function", async () => {
		const provider = await view(api, "Providers", "provider", own.publicKey);
		assert.ok(provider.isSome, "the provider is not there");
		assert.equal(provider.unwrap().operator.toUtf8(), CLIENT);
		assert.equal(provider.unwrap().bonded.toBigInt(), bond);
	});

	const kind = "Storage";
	const offer = scenario.OFFER;
	await step("transaction with the metadata's hash", async () => {
		const options = { mode: 1, metadataHash: await metadataHash(api, scenario.NETWORK) };
		const result = await submit(api.tx.providers.setOffer(kind, offer), own, options);
		const event = eventOf(result, api.events.providers.OfferSet);
		assert.equal(event.kind.type, kind);
		assert.equal(event.offer.price.toBigInt(), offer.price);
		assert.equal(event.offer.capacity.toBigInt(), offer.capacity);
		assert.equal(event.offer.maxDuration.toNumber(), offer.max_duration);
	});

	await step("transaction with another hash is refused", async () => {
		const options = { mode: 1, metadataHash: await metadataHash(api, scenario.OTHER_NETWORK) };
		const refused = submit(api.tx.providers.setOffer(kind, offer), own, options);
		await assert.rejects(refused, /1010: Invalid Transaction: Transaction has a bad signature/);
	});

	await step("call of ours that fails", async () => {
		const { dispatchError } = await submit(api.tx.marketplace.close(scenario.UNKNOWN_AGREEMENT), own);
		assert.ok(dispatchError?.isModule, `it came to ${dispatchError}`);
		const { section, name, docs } = api.registry.findMetaError(dispatchError.asModule);
		assert.deepEqual([section, name], ["marketplace", "UnknownAgreement"]);
		assert.match(docs.join(" "), /no such agreement/);
	});

	await api.disconnect();
});

/** Waits for final blocks, which must rise. */
async function finalBlocks(api) {
	let unsubscribe;
	let last = -1;
	let count = 0;
	await new Promise((resolve, reject) => {
		const listen = api.rpc.chain.subscribeFinalizedHeads((header) => {
			const number = header.number.toNumber();
			if (number <= last) reject(new Error(`block ${number} was final after ${last}`));
			last = number;
			count += 1;
			if (count === scenario.FINAL_BLOCKS) resolve();
		});
		listen.then((stop) => (unsubscribe = stop), reject);
	});
	unsubscribe();
}

/** Signs and submits; answers what came of it once it is final. */
function submit(transaction, signer, options = {}) {
	return new Promise((resolve, reject) => {
		const listen = (result) => {
			if (result.isFinalized) resolve(result);
			if (result.isError) reject(new Error(`the transaction is ${result.status.type}`));
		};
		transaction.signAndSend(signer, options, listen).catch(reject);
	});
}

/** The data of the first event of this kind. */
function eventOf({ dispatchError, events }, kind) {
	assert.equal(dispatchError, undefined, `it failed: ${dispatchError}`);
	const found = events.find(({ event }) => kind.is(event));
	assert.ok(found, `${kind.meta.name} is not among ${events.map(({ event }) => `${event.section}.${event.method}`)}`);
	return found.event.data;
}

/** Calls a view function by its name: polkadot.js knows their metadata, but has no methods for them. */
async function view(api, pallet, name, input) {
	const { viewFunctions } = api.runtimeMetadata.asLatest.pallets.find((each) => each.name.eq(pallet));
	const { id, output } = viewFunctions.find((each) => each.name.eq(name));
	const query = { prefix: id.subarray(0, 16), suffix: id.subarray(16) };
	const answer = await api.call.runtimeViewFunction.executeViewFunction(query, scenario.hex(input));
	return api.registry.createType(api.registry.createLookupType(output), answer.asOk.toU8a(true));
}

/** The hash that hardware signers show that they decode transactions of a network by. */
async function metadataHash(api, network) {
	const metadata = await api.call.metadata.metadataAtVersion(15);
	return scenario.hex(merkleizeMetadata(metadata.unwrap().toU8a(true), network).digest());
}
