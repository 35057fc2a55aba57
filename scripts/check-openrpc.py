#!/usr/bin/env python3
"""Holds docs/openrpc.json and docs/rpc.md to what a running node serves: `check-openrpc.py http://127.0.0.1:9944`.

An error is: a method that only one of the node and the document has; a method that is marked `x-unsafe` wrongly; an
example in docs/rpc.md, which is `curl ... -d '...' localhost:9944` in a `sh` block, that gets no result. The examples
need a chain whose first block is final. Whether a method is unsafe shows only where unsafe methods are denied: give the
node `--rpc-methods safe`. Then every method is called, with arguments of the right types that mean nothing. Methods that
are marked `x-archive` are there only with `--state-pruning archive`. The last line says which of this was checked.
"""
import json
import pathlib
import re
import sys
import urllib.error
import urllib.request

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
EXAMPLE = re.compile(r"curl [^']*'[^']*' -d '([^']*)' localhost:9944")
SH_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A debug build on a busy machine takes seconds for megabytes of chain specification.
TIMEOUT_SECONDS = 60
# Unsafe and without effect: tells whether the node denies unsafe methods.
UNSAFE_PROBE = "system_peers"


class Node:
    def __init__(self, url: str):
        self.url = url

    def post(self, body: str):
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url, body.encode(), headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)

    def call(self, method: str, params: list) -> dict:
        return self.post(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))


class Document:
    def __init__(self, path: pathlib.Path):
        self.root = json.loads(path.read_text())
        self.methods = {method["name"]: method for method in self.root["methods"]}

    def has(self, name: str, mark: str) -> bool:
        return self.methods.get(name, {}).get(mark, False)

    def resolve(self, node: dict) -> dict:
        while "$ref" in node:
            path, node = node["$ref"].removeprefix("#/").split("/"), self.root
            for key in path:
                node = node[key]
        return node

    def value(self, schema: dict):
        """Some value of a type: the node looks at the types of arguments before it denies a method."""
        schema = self.resolve(schema)
        if "oneOf" in schema:
            return self.value(schema["oneOf"][0])
        if "examples" in schema:
            return schema["examples"][0]
        if schema["type"] == "object":
            parts = schema.get("properties", {})
            return {name: self.value(parts[name]) for name in schema.get("required", [])}
        return {"string": "", "integer": 0, "boolean": False, "array": []}[schema["type"]]

    def arguments(self, name: str) -> list:
        params = [self.resolve(param) for param in self.methods[name]["params"]]
        return [self.value(param["schema"]) for param in params if param.get("required")]


def is_denied(answer: dict) -> bool:
    # The code is -32601, 4003 or 4005: each group of methods has its own.
    return "unsafe" in answer.get("error", {}).get("message", "")


def check_names(document: Document, served: set[str], is_archive: bool) -> list[str]:
    named = set(document.methods)
    if not is_archive:
        named = {name for name in named if not document.has(name, "x-archive")}
    unnamed = [f"the node serves {name}, which docs/openrpc.json lacks" for name in sorted(served - named)]
    return unnamed + [f"docs/openrpc.json has {name}, which the node lacks" for name in sorted(named - served)]


def check_unsafe(document: Document, node: Node, served: set[str]) -> list[str]:
    breaches = []
    for name in sorted(served & set(document.methods)):
        denied = is_denied(node.call(name, document.arguments(name)))
        if denied and not document.has(name, "x-unsafe"):
            breaches.append(f"{name} is unsafe, which docs/openrpc.json does not say")
        if document.has(name, "x-unsafe") and not denied:
            breaches.append(f"{name} is safe, but docs/openrpc.json marks it x-unsafe")
    return breaches


def check_examples(document: Document, node: Node, served: set[str], denies_unsafe: bool) -> tuple[int, list[str]]:
    commands = "".join(SH_BLOCK.findall((DOCS / "rpc.md").read_text()))
    bodies = EXAMPLE.findall(commands)
    breaches = []
    if len(bodies) != commands.count("curl "):
        breaches.append(f"docs/rpc.md: {len(bodies)} of {commands.count('curl ')} curl commands have the known form")
    for body in bodies:
        requests = json.loads(body)
        requests = requests if isinstance(requests, list) else [requests]
        names = {request["method"] for request in requests}
        if any(document.has(name, "x-archive") for name in names - served):
            continue
        answers = node.post(body)
        # One answer to several requests is an error about them all.
        answers = answers if isinstance(answers, list) else [answers] * len(requests)
        for request, answer in zip(requests, answers):
            name = request["method"]
            wants_denial = denies_unsafe and document.has(name, "x-unsafe")
            if wants_denial != is_denied(answer) or ("result" not in answer and not wants_denial):
                breaches.append(f"docs/rpc.md: the example of {name} gets {json.dumps(answer)[:200]}")
    return len(bodies), breaches


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    node, document = Node(sys.argv[1]), Document(DOCS / "openrpc.json")
    served = set(node.call("rpc_methods", [])["result"]["methods"])
    denies_unsafe = is_denied(node.call(UNSAFE_PROBE, []))
    is_archive = any(document.has(name, "x-archive") for name in served)
    breaches = check_names(document, served, is_archive)
    if denies_unsafe:
        breaches += check_unsafe(document, node, served)
    examples, of_examples = check_examples(document, node, served, denies_unsafe)
    breaches += of_examples
    for breach in breaches:
        print(f"check-openrpc: {breach}", file=sys.stderr)
    marks = "checked" if denies_unsafe else "not checked, for the node allows all methods"
    archive = "checked" if is_archive else "not checked, for the node has none"
    counts = f"{len(served)} methods, {examples} examples"
    print(f"check-openrpc: {counts}, marks of unsafe methods {marks}, methods of archives {archive}")
    return 1 if breaches else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except urllib.error.URLError as error:
        sys.exit(f"check-openrpc: {sys.argv[1]} does not answer: {error}")
