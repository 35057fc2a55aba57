#!/usr/bin/env bash
# Tries what runs in containers: builds the image of the Dockerfile from the binaries that are built, starts the compose file's
# three nodes, and asks them from outside; then the systemd units, in a container that systemd runs. With Docker where it runs;
# else, as root, with a podman of its own, which keeps the layers of the images in the cache and nothing else. Prints the first
# breach, then fails; ends with 3 where no container runs.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH+=:/usr/sbin:/sbin

COMPOSE=operations/docker/compose.yaml
DOCKERFILE=operations/docker/Dockerfile
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/peoples-cloud
BINARIES=${CARGO_TARGET_DIR:-$CACHE/target}/debug
IMAGE=localhost/peoples-cloud-test
MACHINE=localhost/peoples-cloud-test-machine
PROJECT=peoples-cloud-test
NODES=(alice bob full)
RPC=http://127.0.0.1:9944
# The Debian release that the image is made of, and its C library.
DEBIAN=bookworm
GLIBC=2.36

breach() { echo "test-containers: $1" >&2; exit 1; }
left_out() { echo "SKIPPED: the containers, for want of $1"; exit 3; }
step() { printf '%(%H:%M:%S)T %s\n' -1 "$1"; }

glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
[ "$(printf '%s\n' "$glibc" "$GLIBC" | sort -V | tail -n 1)" = "$GLIBC" ] ||
	left_out "a C library no newer than the image's ($GLIBC)"
for program in "docker compose" docker-compose; do
	$program version >/dev/null 2>&1 || continue
	read -ra compose <<<"$program"
	break
done
[ -n "${compose:-}" ] || left_out "docker compose"
command -v curl >/dev/null || left_out "curl"

