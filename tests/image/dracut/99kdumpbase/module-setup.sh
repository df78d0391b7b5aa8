#!/bin/bash
# Stands in for kdump-utils' module of that name: included only when asked for, as that one is,
# and leaves a mark, so that a test sees whether the image has what it would dump with.
#
# shellcheck disable=SC2154 # initdir and moddir are dracut's

# called by dracut
check() {
    return 255
}

# called by dracut
depends() {
    echo base
    return 0
}

# called by dracut
install() {
    mkdir -p "$initdir/etc"
    echo "${moddir##*/}" >"$initdir/etc/kdump-stand-in"
    # what it configures of the network by itself
    if [[ -d $KDUMP_STAND_IN_FILES ]]; then
        cp -a --remove-destination "$KDUMP_STAND_IN_FILES/." "$initdir/" # not into what a link names
    fi
}
