#!/bin/sh
# What the units do where there is no systemd: loads drivers of watchdogs, sets up the links and keeps
# the sender running.
# The start hook gives it a process group and a file with its id; the stop hook kills that group.

[ -e /proc/vmcore ] || exit 0
# a console that cannot be opened is no reason to tell nobody
if [ -c /dev/console ] && (: >/dev/console) 2>/dev/null; then
    exec >/dev/console 2>&1
fi
/usr/sbin/fence-kdump-watchdogs &
/usr/sbin/fence-kdump-links &
until /usr/sbin/fence-kdump-sender; do
    said="fence-kdump: the sender ended with status $?, starting it again"
    echo "$said"
    [ ! -c /dev/kmsg ] || { echo "<4>$said" >/dev/kmsg; } 2>/dev/null
    sleep 1
done
wait
rm -f /run/fence-kdump.pid # of a group that is no more: its id may become somebody else's
