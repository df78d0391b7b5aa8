#!/bin/sh
# Without systemd, dracut stops a boot that has no root=. A capture needs none.
# shellcheck disable=SC2034 # for dracut
if ! getarg root= >/dev/null; then
    root=kdump
    rootok=1
fi
