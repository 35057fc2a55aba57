#!/usr/bin/env python3
"""Checks that dashboard.json and rules.yml name only metrics and labels that programs really have.

    check.py SOURCE...

Each SOURCE is the URL of a /metrics page, or a file that holds one, of a node, a provider or prometheus-node-exporter.
Metrics of a kind of program that no source is of are counted as not checked. Some metrics are there only on a validator that
has made a block, so name such a one. Exits with 1 if a name is wrong, and with 2 if something cannot be read.
"""

import json
import re
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent

# What a metric's first letters say about the program that it is of.
KINDS = {"peoples_cloud_provider_": "provider", "node_": "machine", "substrate_": "node", "rpc_": "node", "trie_": "node"}
# Made by Prometheus itself.
OWN = {"up", "ALERTS"}
# Labels that Prometheus adds to what it reads.
ADDED_LABELS = {"job", "instance"}

WORDS = {"and", "or", "unless", "bool", "offset", "start", "end", "inf", "nan"}
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)?\s*\{([^{}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"")
# A template variable of the dashboard stands for a duration or for a label's value, never for a metric.
VARIABLE = re.compile(r"\$\{?\w+(?::\w+)?\}?")
NAME = re.compile(r"(?<![\w:$.])[a-zA-Z_:][\w:]*")
# Sample lines: name, labels, value.
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+")
SAMPLE_LABEL = re.compile(r"(\w+)=\"")


class Unreadable(Exception):
    """A source or a file of ours is not what it should be."""


def read_metrics(source):
    """The metrics of a /metrics page, each with the labels that any of its samples has."""
    try:
        if re.match(r"https?://", source):
            with urllib.request.urlopen(source, timeout=10) as response:
                text = response.read().decode()
        else:
            text = Path(source).read_text()
    except OSError as error:
        raise Unreadable(f"{source}: {error}") from error
    metrics = {}
    for line in text.splitlines():
        sample = SAMPLE.match(line)
        if sample:
            labels = SAMPLE_LABEL.findall(STRING.sub('"', sample[2] or ""))
            metrics.setdefault(sample[1], set()).update(labels)
    if not metrics:
        raise Unreadable(f"{source}: no metrics there")
    return metrics


def uses_in(expression):
    """The metrics that a PromQL expression names, each with the labels that it is selected by."""
    uses = {}
    selected = VARIABLE.sub("1", expression)
    for name, matchers in SELECTOR.findall(selected):
        labels = set(MATCHER.findall(matchers))
        # {__name__="..."} alone would escape the check below.
        if not name:
            raise Unreadable(f"a selector without a metric's name: {expression}")
        uses.setdefault(name, set()).update(labels)
    bare = re.sub(r"\{[^{}]*\}|\[[^\]]*\]", " ", STRING.sub('""', selected))
    bare = GROUPING.sub(" ", bare)
    for match in NAME.finditer(bare):
        is_function = bare[match.end():].lstrip().startswith("(")
        if not is_function and match[0].lower() not in WORDS:
            uses.setdefault(match[0], set())
    return uses


def read_rules(path):
    """Names of recording rules, and all expressions with the rule that they are of.

    Understands as much of YAML as rules.yml uses: `expr: text` and `expr: >-` with deeper lines after it.
    """
    recorded, expressions = set(), []
    lines = path.read_text().splitlines()
    rules, rule = 0, ""
    for number, line in enumerate(lines):
        head = re.match(r"\s*- (record|alert): (\S+)$", line)
        if head:
            rules, rule = rules + 1, head[2]
            if head[1] == "record":
                recorded.add(rule)
        found = re.match(r"(\s*)expr: (.+)$", line)
        if not found:
            continue
        text = found[2]
        if text in (">-", ">", "|", "|-"):
            text = ""
            for more in lines[number + 1:]:
                if len(more) - len(more.lstrip()) <= len(found[1]):
                    break
                text += " " + more.strip()
        expressions.append((f"{path.name}, {rule}", text))
    if not rules or rules != len(expressions):
        raise Unreadable(f"{path.name}: {rules} rules, but {len(expressions)} expressions found")
    return recorded, expressions


def read_dashboard(path):
    """All expressions of a dashboard with the panel that they are of."""
    dashboard = json.loads(path.read_text())
    expressions = []
    panels = list(dashboard["panels"])
    while panels:
        panel = panels.pop(0)
        panels += panel.get("panels", [])
        for target in panel.get("targets", []):
            expressions.append((f"{path.name}, {panel['title']}", target["expr"]))
    for variable in dashboard["templating"]["list"]:
        query = variable["query"]
        found = re.match(r"label_values\((.+), \w+\)$", query if isinstance(query, str) else query["query"])
        if found:
            expressions.append((f"{path.name}, ${variable['name']}", found[1]))
    if not expressions:
        raise Unreadable(f"{path.name}: no expressions found")
    return expressions


def kind_of(name):
    """Which kind of program a metric is of."""
    return next((kind for prefix, kind in KINDS.items() if name.startswith(prefix)), None)


def main(sources):
    """Prints what is wrong, and answers the exit code."""
    if not sources or sources[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 2
    known = {}
    for source in sources:
        for name, labels in read_metrics(source).items():
            known.setdefault(name, set()).update(labels)
    kinds = {kind_of(name) for name in known}
    recorded, expressions = read_rules(HERE / "rules.yml")
    expressions += read_dashboard(HERE / "dashboard.json")

    wrong, checked, skipped = [], set(), {}
    for where, expression in expressions:
        for name, labels in uses_in(expression).items():
            if name in OWN or name in recorded:
                checked.add(name)
                continue
            kind = kind_of(name)
            if kind is not None and kind not in kinds:
                skipped.setdefault(kind, set()).add(name)
            elif name not in known:
                wrong.append(f"{where}: no program has {name}")
            else:
                checked.add(name)
                missing = labels - known[name] - ADDED_LABELS
                wrong += [f"{where}: {name} has no label {label}" for label in sorted(missing)]
    for line in wrong:
        print(line)
    for kind, names in sorted(skipped.items()):
        print(f"not checked for want of a source: {len(names)} metrics of a {kind}")
    print(f"{len(checked)} metrics in {len(expressions)} expressions are there, {len(wrong)} are not")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Unreadable as error:
        print(f"check.py: {error}", file=sys.stderr)
        sys.exit(2)
