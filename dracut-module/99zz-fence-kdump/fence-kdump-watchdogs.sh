#!/bin/sh
# Loads the drivers of the hardware watchdogs that the node had armed: they go on counting, and would
# reset the machine in the midst of the dump. A driver stops its watchdog, or the kernel feeds it then.
# A process of its own, for which nothing waits. A line of the list is what modprobe is told.

LIST=/etc/fence-kdump/watchdogs

# say TEXT: a line on the console, and one in the kernel's log, which is saved with the dump
say() {
    echo "fence-kdump: $*"
    [ ! -c /dev/kmsg ] || { echo "<4>fence-kdump: $*" >/dev/kmsg; } 2>/dev/null
}

[ -e /proc/vmcore ] || exit 0
[ -s "$LIST" ] || exit 0
# a console that cannot be opened is no reason to load nothing
if [ -c /dev/console ] && (: >/dev/console) 2>/dev/null; then
    exec >/dev/console 2>&1
fi
set -f
while read -r line; do
    # shellcheck disable=SC2086 # words; several lines become one
    if error=$(modprobe $line 2>&1); then
        say "watchdog: loaded $line"
    else
        say "failed: modprobe $line:" $error
    fi
done <"$LIST"
