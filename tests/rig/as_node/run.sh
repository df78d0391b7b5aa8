#!/bin/sh
# run.sh NODE NAME COMMAND...: runs a command as if on the node NAME. The folder NODE is what a
# survey of it brought; the files of its etc/ lie over this machine's /etc. To be run in a mount and
# a UTS namespace of its own.
set -e
RIG_NODE=$1
export RIG_NODE
mount -t overlay node-etc -o "lowerdir=$1/etc:/etc" /etc
echo "$2" >/proc/sys/kernel/hostname
shift 2
exec "$@"
