#!/usr/bin/env bash
# Build the image, run docker-compose.yml in a real container engine, and test both (tests/containers).
#
# Run: scripts/containers.sh [PYTEST ARGUMENT...]
# It uses the Docker that runs on this machine. Without one, root starts a Docker for this run only, from Debian's
# packages: apt-get install docker.io docker-compose debootstrap. Its data stay in build/containers.
# Images that no registry gives are replaced by stand-ins of Debian's packages; the output names them.
set -euo pipefail
cd "$(dirname "$0")/.."

started=""
# A socket's path has at most 107 characters, so it is not in the build directory.
run="$(mktemp -d "${TMPDIR:-/tmp}/containers.XXXXXX")"

stop() {
    if [ -n "$started" ]; then
        kill "$started" && wait "$started" || true
        umount "$run"/exec/netns/* 2>/dev/null || true
    fi
    rm -rf "$run"
}
trap stop EXIT

start_docker() {
    for program in dockerd docker-compose debootstrap; do
        if ! command -v "$program" >/dev/null; then
            echo "No Docker runs here, and $program is missing to start one." >&2
            echo "On Debian, as root: apt-get install docker.io docker-compose debootstrap" >&2
            exit 2
        fi
    done
    mkdir -p build/containers
    export DOCKER_HOST="unix://$run/docker.sock"
    dockerd --host "$DOCKER_HOST" --data-root "$PWD/build/containers/docker" --exec-root "$run/exec" \
        --pidfile "$run/docker.pid" >build/containers/dockerd.log 2>&1 &
    started=$!
    for _ in $(seq 60); do
        if docker version >/dev/null 2>&1; then
            return
        fi
        if ! kill -0 "$started" 2>/dev/null; then
            break
        fi
        sleep 1
    done
    echo "Docker did not start. The last lines of build/containers/dockerd.log:" >&2
    tail -n 15 build/containers/dockerd.log >&2
    exit 2
}

docker version >/dev/null 2>&1 || start_docker
docker version --format 'Docker {{.Server.Version}}'
CONTAINERS=1 .venv/bin/python -m pytest -p no:cacheprovider tests/containers "$@"
