#!/bin/sh
# cmdline hook: the earliest place for a process that stays; not a child of init, which may wait

if [ -e /proc/vmcore ]; then
    (/usr/sbin/fence-kdump-keep </dev/null >/dev/null 2>&1 &)
fi
