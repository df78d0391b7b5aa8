#!/bin/sh
# Loads the drivers of the hardware watchdogs that the node had armed. They go on counting, and would
# reset the machine during the dump. With the driver, the watchdog is stopped, or the kernel feeds it.
# Nothing waits for this process. Each line of the list has arguments for modprobe.

LIST=/etc/fence-kdump/watchdogs

# say TEXT: print a line on the console and in the kernel's log, which is saved with the dump
say() {
    echo "fence-kdump: $*"
    [ ! -c /dev/kmsg ] || { echo "<4>fence-kdump: $*" >/dev/kmsg; } 2>/dev/null
}

# by_path NAME: sets $path to the program of that name on PATH. Where BusyBox is the shell, it takes a
# program of its own for a name without a path, whatever is on PATH.
by_path() {
    path=$1 IFS=:
    for folder in $PATH; do
        if [ -x "$folder/$1" ]; then
            path=$folder/$1
            break
        fi
    done
    unset IFS
}

[ -e /proc/vmcore ] || exit 0
[ -s "$LIST" ] || exit 0
# if the console cannot be opened, the drivers must be loaded all the same
if [ -c /dev/console ] && (: >/dev/console) 2>/dev/null; then
    exec >/dev/console 2>&1
fi
set -f
by_path modprobe
while read -r line; do
    # shellcheck disable=SC2086 # words; several lines become one
    if error=$("$path" $line 2>&1); then
        say "watchdog: loaded $line"
    else
        say "failed: modprobe $line:" $error
    fi
done <"$LIST"
