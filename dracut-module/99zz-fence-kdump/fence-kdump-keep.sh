#!/bin/sh
# Does the work of the units without systemd: loads drivers of watchdogs, sets up the links, and keeps
# the sender running. The start hook gives it a process group and a file with its id. The stop hook
# kills this group.

[ -e /proc/vmcore ] || exit 0
# if the console cannot be opened, the nodes must be notified all the same
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
rm -f /run/fence-kdump.pid # the group has ended, and another process may get its id
