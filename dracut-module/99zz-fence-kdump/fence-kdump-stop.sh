#!/bin/sh
# cleanup hook, before a switch of root: what comes then is a live node, which must not say it crashed

if [ -e /run/fence-kdump.pid ]; then
    read -r _fence_kdump_pid </run/fence-kdump.pid
    kill "$_fence_kdump_pid"
    wait "$_fence_kdump_pid"
    rm -f /run/fence-kdump.pid
fi
