#!/usr/bin/env bash
# A Docker engine for CI: `docker.sh start` brings one up where none answers, `docker.sh stop` ends only what it started.
# Both need root where there is anything to do. The base image is made from Debian's packages where none can be pulled.
set -euo pipefail

state=${HOLDFAST_DOCKER_STATE:-${TMPDIR:-/tmp}/holdfast-docker}
base=debian:bookworm-slim

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

install_packages() {
  local missing=()
  command -v dockerd >/dev/null || missing+=(docker.io)
  command -v iptables >/dev/null || missing+=(iptables)
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  ((${#missing[@]})) || return 0
  echo "docker.sh: installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

start_engine() {
  mkdir -p "$state/data" "$state/exec"
  setsid dockerd --data-root "$state/data" --exec-root "$state/exec" --pidfile "$state/docker.pid" \
    >"$state/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 300); do
    answers && return 0
    sleep 0.1
  done
  echo "docker.sh: the engine does not answer; the end of its log:" >&2
  tail -n 20 "$state/dockerd.log" >&2
  return 1
}

make_base() {
  docker image inspect "$base" >/dev/null 2>&1 && return 0
  docker pull -q "$base" >/dev/null 2>&1 && return 0
  echo "docker.sh: making $base from Debian's packages"
  # The machine's own sources, with the same mirror. The option stays in the image: a mirror may be a snapshot.
  local sources=() file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
    [ -s "$file" ] && sources+=("$file")
  done
  mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' bookworm - "${sources[@]}" \
    2>"$state/mmdebstrap.log" | docker import - "$base" >/dev/null || {
    tail -n 20 "$state/mmdebstrap.log" >&2
    return 1
  }
}

start() {
  mkdir -p "$state"
  command -v docker >/dev/null && answers || {
    install_packages
    start_engine
    echo "docker.sh: engine started (state in $state)"
  }
  make_base
  echo "docker.sh: engine $(docker version --format '{{.Server.Version}}') answers, $base is there"
}

stop() {
  [ -f "$state/docker.pid" ] || {
    echo "docker.sh: nothing was started here"
    return 0
  }
  local pid
  pid=$(cat "$state/docker.pid")
  # A pid file outlives its process, and the number may be somebody else's by now.
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] && kill "$pid"
  for _ in $(seq 200); do
    [ -e "/proc/$pid" ] || break
    sleep 0.1
  done
  # The engine mounts its own folder over itself, and an engine that was ended in a hurry leaves that behind.
  awk -v within="$state/" 'index($2, within) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount --lazy || true
  rm -rf "$state"
  echo "docker.sh: engine ended"
}

case "${1:-}" in
start) start ;;
stop) stop ;;
*)
  echo "usage: docker.sh start|stop" >&2
  exit 2
  ;;
esac
