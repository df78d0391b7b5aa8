#!/bin/sh
# as_node.sh ETC NAME COMMAND...: runs a command as if on the node NAME, whose files of ETC lie
# over this machine's /etc. To be run in a mount and a UTS namespace of its own.
set -e
etc=$1 name=$2
shift 2
mount -t overlay node-etc -o "lowerdir=$etc:/etc" /etc
echo "$name" >/proc/sys/kernel/hostname
exec "$@"
