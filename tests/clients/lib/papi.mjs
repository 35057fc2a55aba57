// What PAPI does with the chain, whoever brings it the blocks: a node, or a light client.
import assert from "node:assert/strict";

import { sr25519CreateDerive } from "@polkadot-labs/hdkd";
import { DEV_MINI_SECRET, ss58Address } from "@polkadot-labs/hdkd-helpers";
import { Enum } from "polkadot-api";
import { getPolkadotSigner, withMetadataHash } from "polkadot-api/signer";

import * as scenario from "./scenario.mjs";

/** Runs the steps of a test named `name` with a client and its `api`, typed by descriptors or not. */
export async function useMarket(step, name, client, api) {
	await step("decode metadata", async () => {
		const { spec_name } = await api.constants.System.Version();
		assert.equal(spec_name, "peoples-cloud");
	});

	await step("chain properties", async () => {
		const { properties } = await client.getChainSpecData();
		assert.deepEqual(properties, scenario.PROPERTIES);
		assert.equal(await api.constants.System.SS58Prefix(), scenario.PROPERTIES.ss58Format);
	});

	const alice = account("//Alice");
	const own = account(scenario.ownPath(name));
	const peerId = scenario.peerId(own.signer.publicKey);

	const bond = await step("storage", async () => {
		const { data } = await api.query.System.Account.getValue(alice.address);
		assert.ok(data.free > scenario.FUNDS, `Alice has ${data.free}`);
		const { min_bond } = await api.query.Providers.Params.getValue();
		assert.ok(min_bond > 0n);
		return min_bond;
	});

	await step("subscription to final blocks", () => finalBlocks(client));

	await step("transfer", async () => {
		const dest = Enum("Id", own.address);
		const transfer = api.tx.Balances.transfer_keep_alive({ dest, value: scenario.FUNDS });
		const event = eventOf(await submit(client, transfer, alice.signer), "Balances", "Transfer");
		assert.deepEqual(event, { from: alice.address, to: own.address, amount: scenario.FUNDS });
	});

	await step("call of ours that succeeds", async () => {
		const text = (label) => new TextEncoder().encode(label);
		const info = { peer_id: peerId, addresses: [], operator: text(name), region: text(""), bond };
		const result = await submit(client, api.tx.Providers.register(info), own.signer);
		const event = eventOf(result, "Providers", "Registered");
		assert.deepEqual(event, { provider: own.address, peer_id: peerId, bond });
	});

	await step("view function", async () => {
		const provider = await api.view.Providers.provider(own.address);
		assert.ok(provider, "the provider is not there");
		assert.equal(new TextDecoder().decode(provider.operator), name);
		assert.equal(provider.bonded, bond);
	});

	const terms = { kind: Enum("Storage"), offer: scenario.OFFER };
	await step("transaction with the metadata's hash", async () => {
		const signer = withMetadataHash(scenario.NETWORK, own.signer);
		const result = await submit(client, api.tx.Providers.set_offer(terms), signer);
		const { provider, kind, offer } = eventOf(result, "Providers", "OfferSet");
		assert.deepEqual([provider, kind.type, offer], [own.address, "Storage", scenario.OFFER]);
	});

	await step("transaction with another hash is refused", async () => {
		const signer = withMetadataHash(scenario.OTHER_NETWORK, own.signer);
		const refused = submit(client, api.tx.Providers.set_offer(terms), signer);
		await assert.rejects(refused, { error: { type: "Invalid", value: { type: "BadProof", value: undefined } } });
	});

	await step("call of ours that fails", async () => {
		const close = api.tx.Marketplace.close({ agreement: scenario.UNKNOWN_AGREEMENT });
		const { ok, dispatchError } = await submit(client, close, own.signer);
		assert.equal(ok, false);
		const { type, value } = dispatchError;
		assert.deepEqual([type, value.type, value.value.type], ["Module", "Marketplace", "UnknownAgreement"]);
	});
}

/** The account of a secret that is derived from the development phrase. */
function account(path) {
	const { publicKey, sign } = sr25519CreateDerive(DEV_MINI_SECRET)(path);
	const signer = getPolkadotSigner(publicKey, "Sr25519", sign);
	return { address: ss58Address(publicKey, scenario.PROPERTIES.ss58Format), signer };
}

/** Waits for final blocks, which must rise. */
async function finalBlocks(client) {
	let last = -1;
	let count = 0;
	await new Promise((resolve, reject) => {
		const subscription = client.finalizedBlock$.subscribe({
			next({ number }) {
				if (number <= last) reject(new Error(`block ${number} was final after ${last}`));
				last = number;
				count += 1;
				if (count < scenario.FINAL_BLOCKS) return;
				subscription.unsubscribe();
				resolve();
			},
			error: reject,
		});
	});
}

/** Signs and submits; answers what came of it once it is final. */
async function submit(client, transaction, signer) {
	const { hash } = await client.getFinalizedBlock();
	// PAPI signs for the last final block, and fails when it lets go of it because the next one is final meanwhile.
	const release = client.hodlBlock(hash);
	try {
		return await transaction.signAndSubmit(signer, { at: hash });
	} finally {
		release();
	}
}

/** The data of the first event of this kind. */
function eventOf({ ok, events, dispatchError }, pallet, name) {
	assert.ok(ok, `it failed: ${JSON.stringify(dispatchError)}`);
	const found = events.find(({ type, value }) => type === pallet && value.type === name);
	assert.ok(found, `${pallet}.${name} is not among ${events.map(({ type, value }) => `${type}.${value.type}`)}`);
	return found.value.value;
}
