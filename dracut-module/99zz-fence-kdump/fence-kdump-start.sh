#!/bin/sh
# cmdline hook: the earliest place for a background process; not a child of init, which may wait

if [ -e /proc/vmcore ]; then
    # its own session, by whose id the stop hook finds all processes in it
    (
        setsid /usr/sbin/fence-kdump-keep </dev/null >/dev/null 2>&1 &
        echo "$!" >/run/fence-kdump.pid
    )
fi
