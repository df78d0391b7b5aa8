#!/bin/sh
# cmdline hook: the earliest place for a process that stays; not a child of init, which may wait

if [ -e /proc/vmcore ]; then
    # a session of its own, by whose id the stop hook finds all that is started in it
    (
        setsid /usr/sbin/fence-kdump-keep </dev/null >/dev/null 2>&1 &
        echo "$!" >/run/fence-kdump.pid
    )
fi
