#!/usr/bin/env python3
"""Holds the SDK crates to one release line.

The newest sc-*, sp-*, frame-*, pallet-* crates on the registry are often of another release than the one
this workspace builds on. Two versions of one of them in the lock file, or a version or a crate that the umbrella
crate `polkadot-sdk` of our release does not name, is an error. The umbrella's versions are in
`scripts/sdk-2609.2.0.txt`; `--update FILE` rewrites that from the umbrella's Cargo.toml.
"""
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "scripts" / "sdk-2609.2.0.txt"
SDK = re.compile(r"^(sc|sp|frame|pallet|substrate)-|^polkadot-sdk-frame$")
# Of this form of name, but released on their own lines.
INDEPENDENT = {"frame-decode", "frame-metadata", "sp-crypto-hashing", "sp-std"}


def umbrella(path: str) -> dict[str, str]:
    manifest = tomllib.loads(pathlib.Path(path).read_text())
    return {
        name: spec["version"]
        for name, spec in manifest["dependencies"].items()
        if isinstance(spec, dict) and SDK.match(name)
    }


def main() -> int:
    if sys.argv[1:2] == ["--update"]:
        versions = umbrella(sys.argv[2])
        LIST.write_text("".join(f"{name} {version}\n" for name, version in sorted(versions.items())))
        return 0
    wanted = dict(line.split() for line in LIST.read_text().splitlines())
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    found: dict[str, set[str]] = {}
    for package in lock["package"]:
        if SDK.match(package["name"]) and package.get("source"):
            found.setdefault(package["name"], set()).add(package["version"])
    breaches = []
    for name, versions in sorted(found.items()):
        if len(versions) > 1:
            breaches.append(f"{name} is locked in {len(versions)} versions: {', '.join(sorted(versions))}")
        elif name in INDEPENDENT:
            continue
        elif name not in wanted:
            breaches.append(f"{name} is not of release 2609.2.0; if it has a release line of its own, name it in INDEPENDENT")
        elif versions != {wanted[name]}:
            breaches.append(f"{name} is {versions.pop()}, release 2609.2.0 has {wanted[name]}")
    for breach in breaches:
        print(f"check-sdk-versions: {breach}", file=sys.stderr)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
