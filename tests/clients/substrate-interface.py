"""substrate-interface against a node: `python substrate-interface.py [URL]`, or with NODE_URL."""

import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from substrateinterface import Keypair, SubstrateInterface

CLIENT = "substrate-interface"
# Explained in lib/scenario.mjs.
SCENARIO = json.loads(Path(__file__).with_name("lib").joinpath("scenario.json").read_text())
PROPERTIES = SCENARIO["properties"]
FUNDS = SCENARIO["funds"]
OFFER = SCENARIO["offer"]


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("NODE_URL")
    if not url:
        sys.exit(f"{CLIENT}: FAILED: name the node's WebSocket URL: as the first argument, or as NODE_URL")
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(SCENARIO["timeLimitSeconds"])

    began = time.monotonic()
    with step("connect and decode metadata"):
        chain = SubstrateInterface(url=url)
        chain.init_runtime()
        equal(chain.get_constant("System", "Version").value["spec_name"], "peoples-cloud")
    with chain:
        use_market(chain)
    print(f"{CLIENT}: passed in {time.monotonic() - began:.1f} s")


def use_market(chain):
    with step("chain properties"):
        equal(chain.properties, PROPERTIES)
        equal(chain.get_constant("System", "SS58Prefix").value, PROPERTIES["ss58Format"])

    alice = Keypair.create_from_uri("//Alice", ss58_format=PROPERTIES["ss58Format"])
    # No earlier test on the same chain had it, so that a provider can be registered in its name.
    own = Keypair.create_from_uri(f"//Alice//{CLIENT}//{time.time_ns()}", ss58_format=PROPERTIES["ss58Format"])
    # An identity multihash of an Ed25519 key, by the key's length and form.
    peer_id = f"0x002408011220{own.public_key.hex()}"

    with step("storage"):
        account = chain.query("System", "Account", [alice.ss58_address]).value
        require(account["data"]["free"] > FUNDS, f"Alice has {account['data']['free']}")
        bond = chain.query("Providers", "Params").value["min_bond"]
        require(bond > 0, f"the least bond is {bond}")

    with step("subscription to final blocks"):
        final_blocks(chain)

    with step("transfer"):
        arguments = {"dest": own.ss58_address, "value": FUNDS}
        receipt = submit(chain, alice, "Balances", "transfer_keep_alive", arguments)
        event = event_of(receipt, "Balances", "Transfer")
        equal(event, {"from": alice.ss58_address, "to": own.ss58_address, "amount": FUNDS})

    with step("calls of ours that succeed"):
        # A list within a list: a bounded vector is a structure of one field to it.
        arguments = {"peer_id": peer_id, "addresses": [[]], "operator": CLIENT, "region": "", "bond": bond}
        receipt = submit(chain, own, "Providers", "register", arguments)
        event = event_of(receipt, "Providers", "Registered")
        equal(event, {"provider": own.ss58_address, "peer_id": peer_id, "bond": bond})

        receipt = submit(chain, own, "Providers", "set_offer", {"kind": "Storage", "offer": OFFER})
        event = event_of(receipt, "Providers", "OfferSet")
        equal(event, {"provider": own.ss58_address, "kind": "Storage", "offer": OFFER})

    with step("call of ours that fails"):
        receipt = submit(chain, own, "Marketplace", "close", {"agreement": SCENARIO["unknownAgreement"]})
        require(not receipt.is_success, "it succeeded")
        equal((receipt.error_message["type"], receipt.error_message["name"]), ("Module", "UnknownAgreement"))
        equal(receipt.error_message["docs"], ["There is no such agreement, or it was settled."])

    with step("runtime interface"):
        # It reads metadata of version 14, which knows no view functions.
        nonce = chain.runtime_call("AccountNonceApi", "account_nonce", [own.ss58_address]).value
        equal(nonce, 3)


def final_blocks(chain):
    """Waits for final blocks, which must rise."""
    numbers = []

    def receive(header, _update, _subscription):
        numbers.append(header["header"]["number"])
        return True if len(numbers) == SCENARIO["finalBlocks"] else None

    chain.subscribe_block_headers(receive, finalized_only=True)
    require(numbers == sorted(set(numbers)), f"final blocks came as {numbers}")


def submit(chain, signer, pallet, call, arguments):
    """Signs and submits; answers what came of it once it is final."""
    composed = chain.compose_call(pallet, call, arguments)
    extrinsic = chain.create_signed_extrinsic(composed, signer)
    return chain.submit_extrinsic(extrinsic, wait_for_finalization=True)


def event_of(receipt, pallet, name):
    """The attributes of the first event of this kind."""
    require(receipt.is_success, f"it failed: {receipt.error_message}")
    events = [record.value["event"] for record in receipt.triggered_events]
    for event in events:
        if (event["module_id"], event["event_id"]) == (pallet, name):
            return event["attributes"]
    raise AssertionError(f"{pallet}.{name} is not among {[(e['module_id'], e['event_id']) for e in events]}")


@contextmanager
def step(name):
    """Says what was done, and for how long; ends the process when it fails."""
    began = time.monotonic()
    try:
        yield
    except Exception as error:
        sys.exit(f"{CLIENT}: FAILED: {name}: {type(error).__name__}: {error}")
    print(f"{CLIENT}: ok: {name} ({time.monotonic() - began:.1f} s)", flush=True)


def equal(actual, expected):
    require(actual == expected, f"{actual!r} instead of {expected!r}")


def require(holds, otherwise):
    if not holds:
        raise AssertionError(otherwise)


def out_of_time(_signal, _frame):
    sys.exit(f"{CLIENT}: FAILED: not done after {SCENARIO['timeLimitSeconds']} s")


if __name__ == "__main__":
    main()
