#!/bin/sh
# What the units do where there is no systemd: sets up the links and keeps the sender running.
# Ends by SIGTERM, after all it started, and removes $PID_FILE then.

PID_FILE=/run/fence-kdump.pid

[ -e /proc/vmcore ] || exit 0
# a console that cannot be opened is no reason to tell nobody
if [ -c /dev/console ] && (: >/dev/console) 2>/dev/null; then
    exec >/dev/console 2>&1
fi
links='' sender='' pause=''
# shellcheck disable=SC2086 # process ids, or none
trap 'kill $links $sender $pause 2>/dev/null; wait; rm -f "$PID_FILE"; exit 0' TERM
echo "$$" >"$PID_FILE"
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
rm -f "$PID_FILE"