work=$(mktemp -d)
started=
service=
finish() {
	local code=$?
	if [ -n "$started" ]; then
		[ $code = 0 ] || project logs --no-color --tail 30 >&2 || true
		project down --volumes --timeout 90 >/dev/null 2>&1 || true
	fi
	if [ -n "$service" ]; then
		"${engine[@]}" rm --force --ignore --volumes --time 5 "$PROJECT" >/dev/null 2>&1 || true
		# What new images have taken the names of.
		"${engine[@]}" image prune --force >/dev/null 2>&1 || true
		kill "$service" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap finish EXIT

if docker info >/dev/null 2>&1; then
	engine=(docker)
else
	[ "$(id -u)" = 0 ] || left_out "Docker, or root to run podman"
	for program in podman runc iptables; do
		command -v $program >/dev/null || left_out "Docker, or $program"
	done
	# No more than this machine lets anybody ask for.
	open_files=$(ulimit -Hn) processes=4096
	cat >"$work/containers.conf" <<-CONF
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		[network]
		network_backend = "netavark"
		[containers]
		default_ulimits = ["nofile=$open_files:$open_files", "nproc=$processes:$processes"]
	CONF
	export CONTAINERS_CONF=$work/containers.conf
	engine=(podman --root "$CACHE/containers" --runroot "$CACHE/containers/run")
	"${engine[@]}" info >"$work/log" 2>&1 || left_out "a podman that works: $(tail -n 1 "$work/log")"
	# It answers on a socket as Docker does.
	"${engine[@]}" system service --time=0 "unix://$work/podman.sock" >"$work/service.log" 2>&1 &
	service=$!
	export DOCKER_HOST=unix://$work/podman.sock
	for _ in {1..100}; do
		if [ -S "$work/podman.sock" ]; then break; fi
		sleep 0.1
	done
fi

step "the image"
# Where no registry can be reached, the same system out of Debian's packages.
base=docker.io/library/debian:$DEBIAN-slim
grep -qxF "ARG RUN_IMAGE=$base" "$DOCKERFILE" || breach "$DOCKERFILE is made of another image than $base"
if ! "${engine[@]}" image inspect "$base" >/dev/null 2>&1 && ! timeout 120 "${engine[@]}" pull --quiet "$base" >/dev/null 2>&1; then
	[ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null || left_out "$base, or debootstrap"
	debootstrap --variant=minbase "$DEBIAN" "$work/debian" >"$work/log" 2>&1 ||
		left_out "$base, or Debian's packages: $(tail -n 1 "$work/log")"
	tar -C "$work/debian" -c . | "${engine[@]}" import - "$base" >/dev/null 2>&1
	rm -rf "$work/debian"
fi
mkdir "$work/bin"
install --strip --target-directory "$work/bin" "$BINARIES"/{peoples-cloud-node,peoples-cloud-provider,ppl}
# Podman leaves out the health check otherwise.
format=()
[ "${engine[0]}" != podman ] || format=(--format docker)
"${engine[@]}" build "${format[@]}" --file "$DOCKERFILE" --target run-prebuilt --tag "$IMAGE" "$work/bin" >"$work/log" 2>&1 ||
	breach "the image does not build: $(tail -n 20 "$work/log")"
for program in peoples-cloud-node peoples-cloud-provider ppl; do
	said=$("${engine[@]}" run --rm --network none --no-healthcheck --entrypoint "$program" "$IMAGE" --version 2>&1) || true
	[[ $said == "$program "[0-9]* ]] || breach "$program of the image says of its version: $said"
done

# Another image, and the limits from above.
{
	echo "services:"
	for node in "${NODES[@]}"; do
		echo "  $node:"
		echo "    image: $IMAGE"
		[ "${engine[0]}" = docker ] || echo "    ulimits: { nofile: $open_files, nproc: $processes }"
	done
} >"$work/override.yaml"
project() { "${compose[@]}" --project-name "$PROJECT" --file "$COMPOSE" --file "$work/override.yaml" "$@" 2>"$work/compose.log"; }
compose() { project "$@" || breach "compose $*: $(cat "$work/compose.log")"; }
inside() { "${engine[@]}" exec "$(compose ps --quiet "$1")" "${@:2}"; }

# JSON-RPC of the full node, as who is on the host asks it: method, parameters, more for curl.
ask() {
	curl --silent --max-time 10 --header 'Content-Type: application/json' "${@:3}" \
		--data "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":[$2]}" "$RPC"
}
final_height() {
	local head number
	head=$(ask chain_getFinalizedHead "" | grep -oE '"0x[0-9a-f]{64}"') || { echo 0; return; }
	number=$(ask chain_getHeader "$head" | sed -n 's/.*"number":"\(0x[0-9a-f]*\)".*/\1/p') || true
	echo $((${number:-0}))
}
wait_for_final() {
	local height deadline=$((SECONDS + 240))
	until height=$(final_height) && [ "$height" -ge "$1" ]; do
		[ $SECONDS -lt $deadline ] || breach "after 240 s the full node's newest final block is $height, not $1"
		sleep 2
	done
	step "block $height is final"
}

# What a test that was killed has left.
compose down --volumes
if answer=$(ask system_name ""); then
	breach "something else answers on $RPC: $answer"
fi
step "three nodes"
started=yes
compose up --detach --no-build
wait_for_final 3

[[ $(ask author_rotateKeys "") == *"unsafe to be called externally"* ]] || breach "the full node answers unsafe calls"
code=$(ask system_name "" --header 'Host: node.example' --output "$work/log" --write-out '%{http_code}')
[ "$code" = 403 ] || breach "who calls the full node by another name gets $code, not 403"
# Podman puts it elsewhere than Docker.
health=$("${engine[@]}" image inspect "$IMAGE" | python3 -c 'import json, sys
image = json.load(sys.stdin)[0]
print((image.get("Healthcheck") or image["Config"]["Healthcheck"])["Test"][1])')
for node in "${NODES[@]}"; do
	inside "$node" sh -c "$health" || breach "$node is not healthy"
	[ "$(inside "$node" id -u)" = 10333 ] || breach "$node runs as another user than 10333"
	[ "$(inside "$node" stat -c %a:%u /data)" = 700:10333 ] || breach "others may read the keys of $node"
	if inside "$node" sh -c 'echo x >/usr/local/x' 2>/dev/null; then
		breach "$node can write to its image"
	fi
	inside "$node" sh -c '! grep -E "^Cap(Eff|Bnd):" /proc/1/status | grep -v ":[[:space:]]0*$"' || breach "$node has capabilities"
	inside "$node" sh -c 'grep -qx "NoNewPrivs:[[:space:]]1" /proc/1/status' || breach "$node may gain privileges"
done
# What the compose file's Prometheus asks, from where it would ask.
while read -r target; do
	metrics=$(inside full curl --silent "http://$target/metrics") || true
	[[ $metrics == *substrate_block_height* ]] || breach "$target has no metrics"
done < <(grep -oE '[a-z]+:[0-9]+' operations/docker/targets/nodes.yml)

step "killed, and started again"
before=$(final_height)
compose kill
compose up --detach --no-build
wait_for_final $((before + 3))

step "stopped"
compose stop
for node in "${NODES[@]}"; do
	code=$("${engine[@]}" inspect --format '{{.State.ExitCode}}' "$(compose ps --all --quiet "$node")")
	[ "$code" = 0 ] || breach "$node ended with $code when it was told to stop"
done
compose down --volumes
started=

if [ "${engine[0]}" = docker ]; then
	echo "SKIPPED: the systemd units, which are tried in a container of podman's"
	exit 0
fi
step "a machine that systemd runs"
mkdir "$work/machine"
cp operations/systemd/*.service scripts/try-units.sh "$work/machine"
cat >"$work/machine/Dockerfile" <<-MACHINE
	FROM $IMAGE
	USER root
	RUN apt-get update && apt-get install --yes --no-install-recommends systemd-sysv && rm -rf /var/lib/apt/lists/*
	COPY *.service /etc/systemd/system/
	COPY try-units.sh /
	ENTRYPOINT ["/sbin/init"]
MACHINE
"${engine[@]}" build --format docker --tag "$MACHINE" "$work/machine" >"$work/log" 2>&1 ||
	breach "a machine with systemd does not build: $(tail -n 20 "$work/log")"
"${engine[@]}" run --detach --replace --name "$PROJECT" --privileged --systemd always --network none --no-healthcheck "$MACHINE" \
	>"$work/log" 2>&1 || breach "a machine with systemd does not start: $(cat "$work/log")"
"${engine[@]}" exec "$PROJECT" /try-units.sh "$open_files" || breach "the units do not do what they should"
step "done"
