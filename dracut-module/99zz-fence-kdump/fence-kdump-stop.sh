#!/bin/sh
# cleanup hook before a switch of root: after it the node is alive, and must not say that it crashed

if [ -e /run/fence-kdump.pid ]; then
    read -r _fence_kdump_pid </run/fence-kdump.pid
    # Kill the process, which may not have its group yet, and the group. Use KILL, because a shell loses
    # a TERM that arrives while it forks, and a sender that it has just started would go on.
    kill -KILL "$_fence_kdump_pid" "-$_fence_kdump_pid" 2>/dev/null
    _fence_kdump_tries=0
    while kill -0 "$_fence_kdump_pid" || kill -0 "-$_fence_kdump_pid"; do
        [ "$_fence_kdump_tries" -lt 50 ] || break
        _fence_kdump_tries=$((_fence_kdump_tries + 1))
        sleep 0.1
    done 2>/dev/null
    rm -f /run/fence-kdump.pid
fi
