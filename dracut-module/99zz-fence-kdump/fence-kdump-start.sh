#!/bin/sh
# cmdline hook: the earliest place for a process that stays

if [ -e /proc/vmcore ]; then
    /usr/sbin/fence-kdump-keep </dev/null >/dev/console 2>&1 &
    echo "$!" >/run/fence-kdump.pid
fi
