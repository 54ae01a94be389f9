#!/bin/sh
# What runs first in the namespaces of an engine for tests: starts dockerd, obeys words on stdin (`kill`, `stop`,
# `start`, `fill`) and answers each on stdout. When stdin ends, so does everything: whoever started the engine is gone.
# Usage: init.sh FOLDER DISK-SIZE-OR-EMPTY DOCKERD-ARGUMENT...
set -u
dir=$1
disk=$2
shift 2

# A mount namespace of its own: what an engine leaves in these places would stay on the machine.
mount -t tmpfs tmpfs /run || exit 1
if [ -d /etc/docker ]; then mount -t tmpfs tmpfs /etc/docker || exit 1; fi
if [ -n "$disk" ]; then mkdir -p "$dir/data" && mount -t tmpfs -o "size=$disk" tmpfs "$dir/data" || exit 1; fi
ip link set lo up || exit 1

start() {
  # A dockerd that was killed leaves this file, and the next one refuses to start if a process of that id runs.
  rm -f "$dir/pid"
  dockerd "$@" >>"$dir/log" 2>&1 </dev/null &
  pid=$!
}
end() {
  kill "-$1" "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
}

start "$@"
echo started
while read -r word; do
  case $word in
    kill) end KILL ;;
    stop) end TERM ;;
    start) start "$@" ;;
    # In steps of a page, so that not even a file name finds a place.
    fill) dd if=/dev/zero of="$dir/data/fill" bs=4096 2>/dev/null ;;
  esac
  echo "$word"
done
end TERM
