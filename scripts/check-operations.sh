#!/usr/bin/env bash
# Checks what operators get: Prometheus's configuration, its rules and alerts, the systemd units, the guide's firewall, what
# runs in containers, the dashboard. Each is read by the program that it is for; where that is missing, a line says so.
# Prints every breach, then fails. scripts/check-tree.sh runs it; it needs no network, and changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
# Programs of administrators are not on everybody's path; setup.sh fetches one itself.
PATH+=:/usr/sbin:/sbin:${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud/tools/bin

MONITORING=operations/monitoring
GUIDE=docs/run-a-validator.md
COMPOSE=operations/docker/compose.yaml
IGNORED=operations/docker/Dockerfile.dockerignore

failed=0
breach() { echo "check-operations: $1" >&2; failed=1; }
left_out() { echo "check-operations: left out for want of $1: $2"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prometheus: what it is started with, and all tests of the alerts.
if command -v promtool >/dev/null; then
	for check in "check config prometheus.yml" "check rules rules.yml" "test rules rules.test.yml"; do
		# shellcheck disable=SC2086  # words of a command
		(cd "$MONITORING" && promtool $check) >"$work/log" 2>&1 || breach "promtool $check: $(cat "$work/log")"
	done
	# What the dashboard asks, as rules; a variable of its own stands for a duration.
	PYTHONPATH=$MONITORING python3 -B - "$MONITORING/dashboard.json" >"$work/dashboard.yml" <<-'PYTHON' ||
		import json, pathlib, sys
		from check import read_dashboard

		asked = [query.replace("$__rate_interval", "1m") for _, query in read_dashboard(pathlib.Path(sys.argv[1]))]
		rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(asked)]
		print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
	PYTHON
		breach "dashboard.json has no queries that can be read"
	promtool check rules "$work/dashboard.yml" >"$work/log" 2>&1 || breach "queries of dashboard.json: $(cat "$work/log")"
else
	left_out promtool "Prometheus's configuration, the rules and their tests, and the dashboard's queries"
fi

# Each alert is seen to fire in a test, and to be silent.
tried=$(awk '
	$1 == "-" && $2 == "alertname:" { alert = $3 }
	/exp_alerts: \[\]$/ { print alert, "is silent"; next }
	/exp_alerts:$/ { print alert, "fires" }' "$MONITORING/rules.test.yml")
# The guide tells validators what to do about theirs.
while read -r group alert; do
	for outcome in fires 'is silent'; do
		grep -qx "$alert $outcome" <<<"$tried" || breach "rules.test.yml has no test of $alert in which it $outcome"
	done
	[ "$group" = peoples-cloud-provider ] || grep -qF "**$alert**" "$GUIDE" ||
		breach "$GUIDE does not say what to do about $alert"
done < <(awk '
	$1 == "-" && $2 == "name:" { group = $3 }
	$1 == "-" && $2 == "alert:" { print group, $3 }' "$MONITORING/rules.yml")

# Units, with a program that is there in the place of ours. Settings that systemd does not know it only warns of.
if command -v systemd-analyze >/dev/null; then
	for unit in operations/systemd/*.service; do
		sed -E 's#^(ExecStart=)/usr/local/bin/[a-z-]+#\1/bin/true#' "$unit" >"$work/${unit##*/}"
	done
	# Errors of units that ours only name are not ours; systemd before 250 cannot leave them out.
	only_ours=()
	if systemd-analyze --help | grep -q -- --recursive-errors; then only_ours=(--recursive-errors=no); fi
	if ! systemd-analyze verify --man=no "${only_ours[@]}" "$work"/*.service >"$work/log" 2>&1 ||
		grep -qE 'peoples-cloud-(node|provider)\.service' "$work/log"; then
		breach "systemd-analyze verify: $(cat "$work/log")"
	fi
else
	left_out systemd-analyze "the systemd units"
fi

# The firewall, in a network namespace that ends with the check.
awk '/^#!\/usr\/sbin\/nft -f$/ { inside = 1 } inside && /^```/ { exit } inside' "$GUIDE" >"$work/nftables.conf"
[ -s "$work/nftables.conf" ] || breach "$GUIDE has no firewall that begins with #!/usr/sbin/nft -f"
alone=
for way in "unshare --user --map-root-user --net" "unshare --net"; do
	$way nft list ruleset >/dev/null 2>&1 || continue
	alone=$way
	break
done
if ! command -v nft >/dev/null; then
	left_out nft "the firewall"
elif [ -z "$alone" ]; then
	left_out "a network namespace with nf_tables" "the firewall"
else
	$alone nft -c -f "$work/nftables.conf" >"$work/log" 2>&1 || breach "the firewall of $GUIDE: $(cat "$work/log")"
fi

# Containers and Grafana.
python3 -m json.tool "$MONITORING/dashboard.json" >/dev/null 2>"$work/log" || breach "dashboard.json: $(cat "$work/log")"
python=
for candidate in python3 /usr/bin/python3; do
	"$candidate" -c 'import yaml' 2>/dev/null || continue
	python=$candidate
	break
done
if [ -n "$python" ]; then
	mapfile -t files < <(find operations -name '*.yml' -o -name '*.yaml')
	"$python" - "$COMPOSE" "${files[@]}" <<'PYTHON' || failed=1
import pathlib, sys, yaml

wrong = []
compose, files = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
for file in files:
    try:
        yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        wrong.append(f"{file}: {error}")
if not wrong:
    content = yaml.safe_load(compose.read_text())
    for name, service in content["services"].items():
        for other in service.get("depends_on", []):
            if other not in content["services"]:
                wrong.append(f"{compose}: {name} depends on {other}, which is not there")
        build = service.get("build")
        if build and not (compose.parent / build["context"] / build["dockerfile"]).is_file():
            wrong.append(f"{compose}: {name} is built from a file that is not there")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (compose.parent / source).exists() if source.startswith(".") else source in content["volumes"]
            if not there:
                wrong.append(f"{compose}: {name} has the volume {source}, which is not there")
for line in wrong:
    print(f"check-operations: {line}", file=sys.stderr)
sys.exit(bool(wrong))
PYTHON
else
	left_out "Python's yaml" "files for containers and for Grafana"
fi
# What a build from the sources reads is not left out of the image's context.
while IFS=: read -r source _ line; do
	[[ $line =~ include_(str|bytes)!\(\"([^\"]+)\"\) ]] || continue
	included=$(realpath -m --relative-to=. "$(dirname "$source")/${BASH_REMATCH[2]}")
	while read -r ignored; do
		[[ $included == "${ignored%/\*}"/* ]] || continue
		grep -qxF "!$included" "$IGNORED" || breach "$IGNORED leaves out $included, which $source includes"
	done < <(grep -vE '^(#|!|$)' "$IGNORED")
done < <(git grep --untracked -nE 'include_(str|bytes)!' -- '*.rs')
composed=
for docker_compose in "docker compose" docker-compose; do
	$docker_compose version >/dev/null 2>&1 || continue
	composed=yes
	$docker_compose -f "$COMPOSE" --profile monitoring config --quiet >"$work/log" 2>&1 ||
		breach "$docker_compose config: $(cat "$work/log")"
	break
done
[ -n "$composed" ] || left_out "docker compose" "the compose file, but for its names of files and services"

exit $failed
