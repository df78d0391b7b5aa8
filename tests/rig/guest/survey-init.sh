#!/bin/sh
# A node's production system, as /init, that sets up the node's network and is asked about it.
# Disk: /survey/network, a line of arguments for ip each; /survey/questions, likewise; the answers
# go to /answers, in files named after the question. /answers/sysfs has sysfs's symlinks, which are
# all that tells of drivers: each with where it leads.

# shellcheck source=tests/rig/guest/stage1.sh
. /stage1.sh

mount -t ext4 /dev/vda /mnt || die "the disk does not mount"

ip link set lo up
while read -r line; do
    # shellcheck disable=SC2086 # words
    ip $line || die "ip $line"
done </mnt/survey/network

mkdir /mnt/answers
while read -r question; do
    tries=0
    # a route is there only when its link has come up
    # shellcheck disable=SC2086 # words
    until ip -j $question >"/mnt/answers/$(echo "$question" | tr ' ' _)"; do
        tries=$((tries + 1))
        [ $tries -le 50 ] || die "no answer to ip $question"
        sleep 0.1
    done
done </mnt/survey/questions

# a watchdog is armed by being opened
if [ -c /dev/watchdog ]; then
    exec 9>/dev/watchdog
fi
for file in /sys/class/watchdog/*/state /sys/class/watchdog/*/identity /sys/module/*/refcnt; do
    [ ! -e "$file" ] || printf '%s\t%s\n' "$(readlink -f "${file%/*}")/${file##*/}" "$(cat "$file")"
done >/mnt/answers/files

find /sys/class /sys/devices /sys/bus /sys/module -type l -printf '%p\t%l\n' >/mnt/answers/sysfs ||
    die "no answer from sysfs"
umount /mnt
say "power off"
echo o >/proc/sysrq-trigger
sleep 60
