#!/bin/sh
# How every production system of a node begins: sourced by its /init. Then the devices are there, and
# the disk.

say() { echo "RIG: $*"; }

die() {
    say "FAILED: $*"
    echo o >/proc/sysrq-trigger
    sleep 60
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1

for module in /modules/*; do
    case $module in
        *-bonding.ko*) insmod "$module" max_bonds=0 ;;
        *-i6300esb.ko*) insmod "$module" heartbeat=60 ;;
        *-crc32c-intel.ko*) insmod "$module" || say "this CPU does without $module" ;;
        *) insmod "$module" ;;
    esac || die "insmod $module"
done
tries=0
until [ -b /dev/vda ]; do
    tries=$((tries + 1))
    [ $tries -le 50 ] || die "no disk"
    sleep 0.1
done
