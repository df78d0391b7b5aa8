#!/bin/sh
# An image helper after which the link script hangs and the sender's unit is nonsense: what is in
# an image first stays.
"$(dirname "$0")/../../rig/as_node/helper.sh" "$@" || exit
[ "$1" = install ] || exit 0
while [ "$1" != --initdir ]; do
    shift
done
mkdir -p "$2/usr/sbin" "$2/usr/lib/systemd/system"
printf '#!/bin/sh\nsleep 1000\n' >"$2/usr/sbin/fence-kdump-links"
chmod 755 "$2/usr/sbin/fence-kdump-links"
printf 'nonsense\n[Service]\nExecStart=/nonsense\nRestart=always\n' \
    >"$2/usr/lib/systemd/system/fence-kdump-sender.service"
