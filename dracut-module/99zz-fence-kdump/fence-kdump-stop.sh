#!/bin/sh
# cleanup hook, before a switch of root: what comes then is a live node, which must not say it crashed

if [ -e /run/fence-kdump.pid ]; then
    read -r _fence_kdump_pid </run/fence-kdump.pid
    kill "$_fence_kdump_pid"
    _fence_kdump_tries=0
    while [ -e /run/fence-kdump.pid ] && [ "$_fence_kdump_tries" -lt 50 ]; do
        _fence_kdump_tries=$((_fence_kdump_tries + 1))
        sleep 0.1
    done
fi
