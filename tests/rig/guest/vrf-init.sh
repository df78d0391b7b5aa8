#!/bin/sh
# A survivor with VRFs, as /init. Disk: a Python, this project's agent, and vrf.py, which does the
# work and prints what came of it.

# shellcheck source=tests/rig/guest/stage1.sh
. /stage1.sh

mount -t ext4 /dev/vda /mnt || die "the disk does not mount"
ip link set lo up
LD_LIBRARY_PATH=/mnt/usr/lib /mnt/usr/bin/python3 -IS /mnt/vrf.py || die "vrf.py"
say "power off"
echo o >/proc/sysrq-trigger
sleep 60
