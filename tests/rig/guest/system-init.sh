#!/bin/sh
# The way into a whole system, as /init: its disk becomes the root.

# shellcheck source=tests/rig/guest/stage1.sh
. /stage1.sh

mount -t ext4 -o ro /dev/vda /mnt || die "the disk does not mount"
umount /proc /sys
mount --move /dev /mnt/dev
exec switch_root /mnt /sbin/init
