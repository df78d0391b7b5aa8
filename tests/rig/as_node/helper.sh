#!/bin/sh
# The image helper as it would run on the node: it sees the node's sysfs, and asks the node's ip.
command=$1
shift
# only here: the image gets this machine's own ip
PATH=$(dirname "$0")/bin:$PATH
# shellcheck disable=SC2086 # a command and its arguments
exec $RIG_HELPER "$command" --root "$RIG_NODE" "$@"
