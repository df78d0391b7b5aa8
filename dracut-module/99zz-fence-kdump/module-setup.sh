#!/bin/bash
# Puts the sender and the links into a crash image, so that this node notifies the other nodes of a
# crash. The helper decides and writes files. This module does what only dracut's functions can do.
# A problem here is only a warning: the image is built, and dumps, without fence-kdump.
#
# shellcheck disable=SC2154 # initdir, moddir, kernel and systemdsystemunitdir are dracut's

_fence_kdump_image=${FENCE_KDUMP_IMAGE:-/usr/sbin/fence-kdump-image}
_fence_kdump_sender=${FENCE_KDUMP_SENDER:-/usr/libexec/fence-kdump}
# the requests of the helper, one line each; and the manifest, which is moved into the image last
_fence_kdump_requests=${DRACUT_TMPDIR:-${initdir%/*}}/fence-kdump.requests
_fence_kdump_manifest=${DRACUT_TMPDIR:-${initdir%/*}}/fence-kdump.json

# The helper has its own limits for everything that may hang. This limit is for the unexpected, because
# a node whose build hangs has no crash kernel.
_fence_kdump_helper() {
    local _status
    timeout -k 5 "${FENCE_KDUMP_PATIENCE:-120}" "$_fence_kdump_image" "$@" </dev/null
    _status=$?
    # 1: there is no node to notify; 2: the reason is on stderr
    ((_status <= 2)) || echo "fence-kdump: the image helper failed (status $_status): run $_fence_kdump_image show" >&2
    return "$_status"
}

# run the helper: files go into the image, requests into their file, warnings into the build's log
_fence_kdump_plan() {
    local _line _omits=
    # an administrator who omits dracut's own watchdog module wants no driver of a watchdog
    [[ " $omit_dracutmodules " =~ \ watchdog(-modules)?\  ]] && _omits=1
    {
        _fence_kdump_helper install --initdir "$initdir" --sender "$_fence_kdump_sender" \
            --module "$moddir" --manifest "$_fence_kdump_manifest" --kernel "$kernel" \
            ${_omits:+--no-watchdog} 2>&1 >"$_fence_kdump_requests" || return 1
    } | while read -r _line; do dwarn "$_line"; done
    return "${PIPESTATUS[0]}"
}

# this machine's own programs into the image, also where dracut's busybox module has put links for
# them: BusyBox's ip knows too little, and its modprobe not every compression
_fence_kdump_programs() {
    local _name _path _status=0
    local -A _links
    for _name in "$@"; do
        _links=()
        for _path in "$initdir"/{,usr/}{,s}bin/"$_name"; do
            [[ $(readlink "$_path") == *busybox ]] || continue
            _links[$_path]=$(readlink "$_path")
            rm -f "$_path"
        done
        inst_multiple "$_name" && continue
        _status=1
        # the rest of the image needs one of that name
        for _path in "${!_links[@]}"; do
            ln -sfn "${_links[$_path]}" "$_path"
        done
    done
    return "$_status"
}

_fence_kdump_install() {
    local _kind _name
    if ! [[ -x $_fence_kdump_sender/fence_kdump_send ]]; then
        dwarn "fence-kdump: no sender in $_fence_kdump_sender: install the package again"
        return 1
    fi
    _fence_kdump_plan && [[ -s $initdir/etc/fence-kdump/args ]] || return 1
    while read -r _kind _name; do
        case $_kind:$_name in
            library:/*) inst "$_name" || dwarn "fence-kdump: library $_name cannot be added to the image" ;;
            library:*) inst_libdir_file "$_name" ;; # some are part of libc on some systems
            file:*) inst_simple "$_name" || dinfo "fence-kdump: $_name does not exist" ;;
        esac
    done <"$_fence_kdump_requests"
    _fence_kdump_programs ip modprobe sleep || return 1
    if dracut_module_included systemd; then
        for _name in fence-kdump-{watchdogs,links,sender}.service; do
            inst_simple "$moddir/$_name" "$systemdsystemunitdir/$_name" || return 1
            $SYSTEMCTL -q --root "$initdir" add-wants sysinit.target "$_name" || return 1
        done
    else
        inst_multiple setsid || return 1
        inst_simple "$moddir/fence-kdump-keep.sh" /usr/sbin/fence-kdump-keep || return 1
        inst_hook cmdline 01 "$moddir/fence-kdump-start.sh" || return 1
        inst_hook cleanup 01 "$moddir/fence-kdump-stop.sh" || return 1
    fi
    # last: an image with a manifest counts as complete
    mkdir -p "$initdir/usr/lib/dracut"
    mv "$_fence_kdump_manifest" "$initdir/usr/lib/dracut/"
}

# called by dracut
check() {
    local _said
    [[ $mount_needs ]] && return 1
    # kdump's own modules run before this one
    [[ $IN_KDUMP == 1 ]] || dracut_module_included kdumpbase || dracut_module_included kdump ||
        return 255
    _said=$(_fence_kdump_helper show 2>&1 >/dev/null) && return 0
    _said=${_said##*$'\n'}
    dwarn "${_said:-fence-kdump: no node to notify of a crash}; see $_fence_kdump_image show"
    return 255
}

# called by dracut
depends() {
    echo base
    return 0
}

# called by dracut
installkernel() {
    local _kind _name _line
    [[ -s $_fence_kdump_requests ]] || return 0
    while read -r _kind _name; do
        # without hostonly, which takes no NIC driver into a crash image
        [[ $_kind != module ]] || hostonly='' instmods -s "$_name"
    done <"$_fence_kdump_requests"
    [[ -e $initdir/usr/lib/dracut/fence-kdump.json ]] || return 0
    while read -r _line; do
        dwarn "$_line"
    done < <(_fence_kdump_helper prove --initdir "$initdir" --kernel "$kernel" 2>&1)
    return 0
}

# called by dracut
install() {
    # in a subshell, so that even an exit in one of dracut's functions does not stop the build
    (_fence_kdump_install) ||
        dwarn "fence-kdump: this crash image sends no messages, or not all of them"
    return 0
}
