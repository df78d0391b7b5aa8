#!/bin/sh
# install.sh IMAGE FILES CHECKOUT KERNEL: makes the Debian root in the file system IMAGE a node that
# boots in a virtual machine, with the product of CHECKOUT in it, and with the tree FILES over it. The
# folder KERNEL gets its kernel and modules. To be run in a mount namespace of its own.
set -eu
image=$1
files=$2
checkout=$3
kernel=$4
here=$(dirname "$0")

root=$(mktemp -d)
mount -o loop,noatime "$image" "$root"
make -s -C "$checkout" install "DESTDIR=$root"

cp -R "$files/." "$root/"
install -m 755 "$here/kdumpctl" "$root/usr/bin/kdumpctl"
install -m 755 "$here/report.sh" "$root/usr/libexec/rig-report"
install -m 755 "$checkout/tests/cluster/fence_always_off" "$root/usr/sbin/"
install -m 644 "$here/kdump.service" "$here/report.service" "$root/etc/systemd/system/"
cp -RL "$here/../kdumpbase" "$root/usr/lib/dracut/modules.d/99kdumpbase"

chroot "$root" chown root:haclient /etc/pacemaker/authkey
chroot "$root" chmod 640 /etc/pacemaker/authkey
chroot "$root" systemctl -q enable kdump.service report.service systemd-networkd.service \
    systemd-networkd-wait-online.service corosync.service pacemaker.service \
    fence-kdump-refresh.path fence-kdump-refresh.service
chroot "$root" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer \
    dpkg-db-backup.timer man-db.timer serial-getty@ttyS0.service getty@tty1.service
chroot "$root" systemctl -q set-default multi-user.target
rm -f "$root/usr/sbin/policy-rc.d"
mkdir -p "$kernel/boot" "$kernel/lib"
cp "$root"/boot/vmlinuz-* "$kernel/boot/"
cp -R "$root/lib/modules" "$kernel/lib/"
umount "$root"
rmdir "$root"
