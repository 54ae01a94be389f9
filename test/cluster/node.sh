#!/bin/sh
# Furnishes the namespaces in which a cluster lives, before its first program starts: what these programs write outside
# the cluster's folder ends with the namespaces, and nothing in them reaches further than the machine's end of the link.
# Usage: node.sh FOLDER LINK ADDRESS/BITS
set -eu
folder=$1
link=$2
address=$3

mkdir -p "$folder/var-lib/over" "$folder/var-lib/work"
mount -t overlay overlay -o "lowerdir=/var/lib,upperdir=$folder/var-lib/over,workdir=$folder/var-lib/work" /var/lib
mount -t tmpfs tmpfs /var/log
# Before /run: it may be a link into it. Without a resolver there, none is asked either.
mount --bind "$folder/resolv.conf" /etc/resolv.conf || true
mount -t tmpfs tmpfs /run
# Pods' mounts have to reach the kubelet and containerd alike.
mount --make-rshared /

ip link set lo up
ip link set "$link" name eth0
ip address add "$address" dev eth0
ip link set eth0 up
ip route add unreachable default
echo 1 >/proc/sys/net/ipv4/ip_forward
