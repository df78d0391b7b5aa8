#!/bin/sh
# The production system of a node, as /init: loads the crash kernel from the disk as kdump.service
# would, and panics. Disk: /boot/{vmlinuz,crash.img,cmdline}.

# shellcheck source=tests/rig/guest/stage1.sh
. /stage1.sh

mount -t ext4 -o ro /dev/vda /mnt || die "the disk does not mount"
kexec -p /mnt/boot/vmlinuz --initrd=/mnt/boot/crash.img --append="$(cat /mnt/boot/cmdline)" ||
    die "kexec cannot load the crash kernel"
[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || die "the crash kernel is not loaded"
umount /mnt
say "crash kernel loaded"

# what sbd does: from now on it counts
if [ -c /dev/watchdog ]; then
    exec 9>/dev/watchdog
    say "watchdog armed"
fi

echo 1 >/proc/sys/kernel/sysrq
echo c >/proc/sysrq-trigger
die "the kernel did not panic"
