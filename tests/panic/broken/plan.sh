#!/bin/sh
# An image helper whose answers are all there and make no sense.
"$(dirname "$0")/../../rig/as_node/helper.sh" "$@" || exit
[ "$1" = install ] || exit 0
printf 'module nonsense\nlibrary /usr/lib/nonsense.so\nfile /nonsense\n'
while [ "$1" != --initdir ]; do
    shift
done
cat >"$2/etc/fence-kdump/links" <<'PLAN'
bogus
nic 52:54:00:aa:bb:01 virtio_net - nonsense virtio_net
link set dev @ sideways
address replace 10.77.0.999/24 dev @
nic
PLAN
echo --nonsense >"$2/etc/fence-kdump/args"
