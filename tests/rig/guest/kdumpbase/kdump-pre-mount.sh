#!/bin/sh
# Without systemd: mounts the dump target and captures, or gives up on it.
target=$(sed -n 's/^ext4 LABEL=//p' /etc/kdump.conf)
mkdir -p /kdumproot
tries=0
while [ -n "$target" ] && ! mount -t ext4 "/dev/disk/by-label/$target" /kdumproot 2>/dev/null; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ]; then
        /usr/bin/kdump-capture emergency
    fi
    sleep 0.2
done
/usr/bin/kdump-capture
