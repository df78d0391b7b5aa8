#!/bin/sh
# Starts the sender with the arguments that were written when the image was built, one on each line.

[ -e /proc/vmcore ] || exit 0
# if the console cannot be opened, the nodes must be notified all the same
if [ -c /dev/console ] && (: >/dev/console) 2>/dev/null; then
    exec >/dev/console 2>&1
fi
set --
while read -r word; do
    set -- "$@" "$word"
done </etc/fence-kdump/args
exec /usr/lib/fence-kdump/fence_kdump_send "$@"
