#!/bin/sh
# What the units do where there is no systemd: sets up the links and keeps the sender running.
# Ends, with all it started, by SIGTERM.

[ -e /proc/vmcore ] || exit 0
links='' sender='' pause=''
# shellcheck disable=SC2086 # process ids, or none
trap 'kill $links $sender $pause 2>/dev/null; exit 0' TERM
/usr/sbin/fence-kdump-links &
links=$!
until
    /usr/sbin/fence-kdump-sender &
    sender=$!
    wait "$sender"
do
    echo "fence-kdump: the sender ended with status $?, starting it again"
    sleep 1 &
    pause=$!
    wait "$pause"
done
wait
